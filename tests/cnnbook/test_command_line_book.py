"""The book's own work on the command line, called as `python -m cnnbook` calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnnbook import recipes, records, trainings
from cnnbook.__main__ import main
from cnnlib import recipe
from cnnlib import records as kept_records
from cnnlib.__main__ import main as train_main


def test_an_unknown_recipe_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["choose", "lenet6", "--epochs", "1", "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Unknown recipe 'lenet6'")
    assert said.endswith(f"{', '.join(recipe.RECIPES)}.\n")


def test_choose_writes_the_comparison_of_the_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def choose(chosen: recipe.Recipe, candidates: tuple, images: object, *, epochs: int) -> dict:
        asked.update(recipe=chosen, candidates=candidates, validation=len(images.validation), epochs=epochs)
        return {"epochs": epochs, "candidates": []}

    monkeypatch.setattr(trainings, "choose", choose)
    assert main(["choose", "lenet5_modern", "--epochs", "2", "--out", str(tmp_path / "choice.json")]) == 0
    assert json.loads((tmp_path / "choice.json").read_text()) == {"epochs": 2, "candidates": []}
    assert asked == {
        "recipe": recipe.RECIPES["lenet5_modern"],
        "candidates": recipes.CANDIDATES["lenet5_modern"],
        "validation": 500,
        "epochs": 2,
    }


def test_records_lists_what_was_measured(capsys: pytest.CaptureFixture) -> None:
    assert main(["records"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["recipe", *records.names()]


def test_answers_are_added_to_the_record_of_a_training_that_did_not_keep_them(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "run"
    file = out / "record.json"
    assert (
        train_main(["train", "lenet5_modern", "--epochs", "1", "--validation", "20", "--out", str(out)]) == 0
    )
    kept = json.loads(file.read_text())
    assert main(["answers", str(out)]) == 1
    assert "record.json has its answers: there is nothing to add" in capsys.readouterr().err
    old = {key: value for key, value in kept.items() if key != "answers"}
    file.write_text(json.dumps(old))
    assert main(["answers", str(out)]) == 1
    assert "give the options of that training" in capsys.readouterr().err
    assert main(["answers", str(out), "--validation", "20"]) == 0
    assert capsys.readouterr().out == f"{out}: the answers are in its record\n"
    found = json.loads(file.read_text())
    afterwards = found["answers"].pop("afterwards")
    assert found == kept
    assert afterwards["commit"] == kept_records._commit()
    assert afterwards["finished"] > kept["finished"][:10]
    file.write_text(json.dumps(old | {"result": {"test_error": old["result"]["test_error"] + 0.001}}))
    before = file.read_bytes()
    assert main(["answers", str(out), "--validation", "20"]) == 1
    assert "Tested again" in capsys.readouterr().err
    assert file.read_bytes() == before
    file.write_text(json.dumps(old | {"data": old["data"] | {"kind": "folder"}}))
    assert main(["answers", str(out)]) == 1
    assert "trained on a folder of pictures: name it by --data NAME=FOLDER" in capsys.readouterr().err
    file.write_text(json.dumps(old | {"result": {"test_error": None}}))
    assert main(["answers", str(out), "--validation", "20"]) == 1
    assert "has no test error, so it was never tested" in capsys.readouterr().err
