"""How strongly the layers of a trained network respond: figure 7 of He et al. 2016, of our own networks."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from cnnbook.older import with_kind
from cnnlib import data
from cnnlib.recipe import Recipe
from cnnlib.records import provenance

# Training images that are measured on, as they are: neither shifted nor mirrored.
IMAGES = 5_000


def deviations(model: keras.Model, images: np.ndarray, batch_size: int = 500) -> dict[str, float]:
    """Standard deviation of the response of every convolution of 3x3.

    A response is what leaves the normalisation behind the convolution, before addition and activation, in
    the mode of testing; the deviation is over all images, places and maps.

    Args:
        model: a network whose normalisations are called as in `cnnlib.models.resnet`.
        images: (n, height, width, channels), as the model expects them.
        batch_size: images at a time.

    Returns:
        The deviations by the names of the convolutions, from the image on.

    Raises:
        ValueError: no images, or the model has no such layer.

    Source: He et al. 2016, section 4.2 and figure 7.
    """
    names = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    names = [name for name in names if model.get_layer(name).kernel_size == (3, 3)]
    normalisations = {layer.name for layer in model.layers}
    names = [name for name in names if name.replace("_conv", "_bn") in normalisations - {name}]
    if not names or not len(images):
        raise ValueError(
            f"There must be images and convolutions of 3x3 called X_conv with a normalisation X_bn; got "
            f"{len(images)} images and a model, {model.name}, with {len(names)} of them."
        )
    outputs = [model.get_layer(name.replace("_conv", "_bn")).output for name in names]
    watched = keras.Model(model.input, outputs)
    sums = np.zeros((3, len(names)))  # of ones, responses and their squares
    for start in range(0, len(images), batch_size):
        for column, response in enumerate(watched.predict_on_batch(images[start : start + batch_size])):
            response = response.astype("float64")
            sums[:, column] += response.size, response.sum(), (response**2).sum()
    count, total, squares = sums
    return dict(zip(names, np.sqrt(squares / count - (total / count) ** 2).tolist(), strict=True))


def of_trainings(folders: Sequence[str | os.PathLike]) -> dict[str, dict]:
    """Measure the networks that finished trainings left behind.

    Args:
        folders: what `cnnlib.runs.train` wrote, each with `record.json` and `final.weights.h5`.

    Returns:
        For each recipe its layers' deviations, the test error of the training, and what it took.

    Raises:
        DataError: the data of a training is not at hand.
        OSError: a folder holds no finished training.
        ValueError: weights or data are not those of the record, or see `deviations`.
    """
    found = {}
    for folder in map(Path, folders):
        record = with_kind(json.loads((folder / "record.json").read_text()))
        recipe = Recipe.from_settings(record["recipe"])
        used = record["data"]
        images = data.load(recipe.data, used["kind"], validation=used["images"]["validation"])
        if images.sha256 != used["sha256"]:
            raise ValueError(f"{folder} was trained on other images than those of {recipe.data} at hand.")
        model = recipe.build_network(len(images.class_names))
        model.load_weights(folder / "final.weights.h5")
        measured = recipe.preparation.build_pixels(images.train.x)(images.train.x[:IMAGES])
        found[recipe.name] = {
            "deviations": deviations(model, keras.ops.convert_to_numpy(measured)),
            "images": len(measured),
            "test_error": record["result"]["test_error"],
        } | provenance(recipe, images, record["seed"])
    return found
