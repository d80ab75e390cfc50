"""The face of the package: one call to train, one object for a training made or recorded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import cnnbook
import cnnlib as cnn


@pytest.fixture(scope="module")
def digits() -> cnn.data.DataSet:
    return cnn.load("mnist", validation=0)


@pytest.fixture(scope="module")
def run(digits: cnn.data.DataSet, tmp_path_factory: pytest.TempPathFactory) -> cnn.Run:
    out = tmp_path_factory.mktemp("run")
    made = cnn.train("lenet5_chapter", digits, epochs=1, seed=3, out=out, verbose=False)
    assert cnn.Run.read(out / "record.json").record == made.record
    return made


def test_importing_the_packages_loads_no_framework() -> None:
    code = "import sys, cnnlib, cnnbook; print(*{'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == ""


def test_every_name_of_the_faces_is_there() -> None:
    for package in (cnn, cnnbook):
        assert [name for name in dir(package) if getattr(package, name, None) is None] == []
        with pytest.raises(AttributeError, match=rf"{package.__name__} has no 'lode'; it has .*r"):
            package.lode  # noqa: B018


def test_a_training_just_made_tells_what_a_recorded_one_tells(run: cnn.Run) -> None:
    recorded = cnnbook.run("lenet5_chapter")
    assert (run.name, recorded.name) == ("lenet5_chapter", "lenet5_chapter")
    assert run.seed == 3
    assert 0 < recorded.error < run.error < 1
    assert len(run.history["train_loss"]) == 1
    assert len(run.answers) == len(cnn.load("mnist").test)
    assert str(run).startswith(f"lenet5_chapter, seed 3: test error {run.error:.2%} after 1 epochs")
    assert [run.seed for run in cnnbook.runs("lenet5_chapter")] == [0, 1, 2]
    with pytest.raises(KeyError, match="lenet5_chapter was recorded with the seeds 0, 1, 2, not 9"):
        cnnbook.run("lenet5_chapter", seed=9)


def test_the_error_is_that_of_the_record(run: cnn.Run, digits: cnn.data.DataSet) -> None:
    assert cnn.error(run, digits.test) == run.error
    assert cnn.error(run.model, digits.test, run.pixels) == run.error
    with pytest.raises(ValueError, match=r"lenet5_chapter, seed 0: .* only the record was read"):
        cnn.error(cnnbook.run("lenet5_chapter"), digits.test)


def test_a_model_of_ones_own_is_trained_in_place(digits: cnn.data.DataSet) -> None:
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
    model.add(keras.layers.Softmax())
    before = np.copy(model.get_weights()[0])
    run = cnn.train(model, digits, "lenet5_modern", epochs=1, verbose=False)
    assert run.model is model
    assert not np.array_equal(model.get_weights()[0], before)
    assert run.record["recipe"]["network"] == model.name
    assert run.error < 0.5
    with pytest.raises(ValueError, match="Name the recipe to train the model by"):
        cnn.train(model, digits)


def test_two_trainings_are_compared(run: cnn.Run) -> None:
    table = cnn.compare(run, run)
    assert table.head == ["", "lenet5_chapter", "lenet5_chapter"]
    assert table.rows[0] == ["seeds", "3", "3"]


def test_a_record_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cnn.Run.read(tmp_path / "record.json")
