"""How LeNet-5 is trained: by its paper, by the chapter, and by what is known today."""

from __future__ import annotations

from cnnlib.data.preparation import Preparation
from cnnlib.recipe.base import Recipe
from cnnlib.schedules import cosine, per_epoch

_RATES = per_epoch(((0.0005, 2), (0.0002, 3), (0.0001, 3), (0.00005, 4), (0.00001, 8)))  # section III-B


def lr_schedule(epoch: int) -> float:
    """Global rate of LeNet-5's optimiser in a 0-based epoch, as Keras's LearningRateScheduler counts.

    After the last printed pass the last rate holds.

    Raises:
        ValueError: a negative epoch.

    Source: LeCun et al. 1998, section III-B.
    """
    if epoch < 0:
        raise ValueError(f"Epochs count from 0, so there is no epoch {epoch}.")
    return _RATES[min(epoch, len(_RATES) - 1)]


_PAPER = Recipe(
    name="lenet5_original",
    network="LeNet5Original",
    data="mnist",
    optimizer="diagonal_lm",
    optimizer_settings={"mu": 0.5},
    rates=_RATES,
    batch_size=1,  # appendix C
    loss="map",  # section II-C
    loss_settings={"j": 0.1},
    preparation=Preparation("lecun1998"),
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
    # What Keras makes of the printed function, which lost a rate and counts epochs from 1.
    rates=per_epoch(((0.0005, 3), (0.0002, 3), (0.00005, 4), (0.00001, 10))),
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
    preparation=Preparation("unit", "affine"),
    source="Our choice, on validation digits.",
)

RECIPES = (_PAPER, _CHAPTER, _MODERN)

CANDIDATES: dict[str, tuple[dict, ...]] = {
    _PAPER.name: (
        *(
            {"optimizer_settings": {"mu": mu}, "loss_settings": {"j": 1.0}}
            for mu in (0.02, 0.1, 0.25, 0.5, 1.0, 2.0)  # the first is the one that is often quoted
        ),
        *({"optimizer_settings": {"mu": 0.5}, "loss_settings": {"j": j}} for j in (0.1, 10.0)),
    ),
    _MODERN.name: (
        {"preparation": Preparation("unit")},
        *({"rates": cosine(first, 20)} for first in (0.001, 0.002, 0.004)),
    ),
}
