"""Errors, confusion and intervals on numbers that can be checked by hand or elsewhere."""

from __future__ import annotations

import math

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
    assert evaluation.interval(error, images) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_narrows_with_more_images_and_stays_between_zero_and_one() -> None:
    few, many = (np.diff(evaluation.interval(0.01, n))[0] for n in (100, 10_000))
    assert few > 5 * many
    assert evaluation.interval(1.0, 10)[1] == 1.0
    assert evaluation.interval(0.0, 10)[0] == 0.0


def test_interval_of_a_mean() -> None:
    # Table of Student's t: 4.303 for two degrees of freedom, one in twenty outside.
    low, high = evaluation.mean_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5), abs=1e-3)
    assert evaluation.mean_interval([4.0]) == (-np.inf, np.inf)
    with pytest.raises(ValueError, match="at least one value"):
        evaluation.mean_interval([])


def test_interval_of_a_mean_holds_it_nineteen_times_in_twenty() -> None:
    draws = np.random.RandomState(0).normal(size=(2000, 3))
    held = np.mean([low < 0 < high for low, high in map(evaluation.mean_interval, draws)])
    assert held == pytest.approx(0.95, abs=0.015)


def answers(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Wrong answers of two networks: how many images both, one of them alone, and neither got wrong."""
    counts = [both, first, second, neither]
    return np.repeat([1, 1, 0, 0], counts).astype(bool), np.repeat([1, 0, 1, 0], counts).astype(bool)


def test_mcnemars_test_by_sums_of_binomial_coefficients() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        table = random.integers(0, [50, 20, 20, 90]).tolist()
        _, first, second, _ = table
        found = evaluation.mcnemar(*answers(*table))
        tail = sum(math.comb(first + second, k) for k in range(min(first, second) + 1))
        assert found.p == pytest.approx(min(1, 2 * tail / 2 ** (first + second)))
        assert (found.only_first_wrong, found.only_second_wrong, found.images) == (first, second, sum(table))
        assert found.points == pytest.approx(100 * (second - first) / sum(table))
        ahead = "first" if second > first else "second"
        assert found.lower == (ahead if found.p < 0.05 else "open")
        assert f"{found.points:+.2f} points" in found.sentence


def test_a_textbooks_paired_shares() -> None:
    # Agresti (2002), section 10.1: 1,600 people asked twice, 794 said yes both times; 95 % interval of the
    # difference 0.021 to 0.059 (Wald), z = -4.17.
    found = evaluation.mcnemar(*answers(794, 150, 86, 570))
    assert found.interval == pytest.approx((-5.9, -2.1), abs=0.05)
    assert found.p == pytest.approx(3.0e-5, rel=0.3)
    assert found.lower == "second"
    assert "150 are wrong in the first network alone and 86 in the second" in found.sentence


def test_tangos_interval_of_his_own_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "SIGNIFICANCE", 0.1)  # his is one of 90 %
    low, high = evaluation.mcnemar(*answers(43, 1, 0, 0)).interval
    assert (low, high) == pytest.approx((-9.6, 3.7), abs=0.05)


@pytest.mark.parametrize("table", [(20, 12, 2, 16), (3, 0, 7, 40), (0, 9, 30, 61), (5, 0, 0, 25)])
def test_tangos_interval_ends_where_the_score_test_begins_to_doubt(table: tuple[int, ...]) -> None:
    from scipy import optimize

    both, first, second, neither = table
    n, concordant = sum(table), both + neither

    def deviations(delta: float) -> float:
        """The score, with the shares that are likeliest if the true difference is delta."""

        def unlikeliness(share: float) -> float:
            shares = np.array([share, share + delta, 1 - 2 * share - delta])
            return -float(np.sum(np.array([first, second, concordant]) * np.log(np.maximum(shares, 1e-300))))

        lowest, highest = max(0.0, -delta), (1 - delta) / 2
        share = optimize.minimize_scalar(
            unlikeliness, bounds=(lowest, highest), method="bounded", options={"xatol": 1e-12}
        ).x
        variance = (2 * share + delta - delta**2) / n
        return ((second - first) / n - delta) / math.sqrt(variance)

    low, high = (end / 100 for end in evaluation.mcnemar(*answers(*table)).interval)
    assert deviations(low) == pytest.approx(1.96, abs=1e-3)
    assert deviations(high) == pytest.approx(-1.96, abs=1e-3)


def test_tangos_interval_holds_the_difference_nineteen_times_in_twenty() -> None:
    shares, n = [0.1, 0.05, 0.12, 0.73], 200
    tables = np.random.default_rng(0).multinomial(n, shares, size=1500)
    ends = [evaluation._tango(second, first, n) for _, first, second, _ in tables.tolist()]
    held = np.mean([low < shares[2] - shares[1] < high for low, high in ends])
    assert held == pytest.approx(0.95, abs=0.015)


def test_two_equal_or_two_opposite_networks_have_an_interval_with_ends() -> None:
    low, high = evaluation.mcnemar(*answers(0, 0, 0, 30)).interval
    assert low == pytest.approx(-high)
    assert 5 < high < 15
    assert evaluation.mcnemar(*answers(0, 0, 0, 30)).p == 1
    assert evaluation.mcnemar(*answers(0, 30, 0, 0)).interval == (-100, pytest.approx(-77.3, abs=0.05))


def test_answers_to_other_numbers_of_images_are_not_paired() -> None:
    with pytest.raises(ValueError, match=r"one answer of each network for each image.*\(3,\) and \(4,\)"):
        evaluation.mcnemar(np.zeros(3, bool), np.zeros(4, bool))
    with pytest.raises(ValueError, match="at least one"):
        evaluation.mcnemar(np.zeros(0, bool), np.zeros(0, bool))


def test_without_answers_the_worst_case_is_taken() -> None:
    n = 14
    for first in range(n + 1):
        for second in range(n + 1):
            worst = evaluation.mcnemar_at_worst(first, second, n)
            for both in range(max(0, first + second - n), min(first, second) + 1):
                table = both, first - both, second - both, n - first - second + both
                found = evaluation.mcnemar(*answers(*table))
                assert found.p <= worst.p + 1e-12
                assert found.points == worst.points
                assert np.ptp(found.interval) <= np.ptp(worst.interval) + 1e-6
    sure, unsure = (
        evaluation.mcnemar_at_worst(2360, 6290, 10_000),
        evaluation.mcnemar_at_worst(100, 123, 9999),
    )
    assert (sure.lower, unsure.lower) == ("first", "open")
    assert "unless the answers" in unsure.sentence
    for counts in ((-1, 2), (1, 15)):
        with pytest.raises(ValueError, match=f"Of 14 images, {counts[0]} and {counts[1]} cannot be wrong"):
            evaluation.mcnemar_at_worst(*counts, 14)


def test_seeds_are_matched_and_their_differences_have_an_interval() -> None:
    # Differences of 1, 2 and 3 points, whose mean has the interval of `mean_interval`; 9 and 7 stand alone.
    first, second = {2: 0.10, 0: 0.20, 1: 0.30, 9: 0.9}, {0: 0.21, 1: 0.32, 2: 0.13, 7: 0.1}
    found = evaluation.paired_seeds(first, second)
    assert found.seeds == (0, 1, 2)
    assert found.points == pytest.approx(2)
    assert found.interval == pytest.approx((2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5), abs=1e-3)
    assert found.lower == "open"
    assert found.sentence == (
        "+2.00 points (-0.48 to +4.48), of 3 seeds that both have: the difference may be the seeds' chance: "
        "open."
    )
    assert evaluation.paired_seeds({0: 0.1, 1: 0.2}, {0: 0.3, 1: 0.4001}).lower == "first"
    assert evaluation.paired_seeds({0: 0.3, 1: 0.4001}, {0: 0.1, 1: 0.2}).lower == "second"


def test_equal_differences_have_an_interval_without_width() -> None:
    assert evaluation.mean_interval([2.0, 2.0, 2.0]) == (2, 2)


def test_one_seed_leaves_it_open_and_none_is_an_error() -> None:
    found = evaluation.paired_seeds({0: 0.1}, {0: 0.9})
    assert (found.lower, found.interval) == ("open", (-math.inf, math.inf))
    assert found.sentence == "+80.00 points with one seed: open, until there are more."
    with pytest.raises(ValueError, match=r"Seeds \[0\] and \[1\] have none in common"):
        evaluation.paired_seeds({0: 0.1}, {1: 0.9})


def test_an_error_outside_its_range_has_no_interval() -> None:
    for error, images in ((1.2, 10), (0.5, 0)):
        with pytest.raises(ValueError, match=f"got {error} of {images}"):
            evaluation.interval(error, images)
