"""Images on their way into the compiled step: on the device from the start, or decoded ahead from a folder.

All that is random in an epoch, the order and every draw, follows from the seed and the epoch's number and
is made at once, on the host. So it does not depend on the backend, on how many devices or threads share the
work, or on where a run was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops

from cnnlib.backend import Engine
from cnnlib.data import Split
from cnnlib.data.augmentation import Augmentation, RandomCut
from cnnlib.data.folders import PictureFolder, stream_batches
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import View

Tensor = Any
# An array of images larger than this stays in the computer's memory and is sent batch by batch.
RESIDENT_BYTES = 4 * 2**30


class Feed:
    """The images of one split, for one engine.

    Args:
        images: a split in memory or a folder of pictures.
        engine: what trains on them; its processes each take an equal share of every batch.
        pixels: how pixels are prepared.
        augmentations: what is done to prepared training images.
        view: how a picture of a folder becomes an image of fixed size, and what is cut out of images in
            memory (see `cnnlib.data.views.View`); for test images it may give several views of each.

    Attributes:
        resident: the images as they lie on the device, or None where batches carry them.
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
        self.view = view if isinstance(images, PictureFolder) else None
        if view is not None and isinstance(images, Split) and images.x.ndim == 4:  # features are not cut
            height, width, _ = pixels.output_shape(images.x.shape[1:])
            cut = view.in_memory(height, width)
            if isinstance(cut, RandomCut):
                self.augmentations = (cut, *self.augmentations)
            else:
                self.cut = cut
        self.labels = np.asarray(images.labels if isinstance(images, PictureFolder) else images.y, "int32")
        self.resident = None
        if isinstance(images, Split) and images.x.nbytes <= RESIDENT_BYTES:
            self.resident = engine.place(images.x)

    @cached_property
    def values_per_image(self) -> int:
        """How many numbers the network reads for each image, all its views together."""
        if isinstance(self.images, Split):
            return self.images.x[0].size
        assert self.view is not None
        picture, _ = self.images.read_good(0)
        return self.view(picture, self.view.draw(np.random.default_rng(0), 1)[0]).size

    @property
    def bytes_per_image(self) -> int:
        """What a batch carries for each image: its pixels, or its place among the resident images."""
        return 4 if self.resident is not None else self.values_per_image

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def inputs(self, batch: dict[str, Tensor], resident: Tensor) -> Tensor:
        """Return what the model sees of a training batch, in Keras operations."""
        images = self.plain_inputs(batch, resident)
        for number, augmentation in enumerate(self.augmentations):
            images = augmentation(images, batch[f"draws{number}"])
        return images

    def plain_inputs(self, batch: dict[str, Tensor], resident: Tensor) -> Tensor:
        """Return what the model sees of a test batch: prepared pixels, the views of an image in a row."""
        images = batch["images"] if resident is None else ops.take(resident, batch["index"], axis=0)
        images = self.pixels(_in_a_row(images))
        return images if self.cut is None else _in_a_row(self.cut(images))

    def epoch(self, rng: np.random.Generator, batch_size: int, updates: int, first: int = 0) -> _Epoch:
        """Return an epoch's batches in a new order, from update `first` on.

        Images that do not fill a batch are left out.
        """
        order = rng.permutation(len(self))
        draws = {
            f"draws{number}": augmentation.draw(rng, len(self))
            for number, augmentation in enumerate(self.augmentations)
        }
        view_draws = None if self.view is None else self.view.draw(rng, len(self))
        places = np.arange(first * batch_size, updates * batch_size).reshape(-1, batch_size)
        places = places[:, self._share(batch_size)]
        return _Epoch(self, order, {name: drawn[places] for name, drawn in draws.items()}, view_draws, places)

    def in_order(self, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
        """Yield all images once, as single batches: the last is filled up with images of weight 0.

        "places" says which image of the whole batch each image of this process's share is.
        """
        batch_size = -(-batch_size // self.engine.devices) * self.engine.devices
        count = -(-len(self) // batch_size)
        places = np.arange(count * batch_size).reshape(count, batch_size)[:, self._share(batch_size)]
        weights = (places < len(self)).astype("float32")
        among = np.eye(batch_size, dtype="float32")[self._share(batch_size)]
        among = np.broadcast_to(among, (count, *among.shape))
        order = np.minimum(np.arange(count * batch_size), len(self) - 1)
        draws = None if self.view is None else self.view.draw(np.random.default_rng(0), len(order))
        epoch = _Epoch(self, order, {"weights": weights, "places": among}, draws, places)
        for _ in range(count):
            yield epoch.take(1)

    def _share(self, batch_size: int) -> slice:
        """The part of every batch that is this process's."""
        size = batch_size // self.engine.processes
        return slice(self.engine.process * size, (self.engine.process + 1) * size)


def _in_a_row(images: Tensor) -> Tensor:
    """Images (b, h, w, c), or the views (b, v, h, w, c) of some as (b v, h, w, c)."""
    return ops.reshape(images, (-1, *images.shape[2:])) if len(images.shape) == 5 else images


class _Epoch:
    """Batches that are handed out several at a time."""

    def __init__(
        self,
        feed: Feed,
        order: np.ndarray,
        extras: dict[str, np.ndarray],
        view_draws: np.ndarray | None,
        places: np.ndarray,
    ):
        self.feed, self.extras, self.index, self.taken = feed, extras, order[places].astype("int32"), 0
        self.pictures: Iterator | None = None
        if isinstance(feed.images, PictureFolder):
            assert feed.view is not None
            assert view_draws is not None
            self.pictures = stream_batches(
                feed.images, feed.view, self.index.ravel(), view_draws[places.ravel()], places.shape[1]
            )

    def take(self, count: int) -> dict[str, np.ndarray]:
        """Return the next `count` batches: arrays (count, batch, ...)."""
        rows = slice(self.taken, self.taken + count)
        self.taken += count
        batches = {"labels": self.feed.labels[self.index[rows]]}
        batches |= {name: values[rows] for name, values in self.extras.items()}
        if self.feed.resident is not None:
            return batches | {"index": self.index[rows]}
        if isinstance(self.feed.images, Split):
            return batches | {"images": self.feed.images.x[self.index[rows]]}
        assert self.pictures is not None
        images, labels, weights = zip(*(next(self.pictures) for _ in range(count)), strict=True)
        batches |= {"images": np.stack(images), "labels": np.stack(labels).astype("int32")}
        if "weights" in batches:  # a picture that cannot be read does not count
            batches["weights"] = batches["weights"] * np.stack(weights)
        return batches
