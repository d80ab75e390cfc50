"""The state of a training in one file, replaced whole or not at all; read without unpickling."""

import contextlib
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops


class CheckpointError(RuntimeError):
    """A checkpoint cannot be read, written or used; the message says why and what to do."""


class Checkpoint:
    """Saves variables and a state of plain data together.

    Args:
        path: of the file; None saves nothing and finds nothing.
        variables: what to save, in this order.
        identity: plain data that says which training this is; another one's checkpoint is refused.
        writes: False for all but one of several processes that train together.
    """

    def __init__(
        self,
        path: str | os.PathLike | None,
        variables: list[keras.Variable],
        identity: dict,
        writes: bool = True,
    ):
        self.path = None if path is None else Path(path)
        self.variables = variables
        described = {"backend": keras.backend.backend(), "shapes": [list(v.shape) for v in variables]}
        self.identity = json.loads(json.dumps(identity | described))
        self.writes = writes and path is not None
        self.saved_at = time.monotonic()

    def due(self, seconds: float) -> bool:
        """Say whether the last save is longer ago than that."""
        return self.writes and time.monotonic() - self.saved_at >= seconds

    def save(self, state: dict) -> None:
        """Replace the file.

        Raises:
            CheckpointError: it could not be written; the last good one is still there.
        """
        if self.path is None or not self.writes:
            return
        described = json.dumps({"identity": self.identity, "state": state})
        values = {f"v{i}": ops.convert_to_numpy(v.value) for i, v in enumerate(self.variables)}
        partial = self.path.with_name(self.path.name + ".partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                np.savez(file, state=np.array(described), **values)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        except OSError as problem:
            with contextlib.suppress(OSError):  # where the folder itself is missing, so is the partial file
                partial.unlink()
            raise CheckpointError(
                f"Could not write the checkpoint {self.path}: {problem}. The last good one is untouched; "
                "make room or choose another folder, then run the same command again to resume."
            ) from problem
        self.saved_at = time.monotonic()

    def load(
        self,
        check: Callable[[dict | None], None] = lambda state: None,
        extends: Callable[[str, Any], bool] = lambda key, found: False,
    ) -> dict | None:
        """Set the variables to what was saved and return the state; None where nothing was.

        Args:
            check: called with the state, or None, before any variable changes; may raise to prevent that.
            extends: called with the name of a part of the identity that differs, and what the file has there;
                True where this training goes on from there all the same.

        Raises:
            CheckpointError: the file cannot be read, or is of another training.
        """
        if self.path is None or not self.path.exists():
            check(None)
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                described = json.loads(str(file["state"]))
                found, state = described["identity"], described["state"]
                values = [file[f"v{i}"] for i in range(len(file.files) - 1)]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
            raise CheckpointError(
                f"The checkpoint {self.path} cannot be read ({problem}). Delete it to start anew."
            ) from problem
        differing = [key for key in self.identity if found.get(key) != self.identity[key]]
        differing = [key for key in differing if not extends(key, found.get(key))]
        if differing:
            raise CheckpointError(
                f"The checkpoint {self.path} is of another training (its {', '.join(differing)} differ). "
                "Choose another folder for this one, or delete the file."
            )
        check(state)
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
        return state
