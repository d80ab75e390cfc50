"""The pictures that occur twice in the data sets that the book writes about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnlib import data
from cnnlib.data import DataSet
from cnnlib.data.faults import nearest, same
from cnnlib.data.sets import SETS

# What the book's record of duplicates was made with.
SURVEYED = ("mnist", "fashion_mnist", "cifar10", "pneumoniamnist")
MIRRORED = ("fashion_mnist", "cifar10")  # whose pictures stay in their class when mirrored
BORDERS = (0.95, 0.98, 0.99)


def count(others: np.ndarray, x: np.ndarray, *, borders: Sequence[float], mirrored: bool = False) -> dict:
    """Count the pictures of a split that occur twice, and those of another split that occur in it.

    Args:
        others: pictures (m, height, width, channels) of the split that is tested on.
        x: pictures (n, height, width, channels) of the split that is learned from.
        borders: correlations above which two pictures count as near.
        mirrored: whether a mirror image counts as near.

    Returns:
        "again": pictures in `x` that equal an earlier one there; "others_again": the same in `others`;
        "common": pictures in `others` that equal one in `x`; "near": for each border as text, pictures in
        `others` whose nearest one in `x` lies above it.

    Raises:
        ValueError: as `nearest`.
    """
    again, others_again = (sum(len(group) - 1 for group in same(split)) for split in (x, others))
    groups = [group for group in same(np.concatenate([x, others])) if group[0] < len(x)]
    common = sum(place >= len(x) for group in groups for place in group)
    correlations = nearest(others, x, mirrored=mirrored)[1]
    near = {str(border): int((correlations > border).sum()) for border in borders}
    return {"again": again, "others_again": others_again, "common": common, "near": near}


def survey(images: DataSet, *, borders: Sequence[float], mirrored: bool = False) -> list[dict]:
    """Count what occurs twice in a data set: its validation pictures against train, its test against both.

    Args:
        images: the data set, in memory.
        borders: as in `count`.
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
