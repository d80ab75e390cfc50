"""The file a training goes on from: whole or the one before it, whatever happens while it is written."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from cnnlib.checkpoint import Checkpoint, CheckpointError


def variables(value: float = 0.0, rows: int = 3) -> list[keras.Variable]:
    return [keras.Variable(np.full((rows, 4), value, "float32")), keras.Variable(value)]


def values(saved: Checkpoint) -> list[float]:
    return [float(ops.convert_to_numpy(v.value).mean()) for v in saved.variables]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good checkpoint in a folder of its own."""
    Checkpoint(tmp_path / "c.npz", variables(2.5), {"seed": 1}).save({"epoch": 7})
    return tmp_path / "c.npz"


@pytest.mark.backends
def test_variables_and_state_come_back(path: Path) -> None:
    saved = Checkpoint(path, variables(), {"seed": 1})
    assert saved.load() == {"epoch": 7}
    assert values(saved) == [2.5, 2.5]
    assert os.listdir(path.parent) == ["c.npz"]


def test_nothing_is_found_where_nothing_was_saved(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "c.npz", variables(), {}).load() is None
    nowhere = Checkpoint(None, variables(), {})
    nowhere.save({})
    assert nowhere.load() is None
    assert not nowhere.due(0)


def test_one_process_of_several_writes_and_all_read(path: Path) -> None:
    other = Checkpoint(path, variables(), {"seed": 1}, writes=False)
    before = path.read_bytes()
    other.save({"epoch": 8})
    assert path.read_bytes() == before
    assert not other.due(0)
    assert other.load() == {"epoch": 7}


def test_a_save_is_due_when_the_last_is_long_ago(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    saved = Checkpoint(path, variables(), {"seed": 1})
    now[0] += 29
    assert not saved.due(30)
    now[0] += 1
    assert saved.due(30)
    saved.save({})
    assert not saved.due(30)


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"",
        lambda whole: b"not a checkpoint at all",
        lambda whole: whole.replace("identity".encode("utf-32-le"), "identify".encode("utf-32-le")),
        lambda whole: whole[:400] + bytes(300) + whole[700:],
    ],
    ids=["half", "empty", "text", "changed", "zeros"],
)
def test_a_damaged_file_is_named(damage: Callable, path: Path) -> None:
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=r"c\.npz cannot be read \(.*\)\. Delete it to start anew"):
        Checkpoint(path, variables(), {"seed": 1}).load()


def test_a_file_of_objects_is_not_unpickled(path: Path) -> None:
    np.savez(path, state=np.array({"epoch": 7}, object))
    with pytest.raises(CheckpointError, match="cannot be read"):
        Checkpoint(path, variables(), {"seed": 1}).load()


def test_the_checkpoint_of_another_training_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = r"of another training \(its {} differ\). Choose another folder for this one, or delete the file"
    with pytest.raises(CheckpointError, match=message.format("seed")):
        Checkpoint(path, variables(), {"seed": 2}).load()
    with pytest.raises(CheckpointError, match=message.format("shapes")):
        Checkpoint(path, variables(rows=2), {"seed": 1}).load()
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    with pytest.raises(CheckpointError, match=message.format("backend")):
        Checkpoint(path, variables(), {"seed": 1}).load()


@contextlib.contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_the_last_good_file(path: Path) -> None:
    good = path.read_bytes()
    saved = Checkpoint(path, variables(3.5), {"seed": 1})
    with full_disk(len(good) // 2), pytest.raises(CheckpointError, match="The last good one is untouched"):
        saved.save({"epoch": 8})
    assert path.read_bytes() == good
    assert os.listdir(path.parent) == ["c.npz"]
    saved.save({"epoch": 8})
    assert Checkpoint(path, variables(), {"seed": 1}).load() == {"epoch": 8}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(CheckpointError, match=r"Could not write the checkpoint .*taken/c\.npz"):
        Checkpoint(tmp_path / "taken" / "c.npz", variables(), {}).save({})


def arrays() -> list[SimpleNamespace]:
    """Stand for variables in a forked process, where a backend may no longer be used."""
    return [SimpleNamespace(value=np.zeros(2**17, "float32"), shape=(2**17,)) for _ in range(4)]


def save_for_ever(path: Path, first: int) -> None:
    written = arrays()
    saved = Checkpoint(path, written, {})
    while True:
        for array in written:
            array.value[:] = first
        saved.save({"number": first})
        first += 1


@pytest.mark.filterwarnings("ignore:.*fork")
def test_ten_kills_at_any_moment_leave_a_whole_file_that_is_never_older(tmp_path: Path) -> None:
    path, last, cut_short = tmp_path / "c.npz", 0, 0
    Checkpoint(path, arrays(), {}).save({"number": 0})
    draw = np.random.default_rng()
    for _ in range(10):
        child = os.fork()
        if child == 0:  # it never returns
            try:
                save_for_ever(path, last + 1)
            finally:
                os._exit(1)
        time.sleep(draw.uniform(0.02, 0.1))
        os.kill(child, signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        cut_short += (tmp_path / "c.npz.partial").exists()
        with np.load(path) as file:
            found = [set(file[f"v{i}"]) for i in range(4)]
        state = Checkpoint(path, [keras.Variable(array.value) for array in arrays()], {}).load()
        assert state is not None
        assert found == [{state["number"]}] * 4
        assert state["number"] >= last
        last = state["number"]
    assert last > 1
    assert cut_short  # of ten kills some came while a file was being written
