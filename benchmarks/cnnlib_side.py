"""The side of this book: `cnnlib.training.fit`, and what the hardware gives a bare matrix product."""

from __future__ import annotations

import keras
import networks
import numpy as np
from harness import Job, Turns
from keras import ops

from cnnlib import audit, backend, records, training
from cnnlib.data import DataSet, Split
from cnnlib.data.folders import PictureFolder
from cnnlib.data.preparation import Preparation
from cnnlib.recipe import Recipe

# So small that random labels make no loss diverge; how large it is costs nothing.
RATE = 1e-4


def _recipe(job: Job) -> Recipe:
    return Recipe(
        name="benchmark",
        network=job.network,
        data="random",
        optimizer="sgd",
        optimizer_settings={"momentum": networks.MOMENTUM},
        rates=(RATE,) * job.epochs,
        batch_size=job.batch_size,
        preparation=Preparation("unit", job.augmentation),
        source="for benchmarks",
    )


def train(job: Job, turns: Turns) -> None:
    """Train; a turn is an epoch."""
    images = (
        Split(*networks.random_images(job.network, job.images))
        if job.folder is None
        else PictureFolder(job.folder)
    )
    keras.config.set_dtype_policy(job.precision)
    engine = backend.engine("auto", job.batch_size)
    with engine.scope():
        model = networks.for_keras(job.network)
    macs = audit.totals(audit.table(model))["macs"]
    turns.begin()
    training.fit(
        model,
        _recipe(job),
        images,
        seed=0,
        engine=engine,
        on_epoch=lambda *_: turns(macs=macs),
    )


def multiply(job: Job, turns: Turns) -> None:
    """Multiply square matrices, large ones; a turn is a run of products, whose operations it reports."""
    side, count = (8192, 50) if _accelerated() else (2048, 10)
    dtype = job.precision.removeprefix("mixed_")
    left, right = np.random.default_rng(0).normal(size=(2, side, side))
    # Scaled, so that a chain of products stays in the range of half precision.
    left, right = ops.cast(left / side**0.5, dtype), ops.cast(right, dtype)
    turns.begin()
    for _ in range(job.epochs):
        product = right
        for _ in range(count):
            product = ops.matmul(left, product)
        ops.convert_to_numpy(product[0, 0])  # an accelerator works on after the call has returned
        turns(operations=2 * side**3 * count)


def about(job: Job, turns: Turns) -> None:
    """Report the surroundings: date, commit, versions, hardware, and the precision that suits it."""
    nothing = Split(np.empty((0, 1, 1, 1), np.uint8), np.empty(0, np.int64))
    data = DataSet("random", "", nothing, nothing, nothing, (), "", "", "")
    found = records.provenance(_recipe(job), data, 0)
    kept = {name: found[name] for name in ("finished", "commit", "versions", "hardware")}
    turns(**kept, accelerated=_accelerated(), precision=backend.best_precision())


def _accelerated() -> bool:
    return not all("cpu" in device.lower() for device in backend.devices())
