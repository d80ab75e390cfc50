"""Run the notebooks that _toc.yml lists and render the book from what they gave.

    python book/build.py                             build _build/html, running again only what changed
    python book/build.py --strict --check-contract   as `make test` does: warnings and broken budgets fail
    python book/build.py --in-place                  write the outputs back into the committed notebooks
    python book/build.py --first-cells               write the set-up cell into them, and run nothing
    python book/build.py --publish                   for the public: fails while the repository has no address

Notebooks run one process each; what they gave is kept in _build/executed under a key made of everything it
depends on. The book is rendered from _build/src, a copy of the pages with the executed notebooks in it.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import kernels
import nbformat
import yaml
from checks import faults, network_faults, read_pages
from definitions import write_definitions
from dependencies import notebook_dependencies
from finish import finish
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode
from on_demand import write_digits, write_pictures, write_texts

from cnnbook import numbers
from cnncourse import EXERCISES_BRANCH, PLACEHOLDER
from cnncourse.builds import (
    colab_address,
    for_readers,
    has_address,
    linked,
    notebooks_address,
    pages_address,
    without_answers,
    without_outputs,
)
from cnncourse.setup_cell import packed_commit, setup_cell

PACKAGES = ("cnnlib", "cnnbook", "cnncourse")
METADATA = "cnnlib"  # where a notebook's metadata hold its contract
EXERCISES = "notebooks/exercises/"  # masters, which a page shows with their answers folded
STUDENT = "_build/classroom/student/"  # where Binder has the exercises without answers
PARAMETERS = {"profile": "quick"}
KERNEL_ENVIRONMENT = {"CNNLIB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}


class BuildError(Exception):
    """The book can't be built; the message says what to mend."""


@dataclass(frozen=True)
class Run:
    """One run of a notebook: what it was run from, and what it took, in seconds of clock or processor."""

    key: str
    cells: int
    seconds: float
    gigabytes: float


@dataclass(frozen=True)
class Book:
    """The places of a book whose `_toc.yml` and `_config.yml` lie in `root`."""

    root: Path

    @property
    def build(self) -> Path:
        """Folder of everything generated."""
        return self.root / "_build"

    @property
    def html(self) -> Path:
        """Folder of the rendered book."""
        return self.build / "html"

    def executed(self, page: str) -> Path:
        """Where the executed copy of a notebook lies."""
        return self.build / "executed" / page

    def config(self) -> dict[str, Any]:
        """Read `_config.yml`."""
        return yaml.safe_load((self.root / "_config.yml").read_text("utf-8"))

    def pages(self) -> list[str]:
        """List the pages of `_toc.yml`, with their extensions, in order.

        Raises:
            BuildError: A page is listed that is not there.
        """
        pages = []
        for entry in _toc_entries(yaml.safe_load((self.root / "_toc.yml").read_text("utf-8"))):
            found = [
                entry + suffix for suffix in (".ipynb", ".md", "") if (self.root / (entry + suffix)).is_file()
            ]
            if not found:
                raise BuildError(f"_toc.yml lists {entry}, but there is no {entry}.ipynb and no {entry}.md")
            pages.append(found[0])
        return pages

    def notebooks(self) -> list[str]:
        """List the notebooks among the pages."""
        return [page for page in self.pages() if page.endswith(".ipynb")]


def _toc_entries(node: Any) -> Iterator[str]:
    """Yield the `root` and `file` entries of a table of contents, in order."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("root", "file"):
                yield value
            else:
                yield from _toc_entries(value)
    elif isinstance(node, list):
        for item in node:
            yield from _toc_entries(item)


# --- notebooks -----------------------------------------------------------------------------------------


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook as nbformat 4.5; cells that came without an id get one made of their place and text.

    Raises:
        BuildError: The file is no notebook of version 4.
    """
    try:
        notebook = nbformat.v4.reads(path.read_text("utf-8"))
        for place, cell in enumerate(notebook.cells):
            cell.setdefault("id", hashlib.sha256(f"{place} {cell.source}".encode()).hexdigest()[:8])
        notebook.nbformat_minor = 5
        nbformat.validate(notebook)
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        raise BuildError(f"{path} is not a notebook of version 4: {error}") from error
    return notebook


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Tell whether a cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


def tidy(notebook: NotebookNode, root: Path) -> NotebookNode:
    """Leave in a notebook only what another run on another machine would write too.

    Papermill's traces, execution times, the kernel's patch version and absolute paths go.
    """
    notebook.metadata.pop("papermill", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.cells = [cell for cell in notebook.cells if not has_tag(cell, "injected-parameters")]
    count = 0
    for place, cell in enumerate(notebook.cells):
        for name in ("papermill", "execution", "collapsed"):
            cell.metadata.pop(name, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
        if cell.cell_type != "code":
            continue
        CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, place)
        ran = cell.execution_count is not None
        count += ran
        cell.execution_count = count if ran else None
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
        cell.outputs = _without_paths(cell.outputs, root)
    return notebook


def _without_paths(value: Any, root: Path) -> Any:
    """Make paths inside the repository relative in every text of an output."""
    if isinstance(value, str):
        return value.replace(f"{root}{os.sep}", "")
    if isinstance(value, list):
        return [_without_paths(item, root) for item in value]
    if isinstance(value, dict):
        return type(value)({name: _without_paths(item, root) for name, item in value.items()})
    return value


def first_cell(book: Book) -> str:
    """The text of the set-up cell of every notebook, lesson or exercise.

    Raises:
        BuildError: the book has an address and is in no repository of which a commit could be named.
    """
    config = book.config()
    commit = packed_commit(book.root) if has_address(config) else ""
    if has_address(config) and not commit:
        raise BuildError("the first cells name a commit to install from: put the book into a git repository")
    return setup_cell(config["repository"]["url"], commit)


def with_setup_cell(notebook: NotebookNode, text: str) -> NotebookNode:
    """Put the set-up cell before the first code cell, in place of an earlier one."""
    cell = nbformat.v4.new_code_cell(text, id="setup")
    cell.metadata["tags"] = ["setup", "remove-cell"]
    for old in notebook.cells:
        if has_tag(old, "setup"):
            cell.execution_count = old.execution_count  # it prints nothing where the package is
    cells = [old for old in notebook.cells if not has_tag(old, "setup")]
    first = next((place for place, old in enumerate(cells) if old.cell_type == "code"), len(cells))
    notebook.cells = [*cells[:first], cell, *cells[first:]]
    return notebook


def source_of(book: Book, page: str) -> NotebookNode:
    """Read a notebook of the book without its outputs."""
    return without_outputs(tidy(read_notebook(book.root / page), book.root))


def notebook_key(book: Book, page: str) -> str:
    """Hash everything that a notebook's outputs depend on."""
    notebook = source_of(book, page)
    surroundings = [PARAMETERS, KERNEL_ENVIRONMENT, sys.version_info[:2]]
    digest = hashlib.sha256(json.dumps([notebook, surroundings], sort_keys=True).encode())
    files = notebook_dependencies(notebook, *(book.root / name for name in PACKAGES))
    files |= _files_named(notebook, book.root)
    _update_with_files(digest, [book.root / "requirements.txt", *files], book.root)
    return digest.hexdigest()


def _files_named(notebook: NotebookNode, root: Path) -> set[Path]:
    """Files of the folders beside the page's own that a code cell names as "../NAME"."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    folders = {root / name for name in re.findall(r"""["']\.\./(\w+)["']""", code)}
    return {
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and file.suffix in (".ipynb", ".json", ".py")
    }


def _update_with_files(digest: Any, files: Iterable[Path], root: Path) -> None:
    """Feed names and contents of files to a hash, in an order that does not depend on the caller's."""
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"\0{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)


# --- running -------------------------------------------------------------------------------------------


def execute(book: Book, page: str, key: str) -> Run:
    """Run a notebook in the quick profile; its tidied copy goes to `book.executed(page)`.

    Raises:
        BuildError: as `run_notebook`.
    """
    target = book.executed(page)
    notebook = source_of(book, page)
    took = run_notebook(book, page, notebook, target, PARAMETERS if parameters_of(notebook) else {})
    notebook = tidy(read_notebook(target), book.root)
    nbformat.write(notebook, target)
    return replace(took, key=key)


def parameters_of(notebook: NotebookNode) -> set[str]:
    """Names that a notebook's cells with the tag `parameters` define; empty where there is no such cell."""
    statements = [
        statement
        for cell in notebook.cells
        if has_tag(cell, "parameters")
        for statement in ast.parse(cell.source).body
    ]
    return {
        node.id
        for statement in statements
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def check_parameters(page: str, notebook: NotebookNode, parameters: Iterable[str]) -> None:
    """Refuse a parameter that a notebook does not have: papermill would set it, and nothing would read it.

    Raises:
        BuildError: names the notebook, the parameter and those that it has.
    """
    known = parameters_of(notebook)
    for name in parameters:
        if name not in known:
            raise BuildError(
                f"{page} has no parameter {name!r}; its cell with the tag `parameters` defines: "
                f"{', '.join(sorted(known)) or 'nothing'}"
            )


def run_notebook(
    book: Book,
    page: str,
    notebook: NotebookNode,
    target: Path,
    parameters: dict[str, str],
    environment: dict[str, str] | None = None,
    label: str = "",
) -> Run:
    """Run a notebook with papermill in a process of its own; what it gave is written to `target`.

    Args:
        book: the book that it is of.
        page: its place in it.
        notebook: what to run.
        target: where the executed notebook goes.
        parameters: names and values of its parameters.
        environment: what the kernel sees besides what it always does.
        label: what is shown beside the page's name.

    Raises:
        BuildError: a parameter that the notebook does not have, a cell failed, or the kernel died. The
            message names notebook, cell and error.
    """
    check_parameters(page, notebook, parameters)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    log = target.with_suffix(".log")
    started = time.monotonic()

    def tell() -> None:
        if sys.stdout.isatty():
            _show(f"{page}{label}  {_cells_done(target)} cells  {time.monotonic() - started:.0f} s")

    surroundings = _kernel_environment(book) | (environment or {})
    _show(f"{page}{label}  starting")
    used = kernels.run(kernels.Job(target, (book.root / page).parent, parameters, surroundings, log), tell)
    seconds = time.monotonic() - started
    if used is None:
        _show(f"{page}{label}  {_cells_done(target)} cells  {seconds:.0f} s  failed", end="\n")
        raise BuildError(_failure(book, page, target, log))
    log.unlink()
    cells = sum(
        cell.cell_type == "code" and not has_tag(cell, "injected-parameters")
        for cell in read_notebook(target).cells
    )
    # Beside another notebook the clock counts both; what the processor did for this one is then less.
    run = Run("", cells, round(min(seconds, used[0]), 1), round(used[1], 2))
    _show(f"{page}{label}  {cells}/{cells} cells  {run.seconds:.0f} s  {run.gigabytes:.1f} GB", end="\n")
    return run


def _kernel_environment(book: Book) -> dict[str, str]:
    """Give the kernel the same surroundings on every machine."""
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    # The code that was hashed is the code that runs, whatever else is installed under its name.
    environment["PYTHONPATH"] = _import_path(book.root)
    # A reader's own keras.json or IPython profile may change what a notebook gives.
    environment["KERAS_HOME"] = str(book.build / "home" / "keras")
    environment["IPYTHONDIR"] = str(book.build / "home" / "ipython")
    return environment | KERNEL_ENVIRONMENT


def _import_path(*first: Path) -> str:
    """A PYTHONPATH with folders before the rest."""
    return os.pathsep.join(filter(None, [*map(str, first), os.environ.get("PYTHONPATH")]))


def _cells_done(target: Path) -> str:
    """Say how many code cells of a notebook that papermill is writing have run, as in 3/8."""
    try:
        cells = json.loads(target.read_text("utf-8"))["cells"]
    except ValueError:  # in the middle of being written
        return "..."
    code = [cell["metadata"] for cell in cells if cell["cell_type"] == "code"]
    code = [metadata for metadata in code if "injected-parameters" not in metadata.get("tags", [])]
    done = [
        metadata for metadata in code if _began(metadata) and metadata["papermill"]["status"] == "completed"
    ]
    return f"{len(done)}/{len(code)}"


def _began(metadata: dict[str, Any]) -> bool:
    """Tell whether papermill started a cell; it calls those that it never reached completed too."""
    return bool(metadata.get("papermill", {}).get("start_time"))


def _show(line: str, end: str = "") -> None:
    """Show a line: on a terminal over the last one, in a log only when it is complete."""
    if sys.stdout.isatty():
        print(f"\r\x1b[2K{line}", end=end, flush=True)
    elif end:
        print(line, flush=True)


def _failure(book: Book, page: str, output: Path, log: Path) -> str:
    """Say which cell failed and why: the last that began, or how papermill ended if none did."""
    cells = read_notebook(book.root / page).cells
    places = {cell.id: place for place, cell in enumerate(cells, 1)}
    last_words = log.read_text("utf-8").strip().splitlines() or ["papermill said nothing"]
    begun = [
        cell for cell in read_notebook(output).cells if cell.cell_type == "code" and _began(cell.metadata)
    ]
    if not begun:
        return f"{page} did not run: {last_words[-1]}\n  all of it: {log}"
    cell = begun[-1]
    errors = [result for result in cell.outputs if result.output_type == "error"]
    what = f"{errors[0].ename}: {errors[0].evalue}" if errors else last_words[-1]
    where = f"cell {places[cell.id]} of {len(cells)}" if cell.id in places else "the cell of the parameters"
    first_line = cell.source.strip().partition("\n")[0]
    return f"{page}: {where} failed: {what}\n  the cell begins: {first_line}\n  all of it: {output}"


class State:
    """What the last build did, kept in `_build/state.json` and written after every notebook."""

    def __init__(self, book: Book):
        self._path = book.build / "state.json"
        stored = json.loads(self._path.read_text("utf-8")) if self._path.is_file() else {}
        self.runs = {page: Run(**run) for page, run in stored.get("runs", {}).items()}
        self.rendered: list[str | bool] | None = stored.get("rendered")

    def save(self) -> None:
        """Write the state, whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        stored = {"runs": {page: asdict(run) for page, run in self.runs.items()}, "rendered": self.rendered}
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(stored, indent=1), "utf-8")
        draft.replace(self._path)


def execute_changed(book: Book, state: State, at_once: int) -> None:
    """Run every notebook of the book whose key is not that of its last run.

    Args:
        book: whose notebooks.
        state: what ran before; updated after each.
        at_once: notebooks to run at a time.

    Raises:
        BuildError: A notebook failed; the ones before it stay done.
    """
    changed: dict[str, str] = {}
    for page in book.notebooks():
        key = notebook_key(book, page)
        done = state.runs.get(page)
        if done and done.key == key and book.executed(page).is_file():
            print(f"{page}  unchanged", flush=True)
        else:
            state.runs.pop(page, None)
            changed[page] = key
    # The longest first: one that is begun last would run alone.
    order = sorted(changed, key=lambda page: -_seconds_allowed(book, page))
    with ThreadPoolExecutor(at_once) as pool:
        runs = {pool.submit(execute, book, page, changed[page]): page for page in order}
        try:
            for run in as_completed(runs):
                state.runs[runs[run]] = run.result()
                state.save()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def notebooks_at_once() -> int:
    """Return how many notebooks to run at a time: each keeps most of a core busy and takes up to 3 GB."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return max(1, min((os.cpu_count() or 1) + 1, int(gigabytes / 3.5)))


def _seconds_allowed(book: Book, page: str) -> float:
    """The seconds that a notebook's contract allows in the quick profile; 0 where it has none."""
    return (budget(read_notebook(book.root / page)) or {}).get("seconds", 0)


def budget(notebook: NotebookNode) -> dict[str, float] | None:
    """What a notebook may take in the quick profile, or None where its metadata does not say both."""
    contract = notebook.metadata.get(METADATA, {}).get("contract", {}).get(PARAMETERS["profile"], {})
    return contract if {"seconds", "gigabytes"} <= set(contract) else None


def contract_faults(book: Book, state: State) -> list[str]:
    """List the notebooks without a budget for the quick profile and those that went over it twice.

    What else a machine does at the time slows a run, and is no fault of the notebook: one that went over is
    run once more. The measurement of one that went over again is dropped, so the next build measures it.
    """
    faults = []
    for page in book.notebooks():
        contract = budget(read_notebook(book.root / page))
        if contract is None:
            faults.append(f"{page}: metadata.{METADATA}.contract.quick must give seconds and gigabytes")
            continue
        if _over(state.runs[page], contract):
            state.runs[page] = execute(book, page, state.runs[page].key)
        over = _over(state.runs[page], contract)
        for unit, more in over.items():
            took = getattr(state.runs[page], unit)
            faults.append(f"{page}: took {took} {unit}, {more:.2g} more than its {contract[unit]}")
        if over:
            del state.runs[page]
    state.save()
    return faults


def _over(run: Run, contract: dict[str, float]) -> dict[str, float]:
    """By how much a run went over its budget, by unit."""
    more = {unit: getattr(run, unit) - contract[unit] for unit in ("seconds", "gigabytes")}
    return {unit: excess for unit, excess in more.items() if excess > 0}


def update_in_place(book: Book, state: State) -> None:
    """Write the set-up cell and fresh outputs into the committed notebooks.

    Raises:
        BuildError: A notebook failed. Its outputs stay as they were.
    """
    update_first_cells(book)
    execute_changed(book, state, at_once=1)  # what they say of seconds is what one takes alone
    for page in book.notebooks():
        _write_if_changed(read_notebook(book.executed(page)), book.root / page)


def update_first_cells(book: Book) -> None:
    """Write the set-up cell into the committed notebooks, whose outputs stay as they are."""
    text = first_cell(book)
    for page in book.notebooks():
        path = book.root / page
        _write_if_changed(tidy(with_setup_cell(read_notebook(path), text), book.root), path)


def _write_if_changed(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook unless the file says the same already."""
    text = nbformat.writes(notebook) + "\n"
    if path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


# --- rendering -----------------------------------------------------------------------------------------


def stage(book: Book) -> Path:
    """Copy what the book is rendered from, the executed notebooks among it, to a folder and return that."""
    source = book.build / "src"
    shutil.rmtree(source, ignore_errors=True)
    config = book.config()
    static = [
        path.relative_to(book.root).as_posix()
        for path in (book.root / "book").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".ipynb", ".md")
    ]
    for page in [*book.pages(), *static, "_toc.yml"]:
        target = source / page
        target.parent.mkdir(parents=True, exist_ok=True)
        if page.endswith(".ipynb"):
            nbformat.write(published(read_notebook(book.executed(page)), config), target)
        else:
            shutil.copyfile(book.root / page, target)
        if page.startswith(EXERCISES):
            _stage_exercises(config, target, source)
    (source / "_config.yml").write_text(yaml.safe_dump(published_config(config)), "utf-8")
    return source


def _stage_exercises(config: dict[str, Any], master: Path, source: Path) -> None:
    """Fold the answers of a page of exercises; put a notebook without them where the page can offer it."""
    handed_out = Path("_static") / "exercises" / master.name
    copy = source / "book" / handed_out
    copy.parent.mkdir(parents=True, exist_ok=True)
    alone = linked(without_answers(read_notebook(master)), notebooks_address(config), pages_address())
    nbformat.write(alone, copy)
    colab = colab_address(config, master.name)
    nbformat.write(for_readers(read_notebook(master), f"../../{handed_out.as_posix()}", colab), master)


def published(notebook: NotebookNode, config: dict[str, Any]) -> NotebookNode:
    """Drop the set-up cell, which would install from the repository, while that has no address."""
    if not has_address(config):
        notebook.cells = [cell for cell in notebook.cells if not has_tag(cell, "setup")]
    return notebook


def published_config(config: dict[str, Any]) -> dict[str, Any]:
    """Add the address that the pages will have, where $BOOK_ADDRESS says it, for their canonical links.

    Drop the buttons to the repository: while its address is the placeholder they lead nowhere.
    """
    if address := pages_address():
        config = config | {"html": config["html"] | {"baseurl": address.rstrip("/") + "/"}}
    if not has_address(config):
        config = {
            name: value for name, value in config.items() if name not in ("launch_buttons", "repository")
        }
        config["html"] = {
            name: value for name, value in config["html"].items() if not name.startswith("use_")
        }
    return config


def _launch_without_answers(book: Book) -> None:
    """Let the launch buttons of the exercises open notebooks without answers in place of the masters."""
    branch = book.config()["repository"]["branch"]
    instead = {
        f"/blob/{branch}/{EXERCISES}": f"/blob/{EXERCISES_BRANCH}/",
        f"/tree/{EXERCISES}": f"/tree/{STUDENT}",
    }
    for page in (book.html / EXERCISES).glob("*.html"):
        text = page.read_text("utf-8")
        for master, alone in instead.items():
            text = text.replace(master, alone)
        page.write_text(text, "utf-8")


def unpublishable(book: Book) -> str | None:
    """Say why the book can't be published, if so: it must know where it lies, and its notebooks too."""
    config = book.config()
    if not has_address(config):
        return (
            f"_config.yml still has the placeholder {PLACEHOLDER} for the repository's address: write yours"
        )
    wanted = first_cell(book)
    for page in book.notebooks():
        cells = read_notebook(book.root / page).cells
        if [cell.source for cell in cells if has_tag(cell, "setup")] != [wanted]:
            return f"{page} has another first cell than _config.yml asks for: run make notebooks"
    return None


def render(book: Book, state: State, strict: bool) -> None:
    """Render `_build/html` with Jupyter Book, unless nothing it is made from changed.

    Args:
        book: The book, its notebooks executed.
        state: What was rendered last; updated.
        strict: Whether a warning is an error. A book that was rendered without it is rendered again, whole,
            since a second Sphinx run says nothing of the warnings of the first.

    Raises:
        BuildError: Sphinx failed or warned, or the pages have faults that `checks` finds.
    """
    source = stage(book)
    digest = hashlib.sha256()
    _update_with_files(digest, (path for path in source.rglob("*") if path.is_file()), source)
    _update_with_files(digest, [book.root / "requirements.txt"], book.root)
    folder = Path(__file__).resolve().parent
    _update_with_files(digest, folder.glob("*.py"), folder)
    # Papers and records, which the pages name as the sources of their numbers.
    ours = Path(numbers.__file__).parents[1]  # numbers and docstrings stand on pages
    sources = (
        path
        for package in PACKAGES
        for path in (ours / package).rglob("*")
        if path.suffix in (".py", ".json", ".toml")
    )
    _update_with_files(digest, sources, ours)
    key = digest.hexdigest()
    if state.rendered in ([key, True], [key, strict]) and (book.html / "index.html").is_file():
        print("pages  unchanged", flush=True)
        return
    state.rendered = None
    state.save()
    _show("pages  rendering")
    started = time.monotonic()
    for leftover in (book.html, book.build / ".doctrees"):
        shutil.rmtree(leftover, ignore_errors=True)
    command = [
        str(Path(sys.executable).parent / "jupyter-book"),
        "build",
        str(source),
        "--path-output",
        str(book.root),
    ]
    done = subprocess.run(
        [*command, "-W", "--keep-going"] if strict else command,
        env=os.environ | {"PYTHONPATH": _import_path(Path(__file__).resolve().parent, ours)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout)  # Jupyter Book colours its words even in a log
    (book.build / "render.log").write_text(said, "utf-8")
    warnings = [line for line in said.splitlines() if re.search(r"\b(WARNING|ERROR)\b", line)]
    if done.returncode:
        reasons = warnings or said.strip().splitlines()[-20:]
        raise BuildError("\n  ".join(["the pages could not be rendered:", *reasons]))
    _launch_without_answers(book)
    finish(book.html)
    write_definitions(book.html)
    write_digits(book.html)
    write_pictures(book.html)
    pages = read_pages(book.html)
    refused, found = list(network_faults(book.html, pages)), list(faults(book.html, pages))
    if refused or (strict and found):
        raise BuildError("\n  ".join(["the pages have faults:", *refused, *found]))
    write_texts(book.html, pages)  # after the checks: it takes the pages apart
    _show(f"pages  {len(book.pages())} rendered  {time.monotonic() - started:.0f} s", end="\n")
    print("\n".join([*warnings, *found]), end="\n" if warnings or found else "", flush=True)
    state.rendered = [key, strict]
    state.save()


# --- the command ---------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Build the book as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).resolve().parent.parent, help=argparse.SUPPRESS
    )
    parser.add_argument("--in-place", action="store_true", help="update the committed notebooks and stop")
    parser.add_argument("--first-cells", action="store_true", help="update those cells alone and stop")
    parser.add_argument("--strict", action="store_true", help="a warning of the rendering is an error")
    parser.add_argument(
        "--check-contract", action="store_true", help="a notebook over its budget is an error"
    )
    parser.add_argument("--publish", action="store_true", help="a repository without an address is an error")
    options = parser.parse_args(arguments)
    # Networks are counted here for pages, and Sphinx imports them for their docstrings.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    book = Book(options.root.resolve())
    state = State(book)
    try:
        if options.in_place:
            update_in_place(book, state)
            return 0
        if options.first_cells:
            update_first_cells(book)
            return 0
        if options.publish and (reason := unpublishable(book)):
            raise BuildError(reason)
        execute_changed(book, state, notebooks_at_once())
        render(book, state, options.strict)
        if options.check_contract and (faults := contract_faults(book, state)):
            raise BuildError("\n".join(faults))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(book.html / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
