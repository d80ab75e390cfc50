"""The claims of VGG, and of what the chapter says of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import keras
import numpy as np
from PIL import Image

from cnnbook import papers
from cnnbook.ledger.claim import Claim, close, erratum, quoted, sgd_claims
from cnnbook.vgg import STARTS_FROM_A, dense_evaluation
from cnnlib import audit, layers, models
from cnnlib.data.sets import FOLDERS
from cnnlib.data.views import GridCrops, RandomView
from cnnlib.recipe import RECIPES

_PAPER, _CHAPTER = papers.paper("simonyan2015"), papers.paper("chapter")
_SCALES = ("256", "384", "jitter")
_NOT_RUN = "Not run here: it takes a full training on ImageNet."
_TRAIN_IMAGES = FOLDERS["imagenet"].full.train


@cache
def _network(config: str) -> keras.Model:
    return audit.without_weights(lambda: models.VGG(config, initializer="paper"))


@cache
def _rows(config: str) -> list[audit.Row]:
    return audit.table(_network(config))


def _each(count: Callable[[str], object], configs: tuple[str, ...] | None = None) -> dict:
    return {config: count(config) for config in configs or models.vgg.CONFIGURATIONS}


def _total(config: str, column: str, kind: str = "") -> int:
    """Sum over the layers of one kind, or over all."""
    return sum(getattr(row, column) for row in _rows(config) if kind in row.kind)


def _kinds(config: str, kind: type[keras.Layer]) -> list[keras.Layer]:
    return [layer for layer in _network(config).layers if isinstance(layer, kind)]


def _weight_layers(config: str) -> int:
    return sum(row.params > 0 for row in _rows(config))


def _configuration(config: str) -> list[list[str]]:
    """The convolutions of each block, as the paper's table 1 writes them."""
    blocks: list[list[str]] = [[]]
    for layer in _network(config).layers:
        if isinstance(layer, keras.layers.Conv2D):
            blocks[-1].append(f"{layer.kernel_size[0]}-{layer.filters}")
        elif isinstance(layer, layers.LocalResponseNormalization):
            blocks[-1].append("LRN")
        elif isinstance(layer, keras.layers.MaxPooling2D):
            blocks.append([])
    return blocks[:-1]


def _values(kind: type[keras.Layer], name: str) -> set:
    """The values that an attribute of a kind of layer has, over all configurations."""
    found = [getattr(layer, name) for config in models.vgg.CONFIGURATIONS for layer in _kinds(config, kind)]
    return {value[0] if isinstance(value, tuple) else value for value in found}


def _side(name: str) -> int | None:
    """Side or step of a pooling window, if all pools of all configurations have the same."""
    found = _values(keras.layers.MaxPooling2D, name)
    return found.pop() if len(found) == 1 else None


def _stack(sides: tuple[int, ...]) -> tuple[int, int]:
    """What a unit on top of some convolutions sees, and their weights in squares of the width."""
    width = 10

    def build() -> tuple[int, int]:
        x = image = keras.Input((32, 32, width))
        for side in sides:
            x = keras.layers.Conv2D(width, side, use_bias=False)(x)
        rows = audit.table(keras.Model(image, x))
        return rows[-1].receptive_field or 0, audit.totals(rows)["params"] // width**2

    return audit.without_weights(build)


def _saving(sides: tuple[int, ...]) -> int:
    """How many % fewer weights some convolutions have than one that sees as much."""
    field, weights = _stack(sides)
    return round(100 * (1 - weights / _stack((field,))[1]))


def _dense_kernels() -> list[int]:
    narrow = models.VGG("A", width=1 / 64)
    dense = dense_evaluation(narrow)
    names = [layer.name for layer in narrow.layers if isinstance(layer, keras.layers.Dense)]
    return [dense.get_layer(name).kernel_size[0] for name in names]


def _crops(view: GridCrops) -> int:
    return len(view(Image.new("L", (256, 256)), np.zeros(0)))


def _initial_deviation() -> float:
    """Standard deviation of a sample of the initial weights, to two digits."""
    layer = _network("A").get_layer("fc1")
    sample = keras.ops.convert_to_numpy(layer.kernel_initializer((200, 500), dtype="float32"))
    return round(float(np.std(sample)), 2)


def _copied(start: str) -> int:
    return sum(name.startswith(start) for name in STARTS_FROM_A)


def _network_claims() -> list[Claim]:
    p = _PAPER
    convolutions = "Conv2D"
    return [
        Claim(p, "input_side", lambda: _network("D").input_shape[1]),
        Claim(p, "configurations.*", lambda: _each(_configuration)),
        Claim(p, "weight_layers.*", lambda: _each(_weight_layers)),
        Claim(
            p,
            "dense_units",
            lambda: [layer.units for layer in _kinds("D", keras.layers.Dense)],
        ),
        Claim(p, "pool_window", lambda: _side("pool_size")),
        Claim(p, "pool_stride", lambda: _side("strides")),
        Claim(p, "pools", lambda: len(_kinds("D", keras.layers.MaxPooling2D))),
        Claim(p, "million_parameters.*", lambda: _each(lambda c: round(_total(c, "params") / 1e6))),
        Claim(p, "parameters.*", lambda: _each(lambda c: _total(c, "params"))),
        Claim(p, "multiply_adds.*", lambda: _each(lambda c: _total(c, "macs"))),
        Claim(
            p,
            "convolution_work.*",
            lambda: _each(
                lambda c: round(_total(c, "macs", convolutions) / 1e9, 3), tuple(p["convolution_work.*"])
            ),
        ),
        Claim(p, "layers_of_d.*", lambda: {row.name: row.params for row in _rows("D") if row.params}),
        Claim(p, "convolution_parameters", lambda: _total("D", "params", convolutions)),
        Claim(p, "dense_parameters", lambda: _total("D", "params", "Dense")),
        Claim(
            p,
            "he_work.D",
            lambda: round(_total("D", "macs") / 1e9, 1),
            deviation="It is what D's convolutions do alone, while the figure beside it is all of E.",
            slip=True,
        ),
        Claim(p, "he_work.E", lambda: round(_total("E", "macs") / 1e9, 1)),
        Claim(p, "two_3x3.field", lambda: _stack((3, 3))[0]),
        Claim(p, "three_3x3.field", lambda: _stack((3, 3, 3))[0]),
        Claim(p, "two_3x3.weights", lambda: _stack((3, 3))[1]),
        Claim(p, "one_5x5.weights", lambda: _stack((5,))[1]),
        Claim(p, "three_3x3.weights", lambda: _stack((3, 3, 3))[1]),
        Claim(p, "one_7x7.weights", lambda: _stack((7,))[1]),
        Claim(p, "two_3x3.saving", lambda: _saving((3, 3))),
        Claim(p, "three_3x3.saving", lambda: _saving((3, 3, 3))),
        Claim(p, "one_7x7.more", lambda: round(100 * (_stack((7,))[1] / _stack((3, 3, 3))[1] - 1))),
    ]


def _scales() -> tuple[int, int]:
    view = RECIPES["vgg_d"].preparation.train
    assert isinstance(view, RandomView)
    return view.shorter


def _learning_claims() -> list[Claim]:
    p = _PAPER
    recipe = RECIPES["vgg_d"]
    dropouts = lambda: _kinds("D", keras.layers.Dropout)  # noqa: E731 - two claims use it
    return [
        Claim(p, "dropout", lambda: _values(keras.layers.Dropout, "rate").pop()),
        Claim(p, "dropout_layers", lambda: len(dropouts())),
        Claim(p, "epochs", lambda: recipe.epochs),
        Claim(p, "epochs_counted", lambda: p["updates"] * p["batch_size"] / _TRAIN_IMAGES, close(0.05)),
        Claim(p, "initial_variance", lambda: _initial_deviation() ** 2, close(1e-9)),
        Claim(p, "initial_deviation", _initial_deviation),
        Claim(
            p,
            "initial_bias",
            lambda: float(_network("A").get_layer("fc1").bias_initializer((1,), dtype="float32")[0]),
        ),
        Claim(p, "copied_convolutions", lambda: _copied("block")),
        Claim(p, "copied_dense_layers", lambda: len(STARTS_FROM_A) - _copied("block")),
        Claim(p, "crop_side", lambda: RandomView().size),
        Claim(p, "dense_kernels", _dense_kernels),
        Claim(p, "crops_per_scale", lambda: _crops(GridCrops(shorter=(256,)))),
        Claim(p, "crops", lambda: _crops(GridCrops())),
        *sgd_claims(p, recipe),
        Claim(p, "jittered_scales", _scales),
        *quoted(
            p, ["updates"], "Our recipe counts epochs instead; they are held against these updates above."
        ),
        *quoted(
            p,
            ["fixed_scales", "rate_at_384"],
            "Our recipe jitters the scale, which the paper found to be better.",
        ),
        *quoted(p, ["hardware", "speed_of_four_gpus"], "History: what the authors trained on, and how long."),
        Claim(p, "rank_localisation"),
        *quoted(p, ["rank"], "History: the outcome of a competition, which cannot be repeated."),
    ]


def _result_claims() -> list[Claim]:
    tables = {"one_scale": _SCALES, "multi_scale": _SCALES, "three_scales": ("dense", "crops", "both")}
    keys = [f"{table}.{column}.*" for table, columns in tables.items() for column in columns]
    return quoted(_PAPER, [*keys, "two_nets.*", "submission", "one_net", "shallow_loss"], _NOT_RUN)


def _chapter_claims() -> list[Claim]:
    """What the chapter prints of VGG, with what is right; the errata have the words."""
    conv, pool, dense = keras.layers.Conv2D, keras.layers.MaxPooling2D, keras.layers.Dense
    c = _CHAPTER

    def pool_parameters() -> int:
        return next(row.params for row in _rows("D") if row.name == "block2_pool")

    def inputs_at_stride_1() -> int:
        side, maps = _PAPER["input_side"], _kinds("D", conv)[-1].filters
        return side * side * maps

    def keeps_size() -> bool:
        return any(p.input.shape[1] == p.output.shape[1] for p in _kinds("D", pool))

    def more_dense_layers() -> bool:
        return len(_kinds("D", dense)) > papers.paper("krizhevsky2012")["dense_layers"]

    return [
        Claim(c, "vgg.millions.*", lambda: _PAPER["million_parameters.*"]),
        erratum("vgg.more_dense_layers", more_dense_layers),
        erratum("vgg.networks", lambda: len(models.vgg.CONFIGURATIONS)),
        erratum("vgg.pool_stride", lambda: _side("strides")),
        Claim(c, "vgg.inputs_at_stride_1", inputs_at_stride_1),
        Claim(
            _CHAPTER, "vgg.weights_at_stride_1", lambda: inputs_at_stride_1() * _kinds("D", dense)[0].units
        ),
        erratum("vgg.pool_keeps_size", keeps_size),
        erratum("vgg.kernel_sides", lambda: sorted(_values(conv, "kernel_size"))),
        erratum("vgg.c_as_printed", lambda: _configuration("C")),
        erratum("vgg.e_as_printed", lambda: _weight_layers("E")),
        erratum("vgg.pool_parameters", pool_parameters),
        Claim(c, "vgg.pool_as_convolution", _pool_as_convolution),
        erratum("vgg.parameters", lambda: _total("D", "params")),
        Claim(
            _CHAPTER, "vgg.parameters_too_many", lambda: _CHAPTER["vgg.parameters"] - _total("D", "params")
        ),
        erratum(
            "vgg19.more_than",
            lambda: _total("E", "params") / 1e6,
            lambda says, right: right > says,
        ),
        erratum(
            "vgg.top5",
            lambda: [_PAPER[f"one_scale.jitter.{net}.top5"] for net in "DE"],
        ),
    ]


def _pool_as_convolution() -> int:
    """Parameters of the second pool, had it weights: those of a convolution of its size and maps."""
    second = _kinds("D", keras.layers.MaxPooling2D)[1]
    maps = second.input.shape[-1]
    return math.prod(second.pool_size) * maps * maps + maps


def claims() -> list[Claim]:
    """Every claim about VGG."""
    return [*_network_claims(), *_learning_claims(), *_result_claims(), *_chapter_claims()]
