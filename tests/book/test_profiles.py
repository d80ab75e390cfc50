"""The rehearsal of every profile: what it runs, what it leaves out, and what it says of a crash."""

from __future__ import annotations

import build
import keras
import nbformat
import numpy as np
import profiles
import pytest
from conftest import REPOSITORY, write_notebook

CELLS = [
    'profile = "quick"',
    'import os\nassert os.environ["CNNLIB_REHEARSE"] == "1"',
    'error = 0.9\nassert error < 0.5, "nothing was learned"\nprint("learned")',
]
CRASH = '# the network\nif profile == "colab":\n    raise MemoryError("one variable for two loops")'


def tagged(book: build.Book, place: int, tag: str) -> None:
    """Give a code cell of the first notebook a tag."""
    path = book.root / book.notebooks()[0]
    notebook = build.read_notebook(path)
    notebook.cells[place + 1].metadata["tags"] = [tag]
    nbformat.write(notebook, path)


def test_a_crash_in_one_profile_is_told_with_its_notebook_profile_and_cell(make_book, capfd) -> None:
    book = make_book(one=[*CELLS, CRASH])
    tagged(book, 2, "learned")
    assert profiles.main(["--root", str(book.root)]) == 1
    out, err = capfd.readouterr()
    assert "2 of 3 rehearsals passed" in out
    assert err.startswith(
        "error: profile colab: notebooks/one.ipynb: cell 5 of 5 failed: "
        "MemoryError: one variable for two loops"
    )
    assert "the cell begins: # the network" in err
    ran = build.read_notebook(book.build / "profiles" / "paper" / "notebooks" / "one.ipynb")
    assert "learned\n" in [output.text for cell in ran.cells for output in cell.get("outputs", [])]

    book = make_book_again(book, [*CELLS, CRASH.replace("colab", "none of them")])
    assert profiles.main(["--root", str(book.root), "--profile", "colab"]) == 0
    assert "1 of 1 rehearsals passed" in capfd.readouterr().out


def test_trained_networks_of_keras_are_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict] = []
    for name in [name for name in dir(keras.applications) if name[0].isupper()]:
        monkeypatch.setattr(keras.applications, name, lambda **settings: asked.append(settings))
    monkeypatch.setattr(keras.Model, "fit", keras.Model.fit)
    exec(profiles.CUT_FIT, {})
    keras.applications.VGG16(weights="imagenet", include_top=False)
    assert asked == [{"weights": None, "include_top": False}]


def make_book_again(book: build.Book, cells: list[str]) -> build.Book:
    """The same book with other cells in its notebook."""
    write_notebook(book.root / book.notebooks()[0], *cells)
    tagged(book, 2, "learned")
    return book


def test_an_assertion_without_the_tag_must_hold(make_book, capfd) -> None:
    book = make_book(one=CELLS)
    assert profiles.main(["--root", str(book.root), "--profile", "quick"]) == 1
    assert "AssertionError: nothing was learned" in capfd.readouterr().err


def test_only_assertions_are_left_out(make_book) -> None:
    cell = (
        "found = []\nfor n in (1, 2):\n    found.append(n)\n    assert n > 1\nif found:\n    assert not found"
    )
    book = make_book(one=['profile = "quick"', cell, cell])
    tagged(book, 1, "learned")
    notebook = profiles.for_rehearsal(build.source_of(book, book.notebooks()[0]))
    learned, other = notebook.cells[2].source, notebook.cells[3].source
    assert "assert" not in learned
    assert other == cell
    variables: dict = {}
    exec(learned, variables)
    assert variables["found"] == [1, 2]


def test_keras_own_fit_makes_a_few_updates(make_book, monkeypatch: pytest.MonkeyPatch) -> None:
    training = "history = model.fit(x, y, batch_size=10, epochs=9, validation_data=(x, y), verbose=0)"
    book = make_book(one=[CELLS[0], training])
    first = profiles.for_rehearsal(build.source_of(book, book.notebooks()[0])).cells[1].source
    monkeypatch.setattr(keras.Model, "fit", keras.Model.fit)
    seen = []

    class Counting(keras.Sequential):
        def call(self, x, **settings):
            seen.append(len(x))
            return super().call(x, **settings)

    model = Counting([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    variables: dict = {"model": model, "x": np.ones((40, 1)), "y": np.ones((40, 1))}
    exec(f"{first}\n{training}", variables)
    assert len(variables["history"].history["loss"]) == 3
    assert int(model.optimizer.iterations) == 6
    assert seen.count(4) == 3 * (2 + 1)  # two updates and one batch of validation in each of three epochs
    assert max(seen) <= 4


def test_what_is_chosen() -> None:
    book = build.Book(REPOSITORY)
    pairs = profiles.choose(book, (), profiles.PROFILES)
    numbered = {page for page, _ in pairs if page.startswith("notebooks/")}
    assert len(numbered) == len(list((REPOSITORY / "notebooks").glob("*.ipynb")))
    assert len(pairs) == 3 * len({page for page, _ in pairs})
    assert profiles.choose(book, ["04_vgg"], ["paper"]) == [("notebooks/04_vgg.ipynb", "paper")]
    with pytest.raises(build.BuildError, match="no notebook with profiles is called 04_vg;"):
        profiles.choose(book, ["04_vg"], ["paper"])
