"""The table of what may be wrong with a folder of pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnnlib as cnn
from cnnlib import data
from cnnlib.__main__ import main

NUMBERS = np.random.default_rng(0)


def noise(side: int = 32) -> Image.Image:
    return Image.fromarray(NUMBERS.integers(0, 256, (side, side, 3), np.uint8))


def save(path: Path, image: Image.Image | None = None, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or noise()).save(path, **options)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Twelve pictures of each of two classes to learn from, and five to test on."""
    for split, count in (("train", 12), ("test", 5)):
        for name in ("cat", "dog"):
            for i in range(count):
                save(tmp_path / split / name / f"{i}.png")
    return tmp_path


def rows(folder: Path, **options: str) -> dict[str, tuple[str, int, str]]:
    """Severity, number and example of what was found, by the first words of what it is."""
    table = data.check(folder, **options)
    assert all(row[-1] for row in table.rows)
    assert len({row[1] for row in table.rows}) == len(table.rows)
    return {row[1]: (row[0], row[2], row[3]) for row in table.rows}


def the(found: dict, words: str) -> tuple[str, int, str]:
    (row,) = (row for what, row in found.items() if words in what)
    return row


def test_of_a_good_folder_there_is_nothing_to_say(good: Path) -> None:
    found = rows(good)
    assert found == {
        "pictures": ("note", 34, "24 train, 10 test"),
        "folders read as splits": ("note", 2, "train: train, test: test"),
    }
    assert cnn.check is data.check


def cut(path: Path) -> None:
    save(path, noise(), quality=95)
    path.write_bytes(path.read_bytes()[:-200])


def lying(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    save(path, noise(), exif=exif)


def sixteen(path: Path) -> None:
    save(path, Image.fromarray(NUMBERS.integers(0, 4096, (32, 32), np.uint16)))


def animated(path: Path) -> None:
    save(path, noise(), save_all=True, append_images=[noise()])


def text(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no picture")


def linked(path: Path) -> None:
    path.symlink_to(path)


def both_forms(path: Path) -> None:
    save(path)
    save(path.with_name("\u00e9.png"))


def same_as(other: str) -> Callable[[Path], None]:
    """Write the pixels of a picture of the good folder, in another file format."""
    return lambda path: save(path, Image.open(path.parents[2] / other))


@pytest.mark.parametrize(
    ("path", "write", "words", "severity", "example"),
    [
        ("train/cat/cut.jpg", cut, "damaged or cut off", "error", "train/cat/cut.jpg: image file is trunc"),
        ("train/cat/no.jpg", text, "none that can be opened", "error", "train/cat/no.jpg"),
        ("train/cat/empty.jpg", Path.touch, "none that can be opened", "error", "train/cat/empty.jpg"),
        ("train/cat/a.heic", text, "name is not that of a picture", "error", "train/cat/a.heic"),
        ("train/cat/gone.png", linked, "a link to nothing", "error", "train/cat/gone.png"),
        ("train/lost.png", save, "outside the folders of the classes", "error", "train/lost.png"),
        ("train/cat/more", Path.mkdir, "a folder within a class", "error", "train/cat/more"),
        ("train/fox", Path.mkdir, "a class without pictures", "error", "train/fox"),
        ("test/fox/1.png", save, "a class that not every split has", "error", "fox: in test alone"),
        (
            "test/cat/again.bmp",
            same_as("train/cat/3.png"),
            "the same picture in two splits",
            "error",
            "train/cat/3.png = test/cat/again.bmp",
        ),
        (
            "train/cat/again.bmp",
            same_as("train/dog/3.png"),
            "the same picture in two classes",
            "error",
            "train/cat/again.bmp = train/dog/3.png",
        ),
        (
            "train/cat/again.bmp",
            same_as("train/cat/3.png"),
            "the same picture again",
            "warning",
            "train/cat/3.png = train/cat/again.bmp",
        ),
        (
            "train/cat/f.tif",
            lambda path: save(path, Image.fromarray(np.full((4, 4), 1e6, np.float32))),
            "levels that nobody could scale",
            "error",
            "train/cat/f.tif: grey levels of 32 bits",
        ),
        ("train/cat/x.png", sixteen, "levels of 16 bits that", "warning", "train/cat/x.png uses 12"),
        (
            "train/cat/webp.jpg",
            lambda path: save(path, format="WEBP"),
            "another kind than their name says",
            "note",
            "train/cat/webp.jpg is WEBP",
        ),
        ("train/cat/phone.jpg", lying, "upright by EXIF", "note", "train/cat/phone.jpg"),
        ("train/cat/two.gif", animated, "several frames", "note", "train/cat/two.gif"),
        ("train/cat/Thumbs.db", text, "operating systems leave", "note", "train/cat/Thumbs.db"),
        ("__MACOSX/train/._1.jpg", text, "operating systems leave", "note", "__MACOSX"),
        ("seg_pred/1.png", save, "beside the splits", "note", "seg_pred"),
        ("train/CAT/1.png", save, "differ in capitals alone", "warning", "CAT and cat"),
        ("train/cat/e\u0301.png", both_forms, "how accents", "warning", "e\u0301.png and \u00e9.png"),
    ],
)
def test_each_trouble_has_its_row(
    path: str, write: Callable[[Path], None], words: str, severity: str, example: str, good: Path
) -> None:
    assert not any(words in what for what in rows(good))
    write(good / path)
    found = the(rows(good), words)
    assert found[:2] == (severity, 1)
    assert found[2].startswith(example)


def test_a_class_in_capitals_in_one_split(good: Path) -> None:
    (good / "test" / "cat").rename(good / "test" / "Cat")
    assert the(rows(good), "differ in capitals alone") == ("warning", 1, "Cat and cat")


def test_plain_pictures_of_other_sizes_are_not_the_same(good: Path) -> None:
    for size in ((8, 8), (16, 4), (64, 1)):
        save(good / "train" / "cat" / f"{size[0]}.png", Image.new("L", size, 255))
    assert not any("same picture" in what for what in rows(good))


def test_names_that_are_not_utf_8(good: Path) -> None:
    save(good / "train" / "cat" / "x.png")
    (good / "train" / "cat" / "x.png").rename(os.fsdecode(os.fsencode(good) + b"/train/cat/\xe9.png"))
    assert the(rows(good), "not UTF-8") == ("warning", 1, r"train/cat/\xe9.png")
    str(data.check(good)).encode()


def test_a_file_that_may_not_be_read(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opens = Image.open

    def refused(file: Path) -> Image.Image:
        if file.name == "3.png":
            raise PermissionError(13, "Permission denied", str(file))
        return opens(file)

    monkeypatch.setattr(Image, "open", refused)
    assert the(rows(good), "cannot be read from the disk") == ("error", 4, "train/cat/3.png")


def test_large_pictures_are_named(good: Path) -> None:
    Image.new("1", (20_000, 10_000)).save(good / "train" / "dog" / "map.png")
    assert the(rows(good), "too large to be opened")[:2] == ("error", 1)
    Image.new("1", (10_000, 5_000)).save(good / "train" / "cat" / "plan.png")
    found = the(rows(good), "large pictures")
    assert found == ("warning", 1, "train/cat/plan.png has 10000 x 5000 pixels")


def test_tiny_classes_are_counted_in_what_is_learned_from(good: Path) -> None:
    for i in range(9):
        save(good / "train" / "fox" / f"{i}.png")
        save(good / "test" / "fox" / f"{i}.png")
    assert the(rows(good), "tiny classes") == ("warning", 1, "fox: 9 of 33")


def test_splits_that_cannot_be_told_apart(good: Path) -> None:
    for name in ("val", "Valid"):
        for label in ("cat", "dog"):
            save(good / name / label / "1.png")
    found = rows(good)
    assert the(found, "folders read as splits")[1] == 4
    assert the(found, "refuses the folder") == ("error", 1, good.name)
    assert "found Valid and val, which mean the same" in str(data.check(good))


def test_groups_that_names_tell_of(tmp_path: Path) -> None:
    for person in range(10):
        for i in range(6):
            for name in ("well", "ill"):
                save(tmp_path / name / f"patient{person:02}_{i}{name[0]}.png")
                save(tmp_path / name / f"IMG_{6 * person + i}{name}.png")  # which are of no group
                save(tmp_path / name / f"{name}_{6 * person + i}.png")
    found = the(rows(tmp_path), "likely groups")
    assert found[0] == "warning"
    assert 5 < found[1] <= 10
    assert found[2].startswith("patient0")
    for path in [*tmp_path.glob("*/IMG*"), *tmp_path.glob("*/*ll_*")]:
        path.unlink()
    assert not any("groups" in what for what in rows(tmp_path, groups=r"patient\d+"))
    assert rows(tmp_path, groups=r"patient\d+")["pictures"][1] == 120


def test_what_all_names_of_a_class_begin_with_is_no_group(good: Path) -> None:
    for split in ("train", "test"):
        for name in ("vulpes", "lynx"):
            for i in range(12):
                save(good / split / ("fox" if name == "vulpes" else "bobcat") / f"{name}_{i}.png")
    assert not any("groups" in what for what in rows(good))


def test_what_all_names_of_a_split_begin_with_is_no_group(good: Path) -> None:
    for split in ("train", "test"):
        for path in sorted((good / split).glob("*/*.png"))[:: 8 if split == "train" else 1]:
            path.rename(path.with_name(f"set_of_test_{path.name}"))
    assert not any("groups" in what for what in rows(good))


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        data.DataError, match="expected a folder with one folder for each class; found nothing"
    ):
        data.check(tmp_path / "none")


def test_the_command_line_prints_the_table_and_ends_with_1_at_an_error(
    good: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(good.parent))
    assert main(["check", f"~/{good.name}"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "note           34  pictures: 24 train, 10 test",
        "                   2 classes.",
    ]
    text(good / "test" / "dog" / "notes.jpg")
    assert main(["check", str(good), "--groups", r"\d+"]) == 1
    printed = capsys.readouterr().out
    assert "error           1  named like a picture, and none that can be opened: test/dog/notes" in printed
    assert "error           1  open_folder refuses the folder: " in printed  # 3.png is in both
    assert main(["check", str(good / "none")]) == 1
    assert "found nothing. Check the path" in capsys.readouterr().err
