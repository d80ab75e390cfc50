"""How each network is trained: from a paper's settings to an optimiser, a schedule and prepared images."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

import keras
import numpy as np

from cnnlib.data.augmentation import random_affine
from cnnlib.layers import MAPLoss
from cnnlib.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnlib.papers.chapter import CHAPTER
from cnnlib.papers.lecun1998 import LECUN1998

Phases = tuple[tuple[float, int], ...]
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
        rates: learning rate of each epoch.
        batch_size: images per update.
        loss: "cross_entropy" or "map".
        loss_settings: its arguments.
        pixels: how pixels are prepared: "unit" or "lecun1998".
        augmentation: None or "affine".
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

    @property
    def epochs(self) -> int:
        """Passes through the training images."""
        return len(self.rates)

    def shortened(self, epochs: int) -> Recipe:
        """The same schedule run through in fewer epochs, each phase shortened alike.

        Raises:
            ValueError: fewer epochs than one, or more than the recipe has.
        """
        if not 1 <= epochs <= self.epochs:
            raise ValueError(f"{self.name} has {self.epochs} epochs; it cannot be shortened to {epochs}.")
        return replace(self, rates=tuple(self.rates[i * self.epochs // epochs] for i in range(epochs)))

    def settings(self) -> dict:
        """All settings as plain data, for a record."""
        return asdict(self) | {"rates": list(self.rates)}

    def build_optimizer(self) -> keras.optimizers.Optimizer:
        """Return a new optimiser at the first epoch's rate.

        Raises:
            ValueError: the recipe names an unknown optimiser.
        """
        kinds = {
            "sgd": keras.optimizers.SGD,
            "adam": keras.optimizers.Adam,
            "diagonal_lm": DiagonalLevenbergMarquardt,
        }
        return _choose("optimizer", kinds, self.optimizer)(
            learning_rate=self.rates[0], **self.optimizer_settings
        )

    def build_loss(self) -> keras.losses.Loss:
        """Return the loss.

        Raises:
            ValueError: the recipe names an unknown loss.
        """
        kinds = {"cross_entropy": keras.losses.SparseCategoricalCrossentropy, "map": MAPLoss}
        return _choose("loss", kinds, self.loss)(**self.loss_settings)

    def prepare(self, images: np.ndarray) -> np.ndarray:
        """Turn uint8 images (n, height, width, channels) into the float32 input of the network.

        Raises:
            ValueError: the recipe names an unknown preparation.
        """
        return _choose("pixels", {"unit": unit_pixels, "lecun1998": lecun_pixels}, self.pixels)(images)

    def augment(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Distort prepared training images, or return them as they are.

        Raises:
            ValueError: the recipe names an unknown augmentation.
        """
        if self.augmentation is None:
            return images
        return _choose("augmentation", {"affine": random_affine}, self.augmentation)(images, rng)


def _choose(what: str, kinds: dict[str, T], name: str) -> T:
    if name not in kinds:
        raise ValueError(f"Unknown {what} {name!r}: use one of {', '.join(kinds)}.")
    return kinds[name]


def unit_pixels(images: np.ndarray) -> np.ndarray:
    """Scale uint8 pixels to 0..1."""
    return images.astype("float32") / 255


def lecun_pixels(images: np.ndarray) -> np.ndarray:
    """Scale digits to LeCun's range and set them in a 32x32 field of background.

    Source: LeCun et al. 1998, section II-B.
    """
    background, ink = LECUN1998["background"], LECUN1998["ink"]
    border = (LECUN1998["input_size"] - images.shape[1]) // 2
    scaled = unit_pixels(images) * (ink - background) + background
    edges = ((0, 0), (border, border), (border, border), (0, 0))
    return np.pad(scaled, edges, constant_values=background).astype("float32")


def per_epoch(phases: Phases) -> tuple[float, ...]:
    """Spell out a step schedule: the rate of every epoch from (rate, epochs) pairs."""
    return tuple(rate for rate, epochs in phases for _ in range(epochs))


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


def cosine(first: float, epochs: int) -> tuple[float, ...]:
    """Rates that fall from `first` towards zero along half a cosine (Loshchilov and Hutter 2017)."""
    return tuple(first * (1 + math.cos(math.pi * epoch / epochs)) / 2 for epoch in range(epochs))


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


def find(name: str) -> Recipe:
    """Return a recipe of `RECIPES`.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    return _choose("recipe", RECIPES, name)


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
