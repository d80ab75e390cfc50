"""What must hold of the rendered pages, read from their files.

build.py tells of every fault, and refuses a book that needs the network; with --strict it refuses any.
Each check yields sentences that name a file and what is wrong with it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from justhtml import JustHTML

from cnnbook import numbers
from cnncourse import PLACEHOLDER


class Page:
    """A page of a rendered book, parsed as browsers do.

    Attributes:
        path: of its file.
        errors: where a browser has to guess.
        elements: everything on it, in order.
    """

    def __init__(self, path: Path):
        document = JustHTML(path.read_text("utf-8"), collect_errors=True, sanitize=False)
        self.path = path
        self.errors = document.errors
        self.elements = list(elements(document.root))

    def ids(self) -> list[str]:
        """List the ids, with their repetitions."""
        return [element.attrs["id"] for element in self.elements if "id" in element.attrs]

    def addresses(self) -> list[str]:
        """List the addresses that the page links to or shows, each once."""
        found = (element.attrs.get(name) for element in self.elements for name in ("href", "src"))
        return list(dict.fromkeys(address for address in found if address))


def elements(node: Any) -> Iterator[Any]:
    """Yield the elements below a node."""
    for child in getattr(node, "children", None) or ():
        if getattr(child, "attrs", None) is not None:
            yield child
        yield from elements(child)


def faults(html: Path, pages: list[Page]) -> Iterator[str]:
    """Yield the faults of the book in a folder, given its pages."""
    found = [*markup_faults(pages), *broken_links(pages), *wrong_numbers(pages), *placeholders(html)]
    yield from (f"{path.relative_to(html)}: {fault}" for path, fault in found)


def network_faults(html: Path, pages: list[Page]) -> Iterator[str]:
    """Yield what reading the book in a folder would fetch from the network. Links to click are fine."""
    found = [*remote_resources(pages), *remote_styles(html)]
    yield from (f"{path.relative_to(html)}: {fault}" for path, fault in found)


def read_pages(html: Path) -> list[Page]:
    """Read the pages of a rendered book: all but the pieces of the theme among its static files."""
    return [
        Page(path) for path in sorted(html.rglob("*.html")) if "_static" not in path.relative_to(html).parts
    ]


def markup_faults(pages: list[Page]) -> Iterator[tuple[Path, str]]:
    """Yield where pages are no valid HTML, and the ids that are there twice."""
    for page in pages:
        for error in page.errors:
            yield page.path, f"not valid HTML: line {error.line}: {error.message}"
        for name, count in Counter(page.ids()).items():
            if count > 1:
                yield page.path, f'{count} elements have the id "{name}"'


def broken_links(pages: list[Page]) -> Iterator[tuple[Path, str]]:
    """Yield the links, pictures, scripts and downloads that lead to no file or to no place on a page."""
    anchors = {page.path.resolve(): set(page.ids()) for page in pages}
    for page in pages:
        for address in page.addresses():
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or address == "#":
                continue
            target = (page.path.parent / unquote(parts.path) if parts.path else page.path).resolve()
            fragment = "" if is_setting(parts.fragment) else unquote(parts.fragment)
            if not target.is_file():
                yield page.path, f"{address} leads to no file"
            elif fragment and target in anchors and fragment not in anchors[target]:
                yield page.path, f"{address} leads to a page that has no such place"


def is_setting(fragment: str) -> bool:
    """Whether what follows the # of an address is no place but a setting of the page, as in #batch=4."""
    return "=" in fragment


def wrong_numbers(pages: list[Page]) -> Iterator[tuple[Path, str]]:
    """Yield the numbers that are not what their source says, and the sources that are shown nowhere."""
    shown = {page.path.resolve(): set(page.ids()) for page in pages}
    for page in pages:
        for element in page.elements:
            if element.name != "data":
                continue
            if fault := numbers.fault(element.attrs.get("value") or "", element.to_text().strip()):
                yield page.path, fault
            file, _, place = (element.attrs.get("data-page") or "").partition("#")
            if place and place not in shown.get((page.path.parent / file).resolve(), ()):
                yield page.path, f"{element.attrs['data-page']}, the source of a number, is no such place"


def placeholders(html: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that a reader opens or downloads and that give the repository's stand-in address."""
    for path in sorted(html.rglob("*")):
        if path.suffix in (".html", ".ipynb", ".md", ".js") and PLACEHOLDER in path.read_text("utf-8"):
            yield path, f"{PLACEHOLDER} stands where a reader would click or copy"


# --- the network ---------------------------------------------------------------------------------------

_HOST = r"//[\w.-]+\.\w+"
_REMOTE = rf"(?:https?:)?{_HOST}"
_LOADED_ATTRIBUTES = ("src", "srcset", "data", "poster", "xlink:href")
_LOADED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "modulepreload", "manifest"}


def remote_resources(pages: list[Page]) -> Iterator[tuple[Path, str]]:
    """Yield what opening the pages would fetch from the network. Links to click are fine."""
    for page in pages:
        for element in page.elements:
            for address in _loaded(element):
                yield page.path, f"loads {address} from the network"


def remote_styles(html: Path) -> Iterator[tuple[Path, str]]:
    """Yield what the style sheets of a folder would fetch from the network."""
    for style in sorted(html.rglob("*.css")):
        for address in _style_resources(style.read_text("utf-8", errors="replace")):
            yield style, f"loads {address} from the network"


def _loaded(element: Any) -> Iterator[str]:
    """Yield the addresses in the network that one element loads."""
    given = {name: value or "" for name, value in element.attrs.items()}
    loaded = [given[name] for name in _LOADED_ATTRIBUTES if name in given]
    if element.name in ("image", "use") or (
        element.name == "link" and _LOADED_LINKS & set(given.get("rel", "").split())
    ):
        loaded.append(given.get("href", ""))
    yield from (address for address in loaded if re.search(rf"(?:^|[\s,]){_REMOTE}", address))
    yield from _style_resources(given.get("style", ""))
    if element.name == "style":
        yield from _style_resources(element.to_text())
    if element.name == "script" and "src" not in given:  # require.js and its like are told where to look
        yield from re.findall(rf"""["'](https?:{_HOST}[^"']*\.js)["']""", element.to_text())


def _style_resources(text: str) -> Iterator[str]:
    """Yield the addresses in the network that a style sheet loads."""
    yield from re.findall(rf"""(?:url\(|@import)\s*["']?({_REMOTE}[^"')\s]*)""", text)
