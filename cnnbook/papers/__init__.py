"""What each paper says: one module per paper, each figure once, with the place it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

# read: in the paper's own text. secondary: in a source that quotes it. computed: follows by arithmetic.
# memory: widely repeated, not confirmed; shown, never asserted.
Confidence = Literal["read", "secondary", "computed", "memory"]


@dataclass(frozen=True)
class Fact:
    """One statement of a paper: its value, where it stands, how sure we are that it stands there."""

    value: Any
    where: str
    confidence: Confidence
    says: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper and its facts, by key. `paper["error"]` is a value, `paper.facts["error"]` the whole fact."""

    citation: str
    title: str
    facts: dict[str, Fact]

    def __getitem__(self, key: str) -> Any:
        """Return the value of one fact.

        Raises:
            KeyError: the paper has no such fact; the message lists those it has.
        """
        if key not in self.facts:
            raise KeyError(f"{self.citation} has no fact {key!r}; it has {', '.join(sorted(self.facts))}.")
        return self.facts[key].value
