"""How well a trained model does: scores, errors, confusion, and how sure one can be of an error."""

from __future__ import annotations

import math

import keras
import numpy as np


def scores(model: keras.Model, images: np.ndarray, batch_size: int = 500) -> np.ndarray:
    """Model outputs (n, classes) for images (n, height, width, channels), as the model expects them."""
    batches = [model.predict_on_batch(images[i : i + batch_size]) for i in range(0, len(images), batch_size)]
    return np.concatenate(batches)


def top_k_error(outputs: np.ndarray, labels: np.ndarray, k: int = 1) -> float:
    """Share of images whose label is not among the k highest scores.

    Args:
        outputs: (n, classes).
        labels: (n,) integers.
        k: how many guesses count.

    Raises:
        ValueError: no images, lengths that differ, or k outside 1..classes.
    """
    if len(outputs) == 0 or len(outputs) != len(labels):
        raise ValueError(
            f"{len(outputs)} outputs for {len(labels)} labels: there must be one for each, and one at least."
        )
    if not 1 <= k <= outputs.shape[1]:
        raise ValueError(f"k must be between 1 and the {outputs.shape[1]} classes, not {k}.")
    best = np.argsort(-outputs, axis=1, kind="stable")[:, :k]
    return float(np.mean(~(best == np.asarray(labels)[:, None]).any(axis=1)))


def confusion(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Count pairs (true class, predicted class): (classes, classes) integers that sum to n."""
    classes = outputs.shape[1]
    pairs = np.asarray(labels) * classes + outputs.argmax(axis=1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def interval(error: float, images: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share of wrong answers; z = 1.96 covers 95 %.

    Source: Wilson 1927.
    """
    centre = (error + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z / (1 + z**2 / images) * math.sqrt(error * (1 - error) / images + z**2 / (4 * images**2))
    return max(0.0, centre - half), min(1.0, centre + half)
