"""Learning rates: schedules spelled out, and which rate each update of a training takes."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate


@dataclass(frozen=True)
class Plateau:
    """Hold a rate until the validation error stalls.

    Raises:
        ValueError: patience or epochs below 1, or a negative minimum.
    """

    patience: int  # epochs in a row without progress after which the next rate is due
    epochs: int  # the training ends after so many, stalled or not
    # By how much, as a share of the images, an error must fall below the best one to count as progress.
    minimum: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1 or self.epochs < 1 or self.minimum < 0:
            raise ValueError(f"{self}: patience and epochs must be 1 or more, minimum 0 or more.")


# How long each rate holds: one epoch, so many updates, or until the validation error stalls.
Hold = tuple[int, ...] | Plateau | None


def cosine(first: float, epochs: int) -> tuple[float, ...]:
    """Rates that fall from `first` towards zero along half a cosine (Loshchilov and Hutter 2017)."""
    return tuple(first * (1 + math.cos(math.pi * epoch / epochs)) / 2 for epoch in range(epochs))


def exponential(first: float, factor: float, every: int, epochs: int) -> tuple[float, ...]:
    """Rates that are multiplied by `factor` after every `every` epochs (Szegedy et al. 2015, section 6)."""
    return tuple(first * factor ** (epoch // every) for epoch in range(epochs))


class Schedule:
    """The rate of every update of one training, and when the training ends.

    Epochs and batches count from 0. Only a `Plateau` keeps a state: tell it the validation error with
    `observe` when an epoch ends, and until then ask for rates of the epoch under way alone.

    Args:
        rates: learning rates in the order they are used.
        hold: None: one epoch each. Integers: updates that each rate holds, over epochs and within them.
            A `Plateau`: until the validation error stalls.
        batches: updates in a full epoch.
        validated: whether validation errors will be there to observe.

    Attributes:
        epochs: the most epochs the training can take; the last may be a part of one.
        ends: updates made when each rate ends; none where updates do not decide.
        state: of a plateau, as plain data: the place of its rate, the best error, and epochs waited for less.

    Raises:
        ValueError: no rates, no batches, holds that are not as many as the rates or not positive, or a
            plateau to be found without validation images.
    """

    def __init__(self, rates: Sequence[float], hold: Hold, batches: int, *, validated: bool = True):
        if not rates:
            raise ValueError("A schedule needs at least one rate.")
        if isinstance(hold, Sequence) and (len(hold) != len(rates) or min(hold) < 1):
            raise ValueError(
                f"Each of the {len(rates)} rates needs a positive number of updates to hold; found "
                f"{tuple(hold)}."
            )
        if batches < 1:
            raise ValueError(f"An epoch must have at least one update, not {batches}.")
        self.rates, self.hold, self.batches = tuple(rates), hold, batches
        self.ends = list(accumulate(hold)) if isinstance(hold, Sequence) else []
        self.epochs = -(-self.ends[-1] // batches) if self.ends else len(rates)
        if isinstance(hold, Plateau):
            self.epochs = hold.epochs
        self.state: dict = {"stage": 0, "best": None, "waited": 0}
        if isinstance(hold, Plateau) and not validated:
            raise ValueError(
                "The next rate is due when the validation error stalls, but there are no validation images: "
                "set some aside, or give the rates epochs or updates to hold."
            )

    def finished(self, epoch: int) -> bool:
        """Whether the training is over before this epoch begins."""
        return epoch >= self.epochs or self.state["stage"] >= len(self.rates)

    def updates(self, epoch: int) -> int:
        """How many updates an epoch has: 0 before the first and after the last."""
        if epoch < 0 or self.finished(epoch):
            return 0
        return min(self.batches, self.ends[-1] - epoch * self.batches) if self.ends else self.batches

    def rate(self, epoch: int, batch: int = 0) -> float:
        """Return the rate of one update.

        Raises:
            ValueError: the epoch has no such update.
        """
        updates = self.updates(epoch)
        if not 0 <= batch < updates:
            raise ValueError(f"Epoch {epoch} has {updates} updates (both count from 0), no update {batch}.")
        if self.ends:
            return self.rates[bisect_right(self.ends, epoch * self.batches + batch)]
        return self.rates[self.state["stage"] if isinstance(self.hold, Plateau) else epoch]

    def observe(self, validation_error: float | None) -> None:
        """Take note of the validation error, a share, at the end of an epoch; None where there is none."""
        if not isinstance(self.hold, Plateau):
            return
        assert validation_error is not None
        best = self.state["best"]
        if validation_error < (math.inf if best is None else best - self.hold.minimum):
            self.state |= {"best": float(validation_error), "waited": 0}
        else:
            self.state["waited"] += 1
        if self.state["waited"] >= self.hold.patience:
            self.state |= {"stage": self.state["stage"] + 1, "waited": 0}

    def shortened(self, epochs: int) -> tuple[tuple[float, ...], Hold]:
        """Rates, and how long they hold, to run the same schedule through in fewer epochs.

        Rates that hold an epoch or so many updates are all shortened alike; one too short to be left an
        epoch, or an update, is passed over. A plateau keeps its patience, which suits the noise of the
        errors and not the time there is, and only ends earlier.

        Args:
            epochs: how many passes through the training images the training may take.

        Raises:
            ValueError: fewer epochs than one, or more than the schedule has.
        """
        if not 1 <= epochs <= self.epochs:
            raise ValueError(f"The schedule has {self.epochs} epochs; it cannot be shortened to {epochs}.")
        if isinstance(self.hold, Plateau):
            return self.rates, replace(self.hold, epochs=epochs)
        if self.hold is None:
            return tuple(self.rates[i * self.epochs // epochs] for i in range(epochs)), None
        total = self.ends[-1]
        updates = min(total, epochs * self.batches)
        ends = [0, *(-(-end * updates // total) for end in self.ends)]
        kept = [(rate, ends[i + 1] - ends[i]) for i, rate in enumerate(self.rates) if ends[i + 1] > ends[i]]
        return tuple(rate for rate, _ in kept), tuple(updates for _, updates in kept)
