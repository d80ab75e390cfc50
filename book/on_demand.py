"""Scripts that a page loads only when a reader asks for what they hold: too large for every visit."""

import base64
import gzip
import json
from pathlib import Path

import numpy as np

from cnnlib import data


def write_digits(html: Path) -> None:
    """Write the digits that come with the package as a script, where a page of the book trains on them.

    A script, since a page that was opened from a folder can load nothing else. Those to learn from stand
    before those held out, 28 x 28 bytes each, with their labels, packed with gzip, in base64.
    """
    if not any('data-widget="training"' in page.read_text("utf-8") for page in html.rglob("*.html")):
        return
    train, pixels, labels = read_digits()
    found = {"train": train, "pixels": packed(pixels), "labels": packed(labels)}
    script = f"window.cnnDigits = {json.dumps(found)};\n"
    (html / "_static" / "widgets" / "mnist-digits.js").write_text(script, "utf-8")


def read_digits() -> tuple[int, np.ndarray, np.ndarray]:
    """How many digits are to learn from; all of them (n, 28, 28, 1), those first; their labels (n,)."""
    digits = data.load("mnist")
    pixels = np.concatenate([digits.train.x, digits.test.x])
    return len(digits.train.y), pixels, np.concatenate([digits.train.y, digits.test.y]).astype("uint8")


def packed(values: np.ndarray) -> str:
    """Pack bytes with gzip, the same whenever it is done, and write them in base64."""
    assert values.dtype == np.uint8
    return base64.b64encode(gzip.compress(values.tobytes(), mtime=0)).decode()
