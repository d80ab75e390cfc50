"""A network that learned from ImageNet, on the few pictures of another set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import keras

from cnnlib import models, transfer, weights
from cnnlib.data import DataSet, PictureFolder, Split
from cnnlib.data.pixels import Pixels
from cnnlib.evaluation import scores, top_k_error
from cnnlib.experiments.trials import Trials
from cnnlib.weights import Pretrained

SOURCE = "squeezenet_imagenet"
EPOCHS, RATE, BATCH = 40, 0.03, 32
TRAINED, RANDOM = "ImageNet", "random"


def flowers(
    images: DataSet[PictureFolder], *, seeds: Sequence[int] = (0, 1, 2), trials: Trials | None = None
) -> dict:
    """A linear classifier on features of SqueezeNet, trained on ImageNet or not at all.

    Args:
        images: a folder of pictures.
        seeds: of the classifier, the order, and the random weights.
        trials: where they are kept; None keeps them nowhere.

    Returns:
        "trials": "weights", "seed", "train_error", "test_error", "seconds_features" (once, all images),
        "seconds_epoch" (of the classifier, on features); "settings".

    Raises:
        WeightsError: the published weights cannot be had.
    """
    kept = trials or Trials()
    pretrained = weights.load(SOURCE)
    done = [
        kept({"weights": kind, "seed": seed}, partial(_tried, pretrained, images, kind, seed))
        for kind in (TRAINED, RANDOM)
        for seed in seeds
    ]
    settings = {"source": SOURCE, "epochs": EPOCHS, "rate": RATE, "batch_size": BATCH}
    return {"trials": done, "settings": settings}


def _tried(pretrained: Pretrained, images: DataSet[PictureFolder], kind: str, seed: int) -> dict:
    keras.utils.set_random_seed(seed)
    network = pretrained.model if kind == TRAINED else models.SqueezeNet()
    body = transfer.feature_extractor(network)
    began = time.monotonic()
    train, test = (
        Split(transfer.features(body, part, pretrained.pixels, view=pretrained.view), part.labels)
        for part in (images.train, images.test)
    )
    computed = time.monotonic() - began
    head = transfer.classifier(body.output.shape[-1], len(images.class_names))
    settings = transfer.recipe(epochs=EPOCHS, rate=RATE, batch_size=BATCH)
    began = time.monotonic()
    progress = transfer.fine_tune(head, settings, train, pixels=Pixels("as_is"), factors=1.0, seed=seed)
    return {
        "train_error": progress.history["train_error"][-1],
        "test_error": top_k_error(scores(head, test.x), test.y),
        "seconds_features": round(computed, 1),
        "seconds_epoch": round((time.monotonic() - began) / EPOCHS, 3),
    }
