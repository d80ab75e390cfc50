"""The learning rate of every update, against the schedules that the papers print."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cnnbook import papers
from cnnbook.recipes import per_epoch
from cnnlib.schedules import Plateau, Schedule, exponential

LECUN1998 = papers.paper("lecun1998")

RESNET = (0.1, 0.01, 0.001), (32_000, 16_000, 16_000)
ALEXNET = (0.01, 0.001, 0.0001, 0.00001)


def every_rate(schedule: Schedule) -> np.ndarray:
    return np.array(
        [
            schedule.rate(epoch, batch)
            for epoch in range(schedule.epochs)
            for batch in range(schedule.updates(epoch))
        ]
    )


def train(schedule: Schedule, errors: list[float]) -> list[float]:
    """The rate of each epoch until the schedule ends."""
    rates: list[float] = []
    while not schedule.finished(len(rates)):
        rates.append(schedule.rate(len(rates)))
        schedule.observe(errors[len(rates) - 1])
    return rates


def test_lecun_1998_changes_its_rate_between_epochs_only() -> None:
    schedule = Schedule(per_epoch(LECUN1998["schedule"]), None, 60_000)
    assert schedule.epochs == 20
    rates = [schedule.rate(epoch, batch) for epoch in range(20) for batch in (0, 59_999)]
    expected = [0.0005] * 2 + [0.0002] * 3 + [0.0001] * 3 + [0.00005] * 4 + [0.00001] * 8
    assert rates == [rate for rate in expected for _ in range(2)]
    assert not schedule.finished(19)
    assert schedule.finished(20)


def test_resnet_on_cifar_changes_its_rate_within_epochs_and_ends_at_64k_updates() -> None:
    schedule = Schedule(*RESNET, batches=45_000 // 128)
    assert schedule.epochs == 183
    assert [schedule.updates(epoch) for epoch in (0, 181, 182, 183)] == [351, 351, 118, 0]
    rates = every_rate(schedule)
    expected = np.repeat([0.1, 0.01, 0.001], [32_000, 16_000, 16_000])
    np.testing.assert_array_equal(rates, expected)
    # 32,000 = 91 * 351 + 59: the 60th update of the 92nd epoch is the first at the lower rate.
    assert (schedule.rate(91, 58), schedule.rate(91, 59)) == (0.1, 0.01)


def test_resnet_110_warms_up_for_400_updates() -> None:
    schedule = Schedule((0.01, *RESNET[0]), (400, 31_600, 16_000, 16_000), 351)
    rates = every_rate(schedule)
    assert len(rates) == 64_000
    assert rates[[0, 399, 400, 31_999, 32_000]] == pytest.approx([0.01, 0.01, 0.1, 0.1, 0.01])


def test_googlenet_lowers_its_rate_by_4_percent_every_8_epochs() -> None:
    rates = exponential(0.01, 0.96, every=8, epochs=20)
    assert rates == pytest.approx([0.01] * 8 + [0.0096] * 8 + [0.009216] * 4)


def test_alexnet_lowers_its_rate_three_times_when_the_error_stalls() -> None:
    falling = [0.9, 0.7, 0.6]
    errors = [*falling, 0.6, 0.61, 0.5, 0.5, 0.5, 0.45, 0.46, 0.45, 0.44, 0.44, 0.44, 0.1]
    schedule = Schedule(ALEXNET, Plateau(patience=2, epochs=90), 10_000)
    assert schedule.epochs == 90
    rates = train(schedule, errors)
    # Stalls after epochs 5, 8, 11 and 14 (of 15 errors); the last of them ends the training.
    assert rates == [0.01] * 5 + [0.001] * 3 + [0.0001] * 3 + [0.00001] * 3
    assert schedule.updates(14) == 0


def test_an_error_must_fall_below_the_best_by_more_than_the_minimum() -> None:
    errors = [0.5, 0.495, 0.49, 0.48, 0.48, 0.48]
    strict, lax = (Schedule((1.0, 0.1), Plateau(2, 6, minimum), 3) for minimum in (0.0101, 0.0))
    assert train(strict, errors) == [1.0] * 3 + [0.1] * 3  # 0.48 is progress against 0.5, 0.49 is not
    assert train(lax, errors) == [1.0] * 6


def test_a_plateau_resumed_from_its_state_as_json_goes_on_as_if_never_stopped() -> None:
    errors = [0.5, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
    hold = Plateau(patience=2, epochs=9)
    whole = train(Schedule(ALEXNET[:3], hold, 5), errors)
    for stop in range(len(whole)):
        before, after = Schedule(ALEXNET[:3], hold, 5), Schedule(ALEXNET[:3], hold, 5)
        for error in errors[:stop]:
            before.observe(error)
        after.state = json.loads(json.dumps(before.state, allow_nan=False))
        rates = []
        for epoch in range(stop, len(whole)):
            rates.append(after.rate(epoch))
            after.observe(errors[epoch])
        assert rates == whole[stop:]
        assert after.finished(len(whole))


def test_a_plateau_needs_validation_images_and_says_so_at_once() -> None:
    with pytest.raises(ValueError, match="no validation images: set some aside"):
        Schedule(ALEXNET, Plateau(5, 90), 10, validated=False)
    Schedule(*RESNET, 351, validated=False).observe(None)


@pytest.mark.parametrize(
    ("rates", "hold", "batches", "message"),
    [
        ((), None, 10, "at least one rate"),
        ((0.1,), None, 0, "at least one update"),
        ((0.1, 0.01), (5,), 10, r"Each of the 2 rates .* found \(5,\)"),
        ((0.1, 0.01), (5, 0), 10, r"positive .* found \(5, 0\)"),
        ((0.1,), (), 10, "Each of the 1 rates"),
    ],
)
def test_rates_and_holds_that_do_not_fit_are_refused(rates, hold, batches, message) -> None:
    with pytest.raises(ValueError, match=message):
        Schedule(rates, hold, batches)


@pytest.mark.parametrize("settings", [(0, 5), (5, 0), (5, 5, -0.1)])
def test_a_plateau_of_nothing_is_refused(settings: tuple) -> None:
    with pytest.raises(ValueError, match="must be 1 or more"):
        Plateau(*settings)


def test_an_update_that_the_schedule_has_not_is_refused() -> None:
    schedule = Schedule(*RESNET, 351)
    for epoch, batch in ((0, 351), (182, 118), (183, 0), (0, -1)):
        with pytest.raises(ValueError, match=f"Epoch {epoch} has"):
            schedule.rate(epoch, batch)
    with pytest.raises(ValueError, match=r"Epoch -1 has 0 updates \(both count from 0\)"):
        schedule.rate(-1)


def test_rates_per_epoch_are_shortened_phase_by_phase() -> None:
    rates = per_epoch(((0.1, 4), (0.01, 2)))
    assert Schedule(rates, None, 1).shortened(3) == ((0.1, 0.1, 0.01), None)
    assert Schedule(rates, None, 1).shortened(6) == (rates, None)


def test_updates_are_shortened_to_whole_epochs_of_the_data_at_hand() -> None:
    rates, hold = Schedule(*RESNET, 15).shortened(8)
    assert (rates, hold) == (RESNET[0], (60, 30, 30))
    assert Schedule(rates, hold, 15).epochs == 8
    # The same rule as for epochs, of which each is one update here.
    assert Schedule((3.0, 2.0, 1.0), (3, 1, 3), 1).shortened(4) == ((3.0, 2.0, 1.0), (2, 1, 1))
    assert Schedule((3.0, 3.0, 3.0, 2.0, 1.0, 1.0, 1.0), None, 1).shortened(4)[0] == (3.0, 3.0, 2.0, 1.0)
    assert Schedule((0.1, 0.01), (2, 98), 4).shortened(1) == ((0.1, 0.01), (1, 3))
    assert Schedule((0.1, 0.01, 0.001), (98, 1, 1), 4).shortened(1) == ((0.1,), (4,))
    assert Schedule(*RESNET, 351).shortened(183) == RESNET


def test_a_plateau_is_only_cut_off() -> None:
    assert Schedule(ALEXNET, Plateau(5, 90, 0.01), 1).shortened(20) == (ALEXNET, Plateau(5, 20, 0.01))


@pytest.mark.parametrize("hold", [None, (3, 3), Plateau(1, 2)])
def test_a_schedule_is_not_lengthened_nor_cut_to_nothing(hold) -> None:
    for epochs in (0, 3):
        with pytest.raises(ValueError, match=f"2 epochs; it cannot be shortened to {epochs}"):
            Schedule((0.1, 0.01), hold, 3).shortened(epochs)
