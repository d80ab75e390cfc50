"""Run the benchmarks that this machine can, and write what they took to one file.

python benchmarks/run.py                     all of them, into benchmarks/results/HARDWARE.json
python benchmarks/run.py --only fit_lenet5   one; a name may be the beginning of several
python benchmarks/run.py --list              their names
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import report
from harness import (
    BenchmarkError,
    Job,
    Worker,
    alternate,
    seconds,
    speed_ratios,
    straight_line,
    summary,
)
from PIL import Image

RESULTS = Path(__file__).with_name("results")
FEWEST_ROUNDS = 5
# Every side's first epochs go by unmeasured: compilation, and what it compiles again for a second look.
WARM_UP = 2
# Forward, and backward for the images and for the weights; a multiply-add is two operations.
OPERATIONS_PER_MAC = 3 * 2


@dataclass(frozen=True)
class Machine:
    """What the benchmarks are run on.

    Attributes:
        about: date, commit, versions and hardware, as `cnnlib.records.provenance` gives them.
        accelerated: whether Keras sees a GPU.
        precision: dtype policy that suits it.
        gpus: name of each GPU.
        torch_python: interpreter with PyTorch, on the same kind of device, or None.
        why_no_torch: the reason, where there is none.
        rounds: how often the sides take turns.
        folder: for pictures that are made for the run.
    """

    about: dict[str, Any]
    accelerated: bool
    precision: str
    gpus: list[str]
    torch_python: str | None
    why_no_torch: str
    rounds: int
    folder: Path

    @property
    def epochs(self) -> int:
        """Epochs that a side trains in all."""
        return WARM_UP + self.rounds

    def job(
        self,
        network: str,
        on_cpu: tuple[int, int],
        on_gpu: tuple[int, int],
        augmentation: str | None = None,
    ) -> Job:
        """A job of so many (images, images a batch), on a CPU and on a GPU."""
        images, batch_size = on_gpu if self.accelerated else on_cpu
        return Job("cnnlib", network, images, batch_size, augmentation, self.precision, self.epochs)


class SkippedError(Exception):
    """This machine cannot run a benchmark; the message says why."""


# --- the kinds of measurement --------------------------------------------------------------------------


def compared_with_fastest(job: Job, machine: Machine) -> dict[str, Any]:
    """How many times as many images a second as the fastest form of plain Keras `fit` trains, round by round.

    Both forms, with and without XLA, take their turns; the one with the shorter epochs is the other side.
    """
    sides = {
        "cnnlib": job,
        "keras_plain": replace(job, side="keras_fast"),
        "keras_xla": replace(job, side="keras_fast", jit=True),
    }
    reports = _timed({name: (side, sys.executable) for name, side in sides.items()}, machine)
    took = {name: seconds(report["rounds"]) for name, report in reports.items()}
    fastest = min(("keras_plain", "keras_xla"), key=lambda name: median(took[name]))
    return {
        "settings": job.settings(),
        "sides": reports,
        "fastest": fastest,
    } | summary(speed_ratios(took["cnnlib"], took[fastest]))


def compared(job: Job, other: str, machine: Machine, python: str = sys.executable) -> dict[str, Any]:
    """How many times as many images a second as the other side `fit` trains, round by round."""
    reports = _timed({"cnnlib": (job, sys.executable), other: (replace(job, side=other), python)}, machine)
    ratios = speed_ratios(seconds(reports["cnnlib"]["rounds"]), seconds(reports[other]["rounds"]))
    return {"settings": job.settings(), "sides": reports} | summary(ratios)


def compared_with_torch(job: Job, machine: Machine) -> dict[str, Any]:
    """As `compared`, with plain PyTorch.

    Raises:
        SkippedError: there is no PyTorch for this hardware.
    """
    if machine.torch_python is None:
        raise SkippedError(machine.why_no_torch)
    if job.network == "resnet50" and not machine.accelerated:
        raise SkippedError("It takes a GPU; compiling this network for a CPU takes longer than all the rest.")
    return compared(job, "torch", machine, machine.torch_python)


def share_of_peak(job: Job, machine: Machine) -> dict[str, Any]:
    """Share of the hardware's peak that training reaches, round by round.

    The peak is the most operations a second that a large matrix product made in any round.
    """
    product = replace(job, side="matrix_product")
    reports = _timed({"cnnlib": (job, sys.executable), "product": (product, sys.executable)}, machine)
    peak = max(each["operations"] / each["seconds"] for each in reports["product"]["rounds"])
    operations = [
        OPERATIONS_PER_MAC * each["macs"] * job.images_per_epoch for each in reports["cnnlib"]["rounds"]
    ]
    took = seconds(reports["cnnlib"]["rounds"])
    shares = [count / time_taken / peak for count, time_taken in zip(operations, took, strict=True)]
    return {"settings": job.settings(), "sides": reports, "peak": peak} | summary(shares)


def growth(jobs: dict[int, Job], of: str, machine: Machine) -> dict[str, Any]:
    """What an epoch costs as the work or the devices grow, and the straight line through it.

    Args:
        jobs: by amount of what grows.
        of: what grows, "images" or "devices". With devices the speed, images a second, is what is fitted.
        machine: what to measure on.
    """
    sides = {str(amount): (job, sys.executable) for amount, job in jobs.items()}
    reports = _timed(sides, machine)
    points = []
    for amount, job in jobs.items():
        took = summary(seconds(reports[str(amount)]["rounds"]))
        points.append({"x": amount, **took, "images_per_second": job.images_per_epoch / took["median"]})
    y = [point["images_per_second"] if of == "devices" else point["median"] for point in points]
    line = straight_line([point["x"] for point in points], y)
    job = next(iter(jobs.values()))
    r2 = {"median": line["r2"], "low": line["r2"], "high": line["r2"]}
    return {"settings": job.settings(), "of": of, "sides": reports, "points": points, "line": line} | r2


def _timed(sides: dict[str, tuple[Job, str]], machine: Machine) -> dict[str, dict[str, Any]]:
    """Start every side, warm it up, let them take turns: the reports of each."""
    workers: dict[str, Worker] = {}
    try:
        warm_up = {}
        for name, (job, python) in sides.items():
            workers[name] = Worker(job, python)
            warm_up[name] = [workers[name].first, *(workers[name]() for _ in range(WARM_UP - 1))]
        rounds = alternate(workers, machine.rounds)
    finally:
        for worker in workers.values():
            worker.close()
    return {name: {"warm_up": warm_up[name], "rounds": rounds[name]} for name in sides}


# --- what is measured ----------------------------------------------------------------------------------


def _lenet5(machine: Machine, augmentation: str | None = None) -> Job:
    return machine.job("lenet5", (19_200, 64), (60_000, 64), augmentation)


def _resnet20(machine: Machine) -> Job:
    return machine.job("resnet20", (2_560, 128), (51_200, 128), "pad_crop_flip")


def _alexnet(machine: Machine) -> Job:
    return machine.job("alexnet", (64, 16), (5_120, 128))


def _resnet50(machine: Machine) -> Job:
    return machine.job("resnet50", (16, 8), (5_120, 256))


def _streamed(machine: Machine) -> Job:
    job = _resnet50(machine)
    return replace(job, folder=str(make_pictures(machine.folder, job.images)))


def _vgg16(machine: Machine) -> Job:
    return machine.job("vgg16", (8, 4), (2_560, 128))


def _growing_images(machine: Machine) -> dict[str, Any]:
    job = _lenet5(machine)
    counts = [job.images * factor // 2 for factor in (1, 2, 4, 8)]
    return growth({count: replace(job, images=count) for count in counts}, "images", machine)


def _growing_devices(machine: Machine) -> dict[str, Any]:
    """The batch grows with the devices, so that the work of each stays the same."""
    if len(machine.gpus) < 2:
        raise SkippedError("It takes two GPUs; several CPU devices would share the same cores.")
    one, jobs, devices = _resnet50(machine), {}, 1
    while devices <= len(machine.gpus):
        images, batch_size = one.images * devices, one.batch_size * devices
        jobs[devices] = replace(one, devices=devices, images=images, batch_size=batch_size)
        devices *= 2
    return growth(jobs, "devices", machine)


def _fit(job: Callable[..., Job], *more: Any) -> Callable[[Machine], dict[str, Any]]:
    return lambda machine: compared(job(machine, *more), "keras", machine)


def _fastest(job: Callable[..., Job], *more: Any) -> Callable[[Machine], dict[str, Any]]:
    return lambda machine: compared_with_fastest(job(machine, *more), machine)


def _torch(job: Callable[..., Job]) -> Callable[[Machine], dict[str, Any]]:
    return lambda machine: compared_with_torch(job(machine), machine)


def _peak(job: Callable[..., Job]) -> Callable[[Machine], dict[str, Any]]:
    return lambda machine: share_of_peak(job(machine), machine)


@dataclass(frozen=True)
class Benchmark:
    """One measurement.

    Attributes:
        kind: the question it answers, a key of `report.KINDS`.
        case: what it is measured on, in words.
        measure: runs it; returns raw timings and their summary.
        goal: what is wanted of the median, on a CPU and on a GPU; None: nothing.
    """

    kind: str
    case: str
    measure: Callable[[Machine], dict[str, Any]]
    goal: tuple[float | None, float | None] = (None, None)


LENET5, RESNET20, RESNET50 = "LeNet-5", "ResNet-20, cropped and mirrored", "ResNet-50, images in memory"
DISTORTED, STREAMED = "LeNet-5, distorted images", "ResNet-50, pictures from folders"

BENCHMARKS = {
    "fit_lenet5": Benchmark("fit", LENET5, _fit(_lenet5), (1.5, 1.5)),
    "fit_lenet5_affine": Benchmark("fit", DISTORTED, _fit(_lenet5, "affine"), (1.5, 1.5)),
    "fit_resnet20": Benchmark("fit", RESNET20, _fit(_resnet20), (1.5, 1.5)),
    "fit_resnet50": Benchmark("fit", RESNET50, _fit(_resnet50), (1.0, 1.0)),
    "fit_resnet50_folder": Benchmark("fit", STREAMED, _fit(_streamed), (1.0, 1.0)),
    "fastest_lenet5": Benchmark("fastest", LENET5, _fastest(_lenet5), (1.2, 1.2)),
    "fastest_lenet5_affine": Benchmark("fastest", DISTORTED, _fastest(_lenet5, "affine"), (1.2, 1.2)),
    "fastest_resnet20": Benchmark("fastest", RESNET20, _fastest(_resnet20), (1.2, 1.2)),
    "fastest_alexnet": Benchmark("fastest", "AlexNet", _fastest(_alexnet), (1.2, 1.2)),
    "torch_lenet5": Benchmark("torch", LENET5, _torch(_lenet5), (None, 1.0)),
    "torch_resnet20": Benchmark("torch", RESNET20, _torch(_resnet20), (None, 1.0)),
    "torch_resnet50": Benchmark("torch", RESNET50, _torch(_resnet50), (None, 1.0)),
    "peak_vgg16": Benchmark("peak", "VGG16", _peak(_vgg16), (None, 0.4)),
    "peak_resnet50": Benchmark("peak", "ResNet-50", _peak(_resnet50), (None, 0.4)),
    "growth_images": Benchmark("growth", "LeNet-5, more images", _growing_images),
    "growth_devices": Benchmark("growth", "ResNet-50, more GPUs", _growing_devices),
}


def make_pictures(folder: Path, count: int, classes: int = 10) -> Path:
    """Write JPEG pictures of 500 x 375 pixels, as large on disk as photographs, unless they are there.

    Returns:
        The folder, with one folder of pictures for each class.
    """
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"class{number % classes}" / f"{number:05}.jpeg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(rng.integers(0, 256, (94, 125, 3), np.uint8))
            coarse.resize((500, 375), Image.Resampling.BICUBIC).save(path, quality=90)
    return folder


# --- the command ---------------------------------------------------------------------------------------


def look_around(torch_python: str | None, rounds: int, folder: Path) -> Machine:
    """Find out what there is to measure on.

    Args:
        torch_python: an interpreter with PyTorch; None: this one, if it has it.
        rounds: how often the sides are to take turns.
        folder: for pictures.

    Raises:
        BenchmarkError: an interpreter that was named has no PyTorch, or this project does not run.
    """
    with Worker(Job("about_keras")) as worker:
        found = worker.first
    about = {name: found[name] for name in ("finished", "commit", "versions", "hardware")}
    about["hardware"]["gpus"] = gpu_names() if found["accelerated"] else []
    why = ""
    if torch_python is None and find_spec("torch") is None:
        why = "PyTorch is not installed here: name an interpreter that has it with --torch-python."
    else:
        torch_python = torch_python or sys.executable
        with Worker(Job("about_torch"), torch_python) as worker:
            about["versions"]["torch"] = worker.first["torch"]
            if worker.first["accelerated"] != found["accelerated"]:
                why = "PyTorch and Keras do not see the same device here, a GPU."
    return Machine(
        about=about,
        accelerated=found["accelerated"],
        precision=found["precision"],
        gpus=about["hardware"]["gpus"],
        torch_python=None if why else torch_python,
        why_no_torch=why,
        rounds=rounds,
        folder=folder,
    )


def gpu_names() -> list[str]:
    """The GPUs as their driver names them; none where there is no driver."""
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[:-1]


def slug(hardware: dict[str, Any]) -> str:
    """A file name that says what the hardware is."""
    gpus = hardware["gpus"]
    words = f"{len(gpus)} {gpus[0]}" if gpus else f"{hardware['processor']} {hardware['cores']} cores"
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)", "", words.lower())).strip("-")


def run(name: str, machine: Machine) -> dict[str, Any]:
    """Run one benchmark; the record says what, on what and when, or why it was skipped.

    Raises:
        BenchmarkError: a side could not be run.
    """
    benchmark, started = BENCHMARKS[name], time.monotonic()
    goal = benchmark.goal[machine.accelerated]
    record = {"name": name, "kind": benchmark.kind, "case": benchmark.case, "goal": goal}
    try:
        measured = benchmark.measure(machine)
    except SkippedError as reason:
        measured = {"skipped": str(reason)}
    return record | machine.about | measured | {"wall_seconds": round(time.monotonic() - started, 1)}


def save(record: dict[str, Any], path: Path) -> None:
    """Put a record into a file of records by name, in place of an older one."""
    records = json.loads(path.read_text()) if path.exists() else {}
    records[record["name"]] = record
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: records[name] for name in BENCHMARKS if name in records}
    path.write_text(json.dumps(ordered, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="NAME", help="those whose names begin so")
    parser.add_argument("--out", type=Path, help="file to write; by default one for this hardware")
    parser.add_argument("--torch-python", help="an interpreter that has PyTorch, for the comparison with it")
    parser.add_argument("--rounds", type=int, default=FEWEST_ROUNDS, help=f"at least {FEWEST_ROUNDS}")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    options = parser.parse_args(arguments)
    chosen = [name for name in BENCHMARKS if name.startswith(options.only or "")]
    if not chosen:
        parser.error(f"no benchmark begins with {options.only!r}; there are {', '.join(BENCHMARKS)}")
    if options.rounds < FEWEST_ROUNDS:
        parser.error(f"fewer than {FEWEST_ROUNDS} rounds say little; {options.rounds} were asked for")
    if options.list:
        print("\n".join(chosen))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return _run_all(chosen, options, Path(folder))


def _run_all(chosen: list[str], options: argparse.Namespace, folder: Path) -> int:
    machine = look_around(options.torch_python, options.rounds, folder)
    path = options.out or RESULTS / f"{slug(machine.about['hardware'])}.json"
    failed = 0
    for name in chosen:
        try:
            record = run(name, machine)
        except BenchmarkError as problem:
            print(f"{name}  failed: {problem}", file=sys.stderr, flush=True)
            failed += 1
            continue
        save(record, path)
        print(report.line(record), flush=True)
    print(path)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
