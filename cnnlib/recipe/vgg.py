"""How the configurations of VGG are trained: on ImageNet, and small enough for two cores."""

from __future__ import annotations

from dataclasses import replace

from cnnbook.papers.simonyan2015 import SIMONYAN2015
from cnnlib.models.vgg import CONFIGURATIONS
from cnnlib.recipe.base import Recipe, by_sgd
from cnnlib.schedules import per_epoch


def _vgg(config: str) -> Recipe:
    return Recipe(
        name=f"vgg_{config.lower().replace('-', '_')}",
        network="VGG",
        **by_sgd(SIMONYAN2015),
        pixels="mean_rgb",
        view="scale_jitter",
        test_view="grid_crops",
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
        augmentation="pad_crop_flip",
        network_settings={"config": config, "input_shape": [32, 32, 3], "width": 0.25},
        source=(
            "The settings of VGG on ImageNet for CIFAR-10 and a machine without a GPU: a quarter of the maps "
            "and units, batches half as large, shifts by up to 4 pixels in place of scale jitter; 8 epochs "
            "are what there was time for."
        ),
    )


RECIPES = (*map(_vgg, CONFIGURATIONS), *map(_vgg_small, CONFIGURATIONS))
