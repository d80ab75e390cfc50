"""Networks and layers that are written down and read again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

FORMS = pytest.mark.parametrize("form", ["model.keras", "model.weights.h5"])


def assert_saved(model: keras.Model, build: Callable, images: np.ndarray, path: str | Path) -> None:
    """Save a model whole, or its weights for `build(weights=path)`; what is read again must be the same."""
    if str(path).endswith(".keras"):
        model.save(path)
        again = keras.models.load_model(path)
    else:
        model.save_weights(path)
        again = build(weights=path)
    np.testing.assert_array_equal(again.predict_on_batch(images), model.predict_on_batch(images))
    assert [layer.get_config() for layer in again.layers] == [layer.get_config() for layer in model.layers]


def assert_in_its_config(layer: keras.Layer, x: np.ndarray) -> None:
    """Make a layer again from its config, which must hold every argument; with its weights it is the same."""
    config = keras.saving.serialize_keras_object(layer)
    arguments = set(inspect.signature(type(layer).__init__).parameters) - {"self", "kwargs"}
    assert arguments <= set(config["config"])
    again = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(again) == config
    layer.build(x.shape)
    again.build(x.shape)
    assert len(again.trainable_weights) == len(layer.trainable_weights)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(ops.convert_to_numpy(again(x)), ops.convert_to_numpy(layer(x)))
