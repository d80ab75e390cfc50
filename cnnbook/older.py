"""Settings and images in the book's older records, as they are told now."""

from __future__ import annotations

from cnnlib.data import PROFILES
from cnnlib.data.views import CentreView, GridCrops, RandomAreaView, RandomView, TenCrop, View

_OLDER = {"pixels", "augmentation", "view", "test_view", "crop", "train_crops", "test_crops"}
_VIEWS: dict[str, View] = {
    "random_crop": RandomView(),
    "random_crop_of_square": RandomView(square=True),
    "scale_jitter": RandomView(shorter=(256, 512)),
    "random_area": RandomAreaView(),
    "centre": CentreView(),
    "ten_crop": TenCrop(),
    "grid_crops": GridCrops(),
}


def with_kind(record: dict) -> dict:
    """A record that says which images it used, as `DataSet.kind` has it; an older one names a profile."""
    if "profile" not in record:
        return record
    kind = PROFILES.get(record["profile"], record["profile"])
    return record | {"data": {"kind": kind} | record["data"]}


def migrated(recipe: dict) -> dict:
    """A recipe's settings as they are now, from a record of the time when seven of them said how to prepare.

    Args:
        recipe: settings of a recipe; those that are not that old are returned as they are.
    """
    if "preparation" in recipe or not _OLDER & recipe.keys():
        return recipe
    from cnnlib.data.preparation import Preparation  # which needs Keras, and most readers of records do not

    train, test = _VIEWS[recipe.get("view", "random_crop")], _VIEWS[recipe.get("test_view", "centre")]
    augmentation = recipe.get("augmentation")
    # Out of 32 x 32 pixels: anywhere, mirrored, and ten in tests; or the centre in both.
    if side := recipe.get("crop"):
        train = test = CentreView(side, 32)
        if augmentation == "flip":
            train, test, augmentation = RandomView(side, (32, 32)), TenCrop(side, 32), None
    found = Preparation(recipe.get("pixels", "unit"), augmentation, train, test).settings()
    return {key: value for key, value in recipe.items() if key not in _OLDER} | {"preparation": found}
