import importlib.util
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import build
import nbformat
import pytest
from conftest import REPOSITORY, write_notebook
from IPython.core.inputtransformer2 import TransformerManager
from IPython.utils.text import DollarFormatter

from cnncourse.setup_cell import setup_cell

COMMITTED = [
    path for folder in ("notebooks", "book") for path in sorted((REPOSITORY / folder).rglob("*.ipynb"))
]


RENDER = build.render


def run(book: build.Book, *arguments: str) -> int:
    return build.main(["--root", str(book.root), *arguments])


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the running of notebooks and the rendering; list the notebooks that would run."""
    ran: list[str] = []

    def execute(book: build.Book, page: str, key: str) -> build.Run:
        ran.append(Path(page).stem)
        book.executed(page).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(build.source_of(book, page), book.executed(page))
        return build.Run(key, cells=1, seconds=10.0, gigabytes=1.0)

    monkeypatch.setattr(build, "execute", execute)
    monkeypatch.setattr(build, "render", lambda book, state, strict: None)
    return ran


def test_a_notebook_runs_quick_offline_and_in_its_own_process(make_book, capsys) -> None:
    cells = [
        'profile = "colab"',
        "import os\nprint(profile, os.environ['CNNLIB_OFFLINE'], os.environ['KERAS_BACKEND'], flush=True)",
        "ballast = bytearray(400_000_000)\nprint(os.getcwd(), flush=True)",
        "%matplotlib inline\nimport cnnlib\nprint(cnnlib.__file__)",
        "import sys\nprint('keras' in sys.modules)",
    ]
    book = make_book(one=cells)
    state = build.State(book)
    build.execute_changed(book, state, at_once=1)
    (took,) = state.runs.values()
    line = capsys.readouterr().out
    assert line == f"notebooks/one.ipynb  5/5 cells  {took.seconds:.0f} s  {took.gigabytes:.1f} GB\n"
    # No tighter: Linux counts what the process that forked held, which has TensorFlow loaded.
    assert 0.4 < took.gigabytes < 4
    assert took.seconds > 0.5
    notebook = build.read_notebook(book.executed("notebooks/one.ipynb"))
    assert [cell.id for cell in notebook.cells] == ["title", *(f"cell-{place}" for place in range(5))]
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3, 4, 5]
    assert notebook.cells[2].outputs[0].text == "quick 1 tensorflow\n"
    assert notebook.cells[4].outputs[0].text == "cnnlib/__init__.py\n"  # no absolute path
    if sys.platform == "linux":  # forked from a process that has imported it
        assert notebook.cells[5].outputs[0].text == "True\n"
    assert "papermill" not in nbformat.writes(notebook)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("raise ValueError('no such layer')", "ValueError: no such layer"),
        ("import os\nos._exit(9)", "died"),
    ],
)
def test_a_failing_cell_is_named_and_nothing_is_rendered(make_book, capfd, cell: str, reason: str) -> None:
    book = make_book(one=['profile = "quick"', f"# the third cell\n{cell}", "print('unreached')"])
    assert run(book) == 1
    out, err = capfd.readouterr()
    assert err.startswith("error: notebooks/one.ipynb: cell 3 of 4 failed: ")
    assert reason in err.splitlines()[0]
    assert "the cell begins: # the third cell" in err
    assert out.endswith("failed\n")
    assert not book.html.exists()
    assert not build.State(book).runs


def test_a_kernel_ends_with_the_process_that_runs_its_notebook(make_book) -> None:
    left = "import os, pathlib, time\nos.kill(os.getppid(), 9)\ntime.sleep(4)\npathlib.Path('left').touch()"
    book = make_book(one=['profile = "quick"', left])
    assert run(book) == 1
    time.sleep(5)
    assert not (book.root / "notebooks" / "left").exists()


def test_a_parameter_that_a_notebook_does_not_have_is_refused(make_book, capsys) -> None:
    book = make_book(one=['profil = "quick"\nseed: int = 0', "print(profil)"])
    assert run(book) == 1
    assert capsys.readouterr().err == (
        "error: notebooks/one.ipynb has no parameter 'profile'; its cell with the tag `parameters` defines: "
        "profil, seed\n"
    )
    assert not book.executed("notebooks/one.ipynb").exists()


def test_only_what_changed_runs_again(make_book, pretend: list[str], capsys) -> None:
    book = make_book(plots=["from cnnlib import plots"], plain=["1"])
    assert run(book) == 0
    assert pretend == ["plots", "plain"]
    assert capsys.readouterr().out.endswith(f"{book.html / 'index.html'}\n")
    assert run(book) == 0
    assert pretend == ["plots", "plain"]
    assert "notebooks/plain.ipynb  unchanged" in capsys.readouterr().out
    (book.root / "cnnlib" / "plots.py").write_text("")
    assert run(book) == 0
    assert pretend == ["plots", "plain", "plots"]
    write_notebook(book.root / "notebooks" / "plain.ipynb", "2")
    assert run(book) == 0
    assert pretend == ["plots", "plain", "plots", "plain"]
    book.executed("notebooks/plain.ipynb").unlink()
    assert run(book) == 0
    assert pretend[4:] == ["plain"]


def test_a_notebook_is_not_charged_for_waiting(make_book) -> None:
    book = make_book(one=["import time\ntime.sleep(8)"])
    state = build.State(book)
    build.execute_changed(book, state, at_once=1)
    (took,) = state.runs.values()
    assert 0.5 < took.seconds < 8


@pytest.mark.parametrize(
    ("cores", "gigabytes", "at_once"), [(2, 24, 3), (2, 8, 2), (8, 16, 4), (1, 2, 1), (None, 24, 2)]
)
def test_as_many_notebooks_run_as_cores_and_memory_allow(
    cores: int | None, gigabytes: int, at_once: int, monkeypatch
) -> None:
    known = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": gigabytes * 10**9 // 4096}
    monkeypatch.setattr(build.os, "sysconf", known.__getitem__)
    monkeypatch.setattr(build.os, "cpu_count", lambda: cores)
    assert build.notebooks_at_once() == at_once


def test_the_longest_notebook_is_begun_first(make_book, pretend: list[str], monkeypatch) -> None:
    monkeypatch.setattr(build, "notebooks_at_once", lambda: 1)
    book = make_book(short=["1"], long=["2"], middle=["3"])
    for name, seconds in {"short": 20, "long": 90}.items():
        path = book.root / f"notebooks/{name}.ipynb"
        notebook = build.read_notebook(path)
        notebook.metadata["cnnlib"] = {"contract": {"quick": {"seconds": seconds, "gigabytes": 2}}}
        nbformat.write(notebook, path)
    assert run(book) == 0
    assert pretend == ["long", "middle", "short"]


def test_a_page_that_names_a_folder_beside_its_own_depends_on_its_files(
    make_book, pretend: list[str]
) -> None:
    book = make_book(speed=['folder = "../benchmarks"'], plain=["1"])
    (book.root / "benchmarks").mkdir()
    (book.root / "benchmarks" / "here.json").write_text("{}")
    assert run(book) == 0
    (book.root / "benchmarks" / "here.json").write_text("[]")
    assert run(book) == 0
    assert pretend == ["speed", "plain", "speed"]


def test_a_page_that_is_not_there(make_book, capsys) -> None:
    book = make_book(one=["1"])
    (book.root / "notebooks" / "one.ipynb").unlink()
    assert run(book) == 1
    assert "_toc.yml lists notebooks/one, but there is no notebooks/one.ipynb" in capsys.readouterr().err


def test_a_file_that_is_no_notebook(make_book, capsys) -> None:
    book = make_book(one=["1"])
    (book.root / "notebooks" / "one.ipynb").write_text('{"cells": [')
    assert run(book) == 1
    assert "one.ipynb is not a notebook" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        ({"seconds": 10, "gigabytes": 1}, None),
        ({"seconds": 8, "gigabytes": 1}, "took 10.0 seconds, 2 more than its 8"),
        ({"seconds": 10, "gigabytes": 0.75}, "took 1.0 gigabytes, 0.25 more than its 0.75"),
        ({"seconds": 10}, "metadata.cnnlib.contract.quick must give seconds and gigabytes"),
        (None, "metadata.cnnlib.contract.quick must give seconds and gigabytes"),
    ],
)
def test_contract(make_book, pretend: list[str], capsys, contract: dict | None, message: str | None) -> None:
    book = make_book(one=["1"])
    write_notebook(book.root / "notebooks" / "one.ipynb", "1", contract=contract)
    assert run(book) == 0  # a reader's slow machine is no error
    assert run(book, "--check-contract") == (message is not None)
    error = capsys.readouterr().err
    assert error == (f"error: notebooks/one.ipynb: {message}\n" if message else "")


def test_a_run_over_its_budget_is_measured_again(make_book, pretend: list[str]) -> None:
    book = make_book(one=["1"])
    write_notebook(book.root / "notebooks" / "one.ipynb", "1", contract={"seconds": 8, "gigabytes": 1})
    assert [run(book, "--check-contract"), run(book, "--check-contract")] == [1, 1]
    assert pretend == ["one"] * 4


def test_one_slow_run_is_no_fault(make_book, pretend: list[str], monkeypatch) -> None:
    book = make_book(one=["1"])
    write_notebook(book.root / "notebooks" / "one.ipynb", "1", contract={"seconds": 10, "gigabytes": 1})
    quiet = build.execute
    monkeypatch.setattr(
        build,
        "execute",
        lambda *place: replace(quiet(*place), seconds=11.0 if len(pretend) == 1 else 10.0),
    )
    assert run(book, "--check-contract") == 0
    assert run(book, "--check-contract") == 0
    assert pretend == ["one", "one"]


def test_in_place_writes_set_up_cell_and_outputs_once(make_book, monkeypatch, capsys) -> None:
    book = make_book(one=['profile = "quick"', "print(profile)\nimport time\ntime.sleep(1)"])
    path = book.root / "notebooks" / "one.ipynb"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert run(book, "--in-place") == 0
    shown = capsys.readouterr().out.split("\r\x1b[2K")
    assert any(line.startswith("notebooks/one.ipynb  2/3 cells") for line in shown)
    assert shown[-1].startswith("notebooks/one.ipynb  3/3 cells")
    monkeypatch.undo()
    first = path.read_text()
    notebook = nbformat.reads(first, as_version=4)
    assert [cell.id for cell in notebook.cells] == ["title", "setup", "cell-0", "cell-1"]
    assert notebook.cells[3].outputs[0].text == "quick\n"
    assert run(book, "--in-place") == 0
    assert path.read_text() == first
    assert capsys.readouterr().out == "notebooks/one.ipynb  unchanged\n"
    assert not book.html.exists()


class Shell:
    """What IPython is asked for; the package is there when pip has been asked for it, if pip succeeds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, installed: bool, succeeds: bool = True):
        self.asked: list[str] = []
        self.names: dict[str, object] = {"get_ipython": lambda: self}
        self.installed, self.succeeds = installed, succeeds
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if self.installed else None)

    def run_line_magic(self, magic: str, words: str) -> None:
        self.asked.append(f"{magic} {DollarFormatter().vformat(words, (), self.names)}")
        self.installed = self.succeeds

    def run(self, text: str) -> list[str]:
        """Run the set-up cell and return what IPython was asked for."""
        exec(TransformerManager().transform_cell(text), self.names)
        return self.asked


COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOMEWHERE = setup_cell("https://example.org/x", COMMIT)
NOWHERE = setup_cell(f"https://github.com/{build.PLACEHOLDER}", "")


@pytest.mark.parametrize("installed", [True, False])
def test_the_set_up_cell_installs_only_what_is_missing_from_one_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = Shell(monkeypatch, installed).run(SOMEWHERE)
    assert asked == ([] if installed else [f'pip install --quiet "git+https://example.org/x@{COMMIT}"'])


@pytest.mark.parametrize("text", [SOMEWHERE, NOWHERE])
def test_the_set_up_cell_takes_the_newest_wheel_beside_the_notebook_or_in_a_named_folder_of_the_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "My Drive").mkdir()
    text = text.replace("/content/drive/MyDrive/cnnlib", f"{tmp_path}/My Drive")
    assert f"{tmp_path}/My Drive" in text
    for place in ("My Drive/cnnlib-0.9.0", "My Drive/cnnlib-0.10.0", "cnnlib-0.1.0"):
        wheel = tmp_path / f"{place}-py3-none-any.whl"
        wheel.write_bytes(b"")
        os.utime(wheel, (len(wheel.name), len(wheel.name)))
        taken = wheel if place.startswith("My") else wheel.name
        assert Shell(monkeypatch, installed=False).run(text) == [f'pip install --quiet "{taken}"']
    (tmp_path / "cnnlib-0.1.0-py3-none-any (1).whl").write_bytes(b"")  # a second upload: pip refuses the name
    assert Shell(monkeypatch, installed=False).run(text) == [f'pip install --quiet "{taken}"']


@pytest.mark.parametrize("text", [SOMEWHERE, NOWHERE])
def test_the_set_up_cell_stops_with_a_sentence_where_the_package_can_not_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = Shell(monkeypatch, installed=False, succeeds=False)
    with pytest.raises(SystemExit) as stop:
        shell.run(text)
    assert str(stop.value) == (
        "The book's package cnnlib is missing and could not be installed: put the file cnnlib-*.whl, which "
        "`make wheel` writes, beside this notebook or into /content/drive/MyDrive/cnnlib, and run this cell "
        "again."
    )
    assert len(shell.asked) == (text == SOMEWHERE)


def test_without_an_address_the_set_up_cell_names_nobody() -> None:
    assert "git+" not in NOWHERE
    assert build.PLACEHOLDER not in NOWHERE
    assert "pip install --quiet cnnlib" not in NOWHERE  # nor a name in a registry


@pytest.mark.parametrize(
    ("colab", "gpu", "said"),
    [
        (True, False, "Runtime > Change runtime type > T4 GPU"),
        (True, True, ""),
        (False, False, ""),
    ],
)
def test_the_set_up_cell_says_on_colab_that_no_gpu_is_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, colab: bool, gpu: bool, said: str
) -> None:
    if colab:
        monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    if gpu:
        (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    Shell(monkeypatch, installed=True).run(SOMEWHERE)
    shown = capsys.readouterr().out
    assert said in shown
    assert bool(shown) == bool(said)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_committed_notebooks_carry_the_set_up_cell(path: Path) -> None:
    url = build.Book(REPOSITORY).config()["repository"]["url"]
    notebook = build.read_notebook(path)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    # A later commit may have changed the package; only a book that is published must name the last.
    commit = next(iter(re.findall(r"@([0-9a-f]{40})", first.source)), "")
    wanted = build.with_setup_cell(nbformat.v4.new_notebook(), setup_cell(url, commit)).cells[0]
    assert first == wanted | {"execution_count": first.execution_count}, "python book/build.py --first-cells"


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_committed_notebooks_state_their_budget(path: Path) -> None:
    assert build.budget(build.read_notebook(path))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_committed_notebooks_are_tidy(path: Path) -> None:
    notebook = build.tidy(build.read_notebook(path), REPOSITORY)
    assert path.read_text("utf-8") == nbformat.writes(notebook) + "\n"


def test_rendering_is_offline_skipped_when_nothing_changed_and_strict(
    make_book, pretend, monkeypatch, capsys
):
    monkeypatch.setattr(build, "render", RENDER)
    monkeypatch.delenv("BOOK_ADDRESS", raising=False)
    book = make_book(one=['profile = "quick"'])
    (book.root / "book" / "welcome.md").write_text("# A small book\n\nwith $x^2$ and [nothing](nowhere.md)\n")
    assert run(book) == 0
    assert "cross-reference target not found: 'nowhere.md'" in capsys.readouterr().out
    welcome = (book.html / "book" / "welcome.html").read_text()
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in welcome  # a formula that needs no script
    assert "fontawesome" in welcome
    assert "js/all.min.js" not in welcome
    assert "canonical" not in welcome  # no address is made up
    assert "og:url" not in welcome
    assert "colab" not in (book.html / "notebooks" / "one.html").read_text()  # no address, no button

    assert run(book) == 0
    assert "pages  unchanged" in capsys.readouterr().out
    (book.html / "gone.html").write_text("a page that the book had once")
    assert run(book, "--strict") == 1
    assert "cross-reference target not found: 'nowhere.md'" in capsys.readouterr().err
    assert not (book.html / "gone.html").exists()


def test_a_page_that_would_load_from_the_network_fails_the_build(
    make_book, pretend, monkeypatch, capsys
) -> None:
    book = make_book(one=["1"])

    def jupyter_book(command: list[str], **options: object) -> subprocess.CompletedProcess:
        book.html.mkdir(parents=True)
        (book.html / "index.html").write_text('<script src="https://cdn.example.org/x.js"></script>')
        return subprocess.CompletedProcess(command, 0, stdout="")

    monkeypatch.setattr(build, "render", RENDER)
    monkeypatch.setattr(subprocess, "run", jupyter_book)
    assert [run(book), run(book)] == [1, 1]
    assert "index.html: loads https://cdn.example.org/x.js" in capsys.readouterr().err


def test_launch_buttons_come_with_an_address() -> None:
    config = build.Book(REPOSITORY).config()
    config["repository"]["url"] = "https://github.com/someone/something"
    assert build.published_config(config) == config
    config["repository"]["url"] = f"https://github.com/{build.PLACEHOLDER}"
    assert not {"repository", "launch_buttons"} & set(build.published_config(config))


ADDRESS = "https://github.com/example/cnn-book"


def with_address(book: build.Book) -> build.Book:
    settings = book.root / "_config.yml"
    settings.write_text(settings.read_text().replace(f"https://github.com/{build.PLACEHOLDER}", ADDRESS))
    return book


def test_with_an_address_lessons_open_in_colab_and_exercises_without_their_answers(
    make_book, pretend, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(build, "render", RENDER)
    monkeypatch.setenv("BOOK_ADDRESS", "https://example.org/cnn")
    book = with_address(make_book(**{"one": ["1"], "exercises/one": ["2"]}))
    assert run(book) == 0, capsys.readouterr()
    at = "https://colab.research.google.com/github/example/cnn-book/blob"
    binder = "https://mybinder.org/v2/gh/example/cnn-book/main?urlpath=lab/tree"
    lesson = (book.html / "notebooks" / "one.html").read_text()
    assert f"{at}/main/notebooks/one.ipynb" in lesson
    assert f"{binder}/notebooks/one.ipynb" in lesson
    exercises = (book.html / "notebooks" / "exercises" / "one.html").read_text()
    assert exercises.count(f'"{at}/exercises/one.ipynb"') == 2  # the button, and a link in the text
    assert f"{binder}/_build/classroom/student/one.ipynb" in exercises
    assert "/main/notebooks/exercises/" not in exercises
    assert "tree/notebooks/exercises/" not in exercises
    assert ADDRESS in exercises
    assert (book.html / "_static" / "exercises" / "one.ipynb").is_file()
    welcome = (book.html / "book" / "welcome.html").read_text()
    assert '<link rel="canonical" href="https://example.org/cnn/book/welcome.html" />' in welcome
    assert '<meta property="og:url" content="https://example.org/cnn/book/welcome.html" />' in welcome


def test_a_book_without_an_address_is_not_published(make_book, pretend, capsys) -> None:
    book = make_book(one=["1"])
    assert run(book, "--publish") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: _config.yml still has the placeholder OWNER/REPOSITORY for the repository")
    assert pretend == []
    with_address(book)
    assert run(book, "--publish") == 1
    assert "the first cells name a commit to install from: put the book into a git" in capsys.readouterr().err
    packed = commit(book.root, "cnnlib/code.py")
    assert run(book, "--publish") == 1
    assert "one.ipynb has another first cell than _config.yml asks for: run make notebooks" in (
        capsys.readouterr().err
    )
    assert run(book, "--first-cells") == 0
    assert pretend == []
    assert f'"@{packed}"' in build.read_notebook(book.root / "notebooks" / "one.ipynb").cells[1].source
    commit(book.root, "notebooks/one.ipynb")
    assert run(book, "--publish") == 0
    commit(book.root, "cnnlib/code.py")
    assert run(book, "--publish") == 1  # the notebooks were run with another package
    assert run(book, "--in-place") == 0
    assert run(book, "--publish") == 0


def commit(root: Path, file: str) -> str:
    """Change a file, commit it alone and return the commit."""
    path = root / file
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", file], [*who, "commit", "-q", "-m", "change"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    found = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip()


def test_the_set_up_cell_is_published_with_an_address() -> None:
    config = build.Book(REPOSITORY).config()
    notebook = build.with_setup_cell(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), NOWHERE
    )
    config["repository"]["url"] = "https://github.com/someone/something"
    assert len(build.published(notebook, config).cells) == 2
    config["repository"]["url"] = f"https://github.com/{build.PLACEHOLDER}"
    assert [cell.source for cell in build.published(notebook, config).cells] == ["1"]
