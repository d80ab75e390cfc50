"""Checks of the exercises on the three patterns of design."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers

from cnncourse.check import (
    Wrong,
    call,
    draw,
    function,
    measurement,
    network,
    predicted,
    question,
    shape,
    value,
)
from cnnlib import audit, data

COLOURS = 3


def my_stages(student: str) -> tuple[int, list[int]]:
    """A student's own side of a colour image and the channels of each stage; some stage has an odd side."""
    sides = (84, 100, 108, 150, 180, 210, 220)
    side, first, stages = draw(
        student, "stages", [(n, maps, k) for n in sides for maps in (6, 8, 12, 16, 24) for k in (3, 4)]
    )
    return side, [first * 2**stage for stage in range(stages)]


def _feature_part(
    side: int,
    maps: Iterable[int],
    padding: str = "same",
    activation: str | None = "relu",
    pooling: type = layers.MaxPooling2D,
) -> keras.Sequential:
    """Stages of a convolution of 3x3 and a pooling by two."""
    model = keras.Sequential([keras.Input((side, side, COLOURS))])
    for each in maps:
        model.add(layers.Conv2D(each, 3, padding=padding, activation=activation))
        model.add(pooling(2))
    return model


def _one_image(given: Any) -> Any:
    """A shape as numbers; what is none is left to `shape` to refuse."""
    try:
        entries = tuple(given)
        numbers = tuple(-1.0 if entry is None else float(entry) for entry in entries)
    except Exception:
        return given if given is None or given is Ellipsis else repr(given)
    if len(entries) == 4 and entries[0] is None:
        raise Wrong("the last output: leave out the side of the batch; one image is meant.")
    return tuple(int(number) if number.is_integer() else number for number in numbers)


@question
def last_maps(given: Sequence[int], student: str) -> str:
    """The shape of the output behind a student's own stages."""
    side, maps = my_stages(student)
    stages, last = len(maps), maps[-1]
    rounded_up = -(-side // 2**stages)
    right = (side // 2**stages,) * 2 + (last,)
    unpadded = functools.reduce(lambda n, _: (n - 2) // 2, maps, side)
    wrong = {
        "Pooling ends every stage, the last as well.": (side // 2 ** (stages - 1),) * 2 + (last,),
        "There are as many poolings as stages.": (side // 2 ** (stages + 1),) * 2 + (last,),
        "A block that stands partly outside is left out.": (rounded_up, rounded_up, last),
        "The convolutions pad, so that only pooling shrinks the feature maps.": (unpadded, unpadded, last),
        "Each stage makes new channels; those before it are not kept.": (*right[:2], sum(maps)),
        "Keras names the sides first and the channels last.": (last, *right[:2]),
        "Pooling by two halves each side once; it does not take a quarter of it.": (
            *(side // 4**stages,) * 2,
            last,
        ),
    }
    shape(_one_image(given), right, "the last output", wrong)
    return "Kernels of any size would give the same shape, as long as the convolutions pad."


def my_trade(student: str) -> tuple[int, int, int]:
    """A student's own trade: what divides the sides and multiplies the channels, and in how many stages."""
    trades = ((3, 2), (3, 5), (3, 6), (4, 3), (4, 5), (4, 6), (4, 12))
    choices = [(a, b, n) for a, b in trades for n in (2, 3, 4, 5)]
    choices.remove((3, 2, 2))  # two mistakes would give the same factor
    return draw(student, "trade", choices)


@question
def trade(given: float, student: str) -> str:
    """The factor by which the numbers in the feature maps change over a student's own stages."""
    divisor, factor, stages = my_trade(student)
    one = factor / divisor**2
    right = one**stages
    wrong = {
        "A feature map has a height and a width, and both are divided.": (factor / divisor) ** stages,
        "Two sides are divided one after the other; that is more than dividing by twice as much.": (
            factor / (2 * divisor)
        )
        ** stages,
        "That is what one stage does.": one,
        "Each stage works on what the one before has left: the factors do not add up.": stages * one,
        "That is before against after; turn it round.": 1 / right,
        "Those are the channels alone; the sides change too.": float(factor**stages),
        "Those are the sides alone; the channels change too.": 1 / divisor ** (2 * stages),
        "What is left is asked for, not what is gone.": 1 - right,
    }
    value(float(given) if isinstance(given, Fraction) else given, right, "the factor", wrong, tolerance=1e-9)
    return "Fewer numbers are left." if right < 1 else "Here the channels grow faster than the sides shrink."


def my_widths(student: str) -> tuple[int, int, int, int]:
    """A student's own network: side of the images, channels of two convolutions, units behind them."""
    return draw(
        student,
        "widths",
        [
            (n, a, b, u)
            for n in (32, 40, 48)
            for a in (8, 12, 16)
            for b in (24, 32, 48)
            for u in (64, 100, 128)
        ],
    )


CLASSES = 10


@functools.cache
def _counted(side: int, maps: tuple[int, ...], units: int) -> dict[str, tuple[int, int]]:
    """Parameters and work of a small network, each in its convolutions and in its dense layers."""
    model = _feature_part(side, maps)
    for layer in (layers.Flatten(), layers.Dense(units, "relu"), layers.Dense(CLASSES, "softmax")):
        model.add(layer)
    rows = audit.table(model)
    parts = [audit.totals([row for row in rows if row.kind == kind]) for kind in ("Conv2D", "Dense")]
    first, second = parts
    return {column: (first[column], second[column]) for column in ("params", "macs")}


def _pair(given: Any, what: str) -> Sequence[Any]:
    """An answer of two entries; anything else is wrong."""
    if given is None or given is Ellipsis:
        raise Wrong(f"{what}: there is no answer yet.")
    if not isinstance(given, list | tuple | np.ndarray) or len(given) != 2:
        raise Wrong(f"{what} should be a pair: in the convolutions, in the dense layers.")
    return list(given)


@question
def where(parameters: Sequence[int], work: Sequence[int], student: str) -> str:
    """Parameters and multiply-adds of a student's own network: in the convolutions, in the dense layers."""
    side, first, second, units = my_widths(student)
    right = _counted(side, (first, second), units)
    (weights, dense), (macs, dense_macs) = right["params"], right["macs"]
    depths, sides = np.array([COLOURS * first, first * second]), np.array([side, side // 2])
    kernels, inputs = int(9 * depths.sum()), (side // 4) ** 2 * second
    links = inputs * units + units * CLASSES
    biases, places = np.array([first, second]), sides**2
    order = "The convolutions come first, then the dense layers."
    found = _pair(parameters, "parameters")
    wrong: dict[str, int] = {
        "Each channel has a bias as well.": kernels,
        "The images are in colour.": weights - 9 * (COLOURS - 1) * first,
        "A kernel has height, width and depth.": int((3 * depths + biases).sum()),
        "A kernel sees all channels of the layer before it.": int((9 * biases + biases).sum()),
        "A kernel is shared: its weights count once, not at every place.": macs
        + int((places * biases).sum()),
        order: dense,
    }
    value(found[0], weights, "parameters of the convolutions", wrong)
    wrong = {
        "Each unit has a bias as well.": links,
        "Both convolutions are followed by a pooling.": dense + 3 * inputs * units,
        "There are two dense layers.": inputs * units + units,
        "A dense layer sees every number of the last feature maps, at every place.": dense
        - (inputs - second) * units,
        order: weights,
    }
    value(found[1], dense, "parameters of the dense layers", wrong)
    found = _pair(work, "work")
    wrong = {
        "A weight of a convolution is used at every place of its feature maps.": kernels,
        "Those are the parameters; how often is each of them used?": weights,
        "Biases are added and not multiplied; they do not count.": macs + int((places * biases).sum()),
        "A convolution works before the pooling, on feature maps that are still larger.": int(
            (9 * depths * places // 4).sum()
        ),
        "The second convolution sees smaller feature maps than the first.": side**2 * kernels,
        "A kernel is used at every place of a feature map, in height and in width.": int(
            (9 * depths * sides).sum()
        ),
        order: dense_macs,
    }
    value(found[0], macs, "work of the convolutions", wrong)
    wrong = {
        "Biases are added and not multiplied; they do not count.": dense,
        "A weight of a dense layer is used once.": links * (side // 4) ** 2,
        "There are two dense layers.": inputs * units,
        order: macs,
    }
    value(found[1], dense_macs, "work of the dense layers", wrong)
    shares = (dense / (weights + dense), dense_macs / (macs + dense_macs))
    return "The dense layers have {:.0%} of the parameters and {:.0%} of the work.".format(*shares)


def _averages(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([features[labels == label].mean(axis=0) for label in range(labels.max() + 1)])


def _distances(new: np.ndarray, known: np.ndarray) -> np.ndarray:
    return ((new[:, None] - known) ** 2).sum(axis=-1)


@question
def nearest_average(given: Callable, classes: int = 3, length: int = 4, seed: int = 0) -> str:
    """`given(features, labels, new)` gives each row of `new` the class of the nearest average."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(classes), np.arange(8, 8 + 5 * classes, 5)))
    centres = random.normal(size=(classes, length)) + 1
    features = (centres[labels] + random.normal(size=(len(labels), length))).astype("float32")
    new = (random.normal(size=(40, length)) + 1).astype("float32")
    averages = _averages(features, labels)
    sums = averages * np.bincount(labels)[:, None]
    right = _distances(new, averages).argmin(axis=1)
    wrong = {
        "That is the farthest average.": _distances(new, averages).argmax(axis=1),
        "That is the class of the nearest image. Average the images of a class first.": labels[
            _distances(new, features).argmin(axis=1)
        ],
        "That is the number of an image, and not a class.": _distances(new, features).argmin(axis=1),
        "The largest product is not the smallest distance: a long average is favoured.": (
            new @ averages.T
        ).argmax(axis=1),
        "Those are sums. The classes have not all as many images.": _distances(new, sums).argmin(axis=1),
        "The differences are squared before they are added, or they cancel.": (
            np.abs((new[:, None] - averages).sum(axis=-1)).argmin(axis=1)
        ),
        "Absolute differences add up to another distance, not the straight one.": (
            np.abs(new[:, None] - averages).sum(axis=-1).argmin(axis=1)
        ),
        "Those are distances; which class has the smallest?": _distances(new, averages),
        "That is how near the average is, not whose it is.": _distances(new, averages).min(axis=1),
    }
    got = call(
        given, features.copy(), labels.copy(), new.copy(), shown="nearest_average(features, labels, new)"
    )
    value(got, right, "the result", wrong, tolerance=1e-4)
    return "So blunt a classifier is as good as its features are."


def my_lists(student: str) -> tuple[int, list[int], list[int], int]:
    """A student's own side, channels and units, neither in the patterns' order, and number of classes."""
    maps = ([16, 8, 24], [12, 24, 6], [8, 32, 16], [20, 10, 15])
    units = ([30, 60], [24, 48], [40, 64], [32, 50])
    side, first, second, classes = draw(
        student,
        "lists",
        [(n, a, b, c) for n in (24, 28, 32) for a in maps for b in units for c in (5, 7, 12)],
    )
    return side, list(first), list(second), classes


def _patterned(
    side: int,
    maps: Sequence[int],
    units: Sequence[int],
    classes: int,
    dense: str | None = "relu",
    last: str | None = "softmax",
    **changes: Any,
) -> keras.Model:
    """Stages, dense layers and a last one for the classes, in the order given."""
    model = _feature_part(side, maps, **changes)
    model.add(layers.Flatten())
    for each in units:
        model.add(layers.Dense(each, activation=dense))
    model.add(layers.Dense(classes, activation=last))
    return model


@question
def patterned(given: Callable, side: int, maps: Sequence[int], units: Sequence[int], classes: int) -> str:
    """`given(side, maps, units, classes)` builds a network that follows the three patterns."""
    up, down = sorted(maps), sorted(units, reverse=True)
    build = functools.partial(functools.partial, _patterned, side, up, down, classes)
    wrong: dict[str, Callable] = {
        "Neither of the lists is in the order that the patterns ask for.": lambda: _patterned(
            side, maps, units, classes
        ),
        "In which order should the channels come?": lambda: _patterned(side, maps, down, classes),
        "Maps grow in number on their way.": lambda: _patterned(side, up[::-1], down, classes),
        "Dense layers do not grow.": lambda: _patterned(side, up, down[::-1], classes),
        "The convolutions rectify.": build(activation=None),
        "The dense layers but the last rectify.": build(dense=None),
        "The convolutions should keep the sides.": build(padding="valid"),
        "The largest of each block is asked for.": build(pooling=layers.AveragePooling2D),
        "The output should be probabilities.": build(last=None),
    }
    got = call(given, side, list(maps), list(units), classes)
    network(got, _patterned(side, up, down, classes), mistakes=wrong)
    return "All three patterns are in it."


SHAPES: tuple[list[tuple[int, ...]], ...] = (
    [(28, 6), (14, 6), (10, 16), (5, 16), (1, 120), (84,), (10,)],
    [(56, 64), (56, 64), (56, 256), (56, 64), (56, 256), (1000,)],
    [(32, 8), (16, 16), (8, 32), (64,), (128,), (10,)],
    [(32, 8), (64,), (16, 16), (32,), (10,)],
    [(32, 8), (32, 8), (16, 12), (24, 12), (100,), (100,), (10,)],
    [(24, 16), (24, 4), (12, 32), (20,), (30,), (10,)],
)
MORE_SHAPES: tuple[list[tuple[int, ...]], ...] = (
    [(20, 10), (10, 9), (10,)],
    [(16, 4), (17, 8), (30,), (10,)],
    [(50,), (16, 4), (8, 8)],
    [(16, 8), (20,), (8, 4), (30,)],
    [(16, 8), (8, 8), (4, 8), (50,), (50,), (51,)],
    [(64, 4), (32, 8), (16, 16), (10,)],
    [(16, 8), (8, 16), (40,), (20,), (30,), (10,)],
    [(16, 8), (40,), (8, 16), (30,), (4, 20), (31,)],
)


def _grows(numbers: Iterable[int]) -> bool:
    return any(after > before for before, after in pairwise(numbers))


def _broken(
    shapes: Sequence[tuple[int, ...]],
    sides: bool = True,
    depths: bool = True,
    grows: Callable[[list[int]], bool] = _grows,
) -> list[int]:
    """Numbers of the patterns that a network breaks, given (side, channels) and (units,) of its layers."""
    maps = [each for each in shapes if len(each) == 2]
    units = [each[0] for each in shapes if len(each) == 1]
    second = (sides and grows([each[0] for each in maps])) or (depths and grows([-each[1] for each in maps]))
    found = (list(shapes[: len(maps)]) != maps, second, grows(units))
    return [number for number, breaks in enumerate(found, 1) if breaks]


@question
def broken(given: Callable, cases: Iterable[list[tuple[int, ...]]] = SHAPES) -> str:
    """`given(shapes)` lists the patterns that a network breaks."""

    def does_not_fall(numbers: list[int]) -> bool:
        return any(after >= before for before, after in pairwise(numbers))

    def ends(numbers: list[int]) -> bool:
        return numbers[-1] > numbers[0]

    def kept(shapes: list[tuple[int, ...]]) -> list[int]:
        return [number for number in (1, 2, 3) if number not in _broken(shapes)]

    def as_numbers(shapes: list[tuple[int, ...]]) -> list[int]:
        held = [each[0] ** 2 * each[1] for each in shapes if len(each) == 2]
        return sorted({*_broken(shapes, sides=False, depths=False), *([2] if _grows(held) else [])})

    wrong: dict[str, Callable] = {
        "To stay the same is to break nothing.": functools.partial(_broken, grows=does_not_fall),
        "Maps may become fewer, too.": functools.partial(_broken, depths=False),
        "Maps may become wider, too.": functools.partial(_broken, sides=False),
        "Look at each step, and not at the ends alone.": functools.partial(_broken, grows=ends),
        "Those are the patterns that it keeps.": kept,
        "A network may break more than one.": lambda shapes: _broken(shapes)[:1],
        "That is how many are broken; which ones are they?": lambda shapes: len(_broken(shapes)),
        "Neither side nor channels are what you compare, but their product.": as_numbers,
        "Can feature maps stand behind a dense layer?": lambda shapes: [n for n in _broken(shapes) if n != 1],
        "Compare a dense layer with the dense layer before it.": lambda shapes: [
            n for n in _broken(shapes) if n != 3
        ],
    }
    function(given, _broken, [(list(case),) for case in cases], wrong)
    return "A network with one dense layer cannot break the third."


IMAGES, EPOCHS, PIXELS = 1500, 4, 3


def _digits_networks() -> keras.Model:
    """Two networks on the same images: one flattens its last feature maps, the other one averages them."""
    image = keras.Input((28, 28, 1))
    convolution = functools.partial(
        layers.Conv2D, kernel_size=5, padding="same", activation="relu", kernel_initializer="he_normal"
    )
    answers = {}
    for name, flat in (("flattened", layers.Flatten), ("averaged", layers.GlobalAveragePooling2D)):
        x = layers.AveragePooling2D(2)(image)
        x = convolution(16)(x)
        x = layers.MaxPooling2D(2)(x)
        x = convolution(32)(x)
        answers[name] = layers.Dense(10, activation="softmax", name=name)(flat()(x))
    return keras.Model(image, answers)


@measurement
def _errors_of_moving(seed: int) -> dict[str, tuple[float, float]]:
    """Test errors of both networks, with the digits in place and moved down and right."""
    keras.utils.set_random_seed(seed)
    digits = data.load("mnist")
    x, y = digits.train.x[:IMAGES] / 255, digits.train.y[:IMAGES]
    unseen = digits.test.x / 255
    moved = np.zeros_like(unseen)
    moved[:, PIXELS:, PIXELS:] = unseen[:, :-PIXELS, :-PIXELS]
    model = _digits_networks()
    # They share no weights, so that learning together is learning each on its own, in half of the time.
    model.compile(keras.optimizers.Adam(0.01), dict.fromkeys(model.output, "sparse_categorical_crossentropy"))
    model.fit(x, dict.fromkeys(model.output, y), batch_size=32, epochs=EPOCHS, verbose=0)
    answers = [model.predict_on_batch(images) for images in (unseen, moved)]
    before, after = (
        {name: float((scores.argmax(axis=1) != digits.test.y).mean()) for name, scores in given.items()}
        for given in answers
    )
    return {name: (before[name], after[name]) for name in before}


@question
def moved(prediction: str, seed: int = 0) -> str:
    """The prediction of which network moved digits cost more, held against a measurement."""

    def cost() -> dict[str, float]:
        return {name: after - before for name, (before, after) in _errors_of_moving(seed).items()}

    hint = "Which of the two knows where on a feature map a feature was?"
    predicted(prediction, ("flattened", "averaged"), cost, 0.02, hint)
    errors = _errors_of_moving(seed)
    said = ", and ".join(
        f"with the maps {name} from {before:.0%} to {after:.0%}" for name, (before, after) in errors.items()
    )
    return f"The error rose {said}."
