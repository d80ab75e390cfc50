"""Builders of the networks. They know nothing of data, training or the papers' figures."""

from collections.abc import Callable

import keras

from cnnlib import extras
from cnnlib.models.alexnet import AlexNet
from cnnlib.models.inception import GoogLeNet, inception_module, without_aux_heads
from cnnlib.models.lenet import LeNet5
from cnnlib.models.resnet import (
    PlainNet18,
    PlainNet34,
    ResNet,
    ResNet18,
    ResNet34,
    ResNet50,
    ResNet101,
    ResNet152,
    ResNetCIFAR,
    basic_block,
    bottleneck_block,
    from_keras_applications,
)
from cnnlib.models.squeezenet import SqueezeNet, fire_module
from cnnlib.models.vgg import VGG, VGG11, VGG13, VGG16, VGG19

__all__ = [
    "VGG",
    "VGG11",
    "VGG13",
    "VGG16",
    "VGG19",
    "AlexNet",
    "GoogLeNet",
    "LeNet5",
    "PlainNet18",
    "PlainNet34",
    "ResNet",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "ResNetCIFAR",
    "SqueezeNet",
    "basic_block",
    "bottleneck_block",
    "fire_module",
    "from_keras_applications",
    "inception_module",
    "without_aux_heads",
]


def add(builder: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
    """Let a network of another package stand here too, where recipes and weights find it by its name."""
    name = builder.__name__
    globals()[name] = builder
    behind = (place for place, other in enumerate(__all__) if other > name and not other.isupper())
    __all__.insert(next(behind, len(__all__)), name)
    return builder


extras.collect("models")
