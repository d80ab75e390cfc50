"""What a recipe builds, against the figures of the paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest
from keras import ops

from cnnbook import papers
from cnnbook.lenet1998 import MAPLoss
from cnnbook.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnbook.recipes import CANDIDATES, lr_schedule, per_epoch
from cnnlib import backend
from cnnlib.audit import without_weights
from cnnlib.data import Split
from cnnlib.data.augmentation import RandomCut
from cnnlib.data.feed import Feed
from cnnlib.data.preparation import AUGMENTATIONS, Preparation
from cnnlib.data.views import CentreView, RandomView, TenCrop, centre_crop, ten_crop
from cnnlib.recipe import RECIPES, Recipe
from cnnlib.schedules import Plateau

CHAPTER = papers.paper("chapter")
KRIZHEVSKY2012 = papers.paper("krizhevsky2012")
LECUN1998 = papers.paper("lecun1998")
SIMONYAN2015 = papers.paper("simonyan2015")

pytestmark = pytest.mark.backends

DIGITS = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1)).astype("uint8")
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

    called_by_keras = tuple(printed(epoch) for epoch in range(CHAPTER["lenet.passes"]))
    assert RECIPES["lenet5_chapter"].rates == called_by_keras
    assert per_epoch(CHAPTER["lenet.schedule"]) == called_by_keras


def test_a_shortened_recipe_runs_through_the_same_phases() -> None:
    original = RECIPES["lenet5_original"]
    assert original.shortened(20) == original
    assert original.shortened(10).rates == (5e-4, 2e-4, 2e-4, 1e-4, 5e-5, 5e-5, *[1e-5] * 4)
    assert original.shortened(1).rates == (5e-4,)
    assert original.shortened(10).optimizer_settings == original.optimizer_settings


@pytest.mark.parametrize("epochs", [0, -1, 21])
def test_a_recipe_is_not_shortened_to_nothing_nor_stretched(epochs: int) -> None:
    with pytest.raises(
        ValueError,
        match=f"lenet5_original: The schedule has 20 epochs; it cannot be shortened to {epochs}",
    ):
        RECIPES["lenet5_original"].shortened(epochs)


OPTIMIZERS = {"lenet5_original": DiagonalLevenbergMarquardt, "lenet5_modern": keras.optimizers.Adam} | {
    name: keras.optimizers.Adam for name in RECIPES if "_reduced_" in name or name.endswith("_compared")
}
SHAPES = {
    "mnist": (28, 28, 1),
    "cifar10": (32, 32, 3),
    "imagenet": (224, 224, 3),
    "imagenette": (224, 224, 3),
}


def images_of(recipe: Recipe) -> np.ndarray:
    """Two images of noise as they come out of the recipe's data set, or out of its view."""
    return np.random.default_rng(0).integers(0, 256, (2, *SHAPES[recipe.data])).astype("uint8")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds_what_it_names_and_its_images_fit_the_network(name: str) -> None:
    chosen = RECIPES[name]
    assert chosen.name == name
    optimizer, loss = chosen.build_optimizer(), chosen.build_loss()
    assert isinstance(optimizer, OPTIMIZERS.get(name, keras.optimizers.SGD))
    original = name == "lenet5_original"
    assert isinstance(loss, MAPLoss if original else keras.losses.SparseCategoricalCrossentropy)
    assert float(optimizer.learning_rate) == pytest.approx(chosen.rates[0])
    images = images_of(chosen)
    how = chosen.preparation
    pixels = how.build_pixels(images)
    engine, split = backend.engine("one"), Split(images, np.array([1, 2]))
    augmentations = how.build_augmentations(images, pixels)
    prepared, tested = (
        source.prepared(
            keras.tree.map_structure(
                ops.convert_to_tensor, next(source.epoch(np.random.default_rng(0), 2, 1))[0]
            )
        )
        for source in (
            Feed(split, engine, pixels, augmentations, how.train),
            Feed(split, engine, pixels, view=how.test),
        )
    )
    build = partial(chosen.build_network, 10)
    if chosen.data == "imagenet":  # hundreds of millions of weights, of which the shapes will do
        shape = without_weights(lambda: build().input_shape)
    else:
        model = build()
        shape = model.input_shape
        scores = model(prepared)
        scores = scores["predictions"] if chosen.heads else scores
        assert np.isfinite(float(loss(np.array([1, 2]), scores)))
        assert not chosen.heads or set(model.output) == {"predictions", *chosen.heads}
    assert prepared.shape[1:] == tested.shape[1:] == shape[1:]
    for test in (False, True):
        if chosen.data.startswith("imagenet"):
            assert (how.test if test else how.train).size == shape[1]


def test_ten_crops_are_tested_where_training_cuts_at_random() -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    how = RECIPES["cuda_convnet"].preparation
    assert how.train.in_memory(32, 32) == RandomCut(size=24, source=(32, 32))
    assert how.build_augmentations(images, how.build_pixels(images)) == ()
    found = ops.convert_to_numpy(how.test.in_memory(32, 32)(ops.convert_to_tensor(images)))
    np.testing.assert_array_equal(found, ten_crop(images, 24))


def test_a_fixed_crop_is_the_centre_in_training_as_in_testing() -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    how = RECIPES["four_layers_relu"].preparation
    assert how.train == how.test
    found = ops.convert_to_numpy(how.train.in_memory(32, 32)(ops.convert_to_tensor(images)))
    np.testing.assert_array_equal(found, centre_crop(images, 24))


def test_images_in_memory_of_another_size_are_taken_whole() -> None:
    views = (RandomView(24, (32, 32)), RandomView(24, (32, 40)), CentreView(24, 32), TenCrop(24, 32))
    assert [view.in_memory(33, 33) for view in views] == [None] * 4
    assert [view.in_memory(32, 40) is None for view in views] == [False, True, False, False]


def test_networks_have_as_many_outputs_as_the_data_has_classes() -> None:
    assert RECIPES["vgg_a_small"].build_network(7).output_shape == (None, 7)
    assert RECIPES["lenet5_original"].build_network(7).output_shape == (None, 10)  # its codes are digits


def test_alexnet_and_vgg_are_trained_by_the_settings_of_their_papers() -> None:
    for name, paper, rates in (
        ("alexnet", KRIZHEVSKY2012, [0.01, 0.001, 0.0001, 0.00001]),
        ("vgg_d", SIMONYAN2015, [0.01, 0.001, 0.0001, 0.00001]),
    ):
        chosen = RECIPES[name]
        assert chosen.rates == pytest.approx(rates)
        assert isinstance(chosen.hold, Plateau)
        assert chosen.epochs == paper["epochs"]
        assert chosen.batch_size == paper["batch_size"]
        assert chosen.weight_decay == 0.0005
        assert chosen.build_optimizer().momentum == 0.9


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
            {"preparation": Preparation("raw")},
            lambda r: r.preparation.build_pixels(DIGITS),
            "Unknown pixels 'raw': use one of unit, lecun1998",
        ),
        (
            {"preparation": Preparation("unit", "flop")},
            lambda r: r.preparation.build_augmentations(DIGITS, r.preparation.build_pixels(DIGITS)),
            "Unknown augmentation 'flop': use one of affine, flip",
        ),
    ],
    ids=["optimizer", "loss", "pixels", "augmentation"],
)
def test_unknown_names_are_refused_with_the_known_ones(change: dict, build: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(recipe(**change))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_recipe_augments_only_where_it_says_so(name: str) -> None:
    shape = (4, 28, 28, 1) if name == "affine" else (4, 32, 32, 3)
    images = np.random.default_rng(1).integers(0, 256, shape).astype("uint8")
    pixels = Preparation("mean_rgb").build_pixels(images)
    assert Preparation().build_augmentations(images, pixels) == ()
    found = prepared = pixels(images)
    for augmentation in Preparation("unit", name).build_augmentations(images, pixels):
        draws = augmentation.draw(np.random.default_rng(2), len(images))
        found = augmentation(found, ops.convert_to_tensor(draws))
    assert found.shape == prepared.shape
    assert not np.array_equal(ops.convert_to_numpy(found), ops.convert_to_numpy(prepared))


def test_an_average_of_the_weights_is_kept_only_where_the_recipe_says_so() -> None:
    assert not recipe().build_optimizer().use_ema
    kept = recipe(averaging=0.99).build_optimizer()
    assert (kept.use_ema, kept.ema_momentum) == (True, 0.99)


def test_epochs_follow_from_the_hold() -> None:
    assert recipe().epochs == 2
    assert recipe(hold=Plateau(3, 40)).epochs == 40
    counted = recipe(hold=(5, 6))
    assert counted.epochs is None  # it depends on how many images there are
    assert counted.schedule(images=9).epochs == 3
    assert counted.shortened(2, images=9).hold == (4, 4)
    with pytest.raises(ValueError, match="made_up counts updates: say how many images there are"):
        counted.shortened(2)


def test_a_longer_recipe_extends_a_shorter_one_of_the_same_settings() -> None:
    short, stalling = recipe(), recipe(hold=Plateau(3, 40))
    assert recipe(rates=(0.1, 0.01, 0.3)).extends(short)
    assert replace(stalling, hold=Plateau(3, 50)).extends(stalling)
    for other in (
        recipe(rates=(0.1, 0.02, 0.3)),
        recipe(rates=(0.1, 0.01, 0.3), batch_size=4),
        recipe(rates=(0.1,)),
        recipe(hold=(5, 6)),
        stalling,
    ):
        assert not other.extends(short)
    for hold in (Plateau(4, 50), Plateau(3, 39), (5, 6), None):
        assert not replace(stalling, hold=hold).extends(stalling)


@pytest.mark.parametrize(
    "chosen",
    [*RECIPES.values(), recipe(hold=(5, 6)), recipe(hold=Plateau(3, 40, 0.001), averaging=0.9)],
    ids=[*RECIPES, "updates", "plateau"],
)
def test_settings_survive_json(chosen: Recipe) -> None:
    assert Recipe.from_settings(json.loads(json.dumps(chosen.settings()))) == chosen


def test_settings_of_an_older_record_lack_what_came_later() -> None:
    settings = recipe().settings()
    for name in ("hold", "weight_decay", "averaging", "preparation"):
        del settings[name]
    assert Recipe.from_settings(settings) == recipe()


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidate_is_a_recipe_that_can_be_built(name: str) -> None:
    for change in CANDIDATES[name]:
        candidate = replace(RECIPES[name], **change)
        candidate.build_optimizer()
        candidate.build_loss()
        assert candidate.epochs == RECIPES[name].epochs


def test_settings_with_fields_that_no_recipe_has_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="have speed, which no recipe has"):
        Recipe.from_settings(recipe().settings() | {"speed": 4})
