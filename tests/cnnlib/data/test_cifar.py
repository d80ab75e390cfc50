"""CIFAR-10's archive and its known copies, with an archive of 30 little pictures of three classes."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnlib import data
from cnnlib.data import sets, sources

ARCHIVE = {"train": ("bin/batch_1.bin", "bin/batch_2.bin"), "test": ("bin/test.bin",)}


def arrays() -> sources.Arrays:
    numbers = np.random.RandomState(3)
    return {
        "x_train": numbers.randint(0, 256, (24, 4, 5, 3)).astype(np.uint8),
        "y_train": np.arange(24) % 3,
        "x_test": numbers.randint(0, 256, (6, 4, 5, 3)).astype(np.uint8),
        "y_test": np.arange(6) % 3,
    }


def rows(x: np.ndarray, y: np.ndarray) -> bytes:
    """The publisher's layout: for each picture its label, then all of red, all of green, all of blue."""
    return b"".join(
        bytes([label]) + b"".join(image[..., channel].tobytes() for channel in range(3))
        for image, label in zip(x, y, strict=True)
    )


def members(of: sources.Arrays) -> dict[str, bytes]:
    train = of["x_train"], of["y_train"]
    return {
        "bin/batches.meta.txt": b"a\nb\nc\n",
        "bin/batch_2.bin": rows(train[0][15:], train[1][15:]),
        "bin/batch_1.bin": rows(train[0][:15], train[1][:15]),
        "bin/test.bin": rows(of["x_test"], of["y_test"]),
    }


def packed(files: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return memory.getvalue()


@pytest.fixture
def publish(register: Callable[..., None]) -> Callable[..., None]:
    """Register the set "little", published as an archive, with no hash of its content known."""

    def publish(whole: bytes, **changes: object) -> None:
        full, md5 = sets.Content(train=24, test=6, validation=3, sha256=None), hashlib.md5(whole).hexdigest()
        usual = {"full": full, "url": "http://127.0.0.1:9/little.tar.gz", "md5": md5, "archive": ARCHIVE}
        register("little", (4, 5, 3), **usual | changes)

    return publish


def load_error(*parts: str) -> None:
    with pytest.raises(data.DataError) as caught:
        data.load("little", "paper")
    for part in parts:
        assert part in str(caught.value)


# The archive


def test_the_publishers_archive_is_read_plane_by_plane(user: Path, publish: Callable[..., None]) -> None:
    whole = packed(members(arrays()))
    publish(whole)
    (user / "little.tar.gz").write_bytes(whole)
    loaded = data.load("little", "paper", validation=0)
    for split, found in (("train", loaded.train), ("test", loaded.test)):
        np.testing.assert_array_equal(found.x, arrays()[f"x_{split}"])
        assert found.y.tolist() == arrays()[f"y_{split}"].tolist()
    md5 = hashlib.md5(whole).hexdigest()
    assert loaded.source == f"little.tar.gz in the user's data folder; MD5 {md5}, as published"
    assert loaded.sha256 == sources.content_sha256(arrays())
    assert [path.name for path in user.iterdir()] == ["little.tar.gz"]


def test_an_archive_with_another_md5_is_refused_unread(user: Path, publish: Callable[..., None]) -> None:
    whole = packed(members(arrays()))
    publish(whole)
    (user / "little.tar.gz").write_bytes(whole[:-1])
    md5 = [hashlib.md5(content).hexdigest() for content in (whole, whole[:-1])]
    expected = f"expected the publisher's little.tar.gz, with MD5 {md5[0]}; found a file with MD5 {md5[1]}"
    load_error(
        f"{user}/little.tar.gz: {expected}", "1. put the publisher's little.tar.gz, little.npz (x_train"
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"bin/batch_2.bin": None}, "KeyError: \"filename 'bin/batch_2.bin' not found\""),
        ({"bin/test.bin": b"\0" * 99}, "cannot reshape array of size 99"),
        ({"bin/test.bin": b""}, "expected x_test as uint8 of shape (6, 4, 5, 3); found uint8 of shape (0, 4"),
        ({"bin/test.bin": b"\7" * 61 * 6}, "expected labels from 0 to 2 in y_test; found labels from 7 to 7"),
    ],
)
def test_an_archive_of_another_structure_is_refused(
    change: dict[str, bytes | None], found: str, user: Path, publish: Callable[..., None]
) -> None:
    files = {name: content for name, content in (members(arrays()) | change).items() if content is not None}
    publish(packed(files))
    (user / "little.tar.gz").write_bytes(packed(files))
    load_error(str(user / "little.tar.gz"), found)


def test_the_archive_is_downloaded_once_and_only_a_good_one_is_kept(
    user: Path, server: tuple[str, Path], publish: Callable[..., None]
) -> None:
    (address, served), cache = server, user.parent / "keras" / "datasets"
    whole = packed(members(arrays()))
    publish(whole, url=f"{address}/little.tar.gz")
    (served / "little.tar.gz").write_bytes(b"another file")
    load_error(f"{address}/little.tar.gz: expected the publisher's little.tar.gz, with MD5 ", "3. allow the")
    assert list(cache.iterdir()) == []
    (served / "little.tar.gz").write_bytes(whole)
    assert data.load("little", "paper").source.startswith(f"downloaded from {address}/little.tar.gz; MD5 ")
    assert [path.name for path in cache.iterdir()] == ["little.tar.gz"]
    (served / "little.tar.gz").unlink()
    assert data.load("little", "colab").source.startswith("little.tar.gz in Keras's cache; MD5 ")


# Copies


def test_a_known_copy_is_taken_and_says_how_it_differs(user: Path, publish: Callable[..., None]) -> None:
    sha256 = sources.content_sha256(arrays())
    content = sets.Content(24, 6, 3, sha256=None, variants={sha256: "2 of 30 images JPEG-coded"})
    publish(b"", full=content)
    np.savez(user / "little.npz", **arrays())
    loaded = data.load("little", "paper")
    assert loaded.source == "little.npz in the user's data folder; 2 of 30 images JPEG-coded"
    assert loaded.sha256 == sha256


def test_an_unknown_copy_is_refused_with_the_reason_and_the_archive_helps(
    user: Path, publish: Callable[..., None]
) -> None:
    whole = packed(members(arrays()))
    content = sets.Content(24, 6, 3, sha256=None, variants={"12ab": "2 of 30 images JPEG-coded"})
    publish(whole, full=content)
    np.savez(user / "little.npz", **arrays())
    load_error(
        f"{user}/little.npz: expected content with SHA-256 12ab; found {sources.content_sha256(arrays())}.\n",
        "The hash of little as published is not known here",
        "the publisher's own little.tar.gz can, by its MD5",
    )
    (user / "little.tar.gz").write_bytes(whole)
    assert data.load("little", "paper").source.startswith("little.tar.gz in the user's data folder")


# CIFAR-10 itself


def test_without_a_file_cifar10_names_the_sets_that_need_none() -> None:
    with pytest.raises(
        data.DataError,
        match=r"no package carries a part of cifar10.*need no file: lungs, mnist, photos, shapes",
    ):
        data.load("cifar10")


def test_full_cifar10_of_the_users_folder() -> None:
    folder = os.environ.get("CNNLIB_DATA")
    files = ("cifar10.npz", "cifar-10-binary.tar.gz")
    if not folder or not any((Path(folder) / file).exists() for file in files):
        pytest.skip("full CIFAR-10 is not in the folder CNNLIB_DATA names")
    pictures = data.load("cifar10", "paper")
    assert [len(pictures.train), len(pictures.validation), len(pictures.test)] == [45_000, 5_000, 10_000]
    assert pictures.train.x.shape[1:] == (32, 32, 3)
    assert np.bincount(pictures.test.y).tolist() == [1_000] * 10
    assert "as published" in pictures.source or "111 of 60,000 images JPEG-coded" in pictures.source
