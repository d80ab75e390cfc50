"""Single updates by what `cnnlib.training` compiles, for tests that need no recipe and no data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import keras
import numpy as np

from cnnlib import backend, training
from cnnlib.optimizers import adapted

Steps = Callable[..., list[np.ndarray]]


def compile_steps(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable,
    *,
    accumulate: int = 1,
    weight_decay: float = 0.0,
    heads: Mapping[str, float] | None = None,
) -> Steps:
    """Make steps: from images (steps, batch, ...), labels and rates to losses and wrong answers.

    Without rates every step takes the optimiser's.
    """
    if accumulate > 1 or weight_decay:
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        changed = adapted(inner, accumulate=accumulate, weight_decay=weight_decay)
        scaled = inner is not optimizer
        optimizer = keras.optimizers.LossScaleOptimizer(changed) if scaled else changed
    optimizer.build(model.trainable_variables)
    recipe = SimpleNamespace(heads=dict(heads or {}), batch_size=1)
    feed = SimpleNamespace(
        prepared=lambda batch: batch["images"],
        augmentations=(),
        engine=backend.engine("one"),
        values_per_image=2**30,
    )
    fed, _ = training._compiled(model, optimizer, recipe, feed, loss)

    def step(images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        found = []
        for x, y in zip(np.split(images, accumulate), np.split(labels, accumulate), strict=True):
            given = dict.fromkeys(["predictions", *recipe.heads], y) if recipe.heads else y
            logs = fed.train_on_batch({"images": x}, given, return_dict=True)
            error = next(value for name, value in logs.items() if name.endswith("error"))
            found.append((float(logs["loss"]), float(error) * len(y)))
        losses, wrong = zip(*found, strict=True)
        return float(np.mean(losses)), round(sum(wrong))

    def steps(images: np.ndarray, labels: np.ndarray, rates: np.ndarray | None = None) -> list[np.ndarray]:
        found = []
        for place, batch in enumerate(zip(images, labels, strict=True)):
            if rates is not None:
                optimizer.learning_rate = float(rates[place])
            found.append(step(*batch))
        return [np.array(values) for values in zip(*found, strict=True)]

    return steps
