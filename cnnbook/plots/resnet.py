"""ResNet: residual blocks, networks with and without shortcuts, how strongly layers respond."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path

from cnnbook.plots.blocks import (
    HEAD,
    LINE,
    arrow_down,
    box,
    kernel_colour,
    kind_colour,
    layer_word,
    plus,
    wrapped,
)
from cnnbook.plots.networks import check_rows, layer_colour
from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import GREEN, GREY, INK, LABEL, MUTED, PURPLE, SMALL, WIDTH, styled
from cnnlib.plots.words import listed, require, times

if TYPE_CHECKING:
    from cnnlib.audit import Row


@styled
def residual_blocks(
    blocks: Mapping[str, tuple[tuple[int, int, int], Sequence[tuple[int, int, int]], str | None]],
) -> Drawing:
    """Draw residual blocks side by side, layer by layer: where a shortcut leaves, and where it is added.

    Args:
        blocks: for each title height, width and maps of the input; the convolutions, each the side of its
            kernel, its maps and its stride; and the shortcut, "identity", "padded", "projection" or None, as
            in `cnnlib.models.resnet.basic_block`.

    Raises:
        ValueError: there are no blocks or more than fit side by side, one has no convolutions or an unknown
            shortcut, or adds its input as it is where the shape changes.
    """
    require(blocks, "residual_blocks: nothing to draw, there are no blocks")
    for title, block in blocks.items():
        _check_block(title, *block)
    mains = {title: [*_main(convolutions)] for title, (_, convolutions, _) in blocks.items()}
    beside = {title: _beside(*block) for title, block in blocks.items()}
    wide = [max(text_width(word) for word, _ in main) + 8 for main in mains.values()]
    sides = [max((text_width(word) + 8 for word, _ in side), default=13.0) for side in beside.values()]
    gap = (WIDTH - sum(wide) - sum(sides) - 8 * len(blocks)) / len(blocks)
    require(gap >= 0, f"residual_blocks: {len(blocks)} blocks do not fit side by side; draw fewer")
    slots = [a + b + 8 + gap for a, b in zip(wide, sides, strict=True)]
    titles = [wrapped(title, slot - 6) for title, slot in zip(blocks, slots, strict=True)]
    top, step = 12.0 * max(map(len, titles)) + 24, 20.0
    deep = max(map(len, mains.values()))
    figure, axes = sheet(WIDTH, top + step * deep + 68)
    left = 0.0
    for title, lines, main_width, side_width, slot in zip(blocks, titles, wide, sides, slots, strict=True):
        for i, line in enumerate(lines):
            axes.text(left, 11 + 12 * i, line, weight="bold", size=SMALL, va="baseline")
        shape, convolutions, shortcut = blocks[title]
        middle, foot = left + main_width / 2, top + step * deep
        axes.text(middle, top - 8, times(shape), ha="center", **LABEL)
        _stack(axes, (left, top + 8), main_width, mains[title], foot + (8 if shortcut else 28))
        if shortcut:
            far = left + main_width + 8 + side_width / 2
            _shortcut(axes, (middle, top + 2), (far, foot + 14), beside[title], side_width)
        _end(axes, (left, foot), main_width, shortcut is not None, times(_result(shape, convolutions)))
        left += slot
    sentences = [_told(title, *block, mains[title], beside[title]) for title, block in blocks.items()]
    return finish(figure, ". ".join(sentences) + ".")


def _main(convolutions: Sequence[tuple[int, int, int]]) -> Iterator[tuple[str, str]]:
    """Word and colour of every layer beside a shortcut: the last convolution is activated after the sum."""
    for i, (kernel, maps, strides) in enumerate(convolutions, start=1):
        yield _convolution(kernel, maps, strides), kernel_colour(kernel)
        yield "batch norm", GREY
        if i < len(convolutions):
            yield "ReLU", GREEN


def _beside(
    shape: tuple[int, int, int], convolutions: Sequence[tuple[int, int, int]], shortcut: str | None
) -> list[tuple[str, str]]:
    """Word and colour of every layer in a shortcut."""
    maps, stride = convolutions[-1][1], math.prod(strides for *_, strides in convolutions)
    layers = {
        "projection": [(_convolution(1, maps, stride), PURPLE), ("batch norm", GREY)],
        "padded": [(f"pad to {maps:,}" + _stride(stride), GREY)],
    }
    return layers.get(shortcut or "", [])


def _convolution(kernel: int, maps: int, strides: int) -> str:
    return f"{times((kernel, kernel))}, {maps:,}{_stride(strides)}"


def _stride(strides: int) -> str:
    return f", /{strides}" if strides > 1 else ""


def _result(
    shape: tuple[int, int, int], convolutions: Sequence[tuple[int, int, int]]
) -> tuple[int, int, int]:
    """Shape of a block's output."""
    stride = math.prod(strides for *_, strides in convolutions)
    return math.ceil(shape[0] / stride), math.ceil(shape[1] / stride), convolutions[-1][1]


def _stack(
    axes: Axes, corner: tuple[float, float], width: float, layers: Sequence[tuple[str, str]], end: float
) -> None:
    """Draw layers one below the other, an arrow into each and one from the last down to `end`."""
    left, top = corner
    for i, (word, colour) in enumerate(layers):
        y = top + 20 * i
        arrow_down(axes, (left + width / 2, y - 6), (left + width / 2, y))
        box(axes, left, y, width, 14, colour, word)
    arrow_down(axes, (left + width / 2, top + 20 * len(layers) - 6), (left + width / 2, end))


def _shortcut(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    layers: Sequence[tuple[str, str]],
    width: float,
) -> None:
    """Draw a way from a point to the right, down past its layers, and back to the sum."""
    (x, y), (far, low) = start, end
    middle = (y + low) / 2
    tops = [middle + 20 * (i - len(layers) / 2) + 3 for i in range(len(layers))]
    cuts = [y, *(edge for top in tops for edge in (top, top + 14)), low]
    axes.plot([x, far], [y, y], **LINE)
    for high, after in zip(cuts[::2], cuts[1::2], strict=True):
        axes.plot([far, far], [high, after], **LINE)
    axes.plot([far, x + 9], [low, low], **LINE)
    axes.add_patch(Polygon([(x + 6, low), (x + 10, low - 2.3), (x + 10, low + 2.3)], lw=0, **HEAD))
    for top, (word, colour) in zip(tops, layers, strict=True):
        box(axes, far - width / 2, top, width, 14, colour, word)
    if not layers:
        axes.text(far + 6.5, middle, "identity", rotation=90, ha="center", va="center", size=SMALL)


def _end(axes: Axes, corner: tuple[float, float], width: float, adds: bool, shape: str) -> None:
    """Draw what comes behind the layers: the sum, the last ReLU and the shape of the output."""
    middle, foot = corner[0] + width / 2, corner[1] + 14
    if adds:
        plus(axes, (middle, foot), 6, 3.5)
        arrow_down(axes, (middle, foot + 6), (middle, foot + 14))
    box(axes, corner[0], foot + 14, width, 14, GREEN, "ReLU")
    axes.text(middle, foot + 38, shape, ha="center", **LABEL)


def _told(
    title: str,
    shape: tuple[int, int, int],
    convolutions: Sequence[tuple[int, int, int]],
    shortcut: str | None,
    main: Sequence[tuple[str, str]],
    beside: Sequence[tuple[str, str]],
) -> str:
    """Tell a block in words."""
    way = listed(word for word, _ in beside) or "as it is"
    added = f"the input is added ({shortcut} shortcut: {way}), then " if shortcut else ""
    layers = "; ".join(word for word, _ in main)
    return f"{title}: from {times(shape)} through {layers}; {added}ReLU gives " + times(
        _result(shape, convolutions)
    )


def _check_block(
    title: str,
    shape: tuple[int, int, int],
    convolutions: Sequence[tuple[int, int, int]],
    shortcut: str | None,
) -> None:
    """Refuse a block without convolutions, and a shortcut that is unknown or cannot be added."""
    require(convolutions, f"residual_blocks: {title} has no convolutions")
    kinds = ("identity", "padded", "projection", None)
    require(shortcut in kinds, f"residual_blocks: {title}: shortcut must be one of {kinds}, not {shortcut!r}")
    result = _result(shape, convolutions)
    fits = shortcut != "identity" or result == tuple(shape)
    require(
        fits,
        f"residual_blocks: {title} turns {times(shape)} into {times(result)}, to which its input cannot be "
        "added as it is; the shortcut must be padded or a projection",
    )


@dataclass
class _Column:
    """A network as cells from the image down, and its shortcuts.

    Attributes:
        cells: word, colour and side of the maps of every layer that is drawn.
        shortcuts: between which cells each leads, by the numbers of the cells that it leaves and enters
            behind, and whether the shape changes on the way.
        counts: layers with weights but those in shortcuts, multiply-adds, parameters.
    """

    cells: list[tuple[str, str, int]]
    shortcuts: list[tuple[int, int, bool]]
    counts: tuple[int, int, int]


@styled
def kinds_of_network(networks: "Mapping[str, Sequence[Row]]") -> Drawing:
    """Draw networks side by side, layer by layer from the image down, where their maps are equally large.

    A cell holds the side of a kernel and the number of maps. Shortcuts are arcs, dashed where the shape
    changes; they are told by the names of their blocks: those of `keras.applications`.

    Args:
        networks: for each network its layers, as `audit.table` gives them; its images have three colours.

    Raises:
        ValueError: there are no networks or more than four, a row has an output that is neither (H, W, C) nor
            (units,), or no layer carries the name of a sum's block.
    """
    require(0 < len(networks) <= 4, f"kinds_of_network: expected 1 to 4 networks, got {len(networks)}")
    for name, rows in networks.items():
        check_rows(rows, f"kinds_of_network: {name}")
    columns = {name: _column(rows) for name, rows in networks.items()}
    sides = sorted({side for column in columns.values() for *_, side in column.cells}, reverse=True)
    deep = [
        max(sum(side == own for *_, own in column.cells) for column in columns.values()) for side in sides
    ]
    tops = [*itertools.accumulate((13.0 * n + 7 for n in deep), initial=24.0)]
    left = max(text_width(times((side, side))) for side in sides) + 4
    slot = (WIDTH - left) / len(columns)
    figure, axes = sheet(WIDTH, tops[-1] + 72)
    for side, top in zip(sides, tops, strict=False):
        axes.text(0, top + 6, times((side, side)), **LABEL)
        axes.plot([0, WIDTH], [top - 3.5] * 2, color=INK, alpha=0.14, lw=0.7)
    for i, (name, column) in enumerate(columns.items()):
        x, width = left + slot * i, slot - (22 if any(c.shortcuts for c in columns.values()) else 6)
        axes.text(x + width / 2, 9, name, weight="bold", ha="center", **LABEL)
        _cells(axes, column, dict(zip(sides, tops, strict=False)), x, width)
        for j, line in enumerate(_summed(*column.counts)):
            axes.text(
                x + width / 2, tops[-1] + 8 + 12.5 * j, line, ha="center", alpha=MUTED if j else 1, **LABEL
            )
    sentences = [_listed_layers(name, column) for name, column in columns.items()]
    return finish(figure, f"Layers from the image down. {'. '.join(sentences)}.")


def _column(rows: "Sequence[Row]") -> _Column:
    """Find the layers of a network that are drawn, and where its shortcuts leave and enter."""
    blocks = [row.name.removesuffix("add") for row in rows if row.kind == "Add"]
    weighted = [row for row in rows if layer_colour(row) != GREY]
    trunk = [row for row in weighted if not any(row.name.startswith(f"{block}0_") for block in blocks)]
    cells, maps = [], 3
    for row in trunk:
        number = "" if "pool" in row.kind.lower() else f", {row.output_shape[-1]:,}"
        side = row.output_shape[0] if len(row.output_shape) == 3 else 1
        cells.append((layer_word(row, maps) + number, kind_colour(row, maps), side))
        maps = row.output_shape[-1]
    shortcuts = []
    for block in blocks:
        inside = [i for i, row in enumerate(trunk) if row.name.startswith(block)]
        require(inside and inside[0], f"kinds_of_network: no layer before a sum is called {block}...")
        first, last = inside[0] - 1, inside[-1]
        shortcuts.append((first, last, trunk[first].output_shape != trunk[last].output_shape))
    layers = sum(row.params > 0 for row in trunk)
    return _Column(cells, shortcuts, (layers, sum(row.macs for row in rows), sum(row.params for row in rows)))


def _cells(axes: Axes, column: _Column, tops: Mapping[int, float], left: float, width: float) -> None:
    """Draw a network's cells, each group of one side at its place, and its shortcuts to the right of them."""
    places: list[float] = []
    for word, colour, side in column.cells:
        top = tops[side] + 13 * sum(side == other for *_, other in column.cells[: len(places)])
        if places:
            axes.plot([left + width / 2] * 2, [places[-1] + 11.5, top], color=INK, alpha=0.4, lw=0.8)
        box(axes, left, top, width, 11.5, colour, word)
        places.append(top)
    for first, last, changes in column.shortcuts:
        start, end, x = places[first] + 12.25, places[last] + 12.25, left + width + 1
        curve = Path(
            [(x, start), (x + 17, start), (x + 17, end), (x, end)],
            [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
        )
        look: Any = (0, (2, 1.5)) if changes else "-"
        axes.add_patch(PathPatch(curve, fc="none", ec=INK, lw=1.1, ls=look))


def _summed(layers: int, macs: int, params: int) -> list[str]:
    """Lines below a network: its layers with weights, its multiply-adds, its parameters."""
    return [f"{layers} layers", _large(macs), "multiply-adds", _large(params), "parameters"]


def _large(count: int) -> str:
    """Write a large number to three digits."""
    if count < 1e6:
        return f"{count:,}"
    return f"{count / 1e9:.3g} billion" if count >= 1e9 else f"{count / 1e6:.3g} million"


def _listed_layers(name: str, column: _Column) -> str:
    """Tell a network in words, alike layers that follow each other once."""
    groups = [(word, len(list(same))) for word, same in itertools.groupby(word for word, *_ in column.cells)]
    layers = "; ".join(word if count == 1 else f"{count} of {word}" for word, count in groups)
    changing = sum(changes for *_, changes in column.shortcuts)
    arcs = f"; {len(column.shortcuts)} shortcuts, the shape changes along {changing}"
    head, macs, _, params, _ = _summed(*column.counts)
    sums = f"{name}, {head}, {macs} multiply-adds, {params} parameters"
    return f"{sums}: {layers}{arcs if column.shortcuts else ''}"
