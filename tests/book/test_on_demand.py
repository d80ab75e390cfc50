import base64
import gzip
import json
from pathlib import Path

import numpy as np
from checks import read_pages
from on_demand import packed, write_digits, write_texts

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


def test_the_search_gets_what_a_page_says_section_by_section(tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "vgg.html").write_text(
        """<!DOCTYPE html><title>VGG</title><article><section id="vgg"><h1>VGG<a class="headerlink">#</a></h1>
        <table><tr><th>layers</th><td><b>16</b></td></tr></table><pre>one\n  two</pre>
        <p>Small <em>kernels</em>,\n“deep”.</p><ul><li>a</li><li>b</li></ul>
        <section id="cost"><h2>Cost</h2><p>Much.</p><script>1</script></section></section></article>"""
    )
    write_texts(tmp_path, read_pages(tmp_path))
    written = (tmp_path / "_static" / "page-texts.js").read_text()
    assert json.loads(written.removeprefix("window.cnnTexts = ").removesuffix(";\n")) == {
        "book/vgg.html": [
            ["vgg", ["Small kernels, “deep”.", "a", "b", "layers · 16", "one two"]],
            ["cost", ["Much."]],
        ]
    }
