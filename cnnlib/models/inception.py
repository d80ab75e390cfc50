"""GoogLeNet and the modules it is made of."""

from pathlib import Path

import keras
from keras import layers
from keras.initializers import Constant

from cnnlib.layers import LocalResponseNormalization
from cnnlib.models.building import check, finish, scaled

# Maps of each module in the order of `inception_module`'s arguments; a list for each part of the network
# between two poolings (Szegedy et al. 2014, table 1).
MODULES: tuple[dict[str, tuple[int, int, int, int, int, int]], ...] = (
    {"3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64)},
    {
        "4a": (192, 96, 208, 16, 48, 64),
        "4b": (160, 112, 224, 24, 64, 64),
        "4c": (128, 128, 256, 24, 64, 64),
        "4d": (112, 144, 288, 32, 64, 64),
        "4e": (256, 160, 320, 32, 128, 128),
    },
    {"5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128)},
)
# Which modules an auxiliary head reads from.
AUXILIARY_HEADS = {"4a": "aux1", "4d": "aux2"}
# By name, so that each layer has a draw of its own.
START = "lecun_uniform"
HIDDEN: dict = {"activation": "relu", "kernel_initializer": START, "bias_initializer": Constant(0.2)}


def GoogLeNet(  # noqa: N802 - a network is called as its paper calls it
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    classes: int = 1000,
    classifier_activation: str | None = "softmax",
    name: str = "googlenet",
    *,
    aux_heads: bool = False,
    width: float = 1.0,
    reduction: float = 1.0,
) -> keras.Model:
    """GoogLeNet: 6,998,552 parameters; 13,378,280 in training, with its two auxiliary heads.

    The first convolution is a plain one of 7x7. The paper's table gives it fewer weights than such a layer
    has, and its text does not say how; every network that others have published has the plain one.

    Poolings round up: half a window may lie over the right and lower edge. The paper's figure has local
    response normalisation after pool1 and after conv2, and no constants; these are the Caffe replication's,
    as are the initial weights, uniform with a variance of 1 / fan-in, and the initial biases of 0.2 in every
    layer but the classifiers. The paper gives neither.

    Arguments are those of every network, see `cnnlib.models`; images are at least 32 high and wide, and 65
    with auxiliary heads, which want a fixed size.

    Other Parameters:
        aux_heads: add the heads on 4a and 4d, that help to train what lies below them.
        reduction: further factor on the maps that a module reduces its input to before 3x3 and 5x5.

    With auxiliary heads the output is a dictionary of three such outputs: "predictions", "aux1" and "aux2".
    In the loss those of the heads count 0.3; `without_aux_heads` gives the network for testing.

    Raises:
        ValueError: see `cnnlib.models.building.check`; heads without the top; or a reduction of 0 or less.

    Source: Szegedy et al. 2014, section 5, table 1 and figure 3.
    """
    if aux_heads and not include_top:
        raise ValueError("auxiliary heads are classifiers: aux_heads=True needs include_top=True.")
    if reduction <= 0:
        raise ValueError(f"reduction must be a factor above 0, not {reduction}.")
    # With 65 pixels the maps of 4a and 4d, a sixteenth of it, hold a window of 5x5.
    activation, smallest = classifier_activation, 65 if aux_heads else 32
    check(input_shape, classes, weights, width, activation=activation, smallest=smallest, fixed=aux_heads)
    image = keras.Input(input_shape, name="image")
    x = _stem(image, width)
    outputs, factors = {}, [width * factor for factor in (1, reduction, 1, reduction, 1, 1)]
    for number, modules in enumerate(MODULES, start=3):
        for module, counts in modules.items():
            ones, to_3x3, threes, to_5x5, fives, pooled = map(scaled, counts, factors)
            x = inception_module(x, ones, to_3x3, threes, to_5x5, fives, pooled, f"inception_{module}")
            if aux_heads and module in AUXILIARY_HEADS:
                head = AUXILIARY_HEADS[module]
                outputs[head] = _auxiliary_head(x, classes, activation, head, width)
        if number < 5:
            x = pooling(x, f"pool{number}")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dropout(0.4, name="drop")(x)
        x = _classifier(classes, activation, "predictions")(x)
    return finish(image, {"predictions": x, **outputs} if aux_heads else x, name, weights)


def without_aux_heads(model: keras.Model) -> keras.Model:
    """The network for testing inside `GoogLeNet(aux_heads=True)`: its main output alone, of the same weights.

    Raises:
        ValueError: the model has no auxiliary heads.

    Source: Szegedy et al. 2014, section 5.
    """
    if not isinstance(model.output, dict) or "predictions" not in model.output:
        raise ValueError(f"{model.name} has no auxiliary heads to leave out: it already is the network.")
    return keras.Model(model.input, model.output["predictions"], name=model.name)


def inception_module(
    x: keras.KerasTensor,
    filters_1x1: int,
    filters_3x3_reduce: int,
    filters_3x3: int,
    filters_5x5_reduce: int,
    filters_5x5: int,
    filters_pool_proj: int,
    name: str,
) -> keras.KerasTensor:
    """Four views of the same maps side by side, each kept cheap by a convolution of 1x1.

    Args:
        x: maps (batch, height, width, channels).
        filters_1x1: maps of the first branch, a convolution of 1x1.
        filters_3x3_reduce: maps that the second branch reduces its input to.
        filters_3x3: maps of the second branch's convolution of 3x3.
        filters_5x5_reduce: maps that the third branch reduces its input to.
        filters_5x5: maps of the third branch's convolution of 5x5.
        filters_pool_proj: maps that the fourth branch projects its max-pooled input to.
        name: of the output; the layers inside carry it before their own.

    Returns:
        (batch, height, width, filters_1x1 + filters_3x3 + filters_5x5 + filters_pool_proj).

    Source: Szegedy et al. 2014, section 4 and figure 2(b).
    """

    def convolve(x: keras.KerasTensor, filters: int, size: int, part: str) -> keras.KerasTensor:
        return convolution(filters, size, f"{name}_{part}")(x)

    threes = convolve(x, filters_3x3_reduce, 1, "3x3_reduce")
    fives = convolve(x, filters_5x5_reduce, 1, "5x5_reduce")
    branches = [
        convolve(x, filters_1x1, 1, "1x1"),
        convolve(threes, filters_3x3, 3, "3x3"),
        convolve(fives, filters_5x5, 5, "5x5"),
        convolve(pooling(x, f"{name}_pool", strides=1), filters_pool_proj, 1, "pool_proj"),
    ]
    return layers.Concatenate(name=name)(branches)


def _stem(x: keras.KerasTensor, width: float) -> keras.KerasTensor:
    """What comes before the modules: three convolutions, and a map of an eighth of the image's sides."""
    x = convolution(scaled(64, width), 7, "conv1", strides=2)(x)
    x = pooling(x, "pool1")
    x = _normalisation("norm1")(x)
    x = convolution(scaled(64, width), 1, "conv2_reduce")(x)
    x = convolution(scaled(192, width), 3, "conv2")(x)
    x = _normalisation("norm2")(x)
    return pooling(x, "pool2")


def _auxiliary_head(
    x: keras.KerasTensor, classes: int, activation: str | None, name: str, width: float
) -> keras.KerasTensor:
    """A small classifier on the maps of a module in the middle."""
    x = layers.AveragePooling2D(5, 3, name=f"{name}_pool")(x)
    x = convolution(scaled(128, width), 1, f"{name}_conv")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dense(scaled(1024, width), name=f"{name}_fc", **HIDDEN)(x)
    x = layers.Dropout(0.7, name=f"{name}_drop")(x)
    return _classifier(classes, activation, f"{name}_predictions")(x)


def _classifier(classes: int, activation: str | None, name: str) -> layers.Dense:
    return layers.Dense(classes, activation=activation, kernel_initializer=START, name=name)


def convolution(filters: int, size: int, name: str, *, strides: int = 1) -> layers.Conv2D:
    """A convolution with ReLU that keeps the sides of the maps, or divides them by `strides`."""
    return layers.Conv2D(filters, size, strides, padding="same", name=name, **HIDDEN)


def pooling(x: keras.KerasTensor, name: str, *, strides: int = 2) -> keras.KerasTensor:
    """The largest of 3x3 pixels, around every `strides`-th one."""
    # At the even sides of the paper's maps "same" adds to the right and below alone: it rounds up.
    return layers.MaxPooling2D(3, strides, padding="same", name=name)(x)


def _normalisation(name: str) -> LocalResponseNormalization:
    # Caffe divides alpha by the number of maps and adds to 1.
    return LocalResponseNormalization(5, 1e-4 / 5, 0.75, 1.0, name=name)
