"""LeNet-5 in the form that every library builds today."""

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

    Arguments are those of every network, see `cnnlib.models`; images are at least 28 high and wide. Without
    the top the output is C5's maps.
    """
    check(input_shape, classes, weights, activation=classifier_activation, smallest=28)
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
