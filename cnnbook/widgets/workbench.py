"""The workbench: a calculator of convolutions, the papers' learning rates, and their errors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
from keras import layers

from cnnbook import papers, published
from cnnbook import plots as figures
from cnnbook.widgets.base import Widget
from cnnlib import audit, evaluation, models, plots
from cnnlib.data.sets import FOLDERS, SETS
from cnnlib.recipe import RECIPES, Recipe
from cnnlib.schedules import Plateau

# A layer of the calculator: its kind, kernel, stride and padding, of a convolution also filters and groups.
Layer = dict[str, Any]
_POOLS = {"max pooling": layers.MaxPooling2D, "average pooling": layers.AveragePooling2D}


def convolution() -> Widget:
    """A calculator: what layers make of an input, what they cost, and how much of it they see."""
    presets = _presets()
    drawn = {preset["name"]: _counted(preset) for preset in presets[:2]}
    return Widget("convolution", {"presets": presets}, figures.layer_counts(drawn))


def network(shape: Sequence[int], chain: Sequence[Layer]) -> keras.Model:
    """Build the layers of the calculator in Keras, so that `audit` can count them.

    Raises:
        ValueError: the layers do not fit the input, or one another.
    """
    image = x = keras.Input(shape)
    for layer in chain:
        settings = {key: value for key, value in layer.items() if key not in ("kind", "kernel")}
        settings["strides"] = settings.pop("stride")
        x = _POOLS.get(layer["kind"], layers.Conv2D)(**_named(layer), **settings)(x)
    return keras.Model(image, x)


def _named(layer: Layer) -> dict[str, int]:
    """The side of a window, by the name that Keras has for it."""
    return {"pool_size" if layer["kind"] in _POOLS else "kernel_size": layer["kernel"]}


def _presets() -> list[dict[str, Any]]:
    """Chains to start from: a name, where it comes from, the shape of the input, and the layers."""
    chapter, vgg = papers.paper("chapter"), papers.paper("simonyan2015")
    example, place = chapter["inception.example.*"], chapter.facts["inception.example.input"].place
    direct = _convolution(5, example["5x5"])
    reduced = [_convolution(1, example["reduced"]), direct]
    side, alexnet = papers.fact("krizhevsky2012.input_side_unpadded").value, models.AlexNet
    lenet = audit.without_weights(lambda: _chain(models.LeNet5(), "c1", "s4"))
    first = audit.without_weights(lambda: _chain(alexnet(input_shape=(side, side, 3)), "conv1", "pool2"))
    shape, three = audit.without_weights(lambda: _chain(models.VGG16(), "block5_conv1", "block5_conv3"))
    one = [three[0] | {"kernel": vgg["three_3x3.field"]}]
    section = vgg.facts["three_3x3.field"].place
    rows = (
        ("5x5 alone", f"The chapter, {place}.", example["input"], [direct]),
        ("1x1, then 5x5", "The same example with a reduction before its 5x5.", example["input"], reduced),
        ("LeNet-5 to S4", "As libraries build it today.", *lenet),
        ("AlexNet to pool 2", "Its second convolution is divided into two groups.", *first),
        ("Three of 3x3", f"The last convolutions of VGG16. {vgg.title}, {section}.", shape, three),
        ("One of 7x7", "What the paper sets against the three.", shape, one),
    )
    return [dict(zip(("name", "source", "input", "layers"), row, strict=True)) for row in rows]


def _convolution(kernel: int, filters: int) -> Layer:
    window = {"kind": "convolution", "kernel": kernel, "stride": 1, "padding": "same"}
    return window | {"filters": filters, "groups": 1}


def _chain(model: keras.Model, first: str, last: str) -> tuple[list[int], list[Layer]]:
    """Read the convolutions and pools from one layer to another of a network, and the input's shape."""
    names = [layer.name for layer in model.layers]
    part = model.layers[names.index(first) : names.index(last) + 1]
    kinds = (layers.Conv2D, *_POOLS.values())
    return list(part[0].input.shape[1:]), [_read(layer) for layer in part if isinstance(layer, kinds)]


def _read(layer: keras.Layer) -> Layer:
    """Describe a layer of Keras as the calculator does."""
    window = {"stride": layer.strides[0], "padding": layer.padding}
    for kind, pool in _POOLS.items():
        if isinstance(layer, pool):
            return {"kind": kind, "kernel": layer.pool_size[0], **window}
    found = {"filters": layer.filters, "groups": layer.groups}
    return {"kind": "convolution", "kernel": layer.kernel_size[0], **window, **found}


def _counted(preset: Mapping[str, Any]) -> tuple[Sequence[int], list[tuple[str, audit.Row]]]:
    """The layers of a preset in words, each with what the audit says of it."""
    rows = audit.without_weights(lambda: audit.table(network(preset["input"], preset["layers"])))
    words = [f"{layer['kernel']}x{layer['kernel']} {layer['kind']}" for layer in preset["layers"]]
    return preset["input"], list(zip(words, rows, strict=True))


# The recipes that follow a paper, each under the name of its network.
SCHEDULES = {
    "lenet5_original": "LeNet-5",
    "alexnet": "AlexNet",
    "cuda_convnet": "AlexNet's authors on CIFAR-10",
    "vgg_d": "VGG16",
    "googlenet": "GoogLeNet",
    "resnet152": "ResNet-152",
    "resnet20": "ResNet-20 on CIFAR-10",
    "resnet110": "ResNet-110 on CIFAR-10",
}
_SHOWN_FIRST = ("lenet5_original", "alexnet", "googlenet", "resnet110")


def schedules() -> Widget:
    """The learning rates of the papers by epoch, of one network or several, with where they come from."""
    found = {SCHEDULES[name]: RECIPES[name] for name in SCHEDULES}
    fixed = {name: recipe for name, recipe in found.items() if not recipe.validated}
    solid, dashed = iter(plots.PALETTE), iter(reversed(plots.PALETTE))
    rows = [
        {
            "name": name,
            "source": recipe.source,
            "colour": next(dashed if recipe.validated else solid),
            "shown": recipe.name in _SHOWN_FIRST,
            **(_steps(recipe) if name in fixed else _stages(recipe)),
        }
        for name, recipe in found.items()
    ]
    return Widget("schedules", {"runs": rows}, figures.schedule({n: _by_epoch(r) for n, r in fixed.items()}))


def _by_epoch(recipe: Recipe) -> list[float]:
    """The rate that each epoch begins with."""
    schedule = recipe.schedule(training_images(recipe))
    return [schedule.rate(epoch) for epoch in range(schedule.epochs)]


def training_images(recipe: Recipe) -> int:
    """How many training images a recipe's data set has."""
    return (SETS | FOLDERS)[recipe.data].full.train


def _steps(recipe: Recipe) -> dict[str, Any]:
    """Each rate with the epochs that are over when it ends: whole ones, unless updates are counted."""
    ends: Iterable[float] = range(1, len(recipe.rates) + 1)
    if isinstance(recipe.hold, tuple):
        batches = training_images(recipe) // recipe.batch_size
        ends = [updates / batches for updates in itertools.accumulate(recipe.hold)]
    steps = zip(recipe.rates, ends, strict=True)
    return {"steps": [list(same)[-1] for _, same in itertools.groupby(steps, key=lambda step: step[0])]}


def _stages(recipe: Recipe) -> dict[str, Any]:
    """The rates of a schedule that waits for the validation error; when each ends, nobody knows before."""
    assert isinstance(recipe.hold, Plateau)
    return {"rates": recipe.rates, "patience": recipe.hold.patience, "most": recipe.hold.epochs}


def comparison() -> Widget:
    """The published errors against years, parameters and multiply-adds, each with how it was measured."""
    counts = {name: published.counts(name) for name in published.SINGLE}
    pictures = FOLDERS["imagenet"].full.validation
    tests = [
        _test("single net", "one network, its authors' best test", published.SINGLE, counts, pictures),
        _test("ensemble", "several networks, averaged", published.ENSEMBLES, counts, None),
        _test("ten views", "one network, ten views of each picture", published.TEN_VIEWS, counts, pictures),
    ]
    rows = [
        (mark["name"], mark["year"], mark["error"], mark["parameters"], test["kind"])
        for test in tests[:2]
        for mark in test["marks"]
    ]
    return Widget("comparison", {"tests": tests}, figures.over_the_years(rows))


def _test(
    kind: str,
    words: str,
    errors: Mapping[str, published.Figure],
    counts: Mapping[str, Mapping[str, int]],
    pictures: int | None,
) -> dict[str, Any]:
    """Errors that were measured alike; with the number of pictures, where it is known, comes an interval."""
    colours = {"single net": plots.BLUE, "ensemble": plots.VERMILLION, "ten views": plots.GREEN}
    marks = [
        {
            "name": published.TEAMS[name] if kind == "ensemble" else name,
            "year": published.YEARS[name],
            "parameters": counts[name]["params"],
            "multiply-adds": counts[name]["macs"],
            "error": found.error / 100,
            "interval": evaluation.interval(found.error / 100, pictures) if pictures else None,
            "protocol": found.protocol,
            "source": found.source,
        }
        for name, found in errors.items()
    ]
    return {
        "kind": kind,
        "words": words,
        "colour": colours[kind],
        "sized": kind != "ensemble",
        "marks": marks,
    }
