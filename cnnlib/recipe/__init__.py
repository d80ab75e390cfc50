"""How each network is trained: from a paper's settings to an optimiser, a schedule and prepared images."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from inspect import signature
from typing import Any, Self, TypeVar

import keras

from cnnlib import extras, models
from cnnlib.data.preparation import Preparation
from cnnlib.schedules import Hold, Plateau, Schedule

T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """Everything a training needs besides the images and the seed."""

    name: str  # key in `cnnlib.recipe.RECIPES` and folder of its records
    network: str  # builder in `cnnlib.models`
    data: str  # name of the data set
    optimizer: str  # a key of `OPTIMIZERS`
    rates: tuple[float, ...]  # learning rates in the order they are used
    batch_size: int  # images per update
    source: str  # where the settings come from, and which are our own choice
    optimizer_settings: dict = field(default_factory=dict)  # its arguments besides the rate
    loss: str = "cross_entropy"  # a key of `LOSSES`
    loss_settings: dict = field(default_factory=dict)  # its arguments
    preparation: Preparation = field(default_factory=Preparation)  # from pictures to what the network is fed
    hold: Hold = None  # how long each rate holds, see `cnnlib.schedules.Schedule`; None: one epoch each
    weight_decay: float = 0.0  # lambda; adds lambda * w to the gradient of every weight w, as the papers do
    # None, or the share that a running average of the weights keeps at each update; the average is what is
    # validated and kept (Polyak and Juditsky 1992).
    averaging: float | None = None
    heads: dict[str, float] = field(default_factory=dict)  # factors of auxiliary heads' losses, by output
    # Arguments of the builder besides the number of classes, which the data has.
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

    def shortened(self, epochs: int, images: int | None = None) -> Self:
        """The same schedule run through in fewer epochs: see `cnnlib.schedules.Schedule.shortened`.

        Raises:
            ValueError: fewer epochs than one, or more than the recipe has; or no number of training images
                where it counts updates.
        """
        if isinstance(self.hold, tuple) and images is None:
            raise ValueError(f"{self.name} counts updates: say how many images there are to shorten it.")
        try:
            rates, hold = self.schedule(max(images or 0, self.batch_size)).shortened(epochs)
        except ValueError as problem:
            raise ValueError(f"{self.name}: {problem}") from problem
        return replace(self, rates=rates, hold=hold)

    def extends(self, shorter: Self) -> bool:
        """Whether this goes on where a shorter training by the same settings ended."""
        if isinstance(self.hold, Plateau) and isinstance(shorter.hold, Plateau):
            begins = self.rates == shorter.rates and self.hold.epochs >= shorter.hold.epochs
            hold: Hold = replace(shorter.hold, epochs=self.hold.epochs)
        else:
            begins = shorter.hold is None and self.rates[: len(shorter.rates)] == shorter.rates
            hold = None
        return begins and replace(shorter, rates=self.rates, hold=hold).settings() == self.settings()

    def settings(self) -> dict:
        """All settings as plain data, for a record."""
        return json.loads(json.dumps(asdict(self) | {"preparation": self.preparation.settings()}))

    @classmethod
    def from_settings(cls, settings: dict) -> Self:
        """Return the recipe that `settings` describes, in an older record perhaps with other fields.

        Raises:
            ValueError: it has fields that no recipe has, and nothing that was imported knows them.
        """
        told = extras.migrated(settings)
        if unknown := sorted(told.keys() - {each.name for each in fields(cls)}):
            raise ValueError(
                f"The settings of {told.get('name', 'a recipe')} have {', '.join(unknown)}, which no recipe "
                f"has: import the package that its record is of first, as `python -m cnnbook compare` does."
            )
        hold = told.get("hold")
        hold = Plateau(**hold) if isinstance(hold, dict) else hold and tuple(hold)
        preparation = Preparation.from_settings(told.get("preparation", {}))
        return cls(**told | {"rates": tuple(told["rates"]), "hold": hold, "preparation": preparation})

    def build_network(self, classes: int) -> keras.Model:
        """Return the network with new weights; its outputs are as many as the classes if it can choose."""
        return build(self.network, classes, self.network_settings)

    def build_optimizer(self) -> keras.optimizers.Optimizer:
        """Return a new optimiser at the first rate.

        Raises:
            ValueError: the recipe names an unknown optimiser.
        """
        average = {} if self.averaging is None else {"use_ema": True, "ema_momentum": self.averaging}
        kind = _choose("optimizer", OPTIMIZERS, self.optimizer)
        return kind(learning_rate=self.rates[0], **average, **self.optimizer_settings)

    def build_loss(self) -> keras.losses.Loss:
        """Return the loss.

        Raises:
            ValueError: the recipe names an unknown loss.
        """
        return _choose("loss", LOSSES, self.loss)(**self.loss_settings)


OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
}
LOSSES: dict[str, type[keras.losses.Loss]] = {"cross_entropy": keras.losses.SparseCategoricalCrossentropy}
"""By name, what recipes train with. A package may add its own."""


RECIPES: dict[str, Recipe] = {}

# The network's own name stands for the recipe that is recommended for it.
DEFAULTS = {"lenet5": "lenet5_modern", "vgg11": "vgg_a", "vgg13": "vgg_b", "vgg16": "vgg_d", "vgg19": "vgg_e"}


def build(network: str, classes: int, settings: Mapping[str, Any]) -> keras.Model:
    """Call a builder of `cnnlib.models` with its settings, and with the number of classes if it takes one."""
    builder = getattr(models, network)
    choice = {"classes": classes} if "classes" in signature(builder).parameters else {}
    return builder(**choice, **settings)


def add(*recipes: Recipe) -> None:
    """Let recipes stand in `RECIPES`, by their names."""
    RECIPES.update({recipe.name: recipe for recipe in recipes})


def find(name: str) -> Recipe:
    """Return a recipe of `RECIPES`; a key of `DEFAULTS` stands for one.

    Raises:
        ValueError: there is none of that name; the message says the nearest, and lists those there are.
    """
    near = difflib.get_close_matches(name, [*DEFAULTS, *RECIPES], n=1)
    if near and near[0] != name:
        raise ValueError(
            f"Unknown recipe {name!r}: did you mean {near[0]!r}? There are {', '.join(RECIPES)}."
        )
    return _choose("recipe", RECIPES, DEFAULTS.get(name, name))


def _choose(what: str, kinds: dict[str, T], name: str) -> T:
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


from cnnlib.recipe import papers  # noqa: E402 - it adds its recipes to what is defined above

extras.collect("recipes")
