"""Augmentations against the same thing written out pixel by pixel."""

from __future__ import annotations

import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from cnnlib.data import pixels
from cnnlib.data.augmentation import Augmentation, PCAColour, RandomAffine, RandomCut, pca_of

pytestmark = pytest.mark.backends

STILL = {"shift": 0.0, "scale": 0.0, "squeeze": 0.0, "shear": 0.0}


class Largest:
    """Stands for a random generator that always draws the largest value allowed."""

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> np.ndarray:
        assert low == -high
        return np.full(size, high)


def pictures(n: int, height: int = 9, width: int = 7, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(n, height, width, channels)).astype("float32")


def apply(change: Augmentation, images: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Run the augmentation as a training step does: compiled, on TensorFlow by XLA."""
    assert draws.dtype == np.float32
    run = change.__call__
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        run = tf.function(run, jit_compile=True)
    if keras.backend.backend() == "jax":
        import jax

        run = jax.jit(run)
    found = ops.convert_to_numpy(run(ops.convert_to_tensor(images), ops.convert_to_tensor(draws)))
    assert found.dtype == np.float32
    return found


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
    affine = RandomAffine(**limits, background=0.25, size=(9, 7))
    np.testing.assert_allclose(apply(affine, images, affine.draw(Largest(), 2)), expected, atol=1e-4)


def test_far_outside_the_image_is_background_alone() -> None:
    affine = RandomAffine(**STILL | {"shift": 40.0}, background=-0.5, size=(9, 7))
    draws = np.concatenate([affine.draw(Largest(), 1), affine.draw(Largest(), 1)])
    draws[1, [2, 5]] *= -1
    np.testing.assert_array_equal(
        apply(affine, pictures(2), draws), np.float32(-0.5) + np.zeros((2, 9, 7, 2))
    )


def test_without_any_distortion_images_stay_as_they_are() -> None:
    affine = RandomAffine(**STILL, size=(9, 7))
    images = pictures(3)
    still = apply(affine, images, affine.draw(np.random.default_rng(1), 3))
    np.testing.assert_allclose(still, images, atol=1e-6)


def test_the_generator_alone_decides_and_every_image_is_distorted_by_itself() -> None:
    affine = RandomAffine(size=(9, 7))
    first, second, other = (affine.draw(np.random.default_rng(seed), 3) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other, atol=0.01)
    found = apply(affine, np.repeat(pictures(1), 3, axis=0), first)
    assert not np.allclose(found[0], found[1], atol=0.01)


def test_half_of_the_images_are_mirrored_and_the_others_left() -> None:
    draws = RandomCut().draw(np.random.default_rng(0), 1000)
    assert set(draws.ravel()) == {0, 1}
    assert 450 < draws.sum() < 550
    images = pictures(6)
    expected = [image[:, ::-1] if drawn else image for image, drawn in zip(images, draws[:6, 0], strict=True)]
    np.testing.assert_array_equal(apply(RandomCut(), images, draws[:6]), expected)


def test_a_padded_crop_is_a_shift_by_whole_pixels_in_every_direction() -> None:
    change, images = RandomCut(pad=2, flip=False), pictures(40)
    draws = change.draw(np.random.default_rng(1), 40)
    assert set(draws.ravel()) == {0, 1, 2, 3, 4}
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    expected = [
        image[top : top + 9, left : left + 7]
        for image, (top, left) in zip(padded, draws.astype(int), strict=True)
    ]
    np.testing.assert_array_equal(apply(change, images, draws), expected)


def test_a_random_crop_lies_anywhere_within_its_image() -> None:
    change, images = RandomCut(size=6, source=(9, 7), flip=False), pictures(40)
    draws = change.draw(np.random.default_rng(1), 40)
    assert (set(draws[:, 0]), set(draws[:, 1])) == ({0, 1, 2, 3}, {0, 1})
    expected = [
        image[top : top + 6, left : left + 6]
        for image, (top, left) in zip(images, draws.astype(int), strict=True)
    ]
    np.testing.assert_array_equal(apply(change, images, draws), expected)


def test_a_window_is_cut_before_it_is_mirrored_and_drawn_as_both_were_alone() -> None:
    change, images = RandomCut(pad=2), pictures(40)
    draws = change.draw(np.random.default_rng(1), 40)
    rng = np.random.default_rng(1)
    apart = RandomCut(pad=2, flip=False).draw(rng, 40), RandomCut().draw(rng, 40)
    np.testing.assert_array_equal(draws, np.concatenate(apart, axis=1))
    shifted = apply(RandomCut(pad=2, flip=False), images, apart[0])
    np.testing.assert_array_equal(apply(change, images, draws), apply(RandomCut(), shifted, apart[1]))


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot cut 8 x 8 pixels out of 9 x 7"):
        RandomCut(size=8, source=(9, 7))
    with pytest.raises(ValueError, match="RandomCut was made for images of 32 x 32 pixels; got 9 x 7"):
        RandomCut(size=6)(pictures(1), np.zeros((1, 3), "float32"))
    with pytest.raises(ValueError, match="RandomAffine was made for images of 28 x 28 pixels; got 9 x 7"):
        RandomAffine()(pictures(1), np.zeros((1, 8), "float32"))


def coloured(n: int) -> np.ndarray:
    """Levels that vary together by 60, between red and blue by 20 and in green alone hardly at all."""
    rng = np.random.default_rng(2)
    brightness, redness = rng.normal(0, 60, (n, 5, 4, 1)), rng.normal(0, 20, (n, 5, 4, 1))
    levels = 128 + brightness * [1, 1, 1] + redness * [1, 0, -1]
    return levels.clip(0, 255).astype(np.uint8)


def test_the_colour_is_the_papers_sum_over_principal_components(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "VALUES_PER_CHUNK", 7 * 5 * 4 * 3)  # of the 50 images, 7.1 chunks
    images = coloured(50)
    covariance = np.cov(images.reshape(-1, 3).T / 255, bias=True)
    components = pca_of(images)
    values = np.linalg.norm(components, axis=0)
    assert values[0] > values[1] > values[2]
    np.testing.assert_allclose(covariance @ components, components * values, atol=1e-6)
    assert (components[np.abs(components).argmax(axis=0), range(3)] > 0).all()
    np.testing.assert_allclose(pca_of(images, span=255.0), 255 * components, rtol=1e-5)
    per_channel = pca_of(images, span=np.array([1, 2, 4]))
    np.testing.assert_allclose(per_channel, components * [[1], [2], [4]], rtol=1e-5)

    change = PCAColour(components)
    draws = change.draw(np.random.default_rng(0), 2000)
    assert draws.std(axis=0) == pytest.approx([0.1] * 3, rel=0.1)
    before = pictures(4, channels=3)
    colours = apply(change, before, draws[:4]) - before
    np.testing.assert_allclose(colours[:, 0, 0], draws[:4] @ components.T, atol=1e-6)
    np.testing.assert_allclose(colours, np.broadcast_to(colours[:, :1, :1], colours.shape), atol=1e-6)


def test_colours_are_measured_on_stored_colour_images_only() -> None:
    with pytest.raises(ValueError, match=r"got uint8 of shape \(2, 5, 4, 1\)"):
        pca_of(coloured(2)[..., :1])
    with pytest.raises(ValueError, match="got float32"):
        pca_of(coloured(2).astype("float32"))
