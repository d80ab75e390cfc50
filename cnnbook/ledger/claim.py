"""What a claim is, and what the claims of several papers need to find their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnnbook import papers
from cnnbook.papers import Paper
from cnnbook.papers.errata import errata
from cnnlib import evaluation, records
from cnnlib.recipe import Recipe


@dataclass(frozen=True)
class Claim:
    """A fact of a paper, or several that are claimed alike, and how to find our own values for them.

    Attributes:
        paper: who says it.
        key: which fact; or the section of facts that one line of the ledger shows; with a `*` it stands for
            several lines.
        ours: computes our value, a list for a section, a dictionary for a `*`, by what that stands for; None
            when the book neither computes nor measures it.
        agrees: tells whether the paper's value and ours agree.
        deviation: why they differ, or why there is no value of ours, for all lines or by what the `*` stands
            for; a difference without one fails.
        records: the recipes whose records our value was measured in.
        slip: whether the paper is at odds with itself or with arithmetic here, whatever is trained.
    """

    paper: Paper
    key: str
    ours: Callable[[], Any] | None = None
    agrees: Callable[[Any, Any], bool] = lambda expected, ours: expected == ours
    deviation: str | Mapping[str, str] = ""
    records: tuple[str, ...] = ()
    slip: bool = False


def close(tolerance: float) -> Callable[[float, float], bool]:
    """Two numbers agree when they differ by no more than `tolerance`."""
    return lambda expected, ours: abs(expected - ours) <= tolerance


def quoted(paper: Paper, keys: list[str], reason: str) -> list[Claim]:
    """Claims that are shown and not reproduced, all for the same reason."""
    return [Claim(paper, key, deviation=reason) for key in keys]


def erratum(
    key: str,
    right: Callable[[], Any],
    agrees: Callable[[Any, Any], bool] = lambda says, right: says == right,
) -> Claim:
    """A claim of what the chapter prints and what does not hold; the errata have the words."""
    (number,) = (number for number, entry in errata().items() if key in entry.claims)
    reason = f"See number {number} of the errata for what is right."
    return Claim(papers.paper("chapter"), key, right, agrees, reason)


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
        prefix: of the facts' keys, with its dot.
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
