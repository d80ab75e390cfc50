"""The answers in a record: small, whole, and tied to the images they were given to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib import records
from cnnlib.data import Split
from cnnlib.data.folders import PictureFolder
from cnnlib.runs import Run

ALL = np.ones(6, bool)


@pytest.mark.parametrize(
    ("classes", "kind"), [(10, "uint8"), (255, "uint8"), (256, "uint16"), (1000, "uint16")]
)
def test_answers_and_labels_come_back_as_they_were(classes: int, kind: str) -> None:
    random = np.random.default_rng(0)
    given, true = random.integers(0, classes, (2, 500))
    given[:2] = classes - 1, classes  # the last stands for scores that are no numbers
    record = {"answers": json.loads(json.dumps(records.pack_answers(given, true, classes, "ab")))}
    assert record["answers"]["type"] == kind
    for found, expected in (
        (Run(record).answers, given),
        (records.unpack_answers(record["answers"])[1], true),
    ):
        assert found.dtype == kind
        np.testing.assert_array_equal(found, expected)


def test_an_older_record_has_none() -> None:
    assert Run({}).answers is None


def test_ten_thousand_answers_take_few_kilobytes() -> None:
    random = np.random.default_rng(0)
    true = random.integers(0, 10, 10_000)
    given = np.where(random.random(10_000) < 0.25, random.integers(0, 10, 10_000), true)
    assert len(json.dumps(records.pack_answers(given, true, 10, "ab"))) < 11_000
    given = np.where(random.random(10_000) < 0.01, random.integers(0, 10, 10_000), true)
    assert len(json.dumps(records.pack_answers(given, true, 10, "ab"))) < 7_500


def test_what_is_no_answer_is_not_kept() -> None:
    with pytest.raises(ValueError, match="must have the same shape"):
        records.pack_answers(np.zeros(2, int), np.zeros(3, int), 10, "ab")
    with pytest.raises(ValueError, match="classes from 0 to 9; got 0 to 11"):
        records.pack_answers(np.array([0, 11]), np.zeros(2, int), 10, "ab")


@pytest.mark.parametrize(
    "change", [{"given": "AAAA"}, {"given": 7}, {"type": "words"}, {"labels_xor_given": "?"}]
)
def test_damage_is_named(change: dict) -> None:
    kept = records.pack_answers(np.arange(6), np.arange(6), 10, "ab") | change
    with pytest.raises(ValueError, match="answers in a record are damaged"):
        records.unpack_answers(kept)
    with pytest.raises(ValueError, match="answers in a record are damaged"):
        records.unpack_answers({})


def test_the_hash_knows_images_labels_and_their_order() -> None:
    x, y = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1)).astype("uint8"), np.arange(6)
    other = x.copy()
    other[3, 1, 1] ^= 1
    splits = [
        Split(x, y),
        Split(x[::-1], y[::-1]),
        Split(x, y[::-1]),
        Split(other, y),
        Split(x.reshape(6, 2, 8, 1), y),
    ]
    hashes = [records.sha256(split, ALL) for split in splits]
    hashes.append(records.sha256(splits[0], np.arange(6) != 3))
    assert len(set(hashes)) == len(hashes)
    assert hashes[0] == records.sha256(Split(x.copy(), y.astype("uint8")), ALL)
    assert len(hashes[0]) == 64


def test_the_hash_of_pictures_on_disk_knows_what_they_are_and_not_where(tmp_path: Path) -> None:
    def made(place: str, width: int = 5) -> PictureFolder:
        for number in range(6):
            path = tmp_path / place / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (width * 40 if number == 5 else 5, 5)).save(path)
        return PictureFolder(tmp_path / place)

    first = made("first")
    assert records.sha256(first, ALL) == records.sha256(made("second"), ALL)
    others = [made("third", 9), first.subset([1, 0, 2, 3, 4, 5])]
    hashes = {records.sha256(folder, ALL) for folder in (first, *others)}
    assert len(hashes | {records.sha256(first, np.arange(6) < 5)}) == 4
