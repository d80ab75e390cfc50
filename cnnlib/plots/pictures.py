"""Grids of pictures: images, feature maps, filters."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from PIL import Image

from cnnlib.plots.drawing import Drawing, check_label, finish, sheet, text_width
from cnnlib.plots.look import BLUE, INK, MUTED, PAPER, SMALL, TEXT, VERMILLION, WIDTH, styled
from cnnlib.plots.words import listed, require, short, times

# Colours from no ink to full, and from far below 0 to far above.
PRINT = (PAPER, "#20262c")
SIGNED = ("#07375c", BLUE, PAPER, VERMILLION, "#6b2f00")
PRINTED = LinearSegmentedColormap.from_list("print", PRINT, N=64)
COLOURED = LinearSegmentedColormap.from_list("signed", SIGNED, N=65)
SIDE = 84.0
"""Of an image in a grid at most, in points."""
_GAP = 5.0  # points between pictures


@styled
def images(
    x: np.ndarray,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    *,
    alt: str | None = None,
    side: float = SIDE,
    original: np.ndarray | None = None,
) -> Drawing:
    """Draw a grid of images.

    Args:
        x: (N, H, W), (N, H, W, 1) or (N, H, W, 3); uint8, or floats. One-channel images are printed with high
            values as ink, floats over the range they span; RGB floats must lie in 0..1.
        titles: one short line above each image.
        columns: at most this many images side by side; fewer where the titles need the room.
        alt: what the images show; by default their number, size and titles.
        side: of an image at most, in points; the page is 346 wide.
        original: (H, W, 3), what augmentation made the images (N, h, w, 3) from: it is drawn above them, its
            pixels as large as theirs. Their floats may lie a little out of 0..1: they are clipped.

    Raises:
        ValueError: no image, another rank or number of channels, or not one title per image.
    """
    x = np.asarray(x)
    if x.ndim == 3:
        x = x[..., np.newaxis]
    ranked = x.ndim == 4 and x.shape[-1] in (1, 3)
    require(ranked, f"images: expected (N, H, W), (N, H, W, 1) or (N, H, W, 3), got {x.shape}")
    _check_numbers("images", x)
    size = times(x.shape[1:3])
    words = f"{len(x)} image{'s' * (len(x) > 1)} of {size} pixels"
    if original is not None:
        original = np.asarray(original)
        colours = original.ndim == 3 and original.shape[-1] == x.shape[-1] == 3
        expected = "images: expected an original of (H, W, 3) and images of (N, H, W, 3)"
        require(colours, f"{expected}, got {original.shape} and {x.shape}")
        _check_numbers("images", original)
        original = _floats("images", original)
        sides = times(original.shape[:2])
        words = f"An image of {sides} pixels and {len(x)} made from it by augmentation, {size} each"
    if x.shape[-1] == 1:
        low, high = (0, 255) if x.dtype == np.uint8 else (float(x.min()), float(x.max()))
        tiles, norm = x[..., 0], Normalize(low, max(high, low + 1e-12))
    else:
        tiles, norm = _floats("images", x, 0.0 if original is None else 0.5), None
    told = f": {listed(titles)}" if titles else ""
    return grid(tiles, f"{alt or words + told}.", columns, titles, norm=norm, side=side, original=original)


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
    require(maps.ndim == 3, f"feature_maps: expected (H, W, C), got {maps.shape}")
    _check_numbers("feature_maps", maps)
    bound = float(np.abs(maps).max()) or 1.0
    alt = (
        f"The {maps.shape[2]} feature maps of {name}, {times(maps.shape[:2])} each; values from "
        f"{maps.min():.2f} to {maps.max():.2f}, blue below 0 and orange above."
    )
    title, tiles = f"{name}, {times(maps.shape)}", np.moveaxis(maps, 2, 0)
    return grid(tiles, alt, columns, None, COLOURED, Normalize(-bound, bound), title, bound=bound)


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
    first = kernels.ndim == 4 and kernels.shape[2] in (1, 3)
    require(first, f"filters: expected (H, W, 1 or 3, N), the kernel of a first layer, got {kernels.shape}")
    _check_numbers("filters", kernels)
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
    return grid(tiles, alt, columns, None, COLOURED, Normalize(-1, 1), title, gap=3.0)


@styled
def samples(rows: Mapping[str, Sequence[np.ndarray]]) -> Drawing:
    """Draw pictures in named rows, such as classes or data sets, as they are stored: high values are bright.

    Pictures fit into equal squares, whatever their size.

    Args:
        rows: for each name some pictures, (H, W), (H, W, 1) or (H, W, 3), uint8 or floats in 0..1. Those
            of one row need not be of one size.

    Raises:
        ValueError: there are no rows, one has no picture, or a picture has another rank, number of channels
            or range.
    """
    require(rows, "samples: nothing to draw, there are no rows")
    for name, row in rows.items():
        require(len(row), f"samples: {name} has no picture")
    tiles = {name: [_tile(name, picture) for picture in row] for name, row in rows.items()}
    columns = min(8, max(map(len, rows.values())))
    side = min((WIDTH + _GAP) / columns - _GAP, SIDE)
    heights = [26 + (side + _GAP) * math.ceil(len(row) / columns) for row in tiles.values()]
    tops = itertools.accumulate(heights, initial=0.0)
    figure, axes = sheet(WIDTH, sum(heights) - 7 - _GAP)
    for (name, row), top in zip(tiles.items(), tops, strict=False):
        size = _sizes(row)
        check_label(name, size)
        axes.text(0, top + 11, name, weight="bold", va="baseline")
        axes.text(WIDTH, top + 11, size, size=SMALL, alpha=MUTED, ha="right", va="baseline")
        for i, tile in enumerate(row):
            _place(axes, tile, (side + _GAP) * (i % columns), top + 18 + (side + _GAP) * (i // columns), side)
    told = [
        f"{name}, {len(row)} picture{'s' * (len(row) > 1)} of {_sizes(row)}" for name, row in tiles.items()
    ]
    return finish(figure, f"Pictures in {len(rows)} row{'s' * (len(rows) > 1)}. {'; '.join(told)}.")


def grid(
    tiles: np.ndarray,
    alt: str,
    columns: int,
    titles: Sequence[str] | None = None,
    cmap: Colormap = PRINTED,
    norm: Normalize | None = None,
    title: str = "",
    *,
    bound: float = 0.0,
    gap: float = _GAP,
    original: np.ndarray | None = None,
    side: float = SIDE,
) -> Drawing:
    """Draw images of (N, H, W) or (N, H, W, 3) in rows; with a scale from -bound to bound unless it is 0.

    An original is drawn above the rows, its pixels as large as theirs.
    """
    count, rows, cols = tiles.shape[:3]
    if titles is not None:
        fits = len(titles) == count
        require(fits, f"expected one title per image, got {len(titles)} titles for {count} images")
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
    figure, axes = sheet(full, top + (height + gap + caption) * lines - gap + bottom, title)
    if original is not None:
        axes.text(0, 9, "original", size=SMALL, va="baseline")
        (tile,) = _shrink(original[np.newaxis], 1.5 * max(large))
        picture(axes, tile, (0, 13), large, cmap, norm)
    for i, tile in enumerate(_shrink(tiles, 1.5 * max(width, height))):
        x = (wide + gap) * (i % columns) + (wide - width) / 2
        y = top + (height + gap + caption) * (i // columns) + caption
        picture(axes, tile, (x, y), (width, height), cmap, norm)
        if titles:
            axes.text(x + width / 2, y - 4, titles[i], size=SMALL, ha="center", va="baseline")
    if bound:
        _colour_scale(axes, cmap, bound)
    return finish(figure, alt)


def picture(
    axes: Axes,
    tile: np.ndarray,
    corner: tuple[float, float],
    size: tuple[float, float],
    cmap: Colormap | None = None,
    norm: Normalize | None = None,
) -> None:
    """Draw one image, framed, its top left corner at a point."""
    (x, y), (width, height) = corner, size
    extent = (x, x + width, y + height, y)
    axes.imshow(tile, extent=extent, interpolation="none", aspect="auto", cmap=cmap, norm=norm)
    axes.add_patch(Rectangle(corner, width, height, fc="none", ec=INK, alpha=0.25, lw=0.6))


def _floats(where: str, x: np.ndarray, slack: float = 0.0) -> np.ndarray:
    """Return pictures as floats in 0..1, those that reach out of it by no more than the slack clipped."""
    x = x / 255 if x.dtype == np.uint8 else x
    low, high = x.min(), x.max()
    inside = low >= -slack and high <= 1 + slack
    require(inside, f"{where}: floats must lie in 0..1, these reach from {low:.3g} to {high:.3g}")
    return np.clip(x, 0, 1)


def _check_numbers(where: str, x: np.ndarray) -> None:
    """Refuse an array without values, or with values that have no colour."""
    require(x.size, f"{where}: nothing to draw, the array is empty")
    require(np.isfinite(x).all(), f"{where}: the array holds values that are not finite")


def _colour_scale(axes: Axes, cmap: Colormap, bound: float) -> None:
    """Draw the colour scale, from -bound to bound, at the foot of a sheet."""
    y = axes.get_ylim()[0] - 3
    low, high = short(-bound), short(bound)
    left = text_width(low) + 6
    axes.text(0, y, low, size=SMALL, va="baseline")
    strip, extent = np.linspace(-1, 1, cmap.N)[np.newaxis], (left, left + 90, y, y - 7)
    axes.imshow(strip, extent=extent, interpolation="none", aspect="auto", cmap=cmap)
    axes.text(left + 96, y, high, size=SMALL, va="baseline")


def _shrink(tiles: np.ndarray, limit: float) -> np.ndarray:
    """Average blocks of pixels until the longer side fits into `limit`; more is not seen and costs bytes."""
    factor = math.ceil(max(tiles.shape[1:3]) / limit)
    if factor == 1:
        return tiles
    n, rows, cols = len(tiles), tiles.shape[1] // factor, tiles.shape[2] // factor
    whole = tiles[:, : rows * factor, : cols * factor]
    return whole.reshape(n, rows, factor, cols, factor, *tiles.shape[3:]).mean(axis=(2, 4))


def _tile(name: str, picture: np.ndarray) -> np.ndarray:
    """Return a picture as uint8, (H, W) or (H, W, 3)."""
    x = np.asarray(picture)
    x = x[..., 0] if x.ndim == 3 and x.shape[-1] == 1 else x
    ranked = x.size and (x.ndim == 2 or (x.ndim == 3 and x.shape[-1] == 3))
    require(ranked, f"samples: {name}: expected (H, W), (H, W, 1) or (H, W, 3), got {x.shape}")
    return np.rint(255 * _floats(f"samples: {name}", x)).astype(np.uint8)


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
    corner = (left + (side - wide) / 2, top + (side - high) / 2)
    picture(axes, np.asarray(image), corner, (wide, high))
