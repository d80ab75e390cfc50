"""Builders of the networks. They know nothing of data, training or the papers' figures."""

from cnnlib.models.alexnet import AlexNet, CudaConvnet
from cnnlib.models.lenet import LeNet5, LeNet5Original
from cnnlib.models.vgg import VGG, VGG11, VGG13, VGG16, VGG19, dense_evaluation, initialise_from

__all__ = [
    "VGG",
    "VGG11",
    "VGG13",
    "VGG16",
    "VGG19",
    "AlexNet",
    "CudaConvnet",
    "LeNet5",
    "LeNet5Original",
    "dense_evaluation",
    "initialise_from",
]
