"""Rehearse every notebook in every profile: all that it does, with hardly any training.

    python book/profiles.py                                    every notebook in every profile
    python book/profiles.py --only 03_alexnet --profile colab  one of them

Trainings are cut to a few updates and full data sets are played by stand-ins (`cnnbook.rehearsal`), so
nothing is downloaded and nothing is a result. In a cell with the tag `learned` the assertions are left out,
which are about what a whole training learns or takes; all others must hold. What ran is kept in
_build/profiles.
"""

import argparse
import ast
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from build import Book, BuildError, has_tag, parameters_of, read_notebook, run_notebook, source_of
from nbformat import NotebookNode

from cnnbook.added import VARIABLE
from cnnlib.data import PROFILES

SECTIONS = "notebooks/"  # the pages beside them do the same in every profile
LEARNED = "learned"


# Before all else: Keras's own `fit` makes a few updates, as `cnnlib.training.fit` does, and its networks are
# not downloaded.
CUT_FIT = """\
import keras

from cnnbook.rehearsal import EPOCHS, UPDATES


def _few(self, *images, _whole=keras.Model.fit, **settings):
    settings |= {"epochs": min(settings.get("epochs", 1), EPOCHS), "steps_per_epoch": UPDATES}
    return _whole(self, *images, **settings)


def _untrained(build):
    return lambda *rest, weights=None, **settings: build(*rest, weights=None, **settings)


keras.Model.fit = _few
for _name in dir(keras.applications):
    if _name[0].isupper():
        setattr(keras.applications, _name, _untrained(getattr(keras.applications, _name)))
"""


class _WithoutAssertions(ast.NodeTransformer):
    """Puts `pass` in the place of every assertion."""

    def visit_Assert(self, node: ast.Assert) -> ast.Pass:
        """Return what stands there instead."""
        return ast.copy_location(ast.Pass(), node)


def for_rehearsal(notebook: NotebookNode) -> NotebookNode:
    """Cut its trainings, and take the assertions out of the cells that are about what was learned."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and has_tag(cell, LEARNED):
            cell.source = ast.unparse(_WithoutAssertions().visit(ast.parse(cell.source)))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if any(".fit(" in cell.source for cell in code):
        code[0].source = f"{CUT_FIT}\n\n{code[0].source}"
    return notebook


def rehearse(book: Book, page: str, profile: str) -> str | None:
    """Run a notebook in a profile; return what failed, or None.

    The message names notebook, profile, cell and error.
    """
    notebook = for_rehearsal(source_of(book, page))
    target = book.build / "profiles" / profile / page
    label = f" [{profile}]"
    try:
        run_notebook(book, page, notebook, target, {"profile": profile}, {VARIABLE: "1"}, label)
    except BuildError as problem:
        return f"profile {profile}: {problem}"
    return None


def choose(book: Book, only: Sequence[str], profiles: Sequence[str]) -> list[tuple[str, str]]:
    """List the pairs of notebook and profile to run: of the notebooks that have profiles, all or some.

    Raises:
        BuildError: a notebook is asked for that is not there or has no profiles.
    """
    pages = [
        page
        for page in book.notebooks()
        if page.startswith(SECTIONS) and "profile" in parameters_of(read_notebook(book.root / page))
    ]
    names = [Path(page).stem for page in pages]
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise BuildError(f"no notebook with profiles is called {', '.join(unknown)}; there are: {names}")
    chosen = [page for page, name in zip(pages, names, strict=True) if not only or name in only]
    return [(page, profile) for page in chosen for profile in profiles]


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse what is asked for; list what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1], help="of the book")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="notebooks, as 03_alexnet")
    parser.add_argument("--profile", nargs="+", default=PROFILES, choices=PROFILES, help="profiles")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="so many notebooks at a time")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    book = Book(options.root)
    try:
        pairs = choose(book, options.only, options.profile)
    except BuildError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    with ThreadPoolExecutor(options.at_once) as pool:
        failures = [
            failure for failure in pool.map(lambda pair: rehearse(book, *pair), pairs) if failure is not None
        ]
    minutes = (time.monotonic() - started) / 60
    print(f"{len(pairs) - len(failures)} of {len(pairs)} rehearsals passed, in {minutes:.1f} minutes")
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    raise SystemExit(main())
