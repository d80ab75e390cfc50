"""Sets in the publisher's own files: MedMNIST's npz with its validation split, and the four IDX files."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib import data
from cnnlib.data import sets, sources

SPLITS = {"train": 24, "validation": 6, "test": 9}
MEDMNIST = {"train": "train", "validation": "val", "test": "test"}


def arrays() -> sources.Arrays:
    numbers = np.random.RandomState(5)
    made: sources.Arrays = {}
    for split, count in SPLITS.items():
        made[f"x_{split}"] = numbers.randint(0, 256, (count, 6, 5)).astype(np.uint8)
        made[f"y_{split}"] = np.arange(count) % 3
    return made


def medmnist(of: sources.Arrays) -> sources.Arrays:
    """The arrays as MedMNIST names and shapes them."""
    images = {f"{theirs}_images": of[f"x_{ours}"] for ours, theirs in MEDMNIST.items()}
    return images | {
        f"{theirs}_labels": of[f"y_{ours}"][:, None].astype(np.uint8) for ours, theirs in MEDMNIST.items()
    }


def load_error(*parts: str, name: str = "little") -> None:
    with pytest.raises(data.DataError) as caught:
        data.load(name, "paper")
    for part in parts:
        assert part in str(caught.value)


def images_of(split: data.Split) -> set[bytes]:
    return set(sources.digests(split.x, split.y))


# A published validation split


@pytest.fixture
def little(user: Path, register: Callable[..., None]) -> Path:
    """Register a set with a published validation split; return where its file belongs."""
    content = sets.Content(24, 9, 6, sources.content_sha256(arrays()), published_validation=True)
    register("little", (6, 5, 1), content)
    return user / "little.npz"


@pytest.mark.parametrize("named", [medmnist, dict], ids=["the publisher's names", "ours"])
def test_the_published_validation_split_is_kept_whatever_the_seed(
    little: Path, named: Callable[[sources.Arrays], sources.Arrays]
) -> None:
    np.savez(little, **named(arrays()))
    for seed in (0, 1):
        loaded = data.load("little", "paper", seed=seed)
        for split, found in (
            ("train", loaded.train),
            ("validation", loaded.validation),
            ("test", loaded.test),
        ):
            np.testing.assert_array_equal(found.x[..., 0], arrays()[f"x_{split}"])
            assert found.y.tolist() == arrays()[f"y_{split}"].tolist()


@pytest.mark.parametrize("validation", [0, 6, 12])
def test_a_number_carves_from_train_and_published_validation_together(little: Path, validation: int) -> None:
    np.savez(little, **medmnist(arrays()))
    published, own = data.load("little", "paper"), data.load("little", "paper", validation=validation)
    assert (len(own.train), len(own.validation)) == (30 - validation, validation)
    assert np.bincount(own.validation.y, minlength=3).tolist() == [validation // 3] * 3
    both = images_of(published.train) | images_of(published.validation)
    assert images_of(own.train) | images_of(own.validation) == both
    np.testing.assert_array_equal(own.test.x, published.test.x)
    assert own.sha256 == published.sha256
    with pytest.raises(ValueError, match="from 0 to 29, since little has 30 training images"):
        data.load("little", "paper", validation=30)


def test_the_hash_tells_validation_from_train_and_ignores_the_order_within(little: Path) -> None:
    whole, order = arrays(), np.random.RandomState(0).permutation(24)
    np.savez(little, **whole | {name: whole[name][order] for name in ("x_train", "y_train")})
    data.load("little", "paper")
    moved = {kind: np.concatenate([whole[f"{kind}_train"], whole[f"{kind}_validation"]]) for kind in "xy"}
    places = {"validation": slice(6), "train": slice(6, None)}
    swapped = {f"{kind}_{split}": moved[kind][at] for kind in "xy" for split, at in places.items()}
    altered = {"x_validation": 255 - whole["x_validation"]}
    for change in (swapped, altered):
        np.savez(little, **whole | change)
        load_error(f"{little}: expected content with SHA-256 {sources.content_sha256(whole)}; found ")


def test_a_missing_validation_split_is_named_and_folders_may_hold_it(little: Path) -> None:
    whole = arrays()
    without = {name: array for name, array in whole.items() if "validation" not in name}
    np.savez(little, **without)
    load_error(f"{little}: expected an array x_validation; found only x_test, x_train, y_test, y_train.")
    load_error(
        "little.npz (x_train, y_train, x_validation, y_validation, x_test, y_test) or the image folders "
        "little/train/CLASS/, little/validation/CLASS/ and little/test/CLASS/"
    )
    little.unlink()
    for split in SPLITS:
        for i, (x, y) in enumerate(zip(whole[f"x_{split}"], whole[f"y_{split}"], strict=True)):
            path = little.with_suffix("") / split / "abc"[y] / f"{i:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(x).save(path)
    assert len(data.load("little", "paper").validation) == 6


def test_the_publishers_file_is_known_by_its_md5_and_a_copy_says_what_it_is(
    little: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(little, **medmnist(arrays()))
    md5 = hashlib.md5(little.read_bytes()).hexdigest()
    copy = replace(sets.SETS["little"].full, sha256=None, variants={"12ab": "a copy"})
    spec = replace(sets.SETS["little"], full=copy, md5=md5)
    monkeypatch.setitem(sets.SETS, "little", spec)
    assert data.load("little", "paper").source == (
        f"little.npz in the user's data folder; MD5 {md5}, as published"
    )
    np.savez(little, **arrays())
    load_error("expected content with SHA-256 12ab; found ", "the publisher's own little.npz can, by its MD5")
    sha256 = sources.content_sha256(arrays())
    monkeypatch.setitem(sets.SETS, "little", replace(spec, full=replace(copy, variants={sha256: "a copy"})))
    assert data.load("little", "paper").source == "little.npz in the user's data folder; a copy"


def test_pneumoniamnist_of_the_users_folder() -> None:
    folder = os.environ.get("CNNLIB_DATA")
    if not folder or not (Path(folder) / "pneumoniamnist.npz").exists():
        pytest.skip("PneumoniaMNIST is not in the folder CNNLIB_DATA names")
    xrays = data.load("pneumoniamnist", "colab")
    assert [len(xrays.train), len(xrays.validation), len(xrays.test)] == [4_708, 524, 624]
    assert xrays.class_names == ("normal", "pneumonia")
    assert np.bincount(xrays.test.y).tolist() == [234, 390]
    assert "as published" in xrays.source or "not compared with the publisher's file" in xrays.source


# IDX files


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def files() -> dict[str, bytes]:
    """The four files, not gzipped."""
    return {name: idx(arrays()[array]) for array, name in sources.IDX.items()}


def without_validation() -> sources.Arrays:
    return {name: array for name, array in arrays().items() if "validation" not in name}


@pytest.fixture
def parts(user: Path, register: Callable[..., None]) -> Path:
    """Register a set published as four gzipped files; return the user's folder for them."""
    md5 = {f"{name}.gz": hashlib.md5(zipped(content)).hexdigest() for name, content in files().items()}
    content = sets.Content(24, 9, 6, sources.content_sha256(without_validation()))
    register("in_parts", (6, 5, 1), content, url="http://127.0.0.1:9/sets/", parts=md5)
    (user / "in_parts").mkdir()
    return user / "in_parts"


def zipped(content: bytes, level: int = 9) -> bytes:
    return gzip.compress(content, level, mtime=7)


@pytest.mark.parametrize("form", ["gzipped", "gzipped anew", "unpacked", "unpacked, still called .gz"])
def test_four_idx_files_are_read_gzipped_or_not(parts: Path, form: str) -> None:
    for name, content in files().items():
        if form == "unpacked":
            (parts / name).write_bytes(content)
        else:
            written = content if "called" in form else zipped(content, 1 if "anew" in form else 9)
            (parts / f"{name}.gz").write_bytes(written)
    loaded = data.load("in_parts", "paper", validation=0)
    np.testing.assert_array_equal(loaded.train.x[..., 0], arrays()["x_train"])
    assert loaded.test.y.tolist() == arrays()["y_test"].tolist()
    assert loaded.source == "in_parts/ in the user's data folder"


def test_the_folder_may_be_called_as_in_kerass_cache(parts: Path) -> None:
    for name, content in files().items():
        (parts / name).write_bytes(content)
    parts.rename(parts.with_name("in-parts"))
    assert data.load("in_parts", "paper").source == "in-parts/ in the user's data folder"


def test_each_set_has_the_name_that_its_publishers_file_has() -> None:
    files = {name: spec.file for name, spec in sets.SETS.items() if spec.url}
    assert files == {
        "mnist": "mnist.npz",
        "cifar10": "cifar-10-binary.tar.gz",
        "fashion_mnist": "fashion-mnist/",
        "pneumoniamnist": "pneumoniamnist.npz",
    }


LABELS = "t10k-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda whole: whole[:-3], "EOFError"),
        (lambda whole: b"<html>404</html>", "begins with the bytes 3c 68 74 6d, not with 00 00 08"),
        (lambda whole: b"", "n empty file (ValueError: it begins"),
        (lambda whole: zipped(files()[LABELS][:-1]), r"cannot reshape array of size 8 into shape (9,)"),
    ],
)
def test_a_damaged_idx_file_is_named(parts: Path, damage: Callable[[bytes], bytes], found: str) -> None:
    for name, content in files().items():
        (parts / f"{name}.gz").write_bytes(zipped(content))
    path = parts / f"{LABELS}.gz"
    path.write_bytes(damage(path.read_bytes()))
    load_error(f"{path}: expected an IDX file of bytes; found a", found, name="in_parts")


def test_a_missing_idx_file_is_named_and_another_set_is_refused(parts: Path) -> None:
    written = files()
    (parts / LABELS).write_bytes(written.pop(LABELS))
    load_error(
        f"{parts}: expected train-images-idx3-ubyte or train-images-idx3-ubyte.gz in it; found no such file",
        "the folder in_parts/ with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
        "t10k-labels-idx1-ubyte (gzipped or not), in_parts.npz (x_train",
        "2. put the gzipped files as in-parts/ into Keras's cache",
        name="in_parts",
    )
    for name, content in written.items():
        (parts / name).write_bytes(content)
    (parts / LABELS).write_bytes(idx(arrays()["y_test"][::-1]))
    load_error(f"{parts}: expected content with SHA-256 ", name="in_parts")


def test_the_four_files_are_downloaded_once_and_what_is_there_stays(
    parts: Path, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (address, served), cache = server, parts.parents[1] / "keras" / "datasets" / "in-parts"
    parts.rmdir()
    monkeypatch.setitem(sets.SETS, "in_parts", replace(sets.SETS["in_parts"], url=f"{address}/"))
    for name, content in files().items():
        (served / f"{name}.gz").write_bytes(zipped(content))
    (served / f"{LABELS}.gz").write_bytes(zipped(files()[LABELS], 1) + b"?")
    load_error(f"{address}/{LABELS}.gz: expected the publisher's {LABELS}.gz, with MD5 ", name="in_parts")
    assert len(list(cache.iterdir())) == 3
    (served / f"{LABELS}.gz").write_bytes(zipped(files()[LABELS]))
    (served / "train-images-idx3-ubyte.gz").unlink()  # it is in the cache by now
    assert data.load("in_parts", "paper").source == f"downloaded from {address}/"
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    assert data.load("in_parts", "colab").source == "in-parts/ in Keras's cache"
    (cache / f"{LABELS}.gz").unlink()
    load_error(f"{cache}/{LABELS}.gz: expected the data set in_parts; found no such", name="in_parts")


def test_mnists_own_four_files_are_read_too(user: Path, register: Callable[..., None]) -> None:
    register("npz_published", (6, 5, 1), sets.Content(24, 9, 6, sources.content_sha256(without_validation())))
    (user / "npz_published").mkdir()
    for name, content in files().items():
        (user / "npz_published" / f"{name}.gz").write_bytes(zipped(content))
    assert len(data.load("npz_published", "paper", validation=0).train) == 24


def test_fashion_mnist_of_the_users_folder() -> None:
    folder = os.environ.get("CNNLIB_DATA")
    if not folder or not any((Path(folder) / name).is_dir() for name in ("fashion_mnist", "fashion-mnist")):
        pytest.skip("Fashion-MNIST is not in the folder CNNLIB_DATA names")
    clothes = data.load("fashion_mnist", "paper")
    assert [len(clothes.train), len(clothes.validation), len(clothes.test)] == [55_000, 5_000, 10_000]
    assert np.bincount(clothes.test.y).tolist() == [1_000] * 10
    assert [clothes.class_names[label] for label in clothes.test.y[:3]] == [
        "ankle boot",
        "pullover",
        "trouser",
    ]
