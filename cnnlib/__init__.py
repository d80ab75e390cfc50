"""Build, train and measure the classic convolutional networks in Keras 3.

    import cnnlib as cnn

    digits = cnn.load("mnist")
    model = cnn.models.LeNet5()
    run = cnn.train(model, digits, recipe="lenet5", epochs=1)

Importing the package loads no framework: a name is looked up in its module when it is first used. Once Keras
is imported, before or after, it knows this package's layers, and `keras.models.load_model` opens their files.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

# Names that stand in a module of another name; every module of the package is a name of the face as well.
_FACE = {
    "DataError": "cnnlib.data.DataError",
    "Learned": "cnnlib.learning.Learned",
    "Run": "cnnlib.runs.Run",
    "check": "cnnlib.data.check",
    "compare": "cnnlib.runs.compare",
    "count": "cnnlib.audit.count",
    "error": "cnnlib.runs.error",
    "learn": "cnnlib.learning.learn",
    "load": "cnnlib.data.load",
    "open_folder": "cnnlib.data.open_folder",
    "pretrained": "cnnlib.weights.load",
    "same": "cnnlib.audit.same",
    "train": "cnnlib.runs.train",
}


def find_name(package: str, face: Mapping[str, str], name: str, known: Sequence[str]) -> Any:
    """Look a name of a package up: in its face, else among its modules.

    Raises:
        AttributeError: it is neither; the message lists what is known.
    """
    if name in face:
        module, _, attribute = face[name].rpartition(".")
        return getattr(import_module(module), attribute)
    if not name.startswith("_") and find_spec(f"{package}.{name}") is not None:
        return import_module(f"{package}.{name}")
    raise AttributeError(f"{package} has no {name!r}; it has {', '.join(known)}.")


def __getattr__(name: str) -> Any:
    return find_name(__name__, _FACE, name, __dir__())


def __dir__() -> list[str]:
    modules = ("audit", "data", "evaluation", "layers", "models", "plots", "recipe", "transfer", "weights")
    return sorted([*_FACE, *modules])


class _AfterKeras(MetaPathFinder):
    """Registers our layers with Keras when somebody imports it."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = find_spec("keras")
        if spec and spec.loader:
            run = spec.loader.exec_module

            def run_and_register(module: ModuleType) -> None:
                run(module)
                import_module("cnnlib.layers")

            spec.loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec


if "keras" in sys.modules:
    import_module("cnnlib.layers")
else:
    sys.meta_path.insert(0, _AfterKeras())
