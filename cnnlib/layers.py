"""The layers, initialiser and loss that the papers need and Keras lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

register = keras.saving.register_keras_serializable("cnnlib")


# A and S of f(a) = A tanh(S a).
SQUASH_AMPLITUDE, SQUASH_SLOPE = 1.7159, 2 / 3


@register
def scaled_tanh(x: keras.KerasTensor) -> keras.KerasTensor:
    """LeCun's squashing function, 1.7159 tanh(2x/3), elementwise.

    The two constants make f(1) = 1 and f(-1) = -1 and put the largest curvature near +-1, so that
    targets of +-1 are reached without saturating a unit.

    Source: LeCun et al. 1998, appendix A.
    """
    return SQUASH_AMPLITUDE * ops.tanh(SQUASH_SLOPE * x)


@register
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer; TensorFlow trains it on images in its one kernel for that.

    Keras composes it of a dozen operations. The figures are the same, but they take half of the time that a
    ResNet trains on a CPU.
    """

    def call(
        self,
        inputs: keras.KerasTensor,
        training: bool | None = None,
        mask: keras.KerasTensor | None = None,
    ) -> keras.KerasTensor:
        """Normalise inputs (batch, ..., channels), and move the averages while training."""
        of_images = len(inputs.shape) == 4 and self.axis in (-1, 3)
        learns = training and self.trainable and not self.synchronized and mask is None
        if keras.backend.backend() != "tensorflow" or not (of_images and learns):
            return super().call(inputs, training=training, mask=mask)
        from cnnlib.backend.tensorflow import normalise

        return normalise(self, inputs)


def plain(model: keras.Model) -> keras.Model:
    """The network with Keras's own batch normalisation in place of ours, which computes the same."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        ours = isinstance(layer, BatchNormalization)
        kind = keras.layers.BatchNormalization if ours else type(layer)
        return kind.from_config(layer.get_config())

    copied = keras.models.clone_model(model, clone_function=clone, recursive=True)
    copied.set_weights(model.get_weights())
    return copied


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


def patches(x: keras.KerasTensor, size: int) -> keras.KerasTensor:
    """Put every size x size square of the input on the last axis, row by row, its channels innermost.

    Args:
        x: (batch, height, width, channels).
        size: side of the squares, one for each position where a square fits.

    Returns:
        (batch, height - size + 1, width - size + 1, size * size * channels).
    """
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    shifts = [x[:, i : i + height, j : j + width] for i in range(size) for j in range(size)]
    return ops.concatenate(shifts, axis=-1)


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


@register
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each activation by a power of the activity of its neighbours among the maps.

    b_i = a_i / (k + alpha * sum of a_j^2)^beta, j over the `size` maps around map i, fewer at both ends. The
    last axis of the input holds the maps; the shape stays as it is.

    The printed formula does not divide alpha by `size`. cuda-convnet, Caffe and PyTorch do: to compute what
    they compute, give `alpha / size`; to have PyTorch compute this layer, give it alpha 5e-4 for our 1e-4.

    Args:
        size: maps that are summed over, the paper's n; odd, so that map i stands in their middle.
        alpha: weight of the sum of squares.
        beta: exponent.
        k: what the sum is added to.

    Raises:
        ValueError: `size` is even or less than one.

    Source: Krizhevsky et al. 2012, section 3.3.
    """

    def __init__(
        self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0, **kwargs: object
    ):
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(f"size must be an odd number of maps, not {size}: a map needs a middle place.")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Normalise a batch of maps (batch, ..., maps)."""
        # In float16 the square of 256 is infinite already.
        exact = ops.cast(x, "float32") if self.compute_dtype in ("float16", "bfloat16") else x
        activity = self.k + self.alpha * self.neighbours(ops.square(exact))
        # A power by way of its logarithm: the gradient of `ops.power` is twice the work.
        return ops.cast(exact * ops.exp(-self.beta * ops.log(activity)), self.compute_dtype)

    def neighbours(self, squares: keras.KerasTensor) -> keras.KerasTensor:
        """Sum each map with those around it, as a product with a matrix of ones near the diagonal.

        A few times as fast on a CPU, with its gradient, as to add shifted copies of the maps.
        """
        places = np.arange(squares.shape[-1])
        near = np.abs(places[:, None] - places) <= self.size // 2
        return ops.matmul(squares, ops.convert_to_tensor(near, squares.dtype))

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple:
        """Return the shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        settings = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return {**super().get_config(), **settings}


@register
class GroupedConv2D(keras.layers.Conv2D):
    """`Conv2D(groups=n)`, channels last, computed as n convolutions side by side.

    The same weights in the same order, and the same answers: output maps of the first group see the input
    maps of the first group only, and so on. XLA, which Keras falls back to on TensorFlow and JAX uses
    always, computes the gradient of a grouped convolution on a CPU slowly: training AlexNet's conv2 took
    seven to thirteen times as long as with this layer. On PyTorch the two take the same time.

    Source: Krizhevsky et al. 2012, section 3.2 and figure 2 (a group for each of the two GPUs).
    """

    def convolution_op(self, inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
        """Convolve; the hook Keras has for this."""
        convolve = super().convolution_op
        groups = zip(*(ops.split(tensor, self.groups, axis=-1) for tensor in (inputs, kernel)), strict=True)
        return ops.concatenate([convolve(maps, kernels) for maps, kernels in groups], axis=-1)


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


@register
class PaddedShortcut(keras.layers.Layer):
    """The input made as deep and as small as the maps it is to be added to, without parameters.

    Takes every `strides`-th pixel of (batch, height, width, channels), the first of them in the corner, and
    puts maps of zeros after its own. Output (batch, ceil(height / strides), ceil(width / strides), filters).
    That the zeros come last is our choice; the paper does not say.

    Args:
        filters: maps of the output, no fewer than the input has.
        strides: pixels from one that is taken to the next, down and across.

    Raises:
        ValueError: `strides` is less than one.

    Source: He et al. 2015, section 3.3, option A.
    """

    def __init__(self, filters: int, strides: int = 1, **kwargs: object):
        super().__init__(**kwargs)
        if strides < 1:
            raise ValueError(f"strides must be at least 1, not {strides}.")
        self.filters, self.strides = filters, strides

    def build(self, input_shape: Sequence[int]) -> None:
        """Check that there are maps to add.

        Raises:
            ValueError: the input is deeper than the output.
        """
        if input_shape[-1] > self.filters:
            raise ValueError(
                f"{self.name}: zeros cannot turn {input_shape[-1]} maps into {self.filters}: project them."
            )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Take pixels and add maps of zeros."""
        missing = self.filters - x.shape[-1]
        return ops.pad(x[:, :: self.strides, :: self.strides], [(0, 0), (0, 0), (0, 0), (0, missing)])

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple:
        """Return the shape that a convolution of padding "same" has."""
        batch, *sides, _ = input_shape
        return (batch, *(side and -(-side // self.strides) for side in sides), self.filters)

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}
