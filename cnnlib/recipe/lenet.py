"""How LeNet-5 is trained by what is known today."""

from __future__ import annotations

from cnnlib.data.preparation import Preparation
from cnnlib.recipe.base import Recipe
from cnnlib.schedules import cosine

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

RECIPES = (_MODERN,)
