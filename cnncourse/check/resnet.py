"""Checks of the exercises on ResNet."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise

import keras
import numpy as np
from keras import layers, ops

from cnnbook.blocks import bottleneck_residual_block
from cnncourse.check import Wrong, call, draw, function, network, question, value
from cnnlib import audit, models
from cnnlib.layers import PaddedShortcut
from cnnlib.models.resnet import EPSILON, MOMENTUM, STAGES

DEPTHS = ((STAGES[18], 2), (STAGES[34], 2), (STAGES[50], 3), ((3, 3, 3), 2))


def _depth(blocks: Sequence[int], convolutions: int) -> int:
    return convolutions * sum(blocks) + 2


@question
def depth(given: Callable, networks: Iterable[Sequence] = DEPTHS) -> str:
    """`given(blocks, convolutions)` is the number of layers that a ResNet is named after."""
    wrong = {}
    wrong["A network is more than its blocks: how does it begin, and how does it end?"] = lambda b, c: (
        c * sum(b)
    )
    wrong["The network begins with a layer and ends with one; one of them is missing."] = lambda b, c: (
        c * sum(b) + 1
    )
    wrong["Convolutions on shortcuts are not counted."] = lambda b, c: c * sum(b) + 2 + len(b)
    wrong["Convolutions on shortcuts are not counted, and few blocks have one."] = lambda b, c: (
        (c + 1) * sum(b) + 2
    )
    wrong["The convolutions on the shortcuts do not count."] = lambda b, c: c * sum(b) + 2 + len(b) - (c == 2)
    wrong["However they are counted, convolutions on the shortcuts do not count."] = lambda b, c: (
        c * sum(b) + 1 + len(b)
    )
    wrong["A pool has no weights, so it is not counted."] = lambda b, c: c * sum(b) + 3
    wrong["Stages may differ in how many blocks they have."] = lambda b, c: c * b[0] * len(b) + 2
    wrong["Blocks do not always have as many convolutions."] = lambda b, c: (5 - c) * sum(b) + 2
    wrong["The blocks of all stages stand one behind the other."] = lambda b, c: c * int(np.prod(b)) + 2
    function(given, _depth, networks, wrong)
    return "For three stages of n basic blocks it is the section's formula for the small ones."


Convolutions = list[tuple[int, int, int]]  # side of the kernel, maps in, maps out


def my_blocks(student: str) -> tuple[int, int]:
    """A student's own two blocks: maps in and out, and maps inside the bottleneck."""
    pairs = [(maps, maps // share) for maps in range(128, 512 + 1, 32) for share in (2, 4, 8)]
    return draw(student, "blocks", pairs)


def _parameters(build: Callable, maps: int) -> int:
    def counted() -> int:
        x = keras.Input((4, 4, maps))
        return audit.totals(audit.table(keras.Model(x, build(x))))["params"]

    return audit.without_weights(counted)


def _count(convolutions: Convolutions, each: int = 2, dimensions: int = 2) -> int:
    """Weights of convolutions that come with so many other numbers for each map."""
    return sum(side**dimensions * fan * maps + each * maps for side, fan, maps in convolutions)


def _miscounts(convolutions: Convolutions) -> dict[str, int]:
    """What common mistakes lead to."""
    wide = convolutions[-1][-1]
    wrong = {}
    wrong["A normalisation has something to train as well."] = _count(convolutions, each=0)
    wrong["Count what the normalisations train: how many, and how many numbers for each channel?"] = _count(
        convolutions, each=1
    )
    wrong["These convolutions have no biases; the normalisation would take them away."] = _count(
        convolutions, each=3
    )
    wrong["Moving statistics are measured; no gradient trains them."] = _count(convolutions, each=4)
    wrong["A kernel has height and width."] = _count(convolutions, dimensions=1)
    wrong["A regular shortcut has no weights."] = _count([*convolutions, (1, wide, wide)])
    wrong["Not every kernel of a bottleneck is of 3x3."] = _count([(3, a, b) for _, a, b in convolutions])
    wrong["The main path has more convolutions than that."] = _count(convolutions[:-1])
    wrong["Each convolution has a normalisation of its own."] = _count(convolutions, each=0) + 2 * wide
    return wrong


@question
def block_parameters(basic: int, bottleneck: int, student: str) -> str:
    """The trainable parameters of a student's own basic block and bottleneck block."""
    maps, inside = my_blocks(student)
    rights = {
        "basic": _parameters(lambda x: models.basic_block(x, maps), maps),
        "bottleneck": _parameters(lambda x: models.bottleneck_block(x, (inside, inside, maps)), maps),
    }
    convolutions = {
        "basic": [(3, maps, maps), (3, maps, maps)],
        "bottleneck": [(1, maps, inside), (3, inside, inside), (1, inside, maps)],
    }
    others = {"basic": rights["bottleneck"], "bottleneck": rights["basic"]}
    for name, got in (("basic", basic), ("bottleneck", bottleneck)):
        wrong = _miscounts(convolutions[name])
        wrong["That is what the other block has."] = others[name]
        value(got, rights[name], f"{name}, the number of parameters,", wrong)
    share = rights["bottleneck"] / rights["basic"]
    return f"With one layer more, the bottleneck has {share:.0%} of the weights."


Case = tuple[tuple[int, int, int], int, tuple[int, int, int], bool, int]  # sides of X, f, filters, reduce, s

BLOCKS: tuple[Case, ...] = (
    ((6, 6, 8), 3, (2, 3, 8), False, 1),
    ((6, 6, 8), 3, (2, 3, 8), True, 1),
    ((6, 6, 8), 3, (4, 4, 16), True, 2),
    ((5, 8, 6), 5, (3, 2, 6), False, 1),
)
OTHER_BLOCKS: tuple[Case, ...] = (
    ((7, 9, 5), 5, (4, 2, 7), True, 3),
    ((8, 8, 4), 1, (3, 5, 4), False, 1),
    ((7, 6, 4), 3, (4, 4, 12), True, 2),
)


def _layer(x: keras.KerasTensor, maps: int, side: int, step: int, behind: str) -> keras.KerasTensor:
    """A convolution and what stands behind it: n for a normalisation, r for a ReLU, in their order."""
    x = layers.Conv2D(maps, side, step, "same", use_bias=False)(x)
    for letter in behind:
        x = layers.BatchNormalization(epsilon=EPSILON)(x) if letter == "n" else layers.ReLU()(x)
    return x


def _bottleneck(
    x: keras.KerasTensor,
    f: int,
    filters: Sequence[int],
    reduce: bool,
    s: int,
    *,
    behind: tuple[str, str, str] = ("nr", "nr", "n"),
    beside: str = "n",
    kind: str = "",
    stepping: int = 0,
    after: bool = True,
) -> keras.KerasTensor:
    """The block with one thing or another changed."""
    kind = kind or ("projection" if reduce else "identity")
    shortcut = x
    if kind == "projection":
        shortcut = _layer(x, filters[2], 1, s, beside)
    elif kind == "padded":
        shortcut = PaddedShortcut(filters[2], s)(x)
    elif "r" in beside:
        shortcut = layers.ReLU()(x)
    for number, (maps, side) in enumerate(zip(filters, (1, f, 1), strict=True)):
        x = _layer(x, maps, side, s if number == stepping else 1, behind[number])
    if kind != "none":
        x = layers.Add()([shortcut, x])
    return layers.ReLU()(x) if after else x


def _model(case: Case, build: Callable, **changes: object) -> keras.Model:
    x = keras.Input(case[0])
    return keras.Model(x, build(x, *case[1:], **changes))


_kept_model = functools.cache(_model)  # for blocks of our own


def _wrong_blocks(case: Case) -> dict[str, Callable[[], keras.Model]]:
    """By hint, what builds the block that a mistake leads to."""
    sides, _, filters, reduce, s = case
    changed = functools.partial(functools.partial, _kept_model, case, _bottleneck)
    wrong: dict[str, Callable[[], keras.Model]] = {}
    wrong["Where does the last ReLU stand, before the sum or behind it? Look at relu(F(x) + x)."] = changed(
        behind=("nr", "nr", "nr"), after=False
    )
    wrong["With a ReLU before the sum as well, a block can take nothing away from its input."] = changed(
        behind=("nr", "nr", "nr")
    )
    wrong["The sum is passed on as it is. What comes behind it?"] = changed(after=False)
    wrong["That is a plain block: where is the shortcut?"] = changed(kind="none")
    wrong["With reduce the shortcut has weights of its own, whatever the shapes are."] = changed(
        kind="padded"
    )
    wrong["Without reduce nothing is done to the input on the shortcut."] = changed(kind="projection")
    wrong["Another convolution has the stride in the paper."] = changed(stepping=1)
    wrong["In the paper the last convolution does not have the stride."] = changed(stepping=2)
    wrong["Every convolution is followed by a normalisation."] = changed(behind=("r", "r", ""), beside="")
    wrong["The convolution on the shortcut has a normalisation too."] = changed(beside="")
    wrong["The last convolution is normalised too, before the sum."] = changed(behind=("nr", "nr", ""))
    wrong["A ReLU on the shortcut cuts off what should pass as it is."] = changed(beside="nr")
    wrong["First comes the normalisation, then the ReLU."] = changed(behind=("rn", "rn", "n"))
    wrong["Three convolutions with no ReLU between them are one linear map."] = changed(
        behind=("n", "n", "n")
    )
    wrong["The size of the middle kernel is an argument."] = functools.partial(
        _kept_model, (sides, 3, filters, reduce, s), _bottleneck
    )
    return wrong


def _works(given: Callable, case: Case) -> bool:
    try:
        _model(case, given)
    except Exception:
        return False
    return True


def _clash(given: Callable, case: Case) -> str:
    """Why a student's block stops: whether it would with a smaller kernel, or with no step."""
    sides, f, filters, reduce, s = case
    if f > 1 and _works(given, (sides, 1, filters, reduce, s)):
        return "With f=1 it works. What does a wider kernel do to height and width?"
    if s > 1 and _works(given, (sides, f, filters, reduce, 1)):
        return "With s=1 it works. Do both ways to the sum have the same stride?"
    if reduce and _works(given, (sides, f, (*filters[:2], sides[-1]), reduce, 1)):
        return "Only arrays of the same shape can be added. What should reduce do to the shortcut?"
    return ""


def _students_block(given: Callable, case: Case) -> tuple[keras.Model, str]:
    """A model of what a student wrote, and how it was called."""
    sides, *arguments = case
    x = keras.Input(sides)
    size = "x".join(map(str, sides))
    shown = f"bottleneck_residual_block(X, {', '.join(map(repr, arguments))}), with X of {size},"
    try:
        maps = call(given, x, *arguments, shown=shown)
    except Wrong as problem:
        clash = _clash(given, case)
        raise Wrong(f"{str(problem).rstrip('.')}. {clash}" if clash else str(problem)) from problem
    if not isinstance(maps, keras.KerasTensor):
        raise Wrong(f"{shown} should give the output, and gives a {type(maps).__name__}.")
    try:
        return keras.Model(x, maps), shown
    except Exception as problem:
        raise Wrong(f"{shown} gives an output that does not come from X.") from problem


@question
def block(given: Callable, cases: Iterable[Case] = BLOCKS) -> str:
    """`given(X, f, filters, reduce, s)` is the paper's bottleneck block behind X."""
    for case in cases:
        got, shown = _students_block(given, case)
        right = _kept_model(case, bottleneck_residual_block)
        # Wide enough for any epsilon of the normalisation; every mistake above is a thousand times larger.
        # A normalisation takes away the bias before it, so a convolution may have one.
        network(got, right, shown, _wrong_blocks(case), tolerance=0.01, but="bias")
    return "With this function and one loop you have ResNet-50, ResNet-101 and ResNet-152."


SHORTCUTS = (((2, 4, 4, 3), 6, 2), ((2, 6, 4, 2), 5, 1), ((1, 4, 8, 4), 4, 2), ((1, 5, 7, 2), 4, 2))
OTHER_SHORTCUTS = (((2, 7, 5, 3), 4, 2), ((3, 6, 9, 2), 7, 3), ((1, 5, 5, 3), 3, 1))


def _filled(x: np.ndarray, before: int, behind: int) -> np.ndarray:
    return np.pad(x, [(0, 0), (0, 0), (0, 0), (before, behind)])


@question
def padded_shortcut(given: Callable, cases: Iterable[Sequence] = SHORTCUTS, seed: int = 0) -> str:
    """`given(x, filters, s)` is option A of the shortcuts."""
    random = np.random.default_rng(seed)
    for shape, maps, s in cases:
        x = random.normal(size=shape).astype("float32")
        few = x[:, ::s, ::s]
        missing = maps - x.shape[-1]
        mean = np.asarray(ops.convert_to_numpy(ops.average_pool(x, s, s, padding="same")))
        wrong = {}
        wrong["The zeros stand behind the channels that come in."] = _filled(few, missing, 0)
        wrong["All of the zeros stand behind; here some are in front."] = _filled(
            few, missing // 2, missing - missing // 2
        )
        wrong["Pixels are taken as they are, not averaged."] = _filled(mean, 0, missing)
        wrong["The first pixel taken is the one in the corner."] = _filled(
            x[:, s - 1 :: s, s - 1 :: s], 0, missing
        )
        whole = x[:, : shape[1] // s * s, : shape[2] // s * s]
        wrong["A step that begins inside is taken, too: where sides are odd, round up."] = _filled(
            whole[:, ::s, ::s], 0, missing
        )
        wrong["The new channels are zeros, not copies."] = x[:, ::s, ::s, np.arange(maps) % x.shape[-1]]
        wrong["Fill up to so many maps; you have added so many."] = _filled(few, 0, maps)
        wrong["The stride is missing, in height and width."] = _filled(x, 0, missing)
        wrong["The stride goes across as well as down."] = _filled(x[:, ::s], 0, missing)
        wrong["The stride goes down as well as across."] = _filled(x[:, :, ::s], 0, missing)
        wrong["Channels are missing still."] = few
        shown = f"padded_shortcut(x, {maps}, {s}) with x of {'x'.join(map(str, shape))}"
        got = call(given, x.copy(), maps, s, shown=shown)
        value(got, np.asarray(ops.convert_to_numpy(PaddedShortcut(maps, s)(x))), shown, wrong)
    return "It has no parameter, so a network and its plain twin have the same ones."


Arrays = tuple[np.ndarray, ...]
AXES = (0, 1, 2)


def _moved(old: np.ndarray, new: np.ndarray, momentum: float = MOMENTUM) -> np.ndarray:
    return momentum * old + (1 - momentum) * new


def _scaled(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    **changes: float,
) -> np.ndarray:
    spread = (variance + changes.get("epsilon", EPSILON)) ** changes.get("power", 0.5)
    return gamma * (x - mean) / spread + beta


def _normalised(x: np.ndarray, weights: Sequence[np.ndarray], training: bool) -> Arrays:
    """What Keras's layer gives, and its moving statistics afterwards."""
    layer = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON)
    layer.build(x.shape)
    layer.set_weights(weights)
    found = layer(x, training=training), layer.moving_mean, layer.moving_variance
    return tuple(np.asarray(ops.convert_to_numpy(each)) for each in found)


def _wrong_normalisations(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *old: np.ndarray
) -> tuple[dict[str, Arrays], dict[str, Arrays]]:
    """What common mistakes lead to, in training and at test."""
    new = x.mean(axis=AXES), x.var(axis=AXES)
    moved = _moved(old[0], new[0]), _moved(old[1], new[1])
    scaled = functools.partial(_scaled, x, gamma, beta)
    y = scaled(*new)
    whole = x.mean() + 0 * new[0], x.var() + 0 * new[1]
    learning: dict[str, Arrays] = {}
    learning["In training the batch's own statistics normalise; the moving ones only watch."] = (
        scaled(*old),
        *moved,
    )
    learning["Which statistics normalise in training? Not those that have just moved."] = (
        scaled(*moved),
        *moved,
    )
    learning["In training the moving statistics move."] = (y, *old)
    learning["The moving statistics move only a part of the way."] = (y, *new)
    learning["The moving statistics move slowly: how much of the old ones stays?"] = (
        y,
        _moved(old[0], new[0], 1 - MOMENTUM),
        _moved(old[1], new[1], 1 - MOMENTUM),
    )
    once = x.mean(axis=0), x.var(axis=0)
    learning["Take the mean over all places of all images, and not over images alone."] = (
        scaled(*once),
        *(_moved(*pair) for pair in zip(old, once, strict=True)),
    )
    sample = new[0], x.var(axis=AXES, ddof=1)
    learning["The variance is a plain mean of squares: divide by how many numbers there are."] = (
        scaled(*sample),
        *(_moved(*pair) for pair in zip(old, sample, strict=True)),
    )
    learning["Each channel has a mean and a variance of its own."] = (
        scaled(*whole),
        _moved(old[0], whole[0]),
        _moved(old[1], whole[1]),
    )
    testing: dict[str, Arrays] = {}
    testing["At test there may be no batch to measure: which statistics are left?"] = (y, *old)
    testing["That is what training does; at test another thing normalises, and nothing moves."] = (y, *moved)
    testing["At test the moving statistics stay as they are."] = (scaled(*old), *moved)
    for wrong, by, after in ((learning, new, moved), (testing, old, old)):
        wrong["One divides by the standard deviation, not by the variance."] = (
            scaled(*by, power=1.0),
            *after,
        )
        wrong["Where is epsilon? A channel that hardly varies would be blown up."] = (
            scaled(*by, epsilon=0.0),
            *after,
        )
        wrong["Epsilon is in the formula, but at another place."] = (
            gamma * (x - by[0]) / (np.sqrt(by[1]) + EPSILON) + beta,
            *after,
        )
        wrong["The result is normalised. What are gamma and beta for?"] = (
            (scaled(*by) - beta) / gamma,
            *after,
        )
        wrong["In which order do gamma and beta act?"] = (
            gamma * (scaled(*by) - beta) / gamma + gamma * beta,
            *after,
        )
    return learning, testing


@question
def normalise(given: Callable, maps: int = 4, seed: int = 0) -> str:
    """`given(x, gamma, beta, mean, variance, training)` is batch normalisation in both of its modes."""
    random = np.random.default_rng(seed)
    x = np.linspace(1, 3, maps) * random.normal(size=(5, 4, 6, maps)) + random.normal(size=maps)
    gamma, variance = random.uniform(0.5, 2, size=(2, maps))
    beta, mean = random.normal(size=(2, maps))
    # The first map varies so little that epsilon counts.
    x[..., 0] = 2 * np.sqrt(EPSILON) * random.normal(size=x.shape[:-1])
    mean[0], variance[0] = 0, EPSILON
    x, *weights = (each.astype("float32") for each in (x, gamma, beta, mean, variance))
    for training, wrong in zip((True, False), _wrong_normalisations(x, *weights), strict=True):
        shown = f"normalise(x, gamma, beta, mean, variance, {training})"
        got = call(given, *(each.copy() for each in (x, *weights)), training, shown=shown)
        if not isinstance(got, tuple | list) or len(got) != 3:
            raise Wrong(f"{shown} should return three things: the array, moving mean and moving variance.")
        value(got, _normalised(x, weights, training), shown, wrong, tolerance=1e-4)
    return "In Keras, fit normalises by the batch and predict by the moving statistics."


WARM_UPS = (
    ([0.9, 0.85, 0.7, 0.75, 0.6], 0.01, 0.1, 0.8),
    ([0.9, 0.7, 0.85, 0.9, 0.75], 0.01, 0.1, 0.8),
    ([0.7, 0.65, 0.6], 0.02, 0.2, 0.5),
    ([0.9, 0.8, 0.85, 0.7, 0.6, 0.65], 0.01, 0.1, 0.8),
)


def _over(errors: Sequence[float], mark: float) -> np.ndarray:
    """Whether the warm-up is over after each update."""
    return np.cumsum(np.asarray(errors) < mark) > 0


def _warm_up(errors: Sequence[float], low: float, high: float, mark: float) -> np.ndarray:
    return np.where([False, *_over(errors, mark)[:-1]], high, low)


def _ramp(errors: Sequence[float], low: float, high: float, mark: float) -> np.ndarray:
    updates = 1 + np.sum(~_over(errors, mark))
    return np.minimum(low + (high - low) * np.arange(len(errors)) / updates, high)


@question
def warm_up(given: Callable, cases: Iterable[Sequence] = WARM_UPS) -> str:
    """`given(errors, low, high, mark)` are the learning rates of a training that is warmed up."""
    wrong: dict[str, Callable[[Sequence[float], float, float, float], np.ndarray]] = {}
    wrong["An iteration's error is measured when it has been made. What is known before it?"] = (
        lambda errors, low, high, mark: np.where(_over(errors, mark), high, low)
    )
    wrong["Below the mark is asked for: an error that is just as low as the mark does not end it."] = (
        lambda errors, low, high, mark: _warm_up(errors, low, high, np.nextafter(mark, np.inf))
    )
    wrong["The error may rise again, but the warm-up is over for good."] = lambda errors, low, high, mark: (
        np.where(np.array([np.inf, *errors[:-1]]) < mark, high, low)
    )
    wrong["Which of the two learning rates comes first?"] = lambda errors, low, high, mark: _warm_up(
        errors, high, low, mark
    )
    wrong["The learning rate never rises."] = lambda errors, low, high, mark: np.full(len(errors), low)
    wrong["It is the error that ends the warm-up, not the number of iterations."] = (
        lambda errors, low, high, mark: np.where(np.arange(len(errors)) < 1, low, high)
    )
    wrong["It does not rise little by little; there are two learning rates only."] = _ramp
    wrong["One learning rate for each iteration; you give one more."] = lambda errors, low, high, mark: (
        _warm_up([*errors, 0.0], low, high, mark)
    )
    function(given, _warm_up, cases, wrong, tolerance=1e-6)
    return "The book's recipe for 110 layers counts iterations instead, as many as the paper says it took."


TRAINED = ("kernel 1", "gamma 1", "beta 1", "kernel 2", "gamma 2", "beta 2")
STACK, MAPS, CLASSES = 3, 8, 10


def _silenced() -> keras.Model:
    """Basic blocks in a row, the last gamma of each zero."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(MAPS, 3, padding="same", activation="relu")(image)
    for number in range(STACK):
        x = models.basic_block(x, MAPS, name=f"block{number}")
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(CLASSES, activation="softmax")(x))
    for number in range(STACK):
        gamma = model.get_layer(f"block{number}_2_bn").gamma
        gamma.assign(np.zeros(gamma.shape))
    return model


def _weights(model: keras.Model) -> dict[str, np.ndarray]:
    """What is trained in the blocks, by name: the same of all blocks as one array."""
    parts = [f"{n}_{kind}" for n in (1, 2) for kind in ("conv", "bn")]
    blocks = []
    for number in range(STACK):
        found = [model.get_layer(f"block{number}_{part}").trainable_weights for part in parts]
        blocks.append([ops.convert_to_numpy(weight) for weights in found for weight in weights])
    return {name: np.stack(each) for name, each in zip(TRAINED, zip(*blocks, strict=True), strict=True)}


@functools.cache
def _changed(seed: int) -> tuple[frozenset[str], ...]:
    """What each of two steps of gradient descent changes in the blocks."""
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    model = _silenced()
    model.compile(keras.optimizers.SGD(2.0), "sparse_categorical_crossentropy", run_eagerly=True)
    images = random.normal(size=(32, 8, 8, 3)).astype("float32")
    labels = random.integers(CLASSES, size=32)
    seen = [_weights(model)]
    for _ in range(2):
        model.train_on_batch(images, labels)
        seen.append(_weights(model))
    return tuple(
        frozenset(name for name in TRAINED if np.any(before[name] != after[name]))
        for before, after in pairwise(seen)
    )


def _names(given: object, what: str) -> set[str]:
    """Read a prediction."""
    if given is None or given is Ellipsis:
        raise Wrong(f"{what}: there is no answer yet.")
    if isinstance(given, str) or not isinstance(given, Collection):
        raise Wrong(f"{what} should be a set of names, such as {{{TRAINED[0]!r}}}.")
    odd = [name for name in given if not isinstance(name, str) or name not in TRAINED]
    if odd:
        raise Wrong(f"{what} has {odd[0]!r}, which is not one of the six names.")
    return set(given)


@question
def first_steps(first: Collection[str], second: Collection[str], seed: int = 0) -> str:
    """The prediction of what two steps change in silenced blocks, held against a measurement."""
    one, two = _names(first, "first_step"), _names(second, "second_step")
    measured = _changed(seed)
    if one != measured[0]:
        raise Wrong(f"the measurement says otherwise of the first step. {_first_hint(one, measured[0])}")
    if two != measured[1]:
        raise Wrong(
            "the first step is right, and the measurement says otherwise of the second. Which numbers on a "
            "gradient's way has the first step changed?"
        )
    return "A block that begins as the identity costs one step, and then all of it learns."


def _first_hint(given: set[str], measured: frozenset[str]) -> str:
    if not given:
        return (
            "A shortcut passes the gradient on, but the main path ends at the sum too: what reaches its end?"
        )
    if any(name.endswith("1") for name in given - measured):
        return "By what is a gradient multiplied before it arrives at the first convolution of a block?"
    if given > measured:
        return "One of these stands before the last gamma, seen from the input."
    if "gamma 2" not in given:
        return "A number may be zero and have a gradient all the same. What would change if it were not?"
    return "Not everything depends on the last gamma. What is added behind it?"
