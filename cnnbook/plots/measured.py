"""What was measured: errors beside the paper's, responses of layers."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnlib.plots.curves import draw_lines, numbered
from cnnlib.plots.drawing import (
    BLUE,
    GREY,
    VERMILLION,
    Drawing,
    capitalised,
    chart,
    check_interval,
    check_label,
    check_series,
    finish,
    legend,
    listed,
    percent,
    require,
    short,
    styled,
    with_interval,
)
from cnnlib.plots.results import error_line, error_lines
from cnnlib.plots.scales import counted, fitting


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
