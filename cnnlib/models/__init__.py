"""Builders of the networks. They know nothing of data, training or the papers' figures."""

from cnnlib.models.alexnet import AlexNet, CudaConvnet
from cnnlib.models.inception import GoogLeNet, inception_module, without_aux_heads
from cnnlib.models.lenet import LeNet5, LeNet5Original
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
    "CudaConvnet",
    "GoogLeNet",
    "LeNet5",
    "LeNet5Original",
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
