"""From a picture of any size to images of the one size that a network takes.

A view of a training picture is random. Its draws, float32 (n, k), are made for a whole epoch at once, and
`view(picture, draws)` follows one row of them, so that a picture's view does not depend on which thread
makes it, or when. Views for testing draw nothing: their rows are empty. Some give several images of each
picture, over which the network's scores are averaged.

Everything is resized bilinearly, each new pixel a mean over all the old ones that it covers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from cnnlib.data.augmentation import RandomCut

Cut = Callable[[Any], Any]
"""Cuts prepared images (b, h, w, c): to (b, size, size, c), or (b, views, size, size, c)."""


def corners_and_centre(height: int, width: int, size: int) -> list[tuple[int, int]]:
    """Top and left edges of five squares in an image: at its corners, row by row, and in its centre.

    Raises:
        ValueError: the squares are larger than the image.
    """
    _check_fit("five squares", size, height, width)
    down, across = height - size, width - size
    return [(0, 0), (0, across), (down, 0), (down, across), (down // 2, across // 2)]


def centre_crop(images: Any, size: int) -> Any:
    """Cut the central square out of images in memory: (n, h, w, c) -> (n, size, size, c).

    Args:
        images: of NumPy, or of the backend within a compiled step.
        size: side of the square, in pixels.

    Raises:
        ValueError: the square is larger than the images.
    """
    top, left = corners_and_centre(images.shape[1], images.shape[2], size)[-1]
    return images[:, top : top + size, left : left + size]


def ten_crop(images: Any, size: int) -> Any:
    """Cut the ten test views of AlexNet out of images in memory: (n, h, w, c) -> (n, 10, size, size, c).

    Top left, top right, bottom left, bottom right, centre; then the same mirrored. Arguments and errors are
    those of `centre_crop`.

    Source: Krizhevsky et al. 2012, section 4.1.
    """
    places = corners_and_centre(images.shape[1], images.shape[2], size)
    five = [images[:, top : top + size, left : left + size] for top, left in places]
    return _with_mirrors(_library(images).stack(five, axis=1))


class View:
    """What every view can do; one that says nothing else draws nothing.

    Attributes:
        size: side of a view, in pixels.
        shorter: shorter side that a picture is resized to, or several.

    Raises:
        ValueError: a view is larger than the resized picture.
    """

    size: int
    shorter: int | tuple[int, ...]
    _cut_in_memory: ClassVar[Callable[..., Any] | None] = None  # out of images of its one scale

    def __post_init__(self) -> None:
        _check_fit(self, self.size, *self._scales())

    def _scales(self) -> tuple[int, ...]:
        return (self.shorter,) if isinstance(self.shorter, int) else self.shorter

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return the random numbers of n pictures, float32 (n, k)."""
        return np.zeros((n, 0), "float32")

    def shorter_side(self, draws: np.ndarray) -> int:
        """Return the least shorter side, in pixels, of which the view loses nothing.

        A larger picture may be decoded in a smaller size, down to this, which saves time.
        """
        return max(self._scales())

    def in_memory(self, height: int, width: int) -> RandomCut | Cut | None:
        """Return what cuts the view out of prepared images in memory; None takes them whole.

        They are not resized, so that only those are cut whose shorter side is the one scale of the view.
        """
        if self._cut_in_memory is None or self._scales() != (min(height, width),):
            return None
        return partial(self._cut_in_memory, size=self.size)

    def __call__(self, picture: Image.Image, draws: np.ndarray) -> np.ndarray:
        """Return the view of a picture, grey (L) or RGB, as uint8.

        Args:
            picture: of any size.
            draws: (k,), its row of what `draw` returned.

        Returns:
            (size, size, channels), or (views, size, size, channels).
        """
        raise NotImplementedError


@dataclass(frozen=True)
class RandomView(View):
    """Resize to a random scale, cut a random square, mirror it or not.

    Attributes:
        shorter: smallest and largest shorter side; (256, 256) for AlexNet, (256, 512) for VGG's scale jitter,
            (256, 480) for ResNet.
        flip: mirror every second picture, on average.
        square: cut from the central square alone, as AlexNet does, rather than from the whole picture.

    Raises:
        ValueError: the square is larger than the smallest scale, or the scales are not in order.

    Source: Krizhevsky et al. 2012, sections 2 and 4.1; Simonyan and Zisserman 2014, section 3.1; He et al.
    2015, section 3.4.
    """

    size: int = 224
    shorter: tuple[int, int] = (256, 256)
    flip: bool = True
    square: bool = False

    def __post_init__(self) -> None:
        if not self.size <= self.shorter[0] <= self.shorter[1]:
            raise ValueError(f"Expected size <= smallest <= largest shorter side; got {self}.")

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return (n, 4): shorter side in pixels, place from top and from left as shares, mirrored or not."""
        shorter = rng.integers(self.shorter[0], self.shorter[1] + 1, n)
        columns = shorter, *rng.random((2, n)), rng.integers(0, 2, n) * self.flip
        return np.stack(columns, axis=1).astype("float32")

    def shorter_side(self, draws: np.ndarray) -> int:
        """See `View`."""
        return int(draws[0])

    def in_memory(self, height: int, width: int) -> RandomCut | None:
        """See `View`."""
        if self.shorter != (min(height, width),) * 2:
            return None
        from cnnlib.data.augmentation import RandomCut  # which needs Keras, and folders do not

        return RandomCut(size=self.size, source=(height, width), flip=self.flip)

    def __call__(self, picture: Image.Image, draws: np.ndarray) -> np.ndarray:
        """See `View`; (size, size, channels)."""
        shorter = int(draws[0])
        width, height = _resized(picture.size, shorter)
        columns, rows = (shorter, shorter) if self.square else (width, height)
        top = (height - rows) // 2 + _place(draws[1], rows - self.size)
        left = (width - columns) // 2 + _place(draws[2], columns - self.size)
        image = _square(picture, shorter, top, left, self.size, self.size)
        return image[:, ::-1] if draws[3] > 0.5 else image


@dataclass(frozen=True)
class RandomAreaView(View):
    """Cut a patch of random area and aspect ratio, resize it to a square, mirror it or not.

    The area is spread evenly, as the paper has it; the logarithm of the aspect ratio is spread evenly over
    the ratios at which a patch of that area fits into the picture. Where none fits (a large part of a long
    picture), the patch is the largest of the allowed ratios.

    Attributes:
        area: smallest and largest share of the picture's area.
        ratio: smallest and largest width by height.
        flip: mirror every second picture, on average.

    Raises:
        ValueError: the ranges are not in order, or not possible.

    Source: Szegedy et al. 2014, section 6.
    """

    size: int = 224
    area: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.area[0] <= self.area[1] <= 1 or not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError(f"Expected 0 < areas <= 1 and 0 < ratios, smallest first; got {self}.")

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return (n, 5): share of the area; places of ratio, top, left in their ranges; mirrored or not."""
        columns = rng.uniform(*self.area, n), *rng.random((3, n)), rng.integers(0, 2, n) * self.flip
        return np.stack(columns, axis=1).astype("float32")

    def shorter_side(self, draws: np.ndarray) -> int:
        """See `View`."""
        longest = max(self.ratio[1], 1 / self.ratio[0])
        return math.ceil(self.size * math.sqrt(longest / float(draws[0])))

    def __call__(self, picture: Image.Image, draws: np.ndarray) -> np.ndarray:
        """See `View`; (size, size, channels)."""
        area, place, down, across, mirrored = map(float, draws)
        width, height = self._patch(picture.size, area, place)
        top, left = down * (picture.height - height), across * (picture.width - width)
        image = _cut(picture, (left, top, left + width, top + height), self.size)
        return image[:, ::-1] if mirrored else image

    def _patch(self, size: tuple[int, int], area: float, place: float) -> tuple[float, float]:
        """Width and height of the patch, in pixels of the picture."""
        width, height = size
        lowest = max(self.ratio[0], area * width / height)
        highest = min(self.ratio[1], width / height / area)
        if lowest > highest:
            ratio = min(max(width / height, self.ratio[0]), self.ratio[1])
            return min(width, height * ratio), min(height, width / ratio)
        ratio = lowest * (highest / lowest) ** place
        # The least of rounding could put the patch outside the picture.
        return (
            min(width, math.sqrt(area * width * height * ratio)),
            min(height, math.sqrt(area * width * height / ratio)),
        )


@dataclass(frozen=True)
class CentreView(View):
    """Resize and cut the central square."""

    size: int = 224
    shorter: int = 256
    _cut_in_memory = staticmethod(centre_crop)

    def __call__(self, picture: Image.Image, draws: np.ndarray) -> np.ndarray:
        """See `View`; (size, size, channels)."""
        # The same pixels as those of the middle view of `TenCrop`.
        left, top = (
            (side - self.shorter) // 2 + (self.shorter - self.size) // 2
            for side in _resized(picture.size, self.shorter)
        )
        return _square(picture, self.shorter, top, left, self.size, self.size)


@dataclass(frozen=True)
class TenCrop(View):
    """The ten views of `ten_crop`, in its order, out of the central square.

    Source: Krizhevsky et al. 2012, section 4.1.
    """

    size: int = 224
    shorter: int = 256
    _cut_in_memory = staticmethod(ten_crop)

    def __call__(self, picture: Image.Image, draws: np.ndarray) -> np.ndarray:
        """See `View`; (10, size, size, channels), in the order of `ten_crop`."""
        square = centre_crop(_whole(picture, self.shorter)[None], self.shorter)
        return ten_crop(square, self.size)[0]


@dataclass(frozen=True)
class MultiCrop(View):
    """Of each scale and each of three squares: four corners, the centre, the whole; and mirror images.

    The squares are left, centre and right, or top, centre and bottom of a portrait. With four scales there
    are 4 x 3 x 6 x 2 = 144 views.

    Source: Szegedy et al. 2014, section 7.
    """

    size: int = 224
    shorter: tuple[int, ...] = (256, 288, 320, 352)

    def __call__(self, picture: Image.Image, draws: np.ndarray) -> np.ndarray:
        """See `View`; (views, size, size, channels)."""
        views: list[np.ndarray] = []
        for side in self.shorter:
            resized = _whole(picture, side)
            for part in (0, 1, 2):
                top, left = ((length - side) * part // 2 for length in resized.shape[:2])
                square = resized[top : top + side, left : left + side]
                views += [*ten_crop(square[None], self.size)[0, :5]]
                views += [_square(picture, side, top, left, side, self.size)]
        return _with_mirrors(np.stack(views))


@dataclass(frozen=True)
class GridCrops(View):
    """A regular grid of squares over the whole picture at each scale, and their mirror images.

    With a grid of 5 x 5 there are 50 views for each scale: 150 for three.

    Attributes:
        grid: squares along each side.

    Source: Simonyan and Zisserman 2014, section 3.2.
    """

    size: int = 224
    shorter: tuple[int, ...] = (256, 384, 512)
    grid: int = 5

    def __call__(self, picture: Image.Image, draws: np.ndarray) -> np.ndarray:
        """See `View`; (views, size, size, channels)."""
        views = []
        for side in self.shorter:
            resized = _whole(picture, side)
            rooms = (length - self.size for length in resized.shape[:2])
            tops, lefts = (np.linspace(0, room, self.grid).round().astype(int) for room in rooms)
            views += [resized[y : y + self.size, x : x + self.size] for y in tops for x in lefts]
        return _with_mirrors(np.stack(views))


def from_settings(settings: dict) -> View:
    """Return the view of a kind with these settings: see `Preparation.settings`, perhaps through JSON."""
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    kind: Any = values.pop("kind")
    return {each.__name__: each for each in View.__subclasses__()}[kind](**values)


def _with_mirrors(views: Any) -> Any:
    """Put the mirror images of views (..., v, h, w, c) behind them: (..., 2 v, h, w, c)."""
    library = _library(views)
    return library.concatenate([views, library.flip(views, axis=-2)], axis=-4)


def _library(images: Any) -> Any:
    """What has the operations for them: NumPy, or Keras within a compiled step."""
    if isinstance(images, np.ndarray):
        return np
    from keras import ops

    return ops


def _check_fit(view: object, size: int, *sides: int) -> None:
    if size > min(sides):
        raise ValueError(f"A square of {size} pixels does not fit into {min(sides)} pixels: {view}.")


def _resized(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """Width and height of a picture whose shorter side has been resized."""
    return round(size[0] * shorter / min(size)), round(size[1] * shorter / min(size))


def _place(share: float, room: int) -> int:
    """One of the places 0, 1, ..., room, each as likely, from a number from 0 to 1."""
    return min(int(share * (room + 1)), room)


def _whole(picture: Image.Image, shorter: int) -> np.ndarray:
    """The whole picture, resized; (height, width, channels)."""
    return _array(picture.resize(_resized(picture.size, shorter), Image.Resampling.BILINEAR))


def _square(picture: Image.Image, shorter: int, top: int, left: int, side: int, size: int) -> np.ndarray:
    """A square of the resized picture, (size, size, channels); nothing outside it is resized."""
    width, height = _resized(picture.size, shorter)
    across, down = picture.width / width, picture.height / height
    box = (left * across, top * down, (left + side) * across, (top + side) * down)
    return _cut(picture, box, size)


def _cut(picture: Image.Image, box: tuple[float, float, float, float], size: int) -> np.ndarray:
    """A part of a picture (its left, top, right and bottom edge), resized to (size, size, channels)."""
    return _array(picture.resize((size, size), Image.Resampling.BILINEAR, box=box))


def _array(picture: Image.Image) -> np.ndarray:
    pixels = np.asarray(picture)
    return pixels if pixels.ndim == 3 else pixels[..., None]
