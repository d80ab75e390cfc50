"""What this book knows: its papers' facts, its records, its ledger, its experiments, figures and widgets.

    import cnnbook

    cnnbook.paper("he2016")["cifar.resnet20.test_error"]
    cnnbook.runs("resnet20_short")

As in `cnnlib`, a name is looked up in its module when it is first used.
"""

from typing import Any

from cnnbook import added  # noqa: F401 - it tells the library what this book adds
from cnnlib import find_name

# Names of the face, and where each stands.
_FACE = {
    "fact": "cnnbook.papers.fact",
    "paper": "cnnbook.papers.paper",
    "run": "cnnbook.records.run",
    "runs": "cnnbook.records.runs",
}


def __getattr__(name: str) -> Any:
    return find_name(__name__, _FACE, name, __dir__())


def __dir__() -> list[str]:
    modules = ("experiments", "ledger", "numbers", "papers", "plots", "published", "records", "widgets")
    return sorted([*_FACE, *modules])
