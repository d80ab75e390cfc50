"""LeNet-5: its functions, its table of connections, the bitmaps of its output, its answer to a digit."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from cnnbook.plots.blocks import box
from cnnlib.plots.curves import draw_lines, finish_curves
from cnnlib.plots.drawing import Drawing, blank, chart, finish, legend, sheet
from cnnlib.plots.look import BLUE, INK, LABEL, MUTED, SMALL, WIDTH, check_series, looks, styled
from cnnlib.plots.pictures import COLOURED, PRINTED, grid, picture
from cnnlib.plots.words import listed, percent, require

_SCORE = 11.5  # points from one score to the next


@styled
def activations(functions: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Drawing:
    """Draw activation functions above their derivatives.

    Args:
        functions: for each name the points x, the function there and its derivative there, all of one length.

    Raises:
        ValueError: there is no function, more than there are colours, or lengths differ.
    """
    check_series(functions, "activations")
    figure = blank(340)
    upper, lower = figure.subplots(2, sharex=True)
    sentences = []
    for name, arrays, colour, dash, _ in looks(functions):
        x, value, derivative = (np.asarray(array, dtype=float) for array in arrays)
        same = x.ndim == 1 and x.size and x.shape == value.shape == derivative.shape
        require(same, f"activations: {name} needs three arrays of one length")
        upper.plot(x, value, color=colour, ls=dash, label=name)
        lower.plot(x, derivative, color=colour, ls=dash)
        peak = f"{np.nanmax(derivative):.2f} at x = {x[np.nanargmax(derivative)]:.1f}"
        sentences.append(
            f"{name} runs from {value[0]:.2f} to {value[-1]:.2f}, its derivative peaks with {peak}"
        )
    for axes, heading in ((upper, "function"), (lower, "derivative")):
        axes.set_title(heading)
        axes.axhline(0, color=INK, lw=0.7, zorder=1)
        axes.axvline(0, color=INK, lw=0.7, alpha=0.4, zorder=1)
    lower.set_xlabel("input x")
    lower.spines["bottom"].set_visible(False)
    upper.spines["bottom"].set_visible(False)
    legend(figure, upper)
    return finish(figure, f"Activation functions and their derivatives: {'; '.join(sentences)}.")


@styled
def moved(errors: Mapping[str, Sequence[float]]) -> Drawing:
    """Draw test errors by how far the test images were moved: not at all, by one pixel, by two ...

    Args:
        errors: for each network its errors, as fractions.

    Raises:
        ValueError: there is no network, more than there are colours, or one without an error.
    """
    check_series(errors, "moved")
    figure, axes = chart(240)
    for name, values in errors.items():
        require(len(values), f"moved: {name} has no error")
    draw_lines(axes, {name: (range(len(v)), v) for name, v in errors.items()}, markers=True, lw=2)
    axes.set_xticks(range(max(map(len, errors.values()))))
    axes.set_xlabel("pixels that the digits were moved by")
    every = [value for values in errors.values() for value in values]
    told = [f"{name}: {listed(percent(value) for value in values)}" for name, values in errors.items()]
    return finish_curves(figure, axes, "test_error", "pixels moved", every, None, told)


@styled
def reading(image: np.ndarray, scores: np.ndarray, step: float) -> Drawing:
    """Draw a long image and, below each place at which a network has read it, the scores of all classes.

    Args:
        image: (H, W), uint8, with high values as ink.
        scores: (places, classes), from 0 to 1; the middle of the first place is half the image's height from
            the left edge.
        step: pixels from one place to the next.

    Raises:
        ValueError: arrays of another rank, or none.
    """
    image, scores = np.asarray(image), np.asarray(scores)
    require(image.ndim == 2 and image.size, f"reading: expected an image (H, W), got {image.shape}")
    require(scores.ndim == 2 and scores.size, f"reading: expected (places, classes), got {scores.shape}")
    left, line = 12.0, 9.5
    pixel = (WIDTH - left) / image.shape[1]
    high, cell = pixel * image.shape[0], pixel * step
    figure, axes = sheet(WIDTH, high + 8 + line * scores.shape[1])
    picture(axes, image, (left, 0), (WIDTH - left, high), PRINTED, Normalize(0, 255))
    first = left + high / 2 - cell / 2
    corner, size = (first, high + 8), (cell * len(scores), line * scores.shape[1])
    picture(axes, scores.T, corner, size, PRINTED, Normalize(0, 1))
    for label in range(scores.shape[1]):
        axes.text(0, high + 8 + line * (label + 0.5), str(label), size=SMALL, va="center_baseline")
    told = "".join(str(place.argmax()) for place in scores)
    return finish(
        figure, f"A long image, and the scores of {scores.shape[1]} classes at {len(scores)} places: {told}."
    )


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
    small = LABEL | {"ha": "center"}
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
def bitmaps(codes: np.ndarray, titles: Sequence[str]) -> Drawing:
    """Draw the bitmaps that an output layer compares its input with, +1 as ink and -1 as paper.

    Args:
        codes: (N, H, W) of +1 and -1.
        titles: the class each bitmap stands for.

    Raises:
        ValueError: another rank, other values, or not one title per bitmap.
    """
    codes = np.asarray(codes)
    require(codes.ndim == 3 and codes.size, f"bitmaps: expected (N, H, W), got {codes.shape}")
    require(np.isin(codes, (-1, 1)).all(), "bitmaps: expected values of +1 and -1 only")
    size = f"{codes.shape[2]} wide and {codes.shape[1]} high"
    alt = f"{len(codes)} bitmaps, {size}, of +1 (ink) and -1 (paper), for the classes {listed(titles)}."
    return grid(codes, alt, 10, titles, norm=Normalize(-1, 1))


@styled
def answer(
    image: np.ndarray, maps: Mapping[str, np.ndarray], scores: Mapping[str, float], title: str
) -> Drawing:
    """Draw an image, the scores that a network gives it, and the feature maps in between.

    Args:
        image: (H, W), uint8, with high values as ink.
        maps: of each layer, by its name: (H, W, C), coloured on a scale of the layer's own around 0; or none.
        scores: by class, none below 0; the largest wins.
        title: of the network.

    Raises:
        ValueError: there are no scores, or one is below 0.
    """
    require(scores, "answer: nothing to draw, there are no scores")
    require(min(scores.values()) >= 0 < max(scores.values()), "answer: expected scores of 0 and more")
    side, gap, left, columns = 36.0, 4.0, 24.0, 8
    lines = [math.ceil(each.shape[2] / columns) for each in maps.values()]
    top, large = 26.0, _SCORE * len(scores)
    figure, axes = sheet(WIDTH, top + large + sum(lines) * (side + gap) + 10 * len(lines), title)
    picture(axes, image, (0, top), (large, large), PRINTED, Normalize(0, 255))
    best = _scores(axes, scores, (large + 18, top))
    y = top + large + 10
    for (name, each), count in zip(maps.items(), lines, strict=True):
        bound = float(np.abs(each).max()) or 1.0
        axes.text(0, y + side / 2, name, **LABEL)
        for place in range(each.shape[2]):
            corner = (left + place % columns * (side + gap), y + place // columns * (side + gap))
            picture(axes, each[..., place], corner, (side, side), COLOURED, Normalize(-bound, bound))
        y += count * (side + gap) + 10
    told = listed(f"{name} {score:.2f}" for name, score in scores.items())
    between = listed(f"{name} with {each.shape[2]}" for name, each in maps.items())
    between = f", its feature maps in {between}, blue below 0 and orange above," if maps else ""
    return finish(
        figure, f"{title}: an image{between} and the scores of its classes: {told}. The answer is {best}."
    )


def _scores(axes: Axes, scores: Mapping[str, float], corner: tuple[float, float]) -> str:
    """Draw a bar for each class down from a corner; return the class with the largest."""
    best, largest = max(scores.items(), key=lambda item: item[1])
    for place, (name, score) in enumerate(scores.items()):
        x, y = corner[0], corner[1] + _SCORE * place
        bar = (WIDTH - x - 58) * score / largest
        box(axes, x + 18, y + 1.5, bar, _SCORE - 3, BLUE, "")
        for words, left in ((name, x), (f"{score:.2f}", x + 22 + bar)):
            weight = "bold" if name == best else "normal"
            axes.text(left, y + _SCORE / 2, words, size=SMALL, weight=weight, va="center_baseline")
    return best
