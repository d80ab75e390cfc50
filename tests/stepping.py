"""Compiled steps on images in memory, for tests that need no recipe and no data set."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from cnnlib import backend
from cnnlib.backend import Objective

Steps = Callable[..., list[np.ndarray]]


def compile_steps(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Callable, **objective: object
) -> Steps:
    """Make steps: from images (steps, batch, ...), labels and rates to losses and wrong answers.

    Without rates every step takes the optimiser's.
    """
    optimizer.build(model.trainable_variables)
    compiled = backend.engine("one").compile_steps(Objective(model, optimizer, loss, **objective))

    def steps(images: np.ndarray, labels: np.ndarray, rates: np.ndarray | None = None) -> list[np.ndarray]:
        if rates is None:
            rates = np.full(len(labels), ops.convert_to_numpy(optimizer.learning_rate), "float32")
        results = compiled({"images": images, "labels": labels}, rates, 0)
        return [ops.convert_to_numpy(values) for values in results]

    return steps
