"""Scales of axes: linear ones from 0 or around the values, logarithmic ones with numbers one can read."""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator


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
    linear(getattr(axes, f"{which}axis"), show)


def log(axes: Axes, which: str, show: Callable[[float], str], subs: Sequence[float] = (1, 2, 5)) -> None:
    """Make the x or y axis logarithmic, with plain numbers at 1, 2 and 5 or at other multiples of ten."""
    axes.set(**{f"{which}scale": "log"})
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: show(value))


def linear(axis: Axis, show: Callable[[float], str]) -> None:
    """Make an axis linear, with at most seven numbers."""
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(lambda value, _: show(value))
