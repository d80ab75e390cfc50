"""A user's own folder of pictures as a data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnlib import data
from cnnlib.data import DataError, folders
from cnnlib.data.split import set_aside
from cnnlib.data.views import CentreView


def pictures(folder: Path, split: str, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        (folder / split / name).mkdir(parents=True)
        for i in range(count):
            colour = i, sum(map(ord, name)) % 256, len(split)  # no two pictures are the same
            Image.new("RGB", (8, 6), colour).save(folder / split / name / f"{i:03}.png")


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


def test_what_a_class_without_pictures_holds_instead_is_named(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cat": 9, "éte dog": 0})
    for number in range(3):
        (tmp_path / "éte dog" / f"IMG_{number}.HEIC").write_bytes(b"of a telephone")
    with pytest.raises(DataError, match=r"none, but 3 others, such as IMG_0.HEIC \(a file whose name"):
        data.open_folder(tmp_path, on_bad="skip")
    pictures(tmp_path / "by year", "cat", {"2020": 3, "2021": 3})
    pictures(tmp_path / "by year", "dog", {"2020": 3})
    with pytest.raises(DataError, match=r"cat: .* 2 others, such as 2020 \(a folder within a class\)\. Save"):
        data.open_folder(tmp_path / "by year", on_bad="skip")


def test_broken_pictures_stop_or_are_left_out_and_counted(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cat": 30, "dog": 30})
    whole = data.open_folder(tmp_path)
    both = whole.train.paths[0], whole.test.paths[0]
    for length, broken in enumerate(both, start=40):
        (tmp_path / broken).write_bytes((tmp_path / broken).read_bytes()[:length])
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
    grey = data.in_memory(data.open_folder(tmp_path, channels=1), 5)
    assert grey.train.x.shape == (15, 5, 5, 1)
    assert grey.validation.x.shape == (0, 5, 5, 1)
    with pytest.raises(ValueError, match="at least 1 pixel; got 0"):
        data.in_memory(data.open_folder(tmp_path), 0)


def test_a_class_without_a_good_picture_is_named(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 6, "b": 6})
    for path in (tmp_path / "b").iterdir():
        path.write_bytes(f"no picture {path.name}".encode())
    with pytest.raises(
        DataError,
        match=r"b: expected pictures; found none that can be decoded among the 5 of its split",
    ):
        data.in_memory(data.open_folder(tmp_path, on_bad="skip"), 8)


# As people name and fill their folders


@pytest.mark.parametrize(
    ("train", "test"),
    [("Train", "Test"), ("training", "testing"), ("seg_train", "seg_test"), ("train_set", "Validation")],
)
def test_splits_are_known_by_the_names_that_people_give_them(train: str, test: str, tmp_path: Path) -> None:
    pictures(tmp_path, train, {"a": 4, "b": 4})
    pictures(tmp_path, f"{test}/{test}", {"a": 2, "b": 1})  # an archive within its own folder
    pictures(tmp_path, "seg_pred", {"more": 3})
    found = data.open_folder(tmp_path)
    assert (found.class_names, len(found.train), len(found.test)) == (("a", "b"), 8, 3)


def test_two_folders_of_one_meaning_are_refused(tmp_path: Path) -> None:
    for split in ("train", "val", "valid"):
        pictures(tmp_path, split, {"a": 2, "b": 2})
    refused(tmp_path, "one folder for each split; found val and valid, which mean the same. Remove one")


def test_splits_without_folders_of_classes_are_no_classes(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"train": 8, "test": 8})
    refused(
        tmp_path, "expected a folder for each class in train, test; found none, so that nothing says what"
    )
    pictures(tmp_path, "", {"bus": 8})  # beside which a train is a train
    (tmp_path / "test").rename(tmp_path / "tram")
    assert data.open_folder(tmp_path).class_names == ("bus", "train", "tram")


def test_names_that_look_alike_are_one_class(tmp_path: Path) -> None:
    pictures(tmp_path / "splits", "train", {"caf\u00e9": 4, "bar": 4})
    pictures(tmp_path / "splits", "test", {"cafe\u0301": 4, "bar": 4})
    pictures(tmp_path / "alone", "", {"caf\u00e9": 6, "cafe\u0301": 7, "bar": 8})
    for folder in ("splits", "alone"):
        assert data.open_folder(tmp_path / folder).class_names == ("bar", "caf\u00e9")
    whole = data.open_folder(tmp_path / "alone")
    assert len(whole.train) + len(whole.test) == 21


def test_a_name_that_is_not_utf_8_is_opened_hashed_and_printed(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    pictures(tmp_path, "", {"bar": 6, "old": 6})
    (tmp_path / "old").rename(os.fsdecode(folder))
    Path(os.fsdecode(folder + b"/\xff.png")).write_bytes(b"no picture")
    found = data.open_folder(tmp_path, on_bad="skip")
    assert data.in_memory(found, 8).class_names == ("bar", r"caf\xe9")
    assert len(found.sha256) == 64
    assert found.train.skipped[0][0] == r"caf\xe9/\xff.png"
    f"{found} {found.train.skipped}".encode()
    with pytest.raises(DataError) as refusal:
        data.in_memory(data.open_folder(tmp_path), 8)
    str(refusal.value).encode()


def test_a_link_to_nothing_stops_or_is_skipped(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 6, "b": 6})
    (tmp_path / "a" / "linked.png").symlink_to(tmp_path / "gone.png")
    refused(tmp_path, "linked.png: .*found a link to nothing")
    found = data.open_folder(tmp_path, on_bad="skip")
    assert (len(found.train) + len(found.test), found.train.skipped[0][1]) == (12, "a link to nothing")


@pytest.mark.parametrize("on_bad", ["stop", "skip"])
def test_litter_of_operating_systems_is_passed_over_and_counted(on_bad: str, tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 6, "b": 6})
    litter = "a/Thumbs.db", "a/desktop.ini", "b/.DS_Store", "b/._0.png", "__MACOSX/a/._1.png", "Thumbs.db"
    for path in litter:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("litter")
    found = data.open_folder(tmp_path, on_bad=on_bad)
    assert (found.class_names, found.train.skipped) == (("a", "b"), [])
    assert len(folders.scan(tmp_path).litter) == 6


def test_gif_tif_and_jfif_are_opened(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 6, "b": 6})
    for suffix, form in ((".gif", "GIF"), (".TIF", "TIFF"), (".jfif", "JPEG")):
        Image.new("RGB", (8, 6), (200, 0, 0)).save(tmp_path / "a" / f"new{suffix}", form)
    whole = data.PictureFolder(tmp_path)
    assert len(whole) == 15
    assert np.abs(whole.read_all(CentreView(8, 8))[0].x[6:9].mean(axis=(1, 2)) - (200, 0, 0)).max() < 4


def test_the_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path, "pets", {"a": 6, "b": 6})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(data.open_folder("~/pets").train) == 10
    assert data.decode("~/pets/a/000.png").size == (8, 6)


def test_validation_pictures_may_be_given_as_a_share(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 50, "b": 25})
    found = data.open_folder(tmp_path, validation=0.2)
    assert np.bincount(found.validation.labels).tolist() == [8, 4]
    for validation in (1.5, -0.2, 60):
        with pytest.raises(ValueError, match=f"from 0 to 59, .*or a share such as 0.2; got {validation}"):
            data.open_folder(tmp_path, validation=validation)


def test_no_class_is_without_validation_pictures(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"cat": 40, "dog": 7, "elk": 143})
    for seed in range(10):
        found = data.open_folder(tmp_path, validation=4, seed=seed)
        assert len(found.validation) == 4
        assert np.bincount(found.validation.labels)[1] == 1


# Groups


def people(folder: Path) -> None:
    """Twelve persons with five pictures in each of two classes; no two pictures are the same."""
    for place in range(120):
        name, person = ("well", "ill")[place % 2], place // 2 % 12
        path = folder / name / f"person{person:02}_{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), (place, 0, 0)).save(path)


def persons(split: data.PictureFolder) -> set[str]:
    return {path.split("person")[1][:2] for path in split.paths}


@pytest.mark.parametrize("groups", [r"person\d+", r"/(person\d+)_", lambda path: persons_name(path)])
def test_a_group_is_never_in_two_splits(groups: Any, tmp_path: Path) -> None:
    people(tmp_path)
    found = data.open_folder(tmp_path, validation=0.2, groups=groups)
    parts = [persons(part) for part in (found.train, found.validation, found.test)]
    assert set.union(*parts) == {f"{i:02}" for i in range(12)}
    assert sum(map(len, parts)) == 12
    for part, least in ((found.test, 8), (found.validation, 5)):
        assert np.bincount(part.labels).min() >= least
    assert paths(found.test) == paths(data.open_folder(tmp_path, groups=groups, seed=3).test)
    ungrouped = data.open_folder(tmp_path)
    assert persons(ungrouped.test) & persons(ungrouped.train)


def persons_name(path: str) -> str:
    return path.rpartition("/")[2].partition("_")[0]


def test_a_group_on_both_sides_of_given_splits_is_refused(tmp_path: Path) -> None:
    people(tmp_path / "train")
    for name in ("well", "ill"):
        (tmp_path / "test" / name).mkdir(parents=True)
        for path in sorted((tmp_path / "train" / name).iterdir())[:3]:
            path.rename(tmp_path / "test" / name / path.name)
    data.open_folder(tmp_path)
    words = "each group in one split; found 1 in several, such as person00 in test and train: a test of it"
    refused(tmp_path, words, groups=r"person\d+")


def test_groups_that_cannot_be_set_aside_are_refused_in_words(tmp_path: Path) -> None:
    people(tmp_path)
    refused(tmp_path, "Of ill nothing can be set aside: its pictures are of one group", groups="well|ill")
    with pytest.raises(ValueError, match=r"groups='anna' to be found in each CLASS/FILE; it is not in ill/"):
        data.open_folder(tmp_path, groups="anna")
    with pytest.raises(ValueError, match=r"groups is a pattern, a regular expression; '\(' is none"):
        data.open_folder(tmp_path, groups="(")


def test_of_two_groups_one_is_left_whichever_comes_first() -> None:
    labels, groups = np.array([0] * 10 + [1] * 2), [0] * 9 + [9, 10, 11]
    for order in (range(12), range(11, -1, -1)):
        marked = set_aside(labels, groups, list(order), [8, 1], "ab")
        assert sum(marked[:10]) in (1, 9)
        assert sum(marked[10:]) == 1


def test_copies_of_a_file_stay_on_one_side(tmp_path: Path) -> None:
    pictures(tmp_path, "", {"a": 30, "b": 30})
    for number in range(30):
        content = (tmp_path / "a" / f"{number:03}.png").read_bytes()
        (tmp_path / "a" / f"copy{number}.png").write_bytes(content)
    found = data.open_folder(tmp_path, validation=0.2)
    parts = found.train, found.validation, found.test
    contents = [{(tmp_path / path).read_bytes() for path in part.paths} for part in parts]
    assert sum(map(len, contents)) == len(set.union(*contents)) == 60
    assert np.bincount(found.test.labels).tolist() == [12, 6]
