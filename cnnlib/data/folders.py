"""Pictures on disk, one folder for each class, decoded ahead by several threads."""

from __future__ import annotations

import copy
import hashlib
import os
import re
import threading
import unicodedata
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cnnlib.data.decoding import IMAGE_SUFFIXES, DataError, decode, printable
from cnnlib.data.split import Split, alike
from cnnlib.data.views import CentreView, View

Example = tuple[np.ndarray, Any, Any]
"""An image (or its views), its label, and its weight: 0 for one that stands in for a bad picture, else 1. Or
these of a batch, as arrays."""

PICTURES_AHEAD = 64
BATCHES_AHEAD = 2
MOST_THREADS = 16
_SUFFIXES = ".bmp, .gif, .jpg, .png, .tif, .webp ..."
_LITTER = re.compile(
    r"\..*|(ehthumbs(_vista)?|thumbs)\.db(:encryptable)?|desktop\.ini|icon\r|__macosx|@eadir|\$recycle\.bin"
    r"|lost\+found|system volume information",
    re.IGNORECASE | re.DOTALL,
)
_SPLIT = re.compile(
    r"(seg[ _-]?)?(?P<split>train(ing)?|val(id(ation)?)?|test(ing)?)([ _-]?(set|data|images))?", re.IGNORECASE
)

OUTSIDE = "a picture outside the folders of the classes"
WITHIN = "a folder within a class"
LINK = "a link to nothing"
NO_FILE = "something that is no file"
NAME = "a file whose name is not that of a picture"


@dataclass
class Listing:
    """What lies in the folder of a split.

    Attributes:
        classes: for each class, in order, its pictures: path "FOLDER/file", and size in bytes.
        aside: path of each bad file, and what is wrong with it.
        litter: paths of what operating systems leave.
    """

    classes: dict[str, dict[str, int]] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    litter: list[str] = field(default_factory=list)


def scan(root: Path) -> Listing:
    """List root/CLASS/file.

    Raises:
        DataError: there is no such folder.
    """
    if not root.is_dir():
        found = "nothing. Check the path"
        if root.exists():
            found = "something that is not a folder: unpack an archive; sort what a table lists into folders"
        expected = "expected a folder with one folder for each class"
        raise DataError(f"{printable(root.absolute())}: {expected}; found {found}.")
    listing = Listing()
    for entry in sorted(_shown(root, "", listing), key=_is_folder):
        if _is_folder(entry):
            pictures = listing.classes.setdefault(composed(entry.name), {})
            for inner in _shown(root / entry.name, f"{entry.name}/", listing):
                if fault := _fault(inner):
                    listing.aside[f"{entry.name}/{inner.name}"] = fault
                else:
                    pictures[f"{entry.name}/{inner.name}"] = inner.stat().st_size
        elif _is_named_picture(entry.name):
            listing.aside[entry.name] = OUTSIDE
    listing.classes = dict(sorted(listing.classes.items()))
    return listing


def _fault(entry: os.DirEntry) -> str:
    """What is wrong with something in the folder of a class."""
    if _is_folder(entry):
        return WITHIN
    if entry.is_symlink() and not os.path.exists(entry):
        return LINK
    if not entry.is_file():
        return NO_FILE
    return "" if _is_named_picture(entry.name) else NAME


def _shown(folder: Path, prefix: str, listing: Listing | None = None) -> list[os.DirEntry]:
    """What lies in a folder, in order and without litter, which is listed."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    if listing is not None:
        listing.litter += [prefix + entry.name for entry in entries if _LITTER.fullmatch(entry.name)]
    return [entry for entry in entries if not _LITTER.fullmatch(entry.name)]


def shown_folders(folder: Path) -> list[Path]:
    """Folders within a folder, in order, without those of operating systems."""
    return [Path(entry.path) for entry in _shown(folder, "") if _is_folder(entry)] if folder.is_dir() else []


def _is_folder(entry: os.DirEntry) -> bool:
    return os.path.isdir(entry) if entry.is_symlink() else entry.is_dir()  # of a link in a circle, False


def _is_named_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def composed(name: str | os.PathLike) -> str:
    """A name as it is written: printable, each accent within its letter (Unicode's form C)."""
    text = printable(name)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def named_splits(root: Path) -> dict[str, list[Path]]:
    """Folders that are called like splits, by the split that is meant: Training, seg_train, val, valid ..."""
    found: dict[str, list[Path]] = {"train": [], "validation": [], "test": []}
    for folder in shown_folders(root):
        if match := _SPLIT.fullmatch(folder.name):
            split = next(split for split in found if split[:2] == match["split"].lower()[:2])
            found[split].append(folder)
    return {split: folders for split, folders in found.items() if folders}


def find_splits(root: Path) -> dict[str, Path]:
    """The folders of a folder's splits: "train", "validation", "test", as far as they are there.

    A folder of pictures that has the name of a split may be one class among others.

    Raises:
        DataError: two folders may be meant, or such folders hold pictures without folders of classes.
    """
    named = named_splits(root)
    folders = [folder for several in named.values() for folder in several]
    if not any(map(shown_folders, folders)):
        if folders and len(folders) == len(shown_folders(root)):
            raise DataError(
                f"{printable(root)}: expected a folder for each class in "
                f"{', '.join(folder.name for folder in folders)}; found none, so that nothing says what a "
                "picture shows. Make a folder for each class there, and move its pictures into it."
            )
        return {}
    for several in named.values():
        if len(several) > 1:
            raise DataError(
                f"{printable(root)}: expected one folder for each split; found "
                f"{' and '.join(folder.name for folder in several)}, which mean the same. Remove one or put "
                "both together: which is meant cannot be guessed."
            )
    return {split: _innermost(folder) for split, (folder,) in named.items()}


def _innermost(folder: Path) -> Path:
    """A split's folder, or the one of the same name that is all it holds, as some archives are unpacked."""
    inner = shown_folders(folder)
    return _innermost(inner[0]) if [path.name for path in inner] == [folder.name] else folder


class PictureFolder:
    """The pictures of one split: root/CLASS/file.

    Classes and the files in them are in the order of their names' characters. Names that are written alike
    are one class, whether their accents are characters of their own or not. Litter of operating systems, such
    as Thumbs.db or whatever begins with a dot, does not count.

    A file is bad if its name is not that of a picture, or if it cannot be decoded. The first shows at once,
    the second when it is read.

    Args:
        root: folder of the split.
        on_bad: "stop" at a bad file, or "skip" it.
        channels: 3 for colour, 1 for grey.

    Attributes:
        class_names: names of the classes; a label is an index into them.
        labels: int64 (n,).
        paths: of the pictures, as "CLASS/file" (n,).
        sizes: of the files in bytes, int64 (n,).

    Raises:
        DataError: the folder is missing or holds no classes, a class holds no pictures, or there is a bad
            file and `on_bad` is "stop".
        ValueError: `on_bad` or `channels` is something else.
    """

    def __init__(self, root: str | os.PathLike, on_bad: str = "stop", channels: int = 3):
        if on_bad not in ("stop", "skip") or channels not in (1, 3):
            raise ValueError(
                f'on_bad is "stop" or "skip" and channels are 1 or 3; got {on_bad!r} and {channels!r}.'
            )
        self.root, self.on_bad, self.channels = Path(root).expanduser(), on_bad, channels
        listing = scan(self.root)
        self._check(listing)
        self._bad, self._lock = listing.aside, threading.Lock()
        self.class_names = tuple(listing.classes)
        pictures = listing.classes.values()
        self.paths = tuple(path for sizes in pictures for path in sizes)
        self.labels = np.repeat(np.arange(len(pictures), dtype=np.int64), [len(sizes) for sizes in pictures])
        self.sizes = np.array([size for sizes in pictures for size in sizes.values()], np.int64)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.paths)

    def __repr__(self) -> str:
        """Say how many pictures of how many classes."""
        return f"PictureFolder({len(self):,} pictures of {len(self.class_names)} classes in {self.root})"

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """The bad files met so far, in order: path, and what is wrong. Subsets share it."""
        return sorted((printable(path), reason) for path, reason in self._bad.items())

    def subset(self, indices: Sequence[int] | np.ndarray) -> PictureFolder:
        """Return the folder with only the pictures at (m,) `indices`, in their order; the classes stay."""
        chosen, part = np.asarray(indices, np.int64), copy.copy(self)
        part.paths = tuple(self.paths[i] for i in chosen)
        part.labels, part.sizes = self.labels[chosen], self.sizes[chosen]
        return part

    def listing_sha256(self) -> str:
        """Hash what pictures there were when the folder was opened: paths (in their order), sizes in bytes.

        Not the pixels, since reading a large set would take an hour: a file changed without a change of its
        size goes unnoticed. The SHA-256 has 64 hexadecimal digits.
        """
        total = hashlib.sha256()
        for path, size in zip(self.paths, self.sizes, strict=True):
            total.update(f"{composed(path)}\0{size}\n".encode())
        return total.hexdigest()

    def copies(self) -> list[list[int]]:
        """Find files that are equal: the places of each picture that is there more than once.

        Files of one size are compared by their ends first, then whole. One that cannot be read has no copy.
        """
        groups = [np.flatnonzero(self.sizes).tolist()]
        for key in (self.sizes.__getitem__, partial(self._sha256, most=4096), self._sha256):
            groups = [part for group in groups for part in alike(group, key)]
        return groups

    def _sha256(self, index: int, most: int | None = None) -> Hashable:
        """Hash a file, or its last bytes; one that cannot be read gives its path."""
        try:
            with (self.root / self.paths[index]).open("rb") as file:
                file.seek(max(0, int(self.sizes[index]) - most) if most else 0)
                return hashlib.file_digest(file, "sha256").digest()
        except OSError:
            return self.paths[index]

    def read(self, index: int, shorter_side: int | None = None) -> Image.Image:
        """Decode the picture of an index, as `cnnlib.data.decode` does."""
        try:
            return decode(self.root / self.paths[index], self.channels, shorter_side)
        except DataError as error:
            otherwise = 'skip such files with on_bad="skip"'
            if self.on_bad == "skip":  # of features, say, every file has a place to keep
                otherwise = "leave it out by reading the folder with data.in_memory"
            raise DataError(f"{error}\nRemove or replace the file, or {otherwise}.") from error.__cause__

    def read_good(self, index: int, shorter_side: int | None = None) -> tuple[Image.Image, int]:
        """Decode a picture, or if it is bad and such are skipped, the next good one; return it and its index.

        Raises:
            DataError: the picture is bad and `on_bad` is "stop", or all are bad.
            OSError: as `decode`: that says nothing about the picture, which is tried again the next time.
        """
        for step in range(len(self)):
            found = (index + step) % len(self)
            if self.paths[found] in self._bad:
                continue
            try:
                return self.read(found, shorter_side), found
            except DataError as error:
                if self.on_bad == "stop":
                    raise
                with self._lock:
                    self._bad[self.paths[found]] = str(error.__cause__ or error)
        raise DataError(f"{self.root}: expected pictures; found none among {len(self)} that can be decoded.")

    def read_all(self, view: CentreView, every_class: bool = True) -> tuple[Split, np.ndarray]:
        """Read all pictures into memory, in the folder's order, each as the view makes it.

        Returns:
            Those that can be read, and which those are, bool (n,).

        Raises:
            DataError: a picture is bad and `on_bad` is "stop", or `every_class` has to have a good one and
                one has none.
        """
        count = len(self)
        x, good = np.empty((count, view.size, view.size, self.channels), np.uint8), np.zeros(count, bool)
        if count:
            examples = stream(self, view, np.arange(count), np.zeros((count, 0)))
            for place, (image, _, weight) in enumerate(examples):
                x[place], good[place] = image, weight > 0
        for label in sorted(set(self.labels) - set(self.labels[good])) if every_class else ():
            raise DataError(
                f"{self.root / self.class_names[label]}: expected pictures; found none that can be decoded "
                f"among the {(self.labels == label).sum()} of its split. Add good ones, or remove it."
            )
        return Split(x if good.all() else x[good], self.labels[good]), good

    def _check(self, listing: Listing) -> None:
        """Raise DataError for what the folder lacks, or for a bad file where that stops."""
        if not listing.classes:
            raise DataError(
                f"{printable(self.root)}: expected one folder for each class, with its pictures in it; found "
                f"{len(_shown(self.root, ''))} files and no folders. Make a folder for each class, "
                "named after it, and move its pictures there."
            )
        if listing.aside and self.on_bad == "stop":
            path, reason = next(iter(listing.aside.items()))
            raise DataError(
                f"{printable(self.root / path)}: expected pictures ({_SUFFIXES}) in folders of classes; "
                f"found {reason}.\nRemove it, save it as JPEG or PNG if it is a picture of another kind, or "
                'skip such files with on_bad="skip".'
            )
        for name, paths in listing.classes.items():
            if not paths:
                aside = {composed(path): fault for path, fault in listing.aside.items()}
                others = [path for path in aside if path.startswith(f"{name}/")]
                found, remedy = "none", "Add some"
                if others:
                    example = f"{others[0].partition('/')[2]} ({aside[others[0]]})"
                    found = f"none, but {len(others):,} others, such as {example}"
                    remedy = "Save other kinds of pictures as JPEG or PNG, move those of inner folders up"
                raise DataError(
                    f"{printable(self.root / name)}: expected pictures ({_SUFFIXES}); found {found}. "
                    f"{remedy}, or remove the folder."
                )


def stream(
    folder: PictureFolder, view: View, order: np.ndarray, draws: np.ndarray, *, batch_size: int | None = None
) -> Iterator[Example]:
    """Yield the views of pictures in order, decoded ahead by a thread for each processor, 16 at most.

    The images do not depend on how many there are. Reading begins with the first that is asked for, and ends
    when the iterator is closed or dropped. Of single pictures `PICTURES_AHEAD` lie in memory, of batches one
    for each thread and `BATCHES_AHEAD`: where a picture has many views, take small batches.

    Args:
        folder: the pictures.
        view: what is made of each.
        order: (n,) indices into the folder.
        draws: (n, k), the view's draws for each of them.
        batch_size: None for single pictures, or how many to yield at a time, put together by the thread that
            decoded them; the last may be fewer.

    Yields:
        The image, uint8 (size, size, channels) or (views, size, size, channels), its label and its weight; of
        a batch each with a first axis more. Where a bad picture is skipped, the next good one of the folder
        takes its place, with its own label; the weight 0 says so: training may use such a stand-in, and
        evaluation must not count it.

    Raises:
        DataError: a picture is bad and not to be skipped, or all are bad.
        ValueError: `order` and `draws` differ in length.
    """
    if len(order) != len(draws):
        raise ValueError(f"Each picture needs its draws; got {len(order)} pictures and {len(draws)} draws.")
    threads = min(os.cpu_count() or 1, MOST_THREADS)

    def example(place: int) -> Example:
        index, drawn = int(order[place]), draws[place]
        picture, found = folder.read_good(index, view.shorter_side(drawn))
        return view(picture, drawn), folder.labels[found], np.float32(found == index)

    if batch_size is None:
        return _made_ahead(example, range(len(order)), threads, PICTURES_AHEAD)

    def batch(first: int) -> Example:
        examples = map(example, range(first, min(first + batch_size, len(order))))
        images, labels, weights = map(np.stack, zip(*examples, strict=True))
        return images, labels, weights

    return _made_ahead(batch, range(0, len(order), batch_size), threads, threads + BATCHES_AHEAD)


def _made_ahead(make: Callable[[int], Example], places: range, threads: int, most: int) -> Iterator[Example]:
    """Yield what is made of each place, in order, by threads that end with the generator."""
    pool, ahead = ThreadPoolExecutor(threads), deque[Future[Example]]()
    try:
        for place in places:
            ahead.append(pool.submit(make, place))
            if len(ahead) > most:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
