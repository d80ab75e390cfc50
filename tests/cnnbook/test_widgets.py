"""The widgets' numbers are those of the papers, the recipes and the audit."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from cnnbook import mistakes, papers, published, widgets
from cnnbook.widgets import picture, training, workbench
from cnnlib import audit, models
from cnnlib.data.pixels import Pixels
from cnnlib.plots import Drawing
from cnnlib.recipe import RECIPES
from cnnlib.weights import IMAGENET_MEAN

CHAPTER = papers.paper("chapter")
KRIZHEVSKY2012 = papers.paper("krizhevsky2012")
SIMONYAN2015 = papers.paper("simonyan2015")

PRESETS = {preset["name"]: preset for preset in widgets.convolution().data["presets"]}
RUNS = {run["name"]: run for run in widgets.schedules().data["runs"]}


def rows(name: str) -> list[audit.Row]:
    preset = PRESETS[name]
    return audit.without_weights(lambda: audit.table(workbench.network(preset["input"], preset["layers"])))


def test_a_page_gets_the_picture_and_the_numbers() -> None:
    widget = widgets.Widget("kind", {"words": "</script>"}, Drawing("<svg/>", "A square."))
    html = widget._repr_html_()
    assert '<div class="cnn-widget" data-widget="kind"><figure' in html
    assert json.loads(re.search(r'json">(.*)</script></div>$', html)[1]) == {"words": "</script>"}
    assert html.count("</script>") == 1
    assert repr(widget) == "<Widget kind: A square.>"


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        widgets.Widget("kind", [float("nan")], Drawing("<svg/>", "A square."))._repr_html_()


def test_example_of_the_chapter() -> None:
    direct, reduced = rows("5x5 alone"), rows("1x1, then 5x5")
    assert [row.macs for row in direct] == [CHAPTER["inception.5x5_work"]]
    work = [CHAPTER["inception.reduction_work"], CHAPTER["inception.reduced_5x5_work"]]
    assert [row.macs for row in reduced] == work
    assert f"{CHAPTER['inception.5x5_work']:,} multiply-adds" in widgets.convolution().picture.alt


@pytest.mark.parametrize(
    ("name", "layers", "of_paper"),
    [
        ("LeNet-5 to S4", ("c1", "s2", "c3", "s4"), CHAPTER["lenet.layers.*"]),
        ("AlexNet to pool 2", ("conv1", "pool1", "conv2", "pool2"), KRIZHEVSKY2012["layers.*"]),
    ],
)
def test_chains_are_the_beginnings_of_networks(name: str, layers: tuple[str, ...], of_paper: dict) -> None:
    found = [[list(row.output_shape), row.params, row.macs] for row in rows(name)]
    assert found == [list(of_paper[layer].values()) for layer in layers]


def test_three_small_kernels_see_what_one_large_one_sees() -> None:
    (*_, last), (one,) = rows("Three of 3x3"), rows("One of 7x7")
    assert last.receptive_field == one.receptive_field == SIMONYAN2015["three_3x3.field"]
    assert last.output_shape == one.output_shape
    more = 100 * (one.macs / sum(row.macs for row in rows("Three of 3x3")) - 1)
    assert round(more) == SIMONYAN2015["one_7x7.more"]


def test_layers_that_do_not_fit_are_refused() -> None:
    pool = {"kind": "max pooling", "kernel": 3, "stride": 1, "padding": "valid"}
    with pytest.raises(ValueError, match=r"[Nn]egative|[Zz]ero|too large"):
        workbench.network((2, 2, 1), [pool])


@pytest.mark.parametrize("name", workbench.SCHEDULES)
def test_rates_are_those_of_the_recipe(name: str) -> None:
    recipe, run = RECIPES[name], RUNS[workbench.SCHEDULES[name]]
    assert run["source"] == recipe.source
    if recipe.validated:
        assert (run["rates"], run["patience"]) == (recipe.rates, recipe.hold.patience)
        assert run["most"] == recipe.hold.epochs
        assert "steps" not in run
        return
    schedule = recipe.schedule(workbench.training_images(recipe))
    for epoch in range(schedule.epochs):
        assert next(rate for rate, end in run["steps"] if epoch < end) == schedule.rate(epoch)
    end = run["steps"][-1][1]
    assert schedule.epochs - 1 < end <= schedule.epochs


def test_updates_are_turned_into_epochs() -> None:
    steps = RUNS["ResNet-110 on CIFAR-10"]["steps"]
    updates = [end * (50_000 // 128) for _, end in steps]
    assert updates == pytest.approx([400, 32_000, 48_000, 64_000])


def test_all_papers_of_networks_are_there() -> None:
    networks = {RECIPES[name].network for name in workbench.SCHEDULES}
    assert networks == {
        "LeNet5Original",
        "AlexNet",
        "CudaConvnet",
        "VGG",
        "GoogLeNet",
        "ResNet",
        "ResNetCIFAR",
    }


def test_schedules_of_one_kind_have_colours_of_their_own() -> None:
    for kind in ("steps", "rates"):
        colours = [run["colour"] for run in RUNS.values() if kind in run]
        assert len(colours) == len(set(colours))


def test_marks_are_the_published_figures() -> None:
    tests = {test["kind"]: test for test in widgets.comparison().data["tests"]}
    groups = {
        "single net": published.SINGLE,
        "ensemble": published.ENSEMBLES,
        "ten views": published.TEN_VIEWS,
    }
    for kind, figures in groups.items():
        found = [(m["error"], m["protocol"], m["source"]) for m in tests[kind]["marks"]]
        assert found == [(f.error / 100, f.protocol, f.source) for f in figures.values()]
        assert tests[kind]["sized"] == (kind != "ensemble")
    for mark in (*tests["single net"]["marks"], *tests["ten views"]["marks"]):
        low, high = mark["interval"]
        assert low < mark["error"] < high
    assert all(mark["interval"] is None for mark in tests["ensemble"]["marks"])
    assert {mark["name"] for mark in tests["ensemble"]["marks"]} == {"AlexNet", "VGG", "GoogLeNet", "ResNet"}


def test_costs_of_the_networks_are_the_papers() -> None:
    counts = {name: published.counts(name) for name in ("AlexNet", "VGG16")}
    assert counts["AlexNet"]["params"] == KRIZHEVSKY2012["parameters"]
    assert counts["AlexNet"]["macs"] == KRIZHEVSKY2012["multiply_adds"]
    assert counts["VGG16"]["params"] == SIMONYAN2015["parameters.D"]


def test_a_figure_carries_its_protocol_and_place() -> None:
    found = published.figure("krizhevsky2012.one_net.top5")
    fact = KRIZHEVSKY2012.facts["one_net.top5"]
    assert (found.error, found.source) == (fact.value, f"{KRIZHEVSKY2012.title}, {fact.place}")
    assert found.protocol == "ILSVRC-2012, validation, one net, ten crops"
    assert published.YEARS == {
        "LeNet-5": 1998,
        "AlexNet": 2012,
        "VGG16": 2014,
        "GoogLeNet": 2014,
        "ResNet-152": 2015,
    }


def test_a_page_trains_by_the_schedules_of_the_recipes() -> None:
    data = widgets.train_lenet5().data
    rates = RECIPES["lenet5_original"].rates
    assert [factor * rates[0] for factor in data["schedules"]["paper"]] == pytest.approx(rates)
    assert data["schedules"]["cosine"][0] == 1 > data["schedules"]["cosine"][1]
    assert data["schedules"][data["usual"]["schedule"]]
    assert (data["train"], data["tested"]) == (3_500, 1_000)


def test_what_readers_are_asked_to_try_has_been_tried() -> None:
    found = json.loads(training.TRIED.read_text("utf-8"))["trials"]
    asked = [(changed, seed) for changed, seeds in training.TRIALS for seed in seeds]
    assert [(trial["changed"], trial["seed"]) for trial in found] == asked
    assert len(widgets.tried().rows) == len(asked)


def test_a_page_that_cannot_have_the_network_draws_the_photographs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "network", lambda: None)
    found = widgets.show_a_picture()
    assert "10 images" in found.picture.alt
    assert list(found.data["photographs"]) == list(picture.PHOTOGRAPHS)
    assert next(iter(found.data["mistakes"])) == mistakes.RIGHT


@pytest.mark.skipif(picture.network() is None, reason="SqueezeNet's weights are not installed: make")
def test_a_page_runs_no_layer_that_it_does_not_know() -> None:
    network = picture.network()
    assert network is not None
    other = replace(network, model=models.SqueezeNet(classifier_activation=None))
    with pytest.raises(ValueError, match="predictions: the page cannot run this Activation"):
        picture.described(other)
    described = picture.described(network)
    assert described["mean"] == list(IMAGENET_MEAN)
    assert described["view"] == {"size": 227, "shorter": 256}
    with pytest.raises(ValueError, match="cannot prepare pixels by 'unit'"):
        picture.described(replace(network, pixels=Pixels("unit")))
