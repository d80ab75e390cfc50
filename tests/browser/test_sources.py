"""A number shows its source: under the pointer, at a tap, and through one switch; it is no tab stop."""

from __future__ import annotations

import re

import pytest
from conftest import HTML, contrast

PAGE = "book/faq.html"
TIP = "#hover-tip"
NUMBER = "data[data-source]"
SWITCH = ".show-sources"
WRITTEN = ".source"


@pytest.fixture
def number(page, address):
    """The first number on a page that has a source, which is not shown."""
    page.goto(address(PAGE))
    page.wait_for_selector(SWITCH)
    first = page.locator(NUMBER).first
    first.scroll_into_view_if_needed()
    assert page.locator(TIP).is_hidden()
    assert not page.locator(WRITTEN).count()
    return first


def test_every_number_of_the_book_has_a_source():
    pages = [page.read_text("utf-8") for page in HTML.rglob("*.html")]
    elements = [element for page in pages for element in re.findall(r"<data\b[^>]*>", page)]
    assert len(elements) > 10
    assert [element for element in elements if " data-source=" not in element] == []


def test_the_pointer_shows_a_source_and_may_follow_it(page, number):
    number.hover()
    page.wait_for_selector(TIP, state="visible")
    assert page.locator(TIP).inner_text() == number.get_attribute("data-source")
    page.mouse.move(1, 1)
    page.wait_for_selector(TIP, state="hidden")
    number.hover()
    page.locator(f"{TIP} a").click()
    page.wait_for_url("**/book/references.html")


def test_one_tip_serves_words_and_numbers(page, number):
    number.hover()
    page.wait_for_selector(TIP, state="visible")
    page.locator("a.reference.internal:has(> .std-term)").first.hover()
    page.wait_for_function(f"document.querySelector('{TIP}').innerText.length > 60")
    assert page.locator("[role=tooltip]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(TIP).is_hidden()


def test_a_tap_shows_a_source_and_another_one_elsewhere_closes_it(page, address):
    phone = page.context.browser.new_page(
        viewport={"width": 360, "height": 740}, has_touch=True, offline=True
    )
    phone.goto(address(PAGE))
    numbers = phone.locator(NUMBER)
    for place in range(numbers.count()):
        numbers.nth(place).tap()
        box = phone.locator(TIP).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360
        phone.keyboard.press("Escape")  # it may lie on the next number
    numbers.first.tap()
    assert phone.locator(TIP).is_visible()
    phone.locator("article h1").tap()
    assert phone.locator(TIP).is_hidden()
    phone.locator(SWITCH).tap()
    assert phone.locator(WRITTEN).count() == numbers.count()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.close()


def test_the_keyboard_passes_numbers_by_and_switches_all_sources_on(page, number):
    page.locator("article h1").click()
    page.keyboard.press("Tab")
    while not page.evaluate(f"document.activeElement.matches('article {SWITCH}, footer *')"):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Show sources"
    assert page.get_attribute(SWITCH, "aria-pressed") == "false"
    page.keyboard.press("Enter")
    assert page.get_attribute(SWITCH, "aria-pressed") == "true"
    written = page.locator(WRITTEN).all_inner_texts()
    assert written[0].strip() == f"[{number.get_attribute('data-source')}]"
    assert len(written) == page.locator(NUMBER).count()
    page.keyboard.press("Space")
    assert not page.locator(WRITTEN).count()

    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.localName"))
    assert "a" in reached
    assert "data" not in reached


def test_the_choice_goes_with_the_reader(page, number):
    page.click(SWITCH)
    page.reload()
    page.wait_for_selector(WRITTEN)
    assert page.get_attribute(SWITCH, "aria-pressed") == "true"
    page.click(SWITCH)
    page.reload()
    page.wait_for_selector(SWITCH)
    assert not page.locator(WRITTEN).count()


def test_a_source_leads_to_the_record(page, number):
    page.click(SWITCH)
    page.locator(f"{WRITTEN} a", has_text="resnet20_short").first.click()
    page.wait_for_url("**/book/results.html#resnet20_short")
    assert page.locator("#resnet20_short").count() == 1


def test_a_page_without_numbers_has_no_switch(page, address):
    page.goto(address("book/glossary.html"))
    assert not page.locator(NUMBER).count()
    assert not page.locator(SWITCH).count()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sources_can_be_read(page, number, theme):
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    page.click(SWITCH)
    number.hover()
    page.wait_for_selector(TIP, state="visible")
    paper = page.eval_on_selector("body", "body => getComputedStyle(body).backgroundColor")
    assert contrast(_ink(page, f"{TIP} a"), _paper(page, TIP)) > 5
    assert contrast(_ink(page, SWITCH), _paper(page, SWITCH)) > 7
    assert contrast(_ink(page, WRITTEN), paper) > 7
    assert contrast(_ink(page, f"{WRITTEN} a"), paper) > 5


def _ink(page, selector: str) -> str:
    return page.eval_on_selector(selector, "element => getComputedStyle(element).color")


def _paper(page, selector: str) -> str:
    return page.eval_on_selector(selector, "element => getComputedStyle(element).backgroundColor")


def test_without_scripts_and_on_paper_a_number_is_plain_text(browser, page, number, address):
    page.click(SWITCH)
    page.emulate_media(media="print")
    assert page.locator(WRITTEN).first.is_hidden()
    assert page.locator(SWITCH).is_hidden()
    assert number.evaluate("number => getComputedStyle(number).textDecorationLine") == "none"
    alone = browser.new_context(java_script_enabled=False, offline=True).new_page()
    alone.goto(address(PAGE))
    assert "ends at 8.75 % error on CIFAR-10" in " ".join(alone.inner_text("article").split())
    assert not alone.locator(SWITCH).count()
    alone.context.close()
