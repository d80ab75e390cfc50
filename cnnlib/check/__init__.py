"""The checks behind the exercises: one module for each section, and what they all share.

A check is one line in a notebook. It runs without a network, says whether an answer is right, and where it is
not, what is off, without giving the right one away.
"""

from cnnlib.check.answers import Wrong, call, function, network, question, shape, value
from cnnlib.check.student import draw, student

__all__ = ["Wrong", "call", "draw", "function", "network", "question", "shape", "student", "value"]
