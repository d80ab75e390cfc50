"""Curves: a quantity by epoch, and found cases by false alarms."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from cnnlib.plots.drawing import Drawing, chart, finish, legend, text_width
from cnnlib.plots.look import INK, SIGNS, WIDTH, check_series, looks, styled
from cnnlib.plots.scales import counted, fitting
from cnnlib.plots.words import capitalised, percent, require, short


@styled
def curves(
    runs: Mapping[str, Sequence[float]],
    what: str = "train_error",
    mark: tuple[str, float] | None = None,
    by: str = "epoch",
) -> Drawing:
    """Draw one quantity of several trainings by epoch, and perhaps a mark to reach.

    Args:
        runs: for each training the quantity after every epoch.
        what: the quantity; a name ending in `_error` is a fraction and is drawn in per cent.
        mark: what the mark is, and its value.
        by: what is counted from 1 instead of epochs.

    Raises:
        ValueError: there is no run, more than there are colours, or one has no epoch.
    """
    check_series(runs, "curves")
    figure, axes = chart(260)
    for name, values in runs.items():
        require(len(values), f"curves: {name} has no epoch")
    draw_lines(axes, numbered(runs), lw=2)
    axes.set_xlim(left=0.5)
    counted(axes, by)
    sentences = [told(name, values, writer(what), by) for name, values in runs.items()]
    return finish_curves(figure, axes, what, by, [*itertools.chain(*runs.values())], mark, sentences)


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
        area = f"{name}, area {np.sum(np.diff(false) * np.add(true[1:], true[:-1])) / 2:.3f}"
        axes.plot(false, true, color=colour, ls=dash, label=area)
        sentences.append(area)
        colours[name] = colour
    for (name, (x, y)), sign in zip(points.items(), itertools.cycle(SIGNS), strict=False):
        words = f"{name}: sensitivity {percent(y)}, specificity {percent(1 - x)}"
        require(text_width(words) < WIDTH - 30, f"roc: no room for {words!r}; write the name shorter")
        look: dict[str, Any] = {"color": colours.get(name, INK), "marker": sign, "mec": INK}
        axes.plot(x, y, ls="none", ms=7.5, label=words, clip_on=False, zorder=4, **look)
        sentences.append(words)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))
        axis.set_major_formatter(lambda value, _: percent(value))
    axes.set_title("true positives (sensitivity)")
    axes.set_xlabel("false positives (1 \N{MINUS SIGN} specificity)")
    legend(figure, axes)
    return finish(figure, f"True positives against false positives. {'; '.join(sentences)}.")


def draw_lines(
    axes: Axes,
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    markers: bool = False,
    **look: Any,
) -> None:
    """Draw a line for each series of x and y, in colours, dashes and perhaps marks of its own."""
    for name, (x, y), colour, dash, sign in looks(series):
        axes.plot(x, y, color=colour, ls=dash, marker=sign if markers else "", ms=5, label=name, **look)


def finish_curves(
    figure: Figure,
    axes: Axes,
    what: str,
    by: str,
    values: Sequence[float],
    mark: tuple[str, float] | None,
    sentences: Sequence[str],
) -> Drawing:
    """Finish curves of a quantity: the mark to reach, the scale that fits, title, legend and description."""
    show, quantity = writer(what), what.replace("_", " ")
    if mark:
        label = f"{mark[0]}, {show(mark[1])}"
        axes.axhline(mark[1], color=INK, ls=(0, (5, 3)), lw=1.3, label=label)
        values, sentences = [*values, mark[1]], [*sentences, label]
    fitting(axes, "y", values, show)
    axes.set_title(quantity)
    legend(figure, axes)
    return finish(figure, f"{capitalised(quantity)} by {by}: {'; '.join(sentences)}.")


def writer(what: str) -> Callable[[float], str]:
    """How a quantity is written: an error in per cent."""
    return percent if what.endswith("_error") else short


def numbered(series: Mapping[str, Sequence[float]]) -> dict[str, tuple[range, Sequence[float]]]:
    """Give every series with the numbers of its values, from 1."""
    return {name: (range(1, len(values) + 1), values) for name, values in series.items()}


def told(name: str, values: Sequence[float], show: Callable[[float], str], by: str = "epoch") -> str:
    """Tell a curve in words."""
    return f"{name}, from {show(values[0])} to {show(values[-1])} in {len(values)} {by}s"
