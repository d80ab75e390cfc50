"""The networks for images of 32 pixels are those of the papers from the second layer on."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cnnbook.cifar import VGG16CIFAR, AlexNetCIFAR, GoogLeNetCIFAR
from cnnlib import models

BUILDERS = {"AlexNet": AlexNetCIFAR, "VGG16": VGG16CIFAR, "GoogLeNet": GoogLeNetCIFAR}


def kernels(model: keras.Model, *but: str) -> dict[str, tuple[int, ...]]:
    """Shapes of all kernels by the layers' names, without the classifier's and others that differ."""
    left_out = {"predictions", "fc8", *but}
    found = {layer.name: layer for layer in model.layers if layer.weights and layer.name not in left_out}
    return {name: layer.kernel.shape for name, layer in found.items() if hasattr(layer, "kernel")}


def test_alexnet_has_the_kernels_of_the_paper_after_the_first() -> None:
    paper = kernels(models.AlexNet(groups=1), "conv1", "fc6", "fc7")
    assert kernels(AlexNetCIFAR(), "conv1", "fc1", "fc2") == paper


def test_vgg_has_the_kernels_of_net_d_and_as_many_normalisations() -> None:
    model = VGG16CIFAR()
    paper = kernels(models.VGG16(input_shape=(32, 32, 3), classes=10))
    assert kernels(model) == paper
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(normalisations) == sum(name.startswith("block") for name in paper) == 13


def test_googlenet_has_the_modules_of_the_paper_on_larger_maps() -> None:
    model = GoogLeNetCIFAR()
    assert kernels(model, "conv1") == kernels(models.GoogLeNet(), "conv1", "conv2_reduce", "conv2")
    sides = [model.get_layer(f"inception_{module}").output.shape[1] for module in ("3b", "4e", "5b")]
    assert sides == [16, 8, 4]


@pytest.mark.parametrize("name", BUILDERS)
def test_a_narrow_network_answers_and_its_last_maps_can_be_had(name: str) -> None:
    build, x = BUILDERS[name], np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    scores = np.asarray(build(width=1 / 16)(x))
    assert scores.shape == (2, 10)
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert len(build(include_top=False, width=1 / 16).output.shape) == 4


@pytest.mark.parametrize("name", BUILDERS)
def test_an_image_that_leaves_no_map_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="too small: height and width must be at least"):
        BUILDERS[name](input_shape=(14, 14, 3))
