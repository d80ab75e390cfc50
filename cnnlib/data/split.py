"""Images with their labels, in memory; and a part of them that is set aside."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from cnnlib.data.sources import DataError


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Attributes:
        x: images, uint8 (N, height, width, channels).
        y: labels, int64 (N,).
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.y)

    def __repr__(self) -> str:
        """Say how many images of which shape, rather than print them."""
        return f"Split({len(self):,} images of {' x '.join(map(str, self.x.shape[1:]))})"


def group_names(paths: Sequence[str], groups: str | None) -> list[str]:
    """What pictures belong to: the first group, or the whole match, of a regular expression in their paths.

    A picture without a match, and each where there is no expression, is a group of its own.
    """
    matches = [re.search(groups, path) if groups else None for path in paths]
    return [
        path if match is None else match.group(min(1, len(match.groups())))
        for path, match in zip(paths, matches, strict=True)
    ]


def set_aside(labels: np.ndarray, groups: Sequence[str], share: float, seed: int = 0) -> np.ndarray:
    """Mark (n,) a share of each class, one image at least, so that groups stay together.

    Which groups those are follows from the seed and their names alone.

    Args:
        labels: (n,) integers from 0.
        groups: what each image belongs to, such as a patient; the names of the images where there is none.
        share: of each class.
        seed: another one sets others aside.

    Raises:
        DataError: all images of a class fall on one side.
    """
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    digests = {
        group: sha256(f"{seed} {group}".encode(errors="surrogateescape")).digest() for group in members
    }
    order, away = sorted(members, key=digests.__getitem__), np.zeros(len(labels), bool)
    counts = np.bincount(labels)
    left = np.maximum(1, np.round(share * counts))
    for label in np.argsort(counts, kind="stable"):  # the rarest first
        for group in order:
            own = labels[members[group]]
            if left[label] <= 0:
                break
            if label in own and not away[members[group][0]]:
                away[members[group]] = True
                left -= np.bincount(own, minlength=len(counts))
    for side, what in ((labels[away], "set aside"), (labels[~away], "left to learn from")):
        if missing := sorted({*labels.tolist()} - {*side.tolist()}):
            raise DataError(
                f"Nothing of class number {missing[0]} would be {what}: its images are of too few groups, or "
                "too few. Add some of other groups."
            )
    return away
