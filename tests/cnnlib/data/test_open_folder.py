"""A user's own folder of pictures as a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def refused(folder: Path, words: str, **options: Any) -> None:
    """Check that a folder is refused in these words."""
    with pytest.raises(DataError, match=words):
        data.open_folder(folder, **options)


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
    pictures(tmp_path, "train", {"a": 2, "b": 2})
    refused(
        tmp_path, r"expected folders train and val or test, .*found only train. .* Or open .*/train itself"
    )
    pictures(tmp_path, "test", {"a": 2, "c": 2})
    refused(tmp_path, r"expected the same classes in train and test; found b, c in one of them.* Add what is")


@pytest.mark.parametrize("validation", [-1, 4])
def test_validation_pictures_must_leave_some_to_train_on(validation: int, tmp_path: Path) -> None:
    pictures(tmp_path, "train", {"a": 2, "b": 2})
    pictures(tmp_path, "val", {"a": 1, "b": 1})
    with pytest.raises(ValueError, match="from 0 to 3"):
        data.open_folder(tmp_path, validation=validation)


# Folders of classes, without splits


def test_of_classes_alone_a_fifth_is_set_aside_for_testing(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cat": 30, "dog": 12})
    found = data.open_folder(tmp_path, validation=7)
    assert (len(found.train), len(found.validation), len(found.test)) == (27, 7, 8)
    assert np.bincount(found.test.labels).tolist() == [6, 2]
    assert np.bincount(found.validation.labels).tolist() == [5, 2]
    parts = [paths(part) for part in (found.train, found.validation, found.test)]
    assert sorted(set.union(*parts)) == sorted(path for part in parts for path in part)
    assert found.class_names == ("cat", "dog")
    assert found.source == (
        f"pictures in {tmp_path.name}/; 20% of each class set aside for testing; the hash is of their names "
        "and sizes"
    )
    assert len(data.open_folder(tmp_path, test_share=0.5).test) == 21
    (tmp_path / "cat" / "000.png").write_bytes(b"changed")
    assert found.sha256 != data.open_folder(tmp_path).sha256


def test_what_is_tested_on_depends_on_no_seed_and_hardly_on_added_pictures(tmp_path: Path) -> None:
    pictures(tmp_path / "first", "", {"a": 40, "b": 40})
    pictures(tmp_path / "longer", "", {"a": 45, "b": 40})
    first = data.open_folder(tmp_path / "first", validation=10, seed=0)
    other = data.open_folder(tmp_path / "first", validation=10, seed=1)
    longer = data.open_folder(tmp_path / "longer")
    assert paths(first.test) == paths(other.test)
    assert paths(first.validation) != paths(other.validation)
    assert first.sha256 == other.sha256
    assert len(paths(first.test) - paths(longer.test)) <= 5  # no more than were added
    # Names tell nothing: those that are tested on are neither the first nor the last of them.
    places = [int(path[2:5]) for path in first.test.paths if path.startswith("a/")]
    assert min(places) < 15 < 25 < max(places)


def test_the_smallest_folder_that_will_do(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 6, "b": 6})
    for share, tested in ((0.01, 1), (0.2, 1), (0.5, 3), (0.99, 5)):
        found = data.open_folder(tmp_path, test_share=share)
        assert np.bincount(found.test.labels).tolist() == [tested] * 2
        assert np.bincount(found.train.labels).tolist() == [6 - tested] * 2
    for share in (0, 1, -0.2):
        with pytest.raises(ValueError, match=f"between 0 and 1, as 0.2 does; got {share}"):
            data.open_folder(tmp_path, test_share=share)


def test_ten_pictures_or_fewer_are_too_few(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cat": 5, "dog": 5})
    refused(
        tmp_path,
        "expected at least 6 pictures of each class, 5 to learn from and one to test on, since .*found 5 of "
        "cat, 5 of dog, 10 pictures in all. Add pictures to these folders, or remove the folders",
    )
    pictures(tmp_path, "", {"elk": 60})
    refused(tmp_path, "found 5 of cat, 5 of dog, 70 pictures in all")
    pictures(tmp_path, "", {f"f{i:02}": 1 for i in range(20)})
    refused(tmp_path, "1 of f07, and of 12 more classes too few, 90 pictures in all")


def test_one_class_alone_is_no_task(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cats": 20})
    words = "expected at least two folders, one for each class, since .* found one, cats. Put the pictures of"
    refused(tmp_path, words)
    for split in ("train", "test"):
        pictures(tmp_path / "splits", split, {"cats": 9})
    refused(tmp_path / "splits", words)


def test_a_folder_around_the_folders_of_classes_is_named(tmp_path: Path) -> None:
    pictures(tmp_path / "pets", "", {"cat": 9, "dog": 9})
    refused(tmp_path, f"found one folder, pets, with folders in it. .* open {tmp_path}/pets instead")
    (tmp_path / ".git").mkdir()
    refused(tmp_path, "found one folder, pets")


def test_pictures_outside_folders_of_classes_are_named(tmp_path: Path) -> None:
    refused(
        tmp_path / "nowhere",
        "expected a folder with one folder for each class; found nothing. Check the path",
    )
    for i in range(12):
        Image.new("RGB", (8, 6)).save(tmp_path / f"{i}.png")
    words = (
        "expected one folder for each class, .*; found 12 files and no folders. Make a folder for each class"
    )
    refused(tmp_path, words)
    pictures(tmp_path, "", {"cat": 9, "dog": 9})
    refused(tmp_path, "0.png: .*found a picture outside the folders of the classes")


def test_an_empty_folder_of_a_class_is_named(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cat": 9, "dog": 0})
    refused(tmp_path, r"dog: expected pictures \(.bmp, .*found none. Add some, or remove the folder")


def test_broken_pictures_stop_or_are_left_out_and_counted(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cat": 30, "dog": 30})
    whole = data.open_folder(tmp_path)
    both = whole.train.paths[0], whole.test.paths[0]
    for broken in both:
        (tmp_path / broken).write_bytes((tmp_path / broken).read_bytes()[:40])
    (tmp_path / "dog" / "IMG_1.HEIC").write_bytes(b"of a telephone")
    refused(
        tmp_path,
        'IMG_1.HEIC: .*(\n|.)*Remove it, save it as JPEG or PNG .*or skip such files with on_bad="skip"',
    )
    (tmp_path / "dog" / "IMG_1.HEIC").unlink()
    with pytest.raises(DataError, match=rf"{both[0]}: expected a picture; .*damaged(.|\n)*on_bad=\"skip\""):
        data.in_memory(data.open_folder(tmp_path), 8)
    found = data.open_folder(tmp_path, on_bad="skip")
    images = data.in_memory(found, 8)
    assert (len(images.train), len(images.validation), len(images.test)) == (47, 0, 11)
    assert images.source.endswith("; 2 bad pictures left out")
    assert [path for path, _ in found.train.skipped] == sorted(both)


# In memory


def test_pictures_of_any_size_become_squares_in_memory(tmp_path: Path) -> None:
    for i, (name, size) in enumerate({"a": (60, 30), "b": (30, 60), "c": (8, 8)}.items()):
        (tmp_path / name).mkdir()
        for number in range(6):
            level = 40 * i + number
            picture = Image.new("RGB", size, (255, 0, 0))
            inner = min(size)
            corner = (size[0] - inner) // 2, (size[1] - inner) // 2
            picture.paste(Image.new("RGB", (inner, inner), (level,) * 3), corner)
            picture.save(tmp_path / name / f"{number}.png")
    images = data.in_memory(data.open_folder(tmp_path, validation=3), 16)
    assert images.train.x.dtype == np.uint8
    for part, count in ((images.train, 12), (images.validation, 3), (images.test, 3)):
        assert part.x.shape == (count, 16, 16, 3)
        # Nothing of what lies beside the central square, but for the blur of its edges.
        levels = part.x[:, 8, 8, 0].astype(int)
        assert (part.x[:, 1:-1, 1:-1] == levels[:, None, None, None]).all()
        assert (levels // 40).tolist() == part.y.tolist()
    grey = data.open_folder(tmp_path, channels=1).train.as_split(5)
    assert grey.x.shape == (15, 5, 5, 1)
    assert data.open_folder(tmp_path).validation.as_split(5).x.shape == (0, 5, 5, 3)
    with pytest.raises(ValueError, match="at least 1 pixel; got 0"):
        data.PictureFolder(tmp_path).as_split(0)


def test_a_class_without_a_good_picture_is_named(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 6, "b": 6})
    for path in (tmp_path / "b").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(
        DataError, match=r"b: expected pictures; found none that can be decoded among 6\. Add good"
    ):
        data.PictureFolder(tmp_path, on_bad="skip").as_split(8)
