"""Recorded trainings are done again: which, in what order and time, and how they are compared."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

import cnnlib as cnn
from cnnbook import numbers, records, rehearsal, reproduce
from cnnbook.__main__ import main
from cnnlib import backend, recipe, training
from cnnlib.data import DataError
from cnnlib.records import pack_answers


def again(name: str, change: float = 0.0, seeds: int | None = None, **more: object) -> list[dict]:
    """The records of a recipe as another machine might make them: each error so many points higher."""
    found = copy.deepcopy(records.load(name))[:seeds]
    for run in found:
        run["result"]["test_error"] = round(run["result"]["test_error"] + change / 100, 6)
        run.update(more)
    return found


class Trainer:
    """Stands in for `cnn.train`: gives what was recorded, at once, at half of the speed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail: dict[str, BaseException] | None = None):
        self.asked: list[tuple] = []
        self.fail = fail or {}
        monkeypatch.setattr(cnn, "load", self.load)
        monkeypatch.setattr(cnn, "train", self.train)

    def load(self, name: str, images: str, validation: int) -> SimpleNamespace:
        return SimpleNamespace(name=name, kind=images, validation=validation)

    def train(self, name: str, images: SimpleNamespace, *, seed: int, out: Path) -> cnn.Run:
        self.asked.append((name, seed, images.name, images.kind, images.validation))
        if name in self.fail:
            raise self.fail[name]
        like = name if name in records.names() else f"{name}_short"
        record = copy.deepcopy(records.run(like, seed).record)
        record["wall_seconds"] *= 2
        out.mkdir(parents=True)
        (out / "record.json").write_text(json.dumps(record))
        return cnn.Run(record)


def cells(table: cnn.tables.Table) -> dict[str, list]:
    return {row[0]: row[1:] for row in table.rows}


# The list


def test_every_recipe_that_has_records_is_listed_once() -> None:
    listed = reproduce.trainings()
    assert sorted(line.name for line in listed) == records.names()
    for line in listed:
        assert line.name in recipe.RECIPES
        assert not line.full or line.full in recipe.RECIPES
        assert not line.paper or numbers.resolve(line.paper).unit == "%"
        assert not line.paper or line.full


def test_the_list_says_how_long_and_on_what(capsys: pytest.CaptureFixture) -> None:
    assert main(["reproduce", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(records.names())
    minutes = sum(run["wall_seconds"] for run in records.load("lenet5_original")) / 180
    assert f"  3      {minutes:.0f}             2 cores  the same" in lines[1]


def test_first_seeds_come_first_and_full_lengths_only_where_asked_for() -> None:
    jobs = reproduce.plan(["lenet5_modern", "resnet20_short"])
    assert [(job.recipe, job.seed) for job in jobs] == [
        ("lenet5_modern", 0),
        ("resnet20_short", 0),
        ("lenet5_modern", 1),
        ("lenet5_modern", 2),
    ]
    full = {job.recipe for job in reproduce.plan(full=True)}
    assert {"resnet20", "cuda_convnet", "lenet5_original", "alexnet_small"} <= full
    assert "resnet20_short" not in full
    with pytest.raises(KeyError, match="No training 'resnet20' was recorded; there are lenet5_original, "):
        reproduce.plan(["resnet20"])


# What is done


@pytest.mark.parametrize(("devices", "trained"), [(["cpu:0"], "resnet20_short"), (["gpu:0"], "resnet20")])
def test_a_gpu_trains_at_the_papers_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: list[str], trained: str
) -> None:
    monkeypatch.setattr(backend, "devices", lambda: devices)
    trainer = Trainer(monkeypatch)
    found = cells(reproduce.reproduce(tmp_path, ["resnet20_short"]))
    assert trainer.asked == [(trained, 0, "cifar10", "paper", 0)]
    paper, recorded, now, said = found[trained]
    assert now == "21.94%"
    if trained == "resnet20":  # as long as the paper, and nobody has recorded it
        assert (paper, recorded) == ("8.75%", "-")
        assert said.startswith("no: +13.19 points (")
        assert said.endswith("with the paper, McNemar's test at worst)")
    else:
        assert (paper, recorded) == ("(8.75%)", "21.94%")
        assert said.startswith("yes: +0.00 points (")


def test_what_fits_is_done_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    trainer = Trainer(monkeypatch)
    names = ["--only", "resnet56_short", "plain20_short", "plain56_short", "lenet5_modern"]
    command = ["reproduce", "--length", "recorded", "--out", str(tmp_path), *names]
    assert (
        main([*command, "--minutes", "27"]) == 0
    )  # 28, 11, 26 and 2 minutes: half as fast, 52 for the third
    assert [name for name, *_ in trainer.asked] == ["plain20_short", *3 * ["lenet5_modern"]]
    out = capsys.readouterr().out
    assert "plain20_short, seed 0: some 11 minutes" in out
    assert "lenet5_modern, seed 0: some 4 minutes" in out
    assert "seed 0 left out: some 28 minutes" in out
    assert "seed 0 left out: some 52 minutes" in out
    for minutes in ("9999", "1"):  # what was done takes no time
        assert main([*command, "--minutes", minutes]) == 0
        assert [name for name, *_ in trainer.asked[4:]] == ["resnet56_short", "plain56_short"]
        out = capsys.readouterr().out
        assert "left out" not in out
        assert out.count("yes: +0.00 points") == 4


def test_one_that_fails_stops_no_other_and_one_that_is_stopped_ends_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail = {"lenet5_modern": DataError("no such file\nThree ways"), "vgg_a_small": KeyboardInterrupt()}
    trainer = Trainer(monkeypatch, fail)
    names = ["lenet5_modern", "resnet20_short", "vgg_a_small", "vgg_b_small"]
    found = cells(reproduce.reproduce(tmp_path, names, full=False))
    assert [name for name, *_ in trainer.asked] == names[:3]
    assert found["lenet5_modern"][-1] == "seed 0 failed: no such file"
    assert found["resnet20_short"][-1].startswith("yes")
    assert found["vgg_a_small"][-1] == "seed 0 stopped: the same command goes on with it"
    assert found["vgg_b_small"][-1] == "not reached"


def test_from_the_list_to_the_table_in_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv(rehearsal.VARIABLE, "1")
    assert main(["reproduce", "--only", "lenet5_compared", "lenet5_original", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("lenet5_compared  -      44.01%")
    assert lines[-1].startswith("lenet5_original  0.95%  1.15% +- 0.07%, 3 seeds")
    assert all(line.endswith("a rehearsal is no result") for line in lines[-2:])
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_time_ends_is_resumed_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = cnn.load("mnist", validation=0)
    few = replace(digits, train=rehearsal.some(digits.train, 500), test=rehearsal.some(digits.test, 200))
    monkeypatch.setattr(cnn, "load", lambda *_, **__: few)
    (job, *_) = reproduce.plan(["lenet5_modern"])
    monkeypatch.setattr(reproduce, "plan", lambda *_, **__: [job])
    whole = reproduce.reproduce(tmp_path / "whole", full=False)

    epochs: list[int] = []
    finish, timer = training._finish_epoch, Mock()

    def at_the_fifth_epoch(*settings: object) -> dict[str, float]:
        epochs.append(1)
        if len(epochs) == 5:
            (seconds, call, words), _ = timer.call_args
            assert seconds == 30 * 60
            call(*words)
        return finish(*settings)

    monkeypatch.setattr(reproduce.threading, "Timer", timer)
    monkeypatch.setattr(training, "_finish_epoch", at_the_fifth_epoch)
    stopped = reproduce.reproduce(tmp_path / "parts", minutes=30, full=False)
    assert cells(stopped)["lenet5_modern"][-2:] == ["-", "seed 0 stopped: the same command goes on with it"]
    assert cells(reproduce.reproduce(tmp_path / "parts", full=False)) == cells(whole)
    assert len(epochs) == 20
    assert "not comparable: tested on other images" in cells(whole)["lenet5_modern"]


# Whether they agree


def test_with_several_recorded_seeds_the_interval_is_that_of_more_seeds() -> None:
    recorded = records.load("lenet5_modern")  # 0.76, 0.74, 0.67
    for seeds, most, shown in (
        (3, 0.166, "0.17"),
        (1, 0.235, "0.23"),
    ):  # 4.30 x 0.0473 x sqrt(1 / 3 + 1 / seeds)
        mean = 0.7233 - 0.76 if seeds == 1 else 0  # what makes the first seed as good as the mean
        for points in (-most - 0.01, -most + 0.01, most - 0.01, most + 0.01):
            said = reproduce.agreement(recorded, again("lenet5_modern", mean + points, seeds))
            assert said.startswith("yes" if abs(points) < most else "no"), (seeds, points)
            assert said.endswith(f" points of {shown} that the 3 recorded seeds allow, by Student's t")


def test_with_one_recorded_seed_the_interval_is_that_of_other_images() -> None:
    recorded = records.load("resnet20_short")
    for points, agrees in ((0.5, True), (-0.5, True), (3, False), (-3, False)):
        said = reproduce.agreement(recorded, again("resnet20_short", points))
        assert said.startswith(f"{'yes' if agrees else 'no'}: {points:+.2f} points (")
        assert said.endswith("; one seed, McNemar's test at worst)")


def test_answers_to_the_same_images_decide_where_both_are_kept() -> None:
    labels, given = np.zeros(10_000, int), np.arange(10_000)
    kept = [{"answers": pack_answers((given < wrong).astype(int), labels, 10, "1")} for wrong in (2194, 2244)]
    one, other = again("resnet20_short", **kept[0]), again("resnet20_short", 0.5, **kept[1])
    assert reproduce.agreement(one, other).startswith("no: +0.50 points (")
    assert reproduce.agreement(one, other).endswith("; one seed, McNemar's test)")
    other[0]["answers"]["images_sha256"] = "2"
    assert reproduce.agreement(one, other).startswith("yes: +0.50 points (")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: run["data"].update(name="mnist"), "tested on other images"),
        (lambda run: run["data"]["images"].update(test=9_999), "tested on other images"),
        (lambda run: run["history"]["train_loss"].pop(), "trained for another number of epochs"),
    ],
)
def test_what_is_not_the_same_is_not_compared(change, said: str) -> None:
    now = again("resnet20_short")
    change(now[0])
    assert reproduce.agreement(records.load("resnet20_short"), now) == f"not comparable: {said}"
