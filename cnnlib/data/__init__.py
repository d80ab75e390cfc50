"""Find, verify, load and split data sets.

`load("mnist")` gives a small part of MNIST and needs no network; `load("mnist", profile="paper")` gives the
full set.
"""

import difflib
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from cnnlib.data.sets import SETS
from cnnlib.data.sources import Arrays, DataError, by_digest, embedded_set, full_set

__all__ = ["DataError", "DataSet", "Split", "load"]

PROFILES = ("quick", "colab", "paper")


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Attributes:
        x: images, uint8 (N, height, width, channels).
        y: labels, int64 (N,).
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.y)

    def __repr__(self) -> str:
        """Say how many images of which shape, rather than print them."""
        return f"Split({len(self):,} images of {' x '.join(map(str, self.x.shape[1:]))})"


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set in three splits.

    Attributes:
        name: name of the set, as `load` takes it.
        profile: profile it was loaded for.
        train: images to fit on.
        validation: images to choose by; may be empty.
        test: images for the one final evaluation; the same for every seed.
        class_names: name of the class of each label 0, 1, ...
        source: where the images came from.
        sha256: verified hash of all images and labels, whatever the split into train and validation.
        licence: under which licence the publisher gives the set.
    """

    name: str
    profile: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    source: str
    sha256: str
    licence: str


def load(name: str, profile: str = "quick", validation: int | None = None, seed: int = 0) -> DataSet:
    """Load a data set, verified, and carve a validation split from its train split.

    The validation split is stratified: each class has its share to within one image. Which images it holds
    depends on the seed alone, not on their order in the file.

    Args:
        name: name of the set: "mnist".
        profile: "quick" for the part that an installed package carries; "colab" or "paper" for the full set,
            from the folder CNNLIB_DATA names, from Keras's cache, or downloaded unless CNNLIB_OFFLINE=1.
        validation: number of training images to set aside, 0 for none, None for the set's own default.
        seed: seed of the validation split.

    Returns:
        The data set; images uint8 (N, height, width, channels) from 0 to 255, labels int64 (N,). Rows keep
        the order they have in the source.

    Raises:
        DataError: set or profile is unknown, or the data is missing, damaged or not the set.
        ValueError: `validation` is negative or leaves nothing to train on.
    """
    if name not in SETS:
        near = difflib.get_close_matches(str(name), SETS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(f"unknown data set {name!r}; {hint}There are: {', '.join(sorted(SETS))}")
    if profile not in PROFILES:
        raise DataError(f"unknown profile {profile!r}; there are: {', '.join(PROFILES)}")
    spec = SETS[name]
    content = spec.quick if profile == "quick" and spec.quick else spec.full
    if validation is None:
        validation = content.validation
    if not isinstance(validation, Integral) or not 0 <= validation < content.train:
        raise ValueError(
            f"validation must be a whole number from 0 to {content.train - 1:,}, since {name} has "
            f"{content.train:,} training images in the profile {profile}; got {validation!r}"
        )
    arrays, source = embedded_set(spec) if profile == "quick" else full_set(spec)
    train, held_out = _carve(arrays, validation, seed)
    return DataSet(
        name=name,
        profile=profile,
        train=train,
        validation=held_out,
        test=Split(arrays["x_test"], arrays["y_test"]),
        class_names=spec.class_names,
        source=source,
        sha256=content.sha256,
        licence=spec.licence,
    )


def _carve(arrays: Arrays, validation: int, seed: int) -> tuple[Split, Split]:
    """Split the training arrays into train and a stratified validation split."""
    x, y = arrays["x_train"], arrays["y_train"]
    # RandomState, because NumPy promises its numbers for good and those of Generator only within a version.
    shuffled = np.random.RandomState(seed).permutation(by_digest(x, y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    held_out = np.zeros(len(y), bool)
    # Every n-th image of a list sorted by class: each class gives its share.
    held_out[by_class[np.arange(validation) * len(y) // max(validation, 1)]] = True
    return Split(x[~held_out], y[~held_out]), Split(x[held_out], y[held_out])
