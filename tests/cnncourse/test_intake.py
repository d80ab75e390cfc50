"""Whose each file is, whatever platform it comes from, and what of it is opened."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from pathlib import Path

import nbformat
import pytest
from small_course import NAME, handed_in, write_master

from cnncourse import ClassroomError, builds, grading, intake, reading, roster
from cnncourse.intake import HandedIn, collect, owner
from cnncourse.names import folder_name


@pytest.mark.parametrize(
    ("file", "name", "number"),
    [
        ("Anna Lee_12345_assignsubmission_file_", "Anna Lee", "12345"),
        ("Anna Lee_12345_assignsubmission_file", "Anna Lee", "12345"),
        ("Anna Lee_12345_assignsubmission_file_02_lenet5.ipynb", "Anna Lee", "12345"),
        ("Anna Lee_12345_assignsubmission_onlinetext_", "Anna Lee", "12345"),
        ("leeanna_12345_67890_02_lenet5.ipynb", "leeanna", "12345"),
        ("leeanna_LATE_12345_67890_02_lenet5-1.ipynb", "leeanna", "12345"),
        ("leeanna_12345_text.html", "leeanna", "12345"),
        ("anon_LATE_x9Y_67890_homework.ipynb", "anon", "x9Y"),
        ("Anna Lee - 02_lenet5.ipynb", "Anna Lee", ""),
        ("Anna Lee - Copy of 02_lenet5.ipynb", "Anna Lee", ""),
        ("02_lenet5 - Anna Lee.ipynb", "Anna Lee", ""),
        ("Copy of 02_lenet5_ada (2).ipynb", "ada", ""),
        ("02_lenet5 (1).ipynb", "", ""),
        ("group_1_02_lenet5.ipynb", "group_1", ""),
        ("ada-Copy1.ipynb", "ada", ""),
        ("O'Brien, Niamh.IPYNB", "O'Brien, Niamh", ""),
        ("=x.ipynb", "=x", ""),
        ("-ada.ipynb", "-ada", ""),
        ("smith-jones.zip", "smith-jones", ""),
        ("mcopy.ipynb", "mcopy", ""),
    ],
)
def test_whose_a_file_is(file, name, number):
    assert owner(file, "02_lenet5")[:2] == (name, number)


def names_of(found: list[HandedIn]) -> dict[str, list[str]]:
    return {each.name: sorted(file.name for file in each.files) for each in found}


def test_a_platforms_zip_is_taken_as_it_is(tmp_path):
    path = tmp_path / "02_lenet5 submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for member in ("a/b.ipynb", "02_lenet5.ipynb"):
            archive.writestr(f"class/Anna Lee_1_assignsubmission_file_/{member}", "{}")
        archive.writestr("class/Bob_2_assignsubmission_file_/homework.pdf", "x")
        archive.writestr("__MACOSX/class/._x", "x")
    found, skipped = collect(path, tmp_path, "02_lenet5")
    assert names_of(found) == {"Anna Lee": ["02_lenet5.ipynb", "a/b.ipynb"], "Bob": []}
    assert [each.others for each in found] == [[], ["homework.pdf"]]
    assert skipped == ["__MACOSX/class/._x"]


@pytest.mark.parametrize(
    ("paths", "people"),
    [
        (["ada/x.ipynb"], ["ada"]),
        (["ada/draft/x.ipynb", "ada/final/x.ipynb"], ["draft", "final"]),  # a class in a folder, more likely
        (["in/ada.ipynb", "in/bob.ipynb"], ["ada", "bob"]),
        (["ada/02_lenet5.ipynb", "ada/02_lenet5-Copy1.ipynb"], ["ada"]),
        (["in/ada/x.ipynb", "in/bob/y.ipynb"], ["ada", "bob"]),
        (["ada.ipynb", "bob/x.ipynb"], ["ada", "bob"]),
    ],
)
def test_a_folder_around_the_class_is_nobody(tmp_path, paths, people):
    for path in paths:
        (tmp_path / "all" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / path).write_text("{}")
    (tmp_path / "work").mkdir()
    assert sorted(names_of(collect(tmp_path / "all", tmp_path / "work", "02_lenet5")[0])) == people


def zip_of(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


def test_an_archive_that_is_too_large_or_too_deep_is_refused_for_one_student(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "ARCHIVE_BYTES", 1000)
    source, work = tmp_path / "in", tmp_path / "work"
    source.mkdir()
    work.mkdir()
    (source / "bomb.zip").write_bytes(zip_of(a__ipynb=b"0" * 10_000))
    deep = zip_of(a__ipynb=b"{}")
    for _ in range(intake.DEEPEST):
        deep = zip_of(in__zip=deep)
    (source / "deep.zip").write_bytes(deep)
    (source / "ada.zip").write_bytes(zip_of(a__ipynb=b"{}"))
    (source / "eve.ipynb").symlink_to("/etc/passwd")
    with zipfile.ZipFile(source / "mal.zip", "w") as archive:
        link = zipfile.ZipInfo("link.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        for member in (link, "../../up.ipynb", "/top.ipynb", "C:\\\\x.ipynb"):
            archive.writestr(member, "/etc/passwd")
    found = {each.name: each for each in collect(source, work, "x")[0]}
    assert "is more than" in found["bomb"].refused[0]
    assert "is a zip within" in found["deep"].refused[0]
    assert "is a link" in found["eve"].refused[0]
    assert [text.partition(": ")[2] for text in found["mal"].refused] == [
        "is a link, which is not followed",
        *["would be written outside its folder"] * 3,
    ]
    assert found["mal"].files == []
    assert [file.name for file in found["ada"].files] == ["a.ipynb"]
    assert sum(path.stat().st_size for path in work.iterdir()) < 3000


def test_names_of_members_are_read_as_utf_8_where_nobody_said_so(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Zoe\u0308/x.ipynb", "{}")
        archive.writestr("Bob/x.ipynb", "{}")
    content = bytearray(path.read_bytes())
    for sign in (b"PK\x03\x04", b"PK\x01\x02"):
        place = content.find(sign) + (6 if sign == b"PK\x03\x04" else 8)
        content[place + 1] &= ~0x08 & 0xFF  # what tells that names are UTF-8
    path.write_bytes(content)
    assert sorted(names_of(collect(path, tmp_path, "x")[0])) == ["Bob", "Zoë"]


def test_nothing_to_collect_is_said(tmp_path):
    (tmp_path / "Thumbs.db").write_text("x")
    with pytest.raises(ClassroomError, match="holds no submission"):
        collect(tmp_path, tmp_path, "x")
    with pytest.raises(ClassroomError, match="no folder and no zip"):
        collect(tmp_path / "Thumbs.db", tmp_path, "x")


def test_every_person_has_folders_of_their_own():
    names = ["Ann Lee", "Ann-Lee", "O'Brien", "OBrien", "=x", "x", "..", "李 娜"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all(os.sep not in name and name not in (".", "..") and " " not in name for name in folders)
    assert folder_name("ada") == "ada"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "an empty file"),
        (b"PK\x03\x04", "a zip archive"),
        (b"<!DOCTYPE html>", "a web page"),
        (bytes(range(256)), "a binary file"),
        (b'{"cells": [', "cut off"),
        (b"[" * 100_000, "a text"),
        (b'{"cells": 3}', "no notebook"),
    ],
)
def test_what_is_no_notebook_is_described(tmp_path: Path, content, what):
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    with pytest.raises(reading.Unreadable, match=what):
        reading.read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_notebook_is_read_in_whatever_encoding_it_was_saved(tmp_path, encoding):
    path = tmp_path / "x.ipynb"
    path.write_bytes('{"cells": [{"cell_type": "code", "source": ["é\\r\\n", 1]}, 7, {}]}'.encode(encoding))
    first, second = reading.read(path).cells
    assert (first.source, first.cell_type, second.cell_type) == ("é\n1", "code", "raw")


def test_a_notebook_too_large_is_said_to_be(tmp_path, monkeypatch):
    path = tmp_path / "x.ipynb"
    path.write_text('{"cells": [{"cell_type": "code", "source": "xxxxxxxxxx"}]}')
    assert reading.read(path).cells[0].source == "xxxxxxxxxx"
    monkeypatch.setattr(reading, "LARGEST", 9)
    with pytest.raises(reading.Unreadable, match="million characters"):
        reading.read(path)
    monkeypatch.setattr(reading, "LARGEST_FILE", 9)
    with pytest.raises(reading.Unreadable, match="larger than"):
        reading.read(path)


def test_people_of_one_name_stay_apart(tmp_path):
    builds.build([write_master(tmp_path / "masters")], tmp_path / "course")
    grading.prepare(tmp_path / "course" / "autograder", NAME, tmp_path / "out")
    source = tmp_path / "in"
    source.mkdir()
    notebook = nbformat.writes(
        handed_in(tmp_path / "course" / "student" / f"{NAME}.ipynb", "1", student="ada")
    )
    for name in ("Jo Lee_1_assignsubmission_file_", "Jo Lee_2_assignsubmission_file_", NAME, f"{NAME} (1)"):
        (source / f"{name}.ipynb").write_text(notebook, "utf-8")
    (source / "eve.ipynb").write_text(notebook, "utf-8")
    listed = tmp_path / "class.csv"
    listed.write_text("Name\nAda\nEve\n", "utf-8")
    found, _ = grading.submissions(source, NAME, tmp_path / "out", None, roster.read(listed))
    assert len({each.student for each in found}) == len({each.name for each in found}) == 5
    assert [each.row for each in found if each.name.startswith("ada")] == [None, None]
    assert [each.row for each in found if each.name == "eve"] == [2]
    eve = next(each for each in found if each.name == "eve")
    assert eve.remarks == (
        "The notebook says student = 'ada', who is Ada of the roster; numbers were drawn from 'eve'. "
        "It matters for: mine.",
    )


def test_names_of_another_form_are_read_by_a_pattern(tmp_path):
    (tmp_path / "x9-ada-final.ipynb").write_text("{}")
    (tmp_path / "bob.ipynb").write_text("{}")
    found, _ = collect(tmp_path, tmp_path, "small", re.compile(r"\w+-(?P<student>\w+)-final"))
    assert sorted(names_of(found)) == ["ada", "bob"]
