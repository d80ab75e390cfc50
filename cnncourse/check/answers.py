"""Assertions that explain themselves: what all checks are made of.

Every one of them compares an answer with the right one and, where they differ, with those that common
mistakes lead to. A mistake is given as `{hint: what it leads to}`; the hint is said when an answer is just
that. The right answer itself is never said.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import io
import math
import numbers
import re
import sys
import textwrap
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

NO_MISTAKES: Mapping[str, Any] = {}
SAME = "both the same"
COLUMNS = 76  # of a message: what a notebook shows without breaking a word

_outcomes: dict[str, bool] = {}  # of the checks that have been run, by name
_running: list[None] = []  # something for each check, or call of an answer, that has not ended

# What leads from an answer to the frame of the check that calls it, as CPython's audit events have it.
FRAMES = {"sys._getframe", "sys._current_frames", "sys.settrace", "sys.setprofile"}
FRAMES |= {"gc.get_objects", "gc.get_referrers", "object.__getattr__"}


class Wrong(AssertionError):  # noqa: N818 - what a student reads is not the name of an error
    """An answer that is not right; the message says what is off."""

    def _render_traceback_(self) -> list[str]:
        """Have IPython show the message alone: the way through the checker is of no use to a student."""
        return [textwrap.fill(f"Not yet: {self}", COLUMNS)]


class _Guarded(types.ModuleType):
    """A module of checks: what is private in it is nobody's answer."""

    def __getattribute__(self, name: str) -> Any:
        private = name == "__dict__" or (name.startswith("_") and not name.endswith("__"))
        if private and _is_answer(sys._getframe(1)):
            raise Wrong(f"{name} is the checker's own; an answer has to be yours.")
        return super().__getattribute__(name)

    def __dir__(self) -> list[str]:
        return [name for name in self.__dict__ if not name.startswith("_")]


def _is_answer(frame: types.FrameType) -> bool:
    """Whether code stands in a notebook, or was made there, and in no module."""
    return frame.f_globals.get("__spec__") is None


def _watch(event: str, arguments: tuple) -> None:
    """Keep an answer that is being checked from looking at the check."""
    if not _running or event not in FRAMES:
        return
    if event == "object.__getattr__" and not str(arguments[1]).endswith("_frame"):
        return
    kept, _running[:] = _running[:], []  # looking for who looks is no event
    frame: types.FrameType | None = sys._getframe(1)
    while frame and frame.f_code.co_filename == inspect.__file__:
        frame = frame.f_back
    _running[:] = kept
    if frame and _is_answer(frame):
        raise Wrong("an answer must not look at what checks it.")


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    _running.append(None)
    try:
        yield
    finally:
        _running.pop()


sys.addaudithook(_watch)


def question(check: Callable[..., str | None], name: str = "", praise: str = "Right.") -> Callable[..., None]:
    """Make a check of a function that raises `Wrong` or returns a remark on the right answer.

    The check says "Right." with the remark. Warnings that an answer causes are not shown: they are no fault,
    and a grader takes text on the error channel for one.

    Args:
        check: the function.
        name: under which `outcome` knows it; by default its own.
        praise: what to say where it finds nothing wrong.
    """
    name = name or _name(check)
    module = sys.modules.get(check.__module__)
    if module and module.__name__.startswith("cnncourse.check.") and module.__name__ != __name__:
        module.__class__ = _Guarded

    @functools.wraps(check)
    def asked(*answers: Any, **options: Any) -> None:
        _outcomes[name] = False
        with _watched(), warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            try:
                remark = check(*answers, **options)
            except Wrong:
                raise
            except Exception as error:  # nobody can foresee all that is handed in
                what = f"{type(error).__name__}: {_plain(str(error))}"
                raise Wrong(f"this is nothing that the check can make sense of ({what})") from error
        _outcomes[name] = True
        print(textwrap.fill(f"{praise} {remark}" if remark else praise, COLUMNS))

    return asked


def outcome(check: Any) -> bool | None:
    """Whether a check, or that of a name, last found an answer right; None where it has not been run."""
    return _outcomes.get(check if isinstance(check, str) else _name(check))


def _name(check: Any) -> str:
    return f"{getattr(check, '__module__', '')}.{getattr(check, '__qualname__', '')}"


def call(given: Callable, *arguments: Any, shown: str = "", **options: Any) -> Any:
    """Call what a student wrote and return what it gives.

    Args:
        given: the student's function.
        *arguments: what to call it with.
        **options: the same, by name.
        shown: how to write the call in a message, where its arguments are too long to show.

    Raises:
        Wrong: it is no function, it stopped with an error, or it gave nothing.
    """
    if not callable(given):
        raise Wrong(f"a function is asked for, and this is {_shown(given)}.")
    name = getattr(given, "__name__", type(given).__name__)
    words = [_shown(argument) for argument in arguments]
    words += [f"{key}={_shown(option)}" for key, option in options.items()]
    shown = shown or f"{name}({', '.join(words)})"
    try:
        with _watched():
            got = given(*arguments, **options)
    except Wrong:
        raise
    except Exception as error:
        raise Wrong(f"{shown} stopped with {type(error).__name__}: {_plain(str(error))}") from error
    if got is None or got is Ellipsis:
        raise Wrong(f"{shown} gave nothing. Has it been written, and does it end with a return?")
    return got


def value(
    got: Any,
    right: Any,
    what: str,
    mistakes: Mapping[str, Any] = NO_MISTAKES,
    tolerance: float = 0.0,
) -> None:
    """Compare a number, a text, a sequence, a mapping or an array with the right one.

    Args:
        got: the answer.
        right: what it should be; its type says what is compared.
        what: how to name the answer in a message.
        mistakes: by hint, what common mistakes lead to.
        tolerance: largest difference that counts as none, relative to the larger of 1 and the right number.

    Raises:
        Wrong: it is not.
    """
    if got is None or got is Ellipsis:
        raise Wrong(f"{what}: there is no answer yet.")
    complaint = _complaint(got, right, tolerance)
    if complaint is not None:
        raise Wrong(_sentence(f"{what} {complaint}", _hint(got, mistakes, tolerance)))


def shape(got: Any, right: Sequence[int], what: str, mistakes: Mapping[str, Any] = NO_MISTAKES) -> None:
    """Compare the shape of one example, (height, width, channels) or shorter, with the right one.

    Raises:
        Wrong: they differ; the message says in which sides.
    """
    if isinstance(got, str) or not isinstance(got, Iterable) or getattr(got, "shape", None) == ():
        raise Wrong(f"{what}: a shape such as (5, 5, 16) is asked for, and this is {_shown(got)}.")
    got, right = tuple(got), tuple(right)
    if got == right:
        return
    text = "x".join(str(side) for side in got) or "a single number"
    hint = _hint(got, mistakes, 0.0)
    if len(got) != len(right):
        raise Wrong(
            _sentence(
                f"{what} is {text}, with {len(got)} side{'s' * (len(got) != 1)} instead of {len(right)}", hint
            )
        )
    names = (
        ("height", "width", "channels")
        if len(right) == 3
        else tuple(f"side {n + 1}" for n in range(len(right)))
    )
    off = [name for name, a, b in zip(names, got, right, strict=True) if a != b]
    kept = [name for name in names if name not in off]
    parts = f"not right: {_listed(off)}" + (f"; right: {_listed(kept)}" if kept else "")
    raise Wrong(_sentence(f"{what} is {text} ({parts})", hint))


def function(
    given: Callable,
    right: Callable,
    cases: Iterable[Sequence[Any]],
    mistakes: Mapping[str, Callable] = NO_MISTAKES,
    tolerance: float = 0.0,
) -> None:
    """Call a student's function with each of several arguments and compare with the right one.

    Args:
        given: the student's function.
        right: a function that gives the right answers.
        cases: the arguments of each call.
        mistakes: by hint, functions that common mistakes lead to.
        tolerance: as in `value`.

    Raises:
        Wrong: it differs somewhere; the message names the first such call.
    """
    waiting, asked = [tuple(case) for case in cases], []
    while waiting:
        case = waiting.pop(0)
        answer = right(*copy.deepcopy(case))
        asked.append((case, call(given, *copy.deepcopy(case))))  # an answer may change what it is given
        complaint = _complaint(asked[-1][1], answer, tolerance)
        if complaint is not None:
            break
    else:
        return
    shown = f"{getattr(given, '__name__', 'your function')}({', '.join(map(_shown, case))})"
    with contextlib.suppress(Wrong):  # mistakes that look alike in one case may differ in another
        asked += [(other, call(given, *copy.deepcopy(other))) for other in waiting]
    hint = _hint_of_calls(asked, mistakes, tolerance) or _hint_of_calls(
        [pair for pair in asked if pair[0] is case], mistakes, tolerance
    )
    raise Wrong(_sentence(f"{shown} {complaint}", hint))


def one_of(given: Any, words: Sequence[str], what: str) -> None:
    """Ask for one of several words.

    Raises:
        Wrong: it is none of them.
    """
    if not isinstance(given, str) or given not in words:
        raise Wrong(f"{what} should be one of {', '.join(map(repr, words))}; it is {_shown(given)}.")


def predicted(
    given: Any, names: Sequence[str], measure: Callable[[], Mapping[str, float]], margin: float, hint: str
) -> Mapping[str, float]:
    """Hold a prediction of which of two things is larger against a measurement, and return that.

    Args:
        given: one of `names`, or "both the same".
        names: of what is measured.
        measure: measures it, by name; not called for a prediction that is none.
        margin: a smaller difference is none.
        hint: what to tell whoever predicted something else.

    Raises:
        Wrong: the measurement says otherwise, or `given` is no prediction.
    """
    one_of(given, (*names, SAME), "prediction")
    measured = measure()
    alike = max(measured.values()) - min(measured.values()) < margin
    if given != (SAME if alike else max(measured, key=measured.__getitem__)):
        raise Wrong(f"the measurement says otherwise. {hint}")
    return measured


def agrees(got: Any, other: Any, tolerance: float = 0.0) -> bool:
    """Whether an answer is that one, as `value` judges it."""
    return _complaint(got, other, tolerance) is None


def network(
    got: Any,
    right: Any,
    what: str = "your network",
    mistakes: Mapping[str, Callable[[], Any]] = NO_MISTAKES,
    tolerance: float = 1e-4,
    but: str = "",
) -> None:
    """Compare a student's model with the right one: shapes, parameters, and answers with the same weights.

    Names and the order of layers do not matter where the function they compute is the same: both models get
    weights that follow from each weight's kind and shape alone, and must then answer the same.

    Args:
        got: the student's model.
        right: a model with the right shapes.
        what: how to name the model in a message.
        mistakes: by hint, functions that build what common mistakes lead to.
        tolerance: largest difference of the answers, relative to the largest of them.
        but: a kind of weight that is not counted, and zero in the comparison.

    Raises:
        Wrong: they differ.
    """
    import keras

    if not isinstance(got, keras.Model):
        raise Wrong(f"{what} should be a keras.Model, and this is {_shown(got)}.")
    seen = _Seen(_with_input(got, right, what), but)
    complaint = _difference(seen, _Seen(right), tolerance)
    if complaint is None and not seen.is_random:
        return
    if complaint is None:
        raise Wrong(f"{what} drops units while it trains, which is not asked for.")
    hints = (hint for hint, build in mistakes.items() if _difference(seen, _Seen(build()), tolerance) is None)
    raise Wrong(_sentence(f"{what} {complaint}", next(hints, "")))


class _Seen:
    """What can be seen of a model: shapes, parameters, and what it gives with the weights of `fill`."""

    def __init__(self, model: Any, but: str = ""):
        self.input_shape, self.output_shape = model.input_shape, model.output_shape
        self.trainable, self.all = (
            sum(math.prod(weight.shape) for weight in weights if _kind(weight) != but)
            for weights in (model.trainable_weights, model.weights)
        )
        self.shapes = sorted(tuple(weight.shape) for weight in model.weights if _kind(weight) != but)
        self._model, self._but = model, but

    @functools.cached_property
    def outputs(self) -> list[np.ndarray]:
        """Outputs for two random images."""
        fill(self._model, self._but)
        return self._outputs(training=False)

    @functools.cached_property
    def is_random(self) -> bool:
        """Whether it gives other outputs each time while it trains, as dropout has it."""
        pairs = zip(*(self._outputs(training=True) for _ in range(2)), strict=True)
        return any(not np.allclose(once, again, rtol=1e-3, atol=1e-5) for once, again in pairs)

    def _outputs(self, training: bool) -> list[np.ndarray]:
        from keras import ops, tree

        random = np.random.default_rng(0)
        shapes = self.input_shape if isinstance(self.input_shape, list) else [self.input_shape]
        images = [random.normal(size=(2, *sides[1:])).astype("float32") for sides in shapes]
        given = self._model(images if len(images) > 1 else images[0], training=training)
        return [np.asarray(ops.convert_to_numpy(output)) for output in tree.flatten(given)]


def _with_input(got: Any, right: Any, what: str) -> Any:
    """Give a model that waits for its first images, as a subclassed one does, the input of the right one."""
    import keras

    if hasattr(got, "input_shape") or isinstance(right.input_shape, list):
        return got
    image = keras.Input(right.input_shape[1:])
    return keras.Model(image, call(got, image, shown=f"{what}, given {_shape_text(right.input_shape)},"))


def fill(model: Any, but: str = "") -> None:
    """Give each weight of a model values that follow from its kind and its shape alone; one kind zeros."""
    for weight in model.weights:
        kind = _kind(weight)
        random = np.random.default_rng([len(kind), *kind.encode(), *weight.shape])
        values = random.normal(size=weight.shape)
        if kind in ("gamma", "moving_variance"):
            values = 1 + 0.1 * np.abs(values)
        elif kind == "kernel":
            values *= math.sqrt(2 / max(1, math.prod(weight.shape[:-1])))
        else:
            values *= 0.0 if kind == but else 0.1
        weight.assign(values.astype("float32"))


def _kind(weight: Any) -> str:
    """What a weight is for: by its name where that is one of the usual ones, else by its rank."""
    name = weight.path.rpartition("/")[2]
    known = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "coefficient")
    if name in known:
        return name
    return "kernel" if len(weight.shape) > 1 else "bias"


def _difference(got: _Seen, right: _Seen, tolerance: float) -> str | None:
    """What tells a model from the right one, in words; None where nothing does."""
    for mine, theirs, does in (
        (got.input_shape, right.input_shape, "takes"),
        (got.output_shape, right.output_shape, "gives"),
    ):
        if mine != theirs:
            return f"{does} {_shape_text(mine)}, which is not the shape it should have"
    for mine, theirs, what in (
        (got.trainable, right.trainable, "trainable parameters"),
        (got.all, right.all, "parameters"),
    ):
        if mine != theirs:
            return f"has {mine:,} {what}, which is too {'many' if mine > theirs else 'few'}"
    if got.shapes != right.shapes:
        return "has the right number of parameters, but in other places"
    for mine, theirs in zip(got.outputs, right.outputs, strict=True):
        if not np.abs(mine - theirs).max() <= tolerance * np.abs(theirs).max():
            return "has the right shapes and parameters, but with the same weights it gives other outputs"
    if got.is_random != right.is_random:
        return f"{'drops units' if got.is_random else 'never drops units'} while it trains; look again"
    return None


def _complaint(got: Any, right: Any, tolerance: float) -> str | None:
    """Say how an answer differs from the right one, without the latter; None where it does not."""
    if isinstance(right, bool | str):
        if isinstance(got, type(right)) and (got == right or tolerance == math.inf):
            return None
        if isinstance(got, str) and isinstance(right, str) and got.strip().lower() == right.lower():
            return f"is {_shown(got)}: the word, but not as it is asked for, in capitals or spaces"
        form = "a text" if isinstance(right, str) else "True or False"
        kind = "" if isinstance(got, type(right)) else f": it should be {form}"
        return f"is {_shown(got)}, which is not right{kind}"
    if isinstance(right, numbers.Number):
        return _number_complaint(got, right, tolerance)
    if isinstance(right, np.ndarray):
        return _array_complaint(got, right, tolerance)
    if isinstance(right, Mapping):
        return _mapping_complaint(got, right, tolerance)
    if isinstance(right, Sequence):
        return _sequence_complaint(got, right, tolerance)
    raise TypeError(f"no way to compare with {type(right).__name__}")


def _number_complaint(got: Any, right: Any, tolerance: float) -> str | None:
    number = _as_number(got)
    if number is None:
        return f"should be a number, and is {_shown(got)}"
    if not math.isfinite(number):
        return f"is {number}"
    if abs(number - right) <= tolerance * max(1.0, abs(right)):
        return None
    text = f"{number:,}" if isinstance(number, int) else f"{number:,.6g}"
    return f"is {text}, which is too {'large' if number > right else 'small'}"


def _as_number(got: Any) -> int | float | None:
    """Read a Python number, a NumPy one or a tensor of one element."""
    if got is None or isinstance(got, bool | str | list | tuple):
        return None
    if isinstance(got, numbers.Integral):
        whole = int(got)
        return whole if abs(whole) < 2**63 else math.inf
    try:
        array = as_array(got)
        return float(array.reshape(())) if array.size == 1 and array.dtype.kind in "iuf" else None
    except (TypeError, ValueError):
        return None


def as_array(got: Any) -> np.ndarray:
    """Read an array, a list, a number or a tensor of any backend."""
    if isinstance(got, np.ndarray):
        return got
    if isinstance(got, list | tuple | numbers.Number):
        return np.asarray(got)
    from keras import ops

    return np.asarray(ops.convert_to_numpy(got))


def _array_complaint(got: Any, right: np.ndarray, tolerance: float) -> str | None:
    try:
        array = as_array(got)
    except Exception:
        return f"should be an array or a tensor, and is {_shown(got)}"
    if array.dtype.kind not in "iufb":
        return f"should be an array of numbers, and is {_shown(got)}"
    if array.shape != right.shape:
        return f"has shape {array.shape}, which is not the one it should have"
    if not np.isfinite(array).all():
        return "has values that are no numbers (nan or infinite)"
    gap = np.abs(array.astype("float64") - right)
    if not gap.size or gap.max() <= tolerance * max(1.0, float(np.abs(right).max())):
        return None
    place = tuple(int(n) for n in np.unravel_index(gap.argmax(), gap.shape))
    share = np.mean(gap > gap.max() / 1000)
    return f"has the right shape, but {share:.0%} of its values are off, most of all at {list(place)}"


def _sequence_complaint(got: Any, right: Sequence, tolerance: float) -> str | None:
    if (
        isinstance(got, str)
        or not isinstance(got, Sequence | np.ndarray)
        or getattr(got, "shape", None) == ()
    ):
        return f"should be a list or a tuple, and is {_shown(got)}"
    if len(got) != len(right):
        return f"has {len(got)} entries, which is too {'many' if len(got) > len(right) else 'few'}"
    for place, (mine, theirs) in enumerate(zip(got, right, strict=True)):
        complaint = _complaint(mine, theirs, tolerance)
        if complaint:
            return f"at [{place}] {complaint}"
    return None


def _mapping_complaint(got: Any, right: Mapping, tolerance: float) -> str | None:
    if not isinstance(got, Mapping):
        return f"should be a dict, and is {_shown(got)}"
    if set(got) != set(right):
        return f"has the keys {_listed(sorted(map(repr, got)))}, and not those asked for"
    for key in right:
        complaint = _complaint(got[key], right[key], tolerance)
        if complaint:
            return f"at [{key!r}] {complaint}"
    return None


def _hint_of_calls(asked: list[tuple], mistakes: Mapping[str, Callable], tolerance: float) -> str:
    """The hint of the first mistake that explains all of these answers."""
    for near in (tolerance / 100, tolerance):
        for hint, mistake in mistakes.items():
            given = [(got, mistake(*copy.deepcopy(case))) for case, got in asked]
            if all(agrees(got, wrong, near) for got, wrong in given):
                return hint
    return ""


def _hint(got: Any, mistakes: Mapping[str, Any], tolerance: float) -> str:
    """The hint of the mistake that leads to just this answer, of several numbers the nearest; else none."""
    fitting = {hint: wrong for hint, wrong in mistakes.items() if agrees(got, wrong, tolerance)}
    number = _as_number(got)
    if number is not None:
        return min(fitting, key=lambda hint: abs(fitting[hint] - number), default="")
    return next(iter(fitting), "")


def _sentence(complaint: str, hint: str) -> str:
    return f"{complaint}. {hint}" if hint else f"{complaint}."


def _shape_text(sides: Any) -> str:
    if isinstance(sides, list):
        return _listed([_shape_text(each) for each in sides])
    return "x".join("any" if side is None else str(side) for side in sides[1:])


def _plain(text: str) -> str:
    """One line of a message, without the colours of a terminal."""
    return " ".join(re.sub(r"\x1b\[[\d;]*m", "", text).split())[:300]


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _shown(thing: Any) -> str:
    """Write an argument or an answer in a few words."""
    if thing is None or thing is Ellipsis:
        return "nothing yet"
    if not isinstance(thing, type) and len(getattr(thing, "shape", ())):
        return f"<array {_shape_text((None, *thing.shape))}>"
    text = repr(thing)
    return text if len(text) <= 60 else f"{text[:57]}..."
