"""The residual networks for ImageNet and CIFAR-10, their plain twins, and the blocks they are made of."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import layers

from cnnlib.layers import PaddedShortcut
from cnnlib.models.building import check, finish, pooled, scaled, variant

# Blocks in conv2 to conv5, for each depth (He et al. 2015, table 1).
STAGES: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
# For each of the paper's options, the shortcut of a block that keeps the shape and of one that changes it.
SHORTCUTS = {"A": ("identity", "padded"), "B": ("identity", "projection"), "C": ("projection", "projection")}
# From this depth on a block is a bottleneck: 1x1, 3x3, and 1x1 with four times the maps.
_BOTTLENECK, _EXPANSION = 50, 4
# The paper follows Ioffe and Szegedy 2015 and gives neither number. Ours are those of PyTorch (whose 0.1 is
# what Keras calls 0.9) and, for epsilon, of Caffe, the paper's own software.
EPSILON, MOMENTUM = 1e-5, 0.9


def ResNet(  # noqa: N802 - a network is called as its paper calls it
    depth: int = 50,
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | None = "softmax",
    name: str | None = None,
    *,
    shortcut: str | None = None,
    residual: bool = True,
    stride_in: str = "1x1",
    width: float = 1.0,
) -> keras.Model:
    """One of the paper's networks for ImageNet: 18 or 34 layers of basic blocks, 50 to 152 of bottlenecks.

    Layers are called as in `keras.applications`, whose trained weights `from_keras_applications` takes over.
    Convolutions have no biases, which the normalisation after them would take away. Their weights and the
    output layer's start normal with variance 2 / fan-in (He et al. 2015, "Delving Deep into Rectifiers"),
    cut off at two standard deviations as Keras does. Layers that stride pad equally on both sides, so that
    their windows are centred on the pixels that the shortcut takes.

    Arguments are those of every network, see `cnnlib.models`; images are at least 32 high and wide.

    Other Parameters:
        depth: layers with weights, projections not counted: a key of `STAGES`.
        name: None calls the model resnet, or plain, and its depth.
        shortcut: "A" adds the input where it has the shape of the output, and pads it with zeros where the
            shape changes; "B" projects it where the shape changes; "C" projects it everywhere. None is A for
            18 and 34 layers, as in the paper's table 2, and B for the others.
        residual: False leaves out all shortcuts: the plain network.
        stride_in: the convolution of a bottleneck that strides, "1x1" (the first) as in the paper or "3x3"
            as in many libraries. A basic block strides in its first.

    Source: He et al. 2015, sections 3.3 and 3.4 and table 1.
    """
    if depth not in STAGES:
        raise ValueError(f"depth must be one of {', '.join(map(str, STAGES))}, not {depth}.")
    deep, activation = depth >= _BOTTLENECK, classifier_activation
    ways = _ways(shortcut or ("B" if deep else "A"), residual)
    _check_stride_in(stride_in)
    check(input_shape, classes, weights, width, pooling, activation, smallest=32, fixed=False)
    image = keras.Input(input_shape, name="image")
    x = _normalised(image, scaled(64, width), 7, 2, "conv1")
    x = layers.Activation("relu", name="conv1_relu")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1_pool")(x)
    maps = [scaled(64 * 2**stage, width) for stage in range(4)]
    x = _stages(x, STAGES[depth], maps, ways, deep, stride_in)
    x = _head(x, classes, activation) if include_top else pooled(x, pooling)
    return finish(image, x, name or f"{'resnet' if residual else 'plain'}{depth}", weights)


ResNet18 = variant("ResNet18", ResNet, 18)
ResNet34 = variant("ResNet34", ResNet, 34)
ResNet50 = variant("ResNet50", ResNet, 50)
ResNet101 = variant("ResNet101", ResNet, 101)
ResNet152 = variant("ResNet152", ResNet, 152)
PlainNet18 = variant("PlainNet18", ResNet, 18, residual=False)
PlainNet34 = variant("PlainNet34", ResNet, 34, residual=False)


def ResNetCIFAR(  # noqa: N802
    depth: int = 20,
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (32, 32, 3),
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | None = "softmax",
    name: str | None = None,
    *,
    shortcut: str = "A",
    residual: bool = True,
    width: float = 1.0,
) -> keras.Model:
    """One of the paper's networks for CIFAR-10: 6n + 2 layers, n basic blocks at each of three sizes.

    The paper trains 20, 32, 44, 56, 110 and 1202. With its shortcuts, option A, a residual network and its
    plain twin have the same parameters: 269,722 with 20 layers. Initial weights as in `ResNet`.

    Arguments are those of every network, see `cnnlib.models`; images are at least 4 high and wide.

    Other Parameters:
        depth: layers with weights, projections not counted: 8, 14, 20 and so on.
        name: None calls the model resnet, or plain, its depth and _cifar.
        shortcut: "A", "B" or "C", see `ResNet`.
        residual: False leaves out all shortcuts: the plain network.

    Source: He et al. 2015, section 4.2.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(
            "depth must be 6n + 2 for n blocks at each of three sizes (the paper has 20, 32, 44, 56, 110 and "
            f"1202), not {depth}; the next is {6 * max(1, math.ceil((depth - 2) / 6)) + 2}."
        )
    activation = classifier_activation
    check(input_shape, classes, weights, width, pooling, activation, smallest=4, fixed=False)
    image = keras.Input(input_shape, name="image")
    x = _normalised(image, scaled(16, width), 3, 1, "conv1")
    x = layers.Activation("relu", name="conv1_relu")(x)
    maps = [scaled(16 * 2**stage, width) for stage in range(3)]
    x = _stages(x, [(depth - 2) // 6] * 3, maps, _ways(shortcut, residual))
    x = _head(x, classes, activation) if include_top else pooled(x, pooling)
    # Keras recurs when it walks through a network, also whenever a model is made of some of its layers. A
    # block of two has seven: its convolutions, two more after the first and three after the second.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + 4 * depth))
    return finish(image, x, name or f"{'resnet' if residual else 'plain'}{depth}_cifar", weights)


def basic_block(
    x: keras.KerasTensor,
    filters: int,
    strides: int = 1,
    shortcut: str | None = "identity",
    *,
    name: str | None = None,
) -> keras.KerasTensor:
    """Two convolutions of 3x3 beside a shortcut, added up before the last activation.

    Args:
        x: maps (batch, height, width, channels).
        filters: maps of both convolutions.
        strides: of the first one.
        shortcut: "identity" adds the input as it is; "padded" pads it with maps of zeros and takes every
            `strides`-th pixel; "projection" takes it through a convolution of 1x1; None adds nothing.
        name: put before the names of all layers; None lets Keras name them.

    Returns:
        (batch, ceil(height / strides), ceil(width / strides), filters).

    Raises:
        ValueError: the shortcut is none of these, or cannot give the input the shape of the output.

    Source: He et al. 2015, section 3.2 and figure 5, left.
    """
    return _block(x, [(filters, 3, strides), (filters, 3, 1)], shortcut, name)


def bottleneck_block(
    x: keras.KerasTensor,
    filters: Sequence[int],
    kernel_size: int = 3,
    strides: int = 1,
    shortcut: str | None = "identity",
    *,
    stride_in: str = "1x1",
    name: str | None = None,
) -> keras.KerasTensor:
    """A convolution between two of 1x1, that reduce the maps and restore them, beside a shortcut.

    Args:
        x: maps (batch, height, width, channels).
        filters: maps of the three convolutions.
        kernel_size: side of the middle one's kernel.
        strides: of the convolution that `stride_in` names.
        shortcut: see `basic_block`.
        stride_in: "1x1", the first, or "3x3", the middle one.
        name: put before the names of all layers; None lets Keras name them.

    Returns:
        (batch, ceil(height / strides), ceil(width / strides), filters[2]).

    Raises:
        ValueError: not three filters, or see `basic_block`.

    Source: He et al. 2015, section 4.1 and figure 5, right.
    """
    if len(filters) != 3:
        raise ValueError(f"filters must be the maps of three convolutions, not {filters}.")
    _check_stride_in(stride_in)
    first, middle = (strides, 1) if stride_in == "1x1" else (1, strides)
    sizes = [(filters[0], 1, first), (filters[1], kernel_size, middle), (filters[2], 1, 1)]
    return _block(x, sizes, shortcut, name)


def from_keras_applications(model: keras.Model) -> keras.Model:
    """The same network as one of `keras.applications`, in our form and with the same answers.

    Theirs has biases in its convolutions and another epsilon. Both go into the moving statistics of the
    normalisation behind each convolution, from its mean and to its variance. That is exact in testing; in
    training a bias before a normalisation does nothing, and the epsilons differ by 1e-8.

    Args:
        model: `keras.applications.ResNet50`, `ResNet101` or `ResNet152`, with any of their arguments. Images
            are to be prepared as for it, by `keras.applications.resnet.preprocess_input`.

    Returns:
        A `ResNet` with copies of the weights.

    Raises:
        ValueError: the model is none of these three.
    """
    theirs = {layer.name: layer for layer in model.layers[1:]}  # the first is the input
    depth = 1 + sum(name.endswith("_conv") and not name.endswith("_0_conv") for name in theirs)
    refusal = f"{model.name} is not keras.applications.ResNet50, ResNet101 or ResNet152: "
    if depth < _BOTTLENECK or depth not in STAGES:
        raise ValueError(f"{refusal}it has {depth - 1} convolutions.")
    end = model.layers[-1]
    pooling = end.name.removesuffix("_pool") if end.name in ("avg_pool", "max_pool") else None
    form: dict[str, Any] = {}
    if end.name == "predictions":
        form = {"classes": end.units, "classifier_activation": end.activation}
    shape, name = model.input_shape[1:], model.name
    ours = ResNet(depth, bool(form), input_shape=shape, pooling=pooling, name=name, **form)
    odd = sorted(theirs.keys() ^ {layer.name for layer in ours.layers[1:]})
    if odd:
        raise ValueError(f"{refusal}it and ours do not both have the layers {', '.join(odd[:3])}.")
    for layer in ours.layers[1:]:
        source = theirs[layer.name]
        values = source.get_weights()
        if isinstance(layer, layers.Conv2D):
            values = values[:1]
        elif isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = values
            before = theirs[layer.name.replace("_bn", "_conv")]
            bias = before.get_weights()[1] if before.use_bias else 0
            values = [gamma, beta, mean - bias, variance + (source.epsilon - layer.epsilon)]
        layer.set_weights(values)
    return ours


def _check_stride_in(stride_in: str) -> None:
    if stride_in not in ("1x1", "3x3"):
        raise ValueError(f'stride_in must be "1x1" or "3x3", not {stride_in!r}.')


def _ways(option: str, residual: bool) -> tuple[str | None, str | None]:
    """The shortcut of a block that keeps the shape, and of one that changes it."""
    if option not in SHORTCUTS:
        raise ValueError(f'shortcut must be "A", "B" or "C", not {option!r}.')
    return SHORTCUTS[option] if residual else (None, None)


def _stages(
    x: keras.KerasTensor,
    counts: Sequence[int],
    maps: Sequence[int],
    ways: tuple[str | None, str | None],
    deep: bool = False,
    stride_in: str = "1x1",
) -> keras.KerasTensor:
    """Blocks in stages, each stage with maps of its own; each but the first halves the sides."""
    for stage, (blocks, filters) in enumerate(zip(counts, maps, strict=True)):
        for block in range(1, blocks + 1):
            strides, name = 2 if stage > 0 and block == 1 else 1, f"conv{stage + 2}_block{block}"
            three = (filters, filters, _EXPANSION * filters)
            way = ways[strides != 1 or x.shape[-1] != (three[-1] if deep else filters)]
            if deep:
                x = bottleneck_block(x, three, 3, strides, way, stride_in=stride_in, name=name)
            else:
                x = basic_block(x, filters, strides, way, name=name)
    return x


def _head(x: keras.KerasTensor, classes: int, activation: Any) -> keras.KerasTensor:
    x, start = layers.GlobalAveragePooling2D(name="avg_pool")(x), "he_normal"
    return layers.Dense(classes, activation=activation, kernel_initializer=start, name="predictions")(x)


def _block(
    x: keras.KerasTensor, convolutions: list[tuple[int, int, int]], shortcut: str | None, name: str | None
) -> keras.KerasTensor:
    """Convolutions of (maps, size, stride), activated but for the last, beside a shortcut."""
    beside, filters, strides = x, convolutions[-1][0], max(stride for *_, stride in convolutions)
    if shortcut == "identity" and (strides != 1 or x.shape[-1] != filters):
        raise ValueError(
            f"{name or 'a block'} turns {x.shape[-1]} maps into {filters} with stride {strides}: adding its "
            "input needs a shortcut that gives it this shape (a projection; reduce=True)."
        )
    if shortcut == "padded":
        beside = PaddedShortcut(filters, strides, name=_join(name, 0, "pad"))(x)
    elif shortcut == "projection":
        beside = _normalised(x, filters, 1, strides, _join(name, 0))
    elif shortcut not in ("identity", None):
        raise ValueError(f'shortcut must be "identity", "padded", "projection" or None, not {shortcut!r}.')
    for number, (maps, size, stride) in enumerate(convolutions, start=1):
        x = _normalised(x, maps, size, stride, _join(name, number))
        if number < len(convolutions):
            x = layers.Activation("relu", name=_join(name, number, "relu"))(x)
    if shortcut is not None:
        x = layers.Add(name=_join(name, "add"))([beside, x])
    return layers.Activation("relu", name=_join(name, "out"))(x)


def _normalised(
    x: keras.KerasTensor, filters: int, size: int, strides: int, name: str | None
) -> keras.KerasTensor:
    """A convolution without biases, and batch normalisation."""
    padding = "same"
    if strides > 1 and size > 1:
        # "same" would pad more below and to the right, and move the windows by a pixel.
        around = ((size - 1) // 2, size // 2)
        x = layers.ZeroPadding2D((around, around), name=_join(name, "pad"))(x)
        padding = "valid"
    settings = {"padding": padding, "use_bias": False, "kernel_initializer": "he_normal"}
    x = layers.Conv2D(filters, size, strides, name=_join(name, "conv"), **settings)(x)
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=_join(name, "bn"))(x)


def _join(name: str | None, *parts: object) -> str | None:
    """The name of a part, if the whole has one."""
    return None if name is None else "_".join([name, *map(str, parts)])
