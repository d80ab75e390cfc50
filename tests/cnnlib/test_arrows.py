"""The library stands on its own: it knows neither the book nor its classes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "cnnlib"


def others(source: str) -> set[str]:
    """Names of modules and packages beyond the library that a module imports, or names to import."""
    return {name for name in _named(source) if name.partition(".")[0] in ("cnnbook", "cnncourse")}


def _named(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call):
            yield from (arg.value for arg in node.args if isinstance(getattr(arg, "value", None), str))


def test_the_library_imports_neither_the_book_nor_the_classes() -> None:
    paths = LIBRARY.rglob("*.py")
    found = {str(path.relative_to(LIBRARY)) for path in paths if others(path.read_text(encoding="utf-8"))}
    assert found == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from cnnbook import plots", {"cnnbook"}),
        ("def f():\n    import cnncourse.check as check", {"cnncourse.check"}),
        ("from importlib.resources import files\nfiles('cnnbook.records')", {"cnnbook.records"}),
        ("import cnnlib\nfrom . import data\nprint('the cnnbook', name.value)", set()),
    ],
)
def test_an_import_is_found_wherever_it_stands(source: str, found: set[str]) -> None:
    assert others(source) == found
