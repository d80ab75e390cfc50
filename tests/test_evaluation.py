"""Errors, confusion and Wilson's interval on numbers that can be checked by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cnnlib import evaluation

OUTPUTS = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
LABELS = np.array([1, 2, 1, 2])


@pytest.mark.parametrize(("k", "error"), [(1, 3 / 4), (2, 1 / 4), (3, 0.0)])
def test_a_guess_counts_among_the_k_best(k: int, error: float) -> None:
    assert evaluation.top_k_error(OUTPUTS, LABELS, k) == error


def test_of_equal_scores_the_first_class_is_guessed() -> None:
    tied = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    assert evaluation.top_k_error(tied, np.array([0, 0])) == 0.0
    assert evaluation.top_k_error(tied, np.array([1, 1])) == 1.0
    assert evaluation.top_k_error(tied, np.array([0, 1]), k=2) == 0.0
    np.testing.assert_array_equal(evaluation.confusion(tied, np.array([0, 1]))[:, 0], [1, 1, 0])


@pytest.mark.parametrize("k", [0, 4])
def test_there_are_at_least_one_and_at_most_as_many_guesses_as_classes(k: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and the 3 classes, not {k}"):
        evaluation.top_k_error(OUTPUTS, LABELS, k)


@pytest.mark.parametrize("images", [0, 3])
def test_every_output_needs_its_label(images: int) -> None:
    with pytest.raises(ValueError, match=f"{images} outputs for"):
        evaluation.top_k_error(OUTPUTS[:images], LABELS[: images and 4])


def test_confusion_counts_true_classes_down_and_guesses_across() -> None:
    expected = [[0, 0, 0], [0, 1, 1], [2, 0, 0]]
    np.testing.assert_array_equal(evaluation.confusion(OUTPUTS, LABELS), expected)


def test_scores_of_many_batches_are_those_of_one() -> None:
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    images = np.random.default_rng(0).normal(size=(7, 2, 2, 1)).astype("float32")
    kernel, bias = model.get_weights()
    expected = images.reshape(7, 4) @ kernel + bias
    np.testing.assert_allclose(evaluation.scores(model, images, batch_size=3), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("error", "images", "low", "high"),
    # Newcombe (1998), table I, method 3 (Wilson without continuity correction).
    [
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0 / 20, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval(error: float, images: int, low: float, high: float) -> None:
    assert evaluation.interval(error, images, z=1.959964) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_narrows_with_more_images_and_stays_between_zero_and_one() -> None:
    few, many = (np.diff(evaluation.interval(0.01, n))[0] for n in (100, 10_000))
    assert few > 5 * many
    assert evaluation.interval(1.0, 10)[1] == 1.0
    assert evaluation.interval(0.0, 10)[0] == 0.0
