"""The claims of transfer learning: what Yosinski et al. measured, and what the chapter advises."""

from __future__ import annotations

import keras

from cnnbook.ledger.claim import Claim, quoted, without_weights
from cnnbook.papers.chapter import CHAPTER
from cnnbook.papers.yosinski2014 import YOSINSKI2014
from cnnlib import models
from cnnlib.transfer import advise, classifier
from cnnlib.transfer.freezing import is_weight_layer, pretrained_layers

_PAPER = YOSINSKI2014
_NOT_RUN = "Not run at this size, days for each network on half of ImageNet; the book has it in small."
_OTHERS = "A choice of others, quoted as a measure of what is usual."
_SCENARIOS = {"1": (1, "similar"), "2": (10**6, "similar"), "3": (1, "different"), "4": (10**6, "different")}


def _alexnet_layers() -> int:
    return sum(map(is_weight_layer, without_weights(models.AlexNet).layers))


def _vgg_convolutions() -> list[keras.Layer]:
    """What is frozen of VGG16 when it extracts features."""
    return pretrained_layers(without_weights(models.VGG16))


def _frozen_parameters() -> int:
    return sum(layer.count_params() for layer in _vgg_convolutions())


def _frozen_layers() -> dict[str, str]:
    """Of VGG16, by scenario."""
    vgg16 = without_weights(models.VGG16)
    found = {}
    for scenario, (images, similarity) in _SCENARIOS.items():
        least, most = advise(images, similarity, vgg16).counts or (0, 0)
        found[scenario] = str(least) if least == most else f"{least} to {most}"
    return found


def _new_units() -> str:
    """What the two units of a new classifier for two classes are."""
    head = classifier(512, 2)
    return "output" if head.layers[-1].output is head.output else "hidden"


def _transferred() -> str:
    """What a copy of a network has in common with it before it has seen an image."""
    first = classifier(4, 2)
    second = keras.models.clone_model(first)
    second.set_weights(first.get_weights())
    same = all((a == b).all() for a, b in zip(first.get_weights(), second.get_weights(), strict=True))
    return "weights" if same else "nothing"


def _paper_claims() -> list[Claim]:
    p = _PAPER
    computed = {"layers", "copied", "half", "natural", "base_error", "rcnn_divisor", "ulmfit_divisor"}
    rates = ["rcnn_divisor", "ulmfit_divisor"]
    return [
        Claim(p, "layers", _alexnet_layers),
        Claim(p, "copied", lambda: f"1 to {_alexnet_layers() - 1}"),
        Claim(p, "half", lambda: p["classes"] // 2),
        Claim(p, "natural", lambda: p["classes"] - p["man_made"]),
        Claim(p, "base_error", lambda: 100 - p["base_accuracy"]),
        *quoted(p, rates, _OTHERS),
        *quoted(p, [key for key in p.facts if key not in computed], _NOT_RUN),
    ]


def _chapter_claims() -> list[Claim]:
    """What the chapter says of transfer learning, with what is right; the errata have the words."""

    def level(scenario: str) -> str:
        return advise(*_SCENARIOS[scenario]).level

    def see(number: int) -> str:
        return f"See number {number} of the errata for what is right."

    return [
        Claim(CHAPTER, "transfer_frozen_convolutions", lambda: len(_vgg_convolutions())),
        Claim(CHAPTER, "transfer_frozen_parameters", _frozen_parameters),
        Claim(CHAPTER, "transfer_new_units", _new_units, deviation=see(66)),
        Claim(CHAPTER, "transfer_transferred", _transferred, deviation=see(65)),
        Claim(CHAPTER, "transfer_frozen_layers", _frozen_layers),
        Claim(CHAPTER, "transfer_table_1", lambda: level("1")),
        Claim(CHAPTER, "transfer_table_2", lambda: level("2"), deviation=see(67)),
        Claim(CHAPTER, "transfer_table_3", lambda: level("3"), deviation=see(68)),
        Claim(CHAPTER, "transfer_table_4", lambda: level("4")),
    ]


def claims() -> list[Claim]:
    """Every claim about transfer learning."""
    return [*_paper_claims(), *_chapter_claims()]
