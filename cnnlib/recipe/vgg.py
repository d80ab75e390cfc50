"""How the configurations of VGG are trained on ImageNet."""

from __future__ import annotations

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import GridCrops, RandomView
from cnnlib.models.vgg import CONFIGURATIONS
from cnnlib.recipe.base import Recipe, falling
from cnnlib.schedules import Plateau


def _vgg(config: str) -> Recipe:
    return Recipe(
        name=f"vgg_{config.lower().replace('-', '_')}",
        network="VGG",
        data="imagenet",
        optimizer="sgd",
        optimizer_settings={"momentum": 0.9},  # section 3.1
        rates=falling(0.01, 10, times=3),  # section 3.1
        hold=Plateau(patience=5, epochs=74),  # section 3.1: the epochs
        batch_size=256,  # section 3.1
        weight_decay=0.0005,  # section 3.1
        preparation=Preparation(
            "mean_rgb",  # section 2.1
            "pca_colour",  # section 3.1
            train=RandomView(224, (256, 512)),  # section 3.1
            test=GridCrops(224, (256, 384, 512)),  # section 3.2
        ),
        network_settings={"config": config},
        source=(
            "Simonyan and Zisserman 2015, section 3.1, with jittered scales and Glorot's initial weights; "
            "how long an error must stall (5 epochs) is our choice."
        ),
    )


RECIPES = tuple(map(_vgg, CONFIGURATIONS))
