"""Draw a digit: two trained networks as plain data that a page can run."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers, ops

from cnnbook import papers
from cnnbook import plots as figures
from cnnbook.lenet1998 import (
    SQUASH_AMPLITUDE,
    SQUASH_SLOPE,
    EuclideanRBF,
    PartialConv2D,
    TrainableSubsampling,
    scaled_tanh,
)
from cnnbook.widgets.base import Widget
from cnnlib import data, plots, weights
from cnnlib.data.pixels import Pixels
from cnnlib.plots import Drawing
from cnnlib.weights import Pretrained


def draw_a_digit(maps: bool = True) -> Widget:
    """The two LeNet-5 with their trained weights, for a page on which a digit can be drawn.

    Args:
        maps: whether the feature maps between drawing and answer are shown.
    """
    shown = _SHOWN if maps else ()
    digits = data.load("mnist")
    examples = [digits.test.x[np.flatnonzero(digits.test.y == label)[0], ..., 0] for label in range(10)]
    networks = {title: weights.load(name) for name, title in _LENETS.items()}
    facts = {name: _PAPER[fact] for name, fact in _FIELD.items()}
    return Widget(
        name="digit",
        data={
            "field": facts,
            "signed": plots.SIGNED,
            "print": plots.PRINT,
            "first": _DRAWN,
            "shown": shown,
            "digits": [{"label": label, "pixels": _base64(each)} for label, each in enumerate(examples)],
            "networks": [_described(title, each) for title, each in networks.items()],
        },
        picture=_answer(*next(iter(networks.items())), examples[_DRAWN], shown),
    )


# Weights, and what the page calls their network; the first is drawn for readers without scripts.
_LENETS = {"lenet5_modern": "LeNet-5 of today", "lenet5_original": "LeNet-5 of 1998"}
_PAPER = papers.paper("lecun1998")
_FIELD = {"size": "digit_field", "box": "digit_box", "centre": "digit_centre"}
_DRAWN = 7
_SHOWN = ("c1", "s2", "c3", "s4")


def _answer(title: str, network: Pretrained, example: np.ndarray, shown: Sequence[str]) -> Drawing:
    """What a network makes of one digit, drawn, with the maps of the layers shown."""
    model = network.model
    outputs = {name: model.get_layer(name).output for name in shown} | {"scores": model.output}
    found = keras.Model(model.input, outputs)(network.pixels(example[np.newaxis, ..., np.newaxis]))
    found = {name: ops.convert_to_numpy(each)[0] for name, each in found.items()}
    return figures.answer(
        example,
        {name.upper(): found[name] for name in shown},
        dict(zip(network.class_names, found["scores"].tolist(), strict=True)),
        title,
    )


def _described(title: str, network: Pretrained) -> dict:
    """A network as plain data, which `book/_static/widgets/lenet.js` runs."""
    return {
        "title": title,
        "accuracy": network.accuracy,
        "source": network.source.split("; ", 2)[-1],  # without file and hash
        "pixels": _preparation(network.pixels),
        "layers": [_layer(each) for each in network.model.layers if not isinstance(each, layers.InputLayer)],
    }


def _preparation(pixels: Pixels) -> dict:
    """What an empty picture and one full of ink become, and how wide a border is put around them."""
    side = _PAPER["digit_field"]
    prepared = ops.convert_to_numpy(pixels(np.full((2, side, side, 1), [[[[0]]], [[[255]]]], "uint8")))
    background, ink = prepared[:, prepared.shape[1] // 2, prepared.shape[2] // 2, 0].tolist()
    return {"background": background, "ink": ink, "border": (prepared.shape[1] - side) // 2}


def _layer(layer: keras.Layer) -> dict:
    """A layer as plain data: its kind, shapes, settings, and weights in base64.

    Raises:
        ValueError: a kind of layer, a stride or an activation that `lenet.js` does not know.
    """
    described = {
        "name": layer.name,
        "inputs": list(layer.input.shape[1:]),
        "outputs": list(layer.output.shape[1:]),
        **{weight.name: _base64(ops.convert_to_numpy(weight)) for weight in layer.weights},
    }
    if hasattr(layer, "activation"):
        described["activation"] = _activation(layer.activation)
    match layer:
        case PartialConv2D():
            return described | {"kind": "partial", "size": layer.kernel_size, "links": layer.links}
        case layers.Conv2D():
            if layer.strides != (1, 1):
                raise ValueError(f"{layer.name}: the page cannot run strides of {layer.strides[0]}.")
            size = layer.kernel_size[0]
            padding = size // 2 if layer.padding == "same" else 0
            return described | {"kind": "convolution", "size": size, "padding": padding}
        case layers.AveragePooling2D():
            return described | {"kind": "pooling", "size": layer.pool_size[0]}
        case TrainableSubsampling():
            return described | {"kind": "subsampling", "size": layer.size}
        case layers.Dense() | layers.Flatten() | EuclideanRBF():
            return described | {"kind": type(layer).__name__.lower()}
    raise ValueError(f"{layer.name}: the page cannot run a {type(layer).__name__}.")


def _activation(function: Callable) -> dict | str:
    """An activation as plain data: amplitude and slope of a tanh, or "softmax"."""
    if function is scaled_tanh:
        return {"amplitude": SQUASH_AMPLITUDE, "slope": SQUASH_SLOPE}
    if function is keras.activations.tanh:
        return {"amplitude": 1, "slope": 1}
    if function is keras.activations.softmax:
        return "softmax"
    raise ValueError(f"The page cannot run the activation {function}.")


def _base64(values: np.ndarray) -> str:
    """Little-endian bytes of uint8 or float32, row by row, in base64."""
    kind = "u1" if values.dtype == np.uint8 else "<f4"
    return base64.b64encode(values.astype(kind).tobytes()).decode()
