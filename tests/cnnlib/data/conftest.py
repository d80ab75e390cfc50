import functools
import http.server
import threading
from collections.abc import Callable, Iterator
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
            full=full,
            quick=None,
        )
        monkeypatch.setitem(sets.SETS, name, replace(spec, **changes))

    return register


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of a server on loopback and the folder it serves."""
    (tmp_path / "served").mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    handler = functools.partial(Quiet, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", tmp_path / "served"
        server.shutdown()
        thread.join()
