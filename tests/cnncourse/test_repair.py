"""A damaged notebook is put back into the release, a student's answers and own cells where they belong."""

from __future__ import annotations

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from small_course import master

from cnncourse import remarks
from cnncourse.builds import without_answers
from cnncourse.repair import assignment_of, repaired, typed_name

RIGHT = "def double(x):\n    return 2 * x"


@pytest.fixture
def release():
    return without_answers(master())


def names(notebook) -> list[str]:
    """The cells of a notebook: nbgrader's name, or else the text."""
    return [cell.metadata.get("nbgrader", {}).get("grade_id") or cell.source for cell in notebook.cells]


def place(notebook, name: str) -> int:
    return names(notebook).index(name)


def source(notebook, name: str) -> str:
    return notebook.cells[place(notebook, name)].source


def test_a_whole_notebook_stays_as_it_is(release):
    handed_in = without_answers(master())
    handed_in.cells.insert(5, new_code_cell("import math"))
    whole, said = repaired(handed_in, release)
    assert names(whole) == names(handed_in)
    assert said == []
    assert whole.cells[place(whole, "check-double")].metadata.nbgrader.points == 2


def test_own_cells_stay_between_an_answer_and_its_check_that_was_missing(release):
    handed_in = without_answers(master())
    own = place(handed_in, "check-double")
    handed_in.cells[own] = new_code_cell("helper = 3")
    del handed_in.cells[place(handed_in, "given-setup")]
    handed_in.cells.insert(2, new_code_cell("uses_setup = math.pi"))
    whole, said = repaired(handed_in, release)
    order = names(whole)
    assert order.index("given-setup") < order.index("uses_setup = math.pi") < order.index("double")
    assert order.index("double") < order.index("helper = 3") < order.index("check-double")
    assert said == ["Repaired: the cells given-setup, check-double were missing and have been put back."]


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (["def double(x):", "    return 2 * x"], RIGHT),
        (
            ["factor = 2", "def double(x):\n    return factor * x"],
            "factor = 2\ndef double(x):\n    return factor * x",
        ),
        ([RIGHT, RIGHT], RIGHT),
        ([RIGHT, "def double(x):\n    ...  # your answer"], RIGHT),
        (["def double(x)", RIGHT], RIGHT),
        (["%time 1", RIGHT], f"%time 1\n{RIGHT}"),
        (["", RIGHT], RIGHT),
    ],
)
def test_parts_and_copies_become_one_answer(release, parts, joined):
    handed_in = without_answers(master())
    at = place(handed_in, "double")
    noted = handed_in.cells[at].metadata
    handed_in.cells[at : at + 1] = [new_code_cell(part, metadata=noted) for part in parts]
    whole, _ = repaired(handed_in, release)
    assert source(whole, "double") == joined
    assert names(whole).count("double") == 1


def test_an_open_answer_is_found_below_its_heading(release):
    handed_in = new_notebook(
        cells=[
            new_markdown_cell("## Twice"),
            new_code_cell(RIGHT),
            new_markdown_cell("## Why\n\n*4 points, about 5 minutes.*"),
            new_markdown_cell("Because of this."),
            new_markdown_cell("And of that."),
        ]
    )
    whole, _ = repaired(handed_in, release)
    assert source(whole, "why") == "Because of this.\n\nAnd of that."
    assert source(whole, "double") == RIGHT
    assert "your answer" in source(whole, "root")


def test_an_answer_in_another_cell_is_not_overwritten_by_an_empty_one(release):
    both = f"{RIGHT}\n\ndef root(x):\n    return x**0.5"
    whole, _ = repaired(new_notebook(cells=[new_code_cell(both)]), release)
    assert source(whole, "double") == both
    assert "root" not in names(whole)


def test_the_assignment_is_recognised(release):
    other = without_answers(master())
    for number, cell in enumerate(other.cells[2:]):
        cell.id, cell.source = f"other-{number}", f"{cell.source} other"
        cell.metadata = {}
    known = {"small": release, "other": other}
    assert assignment_of(without_answers(master()), known, "small") == "small"
    assert assignment_of(other, known, "small") == "other"
    assert assignment_of(new_notebook(cells=[new_code_cell(RIGHT)]), known, "small") == "small"
    assert assignment_of(new_notebook(cells=[new_code_cell("1")]), known, "small") is None
    name = new_notebook(cells=[new_code_cell('student = "ada"', id="cell-1")])  # as in every assignment
    assert assignment_of(name, known, "small") is None


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('student = "Zoe\u0308"  # the name', "Zoë"),
        ("student = Anna Lee", "Anna Lee"),
        ("student='ada'", "ada"),
        ("student = \u201cada\u201d", "ada"),
        ("student = student_named(student)", ""),
        ("students = 3", ""),
    ],
)
def test_the_name_in_a_notebook_is_read(line, name):
    assert typed_name(new_notebook(cells=[new_code_cell(line)])) == name


def error(name: str, value: str, traceback: str = "") -> NotebookNode:
    return new_output("error", ename=name, evalue=value, traceback=[traceback])


@pytest.mark.parametrize(
    ("answer", "check", "said"),
    [
        (None, ("Wrong", "x is 3, which is too small."), "x is 3, which is too small."),
        (
            ("SyntaxError", "expected ':' (12.py, line 1)"),
            ("NameError", "n"),
            "SyntaxError in line 1: expected ':'",
        ),
        (
            ("TypeError", "no", "\x1b[1mCell In[3]\x1b[0m, line 7\n"),
            ("Wrong", "x"),
            "TypeError in line 7: no",
        ),
        (("KeyboardInterrupt", ""), ("NameError", "n"), "took longer than a cell may and was stopped"),
        (None, ("KeyboardInterrupt", ""), "does the answer come to an end?"),
        (None, ("NameError", "name 'x' is not defined"), "the check stopped with NameError: name 'x'"),
    ],
)
def test_what_is_said_of_a_question(release, answer, check, said):
    if answer:
        release.cells[place(release, "double")].outputs = [error(*answer)]
    release.cells[place(release, "check-double")].outputs = [error(*check)]
    told = remarks.of(release)
    assert said in told["double"]
    assert list(told) == ["double"]
