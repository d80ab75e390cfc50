import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from checks import read_pages
from on_demand import NETWORK_MISSING, packed, write_digits, write_pictures, write_texts

from cnnbook import photos
from cnnbook.widgets import picture
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


@pytest.fixture
def showing(tmp_path: Path) -> Path:
    """A book's folder with a page that shows pictures to the network."""
    (tmp_path / "_static" / "widgets").mkdir(parents=True)
    (tmp_path / "page.html").write_text(
        '<div class="cnn-widget" data-widget="picture"><figure></figure></div>'
    )
    return tmp_path


@pytest.mark.skipif(picture.network() is None, reason="SqueezeNet's weights are not installed: make")
def test_the_network_and_the_photographs_are_written_for_a_page_that_shows_pictures(showing: Path) -> None:
    write_pictures(showing)
    written = (showing / "_static" / "widgets" / "squeezenet-weights.js").read_text()
    assert len(written) <= 3_500_000  # bytes that a reader waits for
    licence, _, script = written.partition("*/\n")
    assert "Redistribution and use in source and binary forms" in licence
    found = json.loads(script.removeprefix("window.cnnWeights = ").removesuffix(";\n"))
    network = picture.network()
    assert network is not None
    low, high = np.frombuffer(gzip.decompress(base64.b64decode(found["packed"])), "uint8").reshape(2, -1)
    values = np.stack([low, high], axis=1).ravel().view("<f2")
    ours = np.concatenate([weight.ravel() for weight in network.model.get_weights()])
    np.testing.assert_allclose(values, ours, rtol=2**-11, atol=2**-24)
    assert len(found["names"]) == found["layers"][-1]["shape"][0] == 1000
    photographs = (showing / "_static" / "widgets" / "photographs.js").read_text()
    given = json.loads(photographs.removeprefix("window.cnnPhotographs = ").removesuffix(";\n"))
    assert base64.b64decode(given["coffee"]) == (photos.FOLDER / "coffee.jpg").read_bytes()


def test_a_page_without_the_network_says_so_and_keeps_its_picture(
    showing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "network", lambda: None)
    write_pictures(showing)
    page = (showing / "page.html").read_text()
    assert f"<p>{NETWORK_MISSING}</p>" in page
    assert 'data-widget="picture"' not in page  # no script takes the picture's place
    assert "<figure>" in page
    assert not list((showing / "_static" / "widgets").iterdir())


def test_nothing_is_written_where_no_page_shows_pictures(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<div class="cnn-widget" data-widget="training"></div>')
    write_pictures(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
