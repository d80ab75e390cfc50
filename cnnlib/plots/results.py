"""What a network gets right and wrong: errors, confusions, thresholds."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnlib.plots.drawing import (
    BLUE,
    INK,
    LABEL,
    MUTED,
    SMALL,
    VERMILLION,
    WIDTH,
    Drawing,
    capitalised,
    chart,
    check_interval,
    check_label,
    finish,
    legend,
    listed,
    percent,
    require,
    sheet,
    styled,
    text_width,
)
from cnnlib.plots.scales import around


@styled
def comparison(
    runs: Mapping[str, Sequence[float]],
    intervals: Mapping[str, tuple[float, float]] | None = None,
    paper: Mapping[str, float] | None = None,
    what: str = "error rate",
) -> Drawing:
    """Draw the errors of several runs of each configuration: every run a dot, their mean a bar.

    Args:
        runs: for each configuration the error of every run, as fractions.
        intervals: for some or all of them the ends of an interval around the mean, a thick line.
        paper: for some or all of them what the paper gives, a diamond.
        what: what the errors are errors of, for the axis.

    Raises:
        ValueError: there is no configuration, one has no run, a label is longer than a line, a mean lies
            outside its interval, or an interval or a paper's figure is given for an unknown configuration.
    """
    intervals, paper = intervals or {}, paper or {}
    _check_comparison(runs, intervals, paper)
    figure, axes = error_lines(len(runs), what)
    sentences = []
    for i, (name, values) in enumerate(runs.items()):
        mean = float(np.mean(values))
        words = f"{name}: mean {percent(mean)} of {len(values)} run{'s' * (len(values) > 1)}"
        words += f", from {percent(min(values))} to {percent(max(values))}" if len(values) > 1 else ""
        error_line(axes, i, name, mean, 0.3)
        if name in intervals:
            axes.hlines(i, *intervals[name], color=BLUE, lw=6, alpha=0.3)
            words += f", interval {percent(intervals[name][0])} to {percent(intervals[name][1])}"
        axes.plot(values, [i] * len(values), ls="none", marker="o", ms=5.5, color=BLUE, alpha=0.75)
        axes.plot(mean, i, ls="none", marker="|", ms=15, mew=2.4, color=BLUE)
        if name in paper:
            axes.plot(paper[name], i, ls="none", marker="D", ms=6, color=VERMILLION)
            words += f", the paper's {percent(paper[name])}"
        sentences.append(words)
    around(axes, "x", [*itertools.chain(*runs.values(), *intervals.values(), paper.values())])
    _marks(figure, axes, bool(intervals), bool(paper))
    return finish(figure, f"{capitalised(what)} by configuration. {'; '.join(sentences)}.")


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
        colour, share = (
            (BLUE, right[i] / max(right.max(), 1)) if i == j else (VERMILLION, wrong[i, j] / worst)
        )
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


def error_lines(count: int, what: str) -> tuple[Figure, Axes]:
    """Return axes with room for lines that are labelled above, from the first at 0 at the top."""
    figure, axes = chart(34 * count + 72)
    axes.set(ylim=(count - 0.5, -0.9), yticks=[], xlabel=what)
    axes.grid(False)
    return figure, axes


def error_line(axes: Axes, y: float, label: str, value: float, lift: float) -> None:
    """Draw a line for one error, with what it is of and its value above."""
    axes.axhline(y, color=INK, lw=0.7, alpha=0.16)
    for x, side, text in ((0, "left", label), (1, "right", percent(value))):
        axes.text(x, y - lift, text, transform=axes.get_yaxis_transform(), ha=side, va="baseline")


def _marks(figure: Figure, axes: Axes, intervals: bool, paper: bool) -> None:
    """Say in a legend what dots, bars, thick lines and diamonds are."""
    blank: dict[str, Any] = {"ls": "none", "color": BLUE}
    axes.plot([], [], marker="o", ms=5.5, alpha=0.75, label="a run", **blank)
    axes.plot([], [], marker="|", ms=12, mew=2.4, label="their mean", **blank)
    if intervals:
        axes.plot([], [], color=BLUE, lw=6, alpha=0.3, label="interval")
    if paper:
        axes.plot([], [], marker="D", ms=6, ls="none", color=VERMILLION, label="paper")
    legend(figure, axes)


def _check_comparison(
    runs: Mapping[str, Sequence[float]],
    intervals: Mapping[str, tuple[float, float]],
    paper: Mapping[str, float],
) -> None:
    """Refuse configurations without runs, and intervals and figures that belong to none of them."""
    require(runs, "comparison: nothing to draw, there are no configurations")
    for name in (*intervals, *paper):
        require(name in runs, f"comparison: {name!r} is no configuration; they are {', '.join(runs)}")
    for name, values in runs.items():
        require(len(values), f"comparison: {name} has no run")
        mean = float(np.mean(values))
        check_label(name, percent(mean))
        check_interval(f"comparison: mean of {name}", mean, *intervals.get(name, (None, None)))
