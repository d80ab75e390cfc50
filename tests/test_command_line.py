"""The package on the command line, called as `python -m cnnlib` calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnnlib import recipe, records, training
from cnnlib.__main__ import main


def test_train_for_one_epoch_and_again_from_its_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = ["train", "lenet5_chapter", "--epochs", "1", "--seed", "3", "--out", str(tmp_path / "run")]
    assert main(arguments) == 0
    first = capsys.readouterr().out.splitlines()
    assert first[0].startswith("epoch 1/1  rate 0.0005")
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert first[-1] == f"test error {record['result']['test_error']:.2%}"
    assert (record["seed"], record["profile"]) == (3, "quick")
    assert record["data"]["images"] == {"train": 4000, "validation": 0, "test": 1000}
    assert len(record["history"]["rate"]) == 1
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'run'} holds a training: give --resume to go on with it, or another --out.\n"
    )
    assert main([*arguments, "--resume"]) == 0
    assert capsys.readouterr().out.splitlines() == first[-1:]  # nothing was left to train


@pytest.mark.parametrize("command", ["train", "choose"])
def test_an_unknown_recipe_is_refused_with_the_known_ones(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main([command, "lenet6", "--epochs", "1", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (f"Unknown recipe 'lenet6': use one of {', '.join(recipe.RECIPES)}.\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("epochs", ["0", "21"])
def test_a_number_of_epochs_the_recipe_does_not_have(
    epochs: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["train", "lenet5_chapter", "--epochs", epochs, "--out", str(tmp_path)]) == 1
    assert (
        f"lenet5_chapter: The schedule has 20 epochs; it cannot be shortened to {epochs}."
        in capsys.readouterr().err
    )


def test_a_folder_that_cannot_be_written_ends_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    assert main(["train", "lenet5_chapter", "--epochs", "1", "--out", str(tmp_path / "taken")]) == 1
    assert "Could not write the checkpoint" in capsys.readouterr().err


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


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["train", "lenet5_modern"], ["train", "lenet5_modern", "--out", "x", "--profile", "huge"]],
)
def test_what_it_does_not_understand_it_explains(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as problem:
        main(arguments)
    assert problem.value.code == 2
    assert "usage: python -m cnnlib" in capsys.readouterr().err
