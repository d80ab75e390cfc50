"""Sets that stay on disk, by name, with a set of three classes in place of ImageNet."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib import data
from cnnlib.data import sets, sources

WORDS = {"n1": "tench", "n2": "church", "n3": "parachute"}


def write(folder: Path, split: str, classes: tuple[str, ...], each: int) -> None:
    for name in classes:
        (folder / split / name).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            Image.new("RGB", (8, 6), (i, 0, 0)).save(folder / split / name / f"{i:03}.JPEG")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the set "small" belongs: three classes of four and two pictures."""
    spec = sets.FolderSpec(
        name="small",
        classes=3,
        words=WORDS,
        full=sets.Content(train=12, test=6, validation=3),
        publisher="https://publisher",
        licence="by agreement",
    )
    monkeypatch.setitem(sets.FOLDERS, "small", spec)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path))
    return tmp_path / "small"


def load_error(*parts: str) -> None:
    with pytest.raises(data.DataError) as caught:
        data.load("small", "paper")
    for part in (*parts, "small/train/CLASS/FILE and small/val/CLASS/FILE, with 3 folders", "https://publ"):
        assert part in str(caught.value)


def test_a_set_on_disk_is_loaded_by_its_name(folder: Path) -> None:
    write(folder, "train", tuple(WORDS), 4)
    write(folder, "val", tuple(WORDS), 2)
    small = data.load("small", "paper")
    assert [len(small.train), len(small.validation), len(small.test)] == [9, 3, 6]
    assert isinstance(small.train, data.PictureFolder)
    assert (small.name, small.kind, small.licence) == ("small", "full", "by agreement")
    assert small.class_names == ("tench", "church", "parachute")
    assert small.source == (
        "12 of 12 training and 6 of 6 test pictures, in small/ in the user's data folder; the hash is of "
        "their names and sizes"
    )
    assert small.sha256 == data.open_folder(folder).sha256
    again = data.load("small", "colab", validation=6, seed=1)
    assert np.bincount(again.validation.labels).tolist() == [2, 2, 2]


def test_a_part_of_a_set_says_how_much_it_is(folder: Path) -> None:
    write(folder, "train", tuple(WORDS), 3)
    write(folder, "val", tuple(WORDS), 2)
    part = data.load("small", "paper", validation=0)
    assert part.source.startswith("a part of small: 9 of 12 training and 6 of 6 test pictures, in small/")
    write(folder, "val", tuple(WORDS), 3)
    load_error("expected at most 12 pictures in train and 6 in val; found 9 and 9")


def test_other_classes_are_another_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split in ("train", "val"):
        write(folder, split, ("n1", "n2"), 2)
    load_error("expected 3 classes; found 2")
    for split in ("train", "val"):
        write(folder, split, ("n9",), 2)
    load_error("expected the classes n1, n2, n3; found n9")
    monkeypatch.setitem(sets.FOLDERS, "small", replace(sets.FOLDERS["small"], words={}))
    assert data.load("small", "paper").class_names == ("n1", "n2", "n9")


def test_a_set_that_is_not_there_says_how_to_lay_it_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_error(f"{folder}: expected the pictures of small; found no such folder", "(licence: by agreement)")
    monkeypatch.setenv("CNNLIB_DATA", str(folder / "nowhere"))
    load_error(f"{folder}/nowhere: expected a folder, since CNNLIB_DATA names it; found nothing")
    monkeypatch.delenv("CNNLIB_DATA")
    load_error("small: expected CNNLIB_DATA to name a folder that holds it; found no CNNLIB_DATA")
    with pytest.raises(data.DataError, match="no package carries a part of small"):
        data.load("small")


def archive(folder: Path) -> bytes:
    """A publisher's archive of twelve and six pictures, with files beside them that are none."""
    for split, each in (("train", 4), ("val", 2)):
        write(folder / "small-8", split, tuple(WORDS), each)
    (folder / "small-8" / "notes.csv").write_text("path\n")
    (folder / "small-8" / "train" / "n1" / "deeper").mkdir()
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as tar:
        tar.add(folder / "small-8", "small-8")
        tar.addfile(tarfile.TarInfo("small-8/train/n4/000.JPEG"))  # no class of the set
        tar.addfile(tarfile.TarInfo("../train/n1/above.JPEG"))
    return memory.getvalue()


@pytest.fixture
def whole(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What the publisher of the set "small" offers, at an address where nothing answers."""
    content = archive(tmp_path / "publisher")
    md5 = hashlib.md5(content).hexdigest()
    published = replace(sets.FOLDERS["small"], url="http://127.0.0.1:9/small-8.tgz", md5=md5)
    monkeypatch.setitem(sets.FOLDERS, "small", published)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("CNNLIB_OFFLINE", raising=False)
    monkeypatch.setattr(sources, "RETRIES", 0)
    return content


def check_whole(small: data.DataSet[data.PictureFolder]) -> None:
    assert [len(small.train), len(small.validation), len(small.test)] == [9, 3, 6]
    assert small.source == (
        "12 of 12 training and 6 of 6 test pictures, of the publisher's small-8.tgz with MD5 "
        f"{sets.FOLDERS['small'].md5}; the hash is of their names and sizes"
    )
    assert small.train.read(0).size == (8, 6)


def test_a_set_is_downloaded_once_unpacked_and_only_if_it_is_the_publishers(
    whole: bytes, server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (address, served), cache = server, tmp_path / "keras" / "datasets"
    spec = replace(sets.FOLDERS["small"], url=f"{address}/small-8.tgz")
    monkeypatch.setitem(sets.FOLDERS, "small", spec)
    (served / "small-8.tgz").write_bytes(whole[:-1])
    with pytest.raises(data.DataError) as caught:
        data.load("small", "colab")
    first, *ways = str(caught.value).splitlines()
    assert first == (
        f"{address}/small-8.tgz: expected the publisher's small-8.tgz, with MD5 {spec.md5}; found a file "
        f"with MD5 {hashlib.md5(whole[:-1]).hexdigest()}."
    )
    assert ways[0].startswith("Three ways to provide small (licence: by agreement):")
    assert ways[-1].startswith(f"3. allow the download from {address}/small-8.tgz")
    assert list(cache.iterdir()) == []
    (served / "small-8.tgz").write_bytes(whole)
    check_whole(data.load("small", "colab"))
    assert {path.name for path in cache.iterdir()} == {f"small-{spec.md5[:12]}", "small-8.tgz"}
    assert {path.name for path in cache.rglob("*.*")} == {"small-8.tgz", *(f"{i:03}.JPEG" for i in range(4))}
    assert {path.name for path in cache.rglob("n*")} == set(WORDS)
    (served / "small-8.tgz").unlink()
    (cache / "small-8.tgz").unlink()
    check_whole(data.load("small", "colab"))


def test_the_publishers_archive_in_the_users_folder_is_unpacked_elsewhere(
    whole: bytes, folder: Path, tmp_path: Path
) -> None:
    (folder.parent / "small-8.tgz").write_bytes(whole)
    check_whole(data.load("small", "paper"))
    assert not folder.exists()
    assert (tmp_path / "keras").is_dir()
    (folder.parent / "small-8.tgz").write_bytes(b"another file")
    with pytest.raises(
        data.DataError, match=r"small-8\.tgz: expected the publisher's small-8\.tgz, with MD5"
    ):
        data.load("small", "paper")


def test_folders_of_the_user_come_before_any_archive(whole: bytes, folder: Path) -> None:
    (folder.parent / "small-8.tgz").write_bytes(b"another file")
    write(folder.parent / "small-8", "train", tuple(WORDS), 3)
    write(folder.parent / "small-8", "val", tuple(WORDS), 2)
    assert "a part of small: 9 of 12 " in data.load("small", "paper").source
    assert ", in small-8/ in the user's data folder;" in data.load("small", "paper").source
    write(folder, "train", tuple(WORDS), 4)
    write(folder, "val", tuple(WORDS), 2)
    assert ", in small/ in the user's data folder;" in data.load("small", "paper").source


def test_a_set_that_may_not_be_downloaded_says_where_to_put_it(
    whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CNNLIB_DATA")
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    with pytest.raises(data.DataError) as caught:
        data.load("small", "paper")
    for part in (
        "small-8.tgz: expected the data set small; found no such file, and CNNLIB_OFFLINE forbids",
        "1. put the pictures, as small/train/CLASS/FILE and small/val/CLASS/FILE, with 3 folders CLASS such ",
        "or the publisher's small-8.tgz into a folder and set CNNLIB_DATA to it;",
        "2. put small-8.tgz into Keras's cache, ",
    ):
        assert part in str(caught.value)


def test_imagenet_and_imagenette_are_what_their_publishers_say() -> None:
    imagenet, imagenette = sets.FOLDERS["imagenet"], sets.FOLDERS["imagenette"]
    assert (imagenet.classes, imagenet.full.train, imagenet.full.test) == (1_000, 1_281_167, 50_000)
    assert (imagenette.classes, imagenette.full.train, imagenette.full.test) == (10, 9_469, 3_925)
    assert (imagenette.file, imagenette.md5) == ("imagenette2-160.tgz", "e793b78cc4c9e9a4ccc0c1155377a412")
    assert not imagenet.url
    for spec in sets.FOLDERS.values():
        assert list(spec.words) == sorted(spec.words)  # folders are in the order of their names
        assert len(spec.words) in (0, spec.classes)


def test_imagenette_of_the_users_folder() -> None:
    folder = os.environ.get("CNNLIB_DATA")
    if not folder or not (Path(folder) / "imagenette").is_dir():
        pytest.skip("Imagenette is not in the folder CNNLIB_DATA names")
    pictures = data.load("imagenette", "paper")
    assert pictures.class_names[4] == "church"
    assert pictures.train.read(0).mode == "RGB"
    assert len(pictures.validation) == 500
