"""The master notebooks of the exercises, question by question, and what it takes to answer one in a test."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

import nbformat

from cnncourse.builds import without_answers
from cnncourse.check.student import VARIABLE

ROOT = Path(__file__).parents[2]
MASTERS = sorted((ROOT / "notebooks/exercises").glob("*.ipynb"))
ANSWERS = Path(__file__).parent / "answers"


@dataclass(frozen=True)
class Question:
    """One question of a master: the code before it, the reference answer, what a student finds, the check."""

    section: str
    name: str
    before: str
    answer: str
    stub: str
    check: str


@dataclass(frozen=True)
class Answer:
    """An answer of `answers/`: a wrong one with a word that the message must hold, or a right one."""

    question: str
    code: str
    word: str | None


def is_plain(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell is code that belongs to no question and needs no IPython."""
    kind = cell.metadata.get("nbgrader", {})
    return (
        cell.cell_type == "code"
        and not kind.get("solution")
        and not kind.get("grade")
        and "setup" not in cell.metadata.get("tags", [])
    )


@cache
def questions(path: Path) -> tuple[Question, ...]:
    """The questions of a master that a check grades, in order."""
    found, before, answers = [], [], {}
    handed_out = without_answers(nbformat.read(path, as_version=4)).cells
    for cell, theirs in zip(nbformat.read(path, as_version=4).cells, handed_out, strict=True):
        kind = cell.metadata.get("nbgrader", {})
        if is_plain(cell):
            before.append(cell.source)
        elif kind.get("solution"):
            answers[kind["grade_id"]] = cell.source, theirs.source
        elif kind.get("grade"):
            name = kind["grade_id"].removeprefix("check-")
            found.append(Question(path.stem, name, "\n".join(before), *answers[name], cell.source))
    return tuple(found)


@cache
def answers(section: str) -> tuple[Answer, ...]:
    """The answers that are kept for a section.

    A cell of its file begins `# %% wrong QUESTION: word`, `# %% right QUESTION` or `# %% helper QUESTION`;
    the last holds what the question's other cells have in common.
    """
    path = ANSWERS / f"{section}.py"
    found, helpers = [], {}
    for cell in re.split(r"^# %% ", path.read_text("utf-8"), flags=re.M)[1:]:
        header, _, code = cell.partition("\n")
        match = re.fullmatch(r"(wrong|right|helper) ([\w-]+)(?:: (.+))?", header.strip())
        assert match, f"{path}: {header}"
        kind, question, word = match.groups()
        if kind == "helper":
            helpers[question] = code
        else:
            found.append(Answer(question, helpers.get(question, "") + code, word))
    return tuple(found)


def attempt(question: Question, code: str, student: str = "ada") -> None:
    """Run an answer and its check, hidden tests and all, as a grader would.

    Raises:
        AssertionError: the check found it wrong. Exception: the answer itself does not run.
    """
    names: dict = {"__name__": "__main__"}
    with mock.patch.dict(os.environ, {VARIABLE: student}), contextlib.redirect_stdout(io.StringIO()):
        for part in (question.before, code, question.check):
            exec(compile(ast.parse(part), question.name, "exec"), names)
