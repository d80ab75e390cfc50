"""Transfer learning: which layers are copied and frozen, how much to keep, what that did to the errors."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator
from PIL import Image

from cnnlib.plots.drawing import (
    BLUE,
    GREEN,
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
    briefly,
    capitalised,
    chart,
    check_label,
    check_series,
    finish,
    legend,
    listed,
    percent,
    require,
    sheet,
    styled,
    text_width,
    times,
    wrapped,
)
from cnnlib.plots.scales import around, from_zero

_TEXT: dict[str, Any] = {"size": SMALL, "va": "center_baseline"}
_FROZEN, _TRAINED, _NEW = BLUE, OCHRE, VERMILLION
# Height of a level's line in a panel of `levels`, in points.
_LINE = 19.0


@styled
def transfer(
    frozen: int, layers: Sequence[str], source: str, target: str, classes: tuple[int, int]
) -> Drawing:
    """Draw how a trained network becomes one for new images: copied layers, some frozen, a new classifier.

    Args:
        frozen: how many of the first layers keep their weights; the others start from theirs and learn on.
        layers: names of the layers with weights before the classifier, the one next to the image first.
        source: what the network was trained on.
        target: what it is to be used for.
        classes: classes of the source and of the target.

    Raises:
        ValueError: there are no layers, more are frozen than there are, a number of classes is below 1, or a
            name is too long for its place.
    """
    count, (left, right) = len(layers), (0.0, 164.0)
    wide, step, top = 112.0, 17.0, 36.0
    _check_frozen("transfer", frozen, count)
    require(min(classes) > 0, f"transfer: the numbers of classes must be at least 1, got {classes}")
    for text, space in (*((name, wide - 6) for name in layers), (source, right - 8), (target, WIDTH - right)):
        require(1.15 * text_width(text) <= space, f"transfer: no room for {text!r}; write it shorter")
    figure, axes = sheet(WIDTH, top + step * count + 25)
    for x, heading, name in ((left, "source", source), (right, "target", target)):
        axes.text(x, 9, heading, size=SMALL, alpha=MUTED, va="baseline")
        axes.text(x, 23, name, size=SMALL, weight="bold", va="baseline")
    link: dict[str, Any] = {"color": INK, "lw": 0.8, "alpha": MUTED, "solid_capstyle": "butt"}
    for i, name in enumerate(layers):
        y = top + step * i
        _cell(axes, (left, y, wide, 14), GREY, name)
        _cell(axes, (right, y, wide, 14), _FROZEN if i < frozen else _TRAINED, name, hatched=i < frozen)
        _copy_arrow(axes, left + wide + 3, right - 3, y + 7)
        for x in (left, right):
            axes.plot([x + wide / 2] * 2, [y + 14, y + (17 if i < count - 1 else 24)], **link)
    foot, end = top + step * count + 7, right + wide + 6
    for x, number, colour in ((left, classes[0], GREY), (right, classes[1], _NEW)):
        _cell(axes, (x, foot, wide, 14), colour, f"classifier: {number:,}")
    axes.text((left + wide + right) / 2, foot + 7, "left out", ha="center", alpha=MUTED, **_TEXT)
    axes.text((left + wide + right) / 2, top - 5, "copied", ha="center", size=SMALL, va="baseline")
    _bracket(axes, end, top, top + step * frozen - 3, "frozen", locked=True)
    _bracket(axes, end, top + step * frozen, top + step * count - 3, "trained")
    _bracket(axes, end, foot, foot + 14, "new")
    alt = (
        f"From a network for {source} to one for {target}: {count} layers with weights are copied, "
        f"{_parts(layers, frozen)}. The classifier for {classes[0]:,} classes is left out, "
        f"a new one for {classes[1]:,} is trained from random weights."
    )
    return finish(figure, alt)


@styled
def levels_of_freezing(rows: Sequence[tuple[str, int, int]], title: str = "") -> Drawing:
    """Draw for each level of transfer a bar of layers: the frozen ones, the trained ones, the new classifier.

    Args:
        rows: name of the level, how many of the first layers are frozen, and of how many layers with weights
            before the classifier.
        title: what the drawing is headed with.

    Raises:
        ValueError: there are no rows, more layers are frozen than there are, or a name is longer than a line.
    """
    require(rows, "levels_of_freezing: nothing to draw, there are no rows")
    for name, frozen, total in rows:
        _check_frozen(f"levels_of_freezing: {name}", frozen, total)
        space = WIDTH - text_width(_of(frozen, total)) - 10
        require(
            text_width(name, TEXT) <= space, f"levels_of_freezing: no room for {name!r}; write it shorter"
        )
    top = 42.0 if title else 22.0
    figure, axes = sheet(WIDTH, top + 39 * len(rows) - 3)
    axes.text(0, 11, title, weight="bold", va="baseline")
    left = 0.0
    for word, colour in (("frozen", _FROZEN), ("trained", _TRAINED), ("new classifier", _NEW)):
        _cell(axes, (left, top - 21, 16, 11), colour, hatched=word == "frozen")
        axes.text(left + 21, top - 12, word, size=SMALL, va="baseline")
        left += text_width(word) + 40
    for i, (name, frozen, total) in enumerate(rows):
        y = top + 39 * i
        axes.text(0, y + 13, name, va="baseline")
        axes.text(WIDTH, y + 13, _of(frozen, total), size=SMALL, ha="right", va="baseline")
        _bar(axes, y + 19, frozen, total)
    told = [f"{name}: {_of(frozen, total)}" for name, frozen, total in rows]
    heading = f"{title}: frozen layers" if title else "Frozen layers"
    return finish(figure, f"{heading}, before a new classifier that is always trained. {'; '.join(told)}.")


@styled
def decision_chart(cells: Mapping[tuple[str, str], tuple[str, str]]) -> Drawing:
    """Draw the level of transfer by size of the new data set and by its similarity to the old.

    Args:
        cells: level and a line of detail for each size, "small" or "large", with each similarity, "similar"
            or "different".

    Raises:
        ValueError: the four keys are not there, or others are, or a text does not fit into its field.
    """
    sizes, likenesses = ("small", "large"), ("similar", "different")
    wanted = list(itertools.product(sizes, likenesses))
    found = f"decision_chart: expected the four keys {listed(wanted)}, got {listed(cells) or 'none'}"
    require(set(cells) == set(wanted), found)
    left, gap, top = 40.0, 6.0, 18.0
    wide = (WIDTH - left - gap) / 2
    for word in " ".join(itertools.chain(*cells.values())).split():
        fits = 1.15 * text_width(word) <= wide - 16
        require(fits, f"decision_chart: no room for {word!r}; write it shorter")
    broken = {key: [wrapped(text, wide - 16) for text in texts] for key, texts in cells.items()}
    high = 18 + 13 * max(len(level) + len(detail) for level, detail in broken.values())
    figure, axes = sheet(WIDTH, top + 2 * high + gap + 1)
    colours = dict(zip(wanted, (BLUE, PURPLE, GREEN, OCHRE), strict=True))
    for i, j in np.ndindex(2, 2):
        x, y = left + (wide + gap) * j, top + (high + gap) * i
        key = sizes[i], likenesses[j]
        axes.add_patch(Rectangle((x, y), wide, high, fc=colours[key], alpha=0.22, lw=0))
        axes.add_patch(Rectangle((x, y), 3, high, fc=colours[key], lw=0))
        for k, (line, weight) in enumerate(_lines_of(broken[key])):
            axes.text(x + 10, y + 18 + 13 * k, line, size=SMALL, weight=weight, va="baseline")
    for i, (size, likeness) in enumerate(zip(sizes, likenesses, strict=True)):
        middle = top + (high + gap) * i + high / 2
        axes.text(0, middle - 3, size, size=SMALL, weight="bold", va="baseline")
        axes.text(0, middle + 9, "set", size=SMALL, va="baseline")
        column = f"{likeness} images"
        axes.text(left + (wide + gap) * i, 10, column, size=SMALL, weight="bold", va="baseline")
    told = [f"{size} and {likeness}: {', '.join(cells[size, likeness])}" for size, likeness in wanted]
    alt = "The level of transfer by size of the new data set and its similarity to the old: "
    return finish(figure, f"{alt}{'; '.join(told)}.")


# What a network of each kind is made of, its colour and its sign; a hollow sign on a dashed line learns on.
_KINDS: dict[str, tuple[str, str, str]] = {
    "BnB": ("own half, frozen", BLUE, "o"),
    "AnB": ("other half, frozen", VERMILLION, "s"),
    "BnB+": ("own half, trained", BLUE, "o"),
    "AnB+": ("other half, trained", VERMILLION, "s"),
}


@styled
def by_layer(
    series: Mapping[str, Mapping[int, tuple[float, float, float]]],
    base: tuple[float, float, float],
    what: str = "test error",
) -> Drawing:
    """Draw errors by how many layers were copied, and how: figure 2 of Yosinski et al. 2014.

    Marks of one number of layers stand side by side, so that their intervals are told apart.

    Args:
        series: for "BnB", "AnB", "BnB+" and "AnB+", or some of them, by number of copied layers the mean
            error and the ends of its interval, as fractions.
        base: error of the network that was trained without transfer, and the ends of its interval.
        what: what the errors are errors of.

    Raises:
        ValueError: there are no series, another name or a number of layers below 1, or an error lies outside
            its interval.
    """
    require(series and all(series.values()), "by_layer: nothing to draw, a series or all of them are empty")
    for kind, row in series.items():
        require(kind in _KINDS, f"by_layer: a series must be one of {listed(_KINDS)}, not {kind!r}")
        require(min(row) > 0, f"by_layer: {kind} needs numbers of layers from 1, got {listed(row)}")
        for n, values in row.items():
            _check_interval(f"by_layer: {kind}, {n} layers", values)
    _check_interval("by_layer: base", base)
    numbers = sorted(set(itertools.chain(*series.values())))
    figure = chart(280)
    axes = figure.subplots()
    axes.axhspan(base[1], base[2], color=GREY, alpha=0.25, lw=0)
    axes.axhline(base[0], color=GREY, lw=1.4, label=f"no transfer: {percent(base[0])}")
    for i, (kind, row) in enumerate(series.items()):
        words, colour, sign = _KINDS[kind]
        shift = 0.13 * (i - (len(series) - 1) / 2)
        x = [n + shift for n in sorted(row)]
        mean, low, high = zip(*(row[n] for n in sorted(row)), strict=True)
        axes.vlines(x, low, high, color=colour, lw=1.2, alpha=0.7)
        look: dict[str, Any] = {"ls": "--", "mfc": "none", "mew": 1.4} if "+" in kind else {}
        axes.plot(x, mean, color=colour, marker=sign, ms=5.5, lw=1.4, label=f"{kind}: {words}", **look)
    axes.set_xlim(numbers[0] - 0.45, numbers[-1] + 0.45)
    axes.set_xticks(numbers)
    axes.set_xlabel("copied layers, n")
    axes.set_title(what)
    around(axes, "y", [v for row in series.values() for values in row.values() for v in values] + [*base])
    legend(figure, axes)
    told = [
        f"{kind} ({_KINDS[kind][0]}): {listed(f'{percent(row[n][0])} at n = {n}' for n in sorted(row))}"
        for kind, row in series.items()
    ]
    alt = f"{capitalised(what)} by number of copied layers; without transfer it is {_with_interval(base)}. "
    return finish(figure, f"{alt}{'; '.join(told)}.")


@styled
def levels(
    rows: Mapping[str, Mapping[str, Sequence[float]]], advised: Mapping[str, str], what: str = "test error"
) -> Drawing:
    """Draw the errors of every level of transfer, scenario by scenario, and which level is advised in each.

    Every run is a dot, their mean a bar. Each scenario has a scale of its own, which need not begin at 0.

    Args:
        rows: for each scenario and level the error of every run, as fractions.
        advised: the advised level of each scenario.
        what: what the errors are errors of.

    Raises:
        ValueError: there are no scenarios, one has no level or a level no run, the advised level is not among
            them, or a name is longer than its place.
    """
    require(rows, "levels: nothing to draw, there are no scenarios")
    for scenario, row in rows.items():
        _check_levels(scenario, row, advised)
    left = 1.15 * max(text_width(level) for row in rows.values() for level in row) + 8
    height = sum(_LINE * len(row) + 46 for row in rows.values()) + 12
    figure, page = sheet(WIDTH, height)
    sentences, top = [], 20.0
    for scenario, row in rows.items():
        best = min(row, key=lambda level: float(np.mean(row[level])))
        page.text(0, top - 7, scenario, weight="bold", va="baseline")
        advice = f"advised: {advised[scenario]}"
        page.text(WIDTH, top - 7, advice, size=SMALL, ha="right", va="baseline")
        high = _LINE * len(row)
        place = (left / WIDTH, 1 - (top + high) / height, (WIDTH - left - 44) / WIDTH, high / height)
        _panel(figure.add_axes(place), row, advised[scenario])
        sentences.append(f"{scenario}, advised {advised[scenario]}, lowest mean {best}: {_levels_told(row)}")
        top += high + 46
    page.text(left + (WIDTH - left - 44) / 2, height - 6, what, ha="center", va="baseline")
    return finish(figure, f"{capitalised(what)} by level of transfer. {'. '.join(sentences)}.")


@styled
def roc(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    points: Mapping[str, tuple[float, float]] | None = None,
) -> Drawing:
    """Draw receiver operating characteristics: the share of true positives against that of false ones.

    Args:
        curves: for each test the share of false positives and that of true positives at every threshold, both
            rising from 0 to 1.
        points: the two shares at thresholds that were chosen; one named like a curve has its colour.

    Raises:
        ValueError: there are no curves, more than there are colours, one does not rise from (0, 0) to (1, 1),
            or a point lies outside 0 to 1.
    """
    points = points or {}
    check_series(curves, "roc")
    for name, (false, true) in curves.items():
        require(0 < len(false) == len(true), f"roc: {name} needs two sequences of one length")
        ends = [false[0], true[0], false[-1], true[-1]] == [0, 0, 1, 1]
        rising = bool(np.all(np.diff(false) >= 0) and np.all(np.diff(true) >= 0))
        require(ends and rising, f"roc: the shares of {name} must rise from 0 to 1, lowest first")
    for name, shares in points.items():
        require(all(0 <= v <= 1 for v in shares), f"roc: {name} must lie in 0 to 1, got {shares}")
    figure = chart(326 + 15 * (len(curves) + len(points)))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, ls=(0, (2, 3)), lw=1.1, label="chance, area 0.500")
    sentences, colours = [], dict(zip(curves, PALETTE, strict=False))
    for (name, (false, true)), dash in zip(curves.items(), itertools.cycle(("-", "--", "-.")), strict=False):
        area = f"{name}, area {np.sum(np.diff(false) * (np.add(true[1:], true[:-1]))) / 2:.3f}"
        axes.plot(false, true, color=colours[name], ls=dash, label=area)
        sentences.append(area)
    for (name, (x, y)), sign in zip(points.items(), itertools.cycle("osD^vP"), strict=False):
        words = f"{name}: sensitivity {percent(y)}, specificity {percent(1 - x)}"
        require(text_width(words) < WIDTH - 30, f"roc: no room for {words!r}; write the name shorter")
        look: dict[str, Any] = {"color": colours.get(name, INK), "marker": sign, "mec": INK}
        axes.plot(x, y, ls="none", ms=7.5, label=words, clip_on=False, zorder=4, **look)
        sentences.append(words)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.set_title("true positives (sensitivity)")
    axes.set_xlabel("false positives (1 \N{MINUS SIGN} specificity)")
    legend(figure, axes)
    return finish(figure, f"True positives against false positives. {'; '.join(sentences)}.")


@styled
def over_images(series: Mapping[str, Mapping[int, Sequence[float]]], what: str = "test error") -> Drawing:
    """Draw errors by how many images there were to train on, on a logarithmic axis.

    Every run is a pale dot, the line goes through the means.

    Args:
        series: for each level of transfer and number of training images the error of every run, as fractions.
        what: what the errors are errors of.

    Raises:
        ValueError: there are no series, more than there are colours, one is empty, a number of images is
            below 1 or has no run.
    """
    check_series(series, "over_images")
    for name, row in series.items():
        require(row, f"over_images: {name} is empty")
        require(min(row) > 0, f"over_images: {name} needs numbers of images from 1, got {listed(row)}")
        for n, values in row.items():
            require(len(values), f"over_images: {name} has no run with {n:,} images")
    figure = chart(280)
    axes = figure.subplots()
    looks = zip(PALETTE, itertools.cycle(("-", "--", "-.")), "osD^vP", strict=False)
    sentences = []
    for (name, row), (colour, dash, sign) in zip(series.items(), looks, strict=False):
        means = {n: float(np.mean(row[n])) for n in sorted(row)}
        dots = [(n, value) for n, values in row.items() for value in values]
        axes.plot(*zip(*dots, strict=True), color=colour, ls="none", marker=sign, ms=5, alpha=0.4, mew=0)
        axes.plot(list(means), list(means.values()), color=colour, ls=dash, marker=sign, ms=5.5, label=name)
        sentences.append(f"{name}: {listed(f'{percent(mean)} with {n:,}' for n, mean in means.items())}")
    _image_counts(axes, sorted(set(itertools.chain(*series.values()))))
    axes.set_title(what)
    everything = [value for row in series.values() for values in row.values() for value in values]
    from_zero(axes, "y", everything, percent)
    legend(figure, axes)
    alt = f"{capitalised(what)} by number of training images, means of the runs. {'; '.join(sentences)}."
    return finish(figure, alt)


@styled
def samples(
    rows: Mapping[str, Sequence[np.ndarray]],
    titles: Mapping[str, Sequence[str]] | None = None,
    columns: int = 8,
) -> Drawing:
    """Draw pictures of several data sets, set by set, as they are stored: high values are bright.

    Pictures fit into equal squares, whatever their size.

    Args:
        rows: for each data set some pictures, (H, W), (H, W, 1) or (H, W, 3), uint8 or floats in 0..1. Those
            of one set need not be of one size.
        titles: for some or all of the sets a short line above every picture.
        columns: at most this many pictures side by side; fewer where the titles need the room.

    Raises:
        ValueError: there are no sets, one has no picture, a picture has another rank, number of channels or
            range, not one title per picture, or titles of an unknown set.
    """
    titles = titles or {}
    require(rows, "samples: nothing to draw, there are no data sets")
    require(columns > 0, f"samples: columns must be at least 1, not {columns}")
    for name in titles:
        require(name in rows, f"samples: {name!r} has titles and no pictures; the sets are {listed(rows)}")
    for name, row in rows.items():
        require(len(row), f"samples: {name} has no picture")
        fits = len(titles.get(name, row)) == len(row)
        require(fits, f"samples: {name} has {len(row)} pictures, but {len(titles.get(name, row))} titles")
    tiles = {name: [_tile(name, picture) for picture in row] for name, row in rows.items()}
    gap, caption = 5.0, 13.0
    needed = max((text_width(title) for row in titles.values() for title in row), default=0.0)
    columns = min(columns, max(map(len, rows.values())), max(1, int((WIDTH + gap) // (needed + gap))))
    side = min((WIDTH + gap) / columns - gap, 84.0)
    slot = max(side, needed)
    require(slot <= WIDTH, "samples: a title is longer than a line; write it shorter")
    places, tops, top = [], [], 0.0
    for name, row in tiles.items():
        tops.append(top)
        line = side + gap + (caption if name in titles else 0)
        places.append([(i % columns, top + 18 + line * (i // columns)) for i in range(len(row))])
        top += 18 + line * math.ceil(len(row) / columns) + 8
    figure, axes = sheet(WIDTH, top - 8 - gap + 1)
    for (name, row), y, corners in zip(tiles.items(), tops, places, strict=True):
        size = _sizes(row)
        check_label(name, size)
        axes.text(0, y + 11, name, weight="bold", va="baseline")
        axes.text(WIDTH, y + 11, size, size=SMALL, alpha=MUTED, ha="right", va="baseline")
        for i, (tile, (column, high)) in enumerate(zip(row, corners, strict=True)):
            x = (slot + gap) * column + (slot - side) / 2
            if name in titles:
                high += caption
                axes.text(x + side / 2, high - 4, titles[name][i], size=SMALL, ha="center", va="baseline")
            _place(axes, tile, x, high, side)
    told = [
        f"{name}, {len(row)} picture{'s' * (len(row) > 1)} of {_sizes(row)}"
        + (f": {listed(titles[name])}" if name in titles else "")
        for name, row in tiles.items()
    ]
    return finish(figure, f"Pictures of {len(rows)} data sets. {'; '.join(told)}.")


def _check_frozen(where: str, frozen: int, total: int) -> None:
    """Refuse a network without layers, and a number of frozen ones that it has not."""
    require(total > 0, f"{where}: nothing to draw, there are no layers")
    require(0 <= frozen <= total, f"{where}: frozen must be 0 to {total}, the number of layers, not {frozen}")


def _of(frozen: int, total: int) -> str:
    return f"{frozen} of {total} frozen"


def _parts(layers: Sequence[str], frozen: int) -> str:
    """Say which layers are frozen and which are trained."""
    parts = [(layers[:frozen], "frozen"), (layers[frozen:], "trained")]
    told = [f"{len(names)} of them {state} ({briefly(names, 3)})" for names, state in parts if names]
    return " and ".join(told)


def _cell(
    axes: Axes, place: tuple[float, float, float, float], colour: str, word: str = "", hatched: bool = False
) -> None:
    """Fill a box, given by left, top, width and height, perhaps hatch it, and put a word into it."""
    x, y, width, height = place
    axes.add_patch(Rectangle((x, y), width, height, fc=colour, alpha=0.5, lw=0))
    if hatched:
        # Fainter below a word, which must stay readable.
        look: dict[str, Any] = {"fc": "none", "ec": INK, "hatch": "/////", "alpha": 0.25 if word else 0.5}
        axes.add_patch(Rectangle((x, y), width, height, lw=0, **look))
    axes.text(x + width / 2, y + height / 2, word, ha="center", **_TEXT)


def _copy_arrow(axes: Axes, start: float, end: float, y: float) -> None:
    """Draw a thin arrow to the right."""
    axes.plot([start, end - 3], [y, y], color=INK, lw=0.8, alpha=0.5)
    axes.add_patch(Polygon([(end, y), (end - 4, y - 2.3), (end - 4, y + 2.3)], fc=INK, alpha=MUTED, lw=0))


def _bracket(axes: Axes, x: float, top: float, low: float, word: str, locked: bool = False) -> None:
    """Draw a bracket to the right of some boxes, none where there are none, and name them, with a padlock."""
    if low < top:
        return
    middle = (top + low) / 2
    axes.plot([x - 3, x, x, x - 3], [top, top, low, low], color=INK, lw=0.9, alpha=MUTED)
    if locked:
        axes.add_patch(Rectangle((x + 5, middle - 2), 9, 7, fc=INK, lw=0))
        angle = np.linspace(0, math.pi, 12)
        axes.plot(x + 9.5 + 2.8 * np.cos(angle), middle - 3 - 2.8 * np.sin(angle), color=INK, lw=1.3)
        for side in (x + 6.7, x + 12.3):
            axes.plot([side] * 2, [middle - 3, middle - 1], color=INK, lw=1.3)
    axes.text(x + (18 if locked else 5), middle, word, **_TEXT)


def _bar(axes: Axes, top: float, frozen: int, total: int) -> None:
    """Draw a bar of one block for each layer, and apart from them the classifier."""
    step = min((WIDTH - 20) / total, 28.0)
    gap = min(2.0, step / 4)
    for i in range(total):
        colour = _FROZEN if i < frozen else _TRAINED
        _cell(axes, (step * i, top, step - gap, 13), colour, hatched=i < frozen)
    _cell(axes, (step * total + 4, top, 14, 13), _NEW)


def _lines_of(texts: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Lines of a level and of its detail, each with its weight."""
    level, detail = texts
    return [(line, "bold") for line in level] + [(line, "normal") for line in detail]


def _check_interval(where: str, values: tuple[float, float, float]) -> None:
    """Refuse an error that lies outside its interval."""
    error, low, high = values
    require(low <= error <= high, f"{where}: {error} lies outside its interval {low} to {high}")


def _with_interval(values: tuple[float, float, float]) -> str:
    error, low, high = map(percent, values)
    return error if low == high else f"{error}, interval {low} to {high}"


def _check_levels(scenario: str, row: Mapping[str, Sequence[float]], advised: Mapping[str, str]) -> None:
    """Refuse a scenario without levels or runs, or one whose advised level is not there."""
    require(row, f"levels: {scenario} has no level")
    for level, values in row.items():
        require(len(values), f"levels: {scenario}: {level} has no run")
        require(text_width(level) < 0.45 * WIDTH, f"levels: no room for {level!r}; write it shorter")
    require(scenario in advised, f"levels: no level is advised for {scenario}")
    level = advised[scenario]
    require(level in row, f"levels: {scenario}: the advised level {level!r} is not one of {listed(row)}")
    needed = 1.15 * text_width(scenario, TEXT) + text_width(f"advised: {level}")
    require(
        needed < WIDTH - 8, f"levels: {scenario!r} leaves no room for its advised level; write it shorter"
    )


def _panel(axes: Axes, row: Mapping[str, Sequence[float]], advised: str) -> None:
    """Draw a line for each level: its runs, their mean, and a band behind the advised one."""
    for i, (level, values) in enumerate(row.items()):
        mean = float(np.mean(values))
        if level == advised:
            axes.axhspan(i - 0.5, i + 0.5, color=OCHRE, alpha=0.22, lw=0)
        axes.axhline(i, color=INK, lw=0.7, alpha=0.16)
        axes.plot(values, [i] * len(values), ls="none", marker="o", ms=5, color=BLUE, alpha=0.75)
        axes.plot(mean, i, ls="none", marker="|", ms=13, mew=2.4, color=BLUE)
        place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "size": SMALL}
        axes.text(1.04, i, percent(mean), va="center_baseline", **place)
    axes.set_ylim(len(row) - 0.5, -0.5)
    axes.set_yticks(range(len(row)), row)
    axes.get_yticklabels()[list(row).index(advised)].set_fontweight("bold")
    axes.grid(False, axis="y")
    around(axes, "x", [value for values in row.values() for value in values])


def _levels_told(row: Mapping[str, Sequence[float]]) -> str:
    """Say the errors of every level."""
    return "; ".join(
        f"{level} {percent(float(np.mean(values)))}"
        + (
            f" ({percent(min(values))} to {percent(max(values))}, {len(values)} runs)"
            if len(values) > 1
            else ""
        )
        for level, values in row.items()
    )


def _image_counts(axes: Axes, numbers: Sequence[int]) -> None:
    """Make the x axis logarithmic, with a number at every count far enough from the last."""
    axes.set_xscale("log")
    span = math.log(numbers[-1] / numbers[0]) or 1.0
    ticks: list[int] = []
    for n in numbers:
        apart = math.log(n / ticks[-1]) / span * 250 if ticks else math.inf
        if apart > text_width(f"{n:,}") + 6:
            ticks.append(n)
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08)
    axes.set_xlabel("training images")


def _tile(name: str, picture: np.ndarray) -> np.ndarray:
    """Return a picture as uint8, (H, W) or (H, W, 3)."""
    x = np.asarray(picture)
    x = x[..., 0] if x.ndim == 3 and x.shape[-1] == 1 else x
    ranked = x.size and (x.ndim == 2 or (x.ndim == 3 and x.shape[-1] == 3))
    require(ranked, f"samples: {name}: expected (H, W), (H, W, 1) or (H, W, 3), got {x.shape}")
    if x.dtype == np.uint8:
        return x
    low, high = x.min(), x.max()
    inside = low >= 0 and high <= 1
    require(inside, f"samples: {name}: floats must lie in 0..1, these reach from {low:.3g} to {high:.3g}")
    return np.rint(255 * x).astype(np.uint8)


def _sizes(tiles: Sequence[np.ndarray]) -> str:
    """Say height and width of pictures, and what they show each pixel in."""
    sizes = {times(tile.shape[:2]) for tile in tiles}
    kinds = {"colour" if tile.ndim == 3 else "grey" for tile in tiles}
    return f"{sizes.pop() if len(sizes) == 1 else 'several sizes'}, {' or '.join(sorted(kinds))}"


def _place(axes: Axes, tile: np.ndarray, left: float, top: float, side: float) -> None:
    """Draw a picture in the middle of a square, framed, without pixels that nobody sees."""
    image = Image.fromarray(tile).convert("RGB")
    image.thumbnail((int(1.5 * side), int(1.5 * side)), Image.Resampling.LANCZOS)
    scale = side / max(image.size)
    wide, high = (n * scale for n in image.size)
    x, y = left + (side - wide) / 2, top + (side - high) / 2
    pixels, extent = np.asarray(image), (x, x + wide, y + high, y)
    axes.imshow(pixels, extent=extent, interpolation="none", aspect="auto")
    axes.add_patch(Rectangle((x, y), wide, high, fc="none", ec=INK, alpha=0.25, lw=0.6))
