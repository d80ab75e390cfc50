"""A rehearsal: all that a training or a section does, with stand-ins for data and hardly any learning.

CNNLIB_REHEARSE=1 in the environment turns it on, for a test of every profile on any machine. Then a training
makes `EPOCHS` times `UPDATES` updates on batches of `BATCH`, in as many parts as it was asked for, and a full
data set is played by one of the same shape that needs no file. What comes out is no result of anything.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from cnnbook.added import VARIABLE
from cnnlib import data
from cnnlib.data import DataSet, PictureFolder, Split
from cnnlib.data.sets import FOLDERS, SETS, DataSpec, FolderSpec
from cnnlib.recipe import Recipe

__all__ = ["VARIABLE", "load", "shortened"]

BATCH, UPDATES, EPOCHS = 4, 2, 3
VALIDATED = 20
"""Images that a rehearsed training is validated on."""
PICTURES = 5
"""Pictures of each class in each split of a folder that plays a set."""

Images = Split | PictureFolder


def load(name: str, validation: int | None, seed: int) -> DataSet:
    """A stand-in for a full set, as `cnnlib.data.load` calls for it."""
    if name in FOLDERS:
        root, few = folder(FOLDERS[name])
        return data.open_pictures(few, root, "all of them noise, for a rehearsal", validation, seed)
    spec = SETS[name]
    played_by = stand_in(spec)
    return replace(
        data.load(played_by.name, "embedded", validation, seed),
        name=name,
        kind="full",
        class_names=spec.class_names,
        source=f"a rehearsal: {played_by.name} in place of {name}",
        licence=spec.licence,
    )


def shortened(
    recipe: Recipe, train: Images, validation: Images | None, parts: int
) -> tuple[Recipe, Images, Images | None]:
    """The same training with a few updates on few images, as `cnnlib.training.fit` calls for it."""
    recipe = replace(recipe, batch_size=batch_size(recipe.batch_size, parts))
    train = some(train, UPDATES * recipe.batch_size)
    epochs = recipe.schedule(len(train)).epochs
    recipe = recipe.shortened(min(EPOCHS, epochs), len(train))
    return recipe, train, validation and some(validation, VALIDATED)


def batch_size(asked: int, accumulate: int) -> int:
    """Images of an update that is computed in `accumulate` equal parts."""
    return min(asked, accumulate * -(-BATCH // accumulate))


def some(images: Images, count: int) -> Images:
    """Images from all over a split, in its order: at most so many."""
    rows = np.arange(min(count, len(images))) * len(images) // max(1, min(count, len(images)))
    if isinstance(images, Split):
        return Split(images.x[rows], images.y[rows])
    return images.subset(rows)


def stand_in(spec: DataSpec) -> DataSpec:
    """The set that an installed package carries, of the same shape and number of classes as a full one."""
    shape = spec.image_shape, len(spec.class_names)
    return next(
        other
        for other in (spec, *SETS.values())
        if other.quick and (other.image_shape, len(other.class_names)) == shape
    )


def folder(spec: FolderSpec) -> tuple[Path, FolderSpec]:
    """A folder of noise that plays a set of pictures until the process ends, and what it holds."""
    root = Path(tempfile.mkdtemp(prefix="rehearsal-")) / spec.name
    atexit.register(shutil.rmtree, root.parent, ignore_errors=True)
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for name in spec.words or [f"n{number:08}" for number in range(spec.classes)]:
            (root / split / name).mkdir(parents=True)
            for number in range(PICTURES):
                pixels = rng.integers(0, 256, (48, 64, 3), np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{number}.png")
    return root, replace(spec, full=replace(spec.full, validation=spec.classes))
