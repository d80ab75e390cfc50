"""What every engine offers, and the parts of a training step that are Keras alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any
Outputs = Any
"""Scores (batch, classes), or a dictionary of several."""
Batches = dict[str, np.ndarray]
"""Several batches at once: arrays (steps, batch, ...), among them integer "labels"."""
Inputs = Callable[[dict[str, Tensor], Tensor], Tensor]
"""From one batch and the resident images to what the model sees, in Keras operations."""
Steps = Callable[[Batches, np.ndarray, int], tuple[Tensor, Tensor]]
"""steps(batches, rates, update): (steps,) losses and (steps,) wrong answers, each before its update.

The rates are float32 (steps,); `update` is the number of the first step in the training, from 0.
"""
Counts = Callable[[Batches], Tensor]
"""counts(batches): weighted number of misses for each k, then of all images: (len(top) + 1,).

With "places" (1, batch, n), ones where an image of the batch belongs among n, as many answers follow: see
`misses`.
"""


class BackendError(RuntimeError):
    """The backend cannot do what was asked; the message says what to do instead."""


@dataclass(frozen=True, eq=False)
class Objective:
    """What training steps go down, and how.

    Attributes:
        model: with scores (batch, classes) as output, or a dictionary of several with those that count as
            its "predictions".
        optimizer: built for `model.trainable_variables`.
        loss: from labels (batch,) and scores, a mean over the batch.
        inputs: from a batch to what the model sees.
        weight_decay: lambda; adds lambda * w to the gradient of every trainable weight w, so that it passes
            through the optimiser's momentum as in the papers (Krizhevsky et al. 2012, section 5). The
            losses that are reported are without it.
        accumulate: parts a batch is computed in, one after the other, to fit into memory. The gradient is
            that of the whole batch, except that batch normalisation sees the parts.
        seed: of what layers draw at random where the backend keeps no state for it (PyTorch).
        heads: factors of the losses of further outputs, by their names (Szegedy et al. 2014, section 5).

    Raises:
        ValueError: a head that the model does not have.
    """

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    loss: Callable[[Tensor, Tensor], Tensor]
    inputs: Inputs = lambda batch, resident: batch["images"]
    weight_decay: float = 0.0
    accumulate: int = 1
    seed: int = 0
    heads: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.heads:
            return
        outputs = getattr(self.model, "output", None)
        outputs = outputs if isinstance(outputs, dict) else {}
        missing = sorted(set(self.heads) - set(outputs))
        if missing:
            raise ValueError(
                f"{self.model.name} has no output {', '.join(missing)} to take a loss of; its outputs are "
                f"{', '.join(outputs) or 'its predictions alone'}."
            )

    def value(self, labels: Tensor, outputs: Outputs, penalties: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Loss with the heads' and the layers' own, and scores in float32 whatever the model computes in."""
        scores = ops.cast(predictions(outputs), "float32")
        value = self.loss(labels, scores) + sum(penalties)
        for name, factor in self.heads.items():
            value = value + factor * self.loss(labels, ops.cast(outputs[name], "float32"))
        return value, scores

    def target(self, value: Tensor, weights: list[Tensor]) -> Tensor:
        """What is differentiated: the loss and lambda / 2 |w|^2, scaled where float16 needs it.

        Keras's own L2 regulariser is lambda |w|^2, with twice the gradient.
        """
        if self.weight_decay:
            squares = (ops.sum(ops.square(ops.cast(w, "float32"))) for w in weights)
            value = value + self.weight_decay / 2 * sum(squares)
        return self.optimizer.scale_loss(value)


class Engine:
    """Trains on one device, or divides every batch among several.

    Attributes:
        devices: among how many devices each batch is divided, over all processes.
        process: number of this process among those started together, from 0.
        processes: how many there are.
    """

    devices: int = 1
    process: int = 0
    processes: int = 1

    def scope(self) -> contextlib.AbstractContextManager:
        """Return the context in which model and optimiser must be built."""
        return contextlib.nullcontext()

    def fuses(self, batch_size: int) -> bool:
        """Say whether XLA compiles a call's whole loop over updates, once for each number of them.

        It pays where one update is too little work to be worth starting on its own: a single image, or an
        accelerator waiting. Larger batches on a CPU run faster without, by what we measured.
        """
        raise NotImplementedError

    def place(self, images: np.ndarray) -> Tensor:
        """Put images (n, ...) on every device, for `inputs` to pick from."""
        raise NotImplementedError

    def compile_steps(self, objective: Objective, resident: Tensor = None) -> Steps:
        """Return a function that takes one optimiser step for each of a stack of batches.

        The variables of the objective's model and optimiser, which must have been built in `scope`, hold the
        result when it returns.

        Args:
            objective: what each step goes down, and how.
            resident: what `place` returned, for `objective.inputs`.
        """
        raise NotImplementedError

    def compile_counts(
        self, model: keras.Model, inputs: Inputs, resident: Tensor = None, *, top: tuple[int, ...] = (1,)
    ) -> Counts:
        """Return a function that counts the images whose label is not among the k best scores, k in `top`.

        Each image counts by its part of "weights" (steps, batch). Where `inputs` gives several views of
        each image (a multiple of the batch, the views of one image in a row), the outputs of its views are
        averaged first.
        """
        raise NotImplementedError

    def highest(self, value: int) -> Callable[[], int]:
        """Tell all processes a number; the function that is returned waits for the highest of theirs.

        Every process must call both, in the same order among its steps.
        """
        return lambda: value

    def require_same(self, value: int, what: str) -> None:
        """Raise BackendError, in every process, unless all of them have the same value."""
        lowest, highest = -self.highest(-value)(), self.highest(value)()
        if lowest != highest:
            raise BackendError(f"The processes do not agree ({lowest} and {highest}): {what}.")

    def abandon(self) -> None:
        """Let this process end without waiting for the others, which are gone or no longer in step."""


def predictions(outputs: Outputs) -> Tensor:
    """Pick the scores that count, (batch, classes), from what a model returns."""
    return outputs["predictions"] if isinstance(outputs, dict) else outputs


def wrong(labels: Tensor, scores: Tensor) -> Tensor:
    """How many of the best scores (batch, classes) are not the label's."""
    best = ops.cast(ops.argmax(scores, axis=-1), "int32")
    return ops.sum(ops.cast(best != ops.cast(labels, "int32"), "float32"))


def misses(batch: dict[str, Tensor], outputs: Outputs, top: tuple[int, ...]) -> Tensor:
    """Weighted number of images whose label is not among the k best, for each k, and of all images.

    Ties go to the lower class. Scores that are not finite miss.

    Where the batch has "places" (batch, n), n numbers follow: 1 + the class with the best score for each
    place, 1 + the number of classes where scores are not finite, 0 for an image of weight 0. They are sums
    over the batch, so that devices which share it add up to the whole.
    """
    labels, weights = batch["labels"], batch["weights"]
    scores = ops.cast(predictions(outputs), "float32")
    scores = ops.mean(ops.reshape(scores, (labels.shape[0], -1, scores.shape[-1])), axis=1)
    own = ops.take_along_axis(scores, ops.cast(labels, "int32")[:, None], axis=1)
    earlier = ops.arange(scores.shape[-1])[None] < ops.cast(labels, "int32")[:, None]
    ahead = ops.logical_or(scores > own, ops.logical_and(scores == own, earlier))
    rank = ops.sum(ops.cast(ahead, "int32"), axis=1)
    finite = ops.all(ops.isfinite(scores), axis=1, keepdims=True)
    hit = ops.logical_and(rank[:, None] < ops.convert_to_tensor(top, "int32"), finite)
    missed = ops.sum(ops.where(hit, 0.0, 1.0) * weights[:, None], axis=0)
    counted = ops.append(missed, ops.sum(weights))
    if "places" not in batch:
        return counted
    classes = ops.arange(scores.shape[-1])[None]
    best = scores == ops.max(scores, axis=1, keepdims=True)
    first = ops.min(ops.where(ops.logical_and(best, finite), classes, scores.shape[-1]), axis=1)
    answers = ops.where(weights > 0, ops.cast(first, "float32") + 1, 0.0)
    return ops.append(counted, ops.sum(batch["places"] * answers[:, None], axis=0))


def count_length(batches: Batches, top: tuple[int, ...]) -> int:
    """How many numbers `misses` returns for each of these batches."""
    return len(top) + 1 + (batches["places"].shape[-1] if "places" in batches else 0)


def check_division(batch_size: int | None, devices: int, distribute: str) -> bool:
    """Say whether to divide batches among the devices.

    Raises:
        BackendError: a strategy was asked for by name and the batch cannot be divided.
    """
    if distribute == "one" or devices == 1:
        return False
    if batch_size is None or batch_size % devices == 0:
        return True
    if distribute == "auto":
        return False
    raise BackendError(
        f"A batch of {batch_size} cannot be divided among {devices} devices: choose a batch size that is "
        f'a multiple of {devices}, or distribute="one".'
    )
