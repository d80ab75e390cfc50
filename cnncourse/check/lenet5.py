"""Checks of the exercises on LeNet-5."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from cnnbook.lenet1998 import MAPLoss, scaled_tanh
from cnnbook.widgets.training import TRIED
from cnncourse.check import (
    Wrong,
    call,
    draw,
    function,
    measurement,
    network,
    one_of,
    predicted,
    question,
    value,
)
from cnnlib import data, models

INPUTS = 6  # channels of S2
SIZES = ((28, 5, 1, 0), (28, 5, 1, 2), (224, 11, 4, 0), (7, 3, 2, 1), (32, 5, 4, 0))


def _output_size(n: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    return (n + 2 * padding - kernel) // stride + 1


@question
def output_size(given: Callable, sizes: Iterable[Sequence[int]] = SIZES) -> str:
    """`given(n, kernel, stride, padding)` is the side of a convolution's output."""
    wrong = {}
    wrong["Count the first position too: a kernel as large as the input fits once."] = lambda n, k, s, p: (
        (n + 2 * p - k) // s
    )
    wrong["The padding is on both sides."] = lambda n, k, s, p: (n + p - k) // s + 1
    wrong["The stride is missing."] = lambda n, k, s, p: n + 2 * p - k + 1
    wrong["A kernel that would stand partly outside is left out: round down."] = lambda n, k, s, p: (
        -((k - n - 2 * p) // s) + 1
    )
    wrong["To the nearest is not enough: a kernel never stands partly outside. Round down."] = (
        lambda n, k, s, p: round((n + 2 * p - k) / s) + 1
    )
    wrong["An output has whole pixels: round down."] = lambda n, k, s, p: (n + 2 * p - k) / s + 1
    function(given, _output_size, sizes, wrong)
    return "The same line gives the size after pooling."


def my_table(student: str) -> list[int]:
    """A student's own table I: how many channels of S2 each of sixteen channels of C3 sees."""
    threes, fours = draw(student, "fan-ins", [(a, b) for a in range(2, 9) for b in range(2, 7)])
    return [3] * threes + [4] * fours + [6] * (16 - threes - fours)


@question
def partial_weights(given: int, student: str) -> str:
    """The trainable parameters of C3 with a student's own table of connections."""
    seen, window = my_table(student), 5 * 5
    links, made = sum(seen), len(seen)
    everything = window * INPUTS * made + made
    wrong = {}
    wrong["Each channel of C3 has a bias as well."] = window * links
    wrong["A channel has one bias, however many channels it sees."] = (window + 1) * links
    wrong["That is every channel seeing every channel; yours see only some."] = everything
    wrong["Those are connections; weights that are shared count once."] = (window * links + made) * 10 * 10
    wrong["A kernel has height and width."] = 5 * links + made
    value(given, window * links + made, "the number of parameters", wrong)
    return f"Seeing everything would take {everything:,}."


def _blocks(x: np.ndarray) -> np.ndarray:
    """(batch, h, w, channels) to (batch, h / 2, w / 2, channels, 4): the values of each block."""
    batch, height, width, channels = x.shape
    blocks = x.reshape(batch, height // 2, 2, width // 2, 2, channels)
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(batch, height // 2, width // 2, channels, 4)


def _squash(x: np.ndarray) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(scaled_tanh(x)))


@question
def subsampling(given: Callable, side: int = 8, channels: int = 3, seed: int = 0) -> str:
    """`given(x, coefficient, bias)` is LeCun's subsampling of channels (batch, height, width, channels)."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, side, side, channels)).astype("float32")
    c, b = random.normal(size=(2, channels)).astype("float32")
    blocks = _blocks(x)
    a = blocks.sum(axis=-1)
    wrong = {}
    wrong["The paper adds the four values up; it does not average them."] = _squash(a / 4 * c + b)
    wrong["It is not the largest of four, it is their sum."] = _squash(blocks.max(axis=-1) * c + b)
    wrong["The squashing function of 1998 has two constants."] = np.tanh(a * c + b)
    wrong["It is squashed last, after coefficient and bias."] = _squash(a) * c + b
    wrong["Squash it at the end."] = a * c + b
    wrong["The bias is added after the coefficient has been multiplied."] = _squash((a + b) * c)
    got = call(given, x, c, b, shown="subsampling(x, coefficient, bias)")
    value(got, _squash(a * c + b), "the output", wrong, tolerance=1e-4)
    return "Two parameters for each channel, whatever its size."


def my_network(student: str) -> tuple[int, int]:
    """A student's own side of the images and number of classes."""
    return draw(student, "lenet", [(side, classes) for side in (28, 32, 36, 40) for classes in range(5, 25)])


def _lenet(
    side: int,
    classes: int,
    activation: str | None = "tanh",
    padding: str = "same",
    pooling: type = layers.AveragePooling2D,
    last: str | None = "softmax",
    dense: tuple[int, ...] = (84,),
) -> keras.Model:
    """LeNet-5 with one thing or another changed."""
    network = keras.Sequential([keras.Input((side, side, 1))])
    for channels, pad in ((6, padding), (16, "valid")):
        network.add(layers.Conv2D(channels, 5, padding=pad, activation=activation))
        network.add(pooling(2))
    network.add(layers.Conv2D(120, 5, activation=activation))
    network.add(layers.Flatten())
    for units in dense:
        network.add(layers.Dense(units, activation=activation))
    network.add(layers.Dense(classes, activation=last))
    return network


@question
def lenet5(given: Callable, side: int, classes: int) -> str:
    """`given(side, classes)` builds LeNet-5 in today's form."""
    build = functools.partial(functools.partial, _lenet, side, classes)
    wrong = {}
    wrong["C1 keeps the side of the image; it pads."] = build(padding="valid")
    wrong["It squashes with tanh; rectifiers came later."] = build(activation="relu")
    wrong["Its layers are linear, and so is what they make together."] = build(activation=None)
    wrong["Its pooling averages."] = build(pooling=layers.MaxPooling2D)
    wrong["The output should be probabilities."] = build(last=None)
    wrong["One of the two dense layers is missing."] = build(dense=())
    right = models.LeNet5(input_shape=(side, side, 1), classes=classes)
    network(call(given, side, classes), right, mistakes=wrong)
    return "That is the network that every library builds today."


def _map_loss(distances: np.ndarray, label: int, j: float) -> float:
    return float(ops.convert_to_numpy(MAPLoss(j)(np.array([label]), -distances[None])))


def _log_sum(*penalties: np.ndarray | float) -> float:
    return float(np.log(sum(np.exp(-np.asarray(each)).sum() for each in penalties)))


@question
def map_loss(given: Callable, classes: int = 10, seed: int = 0) -> str:
    """`given(distances, label, j)` is the loss of equation 9 for one pattern."""
    random = np.random.default_rng(seed)
    # Single precision, as a network gives them: an answer in keras.ops mixes them with its own constants.
    cases = [
        (random.uniform(0, 6, size=classes).astype("float32"), int(random.integers(classes)), j)
        for j in (0.5, 2.0, 5.0)
    ]
    wrong = {}
    wrong["Does the sum leave out a class? The right one is among them."] = lambda y, d, j: (
        y[d] + _log_sum(j, np.delete(y, d))
    )
    wrong["Take the logarithm of the sum."] = lambda y, d, j: y[d] + np.exp(_log_sum(j, y))
    wrong["Where is exp(-j)? Without it wrong classes are pushed away for ever."] = lambda y, d, j: (
        y[d] + _log_sum(y)
    )
    wrong["A distance is a penalty: the smaller, the better. Look at the signs."] = lambda y, d, j: (
        -y[d] + _log_sum(j, -y)
    )
    wrong["The first term, the distance to the right class, is missing."] = lambda y, d, j: _log_sum(j, y)
    wrong["j is a penalty, so it stands in an exponential."] = lambda y, d, j: y[d] + _log_sum(-np.log(j), y)
    function(given, _map_loss, cases, wrong, tolerance=1e-4)
    return "With a large j it is the cross-entropy of a softmax over the negative distances."


EPOCHS, IMAGES = 3, 1500


def _dense() -> keras.Model:
    image = keras.Input((28, 28, 1))
    x = layers.Dense(64, activation="tanh")(layers.Flatten()(image))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


@measurement
def _cost_of_shuffling(seed: int) -> dict[str, float]:
    """By how much the test error of two networks grows when the pixels of all digits are moved."""
    digits = data.load("mnist")
    order = np.random.default_rng(seed).permutation(28 * 28)
    cost = {}
    for name, build in (("convolutional", models.LeNet5), ("dense", _dense)):
        errors = []
        for places in (np.arange(28 * 28), order):
            keras.utils.set_random_seed(seed)
            errors.append(_error(build(), digits, places))
        cost[name] = errors[1] - errors[0]
    return cost


def _error(model: keras.Model, digits: data.DataSet, places: np.ndarray) -> float:
    """Test error of a network trained for a few epochs on digits whose pixels were moved."""
    x, unseen = (
        split.x.reshape(len(split), -1)[:, places].reshape(split.x.shape) / 255
        for split in (digits.train, digits.test)
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:IMAGES], digits.train.y[:IMAGES], batch_size=32, epochs=EPOCHS, verbose=0)
    return float((model.predict(unseen, verbose=0).argmax(axis=1) != digits.test.y).mean())


@question
def shuffled(given: Callable, side: int = 6, seed: int = 0) -> str:
    """`given(images, order)` moves the pixels of all images in the same way."""
    random = np.random.default_rng(seed)
    images = random.uniform(size=(5, side, side, 1)).astype("float32")
    rows, order = images.reshape(5, -1), random.permutation(side * side)
    right = rows[:, order]
    wrong = {}
    wrong["Those are whole rows; every pixel should move by itself."] = images[:, order % side]
    wrong["Pixel order[k] should come to place k, not the other way round."] = rows[
        :, np.argsort(order)
    ].reshape(images.shape)
    wrong["The images are as they were."] = images
    wrong["Give the images their height and width back."] = right
    got = call(given, images.copy(), order, shown="shuffled(images, order)")
    value(got, right.reshape(images.shape), "the result", wrong)
    return "No pixel is lost: what can be known from an image can be known from the shuffled one."


@question
def locality(prediction: str, seed: int = 0) -> str:
    """The prediction of which network shuffled pixels cost more, held against a measurement."""
    cost = predicted(
        prediction,
        ("convolutional", "dense"),
        lambda: _cost_of_shuffling(seed),
        0.01,
        "What does each of the two know of neighbours?",
    )
    said = " and ".join(f"the {name} network {100 * points:+.1f} points" for name, points in cost.items())
    return f"Shuffling cost {said} of error."


# What the last questions have a student train in the book's page: for each answer, settings as the page's
# address has them. book/try_training.py has trained them with every seed that the page offers.
_SHORT = {"optimiser": "sgd", "rate": "0.1", "epochs": "1"}
IN_THE_PAGE: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "guessing": {"tanh": _SHORT} | {name: _SHORT | {"activation": name} for name in ("sigmoid", "relu")},
    "by_error": {name: {"epochs": "1", "optimiser": name} for name in ("sgd", "momentum", "adam")},
    "too_fast": {float(rate): _SHORT | {"rate": rate} for rate in ("0.1", "0.2", "0.5", "1")},
}
PAGE_SEEDS = range(5)
_LOST = 0.8  # an error of about chance: of ten digits, nine are another


@functools.cache
def _errors(asked: str) -> dict[Any, list[float]]:
    """The errors on held-out digits of a question's trainings: for each answer, seed by seed."""
    trials = json.loads(TRIED.read_text("utf-8"))["exercises"]
    return {
        answer: [trial["error"] for trial in trials if trial["changed"] == settings]
        for answer, settings in IN_THE_PAGE[asked].items()
    }


def _lost(asked: str) -> list[Any]:
    """The answers whose trainings end where guessing would."""
    return [answer for answer, errors in _errors(asked).items() if min(errors) > _LOST]


@question
def guessing(activation: str, percent: float) -> str:
    """Which activation leaves the network in the page guessing, and its error then, in percent."""
    errors = _errors("guessing")
    one_of(activation, tuple(errors), "guessing")
    lost = _lost("guessing")
    if activation not in lost:
        raise Wrong(
            f"with {activation} the network learns something. Which one still reads no more than chance?"
        )
    chance = 100 * float(np.mean(errors[activation]))
    wrong = {}
    wrong["In percent, as the page says it."] = chance / 100
    wrong["That is the share that is read rightly; the page gives the share read wrongly."] = 100 - chance
    wrong["That is the loss of guessing; the error is asked for."] = float(np.log(10))
    value(percent, chance, "guessing_error", wrong, tolerance=0.01)
    return "Ten digits, one answer to all of them."


@question
def by_error(order: Sequence[str]) -> str:
    """Three optimisers with the same rate, from the fewest errors in the page to the most."""
    errors = _errors("by_error")
    if isinstance(order, str) or not isinstance(order, Sequence) or sorted(map(str, order)) != sorted(errors):
        raise Wrong(f"order should be a list of {', '.join(map(repr, errors))}, each once.")
    right = sorted(errors, key=lambda name: float(np.mean(errors[name])))
    if list(order) == right[::-1]:
        raise Wrong("order begins at the wrong end: the fewest errors come first.")
    if list(order) != right:
        raise Wrong("order is not what the page gives. Have all three the same rate, and one epoch?")
    return "A rate belongs to its optimiser: in plain descent the same number is a far smaller step."


@question
def too_fast(rate: float) -> str:
    """The smallest of the rates offered at which the network in the page is no better than guessing."""
    rates, lost = list(_errors("too_fast")), _lost("too_fast")
    wrong = {}
    for each in rates:
        if each in lost:
            wrong[f"At {each:g} all is lost, but is it not at a smaller one, too?"] = each
        else:
            wrong[f"At {each:g} the network still learns; look at the error."] = each
    value(rate, min(lost), "too_fast", wrong, tolerance=1e-6)
    return "The loss says so, too: it is far above that of guessing."
