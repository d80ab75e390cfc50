"""One side of a benchmark, run by `harness.Worker` as a process of its own: worker.py JOB_AS_JSON."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module

from harness import Job, StoppedError, Turns

# Each side in the module that imports its framework, so that PyTorch's environment needs no Keras.
SIDES = {
    "cnnlib": "cnnlib_side:train",
    "keras": "plain_keras:train",
    "keras_fast": "plain_keras:train_fast",
    "matrix_product": "cnnlib_side:multiply",
    "torch": "plain_torch:train",
    "about_keras": "cnnlib_side:about",
    "about_torch": "plain_torch:about",
}


def find(side: str) -> Callable[[Job, Turns], None]:
    """Import the function of a side.

    Raises:
        ValueError: there is no such side.
    """
    if side not in SIDES:
        raise ValueError(f"Unknown side {side!r}: use one of {', '.join(SIDES)}.")
    module, _, function = SIDES[side].partition(":")
    return getattr(import_module(module), function)


def main() -> None:
    """Do the job of the command line; reports alone go to the standard output."""
    reports = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = Job(**json.loads(sys.argv[1]))
    with contextlib.suppress(StoppedError):
        find(job.side)(job, Turns(sys.stdin, reports))


if __name__ == "__main__":
    main()
