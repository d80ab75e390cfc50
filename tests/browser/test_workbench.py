"""The workbench in a browser: its scripts say what the package counts, in words when something cannot be."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from cnnbook import published, widgets
from cnnbook.widgets.workbench import SCHEDULES, network, training_images
from cnnlib import audit
from cnnlib.recipe import RECIPES

# Each chain goes to a calculator of its own, whose words about every layer come back, and its totals.
CALCULATE = """chains => chains.map(chain => {
  const root = document.createElement("div");
  window.cnnWidgets.convolution(root, {presets: [chain]});
  const plain = node => node.textContent.replaceAll("\\u00d7", "x");
  const words = (from, query) => [...from.querySelectorAll(query)].map(plain);
  const layers = [...root.querySelectorAll(".cnn-result")].map(line => words(line, "*"));
  const drawn = root.querySelector(".cnn-field svg").getAttribute("aria-label").replaceAll("\\u00d7", "x");
  return {layers, totals: words(root, ".cnn-totals dd"), sees: drawn.match(/(\\S+) of the input/)[1]};
})"""


@pytest.fixture
def workbench(page: Page, address: Callable[[str], str]) -> Page:
    page.goto(address("book/workbench.html"))
    return page


def widget(page: Page, name: str) -> Locator:
    return page.locator(f'[data-widget="{name}"] .cnn-controls')


def said(place: Locator) -> str:
    """What stands in one place."""
    return place.inner_text().replace("\N{MULTIPLICATION SIGN}", "x")


def some_chain(draw: random.Random) -> dict[str, Any]:
    """Layers that fit one another, drawn at random."""
    side, channels = draw.randint(1, 80), draw.randint(1, 64)
    shape, layers = [side, side, channels], []
    for _ in range(draw.randint(1, 6)):
        kind = draw.choice(["convolution", "convolution", "max pooling", "average pooling"])
        padding = draw.choice(["same", "valid"])
        kernel = draw.randint(1, min(7, side) if padding == "valid" else 7)
        layer = {"kind": kind, "kernel": kernel, "stride": draw.randint(1, 3), "padding": padding}
        if kind == "convolution":
            groups = draw.choice([n for n in range(1, channels + 1) if channels % n == 0])
            channels = groups * draw.randint(1, 8)
            layer |= {"filters": channels, "groups": groups}
        layers.append(layer)
        side = network(shape, layers).output_shape[1]
    return {"name": "", "source": "", "input": shape, "layers": layers}


def counted(chain: dict[str, Any]) -> dict[str, list]:
    """What the calculator must say of a chain."""
    rows = audit.table(network(chain["input"], chain["layers"]))
    jumps = itertools.accumulate((layer["stride"] for layer in chain["layers"]), int.__mul__)
    layers = []
    for row, jump in zip(rows, jumps, strict=True):
        shape, field = "x".join(f"{n:,}" for n in row.output_shape), f"{row.receptive_field:,}"
        cost = f"{row.params:,} parameters, {row.macs:,} multiply-adds, " if row.macs else ""
        layers.append([f"→ {shape}", f"{cost}a unit sees {field}x{field}, jump {jump:,}"])
    sums = audit.totals(rows)
    totals = [shape, f"{sums['params']:,}", f"{sums['macs']:,}", f"{field}x{field}", f"{jump:,}"]
    return {"layers": layers, "totals": totals, "sees": f"{field}x{field}"}


def test_calculator_counts_as_the_audit_does(workbench: Page) -> None:
    draw = random.Random(0)

    def cases() -> tuple[list, list]:
        chains = [*widgets.convolution().data["presets"], *(some_chain(draw) for _ in range(50))]
        return chains, [counted(chain) for chain in chains]

    chains, expected = audit.without_weights(cases)
    found = workbench.evaluate(CALCULATE, chains)
    for chain, ours, theirs in zip(chains, expected, found, strict=True):
        assert theirs == ours, chain


def test_what_a_unit_sees_is_drawn(workbench: Page) -> None:
    calculator = widget(workbench, "convolution")
    drawing = calculator.locator(".cnn-field svg")
    calculator.get_by_role("button", name="Three of 3x3").click()
    label = drawing.get_attribute("aria-label").replace("\N{MULTIPLICATION SIGN}", "x")
    assert label == "One unit of the last layer sees 3x3 of layer 2, 5x5 of layer 1, 7x7 of the input."
    rows: dict[float, int] = {}
    for cell in drawing.locator(".cnn-cell.cnn-seen").all():
        height = cell.bounding_box()["y"]
        rows[height] = rows.get(height, 0) + 1
    assert [rows[height] for height in sorted(rows)] == [1, 3, 5, 7]
    assert not drawing.locator(".cnn-padding").count()  # the maps go on beside the field
    calculator.get_by_label("height and width").fill("4")
    assert drawing.locator(".cnn-padding").count()
    calculator.get_by_label("kernel", exact=True).first.fill("0")
    assert not drawing.count()  # layers that cannot be


def test_large_counts_are_exact(workbench: Page) -> None:
    layer = {"kind": "convolution", "kernel": 99_999, "stride": 1, "padding": "same", "filters": 99_999}
    chain = {"name": "", "source": "", "input": [99_999, 99_999, 99_999], "layers": [layer | {"groups": 1}]}
    totals = workbench.evaluate(CALCULATE, [chain])[0]["totals"]
    assert totals[2] == f"{99_999**6:,}"


def test_chains_can_be_changed_and_compared(workbench: Page) -> None:
    calculator = widget(workbench, "convolution")
    totals = calculator.locator(".cnn-totals")
    calculator.get_by_role("button", name="5x5 alone", exact=True).click()
    calculator.get_by_role("button", name="Hold these totals").click()
    calculator.get_by_role("button", name="1x1, then 5x5").click()
    assert "now 10 times fewer" in totals.inner_text()
    calculator.get_by_role("button", name="Add a layer").click()
    assert calculator.locator(".cnn-layers > li").count() == 3
    last = calculator.locator(".cnn-layers > li").last
    last.get_by_role("combobox").first.select_option("max pooling")
    assert not last.get_by_label("filters").is_visible()
    last.get_by_label("stride").fill("2")
    assert said(totals.locator("dd").first) == "16x16x32"
    calculator.get_by_role("button", name="Remove layer 1").click()
    calculator.get_by_role("button", name="Remove layer 1").click()
    calculator.get_by_role("button", name="Remove layer 1").click()
    assert "No layers" in totals.inner_text()
    assert workbench.evaluate("document.activeElement.textContent") == "Add a layer"


@pytest.mark.parametrize(
    ("label", "value", "sentence"),
    [
        ("kernel", "0", "Layer 1: The kernel must be a whole number from 1"),
        ("kernel", "2.5", "Layer 1: The kernel must be a whole number"),
        ("kernel", "", "Layer 1: The kernel must be a whole number"),
        ("kernel", "33", "Layer 1: A window of 33x33 does not fit into maps of 32x32 without padding."),
        ("stride", "-1", "Layer 1: The stride must be"),
        ("filters", "1e9", "Layer 1: The number of filters must be"),
        ("groups", "3", "Layer 1: 3 groups must divide the 200 maps that come in and the 32 filters."),
        ("channels", "0", "Input: The number of channels must be"),
        ("height and width", "1.5", "Input: Height and width must be"),
    ],
)
def test_calculator_says_what_is_wrong(workbench: Page, label: str, value: str, sentence: str) -> None:
    calculator = widget(workbench, "convolution")
    calculator.get_by_label("padding").select_option("valid")
    field = calculator.get_by_label(label, exact=True)
    before = field.input_value()
    field.fill(value)
    assert sentence in said(calculator.locator(".cnn-error"))
    assert calculator.locator(".cnn-totals dd").count() == 0
    field.fill(before)
    assert calculator.locator(".cnn-error").count() == 0
    assert said(calculator.locator(".cnn-totals dd").first) == "28x28x32"


def rates(viewer: Locator) -> dict[str, str]:
    """What the viewer writes beside each network that is chosen."""
    lines = viewer.locator(".cnn-runs > li:not(.cnn-off)")
    return dict(zip(*(lines.locator(s).all_inner_texts() for s in ("label", ".cnn-rate")), strict=True))


def choose_all(viewer: Locator) -> None:
    for box in viewer.get_by_role("checkbox").all():
        box.check()


def test_rates_are_those_of_the_recipes(workbench: Page) -> None:
    viewer = widget(workbench, "schedules")
    choose_all(viewer)
    names = {words: RECIPES[name] for name, words in SCHEDULES.items()}
    assert set(rates(viewer)) == set(names)
    slider = viewer.get_by_role("slider")
    for epoch in (0, 1, 2, 3, 11, 12, 19, 20, 81, 82, 83, 123, 124, 164, 165, 249, 250, 500, 519):
        slider.fill(str(epoch))
        for name, rate in rates(viewer).items():
            recipe = names[name]
            if recipe.validated:
                assert rate == f"{recipe.rates[0]:g} to {recipe.rates[-1]:f}".rstrip("0")
                continue
            schedule = recipe.schedule(training_images(recipe))
            if epoch >= schedule.epochs:
                assert rate == "over"
            else:
                assert float(rate) == pytest.approx(schedule.rate(epoch), rel=0.005), (name, epoch)


def test_rates_by_share_of_the_training(workbench: Page) -> None:
    viewer = widget(workbench, "schedules")
    choose_all(viewer)
    viewer.get_by_role("radio", name="share").check()
    names = {words: RECIPES[name] for name, words in SCHEDULES.items()}
    for share, place in ((0, 0), (100, -1)):
        viewer.get_by_role("slider").fill(str(share))
        for name, rate in rates(viewer).items():
            if not names[name].validated:
                assert float(rate) == pytest.approx(names[name].rates[place], rel=0.005), (name, share)


def test_plateaus_are_said_to_be_open(workbench: Page) -> None:
    viewer = widget(workbench, "schedules")
    line = viewer.locator(".cnn-runs > li").filter(has_text="AlexNet").first
    hold = RECIPES["alexnet"].hold
    assert f"has not fallen for {hold.patience} epochs; {hold.epochs} epochs at most" in line.inner_text()
    assert viewer.locator("svg.cnn-chart line[stroke-dasharray]").count() == len(RECIPES["alexnet"].rates)


def test_schedules_answer_keys_and_pointer(workbench: Page) -> None:
    viewer = widget(workbench, "schedules")
    slider, place = viewer.get_by_role("slider"), viewer.locator("output")
    slider.focus()
    workbench.keyboard.press("ArrowRight")
    assert place.inner_text() == "the beginning of epoch 2"
    assert "GoogLeNet 0.01" in slider.get_attribute("aria-valuetext")
    viewer.locator("svg.cnn-chart").hover()  # in its middle
    assert 80 < int(place.inner_text().rpartition(" ")[2]) < 160
    assert rates(viewer)["LeNet-5"] == "over"
    labels = viewer.locator("svg.cnn-chart text")
    assert "0.0001" in labels.all_text_contents()
    viewer.get_by_role("radio", name="linear").check()
    assert "0.0001" not in labels.all_text_contents()
    assert "0.02" in labels.all_text_contents()


@pytest.mark.parametrize("across", ["year", "parameters", "multiply-adds"])
def test_marks_tell_their_protocol_and_source(workbench: Page, across: str) -> None:
    plot = widget(workbench, "comparison")
    plot.get_by_role("radio", name=across, exact=True).check()
    plot.get_by_role("checkbox", name="ten views").check()
    assert plot.get_by_role("checkbox", name="several networks").is_enabled() == (across == "year")
    figures = [*published.SINGLE.values(), *published.TEN_VIEWS.values()]
    figures += published.ENSEMBLES.values() if across == "year" else ()
    marks, panel = plot.locator(".cnn-mark"), plot.locator(".cnn-panel")
    assert marks.count() == len(figures)
    marks.locator("xpath=self::*[@tabindex='0']").focus()
    by_key = []
    for _ in figures:
        by_key.append(panel.inner_text())
        workbench.keyboard.press("ArrowRight")
    assert panel.inner_text() == by_key[0]
    for found in figures:
        parts = (f"{found.error:.3g}%", found.protocol, found.source)
        assert any(all(part in text for part in parts) for text in by_key), found


def test_marks_of_one_year_stand_between_its_borders(workbench: Page) -> None:
    plot = widget(workbench, "comparison")
    borders = [line.bounding_box()["x"] for line in plot.locator("line.cnn-grid[x1]").all() if _upright(line)]
    places = {mark.get_attribute("aria-label")[:40]: mark for mark in plot.locator(".cnn-mark").all()}
    years = sorted({int(words.partition(", ")[2][:4]) for words in places})
    assert len(borders) == years[-1] - years[0]
    for words, mark in places.items():
        box = mark.locator(".cnn-sheet").bounding_box()
        year = int(words.partition(", ")[2][:4])
        assert sum(border < box["x"] + box["width"] / 2 for border in borders) == year - years[0]


def _upright(line: Locator) -> bool:
    return line.get_attribute("x1") == line.get_attribute("x2")


def test_a_mark_answers_the_pointer(workbench: Page) -> None:
    plot = widget(workbench, "comparison")
    mark = plot.locator(".cnn-mark").filter(has_text="R").first
    mark.hover()
    words = plot.locator(".cnn-panel").inner_text()
    assert "Deep Residual Learning" in words
    assert "parameters" in words


def test_pictures_give_way_to_the_widgets(workbench: Page) -> None:
    for name in ("convolution", "schedules", "comparison"):
        assert widget(workbench, name).is_visible()
        assert not workbench.locator(f'[data-widget="{name}"] figure').is_visible()


def test_workbench_fits_a_phone(workbench: Page) -> None:
    workbench.set_viewport_size({"width": 360, "height": 740})
    assert workbench.evaluate("document.documentElement.scrollWidth") <= 360
    for name in ("convolution", "schedules", "comparison"):
        within = widget(workbench, name).evaluate("w => w.scrollWidth <= w.clientWidth")
        assert within, f"{name} is wider than its place"
