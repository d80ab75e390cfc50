"""A rehearsal has the shapes of what it stands for, and hardly trains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnnlib import data, training
from cnnlib.data import rehearsal
from cnnlib.data.sets import SETS
from cnnlib.recipe import RECIPES


@pytest.fixture
def rehearsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    monkeypatch.delenv("CNNLIB_DATA", raising=False)
    monkeypatch.setenv("CNNLIB_REHEARSE", "1")


@pytest.mark.parametrize("name", SETS)
def test_every_set_in_memory_has_a_stand_in(rehearsing: None, name: str) -> None:
    for profile in ("colab", "paper"):
        found = data.load(name, profile)
        assert (found.name, found.profile, found.class_names) == (name, profile, SETS[name].class_names)
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


@pytest.mark.parametrize(
    ("name", "accumulate", "updates"), [("lenet5_modern", 1, 2), ("lenet5_modern", 8, 2), ("resnet20", 2, 2)]
)
def test_a_training_makes_a_few_updates(
    rehearsing: None, monkeypatch: pytest.MonkeyPatch, name: str, accumulate: int, updates: int
) -> None:
    recipe = RECIPES[name]
    if name == "resnet20":
        recipe = replace(recipe, network_settings={"depth": 8, "width": 1 / 8})
    images = data.load(recipe.data, "colab")
    model, seen = recipe.build_network(10), []
    original = rehearsal.some

    def some(split, count):
        seen.append(count)
        return original(split, count)

    monkeypatch.setattr(rehearsal, "some", some)
    progress = training.fit(model, recipe, images.train, images.validation, accumulate=accumulate)
    assert len(progress.history["validation_error"]) == rehearsal.EPOCHS
    assert seen == [updates * max(4, accumulate), rehearsal.VALIDATED]
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_some_images_are_from_all_over() -> None:
    images = data.load("shapes").train
    few = rehearsal.some(images, 8)
    assert len(few) == 8
    assert np.array_equal(few.x[-1], images.x[len(images) * 7 // 8])
    assert len(rehearsal.some(few, 20)) == 8
