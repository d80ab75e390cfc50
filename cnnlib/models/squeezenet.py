"""SqueezeNet 1.1, a small network without a section of its own: its ImageNet weights are easy to have."""

from pathlib import Path

import keras
from keras import layers

from cnnlib.models.building import check, finish, pooled, scaled

# Maps of the fire modules: those of the squeezing 1x1, and of each of the two expanding convolutions. A pool
# follows the modules of each group but the last.
FIRES: tuple[dict[str, tuple[int, int]], ...] = (
    {"fire2": (16, 64), "fire3": (16, 64)},
    {"fire4": (32, 128), "fire5": (32, 128)},
    {"fire6": (48, 192), "fire7": (48, 192), "fire8": (64, 256), "fire9": (64, 256)},
)


def SqueezeNet(  # noqa: N802 - a network is called as its paper calls it
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (227, 227, 3),
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | None = "softmax",
    name: str = "squeezenet",
    *,
    width: float = 1.0,
) -> keras.Model:
    """SqueezeNet in the version 1.1 of its authors: 1,235,496 parameters, no dense layers.

    The pools take whole windows only, as in the Keras form whose weights `cnnlib.weights` loads; Caffe's
    round up and leave maps one pixel larger. Layers are called as there, with _ for /.

    Arguments are those of every network, see `cnnlib.models`; images are at least 47 high and wide. Here
    `classifier_activation` follows the average, and `width` is a factor on the maps of every layer but the
    last.

    Source: Iandola et al. 2016, sections 3 and 4; the maps of version 1.1 are those of the weights.
    """
    check(input_shape, classes, weights, width, pooling, classifier_activation, smallest=47, fixed=False)
    image = keras.Input(input_shape, name="image")
    x = layers.Conv2D(scaled(64, width), 3, 2, activation="relu", name="conv1")(image)
    for pool, group in zip(("pool1", "pool3", "pool5"), FIRES, strict=True):
        x = layers.MaxPooling2D(3, 2, name=pool)(x)
        for fire, (squeeze, expand) in group.items():
            x = _fire_module(x, scaled(squeeze, width), scaled(expand, width), fire)
    if include_top:
        x = layers.Dropout(0.5, name="drop9")(x)
        x = layers.Conv2D(classes, 1, activation="relu", name="conv10")(x)
        x = layers.GlobalAveragePooling2D(name="pool10")(x)
        x = layers.Activation(classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling)
    return finish(image, x, name, weights)


def _fire_module(x: keras.KerasTensor, squeeze: int, expand: int, name: str) -> keras.KerasTensor:
    """A convolution of 1x1 to few maps, then 1x1 and 3x3 side by side to `expand` maps each (section 3.2)."""
    x = layers.Conv2D(squeeze, 1, activation="relu", name=f"{name}_squeeze1x1")(x)
    branches = [
        layers.Conv2D(expand, side, padding="same", activation="relu", name=f"{name}_expand{side}x{side}")(x)
        for side in (1, 3)
    ]
    return layers.Concatenate(name=f"{name}_concat")(branches)
