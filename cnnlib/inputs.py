"""Whether images, labels, preparation, loss and network fit one another: looked at before a training."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import keras
import numpy as np

from cnnlib.data import PictureFolder, Split
from cnnlib.data.pixels import Pixels
from cnnlib.recipe import Recipe
from cnnlib.structure import has_graph, last_activation


class TrainingError(RuntimeError):
    """A training cannot start or go on; the message says why and what to do."""


def check_inputs(
    model: keras.Model,
    recipe: Recipe,
    images: Split | PictureFolder,
    pixels: Pixels | None,
    weights: Sequence | None,
) -> None:
    """Refuse what would train silently on nonsense, or stop in the framework's own words.

    The images are of one split; `pixels` of None are prepared as the recipe says; `weights` are the classes'.

    Raises:
        TrainingError: lengths that differ; labels that are no whole numbers or no outputs of the network; a
            single output; pixels of another type or shape than the network and its preparation take.
    """
    labels = images.labels if isinstance(images, PictureFolder) else np.asarray(images.y)
    classes = outputs_of(model)
    if len(labels) == 0:
        return
    if isinstance(images, Split) and len(images.x) != len(labels):
        raise TrainingError(
            f"{len(images.x)} images have {len(labels)} labels: give one label for each image."
        )
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise TrainingError(f"Labels are whole numbers (n,), not {labels.dtype} of shape {labels.shape}.")
    if classes == 1:
        raise TrainingError(
            f"{model.name} has a single output, and each class wants a score of its own: end it in "
            'Dense(2, activation="softmax") for two classes.'
        )
    if classes is not None and not 0 <= labels.min() <= labels.max() < classes:
        raise TrainingError(
            f"Labels go from {labels.min()} to {labels.max()}, and {model.name} has {classes} outputs, whose "
            f"labels are 0 to {classes - 1}: count the classes from 0, or give the network more outputs."
        )
    if weights is not None and (len(weights) != classes or not all(0 < each < math.inf for each in weights)):
        raise TrainingError(
            f"Give one weight above 0 for each of the {classes} classes, not {list(weights)}."
        )
    if isinstance(images, Split):
        _check_pixels(model, recipe, images.x, pixels)


def _check_pixels(model: keras.Model, recipe: Recipe, x: np.ndarray, pixels: Pixels | None) -> None:
    name = recipe.preparation.pixels if pixels is None else pixels.name
    if x.dtype != np.uint8 and (pixels is None or name != "as_is"):
        low, high = float(np.min(x[:100])), float(np.max(x[:100]))
        raise TrainingError(
            f"Images are {x.dtype} from {low:g} to {high:g}, and the preparation {name!r} takes uint8 from 0 "
            'to 255: convert them, or give prepared ones with pixels=Pixels("as_is").'
        )
    wanted = getattr(model, "input_shape", None)
    if not isinstance(wanted, tuple) or x.ndim != 4 or len(wanted) != 4:
        return
    got = x.shape[1:] if name == "as_is" else Pixels(name).output_shape(x.shape[1:])
    cut = getattr(recipe.preparation.train, "size", None)  # of what its view cuts out, where it does
    whole = all(side in (None, found) for side, found in zip(wanted[1:], got, strict=True))
    if not whole and wanted[1:] != (cut, cut, got[2]):
        raise TrainingError(
            f"{model.name} takes images of {wanted[1:]}, and these are {got} when they are prepared: give it "
            "that input_shape, or images of its own."
        )


def outputs_of(model: keras.Model) -> int | None:
    """How many scores a model gives for each image; None where it does not say."""
    try:
        shape = model.output_shape
    except (AttributeError, ValueError):
        return None
    shape = shape.get("predictions") if isinstance(shape, Mapping) else shape
    return shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None


def with_fitting_loss(recipe: Recipe, model: keras.Model) -> Recipe:
    """The recipe with the cross-entropy of logits where the network gives logits.

    Raises:
        TrainingError: the recipe's loss is that of logits and the network gives probabilities.
    """
    if recipe.loss != "cross_entropy" or not has_graph(model):
        return recipe
    last, of_logits = last_activation(model), recipe.loss_settings.get("from_logits")
    if of_logits and last is keras.activations.softmax:
        raise TrainingError(
            f"The loss of {recipe.name} is that of logits, and {model.name} ends in a softmax: build it with "
            "activation=None, or leave from_logits out."
        )
    if of_logits is None and last is keras.activations.linear:
        return replace(recipe, loss_settings={**recipe.loss_settings, "from_logits": True})
    return recipe


def remark(losses: Sequence[float], classes: int | None) -> str | None:
    """A sentence on a cross-entropy that ended far above guessing, or just there; None of any other.

    Args:
        losses: mean training loss of each epoch.
        classes: how many there are.
    """
    if not losses or classes is None or classes < 2:
        return None
    last, guess = losses[-1], math.log(classes)
    if last > 2 * guess:
        return (
            f"The loss ended at {last:.3g}, where guessing among {classes} classes has {guess:.3g}: the "
            "training diverged; take a tenth of the learning rate."
        )
    if last > 0.98 * guess:
        return (
            f"The loss ended at {last:.3g}, as guessing among {classes} classes does ({guess:.3g}): nothing "
            "was learnt; try another learning rate or more epochs, and look whether labels and images belong "
            "together."
        )
    return None
