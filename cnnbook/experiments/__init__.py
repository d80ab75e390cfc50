"""Trainings compared with each other: experiments whose results are one record each."""

from cnnbook.experiments.copied_layers import KINDS, layers
from cnnbook.experiments.kept import NAMES, run
from cnnbook.experiments.levels import LEVELS, Level, far, pneumonia, scenarios
from cnnbook.experiments.pictures import flowers

__all__ = [
    "KINDS",
    "LEVELS",
    "NAMES",
    "Level",
    "far",
    "flowers",
    "layers",
    "pneumonia",
    "run",
    "scenarios",
]
