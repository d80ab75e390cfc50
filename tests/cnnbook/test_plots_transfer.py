"""Figures of transfer learning."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from drawings import Drawn, Figures, check_rules, marks, shapes, texts, words

from cnnbook import plots as figures
from cnnlib import plots

LAYERS = ["conv1", "conv2", "conv3", "conv4", "conv5"]
LEVELS = [("feature extractor", 19, 19), ("freeze a third to a half", 8, 19), ("fine-tune everything", 0, 13)]
ADVICE = {
    ("small", "similar"): ("feature extractor", "freeze 19 of 19 weight layers"),
    ("large", "similar"): ("freeze 60 to 80 %", "freeze 12 to 16 of 19"),
    ("small", "different"): ("freeze a third to a half", "freeze 6 to 10 of 19"),
    ("large", "different"): ("fine-tune everything", "freeze none"),
}
BASE = (0.2, 0.18, 0.22)
BY_LAYER = {
    "BnB": {1: (0.2, 0.19, 0.21), 4: (0.26, 0.25, 0.28)},
    "AnB": {3: (0.3, 0.28, 0.33), 1: (0.2, 0.2, 0.2), 5: (0.4, 0.38, 0.4)},
    "BnB+": {n: (0.19 + 0.001 * n, 0.18, 0.2) for n in range(1, 8)},
    "AnB+": {n: (0.19 - 0.001 * n, 0.18, 0.2) for n in range(1, 8)},
}
ERRORS = {
    "small, similar": {"feature extractor": [0.1, 0.2, 0.3], "fine-tune everything": [0.3]},
    "large, different": {
        "feature extractor": [0.0811, 0.0834],
        "freeze a third to a half": [0.08, 0.081],
        "fine-tune everything": [0.07, 0.072],
    },
}
ADVISED = {"small, similar": "feature extractor", "large, different": "fine-tune everything"}
OVER_IMAGES = {
    "fine-tune everything": {100: [0.4, 0.44], 10_000: [0.1], 1_000: [0.25]},
    "from scratch": {10_000: [0.12, 0.14, 0.13], 100: [0.8]},
}

FIGURES: Figures = {
    "transfer": (
        lambda: figures.transfer(2, LAYERS, "ImageNet", "cats and dogs", (1000, 2)),
        [
            "From a network for ImageNet to one for cats and dogs: 5 layers with weights are copied",
            "2 of them frozen (conv1, conv2) and 3 of them trained (conv3, conv4, conv5)",
            "classifier for 1,000 classes is left out, a new one for 2 is trained",
        ],
    ),
    "all trained": (
        lambda: figures.transfer(
            0, [f"conv{i}, 512" for i in range(19)], "ImageNet", "five ships", (1000, 5)
        ),
        ["copied, 19 of them trained (conv0, 512, 17 more, conv18, 512). The classifier"],
    ),
    "levels of freezing": (
        lambda: figures.levels_of_freezing(LEVELS, "Three levels"),
        [
            "Three levels: frozen layers, before a new classifier that is always trained. feature extractor: "
            "19 of 19 frozen; freeze a third to a half: 8 of 19 frozen; fine-tune everything: 0 of 13 frozen."
        ],
    ),
    "one level": (
        lambda: figures.levels_of_freezing([("of 53 layers", 1, 53)]),
        ["Frozen layers, before", "of 53 layers: 1 of 53 frozen."],
    ),
    "decision chart": (
        lambda: figures.decision_chart(ADVICE),
        [
            "small and similar: feature extractor, freeze 19 of 19 weight layers; small and different: ",
            "large and similar: freeze 60 to 80 %, freeze 12 to 16 of 19; large and different: fine-tune",
        ],
    ),
    "by layer": (
        lambda: figures.by_layer(BY_LAYER, BASE),
        [
            "Test error by number of copied layers; without transfer it is 20%, interval 18% to 22%.",
            "BnB (own half, frozen): 20% at n = 1, 26% at n = 4; AnB (other half, frozen): 20% at n = 1, 30%",
            "AnB+ (other half, trained): 18.9% at n = 1",
        ],
    ),
    "one series": (
        lambda: figures.by_layer({"AnB": BY_LAYER["AnB"]}, (0.2, 0.19, 0.22)),
        ["Test error by number of copied layers; without transfer it is 20%, interval 19% to 22%. AnB"],
    ),
    "levels": (
        lambda: figures.levels(ERRORS, ADVISED),
        [
            "Test error by level of transfer. small, similar, advised feature extractor, lowest mean feature "
            "extractor: feature extractor 20% (10% to 30%, 3 runs); fine-tune everything 30%. large, ",
            "large, different, advised fine-tune everything, lowest mean fine-tune everything: feature",
        ],
    ),
    "over images": (
        lambda: figures.over_images(OVER_IMAGES),
        [
            "Test error by number of training images, means of the runs. fine-tune everything: 42% with 100, "
            "25% with 1,000, 10% with 10,000; from scratch: 80% with 100, 13% with 10,000."
        ],
    ),
    "close counts": (
        lambda: figures.over_images(
            {"one": {n: [0.1] for n in (1_000, 1_010, 1_020, 50_000)}, "two": {9: [0.3]}}
        ),
        ["one: 10% with 1,000, 10% with 1,010, 10% with 1,020, 10% with 50,000; two: 30% with 9."],
    ),
    "one count": (
        lambda: figures.over_images({"one": {250: [0.0]}}),
        ["one: 0% with 250."],
    ),
}
DRAWN = Drawn(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_keeps_the_rules_of_all_figures(name: str) -> None:
    check_rules(DRAWN, name)


def test_frozen_layers_are_hatched_and_bracketed() -> None:
    drawing = DRAWN["transfer"]
    hatched = shapes(drawing, "fill: url(#")
    assert len(hatched) == 2
    places = words(drawing)
    for (left, top, right, bottom), name in zip(hatched, LAYERS[:2], strict=True):
        x0, y0, x1, y1 = places[name]
        assert left < x0 < x1 < right
        assert top < y0 < y1 < bottom
    assert hatched[0][1] < places["frozen"][1] < hatched[-1][3]
    assert "trained" in places
    assert "new" in places
    assert "frozen" not in words(DRAWN["all trained"])
    assert not shapes(DRAWN["all trained"], "fill: url(#")


def test_a_bar_has_a_block_for_every_layer_and_hatches_the_frozen_ones() -> None:
    drawing = DRAWN["levels of freezing"]
    # One more of each is in the legend.
    assert len(shapes(drawing, "fill: url(#")) == 19 + 8 + 1
    assert len(shapes(drawing, f"fill: {plots.BLUE}")) == 19 + 8 + 1
    assert len(shapes(drawing, f"fill: {plots.OCHRE}")) == 11 + 13 + 1
    assert len(shapes(drawing, f"fill: {plots.VERMILLION}")) == 3 + 1


def test_every_quadrant_stands_below_its_similarity_and_beside_its_size() -> None:
    places = words(DRAWN["decision chart"])
    for (size, likeness), (level, detail) in ADVICE.items():
        lines = [place for text, place in places.items() if text in level]
        assert abs(lines[0][0] - places[f"{likeness} images"][0]) < 15
        assert abs(lines[0][1] - places[size][1]) < 25
        first = next(place for text, place in places.items() if detail.startswith(text))
        assert lines[-1][3] < first[3] < lines[-1][3] + 14


def test_errors_by_layer_are_drawn_to_scale() -> None:
    drawing = DRAWN["one series"]
    legend = words(drawing)["test error"][3]
    points = [(x, y) for x, y, _ in marks(drawing, f"fill: {plots.VERMILLION}") if y > legend]
    (x1, y1), (x3, y3), (x5, y5) = points
    assert x3 - x1 == pytest.approx(x5 - x3, abs=0.1)
    assert y1 - y3 == pytest.approx(y3 - y5, abs=0.1)
    assert y1 > y5
    ends = [box for box in shapes(drawing, f"stroke: {plots.VERMILLION}") if box[2] - box[0] < 1]
    per_point = (y1 - y5) / 0.2
    assert [(y1 - top) / per_point + 0.2 for _, top, _, _ in ends] == pytest.approx(
        [0.2, 0.33, 0.4], abs=2e-3
    )
    assert [(y1 - low) / per_point + 0.2 for *_, low in ends] == pytest.approx([0.2, 0.28, 0.38], abs=2e-3)
    # The base of 0.2 goes through the mark of 0.2, across the plot.
    wide = [box for box in shapes(drawing, f"stroke: {plots.GREY}") if box[2] - box[0] > 200]
    assert any(box[1] == pytest.approx(y1, abs=0.1) for box in wide)


def test_layers_that_learn_on_have_hollow_marks_and_dashed_lines() -> None:
    drawing = DRAWN["by layer"]
    for colour, frozen in ((plots.BLUE, 2), (plots.VERMILLION, 3)):
        # One more of each is in the legend.
        assert len(marks(drawing, f"fill: {colour}")) == frozen + 1
        assert (
            len(marks(drawing, f"fill: none; stroke: {colour}"))
            + len(marks(drawing, f"fill-opacity: 0; stroke: {colour}"))
            == 7 + 1
        )
        dashed = [
            path.get("style", "")
            for path in ElementTree.fromstring(drawing.svg).iter("{http://www.w3.org/2000/svg}path")
            if colour in path.get("style", "") and "dasharray" in path.get("style", "")
        ]
        assert len(dashed) == 1 + 1


def test_every_run_is_a_dot_and_the_advised_level_has_a_band_and_a_word() -> None:
    drawing = DRAWN["levels"]
    places = words(drawing)
    bands = shapes(drawing, f"fill: {plots.OCHRE}")
    assert len(bands) == 2
    for level, (_, top, _, bottom) in zip(ADVISED.values(), bands, strict=True):
        assert f"advised: {level}" in places
        assert any(
            top < box[1] < box[3] < bottom
            for label, _, box, style in texts(drawing)
            if label == level and re.search(r"bold|700", style)
        )
    (_, first, _, _) = bands[0]
    upper = [(x, y) for x, y, _ in marks(drawing, f"fill: {plots.BLUE}") if first < y < first + 38]
    # Three runs and their mean, and the one run of the other level and its mean.
    x = [x for x, _ in upper]
    step = x[1] - x[0]
    assert step > 20
    assert x == pytest.approx([x[0] + i * step for i in (0, 1, 1, 2, 2, 2)], abs=0.1)
    assert "20%" in places


def test_equal_factors_of_images_are_equally_far_apart() -> None:
    drawing = DRAWN["over images"]
    places = words(drawing)
    a, b, c = ((places[n][0] + places[n][2]) / 2 for n in ("100", "1,000", "10,000"))
    assert b - a == pytest.approx(c - b, abs=1)
    points = [(x, y) for x, y, _ in marks(drawing, f"fill: {plots.BLUE}") if y > places["test error"][3]]
    # Two runs and their mean, then a run and its mean, twice.
    assert len(points) == 3 + 2 + 2
    assert [x for x, _ in points] == pytest.approx([a] * 3 + [b] * 2 + [c] * 2, abs=1)
    heights = {round(y, 1) for _, y in points}
    (low, *_, high) = sorted(heights, reverse=True)
    per_point = (low - high) / (0.44 - 0.1)
    for error in (0.1, 0.25, 0.4, 0.42, 0.44):
        assert any(y == pytest.approx(low - (error - 0.1) * per_point, abs=0.2) for y in heights)


def test_counts_that_stand_too_close_are_not_all_written() -> None:
    places = words(DRAWN["close counts"])
    assert {"9", "1,000", "50,000"} <= set(places)
    assert "1,010" not in places


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: figures.transfer(0, [], "A", "B", (2, 2)), "transfer: nothing to draw, there are no layers"),
        (
            lambda: figures.transfer(6, LAYERS, "A", "B", (2, 2)),
            "transfer: frozen must be 0 to 5, the number of layers, not 6",
        ),
        (lambda: figures.transfer(1, LAYERS, "A", "B", (2, 0)), r"must be at least 1, got \(2, 0\)"),
        (
            lambda: figures.transfer(1, ["a convolution of a long name"], "A", "B", (2, 2)),
            "no room for 'a convolution of a long name'; write it shorter",
        ),
        (lambda: figures.levels_of_freezing([]), "levels_of_freezing: nothing to draw, there are no rows"),
        (lambda: figures.levels_of_freezing([("A", -1, 3)]), "A: frozen must be 0 to 3, .* not -1"),
        (lambda: figures.levels_of_freezing([("A" * 60, 1, 3)]), "no room for 'A+'; write it shorter"),
        (lambda: figures.decision_chart({}), "expected the four keys .*, got none"),
        (
            lambda: figures.decision_chart({("tiny", "similar"): ("A", "B")}),
            r"expected the four keys \('small', 'similar'\), .*, got \('tiny', 'similar'\)",
        ),
        (
            lambda: figures.decision_chart(ADVICE | {("small", "similar"): ("A" * 40, "B")}),
            "decision_chart: no room for 'A+'; write it shorter",
        ),
        (lambda: figures.by_layer({}, BASE), "by_layer: nothing to draw"),
        (lambda: figures.by_layer({"AnB": {}}, BASE), "by_layer: nothing to draw"),
        (lambda: figures.by_layer({"A": {1: BASE}}, BASE), r"one of BnB, AnB, BnB\+, AnB\+, not 'A'"),
        (lambda: figures.by_layer({"AnB": {0: BASE}}, BASE), "AnB needs numbers of layers from 1, got 0"),
        (
            lambda: figures.by_layer({"AnB": {2: (0.3, 0.1, 0.2)}}, BASE),
            r"AnB, 2 layers: 0\.3 lies outside its interval 0\.1 to 0\.2",
        ),
        (lambda: figures.by_layer(BY_LAYER, (0.1, 0.2, 0.3)), r"base: 0\.1 lies outside its interval"),
        (lambda: figures.levels({}, {}), "levels: nothing to draw, there are no scenarios"),
        (lambda: figures.levels({"A": {}}, {"A": "B"}), "levels: A has no level"),
        (lambda: figures.levels({"A": {"B": []}}, {"A": "B"}), "levels: A: B has no run"),
        (lambda: figures.levels({"A": {"B": [0.1]}}, {}), "levels: no level is advised for A"),
        (
            lambda: figures.levels({"A": {"B": [0.1]}}, {"A": "C"}),
            "levels: A: the advised level 'C' is not one of B",
        ),
        (lambda: figures.levels({"A": {"B" * 30: [0.1]}}, {}), "levels: no room for 'B+'; write it shorter"),
        (
            lambda: figures.levels({"A" * 40: {"B": [0.1]}}, {"A" * 40: "B"}),
            "'A+' leaves no room for its advised level",
        ),
        (lambda: figures.over_images({}), "over_images: nothing to draw"),
        (lambda: figures.over_images({"A": {}}), "over_images: A is empty"),
        (lambda: figures.over_images({"A": {0: [0.1]}}), "A needs numbers of images from 1, got 0"),
        (lambda: figures.over_images({"A": {1000: []}}), "over_images: A has no run with 1,000 images"),
        (lambda: figures.over_images({str(i): {9: [0.1]} for i in range(7)}), "at most 6 can be told apart"),
    ],
)
def test_bad_input_is_refused(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
