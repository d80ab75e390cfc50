"""How each network is trained: from a paper's settings to an optimiser, a schedule and prepared images.

Each network's recipes stand in a module of their own.
"""

from __future__ import annotations

import difflib

from cnnlib.recipe import alexnet, compared, inception, lenet, resnet, vgg
from cnnlib.recipe.base import AUGMENTATIONS, VIEWS, Recipe, choose
from cnnlib.recipe.lenet import lr_schedule

__all__ = ["AUGMENTATIONS", "CANDIDATES", "DEFAULTS", "RECIPES", "VIEWS", "Recipe", "find", "lr_schedule"]

RECIPES = {
    recipe.name: recipe
    for module in (lenet, alexnet, vgg, inception, resnet, compared)
    for recipe in module.RECIPES
}

# The network's own name stands for the recipe that this book recommends for it.
DEFAULTS = {
    "lenet5": "lenet5_modern",
    "vgg11": "vgg_a",
    "vgg13": "vgg_b",
    "vgg16": "vgg_d",
    "vgg19": "vgg_e",
}


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


CANDIDATES = {**lenet.CANDIDATES, **alexnet.CANDIDATES}
"""What a recipe's own choices were chosen from, on validation images."""
