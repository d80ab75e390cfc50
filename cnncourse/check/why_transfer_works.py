"""Checks of the exercises on why transfer works."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Mapping

import keras
import numpy as np
from keras import layers, ops

from cnncourse.check import Wrong, call, draw, measurement, predicted, question, value
from cnnlib import data, models
from cnnlib.transfer import freeze, pretrained_layers
from cnnlib.transfer.freezing import is_weight_layer

WINDOW, COLOURS = 3 * 3, 3


def my_chain(student: str) -> tuple[list[int], int, int]:
    """A student's own chain: the maps of its convolutions, the classes, and how many layers are frozen."""
    wide, classes, n = draw(
        student, "chain", list(itertools.product((4, 6, 10, 12), (3, 4, 6, 7, 9), (2, 3, 4, 5)))
    )
    return [wide] * 3 + [2 * wide] * 2 + [4 * wide] * 2, classes, n


@functools.cache
def _learned(wide: int, classes: int, n: int) -> int:
    """Parameters of the plain network of eight layers that are not frozen with its first n layers."""
    model = models.ResNetCIFAR(8, residual=False, width=wide / 16, classes=classes)
    frozen = freeze(model, pretrained_layers(model)[n - 1].name)
    return frozen.params - frozen.frozen_params


@question
def still_learned(given: int, student: str) -> str:
    """The parameters that training changes in a student's own chain, its first n layers frozen."""
    maps, classes, n = my_chain(student)
    seen = [COLOURS, *maps[:-1]]
    kernels = [WINDOW * a * b for a, b in zip(seen, maps, strict=True)]
    right, later, output = _learned(maps[0], classes, n), sum(maps[n:]), (maps[-1] + 1) * classes
    everything = _learned(maps[0], classes, 1) + kernels[0] + 2 * maps[0]
    wrong = {}
    wrong["Those are the parameters that were copied; the others are asked for."] = everything - right
    wrong["Those are all parameters; the frozen ones stay as they are."] = everything
    wrong["Each normalisation learns as well."] = right - 2 * later
    wrong["A normalisation's running averages are counted, not learned."] = right + 2 * later
    wrong["A normalisation learns two numbers for each map, a factor and a shift."] = right - later
    wrong["These convolutions have no biases."] = right + later
    wrong["The units of the output layer have biases."] = right - classes
    wrong["The output layer learns as well."] = right - output
    wrong["Where does learning start? One layer too few is frozen."] = (
        right + kernels[n - 1] + 2 * maps[n - 1]
    )
    wrong["Where does learning start? One layer too many is frozen."] = right - kernels[n] - 2 * maps[n]
    wrong["A kernel has height and width."] = sum(kernels[n:]) // 3 + 2 * later + output
    wrong["A kernel looks at the maps of the layer before, which may be fewer than its own."] = (
        sum(WINDOW * b * b for b in maps[n:]) + 2 * later + output
    )
    value(given, right, "the number of parameters", wrong)
    return f"The first {n} of eight layers hold {everything - right:,} of {everything:,} parameters."


def _chain(classes: int, random: np.random.Generator) -> keras.Model:
    """A narrow network of eight layers with weights that no other has."""
    model = models.ResNetCIFAR(8, residual=False, width=1 / 8, classes=classes, input_shape=(8, 8, 3))
    for weight in model.weights:
        weight.assign(random.uniform(0.5, 1.5, size=weight.shape).astype("float32"))
    return model


def _values(model: keras.Model) -> list[list[np.ndarray]]:
    """What each layer with weights has, one after the other."""
    return [layer.get_weights() for layer in model.layers if layer.weights]


def _equal(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(a.shape == b.shape and np.allclose(a, b) for a, b in zip(one, other, strict=True))


def _norms(model: keras.Model) -> tuple[list[bool], list[int]]:
    """Of each layer with weights: whether it is a normalisation, and the number of its weight layer."""
    found = [not is_weight_layer(layer) for layer in model.layers if layer.weights]
    return found, list(itertools.accumulate(not norm for norm in found))


@question
def surgery(given: Callable, n: int = 3, seed: int = 0) -> str:
    """`given(source, new, n)` copies and freezes the first n weight layers, with their normalisation."""
    random = np.random.default_rng(seed)
    source, new = _chain(3, random), _chain(5, random)
    theirs, mine = _values(source), _values(new)
    got = call(given, source, new, n, shown=f"surgery(source, new, {n})")
    if got is not new:
        raise Wrong("the function should change `new` itself and return it, and this is something else.")
    if not all(map(_equal, _values(source), theirs)):
        raise Wrong("the weights of `source` have changed. The copy goes from source to new.")
    norm, number = _norms(new)
    now = _values(new)
    copied = [_equal(a, b) for a, b in zip(now, theirs, strict=True)]
    kept = [_equal(a, b) for a, b in zip(now, mine, strict=True)]
    frozen = [not layer.trainable_variables for layer in new.layers if layer.weights]
    _refuse_copies(copied, kept, norm, number, n)
    _refuse_freezing(frozen, norm, number, n)
    new(np.ones((2, 8, 8, 3), "float32"), training=True)
    if not all(_equal(a, b) for a, b, k in zip(_values(new), theirs, number, strict=True) if k <= n):
        raise Wrong(
            "in training the averages of a frozen normalisation still move: freeze the layer, not only its "
            "trainable weights."
        )
    return "Frozen maps stay exactly as they were, normalisation included."


def _refuse_copies(copied: list[bool], kept: list[bool], norm: list[bool], number: list[int], n: int) -> None:
    """Say which weights did not arrive, or should not have."""
    if all(kept):
        raise Wrong("nothing of `source` has arrived in `new`.")
    arrived = sum(here and not other for here, other in zip(copied, norm, strict=True))
    if arrived != n:
        raise Wrong(
            f"the weights of {arrived} weight layers have arrived instead of {n}. A normalisation, a "
            "rectifier and a padding are not counted."
        )
    for here, mine, other, k in zip(copied, kept, norm, number, strict=True):
        if k <= n and not here:
            part = "a normalisation" if other else "one of the first layers"
            raise Wrong(f"{part} did not get what source has; all its weights belong to the copy.")
        if k > n and not mine:
            part = "A normalisation goes with the convolution before it." if other else ""
            raise Wrong(f"a layer behind the first {n} has not kept its own weights. {part}".strip())


def _refuse_freezing(frozen: list[bool], norm: list[bool], number: list[int], n: int) -> None:
    """Say what should be frozen, or should not."""
    if not any(frozen):
        raise Wrong("the weights have arrived, but nothing is frozen.")
    if all(frozen):
        raise Wrong("everything is frozen; the layers behind the copied ones should learn.")
    for here, other, k in zip(frozen, norm, number, strict=True):
        if here != (k <= n):
            part = f"{'a normalisation' if other else 'a weight layer'} {'behind' if here else 'among'}"
            raise Wrong(
                f"{part} the first {n} layers {'is frozen' if here else 'still learns'}. Freeze what was "
                "copied, and that alone."
            )


def _missed(known: np.ndarray, other: np.ndarray, fit: slice, ask: slice) -> np.ndarray:
    """What the best weighted sums of one part of the rows miss on another."""
    sums = np.linalg.lstsq(known[fit], other[fit], rcond=None)[0]
    return other[ask] - known[ask] @ sums


def _with_constant(maps: np.ndarray) -> np.ndarray:
    return np.column_stack([maps, np.ones(len(maps))])


def _unexplained(one: np.ndarray, other: np.ndarray) -> float:
    half = len(one) // 2
    fit, ask = slice(half), slice(half, None)
    missed = _missed(_with_constant(one), other, fit, ask)
    return float((missed**2).sum() / ((other[ask] - other[fit].mean(axis=0)) ** 2).sum())


def _two_networks(
    places: int, maps: tuple[int, int], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Maps of two networks that share a part of what they see."""
    one = random.normal(size=(places, maps[0])) + random.normal(size=maps[0])
    noise = random.normal(size=(places, maps[1])) * random.uniform(0.5, 2, size=maps[1])
    return one, one @ random.normal(size=maps) + noise + 2


def _mistakes(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    half, known = len(one) // 2, _with_constant(one)
    fit, ask, every = slice(half), slice(half, None), slice(None)
    missed, right = _missed(known, other, fit, ask), _unexplained(one, other)
    from_mean = other[ask] - other[fit].mean(axis=0)
    shares = (missed**2).sum(axis=0) / (from_mean**2).sum(axis=0)
    learned = other[fit] - other[fit].mean(axis=0)
    centred = other - other.mean(axis=0)
    bare = _missed(one, other, fit, ask)
    wrong = {}
    wrong["That is the share that is explained."] = 1 - right
    wrong["Ask the second half: of the rows it was fitted on a fit knows too much."] = (
        _missed(known, other, fit, fit) ** 2
    ).sum() / (learned**2).sum()
    wrong["Fit on the first half alone, and ask on the second."] = (
        _missed(known, other, every, every) ** 2
    ).sum() / (centred**2).sum()
    wrong["The fit has no constant."] = (bare**2).sum() / (from_mean**2).sum()
    wrong["One should explain other, not the other way round."] = _unexplained(other, one)
    wrong["All maps together: add up the squares before you divide."] = float(shares.mean())
    wrong["Divide by what the mean misses: it has to be taken off first."] = (missed**2).sum() / (
        other[ask] ** 2
    ).sum()
    wrong["The squares are asked for, not what is missed itself."] = float(
        np.sqrt((missed**2).sum() / (from_mean**2).sum())
    )
    return wrong


@question
def unexplained(given: Callable, places: int = 60, maps: tuple[int, int] = (4, 6), seed: int = 0) -> str:
    """`given(one, other)` is the share of the other's maps that one's maps leave unexplained."""
    random = np.random.default_rng(seed)
    one, other = _two_networks(places, maps, random)
    got = call(given, one.copy(), other.copy(), shown="unexplained(one, other)")
    value(got, _unexplained(one, other), "the share", _mistakes(one, other), tolerance=2e-3)
    turned = one[:, random.permutation(maps[0])]
    got = call(given, one.copy(), turned, shown="unexplained(one, the same maps in another order)")
    value(got, 0.0, "the share of the same maps in another order", tolerance=2e-3)
    return "It forgives another order of the maps, and even a mixture of them."


def _moved(maps: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.roll(maps, 1, axis=0)


CHANGES: dict[str, tuple[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]]] = {
    "reordered": ("the maps come in another order", lambda x, random: x[:, random.permutation(x.shape[1])]),
    "scaled": (
        "each map is multiplied by a positive number of its own",
        lambda x, random: x * random.uniform(0.2, 5, size=x.shape[1]),
    ),
    "negated": ("each value changes its sign", lambda x, random: -x),
    "raised": (
        "to each map a constant of its own is added",
        lambda x, random: x + random.normal(size=x.shape[1]),
    ),
    "mixed": (
        "each map becomes a weighted sum of all, and one could solve for the old ones",
        lambda x, random: x @ np.linalg.qr(random.normal(size=(x.shape[1], x.shape[1])))[0],
    ),
    "doubled": ("each map is there twice", lambda x, random: np.concatenate([x, x], axis=1)),
    "thinned": ("every second map is left out", lambda x, random: x[:, ::2]),
    "averaged": ("all maps are replaced by their mean", lambda x, random: x.mean(axis=1, keepdims=True)),
    "squared": ("each value is squared", lambda x, random: x**2),
    "rectified": ("values below zero become zero", lambda x, random: np.maximum(x, 0)),
    "shifted": ("each map is moved by one pixel to the right", _moved),
    "noisy": ("noise is added to each value", lambda x, random: x + random.normal(size=x.shape)),
}
_SHOWN = 6


def my_changes(student: str) -> dict[str, str]:
    """A student's own changes to the maps of a network, by name."""
    names = draw(student, "changes", list(itertools.combinations(CHANGES, _SHOWN))[100:-100])
    return {name: CHANGES[name][0] for name in names}


@functools.cache
def _shares(seed: int = 0) -> dict[str, float]:
    """The share left unexplained after each change; under the name "" that without any."""
    random = np.random.default_rng(seed)
    one = random.normal(size=(2000, 8))
    other = one @ random.normal(size=(8, 6)) + 2 * random.normal(size=(2000, 6))
    changed = {name: change(one, random) for name, (_, change) in CHANGES.items()}
    return {name: _unexplained(maps, other) for name, maps in {"": one, **changed}.items()}


@question
def forgiven(given: Collection[str], student: str) -> str:
    """The names of the changes that leave the share unexplained as it was, held against a measurement."""
    shown, share = my_changes(student), _shares()
    if given is None or given is Ellipsis:
        raise Wrong("there is no answer yet.")
    if not isinstance(given, set | frozenset | list | tuple):
        raise Wrong(f"a set of names is asked for, and this is {given!r:.60}.")
    answer = list(given)
    unknown = [name for name in answer if not isinstance(name, str) or name not in shown]
    if unknown:
        raise Wrong(f"{unknown[0]!r:.60} is none of your changes: {', '.join(shown)}.")
    right = {name for name in shown if abs(share[name] - share[""]) < 0.01}
    if bad := sorted(set(answer) - right):
        raise Wrong(
            f"'{bad[0]}' does change the share, from {share['']:.0%} to {share[bad[0]]:.0%}. Could a "
            "weighted sum at each place take it back?"
        )
    if missing := len(right - set(answer)):
        raise Wrong(
            f"what you name is right, but {missing} more of yours can be taken back by other weights or "
            "another constant."
        )
    return f"The share stays at {share['']:.0%}, whatever the order, the scale or the mixture."


Errors = Mapping[str, float]


def my_errors(student: str) -> dict[str, float]:
    """A student's own test errors of the uncut network and the four kinds of copies."""
    base, cut, other, back, more = draw(
        student,
        "errors",
        list(itertools.product((0.22, 0.26, 0.31), (0.01, 0.03), (0.04, 0.06, 0.09), (0.08, 0.12), (0.02,))),
    )
    found = {"base": base, "BnB": base + cut, "AnB": base + cut + other, "BnB+": base - more}
    found["AnB+"] = found["AnB"] - back
    return {name: round(error, 3) for name, error in found.items()}


def _apart(errors: Errors) -> list[float]:
    pairs = (("BnB", "base"), ("AnB", "BnB"), ("AnB+", "AnB"), ("AnB+", "BnB+"))
    return [100 * (errors[one] - errors[other]) for one, other in pairs]


_ADVICE = (
    "The first asks what the surgery costs without any change of task.",
    "The second is what comes on top: hold the transfer against the control that underwent the same surgery.",
    "The third keeps the source of the copy as it is, and changes only whether it moves.",
    "The fourth compares two that learn on for equally long. The uncut network has had less training.",
)


@question
def apart(given: Callable, example: Errors, seed: int = 0) -> str:
    """`given(errors)` is the list of four differences of error, in points."""
    random = np.random.default_rng(seed)
    other = {name: float(random.uniform(0.1, 0.5)) for name in example}
    for errors in (dict(example), other):
        right = _apart(errors)
        got = call(given, dict(errors))
        if isinstance(got, np.ndarray):
            got = got.tolist()
        wrong = {
            "A point is a hundredth of the whole.": [each / 100 for each in right],
            "An error that has grown is positive: look at the signs.": [-each for each in right],
        }
        try:
            value(got, right, "the list", wrong, tolerance=1e-4)
        except Wrong as problem:
            raise Wrong(_explained(str(problem), got, right)) from problem
    return "Without BnB nobody could tell a bad cut from foreign features."


def _explained(problem: str, got: object, right: list[float]) -> str:
    """A message with advice on the first of the differences that is off, where there is no other hint."""
    if not isinstance(got, list | tuple) or "point" in problem or "signs" in problem:
        return problem
    for advice, place in zip(_ADVICE, range(len(right)), strict=True):
        if problem.startswith(f"the list at [{place}]"):
            return f"{problem} {advice}"
    return problem


Reordered = tuple[np.ndarray, list[np.ndarray], np.ndarray]


def _by(
    first: np.ndarray, norm: list[np.ndarray], second: np.ndarray, orders: tuple[np.ndarray, ...]
) -> Reordered:
    """The three layers with their maps, and where the next layer looks for them, in given orders."""
    a, b, c = orders
    return first[..., a], [each[b] for each in norm], second[:, :, c]


@question
def reordered(given: Callable, maps: tuple[int, int, int] = (3, 6, 6), seed: int = 0) -> str:
    """`given(first, norm, second, order)` reorders filters so that the layers compute what they did."""
    random = np.random.default_rng(seed)
    before, inner, after = maps
    first, second = random.normal(size=(3, 3, before, inner)), random.normal(size=(3, 3, inner, after))
    norm = list(random.uniform(0.5, 1.5, size=(4, inner)))
    order, stay = np.roll(random.permutation(inner), 1), np.arange(inner)
    while (order[order] == stay).all() or (order == stay).all():
        order = random.permutation(inner)
    back = np.argsort(order)
    turn = functools.partial(_by, first, norm, second)
    wrong: dict[str, object] = {}
    wrong["Everything is in its old place."] = turn((stay, stay, stay))
    wrong["Filter order[k] should come to place k, not the other way round."] = turn((back, back, back))
    wrong["The next convolution still looks for the maps at their old places."] = turn((order, order, stay))
    wrong["The normalisation has a value for each map, too."] = turn((order, stay, order))
    wrong["The filters have moved, and nobody behind them was told."] = turn((order, stay, stay))
    wrong["The next layer should find each map where it now is, not where it was: one order for all."] = turn(
        (order, order, back)
    )
    if inner == after:
        wrong[
            "The maps that the second convolution makes keep their order; what it takes in has a new one."
        ] = (
            first[..., order],
            [each[order] for each in norm],
            second[..., order],
        )
    copies = first.copy(), [each.copy() for each in norm], second.copy(), order.copy()
    got = call(given, *copies, shown="reordered(first, norm, second, order)")
    if not isinstance(got, list | tuple) or len(got) != 3:
        raise Wrong("three things are asked for: the first kernel, the list of four, the second kernel.")
    value(got, turn((order, order, order)), "the result", wrong, tolerance=1e-5)
    return "Each filter is worth only what the next layer makes of it."


HALF = 5  # digits of one task
SOURCE_IMAGES, SOURCE_EPOCHS, SOURCE_RATE = 1500, 5, 0.005
IMAGES, EPOCHS, RATE = 400, 6, 0.01


def _half(split: data.Split, first: int, most: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Images of five digits, from `first` on, and their labels from zero."""
    keep = (split.y >= first) & (split.y < first + HALF)
    return (split.x[keep][:most] / 255).astype("float32"), split.y[keep][:most] - first


def _small() -> keras.Model:
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for maps in (8, 16, 16, 16):
        model.add(
            layers.Conv2D(maps, 3, 2, padding="same", activation="relu", kernel_initializer="he_normal")
        )
    model.add(layers.Flatten())
    model.add(layers.Dense(HALF, activation="softmax"))
    return model


def _train(model: keras.Model, images: tuple[np.ndarray, np.ndarray], epochs: int, rate: float) -> None:
    x, y = images
    outputs = len(model.outputs)
    model.compile(keras.optimizers.Adam(rate), ["sparse_categorical_crossentropy"] * outputs)
    model.fit(x, [y] * outputs, batch_size=64, epochs=epochs, verbose=0)


def _frozen(source: keras.Model, n: int, learned: bool) -> keras.Model:
    """A new network whose first n layers are frozen: copied ones, or random ones."""
    model = _small()
    for theirs, ours in list(zip(source.layers, model.layers, strict=True))[:n]:
        if learned:
            ours.set_weights(theirs.get_weights())
        ours.trainable = False
    return model


@measurement
def _won_by_copying(seed: int) -> dict[str, float]:
    """How much smaller the error on five digits is if the frozen layers learned five others."""
    digits = data.load("mnist")
    keras.utils.set_random_seed(seed)
    source = _small()
    _train(source, _half(digits.train, 0, SOURCE_IMAGES), SOURCE_EPOCHS, SOURCE_RATE)
    kinds = [(n, learned) for n in (1, 4) for learned in (True, False)]
    networks = [_frozen(source, n, learned) for n, learned in kinds]
    # Side by side they take one compilation, not four; they share nothing but their images.
    image = keras.Input((28, 28, 1))
    together = keras.Model(image, [network(image) for network in networks])
    _train(together, _half(digits.train, HALF, IMAGES), EPOCHS, RATE)
    x, y = _half(digits.test, HALF)
    answers = [ops.convert_to_numpy(output).argmax(axis=1) for output in together(x, training=False)]
    error = {kind: float((answer != y).mean()) for kind, answer in zip(kinds, answers, strict=True)}
    return {
        name: error[n, False] - error[n, True]
        for name, n in {"the first frozen": 1, "all four frozen": 4}.items()
    }


@question
def learned_or_random(prediction: str, seed: int = 0) -> str:
    """The prediction of where copied layers win more over random ones, held against a measurement."""
    won = predicted(
        prediction,
        ("the first frozen", "all four frozen"),
        lambda: _won_by_copying(seed),
        0.02,
        "What can the layers that still learn make up for, and how many of them are there?",
    )
    said = " and ".join(f"{100 * points:+.1f} points with {name}" for name, points in won.items())
    return f"Copying instead of chance won {said}."
