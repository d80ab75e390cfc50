"""AlexNet and the network of cuda-convnet: the papers' counts, and their outputs against plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from plain_numpy import convolve, highest, respond
from round_trips import FORMS, assert_saved
from stepping import compile_steps

from cnnbook.cuda_convnet import CudaConvnet
from cnnlib import audit
from cnnlib.models import AlexNet

# Layer -> (output, parameters, multiply-adds), worked out from kernels, groups and maps.
ALEXNET = {
    "conv1": ((55, 55, 96), 34_944, 105_415_200),
    "norm1": ((55, 55, 96), 0, 0),
    "pool1": ((27, 27, 96), 0, 0),
    "conv2": ((27, 27, 256), 307_456, 223_948_800),
    "norm2": ((27, 27, 256), 0, 0),
    "pool2": ((13, 13, 256), 0, 0),
    "conv3": ((13, 13, 384), 885_120, 149_520_384),
    "conv4": ((13, 13, 384), 663_936, 112_140_288),
    "conv5": ((13, 13, 256), 442_624, 74_760_192),
    "pool5": ((6, 6, 256), 0, 0),
    "flatten": ((9216,), 0, 0),
    "fc6": ((4096,), 37_752_832, 37_748_736),
    "drop6": ((4096,), 0, 0),
    "fc7": ((4096,), 16_781_312, 16_777_216),
    "drop7": ((4096,), 0, 0),
    "fc8": ((1000,), 4_097_000, 4_096_000),
}
CUDA_CONVNET = {
    "conv1": ((24, 24, 64), 4_864, 2_764_800),
    "rnorm1": ((24, 24, 64), 0, 0),
    "pool1": ((12, 12, 64), 0, 0),
    "conv2": ((12, 12, 64), 102_464, 14_745_600),
    "rnorm2": ((12, 12, 64), 0, 0),
    "pool2": ((6, 6, 64), 0, 0),
    "local3": ((6, 6, 32), 664_704, 663_552),
    "local4": ((6, 6, 32), 332_928, 331_776),
    "flatten": ((1152,), 0, 0),
    "fc10": ((10,), 11_530, 11_520),
}
NARROW = {"input_shape": (68, 67, 3), "classes": 5, "width": 1 / 16}


def counts(model: keras.Model) -> dict[str, tuple]:
    return {row.name: (row.output_shape, row.params, row.macs) for row in audit.table(model)}


def randomise(model: keras.Model, seed: int) -> dict[str, np.ndarray]:
    """Give a model weights drawn by NumPy, large enough for every layer to answer; return them by path."""
    rng = np.random.default_rng(seed)
    values = {}
    for weight in model.trainable_weights:
        axes = weight.shape[-2:-1] if len(weight.shape) == 4 and "local" in weight.path else weight.shape[:-1]
        spread = 0.1 if weight.path.endswith("bias") else np.sqrt(2 / np.prod(axes))
        values[weight.path] = rng.normal(0, spread, weight.shape).astype("float32")
        weight.assign(values[weight.path])
    return {path: value.astype("float64") for path, value in values.items()}


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def padded(x: np.ndarray, before: int, after: int | None = None, value: float = 0) -> np.ndarray:
    around = (before, before if after is None else after)
    return np.pad(x, [(0, 0), around, around, (0, 0)], constant_values=value)


def alexnet(x: np.ndarray, w: dict[str, np.ndarray], groups: int) -> np.ndarray:
    """Logits of a narrow AlexNet whose images need the two pixels of padding, in plain NumPy."""

    def layer(x: np.ndarray, name: str, groups: int = 1) -> np.ndarray:
        kernels = np.split(w[f"{name}/kernel"], groups, axis=-1)
        parts = [convolve(*pair) for pair in zip(np.split(x, groups, axis=-1), kernels, strict=True)]
        return relu(np.concatenate(parts, axis=-1) + w[f"{name}/bias"])

    x = relu(convolve(padded(x, 2), w["conv1/kernel"])[:, ::4, ::4] + w["conv1/bias"])
    x = highest(respond(x, 5, 1e-4, 0.75, 2.0), 3, 2)
    x = layer(padded(x, 2), "conv2", groups)
    x = highest(respond(x, 5, 1e-4, 0.75, 2.0), 3, 2)
    x = layer(padded(x, 1), "conv3")
    x = layer(padded(x, 1), "conv4", groups)
    x = highest(layer(padded(x, 1), "conv5", groups), 3, 2).reshape(len(x), -1)
    x = relu(x @ w["fc6/kernel"] + w["fc6/bias"])
    x = relu(x @ w["fc7/kernel"] + w["fc7/bias"])
    return x @ w["fc8/kernel"] + w["fc8/bias"]


def cuda_convnet(x: np.ndarray, w: dict[str, np.ndarray], normalised: bool) -> np.ndarray:
    """Logits of the network of cuda-convnet, in plain NumPy."""
    for name in ("conv1", "conv2"):
        x = relu(convolve(padded(x, 2), w[f"{name}/kernel"]) + w[f"{name}/bias"])
        if normalised:
            x = respond(x, 5, 0.001 / 5, 0.75, 1.0)
        x = highest(padded(x, 0, 1, value=-np.inf), 3, 2)  # rounding up: half a window over the edge
    for name in ("local3", "local4"):
        windows = np.lib.stride_tricks.sliding_window_view(padded(x, 1), (3, 3), axis=(1, 2))
        seen = windows.transpose(0, 1, 2, 4, 5, 3).reshape(*x.shape[:3], -1)
        x = relu(np.einsum("nhwp,hwpf->nhwf", seen, w[f"{name}/kernel"]) + w[f"{name}/bias"])
    return x.reshape(len(x), -1) @ w["fc10/kernel"] + w["fc10/bias"]


CASES: dict[str, tuple[Callable, Callable]] = {
    "two towers": (
        lambda: AlexNet(classifier_activation=None, **NARROW),
        lambda x, w: alexnet(x, w, groups=2),
    ),
    "one tower": (
        lambda: AlexNet(classifier_activation=None, groups=1, **NARROW),
        lambda x, w: alexnet(x, w, groups=1),
    ),
    "cuda-convnet, 11 %": (
        lambda: CudaConvnet(classifier_activation=None),
        lambda x, w: cuda_convnet(x, w, normalised=True),
    ),
    "cuda-convnet, 13 %": (
        lambda: CudaConvnet(classifier_activation=None, local_response_normalization=False),
        lambda x, w: cuda_convnet(x, w, normalised=False),
    ),
}


@pytest.mark.backends
@pytest.mark.parametrize(("build", "forward"), CASES.values(), ids=CASES)
def test_same_weights_give_the_outputs_of_a_plain_numpy_network(build: Callable, forward: Callable) -> None:
    model = build()
    weights = randomise(model, seed=1)
    # Pixels less their mean: large enough for the normalisations to matter.
    images = np.random.default_rng(2).normal(0, 60, (3, *model.input_shape[1:])).astype("float32")
    expected = forward(images.astype("float64"), weights)
    scale = np.ptp(expected, axis=0).min()
    assert scale > 0.1  # the images are told apart
    np.testing.assert_allclose(model.predict_on_batch(images), expected, rtol=1e-4, atol=1e-4 * scale)


def test_alexnet_in_two_towers_has_the_layers_of_the_paper() -> None:
    model = AlexNet()
    assert counts(model) == ALEXNET
    sums = audit.totals(audit.table(model))
    assert (sums["params"], sums["macs"]) == (60_965_224, 724_406_816)
    assert model.count_params() == 60_965_224


def test_alexnet_in_one_tower_has_more_weights_in_three_layers_only() -> None:
    found = counts(AlexNet(groups=1))
    assert sum(params for _, params, _ in found.values()) == 62_378_344
    assert {name for name in found if found[name] != ALEXNET[name]} == {"conv2", "conv4", "conv5"}


def test_images_of_224_pixels_give_the_maps_of_227() -> None:
    maps = counts(AlexNet(include_top=False, input_shape=(224, 224, 3)))
    assert maps.pop("pad1") == ((228, 228, 3), 0, 0)
    assert maps == {name: row for name, row in ALEXNET.items() if name in maps}
    assert list(maps)[-1] == "pool5"


def test_receptive_fields_of_alexnet() -> None:
    rows = audit.table(AlexNet(include_top=False))
    assert {row.name: row.receptive_field for row in rows} == {
        "conv1": 11,
        "norm1": 11,
        "pool1": 19,
        "conv2": 51,
        "norm2": 51,
        "pool2": 67,
        "conv3": 99,
        "conv4": 131,
        "conv5": 163,
        "pool5": 195,
    }


@pytest.mark.parametrize("normalised", [True, False])
def test_the_network_of_cuda_convnet_has_the_layers_of_its_files(normalised: bool) -> None:
    found = counts(CudaConvnet(local_response_normalization=normalised))
    assert found == {name: row for name, row in CUDA_CONVNET.items() if normalised or "norm" not in name}
    assert sum(params for _, params, _ in found.values()) == 1_116_490
    assert sum(macs for *_, macs in found.values()) == 18_517_248


@pytest.mark.parametrize("ones", [1.0, 0.1])
def test_initial_weights_and_biases_of_alexnet_are_the_papers(ones: float) -> None:
    keras.utils.set_random_seed(1)
    model = AlexNet(bias_ones=ones, **{**NARROW, "width": 1 / 4})
    weighted = {layer.name: layer for layer in model.layers if layer.weights}
    for name, layer in weighted.items():
        kernel, bias = layer.get_weights()
        assert kernel.std() == pytest.approx(0.01, rel=0.05), name
        assert abs(kernel.mean()) < 0.001, name
        expected = ones if name in ("conv2", "conv4", "conv5", "fc6", "fc7") else 0
        np.testing.assert_allclose(bias, expected, err_msg=name)


def test_initial_weights_of_cuda_convnet_are_those_of_its_files() -> None:
    keras.utils.set_random_seed(1)
    model = CudaConvnet()
    spreads = {"conv1": 0.0001, "conv2": 0.01, "local3": 0.04, "local4": 0.04, "fc10": 0.01}
    for name, spread in spreads.items():
        kernel, bias = model.get_layer(name).get_weights()
        assert kernel.std() == pytest.approx(spread, rel=0.05), name
        assert not bias.any(), name


def test_decay_of_cuda_convnet_is_on_the_last_three_layers() -> None:
    model = CudaConvnet(decay=0.004)
    kernels = [model.get_layer(name).get_weights()[0] for name in ("local3", "local4", "fc10")]
    expected = 0.002 * sum((kernel.astype("float64") ** 2).sum() for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)
    assert CudaConvnet().losses == []


def test_the_activation_of_cuda_convnet_is_that_of_its_four_hidden_layers() -> None:
    model = CudaConvnet(activation="tanh")
    tanh = keras.activations.tanh
    names = [layer.name for layer in model.layers if getattr(layer, "activation", None) is tanh]
    assert names == ["conv1", "conv2", "local3", "local4"]


def test_width_scales_every_hidden_layer_and_not_the_classes() -> None:
    found = counts(AlexNet(input_shape=(67, 67, 3), width=0.25))
    depths = {name: shape[-1] for name, (shape, *_) in found.items() if name[:2] in ("co", "fc")}
    assert depths == {
        "conv1": 24,
        "conv2": 64,
        "conv3": 96,
        "conv4": 96,
        "conv5": 64,
        "fc6": 1024,
        "fc7": 1024,
        "fc8": 1000,
    }


@pytest.mark.parametrize("side", [64, 67])
def test_the_smallest_image_leaves_alexnet_one_map(side: int) -> None:
    model = AlexNet(include_top=False, input_shape=(side, side, 1), width=1 / 16)
    assert model.output_shape == (None, 1, 1, 16)


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (AlexNet, {"input_shape": (63, 227, 3)}, "must be at least 64"),
        (AlexNet, {"input_shape": (227, 227)}, r"\(height, width, channels\), not \(227, 227\)"),
        (AlexNet, {"input_shape": (None, 227, 3)}, "needs a fixed size"),
        (AlexNet, {"classes": 0}, "classes must be at least 1, not 0"),
        (AlexNet, {"weights": "imagenet"}, "there is no file imagenet"),
        (AlexNet, {"width": 0}, "width must be a factor above 0"),
        (AlexNet, {"groups": 0}, "groups must be at least 1, not 0"),
        (AlexNet, {"groups": 3}, "groups=3 does not divide the maps of conv2, 96 in and 256 out"),
        (AlexNet, {"width": 0.01}, "does not divide the maps of conv2, 1 in and 3 out"),
        (CudaConvnet, {"input_shape": (24, 26, 3)}, "multiples of 4"),
        (CudaConvnet, {"classes": -1}, "not -1"),
    ],
)
def test_wrong_arguments_are_refused_in_words(build: Callable, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**arguments)


@pytest.mark.backends
@pytest.mark.parametrize("build", [lambda **s: AlexNet(**NARROW, **s), CudaConvnet], ids=["alexnet", "cuda"])
@FORMS
def test_a_saved_model_answers_the_same(build: Callable, form: str, tmp_path: Path) -> None:
    model = build()
    randomise(model, seed=4)
    images = np.random.default_rng(5).normal(0, 1, (3, *model.input_shape[1:])).astype("float32")
    assert_saved(model, build, images, tmp_path / form)


@pytest.mark.backends
@pytest.mark.parametrize("build", [lambda: AlexNet(**NARROW), CudaConvnet], ids=["alexnet", "cuda"])
def test_a_training_step_moves_every_weight(build: Callable) -> None:
    keras.utils.set_random_seed(1)
    model = build()
    before = randomise(model, seed=6)
    step = compile_steps(model, keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy())
    images = np.random.default_rng(7).normal(0, 1, (1, 8, *model.input_shape[1:])).astype("float32")
    step(images, np.arange(8, dtype="int32")[None] % 5)
    after = {weight.path: keras.ops.convert_to_numpy(weight.value) for weight in model.trainable_weights}
    moved = {path: np.abs(value - before[path]).max() for path, value in after.items()}
    assert all(np.isfinite(gap) and gap > 1e-6 for gap in moved.values()), moved
