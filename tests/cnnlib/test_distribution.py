"""A batch divided among devices or processes trains as on one device, and no process is left hanging.

Run as a script, this file is one of the processes that train.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from cnnlib import backend, data, models, runs, training
from cnnlib.backend import BackendError
from cnnlib.data import Split
from cnnlib.recipe import RECIPES

REPOSITORY = Path(__file__).resolve().parents[2]
BACKEND = keras.backend.backend()
LIMIT = 120.0  # seconds that any process may take; on an idle machine ten are enough
RECIPE = replace(
    RECIPES["lenet5_modern"],
    network="Small",
    optimizer="sgd",
    optimizer_settings={"momentum": 0.9},
    rates=(0.05, 0.02),
    batch_size=16,
    weight_decay=1e-3,
)
DIGITS = {"train": 128, "validation": 50, "test": 61}  # of 61 images the last batch is not full

only_jax = pytest.mark.skipif(BACKEND != "jax", reason="is about JAX")
only_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="is about TensorFlow")
only_torch = pytest.mark.skipif(BACKEND != "torch", reason="is about PyTorch")
several_devices = pytest.mark.skipif(BACKEND == "torch", reason="PyTorch has one device for each process")
several_processes = pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow has one process")


def small(normalise: bool = False, dropout: float = 0.0) -> keras.Model:
    stack = [layers.Conv2D(4, 5, strides=2), layers.Activation("relu"), layers.Flatten()]
    if normalise:
        stack.insert(1, layers.BatchNormalization(momentum=0.5))
    if dropout:
        stack.append(layers.Dropout(dropout))
    return keras.Sequential([keras.Input((28, 28, 1)), *stack, layers.Dense(10, "softmax")])


@functools.cache
def digits() -> data.DataSet:
    whole = data.load("mnist", "quick")
    parts = {name: getattr(whole, name) for name in DIGITS}
    strides = {name: len(part) // DIGITS[name] for name, part in parts.items()}
    return replace(
        whole,
        **{
            name: Split(part.x[:: strides[name]][: DIGITS[name]], part.y[:: strides[name]][: DIGITS[name]])
            for name, part in parts.items()
        },
    )


def train(
    out: str | None = None,
    *,
    distribute: str = "auto",
    accumulate: int = 1,
    batch_size: int = RECIPE.batch_size,
    network: dict | None = None,
) -> dict[str, Any]:
    """Train the small network on a few digits; what came out, as plain data."""
    recipe = replace(RECIPE, network_settings=network or {}, batch_size=batch_size)
    run = runs.train(recipe, digits(), out=out, distribute=distribute, accumulate=accumulate, verbose=False)
    record, weights = run.record, [np.asarray(values).tolist() for values in run.model.get_weights()]
    return {"weights": weights} | {key: record[key] for key in ("execution", "history", "result", "answers")}


def main(result: str, cases: dict[str, dict], devices: int = 1, fate: dict[str, int] | None = None) -> None:
    """Be one of the processes: train every case and write down what came out.

    Args:
        result: JSON file to write.
        cases: arguments of `train`.
        devices: that this process makes of its CPU.
        fate: a signal, the number of the process that sends it to itself, and before which of its updates.
    """
    if BACKEND == "tensorflow" and devices > 1:
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * devices
        tf.config.set_logical_device_configuration(cpu, logical)
    models.Small = small  # type: ignore[attr-defined]
    training.VALUES_PER_CALL, training.SECONDS_PER_CHECKPOINT = 0, 0  # save every update
    if fate:
        meet(**fate)
    found = {}
    for name, case in cases.items():
        try:
            found[name] = train(**case)
        except BackendError as refusal:
            found[name] = {"refused": str(refusal)}
    Path(result).write_text(json.dumps(found))


def meet(signal_number: int, process: int, update: int) -> None:
    begin, begun = training._Watch.on_train_batch_begin, []

    def begin_or_suffer(self: training._Watch, batch: int, logs: dict | None = None) -> None:
        begun.append(batch)
        if len(begun) == update and self.engine.process == process:
            os.kill(os.getpid(), signal_number)
        begin(self, batch, logs)

    training._Watch.on_train_batch_begin = begin_or_suffer  # type: ignore[method-assign]


def assert_same(first: dict, second: dict, *, tolerance: float = 2e-5) -> None:
    for name, values in first["history"].items():
        np.testing.assert_allclose(values, second["history"][name], rtol=tolerance, err_msg=name)
    assert first["result"] == second["result"]
    assert first["answers"] == second["answers"]
    for a, b in zip(first["weights"], second["weights"], strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


class Processes:
    """Starts this file as a script, and kills what is left of it in the end."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen] = []

    def start(self, environment: dict[str, str], *launcher: str, **arguments: Any) -> subprocess.Popen:
        path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
        common = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "KERAS_BACKEND": BACKEND}
        process = subprocess.Popen(
            [sys.executable, *launcher, __file__, json.dumps(arguments)],
            env={**os.environ, **common, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def kill(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            assert process.stdout
            process.stdout.close()


@dataclass(frozen=True)
class End:
    """How a process ended: its status, what it printed, what it wrote down."""

    status: int
    printed: str
    result: dict[str, dict]


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    running = Processes()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def alone() -> Iterator[Callable[..., dict]]:
    """Trains on one device in this process, each network once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "Small", small, raising=False)
        yield functools.cache(lambda **network: train(distribute="one", network=network))


# Several devices of one process, which TensorFlow and JAX can make of one CPU.

CASES: dict[str, dict] = {
    "plain": {},
    "in_parts": {"accumulate": 2},
    "normalised": {"network": {"normalise": True}},
    "dropout": {"network": {"dropout": 0.3}},
    "odd_batch": {"batch_size": 15},
    "odd_batch_by_name": {"batch_size": 15, "distribute": backend.STRATEGIES[BACKEND]},
}


@pytest.fixture(scope="module")
def divided(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    result = tmp_path_factory.mktemp("divided") / "result.json"
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"} if BACKEND == "jax" else {}
    process = processes.start(flags, result=str(result), cases=CASES, devices=2)
    printed, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, printed
    return json.loads(result.read_text())


@pytest.mark.backends
@several_devices
@pytest.mark.parametrize("case", ["plain", "in_parts"])
def test_two_devices_come_to_the_losses_and_weights_of_one(
    divided: dict, alone: Callable[..., dict], case: str
) -> None:
    alone_there = BACKEND == "tensorflow" and case == "in_parts"  # where Keras does that on one device alone
    assert divided[case]["execution"]["devices"] == (1 if alone_there else 2)
    assert divided[case]["execution"]["parts_of_a_batch"] == CASES[case].get("accumulate", 1)
    assert_same(divided[case], alone())


@pytest.mark.backends
@several_devices
@pytest.mark.parametrize("case", ["normalised", "dropout"])
def test_normalisation_and_dropout_see_the_whole_batch_on_jax_and_shares_on_tensorflow(
    divided: dict, alone: Callable[..., dict], case: str
) -> None:
    whole = alone(**CASES[case]["network"])
    if BACKEND == "jax":
        assert_same(divided[case], whole)
        return
    losses = divided[case]["history"]["train_loss"]
    assert losses[1] < losses[0]
    assert abs(losses[0] / whole["history"]["train_loss"][0] - 1) > 1e-3


@pytest.mark.backends
@several_devices
def test_a_batch_that_two_devices_cannot_share_goes_to_one_unless_they_are_asked_for(divided: dict) -> None:
    assert divided["odd_batch"]["execution"]["devices"] == 1
    assert "A batch of 15 cannot be divided among 2 devices" in divided["odd_batch_by_name"]["refused"]


@only_tensorflow
def test_a_distribution_that_keras_ignores_is_refused() -> None:
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=["cpu:0"]))
    try:
        with pytest.raises(BackendError, match=r'ignores on tensorflow.*distribute="auto"'):
            backend.engine()
    finally:
        keras.distribution.set_distribution(None)


@only_tensorflow
def test_parts_of_a_batch_on_several_devices_are_refused_on_tensorflow_when_asked_for_by_name() -> None:
    assert backend.engine("auto", 16, accumulate=2).devices == 1
    with pytest.raises(BackendError, match="in parts on one device alone"):
        backend.engine("mirrored", 16, accumulate=2)


@only_tensorflow
def test_several_machines_are_refused_on_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}}')
    with pytest.raises(BackendError, match="KERAS_BACKEND=jax or torch"):
        backend.engine()


@pytest.mark.backends
def test_the_way_of_another_backend_is_refused_and_ones_own_named() -> None:
    other = "ddp" if BACKEND != "torch" else "mirrored"
    with pytest.raises(BackendError, match=f"{other}.*use distribute=.{backend.STRATEGIES[BACKEND]}"):
        backend.engine(other)
    with pytest.raises(BackendError, match="Unknown way to distribute 'everywhere'"):
        backend.engine("everywhere")


@only_torch
@pytest.mark.backends
def test_one_process_of_pytorch_asked_to_be_several_names_the_command_that_starts_them() -> None:
    with pytest.raises(BackendError, match="torchrun --nproc-per-node 2 -m cnnlib train"):
        backend.engine("ddp", 16)


# Several processes, which find each other over the network.


def variables(number: int, port: int) -> dict[str, str]:
    """What tells a process of a pair where the other one is."""
    if BACKEND == "jax":
        address = {"JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}"}
        return address | {"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": str(number)}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return address | {"WORLD_SIZE": "2", "RANK": str(number)}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass(frozen=True)
class Story:
    """One training of two processes: stopped, killed, started wrongly, and brought to its end."""

    stopped: list[End]
    killed: list[End]
    apart: list[End]
    resumed: list[End]
    kept: list[bytes]  # the checkpoint after each of the first three


@pytest.fixture(scope="module")
def story(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("story")
    checkpoint, kept = folder / "out" / training.CHECKPOINT, []

    def pair(name: str, outs: tuple[str, str] = ("out", "out"), fate: dict | None = None) -> list[End]:
        port, began = free_port(), []
        for number, out in enumerate(outs):
            result = folder / f"{name}{number}.json"
            cases = {"shared": {"out": str(folder / out)}}
            started = processes.start(variables(number, port), result=str(result), cases=cases, fate=fate)
            began.append((started, result))
        ends = []
        deadline = time.monotonic() + LIMIT
        for process, result in began:
            printed, _ = process.communicate(timeout=max(0, deadline - time.monotonic()))
            found = json.loads(result.read_text()) if result.exists() else {}
            ends.append(End(process.returncode, printed, found))
        kept.append(checkpoint.read_bytes() if checkpoint.exists() else b"")
        return ends

    one = {"process": 1, "update": 5}
    return Story(
        stopped=pair("stopped", fate={"signal_number": signal.SIGTERM, **one}),
        killed=pair("killed", fate={"signal_number": signal.SIGKILL, **one}),
        apart=pair("apart", outs=("out", "elsewhere")),
        resumed=pair("resumed"),
        kept=kept,
    )


@pytest.mark.backends
@several_processes
def test_a_signal_to_one_process_stops_all_and_the_first_saves(story: Story) -> None:
    assert [end.status for end in story.stopped] == [128 + signal.SIGTERM] * 2, story.stopped
    assert story.kept[0]


@pytest.mark.backends
@several_processes
def test_a_killed_process_stops_the_other_with_an_error_that_says_what_to_do(story: Story) -> None:
    left, killed = story.killed
    assert killed.status == -signal.SIGKILL
    assert left.status not in (0, -signal.SIGKILL), left.printed
    # JAX may notice on its own and abort the process before the step has failed.
    ours = "Process 0 of 2 cannot go on, most likely because another one has died" in left.printed
    assert ours or "JAX distributed service detected fatal errors" in left.printed, left.printed
    assert story.kept[1] != story.kept[0]  # it had gone on from where the signal stopped it


@pytest.mark.backends
@several_processes
def test_processes_that_do_not_see_the_same_checkpoint_are_all_refused(story: Story) -> None:
    for end in story.apart:
        assert "each must see the same checkpoint" in end.result["shared"]["refused"], end.printed
    assert story.kept[2] == story.kept[1]


@pytest.mark.backends
@several_processes
def test_two_processes_come_to_the_losses_and_weights_of_one_even_when_stopped_and_killed(
    story: Story, alone: Callable[..., dict]
) -> None:
    for end in story.resumed:
        assert end.status == 0, end.printed
        assert end.result["shared"]["execution"]["processes"] == 2
        assert_same(end.result["shared"], alone())


@only_torch
@pytest.mark.backends
def test_torchrun_starts_processes_that_train_together(
    processes: Processes, tmp_path: Path, alone: Callable[..., dict]
) -> None:
    result = tmp_path / "result.json"
    port = f"--master-port={free_port()}"
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", port)
    process = processes.start({}, *launcher, result=str(result), cases={"plain": {}})
    printed, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, printed
    found = json.loads(result.read_text())["plain"]
    assert found["execution"]["devices"] == 2
    assert_same(found, alone())


if __name__ == "__main__":
    try:
        main(**json.loads(sys.argv[1]))
    except training.Interrupted as stop:
        sys.exit(128 + stop.signal)
    except training.TrainingError as problem:
        sys.exit(str(problem))
