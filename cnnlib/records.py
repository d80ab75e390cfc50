"""What a training leaves: a JSON file with its result and with everything needed to judge or repeat it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import platform
import re
import statistics
import subprocess
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnlib import evaluation
from cnnlib.evaluation import Verdict
from cnnlib.tables import Table

if TYPE_CHECKING:
    from cnnlib.data import DataSet, Split
    from cnnlib.data.folders import PictureFolder
    from cnnlib.recipe import Recipe


def provenance(recipe: Recipe, data: DataSet, seed: int) -> dict:
    """What a measurement was made with: settings, seed, data, commit, versions, hardware, date."""
    return {"recipe": recipe.settings(), "seed": seed, "data": images_used(data)} | circumstances()


def images_used(data: DataSet) -> dict:
    """Which images a measurement used, and their hash."""
    images = {name: len(getattr(data, name)) for name in ("train", "validation", "test")}
    return {name: getattr(data, name) for name in ("name", "kind", "source", "sha256")} | {"images": images}


def circumstances() -> dict:
    """Commit, versions, hardware and date of a measurement."""
    import keras

    from cnnlib.backend import devices

    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "versions": {
            "python": platform.python_version(),
            "keras": version("keras"),
            "numpy": version("numpy"),
            keras.backend.backend(): import_module(keras.backend.backend()).__version__,
        },
        "hardware": {"processor": _processor(), "cores": os.cpu_count(), "devices": devices()},
    }


def _commit() -> str | None:
    """The commit the package was run from, marked when files had changed since; None outside a repository."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".")
        return git("rev-parse", "HEAD") + ("-changed" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def sha256(images: Split | PictureFolder, tested: np.ndarray | slice) -> str:
    """Hash what was tested, in its order: two records with the same hash can be compared image by image.

    Args:
        images: a split in memory, of which pixels and labels count; or a folder of pictures, of which paths,
            labels and sizes of files do.
        tested: (n,) which of them were tested: not those that could not be read; or a slice.
    """
    from cnnlib.data import Split

    total = hashlib.sha256()
    if isinstance(images, Split):
        total.update(images.y[tested].astype("<i8").tobytes())
        total.update(f"{images.x.shape[1:]} {images.x.dtype}".encode())
        total.update(np.ascontiguousarray(images.x[tested]).data)
        return total.hexdigest()
    for place in np.arange(len(images))[tested]:
        path, label, size = images.paths[place], images.labels[place], images.sizes[place]
        total.update(f"{path}\0{label}\0{size}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def pack_answers(answers: np.ndarray, labels: np.ndarray, classes: int, images_sha256: str) -> dict:
    """Turn answers and labels into plain data for a record.

    A label is kept by how it differs from the answer, bit by bit: of a good network that is mostly 0, which
    compresses to little.

    Args:
        answers: (n,) the predicted class of each image; `classes` where the scores were no finite numbers.
        labels: (n,) the true classes.
        classes: how many there are.
        images_sha256: see `sha256`.

    Raises:
        ValueError: not one answer for each label, or one that is no class.
    """
    both = np.stack([answers, labels])
    if both.size and not 0 <= both.min() <= both.max() <= classes:
        raise ValueError(f"Expected classes from 0 to {classes - 1}; got {both.min()} to {both.max()}.")
    kind = np.dtype("uint8" if classes < 256 else "<u2")
    given, true = both.astype(kind)
    packed = {"given": given, "labels_xor_given": true ^ given}
    return {"images_sha256": images_sha256, "type": kind.name} | {
        name: base64.b64encode(zlib.compress(array.tobytes(), 9)).decode() for name, array in packed.items()
    }


def unpack_answers(kept: dict) -> tuple[np.ndarray, np.ndarray]:
    """Answers and labels from what `pack_answers` made: (n,) each, uint8, or uint16 of more than 255 classes.

    An answer one above the last class stands for scores that were no finite numbers.

    Raises:
        ValueError: they are damaged.
    """
    try:
        kind = np.dtype(kept["type"]).newbyteorder("<")
        packed = (zlib.decompress(base64.b64decode(kept[name])) for name in ("given", "labels_xor_given"))
        given, differing = (np.frombuffer(each, kind) for each in packed)
        return given, given ^ differing
    except (KeyError, TypeError, ValueError, zlib.error) as problem:
        raise ValueError(f"The answers in a record are damaged ({problem}): use a copy of it.") from problem


def wrong_answers(record: dict) -> np.ndarray:
    """Which test images (n,) a network got wrong, of a record with answers.

    Raises:
        ValueError: they are damaged.
    """
    given, true = unpack_answers(record["answers"])
    return given != true


def verdict(first: Sequence[dict], second: Sequence[dict]) -> Verdict:
    """Whether the test errors of two recipes differ, by the test that their records allow.

    With two or more seeds that both have, by the differences between runs of one seed, which speaks of other
    trainings. With one run of each, by the answers to each image, which speaks of other images; where a
    record has none, by what the numbers of wrong answers leave possible. Otherwise it is open.

    Args:
        first: the records of one recipe, each with a test error.
        second: those of the other.

    Raises:
        ValueError: a side without records, or one that was never tested.
    """
    errors = [{run["seed"]: run["result"].get("test_error") for run in side} for side in (first, second)]
    if not all(errors) or None in [*errors[0].values(), *errors[1].values()]:
        raise ValueError("Each side needs records, each with a test error.")
    points = 100 * (statistics.fmean(errors[1].values()) - statistics.fmean(errors[0].values()))

    def undecided(why: str) -> Verdict:
        said = f"{points:+.2f} points: open; {why} would decide."
        return Verdict(points, (-math.inf, math.inf), "open", said)

    runs = [*first, *second]
    if all("answers" in run for run in runs):  # else their records tell less of what they were tested on
        tested = {run["answers"]["images_sha256"] for run in runs}
    else:
        tested = {(run["data"]["sha256"], run["data"]["images"]["test"]) for run in runs}
    if len(tested) > 1:
        return undecided("they were tested on different images; tests on the same ones")
    if len(errors[0].keys() & errors[1].keys()) > 1:
        return evaluation.paired_seeds(*errors)
    if len(runs) > 2:
        return undecided("two or more seeds that both have")
    one, other = first[0], second[0]
    if "answers" in one and "answers" in other:
        return evaluation.mcnemar(wrong_answers(one), wrong_answers(other))
    images = one["data"]["images"]["test"]
    wrong, also_wrong = (round(run["result"]["test_error"] * images) for run in (one, other))
    return evaluation.mcnemar_at_worst(wrong, also_wrong, images)


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation of a figure over seeds; the spread of one value is NaN."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan


def read(path: Path) -> dict:
    """The record of a training in a file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no record.
    """
    try:
        record = json.loads(path.read_text())
    except ValueError as problem:
        raise ValueError(f"{path} is not JSON ({problem}): train again to write it.") from problem
    missing = {"recipe", "seed", "data", "result", "history", "wall_seconds"} - set(record)
    if missing:
        raise ValueError(f"{path} is not the record of a training: it has no {', '.join(sorted(missing))}.")
    return record


def read_all(path: str | os.PathLike) -> list[dict]:
    """The record in a file, or the records in a folder that holds one for each seed.

    Raises:
        FileNotFoundError: there is no such file, or no record in the folder.
        ValueError: a file is not a record.
    """
    if not Path(path).is_dir():
        return [read(Path(path))]
    found = sorted([*Path(path).glob("seed*.json"), *Path(path).glob("record.json")])
    if not found:
        raise FileNotFoundError(f"No record in {os.fspath(path)}: name a record.json, or a folder with one.")
    return sorted(map(read, found), key=lambda record: record["seed"])


def compare(first: Sequence[dict], second: Sequence[dict], names: tuple[str, str]) -> Table:
    """Set two measurements side by side: what came out, then whatever differs in how it was made.

    The interval (Wilson's, 95 %) is that of the mean error on so many test images. It says how far other
    images would move the error, not other seeds: these move it by the spread, after +-. Whether the two
    differ is not read off these intervals; `verdict` says it.

    Args:
        first: the records of one recipe, one for each seed.
        second: those of the other.
        names: what to call them.

    Returns:
        A row for each figure and a column for each measurement; settings by their path in the record.
    """
    runs = list(first), list(second)
    columns = [_figures(side) for side in runs]
    rows: list[list[object]] = [[figure, *(each[figure] for each in columns)] for figure in columns[0]]
    tested = [[run for run in side if _error(run) is not None] for side in runs]
    rows.insert(4, ["second minus first", "", verdict(*tested).sentence if all(tested) else "not measured"])
    one, other = map(_facts, runs)
    differing = [path for path in one | other if one.get(path) != other.get(path)]
    shown = [{path: "; ".join(map(_brief, values)) for path, values in made.items()} for made in (one, other)]
    rows += [[path, *(side.get(path, "-") for side in shown)] for path in differing]
    return Table(["", *names], rows)


def lines(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """Align a table's columns for a terminal."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def _facts(runs: list[dict]) -> dict[str, list]:
    """How runs were made: what is found at each path in their records, each value once."""
    from cnnlib.recipe import Recipe

    found: dict[str, list] = {}
    parts = ("data", "execution", "versions", "hardware", "commit")
    for run in runs:
        made = {key: run[key] for key in parts if key in run}
        # As a recipe of today has them; what it says of its source may be worded anew.
        recipe = Recipe.from_settings(run["recipe"]).settings() | {"source": ""}
        for path, value in _flat({"recipe": recipe | recipe.pop("preparation")} | made).items():
            values = found.setdefault(path, [])
            if value not in values:
                values.append(value)
    return {path: sorted(values, key=str) for path, values in found.items()}


def _flat(tree: dict, above: str = "") -> dict[str, object]:
    """The leaves of a tree by their paths."""
    leaves: dict[str, object] = {}
    for key, value in tree.items():
        leaves |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return leaves


def _error(run: dict) -> float | None:
    return run["result"].get("test_error")


def _figures(runs: list[dict]) -> dict[str, object]:
    """What came out, in words; wall time includes validation after each epoch."""
    images = runs[0]["data"]["images"]
    errors = [error for error in map(_error, runs) if error is not None]
    said = between = "not measured"
    if errors:
        mean, spread = mean_and_spread(errors)
        said = f"{mean:.2%}" + (f" +- {spread:.2%}" if len(errors) > 1 else "")
        between = "{:.2%} to {:.2%}".format(*evaluation.interval(mean, images["test"]))
    speeds = []
    for run in runs:
        batch, hold = run["recipe"]["batch_size"], run["recipe"].get("hold")
        in_epochs = len(run["history"]["train_loss"]) * (run["data"]["images"]["train"] // batch)
        speeds.append((sum(hold) if isinstance(hold, list) else in_epochs) * batch / run["wall_seconds"])
    return {
        "seeds": ", ".join(str(run["seed"]) for run in runs),
        "test images": images["test"],
        "test error": said,
        "its 95 % interval": between,
        "wall time": f"{statistics.fmean(run['wall_seconds'] for run in runs) / 60:.1f} min",
        "training images per second": f"{statistics.fmean(speeds):,.0f}",
    }


def _brief(value: object) -> str:
    """A list by its runs of equal items, or by its ends; a hash by its beginning."""
    if isinstance(value, list):
        repeats = [(item, len(list(same))) for item, same in groupby(value)]
        if len(repeats) > 6:
            return f"{len(value)} values, {value[0]} to {value[-1]}"
        return ", ".join(f"{item}" + (f" x {count}" if count > 1 else "") for item, count in repeats)
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28,}", r"\1", "none" if value is None else str(value))
