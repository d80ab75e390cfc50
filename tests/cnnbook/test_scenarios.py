"""The chapter's four scenarios, and what each of them means for a network."""

from __future__ import annotations

import keras
import pytest

from cnnbook import experiments, papers, scenarios
from cnnbook.scenarios import advise
from cnnlib import data, models, transfer, weights
from cnnlib.audit import without_weights

CHAPTER = papers.paper("chapter")


@pytest.mark.parametrize(
    ("images", "similarity", "scenario", "counts"),
    [
        (500, "similar", 1, (13, 13)),
        (50_000, "similar", 2, (8, 10)),
        (500, "different", 3, (4, 6)),
        (500, "very different", 3, (4, 6)),
        (50_000, "different", 4, (0, 0)),
    ],
)
def test_advice_names_the_scenario_and_what_it_means_for_vgg16(
    images: int, similarity: str, scenario: int, counts: tuple[int, int]
) -> None:
    model = without_weights(models.VGG16)
    found = advise(images, similarity, model)
    assert (found.scenario, found.counts) == (scenario, counts)
    assert counts[0] <= len(found.frozen) <= counts[1]
    assert len(found.frozen) == transfer.how_many(model, found.until)
    assert len(found.frozen) + len(found.trained) == 13
    assert found.table == CHAPTER[f"transfer.table.{scenario}"]
    assert bool(found.contradiction) is (scenario == 2)
    said = str(found)
    assert found.reason in said
    assert found.contradiction in said
    count = f"{counts[0]} to {counts[1]}" if counts[0] < counts[1] else str(counts[0])
    assert f"In vgg16: freeze {count} of 13 weight layers" in said


def test_advice_says_where_the_border_lies_and_that_it_is_near() -> None:
    assert "border was put at 10,000. It is close" in advise(9_000, "similar").border
    assert "count as small" in advise(9_000, "similar").border
    far = advise(9_000, "similar", large=100)
    assert (far.scenario, far.border) == (2, "9,000 images count as large, since the border was put at 100.")
    assert far.network is far.counts is None


@pytest.mark.parametrize(
    ("images", "similarity", "message"),
    [(0, "similar", "n_images must be at least 1"), (5, "near", "one of similar, different, very different")],
)
def test_advice_for_nothing_is_refused(images: int, similarity: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        advise(images, similarity)


@pytest.fixture(scope="module")
def five() -> weights.Pretrained:
    return weights.load("resnet20_five")


def test_the_distance_of_the_first_layer_is_that_of_its_formula(five: weights.Pretrained) -> None:
    images = data.load("photos").test.x[:50]
    norm = next(layer for layer in five.model.layers if layer.name.endswith("bn"))
    x = keras.Model(five.model.input, norm.input).predict(five.pixels(images), verbose=0)
    each = []
    for channel in range(x.shape[-1]):
        m, s = float(norm.moving_mean[channel]), float(norm.moving_variance[channel]) ** 0.5
        each.append(((x[..., channel].mean() - m) ** 2 + (x[..., channel].std() - s) ** 2) ** 0.5 / s)
    found = scenarios.distances(five, images)
    assert found[0] == pytest.approx(sum(each) / len(each), rel=1e-3)
    assert len(found) == 19


def test_photographs_are_nearer_to_photographs_than_drawings_are(five: weights.Pretrained) -> None:
    sets = {name: data.load(name).test for name in ("photos", "shapes", "mnist")}
    trials = experiments.far(sets, seeds=(0, 1), count=100)
    found = {name: [trial["distance"] for trial in trials if trial["target"] == name] for name in sets}
    assert [len(values) for values in found.values()] == [2, 2, 2]
    assert 1.5 * max(found["photos"]) < min(found["shapes"] + found["mnist"])
    assert trials[0]["layers"] != trials[1]["layers"]


def test_a_network_that_remembers_nothing_of_its_images_is_refused() -> None:
    plain = weights.load("lenet5_modern")
    with pytest.raises(ValueError, match="no batch normalisation"):
        scenarios.distances(plain, data.load("mnist").test.x[:3])
