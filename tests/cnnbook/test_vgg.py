"""VGG evaluated densely, and what deep ones copy from net A."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers, ops

from cnnbook.vgg import STARTS_FROM_A, dense_evaluation
from cnnlib.models import VGG, AlexNet

SMALL = {"input_shape": (32, 32, 3), "classes": 5, "width": 1 / 16}


def pictures(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def answer(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(model(images, training=False))


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Equal to 1e-5 of what they differ by from image to image."""
    scale = np.ptp(theirs, axis=0).max()
    assert scale > 1e-3
    np.testing.assert_allclose(ours / scale, theirs / scale, atol=1e-5)


def enliven(model: keras.Model) -> None:
    """Scale the weights so that activations stay large through any number of rectified layers."""
    for layer in (layer for layer in model.layers if layer.weights):
        kernel, bias = layer.get_weights()
        spread = np.sqrt(2 / np.prod(kernel.shape[:-1]))
        layer.set_weights([kernel / kernel.std() * spread, bias])


@pytest.mark.backends
@pytest.mark.parametrize(
    "build",
    [
        lambda: VGG("A", input_shape=(96, 64, 3), classes=5, width=1 / 16),
        lambda: VGG("A-LRN", classifier_activation=None, **SMALL),
        lambda: AlexNet(input_shape=(99, 99, 3), classes=5, width=1 / 16, bias_ones=0.1),
    ],
    ids=["A", "A-LRN", "alexnet"],
)
def test_dense_evaluation_of_an_image_of_the_networks_own_size_is_its_answer(build: Callable) -> None:
    keras.utils.set_random_seed(1)
    model = build()
    enliven(model)
    images = pictures(3, *model.input_shape[1:])
    assert_same(answer(dense_evaluation(model), images), answer(model, images))


def test_dense_evaluation_of_a_larger_image_averages_the_scores_of_its_tiles() -> None:
    keras.utils.set_random_seed(1)
    model = VGG("A", **SMALL)
    # A tile of 32 pixels has a place of its own in the map of scores; a 3x3 convolution also sees beside
    # the tile, so only the middle of each kernel is kept.
    for layer in (layer for layer in model.layers if isinstance(layer, layers.Conv2D)):
        kernel, bias = layer.get_weights()
        kernel[np.arange(9).reshape(3, 3) != 4] = 0
        layer.set_weights([kernel, bias])
    enliven(model)
    image = pictures(1, 64, 96, 3)
    tiles = [image[:, top : top + 32, left : left + 32] for top in (0, 32) for left in (0, 32, 64)]
    logits = VGG("A", classifier_activation=None, **SMALL)
    logits.set_weights(model.get_weights())
    scores = np.concatenate([answer(logits, tile) for tile in tiles])
    assert np.ptp(scores, axis=0).max() > 0.5  # otherwise a mean of softmaxes would do as well
    expected = np.exp(scores.mean(0)) / np.exp(scores.mean(0)).sum()
    np.testing.assert_allclose(answer(dense_evaluation(model), image)[0], expected, rtol=1e-4)


def test_dense_evaluation_counts_the_same_weights_and_needs_a_classifier() -> None:
    model = VGG("A", input_shape=(64, 64, 3), classes=5, width=1 / 16)
    dense = dense_evaluation(model)
    assert dense.count_params() == model.count_params()
    assert dense.get_layer("fc1").kernel.shape == (2, 2, 32, 256)
    with pytest.raises(ValueError, match="build it with include_top=True"):
        dense_evaluation(VGG("A", include_top=False, width=1 / 16))


@pytest.mark.parametrize("config", ["B", "C", "D", "E"])
def test_deep_networks_can_copy_seven_layers_of_net_a(config: str) -> None:
    source, model = VGG("A", **SMALL), VGG(config, **SMALL)
    assert len(STARTS_FROM_A) == 7
    for name in STARTS_FROM_A:
        assert source.get_layer(name).kernel.shape == model.get_layer(name).kernel.shape
    convolutions = [layer.name for layer in source.layers if isinstance(layer, layers.Conv2D)]
    assert list(STARTS_FROM_A[:4]) == convolutions[:4]
