"""Measurements that predictions are held against: made once, and for a class once for all submissions."""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

# Set by whoever grades: the folder of what the reference answers measured.
VARIABLE = "CNNLIB_MEASURED"
_FOLDER = os.environ.get(VARIABLE)  # read before a submission's first line


def measurement(measure: Callable[..., Result]) -> Callable[..., Result]:
    """Keep what a function of seeds measures: for this process, and in the folder of whoever grades."""

    @functools.cache
    @functools.wraps(measure)
    def kept(*given: int) -> Result:
        if not _FOLDER:
            return measure(*given)
        path = Path(_FOLDER) / f"{measure.__module__}.{measure.__name__}{given}.pickle"
        if path.is_file():
            return pickle.loads(path.read_bytes())
        found = measure(*given)
        with contextlib.suppress(OSError):  # a submission may only read it
            path.write_bytes(pickle.dumps(found))
        return found

    return kept
