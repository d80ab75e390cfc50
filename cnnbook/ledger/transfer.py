"""The claims of transfer learning: what Yosinski et al. measured, and what the chapter advises."""

from __future__ import annotations

import keras

from cnnbook import papers
from cnnbook.ledger.claim import Claim, erratum, quoted
from cnnbook.scenarios import advise
from cnnlib import models
from cnnlib.audit import without_weights
from cnnlib.transfer import classifier
from cnnlib.transfer.freezing import is_weight_layer, pretrained_layers

_PAPER, _CHAPTER = papers.paper("yosinski2014"), papers.paper("chapter")
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


def _frozen_layers() -> dict[str, tuple[int, int]]:
    """Of VGG16, by scenario."""
    vgg16 = without_weights(models.VGG16)
    found = {}
    for scenario, (images, similarity) in _SCENARIOS.items():
        found[scenario] = advise(images, similarity, vgg16).counts or (0, 0)
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
        Claim(p, "copied", lambda: (1, _alexnet_layers() - 1)),
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

    def cut_early(says: str, level: str) -> bool:
        """Whether a level freezes early layers only, those below the activations that the table means."""
        return "earlier" in says and all(0 < share <= 1 / 2 for share in advise(*_SCENARIOS["3"]).shares)

    return [
        Claim(_CHAPTER, "transfer.frozen_convolutions", lambda: len(_vgg_convolutions())),
        Claim(_CHAPTER, "transfer.frozen_parameters", _frozen_parameters),
        erratum("transfer.new_units", _new_units),
        erratum("transfer.transferred", _transferred),
        Claim(_CHAPTER, "transfer.frozen_layers.*", _frozen_layers),
        Claim(_CHAPTER, "transfer.table.1", lambda: level("1")),
        erratum("transfer.table.2", lambda: level("2")),
        Claim(_CHAPTER, "transfer.table.3", lambda: level("3"), cut_early),
        Claim(_CHAPTER, "transfer.table.4", lambda: level("4")),
    ]


def claims() -> list[Claim]:
    """Every claim about transfer learning."""
    return [*_paper_claims(), *_chapter_claims()]
