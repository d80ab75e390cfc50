"""What the builders share: arguments checked, widths scaled, weights loaded."""

from __future__ import annotations

from pathlib import Path

import keras


def check(
    input_shape: tuple[int | None, ...],
    classes: int,
    weights: str | Path | None,
    width: float = 1.0,
    *,
    smallest: int,
    fixed: bool = True,
) -> None:
    """Refuse arguments that no network can be built from.

    Args:
        input_shape: (height, width, channels).
        classes: units of the output layer.
        weights: None or the path of a weights file.
        width: factor on the number of maps and units.
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
    if width <= 0:
        raise ValueError(f"width must be a factor above 0, not {width}.")
    if weights is not None and not Path(weights).is_file():
        raise ValueError(f"weights must be None or the path of a weights file; there is no file {weights}.")


def scaled(maps: int, width: float) -> int:
    """Maps of a layer in a network `width` times as wide: the nearest number, at least one."""
    return max(1, round(maps * width))


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
