"""A trained network by its name, without its classifier, that takes pictures as they are."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from cnnlib import weights
from cnnlib.audit import without_weights
from cnnlib.data.views import CentreView
from cnnlib.structure import find_classifier
from cnnlib.transfer.extraction import feature_extractor

Preparation = Callable[[np.ndarray], Any]
"""From pixels of 0 to 255, (n, height, width, channels), to what a network takes."""


@dataclass(frozen=True, eq=False)
class Body:
    """A trained network without its classifier.

    Attributes:
        model: from pixels of 0 to 255 to features (batch, features).
        view: how a picture becomes an image.
        source: a sentence that says what it is.
    """

    model: keras.Model
    view: CentreView
    source: str


def body(
    network: str | keras.Model | weights.Pretrained,
    preparation: Preparation | None = None,
    classifier: str | None = None,
) -> Body:
    """Take the classifier off a network, and put layers that prepare pixels before it.

    Args:
        network: a name of `cnnlib.weights`, such as "squeezenet"; one of `keras.applications`, such as
            "MobileNetV2"; or a Keras model with its weights.
        preparation: of a model of your own; None where it takes pixels as they are.
        classifier: name of the first layer of its classifier; None finds it from the structure.

    Raises:
        ValueError: an unknown network, one that takes no squares of pictures, or one whose pixels are
            prepared by more than factors and offsets.
        WeightsError: its weights cannot be had.
    """
    view, source = None, ""
    if isinstance(network, str):
        published = {*weights.PUBLISHED, *weights.OWN}
        name = next((each for each in (network, f"{network}_imagenet") if each in published), None)
        if name is None:
            network, preparation = _of_applications(network)
        else:
            network = weights.load(name)
    if isinstance(network, weights.Pretrained):
        preparation, view, source = network.pixels, network.view, f" ({network.source})"
        network = network.model
    height, width, channels = network.input_shape[1:]
    size = view.size if view is not None else height or 224
    if width not in (None, size) or channels not in (1, 3):
        raise ValueError(f"{network.name} takes {network.input_shape[1:]}, which are no squares of pictures.")
    found = find_classifier(network, classifier)
    image = keras.Input((size, size, channels), name="image")
    prepared = image if preparation is None else _layer(preparation, size, channels)(image)
    # Named, so that what the sentence below says is not said once more as a warning.
    named = classifier or (found.layers[0].name if found.layers else None)
    extractor = feature_extractor(network, classifier=named)
    model = keras.Model(image, extractor(prepared), name=f"{network.name}_features")
    whole = view or CentreView(size, size if size < 96 else round(size * 8 / 7))
    words = f"The {model.output_shape[-1]} features of {network.name}{source}. {found.how}"
    return Body(model, whole, words.strip())


def _of_applications(name: str) -> tuple[keras.Model, Preparation]:
    """A network of `keras.applications` with its weights for ImageNet, and how it wants its pixels."""
    applications = keras.applications
    known = {each.lower(): each for each in dir(applications) if each[:1].isupper()}
    if name.lower() not in known:
        there = [*weights.PUBLISHED, *weights.OWN, *known.values()]
        raise ValueError(f"There is no network {name!r}: use one of {', '.join(there)}, or a Keras model.")
    build = getattr(applications, known[name.lower()])
    shape = without_weights(lambda: build(weights=None).input_shape[1:])
    prepare = sys.modules[build.__module__].preprocess_input
    try:
        return build(include_top=False, weights="imagenet", input_shape=shape), prepare
    except Exception as problem:  # which is all that Keras says of a download
        remedy = "connect to the network, or give a Keras model with its weights"
        raise weights.WeightsError(f"{name}'s weights cannot be had ({problem}): {remedy}.") from problem


def _layer(prepare: Preparation, size: int, channels: int) -> keras.Layer:
    """A layer of Keras that does what a preparation does, if that is a sum of levels and a constant.

    Raises:
        ValueError: it is not.
    """
    probes = np.zeros((channels + 1, size, size, channels), "float32")
    for channel in range(channels):
        probes[channel, ..., channel] = 255
    probed = np.array(ops.convert_to_numpy(prepare(probes.copy())))
    offset, matrix = probed[-1], (probed[:-1, 0, 0] - probed[-1, 0, 0]) / 255
    shown = np.random.default_rng(0).integers(0, 256, (1, size, size, channels)).astype("float32")
    if probed.shape != probes.shape or not np.allclose(
        ops.convert_to_numpy(prepare(shown.copy())), shown @ matrix + offset, atol=1e-3
    ):
        raise ValueError(
            "This network's pixels are prepared by more than factors and offsets, which cannot become a "
            "layer: give a model that takes levels of 0 to 255."
        )
    if (offset == offset[0, 0]).all():  # or else it is the mean image
        offset = offset[0, 0]
    if np.array_equal(matrix, np.diag(np.diag(matrix))):
        return layers.Rescaling(np.diag(matrix).tolist(), offset.tolist(), name="preparation")
    mixing = layers.Dense(channels, name="preparation", trainable=False)  # such as blue before red
    mixing.build((None, size, size, channels))
    mixing.set_weights([matrix, offset])
    return mixing
