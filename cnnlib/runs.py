"""One call to train a network, and one kind of object for a training, whether just made or recorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from cnnlib import data, recipe, records, training
from cnnlib.data import DataSet
from cnnlib.data.pixels import Pixels
from cnnlib.recipe import Recipe
from cnnlib.tables import Table


@dataclass(frozen=True, eq=False)
class Run:
    """A training: what came out, and all that it was made with.

    Attributes:
        record: as plain data (see `cnnlib.records`).
        model: the trained network; None of a training that was read from its record.
        pixels: how the network's images are prepared; None likewise.
    """

    record: dict
    model: keras.Model | None = None
    pixels: Pixels | None = None

    @classmethod
    def read(cls, path: str | os.PathLike) -> Run:
        """Return the training that left a record.json.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is no record.
        """
        return cls(records.read(Path(path)))

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return self.record["recipe"]["name"]

    @property
    def seed(self) -> int:
        """What initial weights, order and distortions follow from."""
        return self.record["seed"]

    @property
    def error(self) -> float | None:
        """Share of the test images that were answered wrongly; None if it was never tested."""
        return self.record["result"]["test_error"]

    @property
    def history(self) -> dict[str, list[float]]:
        """Learning rate, loss and errors (as shares) after each epoch."""
        return self.record["history"]

    @property
    def minutes(self) -> float:
        """Time spent training."""
        return self.record["wall_seconds"] / 60

    @property
    def answers(self) -> np.ndarray | None:
        """The class answered to each test image; see `cnnlib.records.answers`."""
        return records.answers(self.record)

    def __repr__(self) -> str:
        """Say what came out, in a line."""
        error = "not tested" if self.error is None else f"test error {self.error:.2%}"
        epochs = len(self.history["train_loss"])
        return f"{self.name}, seed {self.seed}: {error} after {epochs} epochs, {self.minutes:.1f} minutes"


def train(
    network: str | keras.Model,
    images: DataSet,
    recipe: str | Recipe | None = None,
    *,
    epochs: int | None = None,
    seed: int = 0,
    out: str | os.PathLike | None = None,
    accumulate: int = 1,
    verbose: bool = True,
    class_weights: Sequence[float] | None = None,
    patience: int | None = None,
) -> Run:
    """Train a network as a paper did, test it once, and keep all that is needed to repeat it.

    Args:
        network: the name of a recipe, which builds its network; or a Keras model with scores (batch, classes)
            as output, which is trained in place.
        images: what to train on; its test split is used once, at the end.
        recipe: how to train a model of your own: a recipe or its name, for instance "resnet20".
        epochs: run the recipe's schedule through in fewer; None for all.
        seed: of initial weights, order of the images and distortions. A model of your own has its weights.
        out: folder for checkpoint, weights and record; a training that it holds goes on. None keeps nothing.
        accumulate: parts that a batch is computed in, one after the other, so that it fits into memory.
        verbose: print a line after each epoch.
        class_weights: factors of the loss, one for each class, as for classes with few images.
        patience: keep the epoch with the lowest validation error, and stop after so many without a lower one.

    Raises:
        ValueError: an unknown recipe, a model without a recipe, or more epochs than the recipe has.
        TrainingError, CheckpointError, Interrupted: as `cnnlib.training.run`.
    """
    model = None if isinstance(network, str) else network
    how = _find_recipe(network if recipe is None else recipe)
    if epochs is not None:
        how = how.shortened(epochs, len(images.train))
    if model is not None:
        how = replace(how, network=model.name, network_settings={})
    trained, record = training.run(
        how,
        images,
        model=model,
        seed=seed,
        out=out,
        accumulate=accumulate,
        verbose=verbose,
        class_weights=class_weights,
        patience=patience,
    )
    return Run(record, trained, training.prepare_pixels(how, images.train))


def _find_recipe(wanted: str | Recipe | keras.Model) -> Recipe:
    if isinstance(wanted, keras.Model):
        raise ValueError('Name the recipe to train the model by, for instance recipe="resnet20".')
    return recipe.find(wanted) if isinstance(wanted, str) else wanted


def error(network: Run | keras.Model, images: training.Images, pixels: Pixels | None = None) -> float:
    """Share of a split's images that a network classifies wrongly.

    Args:
        network: a training just made, or a Keras model with scores (batch, classes) as output.
        images: a split in memory or a folder of pictures, such as `cnn.load("mnist").test`.
        pixels: how its images are prepared; None for as the training did, or levels of 0 to 255 as they are.

    Raises:
        ValueError: a training read from its record, which has no network.
    """
    if not isinstance(network, Run):
        return training.error(network, pixels or data.pixels.Pixels("as_is"), images)
    if network.model is None or network.pixels is None:
        raise ValueError(f"Of {network} only the record was read: train it to have its network.")
    return training.error(network.model, pixels or network.pixels, images)


def compare(first: Run | Sequence[Run], second: Run | Sequence[Run]) -> Table:
    """Set two trainings side by side, or two recipes by their trainings with several seeds.

    See `cnnlib.records.compare`; whether they differ is told by the right test for what is there.
    """
    one, other = ([side] if isinstance(side, Run) else side for side in (first, second))
    found = [run.record for run in one], [run.record for run in other]
    return records.compare(*found, (one[0].name, other[0].name))
