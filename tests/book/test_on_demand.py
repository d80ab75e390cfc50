import base64
import gzip
import json
from pathlib import Path

import numpy as np
from on_demand import packed, write_digits

from cnnlib import data


def test_digits_are_written_where_a_page_trains_on_them(tmp_path: Path) -> None:
    script = tmp_path / "_static" / "widgets" / "mnist-digits.js"
    script.parent.mkdir(parents=True)
    page = tmp_path / "page.html"
    page.write_text('<div class="cnn-widget" data-widget="digit"></div>')
    write_digits(tmp_path)
    assert not script.exists()
    page.write_text('<div class="cnn-widget" data-widget="training"></div>')
    write_digits(tmp_path)
    written = script.read_text()
    assert len(written) < 1_000_000  # bytes that a reader waits for
    found = json.loads(written.removeprefix("window.cnnDigits = ").removesuffix(";\n"))
    pixels, labels = (
        np.frombuffer(gzip.decompress(base64.b64decode(found[name])), "uint8")
        for name in ("pixels", "labels")
    )
    digits = data.load("mnist")
    assert found["train"] == len(digits.train.y)
    np.testing.assert_array_equal(pixels[: digits.train.x.size], digits.train.x.ravel())
    np.testing.assert_array_equal(pixels[digits.train.x.size :], digits.test.x.ravel())
    np.testing.assert_array_equal(labels, [*digits.train.y, *digits.test.y])


def test_the_same_digits_give_the_same_script() -> None:
    values = np.arange(256, dtype="uint8")
    assert packed(values) == packed(values)
