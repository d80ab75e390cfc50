"""The claims of what torchvision publishes of its networks, held against ours with its changes made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import keras

from cnnbook import papers
from cnnbook.ledger.claim import Claim, quoted
from cnnlib import audit, models
from cnnlib.layers import LocalResponseNormalization

_PAPER, _GOOGLENET = papers.paper("torchvision"), papers.paper("szegedy2015")
_CHOICE = "A choice of others; networks built with it have the counts that are published."
_SIDE = 224


def torchvision_alexnet() -> keras.Model:
    """AlexNet as torchvision builds it: one tower, the widths of Krizhevsky 2014, nothing normalised."""
    widths = enumerate(_PAPER["alexnet.maps"], start=1)
    maps = {f"conv{number}": width for number, width in widths}

    def change(layer: keras.Layer) -> dict:
        return {"filters": maps[layer.name]} if layer.name in maps else {}

    return _rebuilt(models.AlexNet(input_shape=(_SIDE, _SIDE, 3), groups=1), change)


def torchvision_googlenet() -> keras.Model:
    """GoogLeNet as torchvision builds it, without auxiliary heads.

    Batch normalisation stands behind every convolution in place of biases and of response normalisation,
    and a module's third branch has kernels of 3x3.
    """

    def change(layer: keras.Layer) -> dict:
        if isinstance(layer, keras.layers.Dropout):
            return {"rate": _GOOGLENET["torchvision.dropout"]}
        if isinstance(layer, keras.layers.Conv2D):
            five = layer.kernel_size == (5, 5)
            kernel = _GOOGLENET["torchvision.kernel"] if five else layer.kernel_size
            return {"use_bias": False, "activation": None, "kernel_size": kernel}
        return {"pool_size": _PAPER["googlenet.last_pool"]} if layer.name == "pool4" else {}

    def behind(layer: keras.Layer, x: keras.KerasTensor) -> keras.KerasTensor:
        if not isinstance(layer, keras.layers.Conv2D):
            return x
        x = keras.layers.BatchNormalization(
            epsilon=_PAPER["googlenet.epsilon"], name=f"{layer.name}_normalisation"
        )(x)
        return keras.layers.Activation("relu", name=f"{layer.name}_relu")(x)

    return _rebuilt(models.GoogLeNet(), change, behind)


TORCHVISION_NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "alexnet": torchvision_alexnet,
    "vgg16": models.VGG16,
    "vgg19": models.VGG19,
    "googlenet": torchvision_googlenet,
    **{
        f"resnet{depth}": partial(
            models.ResNet, depth, shortcut=_PAPER["resnet.shortcut"], stride_in=_PAPER["resnet.stride_in"]
        )
        for depth in models.resnet.STAGES
    },
}
"""By the name of torchvision's builder, a builder of the same network in Keras."""


def _rebuilt(
    network: keras.Model,
    change: Callable[[keras.Layer], dict],
    behind: Callable[[keras.Layer, keras.KerasTensor], keras.KerasTensor] = lambda layer, x: x,
) -> keras.Model:
    """A network like another, with new weights, without response normalisation, and with some changes.

    Args:
        network: the other.
        change: from one of its layers to the settings that are to be changed.
        behind: from one of its layers and the output of the changed one to what the next layer sees.
    """

    def build(layer: keras.Layer) -> keras.Layer:
        return type(layer).from_config({**layer.get_config(), **change(layer)})

    def call(layer: keras.Layer, x: keras.KerasTensor, **settings: object) -> keras.KerasTensor:
        if isinstance(layer, LocalResponseNormalization):
            return x
        return behind(layer, layer(x, **settings))

    return keras.models.clone_model(network, clone_function=build, call_function=call)


@cache
def _network(name: str) -> keras.Model:
    return audit.without_weights(TORCHVISION_NETWORKS[name])


@cache
def _counts(name: str) -> dict[str, int]:
    return audit.totals(audit.table(_network(name)))


def _kind(name: str, kind: type[keras.Layer]) -> list[keras.Layer]:
    return [layer for layer in _network(name).layers if isinstance(layer, kind)]


def _published(key: str, ours: Callable[[dict[str, int]], float]) -> Claim:
    """A claim of one figure of several networks."""
    return Claim(_PAPER, f"{key}.*", lambda: {name: ours(_counts(name)) for name in _PAPER[f"{key}.*"]})


def claims() -> list[Claim]:
    """Every claim of torchvision's networks."""
    p = _PAPER
    return [
        _published("parameters", lambda counts: counts["params"]),
        _published("parameters_copied", lambda counts: counts["params"]),
        _published("work", lambda counts: round(counts["macs"] / 1e9, 2)),
        _published("work_copied", lambda counts: round(counts["macs"] / 1e9, 3)),
        Claim(p, "alexnet.padding", lambda: _kind("alexnet", keras.layers.ZeroPadding2D)[0].padding[0][0]),
        Claim(p, "vgg.dropout_layers", lambda: len(_kind("vgg16", keras.layers.Dropout))),
        *quoted(
            p,
            [
                *("alexnet.maps", "alexnet.lrn_layers"),
                *("googlenet.lrn_layers", "googlenet.biases", "googlenet.epsilon", "googlenet.kernel"),
                "googlenet.last_pool",
                *("resnet.shortcut", "resnet.stride_in"),
            ],
            _CHOICE,
        ),
    ]
