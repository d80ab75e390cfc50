"""Put a notebook back into the form in which it was handed out, and say what was repaired.

Editors duplicate and split cells, drop what nbgrader noted on them, and change their type; students delete
cells that are not theirs. None of that is an answer. What is graded is the release with a student's answers
in it: each cell is recognised by nbgrader's name of it, by its id, by its text, or by what it defines, and a
student's own cells keep their place behind the cell that they followed.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from cnncourse.names import composed

NO_ANSWER = "YOUR ANSWER HERE"  # nbgrader's words for an open question that nobody has answered
START = ""  # what comes before the first cell that nbgrader knows


def typed_name(notebook: NotebookNode) -> str:
    """The name that stands in a notebook, with or without quotes; empty where none does."""
    for cell in notebook.cells:
        if found := re.search(r"^student[ \t]*=(?![ \t]*student_named\b)([^#\n]+)", cell.source, re.M):
            return composed(found[1].strip().strip("'\"\u201c\u201d\u2018\u2019"))
    return ""


def features(notebook: NotebookNode) -> set[tuple[str, str]]:
    """What an assignment may be recognised by: names and ids of its cells, and their first lines."""
    found = set()
    for cell in notebook.cells:
        found.add(("id", cell.get("id", "")))
        found.add(("name", _noted(cell)))
        found.add(("line", _first_line(cell)))
    return {(kind, text) for kind, text in found if text}


def assignment_of(notebook: NotebookNode, releases: Mapping[str, NotebookNode], asked: str) -> str | None:
    """Which assignment a notebook is of: that which it has most in common with, None where there is none."""
    known = {name: features(release) for name, release in releases.items()}
    shared = {
        each for name in known for other in known if other != name for each in known[name] & known[other]
    }
    mine = features(notebook)
    own = {name: len((mine & found) - shared) for name, found in known.items()}
    own[asked] += sum(bool(_defined(cell) & _stubs(releases[asked])) for cell in notebook.cells)
    best = max(own, key=lambda name: (own[name], name == asked))
    return best if own[best] else None


def answered(notebook: NotebookNode, release: NotebookNode) -> int:
    """How many answers of a notebook are not as they were handed out."""
    whole, _ = repaired(notebook, release)
    return sum(ours.source.strip() != theirs.source.strip() for ours, theirs in _answers(whole, release))


def _answers(notebook: NotebookNode, release: NotebookNode) -> Iterable[tuple[NotebookNode, NotebookNode]]:
    theirs = {_noted(cell): cell for cell in release.cells}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            yield cell, theirs[_noted(cell)]


def repaired(notebook: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Put a student's answers and own cells into a release.

    Args:
        notebook: as `reading.read` gives it.
        release: the assignment as nbgrader released it.

    Returns:
        The whole notebook, and what was repaired, in sentences.
    """
    slots = {name: cell for cell in release.cells if (name := _noted(cell))}
    places = _recognised(notebook.cells, release, slots)
    pieces, behind, order, last = defaultdict(list), defaultdict(list), [], START
    for cell, place in zip(notebook.cells, places, strict=True):
        if place in slots:
            pieces[place].append(cell)
            last = place
            order += [place] * (place not in order)
        elif cell.source.strip():
            behind[last].append(cell)
    cells = _in_order(slots, pieces, behind, _everything_defined(notebook.cells))
    cells = [NotebookNode({**cell, "id": f"cell-{number}"}) for number, cell in enumerate(cells)]
    metadata = NotebookNode({**release.metadata})
    return new_notebook(cells=cells, metadata=metadata), _remarks(slots, pieces, order)


def _in_order(
    slots: Mapping[str, NotebookNode],
    pieces: Mapping[str, list[NotebookNode]],
    behind: Mapping[str, list[NotebookNode]],
    defined: set[str],
) -> list[NotebookNode]:
    """The cells of the release in their order, a student's own behind those that they followed.

    A given cell that was missing comes before them, a check or an answer after them: it may need them.
    """
    cells, waiting = [], list(behind[START])
    for name, slot in slots.items():
        if pieces[name] or not (_is_locked(slot) and not _is_grade(slot)):
            cells += waiting
            waiting = []
        if pieces[name] or not (_names_of_stub(slot) & defined):
            cells.append(_filled(slot, pieces[name]))
        waiting = waiting + behind[name]
    return [*cells, *waiting]


def _filled(slot: NotebookNode, pieces: Sequence[NotebookNode]) -> NotebookNode:
    """A cell of the release with what a student wrote, if it is theirs to write."""
    cell = NotebookNode({**slot, "metadata": NotebookNode({**slot.metadata})})
    if slot.metadata.nbgrader.get("solution") and pieces:
        cell.source = _joined([piece.source for piece in pieces], slot)
    return cell


def _joined(texts: Sequence[str], slot: NotebookNode) -> str:
    """One answer of the copies and parts that an editor made of it."""
    own = [text for text in dict.fromkeys(texts) if text.strip() and not _is_stub(text, slot)]
    if not own:
        return next((text for text in texts if text.strip()), slot.source)
    if slot.cell_type != "code":
        return "\n\n".join(own)
    whole = "\n".join(own)
    return whole if len(own) == 1 or _parses(whole) else next(filter(_parses, own[::-1]), whole)


def _is_stub(text: str, slot: NotebookNode) -> bool:
    return text.strip() in (slot.source.strip(), NO_ANSWER)


def _remarks(
    slots: Mapping[str, NotebookNode], pieces: Mapping[str, list[NotebookNode]], order: Sequence[str]
) -> list[str]:
    """What was repaired, in sentences; an answer that is gone is for its check to speak of."""
    gone = [name for name, slot in slots.items() if not pieces[name] and not slot.metadata.nbgrader.solution]
    several = [name for name in slots if len(pieces[name]) > 1]
    bare = [name for name in slots if pieces[name] and not any(map(_noted, pieces[name]))]
    turned = [
        name
        for name, slot in slots.items()
        if any(piece.cell_type != slot.cell_type for piece in pieces[name])
    ]
    edited = [
        name
        for name, slot in slots.items()
        if _is_locked(slot) and any(piece.source.strip() != slot.source.strip() for piece in pieces[name])
    ]
    told = [
        (gone, "were missing and have been put back"),
        (several, "were there more than once or in parts and have been joined"),
        (bare, "had lost nbgrader's notes and were recognised by their id, text or names"),
        (turned, "had another type, which has been set right"),
        (edited, "had been changed and are as they were handed out again"),
    ]
    remarks = [f"Repaired: the cells {_listed(names)} {what}." for names, what in told if names]
    if list(order) != [name for name in slots if name in order]:
        remarks.append("Repaired: the cells had been moved and are in their order again.")
    return remarks


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 6 else f"{', '.join(names[:4])} and {len(names) - 4} more"


# --- which cell is which -------------------------------------------------------------------------------


def _recognised(
    cells: Sequence[NotebookNode], release: NotebookNode, slots: Mapping[str, NotebookNode]
) -> list[str | None]:
    """For each cell nbgrader's name of it, START for another of the release, None for a student's own."""
    by_id = {cell.id: _noted(cell) for cell in release.cells if cell.get("id")}
    by_text = {cell.source.strip(): _noted(cell) for cell in release.cells}
    titles = {_first_line(cell): START for cell in release.cells if cell.cell_type == "markdown"}
    found: list[str | None] = []
    for cell in cells:
        name: str | None = _noted(cell)
        if name not in slots:
            name = by_id.get(cell.id, by_text.get(cell.source.strip()))
        if name is None and cell.cell_type == "markdown":
            name = titles.get(_first_line(cell))
        found.append(name)
    _by_definition(cells, found, slots)
    _open_answers(cells, found, release, slots)
    return found


def _by_definition(
    cells: Sequence[NotebookNode], found: list[str | None], slots: Mapping[str, NotebookNode]
) -> None:
    """Take cells for an answer that define what it was to define, where nothing else was found of it."""
    for name, slot in slots.items():
        wanted = _names_of_stub(slot)
        if wanted and name not in found:
            for place, cell in enumerate(cells):
                if found[place] is None and _defined(cell) & wanted:
                    found[place] = name


def _open_answers(
    cells: Sequence[NotebookNode],
    found: list[str | None],
    release: NotebookNode,
    slots: Mapping[str, NotebookNode],
) -> None:
    """Take the texts below the heading of an open question for its answer, where nothing else was found."""
    headings = [_first_line(cell) for cell in release.cells]
    for name, slot in slots.items():
        if slot.cell_type != "markdown" or name in found:
            continue
        before = headings[next(i for i, cell in enumerate(release.cells) if _noted(cell) == name) - 1]
        above = next((i for i, cell in enumerate(cells) if _first_line(cell) == before), None)
        if above is None:
            continue
        for place in range(above + 1, len(cells)):
            if found[place] is not None:
                break
            found[place] = name if cells[place].cell_type != "code" else None


def _noted(cell: NotebookNode) -> str:
    """Nbgrader's name of a cell; empty where it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _is_grade(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.get("grade"))


def _is_locked(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.get("locked"))


def _first_line(cell: NotebookNode) -> str:
    return cell.source.strip().partition("\n")[0].strip()


def _names_of_stub(slot: NotebookNode) -> set[str]:
    """What an answer is to define: all that its cell defines as it is handed out."""
    kind = slot.metadata.nbgrader
    return _defined(slot) if kind.get("solution") and slot.cell_type == "code" else set()


def _stubs(release: NotebookNode) -> set[str]:
    return {name for cell in release.cells if _noted(cell) for name in _names_of_stub(cell)}


def _defined(cell: NotebookNode) -> set[str]:
    """The names that a cell's text defines at its top level, though it may not be valid Python."""
    found = re.findall(
        r"^(?:async +)?(?:def|class) +(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", cell.source, re.M
    )
    return {one or other for one, other in found}


def _everything_defined(cells: Iterable[NotebookNode]) -> set[str]:
    return {name for cell in cells if cell.cell_type == "code" for name in _defined(cell)}


@functools.cache
def _parses(text: str) -> bool:
    """Whether a text is Python, or what IPython makes Python of."""
    try:
        ast.parse(TransformerManager().transform_cell(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
