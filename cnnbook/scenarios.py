"""How much of a trained network to keep for new images: the chapter's four scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from cnnlib.data import Split
from cnnlib.transfer.freezing import how_many, pretrained_layers
from cnnlib.weights import Pretrained

LARGE = 10_000
"""Images from which a set counts as large. The chapter gives no number; this is our own choice."""

_SIMILAR = {"similar": True, "different": False, "very different": False}
# Level, shares of the weight layers to freeze, the share to begin with, reason.
_LEVELS: dict[int, tuple[str, tuple[float, float], float, str]] = {
    1: (
        "feature extractor",
        (1.0, 1.0),
        1.0,
        "Even the last features fit images like those the network learned from, and the more of it learns, "
        "the better it can learn so few images by heart.",
    ),
    2: (
        "freeze 60 to 80 %",
        (0.6, 0.8),
        0.7,
        "The last features nearly fit, and there are enough images to bring them closer without learning "
        "these by heart.",
    ),
    3: (
        "freeze a third to a half",
        (1 / 3, 1 / 2),
        5 / 12,
        "The first features fit any images, the last ones only images like the old; with so few new ones, "
        "all the layers would learn them by heart.",
    ),
    4: (
        "fine-tune everything",
        (0.0, 0.0),
        0.0,
        "There are enough images to adapt all layers, and the old weights are a better start than random "
        "ones.",
    ),
}
# The same in the words of the chapter's table 6.1.
_TABLE = {
    1: "feature extractor",
    2: "fine-tune the full network",
    3: "fine-tune from activations earlier in the network",
    4: "fine-tune everything",
}
_CONTRADICTIONS = {
    2: "The chapter's text freezes 60 to 80 % and calls it not needed to fine-tune the whole network; its "
    "table fine-tunes the whole. Yosinski et al. 2014 gained by fine-tuning all layers on much data.",
}


@dataclass(frozen=True)
class Advice:
    """A level of transfer learning, and why.

    Attributes:
        scenario: 1 to 4, as the chapter numbers them.
        level: what to do, in words.
        shares: least and most to freeze, as shares of the weight layers before the classifier.
        until: the share to begin with, for `cnnlib.transfer.freeze`.
        reason: why.
        table: what the chapter's table says of this scenario.
        contradiction: where the chapter's text and table disagree, how; else empty.
        border: what was said of the number of images.
        network: name of the network the layers are of; None without one.
        frozen: names of the weight layers that `freeze(model, until)` freezes.
        trained: names of the other weight layers before the classifier.
        counts: least and most weight layers to freeze; None without a network.
    """

    scenario: int
    level: str
    shares: tuple[float, float]
    until: float
    reason: str
    table: str
    contradiction: str
    border: str
    network: str | None = None
    frozen: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    counts: tuple[int, int] | None = None

    def __str__(self) -> str:
        """Say all of it, a line for each part."""
        lines = [f"Scenario {self.scenario}: {self.level}. {self.reason}", self.border]
        if self.counts is not None:
            least, most = self.counts
            count = str(least) if least == most else f"{least} to {most}"
            total = len(self.frozen) + len(self.trained)
            lines.append(f"In {self.network}: freeze {count} of {total} weight layers before the classifier.")
            if self.frozen:
                lines.append(f"To begin with, freeze until {self.frozen[-1]}.")
        return "\n".join([*lines, *([self.contradiction] if self.contradiction else [])])


def advise(n_images: int, similarity: str, model: keras.Model | None = None, *, large: int = LARGE) -> Advice:
    """Name the level of transfer learning that the chapter's rules of thumb give.

    Rules of thumb: whether they win on your images is for a measurement to say.

    Args:
        n_images: training images of the new problem.
        similarity: of the new images to those that the network learned from: "similar" or "different".
        model: the network, trained or not, to name its layers.
        large: from how many images on a set is large.

    Raises:
        ValueError: no images, or another word for the similarity.
    """
    if n_images < 1:
        raise ValueError(f"n_images must be at least 1, not {n_images}.")
    if similarity not in _SIMILAR:
        raise ValueError(f"similarity must be one of {', '.join(_SIMILAR)}, not {similarity!r}.")
    scenario = (1 if _SIMILAR[similarity] else 3) + (n_images >= large)
    level, shares, until, reason = _LEVELS[scenario]
    return Advice(
        scenario=scenario,
        level=level,
        shares=shares,
        until=until,
        reason=reason,
        table=_TABLE[scenario],
        contradiction=_CONTRADICTIONS.get(scenario, ""),
        border=_border(n_images, large),
        **({} if model is None else _of(model, shares, until)),
    )


def _of(model: keras.Model, shares: tuple[float, float], until: float) -> dict:
    """What the advice means for a network."""
    names = tuple(layer.name for layer in pretrained_layers(model))
    frozen = how_many(model, until)
    return {
        "network": model.name,
        "frozen": names[:frozen],
        "trained": names[frozen:],
        "counts": (how_many(model, shares[0]), how_many(model, shares[1])),
    }


def _border(n_images: int, large: int) -> str:
    size = "large" if n_images >= large else "small"
    near = " It is close to that border: try both." if large / 2 <= n_images < 2 * large else ""
    return f"{n_images:,} images count as {size}, since the border was put at {large:,}.{near}"


def as_colour(images: Split, side: int = 32) -> Split:
    """Put small images into the middle of black squares, grey ones as three equal channels.

    Args:
        images: uint8 (n, height, width, 1 or 3), at most `side` high and wide.
        side: of the squares in pixels.

    Returns:
        Images (n, side, side, 3) with the same labels.

    Raises:
        ValueError: images of another kind, or larger ones.
    """
    height, width, channels = images.x.shape[1:]
    if height > side or width > side or channels not in (1, 3):
        raise ValueError(
            f"Images of {height} x {width} x {channels} do not fit into squares of {side} x {side} x 3: make "
            "them smaller, as cnnlib.data.in_memory does with a folder of pictures."
        )
    top, left = (side - height) // 2, (side - width) // 2
    edges = ((0, 0), (top, side - height - top), (left, side - width - left), (0, 0))
    return Split(np.repeat(np.pad(images.x, edges), 3 // channels, axis=-1), images.y)


def distances(pretrained: Pretrained, images: np.ndarray) -> list[float]:
    r"""Say how far images are from those that a network with batch normalisation has learned from.

    The moving statistics of a normalised layer are mean and deviation of each of its channels over the old
    images. With those of the new ones, a channel's distance is that of two normal distributions (Fréchet), in
    units of the old deviation: sqrt((m' - m)^2 + (s' - s)^2) / s. No labels are needed, and no old image.

    Args:
        pretrained: the network (`cnnlib.weights.load`).
        images: (n, height, width, 3), uint8, of the network's size.

    Returns:
        For each normalised layer in the network's order the mean over its channels.

    Raises:
        ValueError: the network has no batch normalisation.
    """
    model = pretrained.model
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        raise ValueError(f"{model.name} has no batch normalisation, so it remembers nothing of its images.")
    inside = keras.Model(model.input, [norm.input for norm in norms])
    found = []
    for norm, x in zip(norms, inside.predict(pretrained.pixels(images), verbose=0), strict=True):
        old = ops.convert_to_numpy(norm.moving_mean)
        spread = np.sqrt(ops.convert_to_numpy(norm.moving_variance))
        gap = np.hypot(x.mean(axis=(0, 1, 2)) - old, x.std(axis=(0, 1, 2)) - spread)
        found.append(float(np.mean(gap / spread)))
    return found
