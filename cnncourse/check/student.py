"""Who answers: a student's own name, and the values that are drawn from it.

Where copying would be easy every student gets values of their own. They follow from the name alone, so the
same student sees the same ones on every machine.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

# Set by whoever grades: the name that a submission was handed in under, whatever stands in the notebook.
VARIABLE = "CNNLIB_STUDENT"


def student(name: str) -> str:
    """Return the name to draw values from: that of the submission while it is graded, else the given one.

    Raises:
        ValueError: `name` is no text.
    """
    if not isinstance(name, str):
        raise ValueError(f"student must be a text such as 'ada', not {name!r}.")
    return os.environ.get(VARIABLE) or name.strip()


def draw(name: str, purpose: str, choices: Sequence[Choice]) -> Choice:
    """Pick one of `choices` for a student.

    Args:
        name: what `student` returned.
        purpose: what is drawn, so that two draws of a student are independent.
        choices: at least one.
    """
    digest = hashlib.sha256(f"{name}\0{purpose}".encode()).digest()
    return choices[int.from_bytes(digest[:8], "big") % len(choices)]
