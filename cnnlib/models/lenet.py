"""LeNet-5: the form every library builds today, and the network of 1998."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from cnnlib.layers import (
    EuclideanRBF,
    FanInUniform,
    PartialConv2D,
    PatchConv2D,
    TrainableSubsampling,
    scaled_tanh,
)
from cnnlib.models.building import check, finish

# Which maps of S2 each map of C3 is connected to: six runs of three, six runs of four,
# three sets of four with a gap, and one map that sees all six (LeCun et al. 1998, table I).
C3_CONNECTIONS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)

# The paper shows its 7x12 codes only as a picture (figure 3), so these digits are our own drawing.
_DIGITS = """
.#####. ...#... .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
##...## ..##... ##...## ##...## ...###. ##..... .##.... .....## ##...## ##...##
##...## .###... .....## .....## ..#.##. ##..... ##..... .....## ##...## ##...##
##...## ...#... .....## .....## ..#.##. ##..... ##..... ....##. ##...## ##...##
##...## ...#... ....##. .....## .#..##. ######. ######. ....##. .#####. .######
##...## ...#... ...##.. ..####. .#..##. .....## ##...## ...##.. ##...## .....##
##...## ...#... ..##... .....## #...##. .....## ##...## ...##.. ##...## .....##
##...## ...#... .##.... .....## ####### .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. .....## ##...## .##.... ##...## .....##
##...## ...#... ##..... ##...## ....##. ##...## ##...## .##.... ##...## ....##.
.#####. .#####. ####### .#####. ....##. .#####. .#####. ##..... .#####. .####..
"""


def digit_codes() -> np.ndarray:
    """The ten digits as 7x12 bitmaps: (10, 12, 7) of +1 (ink) and -1."""
    rows = [line.split() for line in _DIGITS.split("\n") if line]
    bitmaps = [[list(row[digit]) for row in rows] for digit in range(10)]
    return np.where(np.array(bitmaps) == "#", 1.0, -1.0)


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


def LeNet5Original(weights: str | None = None, name: str = "lenet5_original") -> keras.Model:  # noqa: N802
    """LeNet-5 as published: trainable subsampling, partial C3, scaled tanh, fixed RBF codes.

    Exactly 60,000 trainable parameters. Train it with `cnnlib.layers.MAPLoss`.

    Args:
        weights: None for new ones, or the path of a weights file to load.
        name: name of the model.

    Returns:
        A model from (batch, 32, 32, 1), background -0.1 and ink 1.175, to scores (batch, 10): the
        negative squared distances to the digit codes, so the largest score wins.

    Source: LeCun et al. 1998, section II-B.
    """

    def unit(inputs: int) -> dict:
        return {
            "kernel_initializer": FanInUniform(fan_in=inputs),
            "bias_initializer": FanInUniform(fan_in=inputs),
            "activation": scaled_tanh,
        }

    def subsampling(name: str) -> TrainableSubsampling:
        return TrainableSubsampling(2, scaled_tanh, FanInUniform(fan_in=4), name=name)

    image = keras.Input((32, 32, 1), name="image")
    x = PatchConv2D(6, 5, name="c1", **unit(25))(image)
    x = subsampling("s2")(x)
    x = PartialConv2D(C3_CONNECTIONS, 5, scaled_tanh, name="c3")(x)
    x = subsampling("s4")(x)
    x = PatchConv2D(120, 5, name="c5", **unit(400))(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(84, name="f6", **unit(120))(x)
    x = EuclideanRBF(digit_codes().reshape(10, 84), name="output")(x)
    return finish(image, x, name, weights)
