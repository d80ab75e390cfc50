"""The picture that a page is shared with."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser
from share import share

FIGURE = '<article>{}<figure><svg width="300" height="{}" viewBox="0 0 9 9"></svg></figure></article>'
HEAD = '<!DOCTYPE html><html><head><link rel="canonical" href="https://example.org/book/{}"></head>'


def book(folder: Path, head: str) -> Path:
    (folder / "book").mkdir(parents=True)
    bodies = {
        "book/welcome.html": FIGURE.format("", 100),
        "book/one.html": FIGURE.format("<details><figure><svg></svg></figure></details>", 200),
        "search.html": "<p>No figure.</p>",
    }
    for page, body in bodies.items():
        (folder / page).write_text(head.format(page) + body)
    return folder


def test_a_page_is_shared_with_its_first_figure_or_the_covers(browser: Browser, tmp_path: Path) -> None:
    html = book(tmp_path / "html", HEAD)
    assert share(html, "book/welcome.html", browser) == 3
    named = {"book/welcome.html": "book-welcome", "book/one.html": "book-one", "search.html": "book-welcome"}
    for page, name in named.items():
        address = f"https://example.org/book/_images/share/{name}.png"
        assert (html / page).read_text().count(f'<meta property="og:image" content="{address}" />') == 1
    sizes = [Image.open(html / f"_images/share/book-{name}.png").size for name in ("welcome", "one")]
    assert sizes == [(600, 200), (600, 400)]  # two pixels each
    assert share(html, "book/welcome.html", browser) == 0  # all of them have one


def test_a_page_without_an_address_has_no_picture(browser: Browser, tmp_path: Path) -> None:
    html = book(tmp_path / "html", "<!DOCTYPE html><html><head></head>")
    before = {path: path.read_text() for path in html.rglob("*.html")}
    assert share(html, "book/welcome.html", browser) == 0
    assert {path: path.read_text() for path in html.rglob("*") if path.is_file()} == before
