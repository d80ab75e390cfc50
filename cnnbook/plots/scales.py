"""Scales of axes that count amounts, settings and doublings."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from cnnlib.plots.scales import linear, log
from cnnlib.plots.words import percent

_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
_LARGE = ((1e12, "T", "trillion"), (1e9, "G", "billion"), (1e6, "M", "million"))


def amounts(axes: Axes, values: Sequence[float], what: str) -> None:
    """Make the x axis logarithmic, with large numbers in millions and more: 5 M, 1 G; and say what M is."""
    log(axes, "x", amount)
    spread, middle = max(values) / min(values), math.sqrt(max(values) * min(values))
    if spread < 8:
        # Less than this holds too few of 1, 2 and 5.
        axes.set_xlim(middle / 3.2, middle * 3.2)
    if spread > 200:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if spread < 1e4 else (1,), numticks=9))
    low, high = axes.get_xlim()
    signs = {amount(tick)[-1] for tick in axes.get_xticks() if low <= tick <= high}
    used = [f"{sign}: {word}" for _, sign, word in reversed(_LARGE) if sign in signs]
    axes.set_xlabel(what + (f" ({', '.join(used)})" if used else ""))


def amount(value: float) -> str:
    """Write an amount to three digits, in millions, billions or trillions where it is large: 15.5 G."""
    for size, sign, _ in _LARGE:
        if value >= size:
            return f"{value / size:.3g} {sign}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def around(axes: Axes, which: str, values: Sequence[float]) -> None:
    """Make the x or y axis cover the values and a margin, not 0, with plain percentages."""
    margin = 0.08 * (max(values) - min(values)) or 0.1 * max(values) or 0.01
    axes.set(**{f"{which}lim": (max(0, min(values) - margin), max(values) + margin)})
    linear(axes.xaxis if which == "x" else axes.yaxis, percent)


def doublings(axes: Axes, values: Sequence[int]) -> None:
    """Make the y axis logarithmic to base 2, with at most seven plain numbers."""
    low, high = math.floor(math.log2(min(values))), math.ceil(math.log2(max(values)))
    axes.set_yscale("log", base=2)
    axes.set_yticks([2**i for i in range(low, high + 1, 1 + (high - low) // 7)])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def decades(axes: Axes) -> None:
    """Make the y axis logarithmic, with at most seven powers of ten."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda v, _: "10" + str(round(math.log10(v))).translate(_RAISED))
