"""The claims of AlexNet, of the networks for CIFAR-10 beside it, and of what the chapter says of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import keras
import numpy as np
from PIL import Image

from cnnbook.ledger.claim import (
    Claim,
    close,
    epochs_to,
    quoted,
    recorded_error,
    sgd_claims,
    within_sampling,
    without_weights,
)
from cnnbook.papers.chapter import CHAPTER
from cnnbook.papers.krizhevsky2012 import KRIZHEVSKY2012
from cnnlib import audit, layers, models
from cnnlib.data.augmentation import PCAColour, RandomCrop
from cnnlib.data.sets import SETS
from cnnlib.data.views import RandomView, TenCrop
from cnnlib.recipe import RECIPES

_PAPER = KRIZHEVSKY2012
_within_ten_thousand = within_sampling(SETS["cifar10"].full.test)
_NOT_RUN = "Not run here: it takes a full training on ImageNet."
_SHORT = "Ours is one run of {ours} epochs, where the authors' took {theirs} or more: too short to compare."


@cache
def _network(groups: int = 2) -> keras.Model:
    return without_weights(lambda: models.AlexNet(groups=groups))


def _network_at(side: int) -> keras.Model:
    return without_weights(lambda: models.AlexNet(input_shape=(side, side, 3)))


@cache
def _cifar_network() -> keras.Model:
    return without_weights(models.CudaConvnet)


@cache
def _rows(groups: int = 2) -> dict[str, audit.Row]:
    return {row.name: row for row in audit.table(_network(groups))}


@cache
def _cifar_rows() -> dict[str, audit.Row]:
    return {row.name: row for row in audit.table(_cifar_network())}


def _total(column: str, groups: int = 2) -> int:
    return audit.totals(_rows(groups).values())[column]


def _layers(rows: dict[str, audit.Row], names: dict) -> dict:
    """Shape, parameters and multiply-adds of the named layers, and of all others with weights."""
    return {
        name: (row.output_shape, row.params, row.macs)
        for name, row in rows.items()
        if name in names or row.params
    }


def _kinds(kind: type[keras.Layer]) -> list[keras.Layer]:
    return [layer for layer in _network().layers if isinstance(layer, kind)]


def _only(values: list) -> int | float | None:
    """The one value that all have; None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _after(kind: type[keras.Layer]) -> str:
    """The layers with weights that a layer of this kind follows."""
    found, last = [], ""
    for layer in _network().layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            last = layer.name
        elif isinstance(layer, kind):
            found.append(last)
    return ", ".join(found)


def _weighted() -> list[keras.Layer]:
    return _kinds(keras.layers.Conv2D) + _kinds(keras.layers.Dense)


def _biases_of_one() -> str:
    initial = {layer.name: float(layer.bias_initializer((1,), dtype="float32")[0]) for layer in _weighted()}
    return ", ".join(name for name, value in initial.items() if value == 1)


def _deviation(layer: keras.Layer) -> float:
    """Standard deviation of a layer's initial weights, to one digit, on a sample of them."""
    sample = np.asarray(keras.ops.convert_to_numpy(layer.kernel_initializer((200, 500), dtype="float32")))
    return float(f"{sample.std():.0e}")


def _map_sides(network: keras.Model) -> str:
    shapes = {row.name: row.output_shape for row in audit.table(network)}
    return ", ".join(str(shapes[name][0]) for name in ("conv1", "pool1", "pool2", "pool5"))


def _units() -> dict[str, int]:
    return {name: math.prod(row.output_shape) for name, row in _rows().items() if row.params}


def _units_printed() -> int:
    return _PAPER["conv1_units"] + sum(_PAPER["later_units"].values())


def _conv1_units_as() -> tuple[int, ...] | None:
    """The paper's units of conv1 as height, width and maps, the width whatever makes the product right."""
    height, _, maps = _rows()["conv1"].output_shape
    width, rest = divmod(_PAPER["conv1_units"], height * maps)
    return None if rest else (height, width, maps)


def _share(column: str, *names: str) -> float:
    """Share of some layers in a total, in %."""
    return 100 * sum(getattr(_rows()[name], column) for name in names) / _total(column)


def _of_kind(letters: str) -> list[str]:
    return [name for name, row in _rows().items() if name.startswith(letters) and row.params]


def _one_tower(maps: tuple[int, ...] = (64, 192, 384, 256, 256)) -> dict[str, int]:
    """Count AlexNet as one tower of other widths."""
    conv, pool = keras.layers.Conv2D, keras.layers.MaxPooling2D

    def build() -> dict[str, int]:
        image = keras.Input((227, 227, 3))
        x = pool(3, 2)(conv(maps[0], 11, 4)(image))
        x = pool(3, 2)(conv(maps[1], 5, padding="same")(x))
        for width in maps[2:]:
            x = conv(width, 3, padding="same")(x)
        x = keras.layers.Flatten()(pool(3, 2)(x))
        for units in (4096, 4096, 1000):
            x = keras.layers.Dense(units)(x)
        return audit.totals(audit.table(keras.Model(image, x)))

    return without_weights(build)


@cache
def _normalisation() -> dict:
    return layers.LocalResponseNormalization().get_config()


def _cifar_normalisation(name: str) -> float | None:
    """A constant of the response normalisation in the network for CIFAR-10, as that program writes it."""
    found = [
        layer.get_config()
        for layer in _cifar_network().layers
        if isinstance(layer, layers.LocalResponseNormalization)
    ]
    # The program divides alpha by the number of maps, and our layer does not.
    factor = _PAPER["cifar_lrn_n"] if name == "alpha" else 1
    return _only([config[name] * factor for config in found])


def _l2_factor() -> float:
    """The factor of Keras's L2 penalty whose gradient is the paper's share of the weight."""
    penalty, step = keras.regularizers.L2(1.0), 2**-6
    at = [float(penalty(keras.ops.full((1,), 1 + shift))) for shift in (-step, step)]
    return _PAPER["weight_decay"] / ((at[1] - at[0]) / (2 * step))


def _dropout_at_test() -> float:
    """What Keras's Dropout gives at test over what a unit that stays gives in training."""
    dropout, ones = keras.layers.Dropout(_PAPER["dropout"], seed=0), keras.ops.ones((100,))
    return float(keras.ops.max(dropout(ones, training=False)) / keras.ops.max(dropout(ones, training=True)))


def _test_crops() -> int:
    return len(TenCrop()(Image.new("RGB", (300, 256)), np.zeros(0)))


def _crop_places(border: int) -> int:
    view = RandomView()
    return 2 * (view.shorter[0] - view.size + border) ** 2


def _network_claims() -> list[Claim]:
    p = _PAPER
    first = lambda: _network().get_layer("conv1")  # noqa: E731 - six claims use it
    return [
        Claim(
            p,
            "input_side",
            lambda: _network().input_shape[1],
            deviation=("A misprint, or padding left unsaid: without it conv1 has no whole number of places."),
        ),
        Claim(p, "input_values", lambda: 3 * p["input_side"] ** 2),
        Claim(
            p,
            "conv1_places",
            lambda: (p["input_side"] - first().kernel_size[0]) / first().strides[0] + 1,
        ),
        Claim(p, "input_side_unpadded", lambda: _network().input_shape[1]),
        Claim(p, "map_sides", lambda: _map_sides(_network())),
        Claim(p, "map_sides_padded", lambda: _map_sides(_network_at(p["input_side"]))),
        Claim(p, "weight_layers", lambda: len(_weighted())),
        Claim(p, "convolutions", lambda: len(_kinds(keras.layers.Conv2D))),
        Claim(p, "dense_layers", lambda: len(_kinds(keras.layers.Dense))),
        Claim(
            p,
            "kernels",
            lambda: {layer.name: tuple(layer.kernel.shape) for layer in _kinds(keras.layers.Conv2D)},
        ),
        Claim(p, "conv1_stride", lambda: first().strides[0]),
        Claim(
            p,
            "pool_window",
            lambda: _only([pool.pool_size[0] for pool in _kinds(keras.layers.MaxPooling2D)]),
        ),
        Claim(
            p, "pool_stride", lambda: _only([pool.strides[0] for pool in _kinds(keras.layers.MaxPooling2D)])
        ),
        Claim(p, "pools_after", lambda: _after(keras.layers.MaxPooling2D)),
        Claim(p, "lrn_after", lambda: _after(layers.LocalResponseNormalization)),
        Claim(p, "classes", lambda: _network().output_shape[-1]),
        *_count_claims(),
        Claim(p, "lrn_k", lambda: _normalisation()["k"]),
        Claim(p, "lrn_n", lambda: _normalisation()["size"]),
        Claim(p, "lrn_alpha", lambda: _normalisation()["alpha"]),
        Claim(p, "lrn_beta", lambda: _normalisation()["beta"]),
        Claim(
            p,
            "lrn_alpha_divided",
            lambda: _normalisation()["alpha"] * _normalisation()["size"],
            close(1e-9),
        ),
    ]


def _count_claims() -> list[Claim]:
    p = _PAPER
    return [
        Claim(p, "layer_table", lambda: _layers(_rows(), p["layer_table"])),
        Claim(p, "parameters", lambda: _total("params")),
        Claim(
            p,
            "million_parameters",
            lambda: round(_total("params") / 1e6),
            deviation=f"The paper's is a round number: the layers it describes have {p['parameters']:,}.",
        ),
        Claim(p, "multiply_adds", lambda: _total("macs")),
        Claim(
            p,
            "neurons",
            lambda: round(sum(_units().values()), -4),
            deviation=(
                f"The paper's is a round number, between the units counted by the maps ({p['units']:,}) and "
                f"those that its figure 2 adds up to ({p['units_printed']:,})."
            ),
        ),
        Claim(p, "units", lambda: sum(_units().values())),
        Claim(p, "units_printed", _units_printed),
        Claim(
            p,
            "conv1_units",
            lambda: _units()["conv1"],
            deviation="A misprint: the figure has "
            f"{audit.shape_text(p['conv1_units_as'])} for {audit.shape_text(p['layer_table']['conv1'][0])}.",
        ),
        Claim(p, "conv1_units_as", _conv1_units_as),
        Claim(
            p,
            "later_units",
            lambda: {name: units for name, units in _units().items() if name != "conv1"},
        ),
        Claim(
            p,
            "convolution_limit",
            lambda: max(_share("params", name) for name in _of_kind("conv")),
            lambda expected, ours: ours <= expected,
            f"Two of the five exceed it: conv3 holds {p['conv3_share']} % and conv4 {p['conv4_share']} %.",
        ),
        Claim(p, "conv3_share", lambda: _share("params", "conv3"), close(0.005)),
        Claim(p, "conv4_share", lambda: _share("params", "conv4"), close(0.005)),
        Claim(p, "dense_share", lambda: _share("params", *_of_kind("fc")), close(0.05)),
        Claim(p, "convolution_work", lambda: _share("macs", *_of_kind("conv")), close(0.05)),
        Claim(p, "parameters_one_group", lambda: _total("params", groups=1)),
        Claim(p, "multiply_adds_one_group", lambda: _total("macs", groups=1)),
        Claim(p, "parameters_one_tower", lambda: _one_tower()["params"]),
        Claim(p, "multiply_adds_one_tower", lambda: _one_tower()["macs"]),
        Claim(p, "parameters_one_gpu", lambda: _one_tower((48, 128, 192, 192, 256))["params"]),
    ]


def _learning_claims() -> list[Claim]:
    p = _PAPER
    return [
        Claim(p, "decay_as_l2", _l2_factor, close(1e-9)),
        Claim(p, "initial_deviation", lambda: _only([_deviation(layer) for layer in _weighted()])),
        Claim(p, "biases_of_one", _biases_of_one),
        Claim(p, "updates", lambda: p["epochs"] * p["train_images"] // p["batch_size"]),
        Claim(p, "dropout", lambda: _only([layer.rate for layer in _kinds(keras.layers.Dropout)])),
        Claim(p, "dropout_layers", lambda: _after(keras.layers.Dropout)),
        Claim(p, "dropout_at_test", _dropout_at_test),
        Claim(p, "resized_side", lambda: _only(list(RandomView().shorter))),
        Claim(p, "crop_side", lambda: RandomView().size),
        Claim(
            p,
            "crop_factor",
            lambda: _crop_places(border=1),
            deviation=(
                "A square fits into a larger one in one more place than the difference of their sides, "
                "which is what the paper counts."
            ),
        ),
        Claim(p, "crop_factor_counted", lambda: _crop_places(border=1)),
        Claim(p, "colour_deviation", lambda: PCAColour(np.eye(3)).sigma),
        Claim(p, "test_crops", _test_crops),
        *sgd_claims(p, RECIPES["alexnet"]),
        Claim(p, "epochs", lambda: RECIPES["alexnet"].epochs),
        *quoted(p, ["train_images"], "The paper's round number of ImageNet's training images."),
        *quoted(p, ["gpus", "gpu_memory", "hardware"], "History: what the authors trained on, and how long."),
        *quoted(p, ["bias_caffe"], "What those found who repeated the training with another program."),
        *quoted(
            p, ["colour_eigenvalues", "colour_axes"], "Measured by others, on images this book does not load."
        ),
    ]


def _result_claims() -> list[Claim]:
    results = [
        *("ilsvrc2010", "ilsvrc2010_one_crop", "ilsvrc2010_sift", "ilsvrc2010_sparse"),
        *("one_net", "five_nets", "five_nets_test", "pretrained_net", "seven_nets", "seven_nets_test"),
        *("runner_up_test", "autumn_2009", "caffe_accuracy"),
        *("two_gpus_gain", "lrn_gain", "overlap_gain", "middle_layer_loss", "colour_gain"),
        "dropout_slowdown",
    ]
    return quoted(_PAPER, results, _NOT_RUN)


def _short(name: str) -> str:
    return _SHORT.format(ours=RECIPES[name].epochs, theirs=RECIPES[name.removesuffix("_short")].epochs)


def _figure_1_claims() -> list[Claim]:
    p = _PAPER

    def epochs(activation: str) -> int | str | None:
        found = epochs_to(f"four_layers_{activation}", p["relu_error"])
        return found and (found[0] if found[1] else f"more than {found[0]}")

    def speed() -> float | str | None:
        relu, tanh = (epochs_to(f"four_layers_{name}", p["relu_error"]) for name in ("relu", "tanh"))
        if not relu or not tanh or not relu[1]:
            return None
        ratio = round(tanh[0] / relu[0], 1)
        return ratio if tanh[1] else f"more than {ratio}"

    relu, tanh = "four_layers_relu", "four_layers_tanh"
    other = "In another network than the paper's, which is not described, and with other rates."
    return [
        *quoted(p, ["relu_error"], "Where the figure reads its speeds off; ours are read off there too."),
        Claim(p, "relu_speed", speed, deviation=other, records=(relu, tanh)),
        Claim(p, "relu_epochs", lambda: epochs("relu"), deviation=other, records=(relu,)),
        Claim(p, "tanh_epochs", lambda: epochs("tanh"), deviation=other, records=(tanh,)),
    ]


def _cifar_claims() -> list[Claim]:
    p = _PAPER
    crop, full = RandomCrop(), RECIPES["cuda_convnet"]
    return [
        *_figure_1_claims(),
        *(
            Claim(p, key, partial(recorded_error, name), _within_ten_thousand, _short(name), (name,))
            for key, name in (
                ("cifar_error", "cuda_convnet_short"),
                ("cifar_error_lrn", "cuda_convnet_lrn_short"),
            )
        ),
        *quoted(p, ["cifar_minutes"], "History: on a graphics card of the time."),
        Claim(p, "cifar_layer_table", lambda: _layers(_cifar_rows(), p["cifar_layer_table"])),
        Claim(p, "cifar_parameters", lambda: audit.totals(_cifar_rows().values())["params"]),
        Claim(p, "cifar_multiply_adds", lambda: audit.totals(_cifar_rows().values())["macs"]),
        Claim(
            p,
            "cifar_deviations",
            lambda: {
                layer.name: _deviation(layer) for layer in _cifar_network().layers if layer.trainable_weights
            },
        ),
        Claim(p, "cifar_lrn_n", lambda: _cifar_normalisation("size")),
        Claim(p, "cifar_lrn_alpha", lambda: _cifar_normalisation("alpha"), close(1e-9)),
        Claim(p, "cifar_lrn_beta", lambda: _cifar_normalisation("beta")),
        Claim(p, "cifar_lrn_k", lambda: _cifar_normalisation("k")),
        Claim(p, "cifar_crop", lambda: crop.size),
        Claim(p, "cifar_border", lambda: (crop.source[0] - crop.size) // 2),
        Claim(p, "cifar_views", _test_crops),
        Claim(
            p,
            "cifar_rates",
            lambda: (full.rates[0], full.rates[0]),
            deviation="Ours gives biases the rate of the weights, which the program gives twice that.",
        ),
        Claim(p, "cifar_momentum", lambda: full.optimizer_settings["momentum"]),
        Claim(p, "cifar_weight_decay", lambda: full.network_settings["decay"]),
        Claim(p, "cifar_batch_size", lambda: full.batch_size),
        *quoted(
            p,
            ["cifar_epochs"],
            f"Our recipe for a full training has {full.epochs} epochs on all images; none has been run.",
        ),
    ]


def _chapter_claims() -> list[Claim]:
    """What the chapter prints of AlexNet and does not hold; the errata have the words."""

    def erratum(key: str, right: Callable[[], object], number: int) -> Claim:
        return Claim(CHAPTER, key, right, deviation=f"See number {number} of the errata for what is right.")

    counted = keras.layers.Conv2D | keras.layers.MaxPooling2D | keras.layers.Dense
    return [
        Claim(CHAPTER, "alexnet_million_parameters", lambda: _PAPER["million_parameters"]),
        Claim(CHAPTER, "alexnet_neurons", lambda: _PAPER["neurons"]),
        erratum(
            "alexnet_last_layer",
            lambda: sum(isinstance(layer, counted) for layer in _network().layers),
            14,
        ),
        erratum("alexnet_dense_layers", lambda: len(_kinds(keras.layers.Dense)), 17),
        erratum("alexnet_l2", _l2_factor, 21),
        erratum("alexnet_gpus", lambda: _PAPER["gpus"], 22),
        erratum("alexnet_top5", lambda: _PAPER["one_net"][1], 23),
        erratum("alexnet_convolutions_before_pools", _convolutions_before_pools, 24),
    ]


def _convolutions_before_pools() -> str:
    """How many convolutions stand before each pool, since the pool before."""
    runs = [0]
    for layer in _network().layers:
        if isinstance(layer, keras.layers.Conv2D):
            runs[-1] += 1
        elif isinstance(layer, keras.layers.MaxPooling2D):
            runs.append(0)
    return ", ".join(map(str, runs[:-1]))


def claims() -> list[Claim]:
    """Every claim about AlexNet."""
    return [
        *_network_claims(),
        *_learning_claims(),
        *_result_claims(),
        *_cifar_claims(),
        *_chapter_claims(),
    ]
