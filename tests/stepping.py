"""Compiled steps on images in memory, for tests that need no recipe and no data set."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from cnnlib import backend
from cnnlib.backend import Objective

Steps = Callable[[np.ndarray, np.ndarray], list[np.ndarray]]


def compile_steps(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Callable, **objective: object
) -> Steps:
    """One device's steps: from images (steps, batch, ...) and labels to their losses and wrong answers."""
    optimizer.build(model.trainable_variables)
    steps = backend.engine("one").compile_steps(Objective(model, optimizer, loss, **objective))
    return lambda images, labels: [
        ops.convert_to_numpy(values) for values in steps({"images": images, "labels": labels})
    ]
