"""What the book changes in the pages that Sphinx and its theme wrote: lighter, and open to every reader."""

import re
import textwrap
from html import escape, unescape
from pathlib import Path

from icons import shrink_icons

from cnnbook import numbers

_CHANGES = [
    # The icons come from a style sheet and its font. The script that draws them once more weighs more than
    # all else on a page, and a font that is asked for as from another site can't be had from a folder.
    (r'<script src="[^"]*/fontawesome/[^"]*"></script>', ""),
    (r'<link rel="preload" as="font"[^>]*/fontawesome/[^>]*>', ""),
    # The contents have the exercises of the section that is read; the others have them at their ends.
    (r"<details><summary>(?:(?!</details)[\s\S])*?>Exercises: (?:(?!</details)[\s\S])*?</details>", ""),
    # The arrow that unfolds a part of the contents has no words: it takes those of the link before it.
    (r"(<a [^>]*>)([^<]*)(</a><details[^>]*>)<summary>", r'\1\2\3<summary aria-label="Under “\2”">'),
    # On the page of the search the box is there twice, under one id.
    (r'(?s)(id="search-input".*)id="search-input"', r'\1id="search-input-again"'),
    # The references: roles that are no longer in use, and a list that has more in it than entries.
    (r' role="list"(?= class="citation-list")| role="doc-biblioentry"', ""),
    # The book's name at the top of the contents leads to its cover: it belongs to a landmark of the page.
    (
        r'<div class="sidebar-primary-item">(?=\s*<a class="navbar-brand)',
        '<div class="sidebar-primary-item" role="navigation" aria-label="Cover">',
    ),
    # The corner of a table that has nothing to say is no head.
    (r'<th class="head[^"]*"><p></p></th>', "<td></td>"),
    # An output that scrolls up and down can be reached, and so scrolled, by keyboard.
    (r'(tag_scroll-output[^>]*>[\s\S]*?<div class="cell_output docutils container")>', r'\1 tabindex="0">'),
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


def with_times(page: str) -> str:
    """Write sizes such as 3x3 by the sign for times, as the figures do, wherever they are no code."""
    parts = re.split(r"(?s)(<(code|pre|script|style|textarea)\b.*?</\2>|<[^>]*>)", page)
    for at in range(0, len(parts), 3):  # the text; after it what was between, and that element's name
        parts[at] = re.sub(
            r"(?<![\w.])\d+(?:x\d+)+(?!\w)",
            lambda size: size[0].replace("x", "\N{MULTIPLICATION SIGN}"),
            parts[at],
        )
    return "".join(part for at, part in enumerate(parts) if at % 3 != 2)


def without_idle_scripts(page: str) -> str:
    """Take out of a page the scripts of widgets and search results that it does not have."""
    for used, scripts in (("data-widget=", r"widgets/"), ('id="search-results"', r"search\.js")):
        if used not in page:
            page = re.sub(rf'\s*<script [^>]*src="[^"]*_static/{scripts}[^"]*"></script>', "", page)
    return page


def with_description(page: str) -> str:
    """Say in a page's head what the page is about, for whoever is sent its address."""
    first, title = (
        re.search(r"(?s)<article.*?<p>(.*?)</p>", page),
        re.search(r"<title>(.*?)( — .*)?</title>", page),
    )
    if not first or not title:
        return page
    words = unescape(re.sub(r"<[^>]+>", "", first[1])).split()
    told = escape(textwrap.shorten(" ".join(words), 200, placeholder=" …"))
    tags = (
        f'<meta name="description" content="{told}" />\n'
        f'<meta property="og:type" content="article" />\n'
        f'<meta property="og:title" content="{title[1]}" />\n'
        f'<meta property="og:description" content="{told}" />\n'
    )
    if address := re.search(r'<link rel="canonical" href="([^"]*)"', page):  # where a book has one
        tags += f'<meta property="og:url" content="{address[1]}" />\n'
    return page.replace("</head>", f"{tags}</head>", 1)


def with_sources(page: str, up: str) -> str:
    """Put into each number of a page where it is from, for _static/hover.js; those without a source stay.

    Args:
        page: the text of a page.
        up: the way from the page to the book's folder, as in "../".
    """

    def sourced(element: re.Match[str]) -> str:
        try:
            number = numbers.resolve(unescape(element[1]))
        except LookupError:
            return element[0]  # checks.py tells
        shown_at = f' data-page="{escape(up + number.page)}"' if number.page else ""
        return f'<data value="{element[1]}" data-source="{escape(number.source)}"{shown_at}>'

    return re.sub(r'<data\s+value="([^"]*)">', sourced, page)


def finish(html: Path) -> None:
    """Make the changes in every page of a folder."""
    for path in html.rglob("*.html"):
        up = "../" * (len(path.relative_to(html).parts) - 1)
        page = with_description(finished(path.read_text("utf-8")))
        path.write_text(with_times(with_sources(without_idle_scripts(page), up)), "utf-8")
    shrink_icons(html)
