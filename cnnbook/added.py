"""What this book adds to the library: networks, recipes and data sets that it alone needs."""

from __future__ import annotations

import os
from typing import Any

from cnnlib import extras

VARIABLE = "CNNLIB_REHEARSE"
"""In the environment: 1 has a process rehearse, see `cnnbook.rehearsal`."""


def _models() -> None:
    from cnnbook import cuda_convnet, lenet1998  # noqa: F401 - they add themselves


def _recipes() -> None:
    from cnnbook import recipes  # noqa: F401


def _data() -> None:
    from cnnbook import drawn  # noqa: F401


def _rehearsal() -> Any:
    if os.environ.get(VARIABLE, "0") in ("", "0"):
        return None
    from cnnbook import rehearsal

    return rehearsal


extras.rehearsal = _rehearsal
extras.add("models", _models)
extras.add("recipes", _recipes)
extras.add("data", _data)
