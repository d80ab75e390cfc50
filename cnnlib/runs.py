"""One call to train a network, and one kind of object for a training, whether just made or recorded."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import keras
import numpy as np

from cnnlib import backend, extras, records, training
from cnnlib.data import DataSet
from cnnlib.data.feed import Feed
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import View
from cnnlib.inputs import TrainingError, outputs_of, remark, with_fitting_loss
from cnnlib.models import without_aux_heads
from cnnlib.recipe import OPTIMIZERS, Recipe, find
from cnnlib.tables import Table
from cnnlib.tensorboard import EventLog
from cnnlib.training import CHECKPOINT, Images, locked


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
    def read(cls, path: str | os.PathLike) -> Self:
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
        """The class (n,) answered to each test image (see `records.unpack_answers`); None where unknown."""
        return records.unpack_answers(self.record["answers"])[0] if "answers" in self.record else None

    def __repr__(self) -> str:
        error = "not tested" if self.error is None else f"test error {self.error:.2%}"
        epochs = len(self.history["train_loss"])
        return f"{self.name}, seed {self.seed}: {error} after {epochs} epochs, {self.minutes:.1f} minutes"


def train(
    network: str | Recipe | keras.Model,
    images: DataSet,
    recipe: str | Recipe | None = None,
    *,
    epochs: int | None = None,
    seed: int = 0,
    out: str | os.PathLike | None = None,
    use_test: bool = True,
    verbose: bool = True,
    distribute: str = "auto",
    precision: str = "auto",
    accumulate: int = 1,
    tensorboard: bool = False,
    class_weights: Sequence[float] | None = None,
    patience: int | None = None,
) -> Run:
    """Train a network as a paper did, test it once, and keep all that is needed to repeat it.

    Args:
        network: a recipe or its name, which builds its network; or a Keras model with scores (batch, classes)
            as output, which is trained in place.
        images: what to train on; its test split is used once, at the end.
        recipe: how to train a model of your own: a recipe or its name, for instance "resnet20".
        epochs: run the recipe's schedule through in fewer; None for all. More than a training in `out` had
            extend it: its rates are followed by the later ones of the longer schedule.
        seed: of initial weights, order of the images and distortions. A model of your own has its weights.
        out: folder for `checkpoint.npz`, `final.weights.h5` and `record.json`; a training that it holds goes
            on. None keeps nothing.
        use_test: False leaves the test split untouched: for choosing settings on validation.
        verbose: show a bar during each epoch, on a terminal, and print a line after it.
        distribute: see `cnnlib.backend.engine`.
        precision: a Keras dtype policy, "float32", "mixed_bfloat16" or "mixed_float16"; "auto" takes what the
            hardware is fast at (see `cnnlib.backend.best_precision`).
        accumulate: parts that a batch is computed in, one after the other, so that it fits into memory.
        tensorboard: write TensorBoard logs into `out`/tensorboard.
        class_weights: factors of the loss, one for each class, as for classes with few images.
        patience: keep the epoch with the lowest validation error, and stop after so many without a lower one.

    Returns:
        The training, its network without auxiliary heads.

    Raises:
        BackendError: as `cnnlib.backend.engine`.
        ValueError: an unknown recipe or precision, a model without a recipe, or more epochs than it has.
        TrainingError, CheckpointError, Interrupted: as `cnnlib.training.fit`; TrainingError if `out` would
            hold a rehearsal.
    """
    if out is not None and (played := extras.rehearsal()):
        raise TrainingError(
            f"{played.VARIABLE} is set, and a rehearsal leaves no record: unset it, or give no folder."
        )
    model, how = _chosen(network, recipe, epochs, len(images.train))
    engine, precision = backend.engine(distribute, how.batch_size, accumulate), _precision(precision, how)
    keras.utils.set_random_seed(seed)
    if model is None:
        with dtype_policy(precision), engine.scope():
            model = how.build_network(len(images.class_names))
    how = with_fitting_loss(how, model)
    folder, first = None if out is None else Path(out), engine.process == 0
    if folder and (folder / "record.json").exists():
        how = _extended(how, records.read(folder / "record.json"))
    log = EventLog(folder / "tensorboard") if folder and tensorboard and first else None
    with locked(folder if first else None):
        progress = training.fit(
            model,
            how,
            images.train,
            images.validation,
            seed=seed,
            engine=engine,
            accumulate=accumulate,
            checkpoint=folder and folder / CHECKPOINT,
            show_progress=verbose,
            on_epoch=partial(_report, how.epochs, verbose and first, log),
            class_weights=class_weights,
            patience=patience,
        )
    classes = outputs_of(model) if how.loss == "cross_entropy" and not how.heads else None
    said = remark(progress.history["train_loss"], classes)
    if said and verbose and first:
        print(said, file=sys.stderr)
    model = without_aux_heads(model) if how.heads else model
    pixels = training.prepare_pixels(how, images.train)
    tested = training.measure_test(model, how, images, pixels, engine) if use_test else (None, {})
    splits = images.train, images.validation, images.test
    execution = {"precision": precision, "devices": engine.devices, "processes": engine.processes}
    record = records.provenance(how, images, seed) | {
        "execution": execution | {"parts_of_a_batch": accumulate},
        "skipped_files": [name for split in splits for name, _ in getattr(split, "skipped", [])],
        "result": {"test_error": tested[0]},
        **({"remark": said} if said else {}),
        **({"best_epoch": progress.best_epoch} if patience is not None else {}),
        "history": progress.history,
        "wall_seconds": round(progress.seconds, 1),
        **tested[1],
    }
    if folder is not None and first:
        model.save_weights(folder / "final.weights.h5")
        (folder / "record.json").write_text(json.dumps(record, indent=1) + "\n")
    return Run(record, model, pixels)


def _chosen(
    network: str | Recipe | keras.Model, recipe: str | Recipe | None, epochs: int | None, images: int
) -> tuple[keras.Model | None, Recipe]:
    """The model to train, where it is there already, and how to train it."""
    model, how = network if isinstance(network, keras.Model) else None, recipe or network
    if isinstance(how, keras.Model):
        raise ValueError('Name the recipe to train the model by, for instance recipe="resnet20".')
    how = find(how) if isinstance(how, str) else how
    how = how if epochs is None else how.shortened(epochs, images)
    return model, how if model is None else replace(how, network=model.name, network_settings={})


def _extended(recipe: Recipe, finished: dict) -> Recipe:
    """The recipe, begun with the rates of a finished training by the same settings that had fewer epochs."""
    shorter = Recipe.from_settings(finished["recipe"])
    begun = replace(recipe, rates=(*shorter.rates, *recipe.rates[len(shorter.rates) :]))
    return begun if len(begun.rates) > len(shorter.rates) and begun.extends(shorter) else recipe


def _report(
    epochs: int | None, verbose: bool, log: EventLog | None, epoch: int, figures: dict[str, float]
) -> None:
    """Tell of an epoch: an entry for TensorBoard, a line for whoever watches."""
    if log:
        log.add(epoch, figures)
    if verbose:
        shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"epoch {epoch}{f'/{epochs}' if epochs else ''}  {shown}", flush=True)


def _precision(asked: str, recipe: Recipe) -> str:
    """The dtype policy to compute in; some optimisers need all of float32."""
    known = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
    if asked not in known:
        raise ValueError(f"Unknown precision {asked!r}: use one of {', '.join(known)}.")
    if getattr(OPTIMIZERS.get(recipe.optimizer), "needs_float32", False):
        if asked not in ("auto", "float32"):
            raise ValueError(f"The optimiser of {recipe.name} needs float32, not {asked}.")
        return "float32"
    return backend.best_precision() if asked == "auto" else asked


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Let Keras compute in other numbers for a while."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def error(
    network: Run | keras.Model, images: Images, pixels: Pixels | None = None, view: View | None = None
) -> float:
    """Share of a split's images that a network classifies wrongly.

    Args:
        network: a training just made, or a Keras model with scores (batch, classes) as output.
        images: a split in memory or a folder of pictures, such as `cnn.load("mnist").test`.
        pixels: how its images are prepared; None for as the training did, or levels of 0 to 255 as they are.
        view: how a picture of a folder becomes an image; where it gives several, their outputs are averaged.

    Raises:
        ValueError: a training read from its record, which has no network.
    """
    if isinstance(network, Run):
        if network.model is None:
            raise ValueError(f"Of {network} only the record was read: train it to have its network.")
        network, pixels = network.model, pixels or network.pixels
    feed = Feed(images, backend.engine("one"), pixels or Pixels("as_is"), view=view)
    return training.tester(network, feed)()[0]


def compare(first: Run | Sequence[Run], second: Run | Sequence[Run]) -> Table:
    """Set two trainings side by side, or two recipes by their trainings with several seeds.

    See `cnnlib.records.compare`; whether they differ is told by the right test for what is there.
    """
    one, other = ([side] if isinstance(side, Run) else side for side in (first, second))
    found = [run.record for run in one], [run.record for run in other]
    return records.compare(*found, (one[0].name, other[0].name))
