"""What a recipe is, and what its names stand for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from inspect import signature
from typing import TypeVar

import keras
import numpy as np

from cnnlib import models
from cnnlib.data import pixels
from cnnlib.data.augmentation import (
    Augmentation,
    FixedCrops,
    Flip,
    PadCrop,
    PCAColour,
    RandomAffine,
    RandomCrop,
    pca_of,
)
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView, GridCrops, MultiCrop, RandomAreaView, RandomView, TenCrop, View
from cnnlib.layers import MAPLoss
from cnnlib.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnlib.schedules import Hold, Plateau, Schedule, shortened

T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """Everything a training needs besides the images and the seed.

    Attributes:
        name: key in `cnnlib.recipe.RECIPES` and folder of its records.
        network: builder in `cnnlib.models`.
        data: name of the data set.
        optimizer: "sgd", "adam" or "diagonal_lm".
        optimizer_settings: its arguments besides the rate.
        rates: learning rates in the order they are used.
        hold: how long each rate holds, see `cnnlib.schedules.Schedule`; None: one epoch each.
        batch_size: images per update.
        loss: "cross_entropy" or "map".
        loss_settings: its arguments.
        weight_decay: lambda; adds lambda * w to the gradient of every weight w, as the papers do.
        averaging: None, or the share that a running average of the weights keeps at each update; the average
            is what is validated and kept (Polyak and Juditsky 1992).
        pixels: how pixels are prepared: a name of `cnnlib.data.pixels`.
        augmentation: None or a key of `AUGMENTATIONS`.
        view: how a picture of a folder becomes a training image: a key of `VIEWS`.
        test_view: the same for test images.
        crop: side of the squares that are cut out of every image, in pixels; None takes images whole.
        train_crops: where training images are cut, "random" or "centre".
        test_crops: where test images are cut: "centre"; or "ten" for four corners, centre and their mirror
            images, over which the network's outputs are averaged.
        heads: factors of the losses of auxiliary heads, by the names of these outputs.
        network_settings: arguments of the builder besides the number of classes, which the data has.
        source: where the settings come from, and which are our own choice.
    """

    name: str
    network: str
    data: str
    optimizer: str
    rates: tuple[float, ...]
    batch_size: int
    source: str
    optimizer_settings: dict = field(default_factory=dict)
    loss: str = "cross_entropy"
    loss_settings: dict = field(default_factory=dict)
    pixels: str = "unit"
    augmentation: str | None = None
    hold: Hold = None
    weight_decay: float = 0.0
    averaging: float | None = None
    view: str = "random_crop"
    test_view: str = "centre"
    crop: int | None = None
    train_crops: str = "random"
    test_crops: str = "centre"
    heads: dict[str, float] = field(default_factory=dict)
    network_settings: dict = field(default_factory=dict)

    @property
    def epochs(self) -> int | None:
        """Most passes through the training images; None where updates are counted instead."""
        return None if isinstance(self.hold, tuple) else self.schedule(images=self.batch_size).epochs

    @property
    def validated(self) -> bool:
        """Whether the recipe cannot do without validation images: its rate falls when their error stalls."""
        return isinstance(self.hold, Plateau)

    @property
    def needs_float32(self) -> bool:
        """Whether the optimiser cannot do with fewer digits."""
        return getattr(OPTIMIZERS.get(self.optimizer), "needs_float32", False)

    def schedule(self, images: int, *, validated: bool = True) -> Schedule:
        """Return the rates of a training on so many images.

        Raises:
            ValueError: see `cnnlib.schedules.Schedule`.
        """
        return Schedule(self.rates, self.hold, images // self.batch_size, validated=validated)

    def shortened(self, epochs: int, images: int | None = None) -> Recipe:
        """The same schedule run through in fewer epochs, each phase shortened alike.

        Args:
            epochs: passes through the training images.
            images: how many there are; needed only where the schedule counts updates.

        Raises:
            ValueError: fewer epochs than one, or more than the recipe has.
        """
        batches = None if images is None else images // self.batch_size
        try:
            rates, hold = shortened(self.rates, self.hold, epochs, batches)
        except ValueError as problem:
            raise ValueError(f"{self.name}: {problem}") from problem
        return replace(self, rates=rates, hold=hold)

    def settings(self) -> dict:
        """All settings as plain data, for a record."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_settings(cls, settings: dict) -> Recipe:
        """Return the recipe that `settings` describes, in an older record perhaps with fewer fields."""
        hold = settings.get("hold")
        if isinstance(hold, dict):
            hold = Plateau(**hold)
        elif hold is not None:
            hold = tuple(hold)
        return cls(**{**settings, "rates": tuple(settings["rates"]), "hold": hold})

    def build_network(self, classes: int) -> keras.Model:
        """Return the network with new weights; its outputs are as many as the classes if it can choose."""
        build = getattr(models, self.network)
        choice = {"classes": classes} if "classes" in signature(build).parameters else {}
        return build(**choice, **self.network_settings)

    def build_optimizer(self) -> keras.optimizers.Optimizer:
        """Return a new optimiser at the first rate.

        Raises:
            ValueError: the recipe names an unknown optimiser.
        """
        average = {} if self.averaging is None else {"use_ema": True, "ema_momentum": self.averaging}
        return choose("optimizer", OPTIMIZERS, self.optimizer)(
            learning_rate=self.rates[0], **average, **self.optimizer_settings
        )

    def build_loss(self) -> keras.losses.Loss:
        """Return the loss.

        Raises:
            ValueError: the recipe names an unknown loss.
        """
        kinds = {"cross_entropy": keras.losses.SparseCategoricalCrossentropy, "map": MAPLoss}
        return choose("loss", kinds, self.loss)(**self.loss_settings)

    def build_pixels(self, train: np.ndarray) -> Pixels:
        """Return how pixels are prepared, with what it needs measured on training images.

        Args:
            train: uint8 (n, height, width, channels).

        Raises:
            ValueError: the recipe names an unknown preparation.
        """
        return pixels.build(self.pixels, train)

    def build_augmentations(self, train: np.ndarray, prepared: Pixels) -> tuple[Augmentation, ...]:
        """Return what is done to prepared training images.

        Args:
            train: uint8 (n, height, width, channels), to measure colours on.
            prepared: what `build_pixels` returned.

        Raises:
            ValueError: the recipe names an unknown augmentation, or crops that are larger than the images.
        """
        changes: tuple[Augmentation, ...] = ()
        if self.augmentation is not None:
            changes = choose("augmentation", AUGMENTATIONS, self.augmentation)(train, prepared)
        if self.crop is None or self.train_crops != "random":
            return changes
        height, width, _ = prepared.output_shape(train.shape[1:])
        return RandomCrop(self.crop, (height, width)), *changes

    def build_view(self, *, test: bool = False) -> View:
        """Return how a picture of a folder becomes a training or test image.

        Raises:
            ValueError: the recipe names an unknown view.
        """
        return choose("view", VIEWS, self.test_view if test else self.view)

    def build_crops(self, *, test: bool = False) -> FixedCrops | None:
        """Return what cuts squares out of prepared training or test images; None where nothing does.

        Random crops of training images are among the augmentations.

        Raises:
            ValueError: the recipe names unknown crops.
        """
        kinds: dict[str, FixedCrops | None] = {"random": None, "centre": None}
        if self.crop is not None:
            kinds["centre"] = FixedCrops(self.crop)
        if test:
            del kinds["random"]
            kinds["ten"] = None if self.crop is None else FixedCrops(self.crop, ten=True)
        return choose("crops", kinds, self.test_crops if test else self.train_crops)


OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "diagonal_lm": DiagonalLevenbergMarquardt,
}

AUGMENTATIONS: dict[str, Callable[[np.ndarray, Pixels], tuple[Augmentation, ...]]] = {
    "affine": lambda train, prepared: (RandomAffine(),),
    "flip": lambda train, prepared: (Flip(),),
    "pad_crop_flip": lambda train, prepared: (PadCrop(), Flip()),
    "pca_colour": lambda train, prepared: (PCAColour(pca_of(prepared.ordered(train), prepared.span)),),
}
"""By name, what makes the augmentations from training images and the preparation of their pixels."""

VIEWS: dict[str, View] = {
    "random_crop": RandomView(),
    "random_crop_of_square": RandomView(square=True),
    "scale_jitter": RandomView(shorter=(256, 512)),
    "scale_jitter_480": RandomView(shorter=(256, 480)),
    "random_area": RandomAreaView(),
    "centre": CentreView(),
    "ten_crop": TenCrop(),
    "grid_crops": GridCrops(),
    "multi_crop": MultiCrop(),
}


def choose(what: str, kinds: dict[str, T], name: str) -> T:
    """Return one of several kinds by its name.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    if name not in kinds:
        raise ValueError(f"Unknown {what} {name!r}: use one of {', '.join(kinds)}.")
    return kinds[name]


def falling(first: float, divisor: float, times: int) -> tuple[float, ...]:
    """A first rate, and what it becomes each time that it is divided."""
    return tuple(first / divisor**i for i in range(times + 1))
