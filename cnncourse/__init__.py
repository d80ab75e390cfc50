"""From the masters of the exercises to a class and back: what to hand out, and the grading of what comes in.

Everything here stands on nbgrader, which only an instructor needs.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import cnnbook  # noqa: F401 - exercises ask for networks and data sets that it adds

# What a student finds where an answer was: it runs, and the check then says that there is no answer yet.
STUB = "...  # your answer"

# Stands in _config.yml until the repository has an address.
PLACEHOLDER = "OWNER/REPOSITORY"

# Branch of the repository that holds nothing but the exercises without answers; publishing writes it.
EXERCISES_BRANCH = "exercises"


class ClassroomError(Exception):
    """Something an instructor can mend; the message says what."""


def search_path(rest: str) -> str:
    """A PATH with this environment's tools before the rest: nbgrader calls alembic by its name."""
    return os.pathsep.join([str(Path(sys.executable).parent), rest])


@contextlib.contextmanager
def tools_on_path() -> Iterator[None]:
    """Let nbgrader find its tools in this process."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = search_path(before)
    try:
        yield
    finally:
        os.environ["PATH"] = before


def reason(log: str) -> str:
    """The first error that a log of nbgrader names, in one line."""
    found = re.search(r"^[ \t]*((?:\w+\.)*\w*(?:Error|Exception|Invalid)\w*: .+)$", log or "", re.M)
    return found[1][:300] if found else "it gave no reason"
