"""What this book knows: its papers' facts, its records, its ledger, its experiments, figures and widgets.

    import cnnbook

    cnnbook.paper("he2016")["cifar.resnet20.test_error"]
    cnnbook.runs("resnet20_short")

As in `cnnlib`, a name is looked up in its module when it is first used.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

# Names of the face, and where each stands.
_FACE = {
    "fact": "cnnbook.papers.fact",
    "paper": "cnnbook.papers.paper",
    "run": "cnnbook.records.run",
    "runs": "cnnbook.records.runs",
}


def __getattr__(name: str) -> Any:
    if name in _FACE:
        module, _, attribute = _FACE[name].rpartition(".")
        return getattr(import_module(module), attribute)
    if not name.startswith("_") and find_spec(f"cnnbook.{name}") is not None:
        return import_module(f"cnnbook.{name}")
    raise AttributeError(f"cnnbook has no {name!r}; it has {', '.join(__dir__())}.")


def __dir__() -> list[str]:
    modules = ("experiments", "ledger", "numbers", "papers", "plots", "published", "records", "widgets")
    return sorted([*_FACE, *modules])
