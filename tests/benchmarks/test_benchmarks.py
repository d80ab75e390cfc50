"""The benchmarks time what they say and divide the right way round; how fast anything is, is not tested."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import harness  # noqa: E402
import networks  # noqa: E402
import report  # noqa: E402
import run  # noqa: E402
import worker  # noqa: E402

JOB = harness.Job("cnnlib", "lenet5", images=10, batch_size=4, epochs=2)
MACHINE = run.Machine({"finished": "2030-01-02T03:04:05"}, False, "float32", [], None, "no torch", 3, Path())


def reports(*took: float, **facts: float) -> dict:
    return {"rounds": [{"seconds": value, **facts} for value in took]}


def record(**changes: object) -> dict:
    hardware = {"processor": "Chip", "cores": 2, "gpus": []}
    base = {
        "name": "a",
        "kind": "fit",
        "case": "A",
        "goal": 1.5,
        "hardware_file": "chip",
        "hardware": hardware,
    }
    return (
        base
        | {"finished": "2030-01-02", "median": 1.4, "low": 1.2, "high": 1.6, "wall_seconds": 1.0}
        | changes
    )


def test_sides_take_turns():
    turns = []
    sides = {name: lambda name=name: turns.append(name) or {"seconds": len(turns)} for name in "ab"}
    assert harness.alternate(sides, 3, pause=0) == {
        "a": [{"seconds": 1}, {"seconds": 3}, {"seconds": 5}],
        "b": [{"seconds": 2}, {"seconds": 4}, {"seconds": 6}],
    }
    assert turns == list("ababab")


def test_an_epoch_is_timed_without_the_wait_for_the_other_side(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(harness.time, "perf_counter", lambda: now[0])

    class Hearing:
        lines = iter(("go\n", ""))

        def readline(self) -> str:
            now[0] += 50  # the other side's turn
            return next(self.lines)

    said = io.StringIO()
    turns = harness.Turns(Hearing(), said)
    now[0] += 7  # imports
    turns.begin()
    now[0] += 2
    turns(images=3)
    now[0] += 1
    with pytest.raises(harness.StoppedError):
        turns()
    assert [json.loads(line) for line in said.getvalue().splitlines()] == [
        {"images": 3, "seconds": 2},
        {"seconds": 1},
    ]


def test_a_worker_runs_an_epoch_when_it_is_told_and_its_prints_do_no_harm(tmp_path):
    script = tmp_path / "side.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r}); import worker\n"
        "def side(job, turns):\n"
        "    for epoch in range(job.epochs):\n"
        "        print('noise')\n"
        "        turns(epoch=epoch)\n"
        "worker.find = lambda name: side\n"
        "worker.main()\n"
    )
    with harness.Worker(JOB, script=script) as side:
        assert (side.first["epoch"], side()["epoch"]) == (0, 1)
        with pytest.raises(harness.BenchmarkError, match="noise"):
            side()


def test_a_side_that_dies_leaves_its_last_words(tmp_path):
    script = tmp_path / "side.py"
    script.write_text("raise SystemExit('out of memory')")
    with pytest.raises(harness.BenchmarkError, match="out of memory"):
        harness.Worker(JOB, script=script)


def test_ratios_are_made_round_by_round():
    made = harness.summary(harness.speed_ratios([1.0, 2.0, 4.0], [2.0, 2.0, 12.0]))
    assert made == {"values": [2.0, 1.0, 3.0], "median": 2.0, "low": 1.0, "high": 3.0}


def test_a_comparison_gives_our_speed_over_theirs(monkeypatch):
    timed = {"cnnlib": reports(1, 1, 1), "keras": reports(2, 4, 3)}
    monkeypatch.setattr(run, "_timed", lambda sides, machine: timed)
    assert run.compared(JOB, "keras", MACHINE)["values"] == [2, 4, 3]


def test_the_fastest_plain_keras_is_the_other_side(monkeypatch):
    timed = {"cnnlib": reports(1, 1, 1), "keras_plain": reports(2, 4, 3), "keras_xla": reports(5, 2, 2)}
    monkeypatch.setattr(run, "_timed", lambda sides, machine: timed)
    found = run.compared_with_fastest(JOB, MACHINE)
    assert (found["fastest"], found["values"]) == ("keras_xla", [5, 2, 2])


def test_the_share_of_the_peak_counts_six_operations_for_each_multiply_add(monkeypatch):
    # 8 of 10 images fill batches: 6 x 100 x 8 operations in 2 and 4 seconds against at best 9,600 a second.
    timed = {"cnnlib": reports(2, 4, macs=100), "product": reports(0.5, 0.8, operations=4800)}
    monkeypatch.setattr(run, "_timed", lambda sides, machine: timed)
    assert run.share_of_peak(JOB, MACHINE)["values"] == pytest.approx([0.25, 0.125])


def test_growth_is_fitted_by_a_straight_line(monkeypatch):
    timed = {str(x): reports(0.5 + x / 100, 0.5 + x / 100) for x in (100, 200, 400)}
    monkeypatch.setattr(run, "_timed", lambda sides, machine: timed)
    grown = run.growth(dict.fromkeys((100, 200, 400), JOB), "images", MACHINE)
    assert grown["line"] == pytest.approx({"slope": 0.01, "intercept": 0.5, "r2": 1.0})


def test_goals_are_met_from_the_right_side():
    below = {"kind": "wait", "goal": 0.05}
    changes = (
        {"median": 1.5},
        {"median": 1.4},
        {"goal": None},
        below | {"median": 0.04},
        below | {"median": 0.06},
    )
    assert [report.met(record(**change)) for change in changes] == [True, False, None, True, False]
    assert report.met(record(skipped="no GPU")) is None


def test_a_missed_goal_is_told_with_its_explanation():
    told = report.explanations([record(), record(median=2.0, case="B")], {"chip": {"a": "It is slow."}})
    assert "A" in told
    assert "It is slow." in told
    assert "**B**" not in told


def test_one_reason_of_several_is_told_once():
    same = {"chip": {"a": "It is slow.", "b": "It is slow."}}
    told = report.explanations([record(), record(name="b", case="B")], same)
    assert told.count("It is slow.") == 1
    assert "**A**" in told
    assert "**B**" in told


def test_the_hardware_is_named_where_there_are_several():
    assert "hardware" not in report.table([record(), record(case="B")], "fit").head
    other = record(hardware=record()["hardware"] | {"processor": "another"})
    assert "hardware" in report.table([record(), other], "fit").head


def test_every_missed_goal_on_record_is_explained():
    written = report.notes()
    unexplained = [
        (each["hardware_file"], each["name"])
        for each in report.missed(report.load())
        if not written.get(each["hardware_file"], {}).get(each["name"])
    ]
    assert unexplained == []


def test_records_are_kept_beside_each_other_and_skipped_ones_say_why(tmp_path):
    path = tmp_path / "chip.json"
    skipped = run.run("torch_lenet5", MACHINE)
    run.save(skipped, path)
    run.save({"name": "fit_lenet5", "median": 1}, path)
    run.save({"name": "fit_lenet5", "median": 2}, path)
    assert list(json.loads(path.read_text())) == ["fit_lenet5", "torch_lenet5"]
    assert json.loads(path.read_text())["fit_lenet5"]["median"] == 2
    assert skipped["skipped"] == "no torch"


@pytest.mark.backends
@pytest.mark.parametrize("side", ["cnnlib", "keras"])
@pytest.mark.parametrize("augmentation", [None, "affine"])
def test_each_side_trains_epoch_by_epoch(side, augmentation):
    said = io.StringIO()
    job = harness.Job(side, "lenet5", 10, 4, augmentation, epochs=2)
    worker.find(side)(job, harness.Turns(None, said))
    assert [json.loads(line)["seconds"] > 0 for line in said.getvalue().splitlines()] == [True, True]


@pytest.mark.backends
@pytest.mark.parametrize(("name", "parameters"), [("lenet5", 61_706), ("resnet20", 269_722)])
def test_a_network_is_the_same_in_keras_and_in_pytorch(name, parameters):
    torch = pytest.importorskip("torch")
    ours, theirs = networks.for_keras(name), networks.for_torch(name)
    copied = [w for w in ours.weights if "seed" not in w.path]
    assert sum(int(np.prod(w.shape)) for w in ours.trainable_weights) == parameters
    state = {key: value for key, value in theirs.state_dict().items() if "num_batches" not in key}
    rng = np.random.default_rng(0)
    for weight, (key, target) in zip(copied, state.items(), strict=True):
        values = rng.uniform(0.1, 0.3, weight.shape).astype("float32") / np.prod(weight.shape[:-1])
        weight.assign(values)
        axes = {4: (3, 2, 0, 1), 2: (1, 0)}.get(values.ndim, range(values.ndim))
        assert target.shape == values.transpose(axes).shape, key
        target.copy_(torch.from_numpy(np.ascontiguousarray(values.transpose(axes))))
    images = rng.uniform(size=(2, *networks.SHAPES[name][0])).astype("float32")
    with torch.no_grad():
        scores = theirs.eval()(torch.from_numpy(images.transpose(0, 3, 1, 2))).softmax(1).numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(images)), scores, atol=1e-5)
    assert np.ptp(scores) > 1e-3


def keras_augmentation(name: str, images: np.ndarray) -> np.ndarray:
    tf = pytest.importorskip("tensorflow")
    import plain_keras

    tf.random.set_seed(0)
    return plain_keras.AUGMENTATIONS[name](tf.constant(images)).numpy()


def torch_augmentation(name: str, images: np.ndarray) -> np.ndarray:
    torch = pytest.importorskip("torch")
    import plain_torch

    torch.manual_seed(0)
    return (
        plain_torch.AUGMENTATIONS[name](torch.from_numpy(images).permute(0, 3, 1, 2))
        .permute(0, 2, 3, 1)
        .numpy()
    )


@pytest.mark.backends
@pytest.mark.parametrize("augmented", [keras_augmentation, torch_augmentation])
def test_the_plain_sides_change_every_image_by_its_own_draws(augmented):
    ramp = np.arange(1, 1025, dtype="float32").reshape(1, 32, 32, 1)
    images = np.repeat(ramp, 64, axis=0)
    for name in ("pad_crop_flip", "affine"):
        changed = augmented(name, images)
        assert changed.shape == images.shape
        assert len(np.unique(changed.reshape(64, -1), axis=0)) > 40, name
    # A crop moves what it keeps and does not alter it: rows still differ by 32, columns by 1 either way.
    inner = augmented("pad_crop_flip", images)[:, 8:24, 8:24, 0]
    assert np.all(np.diff(inner, axis=1) == 32)
    assert set(np.diff(inner, axis=2).ravel()) == {-1, 1}
    # Distorted images stay where they were, but for the two pixels of the largest shift.
    gone = np.abs(augmented("affine", images)[:, 16, 16, 0] - images[:, 16, 16, 0])
    assert 32 < gone.max() < 3 * 33
