"""What a Keras model is made of, layer by layer: shapes, parameters, multiply-adds, receptive fields.

Multiply-adds count the products of convolutions and dense layers for one image; biases, pooling,
normalisation and activations are left out, as in the papers (which call them FLOPs).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import singledispatch
from typing import TypeVar

import keras
import numpy as np
from keras import layers, ops

from cnnlib.layers import (
    EuclideanRBF,
    LocallyConnected2D,
    PaddedShortcut,
    PartialConv2D,
    TrainableSubsampling,
)
from cnnlib.tables import Table

T = TypeVar("T")


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
    _require_fixed_input(model)
    fields = _receptive_fields(model)
    return [_row(layer, fields) for layer in model.layers if not isinstance(layer, layers.InputLayer)]


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


def as_markdown(rows: Sequence[Row], columns: Sequence[str] = ("params", "macs", "receptive_field")) -> str:
    """A table for a notebook, with a line of sums."""
    heads = {"params": "parameters", "macs": "multiply-adds", "receptive_field": "receptive field"}
    sums = totals(rows)
    lines = [
        [r.name, r.kind, shape_text(r.output_shape), *(_cell(getattr(r, c)) for c in columns)] for r in rows
    ]
    lines.append(["**sum**", "", "", *(f"**{sums[c]:,}**" if c in sums else "" for c in columns)])
    return str(Table(["layer", "kind", "output", *(heads.get(c, c) for c in columns)], lines))


def _cell(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def shape_text(shape: Sequence[int]) -> str:
    """Write a shape as the papers do: 28x28x6."""
    return "x".join(str(size) for size in shape)


def differences(first: keras.Model, second: keras.Model, seed: int = 0) -> list[str]:
    """What tells two models apart, in words; nothing when they are the same network.

    They are the same when their layers agree in shape and count, and when, given the same weights,
    they answer the same (to 1e-5) on random images. Names of layers do not matter.
    """
    found = [
        f"{a.name} is {shape_text(a.output_shape)} with {a.params:,} parameters, "
        f"{b.name} is {shape_text(b.output_shape)} with {b.params:,}"
        for a, b in zip(table(first), table(second), strict=False)
        if (a.output_shape, a.params, a.macs) != (b.output_shape, b.params, b.macs)
    ]
    # Not of the models, of which a Sequential one does not count its input.
    one, other = (len(table(model)) for model in (first, second))
    if one != other:
        found.append(f"{one} layers against {other}")
    if found or first.input_shape != second.input_shape:
        return found or [f"input {first.input_shape} against {second.input_shape}"]
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


def _require_fixed_input(model: keras.Model) -> None:
    if any(size is None for size in model.input_shape[1:]):
        raise ValueError(
            f"{model.name} has input shape {model.input_shape}: give every side a size to count."
        )


def _row(layer: keras.Layer, fields: dict[str, int | None]) -> Row:
    params = sum(math.prod(weight.shape) for weight in layer.trainable_weights)
    return Row(
        name=layer.name,
        kind=type(layer).__name__,
        output_shape=tuple(layer.output.shape[1:]),
        params=params,
        macs=_macs(layer),
        connections=_connections(layer),
        receptive_field=fields[layer.name],
    )


def _units(layer: keras.Layer) -> int:
    return math.prod(layer.output.shape[1:])


@singledispatch
def _macs(layer: keras.Layer) -> int:
    """Multiply-adds of one layer; layers without weights of their own multiply nothing."""
    return 0


@_macs.register(layers.Conv2D)
@_macs.register(layers.DepthwiseConv2D)
@_macs.register(layers.Dense)
@_macs.register(PartialConv2D)
def _kernel_macs(layer: keras.Layer) -> int:
    """Every weight of the kernel is used once for each position of the output."""
    return math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)


@_macs.register(layers.Conv2DTranspose)
def _transposed_macs(layer: layers.Conv2DTranspose) -> int:
    return math.prod(layer.input.shape[1:-1]) * math.prod(layer.kernel.shape)


@_macs.register(layers.SeparableConv2D)
def _separable_macs(layer: layers.SeparableConv2D) -> int:
    kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
    return math.prod(layer.output.shape[1:-1]) * kernels


@_macs.register(TrainableSubsampling)
def _subsampling_macs(layer: TrainableSubsampling) -> int:
    return _units(layer)


@_macs.register(LocallyConnected2D)
def _unshared_macs(layer: LocallyConnected2D) -> int:
    """Every weight belongs to one position and is used once."""
    return math.prod(layer.kernel.shape)


@_macs.register(EuclideanRBF)
def _rbf_macs(layer: EuclideanRBF) -> int:
    return math.prod(layer.codes.shape)


def _connections(layer: keras.Layer) -> int:
    """Links into a layer's units, each with its bias; fixed RBF codes have none."""
    if isinstance(layer, TrainableSubsampling):
        return _units(layer) * (layer.size**2 + 1)
    has_bias = getattr(layer, "bias", None) is not None
    return _macs(layer) + _units(layer) * has_bias


def _receptive_fields(model: keras.Model) -> dict[str, int | None]:
    """Receptive field of every layer: along each path it grows by (kernel - 1) times the stride so far."""
    # Layer -> (field, input pixels between neighbouring units), or None when a unit sees everything.
    known: dict[str, tuple[int, int] | None] = {}
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        # A `Sequential` does not list its input among its layers, so inputs are told by their kind.
        parents = [tensor._keras_history.operation for tensor in layer._inbound_nodes[0].input_tensors]
        below = [(1, 1) if isinstance(p, layers.InputLayer) else known[p.name] for p in parents]
        known[layer.name] = None if None in below else _grow(layer, max(below))  # type: ignore[type-var]
    return {name: None if field is None else field[0] for name, field in known.items()}


def _grow(layer: keras.Layer, below: tuple[int, int] | None) -> tuple[int, int] | None:
    window = _window(layer)
    if below is None or window is None or len(layer.output.shape) != 4:
        return None
    (field, jump), (side, stride) = below, window
    return field + (side - 1) * jump, jump * stride


def _window(layer: keras.Layer) -> tuple[int, int] | None:
    """Side of the window a layer slides over its input, and its stride; None if it slides none."""
    if isinstance(layer, TrainableSubsampling):
        return layer.size, layer.size
    if isinstance(layer, PartialConv2D | LocallyConnected2D):
        return layer.kernel_size, 1
    if isinstance(layer, PaddedShortcut):
        return 1, layer.strides
    if hasattr(layer, "pool_size"):
        return layer.pool_size[0], layer.strides[0]
    if hasattr(layer, "kernel_size") and not isinstance(layer, layers.Conv2DTranspose):
        return layer.dilation_rate[0] * (layer.kernel_size[0] - 1) + 1, layer.strides[0]
    pads = isinstance(layer, layers.ZeroPadding2D | layers.Cropping2D)
    return (1, 1) if pads or _keeps_size(layer) else None


def _keeps_size(layer: keras.Layer) -> bool:
    """Tell whether every input is as high and wide as the output: the layer works pixel by pixel."""
    inputs = layer.input if isinstance(layer.input, list) else [layer.input]
    return all(tensor.shape[1:-1] == layer.output.shape[1:-1] for tensor in inputs)
