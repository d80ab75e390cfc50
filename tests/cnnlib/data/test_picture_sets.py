"""Sets that stay on disk, by name, with a set of three classes in place of ImageNet."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib import data
from cnnlib.data import sets

WORDS = {"n1": "tench", "n2": "church", "n3": "parachute"}


def write(folder: Path, split: str, classes: tuple[str, ...], each: int) -> None:
    for name in classes:
        (folder / split / name).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            Image.new("RGB", (8, 6), (i, 0, 0)).save(folder / split / name / f"{i:03}.JPEG")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the set "small" belongs: three classes of four and two pictures."""
    spec = sets.FolderSpec("small", 3, WORDS, 12, 6, 3, "https://publisher", "by agreement", "none")
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


def test_imagenet_and_imagenette_are_what_their_publishers_say() -> None:
    imagenet, imagenette = sets.FOLDERS["imagenet"], sets.FOLDERS["imagenette"]
    assert (imagenet.classes, imagenet.train, imagenet.test) == (1_000, 1_281_167, 50_000)
    assert (imagenette.classes, imagenette.train, imagenette.test) == (10, 9_469, 3_925)
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
