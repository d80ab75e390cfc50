"""AlexNet: two towers, and dropout."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle

from cnnlib.plots.drawing import Drawing, finish, sheet, text_width
from cnnlib.plots.look import BLUE, GREY, INK, MUTED, SMALL, VERMILLION, WIDTH, styled
from cnnlib.plots.words import listed, require


@styled
def two_towers(layers: Sequence[tuple[str, int, int]]) -> Drawing:
    """Draw a network that is divided into two towers: which maps each layer of a tower sees.

    A ribbon leads from the maps that are seen to those that see them, in the colour of the tower it leaves.
    The image is whole, and so is a last layer that is not grouped.

    Args:
        layers: name, number of maps or units, and groups of every layer with weights, from the image up.
            With one group both towers see all maps below, with two each its own alone.

    Raises:
        ValueError: there are no layers, a number of groups is neither 1 nor 2, the first layer is grouped,
            or the maps of a layer cannot be divided between the towers.
    """
    _check_towers(layers)
    divided = [i < len(layers) - 1 or groups > 1 for i, (*_, groups) in enumerate(layers)]
    shares = [
        f"2 \N{MULTIPLICATION SIGN} {maps // 2:,}" if parted else f"{maps:,}"
        for parted, (_, maps, _) in zip(divided, layers, strict=True)
    ]
    sights = ["sees the image"] + [
        f"sees its own {maps // 2:,}" if groups > 1 else f"sees all {maps:,}"
        for (_, maps, _), (*_, groups) in itertools.pairwise(layers)
    ]
    names = ["image", *(name for name, *_ in layers)]
    left = max(max(map(text_width, shares)), 1.15 * max(map(text_width, names))) + 10
    right, line, thick, gap = WIDTH - max(map(text_width, sights)) - 10, 40.0, 11.0, 24.0
    figure, axes = sheet(WIDTH, line * len(layers) + thick + 10)
    below = _bars(axes, left, right, 4, thick, (GREY,))
    small: dict[str, Any] = {"size": SMALL, "va": "baseline"}
    axes.text(0, 12, "image", weight="bold", **small)
    for i, (name, _, groups) in enumerate(layers):
        top = 4 + line * (i + 1)
        bars = _bars(axes, left, right, top, thick, (BLUE, VERMILLION) if divided[i] else (GREY,), gap)
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
    return finish(figure, f"{len(layers)} layers in 2 towers. {'; '.join(sentences)}.")


@styled
def dropout(masks: np.ndarray) -> Drawing:
    """Draw a dense layer several times, each time with other units dropped: the networks that share weights.

    A unit that is kept is filled and linked to all inputs and outputs; one that is dropped is an empty ring.

    Args:
        masks: (draws, units); true where a unit is kept.

    Raises:
        ValueError: `masks` has another shape, is empty or holds other values, or has more than 12 units.
    """
    masks = np.asarray(masks)
    require(
        masks.ndim == 2 and masks.size and np.isin(masks, (0, 1)).all(),
        f"dropout: expected (draws, units) of true and false, got {masks.shape} of {masks.dtype}",
    )
    units = masks.shape[1]
    require(units <= 12, f"dropout: at most 12 units can be drawn, got {units}")
    tall = 14.0 * max(4, units)
    figure, axes = sheet(WIDTH, (tall + 34) * math.ceil(len(masks) / 2))
    for i, mask in enumerate(masks):
        left, top = WIDTH / 2 * (i % 2), (tall + 34) * (i // 2)
        axes.text(left, top + 11, f"draw {i + 1}: {int(mask.sum())} of {len(mask)} kept", va="baseline")
        _dense_layers(axes, left + 14, top + 22, tall, [np.ones(4), mask, np.ones(3)])
    draws = "; ".join(
        f"draw {i + 1} keeps {listed(np.flatnonzero(mask) + 1) or 'none'}" for i, mask in enumerate(masks)
    )
    return finish(figure, f"Dropout in a layer of {units} units between 4 and 3: {draws}, counted from 1.")


def _bars(
    axes: Axes, left: float, right: float, top: float, thick: float, colours: Sequence[str], gap: float = 0.0
) -> list[tuple[float, float, str]]:
    """Divide a line into one bar for each colour; return where each starts and ends, and its colour."""
    width = (right - left - gap * (len(colours) - 1)) / len(colours)
    bars = [(left + (width + gap) * i, left + (width + gap) * i + width, c) for i, c in enumerate(colours)]
    for start, _, colour in bars:
        axes.add_patch(Rectangle((start, top), width, thick, color=colour, lw=0))
    return bars


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


def _check_towers(layers: Sequence[tuple[str, int, int]]) -> None:
    """Refuse layers that cannot be divided between two towers."""
    require(layers, "two_towers: nothing to draw, there are no layers")
    for i, (name, maps, groups) in enumerate(layers):
        require(groups in (1, 2), f"two_towers: {name} has {groups} groups, expected 1 or 2")
        require(i or groups == 1, f"two_towers: {name} sees the image, which is whole, in {groups} groups")
        whole = i == len(layers) - 1 and groups == 1
        require(whole or maps % 2 == 0, f"two_towers: the {maps} maps of {name} do not divide into 2")
