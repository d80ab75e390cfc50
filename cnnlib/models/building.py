"""What the builders share: arguments checked, widths scaled, weights loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import layers

_IMAGENET = (
    " Weights trained on ImageNet are loaded by cnnlib.pretrained. Those of keras.applications go into a "
    "VGG16 or VGG19 by set_weights(keras.applications.VGG16().get_weights()), and into a ResNet by "
    "models.from_keras_applications(keras.applications.ResNet50())."
)


def check(
    input_shape: tuple[int | None, ...],
    classes: int,
    weights: str | Path | None,
    width: float = 1.0,
    pooling: str | None = None,
    activation: Any = None,
    *,
    smallest: int,
    fixed: bool = True,
) -> None:
    """Refuse arguments that no network can be built from; `cnnlib.models` says what they are.

    Other Parameters:
        smallest: height and width below which the network has no map left.
        fixed: refuse sides of None, which take images of any size.

    Raises:
        ValueError: one of them is not what it must be; the message says which and why.
    """
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "Keras is set to channels_first, in its keras.json or by set_image_data_format, and these "
            'networks take channels last: set "image_data_format": "channels_last".'
        )
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (height, width, channels), not {input_shape}.")
    if fixed and None in input_shape:
        raise ValueError(f"input_shape {input_shape}: this network needs a fixed size; give every side one.")
    if any(side is not None and side < smallest for side in input_shape[:2]):
        raise ValueError(
            f"input_shape {input_shape} is too small: height and width must be at least {smallest}."
        )
    if classes < 1:
        raise ValueError(f"classes must be at least 1, not {classes}.")
    if classes == 1 and activation == "softmax":
        raise ValueError("A softmax of a single unit is always 1: give classes=2 for two classes.")
    if width <= 0:
        raise ValueError(f"width must be a factor above 0, not {width}.")
    if pooling not in (None, "avg", "max"):
        raise ValueError(f'pooling must be None, "avg" or "max", not {pooling!r}.')
    if weights is not None and not Path(weights).is_file():
        raise ValueError(
            f"weights must be None or the path of a weights file; there is no file {weights}."
            + (_IMAGENET if weights == "imagenet" else "")
        )


def scaled(maps: int, width: float) -> int:
    """Maps of a layer in a network `width` times as wide: the nearest number, at least one."""
    return max(1, round(maps * width))


def pooled(x: keras.KerasTensor, pooling: str | None) -> keras.KerasTensor:
    """The last maps of a network without its top: as they are, or one number of each."""
    if pooling is None:
        return x
    kind = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
    return kind(name=f"{pooling}_pool")(x)


def finish(
    image: keras.KerasTensor, output: keras.KerasTensor, name: str, weights: str | Path | None
) -> keras.Model:
    """Make the model, with the weights of a file if one is given.

    Raises:
        ValueError: the file holds no weights, or those of another network.
    """
    model = keras.Model(image, output, name=name)
    if weights is not None:
        try:
            model.load_weights(weights)
        except (OSError, ValueError) as problem:
            # Keras adds the values of the weights.
            reason = " ".join(str(problem).partition("Target variable:")[0].split())
            raise ValueError(
                f"{weights} does not hold the weights of {name} as it is built here. Give the arguments that "
                f"the file was written with (classes, width and so on). Keras says: {reason}"
            ) from problem
    return model


def variant(
    called: str, build: Callable[..., keras.Model], config: str | int, **fixed: Any
) -> Callable[..., keras.Model]:
    """A builder called so: `build(config, include_top, ...)`, all other settings by name."""

    def built(include_top: bool = True, **settings: Any) -> keras.Model:
        return build(config, include_top, **{**fixed, **settings})

    built.__name__ = built.__qualname__ = called
    said = "".join(f", {name}={value!r}" for name, value in fixed.items())
    built.__doc__ = f"`{build.__name__}({config!r}, include_top{said}, ...)`, with the same settings by name."
    return built
