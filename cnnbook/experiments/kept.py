"""Experiments by name, each with its data, and the record that one leaves."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cnnbook import mistakes
from cnnbook.experiments import duplicates
from cnnbook.experiments.copied_layers import layers
from cnnbook.experiments.levels import CHOSEN, SOURCE, far, pneumonia, scenarios
from cnnbook.experiments.pictures import flowers
from cnnbook.experiments.starts import starts
from cnnbook.experiments.trials import Trials
from cnnlib import data, weights
from cnnlib.data import DataSet, PictureFolder
from cnnlib.data.sources import user_folder
from cnnlib.records import circumstances, images_used

Made = dict
"""What a record says besides the circumstances: "data", "settings", "trials" and whatever more there is."""


def _copied(trials: Trials, seeds: Sequence[int]) -> Made:
    cifar10 = data.load("cifar10", "paper", validation=0)
    return {"data": _used({"both halves": cifar10}), "trials": layers(cifar10, seeds=seeds, trials=trials)}


def _scenarios(trials: Trials, seeds: Sequence[int]) -> Made:
    targets = {
        "similar": data.only(data.load("cifar10", "paper"), CHOSEN),
        "different": data.load("fashion_mnist", "paper"),
    }
    return {"data": _used(targets)} | scenarios(targets, seeds=seeds, trials=trials)


def _distances(trials: Trials, seeds: Sequence[int]) -> Made:
    cifar10 = data.load("cifar10", "paper")
    sets = {
        "its own classes": data.only(cifar10, weights.load(SOURCE).class_names),
        "similar": data.only(cifar10, CHOSEN),
        "photos": data.load("photos"),
        "X-rays": data.load("pneumoniamnist", "paper"),
        "different": data.load("fashion_mnist", "paper"),
        "shapes": data.load("shapes"),
        "digits": data.load("mnist", "paper"),
    }
    found = far({name: images.test for name, images in sets.items()}, seeds=seeds)
    return {"data": _used(sets), "trials": found, "settings": {"source": SOURCE}}


def _pneumonia(trials: Trials, seeds: Sequence[int]) -> Made:
    xrays = data.load("pneumoniamnist", "paper")
    return {"data": _used({"target": xrays})} | pneumonia(xrays, seeds=seeds, trials=trials)


def _cats_and_dogs(trials: Trials, seeds: Sequence[int]) -> Made:
    pictures = _folder("dogs-vs-cats")
    return {"data": _used({"target": pictures})} | starts(pictures, seeds=seeds, trials=trials)


def _folder(name: str) -> DataSet[PictureFolder]:
    """A folder of pictures among the user's data."""
    folder = user_folder(f"Put {name}/train/CLASS/ and {name}/test/CLASS/ into it.")
    if folder is None:
        raise data.DataError(f"Set CNNLIB_DATA to the folder that holds {name}/train/ and {name}/test/.")
    return data.open_folder(folder / name)


def _flowers(trials: Trials, seeds: Sequence[int]) -> Made:
    pictures = _folder("flowers12")
    return {"data": _used({"target": pictures})} | flowers(pictures, seeds=seeds, trials=trials)


def _preprocessing(trials: Trials, seeds: Sequence[int]) -> Made:
    return mistakes.experiment()


def _duplicates(trials: Trials, seeds: Sequence[int]) -> Made:
    return duplicates.experiment()


NAMES: dict[str, Callable[[Trials, Sequence[int]], Made]] = {
    "layers": _copied,
    "scenarios": _scenarios,
    "distances": _distances,
    "pneumonia": _pneumonia,
    "cats_and_dogs": _cats_and_dogs,
    "flowers": _flowers,
    "preprocessing": _preprocessing,
    "duplicates": _duplicates,
}


def run(name: str, out: str | os.PathLike, seeds: Sequence[int] = (0, 1, 2)) -> None:
    """Do an experiment and write its record; one that was stopped goes on where it was.

    Args:
        name: of `NAMES`.
        out: the record's file; beside it, in a folder of its name, finished trials are kept.
        seeds: of the experiment's trials, where it has some.

    Raises:
        KeyError: there is no such experiment; the message lists those there are.
        DataError, WeightsError: the data or weights it needs cannot be had.
    """
    if name not in NAMES:
        raise KeyError(f"No experiment {name!r}; there are {', '.join(NAMES)}.")
    file = Path(out)
    began = time.monotonic()
    trials = Trials(file.with_suffix(""), lambda trial: print(json.dumps(trial)[:300], flush=True))
    made = {"name": name} | NAMES[name](trials, seeds) | circumstances()
    timed = sum(trial["seconds"] for trial in made["trials"] if "seconds" in trial)
    made["seconds"] = round(timed or time.monotonic() - began)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(made, indent=1) + "\n")


def _used(sets: Mapping[str, DataSet]) -> dict:
    return {role: images_used(images) for role, images in sets.items()}
