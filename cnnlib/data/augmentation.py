"""Random distortions of training images. Every draw comes from the generator that is passed in."""

from __future__ import annotations

import numpy as np
from keras import ops


def random_affine(
    images: np.ndarray,
    rng: np.random.Generator,
    shift: float = 2.0,
    scale: float = 0.1,
    squeeze: float = 0.1,
    shear: float = 0.15,
) -> np.ndarray:
    """Shift, scale, squeeze and shear each image by its own random amounts, bilinearly.

    The four kinds are the paper's; it does not print their ranges, so the defaults are ours.

    Args:
        images: (n, height, width, channels) floats; pixels from outside take the first pixel's value.
        rng: source of the draws.
        shift: largest shift along each axis, in pixels.
        scale: largest relative change of size.
        squeeze: largest relative change of height against width (one shrinks as the other grows).
        shear: largest horizontal shear, in pixels per pixel of height.

    Returns:
        Distorted images of the same shape and dtype.

    Source: LeCun et al. 1998, section III-C.
    """
    n, height, width = images.shape[:3]

    def draw(limit: float) -> np.ndarray:
        return rng.uniform(-limit, limit, size=(n,))

    size, ratio = 1 + draw(scale), 1 + draw(squeeze)
    to_x, to_y, slant = size * ratio, size / ratio, draw(shear)
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    # Where each output pixel is read from: x_in = to_x x + slant y + offset_x, y_in = to_y y + offset_y.
    offset_x = centre_x - to_x * centre_x - slant * centre_y + draw(shift)
    offset_y = centre_y - to_y * centre_y + draw(shift)
    zero = np.zeros(n)
    transform = np.stack([to_x, slant, offset_x, zero, to_y, offset_y, zero, zero], axis=1).astype("float32")
    background = float(images[0, 0, 0, 0])
    moved = ops.image.affine_transform(
        images,
        transform,
        interpolation="bilinear",
        fill_mode="constant",
        fill_value=background,
        data_format="channels_last",
    )
    return ops.convert_to_numpy(moved)
