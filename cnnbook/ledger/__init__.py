"""The ledger: every figure of a paper beside what this code computes or measured, with a verdict.

Each network's claims stand in a module of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from cnnbook import records
from cnnbook.ledger.claim import Claim, close
from cnnbook.papers import CONFIDENCE, Fact, says, shown
from cnnlib.tables import Table

__all__ = ["Claim", "Row", "as_markdown", "as_text", "claims", "close", "counts", "rows", "slips"]


@dataclass(frozen=True)
class Row:
    """One line of the ledger, as text.

    `verdict` is "agrees", "differs, explained", "differs", "quoted" (not reproduced here) or
    "unconfirmed" (a figure nobody could point to in the paper: shown, never asserted).
    """

    paper: str
    key: str
    claim: str
    where: str
    confidence: str
    expected: str
    ours: str
    verdict: str
    why: str
    records: tuple[str, ...] = ()


def claims() -> list[Claim]:
    """Every claim of every paper the book covers so far, from every module that stands here."""
    names = [found.name for found in iter_modules(__path__) if found.name != "claim"]
    return [each for name in names for each in import_module(f"{__name__}.{name}").claims()]


def rows() -> list[Row]:
    """Work out every line of the ledger."""
    return [row for claim in claims() for row in _lines(claim)]


def slips(paper: str) -> list[Row]:
    """Work out the lines in which a paper, by its citation, slips."""
    found = [claim for claim in claims() if claim.paper.citation == paper and claim.slip]
    return [row for claim in found for row in _lines(claim) if row.verdict != "agrees"]


def _lines(claim: Claim) -> list[Row]:
    """The lines of a claim: one, or one for each part that its key stands for."""
    ours = None if claim.ours is None else claim.ours()
    facts = claim.paper.select(claim.key)
    if "*" not in claim.key:
        return [_row(claim, "", facts[""], ours, says(facts[""]))]
    parts = {part: facts.get(part, []) for part in {**facts, **(ours or {})}}
    words = {part: says(found or next(iter(facts.values()))) for part, found in parts.items()}
    if len(set(words.values())) < len(words):
        words = {part: f"{part}: {text}" for part, text in words.items()}
    return [_row(claim, part, facts, (ours or {}).get(part), words[part]) for part, facts in parts.items()]


def _row(claim: Claim, part: str, facts: list[Fact], ours: Any, words: str) -> Row:
    """A line of one fact or of a section of facts, which has a value for each; or of a part no paper has."""
    known = facts or next(iter(claim.paper.select(claim.key).values()))
    key = claim.key.replace("*", part)
    one = known[0].key.count(".") == key.count(".")
    expected = [fact.value for fact in facts]
    deviation = claim.deviation if isinstance(claim.deviation, str) else claim.deviation.get(part, "")
    verdict = _verdict(claim, known, expected[0] if one and facts else expected, _listed(ours), deviation)
    return Row(
        paper=claim.paper.citation,
        key=key,
        claim=words,
        where=known[0].place,
        confidence=known[0].confidence,
        expected="; ".join(fact.shown for fact in facts),
        ours=_text([ours] if one else ours, known),
        verdict=verdict,
        why="" if verdict == "agrees" else deviation,
        records=claim.records,
    )


def _text(ours: Any, facts: list[Fact]) -> str:
    """Our values, each in the form of its fact."""
    values = [] if ours is None or ours == [None] else ours
    return "; ".join(shown(value, fact.form) for value, fact in zip(values, facts, strict=False))


def _listed(value: Any) -> Any:
    """A value of ours with lists for tuples, as data files have them."""
    return [_listed(part) for part in value] if isinstance(value, list | tuple) else value


def _verdict(claim: Claim, facts: list[Fact], expected: Any, ours: Any, deviation: str) -> str:
    if any(fact.confidence == "memory" for fact in facts):
        return "unconfirmed"
    if ours is None:  # a value that could not be had is no quotation
        return "quoted" if claim.ours is None and deviation else "differs"
    if claim.agrees(expected, ours):
        return "agrees"
    return "differs, explained" if deviation else "differs"


def as_text(lines: list[Row]) -> str:
    """The ledger for a terminal: one line a claim, and the count of each verdict."""
    width = max(len(f"{row.paper} {row.key}") for row in lines)
    shown = [
        f"{row.verdict:18} {row.paper + ' ' + row.key:{width}}  {row.where}: {row.expected[:60]}"
        + (f" | ours {row.ours[:60]}" if row.ours else "")
        + (f" | {row.why}" if row.why else "")
        for row in lines
    ]
    return "\n".join(
        [*shown, "", "  ".join(f"{verdict}: {count}" for verdict, count in counts(lines).items())]
    )


def as_markdown(lines: list[Row]) -> str:
    """The ledger for a page: a fold for each verdict, that of what differs open."""
    by_interest = sorted(counts(lines).items(), key=lambda item: not item[0].startswith("differs"))
    return "\n\n".join(
        f"<details{' open' if verdict.startswith('differs') else ''}>\n"
        f"<summary>{verdict}: {count}</summary>\n\n"
        f"{_table([row for row in lines if row.verdict == verdict])}\n\n</details>"
        for verdict, count in by_interest
    )


def _table(lines: list[Row]) -> Table:
    head = ["claim", "place", "paper", "ours", "why"]
    rows = [[r.claim, f"{r.where} ({CONFIDENCE[r.confidence]})", r.expected, _ours(r), r.why] for r in lines]
    # A column in which nothing stands is none.
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return Table([head[i] for i in kept], [[row[i] for i in kept] for row in rows])


def _ours(row: Row) -> str:
    """Our value; one that was measured leads to its records."""
    if len(row.records) == 1:
        return records.link(row.records[0], row.ours)
    return ", ".join([row.ours, *map(records.link, row.records)])


def counts(lines: list[Row]) -> dict[str, int]:
    """How many rows have each verdict."""
    verdicts = [row.verdict for row in lines]
    return {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
