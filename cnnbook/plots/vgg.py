"""VGG: the configurations, and what stacks of small kernels see."""

import itertools
import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from cnnbook.plots.blocks import box, kernel_colour, kernel_name
from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import BLUE, GREY, INK, LABEL, MUTED, OCHRE, SMALL, VERMILLION, WIDTH, styled
from cnnlib.plots.words import listed, require, times


@styled
def configurations(
    table: Mapping[str, Sequence[Sequence[int | str]]], maps: Sequence[int], units: Sequence[int]
) -> Drawing:
    """Draw networks that were made by one plan, side by side: a column each, block by block from the image.

    Args:
        table: for each network its blocks, for each block the sides of its kernels; a word is a layer without
            weights. A pooling ends every block.
        maps: maps of the convolutions in each block.
        units: units of the dense layers that end every network.

    Raises:
        ValueError: there are no networks, one has another number of blocks than there are `maps`, or there
            are more than fit side by side.
    """
    labels, dense = ([f"{n:,} {what}" for n in each] for each, what in ((maps, "channels"), (units, "units")))
    left, cell = max(map(text_width, (*labels, *dense)), default=0.0) + 4, 17.0
    _check_configurations(table, maps, WIDTH - left)
    counts = {
        name: sum(isinstance(k, int) for k in itertools.chain(*blocks)) for name, blocks in table.items()
    }
    slot = (WIDTH - left) / len(table)
    rows = [max(len(blocks[i]) for blocks in table.values()) for i in range(len(maps))]
    tops = list(itertools.accumulate((cell * n + 15 for n in rows), initial=22.0))
    figure, axes = sheet(WIDTH, tops[-1] + cell * len(units) + 34)
    for top, n, label in zip(tops, rows, labels, strict=False):
        axes.text(0, top + cell / 2 - 1.5, label, **LABEL)
        axes.text(0, top + cell * n + 2.5, "pool", alpha=MUTED, **LABEL)
    for j, label in enumerate(dense):
        axes.text(0, tops[-1] + cell * (j + 0.5) - 1.5, label, **LABEL)
    end = tops[-1] + cell * len(units)
    for j, line in enumerate(("layers with", "weights")):
        axes.text(0, end + 14 + 12 * j, line, **LABEL)
    for i, (name, blocks) in enumerate(table.items()):
        middle, start = left + slot * (i + 0.5), left + slot * i + 2.5
        axes.text(middle, 9, name, weight="bold", ha="center", **LABEL)
        for top, n, block in zip(tops, rows, blocks, strict=False):
            for j, kind in enumerate(block):
                colour = GREY if isinstance(kind, str) else kernel_colour(kind)
                box(axes, start, top + cell * j, slot - 5, cell - 3, colour, kernel_name(kind))
            axes.add_patch(Rectangle((start, top + cell * n), slot - 5, 5, color=OCHRE, lw=0))
            for high, low in ((cell * len(block) - 3, cell * n), (cell * n + 5, cell * n + 15)):
                axes.plot([middle] * 2, [top + high, top + low], color=INK, alpha=0.4, lw=0.8)
        for j in range(len(units)):
            box(axes, start, tops[-1] + cell * j, slot - 5, cell - 3, VERMILLION, "dense")
        axes.text(middle, end + 20, str(counts[name] + len(units)), weight="bold", ha="center", **LABEL)
    sentences = [
        f"{name}, {counts[name] + len(units)} layers with weights: "
        + " | ".join(listed(map(kernel_name, block)) for block in blocks)
        for name, blocks in table.items()
    ]
    channels = listed(f"{n:,}" for n in maps)
    alt = f"{len(table)} networks of {len(maps)} blocks with {channels} channels, each block "
    alt += f"ending in a pooling, and dense layers of {listed(f'{n:,}' for n in units)} units. "
    return finish(figure, alt + "; ".join(sentences) + ".")


@styled
def receptive_fields(stacks: Mapping[str, Sequence[int]]) -> Drawing:
    """Draw what one output unit sees through stacks of convolutions of stride 1, two stacks side by side.

    Every sheet is the part of the image, or of a layer's maps, that the unit at the bottom depends on. One
    unit of each layer is marked, with the window of its kernel in the sheet above. Under a stack stand its
    weights, C being the number of maps in every layer, and its non-linearities, one for each layer.

    Args:
        stacks: for each stack the sides of its kernels, from the image on.

    Raises:
        ValueError: there are no stacks, or one has no kernel, or one of an even side.
    """
    require(stacks, "receptive_fields: nothing to draw, there are no stacks")
    for name, kernels in stacks.items():
        odd = kernels and all(side % 2 for side in kernels)
        require(odd, f"receptive_fields: {name} needs kernels of odd sides, got {list(kernels)}")
    fields = {name: _fields(kernels) for name, kernels in stacks.items()}
    columns = min(2, len(stacks))
    slot, largest = WIDTH / columns, max(sheets[0] for sheets in fields.values())
    unit = min(14.0, (slot - 40) / (1.45 * largest))
    deep = max(len(sheets) for sheets in fields.values())
    tall = 0.4 * unit * largest + (deep - 1) * 0.55 * (0.4 * unit * largest + 22) + 0.4 * unit
    high = tall + 78
    figure, axes = sheet(WIDTH, high * math.ceil(len(stacks) / columns))
    sentences = []
    for i, (name, kernels) in enumerate(stacks.items()):
        left, top = slot * (i % columns), high * (i // columns)
        axes.text(left, top + 11, name, weight="bold", va="baseline")
        _stack(axes, left, top + 20, tall, unit, fields[name])
        weights = sum(side**2 for side in kernels)
        layers = f"{len(kernels)} non-linearit{'y' if len(kernels) == 1 else 'ies'}"
        seen = times((fields[name][0],) * 2)
        for j, line in enumerate((f"sees {seen} pixels", f"{weights} C\N{SUPERSCRIPT TWO} weights", layers)):
            y = top + tall + 38 + 13 * j
            axes.text(left, y, line, size=SMALL, alpha=1 if j == 1 else MUTED, va="baseline")
        between = listed(times((side, side)) for side in fields[name][1:-1])
        path = f"{seen} pixels" + (f", by way of {between}," if between else "")
        sentences.append(f"{name}: from {path} to one unit; {weights} C\N{SUPERSCRIPT TWO} weights, {layers}")
    alt = f"Receptive fields of {len(stacks)} stacks with C channels in every layer. {'. '.join(sentences)}."
    return finish(figure, alt)


def _fields(kernels: Sequence[int]) -> list[int]:
    """Side of what one output sees of the image and of every layer up to itself, at stride 1."""
    return list(itertools.accumulate((1 - side for side in kernels), initial=1 + sum(kernels) - len(kernels)))


def _stack(axes: Axes, left: float, top: float, tall: float, unit: float, fields: Sequence[int]) -> None:
    """Draw sheets of the given sides, from the largest down to a single unit, in perspective."""
    middle = left + 1.45 * unit * fields[0] / 2
    step = (tall - 0.2 * unit * (fields[0] + 1)) / (len(fields) - 1)
    centres = [top + 0.2 * unit * fields[0] + step * i for i in range(len(fields))]
    marked = None
    for side, y, after in zip(fields, centres, [*fields[1:], None], strict=True):
        # Corner of the sheet nearest to the reader; x counts cells to the right, z cells into the page.
        def at(x: float, z: float, side: int = side, y: float = y) -> tuple[float, float]:
            return middle + unit * (x - side / 2 + 0.45 * (z - side / 2)), y - 0.4 * unit * (z - side / 2)

        def area(n: float) -> list[tuple[float, float]]:
            return [at(0, 0), at(n, 0), at(n, n), at(0, n)]

        n = side - after + 1 if after else 1
        window = area(n)
        axes.add_patch(Polygon(window, fc=VERMILLION, alpha=0.6, lw=0))
        if n < side:
            rest = [at(n, 0), at(side, 0), at(side, side), at(0, side), at(0, n), at(n, n)]
            axes.add_patch(Polygon(rest, fc=BLUE, alpha=0.5, lw=0))
        for i in range(side + 1):
            for a, b in ((at(i, 0), at(i, side)), (at(0, i), at(side, i))):
                axes.plot(*zip(a, b, strict=True), color=INK, alpha=0.35, lw=0.6)
        if marked:
            for a, b in zip(marked, area(1), strict=True):
                axes.plot(*zip(a, b, strict=True), color=VERMILLION, lw=0.9)
        marked = window
        axes.text(at(side, side)[0] + 4, y, times((side, side)), **LABEL)


def _check_configurations(
    table: Mapping[str, Sequence[Sequence[int | str]]], maps: Sequence[int], room: float
) -> None:
    """Refuse networks that do not fit the plan, or not into the room of a sheet."""
    require(table and maps, "configurations: nothing to draw, there are no networks or no blocks")
    for name, blocks in table.items():
        found = f"configurations: {name} has {len(blocks)} blocks, maps are given for {len(maps)}"
        require(len(blocks) == len(maps), found)
        words = [name, *(kind for block in blocks for kind in block if isinstance(kind, str))]
        for word in words:
            require(
                1.15 * text_width(word) < room / len(table) - 3,
                f"configurations: {word!r} is wider than its column; draw fewer than {len(table)} networks",
            )
