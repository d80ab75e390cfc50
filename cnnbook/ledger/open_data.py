"""The claims about data sets: what can be counted here is counted, the rest is quoted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cnnbook import papers
from cnnbook.ledger.claim import Claim
from cnnlib.data.sets import FOLDERS, SETS

_PAPER = papers.paper("open_data")
_NOT_COUNTED = "Said by a publisher or by those who hold a copy, and not counted here."
_NOT_REPEATED = (
    "A finding of others, not repeated here: it takes people who collect pictures or look at them."
)


def _label_errors() -> float:
    """Of ImageNet's validation images, in %, from the count."""
    return 100 * _PAPER["findings.label_errors.imagenet_count"] / FOLDERS["imagenet"].full.test


def _per_class(name: str) -> int:
    whole = SETS[name].full
    return (whole.train + whole.test) // len(SETS[name].class_names)


def claims() -> list[Claim]:
    """Every claim about the data sets."""
    p = _PAPER
    ours: dict[str, Callable[[], object]] = {
        "imagenet.train": lambda: FOLDERS["imagenet"].full.train,
        "imagenet.validation": lambda: FOLDERS["imagenet"].full.test,
        "mnist.train": lambda: SETS["mnist"].full.train,
        "mnist.test": lambda: SETS["mnist"].full.test,
        "fashion.train": lambda: SETS["fashion_mnist"].full.train,
        "fashion.test": lambda: SETS["fashion_mnist"].full.test,
        "cifar10.per_class": lambda: _per_class("cifar10"),
        "cifar10.md5": lambda: SETS["cifar10"].md5,
        **{
            f"pneumonia.{split}": partial(getattr, SETS["pneumoniamnist"].full, split)
            for split in ("train", "validation", "test")
        },
        "findings.person.safe": lambda: p["findings.person.classes"] - p["findings.person.unsafe"],
    }
    return [_claim(key, ours.get(key)) for key in p.facts]


def _claim(key: str, ours: Callable[[], object] | None) -> Claim:
    if key == "findings.label_errors.imagenet":
        return Claim(_PAPER, key, _label_errors, lambda expected, found: expected == round(found))
    if ours:
        return Claim(_PAPER, key, ours)
    return Claim(_PAPER, key, deviation=_NOT_REPEATED if key.startswith("findings.") else _NOT_COUNTED)
