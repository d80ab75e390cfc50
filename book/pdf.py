"""Print the book of _build/html into one file, _build/book.pdf.

The pages are put one behind the other in the order of _toc.yml, behind a title and a table of contents, and
Chromium prints them. Widgets are their pictures, code that a page folds away is left out.
"""

import os
import shutil
import sys
from collections.abc import Callable
from html import escape
from itertools import zip_longest
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import urlsplit

from build import Book, BuildError
from checks import elements, is_setting
from justhtml import JustHTML
from playwright.sync_api import Browser, Error, Playwright, sync_playwright
from pypdf import PdfReader

NO_BROWSER = (
    "no Chromium was found: install one (Debian, Ubuntu: apt install chromium; "
    "anywhere: .venv/bin/playwright install chromium) or name one: CHROMIUM=/path/to/chromium"
)
_FOOTER = (
    '<div style="width: 100%; text-align: center; font: 8px sans-serif">'
    '<span class="pageNumber"></span></div>'
)
_STYLES = ("styles/theme.css", "styles/bootstrap.css", "styles/pydata-sphinx-theme.css", "pygments.css")
_MORE_STYLES = ("styles/sphinx-book-theme.css", "sphinx-design.min.css", "book.css", "print.css")


def launch(playwright: Playwright) -> Browser:
    """Start Chromium: that of $CHROMIUM, the system's, or Playwright's own.

    Raises:
        BuildError: There is none.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    # Chromium's sandbox refuses to be started by root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    try:
        return playwright.chromium.launch(executable_path=program, args=arguments)
    except Error as error:
        raise BuildError(NO_BROWSER) from error


def chapter(html: Path, page: str, pages: list[str]) -> tuple[str, str]:
    """Take the text of a page, its links now leading to places in the one file.

    Args:
        html: the folder of the rendered book.
        page: as in "book/welcome.html".
        pages: all pages of the file.

    Returns:
        The page's title and its HTML.
    """
    document: Any = JustHTML((html / page).read_text("utf-8"), sanitize=False)
    article = document.query_one("article")
    for element in elements(article):
        _move(element, page, pages)
    heading = article.query_one("h1")
    for link in article.query("a.headerlink"):
        link.parent.remove_child(link)
    title = " ".join(heading.to_text().split())
    return title, f'<section class="chapter" id="{page}">{article.to_html(pretty=False)}</section>'


def _move(element: Any, page: str, pages: list[str]) -> None:
    """Make ids the page's own, and links and pictures right from where the one file lies."""
    given = element.attrs
    if "id" in given and not given["id"].startswith("cnn-"):  # figures refer to their own parts
        given["id"] = f"{page}:{given['id']}"
    if element.name == "details":
        given["open"] = ""
    if "src" in given and not urlsplit(given["src"]).scheme:
        given["src"] = "../html/" + normpath(join(dirname(page), given["src"]))
    if element.name == "a" and "href" in given:
        parts = urlsplit(given["href"])
        if parts.scheme:
            return
        target = normpath(join(dirname(page), parts.path)) if parts.path else page
        if target in pages:
            place = parts.fragment and not is_setting(parts.fragment)
            given["href"] = f"#{target}:{parts.fragment}" if place else f"#{target}"
        else:
            del given["href"]  # a download, which paper has not


def assemble(book: Book, numbers: list[int]) -> str:
    """Put the pages of a book one behind the other.

    Args:
        book: a book, rendered.
        numbers: of the pages on which the chapters begin; none where they are not known yet.
    """
    pages = [page.rpartition(".")[0] + ".html" for page in book.pages()]
    chapters = {page: chapter(book.html, page, pages) for page in pages}
    contents = "".join(
        f'<li><a href="#{page}">{escape(title)}</a> <span>{number or ""}</span></li>'
        for (page, (title, _)), number in zip_longest(chapters.items(), numbers)
    )
    config = book.config()
    styles = "".join(
        f'<link rel="stylesheet" href="../html/_static/{name}">' for name in (*_STYLES, *_MORE_STYLES)
    )
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light" class="one-file">
<head><meta charset="utf-8"><title>{escape(config["title"])}</title>{styles}</head>
<body>
<div class="cover"><p class="title">{escape(config["title"])}</p><p>{escape(config["author"])}</p></div>
<nav class="chapters"><p class="title">Contents</p><ol>{contents}</ol></nav>
<main class="bd-content">{"".join(text for _, text in chapters.values())}</main>
</body>
</html>
"""


def print_book(book: Book, browser: Browser) -> Path:
    """Print a rendered book; its contents get their page numbers from a first print."""
    source, target = book.build / "pdf" / "book.html", book.build / "book.pdf"
    source.parent.mkdir(parents=True, exist_ok=True)
    numbers: list[int] = []
    for _ in range(2):
        source.write_text(assemble(book, numbers), "utf-8")
        page = browser.new_page(color_scheme="light", java_script_enabled=False)
        page.goto(source.as_uri())
        page.pdf(
            path=target,
            format="A4",
            margin={"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=_FOOTER,
            outline=True,
            tagged=True,
        )
        page.close()
        numbers = _first_pages(PdfReader(target))
    return target


def _first_pages(pdf: PdfReader) -> list[int]:
    """List the numbers of the pages on which the chapters of a file begin: its outline's upper level."""
    entries = [entry for entry in pdf.outline if not isinstance(entry, list)]
    return [(pdf.get_destination_page_number(entry) or 0) + 1 for entry in entries]


def run(work: Callable[[Book, Browser], object]) -> int:
    """Do something with the book and a browser, print what came of it, and return the exit status."""
    book = Book(Path(__file__).resolve().parent.parent)
    try:
        with sync_playwright() as playwright:
            print(work(book, launch(playwright)))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(print_book))
