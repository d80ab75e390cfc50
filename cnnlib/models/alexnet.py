"""AlexNet, in two towers or one."""

from pathlib import Path
from typing import Any

import keras
from keras import layers
from keras.initializers import Constant, RandomNormal

from cnnlib.layers import GroupedConv2D, LocalResponseNormalization
from cnnlib.models.building import check, finish, scaled

# Maps of conv1 to conv5, units of fc6 and fc7.
MAPS, UNITS = (96, 256, 384, 384, 256), 4096
# The two numbers of conv1 that decide which images fit: its kernel and its stride.
_KERNEL, _STRIDE = 11, 4


def AlexNet(  # noqa: N802 - a network is called as its paper calls it
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (227, 227, 3),
    classes: int = 1000,
    classifier_activation: str | None = "softmax",
    name: str = "alexnet",
    *,
    groups: int = 2,
    width: float = 1.0,
    bias_ones: float = 1.0,
) -> keras.Model:
    """AlexNet: 60,965,224 parameters in two towers, 62,378,344 in one.

    The paper prints images of 224x224 pixels and 55x55 maps in conv1, which do not go together: 227 pixels
    give 55 maps, and so do 224 with two pixels of zeros on each side. This builder adds those two pixels
    where the strides of conv1 do not fit the image.

    Dropout is Keras's: what is kept is doubled in training, where the paper halves every output in testing.

    Arguments are those of every network, see `cnnlib.models`; images are at least 64 high and wide.

    Other Parameters:
        groups: towers that conv2, conv4 and conv5 are divided into, one for each GPU of the paper.
        bias_ones: initial biases of conv2, conv4, conv5, fc6 and fc7, to start with units that are on. The
            paper's are 1; the replication in Caffe found that training stalls with them and took 0.1.

    Raises:
        ValueError: see `cnnlib.models.building.check`, or `groups` does not divide the maps.

    Source: Krizhevsky et al. 2012, sections 3 and 5 and figure 2.
    """
    check(input_shape, classes, weights, width, activation=classifier_activation, smallest=64)
    maps = [scaled(number, width) for number in MAPS]
    _check_groups(groups, maps)
    x = image = keras.Input(input_shape, name="image")
    if any((side - _KERNEL) % _STRIDE for side in input_shape[:2]):
        x = layers.ZeroPadding2D(2, name="pad1")(x)
    x = _convolution("conv1", maps[0], _KERNEL, strides=_STRIDE, padding="valid")(x)
    x = LocalResponseNormalization(name="norm1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x = _convolution("conv2", maps[1], 5, groups, bias_ones)(x)
    x = LocalResponseNormalization(name="norm2")(x)
    x = layers.MaxPooling2D(3, 2, name="pool2")(x)
    # The only convolution that sees the maps of both towers.
    x = _convolution("conv3", maps[2], 3)(x)
    x = _convolution("conv4", maps[3], 3, groups, bias_ones)(x)
    x = _convolution("conv5", maps[4], 3, groups, bias_ones)(x)
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        for number in (6, 7):
            x = _dense(f"fc{number}", scaled(UNITS, width), "relu", bias_ones)(x)
            x = layers.Dropout(0.5, name=f"drop{number}")(x)
        x = _dense("fc8", classes, classifier_activation)(x)
    return finish(image, x, name, weights)


def _check_groups(groups: int, maps: list[int]) -> None:
    if groups < 1:
        raise ValueError(f"groups must be at least 1, not {groups}.")
    for layer, (below, above) in {"conv2": maps[:2], "conv4": maps[2:4], "conv5": maps[3:]}.items():
        if below % groups or above % groups:
            raise ValueError(
                f"groups={groups} does not divide the maps of {layer}, {below} in and {above} out: "
                "choose another number of groups or another width."
            )


def _convolution(
    name: str, filters: int, size: int, groups: int = 1, bias: float = 0.0, **settings: Any
) -> keras.Layer:
    """A convolution with the paper's activation and initial weights."""
    kind = layers.Conv2D if groups == 1 else GroupedConv2D
    settings = {"padding": "same", "groups": groups, **settings}
    return kind(filters, size, activation="relu", name=name, **_start(bias), **settings)


def _dense(name: str, units: int, activation: str | None, bias: float = 0.0) -> layers.Dense:
    return layers.Dense(units, activation=activation, name=name, **_start(bias))


def _start(bias: float) -> dict[str, Any]:
    """Initial weights of a layer, a draw of its own for each."""
    return {"kernel_initializer": RandomNormal(stddev=0.01), "bias_initializer": Constant(bias)}
