"""A network that learned from ImageNet, on the few pictures of another set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import keras
import numpy as np

from cnnbook.experiments.trials import Trials
from cnnlib import models, transfer, weights
from cnnlib.data import DataSet, PictureFolder, Split
from cnnlib.data.pixels import Pixels
from cnnlib.evaluation import scores, top_k_error
from cnnlib.weights import Pretrained

SOURCE = "squeezenet_imagenet"
EPOCHS, BATCH = 40, 32
RATES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""To choose from."""
TRAINED, RANDOM = "ImageNet", "random"


def flowers(
    images: DataSet[PictureFolder], *, seeds: Sequence[int] = (0, 1, 2), trials: Trials | None = None
) -> dict:
    """A linear classifier on features of SqueezeNet, trained on ImageNet or not at all.

    Features are standardised by the training pictures: those of random weights differ little from picture to
    picture, and a classifier on them as they are would learn next to nothing at any rate.

    The rate is chosen for each of the two with the first seed, on every fifth training picture, and kept for
    the other seeds. Then all training pictures are learned from.

    Args:
        images: a folder of pictures.
        seeds: of the classifier, the order, and the random weights.
        trials: where they are kept; None keeps them nowhere.

    Returns:
        "trials": "weights", "seed", "rate", "tried" (rates with validation errors, first seed alone),
        "train_error", "test_error", "seconds_features" (once, all images), "seconds_epoch" (of the
        classifier, on features); "settings".

    Raises:
        WeightsError: the published weights cannot be had.
    """
    kept = trials or Trials()
    pretrained = weights.load(SOURCE)
    done = []
    for kind in (TRAINED, RANDOM):
        rate = None
        for seed in seeds:
            trial = kept(
                {"weights": kind, "seed": seed}, partial(_tried, pretrained, images, kind, seed, rate)
            )
            rate = trial["rate"]
            done.append(trial)
    settings = {"source": SOURCE, "epochs": EPOCHS, "rates": list(RATES), "batch_size": BATCH}
    return {"trials": done, "settings": settings}


def _tried(
    pretrained: Pretrained, images: DataSet[PictureFolder], kind: str, seed: int, rate: float | None
) -> dict:
    keras.utils.set_random_seed(seed)
    body = transfer.feature_extractor(pretrained.model if kind == TRAINED else models.SqueezeNet())
    began = time.monotonic()
    train, test = (
        Split(transfer.features(body, part, pretrained.pixels, view=pretrained.view), part.labels)
        for part in (images.train, images.test)
    )
    computed = time.monotonic() - began
    mean, spread = train.x.mean(axis=0), train.x.std(axis=0) + 1e-6
    train, test = (Split((part.x - mean) / spread, part.y) for part in (train, test))
    classes = len(images.class_names)
    tried = _validation_errors(train, classes, seed) if rate is None else {}
    rate = min(tried, key=tried.__getitem__) if rate is None else rate
    began = time.monotonic()
    learned, head = _classifier(train, classes, rate, seed)
    return {
        "rate": rate,
        "tried": [[one, found] for one, found in tried.items()],
        "train_error": learned,
        "test_error": top_k_error(scores(head, test.x), test.y),
        "seconds_features": round(computed, 1),
        "seconds_epoch": round((time.monotonic() - began) / EPOCHS, 3),
    }


def _validation_errors(train: Split, classes: int, seed: int) -> dict[float, float]:
    """What each rate gives on every fifth picture, learned from the others."""
    aside = np.arange(len(train)) % 5 == 4
    known, unknown = (Split(train.x[part], train.y[part]) for part in (~aside, aside))
    heads = {rate: _classifier(known, classes, rate, seed)[1] for rate in RATES}
    return {rate: top_k_error(scores(head, unknown.x), unknown.y) for rate, head in heads.items()}


def _classifier(train: Split, classes: int, rate: float, seed: int) -> tuple[float, keras.Model]:
    """Train a linear classifier on features; its training error, and itself."""
    keras.utils.set_random_seed(seed)
    head = transfer.classifier(train.x.shape[1], classes)
    settings = transfer.recipe(epochs=EPOCHS, rate=rate, batch_size=min(BATCH, len(train)))
    progress = transfer.fine_tune(head, settings, train, pixels=Pixels("as_is"), factors=1.0, seed=seed)
    return progress.history["train_error"][-1], head
