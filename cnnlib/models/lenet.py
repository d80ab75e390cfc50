"""LeNet-5 in the form that every library builds today."""

from __future__ import annotations

import keras
from keras import layers

from cnnlib.models.building import check, finish


def LeNet5(  # noqa: N802 - a network is called as its paper calls it
    include_top: bool = True,
    weights: str | None = None,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    classifier_activation: str | None = "softmax",
    name: str = "lenet5",
) -> keras.Model:
    """LeNet-5 as it is commonly built: tanh, average pooling, a fully connected C3, a softmax.

    Args:
        include_top: keep F6 and the output layer; without them the output is C5's maps.
        weights: None for new ones, or the path of a weights file to load.
        input_shape: (height, width, channels), at least 28 high and wide.
        classes: units of the output layer.
        classifier_activation: activation of the output layer; None returns logits.
        name: name of the model.

    Returns:
        A model from images (batch, h, w, c) to (batch, classes), or to C5's maps without the top.

    Raises:
        ValueError: an input too small to leave C5 a map, or not of rank three, or fewer than one class.
    """
    check(input_shape, classes, weights, smallest=28)
    image = keras.Input(input_shape, name="image")
    x = layers.Conv2D(6, 5, padding="same", activation="tanh", name="c1")(image)
    x = layers.AveragePooling2D(2, name="s2")(x)
    x = layers.Conv2D(16, 5, activation="tanh", name="c3")(x)
    x = layers.AveragePooling2D(2, name="s4")(x)
    x = layers.Conv2D(120, 5, activation="tanh", name="c5")(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(84, activation="tanh", name="f6")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="output")(x)
    return finish(image, x, name, weights)
