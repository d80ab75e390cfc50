"""The page on which a digit is drawn: it computes what Keras does, by hand and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cnnlib import data, weights

NETWORKS = ("lenet5_modern", "lenet5_original")
DATA = "JSON.parse(document.querySelector('[data-widget=digit] > script').textContent)"


@pytest.fixture
def field(page: Page, address: Callable[[str], str]) -> Locator:
    page.goto(address("book/digit.html"))
    return page.locator(".cnn-digit-ink")


def stroke(field: Locator, *points: tuple[int, int]) -> None:
    """Draw through points with the mouse."""
    mouse = field.page.mouse
    for place, (x, y) in enumerate(points):
        field.hover(position={"x": x, "y": y})
        if not place:
            mouse.down()
    mouse.up()


def answers(page: Page) -> list[str]:
    page.evaluate("new Promise(requestAnimationFrame)")  # in which the drawing is classified
    return page.locator(".cnn-digit-answer").all_text_contents()


def colours(page: Page, canvases: str) -> list[list[int]]:
    """Values of all pixels of each of some canvases."""
    return page.eval_on_selector_all(
        canvases,
        "all => all.map((c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])",
    )


def flat(page: Page) -> list[bool]:
    """Whether each feature map has but one colour."""
    maps = colours(page, ".cnn-digit-maps canvas")
    return [len(np.unique(np.reshape(values, (-1, 4)), axis=0)) == 1 for values in maps]


@pytest.mark.parametrize(("place", "name"), list(enumerate(NETWORKS)))
def test_the_page_computes_what_keras_computes(field: Locator, place: int, name: str) -> None:
    images = data.load("mnist", "quick").test.x[:100]
    found = weights.load(name)
    expected = keras.ops.convert_to_numpy(found.model(found.pixels(images), training=False))
    given = field.page.evaluate(
        f"""(images) => images.map(
            (pixels) => [...window.cnnLenet.run({DATA}.networks[{place}], pixels).outputs])""",
        images.reshape(100, -1).tolist(),
    )
    np.testing.assert_allclose(given, expected, atol=1e-4, rtol=1e-5)


def test_both_networks_answer_between_two_moves_of_the_pen(field: Locator) -> None:
    milliseconds = field.page.evaluate(
        f"""() => {{
            const data = {DATA};
            const pixels = window.cnnLenet.bytes(data.digits[3].pixels);
            return Array.from({{ length: 50 }}, () => {{
                const start = performance.now();
                for (const network of data.networks) window.cnnLenet.run(network, pixels);
                return performance.now() - start;
            }});
        }}"""
    )
    assert np.median(milliseconds) < 15


def test_a_stroke_of_the_mouse_is_a_one(field: Locator) -> None:
    stroke(field, (140, 40), (140, 140), (140, 240))
    assert answers(field.page) == ["1", "1"]
    beside = field.page.locator(".cnn-digit-verdict")  # at once, and no longer than the drawing
    assert beside.all_text_contents() == ["1", "1"]
    assert beside.first.bounding_box()["y"] < field.bounding_box()["y"] + field.bounding_box()["height"]
    told = field.page.get_by_role("status")
    expect(told).to_contain_text("LeNet-5 of 1998 says 1 (penalty ")
    # A bar across makes something else of it.
    stroke(field, (60, 140), (220, 140))
    assert answers(field.page) != ["1", "1"]


def test_a_digit_of_mnist_is_shown_to_the_networks_as_it_is(field: Locator) -> None:
    buttons = field.page.locator(".cnn-digit-examples button")
    for label in range(10):
        buttons.nth(label).click()
        assert answers(field.page) == [str(label)] * 2
        original = colours(field.page, ".cnn-digit-examples canvas")[label]
        assert colours(field.page, ".cnn-digit-shown") == [original]


def test_size_and_place_of_a_drawing_do_not_matter(field: Locator) -> None:
    boxes = []
    for points in ([(40, 30), (240, 30), (110, 250)], [(200, 190), (260, 190), (225, 256)]):
        field.page.get_by_role("button", name="Clear").click()
        stroke(field, *points)
        assert answers(field.page) == ["7", "7"]
        shown = np.reshape(colours(field.page, ".cnn-digit-shown")[0], (28, 28, 4))
        inked = np.argwhere((shown != shown[0, 0]).any(axis=2))
        boxes.append(int((inked.max(axis=0) - inked.min(axis=0)).max()) + 1)
    assert boxes == [20, 20]


def test_a_digit_is_drawn_with_the_keyboard_alone(field: Locator) -> None:
    page = field.page
    field.focus()
    page.keyboard.press("Delete")
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    expect(page.locator(".cnn-digit-pen")).to_be_visible()
    assert answers(page) == ["?", "?"]  # the pen is still up
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_have_text("The pen is down.")
    for _ in range(18):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert answers(page) == ["1", "1"]
    page.keyboard.press("ArrowRight")
    assert answers(page) == ["1", "1"]
    expect(page.get_by_role("status")).to_contain_text("LeNet-5 of today says 1")


def test_maps_are_drawn_and_clear_clears(field: Locator) -> None:
    page = field.page
    stroke(field, (60, 60), (200, 60), (120, 240))
    answers(page)
    drawn = flat(page)
    assert len(drawn) == 2 * (6 + 6 + 16 + 16)
    assert np.mean(drawn) < 0.1  # one map of the network of 1998 is always flat
    page.get_by_role("button", name="Clear").click()
    assert answers(page) == page.locator(".cnn-digit-verdict").all_text_contents() == ["?", "?"]
    assert all(flat(page))
    assert set(page.locator(".cnn-digit-value").all_text_contents()) == {""}
    expect(page.get_by_role("status")).to_have_text("The field is empty.")


def test_the_first_stroke_makes_room_for_itself_and_later_ones_add(field: Locator) -> None:
    page = field.page
    assert answers(page) == ["7", "7"]  # the digit to begin with
    stroke(field, (140, 40), (140, 240))
    assert answers(page) == ["1", "1"]
    page.locator(".cnn-digit-examples button").nth(1).click()
    before = np.sum(np.asarray(colours(page, ".cnn-digit-ink")[0]) > 0)
    stroke(field, (30, 30), (60, 30))
    assert np.sum(np.asarray(colours(page, ".cnn-digit-ink")[0]) > 0) > before
