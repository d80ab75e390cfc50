"""The five networks on the same pictures, for the same number of epochs, by the same optimiser and rates."""

from __future__ import annotations

from cnnlib.data.preparation import Preparation
from cnnlib.recipe.base import Recipe
from cnnlib.schedules import per_epoch

# What differs between them: the builder, its settings, and how its own paper prepares the pixels.
_NETWORKS: dict[str, tuple[str, dict, str]] = {
    "lenet5": ("LeNet5", {"input_shape": [224, 224, 3]}, "standard"),
    "alexnet": ("AlexNet", {"input_shape": [224, 224, 3], "width": 0.5, "bias_ones": 0.1}, "mean_image"),
    "vgg16": ("VGG", {"config": "D", "width": 0.125}, "standard"),
    "googlenet": ("GoogLeNet", {"width": 0.25}, "standard"),
    "resnet18": ("ResNet", {"depth": 18, "width": 0.25}, "standard"),
}


def _compared(name: str) -> Recipe:
    network, settings, pixels = _NETWORKS[name]
    return Recipe(
        name=f"{name}_compared",
        network=network,
        data="imagenette",
        optimizer="sgd",
        optimizer_settings={"momentum": 0.9},
        rates=per_epoch(((0.01, 9), (0.001, 3))),
        batch_size=32,
        weight_decay=0.0005,
        preparation=Preparation(pixels),
        network_settings=settings,
        source=(
            "Our own comparison: one optimiser, one schedule and one number of epochs for all five networks, "
            "tuned for none of them, and fewer maps in all but LeNet-5, so that an epoch takes each of them "
            "about as long."
        ),
    )


RECIPES = tuple(map(_compared, _NETWORKS))
