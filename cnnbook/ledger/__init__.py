"""The ledger: every figure of a paper beside what this code computes or measured, with a verdict.

Each network's claims stand in a module of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnbook.ledger import alexnet, implementations, inception, lenet, open_data, resnet, transfer, vgg
from cnnbook.ledger.claim import Claim, close
from cnnlib import audit, records
from cnnlib.tables import Table

__all__ = ["SLIPS", "Claim", "Row", "as_markdown", "as_text", "claims", "close", "counts", "rows", "slips"]

# Facts in which a paper is at odds with itself or with arithmetic, whatever is built or trained here.
SLIPS = {
    "lecun1998": ("input_variance", "multiply_adds"),
    "krizhevsky2012": ("input_side", "conv1_units", "convolution_limit", "crop_factor"),
    "szegedy2015": (
        *("printed_weights_odd", "printed_weights_conv1", "printed_work_5a", "printed_work_conv1"),
        *("budget", "fewer_than_alexnet", "seven_nets_144_crops_gain"),
    ),
    "simonyan2015": ("he_work_d",),
    "he2016": ("googlenet_nets",),
}


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
    """Every claim of every paper the book covers so far."""
    modules = (lenet, alexnet, vgg, inception, resnet, transfer, open_data, implementations)
    return [claim for module in modules for claim in module.claims()]


def rows() -> list[Row]:
    """Work out every line of the ledger."""
    return [row for claim in claims() for row in _lines(claim)]


def slips(paper: str) -> list[Row]:
    """Work out the lines in which a paper, by its citation, slips.

    Raises:
        KeyError: no slip of it is known.
    """
    return [
        row
        for claim in claims()
        if claim.paper.citation == paper and claim.key in SLIPS[paper]
        for row in _lines(claim)
    ]


def _lines(claim: Claim) -> list[Row]:
    """One row for a claim, or one for each entry of a table of layers."""
    fact = claim.paper.facts[claim.key]
    ours = None if claim.ours is None else claim.ours()
    if not isinstance(fact.value, dict) or not isinstance(ours, dict):
        return [_row(claim, claim.key, fact.value, ours)]
    return [
        _row(claim, f"{claim.key}.{part}", fact.value.get(part), ours.get(part))
        for part in {**fact.value, **ours}
    ]


def _row(claim: Claim, key: str, expected: Any, ours: Any) -> Row:
    fact = claim.paper.facts[claim.key]
    part = key.removeprefix(claim.key).lstrip(".")
    verdict = _verdict(claim, expected, ours)
    return Row(
        paper=claim.paper.citation,
        key=key,
        claim=f"{part}: {fact.says}" if part else fact.says,
        where=fact.where,
        confidence=fact.confidence,
        expected=_text(expected),
        ours="" if ours is None else _text(ours),
        verdict=verdict,
        why="" if verdict == "agrees" else claim.deviation,
        records=claim.records,
    )


def _verdict(claim: Claim, expected: Any, ours: Any) -> str:
    if claim.paper.facts[claim.key].confidence == "memory":
        return "unconfirmed"
    if ours is None:  # a value that could not be had is no quotation
        return "quoted" if claim.ours is None and claim.deviation else "differs"
    if claim.agrees(expected, ours):
        return "agrees"
    return "differs, explained" if claim.deviation else "differs"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple | list):
        if value and all(isinstance(side, int) for side in value):
            return audit.shape_text(value)
        return "; ".join(_text(item) for item in value)
    return str(value).replace("\n", " ")


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
    """The ledger for a page."""
    head = ["claim", "place", "paper", "ours", "verdict"]
    rows = [[r.claim, f"{r.where} ({r.confidence})", _cell(r.expected), _ours(r), _end(r)] for r in lines]
    return str(Table(head, rows))


def _ours(row: Row) -> str:
    """Our value; one that was measured leads to its records."""
    if len(row.records) == 1:
        return records.link(row.records[0], row.ours)
    return ", ".join([_cell(row.ours), *map(records.link, row.records)])


def _end(row: Row) -> str:
    return f"**{row.verdict}**" + (f". {row.why}" if row.why else "")


def _cell(text: str) -> str:
    """A value; code where it is a pattern of crosses and dots."""
    return f"`{text}`" if text and set(text) <= set("X. ") else text


def counts(lines: list[Row]) -> dict[str, int]:
    """How many rows have each verdict."""
    verdicts = [row.verdict for row in lines]
    return {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
