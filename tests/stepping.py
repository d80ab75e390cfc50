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
    """Make steps: from images (steps, batch, ...), labels and rates or none to losses and wrong answers."""
    optimizer.build(model.trainable_variables)
    steps = backend.engine("one").compile_steps(Objective(model, optimizer, loss, **objective))
    return lambda images, labels, *rates: [
        ops.convert_to_numpy(values) for values in steps({"images": images, "labels": labels}, *rates)
    ]
