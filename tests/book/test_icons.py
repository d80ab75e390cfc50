"""The icons of the pages: those that are shown, and no others."""

from pathlib import Path

import pydata_sphinx_theme
from fontTools.ttLib import TTFont
from icons import shrink_icons

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/vendor/fontawesome"


def test_icons_that_no_page_shows_are_left_out(tmp_path: Path) -> None:
    (original,) = THEME.iterdir()
    folder = tmp_path / "_static/vendor/fontawesome" / original.name
    for name in ("css", "webfonts"):
        (folder / name).mkdir(parents=True)
    (folder / "webfonts/fa-solid-900.ttf").write_bytes(b"the theme's")
    (tmp_path / "page.html").write_text('<i class="fa-solid fa-list"></i>', "utf-8")
    (tmp_path / "_static/theme.css").write_text('a::before { content: "\uf08e" }', "utf-8")
    for _ in range(2):  # a second build starts from the theme's files again
        shrink_icons(tmp_path)
    style = (folder / "css/all.min.css").read_text("utf-8")
    assert ".fa-list:before" in style
    assert ".fa-dog" not in style
    assert "woff2" not in style
    assert "ttf" not in style
    assert not list(folder.glob("webfonts/*.ttf"))
    assert set(TTFont(folder / "webfonts/fa-solid-900.woff").getBestCmap()) >= {0xF03A, 0xF08E}
    assert 0xF6D3 not in TTFont(folder / "webfonts/fa-solid-900.woff").getBestCmap()
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 40_000
