"""A class's submissions with everything in them that editors, platforms and students do to notebooks.

`write` makes as many as are asked for: each is one kind of answer in one kind of wrapping. The wrappings cost
nobody anything; what an answer is worth, and what must be said of it, stands beside it.
"""

from __future__ import annotations

import copy
import io
import json
import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from small_course import NAME, handed_in

RIGHT = "def double(x):\n    return 2 * x"
ROOT = "def root(x):\n    return x**0.5"
FULL = (2.0, 3.0, 1.0)

FIRST = (
    "Anna",
    "Zoë",
    "Niamh",
    "Jürgen",
    "Mária",
    "Ole",
    "Chidi",
    "Renée",
    "Jo",
    "Łukasz",
    "李",
    "Ana María",
)
LAST = (
    "Lee",
    "Müller",
    "O'Brien",
    "de la Cruz",
    "Smith-Jones",
    "Østergaard",
    "Nguyễn",
    "D'Angelo",
    "Ivanov",
    "娜",
)


@dataclass(frozen=True)
class Person:
    """A student as the platform knows them."""

    name: str
    login: str
    number: int


@dataclass(frozen=True)
class Case:
    """One submission: whose, what it is, what it is worth (None: it can't be graded), what is said."""

    person: Person
    kind: str
    points: tuple[float, float, float] | None
    said: str


def people(count: int) -> list[Person]:
    """Students with names that no two of them share."""
    names = [f"{first} {last}" for last in LAST for first in FIRST]
    assert count <= len(names)
    return [Person(name, f"s{7000 + i}", 12000 + i) for i, name in enumerate(names[:count])]


# --- answers: each changes a right notebook ------------------------------------------------------------

Change = Callable[[NotebookNode, Person], NotebookNode | None]


def find(notebook: NotebookNode, name: str) -> int:
    """The place of a cell, by nbgrader's name of it."""
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    return names.index(name)


def answer(text: str) -> Change:
    """Another answer to the first question."""

    def change(notebook: NotebookNode, person: Person) -> None:
        notebook.cells[find(notebook, "double")].source = text

    return change


def after(name: str, text: str) -> Change:
    """A cell of one's own behind another."""

    def change(notebook: NotebookNode, person: Person) -> None:
        notebook.cells.insert(find(notebook, name) + 1, new_code_cell(text))

    return change


def without(*names: str) -> Change:
    """Cells deleted."""

    def change(notebook: NotebookNode, person: Person) -> None:
        for name in names:
            del notebook.cells[find(notebook, name)]

    return change


def typed(text: Callable[[Person], str]) -> Change:
    """Another name in the notebook, and the answers that are right for the platform's."""

    def change(notebook: NotebookNode, person: Person) -> None:
        place = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith("student ="))
        notebook.cells[place].source = f"student = {text(person)}  # the name you hand in under"

    return change


def named(text: Callable[[Person], str]) -> Change:
    """Another name in the notebook, and the answers that are right for that."""

    def change(notebook: NotebookNode, person: Person) -> NotebookNode:
        return handed_in(RELEASE[0], RIGHT, student=text(person))

    return change


def duplicated(notebook: NotebookNode, person: Person) -> None:
    place = find(notebook, "double")
    stub = copy.deepcopy(notebook.cells[place])
    stub.source = nbformat.read(RELEASE[0], as_version=4).cells[place].source
    notebook.cells[place + 1 : place + 1] = [
        stub,
        copy.deepcopy(notebook.cells[find(notebook, "check-double")]),
    ]


def split(notebook: NotebookNode, person: Person) -> None:
    place = find(notebook, "double")
    half = copy.deepcopy(notebook.cells[place])
    notebook.cells[place].source, half.source = RIGHT.split("\n")
    notebook.cells.insert(place + 1, half)


def stripped(notebook: NotebookNode, person: Person) -> None:
    for cell in notebook.cells:
        cell.metadata = NotebookNode()


def stripped_and_renumbered(notebook: NotebookNode, person: Person) -> None:
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = NotebookNode(), f"new-{number}"


def pasted(notebook: NotebookNode, person: Person) -> NotebookNode:
    texts = [notebook.cells[find(notebook, name)].source for name in ("double", "root", "mine")]
    name = f"student = {person.name!r}"
    return new_notebook(cells=[new_code_cell("import math"), *map(new_code_cell, [name, *texts])])


def turned(notebook: NotebookNode, person: Person) -> None:
    for name, kind in (("check-double", "markdown"), ("root", "raw"), ("why", "code")):
        cell = notebook.cells[find(notebook, name)]
        new = {"code": new_code_cell}.get(kind, nbformat.v4.new_markdown_cell)(
            cell.source, metadata=cell.metadata
        )
        new.cell_type = kind
        notebook.cells[find(notebook, name)] = new


def moved(notebook: NotebookNode, person: Person) -> None:
    notebook.cells.append(notebook.cells.pop(find(notebook, "double")))


def nameless(notebook: NotebookNode, person: Person) -> None:
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith("student =")]


def edited(notebook: NotebookNode, person: Person) -> None:
    notebook.cells[find(notebook, "check-root")].source += "  # done"


def untouched(notebook: NotebookNode, person: Person) -> None:
    pass


NOT_YET = "...  # your answer"
ANSWERS: dict[str, tuple[Change, tuple[float, float, float], str]] = {
    "right": (untouched, FULL, ""),
    "wrong": (answer("def double(x):\n    return x"), (0, 3, 1), "double(3) is 3, which is too small"),
    "no answer": (answer(f"def double(x):\n    {NOT_YET}"), (0, 3, 1), "double"),
    "duplicated": (duplicated, FULL, "double, check-double were there more than once"),
    "split": (split, FULL, "double were there more than once or in parts"),
    "stripped": (stripped, FULL, "had lost nbgrader's notes"),
    "stripped and renumbered": (stripped_and_renumbered, FULL, "had lost nbgrader's notes"),
    "pasted into a new notebook": (pasted, FULL, "were missing and have been put back"),
    "without set-up": (without("given-setup"), FULL, "given-setup were missing"),
    "name after the set-up": (after("given-setup", "student = 'ada'"), FULL, ""),
    "without checks": (
        without("check-double", "check-root", "check-mine"),
        FULL,
        "check-root, check-mine were miss",
    ),
    "without the answer's cell": (without("double"), (0, 3, 1), "double"),
    "types turned": (turned, FULL, "check-double, root, why had another type"),
    "moved": (moved, FULL, "in their order again"),
    "without a name": (nameless, FULL, "The notebook has no name; numbers were drawn from"),
    "check edited": (edited, FULL, "check-root had been changed"),
    "dies": (answer("import os\nos._exit(1)"), (0, 3, 1), "the cell of the answer ended the program"),
    "dies later": (after("double", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"), FULL, ""),
    "exit": (after("double", "exit()"), FULL, ""),
    "syntax": (answer("def double(x)\n    return 2 * x"), (0, 3, 1), "stopped with SyntaxError in line 1"),
    "line": (
        answer("y = 1\ny = 1 / 0\ndef double(x):\n    return 2 * x"),
        (0, 3, 1),
        "ZeroDivisionError in line 2",
    ),
    "input": (
        answer("n = input()\ndef double(x):\n    return 2 * x"),
        (0, 3, 1),
        "input() waits for somebody",
    ),
    "never ends": (answer("while True: pass"), (0, 3, 1), "took longer than a cell may"),
    "a cure for old code": (
        answer(f"import numpy as np\nnp.bool = bool\nnp.int = int\nnp.object = object\n{RIGHT}"),
        FULL,
        "",
    ),
    "another's name": (named(lambda person: "Anna Lee"), (2, 3, 0), "who is Anna Lee of the roster"),
    "name left": (named(lambda person: "ada"), (2, 3, 0), "says student = 'ada'; numbers were drawn from"),
    "name in capitals": (named(lambda person: person.name.upper()), FULL, ""),
    "login": (named(lambda person: person.login), FULL, ""),
    "no quotes": (typed(lambda person: person.name), FULL, ""),
}


# --- wrappings: each writes a right notebook somewhere -------------------------------------------------

Wrap = Callable[[Path, str, bytes], None]


def plain(folder: Path, name: str, content: bytes) -> None:
    (folder / f"{name}.ipynb").write_bytes(content)


def in_folder(folder: Path, name: str, content: bytes) -> None:
    (folder / name).mkdir()
    (folder / name / f"{NAME}.ipynb").write_bytes(content)


def with_litter(folder: Path, name: str, content: bytes) -> None:
    in_folder(folder, name, content)
    (folder / name / "Thumbs.db").write_bytes(b"x")
    (folder / name / f"._{NAME}.ipynb").write_bytes(b"x")
    (folder / name / "sketch.pdf").write_bytes(b"%PDF")
    (folder / name / ".ipynb_checkpoints").mkdir()
    (folder / name / ".ipynb_checkpoints" / f"{NAME}-checkpoint.ipynb").write_bytes(content)


def zipped(folder: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(folder / f"{name}.ZIP", "w") as archive:
        archive.writestr(f"my work/{NAME}.ipynb", content)
        archive.writestr(f"__MACOSX/my work/._{NAME}.ipynb", b"x")


def zipped_twice(folder: Path, name: str, content: bytes) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.ipynb", content)
    (folder / name).mkdir()
    with zipfile.ZipFile(folder / name / "b.zip", "w") as archive:
        archive.writestr("c.zip", inner.getvalue())


def capitals(folder: Path, name: str, content: bytes) -> None:
    (folder / f"{name}.IPYNB").write_bytes(content)


def browser(folder: Path, name: str, content: bytes) -> None:
    (folder / f"{name}.ipynb.txt").write_bytes(content)


def decomposed(folder: Path, name: str, content: bytes) -> None:
    (folder / f"{unicodedata.normalize('NFD', name)}.ipynb").write_bytes(content)


def marked(folder: Path, name: str, content: bytes) -> None:
    plain(folder, name, b"\xef\xbb\xbf" + content)


def utf_16(folder: Path, name: str, content: bytes) -> None:
    plain(folder, name, content.decode().encode("utf-16"))


def old_format(folder: Path, name: str, content: bytes) -> None:
    old = nbformat.convert(nbformat.reads(content.decode(), as_version=4), 3)
    plain(folder, name, json.dumps(old).encode())


def attached(folder: Path, name: str, content: bytes) -> None:
    notebook = json.loads(content)
    notebook["cells"][0]["attachments"] = {"big.png": {"image/png": "A" * 22_000_000}}
    plain(folder, name, json.dumps(notebook).encode())


def copied(folder: Path, name: str, content: bytes) -> None:
    old = nbformat.writes(handed_in(RELEASE[0], "def double(x):\n    return 0")).encode()
    (folder / f"{name}.ipynb").write_bytes(old)
    (folder / f"{name}-Copy1.ipynb").write_bytes(content)
    os.utime(folder / f"{name}.ipynb", (1_000_000_000, 1_000_000_000))


def classroom(folder: Path, name: str, content: bytes) -> None:
    (folder / f"{name} - Copy of {NAME}.ipynb").write_bytes(content)


WRAPPINGS: list[Wrap] = [
    plain,
    in_folder,
    with_litter,
    zipped,
    zipped_twice,
    capitals,
    browser,
    decomposed,
    marked,
    utf_16,
    old_format,
    attached,
    copied,
    classroom,
]


def moodle(person: Person, number: int) -> str:
    return f"{person.name}_{person.number}_assignsubmission_file_"


# --- what can't be graded ------------------------------------------------------------------------------


def evil(folder: Path, name: str, member: str, mode: int = stat.S_IFREG) -> None:
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
        info = zipfile.ZipInfo(member)
        info.external_attr = (mode | 0o644) << 16
        archive.writestr(info, "/etc/passwd")


def bomb(folder: Path, name: str) -> None:
    with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"{number}.ipynb", b"0" * 40_000_000)


def wrong_one(folder: Path, name: str) -> None:
    in_folder(folder, name, RELEASE[1].read_bytes())


def unrelated(folder: Path, name: str) -> None:
    in_folder(folder, name, nbformat.writes(new_notebook(cells=[new_code_cell("1 + 1")])).encode())


UNGRADABLE: dict[str, tuple[Callable[[Path, str], None], str]] = {
    "text": (lambda folder, name: plain(folder, name, b"I could not do it."), "it is a text"),
    "empty": (lambda folder, name: plain(folder, name, b""), "it is an empty file"),
    "cut off": (lambda folder, name: plain(folder, name, b'{"cells": [{"cell_'), "cut off or damaged"),
    "a PDF": (lambda folder, name: plain(folder, name, b"%PDF-1.7 ..."), "it is a PDF"),
    "JSON": (lambda folder, name: plain(folder, name, b"[]"), "no notebook"),
    "another file": (
        lambda folder, name: (folder / f"{name}.docx").write_bytes(b"PK"),
        "No notebook was handed in, b",
    ),
    "nothing": (lambda folder, name: (folder / name).mkdir(), "No notebook was handed in."),
    "wrong assignment": (wrong_one, "is the notebook of large"),
    "no exercise": (unrelated, "has no cell of these exercises"),
    "path": (lambda folder, name: evil(folder, name, "../../evil.ipynb"), "outside its folder"),
    "link": (lambda folder, name: evil(folder, name, "x.ipynb", stat.S_IFLNK), "is a link"),
    "broken zip": (
        lambda folder, name: (folder / f"{name}.zip").write_bytes(b"PK\x03\x04nothing"),
        "can't be opened",
    ),
}

RELEASE: list[Path] = []  # of the assignment, and of another one; set by `write`


def write(folder: Path, release: Path, other: Path, count: int) -> list[Case]:
    """Write submissions into a folder, with an instructor's own files among them.

    Args:
        folder: where; made.
        release: the assignment as it was handed out.
        other: another one.
        count: how many; at least all kinds of answers and of what can't be graded.
    """
    RELEASE[:] = [release, other]
    folder.mkdir()
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "grades of last week.xlsx").write_bytes(b"PK")
    (folder / ".DS_Store").write_bytes(b"x")
    assert count >= len(ANSWERS) + len(UNGRADABLE)
    kinds = list(islice(cycle([*ANSWERS, *UNGRADABLE]), count))
    cases = []
    for number, (person, kind) in enumerate(zip(people(count), kinds, strict=True)):
        in_moodle = number % 3 == 2
        name = moodle(person, number) if in_moodle else person.name
        if kind in UNGRADABLE:
            put, said = UNGRADABLE[kind]
            put(folder, name)
            cases.append(Case(person, kind, None, said))
            continue
        change, points, said = ANSWERS[kind]
        notebook = handed_in(release, RIGHT, student=person.name)
        notebook = change(notebook, person) or notebook
        content = nbformat.writes(notebook).encode()
        wrap = WRAPPINGS[number % len(WRAPPINGS)]
        (in_folder if in_moodle and wrap in (classroom, copied) else wrap)(folder, name, content)
        cases.append(Case(person, kind, points, said))
    return cases


def roster(cases: list[Case], missing: list[str]) -> str:
    """The class as a plain table, with some who handed in nothing."""
    lines = ["Name,Login,Group"]
    lines += [f"{case.person.name},{case.person.login},a" for case in cases]
    return "\n".join([*lines, *(f"{name},nobody{i},b" for i, name in enumerate(missing))]) + "\n"
