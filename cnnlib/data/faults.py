"""What may be wrong with a data set: pictures that occur twice, and labels that look doubtful.

Both only point at pictures. Whether two of them show the same thing, or a label is wrong, is for someone to
say who looks at them.
"""

from __future__ import annotations

import hashlib

import numpy as np

from cnnlib.data.split import alike

AT_ONCE = 500  # pictures that are compared with all others at a time; more takes memory


def same(x: np.ndarray) -> list[list[int]]:
    """Find pictures that are equal, pixel for pixel.

    Args:
        x: pictures (n, ...), of any type.

    Returns:
        The places of each picture that is there more than once, in the order of their first ones.
    """
    return alike(range(len(x)), lambda place: hashlib.sha256(x[place].tobytes()).digest())


def nearest(queries: np.ndarray, x: np.ndarray, *, mirrored: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Find for each picture the most similar one among others.

    Similar is what correlates: the same picture brighter, or with more contrast, has a correlation of 1. One
    that is shifted or cropped has not, so that this finds some near-duplicates and not all.

    Args:
        queries: pictures (m, height, width, channels), whose duplicates are looked for.
        x: pictures (n, height, width, channels), among which they are looked for.
        mirrored: whether a mirror image counts as well.

    Returns:
        Places in `x`, int64 (m,), and correlations from -1 to 1, float32 (m,).

    Raises:
        ValueError: no pictures, or pictures of other shapes in one than in the other.
    """
    if queries.ndim != 4 or queries.shape[1:] != x.shape[1:] or not len(queries) or not len(x):
        raise ValueError(
            "Both must be pictures of one shape, (number, height, width, channels), and one at least; got "
            f"{queries.shape} and {x.shape}."
        )
    columns = _standardised(x).T
    places, correlations = np.zeros(len(queries), np.int64), np.full(len(queries), -2, np.float32)
    for views in (queries, queries[:, :, ::-1])[: 1 + mirrored]:
        for start in range(0, len(views), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            found = _standardised(views[part]) @ columns
            best = found.max(axis=1)
            better = best > correlations[part]
            places[part][better] = found.argmax(axis=1)[better]
            correlations[part][better] = best[better]
    return places, correlations


def _standardised(x: np.ndarray) -> np.ndarray:
    """Pictures as rows (n, pixels) of mean zero and length one, so that products of rows are correlations."""
    rows = x.reshape(len(x), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def doubtful(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Find labels that a model would not give, although it is as sure as it usually is of another class.

    For each class, how sure the model is of it on average, on the pictures that carry its label, is the
    threshold for calling a picture that class. The model must not have learned from the pictures it judges:
    train several, each without a part of them.

    Args:
        probabilities: (n, classes), of pictures the model has not learned from.
        labels: integers (n,), as they were given.

    Returns:
        Places of the doubtful labels, those that the model finds least likely first.

    Raises:
        ValueError: not one row of probabilities for each label, or a class without labels.

    Source: Northcutt, Jiang and Chuang 2021, section 3.1.
    """
    labels = np.asarray(labels)
    classes = probabilities.shape[-1]
    counts = np.bincount(labels, minlength=classes)
    if probabilities.shape != (len(labels), classes) or len(counts) > classes or not counts.all():
        raise ValueError(
            "There must be a row of probabilities for each label, and a label of each class; got "
            f"probabilities {probabilities.shape} for {len(labels)} labels with counts {counts.tolist()}."
        )
    thresholds = np.array([probabilities[labels == name, name].mean() for name in range(classes)])
    passed = np.where(probabilities >= thresholds, probabilities, -1)
    places = np.flatnonzero((passed.max(axis=1) > 0) & (passed.argmax(axis=1) != labels))
    return places[np.argsort(probabilities[places, labels[places]], kind="stable")]
