"""How each network is trained: from a paper's settings to an optimiser, a schedule and prepared images."""

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
from cnnlib.data.views import CentreView, GridCrops, RandomView, TenCrop, View
from cnnlib.layers import MAPLoss
from cnnlib.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnlib.models.vgg import CONFIGURATIONS
from cnnlib.papers import Paper
from cnnlib.papers.chapter import CHAPTER
from cnnlib.papers.krizhevsky2012 import KRIZHEVSKY2012
from cnnlib.papers.lecun1998 import LECUN1998
from cnnlib.papers.simonyan2015 import SIMONYAN2015
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
        crop: side of the squares that are cut out of every image, in pixels; None takes images whole.
        train_crops: where training images are cut, "random" or "centre".
        test_crops: where test images are cut: "centre"; or "ten" for four corners, centre and their mirror
            images, over which the network's outputs are averaged.
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
    network_settings: dict = field(default_factory=dict)

    @property
    def epochs(self) -> int | None:
        """Most passes through the training images; None where updates are counted instead."""
        return None if isinstance(self.hold, tuple) else self.schedule(images=self.batch_size).epochs

    @property
    def validated(self) -> bool:
        """Whether the recipe cannot do without validation images: its rate falls when their error stalls."""
        return isinstance(self.hold, Plateau)

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
            ValueError: the recipe names an unknown augmentation, or crops that are larger than the images.
        """
        changes: tuple[Augmentation, ...] = ()
        if self.augmentation is not None:
            changes = _choose("augmentation", AUGMENTATIONS, self.augmentation)(train, prepared)
        if self.crop is None or self.train_crops != "random":
            return changes
        height, width, _ = prepared.output_shape(train.shape[1:])
        return RandomCrop(self.crop, (height, width)), *changes

    def build_view(self, *, test: bool = False) -> View:
        """Return how a picture of a folder becomes a training or test image.

        Raises:
            ValueError: the recipe names an unknown view.
        """
        return _choose("view", VIEWS, self.test_view if test else self.view)

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
        return _choose("crops", kinds, self.test_crops if test else self.train_crops)


AUGMENTATIONS: dict[str, Callable[[np.ndarray, Pixels], tuple[Augmentation, ...]]] = {
    "affine": lambda train, prepared: (RandomAffine(),),
    "flip": lambda train, prepared: (Flip(),),
    "pad_crop_flip": lambda train, prepared: (PadCrop(), Flip()),
    "pca_colour": lambda train, prepared: (PCAColour(pca_of(train, prepared.span)),),
}
"""By name, what makes the augmentations from training images and the preparation of their pixels."""

VIEWS: dict[str, View] = {
    "random_crop": RandomView(),
    "random_crop_of_square": RandomView(square=True),
    "scale_jitter": RandomView(shorter=(256, 512)),
    "centre": CentreView(),
    "ten_crop": TenCrop(),
    "grid_crops": GridCrops(),
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


def _falling(paper: Paper) -> tuple[float, ...]:
    """A paper's first rate, and what it becomes each time that it is reduced."""
    return tuple(paper["rate"] / paper["rate_divisor"] ** i for i in range(paper["rate_reductions"] + 1))


def _by_sgd(paper: Paper) -> dict:
    """What the papers of AlexNet and VGG have in common: momentum, weight decay, rates by plateau."""
    return {
        "data": "imagenet",
        "optimizer": "sgd",
        "optimizer_settings": {"momentum": paper["momentum"]},
        "rates": _falling(paper),
        "hold": Plateau(patience=5, epochs=paper["epochs"]),
        "batch_size": paper["batch_size"],
        "weight_decay": paper["weight_decay"],
        "augmentation": "pca_colour",
    }


_ALEXNET = Recipe(
    name="alexnet",
    network="AlexNet",
    **_by_sgd(KRIZHEVSKY2012),
    pixels="mean_image",
    view="random_crop_of_square",
    test_view="ten_crop",
    network_settings={
        "input_shape": [KRIZHEVSKY2012["input_side"]] * 2 + [3],
        "bias_ones": KRIZHEVSKY2012["bias_caffe"],
    },
    source=(
        "Krizhevsky et al. 2012, sections 2, 4.1 and 5. Biases of 0.1 instead of 1 are those of the "
        "replication in Caffe; how long an error must stall (5 epochs) is our choice."
    ),
)

_ALEXNET_SMALL = replace(
    _ALEXNET,
    name="alexnet_small",
    data="imagenette",
    batch_size=32,
    rates=per_epoch(((0.01, 16), (0.001, 4))),
    hold=None,
    network_settings=_ALEXNET.network_settings | {"width": 0.5},
    source=(
        "The settings of AlexNet on ImageNet for a machine without a GPU: half of the maps and units, few "
        "pictures, and therefore smaller batches; 20 epochs are what there was time for."
    ),
)

_CUDA_CONVNET = Recipe(
    name="cuda_convnet",
    network="CudaConvnet",
    data="cifar10",
    optimizer="sgd",
    optimizer_settings={"momentum": KRIZHEVSKY2012["cifar_momentum"]},
    rates=per_epoch(((0.001, 500), (0.0001, 10), (0.00001, 10))),
    batch_size=KRIZHEVSKY2012["cifar_batch_size"],
    pixels="mean_image",
    augmentation="flip",
    crop=KRIZHEVSKY2012["cifar_crop"],
    test_crops="ten",
    network_settings={
        "decay": KRIZHEVSKY2012["cifar_weight_decay"],
        "local_response_normalization": False,
    },
    source=(
        "cuda-convnet, layers-conv-local-13pct.cfg. All images are trained on from the start; biases have "
        "the rate of the weights, where the program gives them twice that."
    ),
)


def _with_normalisation(recipe: Recipe, name: str) -> Recipe:
    settings = recipe.network_settings | {"local_response_normalization": True}
    source = recipe.source.replace("13pct", "11pct")
    return replace(recipe, name=name, network_settings=settings, source=source)


_CUDA_CONVNET_SHORT = replace(
    _CUDA_CONVNET,
    name="cuda_convnet_short",
    rates=per_epoch(((0.001, 8), (0.0001, 1), (0.00001, 1))),
    source=f"{_CUDA_CONVNET.source} 10 epochs instead of 520, for a machine without a GPU.",
)

_FIGURE_1 = replace(
    _CUDA_CONVNET,
    name="four_layers_relu",
    rates=(0.002,) * 10,
    augmentation=None,
    train_crops="centre",
    test_crops="centre",
    network_settings={"local_response_normalization": False, "activation": "relu"},
    source=(
        "The comparison of figure 1 of Krizhevsky et al. 2012, whose network is not described: here that of "
        "cuda-convnet, with nothing that regularises. The rate is our choice, for each activation by itself, "
        "on validation images after 2 epochs."
    ),
)
_FIGURE_1_TANH = replace(
    _FIGURE_1,
    name="four_layers_tanh",
    rates=(0.001,) * 20,
    network_settings=_FIGURE_1.network_settings | {"activation": "tanh"},
)


def _vgg(config: str) -> Recipe:
    return Recipe(
        name=f"vgg_{config.lower().replace('-', '_')}",
        network="VGG",
        **_by_sgd(SIMONYAN2015),
        pixels="mean_rgb",
        view="scale_jitter",
        test_view="grid_crops",
        network_settings={"config": config},
        source=(
            "Simonyan and Zisserman 2015, section 3.1, with jittered scales and Glorot's initial weights; "
            "how long an error must stall (5 epochs) is our choice."
        ),
    )


def _vgg_small(config: str) -> Recipe:
    full = _vgg(config)
    return replace(
        full,
        name=f"{full.name}_small",
        data="cifar10",
        batch_size=128,
        rates=per_epoch(((0.01, 6), (0.001, 2))),
        hold=None,
        augmentation="pad_crop_flip",
        network_settings={"config": config, "input_shape": [32, 32, 3], "width": 0.25},
        source=(
            "The settings of VGG on ImageNet for CIFAR-10 and a machine without a GPU: a quarter of the maps "
            "and units, batches half as large, shifts by up to 4 pixels in place of scale jitter; 8 epochs "
            "are what there was time for."
        ),
    )


_VGGS = tuple(CONFIGURATIONS)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        *(_PAPER, _CHAPTER, _MODERN),
        *(_FIGURE_1, _FIGURE_1_TANH),
        *(_CUDA_CONVNET, _with_normalisation(_CUDA_CONVNET, "cuda_convnet_lrn")),
        *(_CUDA_CONVNET_SHORT, _with_normalisation(_CUDA_CONVNET_SHORT, "cuda_convnet_lrn_short")),
        *(_ALEXNET, _ALEXNET_SMALL),
        *map(_vgg, _VGGS),
        *map(_vgg_small, _VGGS),
    )
}


# The network's own name stands for the recipe that this book recommends for it.
DEFAULTS = {
    "lenet5": "lenet5_modern",
    "vgg11": "vgg_a",
    "vgg13": "vgg_b",
    "vgg16": "vgg_d",
    "vgg19": "vgg_e",
}


def find(name: str) -> Recipe:
    """Return a recipe of `RECIPES`; a key of `DEFAULTS` stands for one.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    return _choose("recipe", RECIPES, DEFAULTS.get(name, name))


# What a recipe's own choices were chosen from, on validation images: see `cnnlib.training.choose`.
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
    **{
        recipe.name: tuple({"rates": (rate,) * len(recipe.rates)} for rate in (0.001, 0.002, 0.004, 0.008))
        for recipe in (_FIGURE_1, _FIGURE_1_TANH)
    },
    "alexnet_small": tuple(
        {"network_settings": _ALEXNET_SMALL.network_settings | {"bias_ones": bias}}
        for bias in (1.0, KRIZHEVSKY2012["bias_caffe"], 0.0)
    ),
}
