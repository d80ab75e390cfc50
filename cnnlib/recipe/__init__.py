"""How each network is trained: from a paper's settings to an optimiser, a schedule and prepared images."""

from cnnlib import extras
from cnnlib.recipe import papers  # noqa: F401 - it adds its recipes
from cnnlib.recipe.base import DEFAULTS, LOSSES, OPTIMIZERS, RECIPES, Recipe, add, find

__all__ = ["DEFAULTS", "LOSSES", "OPTIMIZERS", "RECIPES", "Recipe", "add", "find"]

extras.collect("recipes")
