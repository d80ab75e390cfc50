"""The checks behind the exercises: one module for each section, and what they all share.

A check is one line in a notebook. It runs without a network, says whether an answer is right, and where it is
not, what is off, without giving the right one away.
"""

from cnncourse.check.answers import (
    Wrong,
    agrees,
    as_array,
    call,
    function,
    network,
    one_of,
    predicted,
    question,
    shape,
    value,
)
from cnncourse.check.hand_in import form, ready
from cnncourse.check.measured import measurement
from cnncourse.check.student import draw, student

__all__ = [
    "Wrong",
    "agrees",
    "as_array",
    "call",
    "draw",
    "form",
    "function",
    "measurement",
    "network",
    "one_of",
    "predicted",
    "question",
    "ready",
    "shape",
    "student",
    "value",
]
