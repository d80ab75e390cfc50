"""An exam: private masters, of which a student sees neither a hidden case nor whether an answer is right.

The masters lie in a folder of their own, outside of the repository, and so does all that is built from them.
A check cell shows `form(...)` alone; what grades it stands between the marks of hidden tests. There `secret`
is a text that the folder keeps in a file and nobody hands out, so that `draw(secret, "depth", range(100))` is
known neither from the book nor from an earlier exam.
"""

from __future__ import annotations

import ast
import re
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnncourse import ClassroomError

BEGINS = ("### BEGIN SOLUTION", "### BEGIN HIDDEN TESTS")
ENDS = ("### END SOLUTION", "### END HIDDEN TESTS")
HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS\n(.*?) *### END HIDDEN TESTS\n?", re.M | re.S)
SHORTEST = 8  # signs of a line that can be a secret
LONG = 24  # and of one that is no coincidence in a package


def secret_of(folder: Path) -> str:
    """The secret that a folder's hidden cases are drawn from; made when it is first asked for."""
    path = folder / "secret.txt"
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16) + "\n", "utf-8")
    return path.read_text("utf-8").strip()


def is_sealed(master: NotebookNode) -> bool:
    """Whether hidden tests of a master know a secret."""
    return any(re.search(r"^secret = ", cell.source, re.M) for cell in master.cells)


def sealed(master: NotebookNode, name: str, secret: str) -> NotebookNode:
    """A master whose hidden tests know the secret.

    Raises:
        ClassroomError: a check shows a student more than the form of an answer, or grades nothing.
    """
    for cell in master.cells:
        kind = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and kind.get("grade"):
            question = f"{name}, {kind['grade_id']}"
            shown = ast.parse(HIDDEN.sub("", cell.source)).body
            if not all(_is_form(line) for line in shown):
                raise ClassroomError(
                    f"{question}: a student would see more of the check than form(...). Put the rest between "
                    f"{BEGINS[1]!r} and {ENDS[1]!r}."
                )
            if not HIDDEN.search(cell.source):
                raise ClassroomError(
                    f"{question}: there are no hidden tests, so every answer would be right."
                )
            cell.source = cell.source.replace(BEGINS[1], f"{BEGINS[1]}\nsecret = {secret!r}", 1)
    return master


def _is_form(line: ast.stmt) -> bool:
    call = line.value if isinstance(line, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "form"


def hidden_lines(master: NotebookNode) -> set[str]:
    """The lines of a master that a student must not see: of answers, hidden tests and model answers.

    A line that also stands where everybody sees it is no secret, and neither is one of a few signs.
    """
    hidden: set[str] = set()
    public: set[str] = set()
    for cell in master.cells:
        kind = cell.metadata.get("nbgrader", {})
        inside = cell.cell_type == "markdown" and kind.get("solution", False)
        for line in map(str.strip, cell.source.splitlines()):
            inside = inside or line in BEGINS
            (hidden if inside else public).add(line)
            inside = inside and line not in ENDS
    return {line for line in hidden - public if len(line) >= SHORTEST}


def leaks(handed_out: Path, masters: Iterable[NotebookNode], secret: str = "") -> list[str]:
    """What of masters is found in what a class gets, and where.

    Of a packed file, such as the package, only hidden tests and the secret are looked for: it may well have a
    line of an answer, since a library is what answers are written with.

    Args:
        handed_out: a notebook, or a folder.
        masters: as the grader has them.
        secret: of the hidden cases.
    """
    masters = list(masters)
    private = set().union(*map(hidden_lines, masters))
    tests = {line for master in masters for line in _tests(master)}
    found = []
    for name, lines, rest, packed in _texts(handed_out):
        sought = private & tests if packed else private
        found += [f"{name}: {line}" for line in sorted(sought) if line in lines or line in rest]
        found += [f"{name}: the secret"] * (bool(secret) and secret in "\n".join([rest, *lines]))
    return found


def _tests(master: NotebookNode) -> Iterator[str]:
    """The lines of hidden tests that nothing else has by chance."""
    for cell in master.cells:
        for test in HIDDEN.findall(cell.source):
            lines = map(str.strip, test.splitlines())
            yield from (
                line for line in lines if len(line) >= LONG and not line.startswith(("from ", "import "))
            )


def _texts(path: Path) -> Iterator[tuple[str, set[str], str, bool]]:
    """What is in a file or folder: names, lines of cells, all other text, whether packed in another file."""
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.suffix == ".ipynb":
            notebook = nbformat.read(file, as_version=4)
            lines = {line.strip() for cell in notebook.cells for line in cell.source.splitlines()}
            rest = [f"{dict(cell.metadata)} {cell.get('outputs')}" for cell in notebook.cells]
            yield file.name, lines, " ".join([*rest, str(dict(notebook.metadata))]), False
        elif zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as packed:
                for name in packed.namelist():
                    yield f"{file.name}, {name}", set(), packed.read(name).decode("utf-8", "replace"), True
        elif file.is_file():
            yield file.name, set(), file.read_bytes().decode("utf-8", "replace"), False
