"""A rehearsal has the shapes of what it stands for, and hardly trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from cnnbook import rehearsal
from cnnlib import data, runs, training
from cnnlib.data.preparation import Preparation
from cnnlib.data.sets import SETS
from cnnlib.recipe import RECIPES
from cnnlib.schedules import Hold, Plateau


@pytest.fixture
def rehearsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    monkeypatch.delenv("CNNLIB_DATA", raising=False)
    monkeypatch.setenv("CNNLIB_REHEARSE", "1")


@pytest.mark.parametrize("name", SETS)
def test_every_set_in_memory_has_a_stand_in(rehearsing: None, name: str) -> None:
    found = data.load(name, "paper")
    assert (found.name, found.kind, found.class_names) == (name, "full", SETS[name].class_names)
    assert found.train.x.shape[1:] == SETS[name].image_shape
    assert min(len(found.train), len(found.validation), len(found.test)) > 0
    assert set(found.test.y) == set(range(len(found.class_names)))
    assert "rehearsal" in found.source


def test_what_stays_on_disk_is_noise_in_the_folders_of_its_classes(rehearsing: None) -> None:
    found = data.load("imagenette", "paper")
    assert "tench" in found.class_names
    assert (len(found.train), len(found.validation), len(found.test)) == (40, 10, 50)
    assert data.in_memory(found, 16).test.x.shape == (50, 16, 16, 3)


def test_without_the_word_nothing_is_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    monkeypatch.delenv("CNNLIB_DATA", raising=False)
    monkeypatch.setenv("CNNLIB_REHEARSE", "0")
    with pytest.raises(data.DataError, match="CNNLIB_DATA"):
        data.load("imagenette", "paper")


def tiny() -> keras.Model:
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10, "softmax")])


HOLDS = {"an epoch": None, "updates": (20_000, 30_000), "until it stalls": Plateau(patience=2, epochs=9)}


@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS)
def test_a_training_makes_a_few_updates(rehearsing: None, hold: Hold) -> None:
    rates = (0.1, 0.01) if hold else (0.1,) * 40
    recipe = replace(RECIPES["lenet5_modern"], preparation=Preparation(), hold=hold, rates=rates)
    images, model = data.load("mnist", "colab"), tiny()
    progress = training.fit(model, recipe, images.train, images.validation)
    history = progress.history
    assert len(history["train_error"]) == len(history["validation_error"]) == rehearsal.EPOCHS
    seen = rehearsal.UPDATES * rehearsal.BATCH
    assert all((error * seen).is_integer() for error in history["train_error"])
    assert all((error * rehearsal.VALIDATED).is_integer() for error in history["validation_error"])


@pytest.mark.parametrize(
    ("asked", "parts", "batch"), [(128, 1, 4), (128, 2, 4), (96, 3, 6), (64, 8, 8), (1, 1, 1)]
)
def test_a_batch_keeps_its_parts(asked: int, parts: int, batch: int) -> None:
    assert rehearsal.batch_size(asked, parts) == batch


def test_a_rehearsal_leaves_no_record(rehearsing: None, tmp_path: Path) -> None:
    recipe = RECIPES["lenet5_modern"]
    with pytest.raises(training.TrainingError, match="CNNLIB_REHEARSE is set"):
        runs.train(recipe, data.load("mnist"), out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_some_images_are_from_all_over() -> None:
    images = data.load("shapes").train
    few = rehearsal.some(images, 8)
    assert len(few) == 8
    assert np.array_equal(few.x[-1], images.x[len(images) * 7 // 8])
    assert len(rehearsal.some(few, 20)) == 8
