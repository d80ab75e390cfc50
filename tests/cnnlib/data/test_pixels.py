"""Preparations of pixels against plain NumPy in float64."""

from __future__ import annotations

import json

import numpy as np
import pytest
from keras import ops

from cnnlib.data import pixels

pytestmark = pytest.mark.backends


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "VALUES_PER_CHUNK", 4 * 6 * 5 * 3)  # of the 30 images below, 7.5 chunks


@pytest.fixture
def train() -> np.ndarray:
    levels = np.random.default_rng(3).normal((40, 120, 200), (10, 30, 20), (30, 6, 5, 3))
    return levels.clip(0, 255).astype(np.uint8)


def prepared(preparation: pixels.Pixels, images: np.ndarray) -> np.ndarray:
    found = preparation(images)
    assert preparation.output_shape(images.shape[1:]) == tuple(found.shape[1:])
    array = ops.convert_to_numpy(found)
    assert array.dtype == np.float32
    return array


def test_measured_preparations_centre_the_training_images(train: np.ndarray) -> None:
    x = train.astype("float64")
    expected = {
        "mean_rgb": x - x.mean(axis=(0, 1, 2)),
        "mean_image": x - x.mean(axis=0),
        "standard": (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2)),
        "mean_bgr": (x - x.mean(axis=(0, 1, 2)))[..., ::-1],
        "unit": x / 255,
        "as_is": x,
    }
    for name, values in expected.items():
        preparation = pixels.build(name, train)
        np.testing.assert_allclose(prepared(preparation, train), values, atol=2e-5, err_msg=name)
        black_and_white = prepared(
            preparation, np.array([0, 255], np.uint8).reshape(2, 1, 1, 1) + 0 * train[:1]
        )
        spans = black_and_white[1] - black_and_white[0]
        np.testing.assert_allclose(spans, np.broadcast_to(preparation.span, spans.shape), rtol=1e-5)


def test_what_was_measured_makes_the_same_preparation_again(train: np.ndarray) -> None:
    first = pixels.build("standard", train)
    assert {name: value.dtype for name, value in first.measured.items()} == {
        "mean": np.float32,
        "deviation": np.float32,
    }
    again = pixels.Pixels("standard", first.measured)
    np.testing.assert_array_equal(prepared(again, train), prepared(first, train))


def test_a_preparation_is_described_by_plain_data(train: np.ndarray) -> None:
    described = json.loads(json.dumps(pixels.build("standard", train).described()))
    name = described.pop("name")
    again = pixels.Pixels(name, {key: np.array(value, "float32") for key, value in described.items()})
    np.testing.assert_array_equal(prepared(again, train), prepared(pixels.build("standard", train), train))
    assert pixels.build("as_is", train).described() == {"name": "as_is"}


def test_lecuns_pixels_stand_in_a_field_of_background() -> None:
    digits = np.zeros((2, 28, 28, 1), np.uint8)
    digits[1, 0, 27] = 255
    preparation = pixels.build("lecun1998", digits)
    field = prepared(preparation, digits)
    assert field.shape == (2, 32, 32, 1)
    assert field[1, 2, 29, 0] == pytest.approx(1.175)
    field[1, 2, 29, 0] = -0.1
    np.testing.assert_allclose(field, -0.1, atol=1e-7)
    assert preparation.span == pytest.approx(1.275)


def test_what_cannot_be_prepared_is_named(train: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Unknown pixels 'mean': use one of unit, lecun1998, mean_rgb"):
        pixels.build("mean", train)
    with pytest.raises(ValueError, match=r"got float32 of shape \(30, 6, 5, 3\)"):
        pixels.build("unit", train.astype("float32"))
    train[..., 1] = 7
    with pytest.raises(ValueError, match="channel 1 has the same level everywhere in these 30 images"):
        pixels.build("standard", train)
