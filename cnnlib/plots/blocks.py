"""Blocks with branches: what is inside an inception module and a residual block."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle

from cnnlib.plots.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    OCHRE,
    PURPLE,
    SMALL,
    WIDTH,
    Drawing,
    box,
    finish,
    listed,
    require,
    sheet,
    styled,
    text_width,
    times,
    wrapped,
)

_TEXT: dict[str, Any] = {"size": SMALL, "va": "center_baseline"}
_LINE: dict[str, Any] = {"color": INK, "alpha": 0.5, "lw": 0.9}
_HEAD: dict[str, Any] = {"color": INK, "alpha": MUTED}


@dataclass(frozen=True)
class _Layer:
    """One layer of a branch: its kernel's side or its kind in a word, its maps and its multiply-adds."""

    kernel: int | str
    maps: int
    macs: int

    @property
    def colour(self) -> str:
        return OCHRE if isinstance(self.kernel, str) else PURPLE if self.kernel == 1 else BLUE

    @property
    def name(self) -> str:
        return self.kernel if isinstance(self.kernel, str) else times((self.kernel, self.kernel))


@styled
def inception_module(
    shape: tuple[int, int, int], branches: Sequence[Sequence[tuple[int | str, int | None]]], title: str
) -> Drawing:
    """Draw a module branch by branch, and how the maps of its branches are laid side by side.

    The bars of the input and of the output are to scale, one with the other. A box holds the kernel and the
    maps of its layer, and its multiply-adds for one image.

    Args:
        shape: height, width and maps of the input.
        branches: for each branch its layers from the input on, each the side of its kernel and its maps. A
            word instead of a side is a layer without weights, None instead of maps passes all maps on.
        title: what the drawing is headed with.

    Raises:
        ValueError: there are no branches or more than five, one has no layer, or a convolution has no maps.
    """
    layers = [_branch(shape, branch) for branch in branches]
    require(0 < len(layers) <= 5, f"inception_module: expected 1 to 5 branches, got {len(layers)}")
    deep, total = max(map(len, layers)), sum(branch[-1].maps for branch in layers)
    scale = WIDTH / max(total, 2.25 * shape[2])
    slot, step, top = WIDTH / len(layers), 42.0, 60.0
    concatenated = top + step * deep + 14
    figure, axes = sheet(WIDTH, concatenated + 48)
    axes.text(0, 11, title, weight="bold", va="baseline")
    width = shape[2] * scale
    axes.add_patch(Rectangle(((WIDTH - width) / 2, 33), width, 8, color=GREY, lw=0))
    axes.text(WIDTH / 2, 26, f"input {times(shape)}", ha="center", **_TEXT)
    left = (WIDTH - total * scale) / 2
    for i, branch in enumerate(layers):
        middle = slot * (i + 0.5)
        first = top + step * (deep - len(branch))
        start = (WIDTH + width * ((i + 0.5) / len(layers) * 2 - 1)) / 2
        _arrow(axes, (start, 43), (middle, first - 2))
        for j, layer in enumerate(branch):
            y = first + step * j
            _layer_box(axes, (middle - slot / 2 + 3, y), slot - 6, layer)
            if j:
                _arrow(axes, (middle, y - step + 29), (middle, y - 2))
        _ribbon(axes, (middle, slot - 6, y + 28), (left, branch[-1].maps * scale, concatenated), branch[-1])
        left += branch[-1].maps * scale
    sums = " + ".join(f"{branch[-1].maps:,}" for branch in layers)
    axes.text(WIDTH / 2, concatenated + 20, f"output {sums} = {total:,} maps", ha="center", **_TEXT)
    macs = sum(layer.macs for branch in layers for layer in branch)
    note = f"M: million multiply-adds; {_millions(macs)} in all"
    axes.text(WIDTH / 2, concatenated + 36, note, ha="center", alpha=MUTED, **_TEXT)
    paths = "; ".join(", then ".join(map(_in_words, branch)) for branch in layers)
    alt = f"{title}: {len(layers)} branches from {times(shape)}: {paths}. Side by side they are {sums} = "
    return finish(figure, f"{alt}{total:,} maps; {_millions(macs)} multiply-adds.")


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
        axes.text(middle, top - 8, times(shape), ha="center", **_TEXT)
        _stack(axes, (left, top + 8), main_width, mains[title], foot + (8 if shortcut else 28))
        if shortcut:
            far = left + main_width + 8 + side_width / 2
            _shortcut(axes, (middle, top + 2), (far, foot + 14), beside[title], side_width)
        _end(axes, (left, foot), main_width, shortcut is not None, times(_result(shape, convolutions)))
        left += slot
    sentences = [_told(title, *block, mains[title], beside[title]) for title, block in blocks.items()]
    return finish(figure, ". ".join(sentences) + ".")


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
    gap, step = 16.0, 16.0
    wide = WIDTH / len(columns) - gap - 10
    for title, blocks in columns.items():
        require(blocks, f"stacks: {title} has no blocks")
        for branches, _ in blocks:
            require(branches and all(branches), f"stacks: a block of {title} has no layer")
            room = wide / len(branches) - 4
            for word in (_side(layer) for branch in branches for layer in branch):
                require(text_width(word) <= room, f"stacks: no room for {word!r}; write it shorter")
    tall = {
        title: [step * max(map(len, branches)) for branches, _ in blocks] for title, blocks in columns.items()
    }
    figure, axes = sheet(WIDTH, 26 + max(sum(heights) + gap * len(heights) for heights in tall.values()))
    for i, (title, blocks) in enumerate(columns.items()):
        left, top, above = (wide + gap + 10) * i, 34.0, 20.0
        middle, side = left + wide / 2, left + wide + 8
        axes.text(left, 11, title, weight="bold", va="baseline")
        for (branches, shortcut), height in zip(blocks, tall[title], strict=True):
            _beside_each_other(axes, (left, top), (wide, height), branches, above)
            above = top + height + (6 if shortcut else -3 if len(branches) == 1 else 1)
            if shortcut:
                axes.plot([middle, middle], [above - 9, above - 8], **_LINE)
                axes.plot([middle, side, side, middle + 4], [top - 6, top - 6, *[above - 4] * 2], **_LINE)
                axes.add_patch(Circle((middle, above - 4), 4, fc="none", ec=INK, lw=0.9))
                axes.plot([middle - 2.3, middle + 2.3], [above - 4] * 2, color=INK, lw=0.9)
                axes.plot([middle] * 2, [above - 6.3, above - 1.7], color=INK, lw=0.9)
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
    axes.plot([middle, middle], [above, top - 3], **_LINE)
    if len(branches) > 1:
        axes.plot([left + slot / 2, left + wide - slot / 2], [top - 3] * 2, **_LINE)
        axes.add_patch(Rectangle((left + 1, top + height - 1), wide - 2, 2, fc=INK, alpha=0.6, lw=0))
    for i, branch in enumerate(branches):
        x, first = left + slot * i, top + height - 16 * len(branch)
        axes.plot([x + slot / 2] * 2, [top - 3, first], **_LINE)
        for j, layer in enumerate(branch):
            colour = OCHRE if isinstance(layer, str) else PURPLE if layer == 1 else BLUE
            box(axes, x + 1, first + 16 * j, slot - 2, 13, colour, _side(layer))


def _side(layer: int | str) -> str:
    return layer if isinstance(layer, str) else times((layer, layer))


def _told_stack(title: str, blocks: Sequence[tuple[Sequence[Sequence[int | str]], bool]]) -> str:
    """Tell a column in words, alike blocks that follow each other once."""
    words = [
        " beside ".join(" and ".join(map(_side, branch)) for branch in branches)
        + (" with a shortcut" if shortcut else "")
        for branches, shortcut in blocks
    ]
    groups = [(word, len(list(same))) for word, same in groupby(words)]
    return f"{title}: " + ", then ".join(f"{word}, {n} times" if n > 1 else word for word, n in groups)


def _branch(shape: tuple[int, int, int], branch: Sequence[tuple[int | str, int | None]]) -> list[_Layer]:
    """Count the maps and multiply-adds of a branch's layers, all of stride 1."""
    require(branch, "inception_module: a branch has no layer")
    layers, seen = [], shape[2]
    for kernel, maps in branch:
        word = isinstance(kernel, str)
        require(word or maps, f"inception_module: the convolution of side {kernel} needs a number of maps")
        macs = 0 if isinstance(kernel, str) else shape[0] * shape[1] * kernel**2 * seen * (maps or 0)
        seen = maps or seen
        layers.append(_Layer(kernel, seen, macs))
    return layers


def _layer_box(axes: Axes, corner: tuple[float, float], width: float, layer: _Layer) -> None:
    """Draw a layer as a box of two lines: kernel and maps, multiply-adds."""
    (x, y), middle = corner, corner[0] + width / 2
    axes.add_patch(Rectangle((x, y), width, 28, fc=layer.colour, alpha=0.5, lw=0))
    weights = not isinstance(layer.kernel, str)
    upper = f"{layer.name}, {layer.maps:,}" if weights else layer.name
    lower = _millions(layer.macs) if weights else f"{layer.maps:,} maps"
    axes.text(middle, y + 8, upper, ha="center", **_TEXT)
    axes.text(middle, y + 20.5, lower, ha="center", alpha=MUTED + 0.1, **_TEXT)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow between two points, its head pointing down."""
    (x, y), (right, low) = start, end
    axes.plot([x, right, right], [y, min(y + 7, low - 3), low - 3], **_LINE)
    axes.add_patch(Polygon([(right, low), (right - 2.3, low - 4), (right + 2.3, low - 4)], lw=0, **_HEAD))


def _ribbon(
    axes: Axes, box: tuple[float, float, float], part: tuple[float, float, float], layer: _Layer
) -> None:
    """Lead from a box, given by its middle, width and foot, to its part of a bar: left, width and top."""
    (middle, wide, foot), (left, width, top) = box, part
    right = left + max(width - 1.2, width / 2)
    corners = [(middle - wide / 2, foot), (middle + wide / 2, foot), (right, top), (left, top)]
    axes.add_patch(Polygon(corners, fc=layer.colour, alpha=0.2, lw=0))
    axes.add_patch(Rectangle((left, top), right - left, 8, color=layer.colour, lw=0))


def _millions(count: int) -> str:
    """Write a count in millions, to a tenth."""
    return f"{count / 1e6:,.1f} M"


def _in_words(layer: _Layer) -> str:
    return f"{layer.name} with {layer.maps:,} maps" + (f" ({_millions(layer.macs)})" if layer.macs else "")


def _main(convolutions: Sequence[tuple[int, int, int]]) -> Iterator[tuple[str, str]]:
    """Word and colour of every layer beside a shortcut: the last convolution is activated after the sum."""
    for i, (kernel, maps, strides) in enumerate(convolutions, start=1):
        yield _convolution(kernel, maps, strides), PURPLE if kernel == 1 else BLUE
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
        _arrow(axes, (left + width / 2, y - 6), (left + width / 2, y))
        box(axes, left, y, width, 14, colour, word)
    _arrow(axes, (left + width / 2, top + 20 * len(layers) - 6), (left + width / 2, end))


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
    axes.plot([x, far], [y, y], **_LINE)
    for high, after in zip(cuts[::2], cuts[1::2], strict=True):
        axes.plot([far, far], [high, after], **_LINE)
    axes.plot([far, x + 9], [low, low], **_LINE)
    axes.add_patch(Polygon([(x + 6, low), (x + 10, low - 2.3), (x + 10, low + 2.3)], lw=0, **_HEAD))
    for top, (word, colour) in zip(tops, layers, strict=True):
        box(axes, far - width / 2, top, width, 14, colour, word)
    if not layers:
        axes.text(far + 6.5, middle, "identity", rotation=90, ha="center", va="center", size=SMALL)


def _end(axes: Axes, corner: tuple[float, float], width: float, adds: bool, shape: str) -> None:
    """Draw what comes behind the layers: the sum, the last ReLU and the shape of the output."""
    middle, foot = corner[0] + width / 2, corner[1] + 14
    if adds:
        axes.add_patch(Circle((middle, foot), 6, fc="none", ec=INK, lw=0.9))
        for dx, dy in ((3.5, 0), (0, 3.5)):
            axes.plot([middle - dx, middle + dx], [foot - dy, foot + dy], color=INK, lw=0.9)
        _arrow(axes, (middle, foot + 6), (middle, foot + 14))
    box(axes, corner[0], foot + 14, width, 14, GREEN, "ReLU")
    axes.text(middle, foot + 38, shape, ha="center", **_TEXT)


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
