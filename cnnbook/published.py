"""The errors on ImageNet that the papers of the four large networks report, and what these networks cost.

Errors that were measured alike stand together; between such groups they must not be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import keras

from cnnbook.ledger.claim import without_weights
from cnnbook.papers import Paper
from cnnbook.papers.he2016 import HE2016
from cnnbook.papers.krizhevsky2012 import KRIZHEVSKY2012
from cnnbook.papers.lecun1998 import LECUN1998
from cnnbook.papers.simonyan2015 import SIMONYAN2015
from cnnbook.papers.szegedy2015 import SZEGEDY2015
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


def figure(paper: Paper, key: str, place: int | None = None) -> Figure:
    """Return a paper's top-5 error; `place` says where among several errors of one fact it stands."""
    fact = paper.facts[key]
    error = fact.value if place is None else fact.value[place]
    return Figure(error, fact.says.partition(": ")[2], f"{paper.title}, {fact.where}")


def competition(paper: Paper, key: str) -> int:
    """Return the year of the competition that an error was measured in."""
    found = re.search(r"ILSVRC-(\d+)", paper.facts[key].says)
    assert found, f"{paper.citation}: {key} names no competition"
    return int(found[1])


# Each network in the form that its authors reported most about.
BUILDERS: dict[str, Callable[[], keras.Model]] = {
    "LeNet-5": models.LeNet5Original,
    "AlexNet": models.AlexNet,
    "VGG16": models.VGG16,
    "GoogLeNet": models.GoogLeNet,
    "ResNet-152": models.ResNet152,
}

# Of the competition that it was entered in, or of the paper.
YEARS = {
    "LeNet-5": int(LECUN1998.citation[-4:]),
    "AlexNet": competition(KRIZHEVSKY2012, "seven_nets_test"),
    "VGG16": competition(SIMONYAN2015, "submission"),
    "GoogLeNet": competition(SZEGEDY2015, "submission_test"),
    "ResNet-152": competition(HE2016, "six_nets"),
}

# The best that each team reported of one network, on the validation pictures.
SINGLE = {
    "AlexNet": figure(KRIZHEVSKY2012, "one_net", 1),
    "VGG16": figure(SIMONYAN2015, "views_both_d", 1),
    "GoogLeNet": figure(SZEGEDY2015, "one_net_144_crops"),
    "ResNet-152": figure(HE2016, "resnet152_best", 1),
}

# And of several networks together, on the test pictures of the competition; by the name of the network above.
ENSEMBLES = {
    "AlexNet": figure(KRIZHEVSKY2012, "seven_nets_test"),
    "VGG16": figure(SIMONYAN2015, "submission", 2),
    "GoogLeNet": figure(SZEGEDY2015, "submission_test"),
    "ResNet-152": figure(HE2016, "six_nets"),
}
TEAMS = {"AlexNet": "AlexNet", "VGG16": "VGG", "GoogLeNet": "GoogLeNet", "ResNet-152": "ResNet"}

# One network, ten views of each picture, the same validation pictures.
TEN_VIEWS = {
    "AlexNet": figure(KRIZHEVSKY2012, "one_net", 1),
    "VGG16": figure(HE2016, "vgg16_ten_crops", 1),
    "GoogLeNet": figure(SZEGEDY2015, "one_net_ten_crops"),
    "ResNet-152": figure(HE2016, "resnet152_ten_crops", 1),
}


def counts(name: str) -> dict[str, int]:
    """Return parameters and multiply-adds of a network of `BUILDERS`, as `audit.totals` does."""
    return without_weights(lambda: audit.totals(audit.table(BUILDERS[name]())))
