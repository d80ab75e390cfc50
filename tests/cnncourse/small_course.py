"""A course of one small assignment that needs no Keras, for tests of what is done with any course."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnncourse.check import draw

NAME = "small"

SETUP = """\
import math

from cnncourse.check import draw, value
from cnncourse.check import student as student_named
from cnncourse.check.answers import question

student = student_named(student)"""

DOUBLE = """\
def double(x):
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION"""

ROOT = """\
def root(x):
    ### BEGIN SOLUTION
    return x**0.5
    ### END SOLUTION"""

MINE = """\
mine = None
### BEGIN SOLUTION
mine = draw(student, "mine", range(1000))
### END SOLUTION"""

CHECK_DOUBLE = """\
question(value)(double(3), 6, "double(3)")
### BEGIN HIDDEN TESTS
question(value)(double(21), 42, "double(21)")
### END HIDDEN TESTS"""

CHECK_ROOT = """\
question(value)(root(4), math.sqrt(4), "root(4)")
### BEGIN HIDDEN TESTS
question(value)(root(9), 3, "root(9)")
### END HIDDEN TESTS"""

CHECK_MINE = """\
question(value)(mine, draw(student, "mine", range(1000)), "mine")"""


def graded(name: str, **kind: object) -> dict:
    """Metadata of a cell that nbgrader knows."""
    base = {"schema_version": 3, "task": False, "grade": False, "solution": False, "locked": False}
    ours = {"kind": "open" if kind.get("solution") else "code", "minutes": 5}
    told = {"cnnlib": ours} if kind.get("grade") else {}
    return told | {"nbgrader": base | {"grade_id": name} | kind}


def master() -> NotebookNode:
    """Three questions that a check grades, one of them each student's own, and one that a person reads."""
    cells = [
        new_markdown_cell("# Small\n\nOn [a section](../02_lenet5.ipynb)."),
        new_code_cell('student = "ada"'),
        new_code_cell(SETUP, metadata=graded("given-setup", locked=True)),
        new_markdown_cell("## Twice"),
        new_code_cell(DOUBLE, metadata=graded("double", solution=True)),
        new_code_cell(CHECK_DOUBLE, metadata=graded("check-double", grade=True, locked=True, points=2)),
        new_markdown_cell("## The root"),
        new_code_cell(ROOT, metadata=graded("root", solution=True)),
        new_code_cell(CHECK_ROOT, metadata=graded("check-root", grade=True, locked=True, points=3)),
        new_markdown_cell("## Your own"),
        new_code_cell(MINE, metadata=graded("mine", solution=True)),
        new_code_cell(CHECK_MINE, metadata=graded("check-mine", grade=True, locked=True, points=1)),
        new_markdown_cell("## Why"),
        new_markdown_cell("Because.", metadata=graded("why", grade=True, solution=True, points=4)),
    ]
    for place, cell in enumerate(cells):
        cell.id = f"cell-{place}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write_master(folder: Path) -> Path:
    """Write the master into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.ipynb"
    nbformat.write(master(), path)
    return path


def handed_in(
    release: Path,
    double: str,
    root: str = "def root(x):\n    return x**0.5",
    why: str = "So.",
    student: str = "ada",
) -> NotebookNode:
    """A student's notebook: the release with these answers in it, and the student's own number."""
    notebook = nbformat.read(release, as_version=4)
    answers = {"double": double, "root": root, "why": why, "mine": f"mine = {number_of(student)}"}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
        if cell.source.startswith("student = "):
            cell.source = f"student = {student!r}"
    return notebook


def number_of(student: str) -> int:
    """The answer to the question that every student has of their own."""
    return draw(student, "mine", range(1000))
