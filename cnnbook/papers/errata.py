"""What is wrong in the source chapter this book follows: `chapter.errata.toml`, with the facts filled in."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cnnbook import papers


@dataclass(frozen=True)
class Erratum:
    """A statement of the chapter that does not hold, what does, and how a reader can tell.

    Attributes:
        number: place in the list.
        section: what it is about: "lenet", "alexnet", "vgg", "inception", "resnet" or "transfer".
        says: the chapter's statement in other words; in brackets, what it leaves out.
        right: what holds.
        check: where to look, or what to run.
        claims: the facts of the chapter that the ledger holds against its own count.
    """

    number: int
    section: str
    says: str
    right: str
    check: str
    claims: tuple[str, ...] = ()


@cache
def errata() -> dict[int, Erratum]:
    """Return all of them, by number."""
    content = tomllib.loads((files(papers) / "chapter.errata.toml").read_text("utf-8"))
    entries = [(section, entry) for section, part in content.items() for entry in part]
    return {number: _filled(number, *entry) for number, entry in enumerate(entries, 1)}


def _filled(number: int, section: str, entry: dict[str, Any]) -> Erratum:
    said = {name: _with_facts(entry[name]) for name in ("says", "right")}
    claims = tuple(entry.get("claims", ()))
    return Erratum(number, section, **entry | said | {"claims": claims})


def _with_facts(text: str) -> str:
    """A text with the values of the facts whose full names stand in it in braces, formatted as said there."""
    return re.sub(r"\{([^}:]+):?([^}]*)\}", lambda m: _in_words(papers.fact(m[1]), m[2]), text)


def _in_words(fact: papers.Fact, spec: str) -> str:
    if not isinstance(fact.value, list):
        return format(fact.value, spec)
    if isinstance(fact.value[0], list):  # a schedule: rates, and how long each holds
        return ", ".join(f"{rate:g} ({epochs})" for rate, epochs in fact.value)
    return fact.shown
