"""The package on the command line, called as `python -m cnnlib` calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cnnbook.__main__ import main as book_main
from cnnlib import data, recipe, records, runs, training
from cnnlib.__main__ import main
from cnnlib.data.views import CentreView


def test_a_training_stopped_by_ctrl_c_goes_on_with_resume_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    out, report = tmp_path / "run", runs._report
    arguments = ["train", "lenet5_chapter", "--epochs", "1", "--seed", "3", "--out", str(out)]

    def report_and_interrupt(*of: object) -> None:
        report(*of)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as context:
        context.setattr(runs, "_report", report_and_interrupt)
        assert main([*arguments, "--tensorboard"]) == 130
    printed = capsys.readouterr()
    assert printed.out.startswith("epoch 1/1  rate 0.0005")
    assert printed.err == (  # and no bar, since nobody watches
        f"Stopped by SIGINT; {out}/checkpoint.npz holds all that was done. Resume from it. "
        "Go on with --resume.\n"
    )
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        f"{out} holds a training: give --resume to go on with it, or another --out.\n"
    )
    assert main([*arguments, "--resume"]) == 0
    record = json.loads((out / "record.json").read_text())
    assert capsys.readouterr().out == f"test error {record['result']['test_error']:.2%}\n"
    assert (record["seed"], record["data"]["kind"]) == (3, "embedded")
    assert record["data"]["images"] == {"train": 4000, "validation": 0, "test": 1000}
    assert len(record["history"]["rate"]) == 1
    (event,) = EventAccumulator(str(out / "tensorboard")).Reload().Scalars("train_error")
    assert (event.step, event.value) == (1, pytest.approx(record["history"]["train_error"][0]))


def weights(out: Path) -> list[np.ndarray]:
    """What a training ended with, from its checkpoint."""
    with np.load(out / "checkpoint.npz") as file:
        return [file[name] for name in file.files if name != "state"]


def test_a_program_stopped_by_sigterm_in_the_middle_ends_with_the_same_weights(tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    train = ["train", "lenet5_modern", "--epochs", "2", "--precision", "float32", "--out"]
    command = [sys.executable, "-m", "cnnlib", *train, str(out)]
    pipes, environ = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}, dict(os.environ)
    environ.pop("TF_CPP_MIN_LOG_LEVEL", None)  # that would hide what TensorFlow says after the last line
    with subprocess.Popen(command, **pipes, text=True, env=environ) as program:
        assert program.stdout.readline().startswith("epoch 1/2")
        time.sleep(0.1)  # the second has begun
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=60)
    assert program.returncode == 143, said
    assert said.splitlines()[-1] == (
        f"Stopped by SIGTERM; {out}/checkpoint.npz holds all that was done. Resume from it. "
        "Go on with --resume."
    )
    assert [path.name for path in out.iterdir()] == ["checkpoint.npz"]
    assert main([*train, str(out), "--resume"]) == 0
    assert main([*train, str(tmp_path / "whole")]) == 0
    for stopped, whole in zip(weights(out), weights(tmp_path / "whole"), strict=True):
        np.testing.assert_array_equal(stopped, whole)


def test_train_passes_its_options_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict = {}

    def load(name: str, profile: str, validation: int) -> SimpleNamespace:
        asked.update(name=name, profile=profile, validation=validation, folder=os.environ["CNNLIB_DATA"])
        return SimpleNamespace(train=[])

    def run(chosen: recipe.Recipe, images: object, **options: object) -> runs.Run:
        asked.update(options, recipe=chosen)
        return runs.Run({"result": {"test_error": 0.01}})

    monkeypatch.setenv("CNNLIB_DATA", "elsewhere")
    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr(runs, "train", run)
    options = ["--profile", "paper", "--data", "sets", "--validation", "7", "--distribute", "one"]
    options += ["--precision", "mixed_float16", "--accumulate", "4", "--tensorboard", "--seed", "5"]
    assert main(["train", "lenet5", *options, "--out", str(tmp_path)]) == 0
    assert asked == {
        "name": "mnist",
        "profile": "paper",
        "folder": "sets",
        "validation": 7,
        "recipe": recipe.RECIPES["lenet5_modern"],
        "epochs": None,
        "seed": 5,
        "out": str(tmp_path),
        "distribute": "one",
        "precision": "mixed_float16",
        "accumulate": 4,
        "tensorboard": True,
    }


def test_train_takes_a_folder_of_pictures_in_place_of_the_recipes_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    asked: list = []

    def run(chosen: recipe.Recipe, images: data.DataSet, **options: object) -> runs.Run:
        asked.append(images)
        return runs.Run({"result": {"test_error": 0.01}})

    monkeypatch.setattr(runs, "train", run)
    for split, name in ((split, name) for split in ("train", "val") for name in "ab"):
        folder = tmp_path / "my=pictures" / split / name
        folder.mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (8, 6)).save(folder / f"{i}.png")
    train = ["train", "lenet5", "--validation", "2", "--out", str(tmp_path / "out"), "--data"]
    assert main([*train, f"mnist={tmp_path}/my=pictures"]) == 0
    assert (asked[0].name, asked[0].kind, asked[0].class_names) == ("my=pictures", "folder", ("a", "b"))
    assert [len(asked[0].train), len(asked[0].validation), len(asked[0].test)] == [4, 2, 6]
    capsys.readouterr()
    for option in (f"imagenet={tmp_path}", "mnist="):
        assert main([*train, option]) == 1
        assert capsys.readouterr().err == (
            f"Expected --data mnist=FOLDER, since the recipe's data set is mnist; got {option!r}.\n"
        )
    assert len(asked) == 1


def folder_of_noise(folder: Path, splits: dict[str, int], classes: str = "abc") -> None:
    """Pictures of various sizes, each class with its own colour, laid out as ImageNet is."""
    rng = np.random.default_rng(0)
    for split, count in splits.items():
        for label, name in enumerate(classes):
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                height, width = rng.integers(250, 300, 2)
                pixels = rng.integers(0, 128, (height, width, 3)).astype("uint8")
                pixels[..., label] += 127
                Image.fromarray(pixels).save(folder / split / name / f"{i}.jpg")


@pytest.mark.parametrize("name", ["vgg16", "alexnet"])
def test_imagenet_recipes_train_on_a_folder_of_that_layout(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = recipe.find(name)
    # Narrow, in small batches, with one test view and a rate from which so narrow a network learns.
    narrow = replace(
        full,
        batch_size=8,
        rates=tuple(rate / 10 for rate in full.rates),
        preparation=replace(full.preparation, test=CentreView()),
        network_settings=full.network_settings | {"width": 1 / 16},
    )
    monkeypatch.setitem(recipe.RECIPES, full.name, narrow)
    folder_of_noise(tmp_path / "set", {"train": 9, "val": 2})
    seen = []
    measured = training.tester
    monkeypatch.setattr(
        training, "tester", lambda model, feed: seen.append((model, feed)) or measured(model, feed)
    )
    out = tmp_path / "out"
    train = ["train", name, "--data", f"imagenet={tmp_path}/set", "--out", str(out), "--epochs", "2"]
    assert main(train) == 0
    model, tested = seen[-1]
    assert model.output_shape == (None, 3)
    assert len(tested) == 6
    record = json.loads((out / "record.json").read_text())
    # One picture in 25 was set aside, since the rate falls by their error.
    assert record["data"]["images"] == {"train": 25, "validation": 2, "test": 6}
    assert (record["data"]["kind"], record["data"]["name"]) == ("folder", "set")
    assert len(record["history"]["validation_error"]) == 2
    assert record["result"]["test_error"] in [wrong / 6 for wrong in range(7)]
    given, labels = records.unpack_answers(record["answers"])
    assert np.mean(given != labels) == record["result"]["test_error"]
    kept = record.pop("answers")
    (out / "record.json").write_text(json.dumps(record))
    assert book_main(["answers", str(out), "--data", f"imagenet={tmp_path}/set"]) == 0
    added = json.loads((out / "record.json").read_text())["answers"]
    assert {name: added[name] for name in kept} == kept


def test_an_unknown_recipe_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["train", "lenet6", "--epochs", "1", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        f"Unknown recipe 'lenet6': did you mean 'lenet5'? There are {', '.join(recipe.RECIPES)}.\n"
    )
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
    printed = capsys.readouterr()
    assert "cannot be made" in printed.err
    assert printed.out == ""  # at once, not after an epoch


def test_a_folder_of_data_that_would_be_ignored_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    assert main(["train", "lenet5", "--data", str(tmp_path / "missing"), "--out", str(out)]) == 1
    assert "The embedded mnist comes with cnnlib, and --data would be ignored" in capsys.readouterr().err
    assert not out.exists()


def test_a_training_that_is_not_there_to_resume_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    asked: list = []

    def run(chosen: recipe.Recipe, images: object, **options: object) -> runs.Run:
        asked.append(chosen)
        return runs.Run({"result": {"test_error": 0.01}})

    monkeypatch.setattr(runs, "train", run)
    out = str(tmp_path / "mistyped")
    assert main(["train", "lenet5", "--resume", "--batch-size", "25", "--epochs", "1", "--out", out]) == 0
    assert capsys.readouterr().err == f"{out} holds no training to go on with: it begins there.\n"
    assert asked[0].batch_size == 25


def test_a_finished_training_is_extended_by_more_epochs(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    train = ["train", "lenet5_modern", "--batch-size", "500", "--out", str(tmp_path), "--epochs"]
    assert main([*train, "1"]) == 0
    assert main([*train, "1"]) == 1  # what is done is left alone
    assert "holds a training: give --resume" in capsys.readouterr().err
    first = json.loads((tmp_path / "record.json").read_text())
    assert main([*train, "3"]) == 0
    assert capsys.readouterr().out.startswith("epoch 2/3  rate ")
    record = json.loads((tmp_path / "record.json").read_text())
    later = recipe.RECIPES["lenet5_modern"].shortened(3).rates[1:]
    assert record["history"]["rate"] == record["recipe"]["rates"] == [*first["recipe"]["rates"], *later]
    assert record["history"]["train_loss"][0] == first["history"]["train_loss"][0]
    assert record["history"]["train_loss"][2] < first["history"]["train_loss"][0]
    for other, differing in ((["4", "--seed", "1"], "seed"), (["2", "--resume"], "recipe")):
        assert main([*train, *other]) == 1
        assert f"another training (its {differing} differ)" in capsys.readouterr().err
    assert json.loads((tmp_path / "record.json").read_text()) == record


def test_two_processes_do_not_train_into_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    train = ["train", "lenet5_chapter", "--epochs", "1", "--out", str(tmp_path)]
    with training.locked(tmp_path):
        assert main(train) == 1
    assert "Another process trains into" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_other_images_of_the_same_number_is_refused(tmp_path: Path) -> None:
    digits = data.load("mnist")
    few = data.Split(digits.train.x[:64], digits.train.y[:64])
    other = data.Split(digits.train.x[64:128], digits.train.y[64:128])
    short = replace(recipe.find("lenet5_chapter").shortened(1), batch_size=32)
    for images in (few, few):
        training.fit(short.build_network(10), short, images, checkpoint=tmp_path / "c.npz")
    with pytest.raises(RuntimeError, match=r"another training \(its data differ\)"):
        training.fit(short.build_network(10), short, other, checkpoint=tmp_path / "c.npz")


def test_a_closed_terminal_saves_as_sigterm_does(tmp_path: Path) -> None:
    short = replace(recipe.find("lenet5_chapter").shortened(2), batch_size=32)
    few = data.Split(*(part[:64] for part in vars(data.load("mnist").train).values()))
    with pytest.raises(training.Interrupted) as stopped:
        training.fit(
            short.build_network(10),
            short,
            few,
            checkpoint=tmp_path / "c.npz",
            on_epoch=lambda epoch, figures: signal.raise_signal(signal.SIGHUP),
        )
    assert stopped.value.signal == signal.SIGHUP
    assert (tmp_path / "c.npz").exists()


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["train", "lenet5_modern"], ["train", "lenet5_modern", "--out", "x", "--profile", "huge"]],
)
def test_what_it_does_not_understand_it_explains(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as problem:
        main(arguments)
    assert problem.value.code == 2
    assert "usage: python -m cnnlib" in capsys.readouterr().err


def test_two_records_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["train", "lenet5_chapter", "--epochs", "1", "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "run"), str(tmp_path / "run" / "record.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["seeds", "0", "0"]
    assert main(["compare", str(tmp_path), str(tmp_path / "run")]) == 1
    assert "No record in" in capsys.readouterr().err
