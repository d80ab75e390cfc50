"""The networks that every side trains, for Keras and for PyTorch, and the random images they are given.

The two forms of a network have the same layers in the same order, so weights can be carried over. A
framework is imported by the functions that need it, since either may be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras
    import torch

SHAPES = {
    "lenet5": ((28, 28, 1), 10),
    "alexnet": ((227, 227, 3), 1000),
    "resnet20": ((32, 32, 3), 10),
    "resnet50": ((224, 224, 3), 1000),
    "vgg16": ((224, 224, 3), 1000),
}
"""By network: its input (height, width, channels) and its classes."""

MOMENTUM, EPSILON = 0.9, 1e-5  # of every batch normalisation written here, as PyTorch has them
_STAGES = ((16, 1), (32, 2), (64, 2))  # ResNet-20: maps and first stride of each stage of three blocks


def random_images(network: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels that a network takes: uint8 (count, h, w, c) and int64 (count,); always the same."""
    shape, classes = SHAPES[network]
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, *shape), np.uint8), rng.integers(0, classes, count)


def for_keras(network: str) -> keras.Model:
    """Build a network of `SHAPES` for Keras, with new weights; its outputs are class probabilities."""
    import keras

    from cnnlib.models import AlexNet, LeNet5

    builders = {
        "lenet5": LeNet5,
        "alexnet": AlexNet,
        "resnet20": _keras_resnet20,
        "resnet50": lambda: keras.applications.ResNet50(weights=None),
        "vgg16": lambda: keras.applications.VGG16(weights=None),
    }
    return builders[network]()


def for_torch(network: str) -> torch.nn.Module:
    """Build a network of `SHAPES` for PyTorch, with new weights; its outputs are logits.

    Raises:
        KeyError: the network is not written for PyTorch.
    """
    return {"lenet5": _torch_lenet5, "resnet20": _torch_resnet20, "resnet50": _torch_resnet50}[network]()


def _keras_resnet20() -> keras.Model:
    """ResNet-20 with shortcuts of option A: every second pixel, and zeros for the maps that are new.

    Source: He et al. 2016, section 4.2.
    """
    import keras
    from keras import layers, ops

    class Shortcut(layers.Layer):
        """Option A's shortcut between stages."""

        def __init__(self, maps: int):
            super().__init__()
            self.maps = maps

        def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
            new = self.maps - x.shape[-1]
            return ops.pad(x[:, ::2, ::2, :], ((0, 0), (0, 0), (0, 0), (new // 2, new - new // 2)))

    def convolution(x: keras.KerasTensor, maps: int, stride: int = 1) -> keras.KerasTensor:
        # Keras pads a stride of two on one side only; the paper, as PyTorch, pads both sides alike.
        x = layers.ZeroPadding2D(1)(x) if stride > 1 else x
        padding = "valid" if stride > 1 else "same"
        x = layers.Conv2D(maps, 3, stride, padding, use_bias=False, kernel_initializer="he_normal")(x)
        return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON)(x)

    image = keras.Input(SHAPES["resnet20"][0])
    x = layers.ReLU()(convolution(image, _STAGES[0][0]))
    for maps, first_stride in _STAGES:
        for stride in (first_stride, 1, 1):
            y = layers.ReLU()(convolution(x, maps, stride))
            y = convolution(y, maps)
            x = layers.ReLU()(layers.Add()([y, x if stride == 1 else Shortcut(maps)(x)]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x), name="resnet20")


def _torch_lenet5() -> torch.nn.Module:
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def _torch_block(body: torch.nn.Module, shortcut: torch.nn.Module) -> torch.nn.Module:
    """The rectified sum of two branches."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shortcut, self.body = shortcut, body

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.relu(self.body(x) + self.shortcut(x))

    return Block()


def _torch_resnet20() -> torch.nn.Module:
    """As `_keras_resnet20`."""
    from torch import nn

    class Shortcut(nn.Module):
        def __init__(self, new: int):
            super().__init__()
            self.new = new

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            half = self.new // 2
            return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, self.new - half))

    def convolution(inputs: int, maps: int, stride: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(inputs, maps, 3, stride, 1, bias=False), nn.BatchNorm2d(maps, EPSILON)]

    parts = [*convolution(3, _STAGES[0][0]), nn.ReLU()]
    inputs = _STAGES[0][0]
    for maps, first_stride in _STAGES:
        for stride in (first_stride, 1, 1):
            body = nn.Sequential(*convolution(inputs, maps, stride), nn.ReLU(), *convolution(maps, maps))
            parts.append(_torch_block(body, nn.Identity() if stride == 1 else Shortcut(maps - inputs)))
            inputs = maps
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def _torch_resnet50() -> torch.nn.Module:
    """As `keras.applications.ResNet50`: biases in the convolutions, the stride in a block's first one."""
    from torch import nn

    def convolution(inputs: int, maps: int, side: int, stride: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(inputs, maps, side, stride, side // 2), nn.BatchNorm2d(maps, 1.001e-5)]

    parts = [*convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for maps, blocks in zip((64, 128, 256, 512), (3, 4, 6, 3), strict=True):
        for block in range(blocks):
            stride = 2 if block == 0 and maps > 64 else 1
            body = nn.Sequential(
                *(*convolution(inputs, maps, 1, stride), nn.ReLU()),
                *(*convolution(maps, maps, 3), nn.ReLU()),
                *convolution(maps, 4 * maps, 1),
            )
            first = nn.Sequential(*convolution(inputs, 4 * maps, 1, stride))
            parts.append(_torch_block(body, first if block == 0 else nn.Identity()))
            inputs = 4 * maps
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000))
