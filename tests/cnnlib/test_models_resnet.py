"""The residual networks: the paper's counts, their blocks against plain NumPy, and keras.applications."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops
from plain_numpy import convolve
from round_trips import FORMS, assert_in_its_config, assert_saved
from stepping import compile_steps

from cnnlib import audit
from cnnlib.layers import PaddedShortcut
from cnnlib.models import (
    PlainNet18,
    PlainNet34,
    ResNet,
    ResNet18,
    ResNet34,
    ResNet50,
    ResNet101,
    ResNet152,
    ResNetCIFAR,
    basic_block,
    bottleneck_block,
    from_keras_applications,
)

# Weight layers, projections, parameters and multiply-adds at 224x224, worked out from table 1.
IMAGENET = {
    "plain18": (PlainNet18, {}, (18, 0, 11_515_688, 1_794_805_760)),
    "plain34": (PlainNet34, {}, (34, 0, 21_623_848, 3_644_493_824)),
    "18": (ResNet18, {}, (18, 0, 11_515_688, 1_794_805_760)),
    "18 B": (ResNet18, {"shortcut": "B"}, (18, 3, 11_689_512, 1_814_073_344)),
    "18 C": (ResNet18, {"shortcut": "C"}, (18, 8, 12_043_816, 1_878_298_624)),
    "34": (ResNet34, {}, (34, 0, 21_623_848, 3_644_493_824)),
    "34 B": (ResNet34, {"shortcut": "B"}, (34, 3, 21_797_672, 3_663_761_408)),
    # "Thirteen" more than with option B, the paper says.
    "34 C": (ResNet34, {"shortcut": "C"}, (34, 16, 22_716_840, 3_830_747_136)),
    "50": (ResNet50, {}, (50, 4, 25_557_032, 3_857_973_248)),
    "50, stride in 3x3": (ResNet50, {"stride_in": "3x3"}, (50, 4, 25_557_032, 4_089_184_256)),
    "101": (ResNet101, {}, (101, 4, 44_549_160, 7_570_194_432)),
    "152": (ResNet152, {}, (152, 4, 60_192_808, 11_282_415_616)),
}
# Parameters and multiply-adds of the networks for CIFAR-10, with option A and without shortcuts alike.
CIFAR = {
    20: (269_722, 40_551_040),
    32: (464_154, 68_862_592),
    56: (853_018, 125_485_696),
    110: (1_727_962, 252_887_680),
}
SMALL = {"classes": 5, "width": 1 / 4}


def pictures(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def answer(model: keras.Model, images: np.ndarray, training: bool = False) -> np.ndarray:
    return ops.convert_to_numpy(model(images, training=training))


def randomise(model: keras.Model, seed: int = 1) -> dict[str, np.ndarray]:
    """Give every weight and moving statistic a value of its own; return them by path."""
    rng = np.random.default_rng(seed)
    values = {}
    for weight in model.weights:
        kind = weight.path.rsplit("/")[-1]
        if kind == "kernel":
            spread = np.sqrt(2 / np.prod(weight.shape[:-1]))
            value = rng.normal(0, spread, weight.shape)
        elif kind in ("gamma", "moving_variance"):
            value = rng.uniform(0.5, 1.5, weight.shape)
        else:
            value = rng.normal(0, 0.3, weight.shape)
        values[weight.path] = value.astype("float32")
        weight.assign(values[weight.path])
    return values


def counts(model: keras.Model) -> tuple[int, int]:
    sums = audit.totals(audit.table(model))
    return sums["params"], sums["macs"]


def weight_layers(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers if isinstance(layer, layers.Conv2D | layers.Dense)]


@pytest.mark.parametrize(("build", "settings", "expected"), IMAGENET.values(), ids=IMAGENET)
def test_a_network_for_imagenet_has_the_counts_of_the_paper(
    build: Callable, settings: dict, expected: tuple
) -> None:
    def found() -> tuple:
        model = build(**settings)
        projections = [name for name in weight_layers(model) if name.endswith("_0_conv")]
        return len(weight_layers(model)) - len(projections), len(projections), *counts(model)

    assert audit.without_weights(found) == expected


@pytest.mark.parametrize("residual", [True, False])
def test_a_network_for_cifar_has_the_counts_of_the_paper_with_and_without_shortcuts(residual: bool) -> None:
    def found(depth: int) -> tuple:
        model = ResNetCIFAR(depth, residual=residual)
        assert len(weight_layers(model)) == depth
        assert sum(isinstance(layer, layers.Add) for layer in model.layers) == residual * (depth // 2 - 1)
        return counts(model)

    assert {depth: audit.without_weights(lambda depth=depth: found(depth)) for depth in CIFAR} == CIFAR


def test_with_projections_a_network_for_cifar_has_two_of_them() -> None:
    assert audit.without_weights(lambda: counts(ResNetCIFAR(20, shortcut="B")))[0] == 272_474


def test_1202_layers_are_made_of_the_same_blocks() -> None:
    # From 20 to 32 layers every stage grows by two blocks; from 20 to 1202 by 197.
    grown = [small + (deep - small) // 2 * 197 for small, deep in zip(CIFAR[20], CIFAR[32], strict=True)]
    assert grown == [19_421_274, 2_829_238_912]


def test_a_network_deeper_than_python_recurs_is_built() -> None:
    model = audit.without_weights(lambda: ResNetCIFAR(302, residual=False, width=1 / 16))
    assert len(weight_layers(model)) == 302


def test_maps_halve_where_the_paper_says() -> None:
    def sizes() -> list:
        rows = audit.table(ResNet50())
        ends = r"conv1_relu|pool1_pool|conv2_block3_out|conv3_block4_out|conv4_block6_out|conv5_block3_out"
        return [row.output_shape for row in rows if re.fullmatch(ends, row.name)]

    assert audit.without_weights(sizes) == [
        (112, 112, 64),
        (56, 56, 64),
        (56, 56, 256),
        (28, 28, 512),
        (14, 14, 1024),
        (7, 7, 2048),
    ]


@pytest.mark.parametrize("residual", [True, False])
def test_twenty_layers_see_81_pixels_by_whatever_way(residual: bool) -> None:
    rows = {row.name: row.receptive_field for row in audit.table(ResNetCIFAR(20, residual=residual))}
    # 3, then six convolutions of 3x3 one pixel apart, six of two pixels (the first of one), six of four.
    assert [rows[f"conv{n}_block3_out"] for n in (2, 3, 4)] == [15, 37, 81]


# Blocks: how to build one from maps of 7x6x4, and for each of its convolutions size and stride.
BLOCKS: dict[str, tuple[Callable, list[tuple[int, int]], str | None]] = {
    "basic": (lambda x: basic_block(x, 4, name="b"), [(3, 1), (3, 1)], "identity"),
    "basic, plain": (lambda x: basic_block(x, 6, 2, None, name="b"), [(3, 2), (3, 1)], None),
    "basic, A": (lambda x: basic_block(x, 6, 2, "padded", name="b"), [(3, 2), (3, 1)], "padded"),
    "basic, B": (lambda x: basic_block(x, 6, 2, "projection", name="b"), [(3, 2), (3, 1)], "projection"),
    "bottleneck": (
        lambda x: bottleneck_block(x, (2, 3, 4), 5, name="b"),
        [(1, 1), (5, 1), (1, 1)],
        "identity",
    ),
    "bottleneck, B": (
        lambda x: bottleneck_block(x, (2, 3, 8), 3, 2, "projection", name="b"),
        [(1, 2), (3, 1), (1, 1)],
        "projection",
    ),
    "bottleneck, A, stride in 3x3": (
        lambda x: bottleneck_block(x, (2, 3, 8), 3, 2, "padded", stride_in="3x3", name="b"),
        [(1, 1), (3, 2), (1, 1)],
        "padded",
    ),
}


def block(x: np.ndarray, w: dict[str, np.ndarray], sizes: list, shortcut: str | None) -> np.ndarray:
    """A block in plain NumPy, in testing."""

    def normalised(x: np.ndarray, part: int, size: int, stride: int) -> np.ndarray:
        around = (size // 2, size // 2)
        x = convolve(np.pad(x, [(0, 0), around, around, (0, 0)]), w[f"b_{part}_conv/kernel"])
        x = x[:, ::stride, ::stride]
        gamma, beta, mean, variance = (
            w[f"b_{part}_bn/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    out = x
    for part, (size, stride) in enumerate(sizes, start=1):
        out = normalised(np.maximum(out, 0) if part > 1 else out, part, size, stride)
    stride = max(stride for _, stride in sizes)
    if shortcut == "padded":
        x = np.concatenate([x, np.zeros((*x.shape[:-1], out.shape[-1] - x.shape[-1]))], axis=-1)
        x = x[:, ::stride, ::stride]
    elif shortcut == "projection":
        x = normalised(x, 0, 1, stride)
    return np.maximum(out if shortcut is None else out + x, 0)


@pytest.mark.backends
@pytest.mark.parametrize(("build", "sizes", "shortcut"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_computes_what_plain_numpy_computes(
    build: Callable, sizes: list, shortcut: str | None
) -> None:
    image = keras.Input((7, 6, 4))
    model = keras.Model(image, build(image))
    weights = randomise(model)
    maps = pictures(2, 7, 6, 4)
    expected = block(maps.astype("float64"), weights, sizes, shortcut)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(answer(model, maps), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.backends
def test_a_block_that_has_learned_nothing_passes_its_input_on() -> None:
    image = keras.Input((5, 5, 4))
    model = keras.Model(image, basic_block(image, 4, name="b"))
    model.get_layer("b_2_bn").gamma.assign(np.zeros(4))
    maps = pictures(2, 5, 5, 4)
    np.testing.assert_allclose(answer(model, maps, training=True), np.maximum(maps, 0), atol=1e-6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: bottleneck_block(x, (2, 2, 8)), "turns 4 maps into 8 with stride 1"),
        (lambda x: bottleneck_block(x, (2, 4)), r"three convolutions, not \(2, 4\)"),
        (lambda x: basic_block(x, 4, shortcut="A"), "not 'A'"),
        (lambda x: basic_block(x, 2, shortcut="padded"), "zeros cannot turn 4 maps into 2"),
        (lambda x: bottleneck_block(x, (1, 1, 4), stride_in="5x5"), "not '5x5'"),
    ],
)
def test_blocks_that_cannot_be_built_are_refused_in_words(build: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(keras.Input((6, 6, 4)))


@pytest.mark.backends
def test_a_padded_shortcut_takes_every_second_pixel_and_adds_maps_of_zeros() -> None:
    maps = pictures(2, 5, 6, 3)
    layer = PaddedShortcut(7, 2)
    out = ops.convert_to_numpy(layer(maps))
    assert out.shape == (2, 3, 3, 7)
    np.testing.assert_array_equal(out[..., :3], maps[:, ::2, ::2])
    assert not out[..., 3:].any()
    assert layer(keras.KerasTensor((None, None, 5, 3))).shape == (None, None, 3, 7)
    assert_in_its_config(PaddedShortcut(7, 2), maps)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        PaddedShortcut(7, 0)


@pytest.mark.backends
def test_moving_statistics_move_in_training_alone_and_testing_goes_by_them() -> None:
    keras.utils.set_random_seed(1)
    model = ResNetCIFAR(8, input_shape=(8, 8, 3), **SMALL)
    images = pictures(6, 8, 8, 3) * 3 + 1
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    fresh = [layer.get_weights() for layer in norms]
    tested = answer(model, images)
    for layer, values in zip(norms, fresh, strict=True):
        np.testing.assert_array_equal(np.stack(layer.get_weights()), np.stack(values))
    trained = answer(model, images, training=True)
    assert np.abs(trained - tested).max() > 0.01
    for layer, values in zip(norms, fresh, strict=True):
        moved = [not np.allclose(new, old) for new, old in zip(layer.get_weights(), values, strict=True)]
        assert moved == [False, False, True, True], layer.name
    # A tenth of the way from 0 and 1 to the batch's own, whose variance some backends take over n - 1.
    seen = convolve(np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)]), model.get_layer("conv1_conv").kernel)
    mean, variance = model.get_layer("conv1_bn").get_weights()[2:]
    np.testing.assert_allclose(mean, 0.1 * seen.mean((0, 1, 2)), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * seen.var((0, 1, 2)), rtol=1e-2)
    assert np.abs(answer(model, images) - tested).max() > 1e-4


@pytest.mark.backends
def test_a_training_step_moves_every_weight_and_statistic() -> None:
    keras.utils.set_random_seed(1)
    model = ResNetCIFAR(8, input_shape=(8, 8, 3), **SMALL)
    before = randomise(model)
    step = compile_steps(model, keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy())
    step(pictures(1, 8, 8, 8, 3), np.arange(8, dtype="int32")[None] % 5)
    moved = {w.path: np.abs(ops.convert_to_numpy(w.value) - before[w.path]).max() for w in model.weights}
    assert all(np.isfinite(gap) and gap > 1e-6 for gap in moved.values()), moved


def test_weights_start_with_a_variance_of_two_by_fan_in_and_convolutions_have_no_biases() -> None:
    keras.utils.set_random_seed(1)
    model = ResNetCIFAR(14, classes=64)
    for layer in (layer for layer in model.layers if isinstance(layer, layers.Conv2D | layers.Dense)):
        kernel = layer.get_weights()[0]
        expected = np.sqrt(2 / np.prod(kernel.shape[:-1]))
        assert kernel.std() == pytest.approx(expected, rel=0.1), layer.name
        assert layer.use_bias == isinstance(layer, layers.Dense)
    kernels = [model.get_layer(f"conv3_block2_{n}_conv").get_weights()[0] for n in (1, 2)]
    assert not np.array_equal(*kernels)


@pytest.mark.parametrize(("depth", "blocks"), [(50, 16), (101, 33), (152, 50)])
def test_layers_are_those_of_keras_applications_less_their_biases(depth: int, blocks: int) -> None:
    def found() -> tuple:
        theirs = getattr(keras.applications, f"ResNet{depth}")(weights=None)
        ours = ResNet(depth)
        names = [[layer.name for layer in model.layers[1:]] for model in (ours, theirs)]
        biases = sum(layer.filters for layer in theirs.layers if isinstance(layer, layers.Conv2D))
        return *names, theirs.count_params() - biases - ours.count_params()

    ours, theirs, more = audit.without_weights(found)
    assert (ours, more) == (theirs, 0)
    assert sum(name.endswith("_add") for name in ours) == blocks
    # Six before the blocks and two behind; ten in a block, and two more where it projects.
    assert len(ours) == 8 + 10 * blocks + 2 * 4


@pytest.mark.backends
def test_a_network_of_keras_applications_answers_the_same_in_our_form() -> None:
    settings = {"input_shape": (48, 32, 3), "classes": 7, "classifier_activation": None}
    theirs = keras.applications.ResNet50(weights=None, **settings)
    randomise(theirs)
    ours = from_keras_applications(theirs)
    images = 4 * pictures(2, 48, 32, 3)
    expected = answer(theirs, images)
    scale = np.ptp(expected, axis=0).max()
    assert scale > 0.01
    np.testing.assert_allclose(answer(ours, images) / scale, expected / scale, atol=1e-4)
    assert not any(layer.use_bias for layer in ours.layers if isinstance(layer, layers.Conv2D))


@pytest.mark.parametrize("pooling", [None, "avg"])
def test_without_the_top_a_network_of_keras_applications_keeps_its_form(pooling: str | None) -> None:
    def shapes() -> tuple:
        theirs = keras.applications.ResNet50(weights=None, include_top=False, pooling=pooling)
        return ResNet50(include_top=False, input_shape=(None, None, 3), pooling=pooling), theirs

    ours, theirs = (model.output_shape for model in audit.without_weights(shapes))
    assert ours == theirs


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: keras.applications.VGG16(weights=None), "vgg16 is not keras.applications.ResNet50.*has 0"),
        (
            lambda: keras.applications.ResNet50V2(weights=None),
            "resnet50v2 is not .*do not both have the layers conv1_bn",
        ),
    ],
)
def test_another_network_is_not_taken_over(build: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        audit.without_weights(lambda: from_keras_applications(build()))


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (ResNet, {"depth": 20}, "depth must be one of 18, 34, 50, 101, 152, not 20"),
        (ResNet, {"weights": "imagenet"}, "from_keras_applications"),
        (ResNet, {"weights": "nowhere.h5"}, "there is no file nowhere.h5"),
        (ResNet, {"input_shape": (31, 32, 3)}, "must be at least 32"),
        (ResNet, {"pooling": "mean"}, "not 'mean'"),
        (ResNet, {"shortcut": "D"}, 'shortcut must be "A", "B" or "C", not \'D\''),
        (ResNet, {"stride_in": "7x7"}, 'stride_in must be "1x1" or "3x3", not \'7x7\''),
        (ResNet, {"width": 0}, "width must be a factor above 0"),
        (ResNetCIFAR, {"depth": 18}, r"6n \+ 2 .*20, 32, 44, 56, 110 and 1202\), not 18; the next is 20"),
        (ResNetCIFAR, {"depth": 2}, "the next is 8"),
        (ResNetCIFAR, {"input_shape": (3, 32, 3)}, "must be at least 4"),
        (ResNetCIFAR, {"classes": 0}, "classes must be at least 1, not 0"),
    ],
)
def test_wrong_arguments_are_refused_in_words(build: Callable, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**arguments)


def test_networks_are_called_by_their_depth_and_kind() -> None:
    models = [
        ResNet18(width=1 / 16),
        PlainNet34(width=1 / 16),
        ResNetCIFAR(8),
        ResNetCIFAR(8, residual=False),
    ]
    assert [model.name for model in models] == ["resnet18", "plain34", "resnet8_cifar", "plain8_cifar"]


@pytest.mark.backends
@pytest.mark.parametrize("settings", [{"classes": 5}, {"include_top": False, "pooling": "max"}])
def test_images_may_have_any_size(settings: dict) -> None:
    model = ResNet18(input_shape=(None, None, 3), width=1 / 16, **settings)
    assert answer(model, pictures(1, 40, 72, 3)).shape == (1, 5 if "classes" in settings else 32)


@pytest.mark.backends
@FORMS
def test_a_saved_network_answers_the_same(form: str, tmp_path: Path) -> None:
    def build(**settings: object) -> keras.Model:
        return ResNetCIFAR(8, input_shape=(8, 8, 3), **SMALL, **settings)

    model = build()
    randomise(model)
    assert_saved(model, build, pictures(2, 8, 8, 3), tmp_path / form)
