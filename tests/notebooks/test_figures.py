"""Figures of the chapter that this book follows have a counterpart here, and the book's own are on a page."""

import re
from pathlib import Path

import nbformat
import pytest

from cnnbook import plots as figures

ROOT = Path(__file__).parents[2]
# Figure of the chapter: section, and words of what a cell of that section shows (its figure's description,
# its table, or a network's summary). The chapter has no figures 5.7, 5.16 to 5.18 and 6.3.
COUNTERPARTS = {
    "5.1": (
        "01_design_patterns",
        "Feature extractor (c1, s2, c3, s4, c5) and classifier (flatten, f6, output)",
    ),
    "5.2": ("01_design_patterns", "Side and number of the feature maps by layer"),
    "5.3": ("02_lenet5", "LeNet-5 as it is built today: 8 layers in order"),
    "5.4": ("02_lenet5", "LeNet-5, 1998: 8 layers in order"),
    "5.5": ("02_lenet5", " Total params: 61,706"),
    "5.6": ("03_alexnet", "AlexNet, 12 plates to scale"),
    "5.8": ("04_vgg", "VGG16, 22 plates to scale"),
    "5.9": ("04_vgg", "6 networks of 5 blocks"),
    "5.10": ("05_inception", "What networks are stacked of. layers:"),
    "5.11": ("05_inception", "the naive module: 4 branches"),
    "5.12": ("05_inception", "reduce, then look: 1 branch"),
    "5.13": ("05_inception", "the module with reductions: 4 branches"),
    "5.14": ("05_inception", "beside pool and"),
    "5.15": ("05_inception", "GoogLeNet, from top to bottom"),
    "5.19": ("06_resnet", "plain block: from"),
    "5.20": ("06_resnet", "residual block: from"),
    "5.21": ("06_resnet", "What networks are stacked of. VGG:"),
    "5.22": ("06_resnet", "bottleneck, regular shortcut: from"),
    "5.23": ("06_resnet", "bottleneck, reduce shortcut: from"),
    "6.1": ("08_why_transfer_works", "From a network for ImageNet to one for five classes"),
    "6.2": ("10_feature_extractor", "From a network for ImageNet to one for cats and dogs"),
    "6.4": ("08_why_transfer_works", "one filter of three by three, and the map that it makes"),
    "6.5": ("08_why_transfer_works", "feature maps of conv1, the cat"),
    "6.6": ("08_why_transfer_works", "late, fire9, 16 pictures"),
    "6.7": ("08_why_transfer_works", "filters of SqueezeNet, ImageNet"),
    "6.8": ("09_pretrained_classifier", "Egyptian cat"),
    "6.9": ("10_feature_extractor", "13 of them frozen"),
    "6.10": ("11_fine_tuning", "Frozen layers, before a new classifier"),
    "6.11": ("12_choosing_the_level", "The level of transfer by size"),
}


def shown(section: str) -> list[str]:
    """What the cells of a committed section show, in words."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{section}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    bundles = [output["data"] for output in outputs if "data" in output]
    texts = [
        text for data in bundles for kind, text in data.items() if kind in ("text/plain", "text/markdown")
    ]
    return [re.sub(r"\x1b\[[\d;]*m", "", text) for text in texts]


@pytest.mark.parametrize("figure", COUNTERPARTS)
def test_a_figure_has_a_counterpart(figure):
    section, words = COUNTERPARTS[figure]
    drawings = [text for text in shown(section) if re.match("<Drawing: |\\|| Total params: ", text)]
    assert any(words in text for text in drawings)


@pytest.mark.parametrize("name", figures.__all__)
def test_a_figure_of_the_book_is_on_a_page(name):
    pages = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("book/*.ipynb"), *ROOT.glob("cnnbook/widgets/*.py")]
    call = re.compile(rf"\b(figures|cnnbook\.plots)\.{name}\(")
    assert any(call.search(page.read_text(encoding="utf-8")) for page in pages), "no page draws it"
