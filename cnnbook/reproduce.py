"""Train again what was recorded, and say whether it comes out the same: `python -m cnnbook reproduce`.

`reproduce.toml` lists the trainings. A folder keeps what was done, so that the same command goes on.
"""

from __future__ import annotations

import contextlib
import math
import signal
import statistics
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cnnbook import numbers, records
from cnnlib.records import wrong_answers
from cnnlib.tables import Table

if TYPE_CHECKING:
    from cnnlib.evaluation import Verdict
    from cnnlib.runs import Run


@dataclass(frozen=True)
class Training:
    """A line of the list, as `reproduce.toml` explains it."""

    name: str
    shows: str
    paper: str = ""
    full: str = ""


@dataclass(frozen=True)
class Job:
    """One training to do."""

    of: Training
    recipe: str  # the recorded one, or that of the paper's length
    seed: int
    minutes: float | None  # that it took when it was recorded, if it was


def trainings() -> list[Training]:
    """All that was recorded, what is most worth repeating first."""
    listed = tomllib.loads(files("cnnbook").joinpath("reproduce.toml").read_text("utf-8"))
    return [Training(name, **line) for name, line in listed.items()]


def overview(link: Callable[[str], str] = str) -> Table:
    """List each recorded training, what it shows, where and how long it ran; `link` writes its name."""
    rows = []
    for line in trainings():
        found = records.load(line.name)
        minutes = statistics.fmean(run["wall_seconds"] for run in found) / 60
        on = found[0]["hardware"]
        where = f"{on['cores']} cores" if on["devices"] == ["cpu:0"] else ", ".join(on["devices"])
        full = {"": "-", line.name: "the same"}.get(line.full, line.full)
        rows.append([link(line.name), line.shows, len(found), f"{minutes:.0f}", where, full])
    return Table(["training", "what it shows", "seeds", "minutes each", "on", "at the paper's length"], rows)


def plan(only: Sequence[str] = (), *, full: bool = False) -> list[Job]:
    """List what to train: the first seed of each training in the order of the list, then the further seeds.

    Args:
        only: names of trainings; all of them if empty.
        full: at the papers' own lengths, where there are any.

    Raises:
        KeyError: a name that is not listed.
    """
    listed = {line.name: line for line in trainings()}
    ranked = []
    for name in only or listed:
        if name not in listed:
            raise KeyError(f"No training {name!r} was recorded; there are {', '.join(listed)}.")
        recipe = (full and listed[name].full) or name
        minutes = {run["seed"]: run["wall_seconds"] / 60 for run in _recorded(recipe)} or {0: None}
        ranked += [(at, Job(listed[name], recipe, seed, minutes[seed])) for at, seed in enumerate(minutes)]
    return [job for _, job in sorted(ranked, key=lambda pair: pair[0])]


def _recorded(recipe: str) -> list[dict]:
    """The records of a recipe; of one at the paper's length there may be none."""
    return records.load(recipe) if recipe in records.names() else []


def reproduce(
    out: Path, only: Sequence[str] = (), *, minutes: float | None = None, full: bool | None = None
) -> Table:
    """Train what is planned, as far as time allows, and compare it with what was recorded.

    Args:
        out: folder that keeps each training.
        only: as `plan` takes it.
        minutes: how long; None for as long as it takes. A training that should take longer than what is left,
            by its record and by how fast this machine was so far, is left out. One that does is stopped.
        full: as `plan` takes it; None for so where there is a GPU.

    Raises:
        KeyError: as `plan`.
    """
    from cnnlib import backend

    if full is None:
        full = any(not device.startswith("cpu") for device in backend.devices())
    jobs, done, why = plan(only, full=full), dict[Job, "Run"](), dict[Job, str]()
    with _time(minutes) as left, contextlib.suppress(KeyboardInterrupt):
        for job in jobs:
            expected = _expected(job, done)
            said = f"some {max(1, round(expected))} minutes" if expected else "nobody has measured how long"
            if left() < (expected or 0) and not _record(job, out).exists():
                why[job] = f"seed {job.seed} left out: {said}"
                continue
            print(f"{job.recipe}, seed {job.seed}: {said}", flush=True)
            why[job] = f"seed {job.seed} stopped: the same command goes on with it"
            try:
                done[job] = _train(job, out)
                del why[job]
            except Exception as problem:  # whatever it is, the others can be trained, and the table says it
                why[job] = f"seed {job.seed} failed: {str(problem).partition(chr(10))[0]}"
    return _table(jobs, done, why)


@contextlib.contextmanager
def _time(minutes: float | None) -> Iterator[Callable[[], float]]:
    """Stop the training after so many minutes, as a machine that is taken away would; say what is left."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    seconds = threading.TIMEOUT_MAX if minutes is None else 60 * minutes
    end = time.monotonic() + seconds
    before = signal.signal(signal.SIGTERM, stop)  # a training has a handler of its own, which saves
    timer = threading.Timer(seconds, signal.raise_signal, [signal.SIGTERM])
    timer.start()
    try:
        yield lambda: (end - time.monotonic()) / 60
    finally:
        timer.cancel()
        signal.signal(signal.SIGTERM, before)


def _expected(job: Job, done: dict[Job, Run]) -> float | None:
    """Minutes of a training on this machine, by its record and those already repeated here."""
    again = [(run.minutes, other.minutes) for other, run in done.items() if other.minutes] or [(1, 1)]
    return job.minutes and job.minutes * sum(here for here, _ in again) / sum(then for _, then in again)


def _record(job: Job, out: Path) -> Path:
    return out / job.recipe / f"seed{job.seed}" / "record.json"


def _train(job: Job, out: Path) -> Run:
    """Train, go on with a training, or read what it left, on images that are split as the record says."""
    import keras

    import cnnlib as cnn
    from cnnlib import extras

    if _record(job, out).exists():
        return cnn.Run.read(_record(job, out))
    like = (_recorded(job.recipe) or records.load(job.of.name))[0]["data"]
    small = extras.rehearsal() is not None  # which has few pictures, and leaves no record
    images = cnn.load(like["name"], "paper", validation=None if small else like["images"]["validation"])
    keras.utils.clear_session()  # what the training before left on the device
    return cnn.train(job.recipe, images, seed=job.seed, out=None if small else _record(job, out).parent)


def _table(jobs: Sequence[Job], done: dict[Job, Run], why: dict[Job, str]) -> Table:
    """For each training the error of the paper, of the records and of now, and whether the last two agree."""
    rows = []
    for recipe in dict.fromkeys(job.recipe for job in jobs):
        of_recipe = [job for job in jobs if job.recipe == recipe]
        line, found = of_recipe[0].of, [done[job].record for job in of_recipe if job in done]
        paper = f"{numbers.resolve(line.paper).value:g}%" if line.paper else "-"
        shown = paper if line.full in ("", recipe) else f"({paper})"  # brackets: the paper trained longer
        said = [_compared(line, _recorded(recipe), found)] if found else []
        said += [why[job] for job in of_recipe if job in why]
        errors = map(_errors, (_recorded(recipe), found))
        rows.append([recipe, shown, *errors, "; ".join(said) or "not reached"])
    return Table(["training", "paper", "recorded", "now", "do recorded and now agree?"], rows)


def _errors(runs: Sequence[dict]) -> str:
    """Mean test error, its standard deviation, and of how many seeds."""
    if not runs:
        return "-"
    mean, spread = records.mean_and_spread([run["result"]["test_error"] for run in runs])
    return f"{mean:.2%}" + (f" +- {spread:.2%}, {len(runs)} seeds" if len(runs) > 1 else "")


def _compared(line: Training, recorded: Sequence[dict], now: Sequence[dict]) -> str:
    from cnnlib import extras

    if extras.rehearsal() or not (recorded or line.paper):
        return "a rehearsal is no result" if extras.rehearsal() else "nothing to compare with"
    if recorded:
        return agreement(recorded, now)
    return _at_worst(numbers.resolve(line.paper).value / 100, now, "with the paper, McNemar's test at worst")


def agreement(recorded: Sequence[dict], now: Sequence[dict]) -> str:
    """Say whether trainings agree with the records of their recipe, and by what.

    With two recorded seeds or more: whether the mean of the new ones lies where 95 % of such means would, by
    Student's t over the recorded seeds. With one, whether two networks tested on the same images differ, by
    McNemar's test; it says nothing of other seeds, so that a difference may be a seed's chance.
    """
    from cnnlib import evaluation

    every = [*recorded, *now]
    if len({(run["data"]["name"], run["data"]["images"]["test"]) for run in every}) > 1:
        return "not comparable: tested on other images"
    if len({len(run["history"]["train_loss"]) for run in every}) > 1:
        return "not comparable: trained for another number of epochs"
    if len(recorded) > 1:
        errors = [[100 * run["result"]["test_error"] for run in runs] for runs in (recorded, now)]
        apart = statistics.fmean(errors[1]) - statistics.fmean(errors[0])
        low, high = evaluation.mean_interval(errors[0])
        most = (high - low) / 2 * math.sqrt(1 + len(recorded) / len(now))
        by = f"points of {most:.2f} that the {len(recorded)} recorded seeds allow, by Student's t"
        return f"{'yes' if abs(apart) <= most else 'no'}: {apart:+.2f} {by}"
    one = recorded[0]
    other = next((run for run in now if run["seed"] == one["seed"]), now[0])
    kept = [run.get("answers", {}).get("images_sha256") for run in (one, other)]
    if kept[0] and kept[0] == kept[1]:
        wrong = wrong_answers(one), wrong_answers(other)
        return _said(evaluation.mcnemar(*wrong), "one seed, McNemar's test")
    return _at_worst(one["result"]["test_error"], [other], "one seed, McNemar's test at worst")


def _at_worst(error: float, now: Sequence[dict], by: str) -> str:
    """Compare a network of which only the error is known with others, whichever images they got wrong."""
    from cnnlib import evaluation

    images = now[0]["data"]["images"]["test"]
    again = statistics.fmean(run["result"]["test_error"] for run in now)
    return _said(evaluation.mcnemar_at_worst(round(error * images), round(again * images), images), by)


def _said(found: Verdict, by: str) -> str:
    answer, (low, high) = "yes" if found.lower == "open" else "no", found.interval
    return f"{answer}: {found.points:+.2f} points ({low:+.2f} to {high:+.2f}; {by})"
