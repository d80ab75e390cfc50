"""Which layers of a network learn: count its weight layers, freeze the first of them, show what is frozen."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import keras
from keras import layers

from cnnlib.structure import NEW, find_classifier, is_weight_layer, leaves, say
from cnnlib.tables import Table


class FrozenRow(NamedTuple):
    """One layer with weights, and whether it learns.

    Attributes:
        name: the layer's name.
        kind: its class.
        params: parameters, without the averages that normalisation keeps.
        frozen: whether they stay as they are.
        moving: whether its weights are frozen one by one, so that its averages still move.
        counted: whether it counts as a weight layer.
        state: whether it learns, in words.
    """

    name: str
    kind: str
    params: int
    frozen: bool
    moving: bool
    counted: bool
    state: str


@dataclass(frozen=True)
class Freezing:
    """What of a network is frozen; a notebook shows it as a table.

    Attributes:
        rows: one for each layer with weights, in the network's order.
        weight_layers: weight layers before the classifier.
        frozen_layers: how many weight layers are frozen.
        params: parameters of all layers.
        frozen_params: parameters that are frozen.
    """

    rows: tuple[FrozenRow, ...]
    weight_layers: int
    frozen_layers: int
    params: int
    frozen_params: int

    def __str__(self) -> str:
        """Write a table in Markdown: each layer with its state, and the sums below."""
        lines: list[list[object]] = [[row.name, row.kind, row.params, row.state] for row in self.rows]
        share = f"{self.frozen_layers} of {self.weight_layers} weight layers"
        lines.append(["**frozen**", share, self.frozen_params, ""])
        lines.append(["**trained**", "", self.params - self.frozen_params, ""])
        return str(Table(["layer", "kind", "parameters", "state"], lines))

    def _repr_markdown_(self) -> str:
        return str(self)


def pretrained_layers(model: keras.Model, classifier: str | None = None) -> list[keras.Layer]:
    """The weight layers before the classifier, in the network's order; projections on shortcuts count too.

    Raises:
        ValueError: the model has no layers with weights, or no such classifier.
    """
    own = find_classifier(model, classifier).layers
    return [layer for layer in leaves(model) if is_weight_layer(layer) and layer not in own]


def how_many(model: keras.Model, until: str | float, classifier: str | None = None) -> int:
    """Number of weight layers that `freeze(model, until)` freezes.

    Raises:
        ValueError: see `freeze`.
    """
    counted = pretrained_layers(model, classifier)
    if not isinstance(until, str):
        if not 0 <= until <= 1:
            raise ValueError(
                f"until is a share of the weight layers, from 0 to 1, or the name of a layer; not {until}. "
                f"{model.name} has {len(counted)} of them before its classifier."
            )
        return math.ceil(until * len(counted) - 0.5)
    named = leaves(model)
    place = next((place for place, layer in enumerate(named) if layer.name == until), None)
    if place is None:
        names = ", ".join(layer.name for layer in counted)
        raise ValueError(f"{model.name} has no layer {until!r}. Its weight layers are {names}.")
    if named[place] in find_classifier(model, classifier).layers:
        raise ValueError(
            f"{until} belongs to the classifier of {model.name}, which is to learn: freeze until a layer "
            f"before it, such as {counted[-1].name if counted else 'none, for there is none'}."
        )
    return sum(layer in counted for layer in named[: place + 1])


def freeze(model: keras.Model, until: str | float, *, classifier: str | None = None) -> Freezing:
    """Freeze the first layers of a network, in place, and let all others learn.

    What counts is weight layers, not parameters: convolutions and dense layers, without the classifier's. A
    warning says which layers are taken for the classifier where they are not dense ones at the end.
    A normalisation goes with the layer whose output it normalises. Frozen batch normalisation normalises by
    the averages it has, in training too, and they stay as they are: so Keras does wherever `trainable` is
    False.

    A training step that was compiled before goes on as it was: freeze first, then train.

    Args:
        model: of this package, of `keras.applications` or of your own.
        until: the name of the last layer to freeze, or a share of the weight layers from 0 to 1, of which the
            nearest number is frozen (the lower of two).
        classifier: name of the first layer of its classifier; None finds it from the structure.

    Returns:
        What is frozen now.

    Raises:
        ValueError: no layer of that name, one of the classifier, or a share outside 0 to 1.
    """
    frozen = pretrained_layers(model, classifier)[: how_many(model, until, classifier)]
    say(find_classifier(model, classifier))
    _thaw(model)
    freed = False
    for layer in leaves(model):
        if is_weight_layer(layer):
            layer.trainable = layer not in frozen
            freed = freed or layer.trainable
        elif layer.weights:
            # The layer whose output it takes, where the model keeps a graph of its layers.
            nodes = getattr(layer, "_inbound_nodes", [])
            source = nodes[0].input_tensors[0]._keras_history.operation if nodes else None
            follows = source is not None and is_weight_layer(source)
            layer.trainable = not frozen or (source not in frozen if follows else freed)
    return frozen_layers(model, classifier)


def _thaw(model: keras.Model) -> None:
    """Let all layers learn; a functional model does not pass its own setting on to them."""
    model.trainable = True
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _thaw(layer)
        else:
            # A value that an attribute has already does nothing on TensorFlow, and not to its variables.
            layer.trainable = False
            layer.trainable = True


def frozen_layers(model: keras.Model, classifier: str | None = None) -> Freezing:
    """What of a model is frozen, whoever froze it."""
    own, rows, before = find_classifier(model, classifier).layers, list[FrozenRow](), 0
    for layer in (layer for layer in leaves(model) if layer.weights):
        frozen, counted = not layer.trainable_variables, is_weight_layer(layer)
        new = layer in own or layer.name.startswith(NEW)
        moving = frozen and layer.trainable and isinstance(layer, layers.BatchNormalization)
        kept = [weight for weight in layer.weights if not weight.name.startswith("moving_")]
        params, kind = sum(math.prod(weight.shape) for weight in kept), type(layer).__name__
        state = "frozen" if frozen else "trained, classifier" if new else "trained"
        state += ", averages move" * moving
        rows.append(FrozenRow(layer.name, kind, params, frozen, moving, counted, state))
        before += counted and not new
    still = [row for row in rows if row.frozen]
    sums = (sum(row.params for row in each) for each in (rows, still))
    return Freezing(tuple(rows), before, sum(row.counted for row in still), *sums)
