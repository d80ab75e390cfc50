"""Scales of axes: linear ones from 0 or around the values, logarithmic ones with numbers one can read."""

import math
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from cnnlib.plots.drawing import percent

_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def counted(axes: Axes, what: str) -> None:
    """Make the x axis count something, the first being 1."""
    axes.set_xlabel(what)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def fitting(axes: Axes, which: str, values: Sequence[float], show: Callable[[float], str]) -> None:
    """Make the x or y axis logarithmic where the values need it, linear from 0 otherwise."""
    if min(values) > 0 and max(values) / min(values) > 8:
        log(axes, which, show)
    else:
        from_zero(axes, which, values, show)


def from_zero(axes: Axes, which: str, values: Sequence[float], show: Callable[[float], str]) -> None:
    """Make the x or y axis linear, from 0 to a little above the values."""
    axes.set(**{f"{which}lim": (0, max(values) * 1.06 or 1)})
    _linear(_axis(axes, which), show)


def around(axes: Axes, which: str, values: Sequence[float]) -> None:
    """Make the x or y axis cover the values and a margin, not 0, with plain percentages."""
    margin = 0.08 * (max(values) - min(values)) or 0.1 * max(values) or 0.01
    axes.set(**{f"{which}lim": (max(0, min(values) - margin), max(values) + margin)})
    _linear(_axis(axes, which), percent)


def log(axes: Axes, which: str, show: Callable[[float], str], subs: Sequence[float] = (1, 2, 5)) -> None:
    """Make the x or y axis logarithmic, with plain numbers at 1, 2 and 5 or at other multiples of ten."""
    axes.set(**{f"{which}scale": "log"})
    axis = _axis(axes, which)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def decades(axes: Axes) -> None:
    """Make the y axis logarithmic, with at most seven powers of ten."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: "10" + str(round(math.log10(value))).translate(_RAISED))
    )


def _linear(axis: Axis, show: Callable[[float], str]) -> None:
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def _axis(axes: Axes, which: str) -> Axis:
    return axes.xaxis if which == "x" else axes.yaxis
