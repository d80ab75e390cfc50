"""Build, train and measure the classic convolutional networks in Keras 3."""

__version__ = "0.1.0"
