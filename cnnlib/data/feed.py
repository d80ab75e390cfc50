"""Images on their way into `fit`: batches of stored pixels, which are prepared within the compiled step.

All that is random in an epoch, the order and every draw, follows from the seed and the epoch's number and
is made at once, on the host. So it does not depend on the backend, on how many devices or threads share the
work, or on where a run was interrupted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from cnnlib.backend import Engine, compiled
from cnnlib.data import Split
from cnnlib.data.augmentation import Augmentation, RandomCut
from cnnlib.data.folders import PictureFolder, stream
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import View

Tensor = Any
Batch = dict[str, np.ndarray]


class Feed:
    """The images of one split, for one engine.

    Args:
        images: a split in memory or a folder of pictures.
        engine: what trains on them; its processes each take an equal share of every batch.
        pixels: how pixels are prepared.
        augmentations: what is done to prepared training images.
        view: how a picture of a folder becomes an image of fixed size, and what is cut out of images in
            memory (see `cnnlib.data.views.View`); for test images it may give several views of each.
    """

    def __init__(
        self,
        images: Split | PictureFolder,
        engine: Engine,
        pixels: Pixels,
        augmentations: Sequence[Augmentation] = (),
        view: View | None = None,
    ):
        self.images, self.engine, self.pixels = images, engine, pixels
        self.augmentations, self.cut = tuple(augmentations), None
        self.view = view if view is not None and isinstance(images, PictureFolder) else View()
        if view is not None and isinstance(images, Split) and images.x.ndim == 4:  # features are not cut
            height, width, _ = pixels.output_shape(images.x.shape[1:])
            cut = view.in_memory(height, width)
            if isinstance(cut, RandomCut):
                self.augmentations = (cut, *self.augmentations)
            else:
                self.cut = cut
        self.labels = np.asarray(images.labels if isinstance(images, PictureFolder) else images.y, "int32")
        self.problem: Exception | None = None

    @cached_property
    def values_per_image(self) -> int:
        """How many numbers the network reads for each image, all its views together."""
        if isinstance(self.images, Split):
            return self.images.x[0].size
        picture, _ = self.images.read_good(0)
        return self.view(picture, self.view.draw(np.random.default_rng(0), 1)[0]).size

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def prepared(self, batch: Mapping[str, Tensor]) -> Tensor:
        """What the network sees of a batch, in Keras operations; the views of an image in a row."""
        images = self.pixels(_in_a_row(batch["images"]))
        images = images if self.cut is None else _in_a_row(self.cut(images))
        for number, augmentation in enumerate(self.augmentations):
            images = augmentation(images, batch[f"draws{number}"])
        return images

    def epoch(
        self, rng: np.random.Generator, batch_size: int, updates: int, first: int = 0, parts: int = 1
    ) -> Iterator[tuple[Batch, np.ndarray]]:
        """Draw an epoch in a new order, and return its batches with labels (b,), from update `first` on.

        Images that do not fill a batch are left out; every batch comes in equal parts.
        """
        order = rng.permutation(len(self))
        draws = {f"draws{i}": each.draw(rng, len(self)) for i, each in enumerate(self.augmentations)}
        view_draws = self.view.draw(rng, len(self))
        places = np.arange(first * batch_size, updates * batch_size).reshape(-1, batch_size)
        places = places[:, self._share(batch_size)].reshape(-1, batch_size // self.engine.processes // parts)
        return (
            ({"images": images} | {name: drawn[rows] for name, drawn in draws.items()}, labels)
            for rows, (images, labels, _) in zip(places, self._read(order, places, view_draws), strict=True)
        )

    def in_order(self, batch_size: int) -> Iterator[tuple[Batch]]:
        """Yield all images once: the last batch is filled up with the last image.

        "weights" (b,) is 0 for what fills up, and for what stands in for a picture that cannot be read.
        """
        count = -(-len(self) // batch_size)
        places = np.arange(count * batch_size).reshape(count, batch_size)[:, self._share(batch_size)]
        order = np.minimum(np.arange(count * batch_size), len(self) - 1)
        draws = self.view.draw(np.random.default_rng(0), len(order))
        for rows, (images, _, weights) in zip(places, self._read(order, places, draws), strict=True):
            yield ({"images": images, "weights": weights * (rows < len(self)).astype("float32")},)

    def _read(
        self, order: np.ndarray, places: np.ndarray, draws: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield images, labels and weights of places (batches, b) in an order."""
        if isinstance(self.images, Split):
            for rows in order[places]:
                yield self.images.x[rows], self.labels[rows], np.ones(len(rows), "float32")
            return
        flat = places.ravel()
        pictures = stream(self.images, self.view, order[flat], draws[flat], batch_size=places.shape[1])
        try:
            for images, labels, weights in pictures:
                yield images, labels.astype("int32"), weights
        except Exception as problem:
            self.problem = problem  # TensorFlow makes another of it
            raise

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Raise what went wrong with a picture rather than what a backend makes of it."""
        try:
            yield
        except Exception:
            if self.problem is not None:
                raise self.problem from None
            raise

    def _share(self, batch_size: int) -> slice:
        """The part of every batch that is this process's."""
        size = batch_size // self.engine.processes
        return slice(self.engine.process * size, (self.engine.process + 1) * size)


class Fed(keras.Model):
    """A network with the preparation of its images before it: what `fit` and `predict` are called on.

    Args:
        network: what sees the prepared images.
        feed: where they come from.
        heads: further outputs of the network that are trained.
        answers: give, for each image, 1 + the class that is answered rather than scores: see `answered`.
    """

    def __init__(self, network: keras.Model, feed: Feed, heads: Sequence[str] = (), answers: bool = False):
        super().__init__(name="fed", dtype="float32")  # the network has a policy of its own
        self.network, self.feed, self.heads, self.answers = network, feed, tuple(heads), answers
        self.prepared = compiled(feed.prepared) if feed.augmentations else feed.prepared

    def call(self, batch: Mapping[str, Tensor], training: bool | None = None) -> Tensor:
        """Prepare the images of a batch and ask the network."""
        outputs = self.network(self.prepared(batch), training=training)
        if self.heads:
            return {name: outputs[name] for name in ("predictions", *self.heads)}
        scores = outputs["predictions"] if isinstance(outputs, Mapping) else outputs
        return answered(scores, batch["weights"]) if self.answers else scores


def answered(scores: Tensor, weights: Tensor) -> Tensor:
    """1 + the class with the best score of each image (b,), by scores (b * views, classes) of its views.

    Of equal scores the first counts. 1 + the number of classes stands for scores that are not finite, 0 for
    an image of weight 0.
    """
    classes = scores.shape[-1]
    scores = ops.reshape(ops.cast(scores, "float32"), (ops.shape(weights)[0], -1, classes))
    scores = ops.mean(scores, axis=1)
    finite = ops.all(ops.isfinite(scores), axis=1, keepdims=True)
    best = ops.logical_and(scores == ops.max(scores, axis=1, keepdims=True), finite)
    first = ops.min(ops.where(best, ops.arange(classes)[None], classes), axis=1)
    found = ops.where(weights > 0, ops.cast(first, "int32") + 1, 0)
    shared = keras.distribution.distribution()
    if shared is not None:  # every process needs all of them
        found = keras.distribution.distribute_tensor(
            found, keras.distribution.TensorLayout([None], shared.device_mesh)
        )
    return found


def _in_a_row(images: Tensor) -> Tensor:
    """Images (b, h, w, c), or the views (b, v, h, w, c) of some as (b v, h, w, c)."""
    return ops.reshape(images, (-1, *images.shape[2:])) if len(images.shape) == 5 else images
