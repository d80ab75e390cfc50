"""Trainings from several starts: what learns, what chooses, and what the comparison can and cannot tell."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from cnnbook import numbers, records
from cnnbook.experiments import starts as module
from cnnbook.experiments.starts import GRID, choose, compared, drawn
from cnnlib import data, models
from cnnlib.data.pixels import Pixels


def test_the_best_value_lies_between_two_others() -> None:
    def worth(best: float, value: float) -> dict:
        return {"value": value, "validation_error": abs(np.log(value / best)), "validation_loss": 0.0}

    for best in (1e-3, 3e-6, 10.0):
        tried = choose(1e-3, partial(worth, best))
        values = [trial["value"] for trial in tried]
        assert values == sorted(values)
        assert min(values) < best < max(values)
        assert best in values
        assert len(values) == len(set(values)) == abs(GRID.index(best) - GRID.index(1e-3)) + 3


def test_where_errors_are_equal_the_loss_chooses() -> None:
    losses = dict(zip(GRID, np.abs(np.arange(len(GRID)) - GRID.index(1e-2)), strict=True))
    tried = choose(
        1e-3, lambda value: {"value": value, "validation_error": 0.5, "validation_loss": losses[value]}
    )
    assert max(trial["value"] for trial in tried) == 3e-2


def wrong(seeds: int, pictures: int, share: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((seeds, pictures)) < share


def test_a_comparison_finds_a_difference_and_which_way_it_goes() -> None:
    few, many = wrong(5, 400, 0.1, 0), wrong(5, 400, 0.3, 1)
    found = compared(few, many)
    assert found["lower"] == "first"
    assert found["points"] == pytest.approx(20, abs=3)
    assert 0 < found["interval"][0] < found["points"] < found["interval"][1]
    turned = compared(many, few)
    assert (turned["lower"], turned["points"]) == ("second", -found["points"])
    assert compared(few, few) == {"points": 0.0, "interval": [0.0, 0.0], "lower": "open"}


def test_what_chance_makes_is_rarely_taken_for_a_difference() -> None:
    """Two equal ways, pictures of their own difficulty, seeds that are good or bad on all of them."""
    random, taken = np.random.default_rng(7), 0
    for _ in range(100):
        hard = random.random(200) ** 3
        first, second = (random.random((5, 200)) < hard + random.normal(0, 0.04, (5, 1)) for _ in range(2))
        taken += compared(first, second, draws=500)["lower"] != "open"
    assert taken <= 12


def test_few_seeds_that_scatter_leave_it_open() -> None:
    """All pictures together are many, and yet one bad seed explains the difference."""
    first, second = np.zeros((4, 300), bool), np.zeros((4, 300), bool)
    second[0] = True
    assert compared(first, second)["lower"] == "open"


def test_as_many_of_each_class_are_drawn() -> None:
    labels = np.repeat([0, 1, 2], [40, 30, 50])
    chosen = drawn(labels, 10, 0)
    assert np.bincount(labels[chosen]).tolist() == [10, 10, 10]
    assert len(set(chosen)) == 30
    assert not np.array_equal(chosen, drawn(labels, 10, 1))


@pytest.fixture
def dark_or_bright(tmp_path, monkeypatch) -> data.DataSet:
    """Pictures that any start can tell apart, and a narrow network."""
    for part, count in (("train", 24), ("test", 6)):
        for i in range(count):
            file = tmp_path / part / ("dark" if i % 2 else "bright") / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 60), (60 if i % 2 else 190, 100 + i, 90 + i)).save(file)
    narrow = partial(models.SqueezeNet, width=0.1)
    pixels = Pixels("mean_bgr", {"mean": np.full(3, 110, "float32")})
    monkeypatch.setattr(module.models, "SqueezeNet", narrow)
    keras.utils.set_random_seed(1)
    pretrained = SimpleNamespace(model=narrow(input_shape=(64, 64, 3)), pixels=pixels)
    monkeypatch.setattr(module.weights, "load", lambda name: pretrained)
    return data.open_folder(tmp_path)


def test_each_start_lets_learn_what_it_says(dark_or_bright, monkeypatch) -> None:
    """Small images and few updates; a frozen part is the network's own, and stays so."""
    small = {name: module.Start(**{**vars(start), "side": 64}) for name, start in module.STARTS.items()}
    small = {n: module.Start(**{**vars(s), "updates": 4 * bool(s.updates)}) for n, s in small.items()}
    monkeypatch.setattr(module, "STARTS", small)
    monkeypatch.setattr(module, "SIDE", 64)
    asked = []
    monkeypatch.setattr(module, "choose", lambda first, attempt: asked.append(first) or [attempt(first)])
    made = module.starts(dark_or_bright, seeds=(0, 1), sizes=(99,))
    assert len(asked) == len(small)
    trials = {(t["start"], t["per_class"], t["seed"]): t for t in made["trials"]}
    assert set(trials) == {(name, size, seed) for name in small for size in (10,) for seed in (0, 1)}
    whole = models.SqueezeNet(width=0.1, include_top=False, pooling="avg", input_shape=(64, 64, 3))
    features = whole.output.shape[-1]
    learn = {name: trials[name, 10, 0]["trained"] for name in small}
    head = 2 * features + 2
    assert learn["frozen"] == learn["random"] == head
    assert learn["fine-tuned"] == learn["scratch"] == whole.count_params() + head
    assert head < learn["partly frozen"] < learn["fine-tuned"]
    for trial in made["trials"]:
        assert bool(trial["updates"]) == (trial["start"] in ("partly frozen", "fine-tuned", "scratch"))
        assert trial["test_error"] == len(trial["wrong"]) / 6
        if trial["start"] in ("frozen", "random"):
            assert trial["train_error"] == trial["test_error"] == 0.0
    assert not any("test_error" in trial or "wrong" in trial for trial in made["choices"])
    pictures = {"train": 20, "validation": 4, "test": 6}
    assert made["settings"]["pictures"] == pictures
    assert {(c["per_class"], c["seeds"]) for c in made["comparisons"]} == {(10, 2)}
    assert len(made["comparisons"]) == len(module.PAIRS)


def test_what_is_kept_is_the_networks_own_and_what_is_random_is_drawn_by_the_seed(dark_or_bright) -> None:
    known = module._Known(dark_or_bright)
    start, random = module.Start(True, None, 1e-3, side=64), module.Start(False, None, 1e-3, side=64)
    theirs = known.pretrained.model.get_weights()
    assert all(map(np.array_equal, known.body(start, 0).get_weights(), theirs))
    first, again, other = (known.body(random, seed).get_weights()[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, theirs[0])


def test_a_fitted_classifier_takes_features_as_they_are() -> None:
    random = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (random.normal(size=(60, 5)) + np.eye(3, 5)[y] * 4).astype("float32") * [1, 100, 1, 1, 0] + 7
    head = module._fitted(data.Split(x.astype("float32"), y), 1e-2)
    assert np.mean(head.predict_on_batch(x.astype("float32")).argmax(axis=1) != y) < 0.1


def test_the_numbers_of_every_start_can_be_named_in_a_sentence() -> None:
    """Keys of numbers divide at commas (see `cnnbook.numbers`)."""
    for name in {trial["start"] for trial in records.experiment("cats_and_dogs")["trials"]}:
        key = f"experiments.cats_and_dogs.trials[start={name},per_class=10].test_error"
        assert numbers.resolve(key).unit == "%"
