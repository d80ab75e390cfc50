"""VGG: counts of the six configurations, and the same answers as keras.applications."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops
from round_trips import FORMS, assert_saved

from cnnlib import audit
from cnnlib.models import VGG, VGG11, VGG13, VGG16, VGG19

# Weight layers, parameters, multiply-adds at 224x224: kernels times maps times positions.
COUNTS = {
    "A": (11, 132_863_336, 7_609_090_048),
    "A-LRN": (11, 132_863_336, 7_609_090_048),
    "B": (13, 133_047_848, 11_308_466_176),
    "C": (16, 133_638_952, 11_770_888_192),
    "D": (16, 138_357_544, 15_470_264_320),
    "E": (19, 143_667_240, 19_632_062_464),
}
SMALL = {"input_shape": (32, 32, 3), "classes": 5, "width": 1 / 16}


def pictures(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def answer(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(model(images, training=False))


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Equal to 1e-5 of what they differ by from image to image."""
    scale = np.ptp(theirs, axis=0).max()
    assert scale > 1e-3
    np.testing.assert_allclose(ours / scale, theirs / scale, atol=1e-5)


@pytest.mark.parametrize("config", COUNTS)
def test_a_configuration_has_the_counts_of_the_paper(config: str) -> None:
    rows = audit.table(VGG(config, initializer="zeros"))
    sums = audit.totals(rows)
    assert (sum(row.params > 0 for row in rows), sums["params"], sums["macs"]) == COUNTS[config]
    assert [row.output_shape for row in rows if row.name.endswith("_pool")] == [
        (112, 112, 64),
        (56, 56, 128),
        (28, 28, 256),
        (14, 14, 512),
        (7, 7, 512),
    ]


def test_the_convolutions_of_vgg16_see_212_pixels() -> None:
    rows = {row.name: row.receptive_field for row in audit.table(VGG16(include_top=False))}
    # Two 3x3 see what one 5x5 sees; the last pooling adds the 16 pixels to its neighbour.
    assert (rows["block1_conv2"], rows["block5_conv3"], rows["block5_pool"]) == (5, 196, 212)


def test_net_c_ends_three_blocks_with_a_kernel_of_one_pixel() -> None:
    model = VGG("C", **SMALL)
    sides = {layer.name: layer.kernel_size[0] for layer in model.layers if isinstance(layer, layers.Conv2D)}
    ones = [name for name, side in sides.items() if side == 1]
    assert ones == ["block3_conv3", "block4_conv3", "block5_conv3"]


def test_net_a_lrn_normalises_after_the_first_convolution() -> None:
    plain, normalised = ([layer.name for layer in VGG(config, **SMALL).layers] for config in ("A", "A-LRN"))
    assert normalised == [*plain[:2], "block1_lrn", *plain[2:]]
    assert plain[1:3] == ["block1_conv1", "block1_pool"]


APPLICATIONS = {
    "VGG16": (VGG16, keras.applications.VGG16),
    "VGG19": (VGG19, keras.applications.VGG19),
}


def twins(builders: tuple[Callable, Callable], **settings: object) -> tuple[keras.Model, keras.Model]:
    """Ours, with weights that keep activations large to the end, and Keras's with the same."""
    keras.utils.set_random_seed(1)
    ours = builders[0](initializer="he_normal", **settings)
    theirs = builders[1](weights=None, **settings)
    theirs.set_weights(ours.get_weights())
    return ours, theirs


@pytest.mark.parametrize(("name", "pooling"), [("VGG16", "avg"), ("VGG16", "max"), ("VGG19", None)])
def test_without_the_top_we_answer_as_keras_does(name: str, pooling: str | None) -> None:
    ours, theirs = twins(APPLICATIONS[name], include_top=False, pooling=pooling, input_shape=(48, 32, 3))
    images = pictures(2, 48, 32, 3)
    assert_same(answer(ours, images), answer(theirs, images))


def test_with_the_top_we_answer_as_keras_does() -> None:
    # Maps of 2x2 before the dense layers: enough to see in which order they are flattened.
    settings = {"input_shape": (64, 64, 3), "classes": 7, "classifier_activation": None}
    ours, theirs = twins(APPLICATIONS["VGG16"], **settings)
    images = pictures(2, 64, 64, 3)
    assert_same(answer(ours, images), answer(theirs, images))
    assert [layer.name for layer in ours.layers if not isinstance(layer, layers.Dropout)][1:] == [
        layer.name for layer in theirs.layers[1:]
    ]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_published_weights_give_the_same_scores_where_they_are_present(name: str) -> None:
    cache = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "models")
    file = cache / f"{name.lower()}_weights_tf_dim_ordering_tf_kernels.h5"
    if not file.exists():
        pytest.skip(f"there is no {file}: keras.applications.{name}() downloads it")
    settings = {"classifier_activation": None}
    theirs = keras.applications.__dict__[name](weights=str(file), **settings)
    ours = APPLICATIONS[name][0](**settings)
    ours.set_weights(theirs.get_weights())
    images = pictures(2, 224, 224, 3) * 50
    assert_same(answer(ours, images), answer(theirs, images))


def test_a_weights_file_of_keras_applications_is_ours_too(tmp_path: Path) -> None:
    settings = {"include_top": False, "input_shape": (32, 32, 3)}
    theirs = keras.applications.VGG16(weights=None, **settings)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours = VGG16(weights=tmp_path / "theirs.weights.h5", **settings)
    for mine, value in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, value)


def test_the_classifier_drops_half_of_its_units_in_training_alone() -> None:
    model = VGG("A", **SMALL)
    dropouts = {layer.name: layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)}
    assert dropouts == {"drop1": 0.5, "drop2": 0.5}
    names = [layer.name for layer in model.layers]
    assert names[-6:] == ["flatten", "fc1", "drop1", "fc2", "drop2", "predictions"]


@pytest.mark.parametrize(
    ("build", "name", "convolutions"),
    [(VGG11, "vgg11", 8), (VGG13, "vgg13", 10), (VGG16, "vgg16", 13), (VGG19, "vgg19", 16)],
)
def test_the_usual_names_are_configurations_of_the_table(
    build: Callable, name: str, convolutions: int
) -> None:
    model = build(**SMALL)
    assert model.name == name
    assert sum(isinstance(layer, layers.Conv2D) for layer in model.layers) == convolutions


def test_layers_of_the_same_shape_start_from_different_draws() -> None:
    shared = keras.initializers.RandomNormal(stddev=0.1)
    for initializer in ("paper", "glorot_uniform", shared):
        model = VGG("D", initializer=initializer, **SMALL)
        first, second = (model.get_layer(f"block5_conv{n}").get_weights()[0] for n in (1, 2))
        assert not np.array_equal(first, second), initializer


def test_the_papers_initial_weights_have_a_variance_of_a_hundredth() -> None:
    keras.utils.set_random_seed(1)
    kernel, bias = VGG("A", initializer="paper", **SMALL).get_layer("fc2").get_weights()
    assert kernel.var() == pytest.approx(0.01, rel=0.02)
    assert not bias.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"config": "F"}, "config must be one of A, A-LRN, B, C, D, E, not 'F'"),
        ({"weights": "imagenet"}, "set_weights"),
        ({"weights": "nowhere.h5"}, "there is no file nowhere.h5"),
        ({"input_shape": (31, 32, 3)}, "must be at least 32"),
        ({"input_shape": (32, 3)}, r"\(height, width, channels\)"),
        ({"input_shape": (None, None, 3)}, "needs a fixed size"),
        ({"include_top": False, "pooling": "mean"}, "not 'mean'"),
        ({"classes": 0}, "classes must be at least 1, not 0"),
        ({"width": -1}, "width must be a factor above 0, not -1"),
    ],
)
def test_wrong_arguments_are_refused_in_words(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VGG(**arguments)


@pytest.mark.backends
def test_without_the_top_images_may_have_any_size() -> None:
    model = VGG("A", include_top=False, input_shape=(None, None, 3), pooling="avg", width=1 / 16)
    assert answer(model, pictures(1, 40, 72, 3)).shape == (1, 32)


@pytest.mark.backends
@FORMS
def test_a_saved_network_with_normalisation_answers_the_same(form: str, tmp_path: Path) -> None:
    def build(**settings: object) -> keras.Model:
        return VGG("A-LRN", initializer="he_normal", **SMALL, **settings)

    assert_saved(build(), build, pictures(2, 32, 32, 3), tmp_path / form)
