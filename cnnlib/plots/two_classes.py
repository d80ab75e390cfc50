"""Receiver operating characteristics."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MultipleLocator

from cnnlib.plots.drawing import (
    INK,
    SIGNS,
    WIDTH,
    Drawing,
    chart,
    check_series,
    finish,
    legend,
    looks,
    percent,
    require,
    styled,
    text_width,
)


@styled
def roc(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    points: Mapping[str, tuple[float, float]] | None = None,
) -> Drawing:
    """Draw receiver operating characteristics: the share of true positives against that of false ones.

    Args:
        curves: for each test the share of false positives and that of true positives at every threshold, both
            rising from 0 to 1.
        points: the two shares at thresholds that were chosen; one named like a curve has its colour.

    Raises:
        ValueError: there are no curves, more than there are colours, one does not rise from (0, 0) to (1, 1),
            or a point lies outside 0 to 1.
    """
    points = points or {}
    check_series(curves, "roc")
    for name, (false, true) in curves.items():
        require(0 < len(false) == len(true), f"roc: {name} needs two sequences of one length")
        ends = [false[0], true[0], false[-1], true[-1]] == [0, 0, 1, 1]
        rising = bool(np.all(np.diff(false) >= 0) and np.all(np.diff(true) >= 0))
        require(ends and rising, f"roc: the shares of {name} must rise from 0 to 1, lowest first")
    for name, shares in points.items():
        require(all(0 <= v <= 1 for v in shares), f"roc: {name} must lie in 0 to 1, got {shares}")
    figure, axes = chart(326 + 15 * (len(curves) + len(points)))
    axes.plot([0, 1], [0, 1], color=INK, ls=(0, (2, 3)), lw=1.1, label="chance, area 0.500")
    sentences, colours = [], {}
    for name, (false, true), colour, dash, _ in looks(curves):
        area, colours[name] = (
            f"{name}, area {np.sum(np.diff(false) * np.add(true[1:], true[:-1])) / 2:.3f}",
            colour,
        )
        axes.plot(false, true, color=colour, ls=dash, label=area)
        sentences.append(area)
    for (name, (x, y)), sign in zip(points.items(), itertools.cycle(SIGNS), strict=False):
        words = f"{name}: sensitivity {percent(y)}, specificity {percent(1 - x)}"
        require(text_width(words) < WIDTH - 30, f"roc: no room for {words!r}; write the name shorter")
        look: dict[str, Any] = {"color": colours.get(name, INK), "marker": sign, "mec": INK}
        axes.plot(x, y, ls="none", ms=7.5, label=words, clip_on=False, zorder=4, **look)
        sentences.append(words)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.set_title("true positives (sensitivity)")
    axes.set_xlabel("false positives (1 \N{MINUS SIGN} specificity)")
    legend(figure, axes)
    return finish(figure, f"True positives against false positives. {'; '.join(sentences)}.")
