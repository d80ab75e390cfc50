"""Words of figures about errors and their intervals."""

from collections.abc import Sequence

from cnnlib.plots.words import listed, percent, require


def check_interval(where: str, value: float, low: float | None, high: float | None) -> None:
    """Refuse half an interval, and one without its value."""
    require((low is None) == (high is None), f"{where}: an interval needs both ends, got {low} and {high}")
    within = low is None or high is None or low <= value <= high
    require(within, f"{where}: {value} lies outside its interval {low} to {high}")


def with_interval(value: float, low: float | None, high: float | None) -> str:
    """Write a fraction in per cent, with its interval where that has a width."""
    if low is None or high is None or low == high:
        return percent(value)
    return f"{percent(value)}, interval {percent(low)} to {percent(high)}"


def briefly(items: Sequence[object], most: int) -> str:
    """List items, of more than `most` the first, how many come between, and the last."""
    if len(items) <= most:
        return listed(items)
    return f"{items[0]}, {len(items) - 2} more, {items[-1]}"
