"""From stored pixels, 0 to 255, to what a network is fed; works inside the compiled step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import ops

NAMES = ("unit", "lecun1998", "mean_rgb", "mean_bgr", "mean_image", "standard", "as_is")

# LeCun et al. 1998, section II-B: what white and black become, and the side of the input with its border.
BACKGROUND, INK, LENET_SIDE = -0.1, 1.175, 32
VALUES_PER_CHUNK = 2**24  # 128 MiB of float64


@dataclass(frozen=True, eq=False)
class Pixels:
    """A preparation of pixels; `build` makes it.

    Attributes:
        name: one of `NAMES`.
        measured: what was measured on the training images, by name: "mean" (c,) or (h, w, c) and "deviation"
            (c,), float32, in levels of 0 to 255 and with red first. The preparation is made again from its
            name and this: that of a network trained before goes with the network to other images.
    """

    name: str
    measured: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def span(self) -> float | np.ndarray:
        """What the step from black to white becomes: one value, or one for each channel (c,)."""
        if self.name == "standard":
            return 255 / self.measured["deviation"]
        return {"unit": 1.0, "lecun1998": INK - BACKGROUND}.get(self.name, 255.0)

    def ordered(self, images: np.ndarray) -> np.ndarray:
        """Images (n, h, w, c) with their channels in the order of the prepared ones, levels as they are."""
        return images[..., ::-1] if self.name == "mean_bgr" else images

    def described(self) -> dict:
        """The preparation as plain data, for records and hashes."""
        return {"name": self.name} | {key: value.tolist() for key, value in self.measured.items()}

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the (height, width, channels) that images of such a shape are turned into."""
        border = 2 * self._border(shape[0])
        return shape[0] + border, shape[1] + border, shape[2]

    def __call__(self, images: np.ndarray | keras.KerasTensor) -> keras.KerasTensor:
        """Turn uint8 images (b, h, w, c) into the float32 input of a network."""
        images = ops.cast(ops.convert_to_tensor(images), "float32")
        if self.name == "as_is":
            return images
        if self.name == "unit":
            return images / 255
        if self.name == "lecun1998":
            edges = (self._border(images.shape[1]),) * 2
            scaled = images / 255 * self.span + BACKGROUND
            return ops.pad(scaled, ((0, 0), edges, edges, (0, 0)), constant_values=BACKGROUND)
        centred = images - ops.convert_to_tensor(self.measured["mean"])
        if self.name == "standard":
            return centred / ops.convert_to_tensor(self.measured["deviation"])
        return ops.flip(centred, axis=-1) if self.name == "mean_bgr" else centred

    def _border(self, height: int) -> int:
        """Pixels added on each side."""
        return (LENET_SIDE - height) // 2 if self.name == "lecun1998" else 0


def build(name: str, train: np.ndarray) -> Pixels:
    """Make a preparation of pixels, measured on training images.

    Args:
        name: "unit": 0 to 1;
            "lecun1998": background -0.1, ink 1.175, in a field of 32 x 32 (LeCun et al. 1998, section II-B);
            "mean_rgb": levels minus the mean of each channel (Simonyan and Zisserman 2014, section 2.1);
            "mean_bgr": the same, then the channels turned round, blue first, as Caffe's networks want them;
            "mean_image": levels minus the mean image (Krizhevsky et al. 2012, section 2; He et al. 2015,
            section 3.4: "per-pixel mean subtracted");
            "standard": levels minus the mean of each channel, by its standard deviation;
            "as_is": levels 0 to 255 as they are, for networks that prepare pixels themselves.
        train: uint8 (n, height, width, c) to measure on, training images alone. A sample will do where the
            set is larger than memory.

    Raises:
        ValueError: the name is unknown, `train` holds no uint8 images, or "standard" finds a channel with
            but one level.
    """
    if name not in NAMES:
        raise ValueError(f"Unknown pixels {name!r}: use one of {', '.join(NAMES)}.")
    if train.dtype != np.uint8 or train.ndim != 4 or not len(train):
        raise ValueError(
            f"Pixels are measured on uint8 images (n, height, width, channels); got {train.dtype} of shape "
            f"{train.shape}."
        )
    if name in ("unit", "lecun1998", "as_is"):
        return Pixels(name)
    mean = sum(chunk.sum(axis=0) for chunk in chunks(train)) / len(train)
    if name != "mean_image":
        mean = mean.mean(axis=(0, 1))
    measured = {"mean": mean}
    if name == "standard":
        squares = sum(((chunk - mean) ** 2).sum(axis=(0, 1, 2)) for chunk in chunks(train))
        deviation = measured["deviation"] = np.sqrt(squares / (train.size // train.shape[-1]))
        if not deviation.all():
            raise ValueError(
                "Pixels 'standard' divide by each channel's standard deviation, and channel "
                f"{int(deviation.argmin())} has the same level everywhere in these {len(train):,} images: "
                "use 'mean_rgb', or measure on more images."
            )
    return Pixels(name, {key: value.astype("float32") for key, value in measured.items()})


def chunks(images: np.ndarray) -> Iterator[np.ndarray]:
    """Some images at a time, as float64: the whole set would take eight times its memory."""
    per_chunk = max(1, VALUES_PER_CHUNK // images[0].size)
    for start in range(0, len(images), per_chunk):
        yield images[start : start + per_chunk].astype("float64")
