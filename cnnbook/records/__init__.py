"""What was measured for the book: a JSON file for each training or experiment (see `cnnlib.records`)."""

from __future__ import annotations

import json
import os
import statistics
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cnnbook.older import with_kind
from cnnlib.records import compare as _compare
from cnnlib.records import lines, mean_and_spread, read_all, verdict
from cnnlib.tables import Table

if TYPE_CHECKING:
    from cnnlib.runs import Run

__all__ = [
    "anchor",
    "as_text",
    "choice",
    "compare",
    "experiment",
    "link",
    "list_as_text",
    "load",
    "mean_and_spread",
    "names",
    "responses",
    "run",
    "runs",
    "verdict",
]

FOLDER = Path(str(files(__name__)))
CHOICES = "choices"
EXPERIMENTS = "experiments"


def load(name: str) -> list[dict]:
    """All records of one recipe, by seed.

    Raises:
        KeyError: there are none; the message lists the recipes that have some.
    """
    files = sorted((FOLDER / name).glob("*.json"))
    if not files:
        raise KeyError(f"No record of {name!r}; there are records of {', '.join(names())}.")
    found = [with_kind(json.loads(file.read_text())) for file in files]
    return sorted(found, key=lambda record: record["seed"])


def runs(name: str) -> list[Run]:
    """The recorded trainings of a recipe, by seed.

    Raises:
        KeyError: as `load`.
    """
    from cnnlib.runs import Run

    return [Run(record) for record in load(name)]


def run(name: str, seed: int | None = None) -> Run:
    """The recorded training of a recipe with a seed, or with the lowest that was recorded.

    Raises:
        KeyError: as `load`; or no record has this seed.
    """
    found = {run.seed: run for run in runs(name)}
    if seed is not None and seed not in found:
        raise KeyError(f"{name} was recorded with the seeds {', '.join(map(str, found))}, not {seed}.")
    return found[min(found) if seed is None else seed]


def names() -> list[str]:
    """The recipes that have records."""
    return sorted({file.parent.name for file in FOLDER.glob("*/*.json")} - {CHOICES, EXPERIMENTS})


def choice(name: str) -> dict:
    """How a recipe's own settings were chosen (see `cnnbook.trainings.choose`).

    Raises:
        KeyError: nothing was recorded.
    """
    file = FOLDER / CHOICES / f"{name}.json"
    if not file.exists():
        raise KeyError(f"No choice is recorded for {name!r}.")
    return json.loads(file.read_text())


def experiment(name: str) -> dict | None:
    """What an experiment gave (see `cnnbook.experiments`); None where there is no record of it."""
    file = FOLDER / EXPERIMENTS / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def anchor(record: dict | str) -> str:
    """Where the page of results shows a record, or all records of the recipe that a string names."""
    if isinstance(record, str):
        return record
    if "recipe" in record:
        return f"{record['recipe']['name']}-seed{record['seed']}"
    return f"experiment-{record['name']}"


def link(record: dict | str, text: str = "") -> str:
    """Write a link to a record on the page of results, for a table of any page of the book.

    Args:
        record: a run, an experiment, or the name of a recipe or a choice, as `anchor` takes it.
        text: what to show; the record's place on that page unless given.
    """
    # HTML, since the page lies elsewhere in the book than in the repository.
    return f'<a href="../book/results.html#{anchor(record)}">{text or anchor(record)}</a>'


def responses() -> dict[str, list[float]]:
    """Standard deviations of the responses of each recorded network's layers, by the names of the recipes.

    `cnnbook.responses` measured them; the file beside this one says on what.
    """
    measured = json.loads((FOLDER / "responses.json").read_text())
    return {name: list(network["deviations"].values()) for name, network in measured.items()}


def as_text() -> str:
    """One line for each recipe that has records: mean test error over the seeds, and time."""
    told = [f"{'recipe':18} {'seeds':>5} {'test error':>16} {'wall time':>10}"]
    for name in names():
        runs = load(name)
        mean, spread = mean_and_spread([run["result"]["test_error"] for run in runs])
        minutes = statistics.fmean(run["wall_seconds"] for run in runs) / 60
        told.append(f"{name:18} {len(runs):5} {mean:8.2%} +- {spread:.2%} {minutes:6.1f} min")
    return "\n".join(told)


def list_as_text(folder: str | os.PathLike) -> str:
    """One line for each record.json under a folder: its path in it, recipe, seed, test error and time.

    Raises:
        FileNotFoundError: there are none.
        ValueError: one of them is not a record.
    """
    from cnnlib.runs import Run

    rows = []
    for path in sorted(Path(folder).rglob("record.json")):
        run, place = Run.read(path), path.relative_to(folder).as_posix()
        error = "not measured" if run.error is None else f"{run.error:.2%}"
        rows.append([place, run.name, run.seed, error, f"{run.minutes:.1f} min"])
    if not rows:
        raise FileNotFoundError(f"No record.json under {os.fspath(folder)}: name the folder of a training.")
    return lines(["record", "recipe", "seed", "test error", "wall time"], rows)


def compare(first: str | os.PathLike, second: str | os.PathLike) -> Table:
    """Set two measurements side by side, as `cnnlib.records.compare` does.

    Args:
        first: name of a recipe that has records, all of whose seeds count, or the path of a record.json.
        second: the same.

    Raises:
        FileNotFoundError: there is no such record; the message lists the recipes that have some.
        ValueError: a file is not a record.
    """
    return _compare(_find(first), _find(second), (os.fspath(first), os.fspath(second)))


def _find(name: str | os.PathLike) -> list[dict]:
    if name in names():
        return load(os.fspath(name))
    if not Path(name).exists():
        raise FileNotFoundError(
            f"No record of {os.fspath(name)!r}: name a record.json or one of {', '.join(names())}."
        )
    return [with_kind(record) for record in read_all(name)]
