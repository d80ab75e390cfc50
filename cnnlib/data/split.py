"""Images with their labels in memory, and which examples are set aside so that no group is torn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cnnlib.data.decoding import DataError

T = TypeVar("T")
Groups = str | Callable[[str], Hashable]
"""What finds the group of a picture in its path "CLASS/FILE": a pattern, or a function."""


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


def grouping(groups: Groups | None) -> Callable[[str], Hashable]:
    """Return what names the group of a picture, of its path "CLASS/FILE": by itself, each is its own.

    Raises:
        ValueError: not a pattern; and, when it is called, a path in which the pattern is not found.
    """
    if groups is None:
        return str
    if callable(groups):
        return lambda path: path if (group := groups(path)) is None else group
    try:
        pattern = re.compile(groups)
    except re.error as problem:
        raise ValueError(
            f"groups is a pattern, a regular expression; {groups!r} is none: {problem}."
        ) from None

    def group_of(path: str) -> str:
        if not (found := pattern.search(path)):
            raise ValueError(
                f"Expected groups={groups!r} to be found in each CLASS/FILE; it is not in {path}: change the "
                "pattern, or give a function of CLASS/FILE; None is a group of its own."
            )
        return found[1] if pattern.groups and found[1] is not None else found[0]

    return group_of


def alike(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Find items of one key: the lists of those that are not alone, in the order of their first ones."""
    found: dict[Hashable, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return [several for several in found.values() if len(several) > 1]


def joined(names: Sequence[Hashable], copies: Sequence[Sequence[int]]) -> list[int]:
    """Number groups (n,): pictures are of one if they have a name in common, or are copies of each other."""
    first: dict[Hashable, int] = {}
    groups = [first.setdefault(name, place) for place, name in enumerate(names)]
    pairs = [(groups[one], groups[other]) for places in copies for one, other in pairwise(places)]
    ends = tuple(np.array(pairs, int).reshape(-1, 2).T)
    graph = coo_array((np.ones(len(pairs)), ends), shape=(len(groups), len(groups)))
    return connected_components(graph, directed=False)[1][groups].tolist()


def set_aside(
    labels: np.ndarray,
    groups: Sequence[int],
    order: Sequence[int],
    wanted: Sequence[int],
    class_names: Sequence[str],
) -> np.ndarray:
    """Mark examples (n,) to set aside: whole groups, until there are about so many of each class.

    Args:
        labels: integers (n,).
        groups: group of each example (n,).
        order: the examples (n,), those first that are to be set aside first.
        wanted: how many of each class.
        class_names: of the labels, for errors.

    Raises:
        DataError: of a class, nothing can be set aside and something left.
    """
    held: dict[int, Counter] = {}
    for group, label in zip(groups, labels.tolist(), strict=True):
        held.setdefault(group, Counter())[label] += 1
    left, missing, chosen = Counter(labels.tolist()), list(wanted), set()

    def take(group: int) -> None:
        chosen.add(group)
        for label, count in held[group].items():
            left[label] -= count
            missing[label] -= count

    def leaves_some(group: int) -> bool:
        return all(left[label] > count for label, count in held[group].items())

    in_order = list(dict.fromkeys(groups[place] for place in order))
    for group in in_order:
        nearer = sum(count * (2 * missing[label] - count) for label, count in held[group].items()) > 0
        if nearer and leaves_some(group):
            take(group)
    for label, count in enumerate(wanted):
        if count and missing[label] == count:  # its groups are all large
            possible = [group for group in in_order if label in held[group] and leaves_some(group)]
            if not possible:
                raise DataError(
                    f"Of {class_names[label]} nothing can be set aside: its pictures are of one group, or "
                    "copies of one file, and those stay together. Add pictures of other groups."
                )
            take(min(possible, key=lambda group: held[group][label]))
    return np.array([group in chosen for group in groups])
