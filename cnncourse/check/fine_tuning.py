"""Checks of the exercises on fine-tuning."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from cnnbook import papers
from cnncourse.check import Wrong, call, draw, function, measurement, predicted, question, value
from cnnlib import data, transfer, two_classes


def chain(count: int) -> keras.Model:
    """Build a small network of `count` convolutions, nearly all normalised, and a classifier."""
    network = keras.Sequential([keras.Input((8, 8, 3)), layers.Rescaling(1 / 255)])
    for number in range(1, count + 1):
        network.add(layers.Conv2D(3 + number, 3, padding="same", name=f"conv{number}"))
        if number > 1:
            network.add(layers.BatchNormalization(name=f"bn{number}"))
        network.add(layers.ReLU(name=f"relu{number}"))
        if number <= 2:
            network.add(layers.MaxPooling2D(2, name=f"pool{number}"))
    network.add(layers.GlobalAveragePooling2D(name="pooling"))
    network.add(layers.Dense(2, activation="softmax", name=f"{transfer.freezing.NEW}predictions"))
    return network


@functools.cache
def described(count: int) -> str:
    """List the layers of `chain(count)`, each with its kind."""
    return "\n".join(f"{layer.name}: {type(layer).__name__}" for layer in chain(count).layers)


MOVING = "frozen, but its averages move"


def _states(model: keras.Model) -> dict[str, str]:
    """What becomes of each layer with weights in a training."""
    rows = transfer.frozen_layers(model).rows
    return {row.name: MOVING if row.moving else "frozen" if row.frozen else "learning" for row in rows}


@functools.cache
def _form(count: int) -> keras.Model:
    return chain(count)


def _right_states(count: int, share: float) -> dict[str, str]:
    transfer.freeze(_form(count), share)
    return _states(_form(count))


def _wrong_states(count: int, share: float, before: Sequence[float]) -> dict[str, dict[str, str]]:
    """By hint, the states that common mistakes in freezing a chain lead to."""
    rows = transfer.frozen_layers(_form(count)).rows
    names, counted = [row.name for row in rows], [row.counted for row in rows]
    place = dict(zip(names, np.cumsum(counted).tolist(), strict=True))
    is_layer = dict(zip(names, counted, strict=True))
    every = [layer.name for layer in _form(count).layers]
    number = transfer.how_many(_form(count), share)
    largest = max([transfer.how_many(_form(count), each) for each in before], default=0)

    def states(stays: Callable[[str], bool]) -> dict[str, str]:
        return {name: "frozen" if stays(name) else "learning" for name in names}

    wrong = {}
    wrong["Nothing is frozen."] = states(lambda name: False)
    wrong["What an earlier call has frozen is to learn again."] = states(
        lambda name: place[name] <= max(number, largest)
    )
    wrong["Batch normalisation goes with the layer it stands behind."] = states(
        lambda name: place[name] <= number and is_layer[name]
    )
    wrong["Those are the last layers; begin at the image."] = states(
        lambda name: count - number < place[name] <= count
    )
    wrong["Those are the last layers, the classifier among them; begin at the image."] = states(
        lambda name: place[name] > count + 1 - number
    )
    wrong["That is rounded down; the nearest number is asked for."] = states(
        lambda name: place[name] <= int(np.floor(share * count))
    )
    wrong["That is rounded up; the nearest number is asked for."] = states(
        lambda name: place[name] <= int(np.ceil(share * count))
    )
    wrong["The classifier does not count: it always learns."] = states(
        lambda name: place[name] <= round(share * (count + 1))
    )
    wrong["Layers without weights do not count."] = states(
        lambda name: name in every[: round(share * (len(every) - 1))]
    )
    wrong["Layers without weights do not count, nor does the classifier."] = states(
        lambda name: name in every[: round(share * len(every))]
    )
    wrong["Batch normalisation does not count as a layer."] = states(
        lambda name: name in names[: round(share * (len(names) - 1))]
    )
    wrong["Batch normalisation does not count as a layer, nor does the classifier."] = states(
        lambda name: name in names[: round(share * len(names))]
    )
    return wrong


def _in_place(given: Callable) -> Callable:
    """Make a function that changes a model return the model, whatever it returns itself."""
    if not callable(given):
        call(given)

    def changed(model: keras.Model, share: float) -> keras.Model:
        given(model, share)
        return model

    return changed


@question
def freeze(given: Callable, count: int = 5, shares: Sequence[float] = (0.33, 0.64, 0.0, 1.0, 0.18)) -> str:
    """`given(model, share)` freezes the first weight layers of a chain; one model for all shares in turn."""
    model, found = chain(count), []
    for share in shares:
        call(_in_place(given), model, share, shown=f"freeze(model, {share})")
        found.append(_states(model))
    rights = [_right_states(count, share) for share in shares]
    for share, got, right in zip(shares, found, rights, strict=True):
        if got != right:
            value(
                got,
                right,
                f"after freeze(model, {share}) the state of the layers",
                _known(found, shares, got),
            )
    return "Layers are counted, and not parameters: most of these sit in the last layers."


def _known(found: list[dict[str, str]], shares: Sequence[float], got: dict[str, str]) -> dict[str, dict]:
    """The mistake that leads to all the states that were found: its hint, with those that are looked at."""
    if MOVING in got.values():
        return {"What sets the mode of batch normalisation, a layer or its weights?": got}
    count = sum(name.startswith("conv") for name in got)
    mistakes = [_wrong_states(count, share, shares[:place]) for place, share in enumerate(shares)]
    return {hint: got for hint in mistakes[0] if [each[hint] for each in mistakes] == found}


def my_rates(student: str) -> tuple[float, float, int]:
    """A student's own rate of the classifier, divisor and number of layers."""
    divisors = (2, papers.fact("yosinski2014.ulmfit_divisor").value, 3, 4)
    choices = [(r, d, n) for r in (0.1, 0.05, 0.02) for d in divisors for n in (5, 6, 7, 8)]
    return draw(student, "falling rates", choices)


@question
def falling(given: Sequence[float], student: str) -> str:
    """The rates of a student's own network, the first layer's first."""
    rate, divisor, count = my_rates(student)
    factors = list(transfer.falling_factors(_form(count - 1), divisor).values())
    right = [rate * factor for factor in factors]
    wrong = {}
    wrong["Which layer has learned the most general features? The list begins with it."] = right[::-1]
    wrong["Those are factors; the rate of the classifier is missing in them."] = factors
    wrong["The rate of the classifier is not divided."] = [each / divisor for each in right]
    wrong["From every layer to the one below the rate is divided once more."] = [
        *[rate / divisor] * (count - 1),
        rate,
    ]
    wrong["The rate is divided, not multiplied."] = [rate / factor for factor in factors]
    wrong["Dividing again and again is not dividing by a multiple."] = [
        rate / max(1, divisor * below) for below in range(count)
    ][::-1]
    value(_as_list(given), right, "rates", wrong, tolerance=1e-7)
    asleep = sum(factor < 1e-3 for factor in factors)
    return f"{asleep or 'None'} of these {count} layers learn at less than a thousandth of the rate."


WAYS = {
    "layer frozen": "trainable = False for both layers, then training",
    "weights frozen": "trainable = False for each weight of both, then training",
    "mode of testing": "as before, and both called with training=False",
    "rate of zero": "all may learn, but the rate of both layers is zero",
    "no training": "all may learn, but the network only predicts",
}


@functools.cache
def _drifts() -> dict[str, float]:
    """By how much the output of two trained layers changes in each way, in units of its spread."""
    random = np.random.default_rng(0)
    old, new = random.normal(size=(32, 6, 6, 1)), random.normal(1.0, 2.0, size=(32, 6, 6, 1))
    drifts = {}
    for way in WAYS:
        keras.utils.set_random_seed(0)
        block = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(3, 3)])
        block.add(layers.BatchNormalization(momentum=0.9))
        for _ in range(20):
            block(old, training=True)
        before = ops.convert_to_numpy(block(old, training=False))
        for layer in block.layers:
            if way == "layer frozen":
                layer.trainable = False
            for weight in layer.trainable_variables if "weights" in way or "testing" in way else []:
                weight.trainable = False
        # Of a step of training only the pass through the network matters here: in no way do weights learn.
        for _ in range(20):
            block(new, training="testing" not in way and way != "no training")
        after = ops.convert_to_numpy(block(old, training=False))
        drifts[way] = float(np.abs(after - before).mean() / before.std(axis=0).mean())
    return drifts


@question
def trap(given: Iterable[str]) -> str:
    """The ways after which frozen layers compute something else, held against a measurement."""
    if isinstance(given, str) or not isinstance(given, set | frozenset | list | tuple):
        raise Wrong(f"moved should be a set of names such as {{'no training'}}; it is {given!r}.")
    unknown = [name for name in given if not isinstance(name, str) or name not in WAYS]
    if unknown:
        raise Wrong(f"{unknown[0]!r} is none of the ways; they are {', '.join(WAYS)}.")
    drifts = _drifts()
    for name, hint in {
        "layer frozen": "in Keras a layer that is not trainable changes its mode as well.",
        "no training": "in the mode of testing nothing follows the batch.",
        "mode of testing": "the mode is what statistics follow or do not.",
    }.items():
        if name in given and drifts[name] < 1e-4:
            raise Wrong(f"one of them does not move anything: {hint}")
    for name, hint in {
        "weights frozen": "moving statistics get no gradient. Then what can it take from them?",
        "rate of zero": "what has the rate to do with moving statistics?",
    }.items():
        if name not in given and drifts[name] > 0.1:
            raise Wrong(f"there is more to find: {hint}")
    most = max(drifts.values())
    return (
        f"The output moved by {most:.1f} of what pictures differ by, with every trained weight in its place."
    )


def _report(scores: np.ndarray, labels: np.ndarray, threshold: float, prevalence: float) -> tuple:
    shares = two_classes.sensitivity_specificity(scores, labels, threshold)
    return (*shares, _predictive_value(*shares, prevalence))


def _predictive_value(sensitivity: float, specificity: float, prevalence: float) -> float:
    true = sensitivity * prevalence
    return true / (true + (1 - specificity) * (1 - prevalence))


def _judged(seed: int, ill: int = 24, healthy: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Scores from 0 to 9 with equal ones among them, and labels, more of them ill than healthy."""
    random = np.random.default_rng(seed)
    labels = random.permutation([1] * ill + [0] * healthy)
    return np.clip(random.normal(3.5 + 2.0 * labels, 2.0).round(), 0, 9), labels


@question
def report(given: Callable, seed: int = 0) -> str:
    """`given(scores, labels, threshold, prevalence)` is sensitivity, specificity and predictive value."""
    scores, labels = _judged(seed)
    for threshold, prevalence in ((5.0, 0.1), (4.0, 0.02), (6.0, 0.5)):
        got = call(given, scores.copy(), labels.copy(), threshold, prevalence, shown=_shown_report(threshold))
        right = _report(scores, labels, threshold, prevalence)
        wrong = _wrong_reports(scores, labels, threshold, prevalence)
        value(_as_list(got), list(right), f"{_shown_report(threshold)}", wrong, tolerance=1e-4)
    return "The rarer a disease is, the more of the alarms are false."


def _shown_report(threshold: float) -> str:
    return f"report(scores, labels, {threshold}, prevalence)"


def _as_list(got: Any) -> Any:
    """An array as a list, anything else as it is."""
    return got.tolist() if isinstance(got, np.ndarray) else got


def _wrong_reports(scores: np.ndarray, labels: np.ndarray, threshold: float, share: float) -> dict:
    """By hint, the reports that common mistakes lead to."""
    found, left, right_value = _report(scores, labels, threshold, share)
    called, ill = scores >= threshold, labels == 1
    precision, among_left = float(ill[called].mean()), float((~ill)[~called].mean())
    strict = _report(scores, labels, np.nextafter(threshold, np.inf), share)
    wrong = {}
    wrong["A score that equals the threshold is called ill."] = list(strict)
    wrong["That is the predictive value among these pictures; the town has another prevalence."] = [
        found,
        left,
        precision,
    ]
    wrong["Sensitivity first, then specificity."] = [left, found, right_value]
    wrong["Sensitivity is a share of the ill, and not of those who are called ill."] = [
        precision,
        among_left,
        _predictive_value(precision, among_left, share),
    ]
    wrong["The specificity is of the healthy who are left alone, not of those alarmed."] = [
        found,
        1 - left,
        right_value,
    ]
    wrong["Which of the healthy are called ill? It is not those who are left alone."] = [
        found,
        left,
        _predictive_value(found, 1 - left, share),
    ]
    wrong["False alarms come from the healthy: how many of them has the town?"] = [
        found,
        left,
        found * share / (found * share + 1 - left),
    ]
    wrong["That is the share of the town that is ill and called so. Of whom is a share asked for?"] = [
        found,
        left,
        found * share,
    ]
    wrong["The predictive value is missing."] = [found, left]
    return wrong


@question
def auc(given: Callable, seed: int = 0) -> str:
    """`given(scores, labels)` is the area under the ROC curve, with equal scores among them."""
    cases = [_judged(seed), _judged(seed + 10, ill=9, healthy=21), _judged(seed + 20, ill=5, healthy=5)]
    right = two_classes.auc
    wrong = {}
    wrong["Equal scores are no win, but no loss either."] = lambda s, y: _share(s, y, np.greater)
    wrong["Equal scores are no loss, but no win either."] = lambda s, y: _share(s, y, np.greater_equal)
    wrong["That counts the pairs in which the healthy one is ahead."] = lambda s, y: 1 - right(s, y)
    wrong["A share is asked for; that is a number of pairs."] = lambda s, y: (
        right(s, y) * (y == 1).sum() * (y == 0).sum()
    )
    wrong["A pair has one picture of each class: how many such pairs are there?"] = lambda s, y: (
        right(s, y) * (y == 1).sum() * (y == 0).sum() / len(y) ** 2
    )
    wrong["That holds a share of right answers at one threshold. The area needs none."] = lambda s, y: (
        np.mean((s >= 5) == y)
    )
    function(given, lambda s, y: float(right(s, y)), cases, wrong, tolerance=1e-4)
    return "Any other scale of the scores that keeps their order has the same area."


def _share(scores: np.ndarray, labels: np.ndarray, ahead: Callable) -> float:
    """Share of the pairs of an ill and a healthy one for which `ahead` holds."""
    return float(ahead(scores[labels == 1][:, None], scores[labels == 0]).mean())


def _highest(scores: np.ndarray, labels: np.ndarray, demanded: float) -> float:
    """The highest threshold that finds enough of the ill."""
    _, found, thresholds = two_classes.roc(scores, labels)
    return float(thresholds[np.argmax(found >= demanded - 1e-9)])


HALF = 0.5


def _wrong_thresholds(
    scores: np.ndarray, labels: np.ndarray, demanded: float, got: float
) -> Iterator[tuple[str, float]]:
    """Hints with the thresholds that common mistakes lead to."""
    false_alarms, found, thresholds = two_classes.roc(scores, labels)
    ill, healthy = scores[labels == 1], scores[labels == 0]
    if got == HALF:
        yield "One half is a habit; these scores have another scale.", HALF
    yield "That finds everybody, and alarms everybody.", float(scores.min())
    yield "The demand is a share of the ill, not of all pictures.", float(np.quantile(scores, 1 - demanded))
    yield "The demand is for the ill; that is a share of the healthy.", float(np.quantile(healthy, demanded))
    yield "The demand is a share to find; that is the share to miss.", float(np.quantile(ill, demanded))
    both = found - false_alarms
    yield "The largest sum of both shares is another rule.", float(thresholds[both.argmax()])


@question
def choose(given: Callable, seed: int = 0) -> str:
    """`given(scores, labels, sensitivity)` is the highest threshold that finds enough of the ill."""
    random = np.random.default_rng(seed)
    for ill, healthy, demanded in ((20, 10, 0.8), (8, 30, 0.75), (40, 25, 0.95), (12, 12, 0.5)):
        labels = random.permutation([1] * ill + [0] * healthy)
        # Two digits, so that some scores are equal.
        scores = (random.normal(2.0 + 1.5 * labels, 1.5)).round(1)
        got = call(given, scores.copy(), labels.copy(), demanded, shown=f"choose(scores, labels, {demanded})")
        _check_threshold(got, scores, labels, demanded)
    return "On other pictures it will find somewhat more or fewer: report that with an interval."


def _check_threshold(got: Any, scores: np.ndarray, labels: np.ndarray, demanded: float) -> None:
    """Judge a threshold by what it does: any number that calls the same pictures ill will do."""
    best = _highest(scores, labels, demanded)
    value(got, best, "the threshold", tolerance=np.inf)
    reached = functools.partial(two_classes.sensitivity_specificity, scores, labels)
    number = float(np.asarray(ops.convert_to_numpy(got)).reshape(()))
    here = reached(number)
    if here == reached(best):
        return
    wrong = _wrong_thresholds(scores, labels, demanded, number)
    hint = next((hint for hint, threshold in wrong if reached(threshold) == here), "")
    if here[0] < demanded - 1e-9:
        raise Wrong(f"where {demanded:.0%} were demanded, {here[0]:.1%} of the ill are found. {hint}".strip())
    raise Wrong(f"enough of the ill are found, but a higher threshold would alarm fewer. {hint}".strip())


FEW, MANY, SIZE = 40, 1600, 16


@measurement
def _errors(seed: int) -> dict[tuple[int, str], float]:
    """Test errors on the digits 5 to 9 after learning them from few and from many, anew and fine-tuned."""
    digits = data.load("mnist")
    x, y, late = digits.train.x / 255, digits.train.y, digits.train.y > 4
    keras.utils.set_random_seed(seed)
    model, other = _small(), _small()
    # Without momentum the optimiser remembers nothing, so one compiled network serves all trainings.
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", jit_compile=False)
    _learn(model, x[~late][:MANY], y[~late][:MANY], epochs=3)
    anew = other.get_weights()
    starts = {"anew": anew, "tuned": model.get_weights()[:-2] + anew[-2:]}
    model.optimizer.learning_rate = 0.02
    order = np.random.default_rng(seed).permutation(late.sum())
    x, y = x[late][order], y[late][order] - 5
    unseen, truth = digits.test.x[digits.test.y > 4] / 255, digits.test.y[digits.test.y > 4] - 5
    errors = {}
    for count, epochs in ((FEW, 6), (MANY, 3)):
        for name, start in starts.items():
            model.set_weights(start)
            _learn(model, x[:count], y[:count], epochs)
            said = ops.convert_to_numpy(model(unseen, training=False)).argmax(axis=1)
            errors[count, name] = float((said != truth).mean())
    return errors


def _small() -> keras.Model:
    """A network of three convolutions for five kinds of digits."""
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for maps, side, stride in ((8, 5, 2), (16, 3, 2), (32, 3, 1)):
        network.add(layers.Conv2D(maps, side, strides=stride, activation="relu"))
    network.add(layers.Flatten())
    network.add(layers.Dense(5, activation="softmax"))
    return network


def _learn(model: keras.Model, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
    model.fit(x, y, batch_size=min(SIZE, len(x) // 5), epochs=epochs, verbose=0)


@question
def lead(prediction: str, seed: int = 0) -> str:
    """The prediction of where fine-tuning leads by more, held against a measurement."""
    counts = {"few pictures": FEW, "many pictures": MANY}

    def gains() -> dict[str, float]:
        errors = _errors(seed)
        return {name: errors[count, "anew"] - errors[count, "tuned"] for name, count in counts.items()}

    hint = "What can be learned from forty pictures alone?"
    found = predicted(prediction, tuple(counts), gains, 0.01, hint)
    said = " and ".join(f"{100 * lead:.1f} points with {word}" for word, lead in found.items())
    return f"Fine-tuning was ahead by {said}."
