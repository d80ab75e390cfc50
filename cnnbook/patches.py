"""The squares of an image that a kernel sees, for layers that are one matrix product over them."""

from __future__ import annotations

import keras
from keras import ops


def patches(x: keras.KerasTensor, size: int) -> keras.KerasTensor:
    """Put every size x size square of the input on the last axis, row by row, its channels innermost.

    Args:
        x: (batch, height, width, channels).
        size: side of the squares, one for each position where a square fits.

    Returns:
        (batch, height - size + 1, width - size + 1, size * size * channels).
    """
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    shifts = [x[:, i : i + height, j : j + width] for i in range(size) for j in range(size)]
    return ops.concatenate(shifts, axis=-1)
