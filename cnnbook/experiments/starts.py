"""Where to start from with few pictures: a network that learned from ImageNet, all or part of it, or nothing.

What is compared, and how, was written down before anything was trained. Each of `PAIRS`, with each number of
pictures: is the one's test error lower than the other's? The answer is the interval of `compared`, which
other seeds and other test pictures would both move; where it holds zero, the question stays open.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from cnnbook.experiments.trials import Trial, Trials
from cnnlib import models, transfer, weights
from cnnlib.data import DataSet, PictureFolder, Split
from cnnlib.data.pixels import Pixels, build
from cnnlib.data.views import CentreView
from cnnlib.evaluation import scores
from cnnlib.transfer.regression import mean_loss, regression

SOURCE = "squeezenet_imagenet"
SIDE, BATCH = 96, 16
"""Of the images in pixels, fewer than the network learned from, so that two cores can fine-tune it;
and pictures of a batch."""
GRID = tuple(float(f"{digit}e{power}") for power in range(-7, 4) for digit in (1, 3))
"""Rates of Adam, or penalties on a linear classifier's weights, to choose from."""


@dataclass(frozen=True)
class Start:
    """What a training starts from, and what of it learns.

    Attributes:
        trained: whether the weights are those of ImageNet; else they are random.
        kept: the last layer that stays as it is; what comes of it is computed once. None: all layers learn.
        first: the value in the middle of the three of `GRID` that are tried first.
        updates: about how many; with none, a linear classifier is fitted.
        side: of the images, in pixels.
        seeds: how many, at most: fewer where a training takes long.
    """

    trained: bool
    kept: str | None
    first: float
    updates: int = 0
    side: int = SIDE
    seeds: int = 5


POOLED, PENALTY = "avg_pool", 1e-1
STARTS = {
    "frozen": Start(True, POOLED, PENALTY),
    "frozen at 227 pixels": Start(True, POOLED, PENALTY, side=227),
    "random": Start(False, POOLED, PENALTY),
    "partly frozen": Start(True, "fire7_concat", 1e-4, 100),
    "fine-tuned": Start(True, None, 1e-4, 100, seeds=3),
    "scratch": Start(False, None, 1e-4, 300, seeds=3),
}
"""Those partly frozen and fine-tuned go on from a classifier of frozen features, fitted with `PENALTY`."""
PAIRS = (
    ("frozen", "partly frozen"),
    ("frozen", "fine-tuned"),
    ("frozen", "scratch"),
    ("frozen", "random"),
    ("fine-tuned", "scratch"),
    ("frozen at 227 pixels", "frozen"),
)


def starts(
    images: DataSet[PictureFolder],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    sizes: Sequence[int] = (10, 30),
    names: Sequence[str] = tuple(STARTS),
    trials: Trials | None = None,
) -> dict:
    """Learn the same few pictures from several starts.

    Every way learns from the same pictures and their mirror images. A rate or a penalty is chosen on
    validation pictures with the first seed, by their error, by their loss where errors are equal, and kept
    for the other seeds; `choose` goes on until the best one has worse ones on either side.

    Args:
        images: a folder of pictures; without validation pictures, every fifth one to learn from becomes one.
        seeds: each draws the pictures, new weights and the order.
        sizes: pictures to learn from in each class; all of them come last.
        names: of `STARTS`.
        trials: where they are kept; None keeps them nowhere.

    Returns:
        "trials": "start", "per_class", "seed", "value" (rate or penalty), "updates", "trained" (parameters),
        "train_error", "validation_error", "validation_loss", "test_error", "wrong" (which test pictures),
        "seconds"; "choices": the same without what the test pictures gave; "comparisons"; "settings".

    Raises:
        WeightsError: the published weights cannot be had.
    """
    kept, known = trials or Trials(), _Known(images)
    most = int(np.bincount(known.train(SIDE).y).min())
    done, choices = [], []
    for name in names:
        for size in (*(size for size in sizes if size < most), most):

            def attempt(seed: int, value: float, name: str = name, size: int = size) -> Trial:
                place = {"start": name, "per_class": size, "seed": seed, "value": value}
                return kept(place, partial(_learned, known, STARTS[name], size, seed, value))

            tried = choose(STARTS[name].first, partial(attempt, seeds[0]))
            best = min(tried, key=_worth)
            done += [best, *(attempt(seed, best["value"]) for seed in seeds[1 : STARTS[name].seeds])]
            choices += [{k: v for k, v in one.items() if k not in ("test_error", "wrong")} for one in tried]
    settings: dict[str, Any] = {"source": SOURCE, "side": SIDE, "batch_size": BATCH, "optimizer": "adam"}
    settings["starts"] = {name: vars(STARTS[name]) for name in names}
    pictures = {part: len(getattr(known, part)(SIDE)) for part in ("train", "validation", "test")}
    return {
        "trials": done,
        "choices": choices,
        "comparisons": comparisons(done, pictures["test"]),
        "settings": settings | {"pictures": pictures},
    }


def _worth(trial: Trial) -> tuple[float, float]:
    return trial["validation_error"], trial["validation_loss"]


def choose(first: float, attempt: Callable[[float], Trial]) -> list[Trial]:
    """Try three neighbours of `GRID`, and further ones until the best lies between two others."""
    place = GRID.index(first)
    tried = {at: attempt(GRID[at]) for at in (place - 1, place, place + 1)}
    while True:
        best = min(tried, key=lambda at: _worth(tried[at]))
        beyond = [at for at in (best - 1, best + 1) if at not in tried and 0 <= at < len(GRID)]
        if not beyond:
            return [tried[at] for at in sorted(tried)]
        tried[beyond[0]] = attempt(GRID[beyond[0]])


def comparisons(trials: Sequence[Trial], pictures: int) -> list[dict]:
    """Answer the questions that `PAIRS` asks.

    Args:
        trials: as `starts` returns them.
        pictures: how many were tested.

    Returns:
        For each pair and number of pictures: "first", "second", "per_class", "seeds", what `compared` says.
    """
    wrong: dict[tuple, dict[int, np.ndarray]] = {}
    for trial in trials:
        row = np.isin(np.arange(pictures), trial["wrong"])
        wrong.setdefault((trial["start"], trial["per_class"]), {})[trial["seed"]] = row
    found = []
    for (first, second), size in (
        (pair, size) for pair in PAIRS for size in sorted({key[1] for key in wrong})
    ):
        one, other = wrong.get((first, size), {}), wrong.get((second, size), {})
        if both := sorted(one.keys() & other.keys()):
            given = compared(np.stack([one[seed] for seed in both]), np.stack([other[seed] for seed in both]))
            found.append({"first": first, "second": second, "per_class": size, "seeds": len(both)} | given)
    return found


def compared(first: np.ndarray, second: np.ndarray, draws: int = 10_000) -> dict:
    """How much higher the second's error is, with a 95 % interval for other seeds and other test pictures.

    Seeds and pictures are each drawn with replacement, and every drawn seed meets every drawn picture.

    Args:
        first: (seeds, pictures) whether an answer is wrong.
        second: the same of the other, for the same seeds and pictures.
        draws: how many times.

    Returns:
        "points" (hundredths), "interval" in points, "lower": "first", "second", or "open".

    Source: Owen 2007, the pigeonhole bootstrap, Annals of Applied Statistics 1, 386-411, section 4.
    """
    ahead = 100 * (second.astype("float64") - first)
    random = np.random.default_rng(0)
    by_seed, by_picture = (random.multinomial(n, np.full(n, 1 / n), draws) / n for n in ahead.shape)
    means = ((by_seed @ ahead) * by_picture).sum(axis=1)
    low, high = (round(float(end), 6) for end in np.quantile(means, (0.025, 0.975)))
    lower = "first" if low > 0 else "second" if high < 0 else "open"
    return {"points": float(ahead.mean()), "interval": [low, high], "lower": lower}


class _Known:
    """The pictures, and what comes of them in layers that stay as they are, computed once."""

    def __init__(self, images: DataSet[PictureFolder]):
        self.images = images
        self.pretrained = weights.load(SOURCE)
        self.kept: dict[tuple, Any] = {}

    def once(self, key: tuple, compute: Callable[[], Any]) -> Any:
        if key not in self.kept:
            self.kept[key] = compute()
        return self.kept[key]

    def _read(self, part: str, side: int) -> Split:
        folder: PictureFolder = getattr(self.images, part)
        view = CentreView(side, round(side * 256 / 227))  # the network's own view, smaller
        seen = [view(folder.read(place), np.zeros(0, "float32")) for place in range(len(folder))]
        return Split(np.stack(seen), folder.labels)

    def _split(self, side: int) -> tuple[Split, Split]:
        train = self.once(("train", side), lambda: self._read("train", side))
        if len(self.images.validation):
            return train, self.once(("validation", side), lambda: self._read("validation", side))
        aside = np.arange(len(train)) % 5 == 4
        return Split(train.x[~aside], train.y[~aside]), Split(train.x[aside], train.y[aside])

    def train(self, side: int) -> Split:
        return self._split(side)[0]

    def validation(self, side: int) -> Split:
        return self._split(side)[1]

    def test(self, side: int) -> Split:
        return self.once(("test", side), lambda: self._read("test", side))

    def body(self, start: Start, seed: int) -> keras.Model:
        """The network without its classifier, for the start's images."""
        keras.utils.set_random_seed(seed)
        body = models.SqueezeNet(include_top=False, pooling="avg", input_shape=(start.side, start.side, 3))
        if start.trained:
            body.set_weights(self.pretrained.model.get_weights()[: len(body.weights)])
        return body

    def seen(self, start: Start, seed: int) -> tuple[list[np.ndarray], Pixels]:
        """What the layers that learn are given, and how that is prepared.

        Of the pictures to learn from, of their mirror images, of those to choose by, of those to test on.
        """
        train, validation, test = (part(start.side) for part in (self.train, self.validation, self.test))
        x = [train.x, train.x[:, :, ::-1], validation.x, test.x]
        if start.kept is None:
            return x, self.pretrained.pixels if start.trained else build("standard", train.x)

        def computed() -> list[np.ndarray]:
            body = self.body(start, seed)
            part = keras.Model(body.input, body.get_layer(start.kept).output)
            return [transfer.features(part, each, self.pretrained.pixels) for each in x]

        key = (start.kept, start.side, None if start.trained else seed)
        return self.once(key, computed), Pixels("as_is")


def _learned(known: _Known, start: Start, per_class: int, seed: int, value: float) -> dict:
    """What one training gives."""
    began = time.monotonic()
    (pictures, mirrored, validation, test), pixels = known.seen(start, seed)
    labels = known.train(start.side).y
    chosen = drawn(labels, per_class, seed)
    train = Split(np.concatenate([pictures[chosen], mirrored[chosen]]), np.tile(labels[chosen], 2))
    updates = 0
    if start.updates:
        model, updates = _trained(known, start, train, chosen, seed, value, pixels)
    else:
        model = _fitted(train, value)
    found = {}
    for part, x, y in (
        ("train", train.x, train.y),
        ("validation", validation, known.validation(start.side).y),
        ("test", test, known.test(start.side).y),
    ):
        parts = (pixels(x[at : at + 64]) for at in range(0, len(x), 64))
        given = np.concatenate([scores(model, ops.convert_to_numpy(each)) for each in parts])
        wrong = given.argmax(axis=1) != y
        found[f"{part}_error"] = float(wrong.mean())
        if part == "validation":
            found["validation_loss"] = mean_loss(given, y)
    return {
        "updates": updates,
        "trained": sum(int(np.prod(weight.shape)) for weight in model.trainable_variables),
        **found,
        "wrong": np.flatnonzero(wrong).tolist(),
        "seconds": round(time.monotonic() - began, 1),
    }


def drawn(labels: np.ndarray, per_class: int, seed: int) -> np.ndarray:
    """Places of as many of each class, drawn by the seed, in order."""
    order = np.random.RandomState(seed).permutation(len(labels))
    return np.sort(np.concatenate([order[labels[order] == label][:per_class] for label in np.unique(labels)]))


def _fitted(train: Split, penalty: float) -> keras.Model:
    """A linear classifier, fitted to standardised features; it takes them as they are."""
    mean, spread = train.x.mean(axis=0), train.x.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    classes = len(np.unique(train.y))
    kernel, bias = regression((train.x - mean) / spread, train.y, np.ones(classes, "float32"), penalty)
    head = transfer.classifier(train.x.shape[1], classes)
    head.set_weights([kernel / spread[:, None], bias - (mean / spread) @ kernel])
    return head


def _trained(
    known: _Known, start: Start, train: Split, chosen: np.ndarray, seed: int, rate: float, pixels: Pixels
) -> tuple[keras.Model, int]:
    """The layers that learn, after they have; and in how many updates."""
    body = known.body(start, seed)
    if start.trained:
        (pictures, mirrored, *_), _ = known.seen(STARTS["frozen"], seed)
        head = _fitted(Split(np.concatenate([pictures[chosen], mirrored[chosen]]), train.y), PENALTY)
    else:
        head = transfer.classifier(body.output.shape[-1], len(np.unique(train.y)))
    if start.kept is not None:
        body = keras.Model(body.get_layer(start.kept).output, body.output)
    model = transfer.attach(body, head)
    model.trainable = True
    batch = min(BATCH, len(train))
    passes = max(1, round(start.updates / (len(train) // batch)))
    high = -(-2 * passes // 3)
    settings = transfer.recipe(
        epochs=passes,
        rates=(rate,) * high + (rate / 10,) * (passes - high),
        batch_size=batch,
        optimizer="adam",
        optimizer_settings={},
    )
    transfer.fine_tune(model, settings, train, pixels=pixels, factors=1.0, seed=seed)
    return model, passes * (len(train) // batch)
