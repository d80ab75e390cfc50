"""Scripts that a page loads only when a reader asks for what they hold: too large for every visit."""

import base64
import gzip
import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from checks import Page, elements

from cnnlib import data

NETWORK_MISSING = (
    "Nothing can be shown to the network here: this copy of the book was built without SqueezeNet's weights, "
    "which `make` installs."
)
_PICTURE = '<div class="cnn-widget" data-widget="picture">'


def write_digits(html: Path) -> None:
    """Write the digits that come with the package as a script, where a page of the book trains on them.

    A script, since a page that was opened from a folder can load nothing else. Those to learn from stand
    before those held out, 28 x 28 bytes each, with their labels, packed with gzip, in base64.
    """
    if not _pages_with(html, 'data-widget="training"'):
        return
    train, pixels, labels = read_digits()
    found = {"train": train, "pixels": packed(pixels), "labels": packed(labels)}
    _write(html / "_static" / "widgets" / "mnist-digits.js", "cnnDigits", found)


def read_digits() -> tuple[int, np.ndarray, np.ndarray]:
    """How many digits are to learn from; all of them (n, 28, 28, 1), those first; their labels (n,)."""
    digits = data.load("mnist")
    pixels = np.concatenate([digits.train.x, digits.test.x])
    return len(digits.train.y), pixels, np.concatenate([digits.train.y, digits.test.y]).astype("uint8")


def write_pictures(html: Path) -> None:
    """Write SqueezeNet and the package's photographs as scripts, where a page of the book shows it pictures.

    A network is its description (`cnnbook.widgets.picture.described`) and its weights, packed as the digits
    are. Where they are not installed the page says so, above the picture that it has without scripts.
    """
    pages = _pages_with(html, _PICTURE)
    if not pages:
        return
    from cnnbook.widgets import picture  # which needs Keras, and most commands of the build do not

    found = picture.network()
    if found is None:
        for page in pages:
            said = f"<p>{NETWORK_MISSING}</p>" + _PICTURE.replace('"picture"', '"none"')
            page.write_text(page.read_text("utf-8").replace(_PICTURE, said), "utf-8")
        return
    licence = metadata.distribution(picture.SOURCE.package).read_text("LICENSE")
    network = picture.described(found) | {"packed": packed(picture.halves(found.model))}
    scripts = html / "_static" / "widgets"
    _write(scripts / "squeezenet-weights.js", "cnnWeights", network, f"/* {found.source}\n{licence}*/\n")
    _write(scripts / "photographs.js", "cnnPhotographs", picture.photographs())


def _pages_with(html: Path, text: str) -> list[Path]:
    return [page for page in html.rglob("*.html") if text in page.read_text("utf-8")]


def _write(script: Path, variable: str, found: dict, before: str = "") -> None:
    told = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    script.write_text(f"{before}window.{variable} = {told};\n", "utf-8")


def packed(values: np.ndarray) -> str:
    """Pack bytes with gzip, the same whenever it is done, and write them in base64."""
    assert values.dtype == np.uint8
    return base64.b64encode(gzip.compress(values.tobytes(), mtime=0)).decode()


_UNREAD = ("script", "style", "svg", "math", "button", "summary", "h1", "h2", "h3", "h4", "h5", "h6")


def write_texts(html: Path, pages: list[Page]) -> None:
    """Write what all pages say as a script, where the page of the search shows what was found.

    For each page its sections, in order: their ids, and their paragraphs without headings, then the rows of
    tables, then code.
    """
    found = {
        page.path.relative_to(html).as_posix(): list(sections(article))[::-1]
        for page in pages
        for article in page.elements
        if article.name == "article"
    }
    _write(html / "_static" / "page-texts.js", "cnnTexts", found)


def sections(article: Any) -> Iterator[tuple[str, list[str]]]:
    """Take the sections out of a page, the last and innermost first, so that none holds another."""
    for section in [element for element in elements(article) if element.name == "section"][::-1]:
        section.parent.remove_child(section)
        rows, code = [], []
        for element in list(elements(section)):
            if element.name == "tr":
                cells = (_words(cell) for cell in element.children if cell.name in ("td", "th"))
                rows.append(" · ".join(filter(None, cells)))
            elif element.name == "pre":
                code.append(_words(element))
            elif element.name not in _UNREAD and element.attrs.get("class") != "headerlink":
                continue
            element.parent.remove_child(element)
        prose = section.to_text("\f", strip=False, separator_blocks_only=True).split("\f")
        paragraphs = [*(" ".join(text.split()) for text in prose), *rows, *code]
        yield section.attrs.get("id", ""), [text for text in paragraphs if text]


def _words(element: Any) -> str:
    return " ".join(element.to_text("", strip=False).split())
