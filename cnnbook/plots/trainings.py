"""Trainings beside each other: their rates, and their curves over several seeds."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from cnnbook.plots.words import briefly
from cnnlib.plots.curves import finish_curves, told, writer
from cnnlib.plots.drawing import Drawing, chart, finish, legend
from cnnlib.plots.look import BLUE, PALETTE, VERMILLION, check_series, styled
from cnnlib.plots.scales import counted, log
from cnnlib.plots.words import require


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
    axes.set_xlim(left=0.5)
    counted(axes, "epoch")
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
        sentences.append(told(label, mean, show))
    if live:
        curve = list(live[what])
        axes.plot(range(1, len(curve) + 1), curve, color=VERMILLION, marker="o", ms=4, label="this run")
        sentences.append(told("this run", curve, show))
    axes.set_xlim(left=0.5)
    counted(axes, "epoch")
    return finish_curves(
        figure, axes, what, "epoch", [v for run in runs for v in run[what]], paper, sentences
    )


def _plain(value: float) -> str:
    """Write a small number without an exponent."""
    return f"{value:.10f}".rstrip("0").rstrip(".")
