"""The data files of the papers: what reads them, and what the library states of them by itself."""

from __future__ import annotations

import ast
import math
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

import cnnlib
from cnnbook import papers
from cnnbook.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnbook.recipes import CANDIDATES
from cnnlib import transfer
from cnnlib.data.pixels import Pixels
from cnnlib.recipe import RECIPES

FILE = """
title = "A title"
confidence = "read"
rate = { value = 0.1, place = "section 3", note = "first learning rate" }

[best]
place = "table 4"
split = "validation"
"*".top5 = { unit = "%", confidence = "memory" }
small = { network = "one net, small", top1 = 20, top5 = 5.5 }
large = { network = "one net, large", top5 = { value = 4.5, split = "test", views = "ten crops" } }
maps = { value = [55, 55, 96], form = "shape" }
"""


@pytest.fixture
def paper() -> papers.Paper:
    return papers.read("someone2020", FILE)


def test_what_a_section_says_holds_for_the_facts_below_it(paper: papers.Paper) -> None:
    assert list(paper.facts) == ["rate", "best.small.top1", "best.small.top5", "best.large.top5", "best.maps"]
    small, large = paper.facts["best.small.top5"], paper.facts["best.large.top5"]
    assert (small.value, small.place, small.unit, small.split) == (5.5, "table 4", "%", "validation")
    assert small.says == "top-5 error, %: validation, one net, small"
    assert large.how == "test, one net, large, ten crops"
    assert (paper.facts["best.small.top1"].confidence, large.confidence) == ("read", "memory")
    assert paper.facts["rate"].says == "first learning rate"


def test_a_paper_has_values_sections_and_stars(paper: papers.Paper) -> None:
    assert paper["rate"] == 0.1
    assert paper["best.small"] == {"top1": 20, "top5": 5.5}
    assert paper["best.*.top5"] == {"small": 5.5, "large": 4.5}
    assert paper["best.s*"] == {"mall": {"top1": 20, "top5": 5.5}}


@pytest.mark.parametrize("key", ["rat", "best.small.top", "best.*.top6"])
def test_an_unknown_key_names_those_that_are_close(paper: papers.Paper, key: str) -> None:
    with pytest.raises(KeyError, match=r"someone2020 has no fact '.*'; close to it: (rate|best\.)"):
        paper[key]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            'speed = { value = 3, place = "table 1", pace = "fast" }',
            "speed has a field that is unknown: pace",
        ),
        ('plase = "table 1"', "plase is no field of a fact"),
        ("speed = 3", "speed has no place"),
        ('speed = { value = 3, place = "table 1", confidence = "sure" }', "other than read, secondary"),
        ('rate = { value = 3, place = "table 1" }', "someone2020.toml: Cannot overwrite a value"),
        ("speed =", "someone2020.toml: Invalid value"),
    ],
)
def test_a_malformed_file_says_what_is_wrong(fault: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        papers.read("someone2020", FILE.replace("\n[best]", f"{fault}\n[best]"))
    with pytest.raises(ValueError, match="there is no title"):
        papers.read("someone2020", FILE.replace("title", "name"))


def test_a_fact_is_found_by_its_full_name() -> None:
    fact = papers.fact("he2016.cifar.resnet20.test_error")
    assert fact.value == papers.paper("he2016")["cifar.resnet20.test_error"]
    assert (fact.unit, fact.split) == ("%", "test")
    assert papers.paper("he2016") is papers.paper("he2016")
    with pytest.raises(KeyError, match=r"has no fact 'cifar.resnet20.error'; close to it: cifar"):
        papers.fact("he2016.cifar.resnet20.error")
    with pytest.raises(KeyError, match="There is no paper 'nobody'; there are chapter, he2016"):
        papers.fact("nobody.rate")


@pytest.mark.parametrize("citation", papers.names())
def test_a_file_states_words_and_numbers_and_errors_in_per_cent(citation: str) -> None:
    for key, fact in papers.paper(citation).facts.items():
        assert not isinstance(fact.value, dict), key
        assert fact.form in ("", "shape", "range"), key
        assert not fact.form or isinstance(fact.value, list), key
        if fact.split and isinstance(fact.value, float):
            assert fact.unit in ("%", "points"), key


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (True, "", "yes"),
        (1234567, "", "1,234,567"),
        (1 / 3, "", "0.33333"),
        ([3, 4, 6, 3], "", "3, 4, 6, 3"),
        ((4096,), "shape", "4096"),
        ([55, 55, 96], "shape", "55x55x96"),
        ([256, 480], "range", "256 to 480"),
        ([13, 13], "range", "13"),
        ([["3-64"], ["3-128", "1-256"]], "", "3-64; 3-128, 1-256"),
        ("a word", "", "a word"),
    ],
)
def test_a_value_is_shown_in_its_form(value: object, form: str, text: str) -> None:
    assert papers.shown(value, form) == text


def test_the_library_knows_nothing_of_the_papers() -> None:
    library = {
        *("audit", "backend", "data", "models", "recipe", "training", "transfer", "weights", "plots"),
        *("layers", "schedules", "evaluation", "records"),
    }
    root = Path(cnnlib.__file__).parent
    files = [path for name in library for path in (root / f"{name}.py", *(root / name).rglob("*.py"))]
    found = [path for path in files if path.exists()]
    assert len(found) > len(library)
    for path in found:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                assert not any(f"{name}.".startswith("cnnbook.papers.") for name in names), path
            elif isinstance(node, ast.Import):
                assert not any(alias.name.startswith("cnnbook.papers") for alias in node.names), path


def test_what_recipes_state_beside_the_ledger_is_the_papers() -> None:
    value = lambda name: papers.fact(name).value  # noqa: E731
    alexnet, googlenet = RECIPES["alexnet"], RECIPES["googlenet"]
    assert alexnet.network_settings["bias_ones"] == value("krizhevsky2012.caffe.bias")
    assert alexnet.network_settings["input_shape"] == [value("krizhevsky2012.input_side")] * 2 + [3]
    assert RECIPES["cuda_convnet"].preparation.train.size == value("krizhevsky2012.cifar.crop")
    assert googlenet.epochs == value("szegedy2015.caffe.epochs")
    assert RECIPES["resnet50"].epochs == math.ceil(value("he2016.epochs"))
    assert sum(RECIPES["resnet110"].hold) == value("he2016.cifar.updates")
    (first, *_) = CANDIDATES["lenet5_original"]
    assert first["optimizer_settings"]["mu"] == value("lecun1998.mu")


def test_what_the_library_states_by_itself_is_the_papers() -> None:
    lecun, transferred = papers.paper("lecun1998"), papers.paper("yosinski2014")
    assert lecun["curvature_patterns"] == DiagonalLevenbergMarquardt.PATTERNS
    pixels = Pixels("lecun1998")
    side = lecun["digit_field"]
    assert pixels.output_shape((side, side, 1)) == (lecun["input_size"], lecun["input_size"], 1)
    prepared = np.asarray(pixels(np.full((1, side, side, 1), 255, "uint8")))
    assert prepared.max() == pytest.approx(lecun["ink"])
    assert prepared.min() == pytest.approx(lecun["background"])
    default = {name: p.default for name, p in signature(transfer.fine_tune).parameters.items()}
    assert default["factors"] == 1 / transferred["new_layer_factor"]
    divisor = signature(transfer.falling_factors).parameters["divisor"].default
    assert divisor == transferred["ulmfit_divisor"]
