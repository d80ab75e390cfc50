"""A word of the glossary shows its definition: under the pointer, by keyboard, and at a tap."""

from __future__ import annotations

import json
import re

import pytest
from conftest import HTML, contrast

PAGE = "notebooks/06_resnet.html"
TIP = "#hover-tip"
WORD = "a.reference.internal:has(> .std-term)"


@pytest.fixture
def word(page, address):
    """The first word of the glossary on a page, with its definition ready and not shown."""
    page.goto(address(PAGE))
    page.wait_for_selector(TIP, state="attached")
    link = page.locator(WORD).first
    link.scroll_into_view_if_needed()
    assert page.locator(TIP).is_hidden()
    return link


def definitions() -> dict[str, str]:
    script = (HTML / "_static" / "glossary-terms.js").read_text("utf-8")
    return json.loads(script.removeprefix("window.glossaryTerms = ").rstrip().removesuffix(";"))


def text(definition: str) -> str:
    return re.sub(r"<[^>]+>", "", definition).split()[0]


def by_keyboard(page, link) -> None:
    """Move the focus to a link as the Tab key does: a focus that a script sets is not always shown."""
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")


def test_every_word_on_every_page_has_its_definition():
    known = set(definitions())
    linked = {
        anchor
        for page in HTML.rglob("*.html")
        for anchor in re.findall(r'href="[^"]*#(term-[^"]+)"><span class="xref std', page.read_text("utf-8"))
    }
    assert len(linked) > 20
    assert linked <= known


def test_the_pointer_shows_a_definition_and_may_move_onto_it(page, word):
    word.hover()
    page.wait_for_selector(TIP, state="visible")
    anchor = word.get_attribute("href").partition("#")[2]
    assert text(definitions()[anchor]) in page.locator(TIP).inner_text()
    assert word.get_attribute("aria-describedby") == TIP[1:]
    page.hover(TIP)
    page.wait_for_timeout(400)
    assert page.locator(TIP).is_visible()
    page.mouse.move(1, 1)
    page.wait_for_selector(TIP, state="hidden")
    assert word.get_attribute("aria-describedby") is None


def test_keyboard_focus_shows_it_and_escape_closes_it(page, word):
    by_keyboard(page, word)
    assert page.locator(TIP).is_visible()
    assert page.locator(TIP).get_attribute("role") == "tooltip"
    assert word.get_attribute("aria-describedby") == TIP[1:]
    page.keyboard.press("Escape")
    assert page.locator(TIP).is_hidden()
    by_keyboard(page, word)
    page.keyboard.press("Tab")
    assert word.get_attribute("aria-describedby") is None
    by_keyboard(page, word)
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/glossary.html#term-*")


def test_a_first_tap_shows_it_and_a_second_one_goes_there(page, address):
    phone = page.context.browser.new_page(
        viewport={"width": 360, "height": 740}, has_touch=True, offline=True
    )
    phone.goto(address(PAGE))
    phone.wait_for_selector(TIP, state="attached")
    words = phone.locator(WORD)
    for place in range(min(words.count(), 6)):
        words.nth(place).tap()
        box = phone.locator(TIP).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360
        assert phone.url.endswith(PAGE)
        phone.keyboard.press("Escape")  # it may lie on the next word
    words.first.tap()
    phone.locator(f"{TIP} p").tap()
    assert phone.locator(TIP).is_visible()
    phone.locator("article h1").tap()
    assert phone.locator(TIP).is_hidden()
    words.first.tap()
    assert phone.url.endswith(PAGE)
    words.first.tap()
    phone.wait_for_url("**/book/glossary.html#term-*")
    phone.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_definition_can_be_read(page, word, theme):
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    word.hover()
    page.wait_for_selector(TIP, state="visible")
    ink, paper = page.eval_on_selector(
        TIP, "tip => [getComputedStyle(tip).color, getComputedStyle(tip).backgroundColor]"
    )
    assert contrast(ink, paper) > 7
