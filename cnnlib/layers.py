"""The layers that the papers need and Keras lacks."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

register = keras.saving.register_keras_serializable("cnnlib")


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
        # Each map with those around it as a product with a matrix of ones near the diagonal: with its
        # gradient a few times as fast on a CPU as to add shifted copies of the maps.
        places = np.arange(x.shape[-1])
        near = np.abs(places[:, None] - places) <= self.size // 2
        activity = ops.matmul(ops.square(exact), ops.convert_to_tensor(near, exact.dtype))
        # A power by way of its logarithm: the gradient of `ops.power` is twice the work.
        power = ops.exp(-self.beta * ops.log(self.k + self.alpha * activity))
        return ops.cast(exact * power, self.compute_dtype)

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
class PaddedShortcut(keras.layers.Layer):
    """The input made as deep and as small as the maps it is to be added to, without parameters.

    Takes every `strides`-th pixel of (batch, height, width, channels), the first of them in the corner, and
    puts maps of zeros after its own. Output (batch, ceil(height / strides), ceil(width / strides), filters).
    That the zeros come last is our choice; the paper does not say.

    Args:
        filters: maps of the output, no fewer than the input has.
        strides: pixels from one that is taken to the next, down and across.

    Raises:
        ValueError: `strides` is less than one, or the input is deeper than the output.

    Source: He et al. 2015, section 3.3, option A.
    """

    def __init__(self, filters: int, strides: int = 1, **kwargs: object):
        super().__init__(**kwargs)
        if strides < 1:
            raise ValueError(f"strides must be at least 1, not {strides}.")
        self.filters, self.strides = filters, strides

    def build(self, input_shape: Sequence[int]) -> None:
        """Check that there are maps to add."""
        if input_shape[-1] > self.filters:
            raise ValueError(
                f"{self.name}: zeros cannot turn {input_shape[-1]} maps into {self.filters}: project them."
            )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Take pixels and add maps of zeros."""
        missing = self.filters - x.shape[-1]
        return ops.pad(x[:, :: self.strides, :: self.strides], [(0, 0), (0, 0), (0, 0), (0, missing)])

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}
