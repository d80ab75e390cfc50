"""What people decide in nbgrader's gradebook, and how it outlives another submission.

nbgrader keeps a mark given by hand when a notebook is graded again, and asks for another look at all of them.
Here a mark goes on counting where its answer is the same; where the answer is another one it has to be looked
at again, and counts no more until then. Whoever could not be graded can be given marks by hand all the same.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

CHECK = "check-"
_turn = threading.Lock()  # one of our threads at a time; nbgrader's processes take SQLite's own


@contextmanager
def gradebook(out: Path) -> Iterator[Any]:
    """Open the gradebook of a folder of results."""
    from nbgrader.api import Gradebook

    with _turn, Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        yield book


def grades(book: Any, assignment: str, student: str) -> list[Any]:
    """All grades of a submission; none where there is none."""
    from nbgrader.api import MissingEntry

    try:
        return list(book.find_submission(assignment, student).notebooks[0].grades)
    except MissingEntry:
        return []


def settled(out: Path, assignment: str, student: str) -> list[str]:
    """Names of the grades given by hand that nobody has to look at again."""
    with gradebook(out) as book:
        found = grades(book, assignment, student)
        return [each.name for each in found if each.manual_score is not None and not each.needs_manual_grade]


def settle(out: Path, assignment: str, student: str, names: Iterable[str]) -> None:
    """Note that nobody has to look at these grades again."""
    with gradebook(out) as book:
        for each in grades(book, assignment, student):
            if each.name in set(names):
                each.needs_manual_grade = False
        book.db.commit()


def answers(notebook: NotebookNode) -> dict[str, str]:
    """The hash of the answer that each grade of a notebook is given for, by the grade's name."""
    texts = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in notebook.cells}
    names = [
        name
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and (name := cell.metadata.nbgrader.grade_id)
    ]
    found = {name: texts.get(name.removeprefix(CHECK), "") for name in names}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in found.items()}


def make_readable(out: Path, assignment: str, student: str, fault: str) -> None:
    """Let marks be given in nbgrader's pages to a submission that could not be graded: it shows why."""
    notebook = nbformat.read(out / "release" / assignment / f"{assignment}.ipynb", as_version=4)
    notebook.cells.insert(0, new_markdown_cell(f"**Not graded.** {fault}"))
    path = out / "autograded" / student / assignment / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", "utf-8", "replace")
    with gradebook(out) as book, book.db.no_autoflush:
        book.update_or_create_student(student)
        book.update_or_create_submission(assignment, student)
        for each in grades(book, assignment, student):
            each.auto_score, each.needs_manual_grade = None, True
        book.db.commit()
