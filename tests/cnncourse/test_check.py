"""What checks are made of: an answer is judged by its value; what is off is said without the right one."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from cnncourse.check import Wrong, call, draw, function, measured, network, question, shape, student, value
from cnncourse.check.student import VARIABLE


@pytest.mark.parametrize(
    "got", [6, 6.0, np.int64(6), np.float32(6), np.array([6]), ops.convert_to_tensor(6.0)]
)
def test_a_number_is_right_however_it_is_held(got):
    value(got, 6, "it")


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (None, "there is no answer yet"),
        (..., "there is no answer yet"),
        (7, "too large"),
        (5.5, "too small"),
        ("6", "should be a number"),
        (True, "should be a number"),
        ([6, 6], "should be a number"),
        (float("nan"), "is nan"),
        (10**400, "is inf"),
        (6 + 1j, "should be a number"),
    ],
)
def test_what_is_off_with_a_number(got, said):
    with pytest.raises(Wrong, match=said):
        value(got, 6, "it")


@pytest.mark.parametrize(
    ("got", "right", "said"),
    [
        ([1, 2], (1, 2, 3), "too few"),
        ([1, 9], (1, 2), r"at \[1\] is 9, which is too large"),
        ("12", (1, 2), "should be a list"),
        ({"a": 1}, {"b": 1}, "keys 'a'"),
        ({"a": 2}, {"a": 1}, r"at \['a'\]"),
        ([[1.0]], np.zeros((2, 1)), "shape"),
        ([[np.nan], [0]], np.zeros((2, 1)), "no numbers"),
        ([[1.0], [0]], np.zeros((2, 1)), r"50% of its values are off, most of all at \[0, 0\]"),
        ([["a"], ["b"]], np.zeros((2, 1)), "array"),
        (1, True, "not right"),
        ("yes", "no", "not right"),
        ("Yes ", "yes", "is 'Yes ': the word, but not as it is asked for"),
        ((6,), 6, "should be a number"),
    ],
)
def test_what_is_off_with_more_than_a_number(got, right, said):
    with pytest.raises(Wrong, match=said):
        value(got, right, "it")


def test_a_known_mistake_is_explained_and_the_answer_is_not_said():
    with pytest.raises(Wrong) as wrong:
        value(25, 26, "the count", {"The bias is missing.": 25, "Never.": 26})
    assert str(wrong.value) == "the count is 25, which is too small. The bias is missing."


def test_a_function_is_tried_until_it_differs_and_the_call_is_shown():
    mistakes = {"Is it the square?": lambda n: n + n}
    function(lambda n: n * n, lambda n: n * n, [(1,), (2,)], mistakes)

    def doubled(n):
        return n + n

    with pytest.raises(Wrong, match=r"doubled\(3\) is 6, which is too small. Is it the square\?"):
        function(doubled, lambda n: n * n, [(2,), (3,)], mistakes)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "a function is asked for"),
        (lambda: 1, "stopped with TypeError"),
        (lambda x: 1 / 0, "stopped with ZeroDivisionError"),
        (lambda x: None, "gave nothing"),
        (lambda x: ..., "gave nothing"),
    ],
)
def test_a_call_that_goes_wrong_is_explained(given, said):
    with pytest.raises(Wrong, match=said):
        call(given, 1)


def test_a_shape_says_which_sides_are_off():
    shape([5, 5, 16], (5, 5, 16), "your output")
    with pytest.raises(
        Wrong, match=r"your output is 5x5x15 \(not right: channels; right: height and width\)"
    ):
        shape((5, 5, 15), (5, 5, 16), "your output")
    with pytest.raises(Wrong, match="2 sides instead of 3"):
        shape((5, 5), (5, 5, 16), "your output")
    with pytest.raises(Wrong, match="a shape such as"):
        shape(5, (5, 5, 16), "your output")


def small(kernel: int = 3, activation: str = "relu", bias: bool = True, order: bool = False) -> keras.Model:
    image = keras.Input((8, 8, 2))
    branches = [layers.Conv2D(4, kernel, activation=activation, use_bias=bias), layers.Conv2D(3, kernel)]
    outputs = [branch(image) for branch in (branches[::-1] if order else branches)]
    return keras.Model(image, layers.Concatenate()(outputs[::-1] if order else outputs))


def test_the_same_network_is_recognised_whatever_the_order_of_its_layers():
    network(small(order=True), small())


def test_a_subclassed_network_is_compared_too():
    class Subclassed(keras.Model):
        def __init__(self, kernel):
            super().__init__()
            self.wide, self.narrow = layers.Conv2D(4, kernel, activation="relu"), layers.Conv2D(3, kernel)

        def call(self, x):
            return ops.concatenate([self.wide(x), self.narrow(x)], axis=-1)

    network(Subclassed(3), small())
    with pytest.raises(Wrong, match="gives 4x4x7"):
        network(Subclassed(5), small())


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ("a model", "should be a keras.Model"),
        (lambda: small(kernel=5), "gives 4x4x7, which is not the shape"),
        (lambda: small(bias=False), "too few"),
        (lambda: small(activation="tanh"), "Rectify."),
        (lambda: small(activation="gelu"), "other outputs"),
    ],
)
def test_what_is_off_with_a_network(got, said):
    with pytest.raises(Wrong, match=said):
        network(
            got() if callable(got) else got, small(), mistakes={"Rectify.": lambda: small(activation="tanh")}
        )


def test_a_check_says_right_and_swallows_warnings(capsys):
    @question
    def check(given):
        import warnings

        warnings.warn("noise", stacklevel=1)
        return "Well known."

    check(1)
    assert capsys.readouterr() == ("Right. Well known.\n", "")


def test_what_no_check_expects_is_wrong_too():
    @question
    def check(given):
        return given.upper()

    with pytest.raises(Wrong, match=r"make sense of \(AttributeError"):
        check(3)


def test_values_follow_from_the_name_and_the_grader_knows_it_better(monkeypatch):
    drawn = {name: draw(name, "size", range(1000)) for name in ("ada", "bob", "eve")}
    assert len(set(drawn.values())) == 3
    assert drawn["ada"] == 127
    assert draw("ada", "kernel", range(1000)) != drawn["ada"]
    assert student(" ada ") == "ada"
    monkeypatch.setenv(VARIABLE, "bob")
    assert student("ada") == "bob"
    with pytest.raises(ValueError, match="must be a text"):
        student(7)


def test_a_measurement_is_made_once_for_a_class(tmp_path, monkeypatch):
    made = []

    def gap(seed):
        made.append(seed)
        return {("dense", 3): 0.25}

    def process(folder=tmp_path):
        """What a new process would read."""
        monkeypatch.setattr(measured, "_FOLDER", folder)
        monkeypatch.setattr(measured, "_KEPT", {path.name: path.read_bytes() for path in folder.glob("*")})
        return measured.measurement(gap)

    reference = process()
    assert reference(0) == reference(0) == {("dense", 3): 0.25}
    monkeypatch.setenv(VARIABLE, "ada")
    submission = process()
    submission(0).clear()  # nobody else's, and not the next one's
    monkeypatch.setattr("pickle.loads", lambda _: {})
    assert submission(0) == {("dense", 3): 0.25}
    assert made == [0]
    assert submission(1) == {("dense", 3): 0.25}  # not measured by the reference: measured here, and not kept
    assert made == [0, 1]
    assert len(list(tmp_path.iterdir())) == 1
    assert process(tmp_path / "none")(0) == {("dense", 3): 0.25}
