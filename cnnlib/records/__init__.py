"""What we measured: one JSON file per full training, with everything needed to judge or repeat it."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import subprocess
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlib.data import DataSet
    from cnnlib.recipe import Recipe

FOLDER = Path(__file__).parent
CHOICES = "choices"


def provenance(recipe: Recipe, data: DataSet, seed: int) -> dict:
    """What a measurement was made with: settings, seed, data, commit, versions, hardware, date."""
    import keras

    from cnnlib.backend import devices

    return {
        "recipe": recipe.settings(),
        "profile": data.profile,
        "seed": seed,
        "data": {
            "name": data.name,
            "source": data.source,
            "sha256": data.sha256,
            "images": {name: len(getattr(data, name)) for name in ("train", "validation", "test")},
        },
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "versions": {
            "python": platform.python_version(),
            "keras": version("keras"),
            "numpy": version("numpy"),
            keras.backend.backend(): import_module(keras.backend.backend()).__version__,
        },
        "hardware": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "devices": devices(),
        },
    }


def _commit() -> str | None:
    """The commit the package was run from, marked when files had changed since; None outside a repository."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(FOLDER), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "..")
        return git("rev-parse", "HEAD") + ("-changed" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def load(name: str) -> list[dict]:
    """All records of one recipe, by seed.

    Raises:
        KeyError: there are none; the message lists the recipes that have some.
    """
    files = sorted((FOLDER / name).glob("*.json"))
    if not files:
        raise KeyError(f"No record of {name!r}; there are records of {', '.join(names())}.")
    return sorted((json.loads(file.read_text()) for file in files), key=lambda record: record["seed"])


def names() -> list[str]:
    """The recipes that have records."""
    return sorted({file.parent.name for file in FOLDER.glob("*/*.json")} - {CHOICES})


def choice(name: str) -> dict:
    """How a recipe's own settings were chosen (see `cnnlib.training.choose`).

    Raises:
        KeyError: nothing was recorded.
    """
    file = FOLDER / CHOICES / f"{name}.json"
    if not file.exists():
        raise KeyError(f"No choice is recorded for {name!r}.")
    return json.loads(file.read_text())


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation of a figure over seeds; the spread of one value is NaN."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan


def as_text() -> str:
    """One line for each recipe that has records: seeds, mean and spread of the test error, time."""
    lines = [f"{'recipe':18} {'seeds':>5} {'test error':>16} {'wall time':>10}"]
    for name in names():
        runs = load(name)
        mean, spread = mean_and_spread([run["result"]["test_error"] for run in runs])
        minutes = statistics.fmean(run["wall_seconds"] for run in runs) / 60
        lines.append(f"{name:18} {len(runs):5} {mean:8.2%} +- {spread:.2%} {minutes:6.1f} min")
    return "\n".join(lines)
