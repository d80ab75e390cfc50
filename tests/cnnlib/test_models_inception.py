"""GoogLeNet and its modules: the paper's counts, and their outputs against plain NumPy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops
from plain_numpy import convolve, highest
from round_trips import FORMS, assert_saved
from stepping import compile_steps

from cnnbook.blocks import naive_inception_module
from cnnlib import audit
from cnnlib.models import GoogLeNet, inception_module, without_aux_heads

# Rows of table 1: output, parameters with biases, multiply-adds.
TABLE = {
    "conv1": ((112, 112, 64), 9_472, 118_013_952),
    "conv2": ((56, 56, 192), 114_944, 359_661_568),
    "inception_3a": ((28, 28, 256), 163_696, 128_049_152),
    "inception_3b": ((28, 28, 480), 388_736, 304_267_264),
    "inception_4a": ((14, 14, 512), 376_176, 73_608_192),
    "inception_4b": ((14, 14, 512), 449_160, 87_908_352),
    "inception_4c": ((14, 14, 512), 510_104, 99_850_240),
    "inception_4d": ((14, 14, 528), 605_376, 118_515_712),
    "inception_4e": ((14, 14, 832), 868_352, 169_996_288),
    "inception_5a": ((7, 7, 832), 1_043_456, 51_079_168),
    "inception_5b": ((7, 7, 1024), 1_444_080, 70_697_984),
    "predictions": ((1000,), 1_025_000, 1_024_000),
}
SMALL = {"input_shape": (32, 32, 3), "classes": 5, "width": 1 / 16}
WITH_HEADS = {**SMALL, "input_shape": (65, 65, 3), "aux_heads": True}


def pictures(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def answer(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(model(images, training=False))


def rows_of(**settings: object) -> dict[str, audit.Row]:
    return audit.without_weights(lambda: {row.name: row for row in audit.table(GoogLeNet(**settings))})


def randomise(model: keras.Model, seed: int = 1) -> dict[str, np.ndarray]:
    """Give a model weights that keep activations large; return them by path."""
    rng = np.random.default_rng(seed)
    values = {}
    for weight in model.weights:
        spread = 0.1 if weight.path.endswith("bias") else np.sqrt(2 / np.prod(weight.shape[:-1]))
        values[weight.path] = rng.normal(0, spread, weight.shape).astype("float32")
        weight.assign(values[weight.path])
    return values


def test_every_row_of_the_papers_table_has_its_counts() -> None:
    rows = rows_of()
    found = {}
    for name in TABLE:
        parts = [row for part, row in rows.items() if part == name or part.startswith(f"{name}_")]
        sums = audit.totals(parts)
        found[name] = (rows[name].output_shape, sums["params"], sums["macs"])
    assert found == TABLE
    sums = audit.totals(rows.values())
    assert (sums["params"], sums["macs"]) == (6_998_552, 1_582_671_872)


def test_auxiliary_heads_double_the_parameters_in_training() -> None:
    rows = rows_of(aux_heads=True)
    assert audit.totals(rows.values())["params"] == 13_378_280
    heads = {head: [row for name, row in rows.items() if name.startswith(head)] for head in ("aux1", "aux2")}
    assert [audit.totals(parts)["params"] for parts in heads.values()] == [3_188_840, 3_190_888]
    assert [audit.totals(parts)["macs"] for parts in heads.values()] == [4_169_728, 4_202_496]
    assert rows["aux1_pool"].output_shape == (4, 4, 512)
    assert rows["aux2_pool"].output_shape == (4, 4, 528)


def test_the_longest_way_through_the_network_has_22_layers_with_weights() -> None:
    @functools.cache
    def depth(layer: keras.Layer) -> int:
        above = [tensor._keras_history.operation for tensor in layer._inbound_nodes[0].input_tensors]
        return bool(layer.weights) + max(map(depth, above), default=0)

    model = GoogLeNet(**SMALL)
    assert depth(model.layers[-1]) == 22


def test_poolings_round_up_and_stand_between_two_five_and_two_modules() -> None:
    kept = [layer for layer in GoogLeNet(width=1 / 16).layers if layer.name[:4] in ("pool", "ince")]
    ends = [layer for layer in kept if layer.name.count("_") < 2]
    sides = [(layer.name.removeprefix("inception_"), layer.output.shape[1]) for layer in ends]
    assert sides == [
        *(("pool1", 56), ("pool2", 28), ("3a", 28), ("3b", 28)),
        *(("pool3", 14), ("4a", 14), ("4b", 14), ("4c", 14), ("4d", 14), ("4e", 14)),
        *(("pool4", 7), ("5a", 7), ("5b", 7)),
    ]


def test_the_last_window_of_a_pooling_lies_half_over_the_edge() -> None:
    model = GoogLeNet(**SMALL)
    first = keras.Model(model.input, [model.get_layer(name).output for name in ("conv1", "pool1")])
    maps, pooled = (ops.convert_to_numpy(each) for each in first(pictures(1, 32, 32, 3)))
    beyond = np.pad(maps, [(0, 0), (0, 1), (0, 1), (0, 0)], constant_values=-np.inf)
    np.testing.assert_array_equal(pooled, highest(beyond, 3, 2))


def same(x: np.ndarray, w: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A convolution that keeps the size, and its activation, in plain NumPy."""
    reach = w[f"{name}/kernel"].shape[0] // 2
    x = np.pad(x, [(0, 0), (reach, reach), (reach, reach), (0, 0)])
    return np.maximum(convolve(x, w[f"{name}/kernel"]) + w[f"{name}/bias"], 0)


def around(x: np.ndarray) -> np.ndarray:
    return highest(np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-np.inf), 3, 1)


def reduced(x: np.ndarray, w: dict[str, np.ndarray]) -> list[np.ndarray]:
    threes, fives = same(x, w, "m_3x3_reduce"), same(x, w, "m_5x5_reduce")
    branches = [same(x, w, "m_1x1"), same(threes, w, "m_3x3"), same(fives, w, "m_5x5")]
    return [*branches, same(around(x), w, "m_pool_proj")]


def naive(x: np.ndarray, w: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [*(same(x, w, f"m_{size}x{size}") for size in (1, 3, 5)), around(x)]


@pytest.mark.backends
@pytest.mark.parametrize(
    ("build", "forward"),
    [
        (lambda x: inception_module(x, 2, 3, 4, 1, 5, 6, "m"), reduced),
        (lambda x: naive_inception_module(x, 2, 3, 4, "m"), naive),
    ],
    ids=["reduced", "naive"],
)
def test_a_module_puts_four_views_side_by_side(build: Callable, forward: Callable) -> None:
    image = keras.Input((6, 7, 3))
    model = keras.Model(image, build(image))
    weights = randomise(model)
    maps = pictures(2, 6, 7, 3)
    expected = np.concatenate(forward(maps.astype("float64"), weights), axis=-1)
    assert (expected.max(axis=(0, 1, 2)) > 0.1).sum() > expected.shape[-1] / 2
    np.testing.assert_allclose(answer(model, maps), expected, rtol=1e-4, atol=1e-5)


def test_reducing_200_maps_to_16_first_makes_5x5_a_tenth_of_the_work() -> None:
    def macs(build: Callable) -> dict[str, int]:
        image = keras.Input((32, 32, 200))
        model = keras.Model(image, build(image))
        rows = {row.name: row.macs for row in audit.table(model)}
        return {**rows, "depth": model.output_shape[-1]}

    plain = audit.without_weights(lambda: macs(lambda x: naive_inception_module(x, 64, 128, 32, "m")))
    cheap = audit.without_weights(lambda: macs(lambda x: inception_module(x, 64, 96, 128, 16, 32, 32, "m")))
    assert (plain.pop("depth"), cheap["depth"]) == (424, 256)
    assert sum(plain.values()) == 412_876_800
    assert plain["m_5x5"] == 163_840_000
    assert (cheap["m_5x5_reduce"], cheap["m_5x5"]) == (3_276_800, 13_107_200)


@pytest.mark.backends
def test_heads_read_from_4a_and_4d_and_are_left_out_in_testing() -> None:
    model = GoogLeNet(classifier_activation=None, **WITH_HEADS)
    randomise(model)
    images = pictures(2, 65, 65, 3)
    outputs = {name: ops.convert_to_numpy(value) for name, value in model(images, training=False).items()}
    assert {name: value.shape for name, value in outputs.items()} == dict.fromkeys(
        ("predictions", "aux1", "aux2"), (2, 5)
    )
    for head, module in (("aux1", "4a"), ("aux2", "4d")):
        assert model.get_layer(f"{head}_pool").input is model.get_layer(f"inception_{module}").output
        np.testing.assert_array_equal(model.output[head].shape, (None, 5))
        assert model.output[head] is model.get_layer(f"{head}_predictions").output
    main = without_aux_heads(model)
    np.testing.assert_allclose(answer(main, images), outputs["predictions"], rtol=1e-5, atol=1e-6)
    plain = GoogLeNet(**{**WITH_HEADS, "aux_heads": False})
    assert [layer.name for layer in main.layers] == [layer.name for layer in plain.layers]
    weight = model.get_layer("conv1").bias
    assert main.get_layer("conv1").bias is weight
    with pytest.raises(ValueError, match="no auxiliary heads to leave out"):
        without_aux_heads(plain)


@pytest.mark.backends
def test_a_network_with_heads_is_saved_whole(tmp_path: Path) -> None:
    model = GoogLeNet(**WITH_HEADS)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    images = pictures(1, 65, 65, 3)
    expected, found = (net(images, training=False) for net in (model, again))
    assert sorted(found) == ["aux1", "aux2", "predictions"]
    for head, value in expected.items():
        np.testing.assert_array_equal(*(ops.convert_to_numpy(each) for each in (found[head], value)))


def test_dropout_and_normalisation_stand_where_the_paper_has_them() -> None:
    model = GoogLeNet(**WITH_HEADS)
    rates = {layer.name: layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)}
    assert rates == {"drop": 0.4, "aux1_drop": 0.7, "aux2_drop": 0.7}
    norms = [model.get_layer(name) for name in ("norm1", "norm2")]
    assert [norm.input.name for norm in norms] == [
        model.get_layer(name).output.name for name in ("pool1", "conv2")
    ]
    # Caffe's alpha of 1e-4 is shared among the five maps.
    assert all((norm.size, norm.alpha, norm.beta, norm.k) == (5, 2e-5, 0.75, 1.0) for norm in norms)


def test_initial_weights_are_those_of_the_caffe_replication() -> None:
    keras.utils.set_random_seed(1)
    model = GoogLeNet(**{**WITH_HEADS, "width": 1 / 4, "classes": 64})
    for layer in (layer for layer in model.layers if layer.weights):
        kernel, bias = layer.get_weights()
        inputs = np.prod(kernel.shape[:-1])
        assert np.abs(kernel).max() <= np.sqrt(3 / inputs), layer.name
        assert kernel.std() == pytest.approx(inputs**-0.5, rel=0.2), layer.name
        np.testing.assert_allclose(bias, 0 if "predictions" in layer.name else 0.2, err_msg=layer.name)


def test_width_scales_every_hidden_layer_and_not_the_classes() -> None:
    rows = rows_of(width=0.25, aux_heads=True)
    depths = {name: rows[name].output_shape[-1] for name in ("conv1", "conv2", "inception_3a", "aux1_fc")}
    assert depths == {"conv1": 16, "conv2": 48, "inception_3a": 64, "aux1_fc": 256}
    assert rows["aux2_predictions"].output_shape == rows["predictions"].output_shape == (1000,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"aux_heads": True, "include_top": False}, "aux_heads=True needs include_top=True"),
        ({"aux_heads": True, "input_shape": (64, 65, 3)}, "must be at least 65"),
        ({"aux_heads": True, "input_shape": (None, None, 3)}, "needs a fixed size"),
        ({"input_shape": (31, 32, 3)}, "must be at least 32"),
        ({"classes": 0}, "classes must be at least 1, not 0"),
        ({"weights": "nowhere.h5"}, "there is no file nowhere.h5"),
        ({"width": -1}, "width must be a factor above 0, not -1"),
    ],
)
def test_wrong_arguments_are_refused_in_words(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GoogLeNet(**arguments)


@pytest.mark.backends
def test_without_heads_images_may_have_any_size() -> None:
    model = GoogLeNet(input_shape=(None, None, 3), classes=5, width=1 / 16)
    assert answer(model, pictures(1, 40, 72, 3)).shape == (1, 5)


@pytest.mark.backends
@FORMS
def test_a_saved_network_answers_the_same(form: str, tmp_path: Path) -> None:
    def build(**settings: object) -> keras.Model:
        return GoogLeNet(**SMALL, **settings)

    model = build()
    randomise(model)
    assert_saved(model, build, pictures(2, 32, 32, 3), tmp_path / form)


def test_a_training_step_moves_every_weight() -> None:
    keras.utils.set_random_seed(1)
    model = GoogLeNet(**{**SMALL, "width": 1 / 8})
    before = randomise(model)
    step = compile_steps(model, keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy())
    step(pictures(1, 8, 32, 32, 3) * 3, np.arange(8, dtype="int32")[None] % 5)
    moved = {w.path: np.abs(ops.convert_to_numpy(w.value) - before[w.path]).max() for w in model.weights}
    assert all(np.isfinite(gap) and gap > 1e-7 for gap in moved.values()), moved


def test_a_reduction_narrows_the_maps_before_3x3_and_5x5_alone() -> None:
    whole, half = rows_of(), rows_of(reduction=0.5)
    changed = {name for name in whole if whole[name].output_shape != half[name].output_shape}
    assert changed == {name for name in whole if name.endswith(("_3x3_reduce", "_5x5_reduce"))}
    assert half["inception_3a_3x3_reduce"].output_shape == (28, 28, 48)
    with pytest.raises(ValueError, match="reduction must be a factor above 0, not 0"):
        GoogLeNet(reduction=0)
