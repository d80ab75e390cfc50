"""Many steps in one compiled call are the same steps, one by one, and each goes down the gradient."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from stepping import compile_steps

from cnnlib import backend
from cnnlib.backend import BackendError

pytestmark = pytest.mark.backends

# A batch of one is compiled as a whole loop, a larger one step by step.
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
def test_many_steps_in_a_call_are_the_single_steps(batch: int) -> None:
    images, labels = stack(6, batch)
    weights, slots, reports = [], [], []
    for size in (6, 1):
        model, optimizer = network(), keras.optimizers.Adam(0.01)
        steps = compile_steps(model, optimizer, loss())
        parts = [steps(images[i : i + size], labels[i : i + size]) for i in range(0, 6, size)]
        reports.append(np.concatenate(parts, axis=1))
        weights.append(model.get_weights())
        slots.append([np.array(keras.ops.convert_to_numpy(v.value)) for v in optimizer.variables])
    assert reports[0].shape == (2, 6)
    np.testing.assert_allclose(reports[0], reports[1], rtol=1e-5)
    for at_once, single in zip(weights[0] + slots[0], weights[1] + slots[1], strict=True):
        np.testing.assert_allclose(at_once, single, rtol=1e-4, atol=1e-6)
    moved = [np.abs(new - old).max() for new, old in zip(weights[0], network().get_weights(), strict=True)]
    assert min(moved) > 1e-4  # the moving averages of the normalisation among them


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


def test_every_backend_names_what_it_runs_on() -> None:
    names = backend.devices()
    assert names
    assert all(name.lower().split(":")[0] in ("cpu", "gpu", "cuda", "tpu") for name in names)


def test_an_accelerator_gets_the_whole_loop_and_a_cpu_only_single_images() -> None:
    engine = backend.engine("one")
    compiles = keras.backend.backend() != "torch"
    assert engine.fuses(1) is compiles
    assert not engine.fuses(64)
    engine.on_cpu = False
    assert engine.fuses(64) is compiles


def test_another_backend_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(BackendError, match="openvino: use one of tensorflow, jax, torch"):
        backend.engine("one")
