"""What the section on VGG does with a network: evaluate it densely; and what deep ones copied from net A."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

# Net A's first four convolutions and its fully connected layers, by name. By number the four would not fit:
# A's second convolution goes from 64 maps to 128, that of every deeper net from 64 to 64.
STARTS_FROM_A = (
    *("block1_conv1", "block2_conv1", "block3_conv1", "block3_conv2"),
    *("fc1", "fc2", "predictions"),
)


def dense_evaluation(model: keras.Model) -> keras.Model:
    """Turn a classifier's fully connected layers into convolutions, so that it takes images of any size.

    The first becomes a convolution over all of the maps that it saw (7x7 in VGG at 224 pixels), the others
    1x1. A larger image gives a map of scores, the output of the layer named as the model's last
    (`predictions`), which is averaged before the activation.

    Args:
        model: a chain of convolutions and poolings, flattened, and dense layers: `VGG` or `AlexNet`.

    Returns:
        A new model, with copies of the weights, from (batch, height, width, channels) of any size from the
        model's own up to (batch, classes).

    Raises:
        ValueError: the model has no fully connected layers.

    Source: Simonyan and Zisserman 2015, section 3.2. That the average comes before the softmax is our
    reading: the paper averages the map of class scores, then the soft-max posteriors of mirrored images.
    """
    flatten = next((layer for layer in model.layers if isinstance(layer, layers.Flatten)), None)
    if flatten is None:
        raise ValueError(f"{model.name} has no fully connected layers: build it with include_top=True.")
    seen, last = tuple(flatten.input.shape[1:3]), model.layers[-1]
    x = image = keras.Input((None, None, model.input_shape[-1]), name="image")
    for layer in model.layers:
        if isinstance(layer, layers.Dense):
            activation = None if layer is last else layer.activation
            x = _empty_convolution(layer.units, seen, activation, layer.name)(x)
            seen = (1, 1)
        elif not isinstance(layer, layers.InputLayer | layers.Flatten | layers.Dropout):
            x = type(layer).from_config(layer.get_config())(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Activation(last.activation, name="scores")(x)
    dense = keras.Model(image, x, name=f"{model.name}_dense")
    # Flattening puts rows before columns before channels, as the kernel of a convolution does.
    values = zip(model.get_weights(), dense.weights, strict=True)
    dense.set_weights([np.reshape(value, weight.shape) for value, weight in values])
    return dense


def _empty_convolution(filters: int, size: tuple[int, int], activation: Any, name: str) -> layers.Conv2D:
    return layers.Conv2D(filters, size, activation=activation, kernel_initializer="zeros", name=name)
