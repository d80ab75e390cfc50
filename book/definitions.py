"""The definitions of the glossary, where the script that shows them beside a word finds them."""

import json
from pathlib import Path

from bs4 import BeautifulSoup


def write_definitions(html: Path) -> None:
    """Write a rendered book's definitions as a script: a page that lies in a folder can load nothing else."""
    glossary = html / "book" / "glossary.html"
    found = definitions(glossary.read_text("utf-8")) if glossary.is_file() else {}
    script = f"window.glossaryTerms = {json.dumps(found, ensure_ascii=False, indent=0)};\n"
    (html / "_static").mkdir(exist_ok=True)
    (html / "_static" / "glossary-terms.js").write_text(script, "utf-8")


def definitions(page: str) -> dict[str, str]:
    """Read the definitions of a rendered glossary, as HTML without links, by the anchors of their words."""
    found = {}
    for word in BeautifulSoup(page, "html.parser").select("dl.glossary > dt"):
        definition = word.find_next_sibling("dd")
        assert definition, f"the glossary does not say what {word['id']} is"
        for link in definition.find_all(["a", "span"]):
            link.unwrap()
        found[str(word["id"])] = definition.decode_contents().strip()
    return found
