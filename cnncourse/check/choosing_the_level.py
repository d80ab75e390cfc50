"""Checks of the exercises on choosing the level of transfer."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from numbers import Real

import keras
import numpy as np
from keras import layers

from cnnbook.scenarios import advise
from cnncourse.check import Wrong, call, draw, function, measurement, question, value
from cnnlib import data, evaluation, transfer

Errors = Mapping[int, float]
Trial = Mapping[str, float | int | str]

ASKED = (
    (200, "different", 10_000),
    (50_000, "similar", 10_000),
    (200, "similar", 10_000),
    (50_000, "different", 10_000),
    (300, "different", 250),
    (2000, "similar", 2000),
)


def _shares(images: int, similarity: str, large: int) -> tuple[float, float]:
    return advise(images, similarity, large=large).shares


def _by_table(images: int, similarity: str, large: int) -> tuple[float, float]:
    """The chapter's table, which fine-tunes everything wherever there are many images."""
    return (0.0, 0.0) if images >= large else _shares(images, similarity, large)


def _other(similarity: str) -> str:
    return "different" if similarity == "similar" else "similar"


@question
def advice(given: Callable, asked: Iterable[tuple[int, str, int]] = ASKED) -> str:
    """`given(images, similarity, large)` are the least and most share to freeze, by the chapter's text."""
    wrong: dict[str, Callable] = {}
    wrong["So says the chapter's table; its text says something else."] = _by_table
    wrong["As many images as the border count as large."] = lambda n, s, large: _shares(
        n, s, large + 1 if n == large else large
    )
    wrong["Your border stays where it is, whatever `large` says."] = lambda n, s, large: _shares(n, s, 10_000)
    wrong["That is for images of the other kind of similarity."] = lambda n, s, large: _shares(
        n, _other(s), large
    )
    wrong["Is that for few images, or for many?"] = lambda n, s, large: _shares(
        large - 1 if n >= large else large, s, large
    )
    wrong["That is for the opposite in both factors."] = lambda n, s, large: _shares(
        large - 1 if n >= large else large, _other(s), large
    )
    wrong["That is the share that learns."] = lambda n, s, large: tuple(
        1 - share for share in reversed(_shares(n, s, large))
    )
    wrong["The least comes first."] = lambda n, s, large: _shares(n, s, large)[::-1]
    wrong["Shares go from nothing to one, not to a hundred."] = lambda n, s, large: tuple(
        100 * share for share in _shares(n, s, large)
    )
    function(given, _shares, asked, wrong, tolerance=5e-3)  # 0.33 is a third
    return "Rules of thumb. Whether they win is for a measurement to say."


def my_network(student: str) -> tuple[list[int], float]:
    """A student's own convolutions, by their channels, and share of the layers to freeze."""
    choices = [
        ([first * 2 ** (place // 2) for place in range(depth)], share)
        for depth in (7, 9, 10, 11)
        for first in (6, 8, 10, 12, 14)
        for share in (0.5, 0.6, 0.7, 0.8)
    ]
    return draw(student, "network", choices)


def _kept(channels: Sequence[int], share: float) -> tuple[list[int], int]:
    """The parameters of each convolution of three by three, and how many of them a share freezes."""
    network = keras.Sequential([keras.Input((8, 8, 3))])
    for number in channels:
        network.add(layers.Conv2D(number, 3, padding="same"))
    network.add(layers.GlobalAveragePooling2D())
    network.add(layers.Dense(5))
    return [layer.count_params() for layer in network.layers[:-2]], transfer.how_many(network, share)


@question
def kept(given: int, parameters: int, student: str) -> str:
    """How many layers a share freezes in a student's own network, and how many parameters these have."""
    channels, share = my_network(student)
    each, count = _kept(channels, share)
    exact = share * len(channels)
    wrong: dict[str, float] = {
        "Half a layer cannot be frozen.": exact,
        "The nearest number, and of two that are as near the lower.": math.floor(exact)
        if count > exact
        else math.ceil(exact),
        "The classifier is not counted.": math.ceil(share * (len(channels) + 1) - 0.5),
        "Those are the layers that learn.": len(channels) - count,
    }
    value(given, count, "layers_kept", wrong)
    right, total = sum(each[:count]), sum(each)
    wrong = {
        "Those learn; the first layers are the ones to freeze.": total - right,
        "The first layers are frozen, not the last.": sum(each[-count:]),
        "A share of the layers is not that share of the parameters.": round(share * total),
        "Each channel has a bias as well.": right - sum(channels[:count]),
        "That is one layer fewer.": sum(each[: count - 1]),
        "That is one layer more.": sum(each[: count + 1]),
        "How many colours has the image?": right - 18 * channels[0],
        "A kernel goes through all channels of the layer before.": sum(10 * n for n in channels[:count]),
    }
    value(parameters, right, "kept", wrong)
    return f"{count / len(channels):.0%} of the layers, and {right / total:.0%} of their parameters."


@question
def distance(given: Callable, channels: int = 4, seed: int = 0) -> str:
    """`given(x, mean, variance)` is how far channels of new images are from the source, in its deviations."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.5, 3, size=channels)
    x = (rng.normal(size=(6, 5, 4, channels)) * size + rng.normal(size=channels)).astype("float32")
    mean, variance = (
        each.astype("float32") for each in (rng.normal(size=channels), rng.uniform(0.3, 4, channels))
    )
    m, s = x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))
    old = np.sqrt(variance)
    each = np.hypot(m - mean, s - old) / old
    of_images = x.mean(axis=(1, 2))
    off, wider = np.abs(m - mean), np.abs(s - old)
    wrong = {
        "That is for each channel; take their mean.": each,
        "Deviations are asked for: the layer remembers variances.": np.mean(
            np.hypot(off, s - variance) / variance
        ),
        "The target's, too, has to be a deviation, not a variance.": np.mean(np.hypot(off, s**2 - old) / old),
        "The unit is the source's deviation, not the target's.": np.mean(np.hypot(off, wider) / s),
        "In which unit? Something is divided by.": np.mean(np.hypot(off, wider)),
        "The means differ, and so may the deviations.": np.mean(off / old),
        "The deviations differ, and so may the means.": np.mean(wider / old),
        "The mean over the channels is asked for, not the sum.": np.sum(each),
        "A root is missing.": np.mean((off**2 + wider**2) / old),
        "Squares are added; these are differences as they are.": np.mean((off + wider) / old),
        "A channel has a value at every place, and its deviation is over all of them.": np.mean(
            np.hypot(of_images.mean(axis=0) - mean, of_images.std(axis=0) - old) / old
        ),
        "Each channel has a mean and a deviation of its own.": np.mean(
            np.hypot(x.mean() - mean, x.std() - old) / old
        ),
    }
    got = call(given, x.copy(), mean.copy(), variance.copy(), shown="distance(x, mean, variance)")
    value(got, float(each.mean()), "the distance", wrong, tolerance=1e-4)
    return "It took no labels, and not one image of the source."


def _ahead(ours: Errors, theirs: Errors) -> list[float]:
    return [100 * (theirs[seed] - ours[seed]) for seed in sorted(ours.keys() & theirs.keys())]


def _judged(points: float, half: float) -> tuple[float, str]:
    return points, "better" if points > half else "worse" if points < -half else "open"


def _verdict(ours: Errors, theirs: Errors) -> tuple[float, str]:
    ahead = _ahead(ours, theirs)
    return _judged(float(np.mean(ahead)), evaluation.mean_interval(ahead)[1] - float(np.mean(ahead)))


def _by_place(ours: Errors, theirs: Errors) -> tuple[float, str]:
    pairs = zip(ours.values(), theirs.values(), strict=False)
    return _verdict(*(dict(enumerate(each)) for each in zip(*pairs, strict=True)))


def _apart(ours: Errors, theirs: Errors) -> tuple[float, str]:
    """A verdict by two intervals, one for each, that do not overlap."""
    both = sorted(ours.keys() & theirs.keys())
    (low, high), (least, most) = (
        evaluation.mean_interval([100 * each[seed] for seed in both]) for each in (ours, theirs)
    )
    points = float(np.mean(_ahead(ours, theirs)))
    return points, "better" if high < least else "worse" if low > most else "open"


def _normal(ours: Errors, theirs: Errors) -> tuple[float, str]:
    ahead = _ahead(ours, theirs)
    return _judged(float(np.mean(ahead)), 1.96 * float(np.std(ahead, ddof=1)) / math.sqrt(len(ahead)))


def _of_all(ours: Errors, theirs: Errors) -> tuple[float, str]:
    """With the deviation of the differences as if their mean were known."""
    ahead = _ahead(ours, theirs)
    points, half = float(np.mean(ahead)), evaluation.mean_interval(ahead)[1] - float(np.mean(ahead))
    return _judged(points, half * math.sqrt(1 - 1 / len(ahead)))


def _deviation(ours: Errors, theirs: Errors) -> tuple[float, str]:
    """With the deviation of the differences in place of that of their mean."""
    ahead = _ahead(ours, theirs)
    points, half = float(np.mean(ahead)), evaluation.mean_interval(ahead)[1] - float(np.mean(ahead))
    return _judged(points, half * math.sqrt(len(ahead)))


def _turned(points: float, said: str) -> tuple[float, str]:
    return -points, {"better": "worse", "worse": "better"}.get(said, said)


# Points that one level is ahead of another, by seed.
LEADS = (
    (2.1, 1.8, 2.0, 2.3),
    (-1.5, -2.2, -1.9),
    (4.0, -3.0, 1.0, 0.5),
    (0.5, 3.0, 2.2),
    (-3.1, -0.9, -2.3),
    (1.0, 3.0, 2.2),
    (0.5, 0.6, 0.4),
    (0.5, 0.9, 0.6),  # a deviation would leave it open, and the standard error does not
    (60.0, 61.0, 60.5),  # even the intervals of the two are apart
    (0.3, -0.4, 0.1, -0.2),
)


@question
def verdict(given: Callable, leads: Iterable[Sequence[float]] = LEADS, seed: int = 0) -> str:
    """`given(ours, theirs)` are the points that the first level is ahead, and whether that can be told."""
    rng = np.random.default_rng(seed)
    cases = []
    for lead in leads:
        first, *seeds, last = rng.permutation(20)[: len(lead) + 2].tolist()
        errors = [0.1 + 0.05 * place for place in rng.permutation(len(lead)).tolist()]
        ours = {s: round(error, 4) for s, error in zip(seeds, errors, strict=True)}
        theirs = {s: round(ours[s] + points / 100, 4) for s, points in zip(seeds, lead, strict=True)}
        cases.append(({first: 0.45} | ours, {last: 0.5} | dict(reversed(theirs.items()))))
    wrong = {}
    wrong["A lower error is ahead."] = lambda a, b: _turned(*_verdict(a, b))
    wrong["Points are hundredths."] = lambda a, b: (_verdict(a, b)[0] / 100, _verdict(a, b)[1])
    wrong["Compare within a seed: how hard its draw was should not count."] = _apart
    wrong["Take pairs by their seed, not by their place."] = _by_place
    wrong["The deviation of a few measurements is divided by one fewer than there are."] = _of_all
    wrong["With so few seeds a normal interval is too narrow."] = _normal
    wrong["Not every lead may be chance: is zero inside of its interval?"] = lambda a, b: (
        _verdict(a, b)[0],
        "open",
    )
    wrong["How sure a mean is says its standard error, not the deviation of one measurement."] = _deviation
    wrong["A lead that may be chance is open."] = lambda a, b: _judged(_verdict(a, b)[0], 0)
    wrong["A seed counts that both have; leave the others out."] = lambda a, b: (
        100 * (float(np.mean(list(b.values()))) - float(np.mean(list(a.values())))),
        _verdict(a, b)[1],
    )
    function(given, _verdict, cases, wrong, tolerance=6e-3)  # two digits behind the point will do
    return "Open is a verdict too: more seeds would tell."


def _trials(levels: int, seeds: int, seed: int) -> list[Trial]:
    """Trials as in a record, in no order."""
    rng = np.random.default_rng(seed)
    return [
        {
            "level": f"level {place % levels}",
            "seed": int(place // levels),
            **{f"{part}_error": round(float(rng.uniform(0.1, 0.5)), 3) for part in PARTS},
        }
        for place in rng.permutation(levels * seeds)
    ]


PARTS = ("train", "validation", "test")


def _reported(trials: Sequence[Trial], by: str = "validation", what: str = "test") -> float:
    """Mean error over seeds of the level that does best within each seed."""
    seeds = {trial["seed"] for trial in trials}
    best = [min((t for t in trials if t["seed"] == s), key=lambda t: t[f"{by}_error"]) for s in seeds]
    return float(np.mean([float(trial[f"{what}_error"]) for trial in best]))


def _one_level(trials: Sequence[Trial]) -> float:
    """The same with one level for all seeds, that of the lowest mean."""

    def mean(level: str, what: str) -> float:
        return float(np.mean([float(t[what]) for t in trials if t["level"] == level]))

    names = {str(trial["level"]) for trial in trials}
    return mean(min(names, key=lambda name: mean(name, "validation_error")), "test_error")


def _luckiest(trials: Sequence[Trial]) -> float:
    best = min(trials, key=lambda trial: trial["validation_error"])
    return float(best["test_error"])


@question
def reported(given: Callable, levels: int = 3, seeds: int = 4, seed: int = 0) -> str:
    """`given(trials)` is the mean test error of whoever chooses the level on validation images."""
    wrong: dict[str, Callable] = {}
    wrong["That peeks: the level was chosen on test images."] = functools.partial(_reported, by="test")
    wrong["On training images whoever learns by heart wins."] = functools.partial(_reported, by="train")
    wrong["A choice flatters the images that it was made on; report the others."] = functools.partial(
        _reported, what="validation"
    )
    wrong["Each seed makes a choice of its own, with what it has measured."] = _one_level
    wrong["All seeds count, not the luckiest alone."] = _luckiest
    wrong["Nothing was chosen: that is the mean over all levels."] = lambda trials: float(
        np.mean([trial["test_error"] for trial in trials])
    )
    wrong["The mean over the seeds is asked for."] = lambda trials: _reported(trials) * seeds
    cases = [([dict(trial) for trial in _trials(levels, seeds, seed + number)],) for number in range(3)]
    function(given, _reported, cases, wrong, tolerance=1e-6)
    return "Each seed looked at its test images once."


# Each step as it should be, and with a leak; then what to say where the leak was not seen.
STEPS = (
    (
        "Each photograph is put among the training, validation or test images, its mirrored copy with it.",
        "All photographs are mirrored; photographs and copies are then shuffled, and divided into training, "
        "validation and test images.",
        "Could a network meet nearly the same picture twice, in two roles?",
    ),
    (
        "Features are brought to mean zero and deviation one by the training images.",
        "Features are brought to mean zero and deviation one by all images, so that all are treated alike.",
        "Something may be measured on images before anything learns.",
    ),
    (
        "Three rates are tried, and the one with the lowest error on validation images is kept.",
        "Three rates are tried, and the one with the lowest error on test images is kept.",
        "Look at each choice once more, and at the images it is made on.",
    ),
    (
        "The weights are kept from the pass with the lowest error on validation images.",
        "The weights are kept from the pass with the lowest error on test images.",
        "Look at each choice once more, and at the images it is made on.",
    ),
    (
        "Every level is trained, and the one with the lowest error on validation images is chosen.",
        "Every level is trained, and the one with the lowest error on test images is chosen.",
        "Look at each choice once more, and at the images it is made on.",
    ),
    (
        "All of it is done with five seeds, and the mean of their test errors is reported.",
        "All of it is done with five seeds, and the lowest of their test errors is reported.",
        "Is what is reported a choice, too?",
    ),
)


def _my_leaks(student: str) -> tuple[int, ...]:
    places = range(1, len(STEPS) + 1)
    return draw(student, "leaks", [*combinations(places, 2), *combinations(places, 3)])


def my_procedure(student: str) -> str:
    """A student's own procedure, a step a line; some steps leak."""
    leaks = _my_leaks(student)
    return "\n".join(f"{n}. {step[n in leaks]}" for n, step in enumerate(STEPS, start=1))


def _is_step(number: object) -> bool:
    real = isinstance(number, Real) and not isinstance(number, bool)
    return real and number in range(1, len(STEPS) + 1)


@question
def leaks(given: Iterable[int], student: str) -> str:
    """The numbers of the steps by which something of the test images gets into the result."""
    listed = isinstance(given, Sequence | set | frozenset) or (
        isinstance(given, np.ndarray) and given.ndim == 1
    )
    if not listed or isinstance(given, str):
        raise Wrong("a list of the steps' numbers is asked for, such as [1, 2].")
    numbers = given.tolist() if isinstance(given, np.ndarray) else list(given)
    if any(not _is_step(n) for n in numbers):
        raise Wrong(f"the steps have numbers from 1 to {len(STEPS)}.")
    right, named = set(_my_leaks(student)), {int(n) for n in numbers}
    if not named:
        raise Wrong("something leaks: no step is named yet.")
    if len(named) == len(STEPS):
        raise Wrong("not everything leaks. Which steps never touch a test image?")
    if named - right:
        raise Wrong("a step that you name is clean: the test images decide nothing in it.")
    if right - named:
        raise Wrong(f"a leak is left. {STEPS[min(right - named) - 1][2]}")
    return "Each of these would have made the result look better than it is."


SCENARIOS = ("few, similar", "many, similar", "few, different", "many, different")
WINNERS = ("transferred", "from scratch", "even")
LEARNED, FEW, MANY = 2000, 40, 1500
EVEN = 0.05


@functools.cache
def _digits() -> data.DataSet[data.Split]:
    return data.load("mnist")


def _moved(images: np.ndarray, kind: str) -> np.ndarray:
    """Images as they are, or with all their pixels moved by one fixed order."""
    order = np.random.default_rng(0).permutation(images[0].size)
    return images if kind == "similar" else images.reshape(len(images), -1)[:, order].reshape(images.shape)


def looks() -> dict[str, list[np.ndarray]]:
    """Some images of both tasks."""
    few = _digits().train.x[:6]
    return {kind: list(_moved(few, kind)) for kind in ("similar", "different")}


class _Learner:
    """A small network that learns again and again, its step compiled once."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(16, 5, strides=2, activation="relu"),
                layers.Conv2D(32, 5, strides=2, activation="relu"),
                layers.Flatten(),
                layers.Dense(64, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
        self.body = keras.Model(self.model.inputs, self.model.layers[-2].output)
        optimizer = keras.optimizers.Adam(3e-3)
        self.model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
        optimizer.build(self.model.trainable_variables)
        self.start = self.model.get_weights()
        self.slots = [(v, np.array(keras.ops.convert_to_numpy(v))) for v in optimizer.variables]

    def learn(self, x: np.ndarray, y: np.ndarray, steps: int) -> None:
        """Forget everything, then learn."""
        self.model.set_weights(self.start)
        for variable, first in self.slots:
            variable.assign(first)
        passes = math.ceil(32 * steps / len(x))
        order = np.concatenate([self.rng.permutation(len(x)) for _ in range(passes)])[: 32 * steps]
        self.model.fit(x[order], y[order], batch_size=32, epochs=1, shuffle=False, verbose=0)

    def error(self, x: np.ndarray, y: np.ndarray) -> float:
        return float((evaluation.scores(self.model, x).argmax(axis=1) != y).mean())


def _linear_error(known: np.ndarray, labels: np.ndarray, asked: np.ndarray, right: np.ndarray) -> float:
    """Test error of a linear classifier that least squares, held small, fits to features."""
    mean, spread = known.mean(axis=0), known.std(axis=0)
    rows, others = (
        np.pad((part - mean) / np.where(spread > 0, spread, 1), ((0, 0), (0, 1)), constant_values=1)
        for part in (known.astype("float64"), asked.astype("float64"))
    )
    alike = rows @ rows.T + 0.1 * rows.shape[1] * np.eye(len(rows))
    answers = others @ rows.T @ np.linalg.solve(alike, np.eye(5)[labels])
    return float((answers.argmax(axis=1) != right).mean())


@measurement
def _leads(seed: int) -> dict[str, float]:
    """By how much error frozen features are ahead of the same network from scratch, in each scenario."""
    digits, rng = _digits(), np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    (x, y), (unseen, answers) = (
        ((part.x / 255).astype("float32"), part.y.astype("int64")) for part in (digits.train, digits.test)
    )
    places = rng.permutation(len(x))
    learner = _Learner(rng)
    learner.learn(x[places[:LEARNED]], y[places[:LEARNED]], steps=250)
    chosen = {size: places[LEARNED : LEARNED + count] for size, count in (("few", FEW), ("many", MANY))}
    kinds = ("similar", "different")
    moved = {kind: (_moved(x, kind), _moved(unseen, kind)) for kind in kinds}
    seen = {
        kind: (
            evaluation.scores(learner.body, known[places[LEARNED:]]),
            evaluation.scores(learner.body, asked),
        )
        for kind, (known, asked) in moved.items()
    }
    leads = {}
    for size, steps in (("few", 60), ("many", 150)):
        for kind in kinds:
            some, (known, asked) = chosen[size], moved[kind]
            learner.learn(known[some], y[some] % 5, steps)
            frozen = _linear_error(seen[kind][0][: len(some)], y[some] % 5, seen[kind][1], answers % 5)
            leads[f"{size}, {kind}"] = learner.error(asked, answers % 5) - frozen
    return leads


@question
def winners(given: Mapping[str, str], seed: int = 0) -> str:
    """Who is ahead in each of four scenarios, held against a measurement."""
    if not isinstance(given, Mapping) or set(given) != set(SCENARIOS):
        raise Wrong(f"winners should be a dict with the keys {', '.join(map(repr, SCENARIOS))}.")
    for name, word in given.items():
        if not isinstance(word, str) or word not in WINNERS:
            raise Wrong(f"{name}: say one of {', '.join(map(repr, WINNERS))}, not {word!r}.")
    leads = _leads(seed)
    for name in SCENARIOS:
        lead = leads[name]
        right = "even" if abs(lead) < EVEN else WINNERS[int(lead < 0)]
        if given[name] != right:
            raise Wrong(f"{name}: the measurement says otherwise. {_HINTS[name]}")
    return "Points that frozen features are ahead. " + "; ".join(
        f"{name}: {100 * lead:+.1f}" for name, lead in leads.items()
    )


_HINTS = {
    "few, similar": "Who has seen more digits in all?",
    "many, similar": "Is there still much that so many images cannot teach?",
    "few, different": "The body looks for strokes. Are there any left to find?",
    "many, different": "What is frozen cannot adapt, however many images there are.",
}
