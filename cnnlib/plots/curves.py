"""Curves: a quantity by epoch or by layer."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnlib.plots.drawing import (
    BLUE,
    INK,
    PALETTE,
    VERMILLION,
    Drawing,
    briefly,
    capitalised,
    chart,
    check_series,
    finish,
    legend,
    looks,
    percent,
    require,
    short,
    styled,
)
from cnnlib.plots.scales import counted, decades, fitting, log


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
    figure, axes = chart(270)
    for name, sizes in gradients.items():
        above = len(sizes) and all(0 < size < math.inf for size in sizes)
        require(above, f"vanishing: {name} needs finite values above 0, which a logarithm exists for")
    draw_lines(axes, numbered(gradients), markers=True)
    values = [*itertools.chain(*gradients.values())]
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
def schedule(rates: Mapping[str, Sequence[float]]) -> Drawing:
    """Draw learning rates by epoch, each held for the whole of its epoch, on a logarithmic axis.

    Args:
        rates: for each schedule the rate of every epoch, the first epoch first.

    Raises:
        ValueError: there is no schedule, more than there are colours, or a rate is not above 0.
    """
    check_series(rates, "schedule")
    figure, axes = chart(230)
    sentences = []
    # Schedules often coincide for some epochs: a later one is drawn thinner, the earlier shows on both sides.
    for (name, values), colour, width in zip(rates.items(), PALETTE, (5.0, 2.2, 1.2, 1, 1, 1), strict=False):
        require(len(values) and min(values) > 0, f"schedule: {name} needs rates above 0")
        edges = np.arange(len(values) + 1) + 0.5
        axes.stairs(values, edges, baseline=None, color=colour, lw=width, label=name)
        phases = [(rate, len(list(group))) for rate, group in itertools.groupby(values)]
        sentences.append(f"{name}: {briefly([f'{_plain(rate)} for {n}' for rate, n in phases], 8)} epochs")
    axes.set_title("learning rate")
    _count(axes)
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
    figure, axes = chart(250)
    show, sentences = writer(what), []
    curves = [list(history[what]) for history in recorded]
    for i, curve in enumerate(curves):
        label = "each recorded run" if i == 0 and len(curves) > 1 else None
        axes.plot(range(1, len(curve) + 1), curve, color=BLUE, lw=0.8, alpha=0.6, label=label)
    if curves:
        mean = np.mean([curve[: min(map(len, curves))] for curve in curves], axis=0)
        label = f"mean of {len(curves)} recorded runs" if len(curves) > 1 else "recorded run"
        axes.plot(range(1, len(mean) + 1), mean, color=BLUE, lw=2.4, label=label)
        sentences.append(_told(label, mean, show))
    if live:
        curve = list(live[what])
        axes.plot(range(1, len(curve) + 1), curve, color=VERMILLION, marker="o", ms=4, label="this run")
        sentences.append(_told("this run", curve, show))
    _count(axes)
    return finish_curves(
        figure, axes, what, "epoch", [v for run in runs for v in run[what]], paper, sentences
    )


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
    _count(axes, by)
    sentences = [_told(name, values, writer(what), by) for name, values in runs.items()]
    return finish_curves(figure, axes, what, by, [*itertools.chain(*runs.values())], mark, sentences)


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


def _count(axes: Axes, by: str = "epoch") -> None:
    """Make the x axis count from 1."""
    axes.set_xlim(left=0.5)
    counted(axes, by)


def _told(name: str, values: Sequence[float], show: Callable[[float], str], by: str = "epoch") -> str:
    """Tell a curve in words."""
    return f"{name}, from {show(values[0])} to {show(values[-1])} in {len(values)} {by}s"


def _plain(value: float) -> str:
    """Write a small number without an exponent."""
    return f"{value:.10f}".rstrip("0").rstrip(".")
