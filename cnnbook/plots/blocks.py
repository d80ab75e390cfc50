"""What drawings of blocks are made of, and networks as stacks of blocks."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle

from cnnbook.plots.networks import layer_colour
from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import BLUE, INK, LABEL, MUTED, OCHRE, PURPLE, WIDTH, styled
from cnnlib.plots.words import require, times

if TYPE_CHECKING:
    from cnnlib.audit import Row


LINE: dict[str, Any] = {"color": INK, "alpha": 0.5, "lw": 0.9}
HEAD: dict[str, Any] = {"color": INK, "alpha": MUTED}


@styled
def stacks(columns: Mapping[str, Sequence[tuple[Sequence[Sequence[int | str]], bool]]]) -> Drawing:
    """Draw side by side what networks are stacked of, the image at the top.

    Args:
        columns: for each title its blocks from the image down, each as its branches, which hold for every
            layer the side of its kernel or a word, and whether a shortcut leads past it.

    Raises:
        ValueError: there are no columns or no blocks in one, a block has no layer, or a word has no room.
    """
    require(columns, "stacks: nothing to draw, there are no columns")
    gap, step, between = 16.0, 16.0, 18.0
    wide = WIDTH / len(columns) - between
    for title, blocks in columns.items():
        require(blocks, f"stacks: {title} has no blocks")
        for branches, _ in blocks:
            require(branches and all(branches), f"stacks: a block of {title} has no layer")
            room = wide / len(branches) - 1  # text_width is that of a wide font
            for word in (kernel_name(layer) for branch in branches for layer in branch):
                require(text_width(word) <= room, f"stacks: no room for {word!r}; write it shorter")
    tall = {
        title: [step * max(map(len, branches)) for branches, _ in blocks] for title, blocks in columns.items()
    }
    figure, axes = sheet(WIDTH, 26 + max(sum(heights) + gap * len(heights) for heights in tall.values()))
    for i, (title, blocks) in enumerate(columns.items()):
        left, top, above = (wide + between) * i, 34.0, 20.0
        middle, side = left + wide / 2, left + wide + 8
        axes.text(left, 11, title, weight="bold", va="baseline")
        for (branches, shortcut), height in zip(blocks, tall[title], strict=True):
            _beside_each_other(axes, (left, top), (wide, height), branches, above)
            above = top + height + (6 if shortcut else -3 if len(branches) == 1 else 1)
            if shortcut:
                axes.plot([middle, middle], [above - 9, above - 8], **LINE)
                axes.plot([middle, side, side, middle + 4], [top - 6, top - 6, *[above - 4] * 2], **LINE)
                plus(axes, (middle, above - 4), 4, 2.3)
            top += height + gap
    told = "; ".join(_told_stack(*column) for column in columns.items())
    return finish(figure, f"What networks are stacked of. {told}.")


def _beside_each_other(
    axes: Axes,
    corner: tuple[float, float],
    size: tuple[float, float],
    branches: Sequence[Sequence[int | str]],
    above: float,
) -> None:
    """Draw the branches of a block, the line that brings their input from above, and their pile."""
    (left, top), (wide, height) = corner, size
    slot, middle = wide / len(branches), left + wide / 2
    axes.plot([middle, middle], [above, top - 3], **LINE)
    if len(branches) > 1:
        axes.plot([left + slot / 2, left + wide - slot / 2], [top - 3] * 2, **LINE)
        axes.add_patch(Rectangle((left + 1, top + height - 1), wide - 2, 2, fc=INK, alpha=0.6, lw=0))
    for i, branch in enumerate(branches):
        x, first = left + slot * i, top + height - 16 * len(branch)
        axes.plot([x + slot / 2] * 2, [top - 3, first], **LINE)
        for j, layer in enumerate(branch):
            box(axes, x + 1, first + 16 * j, slot - 2, 13, kernel_colour(layer), kernel_name(layer))


def _told_stack(title: str, blocks: Sequence[tuple[Sequence[Sequence[int | str]], bool]]) -> str:
    """Tell a column in words, alike blocks that follow each other once."""
    words = [
        " beside ".join(" and ".join(map(kernel_name, branch)) for branch in branches)
        + (" with a shortcut" if shortcut else "")
        for branches, shortcut in blocks
    ]
    groups = [(word, len(list(same))) for word, same in itertools.groupby(words)]
    return f"{title}: " + ", then ".join(f"{word}, {n} times" if n > 1 else word for word, n in groups)


def box(axes: Axes, left: float, top: float, width: float, height: float, colour: str, word: str) -> None:
    """Draw a filled box with a word in it."""
    axes.add_patch(Rectangle((left, top), width, height, fc=colour, alpha=0.5, lw=0))
    axes.text(left + width / 2, top + height / 2, word, ha="center", **LABEL)


def wrapped(text: str, width: float) -> list[str]:
    """Break a bold text into lines of at most a width in points; a longer word has its own line."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and 1.15 * text_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def plus(axes: Axes, centre: tuple[float, float], radius: float, arm: float) -> None:
    """Draw the sign of a sum: a plus in a circle."""
    x, y = centre
    axes.add_patch(Circle(centre, radius, fc="none", ec=INK, lw=0.9))
    axes.plot([x - arm, x + arm], [y, y], color=INK, lw=0.9)
    axes.plot([x, x], [y - arm, y + arm], color=INK, lw=0.9)


def kernel_name(kernel: int | str) -> str:
    """Write the side of a kernel as 3x3, and a layer without one in its word."""
    return kernel if isinstance(kernel, str) else times((kernel, kernel))


def kernel_colour(kernel: int | str) -> str:
    """Purple for a convolution of 1x1, blue for a larger one, ochre for a layer without a kernel."""
    return OCHRE if isinstance(kernel, str) else PURPLE if kernel == 1 else BLUE


def arrow_down(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow between two points, its head pointing down."""
    (x, y), (right, low) = start, end
    axes.plot([x, right, right], [y, min(y + 7, low - 3), low - 3], **LINE)
    axes.add_patch(Polygon([(right, low), (right - 2.3, low - 4), (right + 2.3, low - 4)], lw=0, **HEAD))


def layer_word(row: "Row", maps: int) -> str:
    """Say what a layer does to the maps that come in; a convolution is told by the side of its kernel."""
    if layer_colour(row) == BLUE:
        return times((_kernel(row, maps),) * 2)
    if "pool" in row.kind.lower():
        return "average" if "Average" in row.kind else "max pool"
    return "dense" if "Dense" in row.kind else "normalisation"


def kind_colour(row: "Row", maps: int) -> str:
    """Purple for a convolution of 1x1, for every other layer its usual colour."""
    colour = layer_colour(row)
    return PURPLE if colour == BLUE and _kernel(row, maps) == 1 else colour


def _kernel(row: "Row", maps: int) -> int:
    """Side of a convolution's kernel, by which its multiply-adds exceed one for each pair of maps."""
    square = row.macs / (math.prod(row.output_shape) * maps)
    side = round(math.sqrt(square))
    found = f"{row.name} makes {row.macs:,} multiply-adds for {maps} maps, which no square kernel does"
    require(side > 0 and side**2 == square, found)
    return side
