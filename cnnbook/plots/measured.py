"""What was measured: errors beside the paper's, responses of layers."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnbook.plots.scales import decades
from cnnbook.plots.words import check_interval, with_interval
from cnnlib.plots.curves import draw_lines, numbered
from cnnlib.plots.drawing import Drawing, chart, check_label, finish, legend
from cnnlib.plots.look import BLUE, GREY, INK, VERMILLION, check_series, styled
from cnnlib.plots.scales import counted, fitting, log
from cnnlib.plots.words import capitalised, listed, percent, require, short


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
    kinds: dict[str, dict[str, Any]] = {
        "paper": {"color": VERMILLION, "marker": "D", "ms": 6.5},
        "recorded": {"color": BLUE, "marker": "o", "ms": 7.5},
        "quick": {"color": GREY, "marker": "o", "ms": 6.5, "mfc": "none", "mew": 1.6},
    }
    require(rows, "errors: nothing to draw, there are no rows")
    for label, value, low, high, kind in rows:
        require(kind in kinds, f"errors: {label}: kind must be one of {listed(kinds)}, not {kind!r}")
        check_label(label, percent(value))
        check_interval(f"errors: {label}", value, low, high)
    figure, axes = error_lines(len(rows), "error rate")
    for i, (label, value, low, high, kind) in enumerate(rows):
        error_line(axes, i, label, value, 0.27)
        ends = (value, value) if low is None or high is None else (low, high)
        axes.hlines(i, *ends, color=kinds[kind]["color"], lw=2)
        seen = {row[4] for row in rows[:i]}
        axes.plot(value, i, label=None if kind in seen else kind, ls="none", **kinds[kind])
    sentences = [
        f"{label} ({kind}): {with_interval(value, low, high)}" for label, value, low, high, kind in rows
    ]
    fitting(axes, "x", [v for _, *values, _ in rows for v in values if v is not None], percent)
    legend(figure, axes)
    return finish(figure, f"Error rates. {'; '.join(sentences)}.")


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
    figure, axes = chart(270)
    draw_lines(axes, numbered(series), lw=1.6)
    fitting(axes, "y", [*itertools.chain(*series.values())], short)
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
