"""The book's own work on the command line, called as `python -m cnnbook` calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnnbook import records
from cnnbook.__main__ import main
from cnnlib import recipe, training


def test_an_unknown_recipe_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["choose", "lenet6", "--epochs", "1", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (f"Unknown recipe 'lenet6': use one of {', '.join(recipe.RECIPES)}.\n")


def test_choose_writes_the_comparison_of_the_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def choose(chosen: recipe.Recipe, candidates: tuple, images: object, *, epochs: int) -> dict:
        asked.update(recipe=chosen, candidates=candidates, validation=len(images.validation), epochs=epochs)
        return {"epochs": epochs, "candidates": []}

    monkeypatch.setattr(training, "choose", choose)
    assert main(["choose", "lenet5_modern", "--epochs", "2", "--out", str(tmp_path / "choice.json")]) == 0
    assert json.loads((tmp_path / "choice.json").read_text()) == {"epochs": 2, "candidates": []}
    assert asked == {
        "recipe": recipe.RECIPES["lenet5_modern"],
        "candidates": recipe.CANDIDATES["lenet5_modern"],
        "validation": 500,
        "epochs": 2,
    }


def test_records_lists_what_was_measured(capsys: pytest.CaptureFixture) -> None:
    assert main(["records"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["recipe", *records.names()]
