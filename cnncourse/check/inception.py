"""Checks of the exercises on GoogLeNet."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from cnnbook import papers
from cnnbook.blocks import naive_inception_module
from cnncourse.check import Wrong, call, draw, network, question, shape, value
from cnncourse.check.answers import fill
from cnnlib import audit, models
from cnnlib.models.inception import MODULES
from cnnlib.recipe import RECIPES

# Maps of a module in the order of `models.inception_module`'s arguments.
Counts = tuple[int, int, int, int, int, int]
VIEWS = (0, 2, 4, 5)  # those that are concatenated

HEIGHT_AND_WIDTH = "A kernel has a height and a width."


def my_naive_module(student: str) -> tuple[int, int, int, int, int]:
    """A student's own side, channels in, and channels of the convolutions of 1x1, 3x3 and 5x5."""
    # No multiple of eight among the channels that come in: no two mistakes lead to the same number.
    maps, ones, threes, fives = (100, 150, 180, 210), (32, 48, 64), (80, 96, 128), (16, 24, 40)
    return draw(student, "naive", list(product((14, 16, 28, 32), maps, ones, threes, fives)))


def _naive_tower(side: int, maps: int, counts: tuple[int, int, int]) -> list[audit.Row]:
    """Two naive modules, one on the other: the rows of their layers."""

    def build() -> list[audit.Row]:
        image = keras.Input((side, side, maps))
        x = naive_inception_module(image, *counts, name="first")
        return audit.table(keras.Model(image, naive_inception_module(x, *counts, name="second")))

    return audit.without_weights(build)


def _naive_work(side: int, maps: int, counts: Sequence[int], kernels: Sequence[int] = (1, 9, 25)) -> int:
    return side**2 * maps * sum(kernel * count for kernel, count in zip(kernels, counts, strict=True))


@question
def naive_tower(depth: int, work: int, student: str) -> str:
    """The channels that come out of two naive modules, and the multiply-adds of the second."""
    side, maps, ones, threes, fives = my_naive_module(student)
    counts = ones, threes, fives
    rows = _naive_tower(side, maps, counts)
    own, between = sum(counts), maps + sum(counts)
    wrong: dict[str, Any] = {}
    wrong["That is what comes out of the first module."] = between
    wrong["The pool's channels are concatenated too."] = own
    wrong["A pool has no filters of its own: it passes on as many channels as it got."] = own + counts[-1]
    wrong["The second module's pool passes on all that came out of the first."] = maps + own + counts[-1]
    wrong["Where are the channels that the first module's pool passed on?"] = 2 * own
    value(depth, rows[-1].output_shape[-1], "depth", wrong)
    second = _naive_work(side, between, counts)
    wrong = {}
    wrong["That is the work of the first module; more channels come into the second."] = _naive_work(
        side, maps, counts
    )
    wrong["The first module's pool has added its channels too, and they come into the second."] = _naive_work(
        side, own, counts
    )
    wrong["That is the work of both modules."] = audit.totals(rows)["macs"]
    wrong[HEIGHT_AND_WIDTH] = _naive_work(side, between, counts, (1, 3, 5))
    wrong["The pool compares, it does not multiply."] = second + side**2 * 9 * between
    wrong["That is the work at one place, and feature maps have many."] = _naive_work(1, between, counts)
    wrong["Feature maps have a height and a width."] = second // side
    wrong["Biases are added, not multiplied."] = second + side**2 * own
    wrong["Every filter spans all channels that come in."] = _naive_work(side, 1, counts)
    value(work, audit.totals(rows[len(rows) // 2 :])["macs"], "work", wrong)
    modules = papers.fact("szegedy2015.modules").value
    return f"After {modules} such modules there would be {maps + modules * own:,} channels."


def my_bottleneck(student: str) -> tuple[int, int, int, int]:
    """A student's own channels in, kernel, channels out, and how many times less the work should be."""
    maps = (110, 150, 190, 230, 310)
    return draw(student, "bottleneck", list(product(maps, (3, 5), (40, 48, 56, 64), (3, 4, 5))))


def _work_behind(maps: int, *convolutions: tuple[int, int]) -> int:
    """Multiply-adds for each pixel of convolutions (channels, kernel) one behind the other."""

    def build() -> int:
        x = pixel = keras.Input((1, 1, maps))
        for count, kernel in convolutions:
            x = layers.Conv2D(count, kernel, padding="same")(x)
        return audit.totals(audit.table(keras.Model(pixel, x)))["macs"]

    return audit.without_weights(build)


@question
def widest_bottleneck(widest: int, student: str) -> str:
    """The most channels of a bottleneck with which the work is a given share of that without it."""
    maps, kernel, out, times = my_bottleneck(student)
    direct = _work_behind(maps, (out, kernel))
    each = _work_behind(maps, (1, 1), (out, kernel))
    wrong: dict[str, Any] = {}
    wrong["A bottleneck has whole channels."] = direct / (times * each)
    wrong["Put it into the work of both ways: is it still little enough?"] = direct // (times * each) + 1
    wrong["The bottleneck is a convolution too and has work of its own."] = maps // times
    wrong["The large convolution behind the bottleneck has work to do as well."] = kernel**2 * out // times
    wrong[HEIGHT_AND_WIDTH] = maps * kernel * out // (times * (maps + kernel * out))
    wrong["With that many there is nothing saved yet, or hardly anything."] = direct // each
    wrong["That share is saved; no more than that share should be left."] = (
        direct * (times - 1) // (times * each)
    )
    wrong["The filters of the bottleneck see one pixel."] = direct // (times * kernel**2 * (maps + out))
    value(widest, direct // (times * each), "widest", wrong)
    return "Height and width of the feature maps have no say in it."


_EXAMPLE = papers.paper("chapter")["inception.example.*"]
_COUNTS = (
    *(_EXAMPLE["1x1"], MODULES[0]["3a"][1], _EXAMPLE["3x3"]),
    *(_EXAMPLE["reduced"], _EXAMPLE["5x5"], _EXAMPLE["pool"]),
)
# Inputs, and the numbers of channels in the order of the function's arguments.
CASES = ((_EXAMPLE["input"], _COUNTS), ((16, 16, 21), (6, 4, 9, 3, 7, 5)))

ADDED = "The branches are added; concatenate their channels instead."
ALONG = "The branches are joined along {}; concatenate them along the channels."
STEPS = (
    "Inside a module every convolution and the pool have a stride of one; a pool's is its size if not told."
)
PADS = "All four branches keep height and width: pad everything that is wider than a pixel."


def _module(sides: Sequence[int], counts: Counts, **changes: Any) -> Callable[[], keras.Model]:
    """Build a module later, with one thing or another changed."""
    return functools.partial(_changed_module, tuple(sides), counts, **changes)


@functools.cache
def _changed_module(
    sides: tuple[int, ...],
    counts: Counts,
    narrow: str | None = "relu",
    wide: str | None = "relu",
    pooled: str | None = "relu",
    reduced: str = "35",
    pool: type = layers.MaxPooling2D,
    first: str = "pool",
    bias: bool = True,
) -> keras.Model:
    ones, to_threes, threes, to_fives, fives, projected = counts
    x = keras.Input(sides)

    def view(x: keras.KerasTensor, maps: int, kernel: int, activation: str | None) -> keras.KerasTensor:
        return layers.Conv2D(maps, kernel, padding="same", activation=activation, use_bias=bias)(x)

    small3 = view(x, to_threes, 1, narrow) if "3" in reduced else x
    small5 = view(x, to_fives, 1, narrow) if "5" in reduced else x
    window = pool(3, 1, padding="same")
    last = {
        "pool": lambda: view(window(x), projected, 1, pooled),
        "projection": lambda: window(view(x, projected, 1, pooled)),
        "no pool": lambda: view(x, projected, 1, pooled),
    }[first]()
    views = [view(x, ones, 1, wide), view(small3, threes, 3, wide), view(small5, fives, 5, wide), last]
    return keras.Model(x, layers.Concatenate()(views))


def _sides_in(text: str) -> set[int]:
    """The heights that an error of Keras speaks of."""
    return {int(height) for height in re.findall(r"[\[(](?:\w+, )?(\d+), \d+, \d+[\])]", text)}


def _why_no_pile(given: Callable, problem: str, side: int, maps: int) -> str:
    """What keeps branches from being joined, judged by the error and by what as many maps in each make."""
    try:
        out = tuple(given(keras.Input((side, side, maps)), *[4] * 6).shape[1:])
    except Exception:
        out = ()
    sides = _sides_in(problem)
    pools = {-(-side // step) for step in (2, 3)} | {(side - 3) // step + 1 for step in (2, 3)}
    if pools & sides:
        return STEPS
    if {side - 2, side - 4} & sides:
        return PADS
    piles = {(side, side, 4): ADDED, (4 * side, side, 4): ALONG.format("the height")}
    piles[side, 4 * side, 4] = ALONG.format("the width")
    return piles.get(out, "")


def _assembled(given: Callable, sides: Sequence[int], counts: Counts) -> keras.Model:
    """A model of what a student's function makes of maps with the given sides."""
    x = keras.Input(tuple(sides))
    try:
        out = call(given, x, *counts, shown=f"inception_module(x, {', '.join(map(str, counts))})")
    except Wrong as wrong:
        hint = _why_no_pile(given, str(wrong.__cause__), sides[0], sides[-1])
        raise Wrong(f"{wrong} {hint}".strip()) from wrong.__cause__
    if isinstance(out, list | tuple):
        raise Wrong(f"your function gives {len(out)} things. {ADDED.partition('; ')[2].capitalize()}")
    if not keras.ops.is_tensor(out) and not isinstance(out, keras.KerasTensor):
        raise Wrong(
            f"your function should give feature maps, as a layer does that was called on x; "
            f"it gives a {type(out).__name__}."
        )
    try:
        return keras.Model(x, out)
    except Exception as error:
        raise Wrong("the feature maps that your function gives are not made from x.") from error


def _module_shapes(sides: Sequence[int], counts: Counts) -> dict[str, tuple[int, ...]]:
    """The outputs that common mistakes lead to."""
    height, width, maps = sides
    ones, to_threes, threes, to_fives, fives, pooled = counts
    own = ones + threes + fives
    piles = {
        f"The pooling branch keeps its {maps} channels: what should stand behind the pool?": own + maps,
        "A pool is there, but is its branch concatenated?": own,
        "The branch of 1x1 is not concatenated.": threes + fives + pooled,
        "The branch of 3x3 is not concatenated.": ones + fives + pooled,
        "The branch of 5x5 is not concatenated.": ones + threes + pooled,
        "A bottleneck is only on the way to its kernel; it is not concatenated itself.": (
            own + pooled + to_threes + to_fives
        ),
        "These are the numbers of the example; take those that the function is given.": sum(
            _COUNTS[place] for place in VIEWS
        ),
    }
    wrong: dict[str, tuple[int, ...]] = {hint: (height, width, pile) for hint, pile in piles.items()}
    wrong["The module keeps height and width: every stride is one."] = (
        -(-height // 2),
        -(-width // 2),
        own + pooled,
    )
    return wrong


def _channels(model: keras.Model) -> np.ndarray:
    """What a model with filled weights makes of one volume: (channels, pixels)."""
    fill(model)
    volume = np.random.default_rng(0).normal(size=(1, *model.input_shape[1:])).astype("float32")
    maps = np.asarray(ops.convert_to_numpy(model(volume)))[0]
    return maps.reshape(-1, maps.shape[-1]).T


@question
def inception_module(given: Callable, cases: Sequence[tuple] = CASES) -> str:
    """`given(x, one, to3, three, to5, five, pooled)` concatenates four branches of x."""
    for sides, counts in cases:
        got = _assembled(given, sides, counts)
        right = (*sides[:2], sum(counts[place] for place in VIEWS))
        shape(got.output_shape[1:], right, "your output", _module_shapes(sides, counts))
    _check_module(got, sides, counts)
    return "Nine of these, and a few layers before and behind them, are GoogLeNet."


def _check_module(got: keras.Model, sides: Sequence[int], counts: Counts) -> None:
    """Compare a student's module with the library's, that has the same shape."""
    x = keras.Input(tuple(sides))
    right = keras.Model(x, models.inception_module(x, *counts, name="module"))
    ones, to_threes, threes, to_fives, fives, pooled = counts
    swapped = (ones, to_fives, threes, to_threes, fives, pooled)
    build = functools.partial(_module, sides, counts)
    wrong = {}
    wrong["In the branch of 3x3 the bottleneck is missing."] = build(reduced="5")
    wrong["In the branch of 5x5 the bottleneck is missing."] = build(reduced="3")
    wrong["The bottlenecks before 3x3 and 5x5 are missing."] = build(reduced="")
    wrong["The two bottlenecks have changed places."] = _module(sides, swapped)
    wrong["Its convolutions have biases."] = build(bias=False)
    wrong["A ReLU stands behind the bottlenecks too."] = build(narrow=None)
    wrong["A ReLU stands behind the pool's 1x1 too."] = build(pooled=None)
    wrong["Behind the last convolution of a branch there is a ReLU."] = build(wide=None, pooled=None)
    wrong["The pool's 1x1 and the last convolutions need their ReLU; without it a module is linear."] = build(
        narrow=None, wide=None, pooled=None
    )
    wrong["Its pool takes the largest value."] = build(pool=layers.AveragePooling2D)
    wrong["Pool first, and then reduce what the pool has let through."] = build(first="projection")
    wrong["The pool's 1x1 should see what the pool gives, not x."] = build(first="no pool")
    try:
        network(got, right, "your module", wrong)
    except Wrong:
        mine, theirs = _channels(got), _channels(right)
        one, other = (rows[np.argsort(rows.sum(axis=1))] for rows in (mine, theirs))
        if np.allclose(one, other, atol=1e-4) and not np.allclose(mine, theirs, atol=1e-4):
            raise Wrong(
                "your module makes the right channels, but not in the order that is asked for."
            ) from None
        raise


def my_ending(student: str) -> tuple[int, int, int, int]:
    """A student's own side and number of the last maps, units of a hidden layer, and classes."""
    units = (256, 384, 512, 1024)
    return draw(student, "ending", list(product((5, 6, 7, 8), (480, 512, 832), units, (12, 20, 37, 120))))


def _ending(side: int, maps: int, *units: int, flat: bool) -> int:
    """Parameters of dense layers on maps, laid out in a row or averaged."""

    def build() -> int:
        image = keras.Input((side, side, maps))
        x = (layers.Flatten() if flat else layers.GlobalAveragePooling2D())(image)
        for count in units:
            x = layers.Dense(count)(x)
        return keras.Model(image, x).count_params()

    return audit.without_weights(build)


@question
def endings(dense_ending: int, mean_ending: int, student: str) -> str:
    """The parameters of two endings on the same maps: two dense layers, and a mean with one."""
    side, maps, units, classes = my_ending(student)
    right = _ending(side, maps, units, classes, flat=True)
    wrong = {}
    wrong["Every unit has a bias."] = right - units - classes
    wrong["Flattened, every pixel of every feature map is an input."] = _ending(
        1, maps, units, classes, flat=True
    )
    wrong["A feature map has a height and a width."] = (side * maps + 1) * units + (units + 1) * classes
    wrong["Behind it there is a second dense layer."] = _ending(side, maps, units, flat=True)
    wrong["The hidden layer stands between the feature maps and the classes."] = _ending(
        side, maps, classes, flat=True
    )
    wrong["All pixels go into the hidden layer alone; the classes see its units."] = (
        right + side**2 * maps * classes - units * classes
    )
    value(dense_ending, right, "dense_ending", wrong)
    right = _ending(side, maps, classes, flat=False)
    wrong = {}
    wrong["Every unit has a bias."] = right - classes
    wrong["A mean is one number for each feature map, however large it is."] = _ending(
        side, maps, classes, flat=True
    )
    wrong["Behind the mean there is a single dense layer."] = _ending(side, maps, units, classes, flat=False)
    wrong["A mean has nothing to learn."] = right + maps
    wrong["The dense layer behind the mean has weights too."] = 0
    value(mean_ending, right, "mean_ending", wrong)
    larger = _ending(2 * side, maps, units, classes, flat=True)
    return (
        f"On feature maps twice as high and wide the first would have {larger:,}, the second as many as now."
    )


# Seed, pictures, classes, heads, factor.
LOSSES = (
    (0, 6, 5, 2, papers.fact("szegedy2015.heads.loss_weight").value),
    (1, 4, 3, 1, 0.5),
    (2, 4, 3, 0, 0.5),
)


def _probabilities(random: np.random.Generator, pictures: int, classes: int) -> np.ndarray:
    scores = np.exp(random.normal(size=(pictures, classes)))
    return scores / scores.sum(axis=1, keepdims=True)


def _losses(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross-entropy of every picture."""
    return np.asarray(
        ops.convert_to_numpy(keras.losses.sparse_categorical_crossentropy(labels, scores)), "float64"
    )


def _mean_loss(scores: np.ndarray, labels: np.ndarray) -> float:
    return float(_losses(scores, labels).mean())


@question
def total_loss(given: Callable, cases: Sequence[tuple] = LOSSES) -> str:
    """`given(main, heads, labels, factor)` is the loss that a network with auxiliary heads learns by."""
    for seed, pictures, classes, count, factor in cases:
        random = np.random.default_rng(seed)
        main = _probabilities(random, pictures, classes)
        heads = [_probabilities(random, pictures, classes) for _ in range(count)]
        labels = random.integers(classes, size=pictures)
        shown = f"total_loss with {count} head{'s' * (count != 1)} and a factor of {factor}"
        copies = [head.copy() for head in heads]
        got = call(given, main.copy(), copies, labels.copy(), factor, shown=shown)
        own, others = _mean_loss(main, labels), [_mean_loss(head, labels) for head in heads]
        right = own + factor * sum(others)
        wrong = _wrong_losses(main, heads, labels, factor)
        value(got, right, shown, wrong, tolerance=1e-4)
    return "At test the heads are taken off, and the main output is what it was."


def _wrong_losses(main: np.ndarray, heads: list, labels: np.ndarray, factor: float) -> dict[str, Any]:
    """What common mistakes make of the loss."""
    own, others = _mean_loss(main, labels), [_mean_loss(head, labels) for head in heads]
    each = _losses(main, labels) + factor * sum(_losses(head, labels) for head in heads)
    blend = (main + factor * sum(heads)) / (1 + factor * len(heads))
    wrong: dict[str, Any] = {}
    wrong["A score that grows with the right class is no loss: look at the sign."] = -each.mean()
    wrong["Where is the factor?"] = own + sum(others)
    wrong["The main loss counts in full."] = (1 - factor) * own + factor * sum(others)
    wrong["The factor belongs to the heads, not to the main loss."] = factor * own + sum(others)
    wrong["The factor belongs to the heads alone."] = factor * (own + sum(others))
    wrong["Each head adds its loss; you add the mean of them."] = own + factor * np.mean(others or [0])
    wrong["Add losses, not probabilities: blend nothing before the logarithm."] = _mean_loss(blend, labels)
    wrong["It is a mean over the pictures, not their sum."] = each.sum()
    wrong["There are the heads, too."] = own
    wrong["There is the main loss, too."] = factor * sum(others)
    if others:
        wrong["There is more than one head."] = own + factor * others[0]
    wrong["It is one number: the mean over the pictures."] = each
    wrong["Only the probability of the right class counts, that of a picture's label."] = -float(
        np.log(main).mean() + factor * sum(np.log(head).mean() for head in heads)
    )
    return wrong


def _running_mean(start: np.ndarray, path: np.ndarray, kept: float) -> np.ndarray:
    means = [start]
    for weights in path:
        means.append(kept * means[-1] + (1 - kept) * weights)
    return np.array(means[1:])


@question
def running_mean(
    given: Callable, kept: Sequence[float] = (0.9, 0.8), updates: int = 6, weights: int = 3, seed: int = 0
) -> str:
    """`given(start, path, kept)` is the running mean of weights after each update."""
    for share in kept:
        _check_running_mean(given, share, updates, weights, seed)
    back = 1 / (1 - float(RECIPES["googlenet"].averaging or 0))
    return f"The share that our recipe for ImageNet keeps looks back on about {back:,.0f} updates."


def _check_running_mean(given: Callable, kept: float, updates: int, weights: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    start = random.normal(size=weights) + 3
    path = random.normal(size=(updates, weights))
    right = _running_mean(start, path, kept)
    counts = np.arange(1, updates + 1)[:, None]
    wrong: dict[str, Any] = {}
    wrong["The share that is kept belongs to the mean, not to the new weights."] = _running_mean(
        start, path, 1 - kept
    )
    wrong["The mean should begin with the weights at the start."] = _running_mean(0 * start, path, kept)
    wrong["That begins with the weights after the first update."] = _running_mean(path[0], path, kept)
    wrong["Those are the weights themselves."] = path
    wrong["In a plain mean all updates count alike; here old ones fade."] = path.cumsum(axis=0) / counts
    wrong["In a plain mean all updates count alike, and so does the start; here they fade."] = (
        start + path.cumsum(axis=0)
    ) / (1 + counts)
    wrong["That is one update behind."] = np.concatenate([start[None], right[:-1]])
    wrong["Each mean is made from the one before it, not from the start."] = kept * start + (1 - kept) * path
    wrong["The mean is asked for after every update, not only at the end."] = right[-1]
    wrong["One mean for each update, please: the start is not one."] = np.concatenate([start[None], right])
    wrong["A weight's mean runs over the updates; do not mix the weights."] = right.mean(axis=1)
    got = call(given, start.copy(), path.copy(), kept, shown=f"running_mean(start, path, {kept})")
    value(got, right, f"the running mean that keeps {kept}", wrong, tolerance=1e-4)


PIXELS, VOLUME, NOTHING = 20, 96, 1e-5


def my_maps(student: str) -> tuple[int, int]:
    """A student's own maps in a bottleneck, and maps of the layer behind it."""
    return draw(student, "maps", list(product((4, 5, 6), (56, 58, 60, 64, 66, 70, 74, 76))))


@functools.cache
def _independent(narrow: int, wide: int, seed: int) -> dict[str, int]:
    """How many of the maps behind a bottleneck are no blends of the others, counted three ways."""
    keras.utils.set_random_seed(seed)
    volume = np.random.default_rng(seed).normal(size=(1, PIXELS, PIXELS, VOLUME)).astype("float32")
    small = layers.Conv2D(narrow, 1, use_bias=False)(volume)
    found = {}
    for way, kernel, activation in (("1x1", 1, None), ("3x3", 3, None), ("relu", 1, "relu")):
        layer = layers.Conv2D(wide, kernel, padding="same", activation=activation, use_bias=False)
        maps = np.asarray(ops.convert_to_numpy(layer(small)), "float64").reshape(-1, wide)
        sizes = np.linalg.svd(maps, compute_uv=False)
        found[way] = int((sizes > NOTHING * sizes[0]).sum())
    return found


@question
def independent_maps(after_1x1: int, after_3x3: int, after_relu: int, student: str, seed: int = 0) -> str:
    """The predicted numbers of maps that are no blends of others, held against a measurement."""
    narrow, wide = my_maps(student)
    found = _independent(narrow, wide, seed)
    wrong = {}
    wrong["All that a 1x1 can see are the maps of the bottleneck. What is a blend of blends?"] = wide
    wrong["All of these maps have gone through the bottleneck."] = VOLUME
    wrong["A map that passed the bottleneck is not lost again in a blend of all of them."] = 1
    value(after_1x1, found["1x1"], "after_1x1", wrong)
    wrong = {}
    wrong["A window of 3x3 sees more than one pixel. Is a map that has moved a blend of those at rest?"] = (
        narrow
    )
    wrong["Moving a map makes a new one, but a window knows only so many moves."] = wide
    wrong["A window has a height and a width."] = 3 * narrow
    wrong["The bottleneck has more than one map to move."] = 9
    wrong["The pixel in the middle of the window counts as well."] = 8 * narrow
    value(after_3x3, found["3x3"], "after_3x3", wrong)
    wrong = {}
    wrong["What a ReLU leaves of a blend: is it a blend still?"] = narrow
    wrong["A ReLU sets half of the pixels to zero, but not half of the maps."] = wide // 2
    wrong["A ReLU cuts each map off in other places, and not in one of two ways."] = 2 * narrow
    wrong["A window of one pixel moves no map; what else makes new ones here?"] = 9 * narrow
    value(after_relu, found["relu"], "after_relu", wrong)
    return "Few maps can become many again: a window moves them, and a ReLU cuts them off."
