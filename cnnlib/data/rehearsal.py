"""A rehearsal: all that a training or a section does, with stand-ins for data and hardly any learning.

CNNLIB_REHEARSE=1 in the environment turns it on, for a test of every profile on any machine. Then a training
makes `EPOCHS` times `UPDATES` updates on batches of `BATCH`, in as many parts as it was asked for, and a full
data set is played by one of the same shape that needs no file. What comes out is no result of anything.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from cnnlib.data.folders import PictureFolder
from cnnlib.data.sets import SETS, DataSpec, FolderSpec
from cnnlib.data.split import Split

VARIABLE = "CNNLIB_REHEARSE"
BATCH, UPDATES, EPOCHS = 4, 2, 3
VALIDATED = 20
"""Images that a rehearsed training is validated on."""
PICTURES = 5
"""Pictures of each class in each split of a folder that plays a set."""

Images = Split | PictureFolder


def is_on() -> bool:
    """Say whether this process rehearses."""
    return os.environ.get(VARIABLE, "0") not in ("", "0")


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
    return root, replace(spec, validation=spec.classes)
