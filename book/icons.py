"""The theme's icons, two thousand of them in 400 KB of fonts and style, cut to those that a page shows."""

import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from fontTools.ttLib import TTFont

_THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
_RULE = r'((?:\.fa-[a-z0-9-]+:+before,?)+)\{content:"(\\[0-9a-f]+|.)"\}'


def shrink_icons(html: Path) -> None:
    """Write style sheet and fonts of the icons anew, with what pages, scripts and styles of a folder name.

    They are made from the theme's own files each time: a later build may show an icon that this one lacks.
    """
    for folder in html.glob("_static/vendor/fontawesome/*"):
        original = _THEME / folder.relative_to(html / "_static")
        names, codes = _used(html)
        style = (original / "css/all.min.css").read_text("utf-8")

        def kept(rule: re.Match[str], names: set[str] = names, codes: set[int] = codes) -> str:
            if not names & set(re.findall(r"\.(fa-[a-z0-9-]+)", rule[1])):
                return ""
            codes.add(int(rule[2][1:], 16) if rule[2].startswith("\\") else ord(rule[2]))
            return rule[0]

        style = re.sub(_RULE, kept, style)
        style = re.sub(r'url\(([^)]*)\.woff2\) format\("woff2"\),url\([^)]*\)[^;}]*', r"url(\1.woff)", style)
        (folder / "css/all.min.css").write_text(style, "utf-8")
        for font in (original / "webfonts").glob("*.ttf"):
            _cut(font, folder / "webfonts" / f"{font.stem}.woff", codes)
        for old in [*folder.glob("webfonts/*.ttf"), *folder.glob("webfonts/*.woff2")]:
            old.unlink()


def _used(html: Path) -> tuple[set[str], set[int]]:
    """The icons that a folder names, and those that its style sheets have as characters."""
    names: set[str] = set()
    codes: set[int] = set()
    for path in html.rglob("*"):
        if path.suffix not in (".html", ".js", ".css") or "fontawesome" in path.parts:
            continue
        text = path.read_text("utf-8")
        if path.suffix == ".css":
            codes.update(ord(sign) for sign in re.findall("[\ue000-\uf8ff]", text))
            codes.update(int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})\b", text))
        else:
            names.update(re.findall(r"\bfa-[a-z0-9-]+", text))
    return names, codes


def _cut(font: Path, to: Path, codes: set[int]) -> None:
    glyphs = TTFont(font)
    cutter = subset.Subsetter()
    cutter.populate(unicodes=codes)
    cutter.subset(glyphs)
    glyphs.flavor = "woff"
    glyphs.save(to)
