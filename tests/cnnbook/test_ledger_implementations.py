"""Networks as torchvision builds them: what was changed in ours, and that nothing else was."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cnnbook import papers
from cnnbook.ledger.implementations import TORCHVISION_NETWORKS, torchvision_alexnet, torchvision_googlenet
from cnnlib import audit, models
from cnnlib.layers import LocalResponseNormalization

TORCHVISION = papers.paper("torchvision")


def of_kind(network: keras.Model, kind: type[keras.Layer]) -> list[keras.Layer]:
    return [layer for layer in network.layers if isinstance(layer, kind)]


def maps_of(network: keras.Model) -> dict[str, tuple[int, ...]]:
    return {layer.name: layer.output.shape[1:] for layer in of_kind(network, keras.layers.Concatenate)}


def test_googlenet_normalises_behind_every_convolution_and_has_no_window_of_five() -> None:
    network = audit.without_weights(torchvision_googlenet)
    convolutions = of_kind(network, keras.layers.Conv2D)
    behind = of_kind(network, keras.layers.BatchNormalization)
    assert [layer.input._keras_history.operation for layer in behind] == convolutions
    assert {layer.epsilon for layer in behind} == {TORCHVISION["googlenet.epsilon"]}
    assert not any(layer.use_bias for layer in convolutions)
    assert {layer.kernel_size[0] for layer in convolutions} == {1, 3, 7}
    assert {layer.activation for layer in convolutions} == {keras.activations.linear}
    assert len(of_kind(network, keras.layers.Activation)) == len(convolutions)
    assert of_kind(network, LocalResponseNormalization) == []
    assert [layer.rate for layer in of_kind(network, keras.layers.Dropout)] == [0.2]
    assert maps_of(network) == maps_of(audit.without_weights(models.GoogLeNet))


def test_alexnet_has_one_tower_of_the_later_widths() -> None:
    network = audit.without_weights(torchvision_alexnet)
    convolutions = of_kind(network, keras.layers.Conv2D)
    assert [layer.filters for layer in convolutions] == [64, 192, 384, 256, 256]
    assert {layer.groups for layer in convolutions} == {1}
    assert convolutions[0].output.shape[1:] == (55, 55, 64)
    assert of_kind(network, LocalResponseNormalization) == []
    dense = of_kind(network, keras.layers.Dense)
    ours = of_kind(audit.without_weights(models.AlexNet), keras.layers.Dense)
    assert [(layer.name, layer.kernel.shape) for layer in dense] == [
        (layer.name, layer.kernel.shape) for layer in ours
    ]


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "resnet50"])
def test_the_others_are_ours(name: str) -> None:
    network = audit.without_weights(TORCHVISION_NETWORKS[name])
    assert network.input_shape == (None, 224, 224, 3)
    assert audit.totals(audit.table(network))["params"] == TORCHVISION[f"parameters.{name}"]


@pytest.mark.backends
def test_a_changed_network_answers() -> None:
    network = torchvision_googlenet()
    images = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype("float32")
    answer = keras.ops.convert_to_numpy(network(images))
    assert answer.shape == (1, 1000)
    assert answer.sum() == pytest.approx(1, abs=1e-4)
