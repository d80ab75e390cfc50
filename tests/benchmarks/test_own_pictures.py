"""The comparison of own pictures takes turns, keeps every seed, and says which way round a difference is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import own_pictures  # noqa: E402
import report  # noqa: E402

from cnnlib import learning  # noqa: E402


def test_the_ways_take_turns_with_every_seed(monkeypatch):
    went = []

    def go(command, **_):
        way, seed = command[command.index("--way") + 1], int(command[command.index("--seed") + 1])
        went.append((seed, way))
        return subprocess.CompletedProcess(command, 0, f'of Keras\n{{"error": {0.1 + seed / 100}}}\n', "")

    monkeypatch.setattr(own_pictures.subprocess, "run", go)
    found = own_pictures.measure(Path("pets"), seeds=range(2))
    assert went == [(0, "script"), (0, "call"), (1, "call"), (1, "script")]
    assert all(each["core_seconds"] >= 0 for each in found["script"])
    assert [(each["seed"], each["error"]) for each in found["call"]] == [(0, 0.1), (1, 0.11)]


def test_a_way_that_fails_says_its_last_words(monkeypatch):
    ended = subprocess.CompletedProcess([], 1, "", "no such folder")
    monkeypatch.setattr(own_pictures.subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(RuntimeError, match="script, seed 0: no such folder"):
        own_pictures.measure(Path("nowhere"), seeds=range(2))


def test_the_table_says_whose_error_is_lower(tmp_path):
    ways = {
        "call": [{"seed": seed, "error": 0.05 + seed / 1000, "core_seconds": 60} for seed in range(3)],
        "script": [{"seed": seed, "error": 0.08 + seed / 900, "core_seconds": 120} for seed in range(3)],
    }
    made = {"name": "pets", "images": {"train": 200}, "classes": 2, "ways": ways}
    made |= {"hardware": {"processor": "Chip", "cores": 2}, "finished": "2030-01-02T", "commit": None}
    (tmp_path / "pets.json").write_text(json.dumps(made))
    (row,) = report.own_pictures(tmp_path).rows
    assert row[:3] == [
        "pets: 2 classes; 200 to learn from",
        "5.1% in 1.0 core minutes",
        "8.1% in 2.0 core minutes",
    ]
    assert row[3].startswith("+3.01 points")


def test_the_settings_are_those_that_did_best_on_validation_pictures():
    rows, best = report.own_settings()
    assert pytest.approx((100 * best["rate"], 10 * best["rate"], best["rate"])) == learning.RATES
    assert best["penalty"] in learning.PENALTIES[1:-1]
    for setting, value in best.items():  # within the grid: beyond its edge it might have been better still
        tried = [float(row[1]) for row in rows.rows if row[0] == setting]
        assert min(tried) < value < max(tried)


def test_of_a_training_the_epoch_with_the_lowest_loss_counts(tmp_path):
    seeds = [
        {"rate": [[[0.9, 0.3], [0.8, 0.5]], [[0.9, 0.3], [0.5, 0.2], [0.6, 0.1]]]},
        {"rate": [[[0.7, 0.2], [0.6, 0.1]], [[0.7, 0.2]]]},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"grid": {"rate": [1e-5, 1e-4]}, "seeds": seeds}))
    table, best = report.own_settings(tmp_path / "a.json")
    assert [row[1:4] for row in table.rows] == [["1e-05", "0.700", "30.0%"], ["0.0001", "0.600", "20.0%"]]
    assert best == {"rate": 1e-4}


def test_what_a_report_tells_of_trials_is_read_back():
    rows = [
        ["start", "0.512", "12.5%"],
        ["epoch 1", "inf", "50.0%"],
        ["rate 1", "given up", "The loss rises"],
    ]
    assert own_pictures._told(rows) == [[0.512, 0.125], [float("inf"), 0.5]]
