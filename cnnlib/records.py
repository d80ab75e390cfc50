"""What a training leaves: a JSON file with its result and with everything needed to judge or repeat it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnlib.answers import unpack

if TYPE_CHECKING:
    from cnnlib.data import DataSet
    from cnnlib.recipe import Recipe


def provenance(recipe: Recipe, data: DataSet, seed: int) -> dict:
    """What a measurement was made with: settings, seed, data, commit, versions, hardware, date."""
    return {
        "recipe": recipe.settings(),
        "profile": data.profile,
        "seed": seed,
        "data": images_used(data),
    } | circumstances()


def images_used(data: DataSet) -> dict:
    """Which images a measurement used, and their hash."""
    return {
        "name": data.name,
        "source": data.source,
        "sha256": data.sha256,
        "images": {name: len(getattr(data, name)) for name in ("train", "validation", "test")},
    }


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
        "hardware": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "devices": devices(),
        },
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


def answers(record: dict) -> np.ndarray | None:
    """The class that the network answered to each test image, in the images' order.

    Returns:
        (n,) uint8, or uint16 where there are more than 255 classes; a number one above the last class where
        its scores were no finite numbers. None where the record is older than the keeping of answers.

    Raises:
        ValueError: they are damaged.
    """
    return unpack(record["answers"])[0] if "answers" in record else None


def labels(record: dict) -> np.ndarray | None:
    """The true classes of the images that `answers` has the answers to; (n,) of the same type, or None.

    Raises:
        ValueError: they are damaged.
    """
    return unpack(record["answers"])[1] if "answers" in record else None


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
