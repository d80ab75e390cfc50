"""LeNet-5 in both forms: its counts against the papers, its outputs against plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from plain_numpy import blocks, convolve, squash
from round_trips import FORMS, assert_saved

from cnnbook import papers
from cnnbook.lenet1998 import digit_codes
from cnnlib import audit, models

CHAPTER = papers.paper("chapter")
LECUN1998 = papers.paper("lecun1998")

pytestmark = pytest.mark.backends

BUILDERS = {"LeNet5": models.LeNet5, "LeNet5Original": models.LeNet5Original}
# Worked out by hand: 5x5 kernels, and 2x2 blocks that double the distance between neighbours.
RECEPTIVE_FIELDS = {
    "c1": 5,
    "s2": 6,
    "c3": 14,
    "s4": 16,
    "c5": 32,
    "flatten": None,
    "f6": None,
    "output": None,
}


def rows(model: keras.Model) -> dict[str, audit.Row]:
    return {row.name: row for row in audit.table(model)}


def randomise(model: keras.Model, seed: int) -> dict[str, np.ndarray]:
    """Give a model weights drawn by NumPy, large enough to bend every tanh; return them by path."""
    rng = np.random.default_rng(seed)
    values = {}
    for weight in model.trainable_weights:
        fan_in = np.prod(weight.shape[:-1]) if "kernel" in weight.path else 4
        values[weight.path] = rng.normal(0, 1 / np.sqrt(fan_in), weight.shape)
        weight.assign(values[weight.path].astype("float32"))
    return {path: value.astype("float32").astype("float64") for path, value in values.items()}


def common_form(x: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    """Logits of `LeNet5`, in plain NumPy."""
    x = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    x = np.tanh(convolve(x, w["c1/kernel"]) + w["c1/bias"])
    x = np.tanh(convolve(blocks(x).mean(-1), w["c3/kernel"]) + w["c3/bias"])
    x = np.tanh(convolve(blocks(x).mean(-1), w["c5/kernel"]) + w["c5/bias"]).reshape(len(x), -1)
    x = np.tanh(x @ w["f6/kernel"] + w["f6/bias"])
    return x @ w["output/kernel"] + w["output/bias"]


def form_of_1998(x: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    """Scores of `LeNet5Original`, in plain NumPy, with the connection table as the paper prints it."""

    def subsample(x: np.ndarray, name: str) -> np.ndarray:
        return squash(blocks(x).sum(-1) * w[f"{name}/coefficient"] + w[f"{name}/bias"])

    x = subsample(squash(convolve(x, w["c1/kernel"]) + w["c1/bias"]), "s2")
    maps, link = [], 0
    for column, seen in enumerate(LECUN1998["c3.connections"]):
        total = w["c3/bias"][column]
        for row in seen:
            kernel = w["c3/kernel"][:, :, link, None, None]
            total = total + convolve(x[..., row : row + 1], kernel)[..., 0]
            link += 1
        maps.append(total)
    x = subsample(squash(np.stack(maps, axis=-1)), "s4")
    x = squash(convolve(x, w["c5/kernel"]) + w["c5/bias"]).reshape(len(x), -1)
    x = squash(x @ w["f6/kernel"] + w["f6/bias"])
    return -((x[:, None] - digit_codes().reshape(10, 84)) ** 2).sum(-1)


@pytest.mark.parametrize(
    ("build", "forward"),
    [
        (lambda: models.LeNet5(classifier_activation=None), common_form),
        (models.LeNet5Original, form_of_1998),
    ],
    ids=["LeNet5", "LeNet5Original"],
)
def test_same_weights_give_the_outputs_of_a_plain_numpy_network(build: Callable, forward: Callable) -> None:
    model = build()
    weights = randomise(model, seed=1)
    images = np.random.default_rng(2).uniform(-0.1, 1.175, (5, *model.input_shape[1:])).astype("float32")
    expected = forward(images.astype("float64"), weights)
    assert np.ptp(expected, axis=0).min() > 0.01  # the images are told apart
    np.testing.assert_allclose(model.predict_on_batch(images), expected, rtol=1e-5, atol=1e-5)


def test_lenet5_original_has_the_layers_of_the_paper() -> None:
    found = rows(models.LeNet5Original())
    assert {
        name: {"shape": list(row.output_shape), "parameters": row.params, "connections": row.connections}
        for name, row in found.items()
        if name != "flatten"
    } == LECUN1998["layers.*"]
    sums = audit.totals(found.values())
    assert sums["params"] == LECUN1998["parameters"] == 60_000
    assert sums["connections"] == LECUN1998["connections"] == 340_908


def test_lenet5_original_trains_its_60000_parameters_and_not_its_codes() -> None:
    model = models.LeNet5Original()
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == 60_000
    assert [w.path for w in model.non_trainable_weights] == ["output/codes"]
    model.trainable = False
    assert model.trainable_weights == []
    model.trainable = True  # to unfreeze the network is not to unfreeze its codes
    assert [w.path for w in model.non_trainable_weights] == ["output/codes"]


def test_multiply_adds_of_lenet5_original_are_its_connections_less_the_biases() -> None:
    found = {name: row.macs for name, row in rows(models.LeNet5Original()).items()}
    assert found == {
        "c1": 28 * 28 * 6 * 25,
        "s2": 14 * 14 * 6,
        "c3": 10 * 10 * 60 * 25,
        "s4": 5 * 5 * 16,
        "c5": 120 * 16 * 25,
        "flatten": 0,
        "f6": 120 * 84,
        "output": 84 * 10,
    }


def test_lenet5_has_the_layers_of_the_chapter() -> None:
    found = rows(models.LeNet5())
    assert {
        name: {"shape": list(row.output_shape), "parameters": row.params, "multiply_adds": row.macs}
        for name, row in found.items()
    } == CHAPTER["lenet.layers.*"]
    assert audit.totals(found.values())["params"] == CHAPTER["lenet.parameters"] == 61_706


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_receptive_fields(build: Callable) -> None:
    assert {name: row.receptive_field for name, row in rows(build()).items()} == RECEPTIVE_FIELDS


def test_digit_codes_are_ten_different_bitmaps_of_plus_and_minus_one() -> None:
    codes = digit_codes()
    assert codes.shape == (10, 12, 7)
    assert set(np.unique(codes)) == {-1.0, 1.0}
    apart = ((codes[:, None] - codes[None]) ** 2).sum((-1, -2)) / 4  # pixels in which two codes differ
    assert apart[~np.eye(10, dtype=bool)].min() >= 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (26, 28, 1)}, r"\(26, 28, 1\) is too small: height and width must be at least 28"),
        ({"input_shape": (28, 27, 1)}, "too small"),
        ({"input_shape": (28, 28)}, r"\(height, width, channels\), not \(28, 28\)"),
        ({"classes": 0}, "classes must be at least 1, not 0"),
        ({"classes": 1}, "A softmax of a single unit is always 1: give classes=2 for two classes"),
    ],
)
def test_wrong_arguments_are_refused_in_words(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.LeNet5(**arguments)


def test_the_smallest_input_leaves_c5_one_map_and_a_larger_one_more() -> None:
    assert models.LeNet5(input_shape=(28, 28, 3)).get_layer("c5").output.shape == (None, 1, 1, 120)
    assert models.LeNet5(input_shape=(32, 28, 1)).get_layer("c5").output.shape == (None, 2, 1, 120)


def test_without_the_top_the_output_is_the_maps_of_c5() -> None:
    model = models.LeNet5(include_top=False)
    assert model.output_shape == (None, 1, 1, 120)
    assert [layer.name for layer in model.layers] == ["image", "c1", "s2", "c3", "s4", "c5"]


def test_the_classifier_activation_is_a_softmax_or_what_was_asked_for() -> None:
    model, logits = models.LeNet5(classes=7), models.LeNet5(classes=7, classifier_activation=None)
    logits.set_weights(model.get_weights())
    images = np.random.default_rng(3).uniform(0, 1, (4, 28, 28, 1)).astype("float32")
    raw = np.exp(logits.predict_on_batch(images))
    assert raw.shape == (4, 7)
    np.testing.assert_allclose(
        model.predict_on_batch(images), raw / raw.sum(axis=1, keepdims=True), rtol=1e-5
    )


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@FORMS
def test_a_saved_model_answers_the_same(build: Callable, form: str, tmp_path: Path) -> None:
    model = build()
    randomise(model, seed=4)
    images = np.random.default_rng(5).uniform(0, 1, (3, *model.input_shape[1:])).astype("float32")
    assert_saved(model, build, images, str(tmp_path / form))


def test_a_file_with_other_weights_or_none_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "ten.weights.h5"
    models.LeNet5(classes=10).save_weights(file)
    told = r"ten\.weights\.h5 does not hold the weights of lenet5 .*classes.*\(84, 7\), Received: .*84, 10"
    with pytest.raises(ValueError, match=told):
        models.LeNet5(classes=7, weights=file)
    file.write_text("no weights")
    with pytest.raises(ValueError, match=r"does not hold the weights of lenet5 .*file signature not found"):
        models.LeNet5(weights=file)
