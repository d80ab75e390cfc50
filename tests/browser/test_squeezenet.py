"""The script that runs SqueezeNet in a page computes what Keras computes, from pixels that are Pillow's."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from conftest import ROOT
from on_demand import packed
from playwright.sync_api import Browser, Page

from cnnbook import mistakes, photos
from cnnbook.widgets import picture
from cnnlib.data.decoding import decode
from cnnlib.weights import Pretrained

WIDGETS = ROOT / "book" / "_static" / "widgets"
# Bytes go both ways in base64: as lists of numbers they would take minutes.
CREATE = """async ([described, weights]) => {
  const bytes = await window.cnnOnDemand.unpack(weights, "network");
  window.net = window.cnnSqueezeNet().create(described, bytes);
}"""
LOOK = """([pixels, width, height, mistake]) => {
  const written = (values) => {
    const bytes = new Uint8Array(values.buffer);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const picture = { pixels: new Uint8ClampedArray(window.cnnLenet.bytes(pixels)), width, height };
  const square = window.net.look(picture, mistake);
  const x = window.net.input(square, mistake);
  const maps = window.net.run(x);
  const some = ["conv1", "pool1", "fire4_concat", "conv10", "predictions"];
  const floats = Object.fromEntries(some.map((name) => [name, written(Float32Array.from(maps[name]))]));
  return { square: written(square.pixels), believed: written(window.net.believed(x)), maps: floats };
}"""


@pytest.fixture(scope="module")
def network() -> Pretrained:
    """SqueezeNet with the weights of the page: those of the package in half precision."""
    found = picture.network()
    if found is None:
        pytest.skip("SqueezeNet's weights are not installed: make")
    found.model.set_weights(
        [weight.astype("float16").astype("float32") for weight in found.model.get_weights()]
    )
    return found


@pytest.fixture(scope="module")
def bare(browser: Browser, network: Pretrained) -> Iterator[Page]:
    """A page with the network's script alone."""
    page = browser.new_page()
    for name in ("lenet.js", "on_demand.js", "squeezenet.js"):
        page.add_script_tag(path=WIDGETS / name)
    page.evaluate(CREATE, [picture.described(network), packed(picture.halves(network.model))])
    yield page
    page.close()


def looked(page: Page, pixels: np.ndarray, mistake: str = mistakes.RIGHT) -> dict[str, Any]:
    """What the page's network is shown of a picture (height, width, 3), takes it for, and makes of it."""
    height, width, _ = pixels.shape
    found = page.evaluate(LOOK, [in_base64(pixels), width, height, mistake])
    for name in ("square", "believed"):
        found[name] = read(found[name], "uint8").reshape(227, 227, 4)[..., :3]
    return found | {"maps": {name: read(values, "<f4") for name, values in found["maps"].items()}}


def in_base64(pixels: np.ndarray) -> str:
    """Pixels (height, width, 3) as the script takes them, four bytes each."""
    four = np.dstack([pixels, np.full(pixels.shape[:2], 255, "uint8")])
    return base64.b64encode(four.tobytes()).decode()


def read(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def photograph(name: str) -> np.ndarray:
    return np.asarray(decode(photos.FOLDER / f"{name}.jpg"))


@pytest.mark.parametrize("name", picture.PHOTOGRAPHS)
def test_scores_are_those_of_keras(bare: Page, network: Pretrained, name: str) -> None:
    pixels = photograph(name)
    found = looked(bare, pixels)
    np.testing.assert_array_equal(found["square"], mistakes.see(network, pixels))
    expected = mistakes.scores(network, [pixels])[0]
    difference = np.abs(found["maps"]["predictions"] - expected).max()
    print(f"{name}: {difference:.1e}")
    assert difference < 1e-3


def test_maps_of_layers_are_those_of_keras(bare: Page, network: Pretrained) -> None:
    pixels = photograph("coffee")
    found = looked(bare, pixels)["maps"]
    outputs = {name: network.model.get_layer(name).output for name in found}
    expected = keras.Model(network.model.input, outputs)(network.pixels(mistakes.see(network, pixels)[None]))
    for name, values in found.items():
        theirs = keras.ops.convert_to_numpy(expected[name]).ravel()
        np.testing.assert_allclose(values, theirs, atol=1e-4 * max(1.0, theirs.max()), err_msg=name)
        assert theirs.max() > 0.1


@pytest.mark.parametrize("mistake", list(mistakes.MISTAKES))
def test_every_mistake_is_that_of_section_9(bare: Page, network: Pretrained, mistake: str) -> None:
    for name in ("pagoda", "fur"):  # a tall picture and a wide one
        pixels = photograph(name)
        found = looked(bare, pixels, mistake)
        seen = mistakes.see(network, pixels, mistake)
        # Where Pillow resizes a tall picture down before across, a level may round to its neighbour.
        assert np.abs(found["square"] - seen.astype(int)).max() <= 1
        taken = mistakes.shown(network, mistakes.prepare(network, seen[None], mistake))[0]
        assert np.abs(found["believed"] - taken.astype(int)).max() <= 2
        expected = mistakes.scores(network, [pixels], mistake)[0]
        assert np.abs(found["maps"]["predictions"] - expected).max() < 0.02


@pytest.mark.parametrize(
    "shape", [(227, 227), (256, 256), (1, 1), (3, 700), (700, 3), (1200, 1600), (31, 40)]
)
def test_pictures_of_any_size_are_resized_as_by_pillow(
    bare: Page, network: Pretrained, shape: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype="uint8")
    found = looked(bare, pixels)["square"]
    assert np.abs(found - mistakes.see(network, pixels).astype(int)).max() <= 1


def test_covering_costs_what_it_costs_in_keras(bare: Page, network: Pretrained) -> None:
    pixels = photograph("coffee")
    seen = mistakes.see(network, pixels)
    covered = seen.copy()
    covered[22 : 22 + 51, 44 : 44 + 51] = [124, 117, 104]  # the third place of the second row
    expected = keras.ops.convert_to_numpy(network.model(network.pixels(covered[None]), training=False))[0]
    found = bare.evaluate(
        """(pixels) => {
          const given = new Uint8ClampedArray(window.cnnLenet.bytes(pixels));
          const square = { pixels: given, width: 227, height: 227 };
          const covered = window.net.cover(square, window.net.places[9 + 2]);
          return [[...window.net.scores(covered)], window.net.places.length];
        }""",
        in_base64(seen),
    )
    assert found[1] == 81
    assert np.abs(np.asarray(found[0]) - expected).max() < 1e-3


def test_a_picture_takes_less_than_a_second_and_a_half(bare: Page) -> None:
    took = bare.evaluate(
        """(pixels) => {
          const given = new Uint8ClampedArray(window.cnnLenet.bytes(pixels));
          return Array.from({ length: 6 }, () => {
            const began = performance.now();
            window.net.scores(window.net.look({ pixels: given, width: 300, height: 350 }));
            return performance.now() - began;
          });
        }""",
        in_base64(photograph("pagoda")),
    )
    print([round(each) for each in took], "ms")
    assert np.median(took) <= 1500
