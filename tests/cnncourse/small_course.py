"""A course of one small assignment that needs no Keras, for tests of what is done with any course."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "small"

SETUP = """\
import math

from cnncourse.check import student as student_named
from cnncourse.check import value
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


def graded(name: str, **kind: object) -> dict:
    """Metadata of a cell that nbgrader knows."""
    base = {"schema_version": 3, "task": False, "grade": False, "solution": False, "locked": False}
    return {"nbgrader": base | {"grade_id": name} | kind}


def master() -> NotebookNode:
    """Two questions that a check grades, and one that a person reads."""
    cells = [
        new_markdown_cell("# Small\n\nOn [a section](../02_lenet5.ipynb)."),
        new_code_cell('student = "ada"'),
        new_code_cell(SETUP, metadata=graded("given-setup", locked=True)),
        new_code_cell(DOUBLE, metadata=graded("double", solution=True)),
        new_code_cell(CHECK_DOUBLE, metadata=graded("check-double", grade=True, locked=True, points=2)),
        new_code_cell(ROOT, metadata=graded("root", solution=True)),
        new_code_cell(CHECK_ROOT, metadata=graded("check-root", grade=True, locked=True, points=3)),
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
    release: Path, double: str, root: str = "def root(x):\n    return x**0.5", why: str = "So."
) -> NotebookNode:
    """A student's notebook: the release with these answers in it."""
    notebook = nbformat.read(release, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = {"double": double, "root": root, "why": why}.get(name, cell.source)
    return notebook
