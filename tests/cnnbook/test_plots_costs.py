"""Figures of trainings, of what was measured, and of what was paid for it."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from drawings import Drawn, Figures, check_rules, marks, texts

from cnnbook import plots as figures
from cnnlib import plots

YEARS = [
    ("AlexNet", 2012, 0.182, 60_000_000, "single net"),
    ("VGG", 2014, 0.075, 138_000_000, "single net"),
    ("GoogLeNet", 2014, 0.0789, 7_000_000, "single net"),
    ("ResNet-152", 2015, 0.0449, 60_000_000, "single net"),
    ("ResNet, 6 nets", 2015, 0.0357, 240_000_000, "ensemble"),
]
COSTS: list[tuple[str, float, float, float | None, float | None]] = [
    ("AlexNet", 7.2e8, 0.18, 0.17, 0.19),
    ("VGG-16", 1.55e10, 0.075, None, None),
    ("VGG-19", 1.96e10, 0.075, None, None),
    ("GoogLeNet", 1.58e9, 0.0789, None, None),
    *((f"ResNet-{n}", n * 1e8, 0.06 - n * 1e-4, None, None) for n in (34, 50, 101, 152)),
]
SWEEP = [(4, 0.2, 0.19, 0.21), (1, 0.18, 0.17, 0.2), (2, 0.19, None, None), (16, 0.25, 0.24, 0.26)]

HISTORIES = [
    {"train_loss": [1.0, 0.5, 0.2], "validation_error": curve}
    for curve in ([0.12, 0.03, 0.011], [0.14, 0.04, 0.009])
]

FIGURES: Figures = {
    "vanishing": (
        lambda: figures.vanishing({"sigmoid": [0.1**i for i in range(12, 1, -1)], "ReLU": [0.02, 0.03]}),
        ["sigmoid, from 1e-12 in layer 1 to 0.01 in layer 11; ReLU, from 0.02 in layer 1 to 0.03 in layer 2"],
    ),
    "vanishing little": (
        lambda: figures.vanishing({"ReLU": [0.02, 0.031, 0.04]}, "mean gradient"),
        ["Mean gradient by layer"],
    ),
    "schedule": (
        lambda: figures.schedule({"paper": [5e-4] * 2 + [1e-5] * 8, "ours": [1e-3] * 10}),
        ["paper: 0.0005 for 2, 0.00001 for 8 epochs"],
    ),
    "curves": (
        lambda: figures.learning_curves(HISTORIES[0], HISTORIES, "validation_error", ("paper", 0.0095)),
        ["mean of 2 recorded runs, from 13% to 1% in 3 epochs", "this run, from 12% to 1.1%", "paper, 0.95%"],
    ),
    "loss": (
        lambda: figures.learning_curves(None, HISTORIES[:1], "train_loss"),
        ["recorded run, from 1 to 0.2"],
    ),
    "responses": (
        lambda: figures.responses({"plain": [0.5, 2.0, 1.0], "residual": [0.4] * 40}),
        [
            "Standard deviation of the responses by layer, counted from the image: plain, 3 layers, mean",
            " 1.2, from 0.5 in the first to 1 in the last; residual, 40 layers, mean 0.4, from 0.4",
        ],
    ),
    "ranked responses": (
        lambda: figures.responses({"plain": [0.5, 2.0, 1.0], "residual": [0.4]}, ranked=True),
        ["by layer, the largest first: plain, 3 layers, mean 1.2, from 2 in the first to 0.5 in the last"],
    ),
    "over the years": (
        lambda: figures.over_the_years(YEARS),
        [
            "Top-5 error by year. AlexNet (2012, single net, 60 M parameters): 18.2%; VGG (2014",
            "ResNet, 6 nets (2015, ensemble, 240 M parameters): 3.57%.",
        ],
    ),
    "against": (
        lambda: figures.against(COSTS, what="top-5 error"),
        [
            "Top-5 error against multiply-adds. AlexNet: 18%, interval 17% to 19% at 720 M; VGG-16: 7.5% at",
            "GoogLeNet: 7.89% at 1.58 G; ResNet-34: 5.66% at 3.4 G;",
        ],
    ),
    "alike costs": (
        lambda: figures.against([("a", 100, 0.5, None, None), ("b", 120, 0.6, None, None)], "seconds"),
        ["Error rate against seconds. a: 50% at 100; b: 60% at 120."],
    ),
    "sweep": (
        lambda: figures.sweep(SWEEP, "divisor"),
        ["Test error by divisor. 1: 18%, interval 17% to 20%; 2: 19%; 4: 20%, interval 19% to 21%; 16: 25%"],
    ),
    "errors": (
        lambda: figures.errors(
            [("1998", 0.0095, 0.0085, 0.0105, "paper"), ("now", 0.12, None, None, "quick")]
        ),
        ["1998 (paper): 0.95%, interval 0.85% to 1.05%; now (quick): 12%"],
    ),
    "class summary": (
        lambda: figures.class_summary(
            [3.0, 12.5, 15.0], 15, {"output-size": 0.8, "lenet5": 0.0, "open": None}
        ),
        ["3 submissions of at most 15 points. Share of the points: output-size 80%, lenet5 0%, open to be"],
    ),
}
DRAWN = Drawn(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_keeps_the_rules_of_all_figures(name: str) -> None:
    check_rules(DRAWN, name)


def test_equal_factors_of_cost_are_equally_far_apart() -> None:
    places = sorted(x for x, *_ in marks(DRAWN["against"], plots.BLUE))
    costs = np.log(sorted(cost for _, cost, *_ in COSTS))
    slope = (places[-1] - places[0]) / (costs[-1] - costs[0])
    assert np.diff(places) == pytest.approx(slope * np.diff(costs), abs=0.1)
    assert "multiply-adds (G: billion)" in {label for label, *_ in texts(DRAWN["against"])}


def test_responses_are_drawn_from_zero_unless_they_differ_too_much() -> None:
    path = re.search(
        rf'<path d="([^"]+)"[^>]*style="fill: none[^"]*stroke: {plots.BLUE}', DRAWN["responses"].svg
    )
    assert path
    low, high, last = np.float64(re.findall(r"[-\d.]+", path[1])).reshape(-1, 2)[:, 1]
    # Half as large is half as high above the axis.
    ticks = {label: box[3] for label, _, box, _ in texts(DRAWN["responses"])}
    assert (low - last) / (last - high) == pytest.approx(0.5, rel=1e-3)
    assert ticks["0"] > ticks["2"]
    assert {"1", "10"} <= {label for label, *_ in texts(figures.responses({"a": [0.5, 50.0]}))}


def test_area_of_a_mark_is_the_number_of_parameters() -> None:
    # Farthest to the left stand the legend's marks.
    _, *discs = (width for *_, width in marks(DRAWN["over the years"], plots.BLUE))
    assert np.square(discs) / discs[0] ** 2 == pytest.approx(np.array([60, 138, 7, 60]) / 60, rel=0.01)
    _, rhombus = (width for *_, width in marks(DRAWN["over the years"], plots.VERMILLION))
    assert (rhombus**2 / 2) / (np.pi * discs[0] ** 2 / 4) == pytest.approx(240 / 60, rel=0.01)


@pytest.mark.parametrize("name", ["against", "over the years"])
def test_no_label_covers_a_mark(name: str) -> None:
    boxes = [(label, box) for label, _, box, _ in texts(DRAWN[name]) if "%" in label]
    for x, y, width in marks(DRAWN[name], plots.BLUE) + marks(DRAWN[name], plots.VERMILLION):
        for label, (left, top, right, bottom) in boxes:
            beside = x + width / 4 < left or x - width / 4 > right
            assert beside or y + width / 4 < top or y - width / 4 > bottom, label


def test_doublings_of_a_setting_are_equally_far_apart() -> None:
    ticks = {label: (box[0] + box[2]) / 2 for label, _, box, _ in texts(DRAWN["sweep"])}
    one, two, four, sixteen = (ticks[label] for label in ("1", "2", "4", "16"))
    assert two - one == pytest.approx(four - two, abs=1)
    assert sixteen - four == pytest.approx(2 * (two - one), abs=1)


def test_schedule_is_exact_about_where_a_phase_ends() -> None:
    alt = figures.schedule({"a": [1e-2, 1e-2, 1e-3]}).alt
    assert alt == "Learning rate by epoch. a: 0.01 for 2, 0.001 for 1 epochs."


def test_a_description_leaves_out_the_middle_of_what_is_long() -> None:
    alt = figures.schedule({"a": [10.0**-i for i in range(10)]}).alt
    assert alt == "Learning rate by epoch. a: 1 for 1, 8 more, 0.000000001 for 1 epochs."


def test_runs_of_different_length_are_averaged_while_all_run() -> None:
    short = {"train_error": [0.4]}
    assert (
        "from 30% to 30% in 1 epochs"
        in figures.learning_curves(None, [short, {"train_error": [0.2, 0.1]}]).alt
    )


def test_gradients_of_equal_ratios_are_equally_far_apart() -> None:
    svg = DRAWN["vanishing"].svg
    curve = next(
        path for path in re.findall(r'<path d="([^"]+)"[^>]*stroke: #2a86c8', svg) if path.count("L") == 10
    )
    heights = np.float64(re.findall(r"[-\d.]+", curve)).reshape(-1, 2)[:, 1]
    assert np.diff(heights) == pytest.approx(np.full(10, np.diff(heights).mean()), rel=1e-3)
    assert heights[0] > heights[-1]
    ticks = [label for label, *_ in texts(DRAWN["vanishing"])]
    assert "10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}" in ticks


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: figures.vanishing({}), "nothing to draw"),
        (lambda: figures.vanishing({"ReLU": [0.1, 0.0]}), "ReLU needs finite values above 0"),
        (lambda: figures.vanishing({"ReLU": []}), "ReLU needs finite values above 0"),
        (lambda: figures.schedule({"a": []}), "a needs rates above 0"),
        (lambda: figures.schedule({"a": [0.1, 0.0]}), "a needs rates above 0"),
        (lambda: figures.learning_curves(None, []), "neither a live nor a recorded run"),
        (
            lambda: figures.learning_curves(None, HISTORIES, "train_error"),
            "lacks 'train_error', it has train_loss",
        ),
        (lambda: figures.responses({}), "nothing to draw"),
        (lambda: figures.responses({"a": []}), "a needs finite values, none below 0"),
        (lambda: figures.responses({"a": [1.0, -1.0]}), "a needs finite values, none below 0"),
        (lambda: figures.over_the_years([]), "there are no rows"),
        (
            lambda: figures.over_the_years([("a", 2012, 0.1, 9, "guess")]),
            "a: kind must be one of single net, ensemble, not 'guess'",
        ),
        (
            lambda: figures.over_the_years([("a", 2012, 0.1, 0, "ensemble")]),
            "a needs an error and parameters",
        ),
        (lambda: figures.against([]), "there are no rows"),
        (lambda: figures.against([("a", 0, 0.1, None, None)]), "a costs 0, which a logarithm"),
        (lambda: figures.against([("a", 1, 0.1, 0.2, 0.3)]), "a: 0.1 lies outside its interval 0.2 to 0.3"),
        (lambda: figures.against([("a", 1, 0.1, 0.2, None)]), "a: an interval needs both ends, got 0.2 and"),
        (lambda: figures.sweep([], "x"), "there are no rows"),
        (lambda: figures.sweep([SWEEP[0], SWEEP[0]], "x"), r"settings above 0, each once, got \[4, 4\]"),
        (lambda: figures.sweep([(0, 0.1, None, None)], "x"), r"settings above 0, each once, got \[0\]"),
        (lambda: figures.sweep([(1, 0.1, 0.2, 0.3)], "x"), "1: 0.1 lies outside its interval"),
        (lambda: figures.errors([]), "there are no rows"),
        (
            lambda: figures.errors([("a", 0.1, None, None, "guess")]),
            "must be one of paper, recorded, quick, not 'guess'",
        ),
        (lambda: figures.errors([("a", 0.1, 0.2, 0.3, "paper")]), "0.1 lies outside its interval 0.2 to 0.3"),
        (lambda: figures.class_summary([1.0], 15, {}), "there are no questions"),
        (lambda: figures.class_summary([0.0], 0, {"a": 1.0}), "the most points must be above 0, not 0"),
    ],
)
def test_bad_input_is_refused(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
