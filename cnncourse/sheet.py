"""The grade sheet of an assignment, as learning platforms import it, and a plot of the class."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnbook import plots as figures
from cnncourse.grading import Graded
from cnnlib.plots import Drawing


@dataclass(frozen=True)
class Line:
    """One student's points: by question, None where a person has yet to read the answer."""

    student: str
    points: dict[str, float | None]
    remarks: str

    @property
    def total(self) -> float:
        """The sum of the points given so far."""
        return sum(points or 0.0 for points in self.points.values())


def largest(out: Path, assignment: str) -> dict[str, float]:
    """The most points that each question of an assignment can bring, in the order of the notebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        notebook = book.find_assignment(assignment).notebooks[0]
        ranks = {cell.name: rank for rank, cell in enumerate(notebook.source_cells)}
        cells = sorted(notebook.grade_cells, key=lambda cell: ranks.get(cell.name, len(ranks)))
        return {cell.name.removeprefix("check-"): cell.max_score for cell in cells}


def lines(out: Path, assignment: str, graded: Iterable[Graded]) -> list[Line]:
    """Read the points of every student from the gradebook, those given by hand among them."""
    from nbgrader.api import Gradebook

    questions = largest(out, assignment)
    found = []
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        for each in sorted(graded, key=lambda graded: graded.student):
            points: dict[str, float | None] = dict.fromkeys(questions, 0.0)
            remarks = dict(each.comments)
            if not each.fault:
                for grade in book.find_submission(assignment, each.student).notebooks[0].grades:
                    name = grade.name.removeprefix("check-")
                    by_hand = name == grade.name  # a check's cell would be called check-...
                    waits = by_hand and grade.needs_manual_grade and grade.manual_score is None
                    points[name] = None if waits else grade.score or 0.0
                    if not points[name]:
                        remarks.setdefault(name, _remark(by_hand, waits))
            said = each.fault or " | ".join(f"{name}: {text}" for name, text in remarks.items())
            found.append(Line(each.student, points, said))
    return found


def _remark(by_hand: bool, waits: bool) -> str:
    """Why a question that no check complained of has no points."""
    if waits:
        return "still to be read"
    return "no answer" if by_hand else "the cell of its check is missing or was not run"


def write_grades(path: Path, questions: dict[str, float], found: Sequence[Line]) -> None:
    """Write the sheet that Moodle and most others import: one line a student, one column a question."""
    rows = [["student", "total", "maximum", *questions, "feedback"]]
    most = sum(questions.values())
    for line in found:
        given = ["" if line.points[name] is None else f"{line.points[name]:g}" for name in questions]
        rows.append([_safe(line.student), f"{line.total:g}", f"{most:g}", *given, _safe(line.remarks)])
    _write(path, rows)


def write_canvas(path: Path, assignment: str, questions: dict[str, float], found: Sequence[Line]) -> None:
    """Write the sheet with the columns that Canvas asks for; students are known by their login."""
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment]]
    rows.append(["    Points Possible", "", "", "", "", f"{sum(questions.values()):g}"])
    rows += [[_safe(line.student), "", "", _safe(line.student), "", f"{line.total:g}"] for line in found]
    _write(path, rows)


def _safe(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def summary(questions: dict[str, float], found: Sequence[Line]) -> Drawing:
    """Draw the class without a name in it."""
    shares = {name: _share(name, most, found) for name, most in questions.items()}
    return figures.class_summary([line.total for line in found], sum(questions.values()), shares)


def _share(name: str, most: float, found: Sequence[Line]) -> float | None:
    given = [points for line in found if (points := line.points[name]) is not None]
    return sum(given) / (most * len(given)) if given else None
