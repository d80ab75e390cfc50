"""The printed book."""

from unicodedata import normalize

import pytest
from build import Book
from conftest import HTML, ROOT
from justhtml import JustHTML
from pypdf import PageObject, PdfReader

A4 = (595, 842)  # points


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    path = ROOT / "_build" / "book.pdf"
    assert path.is_file(), "there is no _build/book.pdf: make pdf"
    return PdfReader(path)


@pytest.fixture(scope="module")
def titles() -> list[str]:
    pages = [HTML / f"{page.rpartition('.')[0]}.html" for page in Book(ROOT).pages()]
    headings = [JustHTML(page.read_text("utf-8"), sanitize=False).query_one("article h1") for page in pages]
    return [_bare(heading.to_text().removesuffix("#")) for heading in headings]


def _bare(text: str) -> str:
    """A text without its spaces, which a PDF only suggests, and without ligatures."""
    return "".join(normalize("NFKC", text).split())


def test_every_chapter_is_in_the_outline_and_begins_where_the_contents_say(pdf, titles) -> None:
    chapters = [entry for entry in pdf.outline if not isinstance(entry, list)]
    assert [_bare(entry.title) for entry in chapters] == titles
    contents = "".join(_bare(page.extract_text()) for page in pdf.pages[1:3])
    for entry, title in zip(chapters, titles, strict=True):
        place = pdf.get_destination_page_number(entry)
        assert title in _bare(pdf.pages[place].extract_text())
        assert f"{title}{place + 1}" in contents
    assert any(isinstance(entry, list) for entry in pdf.outline)  # sections below the chapters


def test_links_lead_to_places_in_the_file_or_to_the_web(pdf) -> None:
    inside = 0
    for page in pdf.pages:
        for annotation in page.get("/Annots") or ():
            action = annotation.get_object().get("/A", {})
            assert str(action.get("/URI", "http")).startswith("http")
            inside += "/Dest" in annotation.get_object() or action.get("/S") == "/GoTo"
    assert inside > 400


def test_pages_are_numbered_and_nothing_stands_outside_of_them(pdf) -> None:
    outside: list[str] = []
    for number, page in enumerate(pdf.pages, 1):
        assert list(map(float, page.mediabox[2:])) == pytest.approx(A4, abs=1)
        text = _text(page, outside)
        assert text.rstrip().endswith(str(number)), f"page {number} does not give its number"
    assert not outside


def _text(page: PageObject, outside: list[str]) -> str:
    """The text of a page; what begins beyond its edge is added to a list."""

    def visit(text: str, transformation: list[float], matrix: list[float], *_: object) -> None:
        left = transformation[0] * matrix[4] + transformation[2] * matrix[5] + transformation[4]
        if text.strip() and not 0 <= left <= A4[0] - 30:
            outside.append(text)

    return page.extract_text(visitor_text=visit)


def test_the_pictures_are_there(pdf) -> None:
    pictures = [page["/Resources"].get("/XObject", {}) for page in pdf.pages]
    assert sum(map(len, pictures)) > 20
