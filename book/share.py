"""Give each page of a book that has an address a picture, for whoever is sent its link: its first figure.

    BOOK_ADDRESS=https://example.org/book make book
    python book/share.py

A page without a figure has the cover's. Pages without an address stay as they are: none is made up.
"""

import re
import sys
from html import escape
from pathlib import Path

from build import Book
from pdf import run
from playwright.sync_api import Browser

_ADDRESS = re.compile(r'<link rel="canonical" href="([^"]*)"')
_FIGURES = "article figure:visible"


def share(html: Path, cover: str, browser: Browser) -> int:
    """Take the pictures of the pages in a folder and name them in their heads.

    Args:
        html: of the rendered book.
        cover: its first page, such as "book/welcome.html".
        browser: to take them with.

    Returns:
        How many pages have one.
    """
    # Without scripts, which put a widget in its picture's place.
    tab = browser.new_page(
        viewport={"width": 1280, "height": 900},
        device_scale_factor=2,
        color_scheme="light",
        java_script_enabled=False,
    )
    of_cover, named = "", 0
    for path in [html / cover, *sorted(html.rglob("*.html"))]:
        text = path.read_text("utf-8")
        address = _ADDRESS.search(text)
        if not address or "og:image" in text:
            continue
        page = path.relative_to(html).as_posix()
        tab.goto(path.as_uri())
        figure = tab.locator(_FIGURES).first
        picture = of_cover
        if tab.locator(_FIGURES).count():
            file = Path("_images/share") / f"{page.removesuffix('.html').replace('/', '-')}.png"
            figure.locator("svg, img").first.screenshot(path=html / file)
            picture = address[1].removesuffix(page) + file.as_posix()
        of_cover = of_cover or picture
        if picture:
            tags = (
                f'<meta property="og:image" content="{escape(picture)}" />\n'
                '<meta name="twitter:card" content="summary_large_image" />\n'
            )
            path.write_text(text.replace("</head>", f"{tags}</head>", 1), "utf-8")
            named += 1
    tab.close()
    return named


def share_book(book: Book, browser: Browser) -> str:
    """Do so with a rendered book; return what to tell."""
    cover = f"{book.pages()[0].rpartition('.')[0]}.html"
    return f"{share(book.html, cover, browser)} pages have a picture to be shared with"


if __name__ == "__main__":
    sys.exit(run(share_book))
