"""What the book changes in the pages that Sphinx and its theme wrote: lighter, and open to every reader."""

import re
from pathlib import Path

_CHANGES = [
    # The icons come from a style sheet and its font. The script that draws them once more weighs more than
    # all else on a page, and a font that is asked for as from another site can't be had from a folder.
    (r'<script src="[^"]*/fontawesome/[^"]*"></script>', ""),
    (r'<link rel="preload" as="font"[^>]*/fontawesome/[^>]*>', ""),
    # The arrow that unfolds a part of the contents has no words: it takes those of the link before it.
    (r"(<a [^>]*>)([^<]*)(</a><details[^>]*>)<summary>", r'\1\2\3<summary aria-label="Under “\2”">'),
    # On the page of the search the box is there twice, under one id.
    (r'(?s)(id="search-input".*)id="search-input"', r'\1id="search-input-again"'),
    # The references: roles that are no longer in use, and a list that has more in it than entries.
    (r' role="list"(?= class="citation-list")| role="doc-biblioentry"', ""),
    # What scrolls can be reached, and so scrolled, by keyboard.
    (
        '<div class="pst-scrollable-table-container">',
        '<div class="pst-scrollable-table-container" tabindex="0">',
    ),
    # Jupyter Book's first page is this one line.
    (
        r'^<meta http-equiv="Refresh" content="0; url=([^"]*)" />\s*$',
        r"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>The book</title>
<meta http-equiv="refresh" content="0; url=\1">
</head>
<body><p><a href="\1">To the book</a></p></body>
</html>
""",
    ),
]


def finished(page: str) -> str:
    """Make the changes in the text of one page."""
    for old, new in _CHANGES:
        page = re.sub(old, new, page)
    return page


def finish(html: Path) -> None:
    """Make the changes in every page of a folder."""
    for path in html.rglob("*.html"):
        path.write_text(finished(path.read_text("utf-8")), "utf-8")
