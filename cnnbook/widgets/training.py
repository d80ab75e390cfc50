"""Train LeNet-5 in the page: what a training starts from, and two recorded ones to look at without it."""

from __future__ import annotations

import json
from pathlib import Path

from cnnbook import records
from cnnbook.widgets.base import Widget
from cnnlib import plots
from cnnlib.data.sets import SETS
from cnnlib.recipe import RECIPES
from cnnlib.tables import Table

# What the page has chosen for a reader who chooses nothing; the tests train with it.
USUAL = {
    "activation": "tanh",
    "pooling": "max",
    "optimiser": "adam",
    "rate": "0.002",
    "schedule": "constant",
    "batch": "32",
    "epochs": "4",
    "start": "glorot",
    "seed": "0",
}

# What the page asks its readers to try, and with which seeds book/try_training.py has trained it.
TRIALS: tuple[tuple[dict[str, str], tuple[int, ...]], ...] = (
    ({}, (0, 1, 2)),
    ({"pooling": "average"}, (0, 1, 2)),
    ({"activation": "sigmoid"}, (0, 1)),
    ({"activation": "sigmoid", "start": "large"}, (0, 1)),
    ({"optimiser": "sgd"}, (0,)),
    ({"optimiser": "sgd", "rate": "0.1"}, (0,)),
    ({"optimiser": "sgd", "rate": "2"}, (0,)),
)
TRIED = Path(__file__).with_name("training_tried.json")


def train_lenet5() -> Widget:
    """LeNet-5, to be trained by the page's own scripts on the digits that come with the package.

    The picture for paper, and where no scripts run, is two recorded trainings on all of MNIST.
    """
    digits = SETS["mnist"].quick
    assert digits is not None
    recorded = {
        "LeNet-5 of today": records.run("lenet5_modern").history["train_loss"],
        "its layers with the chapter's settings": records.run("lenet5_chapter").history["train_loss"],
    }
    return Widget(
        name="training",
        data={
            "usual": USUAL,
            "schedules": {
                "constant": [1.0],
                "paper": factors("lenet5_original"),
                "cosine": factors("lenet5_modern"),
            },
            "train": digits.train - digits.validation,
            "tested": digits.test,
            "colours": {"loss": plots.BLUE, "error": plots.VERMILLION, "before": plots.GREY},
            "signed": plots.SIGNED,
            "print": plots.PRINT,
        },
        picture=plots.curves(recorded, what="training_loss"),
    )


def factors(recipe: str) -> list[float]:
    """The learning rates of a recipe, epoch by epoch, as shares of the first."""
    rates = RECIPES[recipe].rates
    return [rate / rates[0] for rate in rates]


def tried() -> Table:
    """What came out of the settings that the page asks its readers to try, as `TRIED` has it."""
    found = json.loads(TRIED.read_text("utf-8"))
    rows = [
        [
            ", ".join(f"{name} {value}" for name, value in trial["changed"].items()) or "the usual settings",
            f"{trial['loss']:.2f}",
            f"{trial['error']:.1%}",
            str(trial["seed"]),
        ]
        for trial in found["trials"]
    ]
    heads = ["what was changed", "training loss, mean of the last epoch", "error on held-out digits", "seed"]
    return Table(heads, rows)
