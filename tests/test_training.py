"""Training: what it leaves behind, and that a run stopped anywhere ends as one that never stopped."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from cnnlib import data, models, training
from cnnlib.data import DataSet, Split
from cnnlib.layers import EuclideanRBF, PatchConv2D, TrainableSubsampling, scaled_tanh
from cnnlib.models.lenet import digit_codes
from cnnlib.recipe import RECIPES, Recipe
from cnnlib.training import TrainingError, fit

REPOSITORY = Path(__file__).resolve().parents[1]
ADAM = replace(RECIPES["lenet5_modern"], batch_size=8, rates=(0.01, 0.005, 0.001), augmentation=None)
LM = replace(RECIPES["lenet5_original"], rates=(5e-4, 2e-4))


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


@pytest.fixture(scope="module")
def digits() -> DataSet:
    whole = data.load("mnist", "quick")
    parts = {name: getattr(whole, name) for name in ("train", "validation", "test")}
    return replace(whole, **{name: Split(part.x[::25], part.y[::25]) for name, part in parts.items()})


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def figures(progress: training.Progress) -> dict:
    return {key: value for key, value in vars(progress).items() if key != "seconds"}


class PowerCutError(Exception):
    """Stands for the power going out."""


def stop_after(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """Let `fit` make so many compiled calls, each followed by a checkpoint, then stop it."""
    monkeypatch.setattr(training, "SECONDS_PER_CHECKPOINT", 0)
    save, made = training._Checkpoint.save_if_due, []

    def save_then_stop(self: training._Checkpoint, progress: training.Progress) -> None:
        save(self, progress)
        made.append(1)
        if len(made) == calls:
            raise PowerCutError

    monkeypatch.setattr(training._Checkpoint, "save_if_due", save_then_stop)


@pytest.mark.backends
@pytest.mark.parametrize(
    ("build", "recipe", "images"),
    [(small, ADAM, 60), (lambda: small(0.5), ADAM, 60), (small_of_1998, LM, 40)],
    ids=["adam", "dropout", "diagonal_lm"],
)
def test_a_run_stopped_between_calls_and_resumed_ends_with_the_same_weights(
    build: Callable,
    recipe: Recipe,
    images: int,
    digits: DataSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "IMAGES_PER_CALL", 20)
    part = Split(digits.train.x[:images], digits.train.y[:images])
    whole = build()
    reference = fit(whole, recipe, part, digits.validation, seed=3)
    assert not same(whole.get_weights(), build().get_weights())
    for calls in (1, 2, 1):  # within an epoch, after the last call of one, and across two
        with monkeypatch.context() as context:
            stop_after(context, calls)
            with pytest.raises(PowerCutError):
                fit(build(), recipe, part, digits.validation, seed=3, checkpoint=tmp_path / "c.npz")
    resumed = build()
    epochs = []
    progress = fit(
        resumed,
        recipe,
        part,
        digits.validation,
        seed=3,
        checkpoint=tmp_path / "c.npz",
        on_epoch=lambda epoch, _: epochs.append(epoch),
    )
    assert same(resumed.get_weights(), whole.get_weights())
    assert figures(progress) == figures(reference)
    assert epochs[0] > 1  # it did not start anew


KILLED_RUN = """
import sys
from dataclasses import replace
import keras
from cnnlib import data, models, training
from cnnlib.data import Split
from cnnlib.recipe import RECIPES

training.SECONDS_PER_CHECKPOINT, training.IMAGES_PER_CALL = 0, 32
digits = data.load("mnist", "quick", validation=0).train
keras.utils.set_random_seed(5)
model = models.LeNet5()
recipe = replace(RECIPES["lenet5_modern"], batch_size=16, rates=(0.002, 0.001, 0.0005, 0.0002))
training.fit(model, recipe, Split(digits.x[::10], digits.y[::10]), seed=5, checkpoint=sys.argv[1])
"""


def start(checkpoint: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", KILLED_RUN, str(checkpoint)]
    return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen, checkpoint: Path, saves: int, pause: float) -> None:
    """Kill a run some milliseconds after it has written so many checkpoints."""
    seen, stamp = 0, checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
    while seen < saves and process.poll() is None:
        now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        seen, stamp = seen + (now != stamp), now
        time.sleep(0.001)
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    _, problem = process.communicate()
    assert process.returncode == -signal.SIGKILL, problem


def test_a_run_killed_three_times_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.npz", tmp_path / "killed.npz"
    draw = np.random.default_rng()
    for _ in range(3):
        saves, pause = int(draw.integers(1, 7)), float(draw.uniform(0, 0.02))
        kill_after(start(killed), killed, saves, pause)
    runs = [start(whole), start(killed)]
    for process in runs:
        _, problem = process.communicate()
        assert process.returncode == 0, problem
    with np.load(whole) as first, np.load(killed) as second:
        ends = [json.loads(str(file["state"])) for file in (first, second)]
        for end in ends:
            end["progress"].pop("seconds")
        assert ends[0] == ends[1]
        assert first.files == second.files
        for name in first.files[1:]:
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(
    digits: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "Small", tiny_builder, raising=False)
    recipe = replace(ADAM, network="Small", rates=(0.01,), augmentation="affine")
    runs = [training.run(recipe, digits, seed=seed, verbose=False) for seed in (1, 1, 2)]
    weights = [model.get_weights() for model, _ in runs]
    assert same(weights[0], weights[1])
    assert not same(weights[0], weights[2])
    assert runs[0][1]["history"] == runs[1][1]["history"]
    assert runs[0][1]["result"] == runs[1][1]["result"]


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


class Watched:
    """A split that notes whenever its images are looked at."""

    def __init__(self, split: Split, log: list[str], name: str):
        self._split, self._log, self._name = split, log, name
        self.y = split.y

    def __len__(self) -> int:
        return len(self._split)

    @property
    def x(self) -> np.ndarray:
        self._log.append(self._name)
        return self._split.x


@pytest.fixture
def watched(digits: DataSet, monkeypatch: pytest.MonkeyPatch) -> tuple[DataSet, list[str]]:
    log: list[str] = []
    monkeypatch.setattr(models, "Small", tiny_builder, raising=False)
    splits = {name: Watched(getattr(digits, name), log, name) for name in ("train", "validation", "test")}
    return replace(digits, **splits), log


def test_the_test_images_are_looked_at_once_and_after_training(watched: tuple[DataSet, list[str]]) -> None:
    images, log = watched
    _, record = training.run(replace(ADAM, network="Small"), images, verbose=False)
    assert log == ["train", "validation", "validation", "validation", "test"]
    assert 0 <= record["result"]["test_error"] <= 1


def test_choosing_settings_looks_at_validation_images_only(watched: tuple[DataSet, list[str]]) -> None:
    images, log = watched
    good, still, wild = {}, {"rates": (1e-9, 1e-9)}, {"rates": (np.nan, np.nan)}
    recipe = replace(ADAM, network="Small", rates=(0.01, 0.01))
    found = training.choose(recipe, [still, good, wild], images, epochs=2, seed=4)
    assert set(log) == {"train", "validation"}
    assert [candidate["change"] for candidate in found["candidates"]] == [still, good, wild]
    errors = [candidate["validation_error"] for candidate in found["candidates"]]
    assert errors[1] < errors[0] - 0.2
    assert errors[2] is None  # its loss was no number
    model, _ = training.run(recipe, images, seed=4, use_test=False, verbose=False)
    assert errors[1] == training.error(model, recipe, images.validation)


@pytest.mark.backends
def test_a_run_leaves_a_record_weights_and_a_checkpoint(
    watched: tuple[DataSet, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    images, _ = watched
    recipe = replace(ADAM, network="Small", rates=(0.01, 0.005))
    model, record = training.run(recipe, images, seed=6, out=tmp_path / "run")
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
    assert record["history"]["validation_error"][-1] == training.error(model, recipe, images.validation)
    again = tiny_builder()
    again.load_weights(tmp_path / "run" / "final.weights.h5")
    assert same(again.get_weights(), model.get_weights())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert f"validation_error {record['history']['validation_error'][1]:.4g}" in lines[1]


def test_the_figures_of_an_epoch_are_means_over_its_images(digits: DataSet) -> None:
    """With a rate of zero nothing moves, so they can be worked out from the model itself."""
    model = small()
    part = Split(digits.train.x[:43], digits.train.y[:43])  # five batches of eight; three images left out
    recipe = replace(ADAM, optimizer="sgd", rates=(0.0,))
    history = fit(model, recipe, part, digits.validation, seed=9).history
    shown = np.random.default_rng((9, 0)).permutation(43)[:40]
    outputs = model.predict_on_batch(recipe.prepare(part.x[shown]))
    right = outputs[np.arange(40), part.y[shown]]
    assert history["train_loss"] == [pytest.approx(-np.log(right).mean(), rel=1e-5)]
    assert history["train_error"] == [pytest.approx((outputs.argmax(1) != part.y[shown]).mean())]
    assert history["validation_error"] == [training.error(model, recipe, digits.validation)]


def test_too_few_images_for_a_batch(digits: DataSet) -> None:
    with pytest.raises(TrainingError, match="7 training images do not fill one batch of 8"):
        fit(small(), ADAM, Split(digits.train.x[:7], digits.train.y[:7]))


def test_a_loss_that_is_no_longer_finite_stops_the_run(digits: DataSet) -> None:
    wild = replace(ADAM, optimizer="sgd", rates=(1e30, 1e30))
    with pytest.raises(TrainingError, match="no longer finite in epoch 1: lower the rate"):
        fit(small(), wild, digits.train)


@pytest.fixture
def checkpoint(digits: DataSet, tmp_path: Path) -> Path:
    """The checkpoint of a finished run of `ADAM` with seed 1."""
    fit(small(), ADAM, digits.train, seed=1, checkpoint=tmp_path / "c.npz")
    return tmp_path / "c.npz"


def test_a_finished_run_is_not_run_again(checkpoint: Path, digits: DataSet) -> None:
    before = checkpoint.read_bytes()
    model = small()
    progress = fit(model, ADAM, digits.train, seed=1, checkpoint=checkpoint)
    assert progress.epoch == ADAM.epochs
    assert not same(model.get_weights(), small().get_weights())
    assert checkpoint.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"",
        lambda whole: b"not a checkpoint at all",
        lambda whole: whole.replace("identity".encode("utf-32-le"), "identify".encode("utf-32-le")),
        lambda whole: whole[:2000] + bytes(500) + whole[2500:],
    ],
    ids=["half", "empty", "text", "changed", "zeros"],
)
def test_a_damaged_checkpoint_is_named(damage: Callable, checkpoint: Path, digits: DataSet) -> None:
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(TrainingError, match=r"c\.npz cannot be read \(.*\)\. Delete it to start anew"):
        fit(small(), ADAM, digits.train, seed=1, checkpoint=checkpoint)


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        ({"seed": 2}, "seed"),
        ({"recipe": replace(ADAM, rates=(0.01, 0.005, 0.002))}, "recipe"),
        ({"images": 100}, "images"),
        ({"model": tiny_builder}, "shapes"),
    ],
    ids=["seed", "recipe", "images", "model"],
)
def test_the_checkpoint_of_another_run_is_refused(
    change: dict, differing: str, checkpoint: Path, digits: DataSet
) -> None:
    part = Split(digits.train.x[: change.get("images")], digits.train.y[: change.get("images")])
    with pytest.raises(TrainingError, match=rf"another training \(its {differing} differ\)"):
        fit(
            change.get("model", small)(),
            change.get("recipe", ADAM),
            part,
            seed=change.get("seed", 1),
            checkpoint=checkpoint,
        )


def test_a_full_disk_leaves_the_last_good_checkpoint(
    digits: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.npz"
    with monkeypatch.context() as context:
        stop_after(context, 1)
        with pytest.raises(PowerCutError):
            fit(small(), ADAM, digits.train, seed=1, checkpoint=path)
    good = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(good) // 2, limits[1]))  # a file cannot grow any further
    try:
        with pytest.raises(
            TrainingError, match=r"Could not write the checkpoint .* last good one is untouched"
        ):
            fit(small(), ADAM, digits.train, seed=1, checkpoint=path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == good
    assert os.listdir(tmp_path) == ["c.npz"]
    fit(small(), ADAM, digits.train, seed=1, checkpoint=path)
    assert path.read_bytes() != good


def test_a_folder_that_cannot_be_written_is_named(digits: DataSet, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(TrainingError, match=r"Could not write the checkpoint .*taken/c\.npz"):
        fit(small(), ADAM, digits.train, checkpoint=tmp_path / "taken" / "c.npz")
