"""Random changes of training images: drawn on the host for a whole epoch, applied inside the compiled step.

An augmentation has two halves. `draw(rng, n)` returns the random numbers of n images, float32 (n, k), made
with NumPy, so that they are the same on every backend and whichever device gets an image.
`augmentation(images, draws)` applies them to prepared pixels, float32 (batch, height, width, channels), in
Keras operations that TensorFlow, XLA, JAX and PyTorch can all compile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import keras
import numpy as np
from keras import ops

from cnnlib.data.pixels import chunks


class Augmentation(Protocol):
    """What every augmentation can do."""

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return the random numbers of n images, float32 (n, k)."""

    def __call__(self, images: keras.KerasTensor, draws: keras.KerasTensor) -> keras.KerasTensor:
        """Apply draws (b, k) to prepared images, float32 (b, height, width, c)."""


@dataclass(frozen=True)
class RandomAffine:
    """Shift, scale, squeeze and shear each image by its own random amounts, bilinearly.

    The four kinds are the paper's; it does not print their ranges, so the defaults are ours.

    Attributes:
        shift: largest shift along each axis, in pixels.
        scale: largest relative change of size.
        squeeze: largest relative change of height against width (one shrinks as the other grows).
        shear: largest horizontal shear, in pixels per pixel of height.
        background: value of pixels from outside the image, in prepared pixels.
        size: height and width of the images, in pixels.

    Source: LeCun et al. 1998, section III-C.
    """

    shift: float = 2.0
    scale: float = 0.1
    squeeze: float = 0.1
    shear: float = 0.15
    background: float = 0.0
    size: tuple[int, int] = (28, 28)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return n transforms (n, 8), as `keras.ops.image.affine_transform` takes them."""

        def draw(limit: float) -> np.ndarray:
            return rng.uniform(-limit, limit, size=(n,))

        size, ratio = 1 + draw(self.scale), 1 + draw(self.squeeze)
        to_x, to_y, slant = size * ratio, size / ratio, draw(self.shear)
        centre_y, centre_x = ((length - 1) / 2 for length in self.size)
        # Where each output pixel is read: x_in = to_x x + slant y + offset_x, y_in = to_y y + offset_y.
        offset_x = centre_x - to_x * centre_x - slant * centre_y + draw(self.shift)
        offset_y = centre_y - to_y * centre_y + draw(self.shift)
        zero = np.zeros(n)
        columns = [to_x, slant, offset_x, zero, to_y, offset_y, zero, zero]
        return np.stack(columns, axis=1).astype("float32")

    def __call__(self, images: keras.KerasTensor, draws: keras.KerasTensor) -> keras.KerasTensor:
        """Distort images (b, height, width, c) by transforms (b, 8).

        Raises:
            ValueError: the images have another size than `size`.
        """
        # Not ops.image.affine_transform: TensorFlow's kernel behind it is not one that XLA can compile.
        _check_size(self, images, self.size)
        height, width = self.size
        a, b, c, d, e, f = (ops.reshape(draws[:, i], (-1, 1, 1)) for i in range(6))
        row, column = _grid(0.0, 0.0, self.size, "float32")
        # Beyond one pixel outside all is background, which a border of the image's own provides.
        x = ops.clip(a * column + b * row + c, -1, width)
        y = ops.clip(d * column + e * row + f, -1, height)
        images = ops.pad(images, ((0, 0), (1, 2), (1, 2), (0, 0)), constant_values=self.background)
        left, top = ops.floor(x), ops.floor(y)
        right_part, lower_part = (ops.expand_dims(part, -1) for part in (x - left, y - top))
        left, top = ops.cast(left, "int32") + 1, ops.cast(top, "int32") + 1
        upper, lower = (
            _pick(images, row, left) * (1 - right_part) + _pick(images, row, left + 1) * right_part
            for row in (top, top + 1)
        )
        return upper * (1 - lower_part) + lower * lower_part


@dataclass(frozen=True)
class RandomCut:
    """Pad every side, cut a window out of that, anywhere, and mirror every second one, on average.

    Attributes:
        pad: border, in pixels.
        size: height and width of the window, in pixels; None for those of the image itself, so that it is
            shifted by whole pixels.
        flip: mirror left to right or not.
        source: height and width of the images, in pixels; of use only with a `size`.

    Raises:
        ValueError: the window does not fit into the images.

    Source: Krizhevsky et al. 2012, section 4.1; 24 of 32 pixels is what its authors' program
    cuda-convnet does to CIFAR-10 (section 3.3 points to it). He et al. 2015, section 4.2, with a border of 4
    pixels (after Lee et al. 2015).
    """

    pad: int = 0
    size: int | None = None
    flip: bool = True
    source: tuple[int, int] = (32, 32)

    def __post_init__(self) -> None:
        if min(self._room()) < 0:
            raise ValueError(
                f"RandomCut cannot cut {self.size} x {self.size} pixels out of "
                f"{self.source[0]} x {self.source[1]}: choose a smaller size or larger images."
            )

    def _room(self) -> tuple[int, int]:
        """How far the window can move, down and to the right, in pixels."""
        down, right = (0, 0) if self.size is None else (side - self.size for side in self.source)
        return down + 2 * self.pad, right + 2 * self.pad

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return (n, k): top and left edge in pixels where there is room, then 1 for a mirror image or 0."""
        columns = []
        if max(self._room()):
            down, right = self._room()
            columns.append(rng.integers(0, (down + 1, right + 1), (n, 2)))
        if self.flip:
            columns.append(rng.integers(0, 2, (n, 1)))
        return np.concatenate(columns, axis=1).astype("float32")

    def __call__(self, images: keras.KerasTensor, draws: keras.KerasTensor) -> keras.KerasTensor:
        """Cut windows (b, h, w, c) out of images (b, height, width, c) by draws (b, k).

        Raises:
            ValueError: the images have another size than `source`.
        """
        if self.size is not None:
            _check_size(self, images, self.source)
        if max(self._room()):
            size = images.shape[1:3] if self.size is None else (self.size, self.size)
            corners = ops.cast(draws[:, :2], "int32")
            top, left = (ops.reshape(corners[:, i], (-1, 1, 1)) for i in range(2))
            edges = (self.pad, self.pad)
            bordered = ops.pad(images, ((0, 0), edges, edges, (0, 0)))
            images = _pick(bordered, *_grid(top, left, size, "int32"))
        if not self.flip:
            return images
        chosen = ops.reshape(draws[:, -1], (-1, 1, 1, 1)) > 0.5
        return ops.where(chosen, ops.flip(images, axis=2), images)


@dataclass(frozen=True, eq=False)
class PCAColour:
    """Add a random colour to all pixels of an image, along the principal axes of the set's colours.

    Attributes:
        components: (3, 3), columns eigenvector times eigenvalue, in prepared pixels: see `pca_of`.
        sigma: standard deviation of the draws.

    Source: Krizhevsky et al. 2012, section 4.1.
    """

    components: np.ndarray
    sigma: float = 0.1

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return (n, 3): the paper's alpha, one triple for each image."""
        return rng.normal(0.0, self.sigma, (n, 3)).astype("float32")

    def __call__(self, images: keras.KerasTensor, draws: keras.KerasTensor) -> keras.KerasTensor:
        """Add to images (b, height, width, 3) the colours that draws (b, 3) stand for."""
        components = ops.convert_to_tensor(self.components, "float32")
        # Spelled out, since a matrix product may be rounded to ten bits on an accelerator.
        colour = sum(draws[:, i : i + 1] * components[None, :, i] for i in range(3))
        return images + ops.reshape(colour, (-1, 1, 1, 3))


def pca_of(images: np.ndarray, span: float | np.ndarray = 1.0) -> np.ndarray:
    """Measure the colours of training images for `PCAColour`.

    An eigenvalue is a variance and grows with the square of the unit, so that the paper's formula means
    something else in every unit: with pixels from 0 to 255 it would add colours of hundreds of levels. The
    eigenvalues here are those of pixels from 0 to 1, where the added colour is a few levels of 255.

    Args:
        images: uint8 (n, height, width, 3).
        span: what the step from black to white becomes in the prepared pixels, one value or one for each
            channel (`Pixels.span`); the colours are added in that unit.

    Returns:
        (3, 3) float32: columns eigenvector times eigenvalue, largest eigenvalue first; each column's
        largest entry is positive.

    Raises:
        ValueError: the images have other than three channels or another type.

    Source: Krizhevsky et al. 2012, section 4.1.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(
            f"pca_of needs uint8 images (n, height, width, 3); got {images.dtype} of shape {images.shape}."
        )
    total, products, count = np.zeros(3), np.zeros((3, 3)), images.size // 3
    for chunk in chunks(images):
        colours = chunk.reshape(-1, 3) / 255
        total += colours.sum(axis=0)
        products += colours.T @ colours
    mean = total / count
    values, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    # An eigenvector's sign is anybody's choice; a fixed one gives the same draws the same colours.
    vectors *= np.sign(vectors[np.abs(vectors).argmax(axis=0), range(3)])
    return (np.reshape(span, (-1, 1)) * (vectors * values)[:, ::-1]).astype("float32")


def _check_size(
    augmentation: RandomAffine | RandomCut, images: keras.KerasTensor, size: tuple[int, int]
) -> None:
    if tuple(images.shape[1:3]) != tuple(size):
        raise ValueError(
            f"{type(augmentation).__name__} was made for images of {size[0]} x {size[1]} pixels; got "
            f"{images.shape[1]} x {images.shape[2]}. Give it the size of the prepared images."
        )


def _grid(
    top: keras.KerasTensor | float, left: keras.KerasTensor | float, size: tuple[int, int], dtype: str
) -> tuple:
    """Rows (., height, 1) and columns (., 1, width) of a window of `size`."""
    height, width = size
    row = ops.reshape(ops.arange(height, dtype=dtype), (1, height, 1))
    column = ops.reshape(ops.arange(width, dtype=dtype), (1, 1, width))
    return row + top, column + left


def _pick(images: keras.KerasTensor, row: keras.KerasTensor, column: keras.KerasTensor) -> keras.KerasTensor:
    """Take pixels (b, h, w, c) of images (b, height, width, c), each image's from itself.

    Their places are int32, `row` (b, h, 1) or (b, h, w) and `column` (b, 1, w) or (b, h, w).
    """
    height, width, channels = images.shape[1:]
    batch = ops.shape(images)[0]
    first = ops.reshape(ops.arange(batch, dtype="int32") * (height * width), (-1, 1, 1))
    # One gather of whole pixels from one long list: what XLA compiles best, and near the best elsewhere.
    return ops.take(ops.reshape(images, (-1, channels)), first + row * width + column, axis=0)
