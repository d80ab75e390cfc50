"""Checks of the exercises on how performance evolved."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from cnnbook import papers
from cnncourse.check import Wrong, agrees, draw, function, one_of, question, value
from cnnlib import audit, evaluation


def _scored(random: np.random.Generator, images: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of images and their labels; the scores know something of the labels."""
    labels = random.integers(classes, size=images)
    scores = random.normal(size=(images, classes)) + 1.2 * np.eye(classes)[labels]
    return scores.astype("float32"), labels


def _hits(scores: np.ndarray, labels: np.ndarray, places: slice) -> float:
    """Share of images whose label has one of these places among the scores, the highest first."""
    best = np.argsort(-scores, axis=1)[:, places]
    return float((best == labels[:, None]).any(axis=1).mean())


@question
def top_k_error(given: Callable, classes: int = 7, guesses: Sequence[int] = (2, 1, 4), seed: int = 0) -> str:
    """`given(scores, labels, k)` is the share of images whose label is not among the k best guesses."""
    random = np.random.default_rng(seed)
    cases = [(*_scored(random, 50, classes), k) for k in guesses]
    right = evaluation.top_k_error
    wrong: dict[str, Callable] = {
        "That is the share that is right.": lambda s, y, k: 1 - right(s, y, k),
        "All k guesses count, not the first alone.": lambda s, y, k: right(s, y, 1),
        "The label may be any of the k guesses, not the last of them alone.": lambda s, y, k: (
            1 - _hits(s, y, slice(k - 1, k))
        ),
        "Those are the lowest scores; sorting rises.": lambda s, y, k: right(-s, y, k),
        "That is one guess too many.": lambda s, y, k: 1 - _hits(s, y, slice(k + 1)),
        "That is one guess too few.": lambda s, y, k: 1 - _hits(s, y, slice(k - 1)),
        "That is a number of images; which share is it?": lambda s, y, k: right(s, y, k) * len(y),
        "A share is asked for, not a percentage.": lambda s, y, k: right(s, y, k) * 100,
    }
    function(given, right, cases, wrong, tolerance=1e-6)
    return "With as many guesses as there are classes it is zero, whatever the network."


# By network: the top-5 error with one net and ten views, and then another of it.
PRINTED = {
    "AlexNet": ("krizhevsky2012.one_net", "krizhevsky2012.seven_nets"),
    "VGG16": ("he2016.ten_crops.vgg16", "simonyan2015.three_scales.both.D"),
    "GoogLeNet": ("szegedy2015.tests.one_net_ten_crops", "szegedy2015.tests.seven_nets_144_crops"),
    "PReLU-net": ("he2016.ten_crops.prelu_net", "he2016.best.prelu_net"),
    "ResNet-34": ("he2016.ten_crops.resnet34_b", "he2016.best.resnet34_b"),
    "ResNet-50": ("he2016.ten_crops.resnet50", "he2016.best.resnet50"),
    "ResNet-101": ("he2016.ten_crops.resnet101", "he2016.best.resnet101"),
    "ResNet-152": ("he2016.ten_crops.resnet152", "he2016.best.resnet152"),
}


def _printed(source: str) -> tuple[float, str]:
    """A top-5 error, in %, and how it was measured."""
    fact = papers.fact(f"{source}.top5")
    return fact.value, fact.how


def my_results(student: str) -> dict[str, list[tuple[float, str]]]:
    """What the papers print of a student's own two networks: top-5 errors in %, and how measured."""
    names = list(PRINTED)
    pairs = [(old, new) for place, old in enumerate(names) for new in names[place + 1 :]]
    pairs.remove(("PReLU-net", "ResNet-34"))  # the error grows a little
    older, newer = draw(student, "results", pairs)
    found = {name: [_printed(source) for source in PRINTED[name]] for name in (older, newer)}
    return {older: found[older], newer: found[newer][::-1]}


THREE_DIGITS = 6e-4


@question
def reduction(given: float, student: str) -> str:
    """The share of the older network's error that the newer one takes away, measured the same way."""
    (older, first), (newer, second) = my_results(student).items()
    (before, _), (old_best, _) = first
    (new_best, _), (after, _) = second
    right = 1 - after / before
    wrong = {
        "That is the share that is left.": after / before,
        "That is a difference in points; which share of the first error is it?": before - after,
        "That is a difference of shares; which part of the first error is it?": (before - after) / 100,
        "A share is asked for, not a percentage.": 100 * right,
        "It is a share of the error that was there before.": before / after - 1,
        "How much lower is asked for, so a lower error gives a number above zero.": -right,
    }
    if not agrees(given, right, THREE_DIGITS):
        mixed = [1 - b / a for a in (before, old_best) for b in (new_best, after)]
        if any(agrees(given, other, THREE_DIGITS) for other in mixed):
            raise Wrong("those two were not measured in the same way. How many networks, how many views?")
    value(given, right, "the share", wrong, THREE_DIGITS)
    return f"Where {older} errs {before:g} times, {newer} errs {after:g} times."


Layer = tuple[int, int, int, int]  # side of the output, side of the kernel, input channels, output channels
KINDS: tuple[tuple[Layer, ...], ...] = (
    ((112, 7, 3, 64), (112, 5, 3, 48), (112, 3, 3, 64), (112, 3, 8, 32)),
    ((56, 3, 64, 64), (56, 3, 32, 96), (28, 3, 128, 128), (28, 3, 96, 160)),
    ((14, 1, 1024, 256), (14, 1, 512, 512), (14, 3, 128, 192), (14, 1, 768, 192)),
    ((7, 3, 512, 512), (7, 3, 384, 512), (7, 3, 256, 512), (7, 1, 2048, 512)),
    ((1, 1, 4096, 1000), (1, 1, 9216, 1000), (1, 1, 4096, 4096), (1, 1, 2048, 2000)),
)


def _weights(layer: Layer) -> int:
    _, kernel, depth, channels = layer
    return kernel**2 * depth * channels


def _work(layer: Layer) -> int:
    return _weights(layer) * layer[0] ** 2


def _rows(layer: Layer) -> int:
    return _weights(layer) * layer[0]


def _outputs(layer: Layer) -> int:
    return layer[0] ** 2 * layer[3]


def _order(table: Mapping[str, Layer], size: Callable[[Layer], int]) -> list[str]:
    return sorted(table, key=lambda name: size(table[name]))


@functools.cache
def _tables() -> list[dict[str, Layer]]:
    """Tables of five layers each, the sizes of which differ clearly, by weights and by work."""
    found = []
    for seed in range(400):
        random = np.random.default_rng(seed)
        chosen = [kind[random.integers(len(kind))] for kind in KINDS]
        table = dict(zip("abcde", [chosen[n] for n in random.permutation(len(chosen))], strict=True))
        sizes = [sorted(size(layer) for layer in table.values()) for size in (_weights, _work)]
        if all(after > 1.1 * before for each in sizes for before, after in pairwise(each)):
            found.append(table)
    return found


def my_layers(student: str) -> dict[str, Layer]:
    """A student's own five layers, by name: sides of output and kernel, input and output channels."""
    return draw(student, "layers", _tables())


def described(layer: Layer) -> str:
    """A layer in words; one with a single place is a dense one."""
    side, kernel, depth, channels = layer
    if side == 1:
        return f"dense, {depth} inputs, {channels} units"
    return f"{kernel}x{kernel} convolution, {depth} channels to {channels}, output {side}x{side}"


def _counted(layer: Layer) -> dict[str, int]:
    side, kernel, depth, channels = layer
    image = keras.Input((side, side, depth))
    model = keras.Model(image, layers.Conv2D(channels, kernel, padding="same", use_bias=False)(image))
    return audit.totals(audit.table(model))


@question
def sizes(by_weights: Sequence[str], by_work: Sequence[str], student: str) -> str:
    """The names of a student's own layers from small to large, by weights and by multiply-adds."""
    table = my_layers(student)
    counts = audit.without_weights(lambda: {name: _counted(layer) for name, layer in table.items()})
    right, work = (sorted(table, key=lambda name: counts[name][column]) for column in ("params", "macs"))
    wrong = {
        "That is turned round. Did you count weights, or outputs?": right[::-1],
        "That is the order of the multiply-adds.": work,
        "A kernel reaches through all input channels.": _order(table, lambda n: n[1] ** 2 * n[3]),
    }
    value(by_weights, right, "by_weights", wrong)
    wrong = {
        "That is turned round: from small to large.": work[::-1],
        "That is the order of the weights; how often is each used?": right,
        "A feature map has height and width, and a weight is used at every position.": _order(table, _rows),
        "Those are the outputs; how many products go into each?": _order(table, _outputs),
        "A kernel has height and width.": _order(table, lambda n: n[0] ** 2 * n[1] * n[2] * n[3]),
    }
    value(by_work, work, "by_work", wrong)
    uses = [counts[name]["macs"] // counts[name]["params"] for name in table]
    return f"How often a weight is used goes from {min(uses):,} to {max(uses):,}."


def _votes(scores: np.ndarray, labels: np.ndarray) -> float:
    """Error of the class that most networks name; of those with as many names, the lowest."""
    classes = scores.shape[-1]
    named = np.eye(classes)[scores.argmax(axis=-1)].sum(axis=0)
    return evaluation.top_k_error(named, labels)


def _members(random: np.random.Generator, networks: int, images: int, classes: int) -> tuple:
    """Outputs of several networks, as of a softmax, and the labels."""
    labels = random.integers(classes, size=images)
    scores = random.normal(size=(networks, images, classes)) + 1.5 * np.eye(classes)[labels]
    sharp = np.exp(scores * random.uniform(1, 4, size=(networks, images, 1)))
    return (sharp / sharp.sum(axis=-1, keepdims=True)).astype("float32"), labels


@question
def ensemble_error(given: Callable, networks: int = 5, classes: int = 4, seed: int = 0) -> str:
    """`given(scores, labels)` is the error of several networks whose outputs are averaged."""
    random = np.random.default_rng(seed)
    cases = [_members(random, networks, images, classes) for images in (80, 60)]
    error = evaluation.top_k_error

    def right(scores: np.ndarray, labels: np.ndarray) -> float:
        return error(scores.mean(axis=0), labels)

    wrong: dict[str, Callable] = {
        "That is the mean of their errors. Average the outputs first.": lambda s, y: np.mean(
            [error(each, y) for each in s]
        ),
        "That is the best of them alone.": lambda s, y: min(error(each, y) for each in s),
        "That is the first network alone.": lambda s, y: error(s[0], y),
        "That is a vote, in which a sure network counts as much as an unsure one.": _votes,
        "That believes whoever is most sure. Average the outputs.": lambda s, y: error(s.max(axis=0), y),
        "The outputs are averaged, not multiplied.": lambda s, y: error(np.log(s).mean(axis=0), y),
        "That is the share that is right.": lambda s, y: 1 - right(s, y),
        "That is a number of images; which share is it?": lambda s, y: right(s, y) * len(y),
        "Those are the lowest scores.": lambda s, y: error(-s.mean(axis=0), y),
    }
    function(given, right, cases, wrong, tolerance=1e-6)
    scores, labels = cases[0]
    single = float(np.mean([error(each, labels) for each in scores]))
    return f"Alone they err in {single:.0%} of these images, together in {right(scores, labels):.0%}."


ALONE = ((0.12, 0.08), (0.03, 0.01), (0.35, 0.21))
MORE_ALONE = ((0.25, 0.2), (0.082, 0.0433), (0.02, 0.004), (0.5, 0.3))


@question
def images_needed(given: Callable, shares: Iterable[Sequence[float]] = ALONE) -> str:
    """`given(first, second)` is the smallest test set on which two networks are told apart.

    The shares are those of the images that each network alone gets wrong. Without a difference they would
    be split as coins fall (McNemar's test): z deviations are wanted.
    """

    def smallest(first: float, second: float, z: float = 1.96) -> int:
        return math.ceil(z**2 * (first + second) / (first - second) ** 2)

    def other_images(first: float, second: float) -> int:
        variance = sum(share * (1 - share) for share in (first, second))
        return math.ceil(1.96**2 * variance / (first - second) ** 2)

    def two_intervals(first: float, second: float) -> int:
        deviations = sum(math.sqrt(share * (1 - share)) for share in (first, second))
        return math.ceil((1.96 * deviations / (first - second)) ** 2)

    wrong: dict[str, Callable] = {
        "With so many it may still be chance.": lambda a, b: smallest(a, b) - 1,
        "One image less would do.": lambda a, b: smallest(a, b) + 1,
        "One standard deviation is not enough: chance makes as much in one of three cases.": lambda a, b: (
            smallest(a, b, z=1)
        ),
        "What the second network alone gets wrong varies as well.": lambda a, b: math.ceil(
            1.96**2 * a / (a - b) ** 2
        ),
        "What the first network alone gets wrong varies as well.": lambda a, b: math.ceil(
            1.96**2 * b / (a - b) ** 2
        ),
        "They differ at once. When is it more than chance?": lambda a, b: 1,
        "That is for networks with images of their own; these had the same.": other_images,
        "Those are two intervals that no longer touch. Ask about the difference.": two_intervals,
        "The images of both are the same; do not add them up.": lambda a, b: 2 * smallest(a, b),
    }
    function(given, smallest, shares, wrong)
    return "Half the difference takes about four times as many."


def _ranking(
    curves: Mapping[str, Sequence[float]],
    costs: Mapping[str, int],
    budget: int,
    epochs: Callable[[int, int], int] = int.__floordiv__,
    error: Callable[[Sequence[float]], float] = lambda curve: curve[-1],
    all_of_them: bool = False,
) -> list[str]:
    """Names of the networks by their error within a budget, the lowest first."""
    errors = {}
    for name, curve in curves.items():
        fits = epochs(budget, costs[name])
        if fits > 0:
            errors[name] = error(curve[:fits])
        elif all_of_them:
            errors[name] = curve[-1]
    return sorted(errors, key=errors.__getitem__)


def _budgets(seed: int) -> list[tuple[dict[str, list[float]], dict[str, int], int]]:
    """Curves that cross, costs that differ, and budgets, the smallest of which some cannot afford."""
    random = np.random.default_rng(seed)
    names = ["wide", "deep", "old", "new", "tiny"]
    costs = {name: int(cost) for name, cost in zip(names, random.permutation([2, 3, 5, 8, 13]), strict=True)}
    curves = {}
    for name in names:
        start, end = random.uniform(0.7, 0.9), random.uniform(0.1, 0.5)
        steps = np.linspace(start, end, 6 + random.integers(4)) + random.uniform(-0.15, 0.15, size=20)[0]
        curves[name] = [round(float(e), 4) for e in steps + random.uniform(-0.12, 0.12, size=len(steps))]
    return [(curves, costs, budget) for budget in (24, 12, 40, 300, 26, 15, 6, 65)]


@question
def ranking(given: Callable, seed: int = 0) -> str:
    """`given(curves, costs, budget)` ranks networks by their error after what a budget pays for."""
    wrong: dict[str, Callable] = {
        "The network with the lowest error comes first.": lambda *case: _ranking(*case)[::-1],
        "Not all epochs are paid for.": functools.partial(_ranking, epochs=lambda budget, cost: 10**6),
        "The error after the last epoch counts, not the best on the way.": functools.partial(
            _ranking, error=min
        ),
        "An epoch that is not paid in full does not count.": functools.partial(
            _ranking, epochs=lambda budget, cost: -(-budget // cost)
        ),
        "That is one epoch more than is paid for.": functools.partial(
            _ranking, epochs=lambda budget, cost: budget // cost + 1
        ),
        "That is one epoch less than is paid for.": functools.partial(
            _ranking, epochs=lambda budget, cost: budget // cost - 1
        ),
        "If the budget pays for just so many epochs, the last of them counts too.": functools.partial(
            _ranking, epochs=lambda budget, cost: (budget - 1) // cost
        ),
        "Leave out a network that cannot afford one epoch. Where does the place -1 lead?": functools.partial(
            _ranking, all_of_them=True
        ),
    }
    function(given, _ranking, _budgets(seed), wrong)
    return "Which network is ahead may depend on what all of them get the same amount of."


LAYERS = {"many small maps": (16, 512), "few large maps": (1024, 8)}  # side and channels


@functools.cache
def _seconds() -> dict[str, float]:
    """Time of each of two convolutions of 1x1 with as many multiply-adds, the best of several, in turn."""
    runs = {}
    for name, (side, channels) in LAYERS.items():
        layer, images = layers.Conv2D(channels, 1), ops.ones((1, side, side, channels))
        runs[name] = functools.partial(_run, layer, images)
    for run in runs.values():
        run()
    return {name: min(run() for _ in range(4)) for name, run in runs.items()}


def _run(layer: keras.Layer, images: Any) -> float:
    """Seconds until one number of a layer's output is there."""
    start = perf_counter()
    ops.convert_to_numpy(layer(images)[0, 0, 0, 0])
    return perf_counter() - start


@question
def clock(prediction: str) -> str:
    """The prediction of which of two layers with equal work takes longer, held against the clock."""
    one_of(prediction, (*LAYERS, "about the same"), "prediction")
    took = _seconds()
    slower, faster = sorted(took, key=took.__getitem__, reverse=True)
    factor = took[slower] / took[faster]
    # A clock that leaves it open refutes nobody.
    if factor > 1.5 and prediction != slower:
        raise Wrong("the clock says otherwise. How many numbers does each fetch from memory and put back?")
    said = " and ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in took.items())
    return f"For the same work, {said}: a factor of {factor:.0f}."
