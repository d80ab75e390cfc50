"""The grade sheet of an assignment, and a plot of the class."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnnbook import plots as figures
from cnncourse import marks
from cnncourse.grading import Graded, Submission
from cnncourse.roster import safe
from cnnlib.plots import Drawing


@dataclass(frozen=True)
class Line:
    """What is known of one student.

    Attributes:
        name: of the student.
        points: by question; None where a person has yet to read the answer, or nothing could be graded.
        comments: by question.
        remarks: on the whole submission.
        submission: what was handed in; None for somebody who is missing.
    """

    name: str
    points: dict[str, float | None]
    comments: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    submission: Submission | None = None
    fault: str = ""

    @property
    def so_far(self) -> float:
        """The sum of the points given so far."""
        return sum(points or 0.0 for points in self.points.values())

    @property
    def total(self) -> float | None:
        """The sum of the points; None while some are not known."""
        return None if None in self.points.values() else self.so_far

    @property
    def counts(self) -> bool:
        """Whether anything of it was graded, by a check or by hand."""
        return any(points is not None for points in self.points.values())

    @property
    def said(self) -> str:
        """All that is said of it, in one line."""
        return " | ".join([*self.remarks, *(f"{name}: {text}" for name, text in self.comments.items())])


def largest(out: Path, assignment: str) -> dict[str, float]:
    """The most points that each question of an assignment can bring, in the order of the notebook."""
    with marks.gradebook(out) as book:
        notebook = book.find_assignment(assignment).notebooks[0]
        ranks = {cell.name: rank for rank, cell in enumerate(notebook.source_cells)}
        cells = sorted(notebook.grade_cells, key=lambda cell: ranks.get(cell.name, len(ranks)))
        return {cell.name.removeprefix(marks.CHECK): cell.max_score for cell in cells}


def line(
    out: Path, assignment: str, questions: dict[str, float], submission: Submission, graded: Graded
) -> Line:
    """Read one student's points from the gradebook, those given by hand and markers' comments among them."""
    # What could not be graded has no points, which is not the same as none.
    points: dict[str, float | None] = dict.fromkeys(questions, None if graded.fault else 0.0)
    comments = dict(graded.comments)
    with marks.gradebook(out) as book:
        found = marks.grades(book, assignment, submission.student)
        for grade in found:
            name = grade.name.removeprefix(marks.CHECK)
            points[name], remark = _points(grade, name == grade.name, bool(graded.fault))
            if remark and not points[name]:
                comments.setdefault(name, remark)
        for comment in found[0].notebook.comments if found else []:
            if comment.manual_comment:
                said = comments.get(comment.name)
                comments[comment.name] = (
                    f"{said} - {comment.manual_comment}" if said else comment.manual_comment
                )
    remarks = ((f"Not graded: {graded.fault}",) if graded.fault else ()) + submission.remarks
    return Line(submission.name, points, comments, remarks, submission, graded.fault)


def _points(grade: object, by_hand: bool, fault: bool) -> tuple[float | None, str]:
    """The points of a grade, None where somebody has to read the answer, and why there are none."""
    mark, waits = grade.manual_score, grade.needs_manual_grade  # type: ignore[attr-defined]
    if mark is not None and waits:
        return None, f"changed since it was given {mark:g} points: to be read again"
    if mark is None and fault:
        return None, ""
    if mark is None and by_hand and waits:
        return None, "still to be read"
    score = grade.score or 0.0  # type: ignore[attr-defined]
    return score, "no answer" if by_hand else "the cell of its check was not run"


def missing(name: str, questions: dict[str, float]) -> Line:
    """The line of somebody on the roster who handed in nothing."""
    return Line(name, dict.fromkeys(questions), {}, ("Nothing was handed in.",))


def write_grades(path: Path, questions: dict[str, float], found: Sequence[Line], unread: bool) -> None:
    """Write the sheet: one line a student, one column a question.

    Args:
        path: of the CSV file.
        questions: the most that each can bring.
        found: the lines.
        unread: whether to give a total though some answers are still to be read.
    """
    rows = [["student", "total", "maximum", *questions, "so far", "feedback"]]
    most = sum(questions.values())
    for each in found:
        given = [_text(each.points[name]) for name in questions]
        so_far = _text(each.so_far if each.counts else None)
        rows.append(
            [safe(each.name), _text(total(each, unread)), f"{most:g}", *given, so_far, safe(each.said)]
        )
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        csv.writer(file).writerows(rows)


def total(each: Line, unread: bool) -> float | None:
    """The total to export: none while answers are to be read, unless that is wanted."""
    return each.so_far if unread and each.counts else each.total


def _text(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def summary(questions: dict[str, float], found: Sequence[Line]) -> Drawing:
    """Draw the class without a name in it; who could not be graded is not in it either."""
    graded = [each for each in found if each.counts]
    shares = {name: _share(name, most, graded) for name, most in questions.items()}
    return figures.class_summary([each.so_far for each in graded], sum(questions.values()), shares)


def _share(name: str, most: float, found: Sequence[Line]) -> float | None:
    given = [points for each in found if (points := each.points[name]) is not None]
    return sum(given) / (most * len(given)) if given else None
