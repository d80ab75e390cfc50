"""Training: what it leaves behind, and that a run stopped anywhere ends as one that never stopped."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

from cnnbook import trainings
from cnnbook.lenet1998 import EuclideanRBF, PatchConv2D, TrainableSubsampling, digit_codes, scaled_tanh
from cnnlib import backend, data, models, recipe, records, runs, training
from cnnlib.checkpoint import Checkpoint, CheckpointError
from cnnlib.data import DataSet, Split, feed
from cnnlib.data.folders import PictureFolder
from cnnlib.data.pixels import Pixels
from cnnlib.data.preparation import Preparation
from cnnlib.data.views import CentreView, RandomView, TenCrop
from cnnlib.recipe import RECIPES, Recipe
from cnnlib.schedules import Plateau
from cnnlib.training import Interrupted, TrainingError, fit

TESTS = Path(__file__).resolve().parent
ADAM = replace(RECIPES["lenet5_modern"], batch_size=8, rates=(0.01, 0.005, 0.001))
ADAM = replace(ADAM, preparation=Preparation())
AFFINE = Preparation("unit", "affine")
LM = replace(RECIPES["lenet5_original"], rates=(5e-4, 2e-4))
SGD = replace(ADAM, optimizer="sgd", rates=(0.1, 0.1))


def small(dropout: float = 0.0) -> keras.Model:
    """A network that compiles at once; with or without layers that keep a random state of their own."""
    keras.utils.set_random_seed(11)
    stack = [layers.AveragePooling2D(4), layers.Flatten(), layers.Dense(16, "relu")]
    stack += [layers.BatchNormalization(), layers.Dropout(dropout)] if dropout else []
    return keras.Sequential([keras.Input((28, 28, 1)), *stack, layers.Dense(10, "softmax")])


def small_of_1998() -> keras.Model:
    keras.utils.set_random_seed(12)
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            PatchConv2D(2, 5, activation=scaled_tanh),
            TrainableSubsampling(4, scaled_tanh, "ones"),
            layers.Flatten(),
            layers.Dense(84, activation=scaled_tanh),
            EuclideanRBF(digit_codes().reshape(10, 84)),
        ]
    )


def tiny_builder() -> keras.Model:
    """Like a builder of `cnnlib.models`: its weights follow from the seed the caller has set."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.AveragePooling2D(4),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    )


@pytest.fixture(scope="module")
def digits() -> DataSet:
    whole = data.load("mnist", "quick")
    parts = {name: getattr(whole, name) for name in ("train", "validation", "test")}
    return replace(whole, **{name: Split(part.x[::25], part.y[::25]) for name, part in parts.items()})


def first(split: Split, images: int) -> Split:
    return Split(split.x[:images], split.y[:images])


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def figures(progress: training.Progress) -> dict:
    return {key: value for key, value in vars(progress).items() if key != "seconds"}


# Stopped and resumed


class PowerCutError(Exception):
    """Stands for the power going out."""


def stop_at(monkeypatch: pytest.MonkeyPatch, epoch: int, update: int) -> None:
    """Let `fit` save after every call, and stop it after the first that comes so far."""
    monkeypatch.setattr(training, "SECONDS_PER_CHECKPOINT", 0)
    save = Checkpoint.save

    def save_then_stop(self: Checkpoint, state: dict) -> None:
        save(self, state)
        if (state["epoch"], state["update"]) >= (epoch, update):
            raise PowerCutError

    monkeypatch.setattr(Checkpoint, "save", save_then_stop)


# What has a state of its own is in one of them: averages, dropout, distortions, schedules, curvatures.
AVERAGED = replace(
    ADAM, averaging=0.8, weight_decay=0.01, preparation=AFFINE, rates=(0.01, 0.002), hold=(9, 9)
)
STALLING = replace(ADAM, preparation=AFFINE, rates=(0.01, 0.001), hold=Plateau(1, 4))


@pytest.mark.backends
@pytest.mark.parametrize(
    ("build", "chosen", "images", "stops"),
    [
        # Within an epoch of seven updates, after it, and within the next.
        (small, AVERAGED, 60, [(0, 6), (1, 0), (1, 1)]),
        (lambda: small(0.5), STALLING, 60, [(0, 6), (1, 1)]),
        (small_of_1998, LM, 40, [(1, 1)]),
    ],
    ids=["averaged", "dropout", "diagonal_lm"],
)
def test_a_run_stopped_anywhere_and_resumed_ends_with_the_same_weights(
    build: Callable,
    chosen: Recipe,
    images: int,
    stops: list[tuple[int, int]],
    digits: DataSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "VALUES_PER_CALL", 0)
    run = {"recipe": chosen, "train": first(digits.train, images), "validation": digits.validation, "seed": 3}
    whole = build()
    reference = fit(whole, **run)
    assert not same(whole.get_weights(), build().get_weights())
    for place in stops:
        with monkeypatch.context() as context:
            stop_at(context, *place)
            with pytest.raises(PowerCutError):
                fit(build(), **run, checkpoint=tmp_path / "c.npz")
    resumed, epochs = build(), []
    progress = fit(
        resumed, **run, checkpoint=tmp_path / "c.npz", on_epoch=lambda epoch, _: epochs.append(epoch)
    )
    assert same(resumed.get_weights(), whole.get_weights())
    assert figures(progress) == figures(reference)
    assert epochs[0] > 1  # it did not start anew


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills copies of a process")
def test_a_training_killed_again_and_again_ends_with_the_weights_of_one_left_alone(tmp_path: Path) -> None:
    kills = os.environ.get("CNNLIB_KILLS", "3")
    command = [sys.executable, str(TESTS / "killed_runs.py"), str(tmp_path), kills]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "killed.npz") as killed:
        ends = [json.loads(str(file["state"]))["state"] for file in (whole, killed)]
        assert figures(SimpleNamespace(**ends[0])) == figures(SimpleNamespace(**ends[1]))
        assert whole.files == killed.files
        for name in whole.files[1:]:
            np.testing.assert_array_equal(whole[name], killed[name], err_msg=name)


def signal_after(monkeypatch: pytest.MonkeyPatch, updates: int, *signals: int) -> None:
    """Send this process signals after so many updates, and let nothing else save."""
    monkeypatch.setattr(training, "VALUES_PER_CALL", 0)
    monkeypatch.setattr(training, "SECONDS_PER_CHECKPOINT", np.inf)
    end, made = training._Watch.on_train_batch_end, []

    def signal_then_end(self: training._Watch, batch: int, logs: dict) -> None:
        made.append(1)
        if len(made) == updates:
            for number in signals:
                signal.raise_signal(number)
        end(self, batch, logs)

    monkeypatch.setattr(training._Watch, "on_train_batch_end", signal_then_end)


@pytest.fixture
def _sigterm_is_harmless() -> Iterator[None]:
    """To the tests themselves, where `fit` fails to handle it."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_sigterm_is_harmless")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_an_epoch_saves_before_it_stops(
    number: int, digits: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, resumed, path = small(), small(), tmp_path / "c.npz"
    fit(whole, SGD, digits.train, seed=1)
    before = [signal.getsignal(known) for known in (signal.SIGTERM, signal.SIGINT)]
    with monkeypatch.context() as context:
        signal_after(context, 20, number)
        message = f"Stopped by {signal.Signals(number).name}; .*c.npz holds all that was done. Resume from it"
        with pytest.raises(Interrupted, match=message) as stop:
            fit(small(), SGD, digits.train, seed=1, checkpoint=path)
    assert stop.value.signal == number
    assert [signal.getsignal(known) for known in (signal.SIGTERM, signal.SIGINT)] == before
    with np.load(path) as file:
        state = json.loads(str(file["state"]))["state"]
    assert (state["epoch"], state["update"]) == (1, 3)  # of 17 updates in an epoch
    fit(resumed, SGD, digits.train, seed=1, checkpoint=path)
    assert same(resumed.get_weights(), whole.get_weights())


@pytest.mark.usefixtures("_sigterm_is_harmless")
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_second_ctrl_c_is_obeyed_at_once(
    asked: int, digits: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal_after(monkeypatch, 2, asked, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as stop:
        fit(small(), SGD, digits.train, checkpoint=tmp_path / "c.npz")
    assert stop.type is KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_without_a_checkpoint_ctrl_c_is_not_held_back(
    digits: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal_after(monkeypatch, 2, signal.SIGINT)
    # What runs in a shell's background may have inherited that Ctrl-C is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt) as stop:
            fit(small(), SGD, digits.train)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stop.type is KeyboardInterrupt


def test_a_finished_run_is_not_run_again_and_its_checkpoint_is_no_other_runs(
    digits: DataSet, tmp_path: Path
) -> None:
    path, model = tmp_path / "c.npz", small()
    fit(small(), ADAM, digits.train, seed=1, checkpoint=path)
    before = path.read_bytes()
    progress = fit(model, ADAM, digits.train, seed=1, checkpoint=path)
    assert progress.epoch == ADAM.epochs
    assert not same(model.get_weights(), small().get_weights())
    assert path.read_bytes() == before
    changed = replace(ADAM, rates=(0.01, 0.005, 0.002))
    for differing, build, chosen, images, seed in [
        ("seed", small, ADAM, digits.train, 2),
        ("recipe", small, changed, digits.train, 1),
        ("images, data", small, ADAM, first(digits.train, 100), 1),
        ("data", small, ADAM, replace(digits.train, x=255 - digits.train.x), 1),
        ("shapes", tiny_builder, ADAM, digits.train, 1),
    ]:
        with pytest.raises(CheckpointError, match=rf"another training \(its {differing} differ\)"):
            fit(build(), chosen, images, seed=seed, checkpoint=path)


# What a run computes


@pytest.mark.backends
def test_the_same_seed_gives_the_same_run_and_another_seed_another(
    digits: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "Small", tiny_builder, raising=False)
    chosen = replace(ADAM, network="Small", rates=(0.01,), preparation=AFFINE)
    made = [runs.train(chosen, digits, seed=seed, verbose=False) for seed in (1, 1, 2)]
    weights = [each.model.get_weights() for each in made]
    assert same(weights[0], weights[1])
    assert not same(weights[0], weights[2])
    assert made[0].history == made[1].history
    assert made[0].error == made[1].error


@pytest.mark.backends
def test_how_many_updates_a_call_makes_does_not_change_the_weights(
    digits: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, ends = replace(ADAM, preparation=AFFINE), []
    for values_per_call in (2**20, 3 * 8 * 784, 0):  # all of an epoch, three of its seventeen, one
        monkeypatch.setattr(training, "VALUES_PER_CALL", values_per_call)
        model = small(0.5)
        fit(model, chosen, digits.train, digits.validation, seed=2)
        ends.append(model.get_weights())
    for end in ends[1:]:
        assert same(end, ends[0])
    model = small(0.5)
    fit(model, ADAM, digits.train, seed=2)
    assert not same(model.get_weights(), ends[0])  # the distortions do something


def every_update(
    model: keras.Model, chosen: Recipe, train: Split, validation: Split, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[list[np.ndarray]], training.Progress]:
    """Train, and return the weights before and after each update."""
    seen, end = [model.get_weights()], training._Watch.on_train_batch_end

    def look_then_end(self: training._Watch, batch: int, logs: dict) -> None:
        seen.append(self.model.network.get_weights())
        end(self, batch, logs)

    with monkeypatch.context() as context:
        context.setattr(training, "VALUES_PER_CALL", 0)
        context.setattr(training._Watch, "on_train_batch_end", look_then_end)
        progress = fit(model, chosen, train, validation)
    return seen, progress


@pytest.mark.backends
@pytest.mark.parametrize(
    ("hold", "expected"),
    [
        ((3, 4, 4), [0.5] * 3 + [0.2] * 4 + [0.1] * 4),
        (Plateau(2, 9), [0.5] * 9 + [0.2] * 6 + [0.1] * 6),
        (None, [0.5] * 3 + [0.2] * 3 + [0.1] * 3),
    ],
    ids=["updates", "plateau", "epochs"],
)
def test_each_update_takes_the_rate_of_the_schedule(
    hold: recipe.Hold, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of black images only the bias learns; the softmax gives its gradient. Validation stalls at once."""
    train = Split(np.zeros((25, 2, 2, 1), "uint8"), np.zeros(25, "int64"))  # three batches of eight
    model = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
    chosen = replace(SGD, rates=(0.5, 0.2, 0.1), hold=hold)
    seen, progress = every_update(model, chosen, train, Split(train.x, train.y + 1), monkeypatch)
    found = []
    for (_, before), (_, after) in itertools.pairwise(seen):
        share = np.exp(before) / np.exp(before).sum()
        found.append((before - after)[0] / (share[0] - 1))
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert progress.history["rate"] == expected[2::3] + ([0.1] if len(expected) % 3 else [])


@pytest.mark.backends
def test_the_running_average_of_the_weights_is_validated_and_kept(
    digits: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = first(digits.train, 40)
    plain = replace(SGD, optimizer_settings={"momentum": 0.9}, rates=(0.3,) * 3)
    seen, progress = every_update(small(), plain, train, digits.train, monkeypatch)
    averaged, by_hand, errors = small(), small(), []
    kept = fit(averaged, replace(plain, averaging=0.9), train, digits.train)
    average = seen[1]
    for update, weights in enumerate(seen[1:], 1):
        average = [0.9 * old + 0.1 * new for old, new in zip(average, weights, strict=True)]
        if update % 5 == 0:  # the end of an epoch
            by_hand.set_weights(average)
            errors.append(runs.error(by_hand, digits.train, Pixels("unit")))
    for found, expected in zip(averaged.get_weights(), average, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert np.abs(average[0] - seen[-1][0]).max() > 1e-3
    assert kept.history["validation_error"] == errors != progress.history["validation_error"]
    assert kept.history["train_loss"] == progress.history["train_loss"]  # updates start from the last weights


def test_the_figures_of_an_epoch_are_means_over_its_images(digits: DataSet) -> None:
    """With a rate of zero nothing moves, so they can be worked out from the model itself."""
    model = small()
    part = first(digits.train, 43)  # five batches of eight; three images left out
    chosen = replace(SGD, rates=(0.0,), weight_decay=1.0)
    history = fit(model, chosen, part, digits.validation, seed=9).history
    shown = np.random.default_rng((9, 0)).permutation(43)[:40]
    outputs = model.predict_on_batch(part.x[shown] / np.float32(255))
    right = outputs[np.arange(40), part.y[shown]]
    assert history["train_loss"] == [pytest.approx(-np.log(right).mean(), rel=1e-5)]
    assert history["train_error"] == [pytest.approx((outputs.argmax(1) != part.y[shown]).mean())]
    assert history["validation_error"] == [runs.error(model, digits.validation, Pixels("unit"))]


@pytest.mark.backends
def test_an_error_counts_every_image_once(digits: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "TEST_IMAGES", 4)
    model = small()
    x = digits.test.x[:7]
    answers = model.predict_on_batch(x / np.float32(255)).argmax(axis=1)
    answers[-1] += 1  # which a last batch filled up with it would count twice
    assert runs.error(model, Split(x, answers % 10), Pixels("unit")) == 1 / 7


def test_too_few_images_for_a_batch(digits: DataSet) -> None:
    with pytest.raises(TrainingError, match="7 training images do not fill one batch of 8"):
        fit(small(), ADAM, first(digits.train, 7))


@pytest.mark.parametrize("accumulate", [0, 3])
def test_a_batch_that_has_no_such_parts(accumulate: int, digits: DataSet) -> None:
    with pytest.raises(TrainingError, match=f"8 images on 1 devices .* in {accumulate} equal parts"):
        fit(small(), ADAM, digits.train, accumulate=accumulate)


def test_a_loss_that_is_no_longer_finite_stops_the_run(digits: DataSet) -> None:
    with pytest.raises(TrainingError, match="no longer finite in epoch 1: lower the rate"):
        fit(small(), replace(SGD, rates=(1e30, 1e30)), digits.train)


# Pictures of a folder


def model_of_pictures(size: int) -> keras.Model:
    keras.utils.set_random_seed(4)
    stack = [layers.Flatten(), layers.Dropout(0.2), layers.Dense(2, "softmax")]
    return keras.Sequential([keras.Input((size, size, 3)), *stack])


EIGHT = Preparation(train=RandomView(8, (8, 11)), test=CentreView(8, 8))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Thirty noisy pictures of two classes, one of which is none."""
    rng = np.random.default_rng(8)
    for i in range(30):
        path = tmp_path / "pictures" / "ab"[i % 2] / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 150 + 50 * (i % 2), (10, 13, 3)).astype("uint8")).save(path)
    path.write_text("no picture")
    return tmp_path / "pictures"


@pytest.mark.backends
def test_a_run_on_pictures_of_a_folder_can_be_repeated_and_resumed(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "VALUES_PER_CALL", 0)
    chosen = replace(
        SGD,
        preparation=replace(EIGHT, augmentation="pca_colour", pixels="standard"),
        rates=(0.1, 0.05),
    )

    def train(model: keras.Model, checkpoint: Path | None = None) -> training.Progress:
        folder = PictureFolder(pictures, on_bad="skip")
        progress = fit(model, chosen, folder, folder.subset(range(9)), seed=3, checkpoint=checkpoint)
        assert [path for path, _ in folder.skipped] == ["b/29.png"]
        return progress

    whole, again, resumed = (model_of_pictures(8) for _ in range(3))
    reference = train(whole)
    assert figures(train(again)) == figures(reference)
    assert same(again.get_weights(), whole.get_weights())
    for place in [(0, 1), (1, 0)]:  # within an epoch, and after it
        with monkeypatch.context() as context:
            stop_at(context, *place)
            with pytest.raises(PowerCutError):
                train(model_of_pictures(8), tmp_path / "c.npz")
    assert figures(train(resumed, tmp_path / "c.npz")) == figures(reference)
    assert same(resumed.get_weights(), whole.get_weights())
    assert reference.history["train_loss"][1] < 0.5


def test_a_picture_that_is_none_stops_a_run_unless_it_is_to_be_skipped(pictures: Path) -> None:
    with pytest.raises(data.DataError, match=r"b/29\.png"):
        fit(model_of_pictures(8), replace(SGD, preparation=EIGHT), PictureFolder(pictures))


@pytest.mark.backends
def test_a_picture_that_cannot_be_read_is_not_validated(pictures: Path) -> None:
    folder = PictureFolder(pictures, on_bad="skip").subset([0, 1, 2, 15, 29])
    assert folder.labels.tolist() == [0, 0, 0, 1, 1]
    model = model_of_pictures(8)
    model.set_weights([np.zeros((192, 2)), np.array([1.0, 0.0])])  # it answers class 0 whatever it sees
    assert runs.error(model, folder, Pixels("unit"), view=EIGHT.test) == 1 / 4
    still = replace(SGD, rates=(0.0,), preparation=EIGHT)
    history = fit(model, still, PictureFolder(pictures, on_bad="skip"), folder).history
    assert history["validation_error"] == [1 / 4]


@pytest.mark.backends
def test_the_outputs_of_a_test_pictures_views_are_averaged(tmp_path: Path) -> None:
    """Bright in the centre alone: one view in five says class 1, surely, and the others class 0."""
    picture = np.zeros((12, 12, 3), "uint8")
    picture[4:8, 4:8] = 255
    for name in ("a/0.png", "b/0.png", "b/1.png", "b/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / name)
    folder, model = PictureFolder(tmp_path), model_of_pictures(4)
    model.set_weights([np.repeat([[0.0, 10 / 48]], 48, axis=0), np.array([4.0, 0.0])])
    for view, expected in {CentreView(4, 12): 1 / 4, TenCrop(4, 12): 3 / 4}.items():
        how = Preparation(train=RandomView(4, (12, 12)), test=view)
        chosen = replace(SGD, rates=(0.0,), batch_size=2, preparation=how)
        assert fit(model, chosen, folder, folder).history["validation_error"] == [expected]


@pytest.mark.backends
def test_the_outputs_of_an_images_ten_crops_are_averaged() -> None:
    """As above, of images in memory."""
    image = np.zeros((12, 12, 3), "uint8")
    image[4:8, 4:8] = 255
    images, model = Split(np.stack([image] * 4), np.array([0, 1, 1, 1])), model_of_pictures(4)
    model.set_weights([np.repeat([[0.0, 10 / 48]], 48, axis=0), np.array([4.0, 0.0])])
    for view, expected in {CentreView(4, 12): 1 / 4, TenCrop(4, 12): 3 / 4}.items():
        how = Preparation(train=RandomView(4, (12, 12)), test=view)
        chosen = replace(SGD, rates=(0.0,), batch_size=2, preparation=how)
        progress = fit(model, chosen, images, images)
        assert progress.history["validation_error"] == [expected]
        centred = replace(chosen, preparation=replace(how, train=CentreView(4, 12)))
        assert fit(model, centred, images, images).history["train_error"] == [1 / 4]


# What a run leaves behind


class Watched(Split):
    """A split that notes whenever its images are looked at."""

    def __init__(self, split: Split, log: list[str], name: str):
        object.__setattr__(self, "y", split.y)
        object.__setattr__(self, "hidden", (split.x, log, name))

    @property
    def x(self) -> np.ndarray:
        images, log, name = self.hidden
        log.append(name)
        return images


@pytest.fixture
def watched(digits: DataSet, monkeypatch: pytest.MonkeyPatch) -> tuple[DataSet, list[str]]:
    log: list[str] = []
    monkeypatch.setattr(models, "Small", tiny_builder, raising=False)
    splits = {name: Watched(getattr(digits, name), log, name) for name in ("train", "validation", "test")}
    return replace(digits, **splits), log


def test_the_test_images_are_looked_at_once_and_after_training(
    watched: tuple[DataSet, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, log = watched
    finish = training._finish_epoch
    monkeypatch.setattr(training, "_finish_epoch", lambda *of: log.append("epoch") or finish(*of))
    record = runs.train(replace(ADAM, network="Small"), images, verbose=False).record
    looks = [name for name, _ in itertools.groupby(log)]
    assert looks.count("test") == 1
    assert looks.index("test") > len(looks) - 1 - looks[::-1].index("epoch")
    assert log.count("epoch") == 3
    assert 0 <= record["result"]["test_error"] <= 1


def test_choosing_settings_looks_at_validation_images_only(watched: tuple[DataSet, list[str]]) -> None:
    images, log = watched
    good, still, wild = {}, {"rates": (1e-9, 1e-9)}, {"rates": (np.nan, np.nan)}
    chosen = replace(ADAM, network="Small", rates=(0.01, 0.01))
    found = trainings.choose(chosen, [still, good, wild], images, epochs=2, seed=4)
    assert set(log) == {"train", "validation"}
    assert [candidate["change"] for candidate in found["candidates"]] == [still, good, wild]
    errors = [candidate["validation_error"] for candidate in found["candidates"]]
    assert errors[1] < errors[0] - 0.2
    assert errors[2] is None  # its loss was no number
    model = runs.train(chosen, images, seed=4, use_test=False, verbose=False).model
    assert errors[1] == runs.error(model, images.validation, Pixels("unit"))


@pytest.mark.backends
def test_a_run_leaves_a_record_weights_and_a_checkpoint(
    watched: tuple[DataSet, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    images, _ = watched
    chosen = replace(ADAM, network="Small", rates=(0.01, 0.005))
    made = runs.train(chosen, images, seed=6, out=tmp_path / "run", accumulate=2)
    model, record = made.model, made.record
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoint.npz",
        "final.weights.h5",
        "record.json",
    ]
    assert json.loads((tmp_path / "run" / "record.json").read_text()) == json.loads(json.dumps(record))
    assert record["history"]["rate"] == [0.01, 0.005]
    assert {name: len(values) for name, values in record["history"].items()} == dict.fromkeys(
        ("rate", "train_loss", "train_error", "validation_error"), 2
    )
    assert record["data"]["images"] == {"train": 140, "validation": 20, "test": 40}
    assert record["execution"] == {
        "precision": backend.best_precision(),
        "devices": 1,
        "processes": 1,
        "parts_of_a_batch": 2,
    }
    assert record["wall_seconds"] > 0
    assert record["history"]["validation_error"][-1] == runs.error(model, images.validation, Pixels("unit"))
    again = tiny_builder()
    again.load_weights(tmp_path / "run" / "final.weights.h5")
    assert same(again.get_weights(), model.get_weights())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert f"validation_error {record['history']['validation_error'][1]:.4g}" in lines[1]


@pytest.mark.backends
def test_a_record_keeps_the_answers_that_its_error_was_counted_from(
    watched: tuple[DataSet, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "TEST_IMAGES", 7)  # forty images, so the last batch is filled up
    images, _ = watched
    made = runs.train(replace(ADAM, network="Small"), images, verbose=False)
    model, record = made.model, made.record
    expected = ops.convert_to_numpy(model(Pixels("unit")(images.test.x))).argmax(axis=1)
    np.testing.assert_array_equal(runs.Run(record).answers, expected)
    np.testing.assert_array_equal(records.unpack_answers(record["answers"])[1], images.test.y)
    assert np.mean(expected != images.test.y) == record["result"]["test_error"]
    assert record["answers"]["images_sha256"] == records.sha256(images.test, np.ones(40, bool))
    record = runs.train(replace(ADAM, network="Small"), images, verbose=False, use_test=False).record
    assert runs.Run(record).answers is None


@pytest.mark.backends
def test_a_picture_that_cannot_be_read_has_no_answer(pictures: Path) -> None:
    folder = PictureFolder(pictures, on_bad="skip").subset([0, 15, 29, 1])
    model = model_of_pictures(8)
    model.set_weights([np.zeros((192, 2)), np.array([1.0, 0.0])])  # it answers class 0 whatever it sees
    source = feed.Feed(folder, backend.engine("one"), Pixels("unit"), view=EIGHT.test)
    error, found = training.tester(model, source)()
    assert (error, found.tolist()) == (1 / 3, [1, 1, 0, 1])


@pytest.mark.backends
def test_scores_that_are_no_numbers_are_no_class() -> None:
    model = model_of_pictures(4)
    model.set_weights([np.zeros((48, 2)), np.array([np.nan, 0.0])])
    images = Split(np.zeros((3, 4, 4, 3), "uint8"), np.array([0, 1, 1]))
    error, found = training.tester(model, feed.Feed(images, backend.engine("one"), Pixels("unit")))()
    assert (error, found.tolist()) == (1.0, [3, 3, 3])


@pytest.mark.backends
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_run_in_mixed_precision_keeps_weights_of_float32(
    precision: str, digits: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "Small", tiny_builder, raising=False)
    built, build = [], training._build_optimizer
    monkeypatch.setattr(training, "_build_optimizer", lambda *of: built.append(build(*of)) or built[-1])
    chosen = replace(ADAM, network="Small", averaging=0.5)
    made = runs.train(chosen, digits, verbose=False, precision=precision, accumulate=2)
    model, record = made.model, made.record
    assert model.compute_dtype == precision.removeprefix("mixed_")
    assert keras.config.dtype_policy().name == "float32"
    assert record["execution"]["precision"] == precision
    assert {weight.dtype for weight in model.get_weights()} == {np.dtype("float32")}
    losses = record["history"]["train_loss"]
    assert losses[2] < losses[0] - 0.2
    scaled = precision == "mixed_float16"
    assert [isinstance(of, keras.optimizers.LossScaleOptimizer) for of in built] == [scaled]
    assert ops.isfinite(losses[2])


def test_a_precision_is_known_and_fits_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "best_precision", lambda: "mixed_bfloat16")
    assert runs._precision("auto", ADAM) == "mixed_bfloat16"
    assert runs._precision("auto", LM) == runs._precision("float32", LM) == "float32"
    with pytest.raises(ValueError, match="The optimiser of lenet5_original needs float32"):
        runs._precision("mixed_float16", LM)
    with pytest.raises(ValueError, match="Unknown precision 'float16': use one of auto, float32, mixed"):
        runs._precision("float16", ADAM)


# What it shows


class Terminal(io.StringIO):
    def __init__(self, watched: bool):
        super().__init__()
        self.isatty = lambda: watched


@pytest.mark.parametrize(
    ("watched", "show_progress", "shown"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_bar_is_drawn_where_somebody_watches(
    watched: bool, show_progress: bool, shown: bool, digits: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(watched)
    monkeypatch.setattr(sys, "stdout", terminal)
    fit(small(), replace(SGD, rates=(0.1,)), digits.train, show_progress=show_progress)
    assert ("17/17" in terminal.getvalue()) is shown
    if not shown:
        assert terminal.getvalue() == ""


def test_auxiliary_heads_train_and_are_left_out_of_what_a_training_leaves(tmp_path: Path) -> None:
    settings = {"input_shape": [65, 65, 3], "width": 1 / 16}
    chosen = replace(
        RECIPES["googlenet_small"],
        rates=(0.01,),
        batch_size=2,
        network_settings=settings | {"aux_heads": True},
    )
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (4, 65, 65, 3)).astype(np.uint8), np.arange(4))
    images = replace(data.load("shapes"), train=split, validation=split, test=split)
    made = runs.train(chosen, images, out=tmp_path, verbose=False)
    model, record = made.model, made.record
    keras.utils.set_random_seed(0)
    before = chosen.build_network(10)
    moved = models.GoogLeNet(classes=10, weights=tmp_path / "final.weights.h5", **settings)
    prepared = chosen.preparation.build_pixels(split.x)(split.x)
    np.testing.assert_array_equal(model(prepared), moved(prepared))
    assert np.abs(before(prepared)["predictions"] - moved(prepared)).max() > 1e-4
    assert record["result"]["test_error"] == record["history"]["validation_error"][-1]
    # The heads' losses, 0.3 of each, are part of what is reported: at the start all three are about log 10.
    assert record["history"]["train_loss"][0] == pytest.approx(1.6 * np.log(10), rel=0.2)
