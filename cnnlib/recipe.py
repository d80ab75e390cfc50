"""How each network is trained: from a paper's settings to an optimiser, a schedule and prepared images."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

import keras
import numpy as np

from cnnlib.data import pixels
from cnnlib.data.augmentation import Augmentation, Flip, PadCrop, PCAColour, RandomAffine, pca_of
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView, RandomView, TenCrop, View
from cnnlib.layers import MAPLoss
from cnnlib.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnlib.papers.chapter import CHAPTER
from cnnlib.papers.lecun1998 import LECUN1998
from cnnlib.schedules import Hold, Plateau, Schedule, cosine, per_epoch, shortened

T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """Everything a training needs besides the images and the seed.

    Attributes:
        name: key in `RECIPES` and folder of its records.
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
        network_settings: arguments of the builder.
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
    network_settings: dict = field(default_factory=dict)

    @property
    def epochs(self) -> int | None:
        """Most passes through the training images; None where updates are counted instead."""
        return None if isinstance(self.hold, tuple) else self.schedule(images=self.batch_size).epochs

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

    def build_optimizer(self) -> keras.optimizers.Optimizer:
        """Return a new optimiser at the first rate.

        Raises:
            ValueError: the recipe names an unknown optimiser.
        """
        kinds = {
            "sgd": keras.optimizers.SGD,
            "adam": keras.optimizers.Adam,
            "diagonal_lm": DiagonalLevenbergMarquardt,
        }
        average = {} if self.averaging is None else {"use_ema": True, "ema_momentum": self.averaging}
        return _choose("optimizer", kinds, self.optimizer)(
            learning_rate=self.rates[0], **average, **self.optimizer_settings
        )

    def build_loss(self) -> keras.losses.Loss:
        """Return the loss.

        Raises:
            ValueError: the recipe names an unknown loss.
        """
        kinds = {"cross_entropy": keras.losses.SparseCategoricalCrossentropy, "map": MAPLoss}
        return _choose("loss", kinds, self.loss)(**self.loss_settings)

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
            ValueError: the recipe names an unknown augmentation.
        """
        if self.augmentation is None:
            return ()
        return _choose("augmentation", AUGMENTATIONS, self.augmentation)(train, prepared)

    def build_view(self, *, test: bool = False) -> View:
        """Return how a picture of a folder becomes a training or test image.

        Raises:
            ValueError: the recipe names an unknown view.
        """
        return _choose("view", VIEWS, self.test_view if test else self.view)


AUGMENTATIONS: dict[str, Callable[[np.ndarray, Pixels], tuple[Augmentation, ...]]] = {
    "affine": lambda train, prepared: (RandomAffine(),),
    "flip": lambda train, prepared: (Flip(),),
    "pad_crop_flip": lambda train, prepared: (PadCrop(), Flip()),
    "pca_colour": lambda train, prepared: (PCAColour(pca_of(train, prepared.span)),),
}
"""By name, what makes the augmentations from training images and the preparation of their pixels."""

VIEWS: dict[str, View] = {
    "random_crop": RandomView(),
    "centre": CentreView(),
    "ten_crop": TenCrop(),
}


def _choose(what: str, kinds: dict[str, T], name: str) -> T:
    if name not in kinds:
        raise ValueError(f"Unknown {what} {name!r}: use one of {', '.join(kinds)}.")
    return kinds[name]


def lr_schedule(epoch: int) -> float:
    """Global rate of LeNet-5's optimiser in a 0-based epoch, as Keras's LearningRateScheduler counts.

    After the last printed pass the last rate holds.

    Raises:
        ValueError: a negative epoch.

    Source: LeCun et al. 1998, section III-B.
    """
    if epoch < 0:
        raise ValueError(f"Epochs count from 0, so there is no epoch {epoch}.")
    rates = per_epoch(LECUN1998["schedule"])
    return rates[min(epoch, len(rates) - 1)]


_PAPER = Recipe(
    name="lenet5_original",
    network="LeNet5Original",
    data="mnist",
    optimizer="diagonal_lm",
    optimizer_settings={"mu": 0.5},
    rates=per_epoch(LECUN1998["schedule"]),
    batch_size=LECUN1998["batch_size"],
    loss="map",
    loss_settings={"j": 0.1},
    pixels="lecun1998",
    source=(
        "LeCun et al. 1998. Our choice, on validation digits: mu (the 0.02 that is often quoted does "
        "badly) and j (not printed)."
    ),
)

_CHAPTER = Recipe(
    name="lenet5_chapter",
    network="LeNet5",
    data="mnist",
    optimizer="sgd",
    rates=per_epoch(CHAPTER["lenet_schedule"]),
    batch_size=32,
    source="The chapter's schedule as rates of plain SGD; optimiser and batch size (not named) are Keras's.",
)

_MODERN = Recipe(
    name="lenet5_modern",
    network="LeNet5",
    data="mnist",
    optimizer="adam",
    rates=cosine(0.002, 20),
    batch_size=64,
    augmentation="affine",
    source="Our choice, on validation digits.",
)

RECIPES = {recipe.name: recipe for recipe in (_PAPER, _CHAPTER, _MODERN)}


# The network's own name stands for the recipe that this book recommends for it.
DEFAULTS = {"lenet5": "lenet5_modern"}


def find(name: str) -> Recipe:
    """Return a recipe of `RECIPES`; a key of `DEFAULTS` stands for one.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    return _choose("recipe", RECIPES, DEFAULTS.get(name, name))


# What a recipe's own choices were chosen from, on validation digits: see `cnnlib.training.choose`.
CANDIDATES: dict[str, tuple[dict, ...]] = {
    "lenet5_original": (
        *(
            {"optimizer_settings": {"mu": mu}, "loss_settings": {"j": 1.0}}
            for mu in (LECUN1998["mu"], 0.1, 0.25, 0.5, 1.0, 2.0)
        ),
        *({"optimizer_settings": {"mu": 0.5}, "loss_settings": {"j": j}} for j in (0.1, 10.0)),
    ),
    "lenet5_modern": (
        {"augmentation": None},
        *({"rates": cosine(first, 20)} for first in (0.001, 0.002, 0.004)),
    ),
}
