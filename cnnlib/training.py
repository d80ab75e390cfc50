"""Train a network by a recipe, survive being killed, and write down what came out."""

from __future__ import annotations

import contextlib
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from cnnlib import evaluation, models
from cnnlib.backend import compile_steps, seed_draws
from cnnlib.data import DataSet, Split
from cnnlib.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnlib.papers.lecun1998 import LECUN1998
from cnnlib.recipe import Recipe
from cnnlib.records import provenance

# Images handed to one compiled call: enough that its overhead vanishes, few enough to checkpoint often.
IMAGES_PER_CALL = 6400
SECONDS_PER_CHECKPOINT = 30.0


class TrainingError(RuntimeError):
    """A training cannot start or go on; the message says why and what to do."""


@dataclass
class Progress:
    """Where a training stands: everything a resumed run needs besides the variables."""

    epoch: int = 0
    call: int = 0
    losses: list[float] = field(default_factory=list)
    wrong: float = 0.0
    history: dict[str, list[float]] = field(
        default_factory=lambda: {"rate": [], "train_loss": [], "train_error": [], "validation_error": []}
    )
    seconds: float = 0.0


def fit(
    model: keras.Model,
    recipe: Recipe,
    train: Split,
    validation: Split | None = None,
    *,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    show_progress: bool = False,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> Progress:
    """Train `model` in place.

    The order of the images and their distortions follow from `seed` and the epoch alone, so a run
    resumed from its checkpoint ends with the weights of one that was never interrupted (on the same
    backend and machine). A last batch that is not full is left out; every epoch draws a new order.

    Args:
        model: built by the recipe's network.
        recipe: how to train.
        train: images to learn from.
        validation: images whose error is measured after each epoch; None or empty measures nothing.
        seed: of order and distortions. Initial weights are the caller's: see `run`.
        checkpoint: a file to save the state in, and to resume from if it is there.
        show_progress: draw a bar for each epoch while it runs, on a terminal.
        on_epoch: called after each epoch with its number from 1 and its figures.

    Returns:
        The progress at the end, with the history: one value per epoch and figure, errors as shares.

    Raises:
        TrainingError: fewer training images than one batch, a checkpoint of another run, a checkpoint
            that cannot be read or written, or a loss that is no longer finite.
    """
    if len(train) < recipe.batch_size:
        raise TrainingError(f"{len(train)} training images do not fill one batch of {recipe.batch_size}.")
    optimizer = recipe.build_optimizer()
    optimizer.build(model.trainable_variables)
    steps = compile_steps(model, optimizer, recipe.build_loss())
    images, labels = recipe.prepare(train.x), train.y.astype("int32")
    saved = _Checkpoint(
        checkpoint, model, optimizer, {"recipe": recipe.settings(), "seed": seed, "images": len(train)}
    )
    progress = saved.load() or Progress()
    started = time.monotonic() - progress.seconds
    while progress.epoch < recipe.epochs:
        rng = np.random.default_rng((seed, progress.epoch))
        order = rng.permutation(len(images))
        if progress.call == 0:
            optimizer.learning_rate = recipe.rates[progress.epoch]
            _measure_curvature(optimizer, model, images, rng)
        calls = _calls(order, recipe.batch_size)
        for chosen in _bar(calls, progress, recipe.epochs, show_progress):
            losses, wrong = steps(*_load(images, labels, chosen, recipe, seed, progress))
            if not np.isfinite(losses).all():
                raise TrainingError(
                    f"The loss is no longer finite in epoch {progress.epoch + 1}: lower the rate."
                )
            progress.losses.append(float(losses.mean() * len(losses)))
            progress.wrong += float(wrong.sum())
            progress.call += 1
            progress.seconds = time.monotonic() - started
            saved.save_if_due(progress)
        figures = _finish_epoch(model, recipe, validation, progress, len(images) // recipe.batch_size)
        saved.save(progress)
        if on_epoch:
            on_epoch(progress.epoch, figures)
    return progress


def _bar(calls: list[np.ndarray], progress: Progress, epochs: int, show: bool) -> Iterable[np.ndarray]:
    """The calls of an epoch that are left, with a bar where somebody watches."""
    return tqdm(
        calls[progress.call :],
        desc=f"epoch {progress.epoch + 1}/{epochs}",
        initial=progress.call,
        total=len(calls),
        leave=False,
        disable=None if show else True,  # None: only on a terminal
    )


def _measure_curvature(
    optimizer: keras.optimizers.Optimizer, model: keras.Model, images: np.ndarray, rng: np.random.Generator
) -> None:
    if isinstance(optimizer, DiagonalLevenbergMarquardt):
        count = min(LECUN1998["curvature_patterns"], len(images))
        optimizer.set_curvature(model, images[rng.choice(len(images), count, replace=False)])


def _calls(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Cut an epoch's order into calls of a few thousand images each: (steps, batch) indices."""
    batches = order[: len(order) // batch_size * batch_size].reshape(-1, batch_size)
    return np.array_split(batches, max(1, -(-batches.size // IMAGES_PER_CALL)))


def _load(
    images: np.ndarray, labels: np.ndarray, chosen: np.ndarray, recipe: Recipe, seed: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Images (steps, batch, ...) and labels (steps, batch) of one call.

    All that is random in a call follows from the seed, the epoch and the number of the call.
    """
    rng = np.random.default_rng((seed, progress.epoch, progress.call))
    x = recipe.augment(images[chosen.ravel()], rng)
    seed_draws(int(rng.integers(2**31)))
    return x.reshape(*chosen.shape, *x.shape[1:]), labels[chosen]


def _finish_epoch(
    model: keras.Model, recipe: Recipe, validation: Split | None, progress: Progress, batches: int
) -> dict[str, float]:
    figures = {
        "rate": recipe.rates[progress.epoch],
        "train_loss": sum(progress.losses) / batches,
        "train_error": progress.wrong / (batches * recipe.batch_size),
    }
    if validation is not None and len(validation):
        figures["validation_error"] = error(model, recipe, validation)
    for name, value in figures.items():
        progress.history[name].append(value)
    progress.epoch, progress.call, progress.losses, progress.wrong = progress.epoch + 1, 0, [], 0.0
    return figures


def error(model: keras.Model, recipe: Recipe, split: Split) -> float:
    """Share of a split's images that the model classifies wrongly."""
    return evaluation.top_k_error(evaluation.scores(model, recipe.prepare(split.x)), split.y)


class _Checkpoint:
    """The state of a training in one file, replaced whole or not at all; read without unpickling."""

    def __init__(
        self,
        path: str | os.PathLike | None,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        identity: dict,
    ):
        self.path = None if path is None else Path(path)
        self.variables = [*model.variables, *optimizer.variables]
        shapes = [list(v.shape) for v in self.variables]
        self.identity = json.loads(
            json.dumps({**identity, "backend": keras.backend.backend(), "shapes": shapes})
        )
        self.saved_at = time.monotonic()

    def save_if_due(self, progress: Progress) -> None:
        if time.monotonic() - self.saved_at >= SECONDS_PER_CHECKPOINT:
            self.save(progress)

    def save(self, progress: Progress) -> None:
        if self.path is None:
            return
        state = json.dumps({"identity": self.identity, "progress": vars(progress)})
        values = {f"v{i}": ops.convert_to_numpy(v.value) for i, v in enumerate(self.variables)}
        partial = self.path.with_name(self.path.name + ".partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                np.savez(file, state=np.array(state), **values)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        except OSError as problem:
            with contextlib.suppress(OSError):  # where the folder itself is missing, so is the partial file
                partial.unlink()
            raise TrainingError(
                f"Could not write the checkpoint {self.path}: {problem}. The last good one is untouched; "
                "make room or choose another folder, then run the same command again to resume."
            ) from problem
        self.saved_at = time.monotonic()

    def load(self) -> Progress | None:
        if self.path is None or not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                state = json.loads(str(file["state"]))
                values = [file[f"v{i}"] for i in range(len(file.files) - 1)]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
            raise TrainingError(
                f"The checkpoint {self.path} cannot be read ({problem}). Delete it to start anew."
            ) from problem
        differing = [key for key in self.identity if state["identity"].get(key) != self.identity[key]]
        if differing:
            raise TrainingError(
                f"The checkpoint {self.path} is of another training (its {', '.join(differing)} differ). "
                "Choose another folder for this one, or delete the file."
            )
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
        return Progress(**state["progress"])


def run(
    recipe: Recipe,
    data: DataSet,
    *,
    seed: int = 0,
    out: str | os.PathLike | None = None,
    use_test: bool = True,
    verbose: bool = True,
) -> tuple[keras.Model, dict]:
    """Build, train and measure: one call from a recipe to a record.

    Args:
        recipe: how to train.
        data: what to train on; its test split is used once, at the end.
        seed: of the initial weights, the order of the images and their distortions.
        out: folder for `checkpoint.npz`, `final.weights.h5` and `record.json`; None keeps nothing.
        use_test: False leaves the test split untouched: for choosing settings on validation.
        verbose: show a bar during each epoch, on a terminal, and print a line after it.

    Returns:
        The trained model and its record (see `cnnlib.records`).

    Raises:
        TrainingError: as `fit`.
    """
    keras.utils.set_random_seed(seed)
    model = getattr(models, recipe.network)()
    folder = None if out is None else Path(out)

    def report(epoch: int, figures: dict[str, float]) -> None:
        shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"epoch {epoch}/{recipe.epochs}  {shown}", flush=True)

    progress = fit(
        model,
        recipe,
        data.train,
        data.validation,
        seed=seed,
        checkpoint=folder and folder / "checkpoint.npz",
        show_progress=verbose,
        on_epoch=report if verbose else None,
    )
    test_error = error(model, recipe, data.test) if use_test else None
    record = provenance(recipe, data, seed) | {
        "result": {"test_error": test_error},
        "history": progress.history,
        "wall_seconds": round(progress.seconds, 1),
    }
    if folder is not None:
        model.save_weights(folder / "final.weights.h5")
        (folder / "record.json").write_text(json.dumps(record, indent=1) + "\n")
    return model, record


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
            _, record = run(replace(recipe, **change).shortened(epochs), data, seed=seed, use_test=False)
            validation_error = record["history"]["validation_error"][-1]
        except TrainingError as problem:
            print(problem, flush=True)
            validation_error = None
        seconds = round(time.monotonic() - started, 1)
        results.append({"change": change, "validation_error": validation_error, "seconds": seconds})
        print(change, validation_error, flush=True)
    return {"epochs": epochs, "candidates": results} | provenance(recipe, data, seed)
