"""A user's own folder of pictures as a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib import data
from cnnlib.data import DataError


def pictures(folder: Path, split: str, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        (folder / split / name).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (8, 6), (i, 0, 0)).save(folder / split / name / f"{i:03}.png")


def paths(split: data.PictureFolder) -> set[str]:
    return set(split.paths)


def test_without_a_test_folder_the_published_validation_pictures_are_the_test_split(tmp_path: Path) -> None:
    pictures(tmp_path, "train", {"cat": 30, "dog": 10})
    pictures(tmp_path, "val", {"cat": 3, "dog": 2})
    found = data.open_folder(tmp_path, validation=8, seed=1)
    assert (len(found.train), len(found.validation), len(found.test)) == (32, 8, 5)
    assert np.bincount(found.validation.labels).tolist() == [6, 2]  # in the proportion of the classes
    assert not paths(found.train) & paths(found.validation)
    assert paths(found.train) | paths(found.validation) == paths(data.open_folder(tmp_path).train)
    assert found.class_names == ("cat", "dog")
    assert paths(found.validation) == paths(data.open_folder(tmp_path, validation=8, seed=1).validation)
    assert paths(found.validation) != paths(data.open_folder(tmp_path, validation=8, seed=2).validation)
    assert found.sha256 == data.open_folder(tmp_path).sha256
    (tmp_path / "train" / "cat" / "000.png").unlink()
    assert found.sha256 != data.open_folder(tmp_path).sha256


def test_a_folder_with_all_three_splits_is_taken_as_it_is(tmp_path: Path) -> None:
    for split, count in {"train": 4, "valid": 3, "test": 2}.items():
        pictures(tmp_path, split, {"a": count, "b": 1})
    found = data.open_folder(tmp_path)
    assert (len(found.train), len(found.validation), len(found.test)) == (5, 4, 3)
    with pytest.raises(ValueError, match="validation pictures of its own"):
        data.open_folder(tmp_path, validation=1)


def test_what_is_not_such_a_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected folders train and val or test.*found none of them"):
        data.open_folder(tmp_path)
    pictures(tmp_path, "train", {"a": 2, "b": 2})
    with pytest.raises(DataError, match="found train"):
        data.open_folder(tmp_path)
    pictures(tmp_path, "test", {"a": 2, "c": 2})
    with pytest.raises(DataError, match="train and test must have the same classes; b, c"):
        data.open_folder(tmp_path)


@pytest.mark.parametrize("validation", [-1, 4])
def test_validation_pictures_must_leave_some_to_train_on(validation: int, tmp_path: Path) -> None:
    pictures(tmp_path, "train", {"a": 2, "b": 2})
    pictures(tmp_path, "val", {"a": 1, "b": 1})
    with pytest.raises(ValueError, match="from 0 to 3"):
        data.open_folder(tmp_path, validation=validation)
