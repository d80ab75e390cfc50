"""Stochastic diagonal Levenberg-Marquardt, the optimiser LeNet-5 was trained with in 1998.

Every weight k has a step of its own, eps / (mu + h_kk), where h_kk is the average over a few hundred
patterns of the diagonal second derivative of the loss. It is estimated before each pass by a
recursion that has the form of back-propagation with every factor squared:

    back-propagation                 curvature
    dE/da = f'(a) dE/dy              d2E/da2 = f'(a)^2 d2E/dy2
    dE/dw = x dE/da                  d2E/dw2 = x^2 d2E/da2       (summed over the uses of a shared weight)
    dE/dx = w dE/da                  d2E/dx2 = w^2 d2E/da2       (summed over the units x feeds)

Source: LeCun et al. 1998, appendix C; the Gauss-Newton approximation keeps every term positive.
"""

from __future__ import annotations

from functools import singledispatch

import keras
import numpy as np
from keras import layers, ops

from cnnbook.lenet1998 import (
    SQUASH_AMPLITUDE,
    SQUASH_SLOPE,
    EuclideanRBF,
    PartialConv2D,
    TrainableSubsampling,
    scaled_tanh,
)
from cnnlib.data import DataError, Split
from cnnlib.data.feed import Feed
from cnnlib.layers import register


@register
class DiagonalLevenbergMarquardt(keras.optimizers.Optimizer):
    """w <- w - eps / (mu + h_kk) dE/dw, one pattern per update.

    Args:
        learning_rate: eps, the numerator of every weight's step (not itself a rate of plain SGD).
        mu: keeps the step finite where the curvature vanishes.

    `prepare_pass` or `set_curvature` must be called before each pass; until then every h_kk is 0.
    """

    PATTERNS = 500  # that the curvature is averaged over; section III-B, as it is remembered
    needs_float32 = True  # curvatures of single images are lost in half of its digits

    def __init__(self, learning_rate: float, mu: float, name: str = "diagonal_lm", **kwargs: object):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.mu = mu

    def build(self, variables: list[keras.Variable]) -> None:
        """Create one curvature per weight."""
        if self.built:
            return
        super().build(variables)
        self.curvature = [self.add_variable_from_reference(v, name="curvature") for v in variables]

    def update_step(
        self, gradient: keras.KerasTensor, variable: keras.Variable, learning_rate: keras.KerasTensor
    ) -> None:
        """Take one weight's step."""
        curvature = self.curvature[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, variable.dtype) / (self.mu + curvature)
        self.assign_sub(variable, rate * ops.cast(gradient, variable.dtype))

    def prepare_pass(self, model: keras.Model, feed: Feed, rng: np.random.Generator) -> None:
        """Estimate h_kk before a pass, on training images drawn from those that the network is fed.

        Raises:
            DataError: they are pictures of a folder.
        """
        if not isinstance(feed.images, Split):
            raise DataError(f"{self.name} looks at images in memory before each pass, not at a folder.")
        drawn = rng.choice(len(feed), min(self.PATTERNS, len(feed)), replace=False)
        self.set_curvature(model, feed.pixels(feed.images.x[drawn]))

    def set_curvature(self, model: keras.Model, images: np.ndarray) -> None:
        """Estimate h_kk of every trainable weight of `model` from a batch of images."""
        for slot, value in zip(self.curvature, diagonal_curvature(model, images), strict=True):
            slot.assign(value)

    def get_config(self) -> dict:
        """Return what rebuilds the optimiser."""
        return {**super().get_config(), "mu": self.mu}


def diagonal_curvature(model: keras.Model, images: np.ndarray) -> list[keras.KerasTensor]:
    """Diagonal Gauss-Newton second derivatives of the penalty of the right class, mean over `images`.

    The penalty of the right class is the squared distance to its code, whose second derivative by each
    unit of the layer below is 2; the other terms of the MAP loss are left out, which keeps h_kk positive.

    Args:
        model: a chain of layers that ends in a `EuclideanRBF`.
        images: (n, height, width, channels).

    Returns:
        One tensor for each of `model.trainable_variables`, in that order and of the same shape.

    Raises:
        TypeError: the model holds a layer the recursion has no rule for.
    """
    *chain, output = (layer for layer in model.layers if not isinstance(layer, layers.InputLayer))
    if not isinstance(output, EuclideanRBF):
        raise TypeError(
            f"The recursion starts from an EuclideanRBF output, not from {type(output).__name__}."
        )
    inputs, x = [], ops.convert_to_tensor(images, "float32")
    for layer in chain:
        inputs.append(x)
        x = layer(x)
    by_variable: dict[str, keras.KerasTensor] = {}
    second = ops.full_like(x, 2.0)
    for layer, below, y in zip(reversed(chain), reversed(inputs), reversed([*inputs[1:], x]), strict=True):
        if isinstance(layer, layers.Flatten):
            second = ops.reshape(second, ops.shape(below))
            continue
        second = second * _slope(layer, y) ** 2
        of_weights, second = _step_back(layer, below, second)
        by_variable |= {v.path: h for v, h in zip(layer.trainable_variables, of_weights, strict=True)}
    return [by_variable[v.path] / len(images) for v in model.trainable_variables]


def _slope(layer: keras.Layer, y: keras.KerasTensor) -> keras.KerasTensor:
    """f'(a), written in terms of the output y = f(a)."""
    activation = getattr(layer, "activation", keras.activations.linear)
    if activation is scaled_tanh:
        return SQUASH_SLOPE * (SQUASH_AMPLITUDE - y**2 / SQUASH_AMPLITUDE)
    if activation is keras.activations.linear:
        return ops.ones_like(y)
    raise TypeError(f"No derivative for the activation of layer {layer.name}.")


@singledispatch
def _step_back(
    layer: keras.Layer, x: keras.KerasTensor, second: keras.KerasTensor
) -> tuple[list, keras.KerasTensor]:
    """From d2E/da2 of a layer's units to those of its weights (summed over the batch) and its inputs."""
    raise TypeError(f"The curvature recursion has no rule for {type(layer).__name__} ({layer.name}).")


@_step_back.register
def _dense(layer: layers.Dense, x: keras.KerasTensor, second: keras.KerasTensor) -> tuple:
    kernel = ops.matmul(ops.transpose(x**2), second)
    return [kernel, ops.sum(second, axis=0)], ops.matmul(second, ops.transpose(ops.square(layer.kernel)))


@_step_back.register
def _convolution(layer: layers.Conv2D, x: keras.KerasTensor, second: keras.KerasTensor) -> tuple:
    plain = (layer.padding, layer.strides, layer.dilation_rate, layer.groups) == ("valid", (1, 1), (1, 1), 1)
    if not plain:
        raise TypeError(
            f"The curvature recursion needs a plain 'valid' convolution, which {layer.name} is not."
        )
    kernel, below = _through_kernel(layer.kernel, x, second)
    return [kernel, ops.sum(second, axis=(0, 1, 2))], below


@_step_back.register
def _partial_convolution(layer: PartialConv2D, x: keras.KerasTensor, second: keras.KerasTensor) -> tuple:
    full, below = _through_kernel(layer.full_kernel(layer.kernel), x, second)
    outputs = len(layer.connections)
    flat = ops.reshape(full, (layer.kernel_size, layer.kernel_size, -1))
    kernel = ops.take(flat, np.array([i * outputs + o for i, o in layer.links]), axis=-1)
    return [kernel, ops.sum(second, axis=(0, 1, 2))], below


@_step_back.register
def _subsampling(layer: TrainableSubsampling, x: keras.KerasTensor, second: keras.KerasTensor) -> tuple:
    coefficient = ops.sum(second * layer.block_sum(x) ** 2, axis=(0, 1, 2))
    below = second * ops.square(layer.coefficient)
    for axis in (1, 2):
        below = ops.repeat(below, layer.size, axis=axis)
    return [coefficient, ops.sum(second, axis=(0, 1, 2))], below


def _through_kernel(kernel: keras.KerasTensor, x: keras.KerasTensor, second: keras.KerasTensor) -> tuple:
    """Curvature of a 'valid' convolution's kernel (k, k, in, out) and of its input."""
    size = kernel.shape[0]
    patches = ops.image.extract_patches(x**2, size, strides=1, padding="valid", data_format="channels_last")
    of_kernel = ops.reshape(ops.einsum("nhwp,nhwo->po", patches, second), kernel.shape)
    return of_kernel, ops.conv_transpose(
        second, ops.square(kernel), padding="valid", data_format="channels_last"
    )
