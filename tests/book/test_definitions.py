import json
from pathlib import Path

from conftest import REPOSITORY
from definitions import definitions, write_definitions


def test_definitions_are_read_from_the_rendered_glossary() -> None:
    page = """<dl class="simple glossary">
        <dt id="term-filter">filter<a href="#term-filter">#</a></dt><dt id="term-kernel">kernel</dt>
        <dd><p>Slides over a <a href="#term-feature-map"><span>map</span></a>, <em>always</em>.</p></dd>
        <dt id="term-pass">pass</dt><dd><p>An <a href="x.html">epoch</a>.</p></dd></dl>
        <dl><dt id="other">no word</dt><dd>of the glossary</dd></dl>"""
    slides = "<p>Slides over a map, <em>always</em>.</p>"
    assert definitions(page) == {
        "term-filter": slides,
        "term-kernel": slides,
        "term-pass": "<p>An epoch.</p>",
    }


def test_a_book_without_a_glossary_has_none(tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    write_definitions(tmp_path)
    script = (tmp_path / "_static" / "glossary-terms.js").read_text()
    assert json.loads(script.removeprefix("window.glossaryTerms = ").removesuffix(";\n")) == {}


def test_the_script_and_its_definitions_agree_on_their_names() -> None:
    script = (REPOSITORY / "book" / "_static" / "hover.js").read_text()
    assert '"glossary-terms.js"' in script
    assert "window.glossaryTerms" in script
