import base64
import io
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.textpath import TextPath
from PIL import Image

from cnnlib import plots


def row(name: str, kind: str, shape: tuple[int, ...], params: int = 0, macs: int = 0) -> SimpleNamespace:
    """Stand in for `audit.Row`, which would bring Keras along."""
    return SimpleNamespace(name=name, kind=kind, output_shape=shape, params=params, macs=macs)


LENET = [
    row("C1", "Conv2D", (28, 28, 6), 156, 117_600),
    row("S2", "AveragePooling2D", (14, 14, 6)),
    row("C3", "Conv2D", (10, 10, 16), 2_416, 240_000),
    row("S4", "AveragePooling2D", (5, 5, 16)),
    row("C5", "Conv2D", (1, 1, 120), 48_120, 48_000),
    row("flatten", "Flatten", (120,)),
    row("F6", "Dense", (84,), 10_164, 10_080),
    row("output", "Dense", (10,), 850, 840),
]
DEEP = [
    row(f"conv{i}_1", "Conv2D", (224 // 2 ** (i // 3),) * 2 + (8 * 2 ** (i // 2),), 9) for i in range(16)
] + [
    row("global_pool", "GlobalAveragePooling2D", (1024,)),
    row("fc6", "Dense", (4096,), 9),
    row("fc7", "Dense", (4096,), 9),
    row("predictions", "Dense", (1000,), 9),
]
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


def convolution(name: str, side: int, seen: int, maps: int, kernel: int = 3) -> SimpleNamespace:
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
CODES = RNG.choice([-1, 1], (10, 12, 7))
X = np.linspace(-4, 4, 101)
CURVES = [[0.12, 0.03, 0.011], [0.14, 0.04, 0.009]]
HISTORIES = [{"train_loss": [1.0, 0.5, 0.2], "validation_error": curve} for curve in CURVES]
MATRIX = np.array([[97, 3, 0], [1, 99, 0], [0, 8, 92]])
LONG = "a label that goes on and on and on and would run into its own value at the right"

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
FIGURES: dict[str, tuple[Callable[[], plots.Drawing], list[str]]] = {
    "images": (lambda: plots.images(DIGITS, [str(i) for i in range(40)]), ["40 images of 28x28", "38, 39"]),
    "photos": (lambda: plots.images(PHOTOS, alt="Six gradients"), ["Six gradients."]),
    "augmented": (
        lambda: plots.augmented(SCENE, np.stack([SCENE[i : i + 224, i : i + 224] for i in range(8)])),
        ["An image of 256x256 pixels and 8 made from it by augmentation, 224x224 each."],
    ),
    "crops": (
        lambda: plots.augmented(
            SCENE[::8, ::8], np.tile(SCENE[:192:8, :192:8], (5, 1, 1, 1)), list("abcde"), 3
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
    "network": (
        lambda: plots.network(LENET, "LeNet-5"),
        ["LeNet-5: 8 layers", "S2, average pooling, 14x14x6"],
    ),
    "deep network": (lambda: plots.network(DEEP, "Deep"), ["20 layers", "predictions, dense, 1,000"]),
    "to scale": (
        lambda: plots.network_to_scale(DEEP, "Deep", (227, 227, 3)),
        [
            "Deep, 21 plates to scale",
            "image, 227x227x3; conv0_1, 224x224x8;",
            "fc7, 4,096; predictions, 1,000.",
        ],
    ),
    "LeNet to scale": (
        lambda: plots.network_to_scale(LENET, "LeNet-5"),
        ["7 plates", "C5, 1x1x120; F6, 84; output, 10."],
    ),
    "parts": (
        lambda: plots.extractor_and_classifier(LENET),
        ["layers: 5 (62.5%)", "50,692 (82.2%) against 11,014 (17.8%)"],
    ),
    "shapes": (
        lambda: plots.shape_through_depth({"LeNet5": LENET, "Deep": DEEP}),
        ["LeNet5, 5 layers, from 28x28x6 to 1x1x120", "Deep, 16 layers"],
    ),
    "dense": (
        lambda: plots.dense_widths({"A": [4096, 4096, 1000], "B": [10]}),
        ["A: 4,096, 4,096, 1,000; B: 10"],
    ),
    "activations": (
        lambda: plots.activations(
            {"tanh": (X, np.tanh(X), 1 - np.tanh(X) ** 2), "ReLU": (X, X * (X > 0), X > 0)}
        ),
        ["tanh runs from -1.00 to 1.00, its derivative peaks with 1.00 at x = 0.0"],
    ),
    "vanishing": (
        lambda: plots.vanishing({"sigmoid": [0.1**i for i in range(12, 1, -1)], "ReLU": [0.02, 0.03]}),
        ["sigmoid, from 1e-12 in layer 1 to 0.01 in layer 11; ReLU, from 0.02 in layer 1 to 0.03 in layer 2"],
    ),
    "vanishing little": (
        lambda: plots.vanishing({"ReLU": [0.02, 0.031, 0.04]}, "mean gradient"),
        ["Mean gradient by layer"],
    ),
    "responses": (
        lambda: plots.responses({"plain": [0.5, 2.0, 1.0], "residual": [0.4] * 40}),
        [
            "Standard deviation of the responses by layer, counted from the image: plain, 3 layers, mean",
            " 1.2, from 0.5 in the first to 1 in the last; residual, 40 layers, mean 0.4, from 0.4",
        ],
    ),
    "ranked responses": (
        lambda: plots.responses({"plain": [0.5, 2.0, 1.0], "residual": [0.4]}, ranked=True),
        ["by layer, the largest first: plain, 3 layers, mean 1.2, from 2 in the first to 0.5 in the last"],
    ),
    "progress": (
        lambda: plots.progress(
            {"LeNet-5": ([3e8, 6e8, 9e8], [0.9, 0.8, 0.7]), "ResNet-18": ([2e11, 2.5e12], [0.6, 0.2])},
            "multiply-adds",
            mark=("chance", 0.9),
        ),
        [
            "Validation error by multiply-adds: LeNet-5, from 90% at 300 M to 70% at 900 M; ResNet-18, from ",
            "60% at 200 G to 20% at 2.5 T; chance, 90%.",
        ],
    ),
    "progress in time": (
        lambda: plots.progress({"a": ([20, 1_500], [0.5, 0.4])}, "seconds", "train_loss"),
        ["Train loss by seconds: a, from 0.5 at 20 to 0.4 at 1,500."],
    ),
    "over the years": (
        lambda: plots.over_the_years(YEARS),
        [
            "Top-5 error by year. AlexNet (2012, single net, 60 M parameters): 18.2%; VGG (2014",
            "ResNet, 6 nets (2015, ensemble, 240 M parameters): 3.57%.",
        ],
    ),
    "against": (
        lambda: plots.against(COSTS, what="top-5 error"),
        [
            "Top-5 error against multiply-adds. AlexNet: 18%, interval 17% to 19% at 720 M; VGG-16: 7.5% at",
            "GoogLeNet: 7.89% at 1.58 G; ResNet-34: 5.66% at 3.4 G;",
        ],
    ),
    "alike costs": (
        lambda: plots.against([("a", 100, 0.5, None, None), ("b", 120, 0.6, None, None)], "seconds"),
        ["Error rate against seconds. a: 50% at 100; b: 60% at 120."],
    ),
    "sweep": (
        lambda: plots.sweep(SWEEP, "divisor"),
        ["Test error by divisor. 1: 18%, interval 17% to 20%; 2: 19%; 4: 20%, interval 19% to 21%; 16: 25%"],
    ),
    "several curves": (
        lambda: plots.curves({"ReLU": [0.5, 0.2], "tanh": [0.6, 0.5, 0.4]}, mark=("paper", 0.25)),
        ["Train error by epoch: ReLU, from 50% to 20% in 2 epochs; tanh, from 60% to 40% in 3 epochs; paper"],
    ),
    "dropout": (
        lambda: plots.dropout(MASKS),
        ["a layer of 5 units between 4 and 3: draw 1 keeps 1, 3; draw 2 keeps none; draw 3 keeps 1, 2, 3,"],
    ),
    "connections": (lambda: plots.connection_table(CONNECTIONS, 4), ["13 in all", "2: 0, 2, 3;"]),
    "towers": (
        lambda: plots.two_towers(ALEXNET),
        [
            "8 layers in 2 towers. conv1, 2 x 48, each sees the image; conv2, 2 x 128, each sees its own 48;",
            "conv3, 2 x 192, each sees all 256",
            "fc8, 1,000, sees all 4,096.",
        ],
    ),
    "one tower": (
        lambda: plots.two_towers([("a convolution", 96, 1), ("conv2", 255, 1)], "photograph", towers=1),
        ["2 layers in 1 tower. a convolution, 96, sees the photograph; conv2, 255, sees all 96."],
    ),
    "configurations": (
        lambda: plots.configurations(VGGS, (64, 128, 256, 512, 512), (4096, 4096, 1000)),
        [
            "6 networks of 5 blocks with 64, 128, 256, 512, 512 maps",
            "A-LRN, 11 layers with weights: 3x3, LRN | 3x3 |",
            "C, 16 layers with weights: 3x3, 3x3 | 3x3, 3x3 | 3x3, 3x3, 1x1 |",
            "E, 19 layers",
        ],
    ),
    "receptive fields": (
        lambda: plots.receptive_fields({"one of 7x7": [7], "three of 3x3": [3, 3, 3], "mixed": [1, 5, 7]}),
        [
            "one of 7x7: from 7x7 pixels to one unit; 49 C\N{SUPERSCRIPT TWO} weights, 1 non-linearity.",
            "three of 3x3: from 7x7 pixels, by way of 5x5, 3x3, to one unit; 27 C",
            "mixed: from 11x11 pixels, by way of 11x11, 7x7, to one unit; 75 C",
        ],
    ),
    "naive module": (
        lambda: plots.inception_module((32, 32, 200), NAIVE, "Naive"),
        [
            "Naive: 4 branches from 32x32x200: 1x1 with 64 maps (13.1 M)",
            "5x5 with 32 maps (163.8 M); max pool with 200 maps.",
            "64 + 128 + 32 + 200 = 424 maps; 412.9 M multiply-adds.",
        ],
    ),
    "module": (
        lambda: plots.inception_module((32, 32, 200), REDUCED, "Reduced"),
        ["1x1 with 16 maps (3.3 M), then 5x5 with 32 maps (13.1 M);", "64 + 128 + 32 + 32 = 256 maps"],
    ),
    "residual blocks": (
        lambda: plots.residual_blocks(RESIDUAL),
        [
            "basic block: from 56x56x64 through 3x3, 64; batch norm; ReLU; 3x3, 64; batch norm; the input is "
            "added (identity shortcut: as it is), then ReLU gives 56x56x64. bottleneck, regular: from",
            "1x1, 128, /2; batch norm; ReLU; 3x3, 128; batch norm; ReLU; 1x1, 512; batch norm; the input is "
            "added (projection shortcut: 1x1, 512, /2, batch norm), then ReLU gives 28x28x512.",
        ],
    ),
    "plain and padded": (
        lambda: plots.residual_blocks(PLAIN),
        ["3x3, 64; batch norm; ReLU gives 7x7x64", "(padded shortcut: pad to 128, /2), then ReLU gives 4x4x"],
    ),
    "stacks": (
        lambda: plots.stacks(STACKS),
        [
            "plain: 3x3, 2 times, then pool; module: 1x1 beside 1x1 and 3x3 beside pool and 1x1, 2 times; ",
            "block: 1x1 and 3x3 and 1x1 with a shortcut, 2 times.",
        ],
    ),
    "modules": (
        lambda: plots.modules(GOOGLENET, "Modules", {"mixed_a": "aux"}),
        [
            "conv1, 7x7, 112x112x64; pool1, max pool, 56x56x64; norm1, normalisation, 56x56x64; mixed_a, ",
            "mixed_a, 32 + 96 + 8 = 136 maps of 56x56; mixed_b, 48 + 64 + 20 = 132 maps of 56x56; avg_pool",
            "predictions, dense, 1,000; aux on mixed_a: average → 4x4x136, 1x1 → 4x4x64, dense → 1,000.",
        ],
    ),
    "no heads": (
        lambda: plots.modules(GOOGLENET[:15], "Trunk"),
        ["mixed_b, 48 + 64 + 20 = 132 maps of 56x56."],
    ),
    "kinds of network": (
        lambda: plots.kinds_of_network(
            {"plain": [r for r in RESNET if "add" not in r.name and "_0_" not in r.name], "residual": RESNET}
        ),
        [
            "plain, 8 layers, 12 million multiply-adds, 388,243 parameters: 7x7, 64; max pool;",
            "2 of 3x3, 64; 4 of 3x3, 96; average; dense, 10. residual, 8 layers, ",
            "dense, 10; 3 shortcuts, the shape changes along 1.",
        ],
    ),
    "one kind": (
        lambda: plots.kinds_of_network({"LeNet-5": LENET[5:]}),
        ["LeNet-5, 2 layers, 10,920 multiply-adds, 11,014 parameters: dense, 84; dense, 10."],
    ),
    "answer": (
        lambda: plots.answer(
            DIGITS[0], {"C1": MAPS, "S2": MAPS[::2, ::2, :6]}, {"0": 0.125, "1": 0.875}, "LeNet-5"
        ),
        [
            "LeNet-5: an image, its feature maps in C1 with 16, S2 with 6, blue below 0",
            "classes: 0 0.12, 1 0.88. The answer is 1.",
        ],
    ),
    "bitmaps": (
        lambda: plots.bitmaps(CODES, list("0123456789")),
        ["10 bitmaps, 7 wide and 12 high"],
    ),
    "schedule": (
        lambda: plots.schedule({"paper": [5e-4] * 2 + [1e-5] * 8, "ours": [1e-3] * 10}),
        ["paper: 0.0005 for 2, 0.00001 for 8 epochs"],
    ),
    "layer counts": (
        lambda: plots.layer_counts(
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
        lambda: plots.parameter_bridge(
            ("then", 60_000), [("more maps", 1_750), ("less else", -44)], ("now", 61_706)
        ),
        ["From 60,000 (then) to 61,706 (now)", "less else -44"],
    ),
    "curves": (
        lambda: plots.learning_curves(HISTORIES[0], HISTORIES, "validation_error", ("paper", 0.0095)),
        ["mean of 2 recorded runs, from 13% to 1% in 3 epochs", "this run, from 12% to 1.1%", "paper, 0.95%"],
    ),
    "loss": (
        lambda: plots.learning_curves(None, HISTORIES[:1], "train_loss"),
        ["recorded run, from 1 to 0.2"],
    ),
    "errors": (
        lambda: plots.errors([("1998", 0.0095, 0.0085, 0.0105, "paper"), ("now", 0.12, None, None, "quick")]),
        ["1998 (paper): 0.95%, interval 0.85% to 1.05%; now (quick): 12%"],
    ),
    "comparison": (
        lambda: plots.comparison(
            {"with normalisation": [0.11, 0.114, 0.109], "without": [0.131]},
            {"with normalisation": (0.105, 0.117)},
            {"without": 0.13},
            "test error on CIFAR-10",
        ),
        [
            "Test error on CIFAR-10 by configuration. with normalisation: mean 11.1% of 3 runs, from 10.9%",
            "interval 10.5% to 11.7%; without: mean 13.1% of 1 run, the paper's 13%.",
        ],
    ),
    "class summary": (
        lambda: plots.class_summary([3.0, 12.5, 15.0], 15, {"output-size": 0.8, "lenet5": 0.0, "open": None}),
        ["3 submissions of at most 15 points. Share of the points: output-size 80%, lenet5 0%, open to be"],
    ),
    "alike": (lambda: plots.comparison({"A": [0.1, 0.1]}), ["A: mean 10% of 2 runs, from 10% to 10%."]),
    "confusion": (
        lambda: plots.confusion(MATRIX, ["cat", "dog", "automobile"]),
        ["288 of 300 right", "automobile taken for dog (8), cat taken for dog (3), dog taken for cat (1)"],
    ),
    "ten classes": (
        lambda: plots.confusion(np.diag(range(1, 11)), [f"category {i}" for i in range(10)]),
        ["55 of 55 right; most frequent mistakes: none"],
    ),
}
DRAWN = {name: draw() for name, (draw, _) in FIGURES.items()}
every_figure = pytest.mark.parametrize("name", FIGURES)


def texts(drawing: plots.Drawing) -> list[Any]:
    """Give each upright label, its font size, its box (left, top, right, bottom) and its style."""
    found = []
    for element in ElementTree.fromstring(drawing.svg).iter("{http://www.w3.org/2000/svg}text"):
        style, label = element.get("style", ""), element.text or ""
        size = float(re.search(r"([\d.]+)px", style)[1])
        if "rotate(-90" in element.get("transform", ""):
            continue
        x, y = float(element.get("x", "nan")), float(element.get("y", "nan"))
        bold = "bold" if re.search(r"\b(bold|700)\b", style) else "normal"
        wide = TextPath((0, 0), label, size=size, prop={"weight": bold}).get_extents().width
        anchor = re.search(r"text-anchor: (\w+)", style)
        left = x - {"middle": 0.5, "end": 1.0}.get(anchor[1] if anchor else "start", 0.0) * wide
        found.append((label, size, (left, y - 0.73 * size, left + wide, y), style))
    return found


def pixels(drawing: plots.Drawing) -> list[np.ndarray]:
    """Decode the images inside a drawing, as (H, W, 3)."""
    codes = re.findall(r"base64,([^\"]+)", drawing.svg)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB")) for code in codes]


@every_figure
def test_same_figure_same_bytes_whatever_the_users_style(name: str) -> None:
    with matplotlib.style.context(
        ["dark_background", {"font.size": 30, "axes.xmargin": 0.3, "image.origin": "lower"}]
    ):
        before = dict(matplotlib.rcParams)
        again = FIGURES[name][0]()
        assert dict(matplotlib.rcParams) == before
    assert again == DRAWN[name]


@every_figure
def test_description_tells_the_data(name: str) -> None:
    drawing = DRAWN[name]
    for words in FIGURES[name][1]:
        assert words in drawing.alt.replace("\N{MULTIPLICATION SIGN}", "x").replace("\N{MINUS SIGN}", "-")
    assert drawing.alt.endswith(".")
    svg = ElementTree.fromstring(drawing.svg)
    assert (svg.get("role"), svg.get("aria-label")) == ("img", drawing.alt)
    assert repr(drawing) == f"<Drawing: {drawing.alt}>"


@every_figure
def test_ink_is_the_pages_own(name: str) -> None:
    svg = re.sub(r"base64,[^\"]+", "", DRAWN[name].svg)
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", svg)) <= set(plots.PALETTE)
    assert not re.search(r"(fill|stroke|color): ?(black|white|rgb)", svg)
    for label, _, _, style in texts(DRAWN[name]):
        assert re.search(rf"fill: (currentColor|{'|'.join(plots.PALETTE)})", style), label


@every_figure
def test_ids_are_its_own_and_all_refer_to_something(name: str) -> None:
    def ids(svg: str) -> list[str]:
        return re.findall(r' id="([^"]+)"', svg)

    own = ids(DRAWN[name].svg)
    assert len(own) == len(set(own))
    assert set(own) == set(re.findall(r'(?:url\(#|href="#)([^)"]+)', DRAWN[name].svg))
    for other, drawing in DRAWN.items():
        assert other == name or not set(own) & set(ids(drawing.svg))


@every_figure
def test_svg_leaves_the_page_alone_and_fits_it(name: str) -> None:
    drawing = DRAWN[name]
    assert len(drawing.svg.encode()) < 150_000
    assert not re.search(r"<style|<metadata|<script|xlink|http(?!://www\.w3\.org/2000/svg)", drawing.svg)
    svg = ElementTree.fromstring(drawing.svg)
    width = float(svg.get("viewBox", "").split()[2])
    assert width <= 346
    assert f"width:100%;max-width:{width * 1.6:.0f}px;height:auto" in svg.get("style", "")
    assert drawing._repr_html_() == f'<figure class="cnn" style="margin:1em 0">{drawing.svg}</figure>'


@every_figure
def test_labels_are_large_inside_and_apart(name: str) -> None:
    *_, width, height = map(float, ElementTree.fromstring(DRAWN[name].svg).get("viewBox", "").split())
    labels = texts(DRAWN[name])
    for i, (label, size, (left, top, right, bottom), _) in enumerate(labels):
        assert size >= 9
        assert left > -1.5, label
        assert right < width + 1.5, label
        assert top > -1, label
        assert bottom < height, label
        for other, _, box, _ in labels[:i]:
            apart = right <= box[0] or box[2] <= left or bottom <= box[1] or box[3] <= top
            assert apart, (label, other)


def test_palette_stands_out_in_both_themes() -> None:
    def luminance(colour: str) -> float:
        linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for colour in plots.PALETTE:
        assert 1.05 / (luminance(colour) + 0.05) > 3, colour
        assert (luminance(colour) + 0.05) / (luminance("#121212") + 0.05) > 3, colour


def test_no_figure_is_left_open() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    plots.network(LENET, "LeNet-5")
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
    _, sample = pixels(plots.augmented(original, np.float64([[[[1.2, -0.1, 0.5]]]])))
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


def test_connection_table_fills_one_cell_per_connection() -> None:
    svg = DRAWN["connections"].svg
    assert svg.count(f"fill: {plots.BLUE}") == 13
    assert len(re.findall("fill: none; [^>]*stroke: currentColor", svg)) == 3


def test_a_tower_sees_its_own_maps_or_all_of_them() -> None:
    # Bars: image and fc8 whole, seven layers in two. Ribbons: conv1 and fc8 two each, conv2, conv4 and conv5
    # one for each tower, conv3, fc6 and fc7 four each.
    counts = [DRAWN["towers"].svg.count(f"fill: {c}") for c in (plots.GREY, plots.BLUE, plots.VERMILLION)]
    assert counts == [2 + 2, 7 + 3 + 6 + 1, 7 + 3 + 6 + 1]
    assert DRAWN["one tower"].svg.count(f"fill: {plots.GREY}") == 3 + 2


def test_bars_hold_one_cell_per_layer_and_fill_the_width() -> None:
    svg = DRAWN["parts"].svg
    cells = re.findall(r'<path d="M ([\d.]+) \S+ L ([\d.]+) [^>]*fill: (#\w+)', svg)
    assert [colour for *_, colour in cells] == ([plots.BLUE] * 5 + [plots.VERMILLION] * 3) * 3
    ends = [float(right) for _, right, _ in cells]
    assert ends[7] == pytest.approx(346, abs=1)
    assert ends[12] == pytest.approx(346 * 50_692 / 61_706, abs=1)


def test_network_draws_one_block_per_layer() -> None:
    # Three faces each; average pooling and the rest tell apart by colour.
    svg = DRAWN["network"].svg
    counts = [
        svg.count(f"fill: {colour}") for colour in (plots.BLUE, plots.OCHRE, plots.VERMILLION, plots.GREY)
    ]
    assert counts == [9, 6, 6, 3]


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


def test_schedule_is_exact_about_where_a_phase_ends() -> None:
    alt = plots.schedule({"a": [1e-2, 1e-2, 1e-3]}).alt
    assert alt == "Learning rate by epoch. a: 0.01 for 2, 0.001 for 1 epochs."


def test_a_description_leaves_out_the_middle_of_what_is_long() -> None:
    alt = plots.schedule({"a": [10.0**-i for i in range(10)]}).alt
    assert alt == "Learning rate by epoch. a: 1 for 1, 8 more, 0.000000001 for 1 epochs."
    rows = [row(f"conv{i}", "Conv2D", (8, 8, 4), 9) for i in range(30)] + [row("fc", "Dense", (10,), 9)]
    alt = plots.extractor_and_classifier(rows).alt
    assert alt.startswith("Feature extractor (conv0, 28 more, conv29) and classifier (fc).")


def test_runs_of_different_length_are_averaged_while_all_run() -> None:
    short = {"train_error": [0.4]}
    assert (
        "from 30% to 30% in 1 epochs" in plots.learning_curves(None, [short, {"train_error": [0.2, 0.1]}]).alt
    )


def test_labels_are_not_read_as_mathematics_or_markup() -> None:
    drawing = plots.parameter_bridge(("$a$ < b & c", 1), [("_d_", -2)], ('"e$"', -1))
    assert {"$a$ < b & c", "_d_", '"e$"', "\N{MINUS SIGN}2"} <= {label for label, *_ in texts(drawing)}


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


def test_equal_factors_of_cost_are_equally_far_apart() -> None:
    def line(name: str, colour: str) -> np.ndarray:
        path = re.search(rf'<path d="([^"]+)"[^>]*style="fill: none[^"]*stroke: {colour}', DRAWN[name].svg)
        assert path
        return np.float64(re.findall(r"[-\d.]+", path[1])).reshape(-1, 2)

    first, second, third = line("progress", plots.BLUE)[:, 0]
    start, end = line("progress", plots.VERMILLION)[:, 0]
    one = (second - first) / np.log(2)
    assert third - second == pytest.approx(one * np.log(1.5), rel=1e-3)
    assert end - start == pytest.approx(one * np.log(12.5), rel=1e-3)
    assert {"multiply-adds (M: million, G: billion, T: trillion)", "100 G"} <= {
        t[0] for t in texts(DRAWN["progress"])
    }
    # Responses are drawn from 0: half as large is half as high above the axis.
    ticks = {label: box[3] for label, _, box, _ in texts(DRAWN["responses"])}
    low, high, last = line("responses", plots.BLUE)[:, 1]
    assert (low - last) / (last - high) == pytest.approx(0.5, rel=1e-3)
    assert ticks["0"] > ticks["2"]
    # Unless they differ too much for that.
    assert {"1", "10"} <= {label for label, *_ in texts(plots.responses({"a": [0.5, 50.0]}))}


def marks(name: str, colour: str) -> list[tuple[float, float, float]]:
    """Give the place of every mark of a colour in a figure, and its width, from left to right."""
    root = ElementTree.fromstring(DRAWN[name].svg)
    paths = {node.get("id"): node.get("d", "") for node in root.iter()}
    found = []
    for use in root.iter("{http://www.w3.org/2000/svg}use"):
        if colour in use.get("style", ""):
            points = np.float64(re.findall(r"[-\d.]+", paths[use.get("href", "#")[1:]])).reshape(-1, 2)
            place = (float(use.get("x", "nan")), float(use.get("y", "nan")))
            found.append((*place, float(np.ptp(points[:, 0]))))
    return sorted(found)


def test_area_of_a_mark_is_the_number_of_parameters() -> None:
    # Farthest to the left stand the legend's marks.
    _, *discs = (width for *_, width in marks("over the years", plots.BLUE))
    assert np.square(discs) / discs[0] ** 2 == pytest.approx(np.array([60, 138, 7, 60]) / 60, rel=0.01)
    _, rhombus = (width for *_, width in marks("over the years", plots.VERMILLION))
    assert (rhombus**2 / 2) / (np.pi * discs[0] ** 2 / 4) == pytest.approx(240 / 60, rel=0.01)


@pytest.mark.parametrize("name", ["against", "over the years"])
def test_no_label_covers_a_mark(name: str) -> None:
    boxes = [(label, box) for label, _, box, _ in texts(DRAWN[name]) if "%" in label]
    for x, y, width in marks(name, plots.BLUE) + marks(name, plots.VERMILLION):
        for label, (left, top, right, bottom) in boxes:
            beside = x + width / 4 < left or x - width / 4 > right
            assert beside or y + width / 4 < top or y - width / 4 > bottom, label


def test_doublings_of_a_setting_are_equally_far_apart() -> None:
    ticks = {label: (box[0] + box[2]) / 2 for label, _, box, _ in texts(DRAWN["sweep"])}
    one, two, four, sixteen = (ticks[label] for label in ("1", "2", "4", "16"))
    assert two - one == pytest.approx(four - two, abs=1)
    assert sixteen - four == pytest.approx(2 * (two - one), abs=1)


def test_save_writes_the_svg(tmp_path: Any) -> None:
    DRAWN["network"].save(tmp_path / "network.svg")
    assert (tmp_path / "network.svg").read_text(encoding="utf-8") == DRAWN["network"].svg + "\n"


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.images(np.zeros((28, 28))), r"expected \(N, H, W\), .*, got \(28, 28\)"),
        (lambda: plots.images(np.zeros((1, 8, 8, 4))), r"got \(1, 8, 8, 4\)"),
        (lambda: plots.images(np.zeros((0, 8, 8))), "the array is empty"),
        (lambda: plots.images(np.full((1, 8, 8, 3), 2.0)), r"RGB floats must lie in 0\.\.1"),
        (lambda: plots.images(DIGITS[:2], ["one"]), "1 titles for 2 images"),
        (lambda: plots.images(DIGITS[:2], columns=0), "columns must be at least 1, not 0"),
        (
            lambda: plots.feature_maps(np.zeros((1, 8, 8, 3)), "C1"),
            r"expected \(H, W, C\), got \(1, 8, 8, 3\)",
        ),
        (lambda: plots.feature_maps(np.zeros((8, 8, 0)), "C1"), "the array is empty"),
        (lambda: plots.feature_maps(np.full((2, 2, 1), np.nan), "C1"), "not finite"),
        (lambda: plots.augmented(SCENE, SCENE), r"samples of \(N, H, W, 3\), got \(256, 256, 3\)"),
        (
            lambda: plots.augmented(SCENE[..., 0], SCENE[None]),
            r"original of \(H, W, 3\) .* got \(1, 256, 256\)",
        ),
        (
            lambda: plots.augmented(SCENE, SCENE[None] * 1.0),
            "0..1 or near, these reach from [0-9]+ to [0-9]+",
        ),
        (lambda: plots.augmented(SCENE, SCENE[None][:0]), "the array is empty"),
        (lambda: plots.augmented(SCENE, SCENE[None], ["a", "b"]), "2 titles for 1 images"),
        (lambda: plots.filters(np.zeros((5, 5, 64, 64)), "conv2"), r"1 or 3, N\), .*, got \(5, 5, 64, 64\)"),
        (lambda: plots.filters(np.zeros((5, 5, 3, 0)), "conv1"), "the array is empty"),
        (lambda: plots.filters(np.full((1, 1, 3, 1), np.inf), "conv1"), "not finite"),
        (lambda: plots.network([], "none"), "network: nothing to draw, there are no layers"),
        (
            lambda: plots.network([row("x", "Reshape", (4, 4))], "x"),
            r"x gives \(4, 4\), expected \(H, W, C\)",
        ),
        (lambda: plots.network_to_scale(LENET[5:6], "flat"), "network_to_scale: .* there are no layers"),
        (lambda: plots.network_to_scale([row("x", "Dense", (4, 4), 9)], "x"), r"x gives \(4, 4\)"),
        (lambda: plots.extractor_and_classifier([]), "there are no layers"),
        (lambda: plots.extractor_and_classifier(LENET[:3]), "followed by layers without"),
        (lambda: plots.extractor_and_classifier(LENET[5:]), "followed by layers without"),
        (lambda: plots.layer_counts({}), "there are no chains"),
        (lambda: plots.layer_counts({"a": ((1, 1, 1), [])}), "a has no layers"),
        (lambda: plots.layer_counts({"a": ((1, 1, 1), [("w" * 40, LENET[0])])}), "no room for 'www"),
        (lambda: plots.shape_through_depth({}), "nothing to draw"),
        (lambda: plots.shape_through_depth({str(i): LENET for i in range(7)}), "at most 6 .* got 7"),
        (lambda: plots.shape_through_depth({"mlp": LENET[5:]}), "mlp has no layer with feature maps"),
        (lambda: plots.dense_widths({}), "there is no network"),
        (lambda: plots.dense_widths({"A": []}), "A needs dense layers"),
        (lambda: plots.activations({}), "nothing to draw"),
        (lambda: plots.activations({"tanh": (X, X[1:], X)}), "tanh needs three arrays of one length"),
        (lambda: plots.vanishing({}), "nothing to draw"),
        (lambda: plots.curves({}), "nothing to draw"),
        (lambda: plots.curves({"tanh": []}), "tanh has no epoch"),
        (lambda: plots.vanishing({"ReLU": [0.1, 0.0]}), "ReLU needs finite values above 0"),
        (lambda: plots.vanishing({"ReLU": []}), "ReLU needs finite values above 0"),
        (lambda: plots.responses({}), "nothing to draw"),
        (lambda: plots.responses({"a": []}), "a needs finite values, none below 0"),
        (lambda: plots.responses({"a": [1.0, -1.0]}), "a needs finite values, none below 0"),
        (lambda: plots.progress({}, "s"), "nothing to draw"),
        (lambda: plots.progress({"a": ([1, 2], [0.1])}, "s"), "a has 1 values at 2 costs"),
        (lambda: plots.progress({"a": ([], [])}, "s"), "a has 0 values at 0 costs"),
        (lambda: plots.progress({"a": ([1, 1], [0.1, 0.1])}, "s"), "a needs costs that rise from above 0"),
        (lambda: plots.progress({"a": ([0, 1], [0.1, 0.1])}, "s"), "a needs costs that rise from above 0"),
        (lambda: plots.over_the_years([]), "there are no rows"),
        (
            lambda: plots.over_the_years([("a", 2012, 0.1, 9, "guess")]),
            "a: kind must be one of single net, ensemble, not 'guess'",
        ),
        (lambda: plots.over_the_years([("a", 2012, 0.1, 0, "ensemble")]), "a needs an error and parameters"),
        (lambda: plots.against([]), "there are no rows"),
        (lambda: plots.against([("a", 0, 0.1, None, None)]), "a costs 0, which a logarithm"),
        (lambda: plots.against([("a", 1, 0.1, 0.2, 0.3)]), "a: 0.1 lies outside its interval 0.2 to 0.3"),
        (lambda: plots.against([("a", 1, 0.1, 0.2, None)]), "a: an interval needs both ends, got 0.2 and"),
        (lambda: plots.sweep([], "x"), "there are no rows"),
        (lambda: plots.sweep([SWEEP[0], SWEEP[0]], "x"), r"settings above 0, each once, got \[4, 4\]"),
        (lambda: plots.sweep([(0, 0.1, None, None)], "x"), r"settings above 0, each once, got \[0\]"),
        (lambda: plots.sweep([(1, 0.1, 0.2, 0.3)], "x"), "1: 0.1 lies outside its interval"),
        (lambda: plots.dropout(np.ones(8)), r"expected \(draws, units\) of true and false, got \(8,\)"),
        (lambda: plots.dropout(np.full((2, 8), 0.5)), r"got \(2, 8\) of float64"),
        (lambda: plots.dropout(np.ones((2, 4096))), "1 to 12 units, got 4, 4096, 3"),
        (lambda: plots.connection_table([], 6), "the table is empty"),
        (lambda: plots.connection_table([{0}, {6}], 6), r"output map 1 names an input map outside 0\.\.5"),
        (lambda: plots.two_towers([]), "there are no layers"),
        (
            lambda: plots.two_towers(ALEXNET, towers=3),
            "conv2 has 2 groups, expected 1 or 3",
        ),
        (lambda: plots.two_towers(ALEXNET[1:]), "conv2 sees the image, which is whole, in 2 groups"),
        (lambda: plots.two_towers([("a", 95, 1), *ALEXNET]), "the 95 maps of a do not divide into 2"),
        (lambda: plots.two_towers(ALEXNET, towers=0), "towers must be 1 to 6, not 0"),
        (lambda: plots.configurations({}, (64,), (10,)), "no networks or no blocks"),
        (lambda: plots.configurations(VGGS, (64, 128), ()), "A has 5 blocks, maps are given for 2"),
        (
            lambda: plots.configurations({str(i): [["normalise"]] for i in range(6)}, (64,), ()),
            "'normalise' is wider than its column; draw fewer than 6",
        ),
        (lambda: plots.receptive_fields({}), "there are no stacks"),
        (lambda: plots.receptive_fields({"a": []}), r"a needs kernels of odd sides, got \[\]"),
        (lambda: plots.receptive_fields({"a": [3, 2]}), r"got \[3, 2\]"),
        (lambda: plots.inception_module((8, 8, 3), [], "x"), "expected 1 to 5 branches, got 0"),
        (lambda: plots.inception_module((8, 8, 3), [[]], "x"), "a branch has no layer"),
        (lambda: plots.inception_module((8, 8, 3), [[(3, None)]], "x"), "of side 3 needs a number of maps"),
        (lambda: plots.residual_blocks({}), "there are no blocks"),
        (lambda: plots.residual_blocks({"a": ((8, 8, 3), [], None)}), "a has no convolutions"),
        (
            lambda: plots.residual_blocks({"a": ((8, 8, 3), [(3, 3, 1)], "none")}),
            "a: shortcut must be one of .*, not 'none'",
        ),
        (
            lambda: plots.residual_blocks({"a": ((8, 8, 3), [(3, 6, 2)], "identity")}),
            "a turns 8.8.3 into 4.4.6, to which its input cannot be added",
        ),
        (
            lambda: plots.residual_blocks({str(i): ((8, 8, 3), [(3, 3, 1)], "projection") for i in range(4)}),
            "4 blocks do not fit side by side",
        ),
        (lambda: plots.stacks({}), "stacks: nothing to draw, there are no columns"),
        (lambda: plots.stacks({"a": []}), "stacks: a has no blocks"),
        (lambda: plots.stacks({"a": [([[]], False)]}), "stacks: a block of a has no layer"),
        (
            lambda: plots.stacks({"a": [([["convolution"] * 2] * 8, False)]}),
            "stacks: no room for 'convolution'; write it shorter",
        ),
        (lambda: plots.modules([], "x"), "modules: nothing to draw, there are no layers"),
        (lambda: plots.modules(GOOGLENET, "x", {"mixed_c": "aux"}), "aux on mixed_c is not in the network"),
        (lambda: plots.modules(GOOGLENET, "x", {"mixed_a": "aux3"}), "aux3 on mixed_a is not in"),
        (
            lambda: plots.modules(
                [row("a_1x1", "Conv2D", (8, 8, 4), 9), row("a", "Concatenate", (8, 8, 6))], "x"
            ),
            "the branches of a make 4 maps, it has 6",
        ),
        (
            lambda: plots.modules([row("a", "Conv2D", (8, 8, 4), 9, 8 * 8 * 4 * 3 * 8)], "x"),
            "a makes 6,144 multiply-adds for 3 maps, which no square kernel does",
        ),
        (lambda: plots.kinds_of_network({}), "expected 1 to 4 networks, got 0"),
        (lambda: plots.kinds_of_network(dict.fromkeys("abcde", RESNET)), "1 to 4 networks, got 5"),
        (lambda: plots.kinds_of_network({"a": []}), "kinds_of_network: a: nothing to draw"),
        (
            lambda: plots.kinds_of_network({"a": [RESNET[0], row("sum", "Add", (16, 16, 64))]}),
            "no layer before a sum is called sum",
        ),
        (lambda: plots.answer(DIGITS[0], {}, {}, "LeNet-5"), "there are no scores"),
        (lambda: plots.answer(DIGITS[0], {}, {"0": -0.1, "1": 1.1}, "LeNet-5"), "scores of 0 and more"),
        (lambda: plots.bitmaps(np.ones((12, 7)), ["0"]), r"expected \(N, H, W\), got \(12, 7\)"),
        (lambda: plots.bitmaps(np.zeros((1, 12, 7)), ["0"]), r"\+1 and -1 only"),
        (lambda: plots.schedule({"a": []}), "a needs rates above 0"),
        (lambda: plots.schedule({"a": [0.1, 0.0]}), "a needs rates above 0"),
        (lambda: plots.parameter_bridge(("a", 1), [], ("b", 1)), "there are no steps"),
        (lambda: plots.parameter_bridge(("a", 1), [("s", 2)], ("b", 4)), "1 and the steps make 3, not 4"),
        (lambda: plots.parameter_bridge((LONG, 1), [("s", 2)], ("b", 3)), "longer than a line: 'a label"),
        (lambda: plots.learning_curves(None, []), "neither a live nor a recorded run"),
        (
            lambda: plots.learning_curves(None, HISTORIES, "train_error"),
            "lacks 'train_error', it has train_loss",
        ),
        (lambda: plots.errors([]), "there are no rows"),
        (
            lambda: plots.errors([("a", 0.1, None, None, "guess")]),
            "must be one of paper, recorded, quick, not 'guess'",
        ),
        (lambda: plots.errors([("a", 0.1, 0.2, 0.3, "paper")]), "0.1 lies outside its interval 0.2 to 0.3"),
        (lambda: plots.comparison({}), "there are no configurations"),
        (lambda: plots.comparison({"A": []}), "A has no run"),
        (lambda: plots.comparison({"A": [0.1]}, paper={"B": 0.2}), "'B' is no configuration; they are A"),
        (
            lambda: plots.comparison({"A": [0.1, 0.3]}, {"A": (0.3, 0.4)}),
            r"the mean 0\.2 lies outside its interval 0\.3 to 0\.4",
        ),
        (
            lambda: plots.confusion(MATRIX[:2], ["a", "b", "c"]),
            r"matrix of \(3, 3\) for 3 class names, got \(2, 3\)",
        ),
        (lambda: plots.confusion(np.zeros((0, 0)), []), "there are no classes"),
        (lambda: plots.class_summary([1.0], 15, {}), "there are no questions"),
        (lambda: plots.class_summary([0.0], 0, {"a": 1.0}), "the most points must be above 0, not 0"),
    ],
)
def test_bad_input_is_refused(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
