"""Settings in older records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnnbook.older import migrated
from cnnlib.data.preparation import Preparation
from cnnlib.data.views import CentreView
from cnnlib.recipe import RECIPES, Recipe

RECIPE = RECIPES["lenet5_original"]

OLDER = {
    "nothing was said": ({}, Preparation()),
    "views": (
        {"pixels": "mean_rgb", "view": "scale_jitter", "test_view": "grid_crops", "augmentation": "flip"},
        replace(RECIPES["vgg_d"].preparation, augmentation="flip"),
    ),
    "crops, mirrored": (
        {"pixels": "mean_image", "augmentation": "flip", "crop": 24, "test_crops": "ten"},
        RECIPES["cuda_convnet"].preparation,
    ),
    "crops of the centre": (
        {"pixels": "mean_image", "crop": 24, "train_crops": "centre", "augmentation": None},
        Preparation("mean_image", None, CentreView(24, 32), CentreView(24, 32)),
    ),
}


@pytest.mark.parametrize(("older", "expected"), OLDER.values(), ids=OLDER)
def test_seven_settings_of_an_older_record_are_one_preparation(older: dict, expected: Preparation) -> None:
    settings = RECIPE.settings()
    del settings["preparation"]
    assert Recipe.from_settings(settings | older) == replace(RECIPE, preparation=expected)
    now = migrated(settings | older | {"pixels": expected.pixels})
    assert migrated(now) == now
    assert not {"pixels", "augmentation", "view", "crop"} & now.keys()
