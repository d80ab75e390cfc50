"""Read a notebook that somebody handed in, whatever wrote it, down to its cells' types and texts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

LARGEST_FILE = 100 * 1024 * 1024  # bytes, with pictures and outputs in it
LARGEST = 5 * 1024 * 1024  # characters of the cells alone

# How files begin that are handed in instead of notebooks.
BEGINNINGS = {
    b"PK": "a zip archive or an office document",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8": "a picture",
    b"Rar!": "a RAR archive",
    b"<": "a web page",
}
NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


class Unreadable(Exception):  # noqa: N818 - it is a finding, and nobody's error
    """What was handed in can't be read as a notebook; the message says what it is instead."""


def read(path: Path) -> NotebookNode:
    """Read a notebook of any format and encoding; outputs, attachments and foreign metadata are left behind.

    Returns:
        A notebook of format 4 whose cells have a type, a text, an id and what nbgrader noted, and no more.

    Raises:
        Unreadable: it is none.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise Unreadable(f"it is larger than {LARGEST_FILE // 1024**2} MB")
    content = path.read_bytes()
    try:
        found = json.loads(_text(content))
    except (ValueError, RecursionError):
        raise Unreadable(f"it is {_description(content)}") from None
    if not isinstance(found, dict) or not isinstance(found.get("cells", found.get("worksheets")), list):
        raise Unreadable("it is JSON, but no notebook")
    cells = [_clean(cell) for cell in _current(found) if isinstance(cell, dict)]
    if sum(len(cell.source) for cell in cells) > LARGEST:
        raise Unreadable(f"its cells hold more than {LARGEST // 1024**2} million characters")
    notebook = new_notebook()
    notebook.cells = cells  # some of them twice, perhaps, which is no reason to refuse them
    return notebook


def _text(content: bytes) -> str:
    """Decode what an editor saved: UTF-8 or UTF-16, with or without a mark, or the Windows code page."""
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _description(content: bytes) -> str:
    """What a file is that is no notebook, in words."""
    if not content.strip():
        return "an empty file"
    for beginning, what in BEGINNINGS.items():
        if content.startswith(beginning):
            return what
    if content.lstrip()[:1] == b"{":
        return "a notebook that was cut off or damaged"
    return "a binary file" if b"\0" in content else "a text"


def _current(found: dict[str, Any]) -> list:
    """The cells of a notebook of any format, as format 4 has them."""
    if "worksheets" not in found:
        return found["cells"]
    try:
        old = nbformat.reads(json.dumps(found), as_version=4)
    except Exception as error:
        raise Unreadable(f"it is a notebook of an old format that can't be converted ({error})") from None
    return old.cells


def _clean(cell: dict[str, Any]) -> NotebookNode:
    """A cell's type, text, id and nbgrader's notes on it."""
    kind = cell.get("cell_type")
    source = cell.get("source", "")
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    source = source.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")
    new = NEW_CELL.get(kind if isinstance(kind, str) else "raw", new_raw_cell)(source)
    metadata = cell["metadata"] if isinstance(cell.get("metadata"), dict) else {}
    notes = metadata.get("nbgrader")
    if isinstance(notes, dict) and isinstance(notes.get("grade_id"), str):
        new.metadata["nbgrader"] = {"grade_id": notes["grade_id"]}
    number = cell.get("id", metadata.get("id"))  # Colab keeps it in the metadata
    if isinstance(number, str) and re.fullmatch(r"[\w-]{1,64}", number, re.A):
        new.id = number
    return new
