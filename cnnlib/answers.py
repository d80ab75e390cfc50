"""The answers of a network to its test images, as a record keeps them."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cnnlib.data import Split
    from cnnlib.data.folders import PictureFolder


def pack(answers: np.ndarray, labels: np.ndarray, classes: int, images_sha256: str) -> dict:
    """Turn answers and labels into plain data for a record.

    A label is kept by how it differs from the answer, bit by bit: of a good network that is mostly 0, which
    compresses to little.

    Args:
        answers: (n,) the predicted class of each image; `classes` where the scores were no finite numbers.
        labels: (n,) the true classes.
        classes: how many there are.
        images_sha256: see `sha256`.

    Raises:
        ValueError: not one answer for each label, or one that is no class.
    """
    if answers.shape != labels.shape or answers.ndim != 1:
        raise ValueError(f"Expected an answer for each label; got shapes {answers.shape}, {labels.shape}.")
    both = np.stack([answers, labels])
    if both.size and not 0 <= both.min() <= both.max() <= classes:
        raise ValueError(f"Expected classes from 0 to {classes - 1}; got {both.min()} to {both.max()}.")
    kind = np.dtype("uint8" if classes < 256 else "<u2")
    given, true = both.astype(kind)
    return {
        "images_sha256": images_sha256,
        "type": kind.name,
        "given": _text(given),
        "labels_xor_given": _text(true ^ given),
    }


def unpack(kept: dict) -> tuple[np.ndarray, np.ndarray]:
    """Answers and labels from what `pack` made: (n,) each, uint8, or uint16 of more than 255 classes.

    Raises:
        ValueError: they are damaged.
    """
    try:
        kind = np.dtype(kept["type"]).newbyteorder("<")
        given, differing = (_array(kept[name], kind) for name in ("given", "labels_xor_given"))
        return given, given ^ differing
    except (KeyError, TypeError, ValueError, zlib.error) as problem:
        raise ValueError(
            f"The answers in a record are damaged ({problem}): take it from a copy."
        ) from problem


def sha256(images: Split | PictureFolder, tested: np.ndarray | slice) -> str:
    """Hash what was tested, in its order: two records with the same hash can be compared image by image.

    Args:
        images: a split in memory, of which pixels and labels count; or a folder of pictures, of which paths,
            labels and sizes of files do.
        tested: (n,) which of them were tested: not those that could not be read; or a slice.

    Returns:
        The SHA-256 as 64 hexadecimal digits.
    """
    from cnnlib.data import Split

    total = hashlib.sha256()
    if isinstance(images, Split):
        total.update(images.y[tested].astype("<i8").tobytes())
        total.update(f"{images.x.shape[1:]} {images.x.dtype}".encode())
        total.update(np.ascontiguousarray(images.x[tested]).data)
        return total.hexdigest()
    for place in np.arange(len(images))[tested]:
        path, label, size = images.paths[place], images.labels[place], images.sizes[place]
        total.update(f"{path}\0{label}\0{size}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def _text(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 9)).decode()


def _array(text: str, kind: np.dtype) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)
