from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cnnlib.data import sets, sources


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the user; nothing is in it or in Keras's cache, and no server is waited for."""
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "user"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("CNNLIB_OFFLINE", raising=False)
    monkeypatch.setattr(sources, "RETRIES", 0)
    return tmp_path / "user"


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Register a set of three classes, published at an address where nothing answers."""

    def register(name: str, image_shape: tuple[int, int, int], full: sets.Content, **changes: object) -> None:
        spec = sets.DataSpec(
            name=name,
            class_names=("a", "b", "c"),
            image_shape=image_shape,
            url=f"http://127.0.0.1:9/{name}.npz",
            licence="none",
            citation="none",
            full=full,
            quick=None,
        )
        monkeypatch.setitem(sets.SETS, name, replace(spec, **changes))

    return register
