"""One training of an experiment after the other; what is finished is kept and not done again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops

from cnnlib.data import Split
from cnnlib.data.pixels import Pixels
from cnnlib.evaluation import scores, top_k_error

Trial = dict
"""Settings of a training, plain data, and once it is finished its figures beside them."""


class Trials:
    """The trials of an experiment.

    Attributes:
        folder: where finished trials are kept, so that a stopped experiment goes on; None keeps none.
        on_trial: called with each trial when it is finished.
        done: all finished ones, in order.
    """

    def __init__(self, folder: Path | None = None, on_trial: Callable[[Trial], None] | None = None):
        self.folder, self.on_trial = folder, on_trial
        self.done: list[Trial] = []

    def __call__(self, settings: Trial, measure: Callable[[], dict]) -> Trial:
        """Do a trial, or read what it gave before.

        Args:
            settings: what tells it from the others, plain data.
            measure: returns its figures, plain data.
        """
        file = self.file(settings, ".json")
        if file is not None and file.exists():
            trial = json.loads(file.read_text())
        else:
            trial = settings | measure()
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                draft = file.with_suffix(".draft")
                draft.write_text(json.dumps(trial))
                draft.replace(file)
        if self.on_trial is not None:
            self.on_trial(trial)
        self.done.append(trial)
        return trial

    def file(self, settings: Trial, suffix: str) -> Path | None:
        """The file in which something of a trial is kept."""
        if self.folder is None:
            return None
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        return self.folder / f"{key[:24]}{suffix}"


def with_chosen_rate(
    seeds: Sequence[int],
    rates: Sequence[float],
    attempt: Callable[[int, float], Trial],
    worth: Callable[[Trial], float],
) -> tuple[list[Trial], list[Trial]]:
    """Choose a rate with the first seed and keep it for the others.

    Args:
        seeds: in order.
        rates: to choose from.
        attempt: does the trial of a seed with a rate.
        worth: of a trial, by validation images; the highest is chosen.

    Returns:
        The trial of each seed, and those that the choice was made from; none where there was one rate alone.
    """
    first, *others = seeds
    tried = [attempt(first, rate) for rate in rates]
    best = max(tried, key=worth)
    done = [best, *(attempt(seed, best["rate"]) for seed in others)]
    return done, tried if len(tried) > 1 else []


def error(model: keras.Model, images: Split, pixels: Pixels) -> float:
    """Share of images that a model answers wrongly."""
    return top_k_error(outputs(model, images, pixels), images.y)


def outputs(model: keras.Model, images: Split, pixels: Pixels) -> np.ndarray:
    """A model's outputs (n, classes) for images."""
    return scores(model, ops.convert_to_numpy(pixels(images.x)))
