"""Whole networks that branch, from their audits: with modules, with auxiliary heads, with shortcuts."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from cnnlib.plots.drawing import (
    BLUE,
    GREY,
    INK,
    MUTED,
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
)
from cnnlib.plots.networks import check_rows, layer_colour

if TYPE_CHECKING:
    from cnnlib.audit import Row

_TEXT: dict[str, Any] = {"size": SMALL, "va": "center_baseline"}
_LINE: dict[str, Any] = {"color": INK, "alpha": 0.4, "lw": 0.8}
_TO = "\N{RIGHTWARDS ARROW}"


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
def modules(rows: "Sequence[Row]", title: str, heads: Mapping[str, str] | None = None) -> Drawing:
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
    heads = heads or {}
    parts = _parts(rows, tuple(heads.values()))
    ends = {part.row.name: part.row.output_shape[-1] for part in parts if part.branches}
    layers = {}
    for module, head in heads.items():
        inside = [row for row in rows if _within(row, head) and _drawn(row)]
        require(module in ends and inside, f"modules: {head} on {module} is not in the network")
        layers[module] = _words(inside, ends[module])
    left = max(1.15 * text_width(part.row.name) for part in parts) + 8
    beside = max((text_width(word) for head in layers.values() for word, _ in head), default=-20.0) + 20
    centre = WIDTH - left - beside
    first = next((i for i, part in enumerate(parts) if part.branches), None)
    tops, top = [], 40.0
    for i, part in enumerate(parts):
        top += 15.0 if i == first else 0.0
        tops.append(top)
        top += part.height + 8
    figure, axes = sheet(WIDTH, top)
    axes.text(0, 11, title, weight="bold", va="baseline")
    axes.text(0, 25, "numbers in a module: maps; purple: 1\N{MULTIPLICATION SIGN}1", alpha=MUTED, **_TEXT)
    for i, (part, y) in enumerate(zip(parts, tops, strict=True)):
        if i:
            start = tops[i - 1] + parts[i - 1].height
            axes.plot([left + centre / 2] * 2, [start, y - (14 if i == first else 0)], **_LINE)
        axes.text(0, y + 7, part.row.name, weight="bold", **_TEXT)
        _part(axes, part, left, y, centre, named=i == first)
    low = 0.0
    for part, y in zip(parts, tops, strict=True):
        if part.row.name in heads:
            name = part.row.name
            low = _head(axes, heads[name], layers[name], left + centre, y + part.height - 2.5, low)
    told = [_told(part) for part in parts]
    told += [f"{heads[name]} on {name}: {listed(word for word, _ in layers[name])}" for name in layers]
    return finish(figure, f"{title}, from top to bottom. {'; '.join(told)}.")


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
    left = 46.0
    slot = (WIDTH - left) / len(columns)
    figure, axes = sheet(WIDTH, tops[-1] + 72)
    for side, top in zip(sides, tops, strict=False):
        axes.text(0, top + 6, times((side, side)), **_TEXT)
        axes.plot([0, WIDTH], [top - 3.5] * 2, color=INK, alpha=0.14, lw=0.7)
    for i, (name, column) in enumerate(columns.items()):
        x, width = left + slot * i, slot - (22 if any(c.shortcuts for c in columns.values()) else 6)
        axes.text(x + width / 2, 9, name, weight="bold", ha="center", **_TEXT)
        _cells(axes, column, dict(zip(sides, tops, strict=False)), x, width)
        for j, line in enumerate(_summed(*column.counts)):
            axes.text(
                x + width / 2, tops[-1] + 8 + 12.5 * j, line, ha="center", alpha=MUTED if j else 1, **_TEXT
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
        cells.append((_word(row, maps) + number, _kind_colour(row, maps), side))
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
            axes.plot([left + width / 2] * 2, [places[-1] + 11.5, top], **_LINE)
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
            parts.append(_Part(row, _word(row, maps), _kind_colour(row, maps), {}))
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
            words[name].append((word, _kind_colour(row, seen)))
            seen = row.output_shape[-1]
    return words


def _part(axes: Axes, part: _Part, left: float, top: float, width: float, named: bool) -> None:
    """Draw a layer of the trunk as one box, a module as its branches side by side above a line."""
    if not part.branches:
        word = f"{part.word} {_TO} {times(part.row.output_shape)}"
        box(axes, left, top, width, 14, part.colour, word)
        return
    axes.text(0, top + 22, times(part.row.output_shape), alpha=MUTED, **_TEXT)
    slot, low = width / len(part.branches), top + part.height - 4
    for i, (name, layers) in enumerate(part.branches.items()):
        x = left + slot * i
        for j, (word, colour) in enumerate(reversed(layers)):
            box(axes, x + 1, low - 15 * (j + 1), slot - 2, 13.5, colour, word)
        if named:
            heading = name.replace("x", "\N{MULTIPLICATION SIGN}")
            axes.text(x + slot / 2, top - 7, heading, ha="center", alpha=MUTED, **_TEXT)
    axes.add_patch(Rectangle((left + 1, low + 0.5), width - 2, 2, fc=INK, alpha=0.6, lw=0))


def _head(
    axes: Axes, name: str, layers: Sequence[tuple[str, str]], start: float, y: float, least: float
) -> float:
    """Draw an auxiliary head to the right of the module it reads from, and return where it ends."""
    left, top = start + 14, max(y - 4, least)
    axes.plot([start, left + 5, left + 5], [y, y, top + 14], **_LINE)
    axes.text(left + 11, top + 9, name, weight="bold", **_TEXT)
    for i, (word, colour) in enumerate(layers):
        box(axes, left, top + 17 + 15 * i, WIDTH - left, 13.5, colour, word)
    return top + 22 + 15 * len(layers)


def _words(rows: "Sequence[Row]", maps: int) -> list[tuple[str, str]]:
    """Say what every layer of a path does and the shape it gives, and its colour."""
    words = []
    for row in rows:
        words.append((f"{_word(row, maps)} {_TO} {times(row.output_shape)}", _kind_colour(row, maps)))
        maps = row.output_shape[-1]
    return words


def _word(row: "Row", maps: int) -> str:
    """Say what a layer does to the maps that come in; a convolution is told by the side of its kernel."""
    if layer_colour(row) == BLUE:
        return times((_kernel(row, maps),) * 2)
    if "pool" in row.kind.lower():
        return "average" if "Average" in row.kind else "max pool"
    return "dense" if "Dense" in row.kind else "normalisation"


def _kind_colour(row: "Row", maps: int) -> str:
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
    return f"{part.row.name}, {sums} = {shape[-1]:,} maps of {times(shape[:2])}"
