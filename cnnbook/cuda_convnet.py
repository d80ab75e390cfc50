"""The network of cuda-convnet for CIFAR-10, which AlexNet's paper tried things out on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import keras
from keras import layers, ops
from keras.initializers import RandomNormal

from cnnbook.patches import patches
from cnnlib import models
from cnnlib.layers import LocalResponseNormalization, register
from cnnlib.models.building import check, finish


@register
class LocallyConnected2D(keras.layers.Layer):
    """A convolution (stride 1, square kernel) whose weights are not shared: each position has its own.

    Input (batch, height, width, channels), output (batch, height', width', filters) with the sides of a
    convolution. The weights are one kernel (positions down, positions across, size * size * channels,
    filters) and a bias for every output unit.

    Args:
        filters: output maps.
        kernel_size: side of the square that a unit sees.
        padding: "valid", or "same" for zeros around the input that keep its size.
        activation: applied to the result.
        kernel_initializer: sees the weights as (inputs of a unit, units), so that what scales with the fan-in
            scales with a unit's own.
        bias_initializer: of the biases.
        kernel_regularizer: penalty on the weights.

    Raises:
        ValueError: `padding` is neither "valid" nor "same".

    Source: cuda-convnet's layers of type local; Krizhevsky et al. 2012, section 3.3, points to that code.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        padding: str = "valid",
        activation: object = None,
        kernel_initializer: object = "he_normal",
        bias_initializer: object = "zeros",
        kernel_regularizer: object = None,
        **kwargs: object,
    ):
        super().__init__(**kwargs)
        if padding not in ("valid", "same"):
            raise ValueError(f'padding must be "valid" or "same", not {padding!r}.')
        self.filters, self.kernel_size, self.padding = filters, kernel_size, padding
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape: Sequence[int]) -> None:
        """Create a kernel and a bias for every position.

        Raises:
            ValueError: the input has no fixed size, or is smaller than the kernel.
        """
        if None in input_shape[1:]:
            raise ValueError(f"{self.name}: weights for each position need an input of fixed size.")
        places = self.compute_output_shape(input_shape)[1:3]
        if min(places) < 1:
            raise ValueError(f"{self.name}: a {self.kernel_size}-wide kernel in maps of {input_shape[1:3]}.")
        inputs = self.kernel_size**2 * input_shape[-1]

        def draw(shape: Sequence[int], dtype: str | None = None) -> keras.KerasTensor:
            flat = self.kernel_initializer((inputs, math.prod(places) * self.filters), dtype=dtype)
            return ops.transpose(ops.reshape(flat, (inputs, *places, self.filters)), (1, 2, 0, 3))

        self.kernel = self.add_weight(
            shape=(*places, inputs, self.filters),
            initializer=draw,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(*places, self.filters), initializer=self.bias_initializer, name="bias"
        )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Apply each position's weights to what it sees."""
        if self.padding == "same":
            before = (self.kernel_size - 1) // 2
            around = (before, self.kernel_size - 1 - before)
            x = ops.pad(x, [(0, 0), around, around, (0, 0)])
        seen = patches(x, self.kernel_size)
        return self.activation(ops.einsum("nhwp,hwpf->nhwf", seen, self.kernel) + self.bias)

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple:
        """Return the shape a convolution of stride 1 has."""
        batch, height, width, _ = input_shape
        lost = 0 if self.padding == "same" else self.kernel_size - 1
        return (batch, height - lost, width - lost, self.filters)

    @property
    def window(self) -> tuple[int, int]:
        """See `cnnlib.audit`."""
        return self.kernel_size, 1

    def count_multiply_adds(self) -> int:
        """See `cnnlib.audit`; every weight belongs to one position and is used once."""
        return math.prod(self.kernel.shape)

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "padding": self.padding,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


@models.add
def CudaConvnet(  # noqa: N802
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (24, 24, 3),
    classes: int = 10,
    classifier_activation: str | None = "softmax",
    name: str = "cuda_convnet",
    *,
    local_response_normalization: bool = True,
    activation: str = "relu",
    decay: float = 0.0,
) -> keras.Model:
    """The four-layer network of cuda-convnet for crops of CIFAR-10: 1,116,490 parameters.

    Two convolutions, two layers of weights that are not shared between positions, a softmax. With local
    response normalisation it is the one of 11 % test error, without it the one of 13 %.

    Args:
        include_top: keep the output layer; without it the output is local4's maps.
        weights: None for new ones, or the path of a weights file to load.
        input_shape: (height, width, channels), height and width multiples of 4.
        classes: units of the output layer.
        classifier_activation: activation of the output layer; None returns logits.
        name: name of the model.
        local_response_normalization: normalise the maps of both convolutions before they are pooled.
        activation: of the four hidden layers; "tanh" for the comparison of the paper's figure 1, whose own
            network is not described.
        decay: lambda of the penalty lambda/2 |w|^2 on the weights of local3, local4 and fc10, and of no
            other layer. cuda-convnet trains with 0.004.

    Returns:
        A model from images (batch, h, w, c) to (batch, classes), or to local4's maps without the top.

    Raises:
        ValueError: see `cnnlib.models.building.check`, or a side that is no multiple of 4.

    Source: cuda-convnet, layers-conv-local-11pct.cfg and -13pct.cfg, which Krizhevsky et al. 2012,
    section 3.3, points to.
    """
    check(input_shape, classes, weights, smallest=4)
    if any(side % 4 for side in input_shape[:2]):
        raise ValueError(f"input_shape {input_shape}: two poolings halve the sides; give multiples of 4.")
    penalty = keras.regularizers.L2(decay / 2) if decay else None
    x = image = keras.Input(input_shape, name="image")
    for number, spread in ((1, 0.0001), (2, 0.01)):
        x = layers.Conv2D(
            64,
            5,
            padding="same",
            activation=activation,
            kernel_initializer=RandomNormal(stddev=spread),
            name=f"conv{number}",
        )(x)
        if local_response_normalization:
            # cuda-convnet divides its scale by the number of maps and adds 1.
            x = LocalResponseNormalization(5, 0.001 / 5, 0.75, 1.0, name=f"rnorm{number}")(x)
        # The last window reaches one pixel over the edge, as in cuda-convnet, which rounds up: for even
        # sides that is what "same" does, and what it adds never wins.
        x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool{number}")(x)
    for number in (3, 4):
        x = LocallyConnected2D(
            32,
            3,
            padding="same",
            activation=activation,
            kernel_initializer=RandomNormal(stddev=0.04),
            kernel_regularizer=penalty,
            name=f"local{number}",
        )(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(
            classes,
            activation=classifier_activation,
            kernel_initializer=RandomNormal(stddev=0.01),
            kernel_regularizer=penalty,
            name="fc10",
        )(x)
    return finish(image, x, name, weights)
