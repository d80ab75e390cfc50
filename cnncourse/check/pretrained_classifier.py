"""Checks of the exercises on a pretrained network as a classifier."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
from keras import layers, ops
from PIL import Image

from cnnbook import mistakes, photos
from cnnbook.mistakes import MISTAKES, RIGHT
from cnncourse.check import Wrong, call, draw, measurement, question, value
from cnnlib import data, weights
from cnnlib.data import pixels
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView

VIEW = weights.PUBLISHED["vgg16_imagenet"].view
CAFFE = weights.PUBLISHED["vgg16_imagenet"].pixels


def _entries(given: object, count: int, what: str) -> None:
    """Refuse what is no list or tuple with so many entries."""
    if given is None or given is Ellipsis:
        raise Wrong(f"{what}: there is no answer yet.")
    is_list = isinstance(given, list | tuple) or (isinstance(given, np.ndarray) and given.ndim > 0)
    if not is_list or len(given) != count:  # type: ignore[arg-type]
        raise Wrong(f"{what} should be a list or a tuple with {count} entries.")


def my_picture(student: str) -> tuple[int, int, int, int]:
    """A student's own picture: its width and height, what its shorter side becomes, the square's side."""
    side, (more, less), upright = draw(
        student,
        "picture",
        list(itertools.product((768, 1536, 2304, 3072), ((4, 3), (3, 2), (5, 4)), (True, False))),
    )
    longer = side * more // less
    return (side, longer, VIEW.shorter, VIEW.size) if upright else (longer, side, VIEW.shorter, VIEW.size)


def _middle(width: int, height: int, side: int) -> tuple[int, int, int, int]:
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


@question
def seen_part(given: Sequence[int], student: str) -> str:
    """The edges of what a network sees of a student's own picture, in pixels as stored."""
    width, height, shorter, size = my_picture(student)
    side = min(width, height) * size // shorter
    small = width * shorter // min(width, height), height * shorter // min(width, height)
    right = _middle(width, height, side)
    left, top, *_ = right
    wrong = {}
    wrong["That is where it lies in the smaller picture; say it in stored pixels."] = _middle(*small, size)
    wrong["The picture is made smaller before the square is cut."] = _middle(width, height, size)
    wrong["That is the largest square; the one that is cut is a little smaller."] = _middle(
        width, height, min(width, height)
    )
    wrong["The last two are edges, not width and height."] = (left, top, side, side)
    wrong["Left comes before top."] = (top, left, top + side, left + side)
    wrong["The square is cut out of the middle, not out of a corner."] = (0, 0, side, side)
    wrong["It is the shorter side that gets the given length."] = _middle(
        width, height, max(width, height) * size // shorter
    )
    wrong["The middle of what? There is as much left out on the right as on the left."] = (
        width // 2,
        height // 2,
        width // 2 + side,
        height // 2 + side,
    )
    _entries(given, 4, "the answer")
    value(given, right, "the answer", wrong, tolerance=1e-6)
    return f"It never sees the other {1 - side * side / (width * height):.0%} of your picture."


@question
def prepared(given: Callable, side: int = 4, seed: int = 0) -> str:
    """`given(images, mean)` prepares images as Caffe's networks want them."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (2, side, side + 1, 3), "uint8")
    mean = np.sort(random.uniform(60, 160, 3)).astype("float32")
    right = ops.convert_to_numpy(Pixels("mean_bgr", {"mean": mean})(images))
    levels = images.astype("float32")
    wrong = {}
    wrong["Blue should come first."] = levels - mean
    wrong["If blue comes first, then in the mean as well: each colour has its own."] = (
        levels[..., ::-1] - mean
    )
    wrong["The mean is still in it."] = levels[..., ::-1]
    wrong["That turns the picture, not its colours."] = (levels - mean)[:, :, ::-1]
    wrong["That turns the picture upside down and leaves its colours."] = (levels - mean)[:, ::-1]
    wrong["These networks learned from whole levels: nothing is divided."] = right / 255
    wrong["These networks learned from whole levels; the mean is one of levels, too."] = (
        levels / 255 - mean
    )[..., ::-1]
    wrong["The mean is that of the training pictures, not of the picture itself."] = (
        levels - levels.mean(axis=(0, 1, 2))
    )[..., ::-1]
    wrong["The mean is taken off, not added."] = (levels + mean)[..., ::-1]
    # What goes below zero starts again from the top where whole numbers of eight bits are kept.
    wrong["Below zero the bytes start again at 255: make the levels floats first."] = (
        images - mean.astype("uint8")
    )[..., ::-1]
    got = call(given, images.copy(), mean.copy(), shown="prepared(images, mean)")
    value(got, right, "the input", wrong, tolerance=1e-4)
    return "That is what keras.applications does for VGG16."


Answers = list[tuple[str, float]]


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(ops.softmax(logits)))


def _named(names: Sequence[str], scores: np.ndarray, top: int, sign: int = -1) -> Answers:
    order = np.argsort(sign * scores, kind="stable")[:top]
    return [(names[place], float(scores[place])) for place in order]


def _answers(logits: np.ndarray, names: Sequence[str], allowed: Sequence[str], top: int) -> Answers:
    kept = [place for place, name in enumerate(names) if name in allowed]
    return _named([names[place] for place in kept], _softmax(logits[kept]), top)


@question
def answers(given: Callable, classes: int = 10, few: int = 5, top: int = 3, seed: int = 0) -> str:
    """`given(logits, names, allowed, top)` are the first answers if only some classes compete."""
    random = np.random.default_rng(seed)
    names = list(random.permutation(weights.imagenet_classes()[:200]))[:classes]
    names = [str(name) for name in names]
    logits = random.permutation(np.linspace(-1.5, 2, classes)) + random.uniform(0, 0.2, classes)
    ranked = [names[place] for place in np.argsort(-logits)]
    # The first of all may not compete, so that it matters who does.
    allowed = [str(name) for name in random.permutation(ranked[1 : few + 1])]
    for shift in (0.0, 2000.0):
        logits = logits + shift
        # The last of those that compete is far behind, and not among the first.
        logits[names.index(ranked[few])] -= 2 * shift
        case = logits.copy(), list(names), list(allowed), top
        got = call(given, *case, shown="answers(logits, names, allowed, top)")
        _entries(got, top, "the result")
        for pair in got:
            _entries(pair, 2, "each answer")
        wrong = _wrong_answers(logits, names, allowed, top)
        value(got, _answers(logits, names, allowed, top), f"the result{_large(shift)}", wrong, 1e-4)
    return "The same outputs, and another list of classes: another error."


def _large(shift: float) -> str:
    return " for large numbers (does an exponential become infinite?)" if shift else ""


def _wrong_answers(logits: np.ndarray, names: list[str], allowed: list[str], top: int) -> dict[str, Answers]:
    kept = [place for place, name in enumerate(names) if name in allowed]
    some = [names[place] for place in kept]
    scores, few = _softmax(logits), _softmax(logits[kept])
    right = _named(some, few, top)
    total = sum(score for _, score in right)
    wrong = {}
    wrong["Those are the first of all classes; only some may be named."] = _named(names, scores, top)
    wrong["The scores of the allowed classes should make one together; others still have a share."] = _named(
        some, scores[kept], top
    )
    wrong["Those not shown have a part of the whole, too: divide among all that compete."] = [
        (name, score / total) for name, score in right
    ]
    wrong["The highest score comes first."] = _named(some, few, top, sign=1)
    wrong["Those are the right scores, in the order of the classes."] = list(
        zip(some, map(float, few), strict=True)
    )[:top]
    wrong["A place among the allowed classes is another one among all of them."] = _named(names, few, top)
    wrong["Does the list that says who may compete also say in which order the numbers come?"] = _named(
        allowed, few, top
    )
    wrong["These are not scores yet: the softmax is missing."] = _named(some, logits[kept], top)
    wrong["Scores are no percentages here: together they make one."] = [
        (name, 100 * score) for name, score in right
    ]
    return wrong


NAMES = (
    RIGHT,
    "red and blue exchanged",
    "no mean",
    "0 to 1 alone",
    "0 to 1 and prepared",
    "prepared twice",
    "mirrored",
    "on its side",
)
_SIDE = 64


@functools.cache
def _made(name: str) -> np.ndarray:
    """The input (side, side, 3) that becomes of the photograph with a mistake."""
    picture = MISTAKES[name].picture(Image.fromarray(_square()), _SIDE)
    return np.asarray(ops.convert_to_numpy(MISTAKES[name].pixels(CAFFE, np.array(picture)[None])))[0]


@functools.cache
def _square() -> np.ndarray:
    view = CentreView(_SIDE, _SIDE)
    return view(Image.fromarray(photos.photograph()), np.zeros(0, "float32"))


def _drawn(student: str) -> dict[str, str]:
    names = draw(student, "inputs", list(itertools.permutations(NAMES)))
    return dict(zip("abcdefgh", names, strict=True))


def my_inputs(student: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The picture, the mean of each colour, and the inputs made of the picture, in a student's own order."""
    inputs = {letter: _made(name).copy() for letter, name in _drawn(student).items()}
    return _square().copy(), CAFFE.measured["mean"].copy(), inputs


@question
def found(given: Mapping[str, str], student: str) -> str:
    """The mistake that each of a student's own inputs was made with."""
    right = _drawn(student)
    if given is None or given is Ellipsis:
        raise Wrong("there is no answer yet.")
    if not isinstance(given, Mapping) or {str(key) for key in given} != set(right):
        raise Wrong(f"a dict with the keys {', '.join(map(repr, right))} is asked for.")
    for letter, name in right.items():
        said = given.get(letter)
        if not isinstance(said, str) or said not in NAMES:
            raise Wrong(f"{said!r:.60} for {letter!r} is none of {', '.join(map(repr, NAMES))}.")
        if said != name:
            raise Wrong(_held_against(letter, said, _made(name)))
    return "Look at what the network sees before you look at anything else."


def _held_against(letter: str, said: str, real: np.ndarray) -> str:
    """Say how the input that was made differs from what the named mistake would make."""
    claimed = _made(said)
    for word, least in (("least", np.min), ("greatest", np.max)):
        if abs(least(claimed) - least(real)) > 0.5:
            return (
                f"{letter!r} is not {said!r}: that would have a {word} value of {least(claimed):.1f}, and "
                f"this one has {least(real):.1f}."
            )
    if np.allclose(np.sort(claimed, axis=None), np.sort(real, axis=None), atol=1e-3):
        return f"{letter!r} is not {said!r}: the values are the same, but they stand elsewhere. Look at it."
    return f"{letter!r} is not {said!r}: the range fits, but not the colours. Undo the right preparation."


def _gap(sure: np.ndarray, right: np.ndarray, edges: Sequence[float]) -> float:
    return float(sum(abs(each) for each in _surplus(sure, right, edges)) / len(sure))


def _surplus(sure: np.ndarray, right: np.ndarray, edges: Sequence[float]) -> list[float]:
    """By how much the scores of each range promise too much, all its pictures together."""
    places = np.clip(np.searchsorted(edges, sure, side="right") - 1, 0, len(edges) - 2)
    return [float((sure - right)[places == place].sum()) for place in range(len(edges) - 1)]


def _wrong_gaps(sure: np.ndarray, right: np.ndarray, edges: Sequence[float]) -> dict[str, float]:
    n, surplus = len(sure), np.array(_surplus(sure, right, edges))
    places = np.clip(np.searchsorted(edges, sure, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(places, minlength=len(edges) - 1)
    means, filled = surplus / np.maximum(counts, 1), counts > 0
    middle = (np.array(edges[:-1]) + np.array(edges[1:])) / 2
    inside = sure < edges[-1]
    below = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, len(edges) - 2)
    wrong = {}
    wrong["One range must not make up for another: drop the sign in each."] = float(surplus.sum() / n)
    wrong["Too sure here and not sure enough there cancel: drop the sign in each range."] = float(
        abs(surplus.sum()) / n
    )
    wrong["A range counts by its pictures; yours all count the same."] = float(np.abs(means[filled]).mean())
    wrong["A range counts by its pictures, and one without any does not count."] = float(np.abs(means).mean())
    wrong["The gap is not that of each picture; compare the mean score of a range with its share."] = float(
        np.abs(sure - right).mean()
    )
    wrong["Take the mean score of a range, not its middle."] = float(
        np.abs(middle * counts - np.bincount(places, right, minlength=len(counts))).sum() / n
    )
    wrong["The score on the last edge belongs to the last range. Yours leaves it out."] = float(
        np.abs(_surplus(sure[inside], right[inside], edges)).sum() / n
    )
    wrong["The score on the last edge belongs to the last range; yours is lost."] = _gap(
        sure[inside], right[inside], edges
    )
    wrong["A score on an edge belongs to the range above it."] = float(
        np.abs(np.bincount(below, sure - right, minlength=len(counts))).sum() / n
    )
    wrong["Divide by the pictures: a mean is asked for, not a sum."] = float(np.abs(surplus).sum())
    return wrong


@question
def gap(given: Callable, pictures: int = 60, seed: int = 0) -> str:
    """`given(sure, right, edges)` is the mean gap of score and share, range by range."""
    random = np.random.default_rng(seed)
    for edges, empty in (((0.0, 0.25, 0.5, 0.75, 1.0), 0), (mistakes.CONFIDENCES, 2)):
        # One range is empty, some scores are on edges and some quite sure; every second range is too sure.
        sure = random.uniform(0.01, 1, size=pictures)
        low, high = edges[empty : empty + 2]
        sure[(sure >= low) & (sure < high)] += high - low
        sure[:6], sure[6:15] = 1.0, edges[-2]
        odd = (len(edges) - np.searchsorted(edges, sure, side="right")) % 2 == 1
        right = random.uniform(size=pictures) < np.where(odd, 0.95, sure - 0.5)
        right[:3], right[6:15] = False, True
        case = sure.copy(), right.copy(), list(edges)
        got = call(given, *case, shown="gap(sure, right, edges)")
        wrong = _wrong_gaps(sure, right, edges)
        value(got, _gap(sure, right, edges), "the gap", wrong, tolerance=1e-4)
    return "A network can be right on the whole about its errors, and wrong in each range."


def _twice(pictures: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers without and with a mistake, and the labels."""
    labels, others = random.integers(0, 10, (2, pictures))
    before = np.where(random.uniform(size=pictures) < 0.7, labels, others)
    changed = random.uniform(size=pictures) < 0.4
    after = np.where(changed, random.integers(0, 10, pictures), before)
    return before, after, labels


def _cost(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    lost = int(((before == labels) & (after != labels)).sum())
    won = int(((before != labels) & (after == labels)).sum())
    points, low, high = mistakes.cost(lost, won, len(labels))
    return 100 * points, 100 * low, 100 * high


def _around(mean: float, half: float) -> tuple[float, float, float]:
    return mean, mean - half, mean + half


def _wrong_costs(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> dict[str, tuple]:
    n, right = len(labels), _cost(before, after, labels)
    points, half = right[0], right[2] - right[0]
    first, second = (float((each == labels).mean()) for each in (before, after))
    apart = 196 * np.sqrt((first * (1 - first) + second * (1 - second)) / n)
    lost = 100.0 * ((before == labels) & (after != labels))
    moved = 100.0 * (before != after)
    wrong: dict[str, tuple] = {}
    wrong["Error that has grown is a positive cost: look at the signs."] = _around(-points, half)
    wrong["A point is a hundredth of the whole."] = tuple(each / 100 for each in right)
    wrong["These are the same pictures twice, so take the differences picture by picture."] = _around(
        points, apart
    )
    wrong["Answers that turned right count, too."] = _around(lost.mean(), 1.96 * lost.std() / np.sqrt(n))
    wrong["An answer that changed from wrong to wrong costs nothing."] = _around(
        moved.mean(), 1.96 * moved.std() / np.sqrt(n)
    )
    wrong["That is how far pictures scatter. A mean of many scatters less."] = _around(
        points, half * np.sqrt(n)
    )
    wrong["One standard error covers two cases in three; the interval is wider."] = _around(
        points, half / 1.96
    )
    wrong["The last two are the ends of the interval, not how far it reaches."] = (points, half, half)
    wrong["The lower end comes before the upper one."] = (points, right[2], right[1])
    return wrong


@question
def cost(given: Callable, pictures: int = 300, seed: int = 0) -> str:
    """`given(before, after, labels)` is what a mistake costs in points of error, and its interval."""
    case = _twice(pictures, np.random.default_rng(seed))
    got = call(given, *(each.copy() for each in case), shown="cost(before, after, labels)")
    _entries(got, 3, "the result")
    # Wide enough for a standard deviation with one picture less.
    value(got, _cost(*case), "the result", _wrong_costs(*case), tolerance=2e-3)
    return "Paired pictures make the interval narrower than two errors from different ones would."


IMAGES, EPOCHS = 1500, 3
SHOWN = ("red and blue exchanged", "mirrored", "on its side")


def _coloured(split: data.Split, most: int | None = None) -> np.ndarray:
    return np.repeat(split.x[:most], 3, axis=-1)


def _learner() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 3)),
            layers.Rescaling(1 / 64),
            layers.Conv2D(8, 3, 2, activation="relu"),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


@measurement
def _costs(seed: int) -> dict[str, tuple[float, float, float]]:
    """What each mistake costs a network that learned grey digits: points, and the ends of the interval."""
    digits = data.load("mnist")
    train, test = _coloured(digits.train, IMAGES), _coloured(digits.test)
    prepare = pixels.build("mean_bgr", train)
    keras.utils.set_random_seed(seed)
    model = _learner()
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    ready = ops.convert_to_numpy(prepare(train))
    model.fit(ready, digits.train.y[:IMAGES], batch_size=64, epochs=EPOCHS, verbose=0)
    said = {name: _said(model, prepare, test, name) for name in (RIGHT, *SHOWN)}
    return {name: _cost(said[RIGHT], said[name], digits.test.y) for name in SHOWN}


def _said(model: keras.Model, prepare: Pixels, images: np.ndarray, name: str) -> np.ndarray:
    """The answers to images that are shown with a mistake."""
    mistake = MISTAKES[name]
    seen = np.stack([np.array(mistake.picture(Image.fromarray(image), 28)) for image in images])
    scores = model(ops.convert_to_numpy(mistake.pixels(prepare, seen)), training=False)
    return np.asarray(ops.convert_to_numpy(scores)).argmax(axis=1)


@question
def digits(given: Mapping[str, str], seed: int = 0) -> str:
    """What each mistake does to a network that knows digits, predicted, held against a measurement."""
    words = ("costs", "no difference seen")
    if not isinstance(given, Mapping) or {str(key) for key in given} != set(SHOWN):
        raise Wrong(f"a dict with the keys {', '.join(map(repr, SHOWN))} is asked for.")
    for name in SHOWN:
        if not isinstance(given.get(name), str) or given[name] not in words:
            raise Wrong(f"say 'costs' or 'no difference seen' of {name!r}; you say {given.get(name)!r:.60}.")
    hints = {
        "red and blue exchanged": "Which numbers of a grey picture change?",
        "mirrored": "Has this network learned that a mirror image is the same?",
        "on its side": "Has it ever seen a digit that lies?",
    }
    measured = _costs(seed)
    for name, (_, low, _) in measured.items():
        if given[name] != words[int(low <= 0)]:
            raise Wrong(f"{name!r}: the measurement says otherwise. {hints[name]}")
    said = ", ".join(f"{name} {points:+.1f}" for name, (points, *_) in measured.items())
    return f"In points of error: {said}."
