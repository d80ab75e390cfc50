import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
import test_plots as house

from cnnlib import plots

SVG = "{http://www.w3.org/2000/svg}"
LAYERS = ["conv1", "conv2", "conv3", "conv4", "conv5"]
LEVELS = [("feature extractor", 19, 19), ("freeze a third to a half", 8, 19), ("fine-tune everything", 0, 13)]

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
    ],
)
def test_bad_input_is_refused(draw: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
