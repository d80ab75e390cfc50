"""The audit against counts worked out by hand, and its receptive fields against what a unit really sees."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from cnnlib import audit


def chain(shape: tuple[int | None, ...], *stack: keras.Layer) -> keras.Model:
    image = x = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x)


def last(shape: tuple[int, ...], *stack: keras.Layer) -> audit.Row:
    return audit.table(chain(shape, *stack))[-1]


@pytest.mark.parametrize(
    ("shape", "layer", "output", "params", "macs"),
    [
        ((8, 8, 4), layers.Conv2D(6, 3), (6, 6, 6), 9 * 4 * 6 + 6, 36 * 9 * 4 * 6),
        ((8, 8, 4), layers.Conv2D(6, 3, groups=2), (6, 6, 6), 9 * 2 * 6 + 6, 36 * 9 * 2 * 6),
        ((8, 8, 4), layers.Conv2D(6, 3, strides=2, padding="same"), (4, 4, 6), 222, 16 * 9 * 4 * 6),
        ((8, 8, 4), layers.Conv2D(6, 3, dilation_rate=2), (4, 4, 6), 222, 16 * 9 * 4 * 6),
        ((8, 8, 4), layers.Conv2D(6, 1, use_bias=False), (8, 8, 6), 24, 64 * 24),
        ((8, 8, 4), layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 8), 9 * 8 + 8, 36 * 9 * 8),
        ((8, 8, 4), layers.SeparableConv2D(6, 3), (6, 6, 6), 36 + 24 + 6, 36 * 9 * 4 + 36 * 4 * 6),
        ((4, 4, 3), layers.Conv2DTranspose(5, 3, strides=2), (9, 9, 5), 9 * 3 * 5 + 5, 16 * 9 * 3 * 5),
        ((7,), layers.Dense(5), (5,), 40, 35),
        ((11, 7), layers.Dense(5), (11, 5), 40, 11 * 35),
        ((8, 8, 4), layers.MaxPooling2D(2), (4, 4, 4), 0, 0),
        ((8, 8, 4), layers.BatchNormalization(), (8, 8, 4), 8, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else "",
)
def test_counts_of_a_layer(
    shape: tuple[int, ...], layer: keras.Layer, output: tuple[int, ...], params: int, macs: int
) -> None:
    row = last(shape, layer)
    assert (row.kind, row.output_shape, row.params, row.macs) == (type(layer).__name__, output, params, macs)
    biases = np.prod(output) if getattr(layer, "use_bias", False) else 0
    assert row.connections == macs + biases


def ones(kind: type[keras.Layer], *arguments: int, **settings: object) -> keras.Layer:
    """A layer whose weights are all 1, so that no influence of a pixel cancels another."""
    if issubclass(kind, layers.Conv2D | layers.Conv2DTranspose):
        settings["kernel_initializer"] = "ones"
    return kind(*arguments, **settings)


def branches(merge: type[keras.Layer]) -> keras.Model:
    image = keras.Input((25, 25, 1))
    left = ones(layers.Conv2D, 2, 1)(image)
    right = ones(layers.Conv2D, 2, 5, padding="same")(ones(layers.Conv2D, 2, 3, padding="same")(image))
    return keras.Model(image, ones(layers.Conv2D, 1, 3)(merge()([right, left])))


def side_seen(model: keras.Model) -> int:
    """Side of the square of pixels that change the middle output unit, tried out one by one."""
    height, width = model.input_shape[1:3]
    dots = np.eye(height * width, dtype="float32").reshape(-1, height, width, 1)
    outputs = model.predict_on_batch(dots)
    middle = outputs[:, outputs.shape[1] // 2, outputs.shape[2] // 2, 0].reshape(height, width)
    counts = [int((middle != 0).any(axis=axis).sum()) for axis in (0, 1)]
    assert counts[0] == counts[1]
    return counts[0]


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (chain((25, 25, 1), ones(layers.Conv2D, 1, 3), ones(layers.Conv2D, 1, 5)), 7),
        (chain((25, 25, 1), ones(layers.Conv2D, 1, 3, strides=2), ones(layers.Conv2D, 1, 3)), 7),
        (chain((25, 25, 1), layers.AveragePooling2D(3, strides=2), ones(layers.Conv2D, 1, 3)), 7),
        (chain((25, 25, 1), ones(layers.Conv2D, 1, 3, dilation_rate=2), ones(layers.Conv2D, 1, 3)), 7),
        (chain((25, 25, 1), ones(layers.Conv2D, 1, 3), layers.ZeroPadding2D(3)), 3),
        (branches(layers.Add), 9),
        (branches(layers.Concatenate), 9),
        (keras.Sequential([keras.Input((25, 25, 1)), ones(layers.Conv2D, 1, 5), layers.ReLU()]), 5),
    ],
    ids=["stack", "stride", "pooling", "dilation", "padding", "add", "concatenate", "sequential"],
)
def test_a_receptive_field_is_the_square_of_pixels_that_change_a_unit(model: keras.Model, field: int) -> None:
    assert side_seen(model) == field
    assert audit.table(model)[-1].receptive_field == field


@pytest.mark.parametrize(
    "layer",
    [
        layers.Flatten(),
        layers.GlobalAveragePooling2D(),
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.Conv2DTranspose(1, 3, strides=2),
        layers.UpSampling2D(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_no_receptive_field_is_claimed_where_no_window_slides(layer: keras.Layer) -> None:
    assert last((8, 8, 1), layers.Conv2D(1, 3), layer).receptive_field is None


def test_totals_sum_every_column_and_the_table_prints_them() -> None:
    rows = audit.table(chain((8, 8, 1), layers.Conv2D(2, 3, name="c"), layers.Flatten(name="f")))
    assert audit.totals(rows) == {"params": 20, "macs": 648, "connections": 648 + 72}
    assert audit.as_markdown(rows).splitlines()[2:] == [
        "| c | Conv2D | 6x6x2 | 20 | 648 | 3 |",
        "| f | Flatten | 72 | 0 | 0 |  |",
        "| **sum** |  |  | **20** | **648** |  |",
    ]


def test_a_model_without_a_fixed_input_size_is_refused() -> None:
    with pytest.raises(ValueError, match="give every side a size"):
        audit.table(chain((None, None, 1), layers.Conv2D(2, 3)))


def network(
    activation: str = "tanh", strides: int = 1, filters: int = 2, pooling: type = layers.MaxPooling2D
) -> keras.Model:
    return chain(
        (8, 8, 1),
        layers.Conv2D(filters, 3, strides=strides, padding="same", activation=activation),
        pooling(2, strides=2 // strides, padding="same"),
        layers.Flatten(),
        layers.Dense(3),
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"strides": 2}, "4x4x2"),
        ({"filters": 3}, "8x8x2 with 20 parameters"),
        ({"activation": "relu"}, "with the same weights their outputs differ"),
        ({"pooling": layers.AveragePooling2D}, "with the same weights their outputs differ"),
    ],
    ids=["stride", "filters", "activation", "pooling"],
)
def test_differences_name_what_changed(change: dict, words: str) -> None:
    assert words in " ".join(audit.differences(network(), network(**change)))


def test_differences_see_kernels_of_another_shape() -> None:
    wide, square = (chain((9, 9, 1), layers.Conv2D(1, k, padding="same")) for k in ((1, 9), (3, 3)))
    (found,) = audit.differences(wide, square)
    assert "kernel is 1x9x1x1" in found
    assert "kernel is 3x3x1x1" in found


def test_differences_count_layers_and_inputs() -> None:
    plain, longer = chain((4, 4, 1), layers.ReLU()), chain((4, 4, 1), layers.ReLU(), layers.ReLU())
    assert audit.differences(plain, longer) == ["1 layers against 2"]
    wide = chain((6, 6, 1), layers.Cropping2D(1), layers.ReLU())
    narrow = chain((4, 4, 1), layers.Cropping2D(0), layers.ReLU())
    assert audit.differences(wide, narrow) == ["input (None, 6, 6, 1) against (None, 4, 4, 1)"]


def test_a_list_of_layers_is_the_network_that_it_builds() -> None:
    listed = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(2, 3, padding="same", activation="tanh"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    assert audit.differences(listed, network()) == audit.differences(network(), listed) == []


def test_two_builds_of_one_network_do_not_differ_and_keep_their_weights() -> None:
    first, second = network(), network()
    before = [w.copy() for w in second.get_weights()]
    assert audit.differences(first, second) == []
    for old, new in zip(before, second.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_network_stacked_and_one_wired_up_are_the_same() -> None:
    wired = network()
    stacked = keras.Sequential(
        [keras.Input((8, 8, 1)), *(type(x).from_config(x.get_config()) for x in wired.layers[1:])]
    )
    assert audit.differences(stacked, wired) == audit.differences(wired, stacked) == []


@pytest.mark.backends
def test_a_network_is_counted_without_memory_for_its_weights() -> None:
    def build() -> int:
        image = keras.Input((25_690_112,))
        return audit.totals(audit.table(keras.Model(image, keras.layers.Dense(4096)(image))))["params"]

    assert audit.without_weights(build) == 105_226_702_848
    with keras.StatelessScope():  # at its end Keras gives values to all weights that still want them
        layer = keras.layers.Dense(3, kernel_initializer="ones")
        layer.build((None, 2))
    assert np.asarray(keras.ops.convert_to_numpy(layer.kernel)).tolist() == [[1.0] * 3] * 2


def test_a_builder_is_counted_as_its_network_is() -> None:
    def build() -> keras.Model:
        return chain((8, 8, 4), layers.Conv2D(6, 3), layers.Flatten(), layers.Dense(5))

    assert audit.count(build) == audit.totals(audit.table(build()))
