"""Train, kill the training again and again, and let it end; beside it, the same training left alone.

Called as `python killed_runs.py FOLDER KILLS`; leaves FOLDER/whole.npz and FOLDER/killed.npz.

Every training is a forked copy of this process, which imports TensorFlow and never uses it, so that only the
first has to wait for it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from keras import layers

from cnnlib import training
from cnnlib.data import Split
from cnnlib.recipe import RECIPES


def train(checkpoint: Path) -> None:
    """Save after every update."""
    training.SECONDS_PER_CHECKPOINT, training.VALUES_PER_CALL = 0, 0
    keras.utils.set_random_seed(5)
    stack = [layers.AveragePooling2D(4), layers.Flatten(), layers.BatchNormalization(), layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((28, 28, 1)), *stack, layers.Dense(10, "softmax")])
    images = np.random.default_rng(0).integers(0, 256, (400, 28, 28, 1)).astype("uint8")
    recipe = replace(RECIPES["lenet5_modern"], batch_size=16, rates=(0.01,) * 8, weight_decay=1e-3)
    training.fit(model, recipe, Split(images, np.arange(400) % 10), seed=5, checkpoint=checkpoint)


def fork(function: Callable, *arguments: object) -> int:
    child = os.fork()
    if child == 0:
        try:
            function(*arguments)
            os._exit(0)
        finally:
            os._exit(1)
    return child


def end_of(child: int) -> int:
    """Exit status of a training, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wait_for(child: int, checkpoint: Path, saves: int) -> None:
    """Wait until the checkpoint has been replaced so many times, while the training runs."""
    seen, stamp = 0, None
    while seen < saves:
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            sys.exit("A training was over before it could be killed.")
        now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        seen, stamp = seen + (now != stamp), now
        time.sleep(0.0005)


def main(folder: Path, kills: int) -> None:
    alone = fork(train, folder / "whole.npz")
    for _ in range(kills):
        child = fork(train, folder / "killed.npz")
        # The first checkpoint that is seen is the one of the run before.
        wait_for(child, folder / "killed.npz", random.randint(2, 9))
        time.sleep(random.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        if end_of(child) != -signal.SIGKILL:
            sys.exit("A training was over before it could be killed.")
    if end_of(fork(train, folder / "killed.npz")) or end_of(alone):
        sys.exit("A training failed.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
