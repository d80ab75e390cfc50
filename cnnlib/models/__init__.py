"""Builders of the networks. They know nothing of data, training or the papers' figures."""

from cnnlib.models.lenet import LeNet5, LeNet5Original

__all__ = ["LeNet5", "LeNet5Original"]
