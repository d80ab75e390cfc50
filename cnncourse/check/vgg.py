"""Checks of the exercises on VGG."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from cnnbook import papers
from cnncourse.check import Wrong, call, draw, function, network, question, value
from cnnlib import audit, models
from cnnlib.models.vgg import CONFIGURATIONS, MAPS, UNITS

Windows = Sequence[tuple[int, int]]
"""Of each layer, image first: side of its kernel or pool, and its stride."""
Plan = tuple[tuple[tuple[int, int], ...], ...]
"""Of each block its convolutions: side of the kernel and number of channels."""

STACKS = (
    ((3, 1), (3, 1), (2, 2), (3, 1), (2, 2), (3, 1)),
    ((3, 1), (3, 1), (3, 1)),
    ((11, 4), (3, 2), (5, 1), (3, 2), (3, 1)),
)


def _field(windows: Windows) -> int:
    def count() -> int | None:
        x = image = keras.Input((512, 512, 1))
        for side, step in windows:
            x = layers.Conv2D(1, side, step, padding="same")(x)
        return audit.table(keras.Model(image, x))[-1].receptive_field

    return audit.without_weights(count) or 1


def _apart(steps: Iterable[int]) -> list[int]:
    """How far apart neighbours lie, in pixels of the image: before the first layer, and after each."""
    return [1, *itertools.accumulate(steps, lambda pixels, step: pixels * step)]


def _wider(windows: Windows, apart: Sequence[int]) -> int:
    return 1 + sum((side - 1) * pixels for (side, _), pixels in zip(windows, apart, strict=False))


@question
def receptive_field(given: Callable, stacks: Sequence[Windows] = STACKS) -> str:
    """`given(windows)` is the side of what one unit behind a stack of layers sees of the image."""
    wrong: dict[str, Callable[[Windows], int]] = {}
    wrong["Windows of neighbours overlap; their sides do not add up."] = lambda w: sum(side for side, _ in w)
    wrong["What do the strides do? Behind a pool, neighbours lie further apart in the image."] = lambda w: (
        _wider(w, [1] * len(w))
    )
    wrong["A layer's own stride comes after its kernel: it counts for the layers behind it."] = lambda w: (
        _wider(w, _apart(step for _, step in w)[1:])
    )
    wrong["Two strides of two, one after the other: how far apart are neighbours then?"] = lambda w: _wider(
        w, [1, *(step for _, step in w)]
    )
    wrong["Begin with the image: there a unit is one pixel and sees itself."] = lambda w: (
        _wider(w, _apart(step for _, step in w)) - 1
    )
    wrong["Pools see as well: their sides count like those of convolutions."] = lambda w: _wider(
        [(side if step == 1 else 1, step) for side, step in w], _apart(step for _, step in w)
    )
    function(given, _field, [(stack,) for stack in stacks], wrong)
    return "Each pool doubles what a layer behind it adds; that is why deep units see nearly everything."


def my_stack(student: str) -> tuple[int, int]:
    """A student's own stack: how many convolutions of 3x3, and the channels of each."""
    return draw(student, "stack", [(number, maps) for number in (4, 5, 6) for maps in range(16, 208, 8)])


def _parameters(sides: Iterable[int], maps: int) -> int:
    """Parameters of convolutions one after the other, from `maps` channels to as many."""

    def count() -> int:
        x = image = keras.Input((32, 32, maps))
        for side in sides:
            x = layers.Conv2D(maps, side, padding="same")(x)
        return keras.Model(image, x).count_params()

    return audit.without_weights(count)


@question
def saved(given: int, student: str) -> str:
    """How many parameters a student's stack of 3x3 has fewer than one convolution that sees as much."""
    number, maps = my_stack(student)
    side = _field([(3, 1)] * number)
    stack, one = _parameters([3] * number, maps), _parameters([side], maps)
    wrong: dict[str, float] = {}
    wrong["Each layer has biases as well, those of the stack too."] = (side**2 - 9 * number) * maps**2
    wrong["That is what the stack has. How many fewer is that?"] = stack
    wrong["That is what the one convolution has. How many fewer has the stack?"] = one
    wrong["How many fewer: the difference the other way round."] = stack - one
    wrong["The windows overlap: each layer more sees one pixel further on either side."] = (
        _parameters([3 * number], maps) - stack
    )
    wrong["The window grows on both sides with each layer."] = _parameters([number + 2], maps) - stack
    wrong["Three layers see that much. Yours has another number of them."] = _parameters([7], maps) - stack
    wrong["There is a kernel for each pair of a channel in and a channel out."] = (
        side**2 * maps + maps - number * (9 * maps + maps)
    )
    wrong["A kernel has height and width."] = side * maps**2 + maps - number * (3 * maps**2 + maps)
    wrong["A number of parameters is asked for, not a share."] = 1 - stack / one
    value(given, one - stack, "the number of parameters saved", wrong)
    return f"The one kernel of {side}x{side} needs {one / stack - 1:.0%} more than the stack."


def my_scales(student: str) -> tuple[int, int]:
    """A student's own range of the shorter side: smallest and largest."""
    return draw(
        student, "scales", [(low, high) for low in range(240, 312, 8) for high in range(384, 608, 16)]
    )


@question
def jitter(given: float, student: str) -> str:
    """The share of draws of a student's range in which the square shows less than half of the photograph."""
    low, high = my_scales(student)
    size = papers.fact("simonyan2015.crop_side").value
    sides = np.arange(low, high + 1)
    shown = (size / sides) ** 2
    wrong: dict[str, float] = {}
    wrong["Those are the draws in which it shows more. Less is asked for."] = (shown >= 0.5).mean()
    wrong["Half the side is not half the area."] = (size / sides < 0.5).mean()
    wrong["The largest side can be drawn, too: both ends count."] = (shown[:-1] < 0.5).mean()
    wrong["How many sides can be drawn? Both ends count."] = (shown < 0.5).sum() / (high - low)
    wrong["That is how many draws; a share of all is asked for."] = (shown < 0.5).sum()
    wrong["A share from 0 to 1 is asked for, not one in a hundred."] = 100 * (shown < 0.5).mean()
    wrong["That is how much the square shows on average. In what share of draws is it less than half?"] = (
        shown.mean()
    )
    right = float((shown < 0.5).mean())
    if isinstance(given, float) and abs(given - right) < 0.02:
        wrong["That is near. Sides are whole numbers, so count them all."] = given
    value(given, right, "the share", wrong, tolerance=1e-6)
    return f"At the largest side the square shows {shown[-1]:.0%} of the photograph."


def plan(config: str = "C", width: float = 1.0) -> Plan:
    """One of the paper's configurations as a plan: by block, the convolutions' (kernel, channels)."""
    return tuple(
        tuple((int(side), round(maps * width)) for side in sides if side != "LRN")
        for sides, maps in zip(CONFIGURATIONS[config], MAPS, strict=True)
    )


def _convolutions(
    x: Any,
    blocks: Plan,
    kernel: int | None = None,
    padding: str = "same",
    activation: str | None = "relu",
    pooling: Callable = layers.MaxPooling2D,
    last_pool: bool = True,
) -> Any:
    """The blocks of a VGG, with one thing or another changed."""
    for number, block in enumerate(blocks, start=1):
        for side, maps in block:
            x = layers.Conv2D(maps, kernel or side, padding=padding, activation=activation)(x)
        if last_pool or number < len(blocks):
            x = pooling(2)(x)
    return x


def _vgg(
    blocks: Plan,
    units: int,
    side: int,
    classes: int,
    flat: Callable = layers.Flatten,
    dense: int = 2,
    between: str | None = "relu",
    last: str | None = "softmax",
    **changes: Any,
) -> keras.Model:
    image = keras.Input((side, side, 3))
    x = flat()(_convolutions(image, blocks, **changes))
    for _ in range(dense):
        x = layers.Dense(units, activation=between)(x)
    return keras.Model(image, layers.Dense(classes, activation=last)(x))


@question
def vgg(
    given: Callable,
    config: str = "C",
    blocks: slice = slice(1, 3),
    width: float = 1 / 16,
    side: int = 24,
    classes: int = 10,
) -> str:
    """`given(plan, units, side, classes)` builds a VGG from blocks of a configuration."""
    chosen, units = plan(config, width)[blocks], round(UNITS * width)
    build = functools.partial(functools.partial, _vgg, chosen, units, side, classes)
    wrong = {}
    wrong["Its kernels are not all of one side; the plan says which."] = build(kernel=3)
    wrong["Its convolutions keep height and width; they pad."] = build(padding="valid")
    wrong["There is a ReLU behind each convolution."] = build(activation=None)
    wrong["Its pools take the largest value."] = build(pooling=layers.AveragePooling2D)
    wrong["A pool ends every block, the last one too."] = build(last_pool=False)
    wrong["The feature maps are flattened: an average of each came with later networks."] = build(
        flat=layers.GlobalAveragePooling2D
    )
    wrong["One of the two dense layers before the output is missing."] = build(dense=1)
    wrong["The dense layers before the output are missing."] = build(dense=0)
    wrong["The dense layers before the output have a ReLU as well."] = build(between=None)
    wrong["The output should be probabilities."] = build(last=None)
    network(call(given, chosen, units, side, classes), build()(), mistakes=wrong)
    return "All of the paper's networks but one come out of it; A-LRN needs a word more in its plan."


def _block_work(blocks: Plan, side: int) -> list[int]:
    def count() -> list[audit.Row]:
        image = keras.Input((side, side, 3))
        return audit.table(keras.Model(image, _convolutions(image, blocks)))

    rows = iter(audit.without_weights(count))
    return [sum(next(rows).macs for _ in range(len(block) + 1)) for block in blocks]


def _slip(
    blocks: Plan,
    side: int,
    halved: float = 2,
    channels: int = 3,
    area: bool = True,
    square: bool = True,
    bias: int = 0,
    pool_first: bool = False,
    within: bool = True,
) -> list[float]:
    """The work of each block as common slips would have it."""
    work: list[float] = []
    below = channels
    for block in blocks:
        total, entering = 0, below
        places = side // 2 if pool_first else side
        for kernel, maps in block:
            window = kernel**2 if square else kernel
            total += (places**2 if area else 1) * (window * (below if within else entering) + bias) * maps
            below = maps
        work.append(total)
        side = int(side / halved)
    return work


@question
def block_work(given: Callable, nets: Sequence[tuple[str, int]] = (("D", 224), ("C", 64))) -> str:
    """`given(plan, side)` is the number of multiply-adds in the convolutions of each block."""
    slip: Callable[..., Callable] = functools.partial(functools.partial, _slip)
    wrong: dict[str, Callable] = {}
    wrong["Those are weights. Each of them is used at every place of a feature map."] = slip(area=False)
    wrong["The pool that ends a block halves the side for the next."] = slip(halved=1)
    wrong["The pool stands at the end of a block: its convolutions come before it."] = slip(pool_first=True)
    wrong["A kernel has height and width."] = slip(square=False)
    wrong["A bias is added and multiplies nothing."] = slip(bias=1)
    wrong["The image has three channels."] = slip(channels=1)
    wrong["Within a block, a convolution sees the channels of the one before it."] = slip(within=False)
    wrong["A pool halves the height and the width."] = slip(halved=math.sqrt(2))
    wrong["One number for each block is asked for, not for all."] = lambda *net: sum(_slip(*net))
    function(given, _block_work, [(plan(config), side) for config, side in nets], wrong)
    return _where_the_work_is()


def _where_the_work_is() -> str:
    work, weights = _block_work(plan("D"), 224), audit.without_weights(lambda: audit.table(models.VGG("D")))
    first = sum(row.params for row in weights if row.name.startswith("block1"))
    share = first / audit.totals(weights)["params"]
    return f"VGG16's first block does {work[0] / sum(work):.0%} of the work with {share:.2%} of all weights."


def _windows(maps: np.ndarray, height: int, width: int, order: str = "hwc") -> np.ndarray:
    """Every part of (batch, h, w, c) that is as high and wide, flattened in some order."""
    parts = np.lib.stride_tricks.sliding_window_view(maps, (height, width), axis=(1, 2))
    axes = [3 + "chw".index(letter) for letter in order]
    parts = parts.transpose(0, 1, 2, *axes)
    return parts.reshape(*parts.shape[:3], -1)


def _dense(inputs: int, units: int, activation: str, random: np.random.Generator) -> layers.Dense:
    dense = layers.Dense(units, activation=activation)
    dense.build((None, inputs))
    dense.set_weights([random.normal(size=size).astype("float32") / 4 for size in ((inputs, units), units)])
    return dense


def _padded(maps: np.ndarray, height: int, width: int) -> np.ndarray:
    """Zeros around maps, as a convolution of that height and width has them that keeps the size."""
    sides = [((side - 1) // 2, side // 2) for side in (height, width)]
    return np.pad(maps, ((0, 0), *sides, (0, 0)))


@question
def as_convolution(
    given: Callable, height: int = 3, width: int = 4, activation: str = "relu", seed: int = 0
) -> str:
    """`given(dense, height, width)` is a convolution that does a dense layer's work at every place."""
    random = np.random.default_rng(seed)
    channels, units = 5, 6
    dense = _dense(height * width * channels, units, activation, random)
    weights = [weight.copy() for weight in dense.get_weights()]
    layer = call(given, dense, height, width, shown=f"as_convolution(dense, {height}, {width})")
    if isinstance(layer, type) or not callable(layer):
        raise Wrong("as_convolution should return a layer, such as a Conv2D with its weights set.")
    for more in ((0, 0), (2, 3)):
        maps = random.normal(size=(2, height + more[0], width + more[1], channels)).astype("float32")
        _as_dense_everywhere(layer, maps, (height, width), activation, weights)
    return "Its weights are the same numbers in the same order; only their shape is new."


def _as_dense_everywhere(
    layer: Callable, maps: np.ndarray, size: tuple[int, int], activation: str, weights: list[np.ndarray]
) -> None:
    """Compare a convolution with a dense layer that visits every part of some maps."""
    kernel, bias = weights
    squash = keras.activations.get(activation)

    def said(parts: np.ndarray, offset: np.ndarray = bias, by: Callable = squash) -> np.ndarray:
        return np.asarray(ops.convert_to_numpy(by(parts @ kernel + offset)))

    parts = _windows(maps, *size)
    right = said(parts)
    wrong = {}
    wrong["Where is the dense layer's bias?"] = said(parts, 0 * bias)
    wrong["The dense layer has an activation as well."] = said(parts, by=keras.activations.linear)
    wrong["Take the dense layer's own activation."] = said(parts, by=keras.activations.relu)
    wrong["In what order does Flatten put rows, columns and channels? Channels are not first."] = said(
        _windows(maps, *size, "chw")
    )
    wrong["In what order does Flatten put rows and columns?"] = said(_windows(maps, *size, "whc"))
    wrong["Where the window does not fit, the dense layer said nothing; do not pad."] = said(
        _windows(_padded(maps, *size), *size)
    )
    if right.shape[1:3] == (1, 1):
        wrong["A convolution gives maps; here they have a single place."] = right[:, 0, 0]
    shown = "x".join(map(str, maps.shape[1:]))
    got = call(layer, maps, shown=f"your layer, given maps of {shown},")
    value(got, right, f"what your layer makes of maps of {shown}", wrong, tolerance=1e-4)


DEPTH, DRAWS = 16, 3


def _signal(deviation: float, kernel: int, maps: int) -> float:
    """By what an untrained stack multiplies the size of noise: geometric mean of some draws."""
    sizes = []
    for seed in range(DRAWS):
        random = np.random.default_rng(seed)
        side = DEPTH * (kernel - 1) + 4  # so that nothing need be padded
        x: Any = random.normal(size=(1, side, side, maps)).astype("float32")
        for _ in range(DEPTH):
            weights = deviation * random.normal(size=(kernel, kernel, maps, maps))
            x = ops.relu(ops.conv(x, weights.astype("float32")))
        sizes.append(float(ops.sqrt(ops.mean(ops.square(x)))))
    return float(np.prod(sizes) ** (1 / DRAWS))


@question
def level(given: Callable, stacks: Sequence[tuple[int, int]] = ((3, 64), (1, 96))) -> str:
    """`given(kernel, maps)` is a deviation of weights that keeps a signal's size, as is measured."""
    wrong: dict[str, Callable[[int, int], float]] = {}
    wrong["Is that the variance? The deviation is its root."] = lambda k, m: 2 / (k * k * m)
    wrong["A unit adds up a product for each weight of its kernels, not for each channel alone."] = (
        lambda k, m: math.sqrt(2 / m)
    )
    wrong["A kernel has height and width."] = lambda k, m: math.sqrt(2 / (k * m))
    wrong["A unit has a kernel for each channel that comes in."] = lambda k, m: math.sqrt(2) / k
    wrong["The ReLU lets only half of the mean square through."] = lambda k, m: math.sqrt(1 / (k * k * m))
    wrong["The ReLU takes away half; the weights have to make up for it, not to follow."] = lambda k, m: (
        math.sqrt(1 / (2 * k * k * m))
    )
    for kernel, maps in stacks:
        got = _positive(call(given, kernel, maps), f"level({kernel}, {maps})")
        ratio = _signal(got, kernel, maps)
        if not 1 / 4 <= ratio <= 4:
            hint = next(
                (h for h, make in wrong.items() if math.isclose(got, make(kernel, maps), rel_tol=1e-3)), ""
            )
            raise Wrong(f"level({kernel}, {maps}): {_fate(ratio)} {hint}".strip())
    glorot = _signal(math.sqrt(1 / (kernel**2 * maps)), kernel, maps)
    was = f"Behind {DEPTH} layers the signal is {ratio:.2g} times what it was"
    return f"{was}; Glorot's weights leave {glorot:.2g} of it."


def _positive(got: Any, what: str) -> float:
    """Read a deviation."""
    try:
        number = float(np.asarray(ops.convert_to_numpy(got)).reshape(()))
    except Exception:
        raise Wrong(f"{what} should be a number, and is something else.") from None
    if isinstance(got, bool | str) or not 0 < number < math.inf:
        raise Wrong(f"{what} should be a number above 0.")
    return number


def _fate(ratio: float) -> str:
    if not math.isfinite(ratio):
        return f"behind {DEPTH} layers the signal has grown beyond what a float can hold."
    way = "grows" if ratio > 1 else "fades"
    return f"the signal {way}. Behind {DEPTH} layers it is {ratio:.1g} times what it was."
