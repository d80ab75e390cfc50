"""Every figure of the book, as an inline SVG that takes its ink from the page around it.

Each function takes its data as arguments and returns a `Drawing`. Text, axes and grid are drawn in the
page's own text colour, so one figure serves light and dark pages; data colours are mid-tones that stand out
from white and from near-black alike, in hues that colour-blind readers tell apart.
"""

import base64
import hashlib
import io
import itertools
import math
import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from PIL import Image

if TYPE_CHECKING:
    from cnnlib.audit import Row

# The Okabe-Ito hues, moved to lightnesses that keep a contrast above 3:1 on white and on #121212.
BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY = (
    "#2a86c8",
    "#d55e00",
    "#009268",
    "#b9649a",
    "#a98000",
    "#7f868d",
)
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY)

# Images cannot follow the page's colour, so they look like print in both themes: dark ink on a light sheet.
PAPER = "#f4f2ec"
_PRINT = LinearSegmentedColormap.from_list("print", [PAPER, "#20262c"], N=64)
_SIGNED = LinearSegmentedColormap.from_list("signed", ["#07375c", BLUE, PAPER, VERMILLION, "#6b2f00"], N=65)

_INK = "#010203"  # stands for the page's text colour until the SVG is written
_WIDTH = 346.0  # points; narrow, so that 10-point text is still read on a phone
_TEXT, _SMALL = 10.0, 9.0
_MUTED = 0.72
_FONT = "system-ui,sans-serif"
_GROWTH = 1.6  # CSS pixels per point at full size: 10-point text then matches a page's 16-pixel text

_styled = style.context(
    [
        "default",
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "cnnlib",
            "font.sans-serif": ["DejaVu Sans"],
            "text.parse_math": False,
            "image.composite_image": False,
            "savefig.transparent": True,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "font.size": _TEXT,
            "axes.titlesize": _TEXT,
            "axes.titlelocation": "left",
            "axes.labelsize": _TEXT,
            "xtick.labelsize": _SMALL,
            "ytick.labelsize": _SMALL,
            "legend.fontsize": _SMALL,
            "legend.frameon": False,
            "text.color": _INK,
            "axes.labelcolor": _INK,
            "axes.edgecolor": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
            "grid.color": _INK,
            "grid.alpha": 0.14,
            "grid.linewidth": 0.7,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.linewidth": 0.7,
            "xtick.major.size": 3,
            "xtick.major.width": 0.7,
            "ytick.major.size": 0,
            "lines.linewidth": 1.8,
            "lines.solid_capstyle": "round",
        },
    ]
)


@dataclass(frozen=True, repr=False)
class Drawing:
    """A finished figure: notebooks and the book show it, `save` writes it.

    Attributes:
        svg: the `<svg>` element, complete in itself.
        alt: what the figure shows, in words, for readers who cannot see it.
    """

    svg: str
    alt: str

    def _repr_html_(self) -> str:
        return f'<figure class="cnn" style="margin:1em 0">{self.svg}</figure>'

    def __repr__(self) -> str:
        return f"<Drawing: {self.alt}>"

    def save(self, path: str | Path) -> None:
        """Write the figure to `path` as an SVG file."""
        Path(path).write_text(self.svg + "\n", encoding="utf-8")


@_styled
def images(
    x: np.ndarray, titles: Sequence[str] | None = None, columns: int = 8, *, alt: str | None = None
) -> Drawing:
    """Draw a grid of images.

    Args:
        x: (N, H, W), (N, H, W, 1) or (N, H, W, 3); uint8, or floats. One-channel images are printed with high
            values as ink, floats over the range they span; RGB floats must lie in 0..1.
        titles: one short line above each image.
        columns: at most this many images side by side; fewer where the titles need the room.
        alt: what the images show; by default their number, size and titles.

    Raises:
        ValueError: no image, another rank or number of channels, or not one title per image.
    """
    x = np.asarray(x)
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4 or x.shape[-1] not in (1, 3):
        raise ValueError(f"images: expected (N, H, W), (N, H, W, 1) or (N, H, W, 3), got {x.shape}")
    _require(x.size, "images: nothing to draw, the array is empty")
    if x.shape[-1] == 1:
        low, high = (0, 255) if x.dtype == np.uint8 else (float(x.min()), float(x.max()))
        tiles, norm = x[..., 0], Normalize(low, max(high, low + 1e-12))
    else:
        tiles, norm = (x / 255 if x.dtype == np.uint8 else x), None
        if tiles.min() < 0 or tiles.max() > 1:
            raise ValueError("images: RGB floats must lie in 0..1")
    count, size = len(x), _times(x.shape[1:3])
    words = alt or f"{count} {'image' if count == 1 else 'images'} of {size} pixels" + (
        f": {_listed(titles)}" if titles else ""
    )
    return _grid(tiles, titles, columns, words + ".", cmap=_PRINT, norm=norm)


@_styled
def feature_maps(maps: np.ndarray, name: str, columns: int = 8) -> Drawing:
    """Draw the feature maps of one layer for one image, coloured on one scale that is symmetric around 0.

    Args:
        maps: (H, W, C), one image's output of the layer.
        name: the layer's name, for the title.
        columns: at most this many maps side by side.

    Raises:
        ValueError: `maps` is empty, of another rank or not finite.
    """
    maps = np.asarray(maps, dtype=float)
    if maps.ndim != 3:
        raise ValueError(f"feature_maps: expected (H, W, C), got {maps.shape}")
    _require(maps.size, "feature_maps: nothing to draw, the array is empty")
    _require(np.isfinite(maps).all(), "feature_maps: the maps hold values that are not finite")
    bound = float(np.abs(maps).max()) or 1.0
    alt = (
        f"The {maps.shape[2]} feature maps of {name}, {_times(maps.shape[:2])} each; values from "
        f"{maps.min():.2f} to {maps.max():.2f}, blue below 0 and orange above."
    )
    title = f"{name}, {_times(maps.shape)}"
    norm = Normalize(-bound, bound)
    return _grid(
        np.moveaxis(maps, 2, 0), None, columns, alt, cmap=_SIGNED, norm=norm, title=title, bound=bound
    )


@_styled
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
    _check_rows(rows, "network")
    labels = [_caption(row) for row in rows]
    widest = max(_size(row) for row in rows)
    blocks = [
        (4.5 * math.log2(_depth(row) + 1), max(4.0, 62 * math.sqrt(_size(row) / widest))) for row in rows
    ]
    needed = max(
        max(width + 0.3 * height, *(_text_width(line) for line in lines))
        for (width, height), lines in zip(blocks, labels, strict=True)
    )
    fitting = max(1, int(_WIDTH // (needed + 14)))
    columns = math.ceil(len(rows) / math.ceil(len(rows) / fitting))
    slot, line = _WIDTH / columns, 12.0
    bands = [range(i, min(i + columns, len(rows))) for i in range(0, len(rows), columns)]
    tallest = [max(1.15 * blocks[i][1] for i in band) for band in bands]
    text_lines = [max(len(labels[i]) for i in band) for band in bands]
    heights = [tall + line * lines + 24 for tall, lines in zip(tallest, text_lines, strict=True)]
    figure, axes = _sheet(_WIDTH, 24 + sum(heights))
    axes.text(0, 11, title, weight="bold", va="baseline")
    top = 28.0
    for band, tall, height in zip(bands, tallest, heights, strict=True):
        middle = top + tall / 2
        for column, i in enumerate(band):
            centre = (column + 0.5) * slot
            left = _block(axes, centre, middle, *blocks[i], _colour(rows[i]))
            if i:
                before = (column - 0.5) * slot + _reach(*blocks[i - 1]) if column else -slot
                _arrow(axes, max(before + 3, left - 16), left - 3, middle)
            for j, text in enumerate(labels[i]):
                emphasis: dict[str, Any] = {"weight": "bold"} if j == 0 else {"alpha": _MUTED}
                y = top + tall + 14 + line * j
                axes.text(centre, y, text, ha="center", va="baseline", size=_SMALL, **emphasis)
        top += height
    steps = "; ".join(f"{row.name}, {_kind(row)}, {_times(row.output_shape)}" for row in rows)
    return _drawing(figure, f"{title}: {len(rows)} layers in order. {steps}.")


@_styled
def extractor_and_classifier(rows: "Sequence[Row]") -> Drawing:
    """Draw a network as two parts, and how layers, parameters and multiply-adds are shared between them.

    Every bar has one cell per layer. The classifier begins at the first layer without spatial axes.

    Args:
        rows: the layers, as `audit.table` gives them.

    Raises:
        ValueError: there are no rows, or the network lacks one of the two parts.
    """
    _check_rows(rows, "extractor_and_classifier")
    split = next((i for i, row in enumerate(rows) if len(row.output_shape) == 1), 0)
    _require(split, "extractor_and_classifier: needs layers with feature maps followed by layers without")
    parts = (rows[:split], rows[split:])
    measures = {
        "layers": [1 for _ in rows],
        "parameters": [row.params for row in rows],
        "multiply-adds": [row.macs for row in rows],
    }
    figure, axes = _sheet(_WIDTH, 54 + 58 * len(measures))
    colours = (BLUE, VERMILLION)
    for x, side, name, part, colour in zip(
        (0, _WIDTH), ("left", "right"), ("feature extractor", "classifier"), parts, colours, strict=True
    ):
        axes.text(x, 11, name, weight="bold", color=colour, ha=side, va="baseline")
        names = part[0].name if len(part) == 1 else f"{part[0].name} to {part[-1].name}"
        axes.text(x, 24, names, size=_SMALL, alpha=_MUTED, ha=side, va="baseline")
    sentences = []
    for i, (measure, counts) in enumerate(measures.items()):
        total, y, x = sum(counts), 54.0 + 58 * i, 0.0
        axes.text(_WIDTH / 2, y, f"{total:,} {measure}", ha="center", va="baseline")
        for j, count in enumerate(counts):
            width = _WIDTH * count / max(total, 1)
            cell = width - min(0.8, width / 3)
            axes.add_patch(Rectangle((x, y + 6), cell, 14, color=colours[j >= split], lw=0))
            x += width
        shares = [
            f"{part:,} ({part / max(total, 1):.1%})" for part in (sum(counts[:split]), sum(counts[split:]))
        ]
        for end, side, share in zip((0, _WIDTH), ("left", "right"), shares, strict=True):
            axes.text(end, y + 32, share, size=_SMALL, ha=side, va="baseline")
        sentences.append(f"{measure}: {shares[0]} against {shares[1]}")
    alt = f"Feature extractor ({_listed([row.name for row in parts[0]])}) and classifier "
    return _drawing(
        figure, alt + f"({_listed([row.name for row in parts[1]])}). Of the {'; '.join(sentences)}."
    )


@_styled
def shape_through_depth(networks: "Mapping[str, Sequence[Row]]") -> Drawing:
    """Draw how feature maps get smaller and more numerous from layer to layer, on axes that count doublings.

    Args:
        networks: for each network its layers, as `audit.table` gives them; those without spatial axes are
            left out.

    Raises:
        ValueError: there is no network, more than there are colours, or one without feature maps.
    """
    _check_series(networks, "shape_through_depth")
    shapes = {}
    for name, rows in networks.items():
        _check_rows(rows, f"shape_through_depth: {name}")
        shapes[name] = [row.output_shape for row in rows if len(row.output_shape) == 3]
        _require(shapes[name], f"shape_through_depth: {name} has no layer with feature maps")
    figure = _figure(330)
    upper, lower = figure.subplots(2, sharex=True)
    for axes, heading, axis in (
        (upper, "side of a feature map, pixels", 0),
        (lower, "number of feature maps", 2),
    ):
        for (name, sequence), colour, marker in zip(shapes.items(), PALETTE, "osD^vP", strict=False):
            values = [shape[axis] for shape in sequence]
            size = 5 if len(values) < 30 else 0
            axes.plot(range(1, len(values) + 1), values, color=colour, marker=marker, ms=size, label=name)
        _doublings(axes, [shape[axis] for sequence in shapes.values() for shape in sequence])
        axes.set_title(heading)
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    lower.set_xlabel("layer")
    _legend(figure, upper)
    sentences = [
        f"{name}, {len(s)} layers, from {_times(s[0])} to {_times(s[-1])}" for name, s in shapes.items()
    ]
    return _drawing(figure, f"Side and number of the feature maps by layer: {'; '.join(sentences)}.")


@_styled
def dense_widths(networks: Mapping[str, Sequence[int]]) -> Drawing:
    """Draw the dense layers at the end of each network as a funnel, as high as the logarithm of their units.

    Args:
        networks: for each network the units of its dense layers, first to last.

    Raises:
        ValueError: there is no network, or one without a dense layer or with a width below 1.
    """
    _require(networks, "dense_widths: nothing to draw, there is no network")
    for name, units in networks.items():
        _require(
            len(units) and min(units) > 0, f"dense_widths: {name} needs dense layers of at least one unit"
        )
    left = max(_text_width(name, _TEXT) for name in networks) + 14
    slot = (_WIDTH - left) / max(len(units) for units in networks.values())
    bar, line, unit = min(30.0, slot * 0.45), 58.0, 3.2
    figure, axes = _sheet(_WIDTH, line * len(networks))
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
            axes.text(x + bar / 2, middle - half - 4, f"{width:,}", size=_SMALL, ha="center", va="baseline")
    widths = "; ".join(f"{name}: {_listed([f'{u:,}' for u in units])}" for name, units in networks.items())
    return _drawing(figure, f"Units of the dense layers, first to last. {widths}.")


@_styled
def activations(functions: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Drawing:
    """Draw activation functions above their derivatives.

    Args:
        functions: for each name the points x, the function there and its derivative there, all of one length.

    Raises:
        ValueError: there is no function, more than there are colours, or lengths differ.
    """
    _check_series(functions, "activations")
    figure = _figure(340)
    upper, lower = figure.subplots(2, sharex=True)
    sentences = []
    for (name, arrays), colour, dash in zip(functions.items(), PALETTE, _dashes(), strict=False):
        x, value, derivative = (np.asarray(array, dtype=float) for array in arrays)
        same = x.ndim == 1 and x.size and x.shape == value.shape == derivative.shape
        _require(same, f"activations: {name} needs three arrays of one length")
        upper.plot(x, value, color=colour, ls=dash, label=name)
        lower.plot(x, derivative, color=colour, ls=dash)
        peak = f"{np.nanmax(derivative):.2f} at x = {x[np.nanargmax(derivative)]:.1f}"
        sentences.append(
            f"{name} runs from {value[0]:.2f} to {value[-1]:.2f}, its derivative peaks with {peak}"
        )
    for axes, heading in ((upper, "function"), (lower, "derivative")):
        axes.set_title(heading)
        axes.axhline(0, color=_INK, lw=0.7, zorder=1)
        axes.axvline(0, color=_INK, lw=0.7, alpha=0.4, zorder=1)
    lower.set_xlabel("input x")
    lower.spines["bottom"].set_visible(False)
    upper.spines["bottom"].set_visible(False)
    _legend(figure, upper)
    return _drawing(figure, f"Activation functions and their derivatives: {'; '.join(sentences)}.")


@_styled
def connection_table(table: Sequence[Collection[int]], n_inputs: int) -> Drawing:
    """Draw which input maps each output map is connected to.

    Args:
        table: for each output map the indices of its input maps, counted from 0.
        n_inputs: number of input maps.

    Raises:
        ValueError: the table is empty or names an input map that does not exist.
    """
    _require(len(table) and n_inputs > 0, "connection_table: nothing to draw, the table is empty")
    for j, inputs in enumerate(table):
        valid = all(0 <= i < n_inputs for i in inputs)
        _require(valid, f"connection_table: output map {j} names an input map outside 0..{n_inputs - 1}")
    left, above, right = 34.0, 34.0, 34.0
    cell = min(22.0, (_WIDTH - left - right) / len(table))
    figure, axes = _sheet(left + cell * len(table) + right, above + cell * n_inputs + 20)
    small: dict[str, Any] = {"size": _SMALL, "va": "center_baseline", "ha": "center"}
    link: dict[str, Any] = {"color": BLUE, "lw": 0}
    blank: dict[str, Any] = {"fc": "none", "ec": _INK, "alpha": 0.2, "lw": 0.7}
    axes.text(left, 10, "output map", va="baseline")
    axes.text(0, 26, "input", va="center_baseline")
    axes.text(left + cell * len(table) + right / 2, 26, "links", alpha=_MUTED, **small)
    axes.text(left - 6, above + cell * n_inputs + 10, "links", alpha=_MUTED, **(small | {"ha": "right"}))
    for j, inputs in enumerate(table):
        x = left + cell * (j + 0.5)
        axes.text(x, 26, str(j), **small)
        axes.text(x, above + cell * n_inputs + 10, str(len(inputs)), alpha=_MUTED, **small)
        for i in range(n_inputs):
            look = link if i in inputs else blank
            corner = (left + cell * j + 1.5, above + cell * i + 1.5)
            axes.add_patch(Rectangle(corner, cell - 3, cell - 3, **look))
    for i in range(n_inputs):
        y = above + cell * (i + 0.5)
        axes.text(left - 10, y, str(i), **small)
        links = sum(i in inputs for inputs in table)
        axes.text(left + cell * len(table) + right / 2, y, str(links), alpha=_MUTED, **small)
    columns = "; ".join(f"{j}: {_listed(sorted(inputs))}" for j, inputs in enumerate(table))
    total = sum(len(inputs) for inputs in table)
    alt = f"Connections from {n_inputs} input maps to {len(table)} output maps, {total} in all. {columns}."
    return _drawing(figure, alt)


@_styled
def bitmaps(codes: np.ndarray, titles: Sequence[str]) -> Drawing:
    """Draw the bitmaps that an output layer compares its input with, +1 as ink and -1 as paper.

    Args:
        codes: (N, H, W) of +1 and -1.
        titles: the class each bitmap stands for.

    Raises:
        ValueError: another rank, other values, or not one title per bitmap.
    """
    codes = np.asarray(codes)
    if codes.ndim != 3 or not codes.size:
        raise ValueError(f"bitmaps: expected (N, H, W), got {codes.shape}")
    _require(np.isin(codes, (-1, 1)).all(), "bitmaps: expected values of +1 and -1 only")
    size = f"{codes.shape[2]} wide and {codes.shape[1]} high"
    alt = f"{len(codes)} bitmaps, {size}, of +1 (ink) and -1 (paper), for the classes {_listed(titles)}."
    return _grid(codes, titles, 10, alt, cmap=_PRINT, norm=Normalize(-1, 1))


@_styled
def schedule(rates: Mapping[str, Sequence[float]]) -> Drawing:
    """Draw learning rates by epoch, each held for the whole of its epoch, on a logarithmic axis.

    Args:
        rates: for each schedule the rate of every epoch, the first epoch first.

    Raises:
        ValueError: there is no schedule, more than there are colours, or a rate is not above 0.
    """
    _check_series(rates, "schedule")
    figure = _figure(230)
    axes = figure.subplots()
    sentences = []
    # Schedules often coincide for some epochs: a later one is drawn thinner, the earlier shows on both sides.
    for (name, values), colour, width in zip(rates.items(), PALETTE, (5.0, 2.2, 1.2, 1, 1, 1), strict=False):
        _require(len(values) and min(values) > 0, f"schedule: {name} needs rates above 0")
        edges = np.arange(len(values) + 1) + 0.5
        axes.stairs(values, edges, baseline=None, color=colour, lw=width, label=name)
        phases = [(rate, len(list(group))) for rate, group in itertools.groupby(values)]
        sentences.append(f"{name}: {_listed([f'{_plain(rate)} for {n}' for rate, n in phases])} epochs")
    axes.set_title("learning rate")
    _epochs(axes)
    _log(axes, "y", _plain)
    _legend(figure, axes)
    return _drawing(figure, f"Learning rate by epoch. {'; '.join(sentences)}.")


@_styled
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
    _require(steps, "parameter_bridge: nothing to draw, there are no steps")
    totals = list(itertools.accumulate((delta for _, delta in steps), initial=start[1]))
    if totals[-1] != end[1]:
        raise ValueError(f"parameter_bridge: {start[1]:,} and the steps make {totals[-1]:,}, not {end[1]:,}")
    low, high = min(totals), max(totals)
    scale = (_WIDTH - 12) / max(high - low, 1)
    x = [6 + (total - low) * scale for total in totals]
    line = 38.0
    figure, axes = _sheet(_WIDTH, line * (len(steps) + 2) - 4)
    texts = [
        (start[0], f"{start[1]:,}"),
        *((label, _signed(delta)) for label, delta in steps),
        (end[0], f"{end[1]:,}"),
    ]
    for i, (label, value) in enumerate(texts):
        _check_label(label, value)
        weight = "bold" if i in (0, len(texts) - 1) else "normal"
        axes.text(0, line * i + 11, label, weight=weight, va="baseline")
        axes.text(_WIDTH, line * i + 11, value, weight=weight, ha="right", va="baseline")
        y = line * i + 24
        if 0 < i < len(texts) - 1:
            colour = BLUE if steps[i - 1][1] >= 0 else VERMILLION
            axes.add_patch(Rectangle((x[i - 1], y - 5), x[i] - x[i - 1], 10, color=colour, lw=0.8))
    for at, i in ((x[0], 0), (x[-1], len(texts) - 1)):
        axes.add_patch(Circle((at, line * i + 24), 4.5, fc=_INK, lw=0))
    path = "; ".join(f"{label} {_signed(delta)}" for label, delta in steps)
    return _drawing(figure, f"From {start[1]:,} ({start[0]}) to {end[1]:,} ({end[0]}): {path}.")


@_styled
def learning_curves(
    live: Mapping[str, Sequence[float]] | None,
    recorded: Sequence[Mapping[str, Sequence[float]]],
    what: str = "train_error",
    paper: tuple[str, float] | None = None,
) -> Drawing:
    """Draw a quantity by epoch: every recorded run, their mean, the run just made, and the paper's figure.

    Args:
        live: history of the run just made, for each quantity its value after every epoch; None for no run.
        recorded: histories of the recorded runs, one per seed.
        what: the quantity; a name ending in `_error` is a fraction and is drawn in per cent.
        paper: what the paper's figure is, and its value.

    Raises:
        ValueError: there is no run at all, or one lacks `what`.
    """
    runs = [*recorded, *([live] if live else [])]
    _require(runs, "learning_curves: nothing to draw, there is neither a live nor a recorded run")
    for run in runs:
        _require(
            len(run.get(what, ())), f"learning_curves: a history lacks {what!r}, it has {', '.join(run)}"
        )
    figure = _figure(250)
    axes = figure.subplots()
    show = _percent if what.endswith("_error") else _short
    quantity = what.replace("_", " ")
    sentences = []
    curves = [list(history[what]) for history in recorded]
    for i, curve in enumerate(curves):
        label = "each recorded run" if i == 0 and len(curves) > 1 else None
        axes.plot(range(1, len(curve) + 1), curve, color=BLUE, lw=0.8, alpha=0.6, label=label)
    if curves:
        mean = np.mean([curve[: min(map(len, curves))] for curve in curves], axis=0)
        label = f"mean of {len(curves)} recorded runs" if len(curves) > 1 else "recorded run"
        axes.plot(range(1, len(mean) + 1), mean, color=BLUE, lw=2.4, label=label)
        sentences.append(f"{label}, from {show(mean[0])} to {show(mean[-1])} in {len(mean)} epochs")
    if live:
        curve = list(live[what])
        axes.plot(range(1, len(curve) + 1), curve, color=VERMILLION, marker="o", ms=4, label="this run")
        sentences.append(f"this run, from {show(curve[0])} to {show(curve[-1])} in {len(curve)} epochs")
    if paper:
        label = f"{paper[0]}, {show(paper[1])}"
        axes.axhline(paper[1], color=_INK, ls=(0, (5, 3)), lw=1.3, label=label)
        sentences.append(label)
    _scale(axes, "y", [v for run in runs for v in run[what]] + ([paper[1]] if paper else []), show)
    axes.set_title(quantity)
    _epochs(axes)
    _legend(figure, axes)
    return _drawing(figure, f"{quantity.capitalize()} by epoch: {'; '.join(sentences)}.")


@_styled
def errors(rows: Sequence[tuple[str, float, float | None, float | None, str]]) -> Drawing:
    """Draw error rates as dots with their intervals, one line each.

    Args:
        rows: label, error, lower and upper end of its interval (None for none) and kind: "paper", "recorded"
            (a full run) or "quick" (a short one, no result). Errors are fractions.

    Raises:
        ValueError: there are no rows, a kind is unknown, an error lies outside its interval, or a label is
            longer than a line.
    """
    looks: dict[str, dict[str, Any]] = {
        "paper": {"color": VERMILLION, "marker": "D", "ms": 6.5},
        "recorded": {"color": BLUE, "marker": "o", "ms": 7.5},
        "quick": {"color": GREY, "marker": "o", "ms": 6.5, "mfc": "none", "mew": 1.6},
    }
    _require(rows, "errors: nothing to draw, there are no rows")
    for label, value, low, high, kind in rows:
        _require(kind in looks, f"errors: {label}: kind must be one of {', '.join(looks)}, not {kind!r}")
        within = (low is None or low <= value) and (high is None or high >= value)
        _check_label(label, _percent(value))
        _require(within, f"errors: {label}: {value} lies outside its interval {low} to {high}")
    figure = _figure(34 * len(rows) + 72)
    axes = figure.subplots()
    sentences = []
    for i, (label, value, low, high, kind) in enumerate(rows):
        ends = [value if low is None else low, value if high is None else high]
        axes.axhline(i, color=_INK, lw=0.7, alpha=0.16)
        axes.hlines(i, ends[0], ends[1], color=looks[kind]["color"], lw=2)
        seen = {row[4] for row in rows[:i]}
        axes.plot(value, i, label=None if kind in seen else kind, ls="none", **looks[kind])
        for x, side, text in ((0, "left", label), (1, "right", _percent(value))):
            axes.text(x, i - 0.27, text, transform=axes.get_yaxis_transform(), ha=side, va="baseline")
        interval = f", interval {_percent(ends[0])} to {_percent(ends[1])}" if ends[0] < ends[1] else ""
        sentences.append(f"{label} ({kind}): {_percent(value)}{interval}")
    axes.set_ylim(len(rows) - 0.5, -0.9)
    axes.set_yticks([])
    axes.grid(False)
    axes.set_xlabel("error rate")
    _scale(axes, "x", [v for _, *values, _ in rows for v in values if v is not None], _percent)
    _legend(figure, axes)
    return _drawing(figure, f"Error rates. {'; '.join(sentences)}.")


@_styled
def confusion(matrix: np.ndarray, class_names: Sequence[str]) -> Drawing:
    """Draw a confusion matrix, true classes down and predicted ones across, frequent mistakes stronger.

    Args:
        matrix: (classes, classes) of counts; row true, column predicted.
        class_names: one per class.

    Raises:
        ValueError: the matrix is not square, is empty or does not fit the names.
    """
    matrix = np.asarray(matrix)
    n = len(class_names)
    _require(n, "confusion: nothing to draw, there are no classes")
    if matrix.shape != (n, n):
        raise ValueError(
            f"confusion: expected a matrix of ({n}, {n}) for {n} class names, got {matrix.shape}"
        )
    widest = max(_text_width(name) for name in class_names)
    left, cell = widest + 10, (_WIDTH - widest - 12) / n
    turned = widest > cell - 3
    above = 22 + (widest + 4 if turned else 13)
    figure, axes = _sheet(_WIDTH, above + cell * n + 2)
    axes.text(0, 11, "true class by row, predicted class by column", alpha=_MUTED, size=_SMALL, va="baseline")
    for i, name in enumerate(class_names):
        axes.text(left - 5, above + cell * (i + 0.5), name, size=_SMALL, ha="right", va="center_baseline")
        x, turn = left + cell * (i + 0.5), {"rotation": 90, "va": "bottom"} if turned else {"va": "baseline"}
        axes.text(x, above - 5, name, size=_SMALL, ha="center", **turn)
    right, wrong = np.diag(matrix), matrix - np.diag(np.diag(matrix))
    worst = max(wrong.max(), 1)
    blank: dict[str, Any] = {"fc": "none", "ec": _INK, "alpha": 0.1, "lw": 0.6}
    counts_fit = _text_width(str(matrix.max())) < cell - 2
    for i, j in np.ndindex(n, n):
        colour, share = (
            (BLUE, right[i] / max(right.max(), 1)) if i == j else (VERMILLION, wrong[i, j] / worst)
        )
        corner = (left + cell * j + 0.6, above + cell * i + 0.6)
        alpha = 0.1 + 0.5 * math.sqrt(share) if share else 0.0
        fill: dict[str, Any] = {"fc": colour, "alpha": alpha, "lw": 0} if share else blank
        axes.add_patch(Rectangle(corner, cell - 1.2, cell - 1.2, **fill))
        if matrix[i, j] and counts_fit:
            x, y = left + cell * (j + 0.5), above + cell * (i + 0.5)
            axes.text(x, y, str(matrix[i, j]), size=_SMALL, ha="center", va="center_baseline")
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [(*np.unravel_index(k, wrong.shape), wrong.flat[k]) for k in order if wrong.flat[k]]
    mistakes = [f"{class_names[i]} taken for {class_names[j]} ({count})" for i, j, count in pairs]
    alt = f"Confusion matrix of {n} classes: {right.sum()} of {matrix.sum()} right"
    return _drawing(figure, f"{alt}; most frequent mistakes: {_listed(mistakes) if mistakes else 'none'}.")


def _drawing(figure: Figure, alt: str) -> Drawing:
    """Write the figure as an SVG that may stand in any page beside any other.

    Matplotlib's own SVG is a document: it styles every element of the page it is put into (`*{...}`), its ids
    repeat from figure to figure, and its colours are fixed. The same figure always gives the same bytes.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    href = "{http://www.w3.org/1999/xlink}href"
    for element in list(root.iter()):
        for child in list(element):
            if child.tag.endswith(("metadata", "style")):
                element.remove(child)
        element.tag = element.tag.rpartition("}")[2]
        if href in element.attrib:
            link = element.attrib.pop(href)
            element.set("href", _compact(link) if element.tag == "image" else link)
    width, height = figure.get_size_inches() * 72
    root.attrib.clear()
    root.attrib |= {
        "xmlns": "http://www.w3.org/2000/svg",
        "role": "img",
        "aria-label": alt,
        "viewBox": f"0 0 {width:g} {height:g}",
        "width": f"{width * _GROWTH:.0f}",
        "height": f"{height * _GROWTH:.0f}",
        "style": f"width:100%;max-width:{width * _GROWTH:.0f}px;height:auto;stroke-linejoin:round",
    }
    text = re.sub(r"\s+", " ", ElementTree.tostring(root, encoding="unicode"))
    text = text.replace("> <", "><").replace("'DejaVu Sans', sans-serif", _FONT)
    return Drawing(_unique_ids(text).replace(_INK, "currentColor"), alt)


def _compact(link: str) -> str:
    """Rewrite an embedded PNG with a palette where its colours allow: same pixels, far fewer bytes."""
    image = Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2]))).convert("RGB")
    colours, indices = np.unique(np.asarray(image).reshape(-1, 3), axis=0, return_inverse=True)
    if len(colours) <= 256:
        image = Image.frombytes("P", image.size, indices.astype(np.uint8).tobytes())
        image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _unique_ids(svg: str) -> str:
    """Keep the ids that something refers to, and make them differ from those of any other drawing."""
    digest = hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    names = {old: f"cnn-{digest}-{i}" for i, old in enumerate(used)}
    svg = re.sub(r' id="([^"]*)"', lambda match: f' id="{names[match[1]]}"' if match[1] in names else "", svg)
    return re.sub(r'(url\(#|href="#)([^")]+)', lambda match: match[1] + names[match[2]], svg)


def _figure(height: float) -> Figure:
    """Return an empty figure, of the common width and `height` points, that lays out its axes itself."""
    return Figure((_WIDTH / 72, height / 72), layout="constrained")


def _sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a blank sheet to draw on in points, x to the right and y downwards."""
    figure = Figure((width / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def _grid(
    tiles: np.ndarray,
    titles: Sequence[str] | None,
    columns: int,
    alt: str,
    cmap: Colormap,
    norm: Normalize | None,
    title: str = "",
    bound: float = 0.0,
) -> Drawing:
    """Draw images of (N, H, W) or (N, H, W, 3) in rows; with a scale from -bound to bound unless it is 0."""
    count, rows, cols = tiles.shape[:3]
    if titles is not None and len(titles) != count:
        raise ValueError(f"expected one title per image, got {len(titles)} titles for {count} images")
    _require(columns > 0, f"columns must be at least 1, not {columns}")
    gap, caption = 5.0, 13.0 if titles else 0.0
    needed = max((_text_width(text) for text in titles or ()), default=0.0)
    columns = min(columns, count, max(1, int((_WIDTH + gap) // (needed + gap))))
    scale = min(((_WIDTH + gap) / columns - gap) / cols, 84 / max(rows, cols))
    width, height = cols * scale, rows * scale
    wide = max(width, needed)
    top, lines = (20.0 if title else 1.0), math.ceil(count / columns)
    full = max((wide + gap) * columns - gap, _text_width(title, _TEXT) * 1.1, 160.0 if bound else 0.0)
    bottom = 22.0 if bound else 1.0
    figure, axes = _sheet(full, top + (height + gap + caption) * lines - gap + bottom)
    axes.text(0, 11, title, weight="bold", va="baseline")
    for i, tile in enumerate(_shrink(tiles, 1.5 * max(width, height))):
        x = (wide + gap) * (i % columns) + (wide - width) / 2
        y = top + (height + gap + caption) * (i // columns) + caption
        extent = (x, x + width, y + height, y)
        axes.imshow(tile, extent=extent, interpolation="none", aspect="auto", cmap=cmap, norm=norm)
        axes.add_patch(Rectangle((x, y), width, height, fc="none", ec=_INK, alpha=0.25, lw=0.6))
        if titles:
            axes.text(x + width / 2, y - 4, titles[i], size=_SMALL, ha="center", va="baseline")
    if bound:
        _colour_scale(axes, cmap, bound)
    return _drawing(figure, alt)


def _colour_scale(axes: Axes, cmap: Colormap, bound: float) -> None:
    """Draw the colour scale, from -bound to bound, at the foot of a sheet."""
    y = axes.get_ylim()[0] - 3
    low, high = _short(-bound), _short(bound)
    left = _text_width(low) + 6
    axes.text(0, y, low, size=_SMALL, va="baseline")
    axes.imshow(
        np.linspace(-1, 1, cmap.N)[np.newaxis],
        extent=(left, left + 90, y, y - 7),
        interpolation="none",
        aspect="auto",
        cmap=cmap,
    )
    axes.text(left + 96, y, high, size=_SMALL, va="baseline")


def _shrink(tiles: np.ndarray, limit: float) -> np.ndarray:
    """Average blocks of pixels until the longer side fits into `limit`; more is not seen and costs bytes."""
    factor = math.ceil(max(tiles.shape[1:3]) / limit)
    if factor == 1:
        return tiles
    n, rows, cols = len(tiles), tiles.shape[1] // factor, tiles.shape[2] // factor
    whole = tiles[:, : rows * factor, : cols * factor]
    return whole.reshape(n, rows, factor, cols, factor, *tiles.shape[3:]).mean(axis=(2, 4))


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
    axes.plot([start, end - 2], [y, y], color=_INK, lw=0.9, alpha=_MUTED)
    axes.add_patch(
        Polygon([(end, y), (end - 4, y - 2.3), (end - 4, y + 2.3)], color=_INK, alpha=_MUTED, lw=0)
    )


def _legend(figure: Figure, axes: Axes) -> None:
    """Put the legend above the axes, in as few lines as its labels allow."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, int(_WIDTH // (max(map(_text_width, labels)) + 38)))
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, borderaxespad=0, borderpad=0.2)


def _epochs(axes: Axes) -> None:
    """Make the x axis count epochs, the first being 1."""
    axes.set_xlim(left=0.5)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def _scale(axes: Axes, which: str, values: Sequence[float], show: Callable[[float], str]) -> None:
    """Make the x or y axis logarithmic where the values need it, linear from 0 otherwise."""
    if min(values) > 0 and max(values) / min(values) > 8:
        _log(axes, which, show)
        return
    axes.set(**{f"{which}lim": (0, max(values) * 1.06 or 1)})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def _log(axes: Axes, which: str, show: Callable[[float], str]) -> None:
    """Make the x or y axis logarithmic, with plain numbers at 1, 2 and 5."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def _doublings(axes: Axes, values: Sequence[int]) -> None:
    """Make the y axis logarithmic to base 2, with at most seven plain numbers."""
    low, high = math.floor(math.log2(min(values))), math.ceil(math.log2(max(values)))
    axes.set_yscale("log", base=2)
    axes.set_yticks([2**i for i in range(low, high + 1, 1 + (high - low) // 7)])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _dashes() -> Iterable[str]:
    """Line styles that tell curves apart where they run close together."""
    return itertools.cycle(("-", "--", "-."))


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _check_series(series: Mapping[str, object], where: str) -> None:
    """Refuse a figure without series, or with more than can be told apart."""
    _require(series, f"{where}: nothing to draw")
    _require(
        len(series) <= len(PALETTE), f"{where}: at most {len(PALETTE)} can be told apart, got {len(series)}"
    )


def _check_label(label: str, value: str) -> None:
    """Refuse a label that does not fit on one line with its value."""
    space = _WIDTH - 20 - _text_width(value, _TEXT)
    _require(_text_width(label, _TEXT) < space, f"this label is longer than a line: {label!r}")


def _check_rows(rows: "Sequence[Row]", where: str) -> None:
    """Refuse an architecture without layers, or with outputs that are neither (H, W, C) nor (units,)."""
    _require(rows, f"{where}: nothing to draw, there are no layers")
    for row in rows:
        if len(row.output_shape) not in (1, 3):
            raise ValueError(f"{where}: {row.name} gives {row.output_shape}, expected (H, W, C) or (units,)")


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
    return [row.name, *(textwrap.wrap(kind, 14) if kind != row.name else []), _times(row.output_shape)]


def _colour(row: "Row") -> str:
    """Blue convolves, ochre subsamples, vermillion is dense, grey is all else."""
    words = {"conv": BLUE, "pool": OCHRE, "subsampl": OCHRE, "dense": VERMILLION, "rbf": VERMILLION}
    return next((colour for word, colour in words.items() if word in row.kind.lower()), GREY)


def _text_width(text: str, size: float = _SMALL) -> float:
    """Width of a line of text in points, in a font wider than those that pages use."""
    return float(TextPath((0, 0), text, size=size).get_extents().width) if text.strip() else 0.0


def _times(shape: Sequence[int]) -> str:
    return "\N{MULTIPLICATION SIGN}".join(f"{n:,}" for n in shape)


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))


def _signed(value: int) -> str:
    return f"{value:+,}".replace("-", "\N{MINUS SIGN}")


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def _plain(value: float) -> str:
    """Write a small number without an exponent."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def _percent(value: float) -> str:
    return f"{100 * value:.3g}%"
