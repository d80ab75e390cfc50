"""The claims about data sets: what can be counted here is counted, the rest is quoted."""

from __future__ import annotations

from collections.abc import Callable

from cnnbook.ledger.claim import Claim
from cnnbook.papers.open_data import CONTENTS, OPEN_DATA, TERMS
from cnnlib.data.sets import FOLDERS, SETS

_PAPER = OPEN_DATA
_NOT_COUNTED = "Said by a publisher or by those who hold a copy, and not counted here."
_NOT_REPEATED = (
    "A finding of others, not repeated here: it takes people who collect pictures or look at them."
)


def _label_errors() -> float:
    """Of ImageNet's validation images, in %, from the count."""
    return 100 * _PAPER["label_errors_imagenet_count"] / FOLDERS["imagenet"].test


def _per_class(name: str) -> int:
    whole = SETS[name].full
    return (whole.train + whole.test) // len(SETS[name].class_names)


def _pneumonia() -> dict[str, int]:
    whole = SETS["pneumoniamnist"].full
    return {"train": whole.train, "validation": whole.validation, "test": whole.test}


def claims() -> list[Claim]:
    """Every claim about the data sets."""
    p = _PAPER
    archive = SETS["cifar10"].archive
    ours: dict[str, Callable[[], object]] = {
        "imagenet_train": lambda: FOLDERS["imagenet"].train,
        "imagenet_validation": lambda: FOLDERS["imagenet"].test,
        "mnist_train": lambda: SETS["mnist"].full.train,
        "mnist_test": lambda: SETS["mnist"].full.test,
        "fashion_train": lambda: SETS["fashion_mnist"].full.train,
        "fashion_test": lambda: SETS["fashion_mnist"].full.test,
        "cifar10_per_class": lambda: _per_class("cifar10"),
        "cifar10_md5": lambda: archive and archive.md5,
        "pneumonia_images": _pneumonia,
        "person_safe": lambda: p["person_classes"] - p["person_unsafe"],
    }
    return [_claim(key, ours.get(key)) for key in p.facts]


def _claim(key: str, ours: Callable[[], object] | None) -> Claim:
    if key == "label_errors_imagenet":
        return Claim(_PAPER, key, _label_errors, lambda expected, found: expected == round(found))
    if ours:
        return Claim(_PAPER, key, ours)
    return Claim(_PAPER, key, deviation=_NOT_COUNTED if key in CONTENTS | TERMS else _NOT_REPEATED)
