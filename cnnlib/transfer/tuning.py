"""Let a trained network learn on, its layers at rates of their own."""

from collections.abc import Mapping
from typing import Any

import keras

from cnnlib.data import Split
from cnnlib.data.folders import PictureFolder
from cnnlib.data.pixels import Pixels
from cnnlib.recipe import Recipe
from cnnlib.structure import find_classifier, is_weight_layer, leaves
from cnnlib.training import Progress, TrainingError, fit

Images = Split | PictureFolder
Factors = float | Mapping[str, float]
"""One factor of the rate for all layers but the classifier's, or factors by layers' names."""


def recipe(
    *, epochs: int, rate: float = 0.01, batch_size: int = 32, name: str = "transfer", **changes: Any
) -> Recipe:
    """Settings to train a classifier or to fine-tune with: gradient descent with momentum, one rate.

    Args:
        epochs: passes through the training images.
        rate: of the classifier; see `fine_tune` for that of the layers before it.
        batch_size: images per update.
        name: of the recipe.
        changes: any other setting of a `Recipe`.
    """
    settings: dict[str, Any] = {
        "network": "a trained network",
        "data": "the user's",
        "optimizer": "sgd",
        "optimizer_settings": {"momentum": 0.9},
        "rates": (rate,) * epochs,
        "batch_size": batch_size,
        "source": "Our own choice.",
    }
    return Recipe(name, **{**settings, **changes})


def rate_factors(model: keras.Model, factors: Factors) -> dict[str, float]:
    """The factor of the rate of each layer that learns.

    Args:
        model: frozen as it will be trained.
        factors: see `fine_tune`.

    Returns:
        Factors by the names of layers, in the network's order.

    Raises:
        ValueError: a factor that is no number from 0 on, or the name of no layer with weights.
    """
    values = factors.values() if isinstance(factors, Mapping) else [factors]
    if any(not 0 <= value < float("inf") for value in values):
        raise ValueError(f"Factors of the rate are numbers from 0 on, not {factors}.")
    learning = [layer.name for layer in leaves(model) if layer.trainable_variables]
    if not isinstance(factors, Mapping):
        head = [layer.name for layer in find_classifier(model).layers]
        return {name: 1.0 if name in head else float(factors) for name in learning}
    names = [layer.name for layer in leaves(model) if layer.weights]
    unknown = [name for name in factors if name not in names]
    if unknown or not factors:
        raise ValueError(
            f"{model.name} has no layer {', '.join(unknown) or 'without a name'} with weights to give a "
            f"factor to; it has {', '.join(names)}."
        )
    now = float(next(factors[name] for name in names if name in factors))
    found = {name: (now := float(factors.get(name, now))) for name in names}
    return {name: found[name] for name in learning}


def falling_factors(model: keras.Model, divisor: float = 2.6) -> dict[str, float]:
    """Factors that fall from each weight layer to the one below, for `fine_tune`.

    Args:
        model: the network.
        divisor: what each is divided by; the last weight layer has a factor of 1.

    Source: Howard and Ruder 2018 for text, at second hand; for images it is our own choice.
    """
    names = [layer.name for layer in leaves(model) if is_weight_layer(layer)]
    return {name: divisor ** -(len(names) - place) for place, name in enumerate(names, start=1)}


def fine_tune(
    model: keras.Model,
    recipe: Recipe,
    train: Images,
    validation: Images | None = None,
    *,
    pixels: Pixels | None,
    factors: Factors = 1 / 10,
    **options: Any,
) -> Progress:
    """Train what is not frozen of a network, in place, the layers trained before at smaller rates.

    A factor multiplies the rate, within the optimiser (`cnnlib.optimizers`). That works on every backend
    and with every optimiser; a factor on the gradient, or on the loss, would do nothing under Adam.

    Args:
        model: a trained network with a new classifier (`attach`), frozen as far as it should be (`freeze`);
            or a new classifier alone, with features as images and `Pixels("as_is")`.
        recipe: how to train, see `cnnlib.transfer.recipe`; its rate is the classifier's.
        train: images to learn from.
        validation: images whose error is measured after each epoch.
        pixels: how pixels are prepared: as for the training before. None measures them on `train` as the
            recipe says, which is right only for a network that starts anew.
        factors: of the rate. A number is that of all layers but the classifier's: a tenth
            if nothing is said, as new layers learn at ten times the rate in Caffe's examples, and 1 makes no
            difference between them. Factors by names hold from the layer
            named to the next one named: {"block1_conv1": 0.01, "block5_conv1": 0.1, "new_predictions": 1};
            the first holds for the layers before it, too.
        options: of `cnnlib.training.fit`: seed, checkpoint, class_weights, patience ...

    Returns:
        The progress at the end, with the history.

    Raises:
        TrainingError: nothing is left to train, or as `cnnlib.training.fit`.
        ValueError: see `rate_factors`.
        CheckpointError, Interrupted: as `cnnlib.training.fit`.
    """
    if not model.trainable_variables:
        raise TrainingError(f"All of {model.name} is frozen: attach a new classifier, or freeze less of it.")
    by_layer = rate_factors(model, factors)
    by_variable = {
        id(variable): by_layer[layer.name]
        for layer in leaves(model)
        for variable in layer.trainable_variables
    }
    chosen = [by_variable.get(id(variable), 1.0) for variable in model.trainable_variables]
    factors_used = None if set(chosen) == {1.0} else chosen
    return fit(model, recipe, train, validation, pixels=pixels, rate_factors=factors_used, **options)
