"""What updates and answers compute, against the same thing by hand; the same on every backend."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers
from stepping import compile_steps

from cnnlib import backend
from cnnlib.backend import BackendError
from cnnlib.data.feed import answered
from cnnlib.training import TrainingError

pytestmark = pytest.mark.backends

BATCHES = pytest.mark.parametrize("batch", [1, 4])


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            layers.Conv2D(2, 3, activation="tanh"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.1)),
        ]
    )


def loss() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def stack(steps: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    images = rng.normal(size=(steps, batch, 5, 5, 1)).astype("float32")
    return images, rng.integers(0, 3, (steps, batch)).astype("int32")


@BATCHES
def test_a_step_of_plain_descent_is_the_rate_times_the_slope(batch: int) -> None:
    images, labels = stack(1, batch)
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            layers.Flatten(),
            layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.1)),
        ]
    )
    kernel, bias = (w.astype("float64") for w in model.get_weights())

    def objective(kernel: np.ndarray, bias: np.ndarray) -> float:
        logits = images[0].reshape(batch, -1) @ kernel + bias
        right = logits[np.arange(batch), labels[0]]
        return (np.log(np.exp(logits).sum(axis=1)) - right).mean() + 0.1 * (kernel**2).sum()

    def slope(which: int) -> np.ndarray:
        point = [kernel, bias]
        found = np.empty(point[which].shape)
        for place in np.ndindex(*found.shape):
            shifted = []
            for h in (1e-6, -1e-6):
                moved = [kernel.copy(), bias.copy()]
                moved[which][place] += h
                shifted.append(objective(*moved))
            found[place] = (shifted[0] - shifted[1]) / 2e-6
        return found

    optimizer = keras.optimizers.SGD(0.5)
    losses, _ = compile_steps(model, optimizer, loss())(images, labels)
    assert losses[0] == pytest.approx(objective(kernel, bias), rel=1e-5)
    for which, (before, after) in enumerate(zip((kernel, bias), model.get_weights(), strict=True)):
        np.testing.assert_allclose(after, before - 0.5 * slope(which), atol=1e-5)


def with_head() -> keras.Model:
    """Predictions, and a head on what lies below them."""
    image = keras.Input((5, 5, 1))
    below = layers.Dense(4, activation="tanh", name="below")(layers.Flatten()(image))
    outputs = {"predictions": layers.Dense(3, name="main")(below), "aux": layers.Dense(3, name="head")(below)}
    return keras.Model(image, outputs)


def test_a_head_adds_its_factor_times_its_loss_and_gradient() -> None:
    images, labels = stack(1, 4)
    model = with_head()
    below, main, head = (model.get_layer(name).get_weights()[0] for name in ("below", "main", "head"))
    before = model.get_weights()

    def cross_entropy(hidden: np.ndarray, kernel: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss, and its slope at the hidden units."""
        shares = np.exp(hidden @ kernel)
        shares /= shares.sum(axis=1, keepdims=True)
        right = np.eye(3)[labels[0]]
        return -np.log((shares * right).sum(axis=1)).mean(), (shares - right) / 4 @ kernel.T

    x = images[0].reshape(4, -1)
    hidden = np.tanh(x @ below)
    (value, slope), (value_of_head, slope_of_head) = (cross_entropy(hidden, k) for k in (main, head))
    steps = compile_steps(model, keras.optimizers.SGD(0.5), loss(), heads={"aux": 0.3})
    losses, wrong = steps(images, labels)
    assert losses[0] == pytest.approx(value + 0.3 * value_of_head, rel=1e-5)
    assert wrong[0] == ((hidden @ main).argmax(axis=1) != labels[0]).sum()
    slope = x.T @ ((slope + 0.3 * slope_of_head) * (1 - hidden**2))
    np.testing.assert_allclose(model.get_layer("below").get_weights()[0], below - 0.5 * slope, atol=1e-6)
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))


def test_a_head_that_is_not_there_is_refused() -> None:
    for model in (with_head(), network()):
        with pytest.raises(TrainingError, match="no output aux2 to take a loss of"):
            compile_steps(model, keras.optimizers.SGD(), loss(), heads={"aux2": 0.3})


@BATCHES
def test_wrong_answers_are_counted_before_each_step(batch: int) -> None:
    images, labels = stack(3, batch)
    model = network()
    optimizer = keras.optimizers.SGD(0.0)
    _, wrong = compile_steps(model, optimizer, loss())(images, labels)
    again = network()
    expected = [
        (np.asarray(keras.ops.convert_to_numpy(again(x, training=True))).argmax(1) != y).sum()
        for x, y in zip(images, labels, strict=True)
    ]
    np.testing.assert_array_equal(wrong, expected)


@BATCHES
def test_each_step_takes_its_own_rate(batch: int) -> None:
    images, labels = (np.repeat(part, 3, axis=0) for part in stack(1, batch))
    model, single = network(), network()
    rates = np.array([0.5, 0.0, 0.1], "float32")
    compile_steps(model, keras.optimizers.SGD(9.0), loss())(images, labels, rates)
    for rate in rates:
        compile_steps(single, keras.optimizers.SGD(float(rate)), loss())(images[:1], labels[:1])
    for at_once, one in zip(model.get_weights(), single.get_weights(), strict=True):
        np.testing.assert_allclose(at_once, one, rtol=1e-4, atol=1e-6)


def linear(**settings: object) -> keras.Model:
    keras.utils.set_random_seed(5)
    dense = layers.Dense(3, bias_initializer="ones", **settings)
    return keras.Sequential([keras.Input((5, 5, 1)), layers.Flatten(), dense])


def no_loss(labels: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    return 0.0 * keras.ops.mean(scores)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_weight_decay_adds_lambda_times_the_weight_to_the_gradient(momentum: float, dtype: str) -> None:
    """Alone, over five steps: each goes through the momentum and, in float16, through the scaled loss."""
    model = linear(dtype=dtype)
    weights = [weight.astype("float64") for weight in model.get_weights()]
    velocity = [np.zeros_like(weight) for weight in weights]
    optimizer = keras.optimizers.SGD(0.5, momentum=momentum)
    if dtype == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    losses, _ = compile_steps(model, optimizer, no_loss, weight_decay=0.1)(*stack(5, 4))
    for _ in range(5):
        velocity = [momentum * v - 0.5 * 0.1 * w for v, w in zip(velocity, weights, strict=True)]
        weights = [w + v for w, v in zip(weights, velocity, strict=True)]
    for found, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_array_equal(losses, 0)  # what is reported is the loss alone


def test_a_step_with_decay_differs_by_rate_times_lambda_times_the_weight_and_kerass_own_by_twice_that() -> (
    None
):
    batch, after = stack(1, 4), {}
    kernel = linear().get_weights()[0]
    for name, regularizer, weight_decay in [
        ("without", None, 0.0),
        ("with", None, 0.1),
        ("keras", keras.regularizers.L2(0.1), 0.0),
    ]:
        model = linear(kernel_regularizer=regularizer)
        compile_steps(model, keras.optimizers.SGD(0.5), loss(), weight_decay=weight_decay)(*batch)
        after[name] = model.get_weights()[0]
    np.testing.assert_allclose(after["without"] - after["with"], 0.5 * 0.1 * kernel, atol=1e-6)
    np.testing.assert_allclose(after["without"] - after["keras"], 2 * 0.5 * 0.1 * kernel, atol=1e-6)


def in_parts(build: Callable, accumulate: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    model = build()
    optimizer = keras.optimizers.SGD(0.5, momentum=0.9)
    found = compile_steps(model, optimizer, loss(), accumulate=accumulate, weight_decay=0.01)(*stack(2, 8))
    return model.get_weights(), found


def test_a_batch_in_four_parts_makes_the_step_of_the_whole() -> None:
    def build() -> keras.Model:
        return linear(kernel_regularizer=keras.regularizers.L2(0.1))

    (whole, reported), (parts, also) = in_parts(build, 1), in_parts(build, 4)
    for one, four in zip(whole + reported, parts + also, strict=True):
        np.testing.assert_allclose(four, one, rtol=1e-5, atol=1e-6)


def test_batch_normalisation_sees_the_parts() -> None:
    (whole, _), (parts, _) = in_parts(network, 1), in_parts(network, 4)
    assert np.abs(whole[0] - parts[0]).max() > 1e-3


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_weights_of_float32(policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    optimizer = keras.optimizers.SGD(0.1)
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    assert model.compute_dtype == policy.removeprefix("mixed_")
    images, labels = (np.repeat(part, 12, axis=0) for part in stack(1, 8))
    losses, _ = compile_steps(model, optimizer, loss())(images, labels)
    assert losses[-1] < losses[0] - 0.3
    assert {weight.dtype for weight in model.get_weights()} == {np.dtype("float32")}


def test_a_loss_scaled_too_far_is_scaled_back_without_harm() -> None:
    model, start = linear(dtype="mixed_float16"), linear().get_weights()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**30)
    steps = compile_steps(model, optimizer, loss())
    images, labels = (np.repeat(part, 16, axis=0) for part in stack(1, 8))
    steps(images[:1], labels[:1])
    for weight, before in zip(model.get_weights(), start, strict=True):
        np.testing.assert_array_equal(weight, before)
    assert float(optimizer.dynamic_scale) == 2.0**29
    losses, _ = steps(images, labels)
    assert losses[-1] < losses[0] - 0.1
    assert np.isfinite(losses).all()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def answers_of(scores: list, weights: list | None = None) -> list[int]:
    weights = [1.0] * len(scores) if weights is None else weights
    found = answered(keras.ops.convert_to_tensor(scores, "float32"), np.array(weights, "float32"))
    return keras.ops.convert_to_numpy(found).tolist()


def test_the_answer_is_the_best_class_of_equals_the_first_and_none_where_scores_are_no_numbers() -> None:
    scores = [[0.0, 1, 2], [5, 5, 0], [np.nan, 1, 0], [9, 0, 0], [np.inf, 3, 3], [-np.inf, 1, 1]]
    assert answers_of(scores, [1, 1, 1, 0, 1, 1]) == [3, 1, 4, 0, 4, 4]
    assert answers_of([[0.5] * 7] * 2) == [1, 1]


def test_the_scores_of_an_images_views_are_averaged() -> None:
    sure, unsure = [0.0, 9, 0], [1.0, 0, 0]
    assert answers_of([sure, unsure, unsure, unsure], [1, 1]) == [2, 1]


def test_the_best_precision_is_what_the_hardware_computes_natively(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend.best_precision() == "float32" or backend.devices()[0].split(":")[0].lower() != "cpu"
    monkeypatch.setattr(backend, "devices", lambda: ["gpu:0", "gpu:1"])
    for capability, best in {8.0: "mixed_bfloat16", 7.5: "mixed_float16", 6.1: "float32"}.items():
        monkeypatch.setattr(backend, "_compute_capability", lambda capability=capability: capability)
        assert backend.best_precision() == best
    monkeypatch.setattr(backend, "devices", lambda: ["TPU:0"])
    assert backend.best_precision() == "mixed_bfloat16"


def test_every_backend_names_what_it_runs_on() -> None:
    names = backend.devices()
    assert names
    assert all(name.lower().split(":")[0] in ("cpu", "gpu", "cuda", "tpu") for name in names)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow tunes its pipelines")
def test_batches_come_in_order_from_a_pipeline_that_does_not_tune_itself() -> None:
    """Where it does, each call of `fit` may end up to twice as late as its last batch."""
    batches = backend.engine("one").batches(lambda: iter([(np.full(2, i), np.full(2, -i)) for i in range(5)]))
    assert not batches.options().autotune.enabled
    assert [int(x[0]) for x, _ in batches] == [0, 1, 2, 3, 4]


def test_another_backend_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(BackendError, match="openvino: use one of tensorflow, jax, torch"):
        backend.engine("one")
