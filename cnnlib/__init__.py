"""Build, train and measure the classic convolutional networks in Keras 3.

    import cnnlib as cnn

    digits = cnn.load("mnist")
    model = cnn.models.LeNet5()
    run = cnn.train(model, digits, recipe="lenet5", epochs=1)

Importing the package loads no framework: a name is looked up in its module when it is first used.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

__version__ = "0.1.0"

# Names that stand in a module of another name; every module of the package is a name of the face as well.
_FACE = {
    "DataError": "cnnlib.data",
    "load": "cnnlib.data",
    "open_folder": "cnnlib.data",
    "same": "cnnlib.audit",
}


def __getattr__(name: str) -> Any:
    if name in _FACE:
        return getattr(import_module(_FACE[name]), name)
    if not name.startswith("_") and find_spec(f"cnnlib.{name}") is not None:
        return import_module(f"cnnlib.{name}")
    raise AttributeError(f"cnnlib has no {name!r}; it has {', '.join(__dir__())}.")


def __dir__() -> list[str]:
    modules = ("audit", "data", "evaluation", "layers", "models", "plots", "recipe", "transfer", "weights")
    return sorted([*_FACE, *modules])
