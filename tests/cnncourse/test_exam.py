"""Of an exam a student gets the form of each answer to check; what grades it is in nothing that they get."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from small_course import NAME, master

from cnncourse import ClassroomError, builds, exam
from cnncourse.__main__ import ROOT, main
from cnncourse.check import Wrong, draw, form, ready

CHECK_DOUBLE = """\
form("double", double, 0, 2)
### BEGIN HIDDEN TESTS
from cnncourse.check import function

case = draw(secret, "double", range(10**6, 10**7))
function(double, lambda x: x + x, [(case,), (3,)])
### END HIDDEN TESTS"""
CHECK_ROOT = """\
form("root", root, 0, 4)
### BEGIN HIDDEN TESTS
question(value)(root(9), 3, "root(9)")
### END HIDDEN TESTS"""
CHECK_MINE = """\
form("mine", mine, 0)
### BEGIN HIDDEN TESTS
question(value)(mine, draw(student, "mine", range(1000)), "mine")
### END HIDDEN TESTS"""


def exam_master(**changed: str) -> nbformat.NotebookNode:
    """The small master as an exam; the source of a cell may be changed, by its name."""
    notebook = master()
    sources = {"check-double": CHECK_DOUBLE, "check-root": CHECK_ROOT, "check-mine": CHECK_MINE}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = (sources | changed).get(name, cell.source)
        cell.source = cell.source.replace("import draw, value", "import draw, form, value")
    return notebook


def write_exam(folder: Path, **changed: str) -> Path:
    folder.mkdir(parents=True)
    nbformat.write(exam_master(**changed), folder / f"{NAME}.ipynb")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of an exam, built by the command."""
    folder = write_exam(tmp_path_factory.mktemp("private") / "exam")
    assert main(["build", "--exam", str(folder)]) == 0
    return folder


def hidden_values(folder: Path) -> list[str]:
    secret = exam.secret_of(folder)
    return [secret, str(draw(secret, "double", range(10**6, 10**7)))]


def found_in(folder: Path, sought: list[str]) -> list[str]:
    """Files that hold one of some texts, those in packed files too."""
    found = []
    for path in filter(Path.is_file, folder.rglob("*")):
        contents = {path.name: path.read_bytes()}
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                contents = {name: packed.read(name) for name in packed.namelist()}
        found += [name for name, text in contents.items() if any(each.encode() in text for each in sought)]
    return found


def test_no_hidden_value_is_in_what_students_of_an_exam_get(built):
    out = built / "classroom"
    assert {path.suffix for path in (out / "student").iterdir()} == {".ipynb", ".whl"}
    sought = [*hidden_values(built), "function(double, lambda x: x + x", "root(9)", "return x**0.5"]
    assert found_in(out / "student", sought) == []
    assert found_in(out / "autograder" / "source", sought) == [f"{NAME}.ipynb"]
    assert exam.leaks(out / "student", [exam_master()], exam.secret_of(built)) == []
    cells = nbformat.read(out / "student" / f"{NAME}.ipynb", as_version=4).cells
    assert [cell.source for cell in cells if cell.source.startswith("form(")] == [
        'form("double", double, 0, 2)',
        'form("root", root, 0, 4)',
        'form("mine", mine, 0)',
    ]


@pytest.mark.parametrize(
    ("name", "planted"),
    [("notes.txt", "SECRET"), ("notes.txt", "root(9)"), ("a.whl", "SECRET"), ("a.whl", "lambda x: x + x")],
)
def test_what_leaks_is_seen_wherever_it_lies(tmp_path, name, planted):
    lines = [line for line in exam.hidden_lines(exam_master()) if planted in line] or [planted]
    if name.endswith(".whl"):
        with zipfile.ZipFile(tmp_path / name, "w") as packed:
            packed.writestr("cnnlib/check.py", f"# {lines[0]}")
    else:
        (tmp_path / name).write_text(f"so {lines[0]}", "utf-8")
    assert len(exam.leaks(tmp_path, [exam_master()], "SECRET")) == 1


def test_a_build_that_leaks_is_refused(tmp_path):
    public = exam_master()
    public.cells[3].metadata["left"] = 'question(value)(root(9), 3, "root(9)")'
    path = tmp_path / f"{NAME}.ipynb"
    nbformat.write(public, path)
    with pytest.raises(ClassroomError, match=r"(?s)stay hidden.*small.ipynb: question\(value\)\(root"):
        builds.build([path], tmp_path / "out", secret="abc")
    assert not (tmp_path / "out" / "student").exists()


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (
            f"question(value)(root(4), 2, 'root')\n{CHECK_ROOT}",
            "check-root: a student would see more of the check",
        ),
        ('form("root", root, 0, 4)', "check-root: there are no hidden tests"),
    ],
)
def test_a_check_that_says_too_much_or_grades_nothing_is_refused(tmp_path, check, said, capsys):
    folder = write_exam(tmp_path / "exam", **{"check-root": check})
    assert main(["build", "--exam", str(folder)]) == 1
    assert said in capsys.readouterr().err


def test_an_exam_inside_the_repository_is_refused(capsys, tmp_path):
    assert main(["build", "--exam", str(ROOT / "_build" / "exam")]) == 1
    assert "outside of the repository" in capsys.readouterr().err
    assert main(["build", "--exam", str(tmp_path), "--out", str(ROOT / "_build")]) == 1
    assert "outside of the repository" in capsys.readouterr().err


def test_an_exam_is_graded_by_its_hidden_cases(built, tmp_path):
    release = built / "classroom" / "student" / f"{NAME}.ipynb"
    answers = {
        "right": "def double(x):\n    return 2 * x",
        "known": "def double(x):\n    return {2: 4, 3: 6}.get(x, 0)",
    }
    for student, double in answers.items():
        notebook = nbformat.read(release, as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
                cell.source = double
        (tmp_path / "in").mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / "in" / f"{student}.ipynb")
    command = ["grade", str(tmp_path / "in"), "--assignment", NAME, "--out", str(tmp_path / "out")]
    assert main([*command, "--bundle", str(built / "classroom" / "autograder")]) == 0
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8") as file:
        got = {line["student"]: float(line["double"]) for line in csv.DictReader(file)}
    assert got == {"right": 2, "known": 0}


def test_a_folder_has_one_secret_and_another_folder_has_another(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    secrets = [exam.secret_of(tmp_path / name) for name in ("one", "one", "other")]
    assert len(set(secrets)) == 2
    assert len(secrets[0]) == 32
    assert (tmp_path / "one" / "secret.txt").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "like", "arguments"),
    [
        (7, 0, ()),
        ("yes", "word", ()),
        (True, False, ()),
        ([5, 9], (0, 0), ()),
        ({"a": 5}, {"a": 0}, ()),
        (np.full((2, 3), 8.0), np.zeros((2, 3)), ()),
        (lambda x, y: x * y, 0, (3, 4)),
    ],
)
def test_any_answer_of_the_form_will_do(given, like, arguments, capsys):
    form("area", given, like, *arguments)
    assert capsys.readouterr().out == "This has the form that is asked for.\n"


@pytest.mark.parametrize(
    ("given", "like", "arguments", "said"),
    [
        (None, 0, (), "no answer yet"),
        ("7", 0, (), "should be a number"),
        (7, "word", (), "should be a text"),
        (1, False, (), "should be True or False"),
        ([5], (0, 0), (), "too few"),
        ({"b": 5}, {"a": 0}, (), "keys"),
        (np.zeros(3), np.zeros((2, 3)), (), "shape"),
        (lambda x: None, 0, (3,), "gave nothing"),
        (lambda: 3, 0, (3,), "stopped with TypeError"),
    ],
)
def test_another_form_is_told(given, like, arguments, said):
    with pytest.raises(Wrong, match=said):
        form("area", given, like, *arguments)


def test_the_last_cell_of_an_exam_promises_nothing(capsys):
    form("area", 7, 0)
    ready({"student": "grace"}, {"How large?": "form area"})
    said = capsys.readouterr().out
    assert "whether it is right is found when it is graded" in said
    assert "you are right" not in said
    with pytest.raises(Wrong):
        form("area", "7", 0)
    ready({"student": "grace"}, {"How large?": "form area", "How deep?": "form depth"})
    said = capsys.readouterr().out
    assert "How large?: not of the form that is asked for" in said
    assert "How deep?: its check has not been run" in said
