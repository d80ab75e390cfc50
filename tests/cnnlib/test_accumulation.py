"""A batch computed in parts makes the update of the whole, for every network of the book, on every backend.

Batch normalisation sees the parts by design: there the update must be the mean of those that the parts make
alone, and the moving averages must have moved once for each part, in order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from stepping import compile_steps

from cnnlib.models import resnet
from cnnlib.recipe import RECIPES, Recipe

pytestmark = pytest.mark.backends

PARTS, BATCH, RATE = 2, 4, 0.25

# Recipe, and what makes its network small; dropout is off, as in `built`.
NETWORKS: dict[str, tuple[str, dict]] = {
    "LeNet-5 of today": ("lenet5_modern", {}),
    "LeNet-5 of 1998": ("lenet5_original", {}),
    "LeNet-5 in colour": ("lenet5_compared", {}),
    "AlexNet for CIFAR": ("alexnet_compared", {"width": 1 / 16}),
    "VGG16 for CIFAR": ("vgg16_compared", {"width": 1 / 16}),
    "GoogLeNet for CIFAR": ("googlenet_compared", {"width": 1 / 16}),
    "AlexNet": ("alexnet_small", {"input_shape": (67, 67, 3), "width": 1 / 16}),
    "AlexNet, one tower": ("alexnet", {"input_shape": (67, 67, 3), "width": 1 / 16, "groups": 1}),
    "cuda-convnet": ("cuda_convnet", {}),
    "cuda-convnet, LRN": ("cuda_convnet_lrn", {}),
    "four layers, tanh": ("four_layers_tanh", {}),
    "VGG-A": ("vgg_a_small", {"width": 1 / 16}),
    "VGG-A, LRN": ("vgg_a_lrn_small", {"width": 1 / 16}),
    "VGG-C": ("vgg_c", {"input_shape": (32, 32, 3), "width": 1 / 16}),
    "GoogLeNet": ("googlenet_reduced_4", {"width": 1 / 16}),
    "GoogLeNet, heads": ("googlenet", {"input_shape": (128, 128, 3), "width": 1 / 16}),
    "ResNet for CIFAR": ("resnet20", {"depth": 8, "width": 1 / 4}),
    "plain net for CIFAR": ("plain20", {"depth": 8, "width": 1 / 4}),
    "ResNet-18": ("resnet18", {"input_shape": (64, 64, 3), "width": 1 / 16}),
    "ResNet-50": ("resnet50", {"input_shape": (64, 64, 3), "width": 1 / 16}),
    "plain-18": ("plain18", {"input_shape": (64, 64, 3), "width": 1 / 16}),
}


@pytest.fixture(autouse=True)
def one_block_of_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Residual networks for ImageNet repeat theirs dozens of times, which takes minutes to compile."""
    monkeypatch.setattr(resnet, "STAGES", dict.fromkeys(resnet.STAGES, (2, 1, 1, 1)))


@pytest.fixture(autouse=True, scope="module")
def compiled_in_a_hurry() -> Iterator[None]:
    """JAX compiles for minutes what runs for milliseconds: let it optimise little."""
    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


class Update:
    """Makes one update of a network from the same start, on any images."""

    def __init__(self, name: str, accumulate: int = 1):
        self.model, self.recipe = built(name)
        self.start = self.model.get_weights()
        self.steps = compile_steps(
            self.model,
            keras.optimizers.SGD(RATE),
            self.recipe.build_loss(),
            accumulate=accumulate,
            weight_decay=self.recipe.weight_decay,
            heads=self.recipe.heads,
        )

    def __call__(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, list[np.ndarray]]:
        """Return the loss and how far each variable moved."""
        self.model.set_weights(self.start)
        losses, _ = self.steps(images[None], labels[None])
        pairs = zip(self.model.get_weights(), self.start, strict=True)
        return float(losses[0]), [new - old for new, old in pairs]


def built(name: str) -> tuple[keras.Model, Recipe]:
    recipe_name, small = NETWORKS[name]
    recipe = RECIPES[recipe_name]
    keras.utils.set_random_seed(3)
    recipe = replace(recipe, network_settings=recipe.network_settings | small)
    model = recipe.build_network(10)
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    return model, recipe


@contextlib.contextmanager
def one_operation_at_a_time() -> Iterator[None]:
    """Let TensorFlow neither compile nor rewrite: a plainer yardstick, and a network is traced but once."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def batch(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    images = rng.normal(size=(BATCH, *model.input_shape[1:])).astype("float32")
    return images, rng.integers(0, 10, BATCH).astype("int32")


def parts(array: np.ndarray) -> list[np.ndarray]:
    return np.split(array, PARTS)


def assert_same_moves(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert sum(np.abs(move).max() > 1e-6 for move in expected) > len(expected) / 2
    for one, other in zip(found, expected, strict=True):
        # A weight is held to 7 digits, and what it moves by is the difference of two.
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * np.abs(other).max() + 1e-6)


def normalises(model: keras.Model) -> bool:
    return any(isinstance(layer, layers.BatchNormalization) for layer in model.layers)


def by_parts(whole: Update, images: np.ndarray, labels: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """Mean loss and moves of updates by each part alone; moving averages go from part to part."""
    alone = [whole(*part) for part in zip(parts(images), parts(labels), strict=True)]
    moves = [sum(each) / PARTS for each in zip(*(moves for _, moves in alone), strict=True)]
    _move_averages_in_turn(whole.model, moves, [moves for _, moves in alone])
    return float(np.mean([loss for loss, _ in alone])), moves


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_in_parts_makes_the_update_of_the_whole(name: str) -> None:
    whole = Update(name)
    images, labels = batch(whole.model)
    loss, moves = Update(name, PARTS)(images, labels)
    with one_operation_at_a_time():
        expected_loss, expected = (
            by_parts(whole, images, labels) if normalises(whole.model) else whole(images, labels)
        )
    assert loss == pytest.approx(expected_loss, rel=1e-4)
    assert_same_moves(moves, expected)


def _move_averages_in_turn(model: keras.Model, expected: list, alone: list[list]) -> None:
    """Put how far moving averages go from part to part where the mean of the parts stands."""
    momentum = {
        id(average): layer.momentum
        for layer in model.layers
        if isinstance(layer, layers.BatchNormalization)
        for average in (layer.moving_mean, layer.moving_variance)
    }
    for place, variable in enumerate(model.weights):
        if id(variable) in momentum:
            first, second = (moves[place] for moves in alone)
            expected[place] = momentum[id(variable)] * first + second


def test_every_network_that_a_recipe_trains_is_among_them() -> None:
    trained = {(recipe.network, bool(recipe.heads)) for recipe in RECIPES.values()}
    assert trained == {(RECIPES[name].network, bool(RECIPES[name].heads)) for name, _ in NETWORKS.values()}


def test_a_network_that_fills_tensorflows_memory_is_accumulated_again_and_again() -> None:
    """From 200 MB on a CPU TensorFlow rewrites sums of tensors: which the sum of gradients must survive."""
    side, results = 3000, []
    images = np.random.default_rng(0).normal(size=(2, 1, BATCH, side)).astype("float32")
    labels = (np.arange(2 * BATCH) % 3).reshape(2, 1, BATCH).astype("int32")
    for accumulate in (1, PARTS):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((side,)), *(layers.Dense(side, "tanh") for _ in range(2)), layers.Dense(3)]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        steps = compile_steps(
            model, keras.optimizers.SGD(0.01), loss, accumulate=accumulate, weight_decay=0.01
        )
        results.append(
            [*(steps(*call)[0] for call in zip(images, labels, strict=True)), model.get_weights()[0]]
        )
    for whole, in_parts in zip(*results, strict=True):
        np.testing.assert_allclose(in_parts, whole, rtol=1e-4, atol=1e-6)
