"""VGG: the six configurations from one table."""

from pathlib import Path

import keras
from keras import layers
from keras.initializers import Initializer, RandomNormal

from cnnlib.layers import LocalResponseNormalization
from cnnlib.models.building import check, finish, pooled, scaled, variant

# For each of the five blocks, the sides of the kernels of its convolutions; "LRN" is a normalisation. A
# pooling of 2x2 ends every block (Simonyan and Zisserman 2015, table 1).
CONFIGURATIONS: dict[str, tuple[tuple[int | str, ...], ...]] = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "A-LRN": ((3, "LRN"), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
# Maps of the convolutions in each block, units of fc1 and fc2.
MAPS, UNITS = (64, 128, 256, 512, 512), 4096


def VGG(  # noqa: N802 - a network is called as its paper calls it
    config: str = "D",
    include_top: bool = True,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | None = "softmax",
    name: str | None = None,
    *,
    width: float = 1.0,
    initializer: str | Initializer = "glorot_uniform",
) -> keras.Model:
    """One of the six networks of the paper: D is VGG16, E is VGG19.

    The order and names of the layers are those of `keras.applications`, so that
    `VGG16().set_weights(keras.applications.VGG16().get_weights())` gives the network trained on ImageNet; it
    wants images prepared by `keras.applications.vgg16.preprocess_input`. The paper's dropout after fc1 and
    fc2, which `keras.applications` leaves out, has no weights and acts in training alone.

    Arguments are those of every network, see `cnnlib.models`; images are at least 32 high and wide, and with
    the top of a fixed size.

    Other Parameters:
        config: a column of the paper's table 1, a key of `CONFIGURATIONS`.
        name: None calls the model vgg_ and its configuration.
        initializer: of all weights; biases start at 0. The paper took "paper", a normal distribution of
            variance 0.01, for net A and started deeper nets from it; it later found that Glorot and Bengio's
            makes this unnecessary.

    Source: Simonyan and Zisserman 2015, section 2 and table 1; section 3.1 for the initial weights.
    """
    if config not in CONFIGURATIONS:
        raise ValueError(f"config must be one of {', '.join(CONFIGURATIONS)}, not {config!r}.")
    activation = classifier_activation
    check(input_shape, classes, weights, width, pooling, activation, smallest=32, fixed=include_top)
    x = image = keras.Input(input_shape, name="image")
    for block, (kinds, maps) in enumerate(zip(CONFIGURATIONS[config], MAPS, strict=True), start=1):
        for number, kind in enumerate(kinds, start=1):
            if kind == "LRN":
                x = LocalResponseNormalization(name=f"block{block}_lrn")(x)
                continue
            x = layers.Conv2D(
                scaled(maps, width),
                kind,
                padding="same",
                activation="relu",
                kernel_initializer=_fresh(initializer),
                name=f"block{block}_conv{number}",
            )(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        for number in (1, 2):
            x = _dense(f"fc{number}", scaled(UNITS, width), "relu", initializer)(x)
            x = layers.Dropout(0.5, name=f"drop{number}")(x)
        x = _dense("predictions", classes, activation, initializer)(x)
    else:
        x = pooled(x, pooling)
    return finish(image, x, name or f"vgg_{config}".lower().replace("-", "_"), weights)


VGG11 = variant("VGG11", VGG, "A", name="vgg11")
VGG13 = variant("VGG13", VGG, "B", name="vgg13")
VGG16 = variant("VGG16", VGG, "D", name="vgg16")
VGG19 = variant("VGG19", VGG, "E", name="vgg19")


def _dense(name: str, units: int, activation: str | None, initializer: str | Initializer) -> layers.Dense:
    return layers.Dense(units, activation=activation, kernel_initializer=_fresh(initializer), name=name)


def _fresh(initializer: str | Initializer) -> Initializer:
    """An initialiser for one layer alone: Keras repeats its draw when two layers share one."""
    if initializer == "paper":
        return RandomNormal(stddev=0.1)
    if isinstance(initializer, Initializer):
        return initializer.clone()
    return keras.initializers.get(initializer)
