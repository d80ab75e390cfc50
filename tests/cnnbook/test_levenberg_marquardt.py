"""The optimiser of 1998: its step, and its curvatures against differences and against plain NumPy."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers, ops
from plain_numpy import blocks, convolve, squash
from stepping import compile_steps

from cnnbook.lenet1998 import (
    EuclideanRBF,
    MAPLoss,
    PartialConv2D,
    PatchConv2D,
    TrainableSubsampling,
    scaled_tanh,
)
from cnnbook.levenberg_marquardt import DiagonalLevenbergMarquardt, diagonal_curvature

pytestmark = pytest.mark.backends

TABLE = [[0], [0, 1]]


def network(shape: tuple[int, ...], *stack: keras.Layer, kind: type = keras.Sequential) -> keras.Model:
    """A chain of layers with random weights that ends in two random codes."""
    rng = np.random.default_rng(0)
    units = keras.Sequential([keras.Input(shape), *stack]).output_shape[-1]
    chain = [*stack, EuclideanRBF(rng.choice([-1.0, 1.0], (2, units)))]
    if kind is keras.Sequential:
        model = keras.Sequential([keras.Input(shape), *chain])
    else:
        image = x = keras.Input(shape)
        for layer in chain:
            x = layer(x)
        model = keras.Model(image, x)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return model


def pictures(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def curvature(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "/".join(weight.path.split("/")[-2:]): ops.convert_to_numpy(value)
        for weight, value in zip(model.trainable_weights, diagonal_curvature(model, images), strict=True)
    }


def test_a_step_divides_the_rate_by_mu_and_the_curvature() -> None:
    shape, labels = (1, 1, 4, 4, 1), np.array([[1]], "int32")
    after = {}
    for name, optimizer in {
        "plain": keras.optimizers.SGD(1.0),
        "diagonal": DiagonalLevenbergMarquardt(0.01, mu=0.3),
    }.items():
        model = network(
            (4, 4, 1), PatchConv2D(2, 3, activation=scaled_tanh), layers.Flatten(), layers.Dense(3)
        )
        optimizer.build(model.trainable_variables)
        before = [ops.convert_to_numpy(weight.value) for weight in model.trainable_weights]
        if name == "diagonal":
            optimizer.set_curvature(model, pictures(8, 4, 4, 1))
            h = [ops.convert_to_numpy(slot.value) for slot in optimizer.curvature]
        compile_steps(model, optimizer, MAPLoss(j=1.0))(pictures(*shape), labels)
        after[name] = [ops.convert_to_numpy(weight.value) for weight in model.trainable_weights]
    for w, plain, diagonal, h_k in zip(before, after["plain"], after["diagonal"], h, strict=True):
        gradient = w - plain
        assert np.abs(gradient).max() > 1e-3
        np.testing.assert_allclose(diagonal, w - 0.01 / (0.3 + h_k) * gradient, rtol=1e-5, atol=1e-6)


def test_before_a_curvature_is_measured_every_step_is_the_rate_over_mu() -> None:
    weight = keras.Variable([1.0, 2.0])
    optimizer = DiagonalLevenbergMarquardt(0.1, mu=0.5)
    optimizer.build([weight])
    optimizer.apply([ops.convert_to_tensor([1.0, -1.0])], [weight])
    np.testing.assert_allclose(ops.convert_to_numpy(weight.value), [0.8, 2.2], rtol=1e-6)


def test_the_optimizer_comes_back_from_its_config() -> None:
    optimizer = DiagonalLevenbergMarquardt(0.1, mu=0.5)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(again, DiagonalLevenbergMarquardt)
    assert again.get_config() == optimizer.get_config()
    assert again.mu == 0.5


@pytest.mark.parametrize(
    ("shape", "stack"),
    [
        ((2, 3, 1), lambda: [layers.Flatten(), layers.Dense(4)]),
        ((5, 4, 2), lambda: [PatchConv2D(3, 2), layers.Flatten()]),
        ((5, 4, 2), lambda: [layers.Conv2D(3, 2), layers.Flatten()]),
        ((5, 4, 2), lambda: [PartialConv2D(TABLE, 2), layers.Flatten()]),
        ((6, 4, 3), lambda: [TrainableSubsampling(2), layers.Flatten()]),
    ],
    ids=["Dense", "PatchConv2D", "Conv2D", "PartialConv2D", "TrainableSubsampling"],
)
def test_below_the_codes_the_curvature_is_the_second_difference_of_the_penalty(
    shape: tuple[int, ...], stack: Callable
) -> None:
    model, images = network(shape, *stack()), pictures(4, *shape)

    def penalty() -> float:
        return -model.predict_on_batch(images)[:, 0].astype("float64").mean()

    for weight, found in zip(model.trainable_weights, diagonal_curvature(model, images), strict=True):
        start, expected = ops.convert_to_numpy(weight.value).copy(), np.empty(weight.shape)
        for place in np.ndindex(*weight.shape):
            values = []
            for shift in (-1, 0, 1):  # the penalty is quadratic in a weight, so a whole step is exact
                moved = start.copy()
                moved[place] += shift
                weight.assign(moved)
                values.append(penalty())
            expected[place] = values[0] - 2 * values[1] + values[2]
        weight.assign(start)
        assert expected.min() > 0
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-3, atol=1e-4)


def jacobian(f: Callable[[np.ndarray], np.ndarray], point: np.ndarray) -> np.ndarray:
    """Derivatives (outputs, inputs) of a function that is linear, up to a constant, in its argument."""
    steps = np.eye(point.size).reshape(-1, *point.shape)
    return np.stack([(f(point + step) - f(point)).ravel() for step in steps], axis=1)


@pytest.mark.parametrize("kind", [keras.Sequential, keras.Model], ids=["sequential", "functional"])
def test_through_four_layers_the_curvature_is_the_squared_recursion(kind: type) -> None:
    model = network(
        (8, 8, 1),
        PatchConv2D(2, 3, activation=scaled_tanh, name="conv"),
        TrainableSubsampling(2, scaled_tanh, name="sub"),
        PartialConv2D(TABLE, 2, scaled_tanh, name="partial"),
        layers.Flatten(),
        layers.Dense(3, activation=scaled_tanh, name="dense"),
        kind=kind,
    )
    images = pictures(3, 8, 8, 1)
    w = {
        "/".join(v.path.split("/")[-2:]): ops.convert_to_numpy(v.value).astype("float64")
        for v in model.trainable_weights
    }

    def partial(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        full = np.zeros((2, 2, 2, 2))
        full[:, :, 0, 0], full[:, :, 0, 1], full[:, :, 1, 1] = np.moveaxis(kernel, -1, 0)
        return convolve(x, full)

    # Each layer as its sum a(x, kernel), before bias and squashing.
    sums = {
        "conv/kernel": convolve,
        "sub/coefficient": lambda x, c: blocks(x).sum(-1) * c,
        "partial/kernel": partial,
        "dense/kernel": lambda x, k: x.reshape(1, -1) @ k,
    }
    expected = {name: np.zeros_like(value) for name, value in w.items()}
    for image in images:
        x, trace = image[None].astype("float64"), []
        for name, total in sums.items():
            bias = name.split("/")[0] + "/bias"
            a = total(x, w[name]) + w[bias]
            trace.append((name, bias, total, x, a))
            x = squash(a)
        second = np.full(x.shape, 2.0)
        for name, bias, total, x, a in reversed(trace):
            slope = 1.7159 * 2 / 3 / np.cosh(2 / 3 * a) ** 2
            of_sum = (slope**2 * second).ravel()
            of_weights = of_sum @ jacobian(lambda k, x=x, total=total: total(x, k), w[name]) ** 2
            expected[name] += of_weights.reshape(w[name].shape) / len(images)
            expected[bias] += of_sum.reshape(-1, w[bias].size).sum(axis=0) / len(images)
            second = of_sum @ jacobian(lambda v, name=name, total=total: total(v, w[name]), x) ** 2
            second = second.reshape(x.shape)
    found = curvature(model, images)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (lambda: [layers.AveragePooling2D(2), layers.Flatten()], "no rule for AveragePooling2D"),
        (lambda: [layers.Flatten(), layers.Dropout(0.5)], "no rule for Dropout"),
        (
            lambda: [layers.Flatten(), layers.Dense(3, "tanh", name="d")],
            "derivative for the activation of layer d",
        ),
        (
            lambda: [layers.Conv2D(2, 3, padding="same", name="c"), layers.Flatten()],
            "'valid' convolution, which c",
        ),
        (lambda: [layers.Conv2D(2, 2, strides=2), layers.Flatten()], "plain 'valid' convolution"),
        (lambda: [layers.Conv2D(2, 2, dilation_rate=2), layers.Flatten()], "plain 'valid' convolution"),
    ],
    ids=["pooling", "dropout", "tanh", "padding", "strides", "dilation"],
)
def test_a_layer_without_a_rule_is_refused(stack: Callable, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        diagonal_curvature(network((4, 4, 1), *stack()), pictures(2, 4, 4, 1))


def test_the_recursion_starts_from_codes_only() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    with pytest.raises(TypeError, match="starts from an EuclideanRBF output, not from Dense"):
        diagonal_curvature(model, pictures(2, 4))
