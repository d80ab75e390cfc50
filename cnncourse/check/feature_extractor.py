"""Checks of the exercises on a pretrained network as a feature extractor."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import layers

from cnnbook.scenarios import as_colour
from cnncourse.check import Wrong, as_array, call, draw, measurement, one_of, question, value
from cnncourse.check.answers import fill
from cnnlib import data, models, transfer, weights
from cnnlib.data import Split

Arrays = dict[str, np.ndarray]


def my_head(student: str) -> tuple[int, int, int]:
    """A student's own last maps, their side and how many, and number of new classes."""
    choices = [
        (side, maps, classes)
        for side in range(4, 9)
        for maps in (64, 96, 160, 320)
        for classes in range(3, 20)
    ]
    return draw(student, "new head", choices)


@question
def new_head(in_a_row: int, means: int, student: str) -> str:
    """The parameters of a new classifier that is given all numbers of the maps, or the mean of each."""
    side, maps, classes = my_head(student)
    everything, few = (transfer.classifier(n, classes).count_params() for n in (side * side * maps, maps))
    value(means, few, "means", _head_mistakes(maps, classes) | {"That is for all the numbers.": everything})
    wrong = _head_mistakes(side * side * maps, classes)
    wrong["A map has height and width."] = side * maps * classes + classes
    wrong["That is for the mean of each map."] = few
    wrong["Take the bias of a unit once."] = side * side * few
    value(in_a_row, everything, "in_a_row", wrong)
    return f"The means leave {everything // few} times fewer parameters to learn from few pictures."


def _head_mistakes(numbers: int, classes: int) -> dict[str, int]:
    return {
        "Each unit has a bias as well.": numbers * classes,
        "A bias belongs to a unit of the output, not to a number that comes in.": numbers * classes + numbers,
        "A dense layer has one bias for each unit, not one for all.": numbers * classes + 1,
        "That is what comes in; how many units look at it?": numbers,
    }


def my_body(student: str) -> tuple[tuple[int, int, int], int]:
    """A student's own body, the maps of its three convolutions, and number of new classes."""
    choices = [
        ((first, second, second + more), classes)
        for first in (8, 12, 16, 20)
        for second in (24, 28, 32)
        for more in (8, 16, 32)
        for classes in range(3, 8)
    ]
    return draw(student, "body", choices)


def _with_body(maps: Sequence[int], classes: int, biases: bool = False) -> keras.Model:
    """Convolutions of three by three, each normalised, the mean of each map, and a dense layer."""
    network = keras.Sequential([keras.Input((32, 32, 3))])
    for number in maps:
        network.add(layers.Conv2D(number, 3, use_bias=biases))
        network.add(layers.BatchNormalization())
        network.add(layers.ReLU())
    network.add(layers.GlobalAveragePooling2D())
    network.add(layers.Dense(classes, activation="softmax"))
    return network


CHANGES = ("nothing frozen", "convolutions frozen", "body frozen")


@question
def changes(given: Mapping[str, int], student: str) -> str:
    """How many numbers of a student's own network change in training, by what is frozen."""
    if not isinstance(given, Mapping) or set(given) != set(CHANGES):
        raise Wrong(f"changes should be a dict with the keys {', '.join(map(repr, CHANGES))}.")
    maps, classes = my_body(student)
    network = _with_body(maps, classes)
    everything, head = network.count_params(), network.layers[-1].count_params()
    norms = sum(layer.count_params() for layer in network.layers if "normalization" in layer.name)
    moving = norms // 2
    batches = "Not only a gradient changes numbers: what does normalisation keep of its batches?"
    wrong = {
        batches: everything - moving,
        "Batch normalisation has numbers of its own for each map.": everything - norms,
        "These convolutions have no biases.": _with_body(maps, classes, biases=True).count_params(),
        "The new classifier learns as well.": everything - head,
    }
    value(given[CHANGES[0]], everything, CHANGES[0], wrong)
    wrong = {
        batches: norms - moving + head,
        "Only the convolutions are frozen here; what comes after each of them is not.": head,
        "Where the scale and the shift of a normalisation are not frozen, they learn.": moving + 1 + head,
        "The new classifier learns as well.": norms,
        "That is what stays.": everything - norms - head,
    }
    value(given[CHANGES[1]], norms + head, CHANGES[1], wrong)
    wrong = {
        "Normalisation goes along with the body, and its moving statistics stay too.": moving + head,
        "The normalisations belong to the body.": norms + head,
        "That is what stays.": everything - head,
        "Each unit of the classifier has a bias.": head - classes,
        "Nothing at all would learn: is the new classifier part of the body?": 0,
    }
    value(given[CHANGES[2]], head, CHANGES[2], wrong)
    return f"With the convolutions alone frozen, {norms} numbers of the body still move."


def _trained(maps: Sequence[int], side: int, colours: int, seed: int) -> keras.Model:
    """A network that stands for a trained one: its weights are not those that it began with."""
    image = x = keras.Input((side, side, colours))
    for place, number in enumerate(maps, start=1):
        x = layers.Conv2D(number, 3, padding="same", name=f"conv{place}")(x)
        x = layers.BatchNormalization(name=f"norm{place}")(x)
        x = layers.ReLU(name=f"relu{place}")(x)
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(2, name="pool")(x))
    model = keras.Model(image, layers.Dense(7, activation="softmax", name="classes")(x))
    fill(model)
    rng = np.random.default_rng(seed)
    model.set_weights([w + 0.05 * np.abs(rng.normal(size=w.shape)) for w in model.get_weights()])
    return model


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@question
def transferred(
    given: Callable,
    maps: Sequence[int] = (4, 6, 6),
    layer: str = "relu2",
    classes: int = 3,
    seed: int = 0,
) -> str:
    """`given(model, layer, classes)` is a frozen body that ends at a layer, and a new classifier."""
    model = _trained(maps, side=8, colours=3, seed=seed)
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(5, 8, 8, 3)).astype("float32")
    here = model.get_layer(layer)
    before, seen = (as_array(x) for x in keras.Model(model.input, [here.input, here.output])(images))
    known = model.get_weights()
    got = call(given, model, layer, classes, shown=f"transferred(model, {layer!r}, {classes})")
    if not isinstance(got, keras.Model):
        raise Wrong(f"a keras.Model is asked for, and transferred gave a {type(got).__name__}.")
    first = call(got, images, shown="your network(images)")
    if getattr(first, "shape", None) != (len(images), classes):
        raise Wrong(
            f"your network should give one number for each of {classes} classes, and gives something else."
        )
    kernel, bias = _new_head(got, seen.shape[1:], classes)
    _same_body(got, (kernel, bias), known)
    values = [rng.normal(size=w.shape).astype("float32") for w in (kernel, bias)]
    kernel.assign(values[0])
    bias.assign(values[1])

    def head(features: np.ndarray) -> np.ndarray:
        return _softmax(features @ values[0] + values[1])

    means = seen.mean(axis=(1, 2))
    wrong = {
        "Take the mean of each map, not its largest value.": head(seen.max(axis=(1, 2))),
        "Take the mean of each map, not the sum.": head(seen.sum(axis=(1, 2))),
        "It should give probabilities.": means @ values[0] + values[1],
        "Probabilities of classes that exclude each other add up to one.": 1
        / (1 + np.exp(-means @ values[0] - values[1])),
    }
    if before.shape == seen.shape:
        wrong["It ends one layer early: take what the layer gives."] = head(before.mean(axis=(1, 2)))
    result = call(got, images, shown="your network(images)")
    value(result, head(means), "what your network answers", wrong, tolerance=1e-4)
    _stays(got, images, head(means))
    return "The classifier that came with the network is gone; all before it is as it was."


def _new_head(got: keras.Model, sides: Sequence[int], classes: int) -> tuple[Any, Any]:
    """The two weights of the new classifier, which alone should learn."""
    learning = sorted(got.trainable_weights, key=lambda w: -len(w.shape))
    if not learning:
        raise Wrong("nothing in your network learns; the new classifier should.")
    shapes = [tuple(w.shape) for w in learning]
    if shapes == [(sides[-1], classes), (classes,)]:
        return learning[0], learning[1]
    numbers = sum(math.prod(each) for each in shapes)
    if shapes[0][0] == math.prod(sides) and len(shapes) <= 2:
        hint = "Give the classifier one number for each map, not all of the map."
    elif any(len(each) == 4 for each in shapes) or numbers > math.prod(sides) * classes:
        hint = "Is the body frozen?"
    elif shapes == [(sides[-1], classes)]:
        hint = "A dense layer has biases."
    elif len(shapes) == 2:
        hint = f"The classifier is given {shapes[0][0]} numbers. Where should the body end?"
    else:
        hint = "One new dense layer should, and of the body nothing, normalisation included."
    raise Wrong(f"{len(shapes)} weights with {numbers} parameters learn in your network. {hint}")


def _same_body(got: keras.Model, head: Sequence[Any], known: Sequence[np.ndarray]) -> None:
    for weight in got.weights:
        if any(weight is each for each in head):
            continue
        mine = as_array(weight)
        if not any(mine.shape == each.shape and np.array_equal(mine, each) for each in known):
            raise Wrong("the body has weights that the trained network has not. Were they drawn anew?")


def _stays(got: keras.Model, images: np.ndarray, right: np.ndarray) -> None:
    """In training too a frozen body gives what it gave, and keeps its averages."""
    before = [as_array(w).copy() for w in got.weights]
    result = call(got, images, training=True, shown="your network(images, training=True)")
    moved = any(not np.array_equal(as_array(w), old) for w, old in zip(got.weights, before, strict=True))
    if moved or not np.allclose(as_array(result), right, atol=1e-4):
        raise Wrong("in training the normalisation still goes by each batch. Are its layers frozen, too?")


def my_store(student: str) -> tuple[int, int, int, int, str]:
    """A student's own pictures, versions of each, passes, features of a picture and kind of number."""
    choices = [
        (pictures, versions, passes, features, kind)
        for pictures in range(400, 2000, 200)
        for versions in (3, 5)
        for passes in (20, 30, 50)
        for features in (64, 128, 512)
        for kind in ("float16", "float32")
    ]
    return draw(student, "store", choices)


@question
def store(saved: int, size: int, student: str) -> str:
    """How often features once spare the body a picture, and the bytes that they take."""
    pictures, versions, passes, features, kind = my_store(student)
    rows = pictures * versions
    wrong = {
        "Features once is once, not never.": rows * passes,
        "That is how often the body still sees a picture; what is saved?": rows,
        "Each version is a picture to the body.": pictures * (passes - 1),
        "Each version is a picture to the body, and the first pass is not saved.": pictures * passes,
        "The versions are seen in every pass.": pictures * passes - rows,
        "The body sees every picture for itself; count pictures.": passes - 1,
    }
    value(saved, rows * (passes - 1), "saved", wrong)
    each = np.dtype(kind).itemsize
    wrong = {
        "Those are numbers; how many bytes has each?": rows * features,
        "Those are bits.": 8 * rows * features * each,
        "Look at the kind of number.": rows * features * (6 - each),
        "The features of every version are kept.": pictures * features * each,
        "What is kept does not grow with the passes.": rows * features * each * passes,
        "A picture has many features.": rows * each,
    }
    value(size, rows * features * each, "size", wrong)
    return f"That is {rows * features * each / 1e6:.1f} MB, whatever the size of the network."


def _nudged(arrays: Sequence[np.ndarray], place: int) -> list[np.ndarray]:
    """Copies, one number in the middle of one of them changed as little as a float can be."""
    copies = [each.copy() for each in arrays]
    middle = copies[place].size // 2
    copies[place].flat[middle] = np.nextafter(copies[place].flat[middle], np.float32(np.inf))
    return copies


def _salted(thing: Any) -> int:
    return hash((thing, "another run"))


def _tomorrow(given: Callable) -> Any:
    """Python's own `hash` of texts and bytes differs from one run to the next; have it differ now."""
    names = getattr(given, "__globals__", {})
    return mock.patch.dict(names, {} if "hash" in names else {"hash": _salted})


@question
def key(given: Callable, side: int = 6, seed: int = 0) -> str:
    """`given(weights, images, preparation)` names the features of images by all that they follow from."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape).astype("float32") for shape in ((3, 3, 3, 4), (4,), (4, 4))]
    images = rng.integers(1, 255, (40, side, side, 3)).astype("uint8")
    pixel = images.copy()
    pixel[20, side // 2, side // 2, 1] += 1

    def found(some: Sequence[np.ndarray], pictures: np.ndarray, preparation: str) -> str:
        return call(given, some, pictures, preparation, shown="key(weights, images, preparation)")

    first = found(arrays, images, "mean")
    if not isinstance(first, str) or not first:
        raise Wrong(f"a file's name is a text, and key gave a {type(first).__name__}.")
    again = found([each.copy() for each in arrays], images[::-1].copy()[::-1], "mean")
    if again != first:
        raise Wrong("copies of the same arrays got another key. Does it look at what is in them?")
    with _tomorrow(given):
        if found(arrays, images, "mean") != first:
            raise Wrong(
                "tomorrow Python would give it another key: its hash of bytes holds for one run only."
            )
    changed = {
        "one pixel is another": found(arrays, pixel, "mean"),
        "the pictures come in another order": found(arrays, images[::-1], "mean"),
        "there is one picture fewer": found(arrays, images[:-1], "mean"),
        "the same bytes make pictures of another shape": found(arrays, images.swapaxes(0, 0).reshape(
            40, side // 2, side * 2, 3), "mean"),
        "the pictures are prepared otherwise": found(arrays, images, "unit"),
        "one number of the first weight moved a little": found(_nudged(arrays, 0), images, "mean"),
        "one number of the last weight moved a little": found(_nudged(arrays, -1), images, "mean"),
        "two weights changed places": found([arrays[2], arrays[1], arrays[0]], images, "mean"),
        "a weight was left out": found(arrays[:2], images, "mean"),
    }  # fmt: skip
    for what, other in changed.items():
        if other == first:
            raise Wrong(f"the key stays the same where {what}: a stale file would be read.")
    if len(first) > 200:
        raise Wrong("no file can have so long a name. A hash makes a short one of any number of bytes.")
    return "Labels are no part of it: you may correct one and keep the file."


def _looked_at(images: np.ndarray, seed: int) -> Callable[[Any], np.ndarray]:
    """A body that stands for a network: from pictures to a few features each."""
    kernel = np.random.default_rng(seed).normal(size=(images[0].size, 5))

    def extract(pictures: Any) -> np.ndarray:
        rows = as_array(pictures)
        return np.tanh(rows.reshape(len(rows), -1) @ kernel / 8)

    return extract


def _shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    return np.roll(images, (down, right), axis=(1, 2))


SHIFTS = ((2, 0), (-1, 0), (0, 1))


@question
def versions(
    given: Callable, shifts: Sequence[tuple[int, int]] = SHIFTS, count: int = 4, seed: int = 0
) -> str:
    """`given(extract, images, labels, shifts)` are features and labels of the pictures and shifted ones."""
    rng = np.random.default_rng(seed)
    images, labels = rng.uniform(size=(count, 7, 6, 1)), rng.permutation(count) + 3
    extract = _looked_at(images, seed)
    shown = "more(extract, images, labels, shifts)"
    got = call(given, extract, images.copy(), labels.copy(), list(shifts), shown=shown)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong("two things are asked for, features and labels.")

    def of(change: Callable[..., np.ndarray], start: Sequence[np.ndarray] = (images,)) -> np.ndarray:
        return np.concatenate([extract(x) for x in (*start, *(change(images, *by) for by in shifts))])

    sums = np.cumsum(shifts, axis=0)
    plain = extract(images)
    wrong = {
        "The pictures as they are belong to it, too.": of(_shifted, ()),
        "A shift is first down, then to the right.": of(lambda x, down, right: _shifted(x, right, down)),
        "Down is where rows have higher numbers; all went the other way.": of(
            lambda x, down, right: _shifted(x, -down, -right)
        ),
        "The first axis counts pictures: leave it alone.": of(
            lambda x, down, right: np.roll(x, (down, right), axis=(0, 1))
        ),
        "Shift each version from the picture as it is, not from the last version.": np.concatenate(
            [plain, *(extract(_shifted(images, *by)) for by in sums)]
        ),
        "Shift the pictures; what the body makes of them is for the body to say.": np.concatenate(
            [plain, *(np.roll(plain, down, axis=0) for down, _ in shifts)]
        ),
        "Those are all the same: were the pictures shifted?": of(lambda x, *_: x),
        "Those are the features of the pictures alone.": plain,
        "Keep the versions one after the other: all pictures, then all of them shifted.": of(_shifted)
        .reshape(len(shifts) + 1, count, -1)
        .swapaxes(0, 1)
        .reshape(-1, plain.shape[1]),
    }
    value(got[0], of(_shifted), "the features", wrong, tolerance=1e-4)
    wrong = {
        "Those are not in the order of the features: which picture is in which row?": np.repeat(
            labels, len(shifts) + 1
        ),
        "Each version has a label, too.": labels,
    }
    value(got[1], np.tile(labels, len(shifts) + 1), "the labels", wrong)
    return "It takes as many times the space, once, and works like a larger set."


WAYS = ("pixels", "trained features", "random features")
OF_EACH, TO_TEST = 20, 30


def _drawn(split: Split, of_each: int, rng: np.random.Generator) -> Split:
    """As many pictures of each of ten classes, in colour."""
    chosen = [rng.permutation(np.flatnonzero(split.y == label))[:of_each] for label in range(10)]
    places = np.concatenate(chosen)
    return as_colour(Split(split.x[places], split.y[places]))


def _linear_error(rows: np.ndarray, labels: np.ndarray) -> float:
    """Test error of a linear classifier that least squares, held small, fits to the first rows."""
    learn = OF_EACH * 10
    mean, spread = rows[:learn].mean(axis=0), rows[:learn].std(axis=0)
    rows = (rows - mean) / np.where(spread > 0, spread, 1)
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    known, asked = rows[:learn], rows[learn:]
    alike = known @ known.T + 0.1 * rows.shape[1] * np.eye(learn)
    answers = asked @ known.T @ np.linalg.solve(alike, np.eye(10)[labels[:learn]])
    return float((answers.argmax(axis=1) != labels[learn:]).mean())


@functools.cache
def _pictures(name: str) -> data.DataSet[Split]:
    return data.load(name)


def looks() -> dict[str, list[np.ndarray]]:
    """Some pictures of both tasks."""
    names = {"shapes": "shapes", "digits": "mnist"}
    return {task: list(_pictures(name).train.x[:6]) for task, name in names.items()}


@measurement
def _errors(seed: int) -> dict[str, dict[str, float]]:
    """By set of pictures, the test error of a linear classifier on each of three kinds of numbers."""
    trained = weights.load("resnet20_cifar10")
    keras.utils.set_random_seed(seed)
    untrained = models.ResNetCIFAR(20, width=1 / 2)
    bodies = dict(zip(WAYS[1:], map(transfer.feature_extractor, (trained.model, untrained)), strict=True))
    found = {}
    for name in ("shapes", "mnist"):
        rng = np.random.default_rng(seed)
        images = _pictures(name)
        parts = _drawn(images.train, OF_EACH, rng), _drawn(images.test, TO_TEST, rng)
        x, y = (np.concatenate([getattr(part, which) for part in parts]) for which in ("x", "y"))
        rows = {way: transfer.features(body, x, trained.pixels) for way, body in bodies.items()}
        rows["pixels"] = x.reshape(len(x), -1) / 255
        found[name] = {way: _linear_error(rows[way].astype("float64"), y) for way in WAYS}
    return found


@question
def few_pictures(best_on_shapes: str, worst_on_digits: str, seed: int = 0) -> str:
    """What a linear classifier does best with on shapes, and worst on digits, held against a measurement."""
    given = {"best_on_shapes": best_on_shapes, "worst_on_digits": worst_on_digits}
    for name, word in given.items():
        one_of(word, WAYS, name)
    errors = _errors(seed)
    if best_on_shapes != min(WAYS, key=errors["shapes"].__getitem__):
        raise Wrong(
            "best_on_shapes: the measurement says otherwise. A shape may be anywhere, in any colour. Which "
            "of the three has learned to see through that?"
        )
    if worst_on_digits != max(WAYS, key=errors["mnist"].__getitem__):
        raise Wrong(
            "worst_on_digits: the measurement says otherwise. Digits stand in the middle, white on black. "
            "Who has learned nothing yet throws something away?"
        )
    said = "; ".join(
        f"{name}: " + ", ".join(f"{way} {error:.0%}" for way, error in errors[which].items())
        for name, which in (("shapes", "shapes"), ("digits", "mnist"))
    )
    return f"Test errors. {said}."
