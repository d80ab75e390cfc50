"""The list of a class as its platform exports it: who is who, who is missing, and the file filled in.

The forms are those that Canvas exports from its grade book, Moodle as the grading worksheet of an assignment,
and others as a table with a heading. A file is written back as it was, but for the points and remarks.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse import ClassroomError
from cnncourse.names import alike, composed, folded

CANVAS, MOODLE, PLAIN = "Canvas", "Moodle", "plain"

# Columns that say who somebody is; of a plain table those whose heading sounds like it.
OF_CANVAS = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID")
OF_MOODLE = ("Identifier", "Full name", "First name", "Last name", "Username", "Email address", "ID number")
SOUNDS_LIKE = re.compile(r"name|\bid\b|login|user|mail|matri|number|student|first|last|family", re.I)
FIRST, LAST = re.compile(r"first|given", re.I), re.compile(r"last|sur|family", re.I)

NOBODY = re.compile(r"\s*points possible|\s*(student, test|test student)\s*$", re.I)  # rows of Canvas's own


@dataclass(frozen=True)
class Person:
    """One line of a roster: its place, the name to show, all names of the person, and all numbers."""

    row: int
    shown: str
    names: tuple[str, ...]
    numbers: frozenset[str]


@dataclass
class Roster:
    """A list of a class.

    Attributes:
        path: where it was read.
        kind: CANVAS, MOODLE or PLAIN.
        table: all of its texts by row and column, the heading as row 0.
        separator: between the columns.
        people: those on it.
        warnings: what the platform would make of the file that `fill` has written, and what to do.
    """

    path: Path
    kind: str
    table: list[list[str]]
    separator: str
    people: list[Person]
    warnings: list[str] = field(default_factory=list)

    @property
    def heading(self) -> list[str]:
        """The names of the columns."""
        return [text.strip() for text in self.table[0]]

    def find(self, name: str, number: str = "") -> Person | None:
        """Find a person: by the platform's number of them, else by a login or an address, else by the name.

        Returns:
            The one person that it can be; None where nobody or more than one could.
        """
        tries = [[person for person in self.people if number and number in person.numbers]]
        if folded(name):
            tries.append([one for one in self.people if folded(name) in map(folded, one.numbers)])
            tries.append([one for one in self.people if any(alike(name, other) for other in one.names)])
        return next((found[0] for found in tries if len(found) == 1), None)


def read(path: Path) -> Roster:
    """Read the list of a class.

    Raises:
        ClassroomError: it is no table with a heading, or nobody is on it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ClassroomError(f"--roster {path} can't be read: {error.strerror}.") from error
    text = _text(content)
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ClassroomError(f"--roster {path} is no CSV file: {error}.") from error
    widest = max(map(len, rows), default=0)
    table = [[*row, *[""] * (widest - len(row))] for row in rows if any(row)]
    if len(table) < 2:
        raise ClassroomError(f"--roster {path} has no line below its heading.")
    kind = _kind([text.strip() for text in table[0]])
    people = _people(table, kind)
    if not people:
        raise ClassroomError(f"--roster {path} names nobody: it needs a column of names, logins or numbers.")
    return Roster(path, kind, table, separator, people)


def _text(content: bytes) -> str:
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _kind(heading: Sequence[str]) -> str:
    if "ID" in heading and "Section" in heading and {"Student", "LastName"} & set(heading):
        return CANVAS
    return MOODLE if "Identifier" in heading else PLAIN


def _people(table: list[list[str]], kind: str) -> list[Person]:
    """Everybody on a list."""
    heading = [text.strip() for text in table[0]]
    known = {CANVAS: OF_CANVAS, MOODLE: OF_MOODLE}.get(kind)
    columns = [i for i, name in enumerate(heading) if (name in known if known else SOUNDS_LIKE.search(name))]
    if not known:
        columns = [i for i in columns if heading[i].casefold() not in ("grade", "feedback")] or [0]
    people = []
    for row in range(1, len(table)):
        texts = {heading[i]: composed(table[row][i]) for i in columns}
        if any(texts.values()) and not (kind == CANVAS and _is_nobody(texts)):
            people.append(_person(row, texts))
    return people


def _is_nobody(texts: dict[str, str]) -> bool:
    name = texts.get("Student", f"{texts.get('LastName')}, {texts.get('FirstName')}")
    return bool(NOBODY.match(name)) or not texts["ID"]


def _person(row: int, texts: dict[str, str]) -> Person:
    """A line of a list; a text in it may be a name, a number or a login, and is tried as each."""
    first = next((text for name, text in texts.items() if FIRST.search(name)), "")
    last = next((text for name, text in texts.items() if LAST.search(name)), "")
    both = f"{first} {last}".strip() if first and last else ""
    names = [both] if both else []
    numbers = set()
    for heading, text in texts.items():
        if heading == "Identifier":  # "Participant 12345", in whatever language
            numbers.add(re.sub(r"\D", "", text))
            continue
        if text and not (both and text in (first, last)):
            names.append(text)
            numbers.add(text)
        if "@" in text:
            names.append(text.partition("@")[0])
    if both:
        return Person(row, both, tuple(names), frozenset(numbers))
    shown = next((text for name, text in texts.items() if re.search("name|student", name, re.I) and text), "")
    return Person(row, shown or next(filter(None, texts.values())), tuple(names), frozenset(numbers))


# --- written back --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What goes into a line of a roster: points, None where there are none yet, and remarks."""

    row: int
    points: float | None
    remarks: str


def fill(
    roster: Roster, results: Iterable[Result], assignment: str, most: float, column: str | None, path: Path
) -> None:
    """Write a roster with points and remarks; whoever has none keeps what stands in their line.

    Args:
        roster: as it was read; `warnings` are added to it.
        results: of those who are on it.
        assignment: its name, for the column of a new one.
        most: the most points that it can bring.
        column: heading of the column to fill, where it can't be guessed.
        path: where to write.

    Raises:
        ClassroomError: there is no such column, or more than one could be meant.
    """
    table = [list(row) for row in roster.table]
    heading = list(roster.heading)
    points = points_column(roster, assignment, column)
    remarks = {MOODLE: "Feedback comments", PLAIN: "feedback"}.get(roster.kind)
    for name in (points, remarks if roster.kind == PLAIN else None):
        if name and name not in heading:
            for row in table:
                row.append(name if row is table[0] else "")
            heading.append(name)
    place = heading.index(points)
    _check_most(roster, table, heading, place, most, new=points not in roster.heading)
    for result in results:
        if result.points is not None:
            table[result.row][place] = f"{result.points:g}"
        if remarks in heading:
            said = result.remarks
            # Moodle takes comments for HTML; a spreadsheet takes a text that begins so for a formula.
            said = html.escape(said, quote=False) if roster.kind == MOODLE else safe(said)
            table[result.row][heading.index(remarks)] = said
    if roster.kind == MOODLE and remarks not in heading:
        roster.warnings.append("The worksheet takes no remarks: switch on Feedback comments in Moodle.")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=roster.separator).writerows(table)


def safe(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def points_column(roster: Roster, assignment: str, column: str | None = None) -> str:
    """The heading of the column for an assignment's points, which may be a new one.

    Raises:
        ClassroomError: there is no such column, or more than one could be meant.
    """
    if column is not None:
        if column not in roster.heading:
            raise ClassroomError(f"--column {column!r} is not in {roster.path}: it has {roster.heading}.")
        return column
    if roster.kind == MOODLE:
        if "Grade" not in roster.heading:
            raise ClassroomError(f"{roster.path} has no column Grade: say with --column what it is called.")
        return "Grade"
    short = folded(re.sub(r"^\d+", "", assignment))
    meant = [
        name
        for name in roster.heading
        if name not in OF_CANVAS and short in folded(re.sub(r"\(\d+\)$", "", name))
    ]
    exact = [name for name in meant if folded(re.sub(r"\(\d+\)$", "", name)) in (short, folded(assignment))]
    meant = exact or meant
    if len(meant) > 1:
        raise ClassroomError(
            f"{roster.path} has several columns for {assignment}, {meant}: choose by --column."
        )
    if meant:
        return meant[0]
    return assignment if roster.kind == CANVAS else "grade"


def _check_most(
    roster: Roster, table: list[list[str]], heading: Sequence[str], place: int, most: float, new: bool
) -> None:
    """Warn where the platform takes more or fewer points than there are, and fill in a new column's."""
    for row in range(1, len(table)):
        if roster.kind == CANVAS and "points possible" in table[row][0].casefold():
            if new:
                table[row][place] = f"{most:g}"
                roster.warnings.append(
                    f"The file has no column for this assignment: Canvas will ask, and make a new one called "
                    f"{heading[place]!r}. To fill one that is there, choose it by --column."
                )
            elif _number(table[row][place]) != most:
                roster.warnings.append(
                    f"{heading[place]} has {table[row][place]} points in Canvas and {most:g} here: "
                    "change it in Canvas before you import."
                )
            return
    if roster.kind != MOODLE:
        return
    column = next((i for i, name in enumerate(heading) if name.casefold() == "maximum grade"), None)
    if column is not None and _number(table[1][column]) != most:
        roster.warnings.append(
            f"The assignment has a maximum of {table[1][column]} in Moodle and of {most:g} here: change "
            "it in Moodle and download the worksheet again. Moodle leaves out whoever has more than that."
        )
    column = next((i for i, name in enumerate(heading) if name.casefold() == "grade can be changed"), None)
    if column is not None and any(table[row][column] == "No" for row in range(1, len(table))):
        roster.warnings.append("Some grades are locked in Moodle, which will leave them as they are.")


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
