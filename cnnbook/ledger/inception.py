"""The claims of GoogLeNet, and of what the chapter says of it and of inception modules."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
from PIL import Image

from cnnbook import papers
from cnnbook.blocks import naive_inception_module
from cnnbook.ledger.claim import Claim, close, erratum, quoted, sgd_claims
from cnnlib import audit, layers, models, schedules
from cnnlib.data.sets import FOLDERS
from cnnlib.data.views import MultiCrop, TenCrop, View
from cnnlib.recipe import RECIPES

_PAPER, _CHAPTER = papers.paper("szegedy2015"), papers.paper("chapter")
_NOT_RUN = "Not run here: it takes a full training on ImageNet."
_CAFFE = "What those chose or found who repeated the training with another program."
_POOLS = keras.layers.MaxPooling2D | keras.layers.AveragePooling2D | keras.layers.GlobalAveragePooling2D
_TRAIN_IMAGES = FOLDERS["imagenet"].full.train


@cache
def _network(*, heads: bool = False) -> keras.Model:
    return audit.without_weights(lambda: models.GoogLeNet(aux_heads=heads))


@cache
def _rows(*, heads: bool = False) -> list[audit.Row]:
    return audit.table(_network(heads=heads))


def _total(column: str, *, heads: bool = False) -> int:
    return audit.totals(_rows(heads=heads))[column]


@cache
def _parameters_of(build: Callable[[], keras.Model]) -> int:
    return audit.count(build)["params"]


def _kinds(kind: type[keras.Layer], start: str = "", *, heads: bool = False) -> list[keras.Layer]:
    found = _network(heads=heads).layers
    return [layer for layer in found if isinstance(layer, kind) and layer.name.startswith(start)]


def _only(values: list) -> object | None:
    """The one value that all have; None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _window(layer: keras.Layer) -> tuple[int, int]:
    """Side and step of a layer's window."""
    side = layer.pool_size if isinstance(layer, _POOLS) else layer.kernel_size
    return side[0], layer.strides[0]


def _by_row() -> dict[str, list[audit.Row]]:
    """The layers of each row of the paper's table that has weights, by the row's name."""
    found: dict[str, list[audit.Row]] = {}
    for row in _rows():
        start, _, rest = row.name.partition("_")
        name = {"inception": rest.partition("_")[0], "predictions": "linear"}.get(start, start)
        found.setdefault(name, []).append(row)
    return {name: rows for name, rows in found.items() if audit.totals(rows)["params"]}


def _table() -> dict[str, tuple[tuple[int, ...], int, int]]:
    """Shape, parameters and multiply-adds of each row of the paper's table."""
    return {
        name: (rows[-1].output_shape, audit.totals(rows)["params"], audit.totals(rows)["macs"])
        for name, rows in _by_row().items()
    }


def _weights(names: list[str]) -> int:
    """Parameters of some layers without their biases."""
    return sum(math.prod(_network().get_layer(name).kernel.shape) for name in names)


def _thousand_weights() -> dict[str, float]:
    return {
        name: _weights([row.name for row in rows if row.params]) / 1024 for name, rows in _by_row().items()
    }


def _million_work() -> dict[str, float]:
    return {name: macs / 1e6 for name, (_, _, macs) in _table().items()}


def _longest_path(*, pools: bool) -> int:
    """Layers with weights, or with weights or windows, on the longest way through the network."""
    depths: dict[str, int] = {}
    for layer in _network().layers:
        parents = [tensor._keras_history.operation.name for tensor in layer._inbound_nodes[0].input_tensors]
        counts = bool(layer.trainable_weights) or (pools and isinstance(layer, _POOLS))
        depths[layer.name] = max((depths[name] for name in parents), default=0) + counts
    return max(depths.values())


def _module_names() -> list[str]:
    return [layer.name for layer in _kinds(keras.layers.Concatenate)]


def _module_maps(name: str) -> list[list[int]]:
    parts = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
    maps = [_network().get_layer(f"{name}_{part}").filters for part in parts]
    return [maps[:1], maps[1:3], maps[3:5], maps[5:]]


def _between_pools() -> list[int]:
    """How many modules stand between one halving pool and the next, where there are any."""
    runs = [0]
    for layer in _network().layers:
        if isinstance(layer, keras.layers.Concatenate):
            runs[-1] += 1
        elif isinstance(layer, keras.layers.MaxPooling2D) and layer.strides[0] > 1:
            runs.append(0)
    return [run for run in runs if run]


def _map_sides() -> list[int]:
    return list(dict.fromkeys(row.output_shape[0] for row in _rows() if len(row.output_shape) == 3))


def _before(kind: type[keras.Layer]) -> list[str]:
    """Layers whose outputs go into a layer of this kind."""
    return [layer.input._keras_history.operation.name for layer in _kinds(kind)]


def _separable() -> dict[str, int]:
    """Counts of conv1 as a separable convolution with 8 maps for each colour."""

    def build() -> dict[str, int]:
        image = keras.Input(_network().input_shape[1:])
        separable = keras.layers.SeparableConv2D(
            64, 7, 2, padding="same", depth_multiplier=_PAPER["separable.later_maps"], use_bias=False
        )
        return audit.totals(audit.table(keras.Model(image, separable(image))))

    return audit.without_weights(build)


def _head(module: str, column: str) -> int:
    start = models.inception.AUXILIARY_HEADS[module]
    return sum(getattr(row, column) for row in _rows(heads=True) if row.name.startswith(start))


def _heads(column: str) -> dict[str, int]:
    return {module: _head(module, column) for module in models.inception.AUXILIARY_HEADS}


def _head_pools() -> dict[str, keras.Layer]:
    """The first layer of each auxiliary head, by the module that it follows."""
    return {
        pool.input._keras_history.operation.name.removeprefix("inception_"): pool
        for pool in _kinds(keras.layers.AveragePooling2D, heads=True)
    }


def _network_claims() -> list[Claim]:
    p = _PAPER
    conv, pool, dense = keras.layers.Conv2D, keras.layers.MaxPooling2D, keras.layers.Dense
    modules = lambda: [name.removeprefix("inception_") for name in _module_names()]  # noqa: E731
    return [
        Claim(p, "input_side", lambda: _network().input_shape[1]),
        Claim(p, "weight_layers", lambda: _longest_path(pools=False)),
        Claim(p, "layers_with_pools", lambda: _longest_path(pools=True)),
        Claim(
            p,
            "building_blocks",
            lambda: len(_rows()),
            deviation="The paper's is a round number, and what is a layer of its own depends on the program: "
            "ours has a convolution and its ReLU in one.",
        ),
        Claim(p, "modules", lambda: len(_module_names())),
        Claim(p, "modules_between_pools", _between_pools),
        Claim(p, "module_maps.*", lambda: {name: _module_maps(f"inception_{name}") for name in modules()}),
        Claim(
            p,
            "module_kernels",
            lambda: sorted({c.kernel_size[0] for c in _kinds(conv, "inception")}),
        ),
        Claim(p, "module_pool", lambda: _only([_window(layer) for layer in _kinds(pool, "inception")])),
        Claim(p, "shapes.*", lambda: {name: row[0] for name, row in _table().items() if name != "linear"}),
        Claim(p, "map_sides", _map_sides),
        Claim(p, "conv1_window", lambda: _window(_network().get_layer("conv1"))),
        Claim(p, "pool_window", lambda: _only([layer.pool_size[0] for layer in _kinds(pool, "pool")])),
        Claim(p, "pool_stride", lambda: _only([layer.strides[0] for layer in _kinds(pool, "pool")])),
        Claim(
            p,
            "average_pool",
            lambda: _only([x.input.shape[1] for x in _kinds(keras.layers.GlobalAveragePooling2D)]),
        ),
        Claim(p, "dropout", lambda: _only([layer.rate for layer in _kinds(keras.layers.Dropout)])),
        Claim(p, "dense_layers", lambda: len(_kinds(dense))),
        Claim(p, "classes", lambda: _network().output_shape[-1]),
        Claim(p, "lrn_after"),
        Claim(p, "caffe.lrn_after", lambda: _before(layers.LocalResponseNormalization)),
        *_count_claims(),
        *_head_claims(),
    ]


def _count_claims() -> list[Claim]:
    p = _PAPER
    return [
        Claim(p, "layers.*", _table),
        Claim(p, "parameters", lambda: _total("params")),
        Claim(p, "weights", lambda: _weights([row.name for row in _rows() if row.params])),
        Claim(p, "multiply_adds", lambda: _total("macs")),
        *_printed_claims(),
        Claim(
            p,
            "budget",
            lambda: _total("macs") / 1e9,
            lambda expected, ours: round(ours, 1) == expected,
            "The table's own numbers do add up to it; a plain conv1 does more than three times the work that "
            "the table prints for it.",
            slip=True,
        ),
        Claim(p, "separable.weights", lambda: _separable()["params"]),
        Claim(p, "separable.multiply_adds", lambda: _separable()["macs"]),
        Claim(p, "separable.guess"),
        *quoted(p, ["separable.later_maps"], "Of another network, which this book does not build."),
        Claim(p, "facenet.thousand_weights", lambda: _thousand_weights()["conv1"], close(1)),
        Claim(p, "facenet.million_multiply_adds", lambda: _million_work()["conv1"], close(1)),
        Claim(
            p,
            "fewer_than_alexnet",
            lambda: _times(models.AlexNet),
            deviation="By our counts of both networks. A twelfth of AlexNet is less than the numbers in the "
            "paper's own table 1 add up to.",
            slip=True,
        ),
        Claim(
            p,
            "million_by_that",
            lambda: round(_parameters_of(models.AlexNet) / p["fewer_than_alexnet"] / 1e6, 1),
        ),
        Claim(p, "alexnet_ratio", lambda: _times(models.AlexNet)),
        Claim(p, "vgg16_ratio", lambda: _times(models.VGG16)),
    ]


def _printed_claims() -> list[Claim]:
    """The rows of table 1: thousands of weights (of 1024) and millions of multiply-adds."""
    p = _PAPER
    odd = "What the table prints does not follow from the maps in the same row."
    plain = (
        "The row is called a convolution of 7x7, which has more; a separable one would have what it prints."
    )
    weights = dict.fromkeys(("4a", "4c", "4d", "4e", "5a", "5b"), odd) | {"conv1": plain}
    work = {"5a": odd, "conv1": plain}
    return [
        Claim(p, "printed.weights.*", _thousand_weights, close(1), weights, slip=True),
        Claim(p, "printed.work.*", _million_work, close(1), work, slip=True),
        Claim(p, "printed.weights_sum", lambda: sum(p["printed.weights.*"].values()), close(0.05)),
        Claim(p, "printed.work_sum", lambda: sum(p["printed.work.*"].values()), close(0.5)),
    ]


def _times(build: Callable[[], keras.Model]) -> float:
    """How many times as many parameters as GoogLeNet another network has."""
    return round(_parameters_of(build) / _total("params"), 1)


def _head_claims() -> list[Claim]:
    p = _PAPER
    heads = lambda kind: _kinds(kind, "aux", heads=True)  # noqa: E731 - three claims use it
    return [
        Claim(p, "heads.inputs", lambda: list(_head_pools())),
        Claim(p, "heads.pool", lambda: _only([_window(pool) for pool in _head_pools().values()])),
        Claim(
            p,
            "heads.shapes.*",
            lambda: {module: tuple(pool.output.shape[1:]) for module, pool in _head_pools().items()},
        ),
        Claim(p, "heads.maps", lambda: _only([layer.filters for layer in heads(keras.layers.Conv2D)])),
        Claim(
            p,
            "heads.units",
            lambda: _only([x.units for x in heads(keras.layers.Dense) if x.units != p["classes"]]),
        ),
        Claim(p, "heads.dropout", lambda: _only([layer.rate for layer in heads(keras.layers.Dropout)])),
        Claim(p, "heads.loss_weight", lambda: _only(list(RECIPES["googlenet"].heads.values()))),
        Claim(p, "heads.parameters.*", lambda: _heads("params")),
        Claim(p, "heads.multiply_adds.*", lambda: _heads("macs")),
        Claim(p, "heads.parameters_of_both", lambda: sum(_heads("params").values())),
        Claim(p, "parameters_with_heads", lambda: _total("params", heads=True)),
    ]


def _noise(height: int, width: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
    return Image.fromarray(pixels)


@cache
def _crops(view: View) -> int:
    return len(view(_noise(256, 300), np.zeros(0)))


@cache
def _square_crops() -> int:
    """Views of one square: in a square picture the three squares of a scale are one and the same."""
    one_scale = MultiCrop(shorter=MultiCrop().shorter[:1])
    views = {view.tobytes() for view in one_scale(_noise(256, 256), np.zeros(0))}
    return len(views) // 2


def _squares() -> int:
    view = MultiCrop()
    return _crops(view) // len(view.shorter) // 2 // _square_crops()


def _costs() -> dict[str, int]:
    """Images that each test of the paper's table 3 puts through a network."""
    nets = {"one_net": 1, "seven_nets": _PAPER["nets"]}
    crops = {"one_crop": 1, "ten_crops": _crops(TenCrop()), "144_crops": _crops(MultiCrop())}
    return {
        f"{some}_{views}": number * count for some, number in nets.items() for views, count in crops.items()
    }


def _learning_claims() -> list[Claim]:
    p = _PAPER
    recipe = RECIPES["googlenet"]
    view: Any = recipe.preparation.train
    chosen = ["rate_factor", "rate_every", "updates", "quick_epochs", "initial_weights"]
    return [
        Claim(p, "momentum", lambda: recipe.optimizer_settings["momentum"]),
        Claim(p, "rate_factor", lambda: round(recipe.rates[_epochs_at_first_rate()] / recipe.rates[0], 6)),
        Claim(p, "rate_every", _epochs_at_first_rate),
        Claim(p, "averaged_weights", lambda: recipe.averaging is not None),
        *quoted(p, ["hardware"], "History: what the authors trained on, and how long."),
        Claim(p, "patch_area", lambda: [round(100 * share) for share in view.area]),
        Claim(p, "patch_ratio", lambda: view.ratio),
        Claim(p, "test_scales", lambda: MultiCrop().shorter),
        Claim(p, "test_squares", _squares),
        Claim(p, "square_crops", _square_crops),
        Claim(p, "test_crops", lambda: _crops(MultiCrop())),
        *quoted(p, ["nets", "same_nets"], _NOT_RUN),
        *sgd_claims(p, recipe, "caffe."),
        *quoted(p, [f"caffe.{key}" for key in chosen], _CAFFE),
        Claim(
            p,
            "caffe.rate_every_epochs",
            lambda: p["caffe.rate_every"] * p["caffe.batch_size"] / _TRAIN_IMAGES,
            close(0.05),
        ),
        Claim(
            p,
            "caffe.epochs",
            lambda: p["caffe.updates"] * p["caffe.batch_size"] / _TRAIN_IMAGES,
            close(0.5),
        ),
        Claim(p, "caffe.rate_left", _rate_left, close(0.0005)),
        Claim(
            p,
            "caffe.initial_bias",
            lambda: float(f"{_network().get_layer('conv1').bias_initializer((1,), dtype='float32')[0]:.4g}"),
        ),
        *quoted(p, ["torchvision.dropout"], "A choice of others, which the paper does not have."),
        Claim(p, "torchvision.kernel"),
    ]


def _epochs_at_first_rate() -> int:
    rates = RECIPES["googlenet"].rates
    return rates.count(rates[0])


def _rate_left() -> float:
    """The last rate of the Caffe schedule as a share of the first."""
    every = round(_PAPER["caffe.rate_every_epochs"])
    return schedules.exponential(1.0, _PAPER["caffe.rate_factor"], every, _PAPER["caffe.epochs"])[-1]


def _result_claims() -> list[Claim]:
    p, alexnet = _PAPER, papers.paper("krizhevsky2012")
    misprint = {"seven_nets_144_crops": "A misprint: the two errors beside it do not differ by so much."}

    def gains() -> dict[str, float]:
        errors = p["tests.*.top5"]
        return {test: round(errors["one_net_one_crop"] - errors[test], 2) for test in p["tests.*.gain"]}

    return [
        *quoted(p, ["tests.*.top5", "ensemble", "average_pool_gain"], _NOT_RUN),
        Claim(p, "tests.*.gain", gains, deviation=misprint, slip=True),
        Claim(p, "tests.*.cost", _costs),
        *quoted(p, ["rank"], "History: the outcome of a competition, which cannot be repeated."),
        Claim(p, "supervision", lambda: [alexnet["five_nets_test.top5"], alexnet["ensemble.top5"]]),
        Claim(p, "vgg.top5", lambda: papers.paper("simonyan2015")["submission.top5_test"], close(0.05)),
        *quoted(p, ["clarifai", "msra"], "The entries of others in the competition, not described there."),
        *quoted(p, ["caffe.accuracy"], _CAFFE),
    ]


@cache
def _example(*, reduced: bool) -> dict[str, audit.Row]:
    """The chapter's example of a module, by the names of its layers."""
    sizes = _CHAPTER["inception.example.*"]

    def build() -> list[audit.Row]:
        x = keras.Input(sizes["input"])
        one, three, five = (sizes[side] for side in ("1x1", "3x3", "5x5"))
        if not reduced:
            output = naive_inception_module(x, one, three, five, "example")
            return audit.table(keras.Model(x, output))
        # The example does not say to how many maps the 3x3's input is reduced, and nothing here asks.
        before = sizes["reduced"]
        output = models.inception_module(x, one, before, three, before, five, sizes["pool"], "example")
        return audit.table(keras.Model(x, output))

    return {row.name.removeprefix("example_"): row for row in audit.without_weights(build)}


def _work(*names: str, reduced: bool) -> int:
    return sum(_example(reduced=reduced)[name].macs for name in names)


def _example_weights(*names: str, reduced: bool) -> int:
    """Parameters of some of the example's convolutions without their biases."""
    rows = [_example(reduced=reduced)[name] for name in names]
    return sum(row.params - row.output_shape[-1] for row in rows)


def _example_filter() -> tuple[int, int, int]:
    side, maps = 5, _CHAPTER["inception.example.5x5"]
    return side, side, _example_weights("5x5", reduced=False) // side**2 // maps


def _chapter_claims() -> list[Claim]:
    """What the chapter prints of GoogLeNet, with what is right; the errata have the words."""
    chapter, two = _CHAPTER, ("5x5_reduce", "5x5")

    def convolutions() -> int:
        return sum(row.kind == "Conv2D" for row in _example(reduced=False).values())

    return [
        Claim(chapter, "inception.weight_layers", lambda: _longest_path(pools=False)),
        erratum("inception.fewer_parameters", lambda: _times(models.VGG16)),
        Claim(
            chapter,
            "inception.fewer_counted",
            lambda: round(chapter["vgg.millions.D"] / chapter["inception.million_parameters"], 1),
        ),
        erratum("inception.million_parameters", lambda: round(_total("params") / 1e6)),
        *quoted(
            chapter,
            ["inception.example.*"],
            "The numbers that the chapter's example begins with; others follow.",
        ),
        erratum("inception.pool_output", lambda: _example(reduced=False)["pool"].output_shape),
        erratum("inception.naive_maps", lambda: _example(reduced=False)["example"].output_shape[-1]),
        Claim(chapter, "inception.reduced_maps", lambda: _example(reduced=True)["example"].output_shape[-1]),
        erratum("inception.convolutions", convolutions),
        erratum("inception.5x5_filter", _example_filter),
        Claim(chapter, "inception.5x5_work", lambda: _work("5x5", reduced=False)),
        Claim(chapter, "inception.reduction_work", lambda: _work("5x5_reduce", reduced=True)),
        Claim(chapter, "inception.reduced_5x5_work", lambda: _work("5x5", reduced=True)),
        erratum("inception.formula", lambda: _work(*two, reduced=True)),
        erratum("inception.reduced_million", lambda: round(_work(*two, reduced=True) / 1e6, 1)),
        Claim(
            chapter,
            "inception.saving",
            lambda: _work("5x5", reduced=False) / _work(*two, reduced=True),
        ),
        Claim(chapter, "inception.5x5_weights", lambda: _example_weights("5x5", reduced=False)),
        Claim(chapter, "inception.reduced_weights", lambda: _example_weights(*two, reduced=True)),
        Claim(chapter, "inception.both_work", lambda: _work(*two, reduced=True)),
        Claim(
            chapter,
            "inception.naive_maps_counted",
            lambda: _example(reduced=False)["example"].output_shape[-1],
        ),
        Claim(chapter, "inception.naive_work", lambda: _work("1x1", "3x3", "5x5", reduced=False)),
        Claim(chapter, "inception.modules", lambda: len(_module_names())),
        erratum("inception.modules_between_pools", _between_pools),
    ]


def claims() -> list[Claim]:
    """Every claim about GoogLeNet."""
    return [*_network_claims(), *_learning_claims(), *_result_claims(), *_chapter_claims()]
