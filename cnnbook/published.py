"""The errors on ImageNet that the papers of the four large networks report, and what these networks cost.

Errors that were measured alike stand together; between such groups they must not be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras

from cnnbook import papers
from cnnbook.lenet1998 import LeNet5Original
from cnnlib import audit, models


@dataclass(frozen=True)
class Figure:
    """A published top-5 error.

    Attributes:
        error: in per cent.
        protocol: how it was measured.
        source: the paper's title and the place in it.
    """

    error: float
    protocol: str
    source: str


def figure(name: str) -> Figure:
    """Return a top-5 error by the full name of its fact."""
    fact, title = papers.fact(name), papers.paper(name.partition(".")[0]).title
    return Figure(fact.value, fact.how, f"{title}, {fact.place}")


# Each network in the form that its authors reported most about.
BUILDERS: dict[str, Callable[[], keras.Model]] = {
    "LeNet-5": LeNet5Original,
    "AlexNet": models.AlexNet,
    "VGG16": models.VGG16,
    "GoogLeNet": models.GoogLeNet,
    "ResNet-152": models.ResNet152,
}

# The best that each team reported of one network, on the validation pictures.
SINGLE = {
    "AlexNet": figure("krizhevsky2012.one_net.top5"),
    "VGG16": figure("simonyan2015.three_scales.both.D.top5"),
    "GoogLeNet": figure("szegedy2015.tests.one_net_144_crops.top5"),
    "ResNet-152": figure("he2016.best.resnet152.top5"),
}

# And of several networks together, on the test pictures of the competition; by the name of the network above.
_ENTRIES = {
    "AlexNet": "krizhevsky2012.ensemble.top5",
    "VGG16": "simonyan2015.submission.top5_test",
    "GoogLeNet": "szegedy2015.ensemble.top5",
    "ResNet-152": "he2016.ensemble.top5",
}
ENSEMBLES = {name: figure(entry) for name, entry in _ENTRIES.items()}
TEAMS = {"AlexNet": "AlexNet", "VGG16": "VGG", "GoogLeNet": "GoogLeNet", "ResNet-152": "ResNet"}

# Of the paper, or of the competition that it was entered in.
YEARS = {"LeNet-5": 1998, **{name: papers.fact(entry).year for name, entry in _ENTRIES.items()}}

# One network, ten views of each picture, the same validation pictures.
TEN_VIEWS = {
    "AlexNet": figure("krizhevsky2012.one_net.top5"),
    "VGG16": figure("he2016.ten_crops.vgg16.top5"),
    "GoogLeNet": figure("szegedy2015.tests.one_net_ten_crops.top5"),
    "ResNet-152": figure("he2016.ten_crops.resnet152.top5"),
}


def counts(name: str) -> dict[str, int]:
    """Return parameters and multiply-adds of a network of `BUILDERS`, as `audit.totals` does."""
    return audit.count(lambda: BUILDERS[name]())
