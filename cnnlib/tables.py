"""Tables that a notebook shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"[-+*]*[\d.,]+(e[-+]?\d+)?\s?%?\**")
_LINK = re.compile(r"<a [^>]*>(.*?)</a>")


@dataclass(frozen=True)
class Table:
    """Rows under a head, shown as a table by a notebook and as Markdown by `str`.

    Integers get thousands separators; columns of numbers are aligned to the right.

    Raises:
        ValueError: a row has not as many cells as the head.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[object]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"{len(row)} cells under {len(self.head)} heads: {row}")

    def __str__(self) -> str:
        cells = [[_text(cell) for cell in row] for row in self.rows]
        columns = list(zip(*cells, strict=True)) or [()] * len(self.head)
        rule = ["--:" if column and all(map(_is_number, column)) else ":--" for column in columns]
        return "\n".join("| " + " | ".join(line) + " |" for line in [self.head, rule, *cells])

    _repr_markdown_ = __str__


def _is_number(cell: str) -> bool:
    return not cell or _NUMBER.fullmatch(_LINK.sub(r"\1", cell)) is not None


def _text(cell: object) -> str:
    # A bar would end the cell.
    return f"{cell:,}" if isinstance(cell, int) else re.sub(r"(?<!\\)\|", r"\|", str(cell))
