"""How each network is trained: from a paper's settings to an optimiser, a schedule and prepared images.

Each network's recipes stand in a module of their own.
"""

from __future__ import annotations

import difflib

from cnnlib import extras
from cnnlib.recipe import alexnet, inception, lenet, resnet, vgg
from cnnlib.recipe.base import LOSSES, OPTIMIZERS, Recipe, choose

__all__ = ["DEFAULTS", "LOSSES", "OPTIMIZERS", "RECIPES", "Recipe", "add", "find"]

RECIPES: dict[str, Recipe] = {}

# The network's own name stands for the recipe that is recommended for it.
DEFAULTS = {
    "lenet5": "lenet5_modern",
    "vgg11": "vgg_a",
    "vgg13": "vgg_b",
    "vgg16": "vgg_d",
    "vgg19": "vgg_e",
}


def add(*recipes: Recipe) -> None:
    """Let recipes stand in `RECIPES`, by their names."""
    RECIPES.update({recipe.name: recipe for recipe in recipes})


def find(name: str) -> Recipe:
    """Return a recipe of `RECIPES`; a key of `DEFAULTS` stands for one.

    Raises:
        ValueError: there is none of that name; the message says the nearest, and lists those there are.
    """
    near = difflib.get_close_matches(name, [*DEFAULTS, *RECIPES], n=1)
    if near and near[0] != name:
        raise ValueError(
            f"Unknown recipe {name!r}: did you mean {near[0]!r}? There are {', '.join(RECIPES)}."
        )
    return choose("recipe", RECIPES, DEFAULTS.get(name, name))


for _module in (lenet, alexnet, vgg, inception, resnet):
    add(*_module.RECIPES)
extras.collect("recipes")
