"""The networks' operations in plain NumPy, for tests to hold the layers against."""

from __future__ import annotations

import numpy as np


def squash(a: np.ndarray) -> np.ndarray:
    return 1.7159 * np.tanh(2 / 3 * a)


def convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A 'valid' convolution of stride 1: x (n, h, w, inputs), kernel (k, k, inputs, outputs)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.einsum("nhwcij,ijco->nhwo", windows, kernel)


def blocks(x: np.ndarray) -> np.ndarray:
    """Put the four pixels of every 2x2 block on an axis of their own, the last."""
    return np.stack([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=-1)


def respond(x: np.ndarray, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    """Local response normalisation, as Krizhevsky et al. 2012 print it, map by map in float64."""
    x = x.astype("float64")
    maps, reach = x.shape[-1], size // 2
    out = np.empty_like(x)
    for i in range(maps):
        around = x[..., max(0, i - reach) : min(maps - 1, i + reach) + 1]
        out[..., i] = x[..., i] / (k + alpha * (around**2).sum(-1)) ** beta
    return out


def highest(x: np.ndarray, size: int, stride: int) -> np.ndarray:
    """Max-pooling without padding: the highest value of every size x size square, `stride` apart."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows.max((-1, -2))[:, ::stride, ::stride]
