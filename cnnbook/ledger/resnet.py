"""The claims of ResNet, and of what the chapter says of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import Any

import keras
import numpy as np
from PIL import Image

from cnnbook import papers, records
from cnnbook.ledger.claim import Claim, close, erratum, quoted, sgd_claims
from cnnbook.recipes import SHORT_DEPTHS
from cnnlib import audit, layers, models
from cnnlib.data.augmentation import RandomCut
from cnnlib.data.sets import FOLDERS, SETS
from cnnlib.data.views import RandomView
from cnnlib.recipe import RECIPES

_PAPER, _CHAPTER = papers.paper("he2016"), papers.paper("chapter")
_NOT_RUN = "Not run here: it takes a full training on ImageNet."
_CIFAR_NOT_RUN = (
    f"Not run here: it takes some {_PAPER['cifar.epochs']:.0f} epochs on CIFAR-10 for each network."
)
_SHORTER = "In networks with half of the maps, trained for a sixteenth of the paper's updates."
_AVERAGES: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
}
_OTHERS = "The results of others, which the paper compares itself with."
_TRAIN_IMAGES = FOLDERS["imagenet"].full.train


@cache
def _network(depth: int, option: str = "", stride_in: str = "1x1") -> keras.Model:
    """A network for ImageNet; the options are A, B, C, plain and, where none is given, the paper's own."""
    settings = {"residual": False} if option == "plain" else {"shortcut": option or None}
    return audit.without_weights(lambda: models.ResNet(depth, stride_in=stride_in, **settings))


@cache
def _cifar_network(depth: int, option: str = "A") -> keras.Model:
    settings = {"residual": False} if option == "plain" else {"shortcut": option}
    return audit.without_weights(lambda: models.ResNetCIFAR(depth, **settings))


@cache
def _rows(depth: int, option: str = "", stride_in: str = "1x1") -> list[audit.Row]:
    return audit.table(_network(depth, option, stride_in))


def _total(column: str, depth: int, option: str = "", stride_in: str = "1x1") -> int:
    return audit.totals(_rows(depth, option, stride_in))[column]


def _totals(column: str, names: dict[str, int], stride_in: str = "1x1") -> dict[str, int]:
    """Totals of networks by their names."""
    return {name: _total(column, *_depth_and_option(name), stride_in) for name in names}


def _depth_and_option(name: str) -> tuple[int, str]:
    """Of a network by its name: plain34, resnet34_a, resnet50."""
    depth, _, option = name.removeprefix("plain").removeprefix("resnet").partition("_")
    return int(depth), "plain" if name.startswith("plain") else option.upper()


def _each(count: Callable[[keras.Model], object]) -> dict[str, object]:
    return {str(depth): count(_network(depth)) for depth in models.resnet.STAGES}


def _kinds(network: keras.Model, kind: type[keras.Layer]) -> list[keras.Layer]:
    return [layer for layer in network.layers if isinstance(layer, kind)]


def _only(values: list) -> object | None:
    """The one value that all have; None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _is_projection(layer: keras.Layer) -> bool:
    return layer.name.endswith("_0_conv")


def _projections(network: keras.Model) -> list[keras.Layer]:
    return [layer for layer in _kinds(network, keras.layers.Conv2D) if _is_projection(layer)]


def _weight_layers(network: keras.Model) -> int:
    """Convolutions and dense layers, without those on shortcuts."""
    weighted = _kinds(network, keras.layers.Conv2D) + _kinds(network, keras.layers.Dense)
    return len(weighted) - len(_projections(network))


def _main_paths(network: keras.Model) -> dict[str, list[keras.Layer]]:
    """The convolutions on the main path of each block, by the block's name."""
    found: dict[str, list[keras.Layer]] = {}
    for layer in _kinds(network, keras.layers.Conv2D):
        stage, _, rest = layer.name.partition("_block")
        if rest and not _is_projection(layer):
            found.setdefault(f"{stage}_{rest.partition('_')[0]}", []).append(layer)
    return found


def _stages(network: keras.Model) -> dict[str, list[list[keras.Layer]]]:
    """The blocks of each stage, as the convolutions on their main paths."""
    found: dict[str, list[list[keras.Layer]]] = {}
    for name, path in _main_paths(network).items():
        found.setdefault(name.partition("_")[0], []).append(path)
    return found


def _blocks(network: keras.Model) -> list[int]:
    return [len(blocks) for blocks in _stages(network).values()]


def _kernels(*depths: int) -> object | None:
    """Sides of the kernels in a block, if all blocks of some networks have the same."""
    paths = [path for depth in depths for path in _main_paths(_network(depth)).values()]
    return _only([tuple(layer.kernel_size[0] for layer in path) for path in paths])


def _stage_maps(network: keras.Model) -> tuple[int, ...]:
    return tuple(blocks[0][0].filters for blocks in _stages(network).values())


def _factor() -> object | None:
    paths = [path for depth in (50, 101, 152) for path in _main_paths(_network(depth)).values()]
    return _only([path[-1].filters / path[0].filters for path in paths])


def _window(layer: keras.Layer) -> tuple[int, int]:
    """Side and step of a layer's window."""
    side = layer.pool_size if hasattr(layer, "pool_size") else layer.kernel_size
    return side[0], layer.strides[0]


def _map_sides(network: keras.Model) -> tuple[int, ...]:
    """Sides of the maps of the first convolution and of the end of each stage."""
    first = network.get_layer("conv1_conv")
    ends = [blocks[-1][-1] for blocks in _stages(network).values()]
    return tuple(layer.output.shape[1] for layer in (first, *ends))


def _halving() -> object | None:
    found = [
        tuple(
            name
            for name, path in _main_paths(_network(depth)).items()
            if any(layer.strides[0] > 1 for layer in path)
        )
        for depth in models.resnet.STAGES
    ]
    return _only(found)


def _block_order() -> list[str]:
    words = {"Conv2D": "convolution", "BatchNormalization": "normalisation", "Activation": "ReLU"}
    start = "conv2_block1_1_"
    return [words[row.kind] for row in _rows(50) if row.name.startswith(start)]


def _rounded_or_cut(expected: float, ours: float) -> bool:
    """Two numbers agree when the first is the second rounded, or cut off, at as many digits."""
    digits = len(str(expected).partition(".")[2])
    return expected in (round(ours, digits), math.floor(ours * 10**digits) / 10**digits)


def _block_work(depth: int, block: str) -> int:
    return sum(row.macs for row in _rows(depth) if row.name.startswith(f"{block}_"))


def _projected_ratio() -> float:
    """How many times the work a bottleneck block does with a convolution on its shortcut."""

    def build(shortcut: str) -> int:
        x = keras.Input((56, 56, 256))
        block = models.bottleneck_block(x, (64, 64, 256), shortcut=shortcut, name="block")
        return audit.totals(audit.table(keras.Model(x, block)))["macs"]

    return audit.without_weights(lambda: build("projection") / build("identity"))


def _network_claims() -> list[Claim]:
    p = _PAPER
    dense = keras.layers.Dense
    pools = lambda: _kinds(_network(50), keras.layers.MaxPooling2D)  # noqa: E731
    return [
        Claim(p, "input_side", lambda: _network(50).input_shape[1]),
        Claim(p, "blocks.resnet*", lambda: _each(_blocks)),
        Claim(p, "basic_block", lambda: _kernels(18, 34)),
        Claim(p, "bottleneck", lambda: _kernels(50, 101, 152)),
        Claim(p, "stage_maps", lambda: _only(list(_each(_stage_maps).values()))),
        Claim(p, "bottleneck_factor", _factor),
        Claim(p, "conv1", lambda: _window(_network(50).get_layer("conv1_conv"))),
        Claim(p, "pool", lambda: _only([_window(pool) for pool in pools()])),
        Claim(p, "map_sides", lambda: _only(list(_each(_map_sides).values()))),
        Claim(p, "halving_blocks", _halving),
        Claim(p, "dense_layers", lambda: len(_kinds(_network(50), dense))),
        Claim(p, "classes", lambda: _network(50).output_shape[-1]),
        Claim(p, "weight_layers.resnet*", lambda: _each(_weight_layers)),
        Claim(
            p,
            "thousand_million.resnet*",
            lambda: _each(lambda network: audit.totals(audit.table(network))["macs"] / 1e9),
            _rounded_or_cut,
        ),
        Claim(p, "block_order", _block_order),
        Claim(p, "convolution_bias"),
        Claim(p, "parameters.*", lambda: _totals("params", p["parameters.*"])),
        Claim(p, "multiply_adds.*", lambda: _totals("macs", p["multiply_adds.*"])),
        Claim(p, "multiply_adds_3x3.*", lambda: _totals("macs", p["multiply_adds_3x3.*"], "3x3")),
        Claim(p, "projections.*", _counted_projections),
        Claim(
            p,
            "extra_projections",
            lambda: len(_projections(_network(34, "C"))) - len(_projections(_network(34, "B"))),
        ),
        Claim(p, "parameters_of_a", lambda: _total("params", 34, "A") - _total("params", 34, "plain")),
        Claim(p, "bottleneck_work", lambda: _block_work(50, "conv2_block2")),
        Claim(p, "basic_work", lambda: _block_work(34, "conv2_block2")),
        Claim(p, "projected_work", _projected_ratio, close(0.1)),
        Claim(p, "projected_work_counted", _projected_ratio, close(0.005)),
    ]


def _counted_projections() -> dict[str, int]:
    return {name: len(_projections(_network(*_depth_and_option(name)))) for name in _PAPER["projections.*"]}


# Networks for CIFAR-10 that are built to be counted; the deepest has thousands of layers.
_DEEPEST_BUILT = 110


def _cifar_counts(depth: int, option: str = "A") -> dict[str, int]:
    """Blocks of a stage, layers, shortcuts, parameters and multiply-adds of a network for CIFAR-10.

    All blocks of a stage but the first are alike, so the counts grow evenly with depth: where a network is
    not built, those of two shallow ones give its own.
    """
    if depth in (20, 32) or (option == "A" and depth <= _DEEPEST_BUILT):
        return _built_counts(depth, option)
    low, high = _built_counts(20, option), _built_counts(32, option)
    steps = (depth - 20) / (32 - 20)
    return {name: round(low[name] + steps * (high[name] - low[name])) for name in low}


@cache
def _built_counts(depth: int, option: str) -> dict[str, int]:
    network = _cifar_network(depth, option)
    (blocks,) = {len(stage) for stage in _stages(network).values()}
    return {
        "blocks": blocks,
        "layers": _weight_layers(network),
        "shortcuts": len(_kinds(network, keras.layers.Add)),
        **audit.totals(audit.table(network)),
    }


def _cifar(column: str, option: str = "A") -> dict[str, int]:
    return {depth: _cifar_counts(int(depth), option)[column] for depth in _PAPER["cifar.resnet*.parameters"]}


def _cifar_option() -> str:
    padded = _kinds(_cifar_network(20), layers.PaddedShortcut)
    return "A" if padded and not _projections(_cifar_network(20)) else "not A"


def _cifar_claims() -> list[Claim]:
    p = _PAPER
    small = lambda: _cifar_network(20)  # noqa: E731 - four claims use it
    counts = lambda: [_cifar_counts(depth) for depth in p["cifar.depths.*"].values()]  # noqa: E731
    return [
        Claim(p, "cifar.input_side", lambda: small().input_shape[1]),
        Claim(p, "cifar.maps", lambda: _stage_maps(small())),
        Claim(p, "cifar.map_sides", lambda: _map_sides(small())[1:]),
        Claim(p, "cifar.depths.*", lambda: {str(found["blocks"]): found["layers"] for found in counts()}),
        Claim(p, "cifar.resnet*.shortcuts", lambda: _cifar("shortcuts")),
        Claim(p, "cifar.option", _cifar_option),
        Claim(
            p,
            "cifar.resnet*.million_parameters",
            lambda: {depth: params / 1e6 for depth, params in _cifar("params").items()},
            _rounded_or_cut,
        ),
        Claim(p, "cifar.resnet*.parameters", lambda: _cifar("params")),
        Claim(p, "cifar.plain*.parameters", lambda: _cifar("params", "plain")),
        Claim(p, "cifar.resnet*.parameters_b", lambda: _cifar("params", "B")),
        Claim(p, "cifar.resnet*.multiply_adds", lambda: _cifar("macs")),
    ]


def _test_crops() -> int:
    view = RECIPES["resnet50"].preparation.test
    return len(view(Image.new("L", (300, 256)), np.zeros(0)))


def _padded_crop() -> int:
    """Side of what is left of an image of CIFAR-10 when it has been padded and cropped."""
    images = np.zeros((1, 32, 32, 1), "float32")
    cut = _cut_of_cifar()
    return cut(keras.ops.convert_to_tensor(images), keras.ops.zeros((1, 3))).shape[1]


def _cut_of_cifar() -> RandomCut:
    how, images = RECIPES["resnet20"].preparation, np.zeros((1, 32, 32, 3), "uint8")
    (cut,) = how.build_augmentations(images, how.build_pixels(images))
    assert isinstance(cut, RandomCut)
    return cut


def _views_of_imagenet() -> RandomView:
    view = RECIPES["resnet50"].preparation.train
    assert isinstance(view, RandomView)
    return view


def _learning_claims() -> list[Claim]:
    p = _PAPER
    recipe = RECIPES["resnet50"]
    return [
        *sgd_claims(p, recipe),
        Claim(p, "scales", lambda: _views_of_imagenet().shorter),
        *quoted(p, ["updates"], "Our recipe counts epochs instead; see below."),
        Claim(p, "epochs", lambda: p["updates"] * p["batch_size"] / _TRAIN_IMAGES, close(0.05)),
        Claim(p, "dropout_layers", lambda: sum(_each(_dropouts).values())),
        Claim(p, "initial_weights"),
        Claim(p, "crop_side", lambda: _views_of_imagenet().size),
        Claim(p, "test_crops", _test_crops),
        *quoted(p, ["test_scales"], "Our recipe tests with ten crops, as the paper does to compare."),
        *quoted(
            p,
            ["gpus", "images_per_gpu", "cifar.gpus"],
            "History: what the authors trained on; a network of ours trains on any machine.",
        ),
        *quoted(p, ["statistics"], "Of the networks that the authors released, which we did not train."),
        *_cifar_learning_claims(),
    ]


def _cifar_learning_claims() -> list[Claim]:
    p = _PAPER
    recipe: Any = RECIPES["resnet20"]
    warmed_up: Any = RECIPES["resnet110"]

    def passes(images: int) -> float:
        return p["cifar.updates"] * p["cifar.batch_size"] / images

    return [
        *sgd_claims(p, recipe, "cifar."),
        Claim(
            p,
            "cifar.rate_falls.*",
            lambda: dict(zip(p["cifar.rate_falls.*"], accumulate(recipe.hold), strict=False)),
        ),
        Claim(p, "cifar.updates", lambda: sum(recipe.hold)),
        Claim(p, "cifar.warm_up.rate", lambda: warmed_up.rates[0]),
        Claim(p, "cifar.warm_up.updates", lambda: warmed_up.hold[0]),
        *quoted(p, ["cifar.warm_up.train_error"], "Our recipe counts the updates of the warm-up instead."),
        *quoted(
            p,
            ["cifar.train_split", "cifar.validation_split"],
            "Our recipe takes the schedule as it was chosen, and trains on all images.",
        ),
        Claim(p, "cifar.test_views", lambda: len({recipe.preparation.test.in_memory(32, 32)} & {None})),
        Claim(p, "cifar.epochs", lambda: passes(SETS["cifar10"].full.train), close(0.005)),
        Claim(p, "cifar.epochs_of_split", lambda: passes(p["cifar.train_split"]), close(0.005)),
        Claim(p, "cifar.pad", lambda: _cut_of_cifar().pad),
        Claim(p, "cifar.crop", _padded_crop),
    ]


def _dropouts(network: keras.Model) -> int:
    return len(_kinds(network, keras.layers.Dropout))


def _result_claims() -> list[Claim]:
    p = _PAPER
    vgg, googlenet = papers.paper("simonyan2015"), papers.paper("szegedy2015")
    same: dict[str, Callable[[], object]] = {
        "ten_crops.googlenet.top5": lambda: googlenet["tests.one_net_ten_crops.top5"],
        "best.googlenet.top5": lambda: googlenet["tests.one_net_144_crops.top5"],
        "best.vgg_2015": lambda: [vgg["one_net.top1"], vgg["one_net.top5"]],
        "ensembles.vgg_2015.top5": lambda: vgg["two_nets.both.top5_test"],
    }
    slip = "GoogLeNet's own paper has another last digit for the same entry."
    theirs = ["ten_crops.prelu_net", "best.prelu_net", "best.bn_inception", "best.vgg_submission"]
    ours = [f"resnet{depth}" for depth in ("34_b", "34_c", 50, 101, 152)]
    first = ["plain18", "resnet18", "vgg16", "plain34", "resnet34_a"]
    plain, residual = (
        tuple(f"{kind}{depth}_short" for depth in SHORT_DEPTHS) for kind in ("plain", "resnet")
    )
    return [
        *(Claim(p, key, right) for key, right in same.items()),
        Claim(p, "ensembles.googlenet.top5", lambda: googlenet["ensemble.top5"], deviation=slip, slip=True),
        Claim(p, "ensembles.vgg.top5", lambda: vgg["submission.top5_test"], close(0.05)),
        *quoted(p, [f"ten_crops.{net}" for net in (*first, *ours)], _NOT_RUN),
        *quoted(p, [*(f"best.{net}" for net in ours), "ensemble", "one_crop.*"], _NOT_RUN),
        *quoted(p, [*theirs, "ensembles.prelu_net", "ensembles.bn_inception", "cifar.others.*"], _OTHERS),
        *quoted(p, ["nets", "plain_training_error", "longer_training"], _NOT_RUN),
        *quoted(p, ["rank"], "History: the outcome of a competition, which cannot be repeated."),
        Claim(p, "cifar.plain_order", _plain_order, deviation=_SHORTER, records=plain),
        Claim(p, "cifar.responses", _responses, deviation=_SHORTER, records=(*plain, *residual)),
        *quoted(
            p,
            [
                *("cifar.resnet*.test_error", "cifar.plain*.test_error", "cifar.plain110.error_above"),
                *("cifar.resnet110.mean_test_error", "cifar.resnet110.test_error_deviation"),
                "cifar.resnet1202.train_error",
            ],
            _CIFAR_NOT_RUN,
        ),
    ]


def _plain_order() -> str | None:
    """Whether training and test error rise from the shallowest to the deepest recorded plain network."""
    names = [f"plain{depth}_short" for depth in SHORT_DEPTHS]
    if not set(names) <= set(records.names()):
        return None
    shallow, deep = (records.load(name)[0] for name in names)
    rises = [
        of(deep) > of(shallow)
        for of in (lambda run: run["history"]["train_error"][-1], lambda run: run["result"]["test_error"])
    ]
    return "rise" if all(rises) else "do not both rise"


def _responses() -> str:
    """At each depth, by which average residual networks respond less than plain ones."""
    measured = records.responses()

    def smaller(depth: int, average: Callable[[list[float]], float]) -> bool:
        return average(measured[f"resnet{depth}_short"]) < average(measured[f"plain{depth}_short"])

    found = {
        depth: [word for word, average in _AVERAGES.items() if smaller(depth, average)]
        for depth in SHORT_DEPTHS
    }
    if all(len(words) == len(_AVERAGES) for words in found.values()):
        return "smaller"
    return "; ".join(f"{depth} layers: by {' and '.join(words) or 'none'}" for depth, words in found.items())


def _chapter_claims() -> list[Claim]:
    """What the chapter prints of ResNet, with what is right; the errata have the words."""

    def paths() -> list[list[keras.Layer]]:
        return [path for depth in models.resnet.STAGES for path in _main_paths(_network(depth)).values()]

    def values(count: Callable[[list[keras.Layer]], int]) -> list[int]:
        return sorted({count(path) for path in paths()})

    def lighter() -> bool:
        vgg19 = audit.count(models.VGG19)["macs"]
        return all(_total("macs", depth) < vgg19 for depth in (50, 101, 152))

    def reduce(convolutions: list[keras.Layer]) -> bool:
        """Whether any of some convolutions has fewer maps than its input."""
        return any(layer.filters < layer.input.shape[-1] for layer in convolutions)

    deep = lambda: [_network(depth) for depth in (50, 101, 152)]  # noqa: E731 - two claims use it
    last = lambda: [path[-1] for network in deep() for path in _main_paths(network).values()]  # noqa: E731
    projections = lambda: [layer for network in deep() for layer in _projections(network)]  # noqa: E731
    return [
        erratum("resnet.depths", lambda: list(models.resnet.STAGES)),
        Claim(_CHAPTER, "resnet.lighter", lighter),
        erratum("resnet.top5", lambda: _PAPER["best.resnet152.top5"]),
        erratum("resnet.block_convolutions", lambda: values(len)),
        erratum("resnet.block_starts_with", lambda: values(lambda path: path[0].kernel_size[0])),
        erratum("resnet.relus_before_sum", _relus_before_sum),
        erratum("resnet.last_reduces", lambda: reduce(last())),
        erratum("resnet.shortcut_reduces", lambda: reduce(projections())),
    ]


def _relus_before_sum() -> int:
    """Activations of a bottleneck block between its input and the sum."""
    names = [row.name for row in _rows(50) if row.name.startswith("conv2_block2_")]
    return sum(name.endswith("_relu") for name in names[: names.index("conv2_block2_add")])


def claims() -> list[Claim]:
    """Every claim about ResNet."""
    return [
        *_network_claims(),
        *_cifar_claims(),
        *_learning_claims(),
        *_result_claims(),
        *_chapter_claims(),
    ]
