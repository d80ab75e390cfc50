"""Blocks with branches: what is inside an inception module and a residual block."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from cnnlib.plots.drawing import (
    BLUE,
    GREY,
    INK,
    MUTED,
    OCHRE,
    PURPLE,
    SMALL,
    WIDTH,
    Drawing,
    finish,
    require,
    sheet,
    styled,
    times,
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
