"""Figures come back from the files as TensorBoard itself reads them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cnnlib.tensorboard import EventLog


def read(folder: Path) -> dict[str, dict[int, float]]:
    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: {event.step: pytest.approx(event.value) for event in events.Scalars(tag)}
        for tag in events.Tags()["scalars"]
    }


def write(folder: Path, errors: dict[int, float]) -> None:
    log = EventLog(folder)
    for step, error in errors.items():
        log.add(step, {"train_error": error})


def test_figures_are_read_back_by_name_and_step(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "new" / "folder")
    log.add(1, {"train_error": 0.5, "rate": 0.1})
    log.add(2, {"train_error": 0.25, "rate": 0.1, "validation_error": 0.3})
    expected = {
        "train_error": {1: 0.5, 2: 0.25},
        "rate": {1: 0.1, 2: 0.1},
        "validation_error": {2: 0.3},
    }
    assert read(tmp_path / "new" / "folder") == expected


def test_a_resumed_training_replaces_the_epochs_it_repeats_and_keeps_those_before(tmp_path: Path) -> None:
    write(tmp_path, {1: 0.5, 2: 0.4, 3: 0.3, 4: 0.2})
    time.sleep(1.1)  # files are read in the order of the seconds in their names
    write(tmp_path, {3: 0.31})
    assert read(tmp_path) == {"train_error": {1: 0.5, 2: 0.4, 3: 0.31}}
    write(tmp_path, {})  # resumed when nothing was left to do
    assert len(list(tmp_path.iterdir())) == 2


def test_without_the_package_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(RuntimeError, match="pip install tensorboard"):
        EventLog(tmp_path)
