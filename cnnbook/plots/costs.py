"""Errors against what was paid for them: years, multiply-adds, parameters, a setting."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator

from cnnbook.plots.scales import amount, amounts, around
from cnnbook.plots.words import check_interval, with_interval
from cnnlib.plots.drawing import Drawing, chart, finish, legend, text_width
from cnnlib.plots.look import BLUE, INK, SMALL, VERMILLION, styled
from cnnlib.plots.scales import from_zero
from cnnlib.plots.words import capitalised, percent, require

# Left, top, right and bottom in points, y upwards as in Matplotlib: bottom is below top.
_Box = tuple[float, float, float, float]
# Where a label may stand: to the right, left, above, below, and in the corners; and how far from the mark.
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_GAPS = (2, 10, 18, 26, 34, 44, 54)


@styled
def over_the_years(rows: Sequence[tuple[str, int, float, int, str]]) -> Drawing:
    """Draw published top-5 errors by year, each mark as large in area as its network has parameters.

    Marks of one year stand side by side in the order of the rows.

    Args:
        rows: name, year, error as a fraction, parameters, and kind: "single net" or "ensemble".

    Raises:
        ValueError: there are no rows, a kind is unknown, or an error or a number of parameters is not above
            0.
    """
    # Colour and sign; Matplotlib's size of such a sign for its area, and the square of half its width.
    looks = {"single net": (BLUE, "o", 4 / math.pi, 1 / math.pi), "ensemble": (VERMILLION, "D", 1.0, 0.5)}
    require(rows, "over_the_years: nothing to draw, there are no rows")
    for name, _, error, params, kind in rows:
        found = f"over_the_years: {name}: kind must be one of {', '.join(looks)}, not {kind!r}"
        require(kind in looks, found)
        require(error > 0 and params > 0, f"over_the_years: {name} needs an error and parameters above 0")
    figure, axes = chart(330)
    # Area of one parameter, in square points.
    one = 300 / max(params for *_, params, _ in rows)
    places = _side_by_side([year for _, year, *_ in rows])
    for x, (_, _, error, params, kind) in zip(places, rows, strict=True):
        colour, marker, size, _ = looks[kind]
        axes.scatter(x, error, size * one * params, color=colour, marker=marker, alpha=0.65, lw=0)
    for kind, (colour, marker, *_) in looks.items():
        if kind in {row[4] for row in rows}:
            axes.scatter([], [], 40, color=colour, marker=marker, alpha=0.65, lw=0, label=kind)
    years = [row[1] for row in rows]
    axes.set_xlim(min(years) - 0.55, max(years) + 0.55)
    axes.xaxis.set_major_locator(MultipleLocator(max(1, math.ceil((max(years) - min(years)) / 8))))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("year; area of a mark: parameters")
    axes.set_title("top-5 error")
    from_zero(axes, "y", [row[2] for row in rows], percent)
    legend(figure, axes)
    points = [(x, row[2], f"{row[0]} {percent(row[2])}") for x, row in zip(places, rows, strict=True)]
    _name(figure, axes, points, [math.sqrt(one * params * looks[kind][3]) for *_, params, kind in rows])
    told = [
        f"{name} ({year}, {kind}, {amount(params)} parameters): {percent(error)}"
        for name, year, error, params, kind in rows
    ]
    return finish(figure, f"Top-5 error by year. {'; '.join(told)}.")


@styled
def against(
    rows: Sequence[tuple[str, float, float, float | None, float | None]],
    x: str = "multiply-adds",
    what: str = "error rate",
) -> Drawing:
    """Draw the errors of networks against what they cost, on a logarithmic axis.

    Args:
        rows: name, cost, error as a fraction, lower and upper end of the error's interval (None for none).
        x: the cost.
        what: what the errors are errors of.

    Raises:
        ValueError: there are no rows, a cost is not above 0, or an error lies outside its interval.
    """
    require(rows, "against: nothing to draw, there are no rows")
    for name, cost, error, low, high in rows:
        require(cost > 0, f"against: {name} costs {cost}, which a logarithm does not exist for")
        check_interval(f"against: {name}", error, low, high)
    figure, axes = chart(280)
    for _, cost, error, low, high in rows:
        _mark(axes, cost, error, low, high)
    amounts(axes, [row[1] for row in rows], x)
    axes.set_xlim(right=3 * max(row[1] for row in rows))  # names stand to the right of their marks
    axes.set_title(what)
    from_zero(axes, "y", [max(error, high or error) for *_, error, _, high in rows], percent)
    points = [(cost, error, f"{name} {percent(error)}") for name, cost, error, *_ in rows]
    bars = [(cost, low, high) for _, cost, _, low, high in rows if low is not None and high is not None]
    _name(figure, axes, points, [4.0] * len(rows), bars)
    told = [
        f"{name}: {with_interval(error, low, high)} at {amount(cost)}"
        for name, cost, error, low, high in rows
    ]
    return finish(figure, f"{capitalised(what)} against {x}. {'; '.join(told)}.")


@styled
def sweep(
    rows: Sequence[tuple[float, float, float | None, float | None]], xlabel: str, what: str = "test error"
) -> Drawing:
    """Draw an error with its interval at every value of a setting, on an axis that counts doublings.

    Args:
        rows: the setting, the error as a fraction, lower and upper end of its interval (None for none).
        xlabel: the setting.
        what: what the errors are errors of.

    Raises:
        ValueError: there are no rows, a setting is not above 0 or comes twice, or an error lies outside its
            interval.
    """
    require(rows, "sweep: nothing to draw, there are no rows")
    values = [row[0] for row in rows]
    apart = min(values) > 0 and len(set(values)) == len(values)
    require(apart, f"sweep: expected settings above 0, each once, got {values}")
    for value, error, low, high in rows:
        check_interval(f"sweep: {value}", error, low, high)
    rows = sorted(rows)
    figure, axes = chart(260)
    axes.plot([row[0] for row in rows], [row[1] for row in rows], color=BLUE, lw=1, alpha=0.6)
    for value, error, low, high in rows:
        _mark(axes, value, error, low, high)
        at = (value, error if high is None else high)
        axes.annotate(percent(error), at, (0, 6), textcoords="offset points", size=SMALL, ha="center")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.3g}"))
    axes.margins(x=0.1)
    axes.set_xlabel(xlabel)
    axes.set_title(what)
    around(axes, "y", [end for row in rows for end in row[1:] if end is not None])
    low_end, high_end = axes.get_ylim()
    axes.set_ylim(low_end, high_end + 0.08 * (high_end - low_end))
    told = [f"{value:,.3g}: {with_interval(error, low, high)}" for value, error, low, high in rows]
    return finish(figure, f"{capitalised(what)} by {xlabel}. {'; '.join(told)}.")


def _side_by_side(years: Sequence[int]) -> list[float]:
    """Spread equal years around themselves, each within 0.3."""
    places = []
    for i, year in enumerate(years):
        count, before = years.count(year), years[:i].count(year)
        places.append(year + 0.6 * ((before + 0.5) / count - 0.5))
    return places


def _mark(axes: Axes, x: float, error: float, low: float | None, high: float | None) -> None:
    """Draw an error as a dot on the line of its interval."""
    if low is not None and high is not None:
        axes.vlines(x, low, high, color=BLUE, lw=5, alpha=0.3)
    axes.plot(x, error, ls="none", marker="o", ms=7, color=BLUE)


def _name(
    figure: Figure,
    axes: Axes,
    points: Sequence[tuple[float, float, str]],
    radii: Sequence[float],
    bars: Sequence[tuple[float, float, float]] = (),
) -> None:
    """Write a label beside every point, where it covers no mark and no other label.

    Args:
        figure: the figure, finished but for the labels.
        axes: its axes.
        points: x and y in data, and the label.
        radii: of the points' marks, in points of the page.
        bars: upright lines that no label should cover either, x and the ends in data.
    """
    figure.draw_without_rendering()
    inch = 72 / figure.dpi

    def on_page(pairs: Sequence[tuple[float, float]]) -> np.ndarray:
        return np.asarray(axes.transData.transform(pairs)) * inch

    at = on_page([(x, y) for x, y, _ in points])
    left, low, right, high = (float(end) * inch for end in axes.get_window_extent().extents)
    taken = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(at, radii, strict=True)]
    for x, *ends in bars:
        (across, foot), (_, top) = on_page([(x, end) for end in ends])
        taken.append((across - 2, foot, across + 2, top))
    for (x, y, text), (middle, base), radius in zip(points, at, radii, strict=True):
        width = text_width(text)
        places = [_moved(side, radius, width, gap) for gap in _GAPS for side in _SIDES]
        corners = [(middle + dx, base + dy) for dx, dy in places]
        boxes = [(a, b - 1, a + width, b + SMALL) for a, b in corners]
        costs = [_covered(box, taken, (left, low, right, high)) for box in boxes]
        costs[len(_SIDES) :] = [
            cost + 5 + _crossed((middle, base), box, taken)
            for cost, box in zip(costs[len(_SIDES) :], boxes[len(_SIDES) :], strict=True)
        ]
        best = int(np.argmin(costs))
        taken.append(boxes[best])
        look: dict[str, Any] = {"arrowstyle": "-", "color": INK, "lw": 0.6, "alpha": 0.5, "shrinkA": 1}
        label = axes.annotate(
            text,
            (x, y),
            places[best],
            textcoords="offset points",
            size=SMALL,
            arrowprops=look | {"shrinkB": radius} if best >= len(_SIDES) else None,
        )
        label.set_in_layout(False)


def _moved(side: tuple[int, int], radius: float, width: float, gap: float) -> tuple[float, float]:
    """How far the lower left corner of a label is from its point, on one side of the mark."""
    across, up = side
    reach = (radius + gap) * (0.75 if across and up else 1)
    dx = {1: reach, 0: -width / 2, -1: -width - reach}[across]
    dy = {1: reach, 0: -0.36 * SMALL, -1: -reach - 0.8 * SMALL}[up]
    return dx, dy


def _covered(box: _Box, taken: Sequence[_Box], frame: _Box) -> float:
    """Area of the boxes that a box covers, and of itself outside a frame."""

    def common(a: _Box, b: _Box) -> float:
        wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        return max(wide, 0) * max(high, 0)

    outside = (box[2] - box[0]) * (box[3] - box[1]) - common(box, frame)
    return sum(common(box, other) for other in taken) + 10 * max(outside, 0)


def _crossed(point: tuple[float, float], box: _Box, taken: Sequence[_Box]) -> float:
    """Area of boxes below a broad line from a mark, where it may begin, to the middle of a label."""
    ends = np.array([point, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)])
    line = ends[0] + np.linspace(0, 1, 50)[:, np.newaxis] * (ends[1] - ends[0])
    others = [b for b in taken if not (b[0] <= point[0] <= b[2] and b[1] <= point[1] <= b[3])]
    inside = sum(bool(b[0] <= x <= b[2] and b[1] <= y <= b[3]) for x, y in line for b in others)
    return 6.0 * inside / len(line) * float(np.hypot(*(ends[1] - ends[0])))
