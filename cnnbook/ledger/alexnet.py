"""The claims of AlexNet, of the networks for CIFAR-10 beside it, and of what the chapter says of them."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import Any

import keras
import numpy as np
from PIL import Image

from cnnbook import papers
from cnnbook.cuda_convnet import CudaConvnet
from cnnbook.ledger.claim import (
    Claim,
    close,
    epochs_to,
    erratum,
    quoted,
    recorded_error,
    sgd_claims,
    within_sampling,
)
from cnnlib import audit, layers, models
from cnnlib.data.augmentation import PCAColour
from cnnlib.data.sets import SETS
from cnnlib.data.views import RandomView, TenCrop
from cnnlib.recipe import RECIPES

_PAPER, _CHAPTER = papers.paper("krizhevsky2012"), papers.paper("chapter")
_within_ten_thousand = within_sampling(SETS["cifar10"].full.test)
_NOT_RUN = "Not run here: it takes a full training on ImageNet."
_SHORT = "Ours is one run of {ours} epochs, where the authors' took {theirs} or more: too short to compare."


@cache
def _network(groups: int = 2) -> keras.Model:
    return audit.without_weights(lambda: models.AlexNet(groups=groups))


def _network_at(side: int) -> keras.Model:
    return audit.without_weights(lambda: models.AlexNet(input_shape=(side, side, 3)))


@cache
def _cifar_network() -> keras.Model:
    return audit.without_weights(CudaConvnet)


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


def _after(kind: type[keras.Layer]) -> list[str]:
    """The layers with weights that a layer of this kind follows."""
    found, last = [], ""
    for layer in _network().layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            last = layer.name
        elif isinstance(layer, kind):
            found.append(last)
    return found


def _weighted() -> list[keras.Layer]:
    return _kinds(keras.layers.Conv2D) + _kinds(keras.layers.Dense)


def _biases_of_one() -> list[str]:
    initial = {layer.name: float(layer.bias_initializer((1,), dtype="float32")[0]) for layer in _weighted()}
    return [name for name, value in initial.items() if value == 1]


def _deviation(layer: keras.Layer) -> float:
    """Standard deviation of a layer's initial weights, to one digit, on a sample of them."""
    sample = np.asarray(keras.ops.convert_to_numpy(layer.kernel_initializer((200, 500), dtype="float32")))
    return float(f"{sample.std():.0e}")


def _map_sides(network: keras.Model) -> list[int]:
    shapes = {row.name: row.output_shape for row in audit.table(network)}
    return [shapes[name][0] for name in ("conv1", "pool1", "pool2", "pool5")]


def _units() -> dict[str, int]:
    return {name: math.prod(row.output_shape) for name, row in _rows().items() if row.params}


def _units_printed() -> int:
    return _PAPER["units.conv1"] + sum(_PAPER["units.later.*"].values())


def _conv1_units_as() -> tuple[int, ...] | None:
    """The paper's units of conv1 as height, width and maps, the width whatever makes the product right."""
    height, _, maps = _rows()["conv1"].output_shape
    width, rest = divmod(_PAPER["units.conv1"], height * maps)
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

    return audit.without_weights(build)


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
    factor = _PAPER["cifar.lrn.n"] if name == "alpha" else 1
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
            slip=True,
        ),
        Claim(p, "input_values", lambda: 3 * p["input_side"] ** 2),
        Claim(
            p,
            "conv1.places",
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
            "kernels.*",
            lambda: {layer.name: tuple(layer.kernel.shape) for layer in _kinds(keras.layers.Conv2D)},
        ),
        Claim(p, "conv1.stride", lambda: first().strides[0]),
        Claim(
            p,
            "pool_window",
            lambda: _only([pool.pool_size[0] for pool in _kinds(keras.layers.MaxPooling2D)]),
        ),
        Claim(
            p, "pool_stride", lambda: _only([pool.strides[0] for pool in _kinds(keras.layers.MaxPooling2D)])
        ),
        Claim(p, "pools_after", lambda: _after(keras.layers.MaxPooling2D)),
        Claim(p, "lrn.after", lambda: _after(layers.LocalResponseNormalization)),
        Claim(p, "classes", lambda: _network().output_shape[-1]),
        *_count_claims(),
        Claim(p, "lrn.k", lambda: _normalisation()["k"]),
        Claim(p, "lrn.n", lambda: _normalisation()["size"]),
        Claim(p, "lrn.alpha", lambda: _normalisation()["alpha"]),
        Claim(p, "lrn.beta", lambda: _normalisation()["beta"]),
        Claim(
            p,
            "lrn.alpha_divided",
            lambda: _normalisation()["alpha"] * _normalisation()["size"],
            close(1e-9),
        ),
    ]


def _count_claims() -> list[Claim]:
    p = _PAPER
    return [
        Claim(p, "layers.*", lambda: _layers(_rows(), p["layers.*.shape"])),
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
                "The paper's is a round number, between the units counted by the maps "
                f"({p['units.all']:,}) and those that its figure 2 adds up to ({p['units.all_printed']:,})."
            ),
        ),
        Claim(p, "units.all", lambda: sum(_units().values())),
        Claim(p, "units.all_printed", _units_printed),
        Claim(
            p,
            "units.conv1",
            lambda: _units()["conv1"],
            deviation="A misprint: the figure has "
            f"{p.facts['units.conv1_as'].shown} for {p.facts['layers.conv1.shape'].shown}.",
            slip=True,
        ),
        Claim(p, "units.conv1_as", _conv1_units_as),
        Claim(
            p,
            "units.later.*",
            lambda: {name: units for name, units in _units().items() if name != "conv1"},
        ),
        Claim(
            p,
            "share.convolution_limit",
            lambda: max(_share("params", name) for name in _of_kind("conv")),
            lambda expected, ours: ours <= expected,
            f"Two of the five exceed it: conv3 holds {p['share.conv3']} % and conv4 {p['share.conv4']} %.",
            slip=True,
        ),
        Claim(p, "share.conv3", lambda: _share("params", "conv3"), close(0.005)),
        Claim(p, "share.conv4", lambda: _share("params", "conv4"), close(0.005)),
        Claim(p, "share.dense", lambda: _share("params", *_of_kind("fc")), close(0.05)),
        Claim(p, "share.convolution_work", lambda: _share("macs", *_of_kind("conv")), close(0.05)),
        Claim(p, "one_group.parameters", lambda: _total("params", groups=1)),
        Claim(p, "one_group.multiply_adds", lambda: _total("macs", groups=1)),
        Claim(p, "one_tower.parameters", lambda: _one_tower()["params"]),
        Claim(p, "one_tower.multiply_adds", lambda: _one_tower()["macs"]),
        Claim(p, "one_gpu.parameters", lambda: _one_tower((48, 128, 192, 192, 256))["params"]),
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
            slip=True,
        ),
        Claim(p, "crop_factor_counted", lambda: _crop_places(border=1)),
        Claim(p, "colour.deviation", lambda: PCAColour(np.eye(3)).sigma),
        Claim(p, "test_crops", _test_crops),
        *sgd_claims(p, RECIPES["alexnet"]),
        Claim(p, "epochs", lambda: RECIPES["alexnet"].epochs),
        *quoted(p, ["train_images"], "The paper's round number of ImageNet's training images."),
        *quoted(p, ["gpus", "gpu_memory", "hardware"], "History: what the authors trained on, and how long."),
        *quoted(p, ["caffe.bias"], "What those found who repeated the training with another program."),
        *quoted(
            p, ["colour.eigenvalues", "colour.axes"], "Measured by others, on images this book does not load."
        ),
    ]


def _result_claims() -> list[Claim]:
    results = [
        *(
            "ilsvrc2010.*",
            "one_net",
            "five_nets",
            "five_nets_test",
            "pretrained_net",
            "seven_nets",
            "ensemble",
        ),
        *("runner_up", "autumn_2009", "caffe.accuracy", "gain.*", "middle_layer_loss", "dropout_slowdown"),
    ]
    return quoted(_PAPER, results, _NOT_RUN)


def _short(name: str) -> str:
    return _SHORT.format(ours=RECIPES[name].epochs, theirs=RECIPES[name.removesuffix("_short")].epochs)


def _figure_1_claims() -> list[Claim]:
    p = _PAPER

    def epochs(activation: str) -> int | str | None:
        found = epochs_to(f"four_layers_{activation}", p["figure1.train_error"])
        return found and (found[0] if found[1] else f"more than {found[0]}")

    def speed() -> float | str | None:
        relu, tanh = (epochs_to(f"four_layers_{name}", p["figure1.train_error"]) for name in ("relu", "tanh"))
        if not relu or not tanh or not relu[1]:
            return None
        ratio = round(tanh[0] / relu[0], 1)
        return ratio if tanh[1] else f"more than {ratio}"

    relu, tanh = "four_layers_relu", "four_layers_tanh"
    other = "In another network than the paper's, which is not described, and with other rates."
    return [
        *quoted(
            p, ["figure1.train_error"], "Where the figure reads its speeds off; ours are read off there too."
        ),
        Claim(p, "figure1.speed", speed, deviation=other, records=(relu, tanh)),
        Claim(p, "figure1.relu_epochs", lambda: epochs("relu"), deviation=other, records=(relu,)),
        Claim(p, "figure1.tanh_epochs", lambda: epochs("tanh"), deviation=other, records=(tanh,)),
    ]


def _cifar_claims() -> list[Claim]:
    p = _PAPER
    full = RECIPES["cuda_convnet"]
    crop: Any = full.preparation.train
    return [
        *_figure_1_claims(),
        *(
            Claim(p, key, partial(recorded_error, name), _within_ten_thousand, _short(name), (name,))
            for key, name in (
                ("cifar.test_error", "cuda_convnet_short"),
                ("cifar.test_error_lrn", "cuda_convnet_lrn_short"),
            )
        ),
        *quoted(p, ["cifar.minutes"], "History: on a graphics card of the time."),
        Claim(p, "cifar.layers.*", lambda: _layers(_cifar_rows(), p["cifar.layers.*.shape"])),
        Claim(p, "cifar.parameters", lambda: audit.totals(_cifar_rows().values())["params"]),
        Claim(p, "cifar.multiply_adds", lambda: audit.totals(_cifar_rows().values())["macs"]),
        Claim(
            p,
            "cifar.deviations.*",
            lambda: {
                layer.name: _deviation(layer) for layer in _cifar_network().layers if layer.trainable_weights
            },
        ),
        Claim(p, "cifar.lrn.n", lambda: _cifar_normalisation("size")),
        Claim(p, "cifar.lrn.alpha", lambda: _cifar_normalisation("alpha"), close(1e-9)),
        Claim(p, "cifar.lrn.beta", lambda: _cifar_normalisation("beta")),
        Claim(p, "cifar.lrn.k", lambda: _cifar_normalisation("k")),
        Claim(p, "cifar.crop", lambda: crop.size),
        Claim(p, "cifar.border", lambda: (crop.shorter[0] - crop.size) // 2),
        Claim(p, "cifar.test_crops", _test_crops),
        Claim(
            p,
            "cifar.rate",
            lambda: (full.rates[0], full.rates[0]),
            deviation="Ours gives biases the rate of the weights, which the program gives twice that.",
        ),
        Claim(p, "cifar.momentum", lambda: full.optimizer_settings["momentum"]),
        Claim(p, "cifar.weight_decay", lambda: full.network_settings["decay"]),
        Claim(p, "cifar.batch_size", lambda: full.batch_size),
        *quoted(
            p,
            ["cifar.epochs"],
            f"Our recipe for a full training has {full.epochs} epochs on all images; none has been run.",
        ),
    ]


def _chapter_claims() -> list[Claim]:
    """What the chapter prints of AlexNet and does not hold; the errata have the words."""
    counted = keras.layers.Conv2D | keras.layers.MaxPooling2D | keras.layers.Dense
    return [
        Claim(_CHAPTER, "alexnet.million_parameters", lambda: _PAPER["million_parameters"]),
        Claim(_CHAPTER, "alexnet.neurons", lambda: _PAPER["neurons"]),
        erratum(
            "alexnet.last_layer",
            lambda: sum(isinstance(layer, counted) for layer in _network().layers),
        ),
        erratum("alexnet.dense_layers", lambda: len(_kinds(keras.layers.Dense))),
        erratum("alexnet.l2", _l2_factor),
        erratum("alexnet.gpus", lambda: _PAPER["gpus"]),
        erratum("alexnet.top5", lambda: _PAPER["one_net.top5"]),
        erratum("alexnet.convolutions_before_pools", _convolutions_before_pools),
    ]


def _convolutions_before_pools() -> list[int]:
    """How many convolutions stand before each pool, since the pool before."""
    runs = [0]
    for layer in _network().layers:
        if isinstance(layer, keras.layers.Conv2D):
            runs[-1] += 1
        elif isinstance(layer, keras.layers.MaxPooling2D):
            runs.append(0)
    return runs[:-1]


def claims() -> list[Claim]:
    """Every claim about AlexNet."""
    return [
        *_network_claims(),
        *_learning_claims(),
        *_result_claims(),
        *_cifar_claims(),
        *_chapter_claims(),
    ]
