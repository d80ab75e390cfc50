"""Checks of the exercises on AlexNet."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence

import keras
import numpy as np
from keras import layers

from cnnbook import papers
from cnncourse.check import as_array, call, draw, function, question, value
from cnncourse.check.answers import fill
from cnnlib.data.augmentation import PCAColour, pca_of
from cnnlib.data.views import corners_and_centre, ten_crop
from cnnlib.layers import GroupedConv2D, LocalResponseNormalization
from cnnlib.schedules import Plateau, Schedule

PAPER = papers.paper("krizhevsky2012")
WINDOW, STEP = PAPER["pool_window"], PAPER["pool_stride"]


def my_picture(student: str) -> tuple[int, int, int]:
    """A student's own kernel and stride of a first layer, and the side of its maps once they are pooled."""
    choices = itertools.product((7, 9, 11, 13), (3, 4, 5), range(12, 32))
    return draw(student, "picture", list(choices))


def _covered(windows: int, width: int, step: int) -> int:
    """How many values a row of windows covers, from the first one's beginning to the last one's end."""
    return (windows - 1) * step + width


@question
def picture_side(given: int, student: str) -> str:
    """The side of the picture that a convolution and an overlapping pool cover without a rest."""
    kernel, stride, pooled = my_picture(student)

    def below(maps: int) -> int:
        return _covered(maps, kernel, stride)

    maps = _covered(pooled, WINDOW, STEP)
    wrong = {}
    wrong["That is as wide as the maps before the pool; the picture lies one layer further down."] = maps
    wrong["The pool is missing: that picture is for a convolution alone."] = below(pooled)
    wrong["Neighbouring windows of the pool overlap; those are blocks side by side."] = below(WINDOW * pooled)
    wrong["The last window of the pool reaches further than its step."] = below(STEP * pooled)
    wrong["Between so many windows of the pool there is one step less."] = below(STEP * pooled + WINDOW)
    wrong["Between so many places of the kernel there is one step less."] = maps * stride + kernel
    wrong["Steps alone do not make a picture: the last kernel reaches further."] = maps * stride
    wrong["Those are the steps; the kernel has a width."] = (maps - 1) * stride
    wrong["You went up through the layers; go down, from the pooled maps to the picture."] = (
        (pooled - kernel) // stride - WINDOW + 1
    ) // STEP + 1
    value(given, below(maps), "the side of the picture", wrong)
    places = PAPER["layers.pool1.shape"][0]
    width, step = PAPER["kernels.conv1"][0], PAPER["conv1.stride"]
    side = _covered(_covered(places, WINDOW, STEP), width, step)
    return f"With AlexNet's numbers it is {side}, and not the {PAPER['input_side']} of the paper."


def my_towers(student: str) -> tuple[int, int, int, int]:
    """A student's own kernel, maps below, maps above and number of towers."""
    choices = itertools.product((3, 5, 7), (48, 64, 96, 128), (160, 192, 256, 320, 384), (2, 4, 8))
    return draw(student, "towers", list(choices))


@question
def tower_parameters(given: int, student: str) -> str:
    """The parameters of a convolution whose maps are divided into towers."""
    kernel, below, above, towers = my_towers(student)
    layer = GroupedConv2D(above, kernel, groups=towers)
    layer.build((None, kernel, kernel, below))
    window, pairs = kernel * kernel, below * above
    wrong = {}
    wrong["That is every map seeing every map; in a tower it sees only its own."] = window * pairs + above
    wrong["That is one tower; count the others as well."] = window * pairs // towers**2 + above // towers
    wrong["That has the kernels of one tower and the biases of all."] = window * pairs // towers**2 + above
    wrong["Every map that is made has a bias; they are missing."] = window * pairs // towers
    wrong["The biases are not divided: every map has one, whichever tower it is in."] = (
        window * pairs + above
    ) // towers
    wrong["The towers share the maps that are made; they do not make all of them each."] = (
        window * pairs + towers * above
    )
    wrong["A kernel has height and width."] = kernel * pairs // towers + above
    wrong["A bias belongs to a map that is made, not to one that is seen."] = window * pairs // towers + below
    wrong["A map has one bias, however many maps it sees."] = (window + 1) * pairs // towers
    value(given, layer.count_params(), "the number of parameters", wrong)
    return f"Undivided it would have {window * pairs + above:,}, and {towers} times the multiply-adds."


def _near(values: np.ndarray, before: int, after: int, axis: int = -1) -> np.ndarray:
    """At each place of an axis the sum over `before` places before it, itself and `after` places after it."""
    length = values.shape[axis]
    padding = [(0, 0)] * values.ndim
    padding[axis] = (before, after)
    padded = np.pad(values, padding)
    shifted = [np.take(padded, range(i, i + length), axis) for i in range(before + after + 1)]
    return np.sum(shifted, axis=0)


def _wrong_normalisations(
    x: np.ndarray, k: float, n: int, alpha: float, beta: float
) -> dict[str, np.ndarray]:
    """What common mistakes make of response normalisation, by hint."""
    squares, half, maps = x**2, n // 2, x.shape[-1]
    around = _near(squares, half, half)
    rows, columns = (_near(squares, half, half, axis) for axis in (1, 2))

    def damped(activity: np.ndarray) -> np.ndarray:
        return x / (k + alpha * activity) ** beta

    whole = np.array([i >= half for i in range(maps)])
    full = np.array([half <= i < maps - half for i in range(maps)])
    wrong = {}
    wrong["Neighbours are other maps at the same place, not other places of the same map."] = damped(
        _near(rows, half, half, 2)
    )
    wrong["Along a row lie other places of the same map; the neighbours are other maps."] = damped(columns)
    wrong["Along a column lie other places of the same map; the neighbours are other maps."] = damped(rows)
    wrong["Map i stands in the middle of its neighbours; your sum begins with it."] = damped(
        _near(squares, 0, n - 1)
    )
    wrong["Map i stands in the middle of its neighbours; your sum ends with it."] = damped(
        _near(squares, n - 1, 0)
    )
    wrong["Your sum ends one map early: a range or a slice leaves its end out."] = damped(
        _near(squares, half, half - 1)
    )
    wrong["n counts all the maps in the sum, not those on one side."] = damped(_near(squares, n, n))
    wrong["Map i is in the sum as well."] = damped(around - squares)
    wrong["Every map is in your sum; only the neighbours should be."] = damped(
        np.broadcast_to(squares.sum(axis=-1, keepdims=True), x.shape)
    )
    wrong["At the first maps your slice begins below zero, which Python counts from the other end."] = damped(
        around * whole
    )
    wrong["The maps at both ends have neighbours too, only fewer."] = damped(around * full)
    wrong["The last map is no neighbour of the first: maps have two ends."] = damped(
        np.sum([np.roll(squares, shift, axis=-1) for shift in range(-half, half + 1)], axis=0)
    )
    wrong["It is the squares that are summed, not the values."] = damped(_near(x, half, half))
    wrong["Each value is squared before the sum, not the sum."] = damped(_near(x, half, half) ** 2)
    wrong["Where is k? Where all is silent, something must be left to divide by."] = np.divide(
        x, (alpha * around) ** beta, out=np.zeros_like(x), where=around > 0
    )
    wrong["Where is alpha?"] = x / (k + around) ** beta
    wrong["The printed formula does not divide alpha by n; that is what some programs do."] = damped(
        around / n
    )
    wrong["alpha weighs the sum alone; k is not multiplied by it."] = x / (alpha * (k + around)) ** beta
    wrong["beta is an exponent; it does not multiply."] = x / (beta * (k + alpha * around))
    wrong["Where is beta?"] = x / (k + alpha * around)
    wrong["Much activity should damp a map; yours grows with it."] = x * (k + alpha * around) ** beta
    wrong["Those are the paper's constants; take the arguments."] = as_array(LocalResponseNormalization()(x))
    wrong["That is the divisor; divide by it."] = (k + alpha * around) ** beta
    return wrong


@question
def response_normalisation(given: Callable, maps: int = 9, n: int = 5, seed: int = 0) -> str:
    """`given(x, k, n, alpha, beta)` is local response normalisation of maps (batch, height, width, maps)."""
    random = np.random.default_rng(seed)
    x = np.maximum(random.normal(1, 2, size=(2, 6, 7, maps)), 0).astype("float32")
    k, alpha, beta = 1.5 + seed, 0.2, 0.6
    right = LocalResponseNormalization(n, alpha, beta, k)(x)
    got = call(given, x.copy(), k, n, alpha, beta, shown=f"normalised(x, {k}, {n}, {alpha}, {beta})")
    wrong = _wrong_normalisations(x, k, n, alpha, beta)
    value(got, as_array(right), "the result", wrong, tolerance=1e-4)
    return "Nothing in it is learned: four constants, and no parameters."


def _colours(random: np.random.Generator) -> np.ndarray:
    """Pictures, uint8 (n, height, width, 3), whose red, green and blue rise and fall together."""
    axes = np.array([[0.6, 0.55, 0.5], [0.3, -0.05, -0.3], [0.08, -0.16, 0.1]])
    colours = 0.5 + random.uniform(-0.5, 0.5, size=(3, 10, 10, 3)) @ axes
    return (255 * np.clip(colours, 0, 1)).astype("uint8")


def _shifts(pixels: np.ndarray, alphas: np.ndarray) -> dict[str, np.ndarray]:
    """What common mistakes add, by hint: (3, 3), a column for each axis of the colours of pixels (n, 3)."""

    def axes(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = np.linalg.eigh(matrix)
        return values[::-1], vectors[:, ::-1]

    values, vectors = axes(np.cov(pixels, rowvar=False))
    right = vectors * values
    raw, correlated = axes(pixels.T @ pixels / len(pixels)), axes(np.corrcoef(pixels, rowvar=False))
    shifts = {}
    shifts["Each axis is also multiplied by its eigenvalue."] = vectors * alphas
    shifts["That takes the roots of the eigenvalues; the formula has the eigenvalues themselves."] = (
        vectors * np.sqrt(values) * alphas
    )
    shifts["The first alpha belongs to the largest eigenvalue. In which order do yours come?"] = (
        right * alphas[::-1]
    )
    shifts["If you sort the eigenvalues, sort the axes with them."] = vectors[:, ::-1] * values * alphas
    shifts["An eigenvector is a column of that matrix, not a row."] = vectors.T * values * alphas
    # eigh's own order, with rows for columns, and both turned round.
    shifts["The eigenvectors are the columns of that matrix, not its rows."] = (
        vectors[:, ::-1].T[:, ::-1] * values * alphas
    )
    shifts["A covariance is measured from the mean colour, not from black."] = raw[1] * raw[0] * alphas
    shifts["Take the covariance; a correlation forgets how much each colour varies."] = (
        correlated[1] * correlated[0] * alphas
    )
    shifts["Where are the alphas?"] = right
    shifts["Each axis has an alpha of its own; yours all take the first."] = right * alphas[0]
    return shifts


def _signed(got: object, image: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """An image with a colour added, each axis (a column of `shift`) turned to come nearest to an answer.

    An eigenvector may point either way, and so an answer may.
    """
    turned = [image + shift @ np.array(signs) for signs in itertools.product((1, -1), repeat=3)]
    try:
        answer = as_array(got)
        return min(turned, key=lambda each: float(np.abs(each - answer).max()))
    except Exception:  # no array of that shape: `value` says so
        return turned[0]


@question
def shifted_colours(given: Callable, seed: int = 0) -> str:
    """`given(image, pictures, alphas)` is an image in another light, with colours measured on pictures."""
    random = np.random.default_rng(seed)
    training = _colours(random)
    pictures = (training / 255).astype("float32")
    image = random.uniform(0.4, 0.6, size=(5, 4, 3)).astype("float32")
    alphas = np.array([1.5, -2.5, 4.0]) * (1 + seed / 10)
    got = call(given, image.copy(), pictures.copy(), alphas.copy(), shown="in_another_light(...)")
    light = PCAColour(pca_of(training)).components * alphas
    everything = _shifts(pictures.reshape(-1, 3), alphas)
    wrong = {hint: _signed(got, image, shift) for hint, shift in everything.items()}
    own = np.cov(image.reshape(-1, 3), rowvar=False)
    values, vectors = (part[..., ::-1] for part in np.linalg.eigh(own))
    wrong["The axes are those of the training pictures, not of the one that is shifted."] = _signed(
        got, image, vectors * values * alphas
    )
    wrong["That is the colour to add; add it to the image."] = _signed(got, np.zeros_like(image), light)
    wrong["It is added to the pixels; they are not multiplied."] = image * _signed(
        _ratio(got, image), np.ones_like(image), light
    )
    wrong["The image is as it was."] = image
    value(got, _signed(got, image, light), "the shifted image", wrong, tolerance=1e-3)
    return "Your axes may point either way, since an alpha is as often negative as positive."


def _ratio(got: object, image: np.ndarray) -> np.ndarray | None:
    try:
        return as_array(got) / image
    except Exception:  # no array of that shape: `value` says so
        return None


def _answer(model: keras.Model, views: np.ndarray) -> np.ndarray:
    return as_array(model(views.astype("float32"), training=False))


def _wrong_averages(model: keras.Model, image: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """What common mistakes make of the answer to ten views, by hint."""
    places = corners_and_centre(image.shape[0], image.shape[1], size)
    five = np.stack([image[top : top + size, left : left + size] for top, left in places])
    ten = np.concatenate([five, five[:, :, ::-1]])
    upright, all_ten = _answer(model, five), _answer(model, ten)
    fives = {"upside down": five[:, ::-1], "turned": five[:, ::-1, ::-1]}
    other = {name: (upright + _answer(model, views)).mean(axis=0) / 2 for name, views in fives.items()}
    wrong = {}
    wrong["Those are five views; where are their mirror images?"] = upright.mean(axis=0)
    wrong["A mirror swaps left and right; your mirror images are upside down."] = other["upside down"]
    wrong["A mirror swaps left and right alone; yours turn the view round."] = other["turned"]
    wrong["The mirror images are there; the views themselves are missing."] = all_ten[5:].mean(axis=0)
    wrong["The corners are there; where is the centre?"] = np.delete(all_ten, (4, 9), axis=0).mean(axis=0)
    wrong["That is the centre alone."] = upright[4]
    wrong["Average the answers; you average the views and ask once."] = _answer(
        model, ten.mean(axis=0)[None]
    )[0]
    wrong["That is the largest of the answers, not their mean."] = all_ten.max(axis=0)
    wrong["That is their sum; ten answers make one by their mean."] = all_ten.sum(axis=0)
    wrong["Those are votes; the average is over the probabilities."] = np.eye(all_ten.shape[1])[
        all_ten.argmax(axis=1)
    ].mean(axis=0)
    wrong["That is an answer for each view; make one of them."] = all_ten
    wrong["One picture has one answer, with an entry for each class and no other axis."] = all_ten.mean(
        axis=0, keepdims=True
    )
    return wrong


@question
def ten_views(given: Callable, height: int = 14, width: int = 18, size: int = 8, seed: int = 0) -> str:
    """`given(model, image, size)` is a model's mean answer to ten views of an image."""
    model = keras.Sequential([keras.Input((size, size, 3)), layers.Flatten(), layers.Dense(4, "softmax")])
    fill(model)
    image = np.random.default_rng(seed).normal(size=(height, width, 3)).astype("float32")
    got = call(given, model, image.copy(), size, shown=f"ten_views(model, image, {size})")
    wrong = _wrong_averages(model, image, size)
    right = _answer(model, ten_crop(image[None], size)[0]).mean(axis=0)
    value(got, right, "the answer", wrong, tolerance=1e-4)
    one, ten = (PAPER[f"ilsvrc2010.{views}.top1"] for views in ("one_crop", "ten_crops"))
    return f"It took AlexNet's top-1 error from {one} % to {ten} %, for ten times the work."


# With patience 2 every mistake of `plateau` gives other rates on the first.
ERRORS = (
    (0.9, 0.7, 0.9, 0.8, 0.7, 0.9, 0.7, 0.6, 0.7, 0.7, 0.7),
    (0.9, 0.6, 0.7, 0.65, 0.64, 0.63, 0.5, 0.5, 0.5, 0.4),
    (0.6, 0.7, 0.8, 0.9, 0.9, 0.8, 0.7, 0.6),
    (0.5, 0.4, 0.3, 0.2),
)


def _scheduled(errors: Sequence[float], rate: float, patience: int) -> list[float]:
    """The rates of a training with such validation errors, by the package's own schedule."""
    fallen = [rate / 10**times for times in range(len(errors) + 1)]
    schedule = Schedule(fallen, Plateau(patience, len(errors)), batches=1)
    rates = []
    for epoch, error in enumerate(errors):
        rates.append(schedule.rate(epoch))
        schedule.observe(error)
    return rates


def _rates(
    errors: Sequence[float],
    rate: float,
    patience: int,
    better: Callable[[float, float], bool] = operator.lt,
    last: bool = False,
    in_a_row: bool = True,
    again: bool = False,
    forget: bool = False,
    divisor: float = 10,
    late: bool = False,
) -> list[float]:
    """The rule of the plateau with one thing or another changed; `late` gives the rates after each epoch."""
    rates, best, waited = [], math.inf, 0
    for error in errors:
        rates.append(rate)
        progress = better(error, best)
        waited = waited + 1 if not progress else 0 if in_a_row else waited
        best = error if progress or last else best
        if waited >= patience:
            rate, waited = rate / divisor, waited if again else 0
            best = math.inf if forget else best
        if late:
            rates[-1] = rate
    return rates


@question
def plateau(given: Callable, rate: float = 0.5, patiences: Iterable[int] = (2, 3)) -> str:
    """`given(errors, rate, patience)` are the rates of a training whose rate falls when its error stalls."""
    wrong: dict[str, Callable] = {}
    other = functools.partial
    wrong["Compare with the best error so far, not with the one before."] = other(_rates, last=True)
    wrong["In a row: a new best starts the count anew."] = other(_rates, in_a_row=False)
    wrong["An error as low as the best is no new best."] = other(_rates, better=operator.le)
    wrong["Once the rate has fallen the count starts anew."] = other(_rates, again=True)
    wrong["The best error stays the best when the rate falls."] = other(_rates, forget=True)
    wrong["An error is known at the end of its epoch; only the next one can have another rate."] = other(
        _rates, late=True
    )
    wrong["You wait one epoch longer than patience says."] = lambda errors, rate, patience: _rates(
        errors, rate, patience + 1
    )
    wrong["You wait one epoch less than patience says."] = lambda errors, rate, patience: _rates(
        errors, rate, patience - 1
    )
    wrong["By how much is the rate divided?"] = other(_rates, divisor=2)
    wrong["The rate should fall, and yours rises."] = other(_rates, divisor=0.1)
    wrong["Your rate never falls."] = other(_rates, divisor=1)
    wrong["There is one rate for each epoch; the one after the last is not asked for."] = (
        lambda errors, rate, patience: _scheduled([*errors, 1.0], rate, patience)
    )
    wrong["That is the last rate; all of them are asked for."] = lambda *case: _scheduled(*case)[-1]
    cases = [(list(errors), rate, patience) for patience in patiences for errors in ERRORS]
    function(given, _scheduled, cases, wrong, tolerance=1e-9)
    return "AlexNet's rate fell three times in this way, though by hand."


def my_layer(student: str) -> tuple[np.ndarray, np.ndarray, float]:
    """A student's own outputs of the units below (8,), weights (8, units), and chance to be dropped."""
    seed, level, chance = draw(
        student,
        "layer",
        list(itertools.product(range(50), (0.4, 0.5, 0.6, 0.7), (0.4, 0.6))),
    )
    random = np.random.default_rng(seed)
    below = random.uniform(0.5, 1.5, size=8).round(2)
    weights = random.normal(0, 0.3, size=(8, 12))
    # Most sums are positive in testing, and none is so far from zero that no draw turns it round.
    sums = level * np.sqrt(below**2 @ weights**2) * np.where(np.arange(12) < 2, -1, 1)
    weights += np.outer(below, sums - below @ weights) / (below @ below)
    return below, weights.round(3), chance


def _mean_answer(below: np.ndarray, weights: np.ndarray, chance: float, scale: float) -> float:
    """The sum of a layer's ReLUs, averaged over all ways to drop units below it."""
    kept = np.array(list(itertools.product((False, True), repeat=len(below))))
    likely = np.where(kept, 1 - chance, chance).prod(axis=1)
    return float(likely @ np.maximum(kept * below * scale @ weights, 0).sum(axis=1))


@question
def average_of_networks(given: float, student: str) -> str:
    """How many times its output in testing a layer gives in training, on average over dropout's draws."""
    below, weights, chance = my_layer(student)
    testing = float(np.maximum(below @ weights, 0).sum())
    keep = 1 - chance
    right = _mean_answer(below, weights, chance, 1 / keep) / testing
    wrong = {}
    wrong["What is kept has to be made larger in training, for what is missing."] = right * keep
    wrong["Drop units below the weights, and take the ReLU of every draw before the mean."] = 1.0
    wrong["Training by testing, not the other way round."] = 1 / right
    wrong["You scale by the other chance. Try one near zero, where next to nothing is dropped."] = (
        _mean_answer(below, weights, chance, 1 / chance) / testing
    )
    wrong["The chance is that of being dropped, not of being kept."] = (
        _mean_answer(below, weights, keep, 1 / chance) / testing
    )
    wrong["Chance says how many are dropped, and you keep so many. Look at the comparison."] = (
        _mean_answer(below, weights, keep, 1 / keep) / testing
    )
    wrong["In testing nothing is scaled, since training has already done it."] = right / keep
    wrong["In testing, too, there is a ReLU behind each sum."] = (
        right * testing / float((below @ weights).sum())
    )
    wrong["That is the mean in training; how many times the output in testing is it?"] = right * testing
    value(given, right, "the ratio", wrong, tolerance=0.025)
    return f"Over all draws it is {right:.3f}: a ReLU lifts what is below zero, so it can only be above one."
