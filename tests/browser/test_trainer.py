"""The script that trains LeNet-5 in a page computes what Keras computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from try_training import TRAINER, settings_of

from cnnlib import data, models

DIGITS = data.load("mnist")
BATCH = 12
# Weights before some updates and after them, in Keras's order. Each update takes all of the digits given.
UPDATED = """([settings, given, count]) => {
  const [pixels, labels] = [given.pixels, given.labels].map((values) => Uint8Array.from(values));
  const digits = { train: labels.length, pixels, labels };
  const net = window.cnnTrainer().create(settings, digits);
  const weights = () => net.all.map(({ weights }) => [...weights]);
  const before = weights();
  for (let update = 0; update < count; update++) net.train();
  return [before, weights()];
}"""


@pytest.fixture(scope="module")
def bare(browser: Browser) -> Iterator[Page]:
    """A page with the trainer's script alone."""
    page = browser.new_page()
    page.add_script_tag(path=TRAINER)
    yield page
    page.close()


def in_keras(activation: str, pooling: str, weights: list[list[float]]) -> keras.Model:
    """The network of the page with its weights."""

    def changed(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, keras.layers.AveragePooling2D) and pooling == "max":
            return keras.layers.MaxPooling2D(layer.pool_size, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    model = keras.models.clone_model(models.LeNet5(), clone_function=changed)
    for name in ("c1", "c3", "c5", "f6"):
        model.get_layer(name).activation = keras.activations.get(activation)
    model.set_weights([np.reshape(w, v.shape) for w, v in zip(weights, model.weights, strict=True)])
    return model


def both_updated(
    page: Page, optimizer: keras.optimizers.Optimizer, count: int, **changed: str
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Weights to begin with, and after updates by the page and by Keras."""
    x, y = DIGITS.train.x[:BATCH], DIGITS.train.y[:BATCH]
    given = {"pixels": x.ravel().tolist(), "labels": y.tolist()}
    settings = settings_of(changed | {"batch": str(BATCH)})
    before, ours = page.evaluate(UPDATED, [settings, given, count])
    model = in_keras(settings["activation"], settings["pooling"], before)
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    for _ in range(count):
        model.train_on_batch(x.astype("float32") / 255, y)
    first, found = ([np.asarray(part) for part in parts] for parts in (before, ours))
    return first, found, [np.ravel(weight).astype("float64") for weight in model.get_weights()]


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_gradients_are_those_of_keras(bare: Page, activation: str, pooling: str) -> None:
    # With a learning rate of one, plain SGD moves each weight by its gradient.
    start = "large" if activation == "sigmoid" else "glorot"
    settings = {"activation": activation, "pooling": pooling, "optimiser": "sgd", "rate": "1", "start": start}
    before, ours, theirs = both_updated(bare, keras.optimizers.SGD(1.0), 1, **settings)
    for first, found, expected in zip(before, ours, theirs, strict=True):
        gradient = expected - first
        assert np.abs(gradient).max() > 1e-4
        np.testing.assert_allclose(found - first, gradient, atol=1e-4 * min(1, np.abs(gradient).max()))


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("sgd", lambda: keras.optimizers.SGD(0.05)),
        ("momentum", lambda: keras.optimizers.SGD(0.05, momentum=0.9)),
        ("adam", lambda: keras.optimizers.Adam(0.05)),
    ],
)
def test_updates_are_those_of_keras(bare: Page, name: str, optimizer: Callable) -> None:
    before, ours, theirs = both_updated(bare, optimizer(), 3, optimiser=name, rate="0.05", pooling="average")
    for first, found, expected in zip(before, ours, theirs, strict=True):
        assert np.abs(expected - first).max() > 0.005
        np.testing.assert_allclose(found, expected, atol=1e-3)
