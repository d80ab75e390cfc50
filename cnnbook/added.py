"""What this book adds to the library: networks, recipes, data sets, weights and records that it alone has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cnnlib import extras

VARIABLE = "CNNLIB_REHEARSE"
"""In the environment: 1 has a process rehearse, see `cnnbook.rehearsal`."""


def _models() -> None:
    from cnnbook import cifar, cuda_convnet, lenet1998  # noqa: F401 - they add themselves


def _recipes() -> None:
    from cnnbook import recipes  # noqa: F401


def _data() -> None:
    from cnnbook import drawn, photos  # noqa: F401


def _weights() -> None:
    from cnnlib import weights

    weights.FOLDERS.append(Path(__file__).with_name("pretrained"))
    own = weights.OWN | {
        "lenet5_original": "97aab534e0941556a1498cdffb3d9a31dcfe0ae0eaec17d067c23e415349d39c"
    }
    weights.OWN.clear()
    weights.OWN.update(sorted(own.items()))


def _rehearsal() -> Any:
    if os.environ.get(VARIABLE, "0") in ("", "0"):
        return None
    from cnnbook import rehearsal

    return rehearsal


def _migrated(settings: dict) -> dict:
    from cnnbook.older import migrated

    return migrated(settings)


extras.rehearsal, extras.migrated = _rehearsal, _migrated
extras.add("models", _models)
extras.add("recipes", _recipes)
extras.add("data", _data)
extras.add("weights", _weights)
