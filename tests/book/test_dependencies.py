from pathlib import Path

import nbformat
import pytest
from build import notebook_key
from dependencies import notebook_dependencies

PACKAGE = {
    "__init__.py": "",
    "__main__.py": "from cnnlib import ledger",
    "audit.py": "from __future__ import annotations\nimport math\nfrom .models import LeNet5",
    "ledger.py": "def claims():\n    from cnnlib import papers",
    "plots.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cnnlib.audit import Row",
    "models/__init__.py": "from cnnlib.models.lenet import LeNet5",
    "models/lenet.py": "from ..layers import squash",
    "layers.py": '"""Speaks of cnnlib.plots and imports nothing."""',
    "papers/__init__.py": "import pkgutil\nnames = [m.name for m in pkgutil.iter_modules(__path__)]",
    "papers/lenet.py": "",
    "papers/alexnet.py": "",
    "records/__init__.py": "",
    "records/lenet5/one.json": "{}",
    "broken.py": "def (",
}
MODELS = {"__init__.py", "models/__init__.py", "models/lenet.py", "layers.py"}
PAPERS = {"papers/__init__.py", "papers/lenet.py", "papers/alexnet.py"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in PACKAGE.items():
        path = tmp_path / "cnnlib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "cnnlib"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import numpy", set()),
        ("import cnnlib", {"__init__.py"}),
        ("from cnnlib import __version__", {"__init__.py"}),
        ("from cnnlib.models import LeNet5", MODELS),
        ("%matplotlib inline\nimport cnnlib.models.lenet as net\nfiles = !ls", MODELS),
        ("from cnnlib import audit", {"audit.py"} | MODELS),
        ("from cnnlib import plots  # its types do not run", {"__init__.py", "plots.py"}),
        ("from cnnlib import ledger", {"__init__.py", "ledger.py"} | PAPERS),
        ("def later():\n    from cnnlib import layers", {"__init__.py", "layers.py"}),
        (
            "from importlib.resources import files\nfiles('cnnlib.records')",
            {"__init__.py", "records/__init__.py", "records/lenet5/one.json"},
        ),
        ("!python -m cnnlib ledger", {"__init__.py", "__main__.py", "ledger.py"} | PAPERS),
        ("from cnnlib import broken", {"__init__.py", "broken.py"}),
        ("%%time\nfrom cnnlib import layers", {"__init__.py", "layers.py"}),
        ("%%bash\nfor i in 1; do python -m cnnlib; done", set(PACKAGE)),
        ("%%bash\nfor i in 1; do echo $i; done", set()),
        ("import importlib\nimportlib.import_module('cnnlib.' + name)", set(PACKAGE)),
        ("from cnnlib import *", set(PACKAGE)),
    ],
)
def test_dependencies_of_a_cell(package: Path, cell: str, expected: set[str]) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    found = notebook_dependencies(notebook, package)
    assert {path.relative_to(package).as_posix() for path in found} == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import cnnlib as cnn"], {"__init__.py"}),
        (["import cnnlib as cnn", "cnn.load('mnist')"], {"__init__.py", "audit.py"} | MODELS),
        (["import cnnlib", "cnnlib.models.LeNet5()"], MODELS),
        (["import cnnlib as cnn", "getattr(cnn, name)"], set(PACKAGE)),
    ],
)
def test_a_name_of_a_lazy_face_counts_where_it_is_used(
    package: Path, cells: list[str], expected: set[str]
) -> None:
    face = 'from importlib import import_module\n_FACE = {"load": "cnnlib.audit.totals"}'
    (package / "__init__.py").write_text(face)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    found = notebook_dependencies(notebook, package)
    assert {path.relative_to(package).as_posix() for path in found} == expected


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("from cnnlib import papers\npapers.paper('he2016')", {"he2016.toml"}),
        (
            "from cnnlib import papers\npapers.fact('lecun1998.mu')",
            {"lecun1998.toml", "lecun1998.errata.toml"},
        ),
        ("from cnnlib import papers\nfrom cnnlib import layers", {"he2016.toml"}),
        ("from cnnlib import papers", set()),
    ],
)
def test_of_the_papers_those_count_that_are_named(package: Path, cell: str, found: set[str]) -> None:
    for name in ("he2016.toml", "lecun1998.toml", "lecun1998.errata.toml"):
        (package / "papers" / name).write_text("")
    (package / "layers.py").write_text("from cnnlib.papers import paper\nHE = paper('he2016')")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    files = notebook_dependencies(notebook, package)
    assert {path.name for path in files if path.suffix == ".toml"} == found


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("cnnlib/__init__.py", {"plots", "audit"}),
        ("cnnlib/audit.py", {"audit"}),
        ("cnnlib/records/one.json", {"plots"}),
        ("cnnlib/records/two.json", {"plots"}),
        ("requirements.txt", {"plots", "audit", "plain"}),
        ("book/welcome.md", set()),
    ],
)
def test_a_change_makes_just_the_dependents_stale(make_book, changed: str, stale: set[str]) -> None:
    book = make_book(plots=["from cnnlib import plots"], audit=["from cnnlib import audit"], plain=["1"])
    before = {page: notebook_key(book, page) for page in book.notebooks()}
    (book.root / changed).write_text("changed = True")
    after = {page: notebook_key(book, page) for page in book.notebooks()}
    assert {Path(page).stem for page in before if before[page] != after[page]} == stale


def test_the_key_is_of_sources_and_not_of_outputs(make_book) -> None:
    book = make_book(one=["1"])
    (page,) = book.notebooks()
    path = book.root / page
    before = notebook_key(book, page)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].execution_count = 7
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="1\n")]
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    nbformat.write(notebook, path)
    assert notebook_key(book, page) == before
    notebook.cells[1].source = "2"
    nbformat.write(notebook, path)
    assert notebook_key(book, page) != before
