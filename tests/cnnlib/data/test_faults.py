"""Duplicates and doubtful labels, planted and found again."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlib.data import faults

NOISE = np.random.default_rng(0).integers(0, 200, (12, 6, 5, 3), np.uint8)


def test_equal_pictures_are_found_by_all_their_places() -> None:
    x = NOISE[[0, 1, 2, 1, 3, 0, 1]]
    assert faults.same(x) == [[0, 5], [1, 3, 6]]
    x[3, 0, 0, 0] += 1  # a single value
    assert faults.same(x) == [[0, 5], [1, 6]]
    assert faults.same(NOISE) == []


def test_the_nearest_is_that_of_the_highest_correlation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "AT_ONCE", 2)  # the last part is smaller
    places, correlations = faults.nearest(NOISE[:5], NOISE[5:])
    table = np.corrcoef(NOISE.reshape(12, -1))[:5, 5:]
    assert places.tolist() == table.argmax(axis=1).tolist()
    assert correlations == pytest.approx(table.max(axis=1), abs=1e-5)


def test_a_brighter_picture_is_the_same_and_a_mirrored_one_where_that_is_asked_for() -> None:
    queries = np.stack([NOISE[3] // 2 * 2 + 40, NOISE[4][:, ::-1]])
    places, correlations = faults.nearest(queries, NOISE)
    assert places[0] == 3
    assert correlations[0] > 0.99
    assert correlations[1] < 0.9
    places, correlations = faults.nearest(queries, NOISE, mirrored=True)
    assert places.tolist() == [3, 4]
    assert correlations[1] == pytest.approx(1, abs=1e-5)


def test_a_picture_of_one_colour_is_like_no_other() -> None:
    _, correlations = faults.nearest(np.full((1, 6, 5, 3), 7, np.uint8), NOISE)
    assert correlations == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("queries", "x"),
    [(NOISE[0], NOISE), (NOISE, NOISE[:, :5]), (NOISE[:0], NOISE), (NOISE, NOISE[:0])],
    ids=["one picture", "other shape", "none asked for", "none to look in"],
)
def test_pictures_that_cannot_be_compared_are_refused(queries: np.ndarray, x: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"one shape, \(number, height, width, channels\)"):
        faults.nearest(queries, x)


def test_a_label_is_doubted_where_another_class_is_as_likely_as_usual() -> None:
    probabilities = np.array(
        [
            [0.9, 0.1, 0.0],
            [0.7, 0.3, 0.0],
            [0.1, 0.8, 0.1],
            [0.2, 0.7, 0.1],
            [0.0, 0.95, 0.05],  # labelled 0, and as sure of 1 as it is of any 1
            [0.05, 0.05, 0.9],
            [0.55, 0.45, 0.0],  # labelled 1, and as sure of 0 as of zeros on average
            [0.85, 0.1, 0.05],  # labelled 2, and surer of 0 than of zeros
        ]
    )
    labels = np.array([0, 0, 1, 1, 0, 2, 1, 2])
    assert faults.doubtful(probabilities, labels).tolist() == [4, 7, 6]
    labels[4] = 1
    # Without the wrong one the threshold of zeros rises from 0.53 to 0.8.
    assert faults.doubtful(probabilities, labels).tolist() == [7]


def test_planted_errors_are_most_of_what_is_doubted() -> None:
    random = np.random.RandomState(0)
    true = random.randint(0, 4, 400)
    probabilities = np.eye(4)[true] * 3 + random.rand(400, 4)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    planted = random.permutation(400)[:20]
    labels = true.copy()
    labels[planted] = (true[planted] + 1 + random.randint(0, 3, 20)) % 4
    found = faults.doubtful(probabilities, labels)
    assert set(found) <= set(planted)
    assert len(found) >= 10
    assert (np.diff(probabilities[found, labels[found]]) >= 0).all()


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [(np.ones((3, 2)), [0, 1]), (np.ones((2, 2)), [0, 2]), (np.ones((2, 3)), [0, 1])],
    ids=["a row too many", "a label too high", "a class without labels"],
)
def test_probabilities_that_do_not_fit_the_labels_are_refused(
    probabilities: np.ndarray, labels: list[int]
) -> None:
    with pytest.raises(ValueError, match="a row of probabilities for each label"):
        faults.doubtful(probabilities, np.array(labels))
