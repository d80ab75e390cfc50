"""An architecture, layer by layer."""

import math
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import BLUE, GREY, INK, MUTED, OCHRE, PURPLE, SMALL, VERMILLION, WIDTH, styled
from cnnlib.plots.words import require, times

if TYPE_CHECKING:
    from cnnlib.audit import Row


@styled
def network(rows: "Sequence[Row]", title: str) -> Drawing:
    """Draw an architecture layer by layer, in reading order, one block per layer.

    A block's height grows with the side of the feature maps (as its square root) and its length with their
    number (as its logarithm), so that 224 and 1 pixels, 3 and 4,096 maps can stand in one drawing. A dense
    layer is a stack of maps of 1x1.

    Args:
        rows: the layers, as `audit.table` gives them.
        title: what the drawing is headed with.

    Raises:
        ValueError: there are no rows, or one has an output that is neither (H, W, C) nor (units,).
    """
    check_rows(rows, "network")
    labels = [_caption(row) for row in rows]
    sides = [row.output_shape[0] if len(row.output_shape) == 3 else 1 for row in rows]
    blocks = [
        (4.5 * math.log2(row.output_shape[-1] + 1), max(4.0, 62 * math.sqrt(side / max(sides))))
        for row, side in zip(rows, sides, strict=True)
    ]
    needed = max(
        max(width + 0.3 * height, *(text_width(line) for line in lines))
        for (width, height), lines in zip(blocks, labels, strict=True)
    )
    fitting = max(1, int(WIDTH // (needed + 14)))
    columns = math.ceil(len(rows) / math.ceil(len(rows) / fitting))
    slot, line = WIDTH / columns, 12.0
    bands = [range(i, min(i + columns, len(rows))) for i in range(0, len(rows), columns)]
    tallest = [max(1.15 * blocks[i][1] for i in band) for band in bands]
    text_lines = [max(len(labels[i]) for i in band) for band in bands]
    heights = [tall + line * lines + 24 for tall, lines in zip(tallest, text_lines, strict=True)]
    figure, axes = sheet(WIDTH, 24 + sum(heights), title)
    top = 28.0
    for band, tall, height in zip(bands, tallest, heights, strict=True):
        middle = top + tall / 2
        for column, i in enumerate(band):
            centre = (column + 0.5) * slot
            left = _block(axes, centre, middle, *blocks[i], layer_colour(rows[i]))
            if i:
                width, height_before = blocks[i - 1]
                before = centre - slot + (width + 0.3 * height_before) / 2 if column else -slot
                start, end = max(before + 3, left - 16), left - 3
                axes.plot([start, end - 2], [middle, middle], color=INK, lw=0.9, alpha=MUTED)
                head = [(end, middle), (end - 4, middle - 2.3), (end - 4, middle + 2.3)]
                axes.add_patch(Polygon(head, color=INK, alpha=MUTED, lw=0))
            for j, text in enumerate(labels[i]):
                emphasis: dict[str, Any] = {"weight": "bold"} if j == 0 else {"alpha": MUTED}
                y = top + tall + 14 + line * j
                axes.text(centre, y, text, ha="center", va="baseline", size=SMALL, **emphasis)
        top += height
    steps = "; ".join(f"{row.name}, {_kind(row)}, {times(row.output_shape)}" for row in rows)
    return finish(figure, f"{title}: {len(rows)} layers in order. {steps}.")


def layer_colour(row: "Row") -> str:
    """Blue convolves, purple does so without sharing weights, ochre subsamples, vermillion is dense."""
    words = {"conv": BLUE, "locally": PURPLE, "pool": OCHRE, "subsampl": OCHRE}
    words |= {"dense": VERMILLION, "rbf": VERMILLION}
    return next((colour for word, colour in words.items() if word in row.kind.lower()), GREY)


def check_rows(rows: "Sequence[Row]", where: str) -> None:
    """Refuse an architecture without layers, or with outputs that are neither (H, W, C) nor (units,)."""
    require(rows, f"{where}: nothing to draw, there are no layers")
    for row in rows:
        known = len(row.output_shape) in (1, 3)
        require(known, f"{where}: {row.name} gives {row.output_shape}, expected (H, W, C) or (units,)")


def _block(axes: Axes, centre: float, middle: float, length: float, height: float, colour: str) -> float:
    """Draw a cuboid around a point and return the x of its left edge; its right face stands for one map."""
    dx, dy = 0.3 * height, 0.15 * height
    left, top = centre - (length + dx) / 2, middle - (height - dy) / 2
    right, bottom = left + length, top + height
    faces = {
        0.85: [(left, top), (right, top), (right, bottom), (left, bottom)],
        0.5: [(left, top), (right, top), (right + dx, top - dy), (left + dx, top - dy)],
        0.65: [(right, top), (right + dx, top - dy), (right + dx, bottom - dy), (right, bottom)],
    }
    for alpha, corners in faces.items():
        axes.add_patch(Polygon(corners, fc=colour, alpha=alpha, lw=0))
    return left


def _kind(row: "Row") -> str:
    """Say the layer's kind in words: AveragePooling2D is average pooling, EuclideanRBF is euclidean RBF."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", row.kind.replace("2D", ""))
    return " ".join(word if word.isupper() else word.lower() for word in words)


def _caption(row: "Row") -> list[str]:
    """Write the lines under a layer: its name, its kind where the name does not say it, its shape."""
    kind = _kind(row)
    return [row.name, *(textwrap.wrap(kind, 14) if kind != row.name else []), times(row.output_shape)]
