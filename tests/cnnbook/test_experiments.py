"""Experiments: what they train, what stays as it was, what chooses, and what a record says."""

from __future__ import annotations

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from cnnbook import experiments, records
from cnnbook.experiments import copied_layers, kept, levels, pictures
from cnnbook.experiments.trials import Trials
from cnnbook.scenarios import as_colour
from cnnlib import data, models, transfer, weights
from cnnlib.data import DataSet, Split
from cnnlib.transfer.freezing import is_weight_layer


def few(images: DataSet[Split], count: int) -> DataSet[Split]:
    parts = {
        name: Split(getattr(images, name).x[:count], getattr(images, name).y[:count])
        for name in ("train", "validation", "test")
    }
    return replace(images, **parts)


@pytest.fixture(scope="module")
def shapes() -> DataSet[Split]:
    return few(data.load("shapes"), 300)


@pytest.fixture(scope="module")
def pretrained() -> weights.Pretrained:
    return weights.load("resnet20_five")


def test_halves_share_no_class_and_leave_none_out(shapes: DataSet[Split]) -> None:
    first, second = copied_layers.halves(shapes, 3)
    assert sorted(first.class_names + second.class_names) == sorted(shapes.class_names)
    assert len(first.class_names) == len(second.class_names)
    assert copied_layers.halves(shapes, 4)[0].class_names != first.class_names


def test_the_first_layers_alone_are_copied() -> None:
    settings = {"depth": 8, "residual": False, "width": 0.25}
    source, target = (copied_layers.models.ResNetCIFAR(classes=5, **settings) for _ in range(2))
    for layer in source.layers:
        layer.set_weights([value + 1 for value in layer.get_weights()])
    before = {layer.name: layer.get_weights() for layer in target.layers}
    copied_layers.copy_first(source, target, 3)
    number = 0
    for theirs, ours in zip(source.layers, target.layers, strict=True):
        number += is_weight_layer(ours)
        expected = theirs.get_weights() if number <= 3 else before[ours.name]
        for value, wanted in zip(ours.get_weights(), expected, strict=True):
            assert np.array_equal(value, wanted)


def test_frozen_copies_stay_and_the_others_learn_on(shapes: DataSet[Split], monkeypatch) -> None:
    seen = {}

    def spy(model: keras.Model, half: DataSet, epochs: int, seed: int, pixels: object) -> dict:
        before = [value.copy() for value in model.layers[1].get_weights()]
        figures = real(model, half, epochs, seed, pixels)
        seen[len(seen)] = all(map(np.array_equal, before, model.layers[1].get_weights()))
        return figures

    real = copied_layers._trained
    monkeypatch.setattr(copied_layers, "_trained", spy)
    trials = experiments.layers(shapes, layers=(1,), epochs=1, kinds=("BnB", "AnB+"))
    assert [(trial["kind"], trial["layers"]) for trial in trials] == [("base", 0), ("BnB", 1), ("AnB+", 1)]
    assert list(seen.values()) == [False, False, True, False]  # the bases of B and A, then the copies
    assert all(0 <= trial[error] <= 1 for trial in trials for error in ("train_error", "test_error"))


@pytest.mark.parametrize("wrong", [{"kinds": ("CnB",)}, {"layers": (8,)}, {"layers": (0,)}])
def test_what_the_copying_cannot_do_is_refused(shapes: DataSet[Split], wrong: dict) -> None:
    with pytest.raises(ValueError, match="layers from 1 to 7; got 10 classes"):
        experiments.layers(shapes, **wrong)


def test_each_level_keeps_its_share(pretrained: weights.Pretrained) -> None:
    digits = few(data.load("mnist"), 64)
    train = as_colour(digits.train)
    settings = levels.recipe(1, 0.03)
    before = pretrained.model.get_weights()
    frozen = {}
    for name in experiments.LEVELS:
        tried = levels.try_level(
            pretrained, name, train, Split(train.x[:0], train.y[:0]), 10, settings=settings, seed=0
        )
        frozen[name] = tried.frozen
        first = next(layer for layer in tried.model.layers if layer.weights)
        assert np.array_equal(first.get_weights()[0], before[0]) == (name not in UNFROZEN)
        assert tried.model.output_shape == (None, 10)
    assert frozen == {
        "feature extractor": 19,
        "freeze 60 to 80 %": 13,
        "freeze a third to a half": 8,
        "fine-tune everything": 0,
        "from scratch": 0,
        "early features": 8,
    }
    assert all(map(np.array_equal, before, pretrained.model.get_weights()))


UNFROZEN = ("fine-tune everything", "from scratch")


def test_new_weights_are_drawn_anew(pretrained: weights.Pretrained) -> None:
    body = transfer.feature_extractor(pretrained.model)
    model = transfer.attach(body, transfer.classifier(body.output.shape[-1], 3))
    keras.utils.set_random_seed(0)
    first = levels._fresh(model).get_weights()[0]
    second = levels._fresh(model).get_weights()[0]
    keras.utils.set_random_seed(0)
    again = levels._fresh(model).get_weights()[0]
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, pretrained.model.get_weights()[0])
    assert np.array_equal(first, again)


def test_a_rate_is_chosen_on_validation_images_with_the_first_seed(monkeypatch, pretrained) -> None:
    asked = []

    def pretend(pretrained: object, images: object, place: dict, rate: float, epochs: int) -> dict:
        asked.append((place["seed"], rate))
        return {"validation_error": abs(rate - 0.03), "test_error": rate, "seconds": 1.0}

    monkeypatch.setattr(levels, "_in_scenario", pretend)
    made = experiments.scenarios(
        {"similar": None}, seeds=(0, 1), levels=("from scratch",), sizes={"small": (9, 1, (0.1, 0.03, 0.01))}
    )
    assert asked == [(0, 0.1), (0, 0.03), (0, 0.01), (1, 0.03)]
    assert [(trial["seed"], trial["rate"]) for trial in made["trials"]] == [(0, 0.03), (1, 0.03)]
    assert [trial["rate"] for trial in made["choices"]] == [0.1, 0.03, 0.01]
    assert not any("test_error" in trial for trial in made["choices"])


def test_a_small_set_is_drawn_in_equal_shares_by_the_seed() -> None:
    images = data.load("mnist").train
    first, again, other = (levels._drawn(images, 50, seed) for seed in (0, 0, 1))
    assert np.bincount(first.y).tolist() == [5] * 10
    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)


def test_what_is_finished_is_not_done_again(tmp_path) -> None:
    calls = []

    def measure() -> dict:
        calls.append(1)
        return {"test_error": 0.5}

    first = Trials(tmp_path)({"seed": 0}, measure)
    assert Trials(tmp_path)({"seed": 0}, measure) == first == {"seed": 0, "test_error": 0.5}
    Trials(tmp_path)({"seed": 1}, measure)
    assert len(calls) == 2


def test_an_experiment_leaves_a_record(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(
        kept.NAMES,
        "tiny",
        lambda trials, seeds: {"trials": [trials({"seed": s}, lambda: {"seconds": 2.0}) for s in seeds]},
    )
    experiments.run("tiny", tmp_path / "tiny.json", (0, 1))
    record = json.loads((tmp_path / "tiny.json").read_text())
    assert record["trials"] == [{"seed": 0, "seconds": 2.0}, {"seed": 1, "seconds": 2.0}]
    assert record["seconds"] == 4
    assert {"commit", "versions", "hardware", "finished"} <= set(record)


def test_an_unknown_experiment_is_refused(tmp_path) -> None:
    with pytest.raises(KeyError, match="No experiment 'cats'; there are layers, scenarios"):
        experiments.run("cats", tmp_path / "cats.json")


# Where half precision keeps weights, the error may move by a few images.
@pytest.mark.parametrize(
    ("name", "recipe", "moved"),
    [
        ("lenet5_modern", "lenet5_modern", 1e-9),
        ("lenet5_original", "lenet5_original", 1e-9),
        ("resnet20_cifar10", "resnet20_short", 0.002),
        ("resnet20_five", None, 0.002),
    ],
)
def test_our_own_weights_are_those_of_their_record(name: str, recipe: str | None, moved: float) -> None:
    found = weights.load(name)
    record = records.load(recipe)[0] if recipe else records.experiment(name)
    assert record["commit"][:7] in found.source
    share = float(found.accuracy.split()[1]) / 100
    assert 1 - share == pytest.approx(record["result"]["test_error"], abs=moved)


@pytest.mark.parametrize("name", ["lenet5_modern", "lenet5_original"])
def test_our_lenets_know_the_digits_that_they_learned_from(name: str) -> None:
    """The embedded digits are some of MNIST's training images: what they show is that nothing is mixed up."""
    found, test = weights.load(name), data.load("mnist").test
    said = keras.ops.convert_to_numpy(found.model(found.pixels(test.x), training=False)).argmax(axis=1)
    assert np.mean(said != test.y) < 0.01


@pytest.mark.parametrize("name", list(kept.NAMES))
def test_records_of_experiments_were_made_from_committed_code(name: str) -> None:
    record = records.experiment(name)
    assert record is not None
    assert len(record["commit"]) == 40
    assert record["trials"]


def test_features_of_pictures_against_those_of_random_weights(tmp_path, pretrained, monkeypatch) -> None:
    """Bright pictures and dark ones: any features will do, whatever the size of their numbers."""
    for i in range(20):
        file = tmp_path / ("train" if i < 16 else "test") / ("dark" if i % 2 else "bright") / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 36), (60 if i % 2 else 190, 100 + i, 90)).save(file)
    monkeypatch.setattr(pictures.weights, "load", lambda name: pretrained)
    monkeypatch.setattr(pictures.models, "SqueezeNet", lambda: models.ResNetCIFAR(8, width=0.25))
    made = pictures.flowers(data.open_folder(tmp_path), seeds=(0, 1))
    assert [(trial["weights"], trial["seed"]) for trial in made["trials"]] == [
        (kind, seed) for kind in ("ImageNet", "random") for seed in (0, 1)
    ]
    for first, second in zip(made["trials"][::2], made["trials"][1::2], strict=True):
        assert [rate for rate, _ in first["tried"]] == made["settings"]["rates"]
        best = min(found for _, found in first["tried"])
        assert [first["rate"], best] in first["tried"]
        assert second["tried"] == []
        assert second["rate"] == first["rate"]
    assert [trial["train_error"] for trial in made["trials"]] == [0.0] * 4
    assert [trial["test_error"] for trial in made["trials"]] == [0.0] * 4
