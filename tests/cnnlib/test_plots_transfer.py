import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import test_plots as house

from cnnlib import plots

SVG = "{http://www.w3.org/2000/svg}"
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
# Shares of false and of true positives.
CURVES: dict[str, tuple[list[float], list[float]]] = {
    "fine-tuned": ([0, 0, 0.25, 1], [0, 0.5, 1, 1]),
    "from scratch": ([0, 0.5, 1], [0, 0.75, 1]),
}
OVER_IMAGES = {
    "fine-tune everything": {100: [0.4, 0.44], 10_000: [0.1], 1_000: [0.25]},
    "from scratch": {10_000: [0.12, 0.14, 0.13], 100: [0.8]},
}
GREYS = [np.full((28, 28), 51 * i, np.uint8) for i in range(6)]
ROWS = {
    "Digits": GREYS,
    "Photographs": [house.SCENE, house.SCENE[:128], house.SCENE[:, :200]],
    "Floats": [np.full((8, 8, 1), 0.5)],
}

FIGURES: dict[str, tuple[Callable[[], plots.Drawing], list[str]]] = {
    "transfer": (
        lambda: plots.transfer(2, LAYERS, "ImageNet", "cats and dogs", (1000, 2)),
        [
            "From a network for ImageNet to one for cats and dogs: 5 layers with weights are copied",
            "2 of them frozen (conv1, conv2) and 3 of them trained (conv3, conv4, conv5)",
            "classifier for 1,000 classes is left out, a new one for 2 is trained",
        ],
    ),
    "all trained": (
        lambda: plots.transfer(0, [f"conv{i}, 512" for i in range(19)], "ImageNet", "five ships", (1000, 5)),
        ["copied, 19 of them trained (conv0, 512, 17 more, conv18, 512). The classifier"],
    ),
    "levels of freezing": (
        lambda: plots.levels_of_freezing(LEVELS, "Three levels"),
        [
            "Three levels: frozen layers, before a new classifier that is always trained. feature extractor: "
            "19 of 19 frozen; freeze a third to a half: 8 of 19 frozen; fine-tune everything: 0 of 13 frozen."
        ],
    ),
    "one level": (
        lambda: plots.levels_of_freezing([("of 53 layers", 1, 53)]),
        ["Frozen layers, before", "of 53 layers: 1 of 53 frozen."],
    ),
    "decision chart": (
        lambda: plots.decision_chart(ADVICE),
        [
            "small and similar: feature extractor, freeze 19 of 19 weight layers; small and different: ",
            "large and similar: freeze 60 to 80 %, freeze 12 to 16 of 19; large and different: fine-tune",
        ],
    ),
    "by layer": (
        lambda: plots.by_layer(BY_LAYER, BASE),
        [
            "Test error by number of copied layers; without transfer it is 20%, interval 18% to 22%.",
            "BnB (own half, frozen): 20% at n = 1, 26% at n = 4; AnB (other half, frozen): 20% at n = 1, 30%",
            "AnB+ (other half, trained): 18.9% at n = 1",
        ],
    ),
    "one series": (
        lambda: plots.by_layer({"AnB": BY_LAYER["AnB"]}, (0.2, 0.19, 0.22), "validation error"),
        ["Validation error by number of copied layers; without transfer it is 20%, interval 19% to 22%. AnB"],
    ),
    "levels": (
        lambda: plots.levels(ERRORS, ADVISED),
        [
            "Test error by level of transfer. small, similar, advised feature extractor, lowest mean feature "
            "extractor: feature extractor 20% (10% to 30%, 3 runs); fine-tune everything 30%. large, ",
            "large, different, advised fine-tune everything, lowest mean fine-tune everything: feature",
        ],
    ),
    "roc": (
        lambda: plots.roc(CURVES, {"fine-tuned": (0.25, 1.0), "a reader": (0.5, 0.8)}),
        [
            "True positives against false positives. fine-tuned, area 0.938; from scratch, area 0.625; "
            "fine-tuned: sensitivity 100%, specificity 75%; a reader: sensitivity 80%, specificity 50%."
        ],
    ),
    "no points": (
        lambda: plots.roc({"guessing": ([0, 1], [0, 1])}),
        ["True positives against false positives. guessing, area 0.500."],
    ),
    "over images": (
        lambda: plots.over_images(OVER_IMAGES),
        [
            "Test error by number of training images, means of the runs. fine-tune everything: 42% with 100, "
            "25% with 1,000, 10% with 10,000; from scratch: 80% with 100, 13% with 10,000."
        ],
    ),
    "close counts": (
        lambda: plots.over_images(
            {"one": {n: [0.1] for n in (1_000, 1_010, 1_020, 50_000)}, "two": {9: [0.3]}}
        ),
        ["one: 10% with 1,000, 10% with 1,010, 10% with 1,020, 10% with 50,000; two: 30% with 9."],
    ),
    "one count": (
        lambda: plots.over_images({"one": {250: [0.0]}}, "validation error"),
        ["one: 0% with 250."],
    ),
    "samples": (
        lambda: plots.samples(ROWS, {"Digits": ["zero", "one", "two", "three", "four", "five"]}, columns=4),
        [
            "Pictures of 3 data sets. Digits, 6 pictures of 28x28, grey: zero, one, two, three, four, five; "
            "Photographs, 3 pictures of several sizes, colour; Floats, 1 picture of 8x8, grey."
        ],
    ),
    "long titles": (
        lambda: plots.samples({"Greys": GREYS[:3]}, {"Greys": ["a long title for a picture"] * 3}),
        ["Greys, 3 pictures of 28x28, grey: a long"],
    ),
}
DRAWN = {name: draw() for name, (draw, _) in FIGURES.items()}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize(
    "rule",
    [
        house.test_same_figure_same_bytes_whatever_the_users_style,
        house.test_description_tells_the_data,
        house.test_ink_is_the_pages_own,
        house.test_ids_are_its_own_and_all_refer_to_something,
        house.test_svg_leaves_the_page_alone_and_fits_it,
        house.test_labels_are_large_inside_and_apart,
    ],
)
def test_figure_keeps_the_rules_of_all_figures(
    name: str, rule: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in FIGURES:
        monkeypatch.setitem(house.FIGURES, other, FIGURES[other])
        monkeypatch.setitem(house.DRAWN, other, DRAWN[other])
    rule(name)


def shapes(drawing: plots.Drawing, look: str) -> list[tuple[float, float, float, float]]:
    """Give the boxes (left, top, right, bottom) of the shapes whose style holds `look`."""
    found = []
    for path in ElementTree.fromstring(drawing.svg).iter(f"{SVG}path"):
        if look in path.get("style", ""):
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.get("d", ""))]
            x, y = numbers[::2], numbers[1::2]
            found.append((min(x), min(y), max(x), max(y)))
    return found


def marks(drawing: plots.Drawing, look: str) -> list[tuple[float, float]]:
    """Give the place of every mark whose style holds `look`, from left to right."""
    uses = ElementTree.fromstring(drawing.svg).iter(f"{SVG}use")
    places = [(use.get("x", ""), use.get("y", "")) for use in uses if look in use.get("style", "")]
    return sorted((float(x), float(y)) for x, y in places if x)


def words(drawing: plots.Drawing) -> dict[str, tuple[float, float, float, float]]:
    """Give the box of every label; of labels that come twice, the last."""
    return {label: box for label, _, box, _ in house.texts(drawing)}


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
        field = places[level]
        assert abs(field[0] - places[f"{likeness} images"][0]) < 15
        assert abs(field[1] - places[size][1]) < 25
        first = next(place for text, place in places.items() if detail.startswith(text))
        assert field[3] < first[3] < field[3] + 14


def test_errors_by_layer_are_drawn_to_scale() -> None:
    drawing = DRAWN["one series"]
    legend = words(drawing)["validation error"][3]
    points = [(x, y) for x, y in marks(drawing, f"fill: {plots.VERMILLION}") if y > legend]
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
            for path in ElementTree.fromstring(drawing.svg).iter(f"{SVG}path")
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
            for label, _, box, style in house.texts(drawing)
            if label == level and re.search(r"bold|700", style)
        )
    (_, first, _, _) = bands[0]
    upper = [(x, y) for x, y in marks(drawing, f"fill: {plots.BLUE}") if first < y < first + 38]
    # Three runs and their mean, and the one run of the other level and its mean.
    x = [x for x, _ in upper]
    step = x[1] - x[0]
    assert step > 20
    assert x == pytest.approx([x[0] + i * step for i in (0, 1, 1, 2, 2, 2)], abs=0.1)
    assert "20%" in places


def test_points_of_a_roc_stand_at_their_shares() -> None:
    drawing = DRAWN["roc"]
    ticks = [(box[0] + box[2]) / 2 for label, _, box, _ in house.texts(drawing) if label == "100%"]
    ((left, top, right, bottom),) = [
        box for box in shapes(drawing, "stroke-dasharray") if box[2] - box[0] > 200 and box[3] - box[1] > 200
    ][:1]
    assert right - left == pytest.approx(bottom - top, rel=0.02)
    assert max(ticks) == pytest.approx(right, abs=2)
    (_, (x, y)) = marks(drawing, f"fill: {plots.BLUE}; stroke: currentColor")
    assert (x - left) / (right - left) == pytest.approx(0.25, abs=0.01)
    assert (bottom - y) / (bottom - top) == pytest.approx(1, abs=0.01)


def test_equal_factors_of_images_are_equally_far_apart() -> None:
    drawing = DRAWN["over images"]
    places = words(drawing)
    a, b, c = ((places[n][0] + places[n][2]) / 2 for n in ("100", "1,000", "10,000"))
    assert b - a == pytest.approx(c - b, abs=1)
    points = [(x, y) for x, y in marks(drawing, f"fill: {plots.BLUE}") if y > places["test error"][3]]
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


def test_samples_show_stored_values_in_equal_squares() -> None:
    tiles = house.pixels(DRAWN["samples"])
    assert len(tiles) == 6 + 3 + 1
    assert [int(tile[0, 0, 0]) for tile in tiles[:6]] == [0, 51, 102, 153, 204, 255]
    assert tiles[-1][0, 0].tolist() == [128] * 3
    # Wide ones stay wide, high ones high, and none is larger than it is seen.
    shapes_of = [tile.shape[:2] for tile in tiles[6:9]]
    assert [h / w for h, w in shapes_of] == pytest.approx([1, 0.5, 256 / 200], rel=0.02)
    assert max(map(max, shapes_of)) <= 1.5 * 84
    frames = shapes(DRAWN["samples"], "fill: none; opacity: 0.25")
    sides = [max(box[2] - box[0], box[3] - box[1]) for box in frames]
    assert len(sides) == 10
    assert sides == pytest.approx([sides[0]] * 10, abs=0.1)


def test_titles_of_samples_stand_above_their_pictures() -> None:
    for name in ("samples", "long titles"):
        drawing = DRAWN[name]
        frames = shapes(drawing, "fill: none; opacity: 0.25")
        titled = [
            box for label, _, box, _ in house.texts(drawing) if label in {"zero", "one", "two", "three"}
        ]
        titled += [box for label, _, box, _ in house.texts(drawing) if label.startswith("a long")]
        for (left, _, right, low), frame in zip(titled, frames[: len(titled)], strict=True):
            assert (left + right) / 2 == pytest.approx((frame[0] + frame[2]) / 2, abs=1)
            assert frame[1] - 6 < low < frame[1]
        assert len(titled) in (3, 4)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.transfer(0, [], "A", "B", (2, 2)), "transfer: nothing to draw, there are no layers"),
        (
            lambda: plots.transfer(6, LAYERS, "A", "B", (2, 2)),
            "transfer: frozen must be 0 to 5, the number of layers, not 6",
        ),
        (lambda: plots.transfer(1, LAYERS, "A", "B", (2, 0)), r"must be at least 1, got \(2, 0\)"),
        (
            lambda: plots.transfer(1, ["a convolution of a long name"], "A", "B", (2, 2)),
            "no room for 'a convolution of a long name'; write it shorter",
        ),
        (lambda: plots.levels_of_freezing([]), "levels_of_freezing: nothing to draw, there are no rows"),
        (lambda: plots.levels_of_freezing([("A", -1, 3)]), "A: frozen must be 0 to 3, .* not -1"),
        (lambda: plots.levels_of_freezing([("A" * 60, 1, 3)]), "no room for 'A+'; write it shorter"),
        (lambda: plots.decision_chart({}), "expected the four keys .*, got none"),
        (
            lambda: plots.decision_chart({("tiny", "similar"): ("A", "B")}),
            r"expected the four keys \('small', 'similar'\), .*, got \('tiny', 'similar'\)",
        ),
        (
            lambda: plots.decision_chart(ADVICE | {("small", "similar"): ("A" * 40, "B")}),
            "decision_chart: no room for 'A+'; write it shorter",
        ),
        (lambda: plots.by_layer({}, BASE), "by_layer: nothing to draw"),
        (lambda: plots.by_layer({"AnB": {}}, BASE), "by_layer: nothing to draw"),
        (lambda: plots.by_layer({"A": {1: BASE}}, BASE), r"one of BnB, AnB, BnB\+, AnB\+, not 'A'"),
        (lambda: plots.by_layer({"AnB": {0: BASE}}, BASE), "AnB needs numbers of layers from 1, got 0"),
        (
            lambda: plots.by_layer({"AnB": {2: (0.3, 0.1, 0.2)}}, BASE),
            r"AnB, 2 layers: 0\.3 lies outside its interval 0\.1 to 0\.2",
        ),
        (lambda: plots.by_layer(BY_LAYER, (0.1, 0.2, 0.3)), r"base: 0\.1 lies outside its interval"),
        (lambda: plots.levels({}, {}), "levels: nothing to draw, there are no scenarios"),
        (lambda: plots.levels({"A": {}}, {"A": "B"}), "levels: A has no level"),
        (lambda: plots.levels({"A": {"B": []}}, {"A": "B"}), "levels: A: B has no run"),
        (lambda: plots.levels({"A": {"B": [0.1]}}, {}), "levels: no level is advised for A"),
        (
            lambda: plots.levels({"A": {"B": [0.1]}}, {"A": "C"}),
            "levels: A: the advised level 'C' is not one of B",
        ),
        (lambda: plots.levels({"A": {"B" * 30: [0.1]}}, {}), "levels: no room for 'B+'; write it shorter"),
        (
            lambda: plots.levels({"A" * 40: {"B": [0.1]}}, {"A" * 40: "B"}),
            "'A+' leaves no room for its advised level",
        ),
        (lambda: plots.roc({}), "roc: nothing to draw"),
        (lambda: plots.roc({"A": ([0, 1], [0, 0.5, 1])}), "roc: A needs two sequences of one length"),
        (lambda: plots.roc({"A": ([1, 0], [1, 0])}), "shares of A must rise from 0 to 1, lowest first"),
        (lambda: plots.roc({"A": ([0, 0.6, 0.4, 1], [0, 0.5, 0.6, 1])}), "shares of A must rise"),
        (lambda: plots.roc(CURVES, {"B" * 40: (0.1, 0.7)}), "roc: no room for 'B+: sensitivity 70%"),
        (lambda: plots.roc(CURVES, {"B": (0.1, 70)}), r"roc: B must lie in 0 to 1, got \(0\.1, 70\)"),
        (lambda: plots.over_images({}), "over_images: nothing to draw"),
        (lambda: plots.over_images({"A": {}}), "over_images: A is empty"),
        (lambda: plots.over_images({"A": {0: [0.1]}}), "A needs numbers of images from 1, got 0"),
        (lambda: plots.over_images({"A": {1000: []}}), "over_images: A has no run with 1,000 images"),
        (lambda: plots.over_images({str(i): {9: [0.1]} for i in range(7)}), "at most 6 can be told apart"),
        (lambda: plots.samples({}), "samples: nothing to draw, there are no data sets"),
        (lambda: plots.samples({"A": []}), "samples: A has no picture"),
        (lambda: plots.samples({"A": GREYS}, columns=0), "columns must be at least 1, not 0"),
        (lambda: plots.samples({"A": GREYS}, {"A": ["one"]}), "A has 6 pictures, but 1 titles"),
        (lambda: plots.samples({"A": GREYS}, {"B": []}), "'B' has titles and no pictures; the sets are A"),
        (lambda: plots.samples({"A": [np.zeros((8, 8, 4))]}), r"A: expected \(H, W\), .*, got \(8, 8, 4\)"),
        (lambda: plots.samples({"A": [np.zeros((0, 8))]}), r"got \(0, 8\)"),
        (lambda: plots.samples({"A": [np.full((2, 2), 7.0)]}), r"A: floats must lie in 0\.\.1, .* 7 to 7"),
        (lambda: plots.samples({"A": GREYS[:1]}, {"A": ["A" * 80]}), "a title is longer than a line"),
        (lambda: plots.samples({"A" * 60: GREYS}), "longer than a line"),
    ],
)
def test_bad_input_is_refused(draw: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
