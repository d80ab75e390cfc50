"""What was measured: complete, made with today's recipes, data and committed code."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from cnnlib import records
from cnnlib.data.sets import SETS
from cnnlib.recipe import CANDIDATES, RECIPES


def plain(value: object) -> object:
    return json.loads(json.dumps(value))


def test_every_recipe_has_records_and_every_record_a_recipe() -> None:
    assert records.names() == sorted(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_was_measured_with_three_seeds_on_the_full_set(name: str) -> None:
    runs = records.load(name)
    assert len({run["seed"] for run in runs}) == len(runs) >= 3
    for run in runs:
        content = SETS[run["data"]["name"]].full
        assert run["profile"] in ("colab", "paper")
        assert run["data"]["sha256"] == content.sha256
        assert run["data"]["images"] == {"train": content.train, "validation": 0, "test": content.test}


@pytest.mark.parametrize("name", RECIPES)
def test_records_were_made_with_the_recipe_as_it_is_today(name: str) -> None:
    for run in records.load(name):
        # What a recipe says of itself may be worded anew; what it does may not change.
        assert run["recipe"] | {"source": ""} == plain(RECIPES[name].settings()) | {"source": ""}


@pytest.mark.parametrize("name", RECIPES)
def test_a_record_says_from_which_code_machine_and_when(name: str) -> None:
    for run in records.load(name):
        assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT.*\+00:00", run["finished"])
        assert {"python", "keras", "numpy"} < set(run["versions"])
        assert run["hardware"]["cores"] >= 1
        assert run["wall_seconds"] > 0


@pytest.mark.parametrize("name", RECIPES)
def test_a_record_holds_every_epoch_and_a_test_error_of_whole_images(name: str) -> None:
    for run in records.load(name):
        assert run["history"]["rate"] == list(RECIPES[name].rates)
        for figure in ("train_loss", "train_error"):
            assert len(run["history"][figure]) == RECIPES[name].epochs
        assert all(0 <= error <= 1 for error in run["history"]["train_error"])
        wrong = run["result"]["test_error"] * run["data"]["images"]["test"]
        assert 0 < wrong == pytest.approx(round(wrong), abs=1e-6)


@pytest.mark.parametrize("name", CANDIDATES)
def test_settings_of_our_own_are_those_that_did_best_on_validation(name: str) -> None:
    choice = records.choice(name)
    changed = {field for change in CANDIDATES[name] for field in change}

    def chosen(settings: dict) -> str:
        return json.dumps({field: settings[field] for field in sorted(changed)}, sort_keys=True)

    tried = {chosen(choice["recipe"] | c["change"]): c["validation_error"] for c in choice["candidates"]}
    assert set(tried) == {chosen(RECIPES[name].settings() | change) for change in CANDIDATES[name]}
    best = min((error, settings) for settings, error in tried.items() if error is not None)
    assert best[1] == chosen(RECIPES[name].settings())
    assert choice["data"]["images"]["validation"] > 0
    assert choice["data"]["sha256"] == SETS[RECIPES[name].data].full.sha256
    assert re.fullmatch(r"[0-9a-f]{40}", choice["commit"])


def test_mean_and_sample_deviation_over_seeds() -> None:
    assert records.mean_and_spread([2.0, 4.0, 9.0]) == (5.0, pytest.approx(math.sqrt(13)))
    mean, spread = records.mean_and_spread([0.25])
    assert mean == 0.25
    assert math.isnan(spread)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of records in place of the package's."""
    for name, seed, error in (("net", 10, 0.02), ("net", 2, 0.01), ("other", 0, 0.5)):
        (tmp_path / name).mkdir(exist_ok=True)
        record = {"seed": seed, "result": {"test_error": error}, "wall_seconds": 90}
        (tmp_path / name / f"seed{seed}.json").write_text(json.dumps(record))
    (tmp_path / "choices").mkdir()
    (tmp_path / "choices" / "net.json").write_text('{"epochs": 5}')
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("shelf")
def test_records_are_loaded_by_seed_and_listed_with_their_mean() -> None:
    assert [run["seed"] for run in records.load("net")] == [2, 10]
    assert records.names() == ["net", "other"]
    assert records.choice("net") == {"epochs": 5}
    lines = records.as_text().splitlines()
    assert lines[1].split() == ["net", "2", "1.50%", "+-", "0.71%", "1.5", "min"]


@pytest.mark.usefixtures("shelf")
def test_a_record_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(KeyError, match="No record of 'vgg16'; there are records of net, other"):
        records.load("vgg16")
    with pytest.raises(KeyError, match="No choice is recorded for 'other'"):
        records.choice("other")
