"""How much of a trained network to keep: every level on the same images."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from cnnbook import papers
from cnnbook.experiments.trials import Trial, Trials, error, outputs, with_chosen_rate
from cnnbook.scenarios import as_colour, distances
from cnnlib import transfer, two_classes, weights
from cnnlib.data import DataSet, Split
from cnnlib.data.pixels import Pixels, build
from cnnlib.data.preparation import Preparation
from cnnlib.recipe import Recipe
from cnnlib.transfer.freezing import is_weight_layer, pretrained_layers
from cnnlib.weights import Pretrained

SCRATCH, EARLY = "from scratch", "early features"


@dataclass(frozen=True)
class Level:
    """How much of a trained network is kept.

    Attributes:
        until: share of the weight layers before the classifier that stays as it is; None: nothing is kept,
            not even as a start.
        cut: whether the layers after those are left out, so that a linear classifier sees what comes there.
    """

    until: float | None
    cut: bool = False


LEVELS: dict[str, Level] = {
    "feature extractor": Level(1.0, cut=True),
    "freeze 60 to 80 %": Level(0.7),
    "freeze a third to a half": Level(5 / 12),
    "fine-tune everything": Level(0.0),
    SCRATCH: Level(None),
    EARLY: Level(5 / 12, cut=True),
}
"""The levels of the chapter's four scenarios, the middle of its ranges; training anew; and what the notes of
CS231n, where the scenarios come from, advise for the third: a linear classifier on early features."""

# The classes of CIFAR-10 that the network behind `scenarios` never saw; each has a cousin among the others.
CHOSEN = ("automobile", "bird", "dog", "horse", "ship")
SOURCE, XRAY_SOURCE = "resnet20_five", "resnet20_cifar10"
RATES = (0.3, 0.1, 0.03)
"""Of the classifier, to choose from."""
RATES_ONCE = (3.0, 1.0, *RATES)
"""The same for a classifier alone, on features that are computed once, which takes seconds."""
TENTH = 1 / papers.fact("yosinski2014.new_layer_factor").value
"""Of that is the rate of layers that were trained before."""
AUGMENTED = {"similar": "pad_crop_flip", "different": "pad_crop_flip"}
SIZES = {"small": (250, 40, RATES), "large": (10_000, 6, RATES[:2])}
"""Training images, passes through them, and rates of the levels that train more than a classifier."""
XRAY_EPOCHS, XRAY_RATES = 12, RATES
BATCH = 64


@dataclass(frozen=True)
class Row:
    """What one level gave.

    Attributes:
        level: of `LEVELS`.
        frozen: weight layers that stay as they are.
        trained: parameters that learn.
        validation_error: share of validation images answered wrongly; None without any.
        test_error: share of test images answered wrongly.
        seconds: of the training.
    """

    level: str
    frozen: int
    trained: int
    validation_error: float | None
    test_error: float
    seconds: float


def recipe(epochs: int, rate: float, augmentation: str | None = None, batch_size: int = BATCH) -> Recipe:
    """One rate for two thirds of the epochs, then a tenth of it."""
    high = -(-2 * epochs // 3)
    return transfer.recipe(
        epochs=epochs,
        rates=(rate,) * high + (rate / 10,) * (epochs - high),
        batch_size=batch_size,
        preparation=Preparation("unit", augmentation),
        name="levels",
        weight_decay=1e-4,
    )


@dataclass(frozen=True, eq=False)
class Tried:
    """A network as a level has it, trained.

    Attributes:
        model: from prepared images to classes.
        pixels: how its images are prepared.
        frozen: weight layers that stayed as they were.
        history: of the training.
        seconds: it took, features included.
    """

    model: keras.Model
    pixels: Pixels
    frozen: int
    history: dict[str, list[float]]
    seconds: float

    def row(self, level: str, validation: Split, test: Split) -> Row:
        """Test it."""
        trained = sum(int(np.prod(weight.shape)) for weight in self.model.trainable_variables)
        found = error(self.model, validation, self.pixels) if len(validation) else None
        return Row(
            level, self.frozen, trained, found, error(self.model, test, self.pixels), round(self.seconds, 1)
        )


def try_level(
    pretrained: Pretrained,
    level: str,
    train: Split,
    validation: Split,
    classes: int,
    *,
    settings: Recipe,
    seed: int,
    factors: transfer.Factors = TENTH,
) -> Tried:
    """Train as one level has it.

    Args:
        pretrained: the network; it stays as it is.
        level: of `LEVELS`.
        train: images of the network's shape.
        validation: the same; may be empty.
        classes: how many there are.
        settings: how to train.
        seed: of new weights, of the order and of distortions.
        factors: of the rate, see `cnnlib.transfer.fine_tune`.
    """
    began = time.monotonic()
    kept = LEVELS[level]
    keras.utils.set_random_seed(seed)
    layer = _last_output(pretrained.model, kept.until) if kept.cut and kept.until else None
    body = transfer.feature_extractor(pretrained.model, layer)
    head = transfer.classifier(body.output.shape[-1], classes)
    if kept.cut:
        pixels = pretrained.pixels
        history = _trained_once(body, head, train, validation, pixels, settings=settings, seed=seed)
        return Tried(transfer.attach(body, head), pixels, _counted(body), history, time.monotonic() - began)
    model, pixels = transfer.attach(body, head), pretrained.pixels
    if kept.until is None:
        model, pixels, factors = _fresh(model), build("mean_image", train.x), 1.0
    transfer.freeze(model, kept.until or 0.0)
    progress = transfer.fine_tune(
        model, settings, train, validation, pixels=pixels, factors=factors, seed=seed
    )
    frozen = 0 if kept.until is None else transfer.how_many(model, kept.until)
    return Tried(model, pixels, frozen, progress.history, time.monotonic() - began)


def _counted(body: keras.Model) -> int:
    return sum(map(is_weight_layer, body.layers))


def _last_output(model: keras.Model, until: float) -> str | None:
    """The layer that the first weight layer takes from that a share does not keep; None if it keeps all."""
    count, counted = transfer.how_many(model, until), pretrained_layers(model)
    return None if count == len(counted) else counted[count].input._keras_history.operation.name


def _trained_once(
    body: keras.Model,
    head: keras.Model,
    train: Split,
    validation: Split,
    pixels: Pixels,
    *,
    settings: Recipe,
    seed: int,
) -> dict[str, list[float]]:
    """Train a classifier on features that are computed once, from images as they are."""
    plain = transfer.recipe(
        epochs=len(settings.rates),
        rates=settings.rates,
        batch_size=settings.batch_size,
        weight_decay=settings.weight_decay,
    )
    known, unknown = (
        Split(transfer.features(body, part, pixels) if len(part) else part.x, part.y)
        for part in (train, validation)
    )
    progress = transfer.fine_tune(head, plain, known, unknown, pixels=Pixels("as_is"), factors=1.0, seed=seed)
    return progress.history


def _fresh(model: keras.Model) -> keras.Model:
    """The same network with new weights, drawn anew."""

    def renewed(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        for key, value in config.items():
            if key.endswith("_initializer") and isinstance(value, dict) and "seed" in value["config"]:
                value["config"]["seed"] = None  # else a copy has the weights that its model began with
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=renewed)


def scenarios(
    targets: Mapping[str, DataSet[Split]],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    levels: Sequence[str] = tuple(LEVELS),
    sizes: Mapping[str, tuple[int, int, Sequence[float]]] = SIZES,
    source: str = SOURCE,
    trials: Trials | None = None,
) -> dict:
    """All four scenarios with every level: does the advice win?

    For each target, size and level the rate is chosen on validation images with the first seed, and kept for
    the others. The training images of a small set are drawn by the seed; its validation images are as many.

    Args:
        targets: data sets by similarity, "similar" and "different", of images up to the network's size.
        seeds: of images, weights and order.
        levels: of `LEVELS`.
        sizes: training images, epochs and rates to choose from (see `SIZES`), by the name of the size.
        source: weights that everything starts from, of `cnnlib.weights`.
        trials: where they are kept; None keeps them nowhere.

    Returns:
        "trials": "target", "size", "images", "level", "frozen", "rate", "seed", "validation_error",
        "test_error", "seconds"; "choices": the same for each rate that was tried, without test errors;
        "settings".
    """
    kept = trials or Trials()
    pretrained = weights.load(source)
    done, choices = [], []
    for size, (count, epochs, rates) in sizes.items():
        for target, images in targets.items():
            for level in levels:
                place = {"target": target, "size": size, "images": count, "level": level}
                chosen, tried = with_chosen_rate(
                    seeds,
                    _rates(level, rates),
                    partial(_scenario_trial, kept, pretrained, images, place, epochs),
                    lambda trial: -trial["validation_error"],
                )
                done += chosen
                choices += [{k: v for k, v in trial.items() if k != "test_error"} for trial in tried]
    settings = {
        "source": source,
        "factor": "a tenth for layers trained before",
        "batch_size": BATCH,
        "sizes": {name: list(size) for name, size in sizes.items()},
    }
    return {"trials": done, "choices": choices, "settings": settings}


def far(
    targets: Mapping[str, Split], *, seeds: Sequence[int] = (0, 1, 2), count: int = 300, source: str = SOURCE
) -> list[Trial]:
    """How far several targets are from what a network has learned from (see `cnnbook.scenarios.distances`).

    Args:
        targets: images up to the network's size, by name.
        seeds: each draws other images.
        count: how many.
        source: of `cnnlib.weights`, a network with batch normalisation.

    Returns:
        Trials: "target", "seed", "images", "distance" (mean over the layers), "layers" (of each of them).
    """
    pretrained = weights.load(source)
    done = []
    for target, split in targets.items():
        images = as_colour(split, pretrained.model.input_shape[1]).x
        for seed in seeds:
            drawn = images[np.random.RandomState(seed).permutation(len(images))[:count]]
            layers = [round(distance, 4) for distance in distances(pretrained, drawn)]
            done.append(
                {
                    "target": target,
                    "seed": seed,
                    "images": len(drawn),
                    "distance": round(float(np.mean(layers)), 4),
                    "layers": layers,
                }
            )
    return done


def _rates(level: str, rates: Sequence[float]) -> Sequence[float]:
    return RATES_ONCE if LEVELS[level].cut else rates


def _scenario_trial(
    kept: Trials,
    pretrained: Pretrained,
    images: DataSet[Split],
    place: Trial,
    epochs: int,
    seed: int,
    rate: float,
) -> Trial:
    here = place | {"seed": seed}
    measure = partial(_in_scenario, pretrained, images, here, rate, epochs)
    return kept(here | {"rate": rate, "epochs": epochs}, measure)


def _in_scenario(
    pretrained: Pretrained, images: DataSet[Split], place: Trial, rate: float, epochs: int
) -> dict:
    count, seed = place["images"], place["seed"]
    side = pretrained.model.input_shape[1]
    train = as_colour(_drawn(images.train, count, seed), side)
    # As many validation images as training images: who has few has few of both.
    validation = as_colour(_drawn(images.validation, count, seed), side)
    test = as_colour(images.test, side)
    settings = recipe(epochs, rate, AUGMENTED[place["target"]])
    empty = Split(validation.x[:0], validation.y[:0])
    tried = try_level(
        pretrained, place["level"], train, empty, len(images.class_names), settings=settings, seed=seed
    )
    row = tried.row(place["level"], validation, test)
    return {
        "frozen": row.frozen,
        "trained": row.trained,
        "train_error": tried.history["train_error"][-1],
        "validation_images": len(validation),
        "validation_error": row.validation_error,
        "test_error": row.test_error,
        "seconds": row.seconds,
    }


def _drawn(images: Split, count: int, seed: int) -> Split:
    """As many of each class, drawn by the seed; all where there are no more."""
    random = np.random.RandomState(seed)
    order = random.permutation(len(images))
    order = order[np.argsort(images.y[order], kind="stable")]
    count = min(count, len(images))
    chosen = np.sort(order[np.arange(count) * len(order) // count])
    return Split(images.x[chosen], images.y[chosen])


def pneumonia(
    images: DataSet[Split],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    levels: Sequence[str] = ("feature extractor", "fine-tune everything", SCRATCH),
    epochs: int = XRAY_EPOCHS,
    rates: Sequence[float] = XRAY_RATES,
    source: str = XRAY_SOURCE,
    on_trial: Callable[[Trial], None] | None = None,
    trials: Trials | None = None,
) -> dict:
    """A network for photographs on chest X-rays: frozen, fine-tuned, and trained from scratch.

    Rates are chosen by the AUC of validation images with the first seed. The threshold of each network is
    the one with the best sum of sensitivity and specificity on validation images.

    Args:
        images: of two classes, the second of them the disease.
        seeds: of new weights and of the order.
        levels: of `LEVELS`.
        epochs: of each training.
        rates: of the classifier, to choose from, of the levels that train more than that.
        source: weights that are started from.
        on_trial: called with each trial when it is finished.
        trials: where they are kept; None keeps them nowhere.

    Returns:
        "trials": "level", "seed", "rate", "frozen", "history", "validation" and "test" with their figures;
        "labels" of the test images; "choices": the rates tried; "settings".
    """
    kept = trials or Trials(on_trial=on_trial)
    pretrained = weights.load(source)
    done, choices = [], []
    for level in levels:

        def attempt(seed: int, rate: float, level: str = level) -> Trial:
            measure = partial(_on_xrays, pretrained, images, level, seed, rate, epochs)
            return kept({"level": level, "seed": seed, "rate": rate, "epochs": epochs}, measure)

        chosen, tried = with_chosen_rate(
            seeds, _rates(level, rates), attempt, lambda trial: trial["validation"]["auc"]
        )
        done += chosen
        choices += [{key: trial[key] for key in ("level", "seed", "rate", "validation")} for trial in tried]
    settings: dict[str, Any] = {"source": source, "rates": list(rates), "epochs": epochs, "batch_size": BATCH}
    settings["factor"] = TENTH
    return {"trials": done, "labels": images.test.y.tolist(), "choices": choices, "settings": settings}


def _on_xrays(
    pretrained: Pretrained, images: DataSet[Split], level: str, seed: int, rate: float, epochs: int
) -> dict:
    side = pretrained.model.input_shape[1]
    train, validation, test = (
        as_colour(part, side) for part in (images.train, images.validation, images.test)
    )
    tried = try_level(pretrained, level, train, validation, 2, settings=recipe(epochs, rate), seed=seed)
    seen = {
        name: outputs(tried.model, part, tried.pixels)[:, 1]
        for name, part in (("validation", validation), ("test", test))
    }
    false_alarms, found, thresholds = two_classes.roc(seen["validation"], validation.y)
    threshold = float(thresholds[np.argmax(found - false_alarms)])
    return {
        "frozen": tried.frozen,
        "history": tried.history,
        "validation": _judged(seen["validation"], validation.y, threshold),
        "test": _judged(seen["test"], test.y, threshold)
        | {"scores": [round(float(score), 6) for score in seen["test"]]},
        "seconds": round(tried.seconds, 1),
    }


def _judged(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict:
    sensitivity, specificity = two_classes.sensitivity_specificity(scores, labels, threshold)
    low, high = two_classes.auc_interval(scores, labels)
    return {
        "auc": two_classes.auc(scores, labels),
        "auc_interval": [low, high],
        "threshold": threshold,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "error": float(np.mean((scores >= threshold) != labels)),
    }
