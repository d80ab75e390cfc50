"""A trained network without its classifier, a new classifier, and features that are computed once."""

import contextlib
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from cnnlib.data import Split
from cnnlib.data.folders import PictureFolder
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import View
from cnnlib.structure import NEW, before_classifier, find_classifier, has_graph, say

# Counted up when features are computed otherwise from the same network and images.
_VERSION = 2
_BYTES_AT_A_TIME = 2**24
_POOLINGS: dict[str, type[keras.Layer]] = {
    "avg": layers.GlobalAveragePooling2D,
    "max": layers.GlobalMaxPooling2D,
    "flatten": layers.Flatten,
}


def feature_extractor(
    model: keras.Model,
    layer: str | None = None,
    pooling: str | None = "avg",
    *,
    classifier: str | None = None,
) -> keras.Model:
    """A network without its classifier, frozen.

    The classifier is found from the structure (`cnnlib.structure.find_classifier`); a warning says
    what was taken for it where that is not dense layers at the end. Of several outputs the main one counts.

    Args:
        model: a trained network, of this package, of `keras.applications` or of your own; it stays as it is.
        layer: name of the layer whose output the features are; None takes all before the classifier.
        pooling: what becomes of maps: "avg" and "max" make one number of each, "flatten" puts all of their
            numbers into a row, None leaves them.
        classifier: name of the first layer of the classifier; None finds it.

    Returns:
        A new model with copies of the weights, from the same images to (batch, features), or with a pooling
        of None to (batch, height, width, maps). `cnnlib.transfer.freeze` thaws it again.

    Raises:
        ValueError: the model keeps no graph of its layers, has no layer of that name, nothing before its
            classifier, or an unknown pooling.
    """
    if pooling is not None and pooling not in _POOLINGS:
        raise ValueError(f"pooling must be None or one of {', '.join(_POOLINGS)}, not {pooling!r}.")
    if not has_graph(model):
        raise ValueError(
            f"{model.name} keeps no graph of its layers, so nothing can be taken out of it: make it a "
            "Sequential or functional model."
        )
    if layer is None:
        say(find_classifier(model, classifier))
        features = before_classifier(model, classifier)
    elif layer in (names := [each.name for each in model.layers]):
        features = model.get_layer(layer).output
    else:
        raise ValueError(f"{model.name} has no layer {layer!r}; it has {', '.join(names)}.")
    if len(features.shape) == 4 and pooling is not None:
        features = _POOLINGS[pooling](name=f"features_{pooling}")(features)
    images = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    part = keras.Model(images, features, name=f"{model.name}_features")
    copied = keras.models.clone_model(part)
    copied.set_weights(part.get_weights())
    copied.trainable = False
    return copied


def classifier(features: int, classes: int) -> keras.Model:
    """A new classifier of features: one dense layer with a softmax and new weights.

    Args:
        features: how many numbers it takes for each image.
        classes: units of its output layer.

    Returns:
        A model from (batch, features) to (batch, classes).

    Raises:
        ValueError: no features, or not two classes.
    """
    if features < 1 or classes < 2:
        raise ValueError(
            f"A classifier needs features and at least two classes, not {features} and {classes} of them."
        )
    given = keras.Input((features,), name=f"{NEW}features")
    scores = layers.Dense(classes, activation="softmax", name=f"{NEW}predictions")(given)
    return keras.Model(given, scores, name=f"{NEW}classifier")


def attach(extractor: keras.Model, head: keras.Model) -> keras.Model:
    """Put a classifier behind a feature extractor; the result shares the layers and weights of both.

    Args:
        extractor: from images to (batch, features), see `feature_extractor`.
        head: from (batch, features) to (batch, classes): a `classifier`, or a chain of layers of your own.

    Returns:
        A model from images to (batch, classes), whose layers are those of both, one beside the other.

    Raises:
        ValueError: the one does not fit the other.
    """
    given, taken = tuple(extractor.output_shape[1:]), tuple(head.input_shape[1:])
    if given != taken:
        raise ValueError(
            f"{extractor.name} gives {given} for each image and {head.name} takes {taken}: extract with a "
            f"pooling and make the classifier by classifier({given[-1]}, ...)."
        )
    x = extractor.output
    for layer in head.layers:
        if not isinstance(layer, layers.InputLayer):
            x = layer(x)
    return keras.Model(extractor.input, x, name=extractor.name.removesuffix("_features") + "_transferred")


def features(
    extractor: keras.Model,
    images: Split | PictureFolder | np.ndarray,
    pixels: Pixels | None = None,
    *,
    view: View | None = None,
    folder: str | os.PathLike | None = None,
) -> np.ndarray:
    """The features of images, computed once and then read from a file.

    The file is named by a hash of all that features follow from: the network's layers and weights, the
    images, and how they are prepared. So a file of something else is never read, and one that is damaged is
    computed anew.

    Args:
        extractor: see `feature_extractor`; dropout and the like do nothing.
        images: uint8 (n, height, width, channels), a split of them, or a folder of pictures.
        pixels: how they are prepared: as for the network's own training; None leaves them to its layers.
        view: how a picture of a folder becomes an image; one that draws nothing at random.
        folder: to keep the file in; None keeps nothing.

    Returns:
        (n, features) float32, the same whether they were computed or read.

    Raises:
        ValueError: a folder of pictures without a view, a view that is random or gives several images, or
            features that are not finite.
    """
    if isinstance(images, PictureFolder) and (view is None or view.draw(np.random.default_rng(0), 1).size):
        raise ValueError(
            "A folder of pictures needs a view that draws nothing, such as data.views.CentreView(224), since "
            "features are computed once."
        )
    pixels = pixels or Pixels("as_is")
    images = images.x if isinstance(images, Split) else images
    if folder is None:
        return _computed(extractor, images, pixels, view)
    key = features_key(extractor, images, pixels, view=view)
    file = Path(folder) / f"features-{key[:32]}.npz"
    none_or_damaged = contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
    with none_or_damaged, np.load(file, allow_pickle=False) as kept:
        if str(kept["key"]) == key:
            return kept["features"]
    found = _computed(extractor, images, pixels, view)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")  # another process may read the file
    try:
        with partial.open("wb") as out:
            np.savez(out, features=found, key=np.array(key))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return found


def features_key(
    extractor: keras.Model, images: PictureFolder | np.ndarray, pixels: Pixels, *, view: View | None = None
) -> str:
    """SHA-256, in hexadecimal digits, of all that features follow from; names of layers are none of it."""
    total = hashlib.sha256(f"{_VERSION} {view!r}\n".encode())
    total.update(json.dumps(pixels.described(), sort_keys=True).encode())
    total.update(_structure(extractor).encode())
    for weight in extractor.weights:
        values = np.ascontiguousarray(ops.convert_to_numpy(weight.value))
        total.update(f"{values.shape} {values.dtype}\n".encode())
        total.update(values.tobytes())
    if isinstance(images, PictureFolder):
        total.update(f"{images.channels} channels\n".encode())
        for path in images.paths:
            total.update(hashlib.sha256((images.root / path).read_bytes()).digest())
    else:
        total.update(f"{images.shape} {images.dtype}\n".encode())
        total.update(np.ascontiguousarray(images).tobytes())
    return total.hexdigest()


def _structure(model: keras.Model) -> str:
    """A model's configuration with numbers for the names of its layers, which Keras may count up anew."""
    config = json.dumps({**model.get_config(), "name": ""}, sort_keys=True, default=str)
    numbers = {layer.name: f"layer {place}" for place, layer in enumerate(model.layers)}
    named = r'(?<="name": ")[^"]+(?=")|(?<=\[")[^"]+(?=", \d+, \d+\])'
    text = re.sub(named, lambda found: numbers.get(found[0], found[0]), config)
    return re.sub(r'"trainable": (true|false)', "", text)


def _computed(
    extractor: keras.Model, images: PictureFolder | np.ndarray, pixels: Pixels, view: View | None
) -> np.ndarray:
    batches = (ops.convert_to_numpy(pixels(batch)) for batch in _batches(images, view))
    found = np.concatenate([extractor.predict_on_batch(batch) for batch in batches]).astype("float32")
    if not np.isfinite(found).all():
        raise ValueError("Features are not finite: look at the network's weights, and at the pixels.")
    return found


def _batches(images: PictureFolder | np.ndarray, view: Any) -> Iterator[np.ndarray]:
    """All images in their order, uint8 (b, height, width, channels)."""
    size = 64 if isinstance(images, PictureFolder) else max(1, _BYTES_AT_A_TIME // images[0].size)
    for start in range(0, len(images), size):
        if not isinstance(images, PictureFolder):
            yield images[start : start + size]
            continue
        chosen = range(start, min(start + size, len(images)))
        seen = [view(images.read(place), np.zeros(0, "float32")) for place in chosen]
        if seen[0].ndim != 3:
            raise ValueError("A view for features gives one image of each picture, such as CentreView(224).")
        yield np.stack(seen)
