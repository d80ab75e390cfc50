"""Distortions against a bilinear sampler written out pixel by pixel."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from cnnlib.data.augmentation import random_affine

pytestmark = pytest.mark.backends

STILL = {"shift": 0.0, "scale": 0.0, "squeeze": 0.0, "shear": 0.0}


class Largest:
    """Stands for a random generator that always draws the largest value allowed."""

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> np.ndarray:
        assert low == -high
        return np.full(size, high)


def pictures(n: int, height: int = 9, width: int = 7) -> np.ndarray:
    images = np.random.default_rng(0).uniform(size=(n, height, width, 2)).astype("float32")
    images[:, 0, 0] = 0.25
    return images


def sample(image: np.ndarray, y: float, x: float, background: float) -> np.ndarray:
    """Bilinear mean of the four pixels around a point, those outside being background."""
    total = np.zeros(image.shape[-1])
    for row, column in itertools.product(
        (math.floor(y), math.floor(y) + 1), (math.floor(x), math.floor(x) + 1)
    ):
        weight = (1 - abs(y - row)) * (1 - abs(x - column))
        inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
        total += weight * (image[row, column] if inside else background)
    return total


@pytest.mark.parametrize(
    "change",
    [
        {"shift": 2.0},
        {"shift": 0.75},
        {"scale": 0.2},
        {"squeeze": 0.2},
        {"shear": 0.3},
        {"shift": 0.5, "scale": 0.1, "squeeze": 0.1, "shear": 0.2},
    ],
    ids=lambda change: "+".join(change),
)
def test_pixels_are_read_from_where_shift_scale_squeeze_and_shear_put_them(change: dict) -> None:
    images, limits = pictures(2), STILL | change
    size, ratio = 1 + limits["scale"], 1 + limits["squeeze"]
    expected = np.empty_like(images)
    for n, row, column in np.ndindex(*images.shape[:3]):
        down, right = row - 4, column - 3  # from the middle of 9 x 7 pixels
        y = 4 + size / ratio * down + limits["shift"]
        x = 3 + size * ratio * right + limits["shear"] * down + limits["shift"]
        expected[n, row, column] = sample(images[n], y, x, background=0.25)
    np.testing.assert_allclose(random_affine(images, Largest(), **limits), expected, atol=1e-4)


def test_without_any_distortion_images_stay_as_they_are() -> None:
    images = pictures(3)
    np.testing.assert_allclose(random_affine(images, np.random.default_rng(1), **STILL), images, atol=1e-6)


def test_the_generator_alone_decides_and_every_image_is_distorted_by_itself() -> None:
    images = np.repeat(pictures(1), 3, axis=0)
    first, second = (random_affine(images, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first.shape, first.dtype) == (images.shape, images.dtype)
    assert not np.allclose(first[0], first[1], atol=0.01)
    assert not np.allclose(first, random_affine(images, np.random.default_rng(6)), atol=0.01)
