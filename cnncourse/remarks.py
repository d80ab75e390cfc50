"""What is said of a question that did not get its points, so that its author understands it."""

from __future__ import annotations

import re

from nbformat import NotebookNode

from cnncourse.marks import CHECK

LONGEST = 300
COLOUR = re.compile(r"\x1b\[[\d;]*m")
LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
PLACE = re.compile(r"\s*\([^()]*, line (\d+)\)$")  # a syntax error's own

TOO_LONG = ("KeyboardInterrupt", "CellTimeoutError")


def of(notebook: NotebookNode) -> dict[str, str]:
    """What to say of the questions of a graded notebook whose checks ended with an error, by question.

    Where the cell of the answer, or one between it and the check, stopped itself, that is what is said: the
    check only finds that a name is missing.
    """
    found, stopped, by_answer = {}, "", False
    for cell in notebook.cells:
        kind = cell.metadata.get("nbgrader", {})
        errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
        if kind.get("grade") and not kind.get("solution"):
            if errors:
                itself = not stopped or (errors[0].ename == "Wrong" and not by_answer)
                found[kind["grade_id"].removeprefix(CHECK)] = _check(errors) if itself else stopped
            stopped, by_answer = "", False
        elif errors and not by_answer:
            by_answer = bool(kind.get("solution"))
            stopped = f"{_whose(kind)} {_stopped(errors)}"
    return found


def _whose(kind: dict) -> str:
    if kind.get("solution"):
        return "the cell of the answer"
    return f"the given cell {kind['grade_id']}" if kind.get("locked") else "a cell before the check"


def _check(errors: list[NotebookNode]) -> str:
    """What a check said, or how it ended."""
    error = errors[0]
    if any(each.ename in TOO_LONG for each in errors):
        return "the check took longer than a cell may: does the answer come to an end?"
    if error.ename in ("Wrong", "Stopped", "OutOfTime", "Changed", "AssertionError"):
        return _short(error.evalue or error.ename)
    return f"the check stopped with {_short(f'{error.ename}: {error.evalue}')}"


def _stopped(errors: list[NotebookNode]) -> str:
    """How a cell ended that is no check, with the line."""
    error = errors[0]
    text = COLOUR.sub("", "\n".join(error.get("traceback", [])))
    place = PLACE.search(error.evalue) or LINE.search(text)
    where = f" in line {place[1]}" if place else ""
    if any(each.ename in TOO_LONG for each in errors):
        return f"took longer than a cell may{where} and was stopped"
    if error.ename == "StdinNotImplementedError":
        return f"stopped{where}: input() waits for somebody, and nobody answers while it is graded"
    if error.ename in ("Stopped", "OutOfTime"):
        return _short(error.evalue)
    return f"stopped with {error.ename}{where}: {_short(PLACE.sub('', error.evalue))}"


def _short(text: str) -> str:
    return " ".join(COLOUR.sub("", text).split())[:LONGEST]
