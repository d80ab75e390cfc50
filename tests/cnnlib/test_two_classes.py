"""ROC curves, their areas and intervals, on numbers that can be checked by hand or elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cnnlib import two_classes


def cases(n: int = 400, seed: int = 0, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,) that separate two classes of unlike size in part, many of them equal."""
    random = np.random.default_rng(seed)
    labels = (random.random(n) < 0.7).astype(int)
    scores = random.normal(labels, 1.0)
    return (scores.round(1) if ties else scores), labels


# Hanley and McNeil (1982), table I: 109 CT images rated 1 to 5, for 58 normal and 51 abnormal patients.
RATINGS = np.repeat(np.tile(np.arange(1, 6), 2), [33, 6, 6, 11, 2, 3, 2, 2, 11, 33])
ABNORMAL = np.repeat([0, 1], [58, 51])


@pytest.mark.parametrize("ties", [True, False])
def test_the_roc_curve_and_its_area_are_those_of_scikit_learn(ties: bool) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = cases(ties=ties)
    for ours, theirs in zip(
        two_classes.roc(scores, labels),
        metrics.roc_curve(labels, scores, drop_intermediate=False),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    assert two_classes.auc(scores, labels) == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)


def test_every_point_of_the_curve_is_what_its_threshold_gives() -> None:
    scores, labels = cases()
    curve = list(zip(*two_classes.roc(scores, labels), strict=True))
    assert curve[0] == (0.0, 0.0, np.inf)
    assert curve[-1] == (1.0, 1.0, scores.min())
    for false_alarms, found, threshold in curve:
        sensitivity, specificity = two_classes.sensitivity_specificity(scores, labels, threshold)
        assert (sensitivity, 1 - specificity) == pytest.approx((found, false_alarms), abs=1e-12)


def test_sensitivity_and_specificity_by_hand() -> None:
    scores, labels = np.array([0.1, 0.5, 0.9, 0.4, 0.5, 0.8, 0.7]), np.array([0, 0, 0, 1, 1, 1, 1])
    assert two_classes.sensitivity_specificity(scores, labels, 0.5) == (3 / 4, 1 / 3)


def test_the_area_is_a_share_of_pairs() -> None:
    scores, labels = cases(60)
    pairs = scores[labels == 1][:, None] - scores[labels == 0]
    assert two_classes.auc(scores, labels) == pytest.approx((np.sign(pairs) + 1).mean() / 2)


def test_the_area_of_all_right_all_wrong_and_all_the_same() -> None:
    labels = np.array([0, 0, 1, 1, 1])
    assert two_classes.auc(labels.astype(float), labels) == 1.0
    assert two_classes.auc(-labels, labels) == 0.0
    assert two_classes.auc(np.ones(5), labels) == 0.5


def test_the_area_stays_when_one_class_has_more_images_or_scores_are_stretched() -> None:
    scores, labels = cases()
    more = np.concatenate([np.arange(len(labels)), np.flatnonzero(labels == 0)])
    area = two_classes.auc(scores, labels)
    assert two_classes.auc(scores[more], labels[more]) == pytest.approx(area)
    assert two_classes.auc(np.exp(scores), labels) == pytest.approx(area)


def test_delongs_interval_of_published_ratings() -> None:
    # Stata's manual (roctab) gives of these ratings: area 0.8932, standard error 0.0307, interval below.
    assert two_classes.auc(RATINGS, ABNORMAL) == pytest.approx(0.8932, abs=5e-5)
    expected = (0.83295, 0.95339)
    assert two_classes.auc_interval(RATINGS, ABNORMAL, z=1.959964) == pytest.approx(expected, abs=5e-6)


def test_delongs_interval_covers_the_true_area_about_as_often_as_it_says() -> None:
    # Normal scores one standard deviation apart: the true area is Phi(1 / sqrt 2) = 0.7602.
    true = 0.5 * (1 + math.erf(0.5))
    intervals = [two_classes.auc_interval(*cases(200, seed, ties=False)) for seed in range(400)]
    covered = np.mean([low <= true <= high for low, high in intervals])
    assert 0.92 <= covered <= 0.98


def test_the_interval_stays_between_zero_and_one() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    assert two_classes.auc_interval(labels, labels) == (1.0, 1.0)
    low, high = two_classes.auc_interval(np.array([1, 2, 5, 3, 6, 7]), labels)
    assert 0 < low < high == 1.0


FUNCTIONS = [
    two_classes.roc,
    two_classes.auc,
    two_classes.auc_interval,
    lambda scores, labels: two_classes.sensitivity_specificity(scores, labels, 0.5),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (np.zeros((4, 2)), np.array([0, 1, 0, 1]), "take the column of class 1"),
        (np.zeros(3), np.array([0, 1, 0, 1]), "One score and one label"),
        (np.zeros(4), np.array([1, 1, 1, 1]), r"with some of each, not \[1\]"),
        (np.zeros(3), np.array([0, 1, 2]), r"must be 0 and 1.*not \[0, 1, 2\]"),
        (np.zeros(0), np.zeros(0, int), r"not \[\]"),
        (np.array([0.0, np.nan]), np.array([0, 1]), "not finite"),
    ],
)
def test_two_classes_with_a_finite_score_for_each_image_are_wanted(function, scores, labels, message) -> None:
    with pytest.raises(ValueError, match=message):
        function(scores, labels)


def test_one_image_of_a_class_has_no_interval() -> None:
    with pytest.raises(ValueError, match=r"2 images of class 0 and 1 of class 1.*two of each"):
        two_classes.auc_interval(np.array([0.1, 0.2, 0.3]), np.array([0, 0, 1]))
