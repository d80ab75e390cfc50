"""Grids of pictures: images, feature maps, filters."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle

from cnnlib.plots.drawing import (
    BLUE,
    INK,
    PAPER,
    SMALL,
    TEXT,
    VERMILLION,
    WIDTH,
    Drawing,
    box,
    finish,
    listed,
    require,
    sheet,
    short,
    styled,
    text_width,
    times,
)

# Colours from no ink to full, and from far below 0 to far above.
PRINT = (PAPER, "#20262c")
SIGNED = ("#07375c", BLUE, PAPER, VERMILLION, "#6b2f00")
SIDE = 84.0
"""Of an image in a grid at most, in points."""
_SCORE = 11.5  # points from one score to the next
_PRINT = LinearSegmentedColormap.from_list("print", PRINT, N=64)
_SIGNED = LinearSegmentedColormap.from_list("signed", SIGNED, N=65)


@styled
def images(
    x: np.ndarray,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    *,
    alt: str | None = None,
    side: float = SIDE,
) -> Drawing:
    """Draw a grid of images.

    Args:
        x: (N, H, W), (N, H, W, 1) or (N, H, W, 3); uint8, or floats. One-channel images are printed with high
            values as ink, floats over the range they span; RGB floats must lie in 0..1.
        titles: one short line above each image.
        columns: at most this many images side by side; fewer where the titles need the room.
        alt: what the images show; by default their number, size and titles.
        side: of an image at most, in points; the page is 346 wide.

    Raises:
        ValueError: no image, another rank or number of channels, or not one title per image.
    """
    x = np.asarray(x)
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4 or x.shape[-1] not in (1, 3):
        raise ValueError(f"images: expected (N, H, W), (N, H, W, 1) or (N, H, W, 3), got {x.shape}")
    require(x.size, "images: nothing to draw, the array is empty")
    if x.shape[-1] == 1:
        low, high = (0, 255) if x.dtype == np.uint8 else (float(x.min()), float(x.max()))
        tiles, norm = x[..., 0], Normalize(low, max(high, low + 1e-12))
    else:
        tiles, norm = (x / 255 if x.dtype == np.uint8 else x), None
        if tiles.min() < 0 or tiles.max() > 1:
            raise ValueError("images: RGB floats must lie in 0..1")
    count, size = len(x), times(x.shape[1:3])
    words = alt or f"{count} {'image' if count == 1 else 'images'} of {size} pixels" + (
        f": {listed(titles)}" if titles else ""
    )
    return _grid(tiles, titles, columns, words + ".", cmap=_PRINT, norm=norm, side=side)


@styled
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
    require(maps.size, "feature_maps: nothing to draw, the array is empty")
    require(np.isfinite(maps).all(), "feature_maps: the maps hold values that are not finite")
    bound = float(np.abs(maps).max()) or 1.0
    alt = (
        f"The {maps.shape[2]} feature maps of {name}, {times(maps.shape[:2])} each; values from "
        f"{maps.min():.2f} to {maps.max():.2f}, blue below 0 and orange above."
    )
    title = f"{name}, {times(maps.shape)}"
    norm = Normalize(-bound, bound)
    return _grid(
        np.moveaxis(maps, 2, 0), None, columns, alt, cmap=_SIGNED, norm=norm, title=title, bound=bound
    )


@styled
def filters(kernels: np.ndarray, name: str, columns: int = 12) -> Drawing:
    """Draw the filters of a first layer, each on a scale of its own, with 0 in the middle of the scale.

    Filters for RGB images are drawn in colours, in which 0 is mid-grey; those for one channel are blue below
    0 and orange above. A filter of zeros has the colour of 0 throughout.

    Args:
        kernels: (H, W, 1 or 3, N), the layer's kernel as Keras keeps it.
        name: the layer's name, for the title.
        columns: at most this many filters side by side.

    Raises:
        ValueError: `kernels` is empty, of another rank, for another number of channels, or not finite.
    """
    kernels = np.asarray(kernels, dtype=float)
    if kernels.ndim != 4 or kernels.shape[2] not in (1, 3):
        raise ValueError(
            f"filters: expected (H, W, 1 or 3, N), the kernel of a first layer, got {kernels.shape}"
        )
    require(kernels.size, "filters: nothing to draw, the array is empty")
    require(np.isfinite(kernels).all(), "filters: the kernels hold values that are not finite")
    tiles = np.moveaxis(kernels, 3, 0)
    largest = np.abs(tiles).max(axis=(1, 2, 3), keepdims=True)
    tiles = tiles / np.where(largest > 0, largest, 1)
    colours = kernels.shape[2] == 3
    tiles = (tiles + 1) / 2 if colours else tiles[..., 0]
    count, size = len(tiles), times(kernels.shape[:3])
    alt = (
        f"The {count} filters of {name}, {size} each, on scales of their own; "
        + ("mid-grey is 0" if colours else "blue is below 0, orange above")
        + f". Their largest weights lie between {largest.min():.2g} and {largest.max():.2g}."
    )
    title = f"{name}, {count} filters of {size}"
    return _grid(tiles, None, columns, alt, cmap=_SIGNED, norm=Normalize(-1, 1), title=title, gap=3.0)


@styled
def augmented(
    original: np.ndarray,
    samples: np.ndarray,
    titles: Sequence[str] | None = None,
    columns: int = 4,
    *,
    alt: str | None = None,
) -> Drawing:
    """Draw a colour image and, below it, what augmentation made of it, all at one size of pixel.

    Args:
        original: (H, W, 3), uint8 or floats in 0..1.
        samples: (N, h, w, 3), cut or altered. Augmentation may carry floats a little out of 0..1: they are
            clipped.
        titles: one short line above each sample.
        columns: at most this many samples side by side; fewer where the titles need the room.
        alt: what the images show; by default their number and sizes, and the titles.

    Raises:
        ValueError: no sample, another rank or number of channels, values far out of 0..1, or not one title
            per sample.
    """
    (original,), samples = _colours(np.asarray(original)[np.newaxis]), _colours(np.asarray(samples))
    sizes = [times(x.shape[-3:-1]) for x in (original, samples)]
    words = alt or (
        f"An image of {sizes[0]} pixels and {len(samples)} made from it by augmentation, {sizes[1]} each"
        + (f": {listed(titles)}" if titles else "")
    )
    return _grid(samples, titles, columns, words + ".", cmap=_PRINT, norm=None, original=original)


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
    if codes.ndim != 3 or not codes.size:
        raise ValueError(f"bitmaps: expected (N, H, W), got {codes.shape}")
    require(np.isin(codes, (-1, 1)).all(), "bitmaps: expected values of +1 and -1 only")
    size = f"{codes.shape[2]} wide and {codes.shape[1]} high"
    alt = f"{len(codes)} bitmaps, {size}, of +1 (ink) and -1 (paper), for the classes {listed(titles)}."
    return _grid(codes, titles, 10, alt, cmap=_PRINT, norm=Normalize(-1, 1))


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
    figure, axes = sheet(WIDTH, top + large + sum(lines) * (side + gap) + 10 * len(lines))
    axes.text(0, 11, title, weight="bold", va="baseline")
    _picture(axes, image, (0, top), (large, large), _PRINT, Normalize(0, 255))
    best = _scores(axes, scores, (large + 18, top))
    y = top + large + 10
    for (name, each), count in zip(maps.items(), lines, strict=True):
        bound = float(np.abs(each).max()) or 1.0
        axes.text(0, y + side / 2, name, size=SMALL, va="center_baseline")
        for place in range(each.shape[2]):
            corner = (left + place % columns * (side + gap), y + place // columns * (side + gap))
            _picture(axes, each[..., place], corner, (side, side), _SIGNED, Normalize(-bound, bound))
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


def _grid(
    tiles: np.ndarray,
    titles: Sequence[str] | None,
    columns: int,
    alt: str,
    cmap: Colormap,
    norm: Normalize | None,
    title: str = "",
    bound: float = 0.0,
    gap: float = 5.0,
    original: np.ndarray | None = None,
    side: float = SIDE,
) -> Drawing:
    """Draw images of (N, H, W) or (N, H, W, 3) in rows; with a scale from -bound to bound unless it is 0.

    An original is drawn above the rows, its pixels as large as theirs.
    """
    count, rows, cols = tiles.shape[:3]
    if titles is not None and len(titles) != count:
        raise ValueError(f"expected one title per image, got {len(titles)} titles for {count} images")
    require(columns > 0, f"columns must be at least 1, not {columns}")
    caption = 13.0 if titles else 0.0
    needed = max((text_width(text) for text in titles or ()), default=0.0)
    columns = min(columns, count, max(1, int((WIDTH + gap) // (needed + gap))))
    scale = min(((WIDTH + gap) / columns - gap) / cols, side / max(rows, cols))
    if original is not None:
        scale = min(scale, WIDTH / original.shape[1])
    width, height = cols * scale, rows * scale
    wide = max(width, needed)
    top, lines = (20.0 if title else 1.0), math.ceil(count / columns)
    full = max((wide + gap) * columns - gap, text_width(title, TEXT) * 1.1, 160.0 if bound else 0.0)
    if original is not None:
        large = (original.shape[1] * scale, original.shape[0] * scale)
        top, full = large[1] + 13 + 2 * gap, max(full, large[0])
    bottom = 22.0 if bound else 1.0
    figure, axes = sheet(full, top + (height + gap + caption) * lines - gap + bottom)
    axes.text(0, 11, title, weight="bold", va="baseline")
    if original is not None:
        axes.text(0, 9, "original", size=SMALL, va="baseline")
        (tile,) = _shrink(original[np.newaxis], 1.5 * max(large))
        _picture(axes, tile, (0, 13), large, cmap, norm)
    for i, tile in enumerate(_shrink(tiles, 1.5 * max(width, height))):
        x = (wide + gap) * (i % columns) + (wide - width) / 2
        y = top + (height + gap + caption) * (i // columns) + caption
        _picture(axes, tile, (x, y), (width, height), cmap, norm)
        if titles:
            axes.text(x + width / 2, y - 4, titles[i], size=SMALL, ha="center", va="baseline")
    if bound:
        _colour_scale(axes, cmap, bound)
    return finish(figure, alt)


def _picture(
    axes: Axes,
    tile: np.ndarray,
    corner: tuple[float, float],
    size: tuple[float, float],
    cmap: Colormap,
    norm: Normalize | None,
) -> None:
    """Draw one image, framed, its top left corner at a point."""
    (x, y), (width, height) = corner, size
    extent = (x, x + width, y + height, y)
    axes.imshow(tile, extent=extent, interpolation="none", aspect="auto", cmap=cmap, norm=norm)
    axes.add_patch(Rectangle(corner, width, height, fc="none", ec=INK, alpha=0.25, lw=0.6))


def _colours(x: np.ndarray) -> np.ndarray:
    """Return RGB images as floats in 0..1, those that augmentation carried a little further clipped."""
    if x.ndim != 4 or x.shape[-1] != 3:
        raise ValueError(
            f"augmented: expected an original of (H, W, 3) and samples of (N, H, W, 3), got {x.shape}"
        )
    require(x.size, "augmented: nothing to draw, the array is empty")
    x = x / 255 if x.dtype == np.uint8 else x
    near = x.min() >= -0.5 and x.max() <= 1.5
    require(
        near, f"augmented: floats must lie in 0..1 or near, these reach from {x.min():.3g} to {x.max():.3g}"
    )
    return np.clip(x, 0, 1)


def _colour_scale(axes: Axes, cmap: Colormap, bound: float) -> None:
    """Draw the colour scale, from -bound to bound, at the foot of a sheet."""
    y = axes.get_ylim()[0] - 3
    low, high = short(-bound), short(bound)
    left = text_width(low) + 6
    axes.text(0, y, low, size=SMALL, va="baseline")
    axes.imshow(
        np.linspace(-1, 1, cmap.N)[np.newaxis],
        extent=(left, left + 90, y, y - 7),
        interpolation="none",
        aspect="auto",
        cmap=cmap,
    )
    axes.text(left + 96, y, high, size=SMALL, va="baseline")


def _shrink(tiles: np.ndarray, limit: float) -> np.ndarray:
    """Average blocks of pixels until the longer side fits into `limit`; more is not seen and costs bytes."""
    factor = math.ceil(max(tiles.shape[1:3]) / limit)
    if factor == 1:
        return tiles
    n, rows, cols = len(tiles), tiles.shape[1] // factor, tiles.shape[2] // factor
    whole = tiles[:, : rows * factor, : cols * factor]
    return whole.reshape(n, rows, factor, cols, factor, *tiles.shape[3:]).mean(axis=(2, 4))
