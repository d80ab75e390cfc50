"""What a claim is, and what the claims of several papers need to find their values."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import keras

from cnnbook.papers import Paper
from cnnlib import evaluation, records
from cnnlib.recipe import Recipe

T = TypeVar("T")


@dataclass(frozen=True)
class Claim:
    """A fact of a paper and how to find our own value for it.

    Attributes:
        paper: who says it.
        key: which fact.
        ours: computes our value; None when the book neither computes nor measures it.
        agrees: tells whether the paper's value and ours agree.
        deviation: why they differ, or why there is no value of ours; a difference without one fails.
        records: the recipes whose records our value was measured in.
    """

    paper: Paper
    key: str
    ours: Callable[[], Any] | None = None
    agrees: Callable[[Any, Any], bool] = lambda expected, ours: expected == ours
    deviation: str = ""
    records: tuple[str, ...] = ()


def close(tolerance: float) -> Callable[[float, float], bool]:
    """Two numbers agree when they differ by no more than `tolerance`."""
    return lambda expected, ours: abs(expected - ours) <= tolerance


def quoted(paper: Paper, keys: list[str], reason: str) -> list[Claim]:
    """Claims that are shown and not reproduced, all for the same reason."""
    return [Claim(paper, key, deviation=reason) for key in keys]


def without_weights(build: Callable[[], T]) -> T:
    """Run `build` so that the weights of the networks it makes get shapes, but no values and no memory.

    Counting is all that such networks are good for, so `build` should return counts.
    """

    def scoped() -> T:
        with keras.StatelessScope(initialize_variables=False):
            return build()

    # Keras notes, for each thread, the weights that still want values, and gives them to all of them at
    # the next chance. A thread that ends takes the note with it.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(scoped).result()


def recorded_error(name: str) -> float | None:
    """Mean test error over the recorded seeds, in %; None where there is no record."""
    if name not in records.names():
        return None
    return 100 * records.mean_and_spread([r["result"]["test_error"] for r in records.load(name)])[0]


def epochs_to(name: str, train_error: float) -> tuple[int, bool] | None:
    """Epochs until the training error of a recorded run was at most so many %.

    The error of an epoch is that of its images, each just before it was learned from.

    Returns:
        Their number and True, or all epochs of the run and False where it never was; None without a record.
    """
    if name not in records.names():
        return None
    errors = records.load(name)[0]["history"]["train_error"]
    reached = [epoch for epoch, error in enumerate(errors, 1) if 100 * error <= train_error]
    return (reached[0], True) if reached else (len(errors), False)


def sgd_claims(paper: Paper, recipe: Recipe, prefix: str = "") -> list[Claim]:
    """Claims of the settings that several papers share, held against the recipe that trains by them.

    Args:
        paper: whose settings these are.
        recipe: with as many rates as the paper has; a warm-up is another claim.
        prefix: of the facts' keys.
    """
    values: dict[str, Callable[[], float]] = {
        "batch_size": lambda: recipe.batch_size,
        "momentum": lambda: recipe.optimizer_settings["momentum"],
        "weight_decay": lambda: recipe.weight_decay,
        "rate": lambda: recipe.rates[0],
        "rate_divisor": lambda: round(recipe.rates[0] / recipe.rates[1]),
        "rate_reductions": lambda: len(recipe.rates) - 1,
    }
    return [Claim(paper, prefix + key, ours) for key, ours in values.items() if prefix + key in paper.facts]


def within_sampling(images: int) -> Callable[[float, float], bool]:
    """Two errors in % agree when one lies within what so many images leave open around the other (95 %)."""

    def agrees(expected: float, ours: float) -> bool:
        low, high = evaluation.interval(ours / 100, images)
        return 100 * low <= expected <= 100 * high

    return agrees
