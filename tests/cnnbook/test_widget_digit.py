"""What the page is given to run the two LeNet-5: all of their weights, and nothing that it cannot run."""

from __future__ import annotations

import base64
import json

import keras
import numpy as np
import pytest
from keras import layers

from cnnbook import papers, widgets
from cnnbook.widgets.digit import _layer
from cnnlib import records, weights

LECUN1998 = papers.paper("lecun1998")


@pytest.fixture(scope="module")
def digit() -> widgets.Widget:
    return widgets.draw_a_digit()


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


@pytest.mark.parametrize(("place", "name"), [(0, "lenet5_modern"), (1, "lenet5_original")])
def test_the_page_gets_every_weight_in_kerass_order(digit: widgets.Widget, place: int, name: str) -> None:
    described, found = digit.data["networks"][place], weights.load(name)
    assert [layer["name"] for layer in described["layers"]] == [
        layer.name for layer in found.model.layers if not isinstance(layer, layers.InputLayer)
    ]
    for layer in described["layers"]:
        for weight in found.model.get_layer(layer["name"]).weights:
            np.testing.assert_array_equal(numbers(layer[weight.name]), np.ravel(weight.value))
    assert described["source"].startswith(f"recipe {name}, seed 0, commit ")
    assert described["accuracy"] == found.accuracy


def test_the_page_prepares_pixels_as_the_recipes_do(digit: widgets.Widget) -> None:
    modern, original = (network["pixels"] for network in digit.data["networks"])
    assert modern == {"background": 0, "ink": 1, "border": 0}
    assert original == {
        "background": pytest.approx(LECUN1998["background"]),
        "ink": pytest.approx(LECUN1998["ink"]),
        "border": (LECUN1998["input_size"] - LECUN1998["digit_field"]) // 2,
    }
    assert {records.load(name)[0]["recipe"]["pixels"] for name in ("lenet5_modern", "lenet5_original")} == {
        "unit",
        "lecun1998",
    }


def test_there_is_one_digit_of_each_class_and_a_picture_without_scripts(digit: widgets.Widget) -> None:
    assert [each["label"] for each in digit.data["digits"]] == list(range(10))
    assert {len(base64.b64decode(each["pixels"])) for each in digit.data["digits"]} == {28 * 28}
    assert digit.picture.alt.endswith(f"The answer is {digit.data['first']}.")
    assert json.loads(json.dumps(digit.data, allow_nan=False))["field"]["box"] == LECUN1998["digit_box"]


def test_what_the_page_cannot_run_is_refused() -> None:
    for layer, message in (
        (layers.MaxPooling2D(), "the page cannot run a MaxPooling2D"),
        (layers.Conv2D(2, 3, activation="relu"), "cannot run the activation"),
        (layers.Conv2D(2, 3, strides=2, activation="tanh"), "strides of 2"),
    ):
        layer(keras.Input((8, 8, 1)))
        with pytest.raises(ValueError, match=message):
            _layer(layer)
