"""How transferable the layers of a network are: the experiment of Yosinski et al. 2014, in small."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import keras
import numpy as np

from cnnbook.experiments.trials import Trial, Trials, error
from cnnlib import data, models, training
from cnnlib.data import DataSet, Split
from cnnlib.data.pixels import Pixels
from cnnlib.recipe import Recipe, find
from cnnlib.transfer import freeze
from cnnlib.transfer.freezing import is_weight_layer

KINDS = ("BnB", "AnB", "BnB+", "AnB+")
"""Whose first n layers a network for B gets, frozen or, with +, to learn on (section 3)."""
EPOCHS = 8
_DEPTH = 8


def recipe(images: int, epochs: int = EPOCHS) -> Recipe:
    """How every network of the experiment is trained: as He et al.'s plain networks, in fewer epochs."""
    whole = replace(
        find("plain20"),
        name="copied_layers",
        network_settings={"depth": _DEPTH, "residual": False, "width": 0.5},
        source="Our own experiment, after Yosinski et al. 2014: settings of He et al. 2016, section 4.2, "
        "for a plain network of eight layers with half of the maps, in fewer epochs.",
    )
    return whole.shortened(epochs, images)


def layers(
    images: DataSet[Split],
    *,
    seeds: Sequence[int] = (0,),
    layers: Iterable[int] = range(1, _DEPTH),
    kinds: Sequence[str] = KINDS,
    epochs: int = EPOCHS,
    on_trial: Callable[[Trial], None] | None = None,
    trials: Trials | None = None,
) -> list[Trial]:
    """Copy the first n layers of a trained network, train the rest, and see what that cost.

    A set's classes are split into halves A and B, as each seed has it. A base network is trained on each;
    then, for each n and kind, a new network for B whose first n weight layers are copied.

    Args:
        images: of an even number of classes; its test images are used for what is returned, nothing is
            chosen by them.
        seeds: one experiment each.
        layers: the n.
        kinds: of `KINDS`.
        epochs: of every training.
        on_trial: called with each trial when it is finished.
        trials: where they are kept; None keeps them nowhere.

    Returns:
        The trials: "kind" ("base" for the network of B alone), "layers" (n, 0 for the base), "seed",
        "train_error", "test_error" and "seconds".

    Raises:
        ValueError: an odd number of classes, an unknown kind, or more layers than there are.

    Source: Yosinski et al. 2014, section 3.
    """
    chosen = list(layers)
    if (
        len(images.class_names) % 2
        or not set(kinds) <= set(KINDS)
        or not set(chosen) <= set(range(1, _DEPTH))
    ):
        raise ValueError(
            f"Expected an even number of classes, kinds among {', '.join(KINDS)} and layers from 1 to "
            f"{_DEPTH - 1}; got {len(images.class_names)} classes, {', '.join(kinds)} and {chosen}."
        )
    kept = trials or Trials(on_trial=on_trial)
    pixels = recipe(len(images.train)).preparation.build_pixels(images.train.x)
    for seed in seeds:
        half = dict(zip("AB", halves(images, seed), strict=True))
        base = {name: _base(half[name], name, seed, epochs, pixels, kept) for name in ("B", "A")}
        for n in chosen:
            for kind in kinds:
                settings = {"kind": kind, "layers": n, "seed": seed, "epochs": epochs}
                kept(settings, partial(_copied, half["B"], base[kind[0]], settings, pixels))
    return [trial for trial in kept.done if trial["kind"] != "base A"]


def halves(images: DataSet[Split], seed: int) -> tuple[DataSet[Split], DataSet[Split]]:
    """The classes of a set in two halves, drawn by the seed."""
    names = np.random.RandomState(seed).permutation(images.class_names).tolist()
    middle = len(names) // 2
    return data.only(images, names[:middle]), data.only(images, names[middle:])


def _base(
    half: DataSet[Split], name: str, seed: int, epochs: int, pixels: Pixels, trials: Trials
) -> keras.Model:
    """A network trained on one of the halves; the trials keep its weights too."""
    kind = "base" if name == "B" else f"base {name}"
    settings = {"kind": kind, "layers": 0, "seed": seed, "epochs": epochs}
    model = _network(half, seed)
    file = trials.file(settings, ".weights.h5")

    def measure() -> dict:
        figures = _trained(model, half, epochs, seed, pixels)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            model.save_weights(file)
        return figures

    trials(settings, measure)
    if file is not None:
        model.load_weights(file)
    return model


def _copied(half: DataSet[Split], source: keras.Model, settings: Trial, pixels: Pixels) -> dict:
    n, kind, seed = settings["layers"], settings["kind"], settings["seed"]
    # Other initial weights than the base's, and others for each trial.
    model = _network(half, 1000 * (seed + 1) + 10 * n + KINDS.index(kind))
    copy_first(source, model, n)
    if not kind.endswith("+"):
        freeze(model, n / (_DEPTH - 1))
    return _trained(model, half, settings["epochs"], seed, pixels)


def copy_first(source: keras.Model, target: keras.Model, n: int) -> None:
    """Copy the weights of the first n weight layers, each with its normalisation, of one chain of layers.

    Args:
        source: where they come from.
        target: of the same layers up to there.
        n: how many.
    """
    counted = 0
    for theirs, ours in zip(source.layers, target.layers, strict=True):
        counted += is_weight_layer(theirs)
        if counted > n:
            return
        ours.set_weights(theirs.get_weights())


def _network(half: DataSet[Split], seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    settings = recipe(len(half.train)).network_settings
    return models.ResNetCIFAR(classes=len(half.class_names), **settings)


def _trained(model: keras.Model, half: DataSet[Split], epochs: int, seed: int, pixels: Pixels) -> dict:
    began = time.monotonic()
    settings = recipe(len(half.train), epochs)
    progress = training.fit(model, settings, half.train, seed=seed, pixels=pixels)
    return {
        "train_error": progress.history["train_error"][-1],
        "test_error": error(model, half.test, pixels),
        "seconds": round(time.monotonic() - began, 1),
    }
