"""What does not fit together is refused before a training, and what learnt nothing is said after it."""

from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import cnnlib as cnn
from cnnlib import data, inputs, transfer
from cnnlib.data import Split
from cnnlib.data.pixels import Pixels
from cnnlib.training import TrainingError, fit

UNIT = Pixels("unit")


def some_images(count: int = 24, classes: int = 3) -> Split:
    """Images whose level says the class."""
    labels = np.arange(count) % classes
    rng = np.random.default_rng(0)
    x = np.clip(60 + 60 * labels[:, None, None, None] + rng.normal(0, 10, (count, 8, 8, 3)), 0, 255)
    return Split(x.astype("uint8"), labels)


def network(units: int = 3, activation: str | None = "softmax") -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="a")(image))
    return keras.Model(image, layers.Dense(units, activation=activation, name="top")(x), name="small")


def train(images: Split, model: keras.Model | None = None, **more: object) -> object:
    settings = {"epochs": 1, "batch_size": 8, **more.pop("settings", {})}
    pixels = more.pop("pixels", UNIT)
    return fit(model or network(), transfer.recipe(**settings), images, pixels=pixels, **more)


GOOD = some_images()
WRONG: dict[str, tuple[Split, str]] = {
    "lengths": (Split(GOOD.x, GOOD.y[:-1]), "24 images have 23 labels: give one label for each image"),
    "labels from 1": (
        Split(GOOD.x, GOOD.y + 1),
        "Labels go from 1 to 3, and small has 3 outputs, whose labels",
    ),
    "labels below 0": (Split(GOOD.x, GOOD.y - 1), "Labels go from -1 to 1"),
    "one-hot labels": (
        Split(GOOD.x, np.eye(3)[GOOD.y]),
        r"whole numbers \(n,\), not float64 of shape \(24, 3\)",
    ),
    "16 bits": (
        Split(GOOD.x.astype("uint16") * 257, GOOD.y),
        "Images are uint16 from .* takes uint8 from 0 to 255",
    ),
    "from 0 to 1": (Split(GOOD.x / 255, GOOD.y), "Images are float64 from .* and the preparation 'unit'"),
    "another size": (Split(GOOD.x[:, :7], GOOD.y), r"takes images of \(8, 8, 3\), and these are \(7, 8, 3\)"),
    "grey": (Split(GOOD.x[..., :1], GOOD.y), r"takes images of \(8, 8, 3\), and these are \(8, 8, 1\)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_inputs_that_do_not_fit_are_refused_in_words(kind: str) -> None:
    images, message = WRONG[kind]
    with pytest.raises(TrainingError, match=message):
        train(images)
    with pytest.raises(TrainingError, match=message):
        train(GOOD, validation=images)


def test_a_single_output_is_refused_in_words() -> None:
    with pytest.raises(TrainingError, match=r'single output.*Dense\(2, activation="softmax"\)'):
        train(some_images(classes=2), network(1, "sigmoid"))


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_the_loss_is_that_of_what_the_network_gives(activation: str | None) -> None:
    model = network(activation=activation)
    outputs = ops.convert_to_numpy(model(GOOD.x / 255))
    given = outputs if activation else np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    expected = -np.log(given[np.arange(24), GOOD.y]).mean()
    progress = train(GOOD, model, settings={"batch_size": 24, "rate": 1e-9})
    assert progress.history["train_loss"] == pytest.approx([expected], rel=1e-4)


def test_a_softmax_before_a_loss_of_logits_is_refused() -> None:
    with pytest.raises(TrainingError, match="is that of logits, and small ends in a softmax"):
        train(GOOD, settings={"loss_settings": {"from_logits": True}})


def test_classes_count_by_their_weights() -> None:
    losses = []
    for weights in (None, [1, 1, 1], [0.5, 1, 2]):
        model = network()
        given = ops.convert_to_numpy(model(GOOD.x / 255))[np.arange(24), GOOD.y]
        factors = np.array(weights or [1, 1, 1])[GOOD.y]
        progress = train(GOOD, model, settings={"batch_size": 24, "rate": 1e-9}, class_weights=weights)
        losses.append(progress.history["train_loss"][0])
        assert losses[-1] == pytest.approx((-np.log(given) * factors).mean(), rel=1e-4)
    assert losses[0] == pytest.approx(losses[1])
    with pytest.raises(TrainingError, match="Give one weight above 0 for each of the 3 classes"):
        train(GOOD, class_weights=[1, 1])


def worsening(patience: int | None = 99) -> tuple:
    """A training whose rate in the end breaks what was learnt."""
    model, seen = network(), []
    recipe = transfer.recipe(epochs=1, batch_size=8, rates=(0.02,) * 90 + (9.0,) * 3)
    progress = fit(
        model,
        recipe,
        GOOD,
        GOOD,
        pixels=UNIT,
        patience=patience,
        on_epoch=lambda epoch, figures: seen.append(model.get_weights()),
    )
    return model, progress, seen


@pytest.mark.backends
def test_the_best_epoch_is_kept_and_patience_ends_the_training() -> None:
    _, progress, _ = worsening(patience=None)
    errors = progress.history["validation_error"]
    best = int(np.argmin(errors))
    assert errors[-1] > errors[best]
    model, progress, seen = worsening()
    assert progress.best_epoch == best + 1
    for kept, expected in zip(model.get_weights(), seen[best], strict=True):
        np.testing.assert_array_equal(kept, expected)
    assert cnn.error(model, GOOD, UNIT) == pytest.approx(errors[best])
    _, progress, _ = worsening(patience=1)
    assert progress.epoch == progress.best_epoch + 1 < 93
    with pytest.raises(TrainingError, match="needs validation images to see the best one"):
        train(GOOD, patience=1)


def test_a_resumed_training_remembers_its_best_epoch(tmp_path: Path) -> None:
    class Stopped(Exception):  # noqa: N818 - it is no error
        pass

    def stop(epoch: int, figures: dict) -> None:
        if epoch == 4:
            raise Stopped

    recipe = transfer.recipe(epochs=5, batch_size=8, rates=(0.02, 0.02, 9.0, 9.0, 9.0))
    whole, file = network(), tmp_path / "c.npz"
    settings = {"pixels": UNIT, "patience": 5}
    fit(whole, recipe, GOOD, GOOD, **settings)
    halted = network()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnnlib.training.SECONDS_PER_CHECKPOINT", 0.0)
        with pytest.raises(Stopped):
            fit(halted, recipe, GOOD, GOOD, checkpoint=file, on_epoch=stop, **settings)
    resumed = network()
    fit(resumed, recipe, GOOD, GOOD, checkpoint=file, **settings)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def small_set() -> data.DataSet:
    return data.DataSet("own", "embedded", GOOD, GOOD, GOOD, ("a", "b", "c"), "here", "0" * 64, "ours")


@pytest.mark.parametrize(
    ("rate", "said"),
    [(1e-9, "as guessing among 3 classes does"), (100.0, "the training diverged"), (0.02, None)],
)
def test_a_loss_that_says_something_is_said_and_recorded(
    rate: float, said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = transfer.recipe(epochs=90 if said is None else 2, rate=rate, batch_size=8)
    model = network()
    if said and "guessing among" in said:
        model.get_layer("top").set_weights([np.zeros((4, 3)), np.zeros(3)])
    run = cnn.train(model, small_set(), recipe)
    words = capsys.readouterr().err
    assert (said or "") in words
    assert said is not None or "guessing" not in words
    assert (said or "") in run.record.get("remark", "")


def test_a_remark_is_made_of_a_cross_entropy_alone() -> None:
    guess = math.log(10)
    assert inputs.remark([2.0, 1.0], 10) is None
    assert "diverged" in (inputs.remark([0.3, 7.0], 10) or "")
    assert "guessing" in (inputs.remark([guess, guess], 10) or "")
    assert inputs.remark([guess], None) is inputs.remark([], 10) is None
