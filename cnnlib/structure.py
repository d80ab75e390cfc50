"""What a network is made of: its weight layers, and which of them are its classifier."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
from keras import layers

# With these begin the names of the layers of a new classifier.
NEW = "new_"
# These have weights, but none that a paper counts as a layer: they go with the layer they follow.
_FOLLOWERS = (
    layers.BatchNormalization,
    layers.GroupNormalization,
    layers.LayerNormalization,
    layers.Normalization,
    layers.PReLU,
)
_POOLS = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
# Between maps and a classifier these change neither what is known of an image nor have they weights.
_BEFORE_CLASSIFIER = (layers.Dropout, layers.Flatten, *_POOLS, layers.Reshape)
_SCORES = (keras.activations.softmax, keras.activations.sigmoid, keras.activations.log_softmax)


class Classifier(NamedTuple):
    """What of a network is its classifier.

    Attributes:
        layers: its weight layers, in the network's order; none of a network without one.
        how: a sentence that says what it is; empty where nobody could take it for something else.
    """

    layers: list[keras.Layer]
    how: str


class _Step(NamedTuple):
    """One layer (or operation) on the way from an output back, and the single tensor that it is given.

    It lies inside the models `around` it, outermost first, each with the tensor that model was given.
    """

    layer: Any
    given: keras.KerasTensor
    around: tuple[tuple[keras.Model, keras.KerasTensor], ...]


def leaves(model: keras.Model) -> list[keras.Layer]:
    """All layers of a model in its order, those of models inside it in their place."""
    found: list[keras.Layer] = []
    for layer in model.layers:
        found += leaves(layer) if isinstance(layer, keras.Model) else [layer]
    return found


def is_weight_layer(layer: keras.Layer) -> bool:
    """Whether a layer is one that papers count: it has weights and is no normalisation."""
    return bool(getattr(layer, "weights", ())) and not isinstance(layer, _FOLLOWERS)


def has_graph(model: keras.Model) -> bool:
    """Whether a model knows how its layers are joined: Sequential and functional ones do."""
    outputs = getattr(model, "outputs", None)
    return bool(outputs) and all(hasattr(output, "_keras_history") for output in outputs or ())


def find_classifier(model: keras.Model, name: str | None = None) -> Classifier:
    """Trace a network back from its outputs, as far as its layers classify.

    They do while each takes one vector: dense layers, and convolutions of what was pooled to a single place.
    Else a last convolution does whose maps become scores: a softmax or sigmoid follows, or it is 1x1,
    neither normalised nor rectified or behind a dropout, and pooled. A new classifier
    (`cnnlib.transfer.attach`) is known by its names. Of dense layers alone the first is no classifier. Each
    of several outputs has a classifier of its own.

    Args:
        model: built.
        name: of the first layer of the classifier, where that is another.

    Raises:
        ValueError: no layers with weights, or no layer of that name on the way to an output.
    """
    counted = [layer for layer in leaves(model) if is_weight_layer(layer)]
    if not counted:
        raise ValueError(
            f"{model.name} has no layers with weights: build it first, by calling it on images or by giving "
            "it an input shape."
        )
    new = [layer for layer in counted if layer.name.startswith(NEW)]
    if new and name is None:
        return Classifier(new, "")
    if not has_graph(model):
        return _listed(model, counted, name)
    chains = [list(_steps(output)) for output in model.outputs]
    if name is not None and all(step.layer.name != name for chain in chains for step in chain):
        before = [step.layer.name for chain in chains for step in chain if is_weight_layer(step.layer)]
        raise ValueError(
            f"{model.name} has no layer {name!r} through which all goes to an output, so no classifier "
            f"begins with it; with these one could: {', '.join(before) or 'none'}."
        )
    found = {id(step.layer) for chain in chains for step in chain[: _length(chain, counted, name)]}
    own = [layer for layer in counted if id(layer) in found]
    return Classifier(own, "" if name is not None else _said(model, own))


def say(found: Classifier) -> None:
    """Warn of what was found, where somebody could have meant something else."""
    if found.how:
        warnings.warn(found.how, stacklevel=3)


def _said(model: keras.Model, own: list[keras.Layer]) -> str:
    otherwise = "say classifier=NAME if it begins elsewhere"
    if not own:
        return f"{model.name} ends without a classifier: all of its layers count as features; {otherwise}."
    if len(model.outputs) == 1 and isinstance(own[-1], layers.Dense):
        return ""
    names = ", ".join(layer.name for layer in own)
    several = f" of {len(model.outputs)} outputs" if len(model.outputs) > 1 else ""
    return f"The classifier of {model.name} is taken to be {names}{several}; {otherwise}."


def _listed(model: keras.Model, counted: list[keras.Layer], name: str | None) -> Classifier:
    """The classifier of a model that keeps no graph: the dense layers its list of layers ends with."""
    names = [layer.name for layer in counted]
    if name is not None:
        if name not in names:
            raise ValueError(f"{model.name} has no layer {name!r} with weights; it has {', '.join(names)}.")
        return Classifier(counted[names.index(name) :], "")
    dense = [*itertools.takewhile(lambda layer: isinstance(layer, layers.Dense), reversed(counted))][::-1]
    own = dense[1:] if len(dense) == len(counted) > 1 else dense
    how = f"{model.name} keeps no graph; its last dense layers are taken for its classifier."
    return Classifier(own, how)


def _steps(output: keras.KerasTensor) -> Iterator[_Step]:
    """The way from an output back, into models inside and out of them, until paths join."""
    tensor, around = output, list[tuple[keras.Model, keras.KerasTensor]]()
    while True:
        operation, node, number = tensor._keras_history
        if isinstance(operation, layers.InputLayer):
            if not around:
                return
            tensor = around.pop()[1]
            continue
        given = operation._inbound_nodes[node].input_tensors
        if len(given) != 1 or (isinstance(operation, keras.Model) and not has_graph(operation)):
            return
        if isinstance(operation, keras.Model):
            around.append((operation, given[0]))
            tensor = operation.outputs[number]
            continue
        yield _Step(operation, given[0], tuple(around))
        tensor = given[0]


def _length(chain: list[_Step], counted: list[keras.Layer], name: str | None) -> int:
    """How many steps back from an output are its classifier's."""
    if name is not None:
        return next((place for place, step in enumerate(chain, 1) if step.layer.name == name), 0)
    ends = [0]
    for place, step in enumerate(chain):
        if not is_weight_layer(step.layer):
            continue
        vector = len(step.given.shape) == 2
        pooled = any(isinstance(earlier.layer, _POOLS) for earlier in chain[place + 1 :])
        dense = vector and isinstance(step.layer, layers.Dense)
        goes_on = dense or (pooled and _is_convolution(step.layer))
        if goes_on or (len(ends) == 1 and (vector or _scores(chain, place))):
            ends.append(place + 1)
        if not goes_on:
            break
    if len(ends) - 1 == len(counted) > 1:  # of dense layers alone the first makes features
        ends.pop()
    return ends[-1]


def _is_convolution(layer: Any) -> bool:
    return isinstance(layer, layers.Conv2D) and not isinstance(layer, layers.DepthwiseConv2D)


def _scores(chain: list[_Step], place: int) -> bool:
    """Whether the maps of a convolution, with which the weight layers end, are scores of classes."""
    convolution, after = chain[place].layer, [step.layer for step in chain[:place]]
    if not _is_convolution(convolution):
        return False
    last = after[0] if after else convolution
    if isinstance(last, layers.Softmax) or getattr(last, "activation", None) in _SCORES:
        return True
    linear = keras.activations.linear
    dropped = place + 1 < len(chain) and isinstance(chain[place + 1].layer, layers.Dropout)
    plain = convolution.activation is linear and all(
        isinstance(layer, _BEFORE_CLASSIFIER) or getattr(layer, "activation", 0) is linear for layer in after
    )
    pooled = any(isinstance(layer, (*_POOLS, layers.Flatten)) for layer in after)
    normalised = any(isinstance(layer, _FOLLOWERS) for layer in after)
    return set(convolution.kernel_size) == {1} and pooled and not normalised and (plain or dropped)


def before_classifier(model: keras.Model, name: str | None = None) -> keras.KerasTensor:
    """What the classifier of a network's main output takes, before it was pooled or flattened.

    Args:
        model: with a graph.
        name: of the first layer of the classifier, where it is to be another than `find_classifier` finds.

    Raises:
        ValueError: as `find_classifier`, or nothing comes before the classifier.
    """
    own = {id(layer) for layer in find_classifier(model, name).layers}
    output = main_output(model)
    chain = list(_steps(output))
    end = max((place for place, step in enumerate(chain, 1) if id(step.layer) in own), default=0)
    first = chain[end - 1].layer.name if end else ""
    while end < len(chain) and isinstance(chain[end].layer, _BEFORE_CLASSIFIER):
        end += 1
    if not end:
        return output
    tensor, around = chain[end - 1].given, list(chain[end - 1].around)
    while around:
        inside, outer = around.pop()
        starts = any(tensor is taken for taken in inside.inputs)
        tensor = outer if starts else keras.Model(inside.inputs, tensor, name=inside.name)(outer)
    if isinstance(tensor._keras_history.operation, layers.InputLayer):
        raise ValueError(
            f"{model.name} has nothing before its classifier, which begins with {first}: name the layer "
            "whose output the features are."
        )
    return tensor


def main_output(model: keras.Model) -> keras.KerasTensor:
    """The output named "predictions", or the one that most layers work for; of several such, the last."""
    named = None if isinstance(model, keras.Sequential) else model.output
    if isinstance(named, dict) and "predictions" in named:
        return named["predictions"]
    until = {id(end): keras.Model(model.inputs, end, name=model.name) for end in model.outputs}
    return max(reversed(model.outputs), key=lambda end: len(leaves(until[id(end)])))


def last_activation(model: keras.Model) -> Any:
    """The activation that the main output comes from, behind what pools or reshapes; None if not known."""
    for step in _steps(main_output(model)):
        if isinstance(step.layer, layers.Softmax):
            return keras.activations.softmax
        if not isinstance(step.layer, _BEFORE_CLASSIFIER):
            return getattr(step.layer, "activation", None)
    return None
