"""Blocks that a section builds: the same as the library's, by other arguments."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from cnnbook.blocks import bottleneck_residual_block
from cnnlib import audit
from cnnlib.models import bottleneck_block


@pytest.mark.parametrize(("reduce", "s", "filters"), [(False, 1, (2, 3, 4)), (True, 2, (2, 3, 8))])
def test_the_shorter_arguments_build_the_same_bottleneck(reduce: bool, s: int, filters: tuple) -> None:
    image = keras.Input((7, 6, 4))
    short = keras.Model(image, bottleneck_residual_block(image, 5, list(filters), reduce, s))
    way = "projection" if reduce else "identity"
    long = keras.Model(image, bottleneck_block(image, filters, kernel_size=5, strides=s, shortcut=way))
    rng = np.random.default_rng(1)
    short.set_weights([rng.uniform(0.02, 0.2, value.shape) for value in short.get_weights()])
    assert audit.differences(short, long) == []
    assert short.output_shape == (None, *((4, 3, 8) if reduce else (7, 6, 4)))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: bottleneck_residual_block(x, 3, [2, 2, 8]), "turns 4 maps into 8 with stride 1"),
        (lambda x: bottleneck_residual_block(x, 3, [2, 2, 4], s=2), r"needs a shortcut.*reduce=True"),
        (lambda x: bottleneck_residual_block(x, 3, [2, 4], reduce=True), r"three convolutions, not \[2, 4\]"),
    ],
)
def test_a_block_that_cannot_be_built_is_refused_in_words(build: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(keras.Input((6, 6, 4)))
