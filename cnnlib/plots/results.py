"""What a network takes for what."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import BLUE, INK, LABEL, MUTED, SMALL, VERMILLION, WIDTH, styled
from cnnlib.plots.words import listed, require


@styled
def confusion(matrix: np.ndarray, class_names: Sequence[str]) -> Drawing:
    """Draw a confusion matrix, true classes down and predicted ones across, frequent mistakes stronger.

    Args:
        matrix: (classes, classes) of counts; row true, column predicted.
        class_names: one per class.

    Raises:
        ValueError: the matrix is not square, is empty or does not fit the names.
    """
    matrix = np.asarray(matrix)
    n = len(class_names)
    require(n, "confusion: nothing to draw, there are no classes")
    expected = f"confusion: expected a matrix of ({n}, {n}) for {n} class names"
    require(matrix.shape == (n, n), f"{expected}, got {matrix.shape}")
    widest = max(text_width(name) for name in class_names)
    left, cell = widest + 10, (WIDTH - widest - 12) / n
    turned = widest > cell - 3
    above = 22 + (widest + 4 if turned else 13)
    figure, axes = sheet(WIDTH, above + cell * n + 2)
    axes.text(0, 11, "true class by row, predicted class by column", alpha=MUTED, size=SMALL, va="baseline")
    for i, name in enumerate(class_names):
        axes.text(left - 5, above + cell * (i + 0.5), name, ha="right", **LABEL)
        x, turn = left + cell * (i + 0.5), {"rotation": 90, "va": "bottom"} if turned else {"va": "baseline"}
        axes.text(x, above - 5, name, size=SMALL, ha="center", **turn)
    right, wrong = np.diag(matrix), matrix - np.diag(np.diag(matrix))
    worst = max(wrong.max(), 1)
    blank: dict[str, Any] = {"fc": "none", "ec": INK, "alpha": 0.1, "lw": 0.6}
    counts_fit = text_width(str(matrix.max())) < cell - 2
    for i, j in np.ndindex(n, n):
        colour = BLUE if i == j else VERMILLION
        share = right[i] / max(right.max(), 1) if i == j else wrong[i, j] / worst
        corner = (left + cell * j + 0.6, above + cell * i + 0.6)
        alpha = 0.1 + 0.5 * math.sqrt(share) if share else 0.0
        fill: dict[str, Any] = {"fc": colour, "alpha": alpha, "lw": 0} if share else blank
        axes.add_patch(Rectangle(corner, cell - 1.2, cell - 1.2, **fill))
        if matrix[i, j] and counts_fit:
            x, y = left + cell * (j + 0.5), above + cell * (i + 0.5)
            axes.text(x, y, str(matrix[i, j]), ha="center", **LABEL)
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [(*np.unravel_index(k, wrong.shape), wrong.flat[k]) for k in order if wrong.flat[k]]
    mistakes = [f"{class_names[i]} taken for {class_names[j]} ({count})" for i, j, count in pairs]
    alt = f"Confusion matrix of {n} classes: {right.sum()} of {matrix.sum()} right"
    return finish(figure, f"{alt}; most frequent mistakes: {listed(mistakes) if mistakes else 'none'}.")
