"""From a picture to what a network is fed: how it is cut, its pixels, and what is changed in training.

One `Preparation` says all of it, for images in memory and for pictures of a folder, in training and in tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np

from cnnlib.data import pixels, views
from cnnlib.data.augmentation import Augmentation, PCAColour, RandomAffine, RandomCut, pca_of
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView, RandomView, View

AUGMENTATIONS: dict[str, Callable[[np.ndarray, Pixels], Augmentation]] = {
    "affine": lambda train, prepared: RandomAffine(),
    "flip": lambda train, prepared: RandomCut(),
    "pad_crop_flip": lambda train, prepared: RandomCut(pad=4),
    "pca_colour": lambda train, prepared: PCAColour(pca_of(prepared.ordered(train), prepared.span)),
}
"""By name, what makes an augmentation from training images and the preparation of their pixels."""


@dataclass(frozen=True)
class Preparation:
    """How pictures become what a network is fed.

    A picture of a folder is cut by a view. Images in memory are not resized: a view cuts them where their
    shorter side is the one that it would resize to, else they are taken whole. Then pixels are prepared, and
    prepared training images are augmented.

    Attributes:
        pixels: how pixels are prepared: a name of `cnnlib.data.pixels`.
        augmentation: None or a key of `AUGMENTATIONS`.
        train: the view of a training picture.
        test: the same for validation and test; where it gives several images, the network's outputs for them
            are averaged.
    """

    pixels: str = "unit"
    augmentation: str | None = None
    train: View = field(default_factory=RandomView)
    test: View = field(default_factory=CentreView)

    def build_pixels(self, train: np.ndarray) -> Pixels:
        """Return how pixels are prepared: see `cnnlib.data.pixels.build`."""
        return pixels.build(self.pixels, train)

    def build_augmentations(self, train: np.ndarray, prepared: Pixels) -> tuple[Augmentation, ...]:
        """Return what is done to training images, some of which (uint8) it is measured on, once prepared.

        Raises:
            ValueError: the augmentation is unknown; the message lists those there are.
        """
        if self.augmentation is None:
            return ()
        if self.augmentation not in AUGMENTATIONS:
            known = ", ".join(AUGMENTATIONS)
            raise ValueError(f"Unknown augmentation {self.augmentation!r}: use one of {known}.")
        return (AUGMENTATIONS[self.augmentation](train, prepared),)

    def settings(self) -> dict:
        """The preparation as plain data, for a record."""
        described = {when: getattr(self, when) for when in ("train", "test")}
        return vars(self) | {when: {"kind": type(v).__name__} | asdict(v) for when, v in described.items()}

    @classmethod
    def from_settings(cls, settings: dict) -> Preparation:
        """Return the preparation that `settings` describes."""
        chosen = {when: views.from_settings(settings[when]) for when in ("train", "test") if when in settings}
        return cls(**settings | chosen)
