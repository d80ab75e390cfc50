"""What a reader reads on a page: its sentences, without code, formulas and addresses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

_MARKDOWN = (
    MarkdownIt("commonmark")
    .enable("table")
    .use(dollarmath_plugin)
    .use(amsmath_plugin)
    .use(colon_fence_plugin)
    .use(deflist_plugin)
    .use(myst_role_plugin)
)
_NO_PROSE = {"code", "code-block", "code-cell", "math", "bibliography", "raw", "mermaid"}
_ALT = re.compile(r'<img\b[^>]*?\balt="([^"]*)"')


@dataclass
class Page:
    """The text of a page.

    Attributes:
        prose: paragraphs, headings, captions, cells of tables: text, with what HTML stands in it.
        alt: alternative texts of its pictures, those typed in code among them.
        html: what its cells gave, where that is HTML or Markdown.
    """

    prose: list[str] = field(default_factory=list)
    alt: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)


def read(path: Path) -> Page:
    """Read a notebook or a Markdown page."""
    page = Page()
    if path.suffix == ".md":
        _add(page, path.read_text("utf-8"))
        return page
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            _add(page, cell.source)
        elif cell.cell_type == "code":
            _add_typed(page, cell.source)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            page.html += [data[kind] for kind in ("text/html", "text/markdown") if kind in data]
    return page


def parse(markdown: str) -> Page:
    """Read a text in Markdown."""
    page = Page()
    _add(page, markdown)
    return page


def _add(page: Page, markdown: str) -> None:
    for token in _MARKDOWN.parse(markdown):
        if token.type == "inline":
            page.prose.append("".join(_text(page, token.children or [])))
        elif token.type == "html_block":
            page.alt += _ALT.findall(token.content)
            page.prose.append(token.content)
        elif token.type in ("fence", "colon_fence"):
            _add_directive(page, token)


def _add_directive(page: Page, token: Token) -> None:
    """The text inside a directive, such as a figure with its caption; none of code."""
    name = re.match(r"\{([\w:-]+)\}(.*)", token.info.strip())
    if not name or name[1] in _NO_PROSE:
        return
    lines = token.content.splitlines()
    options = [line for line in lines if re.match(r"[ \t]*:[\w-]+:", line)]
    page.alt += [line.partition("alt:")[2].strip() for line in options if line.strip().startswith(":alt:")]
    title = "" if name[1] in ("figure", "image") else name[2]
    _add(page, "\n".join([title, "", *(line for line in lines if line not in options)]))


def _add_typed(page: Page, code: str) -> None:
    """Captions and alternative texts that code hands to a figure as they are."""
    with suppress(SyntaxError):  # a cell in another language
        for call in ast.walk(ast.parse(code)):
            for keyword in getattr(call, "keywords", []):
                into = {"alt": page.alt, "caption": page.prose}.get(keyword.arg)
                constants = [node for node in ast.walk(keyword.value) if isinstance(node, ast.Constant)]
                if into is not None:
                    into += [node.value for node in constants if isinstance(node.value, str)]


def _text(page: Page, tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "html_inline"):
            if token.type == "html_inline":
                page.alt += _ALT.findall(token.content)
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif token.type == "image":
            page.alt.append(token.content)
        elif token.type == "myst_role":
            yield f" {token.content} "
        else:  # code, a formula, the beginning or end of a link or of emphasis
            yield "" if token.type.endswith(("_open", "_close")) else " … "
