"""Inception: a module, and a network of modules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from cnnbook.plots.blocks import arrow_down, box, kernel_colour, kernel_name, kind_colour, layer_word
from cnnbook.plots.networks import check_rows, layer_colour
from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import GREY, INK, LABEL, MUTED, WIDTH, styled
from cnnlib.plots.words import listed, require, times

if TYPE_CHECKING:
    from cnnlib.audit import Row


_TO = "\N{RIGHTWARDS ARROW}"
_LINE: dict[str, Any] = {"color": INK, "alpha": 0.4, "lw": 0.8}


@dataclass(frozen=True)
class _Layer:
    """One layer of a branch: its kernel's side or its kind in a word, its maps and its multiply-adds."""

    kernel: int | str
    maps: int
    macs: int


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
    figure, axes = sheet(WIDTH, concatenated + 48, title)
    width = shape[2] * scale
    axes.add_patch(Rectangle(((WIDTH - width) / 2, 33), width, 8, color=GREY, lw=0))
    axes.text(WIDTH / 2, 26, f"input {times(shape)}", ha="center", **LABEL)
    left = (WIDTH - total * scale) / 2
    for i, branch in enumerate(layers):
        middle = slot * (i + 0.5)
        first = top + step * (deep - len(branch))
        start = (WIDTH + width * ((i + 0.5) / len(layers) * 2 - 1)) / 2
        arrow_down(axes, (start, 43), (middle, first - 2))
        for j, layer in enumerate(branch):
            y = first + step * j
            _layer_box(axes, (middle - slot / 2 + 3, y), slot - 6, layer)
            if j:
                arrow_down(axes, (middle, y - step + 29), (middle, y - 2))
        _ribbon(axes, (middle, slot - 6, y + 28), (left, branch[-1].maps * scale, concatenated), branch[-1])
        left += branch[-1].maps * scale
    sums = " + ".join(f"{branch[-1].maps:,}" for branch in layers)
    axes.text(WIDTH / 2, concatenated + 20, f"output {sums} = {total:,} channels", ha="center", **LABEL)
    macs = sum(layer.macs for branch in layers for layer in branch)
    note = f"M: million multiply-adds; {_millions(macs)} in all"
    axes.text(WIDTH / 2, concatenated + 36, note, ha="center", alpha=MUTED, **LABEL)
    paths = "; ".join(", then ".join(map(_in_words, branch)) for branch in layers)
    alt = f"{title}: {len(layers)} branches from {times(shape)}: {paths}. Side by side they are {sums} = "
    return finish(figure, f"{alt}{total:,} channels; {_millions(macs)} multiply-adds.")


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
    axes.add_patch(Rectangle((x, y), width, 28, fc=kernel_colour(layer.kernel), alpha=0.5, lw=0))
    weights = not isinstance(layer.kernel, str)
    upper = f"{kernel_name(layer.kernel)}, {layer.maps:,}" if weights else kernel_name(layer.kernel)
    lower = _millions(layer.macs) if weights else f"{layer.maps:,} channels"
    axes.text(middle, y + 8, upper, ha="center", **LABEL)
    axes.text(middle, y + 20.5, lower, ha="center", alpha=MUTED + 0.1, **LABEL)


def _ribbon(
    axes: Axes, box: tuple[float, float, float], part: tuple[float, float, float], layer: _Layer
) -> None:
    """Lead from a box, given by its middle, width and foot, to its part of a bar: left, width and top."""
    (middle, wide, foot), (left, width, top) = box, part
    right = left + max(width - 1.2, width / 2)
    corners = [(middle - wide / 2, foot), (middle + wide / 2, foot), (right, top), (left, top)]
    axes.add_patch(Polygon(corners, fc=kernel_colour(layer.kernel), alpha=0.2, lw=0))
    axes.add_patch(Rectangle((left, top), right - left, 8, color=kernel_colour(layer.kernel), lw=0))


def _millions(count: int) -> str:
    """Write a count in millions, to a tenth."""
    return f"{count / 1e6:,.1f} M"


def _in_words(layer: _Layer) -> str:
    return f"{kernel_name(layer.kernel)} with {layer.maps:,} channels" + (
        f" ({_millions(layer.macs)})" if layer.macs else ""
    )


@dataclass
class _Part:
    """A layer of the trunk, or a module: the layer in which its branches end, and the branches."""

    row: "Row"
    word: str
    colour: str
    branches: Mapping[str, Sequence[tuple[str, str]]]

    @property
    def height(self) -> float:
        return 15.0 * max((len(branch) for branch in self.branches.values()), default=1) + (
            4 if self.branches else 0
        )


@styled
def modules(rows: "Sequence[Row]", title: str, heads: Mapping[str, str]) -> Drawing:
    """Draw a network of modules from top to bottom, each module with its branches and auxiliary heads.

    A module is a concatenation and the layers whose names begin with its name; what follows up to the next
    underscore names the branch. The numbers in its boxes are maps.

    Args:
        rows: the layers, as `audit.table` gives them; images have three colours.
        title: what the drawing is headed with.
        heads: for modules that auxiliary heads read from how the names of the head's layers begin.

    Raises:
        ValueError: there are no rows, a row has an output that is neither (H, W, C) nor (units,), the
            branches of a module do not make up its maps, or a head or its module is not in the rows.
    """
    check_rows(rows, "modules")
    parts = _parts(rows, tuple(heads.values()))
    ends = {part.row.name: part.row.output_shape[-1] for part in parts if part.branches}
    layers = {}
    for module, head in heads.items():
        inside = [row for row in rows if _within(row, head) and _drawn(row)]
        require(module in ends and inside, f"modules: {head} on {module} is not in the network")
        layers[module] = _words(inside, ends[module])
    left = max(1.15 * text_width(part.row.name) for part in parts) + 2
    beside = max((text_width(word) for head in layers.values() for word, _ in head), default=-20.0) + 20
    centre = WIDTH - left - beside
    first = next((i for i, part in enumerate(parts) if part.branches), None)
    tops, top = [], 40.0
    for i, part in enumerate(parts):
        top += 15.0 if i == first else 0.0
        tops.append(top)
        top += part.height + 8
    figure, axes = sheet(WIDTH, top, title)
    axes.text(0, 25, "numbers in a module: channels; purple: 1\N{MULTIPLICATION SIGN}1", alpha=MUTED, **LABEL)
    for i, (part, y) in enumerate(zip(parts, tops, strict=True)):
        if i:
            start = tops[i - 1] + parts[i - 1].height
            axes.plot([left + centre / 2] * 2, [start, y - (14 if i == first else 0)], **_LINE)
        axes.text(0, y + 7, part.row.name, weight="bold", **LABEL)
        _part(axes, part, left, y, centre, named=i == first)
    low = 0.0
    for part, y in zip(parts, tops, strict=True):
        if part.row.name in heads:
            name = part.row.name
            low = _head(axes, heads[name], layers[name], left + centre, y + part.height - 2.5, low)
    told = [_told(part) for part in parts]
    told += [f"{heads[name]} on {name}: {listed(word for word, _ in layers[name])}" for name in layers]
    return finish(figure, f"{title}, from top to bottom. {'; '.join(told)}.")


def _parts(rows: "Sequence[Row]", heads: tuple[str, ...]) -> list[_Part]:
    """Put the layers of the trunk and the modules in order, without what belongs to heads."""
    ends = [row.name for row in rows if row.kind == "Concatenate"]
    parts: list[_Part] = []
    maps = 3
    for row in rows:
        if any(_within(row, name) for name in (*ends, *heads)):
            continue
        if row.name in ends:
            branches = _branches(row, [other for other in rows if _within(other, row.name)], maps)
            parts.append(_Part(row, "", GREY, branches))
        elif _drawn(row):
            parts.append(_Part(row, layer_word(row, maps), kind_colour(row, maps), {}))
        maps = row.output_shape[-1]
    return parts


def _branches(end: "Row", inside: "Sequence[Row]", maps: int) -> dict[str, list[tuple[str, str]]]:
    """Word and colour of every layer of a module, branch by branch in the order of their last layers."""
    branches: dict[str, list[Row]] = {}
    for row in inside:
        branches.setdefault(row.name[len(end.name) + 1 :].partition("_")[0], []).append(row)
    ordered = dict(sorted(branches.items(), key=lambda item: inside.index(item[1][-1])))
    made = sum(branch[-1].output_shape[-1] for branch in ordered.values())
    found = f"modules: the branches of {end.name} make {made} maps, it has {end.output_shape[-1]}"
    require(made == end.output_shape[-1], found)
    words: dict[str, list[tuple[str, str]]] = {}
    for name, branch in ordered.items():
        seen, words[name] = maps, []
        for row in branch:
            word = "pool" if "pool" in row.kind.lower() else f"{row.output_shape[-1]:,}"
            words[name].append((word, kind_colour(row, seen)))
            seen = row.output_shape[-1]
    return words


def _part(axes: Axes, part: _Part, left: float, top: float, width: float, named: bool) -> None:
    """Draw a layer of the trunk as one box, a module as its branches side by side above a line."""
    if not part.branches:
        word = f"{part.word} {_TO} {times(part.row.output_shape)}"
        fits = text_width(word) <= width  # a normalisation's is long, and keeps the shape
        box(axes, left, top, width, 14, part.colour, word if fits else part.word)
        return
    axes.text(0, top + 22, times(part.row.output_shape), alpha=MUTED, **LABEL)
    slot, low = width / len(part.branches), top + part.height - 4
    for i, (name, layers) in enumerate(part.branches.items()):
        x = left + slot * i
        for j, (word, colour) in enumerate(reversed(layers)):
            box(axes, x + 1, low - 15 * (j + 1), slot - 2, 13.5, colour, word)
        if named:
            heading = name.replace("x", "\N{MULTIPLICATION SIGN}")
            axes.text(x + slot / 2, top - 7, heading, ha="center", alpha=MUTED, **LABEL)
    axes.add_patch(Rectangle((left + 1, low + 0.5), width - 2, 2, fc=INK, alpha=0.6, lw=0))


def _head(
    axes: Axes, name: str, layers: Sequence[tuple[str, str]], start: float, y: float, least: float
) -> float:
    """Draw an auxiliary head to the right of the module it reads from, and return where it ends."""
    left, top = start + 14, max(y - 4, least)
    axes.plot([start, left + 5, left + 5], [y, y, top + 14], **_LINE)
    axes.text(left + 11, top + 9, name, weight="bold", **LABEL)
    for i, (word, colour) in enumerate(layers):
        box(axes, left, top + 17 + 15 * i, WIDTH - left, 13.5, colour, word)
    return top + 22 + 15 * len(layers)


def _words(rows: "Sequence[Row]", maps: int) -> list[tuple[str, str]]:
    """Say what every layer of a path does and the shape it gives, and its colour."""
    words = []
    for row in rows:
        words.append((f"{layer_word(row, maps)} {_TO} {times(row.output_shape)}", kind_colour(row, maps)))
        maps = row.output_shape[-1]
    return words


def _drawn(row: "Row") -> bool:
    """Tell whether a layer is drawn: it has weights of its own kind, pools, or normalises responses."""
    return layer_colour(row) != GREY or "Response" in row.kind


def _within(row: "Row", name: str) -> bool:
    return row.name.startswith(f"{name}_")


def _told(part: _Part) -> str:
    """Tell a layer of the trunk or a module in words."""
    shape = part.row.output_shape
    if not part.branches:
        return f"{part.row.name}, {part.word}, {times(shape)}"
    sums = " + ".join(branch[-1][0] for branch in part.branches.values())
    return f"{part.row.name}, {sums} = {shape[-1]:,} channels of {times(shape[:2])}"
