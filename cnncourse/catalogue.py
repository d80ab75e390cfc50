"""What the masters ask: questions, points and minutes, as the instructors' page lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode


@dataclass(frozen=True)
class Question:
    """One question of a master.

    Attributes:
        name: nbgrader's name of it, and the column of it in a grade sheet.
        title: its heading.
        kind: arithmetic, code, experiment, or open: read by a person.
        points: the most it can bring.
        minutes: what a student should need.
    """

    name: str
    title: str
    kind: str
    points: float
    minutes: int


def title(master: Path) -> str:
    """The heading of a master."""
    return _headings(nbformat.read(master, as_version=4).cells[0].source)[0]


def questions(master: Path) -> list[Question]:
    """The questions of a master, in order.

    Raises:
        KeyError: a graded cell does not say its kind and minutes in `metadata.cnnlib`.
    """
    return questions_of(nbformat.read(master, as_version=4))


def questions_of(master: NotebookNode) -> list[Question]:
    """The questions of a master that has been read."""
    found, heading = [], ""
    for cell in master.cells:
        kind = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and not kind:
            heading = (_headings(cell.source) or [heading])[-1]
        elif kind.get("grade"):
            ours = cell.metadata["cnnlib"]
            name = kind["grade_id"].removeprefix("check-")
            found.append(Question(name, heading, ours["kind"], kind["points"], ours["minutes"]))
    return found


def _headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, re.M)
