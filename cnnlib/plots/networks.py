"""Architectures: layers, their sizes, and what is connected to what."""

import itertools
import math
import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.ticker import MaxNLocator

from cnnlib.plots.drawing import (
    BLUE,
    GREY,
    INK,
    MUTED,
    OCHRE,
    PALETTE,
    PURPLE,
    SMALL,
    TEXT,
    VERMILLION,
    WIDTH,
    Drawing,
    box,
    briefly,
    chart,
    check_label,
    check_series,
    finish,
    legend,
    listed,
    require,
    sheet,
    styled,
    text_width,
    times,
)
from cnnlib.plots.scales import doublings

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
    widest = max(_size(row) for row in rows)
    blocks = [
        (4.5 * math.log2(_depth(row) + 1), max(4.0, 62 * math.sqrt(_size(row) / widest))) for row in rows
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
    figure, axes = sheet(WIDTH, 24 + sum(heights))
    axes.text(0, 11, title, weight="bold", va="baseline")
    top = 28.0
    for band, tall, height in zip(bands, tallest, heights, strict=True):
        middle = top + tall / 2
        for column, i in enumerate(band):
            centre = (column + 0.5) * slot
            left = _block(axes, centre, middle, *blocks[i], layer_colour(rows[i]))
            if i:
                before = (column - 0.5) * slot + _reach(*blocks[i - 1]) if column else -slot
                _arrow(axes, max(before + 3, left - 16), left - 3, middle)
            for j, text in enumerate(labels[i]):
                emphasis: dict[str, Any] = {"weight": "bold"} if j == 0 else {"alpha": MUTED}
                y = top + tall + 14 + line * j
                axes.text(centre, y, text, ha="center", va="baseline", size=SMALL, **emphasis)
        top += height
    steps = "; ".join(f"{row.name}, {_kind(row)}, {times(row.output_shape)}" for row in rows)
    return finish(figure, f"{title}: {len(rows)} layers in order. {steps}.")


@styled
def network_to_scale(rows: "Sequence[Row]", title: str, image: tuple[int, int, int] | None = None) -> Drawing:
    """Draw an architecture from top to bottom as plates, seen from the side, whose two measures are to scale.

    A plate is as wide as a map has pixels and as thick as there are maps. A layer without spatial axes would
    be a thin, tall pillar: it lies on its side. What would be thinner than a line is drawn as a line.

    Args:
        rows: the layers, as `audit.table` gives them; those without weights that pool nothing are left out.
        title: what the drawing is headed with.
        image: height, width and channels of the input, drawn as the first plate.

    Raises:
        ValueError: there are no rows to draw, or one has an output that is neither (H, W, C) nor (units,).
    """
    rows = [row for row in rows if row.params or layer_colour(row) == OCHRE]
    check_rows(rows, "network_to_scale")
    plates = [(row.name, row.output_shape, layer_colour(row)) for row in rows]
    if image:
        plates.insert(0, ("image", tuple(image), GREY))
    left = 1.15 * max(text_width(name) for name, *_ in plates) + 8
    room = WIDTH - left - max(text_width(times(shape)) for _, shape, _ in plates) - 8
    maps = [shape[-1] for _, shape, _ in plates if len(shape) == 3]
    units = [shape[0] for _, shape, _ in plates if len(shape) == 1]
    pixel = room / max([shape[1] for _, shape, _ in plates if len(shape) == 3], default=room)
    one_map = min(room / max(units, default=1), 32 / max(maps, default=1))
    sizes = [
        (shape[1] * pixel, max(shape[2] * one_map, 0.8)) if len(shape) == 3 else (shape[0] * one_map, 2.0)
        for _, shape, _ in plates
    ]
    slots = [max(thickness + 4, 13.0) for _, thickness in sizes]
    notes = ["width: side of a map; thickness: number of maps"]
    notes += ["layers without maps lie on their side"] if units else []
    figure, axes = sheet(WIDTH, 24 + sum(slots) + 12 * len(notes) + 6)
    axes.text(0, 11, title, weight="bold", va="baseline")
    top = 22.0
    small: dict[str, Any] = {"size": SMALL, "va": "center_baseline"}
    for (name, shape, colour), (width, thickness), slot in zip(plates, sizes, slots, strict=True):
        middle = top + slot / 2
        corner = (left + (room - width) / 2, middle - thickness / 2)
        axes.add_patch(Rectangle(corner, width, thickness, color=colour, lw=0))
        axes.text(0, middle, name, weight="bold", **small)
        axes.text(WIDTH, middle, times(shape), ha="right", alpha=MUTED, **small)
        top += slot
    for i, note in enumerate(notes):
        axes.text(left + room / 2, top + 12 + 12 * i, note, ha="center", alpha=MUTED, size=SMALL)
    steps = "; ".join(f"{name}, {times(shape)}" for name, shape, _ in plates)
    return finish(figure, f"{title}, {len(plates)} plates to scale, in order. {steps}.")


@styled
def extractor_and_classifier(rows: "Sequence[Row]") -> Drawing:
    """Draw a network as two parts, and how layers, parameters and multiply-adds are shared between them.

    Every bar has one cell per layer. The classifier begins at the first layer without spatial axes.

    Args:
        rows: the layers, as `audit.table` gives them.

    Raises:
        ValueError: there are no rows, or the network lacks one of the two parts.
    """
    check_rows(rows, "extractor_and_classifier")
    split = next((i for i, row in enumerate(rows) if len(row.output_shape) == 1), 0)
    require(split, "extractor_and_classifier: needs layers with feature maps followed by layers without")
    parts = (rows[:split], rows[split:])
    measures = {
        "layers": [1 for _ in rows],
        "parameters": [row.params for row in rows],
        "multiply-adds": [row.macs for row in rows],
    }
    figure, axes = sheet(WIDTH, 54 + 58 * len(measures))
    colours = (BLUE, VERMILLION)
    for x, side, name, part, colour in zip(
        (0, WIDTH), ("left", "right"), ("feature extractor", "classifier"), parts, colours, strict=True
    ):
        axes.text(x, 11, name, weight="bold", color=colour, ha=side, va="baseline")
        names = part[0].name if len(part) == 1 else f"{part[0].name} to {part[-1].name}"
        axes.text(x, 24, names, size=SMALL, alpha=MUTED, ha=side, va="baseline")
    sentences = []
    for i, (measure, counts) in enumerate(measures.items()):
        total, y, x = sum(counts), 54.0 + 58 * i, 0.0
        axes.text(WIDTH / 2, y, f"{total:,} {measure}", ha="center", va="baseline")
        for j, count in enumerate(counts):
            width = WIDTH * count / max(total, 1)
            cell = width - min(0.8, width / 3)
            axes.add_patch(Rectangle((x, y + 6), cell, 14, color=colours[j >= split], lw=0))
            x += width
        shares = [
            f"{part:,} ({part / max(total, 1):.1%})" for part in (sum(counts[:split]), sum(counts[split:]))
        ]
        for end, side, share in zip((0, WIDTH), ("left", "right"), shares, strict=True):
            axes.text(end, y + 32, share, size=SMALL, ha=side, va="baseline")
        sentences.append(f"{measure}: {shares[0]} against {shares[1]}")
    shown = [briefly([row.name for row in part], 20) for part in parts]
    alt = f"Feature extractor ({shown[0]}) and classifier ({shown[1]})."
    return finish(figure, f"{alt} Of the {'; '.join(sentences)}.")


@styled
def shape_through_depth(networks: "Mapping[str, Sequence[Row]]") -> Drawing:
    """Draw how feature maps get smaller and more numerous from layer to layer, on axes that count doublings.

    Args:
        networks: for each network its layers, as `audit.table` gives them; those without spatial axes are
            left out.

    Raises:
        ValueError: there is no network, more than there are colours, or one without feature maps.
    """
    check_series(networks, "shape_through_depth")
    shapes = {}
    for name, rows in networks.items():
        check_rows(rows, f"shape_through_depth: {name}")
        shapes[name] = [row.output_shape for row in rows if len(row.output_shape) == 3]
        require(shapes[name], f"shape_through_depth: {name} has no layer with feature maps")
    figure = chart(330)
    upper, lower = figure.subplots(2, sharex=True)
    for axes, heading, axis in (
        (upper, "side of a feature map, pixels", 0),
        (lower, "number of feature maps", 2),
    ):
        for (name, sequence), colour, marker in zip(shapes.items(), PALETTE, "osD^vP", strict=False):
            values = [shape[axis] for shape in sequence]
            size = 5 if len(values) < 30 else 0
            axes.plot(range(1, len(values) + 1), values, color=colour, marker=marker, ms=size, label=name)
        doublings(axes, [shape[axis] for sequence in shapes.values() for shape in sequence])
        axes.set_title(heading)
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    lower.set_xlabel("layer")
    legend(figure, upper)
    sentences = [
        f"{name}, {len(s)} layers, from {times(s[0])} to {times(s[-1])}" for name, s in shapes.items()
    ]
    return finish(figure, f"Side and number of the feature maps by layer: {'; '.join(sentences)}.")


@styled
def dense_widths(networks: Mapping[str, Sequence[int]]) -> Drawing:
    """Draw the dense layers at the end of each network as a funnel, as high as the logarithm of their units.

    Args:
        networks: for each network the units of its dense layers, first to last.

    Raises:
        ValueError: there is no network, or one without a dense layer or with a width below 1.
    """
    require(networks, "dense_widths: nothing to draw, there is no network")
    for name, units in networks.items():
        require(
            len(units) and min(units) > 0, f"dense_widths: {name} needs dense layers of at least one unit"
        )
    left = max(text_width(name, TEXT) for name in networks) + 14
    slot = (WIDTH - left) / max(len(units) for units in networks.values())
    bar, line, unit = min(30.0, slot * 0.45), 58.0, 3.2
    figure, axes = sheet(WIDTH, line * len(networks))
    for i, ((name, sequence), colour) in enumerate(
        zip(networks.items(), itertools.cycle(PALETTE), strict=False)
    ):
        middle = line * (i + 0.5) + 6
        axes.text(0, middle, name, va="center")
        halves = [unit * math.log2(width + 1) / 2 for width in sequence]
        for j, (width, half) in enumerate(zip(sequence, halves, strict=True)):
            x = left + slot * j
            if j:
                corners = [
                    (x - slot + bar, halves[j - 1]),
                    (x, half),
                    (x, -half),
                    (x - slot + bar, -halves[j - 1]),
                ]
                axes.add_patch(Polygon([(a, middle + b) for a, b in corners], color=colour, alpha=0.22, lw=0))
            axes.add_patch(Rectangle((x, middle - half), bar, 2 * half, color=colour, lw=0))
            axes.text(x + bar / 2, middle - half - 4, f"{width:,}", size=SMALL, ha="center", va="baseline")
    widths = "; ".join(f"{name}: {listed([f'{u:,}' for u in units])}" for name, units in networks.items())
    return finish(figure, f"Units of the dense layers, first to last. {widths}.")


@styled
def connection_table(table: Sequence[Collection[int]], n_inputs: int) -> Drawing:
    """Draw which input maps each output map is connected to.

    Args:
        table: for each output map the indices of its input maps, counted from 0.
        n_inputs: number of input maps.

    Raises:
        ValueError: the table is empty or names an input map that does not exist.
    """
    require(len(table) and n_inputs > 0, "connection_table: nothing to draw, the table is empty")
    for j, inputs in enumerate(table):
        valid = all(0 <= i < n_inputs for i in inputs)
        require(valid, f"connection_table: output map {j} names an input map outside 0..{n_inputs - 1}")
    left, above, right = 34.0, 34.0, 34.0
    cell = min(22.0, (WIDTH - left - right) / len(table))
    figure, axes = sheet(left + cell * len(table) + right, above + cell * n_inputs + 20)
    small: dict[str, Any] = {"size": SMALL, "va": "center_baseline", "ha": "center"}
    link: dict[str, Any] = {"color": BLUE, "lw": 0}
    blank: dict[str, Any] = {"fc": "none", "ec": INK, "alpha": 0.2, "lw": 0.7}
    axes.text(left, 10, "output map", va="baseline")
    axes.text(0, 26, "input", va="center_baseline")
    axes.text(left + cell * len(table) + right / 2, 26, "links", alpha=MUTED, **small)
    axes.text(left - 6, above + cell * n_inputs + 10, "links", alpha=MUTED, **(small | {"ha": "right"}))
    for j, inputs in enumerate(table):
        x = left + cell * (j + 0.5)
        axes.text(x, 26, str(j), **small)
        axes.text(x, above + cell * n_inputs + 10, str(len(inputs)), alpha=MUTED, **small)
        for i in range(n_inputs):
            look = link if i in inputs else blank
            corner = (left + cell * j + 1.5, above + cell * i + 1.5)
            axes.add_patch(Rectangle(corner, cell - 3, cell - 3, **look))
    for i in range(n_inputs):
        y = above + cell * (i + 0.5)
        axes.text(left - 10, y, str(i), **small)
        links = sum(i in inputs for inputs in table)
        axes.text(left + cell * len(table) + right / 2, y, str(links), alpha=MUTED, **small)
    columns = "; ".join(f"{j}: {listed(sorted(inputs))}" for j, inputs in enumerate(table))
    total = sum(len(inputs) for inputs in table)
    alt = f"Connections from {n_inputs} input maps to {len(table)} output maps, {total} in all. {columns}."
    return finish(figure, alt)


@styled
def two_towers(layers: Sequence[tuple[str, int, int]], image: str = "image", towers: int = 2) -> Drawing:
    """Draw a network that is divided into towers: which maps each layer of a tower sees.

    A ribbon leads from the maps that are seen to those that see them, in the colour of the tower it leaves.
    The image is whole, and so is a last layer that is not grouped.

    Args:
        layers: name, number of maps or units, and groups of every layer with weights, from the image up.
            With one group every tower sees all maps below, with as many groups as towers its own alone.
        image: what the first layer sees, in a word.
        towers: number of towers.

    Raises:
        ValueError: there are no layers, a number of groups is neither 1 nor `towers`, the first layer is
            grouped, or the maps of a layer cannot be divided among the towers.
    """
    _check_towers(layers, towers)
    divided = [towers > 1 and (i < len(layers) - 1 or groups > 1) for i, (*_, groups) in enumerate(layers)]
    shares = [
        f"{towers} \N{MULTIPLICATION SIGN} {maps // towers:,}" if parted else f"{maps:,}"
        for parted, (_, maps, _) in zip(divided, layers, strict=True)
    ]
    sights = [f"sees the {image}"] + [
        f"sees its own {maps // towers:,}" if groups > 1 else f"sees all {maps:,}"
        for (_, maps, _), (*_, groups) in itertools.pairwise(layers)
    ]
    names = [image, *(name for name, *_ in layers)]
    left = max(max(map(text_width, shares)), 1.15 * max(map(text_width, names))) + 10
    right, line, thick, gap = WIDTH - max(map(text_width, sights)) - 10, 40.0, 11.0, 24.0
    figure, axes = sheet(WIDTH, line * len(layers) + thick + 10)
    below = _bars(axes, left, right, 4, thick, (GREY,))
    small: dict[str, Any] = {"size": SMALL, "va": "baseline"}
    axes.text(0, 12, image, weight="bold", **small)
    for i, (name, _, groups) in enumerate(layers):
        top = 4 + line * (i + 1)
        bars = _bars(axes, left, right, top, thick, PALETTE[:towers] if divided[i] else (GREY,), gap)
        for t, (start, end, _) in enumerate(bars):
            for a, b, colour in below[t : t + 1] if groups > 1 else below:
                high, low = top - line + thick + 1.5, top - 1.5
                corners = [(a, high), (b, high), (end, low), (start, low)]
                axes.add_patch(Polygon(corners, fc=colour, alpha=0.25, lw=0))
        axes.text(0, top + 4, name, weight="bold", **small)
        axes.text(0, top + 15, shares[i], alpha=MUTED, **small)
        axes.text(right + 8, top + 9, sights[i], alpha=MUTED if groups > 1 else 1, **small)
        below = bars
    sentences = [
        f"{name}, {share},{' each' if parted else ''} {sight}"
        for (name, *_), share, parted, sight in zip(layers, shares, divided, sights, strict=True)
    ]
    counted = "1 tower" if towers == 1 else f"{towers} towers"
    return finish(figure, f"{len(layers)} layers in {counted}. {'; '.join(sentences)}.")


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
    _check_configurations(table, maps)
    counts = {
        name: sum(isinstance(k, int) for k in itertools.chain(*blocks)) for name, blocks in table.items()
    }
    left, cell = 60.0, 17.0
    slot = (WIDTH - left) / len(table)
    rows = [max(len(blocks[i]) for blocks in table.values()) for i in range(len(maps))]
    tops = list(itertools.accumulate((cell * n + 15 for n in rows), initial=22.0))
    figure, axes = sheet(WIDTH, tops[-1] + cell * len(units) + 34)
    small: dict[str, Any] = {"size": SMALL, "va": "center_baseline"}
    for top, n, number in zip(tops, rows, maps, strict=False):
        axes.text(0, top + cell / 2 - 1.5, f"{number:,} maps", **small)
        axes.text(0, top + cell * n + 2.5, "pool", alpha=MUTED, **small)
    for j, width in enumerate(units):
        axes.text(0, tops[-1] + cell * (j + 0.5) - 1.5, f"{width:,} units", **small)
    end = tops[-1] + cell * len(units)
    for j, line in enumerate(("layers with", "weights")):
        axes.text(0, end + 14 + 12 * j, line, **small)
    for i, (name, blocks) in enumerate(table.items()):
        middle, start = left + slot * (i + 0.5), left + slot * i + 2.5
        axes.text(middle, 9, name, weight="bold", ha="center", **small)
        for top, n, block in zip(tops, rows, blocks, strict=False):
            for j, kind in enumerate(block):
                colour = GREY if isinstance(kind, str) else PURPLE if kind == 1 else BLUE
                word = kind if isinstance(kind, str) else times((kind, kind))
                box(axes, start, top + cell * j, slot - 5, cell - 3, colour, word)
            axes.add_patch(Rectangle((start, top + cell * n), slot - 5, 5, color=OCHRE, lw=0))
            for high, low in ((cell * len(block) - 3, cell * n), (cell * n + 5, cell * n + 15)):
                axes.plot([middle] * 2, [top + high, top + low], color=INK, alpha=0.4, lw=0.8)
        for j in range(len(units)):
            box(axes, start, tops[-1] + cell * j, slot - 5, cell - 3, VERMILLION, "dense")
        axes.text(middle, end + 20, str(counts[name] + len(units)), weight="bold", ha="center", **small)
    sentences = [
        f"{name}, {counts[name] + len(units)} layers with weights: "
        + " | ".join(listed(times((k, k)) if isinstance(k, int) else k for k in block) for block in blocks)
        for name, blocks in table.items()
    ]
    alt = (
        f"{len(table)} networks of {len(maps)} blocks with {listed(f'{n:,}' for n in maps)} maps, each block "
    )
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
    alt = f"Receptive fields of {len(stacks)} stacks with C maps in every layer. {'. '.join(sentences)}."
    return finish(figure, alt)


@styled
def dropout(masks: np.ndarray, inputs: int = 4, outputs: int = 3) -> Drawing:
    """Draw a dense layer several times, each time with other units dropped: the networks that share weights.

    A unit that is kept is filled and linked to all inputs and outputs; one that is dropped is an empty ring.

    Args:
        masks: (draws, units); true where a unit is kept.
        inputs: units of the layer below.
        outputs: units of the layer above.

    Raises:
        ValueError: `masks` has another shape, is empty or holds other values, or a layer has no unit or more
            than 12.
    """
    masks = np.asarray(masks)
    require(
        masks.ndim == 2 and masks.size and np.isin(masks, (0, 1)).all(),
        f"dropout: expected (draws, units) of true and false, got {masks.shape} of {masks.dtype}",
    )
    layers = (inputs, masks.shape[1], outputs)
    fits = all(0 < units <= 12 for units in layers)
    require(fits, f"dropout: every layer must have 1 to 12 units, got {listed(layers)}")
    tall = 14.0 * max(layers)
    figure, axes = sheet(WIDTH, (tall + 34) * math.ceil(len(masks) / 2))
    for i, mask in enumerate(masks):
        left, top = WIDTH / 2 * (i % 2), (tall + 34) * (i // 2)
        axes.text(left, top + 11, f"draw {i + 1}: {int(mask.sum())} of {len(mask)} kept", va="baseline")
        _dense_layers(axes, left + 14, top + 22, tall, [np.ones(inputs), mask, np.ones(outputs)])
    draws = "; ".join(
        f"draw {i + 1} keeps {listed(np.flatnonzero(mask) + 1) or 'none'}" for i, mask in enumerate(masks)
    )
    alt = f"Dropout in a layer of {layers[1]} units between {inputs} and {outputs}: {draws}"
    return finish(figure, f"{alt}, counted from 1.")


@styled
def layer_counts(chains: "Mapping[str, tuple[Sequence[int], Sequence[tuple[str, Row]]]]") -> Drawing:
    """Draw what layers one behind the other make and cost, as a table for each chain, with its sums.

    Args:
        chains: for each title the shape of the input, and each layer in words with what `audit.table` says
            of it.

    Raises:
        ValueError: there are no chains, one has no layers, or a layer's words are too long.
    """
    require(chains, "layer_counts: nothing to draw, there are no chains")
    line, columns = 16.0, (148.0, 252.0, WIDTH)
    height = sum(line * (len(rows) + 2) + 24 for _, rows in chains.values())
    figure, axes = sheet(WIDTH, height - 12)
    top, told = 0.0, []

    def write(y: float, words: Sequence[str], **look: Any) -> None:
        axes.text(0, y, words[0], size=SMALL, va="baseline", **look)
        for x, word, side in zip(columns, words[1:], ("left", "right", "right"), strict=True):
            axes.text(x - 32 * (side == "left"), y, word, size=SMALL, ha=side, va="baseline", **look)

    for title, (shape, rows) in chains.items():
        require(rows, f"layer_counts: {title} has no layers")
        axes.text(0, top + 11, title, weight="bold", va="baseline")
        write(top + 27, (f"input {times(shape)}", "output", "parameters", "multiply-adds"), alpha=MUTED)
        axes.plot([0, WIDTH], [top + 31.5] * 2, color=INK, lw=0.7, alpha=0.3)
        for i, (words, row) in enumerate(rows):
            require(text_width(words) < columns[0] - 36, f"layer_counts: no room for {words!r}")
            cells = (words, times(row.output_shape), f"{row.params:,}", f"{row.macs:,}")
            write(top + 43 + line * i, cells)
        params, macs = (sum(getattr(row, kind) for _, row in rows) for kind in ("params", "macs"))
        write(top + 43 + line * len(rows), ("in all", "", f"{params:,}", f"{macs:,}"), weight="bold")
        layers = "; ".join(f"{words} makes {times(row.output_shape)}" for words, row in rows)
        told.append(f"{title}: {layers}; {params:,} parameters and {macs:,} multiply-adds on {times(shape)}")
        top += line * (len(rows) + 2) + 24
    return finish(figure, f"{'. '.join(told)}.")


@styled
def parameter_bridge(
    start: tuple[str, int], steps: Sequence[tuple[str, int]], end: tuple[str, int]
) -> Drawing:
    """Draw how one total becomes another, step by step, as a waterfall from top to bottom.

    Args:
        start: label and value of the total that is set out from.
        steps: label and difference of every step.
        end: label and value of the total that is reached.

    Raises:
        ValueError: there are no steps, they do not lead from start to end, or a label is longer than a line.
    """
    require(steps, "parameter_bridge: nothing to draw, there are no steps")
    totals = list(itertools.accumulate((delta for _, delta in steps), initial=start[1]))
    if totals[-1] != end[1]:
        raise ValueError(f"parameter_bridge: {start[1]:,} and the steps make {totals[-1]:,}, not {end[1]:,}")
    low, high = min(totals), max(totals)
    scale = (WIDTH - 12) / max(high - low, 1)
    x = [6 + (total - low) * scale for total in totals]
    line = 38.0
    figure, axes = sheet(WIDTH, line * (len(steps) + 2) - 4)
    texts = [
        (start[0], f"{start[1]:,}"),
        *((label, _signed(delta)) for label, delta in steps),
        (end[0], f"{end[1]:,}"),
    ]
    for i, (label, value) in enumerate(texts):
        check_label(label, value)
        weight = "bold" if i in (0, len(texts) - 1) else "normal"
        axes.text(0, line * i + 11, label, weight=weight, va="baseline")
        axes.text(WIDTH, line * i + 11, value, weight=weight, ha="right", va="baseline")
        y = line * i + 24
        if 0 < i < len(texts) - 1:
            colour = BLUE if steps[i - 1][1] >= 0 else VERMILLION
            axes.add_patch(Rectangle((x[i - 1], y - 5), x[i] - x[i - 1], 10, color=colour, lw=0.8))
    for at, i in ((x[0], 0), (x[-1], len(texts) - 1)):
        axes.add_patch(Circle((at, line * i + 24), 4.5, fc=INK, lw=0))
    path = "; ".join(f"{label} {_signed(delta)}" for label, delta in steps)
    return finish(figure, f"From {start[1]:,} ({start[0]}) to {end[1]:,} ({end[0]}): {path}.")


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


def _reach(length: float, height: float) -> float:
    """Half the width of a block as drawn."""
    return (length + 0.3 * height) / 2


def _arrow(axes: Axes, start: float, end: float, y: float) -> None:
    """Draw a small arrow to the right."""
    axes.plot([start, end - 2], [y, y], color=INK, lw=0.9, alpha=MUTED)
    axes.add_patch(Polygon([(end, y), (end - 4, y - 2.3), (end - 4, y + 2.3)], color=INK, alpha=MUTED, lw=0))


def _bars(
    axes: Axes, left: float, right: float, top: float, thick: float, colours: Sequence[str], gap: float = 0.0
) -> list[tuple[float, float, str]]:
    """Divide a line into one bar for each colour; return where each starts and ends, and its colour."""
    width = (right - left - gap * (len(colours) - 1)) / len(colours)
    bars = [(left + (width + gap) * i, left + (width + gap) * i + width, c) for i, c in enumerate(colours)]
    for start, _, colour in bars:
        axes.add_patch(Rectangle((start, top), width, thick, color=colour, lw=0))
    return bars


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
        axes.text(at(side, side)[0] + 4, y, times((side, side)), size=SMALL, va="center_baseline")


def _dense_layers(axes: Axes, left: float, top: float, tall: float, kept: Sequence[np.ndarray]) -> None:
    """Draw dense layers side by side; of each unit `kept` says whether it is there or dropped."""
    places = []
    for j, units in enumerate(kept):
        step = min(tall / len(units), 22.0)
        first = top + (tall - step * (len(units) - 1)) / 2
        places.append([(left + 64 * j, first + step * k) for k in range(len(units))])
    there = [[at for at, on in zip(*layer, strict=True) if on] for layer in zip(places, kept, strict=True)]
    for below, above in itertools.pairwise(there):
        for a, b in itertools.product(below, above):
            axes.plot(*zip(a, b, strict=True), color=INK, alpha=0.3, lw=0.6, zorder=1)
    for layer, present, colour in zip(places, there, (GREY, BLUE, VERMILLION), strict=False):
        for at in layer:
            look: dict[str, Any] = {"fc": colour, "lw": 0} if at in present else {"fc": "none", "ec": GREY}
            axes.add_patch(Circle(at, 4.6, zorder=2, **look))


def _size(row: "Row") -> int:
    return row.output_shape[0] if len(row.output_shape) == 3 else 1


def _depth(row: "Row") -> int:
    return row.output_shape[-1]


def _kind(row: "Row") -> str:
    """Say the layer's kind in words: AveragePooling2D is average pooling, EuclideanRBF is euclidean RBF."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", row.kind.replace("2D", ""))
    return " ".join(word if word.isupper() else word.lower() for word in words)


def _caption(row: "Row") -> list[str]:
    """Write the lines under a layer: its name, its kind where the name does not say it, its shape."""
    kind = _kind(row)
    return [row.name, *(textwrap.wrap(kind, 14) if kind != row.name else []), times(row.output_shape)]


def layer_colour(row: "Row") -> str:
    """Blue convolves, purple does so without sharing weights, ochre subsamples, vermillion is dense."""
    words = {
        "conv": BLUE,
        "locally": PURPLE,
        "pool": OCHRE,
        "subsampl": OCHRE,
        "dense": VERMILLION,
        "rbf": VERMILLION,
    }
    return next((colour for word, colour in words.items() if word in row.kind.lower()), GREY)


def check_rows(rows: "Sequence[Row]", where: str) -> None:
    """Refuse an architecture without layers, or with outputs that are neither (H, W, C) nor (units,)."""
    require(rows, f"{where}: nothing to draw, there are no layers")
    for row in rows:
        if len(row.output_shape) not in (1, 3):
            raise ValueError(f"{where}: {row.name} gives {row.output_shape}, expected (H, W, C) or (units,)")


def _signed(value: int) -> str:
    return f"{value:+,}".replace("-", "\N{MINUS SIGN}")


def _check_towers(layers: Sequence[tuple[str, int, int]], towers: int) -> None:
    """Refuse layers that cannot be divided among the towers, and more towers than there are colours."""
    require(layers, "two_towers: nothing to draw, there are no layers")
    require(1 <= towers <= len(PALETTE), f"two_towers: towers must be 1 to {len(PALETTE)}, not {towers}")
    for i, (name, maps, groups) in enumerate(layers):
        require(groups in (1, towers), f"two_towers: {name} has {groups} groups, expected 1 or {towers}")
        require(i or groups == 1, f"two_towers: {name} sees the image, which is whole, in {groups} groups")
        whole = i == len(layers) - 1 and groups == 1
        require(
            whole or maps % towers == 0, f"two_towers: the {maps} maps of {name} do not divide into {towers}"
        )


def _check_configurations(table: Mapping[str, Sequence[Sequence[int | str]]], maps: Sequence[int]) -> None:
    """Refuse networks that do not fit the plan, or not on one sheet."""
    require(table and maps, "configurations: nothing to draw, there are no networks or no blocks")
    for name, blocks in table.items():
        found = f"configurations: {name} has {len(blocks)} blocks, maps are given for {len(maps)}"
        require(len(blocks) == len(maps), found)
        words = [name, *(kind for block in blocks for kind in block if isinstance(kind, str))]
        for word in words:
            require(
                1.15 * text_width(word) < (WIDTH - 60) / len(table) - 3,
                f"configurations: {word!r} is wider than its column; draw fewer than {len(table)} networks",
            )
