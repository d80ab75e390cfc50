"""Every section opens and closes with its box, and every displayed equation has a number to be cited by."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SECTIONS = sorted(ROOT.glob("notebooks/*.ipynb"))
BOX = r":::\{{admonition\}} {title}\n:class: {kind}\n\n\S.*?\n\n:::\n"
EQUATION = re.compile(r"\$\$(.*?)\$\$([^\n]*)", re.DOTALL)
LABEL = re.compile(r" \((eq-[a-z-]+)\)")

every_section = pytest.mark.parametrize("path", SECTIONS, ids=lambda path: path.stem)


def prose(path: Path) -> str:
    """All markdown of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown") + "\n"


def labels(path: Path) -> list[str]:
    """Labels of the displayed equations of a notebook; one without a label fails."""
    found = []
    for equation, behind in EQUATION.findall(prose(path)):
        label = LABEL.fullmatch(behind)
        assert label, equation
        found.append(label[1])
    return found


def test_there_are_sections():
    assert len(SECTIONS) == 13


@every_section
def test_a_section_opens_and_closes_with_its_box(path):
    text = prose(path)
    need = BOX.format(title="What you need to know", kind="need")
    know = BOX.format(title="What you now know", kind="know")
    assert re.match(rf"# [^\n]+\n\n{need}", text, re.DOTALL)
    assert len(re.findall(rf"## Looking back\n\n{know}", text, re.DOTALL)) == 1
    assert text.count(":::{admonition}") == 2


@every_section
def test_every_displayed_equation_can_be_cited(path):
    labels(path)


@every_section
def test_citations_of_equations_lead_somewhere(path):
    every = [label for section in SECTIONS for label in labels(section)]
    assert len(every) == len(set(every)) > 20
    assert set(re.findall(r"\{eq\}`([^`]+)`", prose(path))) <= set(every)


def test_every_source_can_be_opened_and_every_citation_has_one():
    entries = re.split(r"\n(?=@)", (ROOT / "book" / "references.bib").read_text("utf-8"))
    keys = {re.match(r"@\w+\{([^,]+)", entry)[1] for entry in entries}
    assert [e[:40] for e in entries if not re.search(r"\b(doi|url|eprint|howpublished)\s*=", e)] == []
    cited = {
        key.strip()
        for path in [*SECTIONS, *ROOT.glob("book/*.ipynb")]
        for keys_cited in re.findall(r"\{cite:[pt]\}`([^`]+)`", prose(path))
        for key in keys_cited.split(",")
    }
    assert cited <= keys


@every_section
def test_a_section_cites(path):
    assert "{cite:" in prose(path)


def test_images_of_a_readers_own_need_not_do_as_well_as_the_page():
    cells = nbformat.read(ROOT / "notebooks/10_feature_extractor.ipynb", as_version=4).cells
    learned = [cell.source for cell in cells if "learned" in cell.metadata.get("tags", [])]
    expected = [source for source in learned if "assert" in source]
    assert expected
    assert [source for source in expected if "own_folder" not in source] == []
