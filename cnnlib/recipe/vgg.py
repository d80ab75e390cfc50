"""How the configurations of VGG are trained: on ImageNet, and small enough for two cores."""

from __future__ import annotations

from dataclasses import replace

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import GridCrops, RandomView
from cnnlib.models.vgg import CONFIGURATIONS
from cnnlib.recipe.base import Recipe, falling
from cnnlib.schedules import Plateau, per_epoch


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


def _vgg_small(config: str) -> Recipe:
    full = _vgg(config)
    return replace(
        full,
        name=f"{full.name}_small",
        data="cifar10",
        batch_size=128,
        rates=per_epoch(((0.01, 6), (0.001, 2))),
        hold=None,
        preparation=replace(full.preparation, augmentation="pad_crop_flip"),
        network_settings={"config": config, "input_shape": [32, 32, 3], "width": 0.25},
        source=(
            "The settings of VGG on ImageNet for CIFAR-10 and a machine without a GPU: a quarter of the maps "
            "and units, batches half as large, shifts by up to 4 pixels in place of scale jitter; 8 epochs "
            "are what there was time for."
        ),
    )


RECIPES = (*map(_vgg, CONFIGURATIONS), *map(_vgg_small, CONFIGURATIONS))
