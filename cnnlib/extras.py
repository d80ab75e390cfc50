"""What other packages add to this one: networks, recipes, data sets, weights.

A package names, when it is imported, a function that adds its own. It is called once such things are looked
for, so that importing the package costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_waiting: dict[str, list[Callable[[], None]]] = {"models": [], "recipes": [], "data": [], "weights": []}
_collected: set[str] = set()


def add(kind: str, function: Callable[[], None]) -> None:
    """Have a function called when things of a kind are looked for: a key of `_waiting`."""
    if kind in _collected:
        function()
    else:
        _waiting[kind].append(function)


def collect(kind: str) -> None:
    """Call the functions that add things of a kind; a module does so at its end."""
    _collected.add(kind)
    for function in _waiting[kind]:
        function()
    _waiting[kind].clear()


def rehearsal() -> Any:
    """What plays full data sets and shortens trainings, where another package puts such a thing here."""
    return None


def migrated(settings: dict) -> dict:
    """A recipe's settings as they are now: a package with older records puts here what knows those."""
    return settings
