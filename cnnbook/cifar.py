"""AlexNet, VGG16 and GoogLeNet for images of 32 pixels, of which their own first layers leave too little."""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers

from cnnlib import models
from cnnlib.layers import LocalResponseNormalization
from cnnlib.models import alexnet, vgg
from cnnlib.models.building import check, finish, scaled
from cnnlib.models.inception import MODULES, convolution, inception_module, pooling
from cnnlib.models.resnet import EPSILON, MOMENTUM


@models.add
def AlexNetCIFAR(  # noqa: N802
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    classifier_activation: str | None = "softmax",
    name: str = "alexnet_cifar",
    *,
    width: float = 1.0,
) -> keras.Model:
    """AlexNet in one tower, with a first convolution of 5x5 and stride 1, and He's initial weights.

    Arguments are those of every network, see `cnnlib.models`; images are at least 15 high and wide.

    Source: Krizhevsky et al. 2012, section 3 and figure 2, for all but that.
    """
    check(input_shape, classes, weights, width, activation=classifier_activation, smallest=15)
    x = image = keras.Input(input_shape, name="image")
    for number, (maps, size) in enumerate(zip(alexnet.MAPS, (5, 5, 3, 3, 3), strict=True), start=1):
        x = _convolve(x, scaled(maps, width), size, f"conv{number}")
        if number < 3:
            x = LocalResponseNormalization(name=f"norm{number}")(x)
        if number in (1, 2, 5):
            x = layers.MaxPooling2D(3, 2, name=f"pool{number}")(x)
    if include_top:
        x = _hidden(x, scaled(alexnet.UNITS, width))
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return finish(image, x, name, weights)


@models.add
def VGG16CIFAR(  # noqa: N802
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    classifier_activation: str | None = "softmax",
    name: str = "vgg16_cifar",
    *,
    width: float = 1.0,
) -> keras.Model:
    """VGG16 with a batch normalisation after every convolution, which the paper came too early for.

    Arguments are those of every network, see `cnnlib.models`; images are at least 32 high and wide.

    Source: Simonyan and Zisserman 2015, table 1, D; He's initial weights in place of Glorot's.
    """
    check(input_shape, classes, weights, width, activation=classifier_activation, smallest=32)
    x = image = keras.Input(input_shape, name="image")
    for block, (sizes, maps) in enumerate(zip(vgg.CONFIGURATIONS["D"], vgg.MAPS, strict=True), start=1):
        for number, size in enumerate(sizes, start=1):
            called = f"block{block}_conv{number}"
            x = _convolve(x, scaled(maps, width), int(size), called, normalised=True)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    if include_top:
        x = _hidden(x, scaled(vgg.UNITS, width))
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return finish(image, x, name, weights)


@models.add
def GoogLeNetCIFAR(  # noqa: N802
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (32, 32, 3),
    classes: int = 10,
    classifier_activation: str | None = "softmax",
    name: str = "googlenet_cifar",
    *,
    width: float = 1.0,
) -> keras.Model:
    """GoogLeNet with one convolution of 3x3 and a pooling in place of its stem, and without heads.

    Its modules see maps of 16x16, 8x8 and 4x4 of an image of 32x32.

    Arguments are those of every network, see `cnnlib.models`; images are at least 16 high and wide.

    Source: Szegedy et al. 2014, table 1, from the first module on.
    """
    activation = classifier_activation
    check(input_shape, classes, weights, width, activation=activation, smallest=16, fixed=False)
    image = keras.Input(input_shape, name="image")
    x = pooling(convolution(scaled(192, width), 3, "conv1")(image), "pool1")
    for number, modules in enumerate(MODULES, start=3):
        for module, counts in modules.items():
            ones, to_3x3, threes, to_5x5, fives, pooled = (scaled(maps, width) for maps in counts)
            x = inception_module(x, ones, to_3x3, threes, to_5x5, fives, pooled, f"inception_{module}")
        if number < 5:
            x = pooling(x, f"pool{number}")
    if include_top:
        x = layers.Dropout(0.4, name="drop")(layers.GlobalAveragePooling2D(name="avg_pool")(x))
        x = layers.Dense(classes, activation=activation, name="predictions")(x)
    return finish(image, x, name, weights)


def _convolve(
    x: keras.KerasTensor, maps: int, size: int, name: str, *, normalised: bool = False
) -> keras.KerasTensor:
    """A convolution that keeps the sides, normalised where asked for, and a ReLU."""
    settings = {"use_bias": not normalised, "kernel_initializer": "he_normal"}
    x = layers.Conv2D(maps, size, padding="same", name=name, **settings)(x)
    if normalised:
        x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)


def _hidden(x: keras.KerasTensor, units: int) -> keras.KerasTensor:
    """The two hidden layers of AlexNet and of VGG, with their dropout."""
    x = layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=f"fc{number}")(x)
        x = layers.Dropout(0.5, name=f"drop{number}")(x)
    return x
