"""Transfer: which layers are copied and frozen, and how many are advised."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from cnnbook.plots.blocks import box, wrapped
from cnnbook.plots.words import briefly
from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LABEL,
    MUTED,
    OCHRE,
    PURPLE,
    SMALL,
    TEXT,
    VERMILLION,
    WIDTH,
    styled,
)
from cnnlib.plots.words import listed, require

_FROZEN, _TRAINED, _NEW = BLUE, OCHRE, VERMILLION


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
    axes.text((left + wide + right) / 2, foot + 7, "left out", ha="center", alpha=MUTED, **LABEL)
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
        fits = text_width(name, TEXT) <= space
        require(fits, f"levels_of_freezing: no room for {name!r}; write it shorter")
    top = 42.0 if title else 22.0
    figure, axes = sheet(WIDTH, top + 39 * len(rows) - 3, title)
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
        level, detail = broken[key]
        for k, line in enumerate(level + detail):
            weight = "bold" if k < len(level) else "normal"
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
    box(axes, *place, colour, word)
    if hatched:
        # Fainter below a word, which must stay readable.
        look: dict[str, Any] = {"fc": "none", "ec": INK, "hatch": "/////", "alpha": 0.25 if word else 0.5}
        axes.add_patch(Rectangle(place[:2], *place[2:], lw=0, **look))


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
    axes.text(x + (18 if locked else 5), middle, word, **LABEL)


def _bar(axes: Axes, top: float, frozen: int, total: int) -> None:
    """Draw a bar of one block for each layer, and apart from them the classifier."""
    step = min((WIDTH - 20) / total, 28.0)
    gap = min(2.0, step / 4)
    for i in range(total):
        colour = _FROZEN if i < frozen else _TRAINED
        _cell(axes, (step * i, top, step - gap, 13), colour, hatched=i < frozen)
    _cell(axes, (step * total + 4, top, 14, 13), _NEW)
