"""Trainings compared with each other: experiments whose results are one record each."""

from cnnlib.experiments.copied_layers import KINDS, layers
from cnnlib.experiments.kept import NAMES, run
from cnnlib.experiments.levels import LEVELS, Comparison, Level, compare_levels, pneumonia, scenarios
from cnnlib.experiments.pictures import flowers

__all__ = [
    "KINDS",
    "LEVELS",
    "NAMES",
    "Comparison",
    "Level",
    "compare_levels",
    "flowers",
    "layers",
    "pneumonia",
    "run",
    "scenarios",
]
