"""LeNet-5 as it was published in 1998: its layers, its loss and the network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from cnnbook.patches import patches
from cnnlib import models
from cnnlib.layers import register
from cnnlib.models.building import finish

# A and S of f(a) = A tanh(S a).
SQUASH_AMPLITUDE, SQUASH_SLOPE = 1.7159, 2 / 3

# Which maps of S2 each map of C3 is connected to: six runs of three, six runs of four,
# three sets of four with a gap, and one map that sees all six (LeCun et al. 1998, table I).
C3_CONNECTIONS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)

# The paper shows its 7x12 codes only as a picture (figure 3), so these digits are our own drawing.
_DIGITS = """
.#####. ...#... .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
##...## ..##... ##...## ##...## ...###. ##..... .##.... .....## ##...## ##...##
##...## .###... .....## .....## ..#.##. ##..... ##..... .....## ##...## ##...##
##...## ...#... .....## .....## ..#.##. ##..... ##..... ....##. ##...## ##...##
##...## ...#... ....##. .....## .#..##. ######. ######. ....##. .#####. .######
##...## ...#... ...##.. ..####. .#..##. .....## ##...## ...##.. ##...## .....##
##...## ...#... ..##... .....## #...##. .....## ##...## ...##.. ##...## .....##
##...## ...#... .##.... .....## ####### .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. .....## ##...## .##.... ##...## .....##
##...## ...#... ##..... ##...## ....##. ##...## ##...## .##.... ##...## ....##.
.#####. .#####. ####### .#####. ....##. .#####. .#####. ##..... .#####. .####..
"""


@register
def scaled_tanh(x: keras.KerasTensor) -> keras.KerasTensor:
    """LeCun's squashing function, 1.7159 tanh(2x/3), elementwise.

    The two constants make f(1) = 1 and f(-1) = -1 and put the largest curvature near +-1, so that
    targets of +-1 are reached without saturating a unit.

    Source: LeCun et al. 1998, appendix A.
    """
    return SQUASH_AMPLITUDE * ops.tanh(SQUASH_SLOPE * x)


def digit_codes() -> np.ndarray:
    """The ten digits as 7x12 bitmaps: (10, 12, 7) of +1 (ink) and -1."""
    rows = [line.split() for line in _DIGITS.split("\n") if line]
    bitmaps = [[list(row[digit]) for row in rows] for digit in range(10)]
    return np.where(np.array(bitmaps) == "#", 1.0, -1.0)


def patch_convolution(x: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
    """A 'valid' convolution of stride 1 as one matrix product over the patches of the input.

    The same sums as `ops.conv`. With a single image in the batch, as LeNet-5 was trained, the backends'
    own convolutions spend most of their time on set-up: on a CPU this form is several times faster.

    Args:
        x: (batch, height, width, inputs).
        kernel: (size, size, inputs, outputs).
    """
    size, _, inputs, outputs = kernel.shape
    return ops.matmul(patches(x, size), ops.reshape(kernel, (size * size * inputs, outputs)))


@register
class PatchConv2D(keras.layers.Conv2D):
    """`Conv2D` ('valid', stride 1, square kernel) computed by `patch_convolution`."""

    def build(self, input_shape: Sequence[int]) -> None:
        """Create kernel and bias.

        Raises:
            ValueError: the layer was given settings that only `Conv2D` has.
        """
        given = (self.padding, self.strides, self.dilation_rate, self.groups, len(set(self.kernel_size)))
        if given != ("valid", (1, 1), (1, 1), 1, 1):
            raise ValueError(f"{self.name}: padding, strides, dilation and groups need a plain Conv2D.")
        super().build(input_shape)

    def convolution_op(self, inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
        """Convolve; the hook Keras has for this."""
        return patch_convolution(inputs, kernel)


@register
class FanInUniform(keras.initializers.Initializer):
    """Uniform in [-scale / fan_in, +scale / fan_in].

    Division is by the fan-in itself, not by its square root: inputs of a unit are taken to be correlated.

    Args:
        scale: half width of the interval for a unit with a single input.
        fan_in: inputs of one unit; None takes the product of all but the last dimension of the weight.
        seed: makes the draw repeatable; None follows `keras.utils.set_random_seed`.

    Source: LeCun et al. 1998, section III (scale 2.4).
    """

    def __init__(self, scale: float = 2.4, fan_in: int | None = None, seed: int | None = None):
        self.scale, self.fan_in, self.seed = scale, fan_in, seed
        self._draws = keras.random.SeedGenerator(seed)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> keras.KerasTensor:
        """Draw a weight of the given shape."""
        limit = self.scale / (self.fan_in or math.prod(shape[:-1]))
        return keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self._draws)

    def get_config(self) -> dict:
        """Return what rebuilds the initialiser."""
        return {"scale": self.scale, "fan_in": self.fan_in, "seed": self.seed}


@register
class TrainableSubsampling(keras.layers.Layer):
    """Sum of each square block, times a trainable coefficient, plus a bias, then the activation.

    One coefficient and one bias per map. Input (batch, height, width, channels), output
    (batch, height // size, width // size, channels).

    Source: LeCun et al. 1998, section II-B (layers S2 and S4).
    """

    def __init__(
        self, size: int = 2, activation: object = None, initializer: object = "ones", **kwargs: object
    ):
        super().__init__(**kwargs)
        self.size = size
        self.activation = keras.activations.get(activation)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: Sequence[int]) -> None:
        """Create one coefficient and one bias per map."""
        maps = (input_shape[-1],)
        self.coefficient = self.add_weight(shape=maps, initializer=self.initializer, name="coefficient")
        self.bias = self.add_weight(shape=maps, initializer=self.initializer, name="bias")

    def block_sum(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Sum each block: the linear part of the layer before its weights."""
        return self.size**2 * ops.average_pool(x, self.size, self.size, data_format="channels_last")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Subsample a batch of maps."""
        return self.activation(self.block_sum(x) * self.coefficient + self.bias)

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple:
        """Return the shape after subsampling."""
        batch, height, width, channels = input_shape
        return (batch, height // self.size, width // self.size, channels)

    @property
    def window(self) -> tuple[int, int]:
        """See `cnnlib.audit`."""
        return self.size, self.size

    def count_multiply_adds(self) -> int:
        """See `cnnlib.audit`."""
        return math.prod(self.output.shape[1:])

    def count_connections(self) -> int:
        """See `cnnlib.audit`."""
        return math.prod(self.output.shape[1:]) * (self.size**2 + 1)

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        return {
            **super().get_config(),
            "size": self.size,
            "activation": keras.activations.serialize(self.activation),
            "initializer": keras.initializers.serialize(self.initializer),
        }


@register
class PartialConv2D(keras.layers.Layer):
    """A convolution ('valid', stride 1) in which each output map sees only some of the input maps.

    Only the weights of existing links are stored, so the parameter count is the paper's: one
    kernel of size x size per link and one bias per output map.

    Args:
        connections: for each output map, the indices of the input maps it is connected to.
        kernel_size: side of the square kernel.
        activation: applied to the result.
        initial_scale: weights and biases start uniform in +-initial_scale / (inputs of the unit).

    Source: LeCun et al. 1998, section II-B and table I (layer C3).
    """

    def __init__(
        self,
        connections: Sequence[Sequence[int]],
        kernel_size: int,
        activation: object = None,
        initial_scale: float = 2.4,
        **kwargs: object,
    ):
        super().__init__(**kwargs)
        self.connections = [sorted(maps) for maps in connections]
        self.kernel_size = kernel_size
        self.activation = keras.activations.get(activation)
        self.initial_scale = initial_scale

    @property
    def links(self) -> list[tuple[int, int]]:
        """(input map, output map) of every link, in the order the kernels are stored."""
        return [(i, o) for o, maps in enumerate(self.connections) for i in maps]

    def build(self, input_shape: Sequence[int]) -> None:
        """Create one kernel per link and one bias per output map.

        Raises:
            ValueError: the connection table names an input map that does not exist.
        """
        channels, links = input_shape[-1], self.links
        if max(i for i, _ in links) >= channels:
            raise ValueError(
                f"{self.name}: the connection table names map {max(links)[0]} of only {channels}."
            )
        area = self.kernel_size**2
        fan_in = np.array([area * len(maps) for maps in self.connections])
        limit = keras.initializers.RandomUniform(-self.initial_scale, self.initial_scale)
        self.kernel = self.add_weight(
            shape=(self.kernel_size, self.kernel_size, len(links)),
            initializer=lambda shape, dtype: (
                limit(shape, dtype) / fan_in[[o for _, o in links]].astype(dtype)
            ),
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(len(self.connections),),
            initializer=lambda shape, dtype: limit(shape, dtype) / fan_in.astype(dtype),
            name="bias",
        )
        # Place of each link's kernel in the full (input, output) grid; absent links point at 0, masked.
        self._index = np.zeros((channels, len(self.connections)), "int32")
        self._mask = np.zeros((channels, len(self.connections)), "float32")
        for number, link in enumerate(links):
            self._index[link], self._mask[link] = number, 1

    def full_kernel(self, kernel: keras.KerasTensor) -> keras.KerasTensor:
        """Spread kernels (k, k, links) over the full grid (k, k, inputs, outputs), zero elsewhere."""
        return ops.multiply(ops.take(kernel, self._index, axis=-1), self._mask)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Convolve a batch of maps."""
        full = self.full_kernel(self.kernel)
        return self.activation(patch_convolution(x, full) + self.bias)

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple:
        """Return the shape after a 'valid' convolution."""
        batch, height, width, _ = input_shape
        lost = self.kernel_size - 1
        return (batch, height - lost, width - lost, len(self.connections))

    @property
    def window(self) -> tuple[int, int]:
        """See `cnnlib.audit`."""
        return self.kernel_size, 1

    def count_multiply_adds(self) -> int:
        """See `cnnlib.audit`; every weight is used once for each position."""
        return math.prod(self.output.shape[1:-1]) * math.prod(self.kernel.shape)

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        return {
            **super().get_config(),
            "connections": self.connections,
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
            "initial_scale": self.initial_scale,
        }


@register
class EuclideanRBF(keras.layers.Layer):
    """Negative squared distance of the input to one code vector per class.

    The paper's penalty is the distance itself, and the class with the smallest one wins. The sign is
    turned so that the largest score wins, as in every other classifier of Keras.

    Args:
        codes: (classes, units) of +-1. Fixed, as in the paper, unless `trainable=True`.

    Source: LeCun et al. 1998, section II-B (output layer).
    """

    def __init__(self, codes: npt.ArrayLike, trainable: bool = False, **kwargs: object):
        super().__init__(trainable=trainable, **kwargs)
        self._initial_codes = np.asarray(codes, "float32")

    def build(self, input_shape: Sequence[int]) -> None:
        """Create the code vectors.

        Raises:
            ValueError: the input has not as many units as a code vector.
        """
        if input_shape[-1] != self._initial_codes.shape[-1]:
            raise ValueError(
                f"{self.name}: {input_shape[-1]} units, but codes of {self._initial_codes.shape[-1]}."
            )
        self.codes = self.add_weight(
            shape=self._initial_codes.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(self._initial_codes, dtype),
            trainable=self.trainable,
            name="codes",
        )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Score a batch (batch, units) against every code: (batch, classes)."""
        return -ops.sum(ops.square(ops.expand_dims(x, 1) - self.codes), axis=-1)

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple:
        """Return (batch, classes)."""
        return (input_shape[0], self._initial_codes.shape[0])

    def count_multiply_adds(self) -> int:
        """See `cnnlib.audit`."""
        return math.prod(self.codes.shape)

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        return {**super().get_config(), "codes": self._initial_codes.tolist()}


@register
class MAPLoss(keras.losses.Loss):
    """LeCun's discriminative loss on RBF scores s = -y: -s_D + log(exp(-j) + sum_i exp(s_i)).

    exp(-j) is the share of a background class that no digit belongs to; it keeps the penalties of
    wrong classes from being pushed up for ever. As j grows the loss becomes softmax cross-entropy on s.

    Args:
        j: penalty of the background class; the paper gives no value.

    Source: LeCun et al. 1998, section II-C (eq. 9).
    """

    def __init__(self, j: float, name: str = "map_loss", **kwargs: object):
        super().__init__(name=name, **kwargs)
        self.j = j

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Loss of each pattern: labels (batch,) or (batch, 1), scores (batch, classes)."""
        labels = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        right = ops.sum(ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype) * y_pred, axis=-1)
        background = ops.full_like(y_pred[:, :1], -self.j)
        return ops.logsumexp(ops.concatenate([y_pred, background], axis=-1), axis=-1) - right

    def get_config(self) -> dict:
        """Return what rebuilds the loss."""
        return {**super().get_config(), "j": self.j}


@models.add
def LeNet5Original(weights: str | None = None, name: str = "lenet5_original") -> keras.Model:  # noqa: N802
    """LeNet-5 as published: trainable subsampling, partial C3, scaled tanh, fixed RBF codes.

    Exactly 60,000 trainable parameters. Train it with `MAPLoss`.

    Args:
        weights: None for new ones, or the path of a weights file to load.
        name: name of the model.

    Returns:
        A model from (batch, 32, 32, 1), background -0.1 and ink 1.175, to scores (batch, 10): the
        negative squared distances to the digit codes, so the largest score wins.

    Source: LeCun et al. 1998, section II-B.
    """

    def unit(inputs: int) -> dict:
        return {
            "kernel_initializer": FanInUniform(fan_in=inputs),
            "bias_initializer": FanInUniform(fan_in=inputs),
            "activation": scaled_tanh,
        }

    def subsampling(name: str) -> TrainableSubsampling:
        return TrainableSubsampling(2, scaled_tanh, FanInUniform(fan_in=4), name=name)

    image = keras.Input((32, 32, 1), name="image")
    x = PatchConv2D(6, 5, name="c1", **unit(25))(image)
    x = subsampling("s2")(x)
    x = PartialConv2D(C3_CONNECTIONS, 5, scaled_tanh, name="c3")(x)
    x = subsampling("s4")(x)
    x = PatchConv2D(120, 5, name="c5", **unit(400))(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(84, name="f6", **unit(120))(x)
    x = EuclideanRBF(digit_codes().reshape(10, 84), name="output")(x)
    return finish(image, x, name, weights)
