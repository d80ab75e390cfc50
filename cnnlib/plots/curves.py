"""What was measured or computed: curves, errors, tables of counts."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnlib.plots.drawing import (
    BLUE,
    GREY,
    INK,
    MUTED,
    PALETTE,
    SMALL,
    VERMILLION,
    WIDTH,
    Drawing,
    briefly,
    capitalised,
    chart,
    check_label,
    check_series,
    finish,
    legend,
    listed,
    percent,
    require,
    sheet,
    short,
    styled,
    text_width,
)
from cnnlib.plots.scales import amount, amounts, around, counted, decades, fitting, log


@styled
def activations(functions: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Drawing:
    """Draw activation functions above their derivatives.

    Args:
        functions: for each name the points x, the function there and its derivative there, all of one length.

    Raises:
        ValueError: there is no function, more than there are colours, or lengths differ.
    """
    check_series(functions, "activations")
    figure = chart(340)
    upper, lower = figure.subplots(2, sharex=True)
    sentences = []
    for (name, arrays), colour, dash in zip(functions.items(), PALETTE, _dashes(), strict=False):
        x, value, derivative = (np.asarray(array, dtype=float) for array in arrays)
        same = x.ndim == 1 and x.size and x.shape == value.shape == derivative.shape
        require(same, f"activations: {name} needs three arrays of one length")
        upper.plot(x, value, color=colour, ls=dash, label=name)
        lower.plot(x, derivative, color=colour, ls=dash)
        peak = f"{np.nanmax(derivative):.2f} at x = {x[np.nanargmax(derivative)]:.1f}"
        sentences.append(
            f"{name} runs from {value[0]:.2f} to {value[-1]:.2f}, its derivative peaks with {peak}"
        )
    for axes, heading in ((upper, "function"), (lower, "derivative")):
        axes.set_title(heading)
        axes.axhline(0, color=INK, lw=0.7, zorder=1)
        axes.axvline(0, color=INK, lw=0.7, alpha=0.4, zorder=1)
    lower.set_xlabel("input x")
    lower.spines["bottom"].set_visible(False)
    upper.spines["bottom"].set_visible(False)
    legend(figure, upper)
    return finish(figure, f"Activation functions and their derivatives: {'; '.join(sentences)}.")


@styled
def vanishing(
    gradients: Mapping[str, Sequence[float]], what: str = "size of the gradient", by: str = "layer"
) -> Drawing:
    """Draw a quantity layer by layer, on a logarithmic axis: how a gradient fades towards the image.

    Args:
        gradients: for each network its figure in every layer, the layer next to the image first.
        what: the quantity.
        by: what it is measured in each of, a layer or a block.

    Raises:
        ValueError: there is no network, more than there are colours, or a value is not above 0.
    """
    check_series(gradients, "vanishing")
    figure = chart(270)
    axes = figure.subplots()
    for name, sizes in gradients.items():
        above = len(sizes) and all(0 < size < math.inf for size in sizes)
        require(above, f"vanishing: {name} needs finite values above 0, which a logarithm exists for")
    _lines(axes, {name: _numbered(sizes) for name, sizes in gradients.items()}, markers=True)
    values = [size for sizes in gradients.values() for size in sizes]
    if max(values) / min(values) < 100:
        log(axes, "y", short)
    else:
        decades(axes)
    axes.set_title(what)
    counted(axes, f"{by}, counted from the image")
    legend(figure, axes)
    sentences = [
        f"{name}, from {sizes[0]:.2g} in {by} 1 to {sizes[-1]:.2g} in {by} {len(sizes)}"
        for name, sizes in gradients.items()
    ]
    return finish(figure, f"{capitalised(what)} by {by}, counted from the image: {'; '.join(sentences)}.")


@styled
def responses(
    deviations: Mapping[str, Sequence[float]],
    ranked: bool = False,
    what: str = "standard deviation of the responses",
) -> Drawing:
    """Draw how strongly layers respond, layer by layer, from 0; on a logarithmic axis where that is needed.

    Args:
        deviations: for each network the standard deviation of every layer's responses, the layer next to the
            image first.
        ranked: put each network's layers in order of size, the largest first.
        what: the quantity.

    Raises:
        ValueError: there is no network, more than there are colours, or a value is below 0 or not finite.
    """
    check_series(deviations, "responses")
    for name, values in deviations.items():
        whole = len(values) and all(0 <= value < math.inf for value in values)
        require(whole, f"responses: {name} needs finite values, none below 0")
    series = {
        name: sorted(values, reverse=True) if ranked else list(values) for name, values in deviations.items()
    }
    figure = chart(270)
    axes = figure.subplots()
    _lines(axes, {name: _numbered(values) for name, values in series.items()}, lw=1.6)
    fitting(axes, "y", list(itertools.chain(*series.values())), short)
    axes.set_title(what)
    order = "layer, the largest first" if ranked else "layer, counted from the image"
    counted(axes, order)
    legend(figure, axes)
    sentences = [
        f"{name}, {len(values)} layers, mean {np.mean(values):.2g}, from {values[0]:.2g} in the first to "
        f"{values[-1]:.2g} in the last"
        for name, values in series.items()
    ]
    return finish(figure, f"{capitalised(what)} by {order}: {'; '.join(sentences)}.")


@styled
def schedule(rates: Mapping[str, Sequence[float]]) -> Drawing:
    """Draw learning rates by epoch, each held for the whole of its epoch, on a logarithmic axis.

    Args:
        rates: for each schedule the rate of every epoch, the first epoch first.

    Raises:
        ValueError: there is no schedule, more than there are colours, or a rate is not above 0.
    """
    check_series(rates, "schedule")
    figure = chart(230)
    axes = figure.subplots()
    sentences = []
    # Schedules often coincide for some epochs: a later one is drawn thinner, the earlier shows on both sides.
    for (name, values), colour, width in zip(rates.items(), PALETTE, (5.0, 2.2, 1.2, 1, 1, 1), strict=False):
        require(len(values) and min(values) > 0, f"schedule: {name} needs rates above 0")
        edges = np.arange(len(values) + 1) + 0.5
        axes.stairs(values, edges, baseline=None, color=colour, lw=width, label=name)
        phases = [(rate, len(list(group))) for rate, group in itertools.groupby(values)]
        sentences.append(f"{name}: {briefly([f'{_plain(rate)} for {n}' for rate, n in phases], 8)} epochs")
    axes.set_title("learning rate")
    _epochs(axes)
    every = list(itertools.chain(*rates.values()))
    log(axes, "y", _plain, (1,) if max(every) / min(every) > 1000 else (1, 2, 5))
    legend(figure, axes)
    return finish(figure, f"Learning rate by epoch. {'; '.join(sentences)}.")


@styled
def learning_curves(
    live: Mapping[str, Sequence[float]] | None,
    recorded: Sequence[Mapping[str, Sequence[float]]],
    what: str = "train_error",
    paper: tuple[str, float] | None = None,
) -> Drawing:
    """Draw a quantity by epoch: every recorded run, their mean, the run just made, and the paper's figure.

    Args:
        live: history of the run just made, for each quantity its value after every epoch; None for no run.
        recorded: histories of the recorded runs, one per seed.
        what: the quantity; a name ending in `_error` is a fraction and is drawn in per cent.
        paper: what the paper's figure is, and its value.

    Raises:
        ValueError: there is no run at all, or one lacks `what`.
    """
    runs = [*recorded, *([live] if live else [])]
    require(runs, "learning_curves: nothing to draw, there is neither a live nor a recorded run")
    for run in runs:
        require(len(run.get(what, ())), f"learning_curves: a history lacks {what!r}, it has {', '.join(run)}")
    figure = chart(250)
    axes = figure.subplots()
    show, sentences = _writer(what), []
    curves = [list(history[what]) for history in recorded]
    for i, curve in enumerate(curves):
        label = "each recorded run" if i == 0 and len(curves) > 1 else None
        axes.plot(range(1, len(curve) + 1), curve, color=BLUE, lw=0.8, alpha=0.6, label=label)
    if curves:
        mean = np.mean([curve[: min(map(len, curves))] for curve in curves], axis=0)
        label = f"mean of {len(curves)} recorded runs" if len(curves) > 1 else "recorded run"
        axes.plot(range(1, len(mean) + 1), mean, color=BLUE, lw=2.4, label=label)
        sentences.append(f"{label}, from {show(mean[0])} to {show(mean[-1])} in {len(mean)} epochs")
    if live:
        curve = list(live[what])
        axes.plot(range(1, len(curve) + 1), curve, color=VERMILLION, marker="o", ms=4, label="this run")
        sentences.append(f"this run, from {show(curve[0])} to {show(curve[-1])} in {len(curve)} epochs")
    _epochs(axes)
    return _framed(figure, axes, what, "epoch", [v for run in runs for v in run[what]], paper, sentences)


@styled
def curves(
    runs: Mapping[str, Sequence[float]], what: str = "train_error", mark: tuple[str, float] | None = None
) -> Drawing:
    """Draw one quantity of several trainings by epoch, and perhaps a mark to reach.

    Args:
        runs: for each training the quantity after every epoch.
        what: the quantity; a name ending in `_error` is a fraction and is drawn in per cent.
        mark: what the mark is, and its value.

    Raises:
        ValueError: there is no run, more than there are colours, or one has no epoch.
    """
    check_series(runs, "curves")
    figure = chart(260)
    axes = figure.subplots()
    for name, values in runs.items():
        require(len(values), f"curves: {name} has no epoch")
    _lines(axes, {name: _numbered(values) for name, values in runs.items()}, lw=2)
    _epochs(axes)
    show = _writer(what)
    sentences = [
        f"{name}, from {show(values[0])} to {show(values[-1])} in {len(values)} epochs"
        for name, values in runs.items()
    ]
    return _framed(figure, axes, what, "epoch", list(itertools.chain(*runs.values())), mark, sentences)


@styled
def progress(
    runs: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    what: str = "validation_error",
    mark: tuple[str, float] | None = None,
) -> Drawing:
    """Draw one quantity of several trainings against what they had cost so far, on a logarithmic axis.

    Args:
        runs: for each training the costs, in rising order, and the quantity at each of them.
        xlabel: the cost, and its unit.
        what: the quantity; a name ending in `_error` is a fraction and is drawn in per cent.
        mark: what the mark is, and its value.

    Raises:
        ValueError: there is no run, more than there are colours, one is empty or has not as many costs
            as values, or costs that do not rise from above 0.
    """
    check_series(runs, "progress")
    show, sentences = _writer(what), []
    for name, (costs, values) in runs.items():
        same = 0 < len(costs) == len(values)
        require(same, f"progress: {name} has {len(values)} values at {len(costs)} costs; one each is needed")
        rising = costs[0] > 0 and all(a < b for a, b in itertools.pairwise(costs))
        require(rising, f"progress: {name} needs costs that rise from above 0")
        ends = f"from {show(values[0])} at {amount(costs[0])} to {show(values[-1])} at {amount(costs[-1])}"
        sentences.append(f"{name}, {ends}")
    figure = chart(270)
    axes = figure.subplots()
    _lines(axes, runs, markers=max(len(costs) for costs, _ in runs.values()) < 30)
    amounts(axes, list(itertools.chain(*(costs for costs, _ in runs.values()))), xlabel)
    everything = list(itertools.chain(*(values for _, values in runs.values())))
    return _framed(figure, axes, what, xlabel, everything, mark, sentences)


@styled
def errors(rows: Sequence[tuple[str, float, float | None, float | None, str]]) -> Drawing:
    """Draw error rates as dots with their intervals, one line each.

    Args:
        rows: label, error, lower and upper end of its interval (None for none) and kind: "paper", "recorded"
            (a full run) or "quick" (a short one, no result). Errors are fractions.

    Raises:
        ValueError: there are no rows, a kind is unknown, an error lies outside its interval, or a label is
            longer than a line.
    """
    looks: dict[str, dict[str, Any]] = {
        "paper": {"color": VERMILLION, "marker": "D", "ms": 6.5},
        "recorded": {"color": BLUE, "marker": "o", "ms": 7.5},
        "quick": {"color": GREY, "marker": "o", "ms": 6.5, "mfc": "none", "mew": 1.6},
    }
    require(rows, "errors: nothing to draw, there are no rows")
    for label, value, low, high, kind in rows:
        require(kind in looks, f"errors: {label}: kind must be one of {', '.join(looks)}, not {kind!r}")
        within = (low is None or low <= value) and (high is None or high >= value)
        check_label(label, percent(value))
        require(within, f"errors: {label}: {value} lies outside its interval {low} to {high}")
    figure = chart(34 * len(rows) + 72)
    axes = figure.subplots()
    sentences = []
    for i, (label, value, low, high, kind) in enumerate(rows):
        ends = [value if low is None else low, value if high is None else high]
        axes.axhline(i, color=INK, lw=0.7, alpha=0.16)
        axes.hlines(i, ends[0], ends[1], color=looks[kind]["color"], lw=2)
        seen = {row[4] for row in rows[:i]}
        axes.plot(value, i, label=None if kind in seen else kind, ls="none", **looks[kind])
        for x, side, text in ((0, "left", label), (1, "right", percent(value))):
            axes.text(x, i - 0.27, text, transform=axes.get_yaxis_transform(), ha=side, va="baseline")
        interval = f", interval {percent(ends[0])} to {percent(ends[1])}" if ends[0] < ends[1] else ""
        sentences.append(f"{label} ({kind}): {percent(value)}{interval}")
    axes.set_ylim(len(rows) - 0.5, -0.9)
    axes.set_yticks([])
    axes.grid(False)
    axes.set_xlabel("error rate")
    fitting(axes, "x", [v for _, *values, _ in rows for v in values if v is not None], percent)
    legend(figure, axes)
    return finish(figure, f"Error rates. {'; '.join(sentences)}.")


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
    figure = chart(34 * len(runs) + 72)
    axes = figure.subplots()
    sentences = []
    for i, (name, values) in enumerate(runs.items()):
        mean = float(np.mean(values))
        words = f"{name}: mean {percent(mean)} of {len(values)} run{'s' * (len(values) > 1)}"
        words += f", from {percent(min(values))} to {percent(max(values))}" if len(values) > 1 else ""
        axes.axhline(i, color=INK, lw=0.7, alpha=0.16)
        if name in intervals:
            axes.hlines(i, *intervals[name], color=BLUE, lw=6, alpha=0.3)
            words += f", interval {percent(intervals[name][0])} to {percent(intervals[name][1])}"
        axes.plot(values, [i] * len(values), ls="none", marker="o", ms=5.5, color=BLUE, alpha=0.75)
        axes.plot(mean, i, ls="none", marker="|", ms=15, mew=2.4, color=BLUE)
        if name in paper:
            axes.plot(paper[name], i, ls="none", marker="D", ms=6, color=VERMILLION)
            words += f", the paper's {percent(paper[name])}"
        for x, side, text in ((0, "left", name), (1, "right", percent(mean))):
            axes.text(x, i - 0.3, text, transform=axes.get_yaxis_transform(), ha=side, va="baseline")
        sentences.append(words)
    axes.set_ylim(len(runs) - 0.5, -0.9)
    axes.set_yticks([])
    axes.grid(False)
    axes.set_xlabel(what)
    ends = itertools.chain(*runs.values(), *intervals.values(), paper.values())
    around(axes, "x", list(ends))
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
    if matrix.shape != (n, n):
        raise ValueError(
            f"confusion: expected a matrix of ({n}, {n}) for {n} class names, got {matrix.shape}"
        )
    widest = max(text_width(name) for name in class_names)
    left, cell = widest + 10, (WIDTH - widest - 12) / n
    turned = widest > cell - 3
    above = 22 + (widest + 4 if turned else 13)
    figure, axes = sheet(WIDTH, above + cell * n + 2)
    axes.text(0, 11, "true class by row, predicted class by column", alpha=MUTED, size=SMALL, va="baseline")
    for i, name in enumerate(class_names):
        axes.text(left - 5, above + cell * (i + 0.5), name, size=SMALL, ha="right", va="center_baseline")
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
            axes.text(x, y, str(matrix[i, j]), size=SMALL, ha="center", va="center_baseline")
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [(*np.unravel_index(k, wrong.shape), wrong.flat[k]) for k in order if wrong.flat[k]]
    mistakes = [f"{class_names[i]} taken for {class_names[j]} ({count})" for i, j, count in pairs]
    alt = f"Confusion matrix of {n} classes: {right.sum()} of {matrix.sum()} right"
    return finish(figure, f"{alt}; most frequent mistakes: {listed(mistakes) if mistakes else 'none'}.")


def _lines(
    axes: Axes,
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    markers: bool = False,
    **look: Any,
) -> None:
    """Draw a line for each series of x and y, in colours, dashes and perhaps marks of its own."""
    signs = "osD^vP" if markers else itertools.repeat("")
    for (name, (x, y)), colour, dash, sign in zip(series.items(), PALETTE, _dashes(), signs, strict=False):
        axes.plot(x, y, color=colour, ls=dash, marker=sign, ms=5, label=name, **look)


def _framed(
    figure: Figure,
    axes: Axes,
    what: str,
    by: str,
    values: Sequence[float],
    mark: tuple[str, float] | None,
    sentences: Sequence[str],
) -> Drawing:
    """Finish curves of a quantity: the mark to reach, the scale that fits, title, legend and description."""
    show, quantity = _writer(what), what.replace("_", " ")
    if mark:
        label = f"{mark[0]}, {show(mark[1])}"
        axes.axhline(mark[1], color=INK, ls=(0, (5, 3)), lw=1.3, label=label)
        values, sentences = [*values, mark[1]], [*sentences, label]
    fitting(axes, "y", values, show)
    axes.set_title(quantity)
    legend(figure, axes)
    return finish(figure, f"{quantity.capitalize()} by {by}: {'; '.join(sentences)}.")


def _writer(what: str) -> Callable[[float], str]:
    """How a quantity is written: an error in per cent."""
    return percent if what.endswith("_error") else short


def _numbered(values: Sequence[float]) -> tuple[range, Sequence[float]]:
    """Values and their numbers, from 1."""
    return range(1, len(values) + 1), values


def _epochs(axes: Axes) -> None:
    """Make the x axis count epochs, the first being 1."""
    axes.set_xlim(left=0.5)
    counted(axes, "epoch")


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
        low, high = intervals.get(name, (mean, mean))
        outside = f"comparison: {name}: the mean {mean} lies outside its interval {low} to {high}"
        require(low <= mean <= high, outside)


def _dashes() -> Iterable[str]:
    """Line styles that tell curves apart where they run close together."""
    return itertools.cycle(("-", "--", "-."))


def _plain(value: float) -> str:
    """Write a small number without an exponent."""
    return f"{value:.10f}".rstrip("0").rstrip(".")
