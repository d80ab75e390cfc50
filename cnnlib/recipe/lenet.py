"""How LeNet-5 is trained: by its paper, by the chapter, and by what is known today."""

from __future__ import annotations

from cnnbook.papers.chapter import CHAPTER
from cnnbook.papers.lecun1998 import LECUN1998
from cnnlib.recipe.base import Recipe
from cnnlib.schedules import cosine, per_epoch


def lr_schedule(epoch: int) -> float:
    """Global rate of LeNet-5's optimiser in a 0-based epoch, as Keras's LearningRateScheduler counts.

    After the last printed pass the last rate holds.

    Raises:
        ValueError: a negative epoch.

    Source: LeCun et al. 1998, section III-B.
    """
    if epoch < 0:
        raise ValueError(f"Epochs count from 0, so there is no epoch {epoch}.")
    rates = per_epoch(LECUN1998["schedule"])
    return rates[min(epoch, len(rates) - 1)]


_PAPER = Recipe(
    name="lenet5_original",
    network="LeNet5Original",
    data="mnist",
    optimizer="diagonal_lm",
    optimizer_settings={"mu": 0.5},
    rates=per_epoch(LECUN1998["schedule"]),
    batch_size=LECUN1998["batch_size"],
    loss="map",
    loss_settings={"j": 0.1},
    pixels="lecun1998",
    source=(
        "LeCun et al. 1998. Our choice, on validation digits: mu (the 0.02 that is often quoted does "
        "badly) and j (not printed)."
    ),
)

_CHAPTER = Recipe(
    name="lenet5_chapter",
    network="LeNet5",
    data="mnist",
    optimizer="sgd",
    rates=per_epoch(CHAPTER["lenet_schedule"]),
    batch_size=32,
    source="The chapter's schedule as rates of plain SGD; optimiser and batch size (not named) are Keras's.",
)

_MODERN = Recipe(
    name="lenet5_modern",
    network="LeNet5",
    data="mnist",
    optimizer="adam",
    rates=cosine(0.002, 20),
    batch_size=64,
    augmentation="affine",
    source="Our choice, on validation digits.",
)

RECIPES = (_PAPER, _CHAPTER, _MODERN)

CANDIDATES: dict[str, tuple[dict, ...]] = {
    _PAPER.name: (
        *(
            {"optimizer_settings": {"mu": mu}, "loss_settings": {"j": 1.0}}
            for mu in (LECUN1998["mu"], 0.1, 0.25, 0.5, 1.0, 2.0)
        ),
        *({"optimizer_settings": {"mu": 0.5}, "loss_settings": {"j": j}} for j in (0.1, 10.0)),
    ),
    _MODERN.name: (
        {"augmentation": None},
        *({"rates": cosine(first, 20)} for first in (0.001, 0.002, 0.004)),
    ),
}
