"""The book's survey of duplicates: which splits it holds against which, and what its record was made with."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from cnnbook import records
from cnnbook.experiments import duplicates
from cnnlib import data
from cnnlib.data.sets import SETS

NOISE = np.random.default_rng(0).integers(0, 200, (12, 6, 5, 3), np.uint8)


def test_duplicates_are_counted_within_splits_and_across() -> None:
    train, test = NOISE[[0, 1, 2, 1, 1]], NOISE[[2, 5, 2, 6, 1, 0]].copy()
    test[5] = test[5][:, ::-1]
    plain = duplicates.count(test, train, borders=(0.9, 0.9999))
    assert plain == {"again": 2, "others_again": 1, "common": 3, "near": {"0.9": 3, "0.9999": 3}}
    assert duplicates.count(test, train, borders=(0.9,), mirrored=True)["near"] == {"0.9": 4}


def test_a_survey_holds_each_split_against_what_is_learned_from_before_it() -> None:
    def split(*places: int) -> data.Split:
        return data.Split(NOISE[list(places)], np.zeros(len(places), int))

    images = data.load("shapes")
    twice = replace(images, train=split(0, 1, 2), validation=split(), test=split(1, 3, 4, 4))
    (found,) = duplicates.survey(twice, borders=(0.99,))
    counts = {"again": 0, "others_again": 1, "common": 1, "near": {"0.99": 1}}
    assert found == {"set": "shapes", "split": "test", "pictures": 4, "compared_with": 3} | counts
    validation, test = duplicates.survey(replace(twice, validation=split(0, 4)), borders=(0.99,))
    assert (validation["split"], validation["common"], validation["compared_with"]) == ("validation", 1, 3)
    assert (test["split"], test["common"], test["compared_with"]) == ("test", 3, 5)


def test_the_experiment_surveys_every_set_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def load(name: str, profile: str, validation: int | None) -> data.DataSet:
        asked[name] = (profile, validation)
        split = data.Split(NOISE, np.zeros(len(NOISE), int))
        apart = split if validation is None else data.Split(NOISE[:0], np.zeros(0, int))
        return data.DataSet(name, profile, split, apart, split, ("a",), f"from {name}", "0" * 64, "none")

    monkeypatch.setattr(data, "load", load)
    found = json.loads(json.dumps(duplicates.experiment()))
    assert asked == {
        "mnist": ("paper", 0),
        "fashion_mnist": ("paper", 0),
        "cifar10": ("paper", 0),
        "pneumoniamnist": ("paper", None),
    }
    rows = [(row["set"], row["split"], row["common"]) for row in found["trials"]]
    tests = [(name, "test", 12) for name in asked]
    assert rows == [*tests[:3], ("pneumoniamnist", "validation", 12), tests[3]]
    assert found["data"]["cifar10"]["source"] == "from cifar10"
    assert found["settings"]["mirrored"] == ["fashion_mnist", "cifar10"]


def test_the_record_was_made_with_the_sets_as_they_are_known_and_todays_borders() -> None:
    record = records.experiment("duplicates")
    assert record is not None
    assert re.fullmatch("[0-9a-f]{40}", record["commit"])
    assert set(record["data"]) == set(duplicates.SURVEYED)
    assert record["settings"] == {"borders": list(duplicates.BORDERS), "mirrored": list(duplicates.MIRRORED)}
    for name, used in record["data"].items():
        content = SETS[name].full
        assert used["sha256"] in {content.sha256, *content.variants}
    for row in record["trials"]:
        content = SETS[row["set"]].full
        apart = content.validation if content.published_validation else 0
        assert row["pictures"] == (content.test if row["split"] == "test" else apart)
        assert row["compared_with"] == content.train + apart * (row["split"] == "test")
        assert sorted(row["near"].values(), reverse=True) == list(row["near"].values())
        assert row["common"] <= min(row["near"].values())
