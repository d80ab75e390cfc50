"""The layers of 1998, their initial weights and the MAP loss, on numbers worked out beside them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from plain_numpy import blocks, convolve
from round_trips import assert_in_its_config
from stepping import compile_steps

from cnnbook import lenet1998 as own
from cnnbook.lenet1998 import LeNet5Original

pytestmark = pytest.mark.backends


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def answer(layer: keras.Layer, x: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(layer(x))


def test_scaled_tanh_is_one_at_one_and_bends_most_there() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(own.scaled_tanh(ops.convert_to_tensor(x, "float32"))).astype("float64")

    x = np.linspace(0, 3, 3001)
    np.testing.assert_allclose(f(x), 1.7159 * np.tanh(2 * x / 3), atol=1e-6)
    np.testing.assert_allclose(f(np.array([-1, 0, 1])), [-1, 0, 1], atol=1e-5)
    bend = np.abs(f(x - 0.05) - 2 * f(x) + f(x + 0.05))
    assert x[bend.argmax()] == pytest.approx(0.988, abs=0.03)


def test_subsampling_weighs_the_sum_of_each_block() -> None:
    layer = own.TrainableSubsampling(2)
    x = draw(2, 4, 6, 3)
    layer.build(x.shape)
    layer.coefficient.assign([0.5, -1.0, 2.0])
    layer.bias.assign([0.1, 0.2, 0.3])
    expected = blocks(x).sum(-1) * [0.5, -1.0, 2.0] + [0.1, 0.2, 0.3]
    np.testing.assert_allclose(answer(layer, x), expected, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_subsampling_leaves_out_what_fills_no_block_and_applies_its_activation() -> None:
    layer = own.TrainableSubsampling(3, activation="relu", initializer="ones")
    x = draw(1, 7, 8, 1)
    sums = x[0, :6, :6, 0].reshape(2, 3, 2, 3).sum(axis=(1, 3))
    np.testing.assert_allclose(answer(layer, x)[0, :, :, 0], np.maximum(sums + 1, 0), rtol=1e-5, atol=1e-5)


TABLE = [[0, 2], [1], [0, 1, 2], [2, 1]]


def test_a_partial_convolution_is_a_full_one_with_the_absent_links_at_zero() -> None:
    layer = own.PartialConv2D(TABLE, kernel_size=3, activation=own.scaled_tanh)
    x = draw(2, 6, 5, 3)
    layer.build(x.shape)
    assert layer.kernel.shape == (3, 3, 8)
    kernels = draw(3, 3, 8, seed=1)
    layer.kernel.assign(kernels)
    bias = np.array([0.1, 0.2, 0.3, 0.4])
    layer.bias.assign(bias)
    full = np.zeros((3, 3, 3, 4))
    # Kernels are stored by output map, then by input map, whatever the order in the table.
    for number, (i, o) in enumerate([(0, 0), (2, 0), (1, 1), (0, 2), (1, 2), (2, 2), (1, 3), (2, 3)]):
        full[:, :, i, o] = kernels[:, :, number]
    expected = 1.7159 * np.tanh(2 / 3 * (convolve(x, full) + bias))
    np.testing.assert_allclose(answer(layer, x), expected, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_a_partial_convolution_refuses_a_map_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="names map 2 of only 2"):
        own.PartialConv2D(TABLE, kernel_size=3).build((None, 8, 8, 2))


def test_patch_convolution_is_kerass_own() -> None:
    ours = own.PatchConv2D(4, 3, activation="tanh")
    theirs = keras.layers.Conv2D(4, 3, activation="tanh")
    x = draw(2, 7, 6, 3)
    for layer in (ours, theirs):
        layer.build(x.shape)
        layer.set_weights([draw(3, 3, 3, 4, seed=2), draw(4, seed=3)])
    np.testing.assert_allclose(answer(ours, x), answer(theirs, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "settings", [{"strides": 2}, {"padding": "same"}, {"dilation_rate": 2}, {"groups": 2}]
)
def test_patch_convolution_refuses_what_it_does_not_compute(settings: dict) -> None:
    with pytest.raises(ValueError, match="plain Conv2D"):
        own.PatchConv2D(4, 3, **settings).build((None, 8, 8, 2))


def test_rbf_scores_are_squared_distances_with_the_sign_turned() -> None:
    codes = np.array([[1, 1], [1, -1], [-1, -1]])
    layer = own.EuclideanRBF(codes)
    scores = answer(layer, np.array([[1, 1], [0, -2]], "float32"))
    np.testing.assert_allclose(scores, [[0, -4, -8], [-10, -2, -2]])
    assert layer.trainable_weights == []
    assert layer.compute_output_shape((5, 2)) == (5, 3)


def test_rbf_refuses_units_that_do_not_fit_its_codes() -> None:
    with pytest.raises(ValueError, match="3 units, but codes of 2"):
        own.EuclideanRBF(np.ones((4, 2))).build((None, 3))


@pytest.mark.parametrize(
    "layer",
    [
        own.TrainableSubsampling(3, own.scaled_tanh, own.FanInUniform(fan_in=9)),
        own.PartialConv2D(TABLE, 3, own.scaled_tanh, initial_scale=1.2),
        own.EuclideanRBF([[1, -1, 1], [-1, 1, 1]], trainable=True),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_comes_back_from_its_config(layer: keras.Layer) -> None:
    x = draw(2, 6, 6, 3) if not isinstance(layer, own.EuclideanRBF) else draw(2, 3)
    assert_in_its_config(layer, x)
    assert layer.trainable_weights


def largest(weight: keras.Variable) -> float:
    return float(np.abs(ops.convert_to_numpy(weight.value)).max())


@pytest.mark.parametrize(("layer", "fan_in"), [("c1", 25), ("s2", 4), ("s4", 4), ("c5", 400), ("f6", 120)])
def test_initial_weights_fill_the_interval_of_the_paper(layer: str, fan_in: int) -> None:
    keras.utils.set_random_seed(1)
    weights = LeNet5Original().get_layer(layer).trainable_weights
    assert all(largest(weight) <= 2.4 / fan_in * (1 + 1e-6) for weight in weights)
    assert max(largest(weight) for weight in weights) > 0.7 * 2.4 / fan_in


def test_initial_weights_of_c3_follow_the_inputs_of_each_map() -> None:
    keras.utils.set_random_seed(2)
    layer = LeNet5Original().get_layer("c3")
    kernel, bias = layer.get_weights()
    for o, maps in enumerate(layer.connections):
        limit = 2.4 / (25 * len(maps))
        own_kernels = kernel[:, :, [number for number, link in enumerate(layer.links) if link[1] == o]]
        assert 0.9 * limit < np.abs(own_kernels).max() <= limit * (1 + 1e-6)
        assert abs(bias[o]) <= limit


def test_fan_in_is_read_off_the_shape_and_a_seed_repeats_the_draw() -> None:
    first, second = (ops.convert_to_numpy(own.FanInUniform(scale=3, seed=5)((5, 5, 2, 40))) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert 0.99 * 3 / 50 < np.abs(first).max() <= 3 / 50
    assert abs(first.mean()) < 0.003
    other = ops.convert_to_numpy(own.FanInUniform(scale=3, seed=6)((5, 5, 2, 40)))
    assert not np.array_equal(first, other)


SCORES = np.array([[-1.0, -3.0, -0.5], [-20.0, -2.0, -30.0]], "float32")
LABELS = np.array([0, 2], "int32")


def test_map_loss_is_its_formula() -> None:
    expected = [
        np.log(np.exp(-2.0) + np.exp(SCORES[n].astype("float64")).sum()) - SCORES[n, label]
        for n, label in enumerate(LABELS)
    ]
    loss = own.MAPLoss(j=2.0)
    assert float(loss(LABELS, SCORES)) == pytest.approx(np.mean(expected), rel=1e-5)
    assert float(loss(LABELS[:, None], SCORES)) == pytest.approx(np.mean(expected), rel=1e-5)


def test_map_loss_stays_finite_where_every_exp_vanishes() -> None:
    far = np.array([[-1e4, -2e4, -3e4]], "float32")
    assert float(own.MAPLoss(j=1e6)(np.array([1]), far)) == pytest.approx(1e4)


def test_map_loss_without_a_background_is_softmax_cross_entropy() -> None:
    reference = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, SCORES)
    assert float(own.MAPLoss(j=1e6)(LABELS, SCORES)) == pytest.approx(float(reference), rel=1e-6)
    assert float(own.MAPLoss(j=1.0)(LABELS, SCORES)) > float(reference) + 0.01


def test_map_loss_pulls_the_right_class_and_pushes_every_other_by_its_share() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3, use_bias=False)])
    scores = SCORES[:1]
    model.set_weights([scores])
    step = compile_steps(model, keras.optimizers.SGD(1.0), own.MAPLoss(j=1.5))
    step(np.ones((1, 1, 1), "float32"), LABELS[None, :1])
    share = np.exp(scores) / (np.exp(-1.5) + np.exp(scores).sum())
    gradient = share - np.eye(3)[LABELS[:1]]
    np.testing.assert_allclose(scores - model.get_weights()[0], gradient, atol=1e-6)
    assert gradient.sum() == pytest.approx(share.sum() - 1)  # the background keeps the rest
    assert share.sum() < 0.95


class RightPenalty(keras.losses.Loss):
    """The paper's first criterion: the penalty of the right class alone."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return -ops.sum(ops.one_hot(y_true, y_pred.shape[-1]) * y_pred, axis=-1)


@pytest.mark.parametrize(
    ("loss", "collapses"), [(RightPenalty(), True), (own.MAPLoss(j=1.0), False)], ids=["MLE", "MAP"]
)
def test_trainable_codes_collapse_unless_the_loss_is_discriminative(
    loss: keras.losses.Loss, collapses: bool
) -> None:
    labels = np.arange(60, dtype="int32") % 2
    points = draw(60, 2, seed=7) + np.where(labels == 1, 0.5, -0.5)[:, None].astype("float32")
    codes = own.EuclideanRBF([[1, 1], [-1, -1]], trainable=True)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), codes])
    model.layers[0].set_weights([np.eye(2), np.zeros(2)])
    steps = compile_steps(model, keras.optimizers.SGD(0.05), loss)
    steps(np.repeat(points[None], 300, axis=0), np.repeat(labels[None], 300, axis=0))
    first, second = codes.get_weights()[0]
    distance = float(np.linalg.norm(first - second))  # 2.83 at the start
    assert distance < 0.01 if collapses else distance > 1.2
