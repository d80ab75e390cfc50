"""Words and numbers of figures."""

from collections.abc import Iterable, Sequence


def require(condition: object, message: str) -> None:
    """Refuse a figure with this message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def capitalised(text: str) -> str:
    """Begin a text with a capital and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def times(shape: Sequence[int]) -> str:
    """Write a shape with the sign of multiplication: 28x28x6."""
    return "\N{MULTIPLICATION SIGN}".join(f"{n:,}" for n in shape)


def listed(items: Iterable[object]) -> str:
    """Write items one after the other, with commas."""
    return ", ".join(map(str, items))


def short(value: float) -> str:
    """Write a number to three digits, with a true minus sign."""
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def percent(value: float) -> str:
    """Write a fraction in per cent, to three digits."""
    return f"{100 * value:.3g}%"
