"""Figures reach a page from papers, records or a computation; nobody types them into the text."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted([*ROOT.glob("notebooks/**/*.ipynb"), *ROOT.glob("book/*.ipynb")])
# Thousands, decimals and percentages: what a fact or a measurement looks like.
FIGURE = re.compile(r"\d,\d{3}|\d\.\d|\d\s?%")
# What names its source, and what is no figure: places in a paper, formulas, code, licences.
SOURCED = re.compile(
    r"<data [^>]*>[^<]*</data>|sections?\s+\d[\d.]*|CC BY \d\.\d|```.*?```|\$\$.*?\$\$|`[^`]*`", re.DOTALL
)


def test_figures_are_recognised():
    assert [bool(FIGURE.search(text)) for text in ("61,706", "0.95", "95 %", "5x5", "20 passes")] == [
        *[True] * 3,
        *[False] * 2,
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_no_figure_is_typed_into_prose(path):
    cells = nbformat.read(path, as_version=4).cells
    texts = [SOURCED.sub("", cell.source) for cell in cells if cell.cell_type == "markdown"]
    prose = [line for text in texts for line in text.splitlines()]
    assert [line for line in prose if FIGURE.search(line)] == []
