"""What is wrong with a folder of pictures, or may be: one table before an hour of training."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from cnnlib.data import folders
from cnnlib.data.decoding import DataError, depth, has_deep_colour, opened, printable, turn
from cnnlib.data.split import Groups, alike
from cnnlib.tables import Table

FEW = 10
"""Pictures of a class below which it is tiny, as is one with less than a tenth of the largest class."""
LARGE = 50e6
"""Pixels from which a picture is called large."""

_SKIP = 'Save it as JPEG or PNG if it is a picture, or remove it: on_bad="skip" and cnn.learn pass it over.'
_ALL_KEPT = "Remove all but one."
_KINDS: dict[str, tuple[str, str, str]] = {
    "refused": ("error", "open_folder refuses the folder", ""),
    "unreadable": ("error", "cannot be read from the disk", "Look at its permissions, and at the drive."),
    "damaged": ("error", "damaged or cut off", "Copy it anew, or remove it."),
    "no picture": ("error", "named like a picture, and none that can be opened", _SKIP),
    "huge": ("error", "too large to be opened", "Make it smaller."),
    "levels": ("error", "levels that nobody could scale rightly", "Save it in 8 bits."),
    folders.NAME: ("error", folders.NAME, _SKIP),
    folders.LINK: ("error", folders.LINK, "Remove it, or mend the link."),
    folders.NO_FILE: ("error", folders.NO_FILE, "Remove it."),
    folders.OUTSIDE: ("error", folders.OUTSIDE, "Move each into the folder of its class."),
    folders.WITHIN: ("error", folders.WITHIN, "It is not opened: move its pictures up, or remove it."),
    "empty": ("error", "a class without pictures", "Add some, or remove the folder."),
    "missing": ("error", "a class that not every split has", "Add it to the others, or remove it."),
    "crossing": ("error", "the same picture in two splits, so that its test proves nothing", _ALL_KEPT),
    "labels": ("error", "the same picture in two classes", "Keep the one whose class is right."),
    "copies": ("warning", "the same picture again in its class and split", _ALL_KEPT),
    "groups": (
        "warning",
        "likely groups in two splits, such as pictures of one person",
        'If they are, give groups="PATTERN", which keeps each on one side, or refuses.',
    ),
    "tiny": ("warning", "tiny classes", "Add pictures: what is rare is hardly learnt, and hardly tested."),
    "alike": (
        "warning",
        "names that differ in capitals alone, or in how accents are stored",
        "Rename: another computer takes them for one. Accents apart, such classes are two here.",
    ),
    "bytes": ("warning", "names that are not UTF-8", "Rename: other programs may not find them."),
    "bits": (
        "warning",
        "levels of 16 bits that use fewer, and are scaled by these",
        "If pictures differ in it, scale all alike and save them in 8 bits.",
    ),
    "large": ("warning", "large pictures", "Make them smaller once: decoding each takes seconds and memory."),
    "misnamed": ("note", "pictures of another kind than their name says", "Nothing: what counts is inside."),
    "turned": ("note", "pictures lying on their side, upright by EXIF", "Nothing: they are turned."),
    "animated": ("note", "pictures in several frames", "Nothing, if the first frame is what you want."),
    "litter": ("note", "files that operating systems leave", "Nothing: they are passed over."),
    "splits": ("note", "folders read as splits", "Rename a folder that is none."),
    "beside": ("note", "folders beside the splits, which are not opened", "Nothing, if you don't want them."),
}
"""By the key of a note: how severe it is, what it is, and what to do."""
# What stands before the last part of a name may be whom the picture shows.
_MEMBER = re.compile(r"(?P<group>.+?)[ _.-]+[^ _.-]+")
_COUNTER = re.compile(r"(img|image|dsc[a-z]?|dcim|photo|pic|picture|scan|frame|screenshot|pxl|mvimg)", re.I)
_ONE_LARGE = threading.Lock()

Notes = dict[str, list[str]]
"""Examples of each kind of `_KINDS`."""


class _File(NamedTuple):
    split: str
    label: str
    path: Path


def check(folder: str | os.PathLike, *, groups: Groups | None = None) -> Table:
    """Say what is wrong with a folder of pictures, or may be, before it is trained on.

    Every picture is decoded, by several threads. Whether two are the same is told by their pixels, of large
    ones by some of them. Which names mean groups is guessed.

    Args:
        folder: as `open_folder` takes it.
        groups: as `open_folder` takes it.

    Returns:
        A row for each kind of trouble: "error" (it stops a training, or makes its result wrong), "warning"
        (it may) or "note"; what; how many; an example; and what to do.

    Raises:
        DataError: there is no such folder.
    """
    root = Path(folder).expanduser()
    notes: Notes = defaultdict(list)
    files: list[_File] = []
    litter = dict.fromkeys(folders.scan(root).litter)
    for split, inner in _splits(root, notes).items():
        listing, prefix = folders.scan(inner), f"{inner.relative_to(root)}/".removeprefix("./")
        litter |= dict.fromkeys(prefix + path for path in listing.litter)
        for path, reason in listing.aside.items():
            notes[reason].append(prefix + path)
        notes["empty"] += [prefix + name for name, paths in listing.classes.items() if not paths]
        files += [_File(split, c, inner / path) for c, paths in listing.classes.items() for path in paths]
    notes["litter"] = list(litter)
    files = _as_opened(root, files, groups, notes)
    _note_classes(files, notes)
    _note_names(files, root, notes)
    _note_copies(_looked_at(files, root, notes), root, notes)
    _note_groups(files, notes)
    counts = Counter(file.split for file in files)
    said = ", ".join(f"{count:,} {split}".rstrip() for split, count in counts.most_common())
    rows = [("note", "pictures", len(files), said, f"{len({file.label for file in files})} classes.")]
    for kind, (severity, what, remedy) in _KINDS.items():
        if examples := notes[kind]:
            example, remedy = (examples[0], remedy) if remedy else (root.name, examples[0])
            rows.append((severity, what, len(examples), printable(example), remedy))
    return Table(("severity", "what", "how many", "example", "what to do"), rows)


def _splits(root: Path, notes: Notes) -> dict[str, Path]:
    """The folders of splits, or the folder itself for one without; "" is no split."""
    try:
        splits = folders.find_splits(root)
    except DataError:  # which open_folder will say too
        splits = {path.name: path for paths in folders.named_splits(root).values() for path in paths}
    if not splits:
        return {"": root}
    tops = {inner.relative_to(root).parts[0]: split for split, inner in splits.items()}
    notes["splits"] = [", ".join(f"{name}: {split}" for name, split in tops.items())] * len(tops)
    notes["beside"] = [path.name for path in folders.shown_folders(root) if path.name not in tops]
    return splits


def _as_opened(root: Path, files: list[_File], groups: Groups | None, notes: Notes) -> list[_File]:
    """The files with the splits that `open_folder` makes, where the folder has none."""
    from cnnlib.data import open_folder  # which has this module's function in its face

    try:
        images = open_folder(root, on_bad="skip", groups=groups)
    except (DataError, ValueError) as refusal:
        notes["refused"].append(str(refusal).removeprefix(f"{printable(root)}: "))
        return files
    if any(file.split for file in files):
        return files
    split_of = {path: split for split in ("train", "test") for path in getattr(images, split).paths}
    return [file._replace(split=split_of[f"{file.path.parent.name}/{file.path.name}"]) for file in files]


def _note_classes(files: list[_File], notes: Notes) -> None:
    """Classes that a split lacks, and tiny ones of what is learned from."""
    splits = dict.fromkeys(file.split for file in files)
    counts = Counter((file.split, file.label) for file in files)
    for label in sorted({file.label for file in files}):
        present = [split for split in splits if counts[split, label]]
        if len(present) < len(splits):
            notes["missing"].append(f"{label}: in {', '.join(present)} alone")
    learned = {label: count for (split, label), count in counts.items() if split in ("", "train")}
    for label, count in learned.items():
        if count < max(FEW, max(learned.values()) / 10):
            notes["tiny"].append(f"{label}: {count} of {sum(learned.values()):,}")


def _note_names(files: list[_File], root: Path, notes: Notes) -> None:
    """Names that only some computers tell apart, or can show."""
    names = {file.path.relative_to(root) for file in files}
    paths = sorted(names | {parent for name in names for parent in name.parents})
    notes["bytes"] = [
        str(path) for path in paths if path.name.encode(errors="replace") != os.fsencode(path.name)
    ]
    written = [
        {path.name for path in each} for each in alike(paths, lambda path: folders.composed(path).casefold())
    ]
    written += map(set, alike(sorted({file.label for file in files}), str.casefold))
    found = dict.fromkeys(tuple(sorted(each)) for each in written if len(each) > 1)
    notes["alike"] = [" and ".join(map(printable, each)) for each in found]


def _looked_at(files: list[_File], root: Path, notes: Notes) -> Iterator[tuple[_File, bytes]]:
    """Decode every picture and note what is to be said of it; yield the good ones, each with its digest."""
    threads = min(os.cpu_count() or 1, 8)
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore")  # of Pillow's remarks on size and damaged EXIF data
        found = pool.map(_look, (file.path for file in files))
        for file, (said, digest) in zip(files, tqdm(found, total=len(files), disable=None), strict=True):
            for kind, detail in said.items():
                notes[kind].append(f"{file.path.relative_to(root)}{detail}")
            if digest:
                yield file, digest


def _look(path: Path) -> tuple[dict[str, str], bytes]:
    """What is to be said of a picture, and a digest of its pixels, or nothing."""
    said: dict[str, str] = {}
    try:
        with opened(path) as image:
            size, form, deep = image.size, image.format, has_deep_colour(image)
            named = Image.registered_extensions().get(path.suffix.lower(), form)
            if form != named and (form, named) != ("MPO", "JPEG"):
                said["misnamed"] = f" is {form}"
            if form != "MPO" and getattr(image, "is_animated", False):
                said["animated"] = ""
            if size[0] * size[1] >= LARGE:
                said["large"] = f" has {size[0]} x {size[1]} pixels"
            with _ONE_LARGE if size[0] * size[1] > 2**24 else contextlib.nullcontext():
                image.draft(None, (256, 256))  # a JPEG is read to its end all the same
                image.load()
                bits = depth(image, deep)
                if turn(image) > 1:
                    said["turned"] = ""
                if bits is not None and bits < 16:
                    said["bits"] = f" uses {bits}"
                return said, _digest(image, size)
    except OSError as problem:
        return {"unreadable": f": {problem.strerror}"}, b""
    except DataError as problem:
        cause = problem.__cause__
        if isinstance(cause, PermissionError | UnidentifiedImageError):
            return {"unreadable" if isinstance(cause, PermissionError) else "no picture": ""}, b""
        kind = "levels" if isinstance(cause, ValueError) and "bits" in str(cause) else "damaged"
        kind = "huge" if isinstance(cause, Image.DecompressionBombError) else kind
        return {kind: f": {cause}"}, b""


def _digest(image: Image.Image, size: tuple[int, int]) -> bytes:
    """Hash the pixels of a loaded picture, or 256 x 256 of them, and its full size."""
    if image.width * image.height > 2**16:
        image = image.resize((256, 256), Image.Resampling.NEAREST)
    pixels = image.convert("RGBA") if image.mode in ("P", "PA") else image
    return hashlib.blake2b(f"{size} {pixels.mode}".encode() + pixels.tobytes(), digest_size=16).digest()


def _note_copies(looked_at: Iterable[tuple[_File, bytes]], root: Path, notes: Notes) -> None:
    for several in alike(looked_at, itemgetter(1)):
        for (first, _), (other, _) in pairwise(several):
            kind = "labels" if first.label != other.label else "copies"
            kind = "crossing" if first.split != other.split else kind
            names = (printable(file.path.relative_to(root)) for file in (first, other))
            notes[kind].append(" = ".join(names))


def _note_groups(files: list[_File], notes: Notes) -> None:
    """Beginnings of names that some pictures share, in two splits, and not most of a split or of classes."""
    members = defaultdict(list)
    totals, sizes = Counter(file.label for file in files), Counter(file.split for file in files)
    for file in files:
        match = _MEMBER.fullmatch(file.path.stem)
        group = match["group"] if match else ""
        if group and group.casefold() != file.label.casefold() and not _COUNTER.fullmatch(group):
            members[group].append(file)
    for group, found in members.items():
        splits, labels = Counter(file.split for file in found), {file.label for file in found}
        common = 2 * len(found) > sum(totals[label] for label in labels)
        common = common or any(2 * count > sizes[split] for split, count in splits.items())
        if len(splits) > 1 and not common:
            notes["groups"].append(f"{group} in {' and '.join(sorted(splits))}")
