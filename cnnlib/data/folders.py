"""Pictures on disk, one folder for each class, decoded ahead by several threads."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from cnnlib.data.sources import IMAGE_SUFFIXES, DataError
from cnnlib.data.split import Split
from cnnlib.data.views import CentreView, View

Example = tuple[np.ndarray, np.int64, np.float32]
"""An image (or its views), its label, and its weight: 0 for one that stands in for a bad picture, else 1."""

PICTURES_AHEAD = 64
BATCHES_AHEAD = 2
MOST_THREADS = 16


class PictureFolder:
    """The pictures of one split: root/CLASS/file.

    Classes and the files in them are in the order of their names' characters. Files and folders whose name
    begins with a dot do not count. What EXIF data say about the way up is ignored, as is usual with
    ImageNet: pixels are taken as they are stored.

    A file is bad if its name is not that of a picture, or if it cannot be decoded. The first shows at once,
    the second when it is read.

    Args:
        root: folder of the split.
        on_bad: "stop" at a bad file, or "skip" it.
        channels: 3 for colour, 1 for grey.

    Attributes:
        root: the folder.
        class_names: names of the classes; a label is an index into them.
        labels: int64 (n,).
        paths: of the pictures, as "CLASS/file" (n,).

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
        self.root, self.on_bad, self.channels = Path(root), on_bad, channels
        self._bad: dict[str, str] = {}
        self._lock = threading.Lock()
        self.class_names = self._find_classes()
        paths, labels = [], []
        for label, name in enumerate(self.class_names):
            found = self._find_pictures(name)
            paths += found
            labels += [label] * len(found)
        self.paths, self.labels = tuple(paths), np.array(labels, np.int64)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.paths)

    def __repr__(self) -> str:
        """Say how many pictures of how many classes."""
        return f"PictureFolder({len(self):,} pictures of {len(self.class_names)} classes in {self.root})"

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """The bad files met so far, in order: path as in `paths`, and what is wrong. Subsets share it."""
        return sorted(self._bad.items())

    def subset(self, indices: Sequence[int] | np.ndarray) -> PictureFolder:
        """Return the folder with only some of its pictures, in the order given; the classes stay.

        Args:
            indices: (m,) whole numbers from 0 to n - 1.
        """
        chosen = np.asarray(indices, np.int64)
        part = object.__new__(PictureFolder)
        vars(part).update(vars(self))
        part.paths, part.labels = tuple(self.paths[i] for i in chosen), self.labels[chosen]
        return part

    def listing_sha256(self) -> str:
        """Hash what pictures there are: paths (in their order) and sizes of files in bytes.

        Not a hash of the pixels: a file changed without a change of its size goes unnoticed. It takes
        seconds where reading a large set would take an hour.

        Returns:
            The SHA-256 as 64 hexadecimal digits.
        """
        total = hashlib.sha256()
        for path in self.paths:
            total.update(f"{path}\0{os.path.getsize(self.root / path)}\n".encode())
        return total.hexdigest()

    def read(self, index: int, shorter_side: int | None = None) -> Image.Image:
        """Decode a picture.

        Transparent parts are set on white, as a page would show them: the colour stored below them is
        arbitrary. Of 16-bit grey levels the upper 8 bits are taken.

        Args:
            index: from 0 to n - 1.
            shorter_side: a JPEG may be decoded at a half, quarter or eighth of its size, which is faster, if
                its shorter side keeps at least so many pixels; None for the full size.

        Returns:
            The picture in the mode RGB, or L for one channel.

        Raises:
            DataError: it cannot be decoded.
        """
        path = self.root / self.paths[index]
        try:
            with Image.open(path) as picture:
                if shorter_side is not None:
                    picture.draft(None, (shorter_side, shorter_side))
                return _converted(picture, "RGB" if self.channels == 3 else "L")
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, ... on damaged files.
        except Exception as error:
            otherwise = (
                'skip such files with on_bad="skip"'
                if self.on_bad == "stop"
                else "leave it out by reading the folder with data.in_memory: here every file keeps its place"
            )
            raise DataError(
                f"{path}: expected a picture; found a file that is no picture or is damaged "
                f"({type(error).__name__}: {error}).\n"
                f"Remove or replace the file, or {otherwise}."
            ) from error

    def read_good(self, index: int, shorter_side: int | None = None) -> tuple[Image.Image, int]:
        """Decode a picture, or if it is bad and such are skipped, the next good one.

        Args:
            index: from 0 to n - 1.
            shorter_side: as `read` takes it.

        Returns:
            The picture and its index.

        Raises:
            DataError: the picture is bad and `on_bad` is "stop", or all are bad.
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

    def as_split(self, size: int) -> Split:
        """Read all pictures into memory: the central square of each, resized.

        Bad pictures are left out where such are skipped; `skipped` counts them.

        Args:
            size: side of the squares in pixels; smaller pictures are enlarged.

        Returns:
            Images, uint8 (m, size, size, channels), with their labels, in the folder's order.

        Raises:
            DataError: a picture is bad and `on_bad` is "stop", or no picture of a class is good.
            ValueError: `size` is less than 1.
        """
        if size < 1:
            raise ValueError(f"Expected squares of at least 1 pixel; got {size}.")
        count = len(self)
        x, good = np.empty((count, size, size, self.channels), np.uint8), np.zeros(count, bool)
        view = CentreView(size, size)
        if count:
            examples = stream(self, view, np.arange(count), np.zeros((count, 0), "float32"))
            for place, (image, _, weight) in enumerate(examples):
                x[place], good[place] = image, weight > 0
        for label in sorted(set(self.labels) - set(self.labels[good])):
            raise DataError(
                f"{self.root / self.class_names[label]}: expected pictures; found none that can be decoded "
                f"among {(self.labels == label).sum()}. Add good ones, or remove the folder."
            )
        return Split(x[good], self.labels[good])

    def _find_classes(self) -> tuple[str, ...]:
        if not self.root.is_dir():
            found = "something that is not a folder" if self.root.exists() else "nothing"
            raise DataError(
                f"{self.root}: expected a folder with one folder for each class; found {found}. Check the "
                "path."
            )
        entries = sorted(entry.name for entry in os.scandir(self.root) if not entry.name.startswith("."))
        classes = tuple(name for name in entries if (self.root / name).is_dir())
        if not classes:
            raise DataError(
                f"{self.root}: expected one folder for each class, with its pictures in it; found "
                f"{len(entries)} files and no folders. Make a folder for each class, named after it, and "
                "move its pictures there."
            )
        for name in entries:
            if name not in classes and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                self._set_aside(name, "a picture outside the folders of the classes")
        return classes

    def _find_pictures(self, class_name: str) -> list[str]:
        """Paths of a class's pictures."""
        paths = []
        for entry in sorted(os.scandir(self.root / class_name), key=lambda entry: entry.name):
            path = f"{class_name}/{entry.name}"
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                self._set_aside(path, "a folder within a class")
            elif os.path.splitext(entry.name)[1].lower() not in IMAGE_SUFFIXES:
                self._set_aside(path, "a file whose name is not that of a picture")
            else:
                paths.append(path)
        if not paths:
            raise DataError(
                f"{self.root / class_name}: expected pictures ({', '.join(sorted(IMAGE_SUFFIXES))}); found "
                "none. Add some, or remove the folder."
            )
        return paths

    def _set_aside(self, path: str, reason: str) -> None:
        if self.on_bad == "stop":
            raise DataError(
                f"{self.root / path}: expected pictures ({', '.join(sorted(IMAGE_SUFFIXES))}) in folders of "
                f"classes; found {reason}.\nRemove it, save it as JPEG or PNG if it is a picture of another "
                'kind, or skip such files with on_bad="skip".'
            )
        self._bad[path] = reason


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    """Load a picture in the mode RGB or L."""
    if picture.mode in ("I", "F"):
        raise ValueError(f"grey levels of 32 bits (mode {picture.mode}), of unknown range")
    if picture.mode.startswith("I;16"):  # which Pillow would cut off at 255
        picture = Image.fromarray((np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    if picture.mode != mode:
        return picture.convert(mode)
    picture.load()
    return picture


@dataclass(frozen=True)
class _Views:
    """What Grain reads from: the views of a folder's pictures, in an order."""

    folder: PictureFolder
    view: View
    order: np.ndarray
    draws: np.ndarray

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> Example:
        index, draws = int(self.order[place]), self.draws[place]
        picture, found = self.folder.read_good(index, self.view.shorter_side(draws))
        return self.view(picture, draws), self.folder.labels[found], np.float32(found == index)


def stream(
    folder: PictureFolder,
    view: View,
    order: np.ndarray,
    draws: np.ndarray,
    *,
    threads: int | None = None,
    ahead: int = PICTURES_AHEAD,
) -> Iterator[Example]:
    """Yield the views of pictures in order, decoded ahead by several threads.

    The images do not depend on the number of threads. Reading begins with the first that is asked for, and
    ends when the iterator is closed or dropped.

    Args:
        folder: the pictures.
        view: what is made of each.
        order: (n,) indices into the folder.
        draws: (n, k), the view's draws for each of them.
        threads: that decode at the same time; None for one for each processor, up to 16; 0 for none besides
            the caller's.
        ahead: how many pictures may wait, decoded, to be asked for.

    Yields:
        The image, uint8 (size, size, channels) or (views, size, size, channels), its label and its weight.
        Where a bad picture is skipped, the next good one of the folder takes its place, with its own label;
        the weight 0 says so: training may use such a stand-in, and evaluation must not count it.

    Raises:
        DataError: a picture is bad and not to be skipped, or all are bad.
        ValueError: `order` and `draws` differ in length.
    """
    return _decoded_ahead(_source(folder, view, order, draws), threads, ahead)


def stream_batches(
    folder: PictureFolder,
    view: View,
    order: np.ndarray,
    draws: np.ndarray,
    batch_size: int,
    *,
    threads: int | None = None,
    ahead: int | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield what `stream` yields in batches, each put together by the thread that decoded it.

    As many batches as `ahead` lie in memory, and those the threads are at: where a picture has many views,
    take small batches.

    Args:
        folder: as for `stream`.
        view: as for `stream`.
        order: as for `stream`.
        draws: as for `stream`.
        batch_size: pictures in a batch; the last may have fewer.
        threads: as for `stream`.
        ahead: how many batches may wait; None for one for each thread and two.

    Yields:
        Images (b, ...), uint8; labels (b,), int64; weights (b,), float32.

    Raises:
        DataError: as `stream`.
        ValueError: as `stream`.
    """
    threads = _threads(threads)
    batches = _source(folder, view, order, draws).batch(batch_size, drop_remainder=False)
    return _decoded_ahead(batches, threads, threads + BATCHES_AHEAD if ahead is None else ahead)


def _source(folder: PictureFolder, view: View, order: np.ndarray, draws: np.ndarray) -> Any:
    """The views as a data set of Grain."""
    if len(order) != len(draws):
        raise ValueError(f"Each picture needs its draws; got {len(order)} pictures and {len(draws)} draws.")
    return _grain().MapDataset.source(_Views(folder, view, order, draws))


def _decoded_ahead(dataset: Any, threads: int | None, ahead: int) -> Iterator:
    threads = _threads(threads)
    options = _grain().ReadOptions(num_threads=threads, prefetch_buffer_size=max(ahead, threads))
    iterator = iter(dataset.to_iter_dataset(options))
    try:
        yield from iterator
    finally:
        iterator.close()


def _grain() -> ModuleType:
    """Import Grain: late, since it takes a second, and without its remarks on JAX's profiler."""
    from absl import logging

    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        import grain
    finally:
        logging.set_verbosity(level)
    return grain


def _threads(threads: int | None) -> int:
    return min(os.cpu_count() or 1, MOST_THREADS) if threads is None else threads
