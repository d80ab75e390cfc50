"""Builders of the networks. They know nothing of data, training or the papers' figures.

Every network takes the following, under the names that `keras.applications` has for them. It is a model from
images (batch, height, width, channels) to (batch, classes), or without its top to its last maps.

Args:
    include_top: keep the classifier; without it the output is the last maps.
    weights: None for new ones, or the path of a weights file to load.
    input_shape: (height, width, channels); a network that takes images of any size has sides of None.
    pooling: without the top, what becomes of the last maps: None leaves them, "avg" and "max" pool each to
        one number.
    classes: units of the output layer.
    classifier_activation: activation of the output layer; None returns logits.
    name: name of the model.
    width: factor on the maps and units of every hidden layer.

Raises:
    ValueError: one of them is not what it must be: see `cnnlib.models.building.check`.
"""

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
from cnnlib.models.squeezenet import SqueezeNet
from cnnlib.models.vgg import VGG, VGG11, VGG13, VGG16, VGG19

# The builders and blocks imported above.
_found = [(name, getattr(thing, "__module__", "")) for name, thing in vars().items()]
__all__ = [name for name, module in _found if module.startswith("cnnlib.models.")]


def add(builder: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
    """Let a network of another package stand here too, where recipes and weights find it by its name."""
    globals()[builder.__name__] = builder
    __all__.append(builder.__name__)
    return builder


extras.collect("models")
