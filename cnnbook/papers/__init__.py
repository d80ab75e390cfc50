"""What each paper says: one data file a paper, each figure once, with the place it stands in.

In a file a section holds facts. Its entries that are named as fields of `Fact` hold for all facts below it,
and those of a section `"*"` for what is below each of its neighbours. A number, a truth value or a list is a
fact with just these fields; a table with a `value` adds fields of its own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

CONFIDENCE = {
    "read": "read",  # in the paper's own text
    "secondary": "secondary",  # in a source that quotes it
    "computed": "computed",  # follows by arithmetic
    "memory": "remembered",  # widely repeated, not confirmed; shown, never asserted
}
"""How sure we are that a figure stands in its place, and how a page says so."""

_NAMED = {
    **{"top1": "top-1 error", "top5": "top-5 error", "top5_test": "top-5 error"},
    "multiply_adds": "multiply-adds",
}


@dataclass(frozen=True)
class Fact:
    """One statement of a paper.

    Attributes:
        key: its name within the paper.
        value: a number, a word, a truth value, or a list.
        place: where it stands.
        confidence: a key of `CONFIDENCE`.
        network: of an error: which network, or the mean of which.
        protocol: how it was trained, or what else an error is of.
        views: what the network saw of each test picture.
        split: the images of the test.
        year: of the competition whose images they are (ILSVRC).
        unit: of the value.
        form: "shape" (height, width, maps) or "range" (from, to) of a list that is more than a list.
        note: what the value is.
    """

    key: str
    value: Any
    place: str
    confidence: str
    network: str = ""
    protocol: str = ""
    views: str = ""
    split: str = ""
    year: int | None = None
    unit: str = ""
    form: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """What the value is, in words."""
        last = self.key.rpartition(".")[2]
        return self.note or _NAMED.get(last, last.replace("_", " "))

    @property
    def how(self) -> str:
        """How an error was measured, in words."""
        year = f"ILSVRC-{self.year}" if self.year else ""
        return ", ".join(filter(None, (year, self.split, self.network, self.protocol, self.views)))

    @property
    def says(self) -> str:
        """The fact without its value, in words."""
        return says([self])

    @property
    def shown(self) -> str:
        """The value as a page shows it."""
        return shown(self.value, self.form)


_FIELDS = {field.name for field in fields(Fact)} - {"key", "value"}


@dataclass(frozen=True)
class Paper:
    """A paper and its facts by key. `paper["error"]` is a value, `paper.facts["error"]` the whole fact."""

    citation: str
    title: str
    facts: dict[str, Fact]

    def __getitem__(self, key: str) -> Any:
        """Return a fact's value, or those of a section of facts, by their names in it.

        With a `*` in the key the answer is a dictionary of such, by what the `*` stands for.

        Raises:
            KeyError: see `select`.
        """
        depth = key.count(".") + 1
        found = {}
        for part, facts in self.select(key).items():
            values = {".".join(fact.key.split(".")[depth:]): fact.value for fact in facts}
            found[part] = values.get("", values)
        return found if "*" in key else found[""]

    def select(self, key: str) -> dict[str, list[Fact]]:
        """Return the facts that a key names, one or a section's, by what a `*` in it stands for, or by "".

        Raises:
            KeyError: the paper has none; the message names some that are close.
        """
        pattern = re.compile(re.escape(key).replace(r"\*", "([^.]+)") + r"(?:\..+)?")
        found: dict[str, list[Fact]] = {}
        for name, fact in self.facts.items():
            if match := pattern.fullmatch(name):
                found.setdefault("".join(match.groups()), []).append(fact)
        if not found:
            raise KeyError(self.lacks(key))
        return found

    def lacks(self, key: str) -> str:
        """Say that there is no such fact, and name some that are close."""
        close = get_close_matches(key, self.facts, cutoff=0.3)
        return f"{self.citation} has no fact {key!r}; close to it: {', '.join(close) or 'none'}."


@cache
def paper(citation: str) -> Paper:
    """Return a paper, by its citation.

    Raises:
        KeyError: there is none; the message lists those there are.
        ValueError: see `read`.
    """
    if citation not in names():
        raise KeyError(f"There is no paper {citation!r}; there are {', '.join(names())}.")
    return read(citation, (files(__name__) / f"{citation}.toml").read_text("utf-8"))


def names() -> list[str]:
    """Return the citations of all papers."""
    found = (item.name for item in files(__name__).iterdir() if item.name.count(".") == 1)
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def fact(full_name: str) -> Fact:
    """Return a fact by its full name, citation first: "he2016.cifar.resnet20.test_error".

    Raises:
        KeyError: there is no such paper, or no such fact in it.
    """
    citation, _, key = full_name.partition(".")
    found = paper(citation)
    if key not in found.facts:
        raise KeyError(found.lacks(key))
    return found.facts[key]


def read(citation: str, text: str) -> Paper:
    """Read a paper from the text of its data file.

    Raises:
        ValueError: the text is no TOML or names something twice; the title or the place of a fact is missing;
            a field or a confidence is unknown.
    """
    try:
        content = tomllib.loads(text)
        title = content.pop("title", None)
        if not title:
            raise ValueError("there is no title.")
        return Paper(citation, title, {found.key: found for found in _facts("", content, {}, [])})
    except ValueError as problem:  # of which a fault in the TOML is one
        raise ValueError(f"{citation}.toml: {problem}") from problem


def _facts(key: str, node: Any, known: dict, patterns: list[dict]) -> Iterator[Fact]:
    """The facts of a node; `known` are the fields from above, `patterns` the sections `"*"` that it is in."""
    for table in [*patterns, node] if isinstance(node, dict) else patterns:
        known = known | {name: entry for name, entry in table.items() if name in _FIELDS}
    if isinstance(node, str):
        raise ValueError(f"{key} is no field of a fact; a fact that is a word needs a table with a value.")
    if not isinstance(node, dict) or "value" in node:
        yield _fact(key, node if isinstance(node, dict) else {"value": node}, known)
        return
    for name in node:
        if name not in _FIELDS and name != "*":
            below = [table[part] for table in patterns for part in ("*", name) if part in table]
            yield from _facts(f"{key}.{name}".lstrip("."), node[name], known, [*below, node.get("*", {})])


def _fact(key: str, stated: dict, known: dict) -> Fact:
    if unknown := stated.keys() - _FIELDS - {"value"}:
        raise ValueError(f"{key} has a field that is unknown: {', '.join(sorted(unknown))}.")
    if "place" not in known:
        raise ValueError(f"{key} has no place.")
    if known.get("confidence") not in CONFIDENCE:
        raise ValueError(f"{key} has a confidence other than {', '.join(CONFIDENCE)}.")
    return Fact(key, stated["value"], **known)


def says(facts: list[Fact]) -> str:
    """Say what the values of facts that stand side by side are, and how they were measured."""
    apart = len({fact.split for fact in facts}) > 1
    names = dict.fromkeys(f"{fact.name} on {fact.split}" if apart else fact.name for fact in facts)
    text = ", ".join(names)
    if facts[0].unit not in text:
        text += f", {facts[0].unit}"
    how = replace(facts[0], split="").how if apart else facts[0].how
    return f"{text}: {how}" if how else text


def shown(value: Any, form: str = "") -> str:
    """Write a value of a fact, or one that is held against it, as a page shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:.5g}"
    if not isinstance(value, list | tuple):
        return str(value)
    if any(isinstance(part, list | tuple) for part in value):
        return "; ".join(map(shown, value))
    parts = [shown(part).replace(",", "") for part in value]
    if form == "range":
        return " to ".join(dict.fromkeys(parts))
    return ("x" if form == "shape" else ", ").join(parts)
