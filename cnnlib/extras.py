"""What other packages add to this one: networks, recipes, data sets, weights.

A package names, when it is imported, a function that adds its own. It is called once such things are looked
for, so that importing the package costs nothing.
"""

from collections.abc import Callable
from typing import Any

_waiting: dict[str, list[Callable[[], None]]] = {"models": [], "recipes": [], "data": [], "weights": []}


def add(kind: str, function: Callable[[], None]) -> None:
    """Have a function called when things of a kind, a key of `_waiting`, are looked for; now if they were."""
    if kind in _waiting:
        _waiting[kind].append(function)
    else:
        function()


def collect(kind: str) -> None:
    """Call the functions that add things of a kind; a module does so at its end."""
    for function in _waiting.pop(kind, []):
        function()


def rehearsal() -> Any:
    """What plays full data sets and shortens trainings, where another package puts such a thing here."""
    return None


def migrated(settings: dict) -> dict:
    """A recipe's settings as they are now: a package with older records puts here what knows those."""
    return settings
