"""The claims of ResNet, and of what the chapter says of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from functools import cache
from itertools import accumulate

import keras
import numpy as np
from PIL import Image

from cnnbook.ledger.claim import Claim, close, quoted, sgd_claims, without_weights
from cnnbook.papers.chapter import CHAPTER
from cnnbook.papers.he2016 import HE2016
from cnnbook.papers.simonyan2015 import SIMONYAN2015
from cnnbook.papers.szegedy2015 import SZEGEDY2015
from cnnlib import audit, layers, models, records
from cnnlib.data.augmentation import PadCrop
from cnnlib.data.sets import FOLDERS, SETS
from cnnlib.recipe import RECIPES
from cnnlib.recipe.resnet import SHORT_DEPTHS

_PAPER = HE2016
_NOT_RUN = "Not run here: it takes a full training on ImageNet."
_CIFAR_NOT_RUN = (
    f"Not run here: it takes some {_PAPER['cifar_epochs']:.0f} epochs on CIFAR-10 for each network."
)
_SHORTER = "In networks with half of the maps, trained for a sixteenth of the paper's updates."
_AVERAGES: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
}
_OTHERS = "The results of others, which the paper compares itself with."
_TRAIN_IMAGES = FOLDERS["imagenet"].train


@cache
def _network(depth: int, option: str = "", stride_in: str = "1x1") -> keras.Model:
    """A network for ImageNet; the options are A, B, C, plain and, where none is given, the paper's own."""
    settings = {"residual": False} if option == "plain" else {"shortcut": option or None}
    return without_weights(lambda: models.ResNet(depth, stride_in=stride_in, **settings))


@cache
def _cifar_network(depth: int, option: str = "A") -> keras.Model:
    settings = {"residual": False} if option == "plain" else {"shortcut": option}
    return without_weights(lambda: models.ResNetCIFAR(depth, **settings))


@cache
def _rows(depth: int, option: str = "", stride_in: str = "1x1") -> list[audit.Row]:
    return audit.table(_network(depth, option, stride_in))


def _total(column: str, depth: int, option: str = "", stride_in: str = "1x1") -> int:
    return audit.totals(_rows(depth, option, stride_in))[column]


def _totals(column: str, names: dict[str, int], stride_in: str = "1x1") -> dict[str, int]:
    """Totals of networks that are named by depth and option."""
    found = {}
    for name in names:
        depth, option = name.split()
        found[name] = _total(column, int(depth), option, stride_in)
    return found


def _each(count: Callable[[keras.Model], object]) -> dict[int, object]:
    return {depth: count(_network(depth)) for depth in _PAPER["blocks"]}


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


def _blocks(network: keras.Model) -> str:
    return ", ".join(str(len(blocks)) for blocks in _stages(network).values())


def _kernels(*depths: int) -> object | None:
    """Sides of the kernels in a block, if all blocks of some networks have the same."""
    paths = [path for depth in depths for path in _main_paths(_network(depth)).values()]
    return _only([", ".join(str(layer.kernel_size[0]) for layer in path) for path in paths])


def _stage_maps(network: keras.Model) -> str:
    return ", ".join(str(blocks[0][0].filters) for blocks in _stages(network).values())


def _factor() -> object | None:
    paths = [path for depth in (50, 101, 152) for path in _main_paths(_network(depth)).values()]
    return _only([path[-1].filters / path[0].filters for path in paths])


def _window(layer: keras.Layer) -> str:
    """Side and step of a layer's window."""
    side = layer.pool_size if hasattr(layer, "pool_size") else layer.kernel_size
    return f"{side[0]}, {layer.strides[0]}"


def _map_sides(network: keras.Model) -> str:
    """Sides of the maps of the first convolution and of the end of each stage."""
    first = network.get_layer("conv1_conv")
    ends = [blocks[-1][-1] for blocks in _stages(network).values()]
    return ", ".join(str(layer.output.shape[1]) for layer in (first, *ends))


def _halving() -> object | None:
    found = [
        ", ".join(
            name
            for name, path in _main_paths(_network(depth)).items()
            if any(layer.strides[0] > 1 for layer in path)
        )
        for depth in _PAPER["blocks"]
    ]
    return _only(found)


def _block_order() -> str:
    words = {"Conv2D": "convolution", "BatchNormalization": "normalisation", "Activation": "ReLU"}
    start = "conv2_block1_1_"
    return ", ".join(words[row.kind] for row in _rows(50) if row.name.startswith(start))


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

    return without_weights(lambda: build("projection") / build("identity"))


def _network_claims() -> list[Claim]:
    p = _PAPER
    dense = keras.layers.Dense
    pools = lambda: _kinds(_network(50), keras.layers.MaxPooling2D)  # noqa: E731
    return [
        Claim(p, "input_side", lambda: _network(50).input_shape[1]),
        Claim(p, "blocks", lambda: _each(_blocks)),
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
        Claim(p, "weight_layers", lambda: _each(_weight_layers)),
        Claim(
            p,
            "thousand_million",
            lambda: {depth: _total("macs", depth) / 1e9 for depth in p["thousand_million"]},
            _rounded_or_cut,
        ),
        Claim(p, "block_order", _block_order),
        Claim(p, "convolution_bias"),
        Claim(p, "parameters", lambda: _totals("params", p["parameters"])),
        Claim(p, "multiply_adds", lambda: _totals("macs", p["multiply_adds"])),
        Claim(p, "multiply_adds_3x3", lambda: _totals("macs", p["multiply_adds_3x3"], "3x3")),
        Claim(p, "projections", _counted_projections),
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
    named = {name: name.split() for name in _PAPER["projections"]}
    return {name: len(_projections(_network(int(depth), option))) for name, (depth, option) in named.items()}


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
    return {depth: _cifar_counts(int(depth), option)[column] for depth in _PAPER["cifar_parameters"]}


def _cifar_option() -> str:
    padded = _kinds(_cifar_network(20), layers.PaddedShortcut)
    return "A" if padded and not _projections(_cifar_network(20)) else "not A"


def _cifar_claims() -> list[Claim]:
    p = _PAPER
    small = lambda: _cifar_network(20)  # noqa: E731 - four claims use it
    counts = lambda: [_cifar_counts(depth) for depth in p["cifar_depths"].values()]  # noqa: E731
    return [
        Claim(p, "cifar_input_side", lambda: small().input_shape[1]),
        Claim(p, "cifar_maps", lambda: _stage_maps(small())),
        Claim(p, "cifar_map_sides", lambda: _map_sides(small()).partition(", ")[2]),
        Claim(p, "cifar_depths", lambda: {f"n = {found['blocks']}": found["layers"] for found in counts()}),
        Claim(p, "cifar_shortcuts", lambda: _cifar("shortcuts")),
        Claim(p, "cifar_option", _cifar_option),
        Claim(
            p,
            "cifar_million",
            lambda: {depth: params / 1e6 for depth, params in _cifar("params").items()},
            _rounded_or_cut,
        ),
        Claim(p, "cifar_parameters", lambda: _cifar("params")),
        Claim(p, "cifar_parameters_plain", lambda: _cifar("params", "plain")),
        Claim(p, "cifar_parameters_b", lambda: _cifar("params", "B")),
        Claim(p, "cifar_multiply_adds", lambda: _cifar("macs")),
    ]


def _test_crops() -> int:
    view = RECIPES["resnet50"].build_view(test=True)
    return len(view(Image.new("L", (300, 256)), np.zeros(0)))


def _padded_crop() -> int:
    """Side of what is left of an image of CIFAR-10 when it has been padded and cropped."""
    images = np.zeros((1, 32, 32, 1), "float32")
    return PadCrop()(keras.ops.convert_to_tensor(images), keras.ops.zeros((1, 2))).shape[1]


def _learning_claims() -> list[Claim]:
    p = _PAPER
    recipe = RECIPES["resnet50"]
    return [
        *sgd_claims(p, recipe),
        Claim(p, "scales", lambda: " to ".join(map(str, recipe.build_view().shorter))),
        *quoted(p, ["updates"], "Our recipe counts epochs instead; see below."),
        Claim(p, "epochs", lambda: p["updates"] * p["batch_size"] / _TRAIN_IMAGES, close(0.05)),
        Claim(p, "dropout_layers", lambda: sum(_each(_dropouts).values())),
        Claim(p, "initial_weights"),
        Claim(p, "crop_side", lambda: recipe.build_view().size),
        Claim(p, "test_crops", _test_crops),
        *quoted(p, ["test_scales"], "Our recipe tests with ten crops, as the paper does to compare."),
        *quoted(
            p,
            ["gpus", "images_per_gpu", "cifar_gpus"],
            "History: what the authors trained on; a network of ours trains on any machine.",
        ),
        *quoted(p, ["statistics"], "Of the networks that the authors released, which we did not train."),
        *_cifar_learning_claims(),
    ]


def _cifar_learning_claims() -> list[Claim]:
    p = _PAPER
    recipe, warmed_up = RECIPES["resnet20"], RECIPES["resnet110"]

    def passes(images: int) -> float:
        return p["cifar_updates"] * p["cifar_batch_size"] / images

    return [
        *sgd_claims(p, recipe, "cifar_"),
        Claim(
            p,
            "cifar_rate_falls",
            lambda: dict(zip(p["cifar_rate_falls"], accumulate(recipe.hold), strict=False)),
        ),
        Claim(p, "cifar_updates", lambda: sum(recipe.hold)),
        Claim(p, "cifar_warm_up_rate", lambda: warmed_up.rates[0]),
        Claim(p, "cifar_warm_up_updates", lambda: warmed_up.hold[0]),
        *quoted(p, ["cifar_warm_up_error"], "Our recipe counts the updates of the warm-up instead."),
        *quoted(
            p,
            ["cifar_train_split", "cifar_validation_split"],
            "Our recipe takes the schedule as it was chosen, and trains on all images.",
        ),
        Claim(p, "cifar_views", lambda: 1 if recipe.build_crops(test=True) is None else None),
        Claim(p, "cifar_epochs", lambda: passes(SETS["cifar10"].full.train), close(0.005)),
        Claim(p, "cifar_epochs_of_split", lambda: passes(p["cifar_train_split"]), close(0.005)),
        Claim(p, "cifar_pad", lambda: PadCrop().pad),
        Claim(p, "cifar_crop", _padded_crop),
    ]


def _dropouts(network: keras.Model) -> int:
    return len(_kinds(network, keras.layers.Dropout))


def _result_claims() -> list[Claim]:
    p = _PAPER
    same = {
        "googlenet_ten_crops": lambda: SZEGEDY2015["one_net_ten_crops"],
        "googlenet_best": lambda: SZEGEDY2015["one_net_144_crops"],
        "googlenet_nets": lambda: SZEGEDY2015["submission_test"],
        "vgg_2015_best": lambda: SIMONYAN2015["one_net"][:2],
        "vgg_2015_nets": lambda: SIMONYAN2015["two_nets"][2],
    }
    slip = {"googlenet_nets": "GoogLeNet's own paper has another last digit for the same entry."}
    kinds = ("_ten_crops", "_best", "_one_crop", "_nets")
    keys = [key for key in p.facts if key.endswith(kinds) and key not in (*same, "vgg_nets")]
    theirs = [key for key in keys if key.startswith(("prelu_net", "bn_inception"))]
    plain, residual = (
        tuple(f"{kind}{depth}_short" for depth in SHORT_DEPTHS) for kind in ("plain", "resnet")
    )
    return [
        *(Claim(p, key, ours, deviation=slip.get(key, "")) for key, ours in same.items()),
        Claim(p, "vgg_nets", lambda: SIMONYAN2015["submission"][2], close(0.05)),
        *quoted(p, [key for key in keys if key not in theirs], _NOT_RUN),
        *quoted(p, [*theirs, "vgg_submission", "cifar_others"], _OTHERS),
        *quoted(p, ["nets", "plain_training_error", "longer_training"], _NOT_RUN),
        *quoted(p, ["place"], "History: the outcome of a competition, which cannot be repeated."),
        Claim(p, "cifar_plain_order", _plain_order, deviation=_SHORTER, records=plain),
        Claim(p, "cifar_responses", _responses, deviation=_SHORTER, records=(*plain, *residual)),
        *quoted(
            p,
            [
                *("cifar_errors", "cifar_error_110_mean", "cifar_error_110_deviation", "cifar_plain"),
                *("cifar_training_error_1202", "cifar_plain_110"),
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

    def erratum(key: str, right: Callable[[], object], number: int) -> Claim:
        return Claim(CHAPTER, key, right, deviation=f"See number {number} of the errata for what is right.")

    def paths() -> list[list[keras.Layer]]:
        return [path for depth in _PAPER["blocks"] for path in _main_paths(_network(depth)).values()]

    def values(count: Callable[[list[keras.Layer]], int]) -> str:
        return ", ".join(str(value) for value in sorted({count(path) for path in paths()}))

    def lighter() -> str:
        vgg19 = audit.totals(audit.table(without_weights(models.VGG19)))["macs"]
        return "yes" if all(_total("macs", depth) < vgg19 for depth in (50, 101, 152)) else "no"

    def yes_if_fewer(convolutions: list[keras.Layer]) -> str:
        """Whether any of some convolutions has fewer maps than its input."""
        return "yes" if any(layer.filters < layer.input.shape[-1] for layer in convolutions) else "no"

    deep = lambda: [_network(depth) for depth in (50, 101, 152)]  # noqa: E731 - two claims use it
    last = lambda: [path[-1] for network in deep() for path in _main_paths(network).values()]  # noqa: E731
    projections = lambda: [layer for network in deep() for layer in _projections(network)]  # noqa: E731
    return [
        erratum("resnet_depths", lambda: ", ".join(map(str, models.resnet.STAGES)), 57),
        Claim(CHAPTER, "resnet_lighter", lighter),
        erratum("resnet_top5", lambda: _PAPER["resnet152_best"][1], 57),
        erratum("resnet_block_convolutions", lambda: values(len), 61),
        erratum("resnet_block_starts_with", lambda: values(lambda path: path[0].kernel_size[0]), 61),
        erratum("resnet_relus_before_sum", _relus_before_sum, 62),
        erratum("resnet_last_reduces", lambda: yes_if_fewer(last()), 63),
        erratum("resnet_shortcut_reduces", lambda: yes_if_fewer(projections()), 64),
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
