"""Schedules, pixels and what a recipe builds, against the figures of the paper."""

from __future__ import annotations

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from cnnlib import models
from cnnlib.layers import MAPLoss
from cnnlib.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnlib.papers.chapter import CHAPTER
from cnnlib.papers.lecun1998 import LECUN1998
from cnnlib.recipe import (
    CANDIDATES,
    RECIPES,
    Recipe,
    cosine,
    lecun_pixels,
    lr_schedule,
    per_epoch,
    unit_pixels,
)

pytestmark = pytest.mark.backends

FIVE_PHASES = [5e-4] * 2 + [2e-4] * 3 + [1e-4] * 3 + [5e-5] * 4 + [1e-5] * 8


def recipe(**changes: object) -> Recipe:
    settings = {"optimizer": "sgd", "rates": (0.1, 0.01), "batch_size": 2, "source": "made up"} | changes
    return Recipe("made_up", "LeNet5", "mnist", **settings)


def test_the_schedule_of_the_paper_has_five_phases_over_twenty_passes() -> None:
    assert per_epoch(LECUN1998["schedule"]) == tuple(FIVE_PHASES)
    assert [passes for _, passes in LECUN1998["schedule"]] == [2, 3, 3, 4, 8]
    assert RECIPES["lenet5_original"].rates == tuple(FIVE_PHASES)
    assert RECIPES["lenet5_original"].epochs == LECUN1998["passes"] == 20


def test_lr_schedule_counts_epochs_from_zero() -> None:
    assert [lr_schedule(epoch) for epoch in range(20)] == FIVE_PHASES
    assert lr_schedule(20) == lr_schedule(1000) == 1e-5
    with pytest.raises(ValueError, match="count from 0, so there is no epoch -1"):
        lr_schedule(-1)


def test_lr_schedule_sets_the_rate_that_keras_trains_each_epoch_with() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((1, 1), "float32")
    scheduler = keras.callbacks.LearningRateScheduler(lr_schedule)
    history = model.fit(x, x, epochs=13, verbose=0, callbacks=[scheduler]).history
    np.testing.assert_allclose(history["learning_rate"], FIVE_PHASES[:13], rtol=1e-6)


def test_the_chapters_function_holds_its_rates_for_3_3_4_and_10_epochs() -> None:
    def printed(epoch: int) -> float:
        if epoch <= 2:
            return 5e-4
        if epoch <= 5:
            return 2e-4
        return 5e-5 if epoch <= 9 else 1e-5

    called_by_keras = tuple(printed(epoch) for epoch in range(CHAPTER["lenet_passes"]))
    assert RECIPES["lenet5_chapter"].rates == called_by_keras
    assert per_epoch(CHAPTER["lenet_schedule"]) == called_by_keras


def test_a_shortened_recipe_runs_through_the_same_phases() -> None:
    original = RECIPES["lenet5_original"]
    assert original.shortened(20) == original
    assert original.shortened(10).rates == (5e-4, 2e-4, 2e-4, 1e-4, 5e-5, 5e-5, *[1e-5] * 4)
    assert original.shortened(1).rates == (5e-4,)
    assert original.shortened(10).optimizer_settings == original.optimizer_settings


@pytest.mark.parametrize("epochs", [0, -1, 21])
def test_a_recipe_is_not_shortened_to_nothing_nor_stretched(epochs: int) -> None:
    with pytest.raises(
        ValueError, match=f"lenet5_original has 20 epochs; it cannot be shortened to {epochs}"
    ):
        RECIPES["lenet5_original"].shortened(epochs)


def test_cosine_falls_from_the_first_rate_through_its_half_towards_zero() -> None:
    rates = cosine(0.2, 10)
    assert rates[0] == 0.2
    assert rates[5] == pytest.approx(0.1)
    assert 0 < rates[-1] < 0.01
    assert sorted(rates, reverse=True) == list(rates)


def test_pixels_of_1998_span_the_papers_range_in_a_field_of_background() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1)).astype("uint8")
    images[0, :2, 0, 0] = 0, 255
    field = lecun_pixels(images)
    assert field.shape == (3, LECUN1998["input_size"], LECUN1998["input_size"], 1)
    assert field.dtype == np.float32
    np.testing.assert_allclose([field.min(), field.max()], [-0.1, 1.175], rtol=1e-6)
    np.testing.assert_allclose(field[:, 2:30, 2:30], images / 255 * 1.275 - 0.1, atol=1e-6)
    border = np.ones((32, 32), bool)
    border[2:30, 2:30] = False
    assert np.all(field[:, border] == np.float32(-0.1))


def test_unit_pixels_span_zero_to_one() -> None:
    found = unit_pixels(np.array([[0, 51, 255]], "uint8"))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0, 0.2, 1]], rtol=1e-6)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds_what_it_names(name: str) -> None:
    chosen = RECIPES[name]
    assert chosen.name == name
    optimizer, loss = chosen.build_optimizer(), chosen.build_loss()
    kinds = {
        "lenet5_original": (DiagonalLevenbergMarquardt, MAPLoss),
        "lenet5_chapter": (keras.optimizers.SGD, keras.losses.SparseCategoricalCrossentropy),
        "lenet5_modern": (keras.optimizers.Adam, keras.losses.SparseCategoricalCrossentropy),
    }
    assert isinstance(optimizer, kinds[name][0])
    assert isinstance(loss, kinds[name][1])
    assert float(optimizer.learning_rate) == pytest.approx(chosen.rates[0])
    model = getattr(models, chosen.network)()
    prepared = chosen.prepare(np.zeros((2, 28, 28, 1), "uint8"))
    assert prepared.shape[1:] == model.input_shape[1:]
    assert np.isfinite(float(loss(np.array([1, 2]), model(prepared))))


def test_settings_of_optimizer_and_loss_reach_them() -> None:
    assert recipe(optimizer_settings={"momentum": 0.7}).build_optimizer().momentum == 0.7
    assert recipe(loss="map", loss_settings={"j": 3.5}).build_loss().j == 3.5
    original = RECIPES["lenet5_original"]
    assert original.build_optimizer().mu == original.optimizer_settings["mu"]
    assert original.batch_size == LECUN1998["batch_size"] == 1


@pytest.mark.parametrize(
    ("change", "build", "message"),
    [
        (
            {"optimizer": "sdg"},
            Recipe.build_optimizer,
            "Unknown optimizer 'sdg': use one of sgd, adam, diagonal_lm",
        ),
        ({"loss": "mle"}, Recipe.build_loss, "Unknown loss 'mle': use one of cross_entropy, map"),
        (
            {"pixels": "raw"},
            lambda r: r.prepare(np.zeros(1)),
            "Unknown pixels 'raw': use one of unit, lecun1998",
        ),
        (
            {"augmentation": "flip"},
            lambda r: r.augment(np.zeros(1), np.random.default_rng()),
            "Unknown augmentation 'flip': use one of affine",
        ),
    ],
    ids=["optimizer", "loss", "pixels", "augmentation"],
)
def test_unknown_names_are_refused_with_the_known_ones(change: dict, build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(recipe(**change))


def test_images_are_distorted_only_where_the_recipe_says_so() -> None:
    images = np.random.default_rng(1).uniform(size=(2, 28, 28, 1)).astype("float32")
    rng = np.random.default_rng(2)
    assert recipe().augment(images, rng) is images
    moved = recipe(augmentation="affine").augment(images, rng)
    assert moved.shape == images.shape
    assert not np.array_equal(moved, images)


@pytest.mark.parametrize("name", RECIPES)
def test_settings_survive_json(name: str) -> None:
    settings = json.loads(json.dumps(RECIPES[name].settings()))
    assert Recipe(**settings | {"rates": tuple(settings["rates"])}) == RECIPES[name]


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidate_is_a_recipe_that_can_be_built(name: str) -> None:
    for change in CANDIDATES[name]:
        candidate = replace(RECIPES[name], **change)
        candidate.build_optimizer()
        candidate.build_loss()
        assert candidate.epochs == RECIPES[name].epochs
