"""Figures of the networks of this book."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from drawings import DEEP, LENET, Drawn, Figures, check_rules, row, texts

from cnnbook import plots as figures
from cnnlib import plots

CONNECTIONS = [{0, 1, 2}, {1, 2, 3}, {0, 2, 3}, {0, 1, 2, 3}]
# Name, maps or units, groups.
ALEXNET = [
    *(("conv1", 96, 1), ("conv2", 256, 2), ("conv3", 384, 1), ("conv4", 384, 2), ("conv5", 256, 2)),
    *(("fc6", 4096, 1), ("fc7", 4096, 1), ("fc8", 1000, 1)),
]
VGGS: dict[str, list[list[int | str]]] = {
    "A": [[3], [3], [3, 3], [3, 3], [3, 3]],
    "A-LRN": [[3, "LRN"], [3], [3, 3], [3, 3], [3, 3]],
    "B": [[3, 3], [3, 3], [3, 3], [3, 3], [3, 3]],
    "C": [[3, 3], [3, 3], [3, 3, 1], [3, 3, 1], [3, 3, 1]],
    "D": [[3, 3], [3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]],
    "E": [[3, 3], [3, 3], [3, 3, 3, 3], [3, 3, 3, 3], [3, 3, 3, 3]],
}
# Kernel and maps, branch by branch.
NAIVE: list[list[tuple[int | str, int | None]]] = [[(1, 64)], [(3, 128)], [(5, 32)], [("max pool", None)]]
REDUCED: list[list[tuple[int | str, int | None]]] = [
    *([(1, 64)], [(1, 96), (3, 128)]),
    *([(1, 16), (5, 32)], [("max pool", None), (1, 32)]),
]
# Shape, convolutions (kernel, maps, stride), shortcut.
RESIDUAL: dict[str, Any] = {
    "basic block": ((56, 56, 64), [(3, 64, 1), (3, 64, 1)], "identity"),
    "bottleneck, regular": ((56, 56, 256), [(1, 64, 1), (3, 64, 1), (1, 256, 1)], "identity"),
    "bottleneck, reduce": ((56, 56, 256), [(1, 128, 2), (3, 128, 1), (1, 512, 1)], "projection"),
}
PLAIN: dict[str, Any] = {
    "plain": ((7, 7, 64), [(3, 64, 1), (3, 64, 1)], None),
    "padded": ((7, 7, 64), [(3, 128, 2), (3, 128, 1)], "padded"),
}


def inception(name: str, side: int, maps: int, one: int, three: tuple[int, int], pooled: int) -> list[Any]:
    """Rows of a module of three branches, in the order in which Keras lists them."""
    square = side**2
    return [
        row(f"{name}_3x3_reduce", "Conv2D", (side, side, three[0]), 9, square * maps * three[0]),
        row(f"{name}_pool", "MaxPooling2D", (side, side, maps)),
        row(f"{name}_1x1", "Conv2D", (side, side, one), 9, square * maps * one),
        row(f"{name}_3x3", "Conv2D", (side, side, three[1]), 9, 9 * square * three[0] * three[1]),
        row(f"{name}_pool_proj", "Conv2D", (side, side, pooled), 9, square * maps * pooled),
        row(name, "Concatenate", (side, side, one + three[1] + pooled)),
    ]


def convolution(name: str, side: int, seen: int, maps: int, kernel: int = 3) -> Any:
    weights = kernel**2 * seen * maps
    return row(name, "Conv2D", (side, side, maps), weights, side**2 * weights)


def with_shortcuts() -> list[Any]:
    """Rows of a network with three blocks, in an order in which Keras may list them."""
    rows = [convolution("conv1_conv", 16, 3, 64, 7), row("conv1_bn", "BatchNormalization", (16, 16, 64), 9)]
    rows += [row("pool1_pool", "MaxPooling2D", (8, 8, 64))]
    for block, side, seen, maps in (
        ("2_block1", 8, 64, 64),
        ("3_block1", 4, 64, 96),
        ("3_block2", 4, 96, 96),
    ):
        rows.append(convolution(f"conv{block}_1_conv", side, seen, maps))
        if seen != maps:
            rows.append(convolution(f"conv{block}_0_conv", side, seen, maps, 1))
        rows.append(convolution(f"conv{block}_2_conv", side, maps, maps))
        rows.append(row(f"conv{block}_add", "Add", (side, side, maps)))
    return [*rows, row("avg_pool", "GlobalAveragePooling2D", (96,)), row("fc", "Dense", (10,), 970, 960)]


RESNET = with_shortcuts()
GOOGLENET = [
    row("conv1", "Conv2D", (112, 112, 64), 9_472, 49 * 3 * 64 * 112**2),
    row("pool1", "MaxPooling2D", (56, 56, 64)),
    row("norm1", "LocalResponseNormalization", (56, 56, 64)),
    *inception("mixed_a", 56, 64, 32, (16, 96), 8),
    *inception("mixed_b", 56, 136, 48, (24, 64), 20),
    row("aux_pool", "AveragePooling2D", (4, 4, 136)),
    row("aux_conv", "Conv2D", (4, 4, 64), 9, 16 * 136 * 64),
    row("avg_pool", "GlobalAveragePooling2D", (132,)),
    row("aux_flatten", "Flatten", (1024,)),
    row("aux_predictions", "Dense", (1000,), 9),
    row("drop", "Dropout", (132,)),
    row("predictions", "Dense", (1000,), 9),
]
MASKS = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)
RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8)
MAPS = np.tanh(RNG.normal(size=(14, 14, 16)))
CODES = RNG.choice([-1, 1], (10, 12, 7))
X = np.linspace(-4, 4, 101)
LONG = "a label that goes on and on and on and would run into its own value at the right"
# Every figure, with what its description must tell.
STACKS = {
    "plain": [([[3]], False)] * 2 + [([["pool"]], False)],
    "module": [
        (
            [
                [1],
                [1, 3],
                ["pool", 1],
            ],
            False,
        )
    ]
    * 2,
    "block": [([[1, 3, 1]], True)] * 2,
}

FIGURES: Figures = {
    "network": (
        lambda: figures.network(LENET, "LeNet-5"),
        ["LeNet-5: 8 layers", "S2, average pooling, 14x14x6"],
    ),
    "deep network": (lambda: figures.network(DEEP, "Deep"), ["20 layers", "predictions, dense, 1,000"]),
    "to scale": (
        lambda: figures.network_to_scale(DEEP, "Deep", (227, 227, 3)),
        [
            "Deep, 21 plates to scale",
            "image, 227x227x3; conv0_1, 224x224x8;",
            "fc7, 4,096; predictions, 1,000.",
        ],
    ),
    "LeNet to scale": (
        lambda: figures.network_to_scale(LENET, "LeNet-5", (32, 32, 1)),
        ["8 plates", "C5, 1x1x120; F6, 84; output, 10."],
    ),
    "parts": (
        lambda: figures.extractor_and_classifier(LENET),
        ["layers: 5 (62.5%)", "50,692 (82.2%) against 11,014 (17.8%)"],
    ),
    "shapes": (
        lambda: figures.shape_through_depth({"LeNet5": LENET, "Deep": DEEP}),
        ["LeNet5, 5 layers, from 28x28x6 to 1x1x120", "Deep, 16 layers"],
    ),
    "dense": (
        lambda: figures.dense_widths({"A": [4096, 4096, 1000], "B": [10]}),
        ["A: 4,096, 4,096, 1,000; B: 10"],
    ),
    "activations": (
        lambda: figures.activations(
            {"tanh": (X, np.tanh(X), 1 - np.tanh(X) ** 2), "ReLU": (X, X * (X > 0), X > 0)}
        ),
        ["tanh runs from -1.00 to 1.00, its derivative peaks with 1.00 at x = 0.0"],
    ),
    "dropout": (
        lambda: figures.dropout(MASKS),
        ["a layer of 5 units between 4 and 3: draw 1 keeps 1, 3; draw 2 keeps none; draw 3 keeps 1, 2, 3,"],
    ),
    "connections": (lambda: figures.connection_table(CONNECTIONS, 4), ["13 in all", "2: 0, 2, 3;"]),
    "towers": (
        lambda: figures.two_towers(ALEXNET),
        [
            "8 layers in 2 towers. conv1, 2 x 48, each sees the image; conv2, 2 x 128, each sees its own 48;",
            "conv3, 2 x 192, each sees all 256",
            "fc8, 1,000, sees all 4,096.",
        ],
    ),
    "configurations": (
        lambda: figures.configurations(VGGS, (64, 128, 256, 512, 512), (4096, 4096, 1000)),
        [
            "6 networks of 5 blocks with 64, 128, 256, 512, 512 channels",
            "A-LRN, 11 layers with weights: 3x3, LRN | 3x3 |",
            "C, 16 layers with weights: 3x3, 3x3 | 3x3, 3x3 | 3x3, 3x3, 1x1 |",
            "E, 19 layers",
        ],
    ),
    "receptive fields": (
        lambda: figures.receptive_fields({"one of 7x7": [7], "three of 3x3": [3, 3, 3], "mixed": [1, 5, 7]}),
        [
            "one of 7x7: from 7x7 pixels to one unit; 49 C\N{SUPERSCRIPT TWO} weights, 1 non-linearity.",
            "three of 3x3: from 7x7 pixels, by way of 5x5, 3x3, to one unit; 27 C",
            "mixed: from 11x11 pixels, by way of 11x11, 7x7, to one unit; 75 C",
        ],
    ),
    "naive module": (
        lambda: figures.inception_module((32, 32, 200), NAIVE, "Naive"),
        [
            "Naive: 4 branches from 32x32x200: 1x1 with 64 channels (13.1 M)",
            "5x5 with 32 channels (163.8 M); max pool with 200 channels.",
            "64 + 128 + 32 + 200 = 424 channels; 412.9 M multiply-adds.",
        ],
    ),
    "module": (
        lambda: figures.inception_module((32, 32, 200), REDUCED, "Reduced"),
        [
            "1x1 with 16 channels (3.3 M), then 5x5 with 32 channels (13.1 M);",
            "64 + 128 + 32 + 32 = 256 channels",
        ],
    ),
    "residual blocks": (
        lambda: figures.residual_blocks(RESIDUAL),
        [
            "basic block: from 56x56x64 through 3x3, 64; batch norm; ReLU; 3x3, 64; batch norm; the input is "
            "added (identity shortcut: as it is), then ReLU gives 56x56x64. bottleneck, regular: from",
            "1x1, 128, /2; batch norm; ReLU; 3x3, 128; batch norm; ReLU; 1x1, 512; batch norm; the input is "
            "added (projection shortcut: 1x1, 512, /2, batch norm), then ReLU gives 28x28x512.",
        ],
    ),
    "plain and padded": (
        lambda: figures.residual_blocks(PLAIN),
        ["3x3, 64; batch norm; ReLU gives 7x7x64", "(padded shortcut: pad to 128, /2), then ReLU gives 4x4x"],
    ),
    "stacks": (
        lambda: figures.stacks(STACKS),
        [
            "plain: 3x3, 2 times, then pool; module: 1x1 beside 1x1 and 3x3 beside pool and 1x1, 2 times; ",
            "block: 1x1 and 3x3 and 1x1 with a shortcut, 2 times.",
        ],
    ),
    "modules": (
        lambda: figures.modules(GOOGLENET, "Modules", {"mixed_a": "aux"}),
        [
            "conv1, 7x7, 112x112x64; pool1, max pool, 56x56x64; norm1, normalisation, 56x56x64; mixed_a, ",
            "mixed_a, 32 + 96 + 8 = 136 channels of 56x56; ",
            "mixed_b, 48 + 64 + 20 = 132 channels of 56x56; avg_pool",
            "predictions, dense, 1,000; aux on mixed_a: average → 4x4x136, 1x1 → 4x4x64, dense → 1,000.",
        ],
    ),
    "no heads": (
        lambda: figures.modules(GOOGLENET[:15], "Trunk", {}),
        ["mixed_b, 48 + 64 + 20 = 132 channels of 56x56."],
    ),
    "kinds of network": (
        lambda: figures.kinds_of_network(
            {"plain": [r for r in RESNET if "add" not in r.name and "_0_" not in r.name], "residual": RESNET}
        ),
        [
            "plain, 8 layers, 12 million multiply-adds, 388,243 parameters: 7x7, 64; max pool;",
            "2 of 3x3, 64; 4 of 3x3, 96; average; dense, 10. residual, 8 layers, ",
            "dense, 10; 3 shortcuts, the shape changes along 1.",
        ],
    ),
    "one kind": (
        lambda: figures.kinds_of_network({"LeNet-5": LENET[5:]}),
        ["LeNet-5, 2 layers, 10,920 multiply-adds, 11,014 parameters: dense, 84; dense, 10."],
    ),
    "answer": (
        lambda: figures.answer(
            DIGITS[0], {"C1": MAPS, "S2": MAPS[::2, ::2, :6]}, {"0": 0.125, "1": 0.875}, "LeNet-5"
        ),
        [
            "LeNet-5: an image, its feature maps in C1 with 16, S2 with 6, blue below 0",
            "classes: 0 0.12, 1 0.88. The answer is 1.",
        ],
    ),
    "clouds": (
        lambda: figures.clouds({"pixels": X[:6].reshape(3, 2), "features": X[:6].reshape(3, 2)}, [0, 7, 7]),
        ["3 images of 2 classes as points in two directions, by pixels, features."],
    ),
    "moved": (
        lambda: figures.moved({"dense": [0.1, 0.25], "LeNet-5": [0.05, 0.125]}),
        ["Test error by pixels moved: dense: 10%, 25%; LeNet-5: 5%, 12.5%."],
    ),
    "reading": (
        lambda: figures.reading(np.hstack([*DIGITS[:3]]), np.eye(10)[[2, 2, 7, 1, 1]], 14),
        ["the scores of 10 classes at 5 places: 22711."],
    ),
    "bitmaps": (
        lambda: figures.bitmaps(CODES, list("0123456789")),
        ["10 bitmaps, 7 wide and 12 high"],
    ),
    "layer counts": (
        lambda: figures.layer_counts(
            {
                "as it is": ((28, 28, 1), [("5x5 convolution", LENET[0]), ("pool", LENET[1])]),
                "one layer": ((14, 14, 6), [("5x5 convolution", LENET[2])]),
            }
        ),
        [
            "as it is: 5x5 convolution makes 28x28x6; pool makes 14x14x6; 156 parameters",
            "and 117,600 multiply-adds on 28x28x1. one layer: ",
        ],
    ),
    "bridge": (
        lambda: figures.parameter_bridge(
            ("then", 60_000), [("more maps", 1_750), ("less else", -44)], ("now", 61_706)
        ),
        ["From 60,000 (then) to 61,706 (now)", "less else -44"],
    ),
}
DRAWN = Drawn(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_keeps_the_rules_of_all_figures(name: str) -> None:
    check_rules(DRAWN, name)


def test_connection_table_fills_one_cell_per_connection() -> None:
    svg = DRAWN["connections"].svg
    assert svg.count(f"fill: {plots.BLUE}") == 13
    assert len(re.findall("fill: none; [^>]*stroke: currentColor", svg)) == 3


def test_a_tower_sees_its_own_maps_or_all_of_them() -> None:
    # Bars: image and fc8 whole, seven layers in two. Ribbons: conv1 and fc8 two each, conv2, conv4 and conv5
    # one for each tower, conv3, fc6 and fc7 four each.
    counts = [DRAWN["towers"].svg.count(f"fill: {c}") for c in (plots.GREY, plots.BLUE, plots.VERMILLION)]
    assert counts == [2 + 2, 7 + 3 + 6 + 1, 7 + 3 + 6 + 1]


def test_bars_hold_one_cell_per_layer_and_fill_the_width() -> None:
    svg = DRAWN["parts"].svg
    cells = re.findall(r'<path d="M ([\d.]+) \S+ L ([\d.]+) [^>]*fill: (#\w+)', svg)
    assert [colour for *_, colour in cells] == ([plots.BLUE] * 5 + [plots.VERMILLION] * 3) * 3
    ends = [float(right) for _, right, _ in cells]
    assert ends[7] == pytest.approx(346, abs=1)
    assert ends[12] == pytest.approx(346 * 50_692 / 61_706, abs=1)


def test_configurations_draw_a_cell_for_every_layer() -> None:
    # Convolutions of the six networks: 8, 8, 10, 13, 13 and 16, three of C's being 1x1.
    colours = (plots.BLUE, plots.PURPLE, plots.GREY, plots.OCHRE, plots.VERMILLION)
    counts = [DRAWN["configurations"].svg.count(f"fill: {colour}") for colour in colours]
    assert counts == [8 + 8 + 10 + 10 + 13 + 16, 3, 1, 6 * 5, 6 * 3]


def test_a_dropped_unit_is_linked_to_nothing() -> None:
    svg = DRAWN["dropout"].svg
    assert len(re.findall("stroke: currentColor; stroke-opacity", svg)) == (2 + 0 + 5) * (4 + 3)
    assert [svg.count(f"fill: {colour}") for colour in (plots.BLUE, plots.GREY)] == [7, 3 * 4]
    assert svg.count(f"stroke: {plots.GREY}") == 8


def test_plates_are_to_scale() -> None:
    sizes = []
    for path, colour in re.findall(r'<path d="([^"]+)"[^>]*fill: (#\w+)', DRAWN["LeNet to scale"].svg):
        points = np.float64(re.findall(r"[-\d.]+", path)).reshape(-1, 2)
        sizes.append((colour, *np.ptp(points, axis=0)))
    del sizes[0]  # the image
    assert [colour for colour, *_ in sizes] == [
        *(plots.BLUE, plots.OCHRE, plots.BLUE, plots.OCHRE, plots.BLUE, plots.VERMILLION, plots.VERMILLION)
    ]
    widths, thicknesses = np.array([size[1:] for size in sizes]).T
    assert widths[:5] / widths[0] == pytest.approx(np.array([28, 14, 10, 5, 1]) / 28, rel=1e-3)
    one_map = thicknesses[4] / 120
    assert thicknesses[:4] == pytest.approx(one_map * np.array([6, 6, 16, 16]), rel=1e-3)
    assert widths[5:] == pytest.approx(one_map * np.array([84, 10]), rel=1e-3)


def test_maps_of_both_modules_are_to_one_scale() -> None:
    def widths(drawing: plots.Drawing) -> np.ndarray:
        path = r'<path d="M ([-\d.]+) [-\d.]+ L ([-\d.]+) [^>]*style="fill: #\w+"'
        return np.diff(np.float64(re.findall(path, drawing.svg))).ravel()

    (image, *naive), (same, *reduced) = widths(DRAWN["naive module"]), widths(DRAWN["module"])
    one = image / 200
    assert same == pytest.approx(image)
    assert naive == pytest.approx(one * np.array([64, 128, 32, 200]), abs=1.5)
    assert reduced == pytest.approx(one * np.array([64, 128, 32, 32]), abs=1.5)


def test_the_sum_comes_after_the_last_normalisation_and_before_the_last_relu() -> None:
    heights: dict[str, list[float]] = {}
    for label, _, box, _ in texts(DRAWN["residual blocks"]):
        heights.setdefault(label, []).append(box[3])
    circles = [
        min(np.float64(re.findall(r"[-\d.]+", path))[1::2])
        for path in re.findall(r'<path d="([^"]+)"[^>]*fill: none', DRAWN["residual blocks"].svg)
        if "C" in path
    ]
    assert len(circles) == 3
    # Each block has a ReLU behind every convolution, and behind the sum where the last one's would be.
    assert len(heights["ReLU"]) == 2 + 3 + 3
    assert sum(y > max(circles) for y in heights["ReLU"]) == 3
    assert len(heights["batch norm"]) == 2 + 3 + 3 + 1
    assert max(heights["batch norm"]) < min(circles)


def test_layers_of_a_branch_stand_one_below_the_other() -> None:
    found = {label: box for label, _, box, _ in texts(DRAWN["modules"])}
    middles = {label: (box[0] + box[2]) / 2 for label, box in found.items()}
    # mixed_a: 1x1 to 32; 1x1 to 16, then 3x3 to 96; pool, then 1x1 to 8.
    assert middles["16"] == pytest.approx(middles["96"], abs=1)
    assert middles["32"] < middles["96"] - 20 < middles["8"] - 40
    assert found["16"][3] < found["96"][1]
    assert found["32"][3] == found["96"][3] == found["8"][3]
    assert found["aux"][0] > middles["8"]
    assert found["aux"][1] > found["mixed_a"][3]
    svg = DRAWN["modules"].svg
    # Two poolings in the trunk, one in the head, one in each module; convolutions of 1x1 are purple.
    counts = [svg.count(f"fill: {c}") for c in (plots.OCHRE, plots.BLUE, plots.PURPLE, plots.VERMILLION)]
    assert counts == [2 + 1 + 2, 1 + 2, 2 * 3 + 1, 2]


def test_shortcuts_lead_around_their_blocks() -> None:
    svg = DRAWN["kinds of network"].svg
    arcs = re.findall(r'<path d="M [-\d.]+ ([-\d.]+) +C [-\d. ]+ ([-\d.]+) "[^>]*style="([^"]+)"', svg)
    assert ["dasharray" in look for *_, look in arcs] == [False, True, False]
    bottoms: dict[str, list[float]] = {}
    for label, _, box, _ in texts(DRAWN["kinds of network"]):
        bottoms.setdefault(label.replace("\N{MULTIPLICATION SIGN}", "x"), []).append(box[3])
    starts, ends = np.float64([arc[:2] for arc in arcs]).T
    # The residual network is the second; a shortcut starts where the cell before its block ends.
    convolutions = sorted(bottoms["3x3, 64"][2:] + bottoms["3x3, 96"][4:])
    before = [bottoms["max pool"][1], convolutions[1], convolutions[3]]
    assert starts == pytest.approx(np.array(before), abs=6)
    assert ends == pytest.approx(np.array(convolutions[1::2]), abs=6)
    assert bottoms["3x3, 64"][:2] == bottoms["3x3, 64"][2:]


def test_a_description_leaves_out_the_middle_of_what_is_long() -> None:
    rows = [row(f"conv{i}", "Conv2D", (8, 8, 4), 9) for i in range(30)] + [row("fc", "Dense", (10,), 9)]
    alt = figures.extractor_and_classifier(rows).alt
    assert alt.startswith("Feature extractor (conv0, 28 more, conv29) and classifier (fc).")


def test_labels_are_not_read_as_mathematics_or_markup() -> None:
    drawing = figures.parameter_bridge(("$a$ < b & c", 1), [("_d_", -2)], ('"e$"', -1))
    assert {"$a$ < b & c", "_d_", '"e$"', "\N{MINUS SIGN}2"} <= {label for label, *_ in texts(drawing)}


def test_network_draws_one_block_per_layer() -> None:
    # Three faces each; average pooling and the rest tell apart by colour.
    svg = DRAWN["network"].svg
    counts = [
        svg.count(f"fill: {colour}") for colour in (plots.BLUE, plots.OCHRE, plots.VERMILLION, plots.GREY)
    ]
    assert counts == [9, 6, 6, 3]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: figures.network([], "none"), "network: nothing to draw, there are no layers"),
        (
            lambda: figures.network([row("x", "Reshape", (4, 4))], "x"),
            r"x gives \(4, 4\), expected \(H, W, C\)",
        ),
        (
            lambda: figures.network_to_scale(LENET[5:6], "flat", (1, 1, 1)),
            "network_to_scale: .* there are no layers",
        ),
        (
            lambda: figures.network_to_scale([row("x", "Dense", (4, 4), 9)], "x", (4, 4, 1)),
            r"x gives \(4, 4\)",
        ),
        (lambda: figures.extractor_and_classifier([]), "there are no layers"),
        (lambda: figures.extractor_and_classifier(LENET[:3]), "followed by layers without"),
        (lambda: figures.extractor_and_classifier(LENET[5:]), "followed by layers without"),
        (lambda: figures.layer_counts({}), "there are no chains"),
        (lambda: figures.layer_counts({"a": ((1, 1, 1), [])}), "a has no layers"),
        (lambda: figures.layer_counts({"a": ((1, 1, 1), [("w" * 40, LENET[0])])}), "no room for 'www"),
        (lambda: figures.shape_through_depth({}), "nothing to draw"),
        (lambda: figures.shape_through_depth({str(i): LENET for i in range(7)}), "at most 6 .* got 7"),
        (lambda: figures.shape_through_depth({"mlp": LENET[5:]}), "mlp has no layer with feature maps"),
        (lambda: figures.dense_widths({}), "nothing to draw"),
        (lambda: figures.dense_widths({"A": []}), "A needs dense layers"),
        (lambda: figures.activations({}), "nothing to draw"),
        (lambda: figures.activations({"tanh": (X, X[1:], X)}), "tanh needs three arrays of one length"),
        (lambda: figures.dropout(np.ones(8)), r"expected \(draws, units\) of true and false, got \(8,\)"),
        (lambda: figures.dropout(np.full((2, 8), 0.5)), r"got \(2, 8\) of float64"),
        (lambda: figures.dropout(np.ones((2, 4096))), "at most 12 units can be drawn, got 4096"),
        (lambda: figures.connection_table([], 6), "the table is empty"),
        (lambda: figures.connection_table([{0}, {6}], 6), r"output map 1 names an input map outside 0\.\.5"),
        (lambda: figures.two_towers([]), "there are no layers"),
        (
            lambda: figures.two_towers([*ALEXNET[:1], ("conv2", 256, 3)]),
            "conv2 has 3 groups, expected 1 or 2",
        ),
        (lambda: figures.two_towers(ALEXNET[1:]), "conv2 sees the image, which is whole, in 2 groups"),
        (lambda: figures.two_towers([("a", 95, 1), *ALEXNET]), "the 95 maps of a do not divide into 2"),
        (lambda: figures.configurations({}, (64,), (10,)), "no networks or no blocks"),
        (lambda: figures.configurations(VGGS, (64, 128), ()), "A has 5 blocks, maps are given for 2"),
        (
            lambda: figures.configurations({str(i): [["normalise"]] for i in range(6)}, (64,), ()),
            "'normalise' is wider than its column; draw fewer than 6",
        ),
        (lambda: figures.receptive_fields({}), "there are no stacks"),
        (lambda: figures.receptive_fields({"a": []}), r"a needs kernels of odd sides, got \[\]"),
        (lambda: figures.receptive_fields({"a": [3, 2]}), r"got \[3, 2\]"),
        (lambda: figures.inception_module((8, 8, 3), [], "x"), "expected 1 to 5 branches, got 0"),
        (lambda: figures.inception_module((8, 8, 3), [[]], "x"), "a branch has no layer"),
        (lambda: figures.inception_module((8, 8, 3), [[(3, None)]], "x"), "of side 3 needs a number of maps"),
        (lambda: figures.residual_blocks({}), "there are no blocks"),
        (lambda: figures.residual_blocks({"a": ((8, 8, 3), [], None)}), "a has no convolutions"),
        (
            lambda: figures.residual_blocks({"a": ((8, 8, 3), [(3, 3, 1)], "none")}),
            "a: shortcut must be one of .*, not 'none'",
        ),
        (
            lambda: figures.residual_blocks({"a": ((8, 8, 3), [(3, 6, 2)], "identity")}),
            "a turns 8.8.3 into 4.4.6, to which its input cannot be added",
        ),
        (
            lambda: figures.residual_blocks(
                {str(i): ((8, 8, 3), [(3, 3, 1)], "projection") for i in range(4)}
            ),
            "4 blocks do not fit side by side",
        ),
        (lambda: figures.stacks({}), "stacks: nothing to draw, there are no columns"),
        (lambda: figures.stacks({"a": []}), "stacks: a has no blocks"),
        (lambda: figures.stacks({"a": [([[]], False)]}), "stacks: a block of a has no layer"),
        (
            lambda: figures.stacks({"a": [([["convolution"] * 2] * 8, False)]}),
            "stacks: no room for 'convolution'; write it shorter",
        ),
        (lambda: figures.modules([], "x", {}), "modules: nothing to draw, there are no layers"),
        (lambda: figures.modules(GOOGLENET, "x", {"mixed_c": "aux"}), "aux on mixed_c is not in the network"),
        (lambda: figures.modules(GOOGLENET, "x", {"mixed_a": "aux3"}), "aux3 on mixed_a is not in"),
        (
            lambda: figures.modules(
                [row("a_1x1", "Conv2D", (8, 8, 4), 9), row("a", "Concatenate", (8, 8, 6))], "x", {}
            ),
            "the branches of a make 4 maps, it has 6",
        ),
        (
            lambda: figures.modules([row("a", "Conv2D", (8, 8, 4), 9, 8 * 8 * 4 * 3 * 8)], "x", {}),
            "a makes 6,144 multiply-adds for 3 maps, which no square kernel does",
        ),
        (lambda: figures.kinds_of_network({}), "expected 1 to 4 networks, got 0"),
        (lambda: figures.kinds_of_network(dict.fromkeys("abcde", RESNET)), "1 to 4 networks, got 5"),
        (lambda: figures.kinds_of_network({"a": []}), "kinds_of_network: a: nothing to draw"),
        (
            lambda: figures.kinds_of_network({"a": [RESNET[0], row("sum", "Add", (16, 16, 64))]}),
            "no layer before a sum is called sum",
        ),
        (lambda: figures.answer(DIGITS[0], {}, {}, "LeNet-5"), "there are no scores"),
        (lambda: figures.answer(DIGITS[0], {}, {"0": -0.1, "1": 1.1}, "LeNet-5"), "scores of 0 and more"),
        (lambda: figures.clouds({}, [1]), "there are no points"),
        (lambda: figures.clouds({"a": np.ones((11, 2))}, range(11)), "at most ten classes, got 11"),
        (lambda: figures.clouds({"a": np.ones((3, 2))}, [1, 2]), "clouds: a needs a place"),
        (lambda: figures.moved({}), "moved: "),
        (lambda: figures.moved({"a": []}), "moved: a has no error"),
        (lambda: figures.reading(DIGITS, np.eye(10), 4), "reading: expected an image"),
        (lambda: figures.reading(DIGITS[0], np.eye(10)[0], 4), "reading: expected .places, classes"),
        (lambda: figures.bitmaps(np.ones((12, 7)), ["0"]), r"expected \(N, H, W\), got \(12, 7\)"),
        (lambda: figures.bitmaps(np.zeros((1, 12, 7)), ["0"]), r"\+1 and -1 only"),
        (lambda: figures.parameter_bridge(("a", 1), [], ("b", 1)), "there are no steps"),
        (lambda: figures.parameter_bridge(("a", 1), [("s", 2)], ("b", 4)), "1 and the steps make 3, not 4"),
        (lambda: figures.parameter_bridge((LONG, 1), [("s", 2)], ("b", 3)), "longer than a line: 'a label"),
    ],
)
def test_bad_input_is_refused(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
