"""The page that trains LeNet-5: within a reader's patience, with a word where it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from conftest import ROOT, assert_its_picture_stands_in, barriers
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from cnncourse.check.lenet5 import IN_THE_PAGE

PLACE = "book/train_lenet5.html"
TRIED = ROOT / "cnnbook" / "widgets" / "training_tried.json"
LABELS = {"activation": "Activation", "batch": "Batch size", "epochs": "Epochs", "start": "First weights"}
LABELS |= {"optimiser": "Optimiser", "rate": "Learning rate", "pooling": "Pooling"}
MINUTES = 60_000  # milliseconds; for a machine that has other things to do


@pytest.fixture
def training(page: Page, address: Callable[[str], str]) -> Page:
    page.goto(address(PLACE))
    expect(progress(page)).to_contain_text("Nothing is trained yet")  # the worker has come
    return page


def button(page: Page, name: str) -> Locator:
    return page.locator(".cnn-training").get_by_role("button", name=name, exact=True)


def choose(page: Page, **settings: str) -> None:
    for name, value in settings.items():
        page.get_by_role("combobox", name=LABELS[name]).select_option(value)


def progress(page: Page) -> Locator:
    return page.locator(".cnn-progress")


def test_the_usual_choices_read_95_of_100_digits(training: Page) -> None:
    asked: list[str] = []
    training.on("request", lambda request: asked.append(request.url))
    before = kernels(training)
    button(training, "Start").click()
    expect(button(training, "Stop")).to_be_visible(timeout=MINUTES)
    finished = training.get_by_role("status").filter(has_text="Finished")
    expect(finished).to_be_visible(timeout=15 * MINUTES)
    # Within a minute on two cores: some 0.06 seconds for an update of 32 digits.
    updates = 440
    expect(finished).to_contain_text(f"after {updates} updates")
    shown = float(finished.inner_text().split(": ")[1].split(" %")[0])
    assert shown <= 5
    recorded = json.loads(TRIED.read_text("utf-8"))["trials"][0]
    assert (recorded["changed"], recorded["seed"], recorded["updates"]) == ({}, 0, updates)
    assert abs(100 * recorded["error"] - shown) < 1
    assert kernels(training) != before
    wrong = training.locator(".cnn-wrong-digits li")
    assert wrong.count() == min(24, round(shown * 10))
    for words in wrong.all_inner_texts():
        label, _, answer = words.strip().partition(" as ")
        assert label != answer
    lines = training.eval_on_selector_all(".cnn-training polyline", "all => all.map(l => l.points.length)")
    assert lines == [80, 8]
    assert button(training, "Finished").is_disabled()
    assert not barriers(training)
    assert any(url.endswith("mnist-digits.js") for url in asked)


def kernels(page: Page) -> list[list[int]]:
    """The pixels of the pictures of C1's filters."""
    return page.eval_on_selector_all(
        ".cnn-kernels canvas", "all => all.map(c => [...c.getContext('2d').getImageData(0, 0, 5, 5).data])"
    )


def test_digits_come_when_they_are_asked_for(context: BrowserContext, address: Callable[[str], str]) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address(PLACE))
    expect(progress(page)).to_contain_text("110 updates an epoch")
    assert not any("digits" in url for url in asked)


def test_it_is_trained_with_the_keyboard_alone(training: Page) -> None:
    choose(training, batch="1", epochs="1")
    button(training, "One update").focus()
    training.keyboard.press("Enter")
    expect(progress(training)).to_contain_text("Update 1 of 3,500", timeout=MINUTES)
    training.keyboard.press("Shift+Tab")
    training.keyboard.press("Enter")
    expect(button(training, "Stop")).to_be_focused()
    expect(progress(training)).not_to_contain_text("Update 1 of", timeout=MINUTES)
    training.keyboard.press("Space")
    expect(button(training, "Go on")).to_be_focused()
    training.keyboard.press("Tab")
    training.keyboard.press("Tab")
    training.keyboard.press("Enter")
    expect(progress(training)).to_contain_text("Nothing is trained yet")
    expect(button(training, "Start")).to_be_enabled()


def test_settings_stand_in_the_address(training: Page, address: Callable[[str], str]) -> None:
    choose(training, activation="relu", rate="0.05")
    assert training.url.endswith("#activation=relu&rate=0.05")
    link = training.get_by_role("link", name="address of these settings")
    assert link.get_attribute("href") == "#activation=relu&rate=0.05"
    training.goto("about:blank")
    training.goto(address(PLACE) + "#activation=sigmoid&batch=64&pooling=none")
    assert training.get_by_role("combobox", name="Activation").input_value() == "sigmoid"
    assert training.get_by_role("combobox", name="Batch size").input_value() == "64"
    assert training.get_by_role("combobox", name="Pooling").input_value() == "max"
    expect(training.get_by_role("status")).to_contain_text("asks for pooling=none, which is no choice here")
    expect(progress(training)).to_contain_text("55 updates an epoch")


def test_what_exercises_ask_for_can_be_chosen(training: Page, address: Callable[[str], str]) -> None:
    for settings in (each for trainings in IN_THE_PAGE.values() for each in trainings.values()):
        training.goto("about:blank")
        training.goto(f"{address(PLACE)}#{urlencode(settings)}")
        for name, value in settings.items():
            expect(training.get_by_role("combobox", name=LABELS[name])).to_have_value(value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"optimiser": "sgd", "rate": "10"}, "each update goes past the goal"),
        (
            {"activation": "relu", "optimiser": "sgd", "rate": "10", "start": "large"},
            "the loss has left all bounds",
        ),
        ({"start": "zero"}, "all weights began at zero, so all units of a layer are alike"),
        ({"activation": "sigmoid", "optimiser": "sgd"}, "the gradient shrinks from layer to layer"),
        ({"optimiser": "sgd", "rate": "0.0005"}, "the updates are too small to be seen yet"),
    ],
)
def test_what_does_not_learn_says_why(training: Page, settings: dict[str, str], sentence: str) -> None:
    choose(training, **settings, batch="256", epochs="1")
    button(training, "Start").click()
    expect(training.locator(".cnn-training .cnn-error")).to_contain_text(sentence, timeout=3 * MINUTES)


def test_the_training_before_stays_to_be_compared_with(training: Page) -> None:
    choose(training, batch="256")
    for activation in ("tanh", "relu"):
        choose(training, activation=activation)
        for update in (1, 2):
            button(training, "One update").click()
            expect(progress(training)).to_contain_text(f"Update {update} of 56", timeout=MINUTES)
    expect(training.locator(".cnn-training")).to_contain_text(
        "Solid: activation ReLU. Dashed, the training before: activation tanh."
    )
    dashed = "all => all.map(l => l.points.length)"
    assert training.eval_on_selector_all("polyline[stroke-dasharray]", dashed) == [2, 2]


def test_start_pressed_twice_trains_as_well(training: Page) -> None:
    choose(training, epochs="1")
    button(training, "Start").evaluate("start => { start.click(); start.click(); }")
    finished = training.get_by_role("status").filter(has_text="Finished after 110 updates")
    expect(finished).to_be_visible(timeout=5 * MINUTES)


def test_a_place_on_the_page_is_no_setting(training: Page) -> None:
    button(training, "One update").click()
    expect(progress(training)).to_contain_text("Update 1 of 440", timeout=MINUTES)
    training.get_by_role("link", name="Try it").first.click()
    assert training.url.endswith("#try-it")
    training.wait_for_timeout(200)
    assert "Update 1 of 440" in progress(training).inner_text()


def test_nothing_is_heard_of_a_training_that_was_given_up(training: Page) -> None:
    button(training, "One update").click()
    expect(progress(training)).to_contain_text("Update 1 of 440", timeout=MINUTES)
    button(training, "One update").evaluate("one => one.click()")
    button(training, "Reset").evaluate("reset => reset.click()")
    training.wait_for_timeout(3000)  # longer than a test of 1,000 digits
    assert "Nothing is trained yet" in progress(training).inner_text()
    assert "after" not in training.get_by_role("status").inner_text()


def test_rates_stand_in_order(training: Page) -> None:
    rates = training.get_by_role("combobox", name="Learning rate").locator("option").all_inner_texts()
    assert rates == sorted(rates, key=float)


def test_an_old_browser_is_told(page: Page, address: Callable[[str], str]) -> None:
    page.goto(address(PLACE))
    page.evaluate("window.DecompressionStream = undefined")
    button(page, "Start").click()
    expect(page.locator(".cnn-training .cnn-error")).to_contain_text("This browser cannot unpack the digits")


def test_a_server_serves_as_well_as_a_folder(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.goto(f"{server}{PLACE}#batch=4")
    button(page, "One update").click()
    expect(progress(page)).to_contain_text("Update 1 of 3,500", timeout=MINUTES)
    page.close()


def test_the_page_fits_a_phone(training: Page) -> None:
    training.set_viewport_size({"width": 360, "height": 740})
    assert training.evaluate("document.documentElement.scrollWidth") <= 360
    assert training.locator(".cnn-training").evaluate("w => w.scrollWidth <= w.clientWidth")


def test_without_scripts_and_on_paper_there_is_a_picture(browser: Browser, training: Page) -> None:
    assert_its_picture_stands_in(browser, training, "training")
