"""Blocks that a section builds and compares, and that no network of the library is made of."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from cnnlib.models import bottleneck_block
from cnnlib.models.inception import convolution, pooling


def naive_inception_module(
    x: keras.KerasTensor,
    filters_1x1: int,
    filters_3x3: int,
    filters_5x5: int,
    name: str,
) -> keras.KerasTensor:
    """The module before its branches were made cheap: each sees all maps, and pooling passes all of them on.

    Args:
        x: maps (batch, height, width, channels).
        filters_1x1: maps of the convolution of 1x1.
        filters_3x3: maps of the convolution of 3x3.
        filters_5x5: maps of the convolution of 5x5.
        name: of the output; the layers inside carry it before their own.

    Returns:
        (batch, height, width, filters_1x1 + filters_3x3 + filters_5x5 + channels).

    Source: Szegedy et al. 2014, section 4 and figure 2(a).
    """
    sizes = {1: filters_1x1, 3: filters_3x3, 5: filters_5x5}
    branches = [convolution(filters, size, f"{name}_{size}x{size}")(x) for size, filters in sizes.items()]
    return layers.Concatenate(name=name)([*branches, pooling(x, f"{name}_pool", strides=1)])


def bottleneck_residual_block(
    X: keras.KerasTensor,  # noqa: N803 - the argument's name in the function this one stands for
    f: int,
    filters: Sequence[int],
    reduce: bool = False,
    s: int = 1,
) -> keras.KerasTensor:
    """`cnnlib.models.bottleneck_block` with the shorter arguments under which many courses teach it.

    Args:
        X: maps (batch, height, width, channels).
        f: side of the kernel of the middle convolution.
        filters: maps of the three convolutions.
        reduce: take the shortcut through a convolution of 1x1 too. It is needed wherever the output has
            another shape than the input, and despite its name it usually makes the input deeper.
        s: stride of the first convolution and of the shortcut's; other than 1 only with `reduce`.

    Returns:
        (batch, ceil(height / s), ceil(width / s), filters[2]).

    Raises:
        ValueError: without `reduce` the output would not have the shape of the input.

    Source: He et al. 2015, figure 5, right; section 3.3, option B.
    """
    return bottleneck_block(X, filters, f, s, "projection" if reduce else "identity")
