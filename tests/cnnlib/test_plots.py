"""Figures of one's own networks, trainings and pictures."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from drawings import Drawn, Figures, check_rules, ids, marks, pixels, shapes, texts
from matplotlib.colors import to_rgb

from cnnbook import plots as figures
from cnnlib import plots

RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8)
PHOTOS = np.linspace(0, 1, 224)[None, :, None, None] * RNG.random((6, 1, 224, 3))
# As hard to compress as a photograph: waves of every length, and some noise.
SCENE = np.uint8(
    np.clip(
        128
        + sum(
            40 / k * np.sin(np.add.outer(np.arange(256) * k / 9, np.arange(256) / 4))[..., None]
            for k in (1, 3, 7)
        )
        + np.random.default_rng(2).normal(0, 4, (256, 256, 3)),
        0,
        255,
    )
)
MAPS = np.tanh(RNG.normal(size=(14, 14, 16)))
KERNELS = np.random.default_rng(1).normal(0, np.linspace(0.02, 0.03, 96), (11, 11, 3, 96))
X = np.linspace(-4, 4, 101)
MATRIX = np.array([[97, 3, 0], [1, 99, 0], [0, 8, 92]])
# Shares of false and of true positives.
CURVES: dict[str, tuple[list[float], list[float]]] = {
    "fine-tuned": ([0, 0, 0.25, 1], [0, 0.5, 1, 1]),
    "from scratch": ([0, 0.5, 1], [0, 0.75, 1]),
}
GREYS = [np.full((28, 28), 51 * i, np.uint8) for i in range(6)]
ROWS = {
    "Digits": GREYS,
    "Photographs": [SCENE, SCENE[:128], SCENE[:, :200]],
    "Floats": [np.full((8, 8, 1), 0.5)],
}

FIGURES: Figures = {
    "images": (lambda: plots.images(DIGITS, [str(i) for i in range(40)]), ["40 images of 28x28", "38, 39"]),
    "photos": (lambda: plots.images(PHOTOS, alt="Six gradients"), ["Six gradients."]),
    "augmented": (
        lambda: plots.images(
            np.stack([SCENE[i : i + 224, i : i + 224] for i in range(8)]), columns=4, original=SCENE
        ),
        ["An image of 256x256 pixels and 8 made from it by augmentation, 224x224 each."],
    ),
    "crops": (
        lambda: plots.images(
            np.tile(SCENE[:192:8, :192:8], (5, 1, 1, 1)), list("abcde"), 3, original=SCENE[::8, ::8]
        ),
        ["32x32 pixels and 5", "24x24 each: a, b, c, d, e"],
    ),
    "long titles": (
        lambda: plots.images(DIGITS[:9], [f"number {i} taken for {i + 1}" for i in range(9)]),
        ["number 8 taken for 9"],
    ),
    "one image": (lambda: plots.images(DIGITS[:1, ..., np.newaxis]), ["1 image of 28x28"]),
    "feature maps": (
        lambda: plots.feature_maps(MAPS, "C3"),
        ["16 feature maps of C3, 14x14", f"{MAPS.min():.2f}"],
    ),
    "filters": (
        lambda: plots.filters(KERNELS, "conv1"),
        ["96 filters of conv1, 11x11x3 each", "mid-grey is 0", "between 0.055 and 0.11"],
    ),
    "several curves": (
        lambda: plots.curves({"ReLU": [0.5, 0.2], "tanh": [0.6, 0.5, 0.4]}, mark=("paper", 0.25)),
        ["Train error by epoch: ReLU, from 50% to 20% in 2 epochs; tanh, from 60% to 40% in 3 epochs; paper"],
    ),
    "confusion": (
        lambda: plots.confusion(MATRIX, ["cat", "dog", "automobile"]),
        ["288 of 300 right", "automobile taken for dog (8), cat taken for dog (3), dog taken for cat (1)"],
    ),
    "ten classes": (
        lambda: plots.confusion(np.diag(range(1, 11)), [f"category {i}" for i in range(10)]),
        ["55 of 55 right; most frequent mistakes: none"],
    ),
    "roc": (
        lambda: figures.roc(CURVES, {"fine-tuned": (0.25, 1.0), "a reader": (0.5, 0.8)}),
        [
            "True positives against false positives. fine-tuned, area 0.938; from scratch, area 0.625; "
            "fine-tuned: sensitivity 100%, specificity 75%; a reader: sensitivity 80%, specificity 50%."
        ],
    ),
    "no points": (
        lambda: figures.roc({"guessing": ([0, 1], [0, 1])}),
        ["True positives against false positives. guessing, area 0.500."],
    ),
    "samples": (
        lambda: plots.samples(ROWS),
        [
            "Pictures in 3 rows. Digits, 6 pictures of 28x28, grey; "
            "Photographs, 3 pictures of several sizes, colour; Floats, 1 picture of 8x8, grey."
        ],
    ),
}
DRAWN = Drawn(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_keeps_the_rules_of_all_figures(name: str) -> None:
    check_rules(DRAWN, name)


def test_palette_stands_out_in_both_themes() -> None:
    def luminance(colour: str) -> float:
        linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for colour in plots.PALETTE:
        assert 1.05 / (luminance(colour) + 0.05) > 3, colour
        assert (luminance(colour) + 0.05) / (luminance("#121212") + 0.05) > 3, colour


def test_no_figure_is_left_open() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    plots.images(DIGITS)
    assert pyplot.get_fignums() == []


def test_images_are_ink_on_paper() -> None:
    (tile,) = pixels(plots.images(np.uint8([[[0, 255], [0, 0]]])))
    assert tile.min() < 50
    assert (tile == np.round(np.multiply(to_rgb(plots.PAPER), 255))).all(axis=2).sum() == 3


def test_feature_maps_share_one_scale_around_zero() -> None:
    maps = np.full((2, 2, 4), [0.0, 4.0, -2.0, 1.0])
    zero, positive, negative, _, scale = pixels(plots.feature_maps(maps, "C1"))
    assert (zero[0, 0] == np.round(np.multiply(to_rgb(plots.PAPER), 255))).all()
    assert positive[0, 0, 0] > positive[0, 0, 2]
    assert negative[0, 0, 0] < negative[0, 0, 2]
    assert tuple(scale[0, -1]) == tuple(positive[0, 0])


def test_original_and_samples_have_pixels_of_one_size() -> None:
    for name, sides in {"augmented": [256] + [224] * 8, "crops": [32] + [24] * 5}.items():
        svg = ElementTree.fromstring(DRAWN[name].svg)
        images = list(svg.iter("{http://www.w3.org/2000/svg}image"))
        widths = np.array([float(image.get("width", "nan")) for image in images])
        assert len(images) == len(sides)
        assert widths / widths[0] == pytest.approx(np.array(sides) / sides[0], abs=0.01)


def test_photographs_keep_their_colours_though_compressed() -> None:
    (tile,) = pixels(plots.images(SCENE[np.newaxis, :100, :100]))
    assert tile.shape == (100, 100, 3)
    assert np.abs(tile - SCENE[:100, :100].astype(float)).mean() < 5


def test_augmentation_may_leave_the_range_a_little() -> None:
    original = np.full((2, 2, 3), 0.5)
    _, sample = pixels(plots.images(np.float64([[[[1.2, -0.1, 0.5]]]]), original=original))
    assert sample[0, 0].tolist() == [255, 0, 127]


def test_each_filter_is_on_its_own_scale_around_zero() -> None:
    one = np.zeros((2, 2, 3))
    one[0, 0], one[1, 1, 2] = (0.1, 0.1, 0.1), -0.05
    kernels = np.stack([one, -20 * one, 0 * one], axis=-1)
    first, second, dead = pixels(plots.filters(kernels, "conv1"))
    assert first[[0, 0, 1], [0, 1, 1]].tolist() == [[255, 255, 255], [127, 127, 127], [127, 127, 63]]
    assert second[[0, 1], [0, 1]].tolist() == [[0, 0, 0], [127, 127, 191]]
    assert (dead == 127).all()
    positive, negative = pixels(plots.filters(np.float64([[[[3.0, -0.1]]]]), "C1"))
    assert (positive[0, 0, 0] > positive[0, 0, 2], negative[0, 0, 0] > negative[0, 0, 2]) == (True, False)


def test_large_images_are_averaged_down() -> None:
    (tile,) = pixels(plots.images(np.tile(np.uint8([[0, 255]]), (1, 400, 200))))
    assert max(tile.shape) <= 130
    assert tile.std(axis=(0, 1)).max() < 1


def test_an_image_may_be_larger() -> None:
    (small,), (large,) = (
        pixels(plots.images(np.zeros((1, 400, 400), np.uint8), **size)) for size in ({}, {"side": 300})
    )
    assert len(large) > 2 * len(small)


def test_ids_of_no_two_figures_are_the_same() -> None:
    every = [name for figure in FIGURES for name in set(ids(DRAWN[figure]))]
    assert len(every) == len(set(every))


def test_curves_count_what_they_are_told() -> None:
    drawn = plots.curves({"fog": [0.4, 0.2]}, "score", by="strength")
    assert drawn.alt == "Score by strength: fog, from 0.4 to 0.2 in 2 strengths."
    assert "strength" in drawn.svg
    assert "epoch" not in drawn.svg


def test_save_writes_the_svg(tmp_path: Any) -> None:
    DRAWN["images"].save(tmp_path / "images.svg")
    assert (tmp_path / "images.svg").read_text(encoding="utf-8") == DRAWN["images"].svg + "\n"


def test_points_of_a_roc_stand_at_their_shares() -> None:
    drawing = DRAWN["roc"]
    ticks = [(box[0] + box[2]) / 2 for label, _, box, _ in texts(drawing) if label == "100%"]
    ((left, top, right, bottom),) = [
        box for box in shapes(drawing, "stroke-dasharray") if box[2] - box[0] > 200 and box[3] - box[1] > 200
    ][:1]
    assert right - left == pytest.approx(bottom - top, rel=0.02)
    assert max(ticks) == pytest.approx(right, abs=2)
    (_, (x, y, _)) = marks(drawing, f"fill: {plots.BLUE}; stroke: currentColor")
    assert (x - left) / (right - left) == pytest.approx(0.25, abs=0.01)
    assert (bottom - y) / (bottom - top) == pytest.approx(1, abs=0.01)


def test_samples_show_stored_values_in_equal_squares() -> None:
    tiles = pixels(DRAWN["samples"])
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


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.images(np.zeros((28, 28))), r"expected \(N, H, W\), .*, got \(28, 28\)"),
        (lambda: plots.images(np.zeros((1, 8, 8, 4))), r"got \(1, 8, 8, 4\)"),
        (lambda: plots.images(np.zeros((0, 8, 8))), "the array is empty"),
        (lambda: plots.images(np.full((1, 8, 8, 3), 2.0)), r"images: floats must lie in 0\.\.1"),
        (lambda: plots.images(DIGITS[:2], ["one"]), "1 titles for 2 images"),
        (lambda: plots.images(DIGITS[:2], columns=0), "columns must be at least 1, not 0"),
        (
            lambda: plots.feature_maps(np.zeros((1, 8, 8, 3)), "C1"),
            r"expected \(H, W, C\), got \(1, 8, 8, 3\)",
        ),
        (lambda: plots.feature_maps(np.zeros((8, 8, 0)), "C1"), "the array is empty"),
        (lambda: plots.feature_maps(np.full((2, 2, 1), np.nan), "C1"), "not finite"),
        (lambda: plots.images(SCENE, original=SCENE), r"images of \(N, H, W, 3\), got .* \(256, 256, 3, 1\)"),
        (
            lambda: plots.images(SCENE[None], original=SCENE[..., 0]),
            r"original of \(H, W, 3\) .* got \(256, 256\)",
        ),
        (
            lambda: plots.images(SCENE[None] * 1.0, original=SCENE),
            r"must lie in 0\.\.1, these reach from [0-9]+ to [0-9]+",
        ),
        (lambda: plots.images(SCENE[None], original=SCENE[:0]), "the array is empty"),
        (lambda: plots.images(SCENE[None], ["a", "b"], original=SCENE), "2 titles for 1 images"),
        (lambda: plots.filters(np.zeros((5, 5, 64, 64)), "conv2"), r"1 or 3, N\), .*, got \(5, 5, 64, 64\)"),
        (lambda: plots.filters(np.zeros((5, 5, 3, 0)), "conv1"), "the array is empty"),
        (lambda: plots.filters(np.full((1, 1, 3, 1), np.inf), "conv1"), "not finite"),
        (lambda: plots.curves({}), "nothing to draw"),
        (lambda: plots.curves({"tanh": []}), "tanh has no epoch"),
        (
            lambda: plots.confusion(MATRIX[:2], ["a", "b", "c"]),
            r"matrix of \(3, 3\) for 3 class names, got \(2, 3\)",
        ),
        (lambda: plots.confusion(np.zeros((0, 0)), []), "there are no classes"),
        (lambda: figures.roc({}), "roc: nothing to draw"),
        (lambda: figures.roc({"A": ([0, 1], [0, 0.5, 1])}), "roc: A needs two sequences of one length"),
        (lambda: figures.roc({"A": ([1, 0], [1, 0])}), "shares of A must rise from 0 to 1, lowest first"),
        (lambda: figures.roc({"A": ([0, 0.6, 0.4, 1], [0, 0.5, 0.6, 1])}), "shares of A must rise"),
        (lambda: figures.roc(CURVES, {"B" * 40: (0.1, 0.7)}), "roc: no room for 'B+: sensitivity 70%"),
        (lambda: figures.roc(CURVES, {"B": (0.1, 70)}), r"roc: B must lie in 0 to 1, got \(0\.1, 70\)"),
        (lambda: plots.samples({}), "samples: nothing to draw, there are no rows"),
        (lambda: plots.samples({"A": []}), "samples: A has no picture"),
        (lambda: plots.samples({"A": [np.zeros((8, 8, 4))]}), r"A: expected \(H, W\), .*, got \(8, 8, 4\)"),
        (lambda: plots.samples({"A": [np.zeros((0, 8))]}), r"got \(0, 8\)"),
        (lambda: plots.samples({"A": [np.full((2, 2), 7.0)]}), r"A: floats must lie in 0\.\.1, .* 7 to 7"),
        (lambda: plots.samples({"A" * 60: GREYS}), "longer than a line"),
    ],
)
def test_bad_input_is_refused(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
