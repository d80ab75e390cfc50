"""The pictures that occur twice in the data sets that the book writes about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnlib import data
from cnnlib.data import DataSet
from cnnlib.data.faults import count
from cnnlib.data.sets import SETS

# What the book's record of duplicates was made with.
SURVEYED = ("mnist", "fashion_mnist", "cifar10", "pneumoniamnist")
MIRRORED = ("fashion_mnist", "cifar10")  # whose pictures stay in their class when mirrored
BORDERS = (0.95, 0.98, 0.99)


def survey(images: DataSet, *, borders: Sequence[float], mirrored: bool = False) -> list[dict]:
    """Count what occurs twice in a data set: its validation pictures against train, its test against both.

    Args:
        images: the data set, in memory.
        borders: as in `cnnlib.data.faults.count`.
        mirrored: as in `count`.

    Returns:
        What `count` gives for "validation", where there are any, and for "test", with how many pictures were
        compared with how many.
    """
    train, validation = images.train.x, images.validation.x
    pairs = {"test": (images.test.x, np.concatenate([train, validation]))}
    if len(validation):
        pairs = {"validation": (validation, train)} | pairs
    return [
        {"set": images.name, "split": split, "pictures": len(others), "compared_with": len(x)}
        | count(others, x, borders=borders, mirrored=mirrored)
        for split, (others, x) in pairs.items()
    ]


def experiment() -> dict:
    """Survey the whole data sets that the book writes about. It takes about 80 seconds of one core.

    Returns:
        "trials": the rows of `survey` of each set; "settings"; "data": name, source and hash of each set.

    Raises:
        DataError: one of the sets is not at hand and cannot be downloaded.
    """
    # Validation pictures that we set aside ourselves are training pictures as published.
    published = {name: SETS[name].full.published_validation for name in SURVEYED}
    sets = [data.load(name, "paper", validation=None if published[name] else 0) for name in SURVEYED]
    trials = [survey(images, borders=BORDERS, mirrored=images.name in MIRRORED) for images in sets]
    return {
        "trials": [row for rows in trials for row in rows],
        "settings": {"borders": list(BORDERS), "mirrored": list(MIRRORED)},
        "data": {
            images.name: {"name": images.name, "source": images.source, "sha256": images.sha256}
            for images in sets
        },
    }
