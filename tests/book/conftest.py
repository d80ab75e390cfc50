import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "book"))

import build  # noqa: E402


def write_notebook(path: Path, *sources: str, contract: dict | None = None) -> Path:
    """Write a notebook of code cells; the first carries the tag `parameters`."""
    cells = [nbformat.v4.new_markdown_cell("# A page", id="title")]
    cells += [nbformat.v4.new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(sources)]
    cells[1].metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    if contract is not None:
        notebook.metadata["cnnlib"] = {"contract": {"quick": contract}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def make_book(tmp_path: Path) -> Callable[..., build.Book]:
    """A book with the repository's settings, notebooks given as lists of cells, and a small `cnnlib`."""

    def make(**notebooks: list[str]) -> build.Book:
        package = {
            "__init__.py": "",
            "plots.py": "from cnnlib import records",
            "records/__init__.py": "",
            "records/one.json": "{}",
            "audit.py": "",
        }
        for name, text in package.items():
            (tmp_path / "cnnlib" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "cnnlib" / name).write_text(text)
        shutil.copytree(REPOSITORY / "book" / "_static", tmp_path / "book" / "_static")
        (tmp_path / "book" / "references.bib").write_text("")
        (tmp_path / "book" / "welcome.md").write_text("# A small book\n\nwith $x^2$ in it\n")
        (tmp_path / "requirements.txt").write_text("")
        (tmp_path / "_config.yml").write_text((REPOSITORY / "_config.yml").read_text())
        chapters = [{"file": f"notebooks/{name}"} for name in notebooks]
        toc = {
            "format": "jb-book",
            "root": "book/welcome",
            "parts": [{"caption": "Part", "chapters": chapters}],
        }
        (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
        for name, sources in notebooks.items():
            write_notebook(
                tmp_path / "notebooks" / f"{name}.ipynb", *sources, contract={"seconds": 60, "gigabytes": 3}
            )
        return build.Book(tmp_path)

    return make
