"""Transfer: what it did to the errors."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from cnnbook.plots.scales import around
from cnnbook.plots.words import check_interval, with_interval
from cnnlib.plots.drawing import Drawing, chart, finish, legend, sheet, text_width
from cnnlib.plots.look import (
    BLUE,
    GREY,
    INK,
    OCHRE,
    SMALL,
    TEXT,
    VERMILLION,
    WIDTH,
    check_series,
    looks,
    styled,
)
from cnnlib.plots.scales import from_zero
from cnnlib.plots.words import listed, percent, require

# Height of a level's line in a panel of `levels`, in points.
_LINE = 19.0
# What a network of each kind is made of, its colour and its sign; a hollow sign on a dashed line learns on.
_KINDS: dict[str, tuple[str, str, str]] = {
    "BnB": ("own half, frozen", BLUE, "o"),
    "AnB": ("other half, frozen", VERMILLION, "s"),
    "BnB+": ("own half, trained", BLUE, "o"),
    "AnB+": ("other half, trained", VERMILLION, "s"),
}


@styled
def by_layer(
    series: Mapping[str, Mapping[int, tuple[float, float, float]]],
    base: tuple[float, float, float],
) -> Drawing:
    """Draw test errors by how many layers were copied, and how: figure 2 of Yosinski et al. 2014.

    Marks of one number of layers stand side by side, so that their intervals are told apart.

    Args:
        series: for "BnB", "AnB", "BnB+" and "AnB+", or some of them, by number of copied layers the mean
            error and the ends of its interval, as fractions.
        base: error of the network that was trained without transfer, and the ends of its interval.

    Raises:
        ValueError: there are no series, another name or a number of layers below 1, or an error lies outside
            its interval.
    """
    require(series and all(series.values()), "by_layer: nothing to draw, a series or all of them are empty")
    for kind, row in series.items():
        require(kind in _KINDS, f"by_layer: a series must be one of {listed(_KINDS)}, not {kind!r}")
        require(min(row) > 0, f"by_layer: {kind} needs numbers of layers from 1, got {listed(row)}")
        for n, values in row.items():
            check_interval(f"by_layer: {kind}, {n} layers", *values)
    check_interval("by_layer: base", *base)
    numbers = sorted(set(itertools.chain(*series.values())))
    figure, axes = chart(280)
    axes.axhspan(base[1], base[2], color=GREY, alpha=0.25, lw=0)
    axes.axhline(base[0], color=GREY, lw=1.4, label=f"no transfer: {percent(base[0])}")
    for i, (kind, row) in enumerate(series.items()):
        words, colour, sign = _KINDS[kind]
        shift = 0.13 * (i - (len(series) - 1) / 2)
        x = [n + shift for n in sorted(row)]
        mean, low, high = zip(*(row[n] for n in sorted(row)), strict=True)
        axes.vlines(x, low, high, color=colour, lw=1.2, alpha=0.7)
        look: dict[str, Any] = {"ls": "--", "mfc": "none", "mew": 1.4} if "+" in kind else {}
        axes.plot(x, mean, color=colour, marker=sign, ms=5.5, lw=1.4, label=f"{kind}: {words}", **look)
    axes.set_xlim(numbers[0] - 0.45, numbers[-1] + 0.45)
    axes.set_xticks(numbers)
    axes.set_xlabel("copied layers, n")
    axes.set_title("test error")
    around(axes, "y", [v for row in series.values() for values in row.values() for v in values] + [*base])
    legend(figure, axes)
    told = [
        f"{kind} ({_KINDS[kind][0]}): {listed(f'{percent(row[n][0])} at n = {n}' for n in sorted(row))}"
        for kind, row in series.items()
    ]
    alt = f"Test error by number of copied layers; without transfer it is {with_interval(*base)}. "
    return finish(figure, f"{alt}{'; '.join(told)}.")


@styled
def levels(rows: Mapping[str, Mapping[str, Sequence[float]]], advised: Mapping[str, str]) -> Drawing:
    """Draw the test errors of every level of transfer, scenario by scenario, and the level that is advised.

    Every run is a dot, their mean a bar. Each scenario has a scale of its own, which need not begin at 0.

    Args:
        rows: for each scenario and level the error of every run, as fractions.
        advised: the advised level of each scenario.

    Raises:
        ValueError: there are no scenarios, one has no level or a level no run, the advised level is not among
            them, or a name is longer than its place.
    """
    require(rows, "levels: nothing to draw, there are no scenarios")
    for scenario, row in rows.items():
        _check_levels(scenario, row, advised)
    left = 1.15 * max(text_width(level) for row in rows.values() for level in row) + 8
    height = sum(_LINE * len(row) + 46 for row in rows.values()) + 12
    figure, page = sheet(WIDTH, height)
    sentences, top = [], 20.0
    for scenario, row in rows.items():
        best = min(row, key=lambda level: float(np.mean(row[level])))
        page.text(0, top - 7, scenario, weight="bold", va="baseline")
        advice = f"advised: {advised[scenario]}"
        page.text(WIDTH, top - 7, advice, size=SMALL, ha="right", va="baseline")
        high = _LINE * len(row)
        place = (left / WIDTH, 1 - (top + high) / height, (WIDTH - left - 44) / WIDTH, high / height)
        _panel(figure.add_axes(place), row, advised[scenario])
        sentences.append(f"{scenario}, advised {advised[scenario]}, lowest mean {best}: {_levels_told(row)}")
        top += high + 46
    page.text(left + (WIDTH - left - 44) / 2, height - 6, "test error", ha="center", va="baseline")
    return finish(figure, f"Test error by level of transfer. {'. '.join(sentences)}.")


@styled
def over_images(
    series: Mapping[str, Mapping[int, Sequence[float]]], counted: str = "training images"
) -> Drawing:
    """Draw test errors by how many images there were to train on, on a logarithmic axis.

    Every run is a pale dot, the line goes through the means.

    Args:
        series: for each level of transfer and number of training images the error of every run, as fractions.
        counted: what the numbers count, for instance images of each class.

    Raises:
        ValueError: there are no series, more than there are colours, one is empty, a number of images is
            below 1 or has no run.
    """
    check_series(series, "over_images")
    for name, row in series.items():
        require(row, f"over_images: {name} is empty")
        require(min(row) > 0, f"over_images: {name} needs numbers of images from 1, got {listed(row)}")
        for n, values in row.items():
            require(len(values), f"over_images: {name} has no run with {n:,} images")
    figure, axes = chart(280)
    sentences = []
    for name, row, colour, dash, sign in looks(series):
        means = {n: float(np.mean(row[n])) for n in sorted(row)}
        dots = [(n, value) for n, values in row.items() for value in values]
        axes.plot(*zip(*dots, strict=True), color=colour, ls="none", marker=sign, ms=5, alpha=0.4, mew=0)
        axes.plot(list(means), list(means.values()), color=colour, ls=dash, marker=sign, ms=5.5, label=name)
        sentences.append(f"{name}: {listed(f'{percent(mean)} with {n:,}' for n, mean in means.items())}")
    _image_counts(axes, sorted(set(itertools.chain(*series.values()))), counted)
    axes.set_title("test error")
    everything = [value for row in series.values() for values in row.values() for value in values]
    from_zero(axes, "y", everything, percent)
    legend(figure, axes)
    alt = f"Test error by number of {counted}, means of the runs. {'; '.join(sentences)}."
    return finish(figure, alt)


def _check_levels(scenario: str, row: Mapping[str, Sequence[float]], advised: Mapping[str, str]) -> None:
    """Refuse a scenario without levels or runs, or one whose advised level is not there."""
    require(row, f"levels: {scenario} has no level")
    for level, values in row.items():
        require(len(values), f"levels: {scenario}: {level} has no run")
        require(text_width(level) < 0.45 * WIDTH, f"levels: no room for {level!r}; write it shorter")
    require(scenario in advised, f"levels: no level is advised for {scenario}")
    level = advised[scenario]
    require(level in row, f"levels: {scenario}: the advised level {level!r} is not one of {listed(row)}")
    needed = 1.15 * text_width(scenario, TEXT) + text_width(f"advised: {level}")
    fits = needed < WIDTH - 8
    require(fits, f"levels: {scenario!r} leaves no room for its advised level; write it shorter")


def _panel(axes: Axes, row: Mapping[str, Sequence[float]], advised: str) -> None:
    """Draw a line for each level: its runs, their mean, and a band behind the advised one."""
    for i, (level, values) in enumerate(row.items()):
        mean = float(np.mean(values))
        if level == advised:
            axes.axhspan(i - 0.5, i + 0.5, color=OCHRE, alpha=0.22, lw=0)
        axes.axhline(i, color=INK, lw=0.7, alpha=0.16)
        axes.plot(values, [i] * len(values), ls="none", marker="o", ms=5, color=BLUE, alpha=0.75)
        axes.plot(mean, i, ls="none", marker="|", ms=13, mew=2.4, color=BLUE)
        place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "size": SMALL}
        axes.text(1.04, i, percent(mean), va="center_baseline", **place)
    axes.set_ylim(len(row) - 0.5, -0.5)
    axes.set_yticks(range(len(row)), row)
    axes.get_yticklabels()[list(row).index(advised)].set_fontweight("bold")
    axes.grid(False, axis="y")
    around(axes, "x", [value for values in row.values() for value in values])


def _levels_told(row: Mapping[str, Sequence[float]]) -> str:
    """Say the errors of every level."""
    told = []
    for level, values in row.items():
        ends = f" ({percent(min(values))} to {percent(max(values))}, {len(values)} runs)"
        told.append(f"{level} {percent(float(np.mean(values)))}{ends if len(values) > 1 else ''}")
    return "; ".join(told)


def _image_counts(axes: Axes, numbers: Sequence[int], counted: str) -> None:
    """Make the x axis logarithmic, with a number at every count far enough from the last."""
    axes.set_xscale("log")
    span = math.log(numbers[-1] / numbers[0]) or 1.0
    ticks: list[int] = []
    for n in numbers:
        apart = math.log(n / ticks[-1]) / span * 250 if ticks else math.inf
        if apart > text_width(f"{n:,}") + 6:
            ticks.append(n)
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08)
    axes.set_xlabel(counted)
