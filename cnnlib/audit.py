"""What a Keras model is made of, layer by layer: shapes, parameters, multiply-adds, receptive fields.

Multiply-adds count the products of convolutions and dense layers for one image; biases, pooling,
normalisation and activations are left out, as in the papers (which call them FLOPs).

A layer of one's own says what it does by methods: `count_multiply_adds()` and, where it is not these and a
bias for each unit, `count_connections()`; and by `window`, side and stride of what it slides over its input.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import keras
import numpy as np
from keras import layers, ops

from cnnlib.layers import PaddedShortcut
from cnnlib.tables import Table

T = TypeVar("T")
_WITH_KERNELS = (
    layers.Conv2D,
    layers.Conv2DTranspose,
    layers.DepthwiseConv2D,
    layers.SeparableConv2D,
    layers.Dense,
)


@dataclass(frozen=True)
class Row:
    """One layer of a model.

    Attributes:
        name: the layer's name.
        kind: its class.
        output_shape: shape of its output for one image.
        params: trainable scalars.
        macs: multiply-adds for one image.
        connections: links between units, a bias counting as one, as LeCun et al. 1998 count them.
        receptive_field: side of the square of input pixels that one output unit sees; None where a
            unit sees everything or the question makes no sense.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    params: int
    macs: int
    connections: int
    receptive_field: int | None


def table(model: keras.Model) -> list[Row]:
    """Audit every layer of a model except its inputs.

    Raises:
        ValueError: the model has no fixed input size, so that nothing can be counted.
    """
    if None in model.input_shape[1:]:
        raise ValueError(
            f"{model.name} has input shape {model.input_shape}: give every side a size to count."
        )
    rows = []
    # By layer the field and the input pixels between neighbouring units, or None when a unit sees everything.
    known: dict[str, tuple[int, int] | None] = {}
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        # A `Sequential` does not list its input among its layers, so inputs are told by their kind.
        parents = [tensor._keras_history.operation for tensor in layer._inbound_nodes[0].input_tensors]
        below = [(1, 1) if isinstance(p, layers.InputLayer) else known[p.name] for p in parents]
        field, window = None, _window(layer)
        if window is not None and None not in below and len(layer.output.shape) == 4:
            # Along each path it grows by (kernel - 1) times the stride so far.
            (seen, jump), (side, stride) = max(each for each in below if each), window
            field = seen + (side - 1) * jump, jump * stride
        known[layer.name] = field
        rows.append(
            Row(
                name=layer.name,
                kind=type(layer).__name__,
                output_shape=tuple(layer.output.shape[1:]),
                params=sum(math.prod(weight.shape) for weight in layer.trainable_weights),
                macs=_macs(layer),
                connections=_connections(layer),
                receptive_field=field and field[0],
            )
        )
    return rows


def totals(rows: Iterable[Row]) -> dict[str, int]:
    """Sums of parameters, multiply-adds and connections."""
    return {column: sum(getattr(row, column) for row in rows) for column in ("params", "macs", "connections")}


def without_weights(build: Callable[[], T]) -> T:
    """Run `build` so that the weights of the networks it makes get shapes, but no values and no memory.

    Counting is all that such networks are good for, so `build` should return counts.
    """

    def scoped() -> T:
        with keras.StatelessScope(initialize_variables=False):
            return build()

    # Keras notes, for each thread, the weights that still want values, and gives them to all of them at
    # the next chance. A thread that ends takes the note with it.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(scoped).result()


def count(build: Callable[[], keras.Model]) -> dict[str, int]:
    """Return the totals of the network that `build` makes, which gets no memory for its weights."""
    return without_weights(lambda: totals(table(build())))


def as_markdown(rows: Sequence[Row]) -> str:
    """A table for a notebook, with a line of sums."""
    lines: list[list[object]] = []
    for row in rows:
        field = "" if row.receptive_field is None else row.receptive_field
        lines.append([row.name, row.kind, shape_text(row.output_shape), row.params, row.macs, field])
    sums = totals(rows)
    lines.append(["**sum**", "", "", f"**{sums['params']:,}**", f"**{sums['macs']:,}**", ""])
    return str(Table(["layer", "kind", "output", "parameters", "multiply-adds", "receptive field"], lines))


def shape_text(shape: Sequence[int]) -> str:
    """Write a shape as the papers do: 28x28x6."""
    return "x".join(str(size) for size in shape)


def differences(first: keras.Model, second: keras.Model, seed: int = 0) -> list[str]:
    """What tells two models apart, in words; nothing when they are the same network.

    They are the same when their layers agree in shape and count, and when, given the same weights,
    they answer the same (to 1e-5) on random images. Names of layers do not matter.
    """
    ours, theirs = table(first), table(second)
    found = [
        f"{a.name} is {shape_text(a.output_shape)} with {a.params:,} parameters, "
        f"{b.name} is {shape_text(b.output_shape)} with {b.params:,}"
        for a, b in zip(ours, theirs, strict=False)
        if (a.output_shape, a.params, a.macs) != (b.output_shape, b.params, b.macs)
    ]
    if len(ours) != len(theirs):
        found.append(f"{len(ours)} layers against {len(theirs)}")
    if not found and first.input_shape != second.input_shape:
        found = [f"input {first.input_shape} against {second.input_shape}"]
    if not found:
        found = [
            f"{a.path} is {shape_text(a.shape)}, {b.path} is {shape_text(b.shape)}"
            for a, b in zip(first.weights, second.weights, strict=True)
            if a.shape != b.shape
        ]
    if found:
        return found
    twin = keras.models.clone_model(second)
    twin.set_weights(first.get_weights())
    images = np.random.default_rng(seed).normal(size=(2, *first.input_shape[1:])).astype("float32")
    answers = [ops.convert_to_numpy(model(images, training=False)) for model in (first, twin)]
    gap = float(np.abs(answers[0] - answers[1]).max())
    return [] if gap < 1e-5 else [f"with the same weights their outputs differ by {gap:.2g}"]


def same(first: keras.Model, second: keras.Model) -> bool:
    """Whether two models are the same network; `differences` says why they are not."""
    return not differences(first, second)


def _macs(layer: keras.Layer) -> int:
    """Multiply-adds of one layer: every weight of a kernel is used once for each position of the output.

    Layers without kernels multiply nothing.
    """
    if hasattr(layer, "count_multiply_adds"):
        return layer.count_multiply_adds()
    kernels = [weight for weight in layer.weights if weight.name.endswith("kernel")]
    if not kernels or not isinstance(layer, _WITH_KERNELS):
        return 0
    places = layer.input if isinstance(layer, layers.Conv2DTranspose) else layer.output
    return math.prod(places.shape[1:-1]) * sum(math.prod(kernel.shape) for kernel in kernels)


def _connections(layer: keras.Layer) -> int:
    """Links into a layer's units, each with its bias."""
    if hasattr(layer, "count_connections"):
        return layer.count_connections()
    has_bias = getattr(layer, "bias", None) is not None
    return _macs(layer) + math.prod(layer.output.shape[1:]) * has_bias


def _window(layer: keras.Layer) -> tuple[int, int] | None:
    """Side of the window a layer slides over its input, and its stride; None if it slides none."""
    if hasattr(layer, "window"):
        return layer.window
    if isinstance(layer, PaddedShortcut):
        return 1, layer.strides
    if hasattr(layer, "pool_size"):
        return layer.pool_size[0], layer.strides[0]
    if hasattr(layer, "kernel_size") and not isinstance(layer, layers.Conv2DTranspose):
        return layer.dilation_rate[0] * (layer.kernel_size[0] - 1) + 1, layer.strides[0]
    # Where every input is as high and wide as the output, the layer works pixel by pixel.
    inputs = layer.input if isinstance(layer.input, list) else [layer.input]
    alike = all(tensor.shape[1:-1] == layer.output.shape[1:-1] for tensor in inputs)
    return (1, 1) if alike or isinstance(layer, layers.ZeroPadding2D | layers.Cropping2D) else None
