"""The layers of 2012 against loops in NumPy: local response normalisation, groups, weights not shared."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from plain_numpy import convolve, respond
from round_trips import assert_in_its_config
from stepping import compile_steps

from cnnbook.cuda_convnet import LocallyConnected2D
from cnnlib import audit
from cnnlib import layers as own

pytestmark = pytest.mark.backends


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def answer(layer: keras.Layer, x: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(layer(x))


# Large enough to matter: with the paper's alpha, activations near 1 are all divided by almost the same.
STRONG = {"size": 5, "alpha": 0.3, "beta": 0.6, "k": 1.5}


@pytest.mark.parametrize(
    ("settings", "values"),
    [({}, draw(2, 3, 4, 9) * 60), (STRONG, draw(2, 3, 4, 9)), ({"size": 7}, draw(3, 4) * 60)],
    ids=["paper", "strong", "fewer maps than neighbours"],
)
def test_a_response_is_divided_by_that_of_its_neighbours(settings: dict, values: np.ndarray) -> None:
    layer = own.LocalResponseNormalization(**settings)
    expected = respond(values, layer.size, layer.alpha, layer.beta, layer.k)
    assert np.ptp(expected / values) > 0.05  # the neighbours make a difference
    np.testing.assert_allclose(answer(layer, values), expected, rtol=2e-6)


def test_the_papers_constants_are_the_defaults() -> None:
    config = own.LocalResponseNormalization().get_config()
    assert [config[name] for name in ("size", "alpha", "beta", "k")] == [5, 1e-4, 0.75, 2.0]


SHARES = np.arange(1, 10, dtype="float32")


class Weighted(keras.losses.Loss):
    """A sum of the scores, each with a share of its own, which is the loss's gradient at that score."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return ops.sum(ops.multiply(y_pred, SHARES), axis=-1)


def test_the_gradient_of_a_response_is_its_slope() -> None:
    maps = draw(1, 9, seed=1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(9, use_bias=False)])
    model.add(own.LocalResponseNormalization(**STRONG))
    model.set_weights([maps])
    steps = compile_steps(model, keras.optimizers.SGD(1.0), Weighted())
    steps(np.ones((1, 1, 1), "float32"), np.zeros((1, 1), "int32"))
    nudges = 1e-5 * np.eye(9)
    up, down = (respond(maps.astype("float64") + sign * nudges, **STRONG) for sign in (1, -1))
    slopes = ((up - down) * SHARES).sum(-1) / 2e-5
    np.testing.assert_allclose(maps[0] - model.get_weights()[0][0], slopes, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_response_in_half_precision_does_not_overflow(policy: str) -> None:
    values = np.abs(draw(2, 9)) * 300  # their squares are beyond float16
    halved = answer(own.LocalResponseNormalization(dtype=policy), values)
    assert str(halved.dtype) == policy.removeprefix("mixed_")
    np.testing.assert_allclose(
        halved.astype("float32"), respond(values, 5, 1e-4, 0.75, 2.0), rtol=0.02, atol=0.01
    )


@pytest.mark.parametrize("size", [0, 4])
def test_a_neighbourhood_without_a_middle_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd number of maps, not {size}"):
        own.LocalResponseNormalization(size)


@pytest.mark.parametrize("settings", [{}, {"strides": 2}, {"padding": "same"}], ids=str)
def test_a_grouped_convolution_is_one_for_each_group(settings: dict) -> None:
    layer = own.GroupedConv2D(6, 3, groups=2, **settings)
    x, kernel, bias = draw(2, 7, 6, 4), draw(3, 3, 2, 6, seed=1), draw(6, seed=2)
    layer.build(x.shape)
    layer.set_weights([kernel, bias])
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)]) if "padding" in settings else x
    towers = [convolve(padded[..., :2], kernel[..., :3]), convolve(padded[..., 2:], kernel[..., 3:])]
    step = settings.get("strides", 1)
    expected = np.concatenate(towers, axis=-1)[:, ::step, ::step] + bias
    np.testing.assert_allclose(answer(layer, x), expected, rtol=1e-5, atol=1e-5)


def test_a_grouped_convolution_answers_as_keras_does() -> None:
    ours, theirs = (kind(6, 3, groups=3) for kind in (own.GroupedConv2D, keras.layers.Conv2D))
    x = draw(1, 5, 5, 9)
    for layer in (ours, theirs):
        layer.build(x.shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(answer(ours, x), answer(theirs, x), rtol=1e-5, atol=1e-6)


def unshared(x: np.ndarray, kernel: np.ndarray, size: int) -> np.ndarray:
    """Every position with a kernel of its own: a loop."""
    height, width, _, filters = kernel.shape
    out = np.zeros((len(x), height, width, filters))
    for i in range(height):
        for j in range(width):
            out[:, i, j] = x[:, i : i + size, j : j + size].reshape(len(x), -1) @ kernel[i, j]
    return out


@pytest.mark.parametrize(
    ("size", "padding", "around"),
    [(3, "valid", (0, 0)), (3, "same", (1, 1)), (2, "same", (0, 1)), (1, "valid", (0, 0))],
)
def test_each_position_of_a_local_layer_has_its_own_weights(
    size: int, padding: str, around: tuple[int, int]
) -> None:
    layer = LocallyConnected2D(4, size, padding=padding, activation="tanh")
    x = draw(2, 5, 6, 3)
    layer.build(x.shape)
    lost = size - 1 - sum(around)
    assert layer.kernel.shape == (5 - lost, 6 - lost, size * size * 3, 4)
    kernel, bias = draw(*layer.kernel.shape, seed=1), draw(*layer.bias.shape, seed=2)
    layer.set_weights([kernel, bias])
    padded = np.pad(x, [(0, 0), around, around, (0, 0)])
    expected = np.tanh(unshared(padded, kernel, size) + bias)
    np.testing.assert_allclose(answer(layer, x), expected, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_a_local_layer_with_the_same_weights_everywhere_is_a_convolution() -> None:
    local = LocallyConnected2D(4, 3, padding="same")
    shared = keras.layers.Conv2D(4, 3, padding="same")
    x = draw(2, 5, 6, 3)
    for layer in (local, shared):
        layer.build(x.shape)
    kernel, bias = draw(3, 3, 3, 4, seed=3), draw(4, seed=4)
    shared.set_weights([kernel, bias])
    local.set_weights(
        [np.broadcast_to(kernel.reshape(27, 4), (5, 6, 27, 4)), np.broadcast_to(bias, (5, 6, 4))]
    )
    np.testing.assert_allclose(answer(local, x), answer(shared, x), rtol=1e-5, atol=1e-5)


def test_initial_weights_of_a_local_layer_follow_the_inputs_of_one_unit() -> None:
    keras.utils.set_random_seed(1)
    layer = LocallyConnected2D(16, 3)
    layer.build((None, 8, 8, 8))
    kernel = layer.get_weights()[0]
    assert kernel.std() == pytest.approx(np.sqrt(2 / 72), rel=0.02)
    assert not np.array_equal(kernel[0, 0], kernel[0, 1])


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"padding": "full"}, (None, 8, 8, 3), "not 'full'"),
        ({}, (None, None, 8, 3), "fixed size"),
        ({}, (None, 8, 2, 3), r"a 3-wide kernel in maps of \(8, 2\)"),
    ],
)
def test_a_local_layer_says_what_it_cannot_be_built_for(settings: dict, shape: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocallyConnected2D(4, 3, **settings).build(shape)


@pytest.mark.parametrize(
    "layer",
    [
        own.LocalResponseNormalization(**STRONG),
        own.GroupedConv2D(4, 3, groups=2, activation="relu"),
        LocallyConnected2D(4, 3, "same", "relu", "he_uniform", "ones", keras.regularizers.L2(0.1)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_of_2012_comes_back_from_its_config(layer: keras.Layer) -> None:
    assert_in_its_config(layer, draw(2, 6, 6, 4))


@pytest.mark.parametrize(
    ("layer", "output", "params", "macs", "biases"),
    [
        (own.GroupedConv2D(6, 3, groups=2), (6, 6, 6), 9 * 2 * 6 + 6, 36 * 9 * 2 * 6, 216),
        (LocallyConnected2D(6, 3), (6, 6, 6), 36 * (9 * 4 + 1) * 6, 36 * 9 * 4 * 6, 216),
        (own.LocalResponseNormalization(), (8, 8, 4), 0, 0, 0),
    ],
    ids=["grouped", "local", "normalisation"],
)
def test_the_audit_counts_the_layers_of_2012(
    layer: keras.Layer, output: tuple[int, ...], params: int, macs: int, biases: int
) -> None:
    (row,) = audit.table(keras.Sequential([keras.Input((8, 8, 4)), layer]))
    assert (row.output_shape, row.params, row.macs) == (output, params, macs)
    assert row.connections == macs + biases
    assert row.receptive_field == (1 if params == 0 else 3)
