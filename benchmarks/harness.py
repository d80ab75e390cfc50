"""Sides that take turns: each trains in a process of its own and stands still while the other runs.

A side is a training that calls `Turns` after every epoch and goes on when it is told to. So two programs,
even in two Python environments, are timed epoch by epoch in turn, on one machine at one time, with start-up
and compilation behind them. Nothing here imports a framework.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

WORKER = Path(__file__).with_name("worker.py")
# Thread pools spin for some tenths of a second after their last work; the next side shall not pay for it.
PAUSE = 0.5

# One training framework must leave room for the other on the same GPU.
ENVIRONMENT = {
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


class BenchmarkError(RuntimeError):
    """A side could not be run; the message says which and holds its last words."""


@dataclass(frozen=True)
class Job:
    """What one side is to do.

    Attributes:
        side: key in `worker.SIDES`.
        network: key in `networks.BUILDERS`, or "" where the side trains nothing.
        images: training images; those that do not fill a last batch are left out.
        batch_size: images per update.
        augmentation: None, "affine" or "pad_crop_flip".
        precision: "float32" or "mixed_bfloat16".
        epochs: epochs to train, the first, which compiles, included.
        folder: pictures are read from this folder of class folders while training, or None: from memory.
        devices: GPUs, where there are some, that the side may see.
        jit: whether XLA compiles the step of `plain_keras.train_fast`.
    """

    side: str
    network: str = ""
    images: int = 0
    batch_size: int = 1
    augmentation: str | None = None
    precision: str = "float32"
    epochs: int = 6
    folder: str | None = None
    devices: int = 1
    jit: bool = False

    @property
    def images_per_epoch(self) -> int:
        """Images that one epoch trains on."""
        return self.images // self.batch_size * self.batch_size

    def settings(self) -> dict[str, Any]:
        """What both sides of a comparison share, as plain data."""
        return {name: value for name, value in asdict(self).items() if name not in ("side", "folder", "jit")}


class StoppedError(Exception):
    """The other end has heard enough; the side is to end."""


class Turns:
    """The worker's end: a clock that reports every epoch and waits for leave to begin the next.

    Args:
        hear: where leave comes from, one line a turn; its end means stop. None: never wait.
        say: where reports go, one JSON object a line.
    """

    def __init__(self, hear: TextIO | None, say: TextIO):
        self.hear, self.say = hear, say
        self.began = time.perf_counter()

    def begin(self) -> None:
        """Start the clock of the first epoch: what was before it, imports and data, is not counted."""
        self.began = time.perf_counter()

    def __call__(self, **facts: Any) -> None:
        """Report the epoch that has just ended and wait.

        Args:
            facts: whatever else belongs to the epoch, as plain data.

        Raises:
            StoppedError: the other end has heard enough.
        """
        facts["seconds"] = time.perf_counter() - self.began
        self.say.write(json.dumps(facts) + "\n")
        self.say.flush()
        if self.hear and not self.hear.readline():
            raise StoppedError
        self.began = time.perf_counter()


class Worker:
    """The harness's end of one side.

    Args:
        job: what to do.
        python: interpreter to do it with.
        script: what to run; the job is its one argument, as JSON.

    Raises:
        BenchmarkError: the side ended before its first report.
    """

    def __init__(
        self,
        job: Job,
        python: str = sys.executable,
        script: Path = WORKER,
    ):
        self.job = job
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the worker
        self.process = subprocess.Popen(
            [python, str(script), json.dumps(asdict(job))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=ENVIRONMENT | os.environ | {"CUDA_VISIBLE_DEVICES": _visible(job.devices)},
        )
        try:
            self.first = self._hear()
        except BaseException:
            self.close()
            raise

    def __call__(self) -> dict[str, Any]:
        """Let the side run one epoch and return its report."""
        assert self.process.stdin
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # `_hear` tells why it died
        return self._hear()

    def rest(self) -> list[dict[str, Any]]:
        """Every report up to the side's own end, for sides that wait for nobody."""
        assert self.process.stdout
        reports = [json.loads(line) for line in self.process.stdout]
        if self.process.wait():
            raise self._failure()
        return reports

    def _hear(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise self._failure()
        return json.loads(line)

    def _failure(self) -> BenchmarkError:
        self.errors.seek(0)
        last = self.errors.read().strip().splitlines()[-12:]
        return BenchmarkError(
            f"the side {self.job.side!r} ended with status {self.process.returncode} in the middle of "
            f"{self.job}; its last words:\n" + "\n".join(last)
        )

    def close(self) -> None:
        """End the side. It is killed, since frameworks may take seconds to go by themselves."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            if pipe:
                pipe.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _visible(devices: int) -> str:
    """The first so many of the GPUs that this process may see, as CUDA_VISIBLE_DEVICES names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(number) for number in range(devices)] if visible is None else visible.split(",")
    return ",".join(names[:devices])


def alternate(
    sides: Mapping[str, Callable[[], dict[str, Any]]], rounds: int, pause: float = PAUSE
) -> dict[str, list[dict[str, Any]]]:
    """Let every side run one epoch, in order, and that `rounds` times over.

    Args:
        sides: for each name what runs one epoch and returns its report.
        rounds: how many times.
        pause: seconds of quiet after each turn.

    Returns:
        For each side its reports, one for each round.
    """
    reports: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            reports[name].append(side())
            time.sleep(pause)
    return reports


def seconds(reports: Sequence[Mapping[str, Any]]) -> list[float]:
    """The seconds of each report."""
    return [report["seconds"] for report in reports]


def speed_ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """How many times as fast ours was in each round, both having done the same work.

    Args:
        ours: seconds of each round.
        theirs: seconds of the same rounds.
    """
    return [other / own for own, other in zip(ours, theirs, strict=True)]


def summary(values: Sequence[float]) -> dict[str, Any]:
    """The values of all rounds with their median and range."""
    return {
        "values": list(values),
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
    }


def straight_line(x: Sequence[float], y: Sequence[float]) -> dict[str, float]:
    """Fit y = intercept + slope x by least squares; r2 is the share of the variance it explains."""
    slope, intercept = statistics.linear_regression(x, y)
    return {"slope": slope, "intercept": intercept, "r2": statistics.correlation(x, y) ** 2}
