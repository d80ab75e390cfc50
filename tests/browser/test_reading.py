"""A reader at work: searching, switching the colours, turning pages, with and without a mouse."""

import pytest
from build import Book
from conftest import HTML
from playwright.sync_api import Browser, Page, expect

PAGES = [page.rpartition(".")[0] + ".html" for page in Book(HTML.parents[1]).pages()]
LESSON = "notebooks/06_resnet.html"


def test_search_finds_a_word_and_opens_its_page(page: Page, address) -> None:
    page.goto(address(LESSON))
    page.keyboard.press("Control+k")
    page.keyboard.type("bottleneck")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=bottleneck*")
    results = page.locator("#search-results li a")
    expect(results.first).to_be_visible()
    results.first.click()
    page.wait_for_load_state()
    expect(page.locator("article")).to_contain_text("bottleneck", ignore_case=True)


def test_a_result_of_the_search_shows_a_sentence_with_the_words(page: Page, address) -> None:
    _search_shows_sentences(page, address(""))


def test_a_result_from_a_server_does_so_too(browser: Browser, server: str) -> None:
    context = browser.new_context()
    _search_shows_sentences(context.new_page(), server)
    context.close()


def _search_shows_sentences(page: Page, book: str) -> None:
    page.goto(f"{book}/search.html?q=shortcuts+layer")
    expect(page.locator(".search-summary")).to_contain_text("Search finished")
    results = page.locator("#search-results li")
    assert results.count() > 3
    for result in results.all():
        excerpt = result.locator(".cnn-excerpt")
        expect(excerpt).to_be_visible()
        assert 10 < len(excerpt.inner_text()) < 260
    resnet = results.filter(has=page.locator("a[href$='06_resnet.html']")).locator("mark")
    assert {word.lower().removesuffix("s") for word in resnet.all_text_contents()} == {"shortcut", "layer"}


def test_the_texts_for_the_search_are_loaded_there_alone_and_small(page: Page, address) -> None:
    texts = HTML / "_static" / "page-texts.js"
    assert texts.stat().st_size <= 1_000_000  # bytes, a quarter of them when compressed
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address(LESSON))
    assert not [url for url in asked if "page-texts" in url or "search.js" in url]
    page.goto(f"{address('search.html')}?q=shortcut")
    expect(page.locator(".cnn-excerpt").first).to_be_visible()
    assert [url for url in asked if "page-texts" in url]


def test_the_theme_button_goes_through_its_modes_and_figures_follow(page: Page, address) -> None:
    page.goto(address(LESSON))
    figure = page.locator("figure.cnn svg").first
    seen = set()
    for _ in range(3):
        page.locator("button.theme-switch-button").first.click()
        mode = page.get_attribute("html", "data-mode")
        theme = page.get_attribute("html", "data-theme")
        seen.add(mode)
        colour = figure.evaluate("figure => getComputedStyle(figure).color")
        assert theme == ("dark" if mode == "dark" else "light")
        assert (_brightness(colour) > 128) == (theme == "dark")
        assert colour == page.locator("article section > p").first.evaluate(
            "text => getComputedStyle(text).color"
        )
    assert seen == {"light", "dark", "auto"}


def _brightness(colour: str) -> float:
    """The mean of red, green and blue in a computed colour such as rgb(0, 0, 0)."""
    return sum(map(float, colour.partition("(")[2].rstrip(")").split(",")[:3])) / 3


def test_the_next_and_previous_links_go_through_the_book_in_order(page: Page, address) -> None:
    page.goto(address(PAGES[0]))
    for name in PAGES[1:]:
        page.locator("a.right-next").click()
        page.wait_for_url(address(name))
    assert not page.locator("a.right-next").count()
    page.locator("a.left-prev").click()
    page.wait_for_url(address(PAGES[-2]))


def test_the_keyboard_reaches_everything(page: Page, address) -> None:
    page.goto(address(LESSON))
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to main content")).to_be_focused()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className + ' ' + document.activeElement.href"))
    assert any("search-button" in element for element in reached)
    assert any("05_inception.html" in element for element in reached)


@pytest.mark.parametrize("name", [LESSON, "book/workbench.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_has_one_colour(page: Page, address, name: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(address(name))
    marks = """() => {
        const {outlineStyle, outlineColor, boxShadow} = getComputedStyle(document.activeElement);
        return [outlineStyle === "none" ? "" : outlineColor, ...(boxShadow.match(/rgba?\\([^)]*\\)/g) || [])];
    }"""
    seen: set[str] = set()
    for _ in range(110):
        page.keyboard.press("Tab")
        seen.update(page.evaluate(marks))
    primary = page.evaluate(
        """() => {
        const probe = document.body.appendChild(document.createElement("p"));
        probe.style.color = "var(--pst-color-primary)";
        return getComputedStyle(probe).color;
    }"""
    )
    assert seen - {""} == {primary}


def test_folded_code_opens_by_keyboard(page: Page, address) -> None:
    page.goto(address(LESSON))
    fold = page.locator("details.hide summary").first
    code = page.locator("details.hide div.highlight").first
    expect(code).to_be_hidden()
    fold.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()


def test_a_folder_of_the_contents_opens_by_keyboard(page: Page, address) -> None:
    page.goto(address(LESSON))
    folds = page.locator("nav summary")
    labels = folds.evaluate_all("all => all.map(fold => fold.ariaLabel)")
    assert labels == [f"Under “{title}”" for title in ("6. ResNet", "Results", "Ledger", "Errata")]
    expect(page.locator("nav a", has_text="Exercises: ResNet")).to_be_visible()
    expect(page.locator("nav a", has_text="Exercises: VGG")).to_have_count(0)
    folds.nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("nav a", has_text="Benchmarks")).to_be_visible()


def test_no_formula_is_cut_on_a_phone(page: Page, address) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    page.goto(address(LESSON))
    boxes = page.locator("article div.math")
    assert boxes.count() > 3
    for box in boxes.all():  # one that is too wide scrolls to its end; nothing lies before its beginning
        assert box.evaluate("box => box.scrollHeight <= box.clientHeight")
        formula = box.locator("math").bounding_box()
        assert formula["x"] >= box.bounding_box()["x"]


def test_formulas_are_there_with_scripts_off(browser, address) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(address(LESSON))
    formula = page.locator("div.math math").first
    assert formula.bounding_box()["width"] > 20
    context.close()
