"""What the book's records need besides a training: how settings were chosen, answers and weights kept."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pooch

from cnnlib import backend, models
from cnnlib.data import DataSet
from cnnlib.data.pixels import Pixels
from cnnlib.models import without_aux_heads
from cnnlib.recipe import Recipe, build
from cnnlib.records import circumstances, images_used, provenance, read
from cnnlib.runs import dtype_policy, train
from cnnlib.training import TrainingError, measure_test, prepare_pixels


def choose(recipe: Recipe, candidates: Sequence[dict], data: DataSet, *, epochs: int, seed: int = 0) -> dict:
    """Train every candidate for a few epochs and compare them on the validation split alone.

    Args:
        recipe: what the candidates change.
        candidates: settings that replace the recipe's.
        data: its test split is not touched.
        epochs: the schedule is run through in so many.
        seed: the same for every candidate.

    Returns:
        The comparison as plain data: each candidate with its validation error (a share of the images,
        None where training diverged), and what it took.
    """
    results = []
    for change in candidates:
        started = time.monotonic()
        try:
            candidate = replace(recipe, **change).shortened(epochs)
            record = train(candidate, data, seed=seed, use_test=False).record
            validation_error = record["history"]["validation_error"][-1]
        except TrainingError as problem:
            print(problem, flush=True)
            validation_error = None
        seconds = round(time.monotonic() - started, 1)
        if "preparation" in change:
            change = change | {"preparation": change["preparation"].settings()}
        results.append({"change": change, "validation_error": validation_error, "seconds": seconds})
        print(change, validation_error, flush=True)
    return {"epochs": epochs, "candidates": results} | provenance(recipe, data, seed)


def add_answers(folder: str | os.PathLike, data: DataSet) -> dict:
    """Write the answers of a finished training into its record, which was made before records kept them.

    The network is tested once more with the weights that the training left.

    Args:
        folder: what `run` wrote, with `final.weights.h5` and `record.json`.
        data: what it was trained on; its training images say how pixels are prepared.

    Returns:
        The record, as it now is in the folder. Its answers say when and by which code they were found.

    Raises:
        OSError: the folder has no weights.
        TrainingError: the record has answers or no test error, the data is not that of the record, or the
            error is not what the record says.
        FileNotFoundError, ValueError: there is no record, or what is there is none.
    """
    folder = Path(folder)
    record = read(folder / "record.json")
    expected = record["result"].get("test_error")
    if "answers" in record or expected is None:
        found = "has its answers" if "answers" in record else "has no test error, so it was never tested"
        raise TrainingError(f"{folder / 'record.json'} {found}: there is nothing to add.")
    used = images_used(data)
    if any(used[what] != record["data"][what] for what in ("name", "sha256", "images")):
        raise TrainingError(
            f"{folder} was trained on {record['data']}, and these are {used}: give the options of that "
            "training."
        )
    recipe = Recipe.from_settings(record["recipe"])
    with dtype_policy(record.get("execution", {}).get("precision", "float32")):
        model = recipe.build_network(len(data.class_names))
    model = without_aux_heads(model) if recipe.heads else model
    model.load_weights(folder / "final.weights.h5")
    pixels = prepare_pixels(recipe, data.train)
    error, answers = measure_test(model, recipe, data, pixels, backend.engine("one"))
    if error != expected:
        raise TrainingError(
            f"Tested again, {folder} has an error of {error:.4%} and not the {expected:.4%} of its record: "
            "use the machine and the versions that the record names, or train again."
        )
    record |= answers
    record["answers"]["afterwards"] = circumstances()
    (folder / "record.json").write_text(json.dumps(record, indent=1) + "\n")
    return record


def save_weights(
    model: keras.Model,
    path: str | os.PathLike,
    *,
    network: str,
    pixels: Pixels,
    class_names: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    accuracy: str = "not measured",
    licence: str = "not stated",
    about: str = "",
    dtype: str = "float16",
) -> str:
    """Keep a trained network of this package in one npz file, with what is needed to use it.

    Args:
        model: built by `network`.
        path: of the file, ending in .npz.
        network: the builder of `cnnlib.models`.
        pixels: how images are prepared.
        class_names: by the number of the output.
        settings: arguments of the builder besides the number of classes, if it takes one.
        accuracy: what was measured, on what.
        licence: of the weights.
        about: where they come from: recipe, seed, data, record.
        dtype: "float16" takes half of the space; measure the accuracy with what `load_file` gives.

    Returns:
        The file's SHA-256, for `cnnlib.weights.load_file`.

    Raises:
        ValueError: another dtype or ending, no such network, weights that float16 cannot hold, or settings
            that do not build this model.
    """
    path = Path(path)
    if dtype not in ("float16", "float32") or path.suffix != ".npz":
        raise ValueError(
            f"Weights are kept as float16 or float32 in a file .npz, not {dtype} in {path.name}."
        )
    if network not in models.__all__:
        raise ValueError(f"cnnlib.models has no {network}: use one of {', '.join(models.__all__)}.")
    described = {
        "network": network,
        "settings": dict(settings or {}),
        "pixels": pixels.described(),
        "class_names": list(class_names),
        "accuracy": accuracy,
        "licence": licence,
        "about": about,
    }
    twin, values = build(network, len(class_names), settings or {}), model.get_weights()
    if [value.shape for value in values] != [weight.shape for weight in twin.weights]:
        raise ValueError(f"models.{network} with these settings and class names is another network.")
    with np.errstate(over="ignore"):  # told below
        # The variances of normalisation may be more than float16 holds, and vectors take little space.
        kept = {f"w{i}": v.astype("float32" if v.ndim < 2 else dtype) for i, v in enumerate(values)}
    if any(not np.isfinite(value).all() for value in kept.values()):
        raise ValueError(f"Some weights are not finite in {dtype}: keep them as float32.")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, described=np.array(json.dumps(described)), **kept)
    return pooch.file_hash(path)
