"""Find, verify, load and split data sets.

`load("mnist")` gives a small part of MNIST and needs no network; `load("mnist", "full")` gives the full
set. `load("imagenet", "full")` gives pictures that are read from disk as they are needed, and so does
`open_folder("my_pictures")` with a folder of your own.
"""

import difflib
import hashlib
import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from cnnlib import extras
from cnnlib.data.checking import check
from cnnlib.data.decoding import DataError, decode, printable
from cnnlib.data.folders import PictureFolder, composed, find_splits, shown_folders
from cnnlib.data.sets import FOLDERS, SETS, DataSpec, FolderSpec
from cnnlib.data.sources import by_digest, embedded_set, folder_of_pictures, full_set, ways
from cnnlib.data.split import Groups, Split, grouping, joined, set_aside
from cnnlib.data.views import CentreView

KINDS = ("embedded", "full")
"""Which images of a set: the part that comes with an installed package, or all of it."""
PROFILES = {"quick": "embedded", "colab": "full", "paper": "full"}
"""What a profile says of the images. The budget beside it is a training's, and no matter of theirs."""
Images = TypeVar("Images", bound=Split | PictureFolder)


@dataclass(frozen=True, eq=False)
class DataSet(Generic[Images]):
    """A data set in three splits.

    Attributes:
        name: name of the set, as `load` takes it.
        kind: "embedded", "full" or "folder": which images they are.
        train: images to fit on.
        validation: images to choose by; may be empty.
        test: images for the one final evaluation; the same for every seed.
        class_names: name of the class of each label 0, 1, ...
        source: where the images came from, and how they differ from what was published, if they do.
        sha256: verified hash of all images and labels, whatever the split into train and validation; of a
            folder of pictures, hash of their names and sizes.
        licence: under which licence the publisher gives the set.
    """

    name: str
    kind: str
    train: Images
    validation: Images
    test: Images
    class_names: tuple[str, ...]
    source: str
    sha256: str
    licence: str


def load(name: str, images: str = "embedded", validation: int | None = None, seed: int = 0) -> DataSet[Any]:
    """Load a data set, verified, and carve a validation split from its train split.

    The validation split is stratified: each class has its share to within one image. Which images it holds
    depends on the seed alone, not on their order in the file. "pneumoniamnist" has a published validation
    split: it is taken as it is, unless `validation` is a number. Then its images are put to those of train,
    and so many of all of them are set aside.

    Args:
        name: "mnist", "fashion_mnist", "pneumoniamnist" (chest x-rays, normal or with pneumonia) or
            "cifar10"; "imagenet" or "imagenette", of which a part will do, for pictures that stay on disk; or
            a set that another package adds (see `cnnlib.extras`).
        images: "embedded" for the part that comes with an installed package; "full" for the full set, from
            the folder CNNLIB_DATA names, from Keras's cache, or downloaded unless CNNLIB_OFFLINE=1; ImageNet
            is in CNNLIB_DATA alone. A profile stands for one of the two: see `PROFILES`.
        validation: number of training images to set aside, 0 for none, None for the published validation
            split or, where there is none, the set's own default.
        seed: seed of the validation split; a published one does not depend on it.

    Returns:
        The data set; images uint8 (N, height, width, channels) from 0 to 255, labels int64 (N,). Rows keep
        the order they have in the source.

    Raises:
        DataError: set or kind is unknown, or the data is missing, damaged or not the set.
        ValueError: `validation` is negative or leaves nothing to train on.
    """
    known = sorted({*SETS, *FOLDERS})
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(f"unknown data set {name!r}; {hint}There are: {', '.join(known)}")
    kind = PROFILES.get(images, images)
    if kind not in KINDS:
        raise DataError(
            f"unknown kind of images {images!r}; there are: {', '.join(KINDS)}, or a profile: "
            f"{', '.join(PROFILES)}"
        )
    if kind == "full" and (played := extras.rehearsal()):
        return played.load(name, validation, seed)
    if name not in FOLDERS:
        return _load_arrays(SETS[name], kind, validation, seed)
    spec = FOLDERS[name]
    if kind == "embedded":
        raise DataError(f"no package carries a part of {name}: load it as full (profile colab or paper)")
    return open_pictures(spec, *folder_of_pictures(spec), validation, seed)


def _load_arrays(spec: DataSpec, kind: str, validation: int | None, seed: int) -> DataSet[Split]:
    """Load a set that is held in memory."""
    content = spec.quick if kind == "embedded" and spec.quick else spec.full
    most = sum(content.splits.values()) - content.test
    if validation is not None and (not isinstance(validation, Integral) or not 0 <= validation < most):
        raise ValueError(
            f"validation must be a whole number from 0 to {most - 1:,}, since {spec.name} has {most:,} "
            f"training images ({kind}); got {validation!r}"
        )
    arrays, source, sha256 = embedded_set(spec) if kind == "embedded" else full_set(spec)
    x, y = (np.concatenate([arrays[f"{xy}_{s}"] for s in content.splits if s != "test"]) for xy in "xy")
    if content.published_validation and validation is None:
        held_out = np.arange(most) >= content.train
    else:
        number = content.validation if validation is None else validation
        held_out = _held_out(by_digest(x, y), y, number, seed)
    return DataSet(
        name=spec.name,
        kind=kind,
        train=Split(x[~held_out], y[~held_out]),
        validation=Split(x[held_out], y[held_out]),
        test=Split(arrays["x_test"], arrays["y_test"]),
        class_names=spec.class_names,
        source=source,
        sha256=sha256,
        licence=spec.licence,
    )


def open_pictures(
    spec: FolderSpec, folder: Path, found: str, validation: int | None, seed: int
) -> DataSet[PictureFolder]:
    """Open a set that stays on disk, or a part of it; `found` says for a record where the folder is from.

    Raises:
        DataError: the folder has other classes, or more pictures than the set.
    """
    full = spec.full
    opened = open_folder(folder, validation=full.validation if validation is None else validation, seed=seed)
    train, test = len(opened.train) + len(opened.validation), len(opened.test)
    others = sorted(set(opened.class_names) - set(spec.words or opened.class_names))
    problem = ""
    if len(opened.class_names) != spec.classes:
        problem = f"{spec.classes:,} classes; found {len(opened.class_names):,}"
    elif others:
        problem = f"the classes {', '.join(spec.words)}; found {', '.join(others)}"
    elif train > full.train or test > full.test:
        problem = (
            f"at most {full.train:,} pictures in train and {full.test:,} in val; found {train:,} and {test:,}"
        )
    if problem:
        raise DataError(f"{folder}: expected {problem}.\n{ways(spec)}")
    part = "" if (train, test) == (full.train, full.test) else f"a part of {spec.name}: "
    return replace(
        opened,
        name=spec.name,
        kind="full",
        class_names=tuple(spec.words.values()) or opened.class_names,
        source=(
            f"{part}{train:,} of {full.train:,} training and {test:,} of {full.test:,} test pictures, "
            f"{found}; the hash is of their names and sizes"
        ),
        licence=spec.licence,
    )


LEAST = 6
"""Pictures of each class that a folder without splits must hold: five to learn from and one to test on."""


def open_folder(
    path: str | os.PathLike,
    *,
    validation: float = 0,
    seed: int = 0,
    on_bad: str = "stop",
    channels: int = 3,
    test_share: float = 0.2,
    groups: Groups | None = None,
) -> DataSet[PictureFolder]:
    r"""Open a folder of pictures: path/CLASS/FILE, or with splits, path/train/CLASS/FILE and so on.

    The pictures are read from disk when they are needed, so the set may be larger than memory; `in_memory`
    reads them all. `check` says beforehand what may be wrong with them.

    Of path/CLASS/FILE a share of each class is set aside for testing. Which pictures those are follows from
    their names alone: they are the same on every machine and for every seed, and pictures that are added
    later hardly move the others. Copies of a file stay together.

    Splits are path/train, path/val and path/test, or what else such folders are called (Training, valid,
    test_set, seg_train ...). Where there is no test folder, the published validation pictures are what
    results are reported on, as with ImageNet: they are the test split, and nothing may be chosen by them.

    Args:
        path: the folder; ~ is the home folder.
        validation: training pictures to set aside for choosing settings: their number, or a share of them
            such as 0.2.
        seed: decides which, in equal shares of each class.
        on_bad: "stop" at a file that is no picture or is damaged, or "skip" and count it.
        channels: 3 for colour, 1 for grey.
        test_share: share of each class to set aside for testing, where the folder has no splits: rounded to
            whole pictures, but one at least.
        groups: pictures of one group, of the same person for instance, never stand in two splits. A pattern
            that finds the group in "CLASS/FILE", such as r"patient\d+" (of parentheses in it, the first is
            the group), or a function of "CLASS/FILE"; None is a group of its own.

    Raises:
        DataError: no folders of classes, or a single one; without splits, fewer than 6 pictures of a class;
            with splits, no train folder, neither a validation nor a test folder, other classes in one than in
            another, or two folders that may be meant; a group in two splits, or one that is all of a class;
            or bad files (see `PictureFolder`).
        ValueError: `validation` is negative, leaves nothing to train on, or is asked for where the folder has
            its own validation pictures; `test_share` is not between 0 and 1; or a picture is of no group.
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must lie between 0 and 1, as 0.2 does; got {test_share!r}.")
    root, group_of, how = Path(path).expanduser(), grouping(groups), ""
    found = {split: PictureFolder(inner, on_bad, channels) for split, inner in find_splits(root).items()}
    if found:
        _check_splits(root, found)
        named = {split: [group_of(composed(path)) for path in found[split].paths] for split in found}
        if groups is not None:
            _check_groups(root, named)
        hashes = "".join(folder.listing_sha256() for folder in found.values())
        members = joined(named["train"], ())
    else:
        whole = _classes_alone(root, on_bad, channels)
        hashes, how = whole.listing_sha256(), f"{test_share:.0%} of each class set aside for testing; "
        names = [group_of(composed(path)) for path in whole.paths]
        members = joined(names, whole.copies())
        tested = _test_pictures(whole, test_share, names, members)
        found = {"train": whole.subset(np.flatnonzero(~tested)), "test": whole.subset(np.flatnonzero(tested))}
        members = [group for group, out in zip(members, tested, strict=True) if not out]
    train, test = found["train"], found.get("test") or found["validation"]
    if "test" not in found or "validation" not in found:
        chosen = _validation_pictures(train, validation, seed, members)
        held_out, train = train.subset(np.flatnonzero(chosen)), train.subset(np.flatnonzero(~chosen))
    elif validation:
        raise ValueError(f"{root} has validation pictures of its own, so none can be set aside from train.")
    else:
        held_out = found["validation"]
    name = printable(Path(os.path.abspath(root)).name)
    return DataSet(
        name=name,
        kind="folder",
        train=train,
        validation=held_out,
        test=test,
        class_names=found["train"].class_names,
        source=f"pictures in {name}/; {how}the hash is of their names and sizes",
        sha256=hashlib.sha256(hashes.encode()).hexdigest(),
        licence="not known",
    )


def _check_splits(root: Path, found: dict[str, PictureFolder]) -> None:
    """Raise DataError unless there are pictures to train on and to report on, of the same classes."""
    if "train" not in found or len(found) < 2:
        alone = f" Or open {root / 'train'} itself: a share of it is then set aside for testing."
        raise DataError(
            f"{root}: expected folders train and val or test, each with one folder for each class; found "
            f"only {', '.join(sorted(found))}. Add what is missing.{alone if 'train' in found else ''}"
        )
    for split, folder in found.items():
        if folder.class_names != found["train"].class_names:
            differing = sorted(set(folder.class_names) ^ set(found["train"].class_names))
            raise DataError(
                f"{root}: expected the same classes in train and {split}; found {', '.join(differing)} in "
                "one of them alone. Add what is missing, or remove it from the other."
            )
    _check_several(root / "train", found["train"].class_names)


def _classes_alone(root: Path, on_bad: str, channels: int) -> PictureFolder:
    """Open root/CLASS/FILE, where there must be enough pictures to train on some and to test on others."""
    inner = shown_folders(root)
    if len(inner) == 1 and shown_folders(inner[0]):
        raise DataError(
            f"{root}: expected one folder for each class; found one folder, {inner[0].name}, with folders in "
            f"it. If those are the classes, open {inner[0]} instead."
        )
    whole = PictureFolder(root, on_bad, channels)
    _check_several(root, whole.class_names)
    counts = np.bincount(whole.labels)
    few = [f"{counts[i]} of {whole.class_names[i]}" for i in np.flatnonzero(counts < LEAST)]
    if few:
        more = f", and of {len(few) - 10} more classes too few" if len(few) > 10 else ""
        raise DataError(
            f"{root}: expected at least {LEAST} pictures of each class, {LEAST - 1} to learn from and one to "
            "test on, since a picture that was learnt from proves nothing in a test; found "
            f"{', '.join(few[:10])}{more}, {len(whole)} pictures in all. Add pictures to these folders, or "
            "remove the folders. Many more are better: an error on few test pictures is mostly chance."
        )
    return whole


def _check_several(folder: Path, class_names: tuple[str, ...]) -> None:
    """Raise DataError for a single class."""
    if len(class_names) < 2:
        raise DataError(
            f"{folder}: expected at least two folders, one for each class, since a network learns to tell "
            f"classes apart; found one, {class_names[0]}. Put the pictures of each other class into a folder "
            "beside it: of what is to be told from it, if only of anything else."
        )


def _check_groups(root: Path, named: dict[str, list[Hashable]]) -> None:
    """Raise DataError for a group in two splits."""
    sides: dict[Hashable, set[str]] = {}
    for split, names in named.items():
        for name in names:
            sides.setdefault(name, set()).add(split)
    torn = [group for group, splits in sides.items() if len(splits) > 1]
    if torn:
        raise DataError(
            f"{printable(root)}: expected each group in one split; found {len(torn):,} in several, such as "
            f"{torn[0]} in {' and '.join(sorted(sides[torn[0]]))}: a test of it proves nothing. Move the "
            "pictures of each to one side, or put all pictures into folders of classes without splits."
        )


def _test_pictures(
    folder: PictureFolder, share: float, names: Sequence[Hashable], groups: Sequence[int]
) -> np.ndarray:
    """Mark (n,) the pictures to test on: of each class the groups whose names have the smallest SHA-256."""
    digests = [hashlib.sha256(str(name).encode()).digest() for name in names]
    order = sorted(range(len(digests)), key=digests.__getitem__)
    counts = np.bincount(folder.labels).tolist()
    wanted = [min(max(1, round(share * count)), count - 1) for count in counts]
    return set_aside(folder.labels, groups, order, wanted, folder.class_names)


def _validation_pictures(
    train: PictureFolder, validation: float, seed: int, groups: Sequence[int]
) -> np.ndarray:
    """Mark (n,) the training pictures to set aside."""
    count = max(1, round(validation * len(train))) if 0 < validation < 1 else validation
    if not isinstance(count, Integral) or not 0 <= count < len(train):
        raise ValueError(
            f"validation must be from 0 to {len(train) - 1}, fewer than the training pictures, or a share "
            f"such as 0.2; got {validation!r}."
        )
    marked = _held_out(np.arange(len(train)), train.labels, int(count), seed)
    if len(set(groups)) == len(groups):
        return marked
    wanted = np.bincount(train.labels[marked], minlength=len(train.class_names)).tolist()
    order = np.random.RandomState(seed).permutation(len(train)).tolist()
    return set_aside(train.labels, groups, order, wanted, train.class_names)


def in_memory(images: DataSet[PictureFolder], size: int) -> DataSet[Split]:
    """Read all pictures of a set into memory: the central square of each, made smaller or larger.

    Args:
        images: as `open_folder` opens them; bad pictures are left out where such are skipped.
        size: side of the squares in pixels.

    Returns:
        The same set with images uint8 (N, size, size, channels); its source says how many were left out.

    Raises:
        DataError: a picture is bad and `on_bad` was "stop", or no picture of a class is good.
        ValueError: `size` is less than 1.
    """
    if size < 1:
        raise ValueError(f"Expected squares of at least 1 pixel; got {size}.")
    parts, left_out = {}, 0
    for folder, split in ((getattr(images, split), split) for split in ("train", "validation", "test")):
        parts[split], good = folder.read_all(CentreView(size, size))
        left_out += int((~good).sum())
    left = f"; {left_out:,} bad pictures left out" if left_out else ""
    whole: DataSet[Any] = images
    return replace(whole, **parts, source=images.source + left)


def _held_out(order: np.ndarray, labels: np.ndarray, validation: int, seed: int) -> np.ndarray:
    """Mark (n,) the examples of a stratified validation split; `order` is one that no file format changes."""
    # RandomState, because NumPy promises its numbers for good and those of Generator only within a version.
    shuffled = np.random.RandomState(seed).permutation(order)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    held_out = np.zeros(len(labels), bool)
    # Every n-th image of a list sorted by class: each class gives its share.
    held_out[by_class[np.arange(validation) * len(labels) // max(validation, 1)]] = True
    counts = np.bincount(labels)
    taken = np.bincount(labels[held_out], minlength=len(counts))
    # One at least of a class so small that its share is none, in place of one of the class with most.
    for label in np.flatnonzero((taken == 0) & (counts > 1))[: max(0, validation - (taken > 0).sum())]:
        held_out[by_class[labels[by_class] == label][0]] = True
        held_out[np.flatnonzero(held_out & (labels == taken.argmax()))[0]] = False
        taken[[label, taken.argmax()]] += 1, -1
    return held_out


def only(images: DataSet[Split], classes: Sequence[str]) -> DataSet[Split]:
    """Keep some of the classes of a set; their labels are counted anew from 0, in the order of the set.

    Args:
        images: a set in memory.
        classes: names of at least two of its classes.

    Raises:
        DataError: a name that is no class of the set, fewer than two of them, or a set that stays on disk.
    """
    if not isinstance(images.train, Split):
        raise DataError(f"{images.name} stays on disk: open a folder that has only the folders you want.")
    unknown = sorted(set(classes) - set(images.class_names))
    if unknown or len(set(classes)) < 2:
        raise DataError(
            f"{images.name}: expected at least two of the classes {', '.join(images.class_names)}; found "
            f"{', '.join(unknown or classes) or 'none'}."
        )
    kept = [label for label, name in enumerate(images.class_names) if name in classes]
    names = tuple(images.class_names[label] for label in kept)
    parts: dict[str, Any] = {}
    for part in ("train", "validation", "test"):
        split: Split = getattr(images, part)
        rows = np.isin(split.y, kept)
        parts[part] = Split(split.x[rows], np.searchsorted(kept, split.y[rows]))
    source = f"{images.source}; of its classes only {', '.join(names)}"
    return replace(images, **parts, class_names=names, source=source)


extras.collect("data")
