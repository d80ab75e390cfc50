"""What the exercises have students train in the book's page: the links to it, and what was recorded there."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import parse_qsl

import nbformat
import pytest
from masters import ROOT

from cnnbook.widgets.training import TRIED, USUAL
from cnncourse.check.lenet5 import IN_THE_PAGE, PAGE_SEEDS

MASTER = ROOT / "notebooks/exercises/02_lenet5.ipynb"
TRIALS = json.loads(TRIED.read_text("utf-8"))["exercises"]


def unusual(settings: dict[str, str]) -> frozenset:
    """Settings as the page's address has them: those alone that are not the usual ones."""
    return frozenset(settings.items() - USUAL.items())


def errors(asked: str, seed: int) -> dict:
    """For each answer to a question the error that one seed's training ended with."""
    kept = {(unusual(trial["changed"]), trial["seed"]): trial["error"] for trial in TRIALS}
    return {answer: kept[unusual(settings), seed] for answer, settings in IN_THE_PAGE[asked].items()}


def test_each_training_is_recorded_once() -> None:
    asked = {unusual(settings) for trainings in IN_THE_PAGE.values() for settings in trainings.values()}
    found = [(unusual(trial["changed"]), trial["seed"]) for trial in TRIALS]
    assert len(found) == len(set(found))
    assert set(found) == {(settings, seed) for settings in asked for seed in PAGE_SEEDS}


@pytest.mark.parametrize("seed", PAGE_SEEDS)
def test_every_seed_of_the_page_gives_the_same_answer(seed: int) -> None:
    found = errors("guessing", seed)
    assert found["sigmoid"] == pytest.approx(0.9, abs=0.005)  # less than what the check lets pass
    assert max(found["tanh"], found["relu"]) < 0.5
    found = errors("by_error", seed)
    assert found["adam"] + 0.02 < found["momentum"] < found["sgd"] - 0.02
    found = errors("too_fast", seed)
    assert max(found[0.1], found[0.2]) < 0.5
    assert min(found[0.5], found[1]) > 0.85


def test_the_links_hand_out_the_settings_that_were_recorded() -> None:
    text = "\n".join(cell.source for cell in nbformat.read(MASTER, 4).cells if cell.cell_type == "markdown")
    links = re.findall(r'href="\.\./\.\./book/train_lenet5\.html#([^"]+)"', text)
    given = {unusual(dict(parse_qsl(html.unescape(link)))) for link in links}
    assert given == {unusual(each) for trainings in IN_THE_PAGE.values() for each in trainings.values()}
