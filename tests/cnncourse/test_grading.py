"""A class is graded to the end whatever is in it, and each submission costs its own author alone."""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from textwrap import indent

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from small_course import NAME, handed_in, write_master

from cnncourse import ClassroomError, builds, grading, processes, sandbox
from cnncourse.__main__ import main

ANSWERS = Path(__file__).parent / "answers"
RIGHT = "def double(x):\n    return 2 * x"
NOTHING = "def double(x):\n    ...  # your answer"


def cells(name: str) -> dict[str, str]:
    """The cells of a file of answers, by what stands in their headers."""
    text = (ANSWERS / f"{name}.py").read_text("utf-8")
    return {header: code for header, _, code in (cell.partition("\n") for cell in text.split("\n# %% ")[1:])}


HOSTILE = {header.split()[0]: (code, header.split()[1:]) for header, code in cells("hostile").items()}
# What is done to the notebook itself.
CHANGES = {
    "skips-the-check": (lambda cell: cell.metadata.__setitem__("tags", ["skip-execution"]), (0, 3)),
    "edits-the-check": (lambda cell: cell.__setitem__("source", "pass"), (0, 3)),
    "raises-the-points": (lambda cell: cell.metadata["nbgrader"].__setitem__("points", 100), (0, 3)),
    "makes-the-check-a-text": (lambda cell: cell.__setitem__("cell_type", "raw"), (0, 3)),
}
FILES = {
    "text": b"I could not do it.",
    "empty": b"",
    "list": b"[]",
    "binary": bytes(range(256)) * 100,
    "no-cells": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}',
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The builds of a small course, graded with little patience."""
    out = tmp_path_factory.mktemp("classroom")
    builds.build([write_master(out / "masters")], out)
    settings = out / "autograder" / "nbgrader_config.py"
    settings.write_text(
        settings.read_text("utf-8") + "c.ExecuteSealed.timeout = 6\nc.ExecuteSealed.total = 200\n"
    )
    return out


def release(course: Path) -> Path:
    return course / "student" / f"{NAME}.ipynb"


def grade(course: Path, folder: Path, *options: str, status: int = 0) -> dict[str, dict[str, str]]:
    """Grade a folder and return the lines of the sheet by student."""
    out = folder.parent / "out"
    command = ["grade", str(folder), "--assignment", NAME, "--bundle", str(course / "autograder")]
    assert main([*command, "--out", str(out), *options]) == status
    with (out / "grades.csv").open(encoding="utf-8") as file:
        return {line["student"]: line for line in csv.DictReader(file)}


def points(line: dict[str, str]) -> tuple[float | None, float | None]:
    double, root = (float(line[name]) if line[name] else None for name in ("double", "root"))
    return double, root


def hand_in(course: Path, folder: Path, student: str, answer: str = RIGHT, **answers: str) -> Path:
    """Write a submission and return its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{student}.ipynb"
    nbformat.write(handed_in(release(course), answer, student=student, **answers), path)
    return path


def change_check(notebook: nbformat.NotebookNode, change: object) -> nbformat.NotebookNode:
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "check-double":
            change(cell)
    return notebook


def test_a_submission_costs_its_own_author_alone(course, tmp_path, capsys):
    folder = tmp_path / "submissions"
    folder.mkdir()
    for student, (answer, _) in HOSTILE.items():
        nbformat.write(handed_in(release(course), answer), folder / f"{student}.ipynb")
    for student, (change, _) in CHANGES.items():
        notebook = change_check(handed_in(release(course), "def double(x):\n    return 0"), change)
        (folder / f"{student}.ipynb").write_text(nbformat.writes(notebook), "utf-8")
    for student, content in FILES.items():
        (folder / f"{student}.ipynb").write_bytes(content)
    (folder / "nobody").mkdir()
    sheet = grade(course, folder, status=1)
    expected = {student: tuple(map(float, given)) for student, (_, given) in (HOSTILE | CHANGES).items()}
    expected |= dict.fromkeys([*FILES, "nobody"], (None, None))
    assert {student: points(line) for student, line in sheet.items()} == expected
    assert all(line["feedback"] for student, line in sheet.items() if expected[student] != (2, 3))
    said = capsys.readouterr().out
    assert f"[{len(expected)}/{len(expected)}]" in said
    assert subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True).returncode == 1
    before = time.monotonic()
    assert grade(course, folder, status=1) == sheet  # nothing is graded twice
    assert time.monotonic() - before < 20
    summary = (tmp_path / "out" / "summary.svg").read_text("utf-8")
    assert "by question" in summary
    assert not any(student in summary for student in expected if student not in ("right", "text", "list"))


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_sandbox_hides_files_and_network(course, tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    home = Path.home() / f"left-by-a-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        paths = {"SECRET": secret, "COURSE": course, "OUT": tmp_path, "HOME": home}
        known = [f"{name} = {str(path)!r}" for name, path in paths.items()]
        known.append(f"PORT = {server.getsockname()[1]}")
        attempts = cells("curious")
        for student, attempt in attempts.items():
            tried = "\n".join(
                [*known, "try:", indent(attempt, "    "), "except OSError:", "    done = False"]
            )
            answer = f"{tried}\n\ndef double(x):\n    return 0 if done else 2 * x"
            nbformat.write(handed_in(release(course), answer), folder / f"{student}.ipynb")
        sheet = grade(course, folder)
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()
    assert {student: points(line) for student, line in sheet.items()} == dict.fromkeys(attempts, (2, 3))
    assert not home.exists()
    assert not (tmp_path / "written").exists()


def test_without_a_sandbox_there_are_limits_and_a_warning(course, tmp_path, monkeypatch, capsys):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "alembic"):
        (tools / tool).symlink_to(
            shutil.which(tool, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        )
    monkeypatch.setenv("PATH", str(tools))
    folder = tmp_path / "submissions"
    folder.mkdir()
    nbformat.write(handed_in(release(course), RIGHT), folder / "ada.ipynb")
    nbformat.write(handed_in(release(course), HOSTILE["eats-memory"][0]), folder / "eve.ipynb")
    sheet = grade(course, folder)
    assert (points(sheet["ada"]), points(sheet["eve"])) == ((2, 3), (0, 3))
    assert "Warning: bubblewrap is not installed" in capsys.readouterr().out


def test_a_run_that_was_stopped_goes_on_and_a_new_submission_is_graded_again(course, tmp_path):
    folder = tmp_path / "submissions"
    for student in ("ada", "bob"):
        hand_in(course, folder, student)
    out = tmp_path / "out"
    grading.prepare(course / "autograder", NAME, out)
    given, _ = grading.submissions(folder, NAME, out)
    first = next(iter(grading.grade(given, NAME, out, jobs=1)))
    marked = (out / "graded" / f"{first.student}.json").stat().st_mtime_ns
    sheet = grade(course, folder)
    assert {points(line) for line in sheet.values()} == {(2, 3)}
    assert (out / "graded" / f"{first.student}.json").stat().st_mtime_ns == marked
    hand_in(course, folder, first.student, NOTHING)
    assert points(grade(course, folder)[first.student]) == (0, 3)


def mark(out: Path, student: str, score: float, comment: str) -> None:
    """Give points for the open question, as nbgrader's pages do."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        given = book.find_grade("why", NAME, NAME, student)
        given.manual_score, given.needs_manual_grade = score, False
        book.find_comment("why", NAME, NAME, student).manual_comment = comment
        book.db.commit()


def test_a_mark_by_hand_counts_until_its_answer_changes(course, tmp_path):
    folder, out = tmp_path / "submissions", tmp_path / "out"
    hand_in(course, folder, "ada", why="=1+1")
    line = grade(course, folder)["ada"]
    assert (line["why"], line["total"], line["so far"], line["maximum"]) == ("", "", "6", "10")
    assert "why: still to be read" in line["feedback"]
    assert grade(course, folder, "--with-unread")["ada"]["total"] == "6"
    mark(out, "ada", 3, "What of zero?")
    line = grade(course, folder)["ada"]
    assert line["total"] == "9"
    assert "why: What of zero?" in line["feedback"]
    hand_in(course, folder, "ada", NOTHING, why="=1+1")  # another question's answer
    assert grade(course, folder)["ada"]["total"] == "7"
    for answer in ("Something else.", "Something else again."):
        hand_in(course, folder, "ada", why=answer)
        line = grade(course, folder)["ada"]
        assert (line["why"], line["total"]) == ("", "")
        assert "changed since it was given 3 points: to be read again" in line["feedback"]
    hand_in(course, folder, "ada", NOTHING, why="Something else again.")
    assert grade(course, folder)["ada"]["total"] == ""
    mark(out, "ada", 4, "")
    assert grade(course, folder)["ada"]["total"] == "8"


def test_a_second_download_loses_nobody_of_the_first(course, tmp_path, capsys):
    folder, late = tmp_path / "submissions", tmp_path / "late"
    hand_in(course, folder, "ada")
    hand_in(course, late, "bob", NOTHING)
    grade(course, folder)
    sheet = grade(course, late)
    assert (points(sheet["ada"]), points(sheet["bob"])) == ((2, 3), (0, 3))
    assert "Graded earlier" in sheet["ada"]["feedback"]
    assert (
        "1 were graded earlier and are in the sheet, but not in this download:\n    ada"
        in capsys.readouterr().out
    )
    assert "def double" in (tmp_path / "out" / "feedback" / "ada.html").read_text("utf-8")


def test_what_can_not_be_graded_is_no_zero_and_can_be_marked_by_hand(course, tmp_path, capsys):
    folder, out = tmp_path / "submissions", tmp_path / "out"
    folder.mkdir()
    (folder / "ada.ipynb").write_text("I could not do it.")
    line = grade(course, folder, status=1)["ada"]
    assert (line["total"], line["so far"], line["double"]) == ("", "", "")
    said = capsys.readouterr().out
    assert (
        "1 could not be graded and have no points until you give them:\n    ada: ada.ipynb is no note" in said
    )
    assert "Not graded." in (out / "autograded" / "ada" / NAME / f"{NAME}.ipynb").read_text("utf-8")
    mark(out, "ada", 2, "By telephone.")
    line = grade(course, folder)["ada"]
    assert (line["why"], line["so far"]) == ("2", "2")
    assert "By telephone." in line["feedback"]


def test_feedback_is_a_page_for_each_and_tells_nothing_of_hidden_tests(course, tmp_path):
    folder = tmp_path / "submissions"
    hand_in(
        course, folder, "Anna Lee_12345_assignsubmission_file_", "def double(x):\n    return 3 * (x < 9) + x"
    )
    hand_in(course, folder, "leeanna_12346_777_small", "def double(x):\n    return '<script>'")
    grade(course, folder)
    with zipfile.ZipFile(tmp_path / "out" / "feedback.zip") as packed:
        pages = {name: packed.read(name).decode() for name in packed.namelist()}
    assert sorted(pages) == [
        "Anna Lee_12345_assignsubmission_file_.html",
        "leeanna_12346_777_small.html",
    ]
    for page in pages.values():
        assert "question(value)" not in page
        assert "<script" not in page
        assert "<h2>The root</h2>\n<p>3 of 3 points</p>" in page
    assert "double(21) is 21, which is too small" in pages["Anna Lee_12345_assignsubmission_file_.html"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [(".+", "must have a group"), ("(?P<student>", "no regular expression"), (None, "holds no submission")],
)
def test_a_folder_that_can_not_be_read_is_refused_in_words(course, tmp_path, pattern, message):
    grading.prepare(course / "autograder", NAME, tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(ClassroomError, match=re.escape(message)):
        grading.submissions(tmp_path / "in", NAME, tmp_path / "out", pattern)


def test_a_disk_that_is_full_costs_one_submission(course, tmp_path, monkeypatch):
    folder = tmp_path / "submissions"
    hand_in(course, folder, "ada")

    def full(*_: object) -> str:
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(processes, "autograde", full)
        patched.setattr(grading, "_log", full)
        assert "No space left" in grade(course, folder, status=1)["ada"]["feedback"]
    assert points(grade(course, folder)["ada"]) == (2, 3)  # not kept as graded


def test_an_unknown_assignment_and_another_bundle_are_refused(course, tmp_path):
    with pytest.raises(ClassroomError, match="has no assignment 'large': it has small"):
        grading.prepare(course / "autograder", "large", tmp_path / "out")
    grading.prepare(course / "autograder", NAME, tmp_path / "out")
    other = shutil.copytree(course / "autograder", tmp_path / "other")
    (other / "source" / NAME / f"{NAME}.ipynb").write_text("{}")
    with pytest.raises(ClassroomError, match="begun with other exercises"):
        grading.prepare(other, NAME, tmp_path / "out")


def test_a_kernel_is_told_nothing_of_its_surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    written = (sandbox.write_kernel(tmp_path, "ada") / "sandbox" / "kernel.json").read_text("utf-8")
    assert "SECRET_TOKEN" not in written


MEASURES = (
    "from cnncourse.check import measurement\n\n\n@measurement\ndef gap(seed):\n    return 0.5\n\n\ngap(3)"
)


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        ((MEASURES,), 1),
        (("1 / 0", MEASURES), 1),
        ((MEASURES, "import os\n\nos._exit(3)"), 0),
        ((MEASURES, "secret = 'of an exam'"), 0),
    ],
)
def test_reference_answers_measure_for_all_or_each_for_itself(tmp_path, cells, kept):
    source = tmp_path / "a folder" / "source" / NAME / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=list(map(new_code_cell, cells))), source)
    processes.measure(NAME, tmp_path / "a folder")
    assert len(list(tmp_path.glob("*/measured/*/*.pickle"))) == kept
    assert len(list(tmp_path.glob("*/measured/*"))) == kept  # no draft is left
