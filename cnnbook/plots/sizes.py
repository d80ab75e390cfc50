"""What layers make and cost: shapes, parameters, multiply-adds."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Circle, Polygon, Rectangle

from cnnbook.plots.networks import check_rows, layer_colour
from cnnbook.plots.scales import doublings
from cnnbook.plots.words import briefly
from cnnlib.plots.drawing import Drawing, blank, check_label, finish, legend, sheet, text_width
from cnnlib.plots.look import (
    BLUE,
    GREY,
    INK,
    LABEL,
    MUTED,
    OCHRE,
    SMALL,
    TEXT,
    VERMILLION,
    WIDTH,
    check_series,
    looks,
    styled,
)
from cnnlib.plots.words import listed, require, times

if TYPE_CHECKING:
    from cnnlib.audit import Row


@styled
def network_to_scale(rows: "Sequence[Row]", title: str, image: tuple[int, int, int]) -> Drawing:
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
    plates = [("image", tuple(image), GREY)]
    plates += [(row.name, row.output_shape, layer_colour(row)) for row in rows]
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
    figure, axes = sheet(WIDTH, 24 + sum(slots) + 12 * len(notes) + 6, title)
    top = 22.0
    for (name, shape, colour), (width, thickness), slot in zip(plates, sizes, slots, strict=True):
        middle = top + slot / 2
        corner = (left + (room - width) / 2, middle - thickness / 2)
        axes.add_patch(Rectangle(corner, width, thickness, color=colour, lw=0))
        axes.text(0, middle, name, weight="bold", **LABEL)
        axes.text(WIDTH, middle, times(shape), ha="right", alpha=MUTED, **LABEL)
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
        sums = (sum(counts[:split]), sum(counts[split:]))
        shares = [f"{part:,} ({part / max(total, 1):.1%})" for part in sums]
        for end, side, share in zip((0, WIDTH), ("left", "right"), shares, strict=True):
            axes.text(end, y + 32, share, size=SMALL, ha=side, va="baseline")
        sentences.append(f"{measure}: {shares[0]} against {shares[1]}")
    shown = [briefly([row.name for row in part], 20) for part in parts]
    alt = f"Feature extractor ({shown[0]}) and classifier ({shown[1]})."
    return finish(figure, f"{alt} Of the {'; '.join(sentences)}.")


@styled
def shape_through_depth(networks: "Mapping[str, Sequence[Row]]") -> Drawing:
    """Draw how feature maps get smaller and more numerous on the way through, on axes that count doublings.

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
    figure = blank(330)
    upper, lower = figure.subplots(2, sharex=True)
    headings = {0: "side of a feature map, pixels", 2: "number of feature maps"}
    for axes, (axis, heading) in zip((upper, lower), headings.items(), strict=True):
        for name, sequence, colour, _, marker in looks(shapes):
            values = [shape[axis] for shape in sequence]
            size = 5 if len(values) < 30 else 0
            # Networks of five layers and of fifty on one axis: the first layer at 0, the last at 1.
            places = [i / max(len(values) - 1, 1) for i in range(len(values))]
            axes.plot(places, values, color=colour, marker=marker, ms=size, label=name)
        doublings(axes, [shape[axis] for sequence in shapes.values() for shape in sequence])
        axes.set_title(heading)
    lower.set_xticks([0, 1], ["first layer", "last layer with maps"])
    for label, side in zip(lower.get_xticklabels(), ("left", "right"), strict=True):
        label.set_horizontalalignment(side)
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
        ValueError: there is no network, more than there are colours, or one without a dense layer or with a
            width below 1.
    """
    check_series(networks, "dense_widths")
    for name, units in networks.items():
        some = len(units) and min(units) > 0
        require(some, f"dense_widths: {name} needs dense layers of at least one unit")
    left = max(text_width(name, TEXT) for name in networks) + 14
    slot = (WIDTH - left) / max(len(units) for units in networks.values())
    bar, line, unit = min(30.0, slot * 0.45), 58.0, 3.2
    figure, axes = sheet(WIDTH, line * len(networks))
    for i, (name, sequence, colour, *_) in enumerate(looks(networks)):
        middle = line * (i + 0.5) + 6
        axes.text(0, middle, name, va="center")
        halves = [unit * math.log2(width + 1) / 2 for width in sequence]
        for j, (width, half) in enumerate(zip(sequence, halves, strict=True)):
            x = left + slot * j
            if j:
                before, start = halves[j - 1], x - slot + bar
                corners = [(start, before), (x, half), (x, -half), (start, -before)]
                axes.add_patch(Polygon([(a, middle + b) for a, b in corners], color=colour, alpha=0.22, lw=0))
            axes.add_patch(Rectangle((x, middle - half), bar, 2 * half, color=colour, lw=0))
            axes.text(x + bar / 2, middle - half - 4, f"{width:,}", size=SMALL, ha="center", va="baseline")
    widths = "; ".join(f"{name}: {listed([f'{u:,}' for u in units])}" for name, units in networks.items())
    return finish(figure, f"Units of the dense layers, first to last. {widths}.")


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
    found = f"parameter_bridge: {start[1]:,} and the steps make {totals[-1]:,}, not {end[1]:,}"
    require(totals[-1] == end[1], found)
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


def _signed(value: int) -> str:
    return f"{value:+,}".replace("-", "\N{MINUS SIGN}")
