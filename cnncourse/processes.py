"""Where submissions run: nbgrader in a process for each, and the reference answers before them all."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

import cnncourse
from cnncourse import check, exam, reason, search_path
from cnncourse.check.measured import VARIABLE

SECONDS = 1200  # of one submission, all in all: more than the notebook's own limit
GRADER_BYTES = 4 * 2**30  # addresses of nbgrader's own process, which keeps what a submission prints
LAST_WORDS = 100_000  # signs of a log that are read

# A process is forked from one that has imported nbgrader, which takes longer than most of what it then does.
_CONTEXT: Any = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":
    _CONTEXT.set_forkserver_preload(["nbgrader.apps"])
# Starting a process asks how the others ended, and what two threads ask at once one of them does not hear.
_ASKING = threading.Lock()


def measure(assignment: str, out: Path) -> None:
    """Run the reference answers, unless that was done: what their checks measure is kept in `out`.

    A check that trains a network to hold a prediction against takes longer than all others together. Where
    the answers do not run to their end, each submission measures for itself; so do those of an exam, whose
    cases nobody may see.
    """
    folder = _measured(assignment, out)
    source = out / "source" / assignment / f"{assignment}.ipynb"
    if folder.exists() or exam.is_sealed(nbformat.read(source, as_version=4)):
        return
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as draft:
        told = {VARIABLE: draft, "CNNLIB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        told["PYTHONPATH"] = str(Path(cnncourse.__file__).parents[1])  # what grades is what was handed out
        if _run(_answer, (source,), out, told, "reference answers") == 0:
            with contextlib.suppress(OSError):  # another command was quicker
                Path(draft).rename(folder)


def autograde(student: str, assignment: str, out: Path) -> str:
    """Have nbgrader grade a submission; return why it could not, or nothing."""
    told = {"PATH": search_path(os.environ.get("PATH", "")), VARIABLE: str(_measured(assignment, out))}
    arguments = ["autograde", assignment, f"--student={student}", "--force"]
    ended = _run(_nbgrader, (arguments,), out, told, student)
    if ended is None:
        return f"It was stopped after {SECONDS} seconds."
    said = log_file(out, student).read_text("utf-8", "replace")[-LAST_WORDS:]
    return f"It could not be graded: {reason(said)}" if ended else ""


def _measured(assignment: str, out: Path) -> Path:
    """The folder of what was measured, by these checks and on this backend."""
    return out / "measured" / f"{assignment}-{_digest()}"


@functools.cache
def _digest() -> str:
    digest = hashlib.sha256(os.environ.get("KERAS_BACKEND", "").encode())
    for path in sorted(Path(check.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def log_file(out: Path, name: str) -> Path:
    """Where what is said of a submission is logged; its folder is made."""
    path = out / "logs" / f"{name}.log"
    path.parent.mkdir(exist_ok=True)
    return path


def _run(
    work: Callable[..., None], given: tuple, folder: Path, told: Mapping[str, str], name: str
) -> int | None:
    """Do something in a process of its own; return its exit status, or None where it took too long."""
    log = log_file(folder, name)
    log.touch()
    environment = {**os.environ, **told}
    process = _CONTEXT.Process(target=_alone, args=(work, given, folder, environment, log), daemon=True)
    with _ASKING:
        process.start()
    try:
        wait([process.sentinel], SECONDS)
        with _ASKING:
            process.join(0)
            return process.exitcode
    finally:
        _end(process)


def _alone(
    work: Callable[..., None], given: tuple, folder: Path, environment: Mapping[str, str], log: Path
) -> None:
    """Do something in a folder and an environment, with a log; all that a process of its own does."""
    with log.open("wb") as file, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    if os.name == "posix":
        import resource

        os.setsid()
        with contextlib.suppress(ValueError, OSError):  # where less is allowed, or no limit known
            resource.setrlimit(resource.RLIMIT_AS, (GRADER_BYTES, GRADER_BYTES))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    work(*given)


def _nbgrader(arguments: list[str]) -> None:
    """Run a command of nbgrader."""
    from nbgrader.apps import NbGraderApp

    sys.exit(NbGraderApp.launch_instance(arguments))


def _answer(source: Path) -> None:
    """Run a notebook in a kernel of this interpreter, to its end whatever its cells say."""
    kernel = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), kernel_name="python3")
    notebook = nbformat.read(source, as_version=4)
    NotebookClient(notebook, km=kernel, timeout=SECONDS, allow_errors=True).execute()


def _end(process: Any) -> None:
    """End a process and whatever it left behind."""
    if os.name == "posix" and process.pid:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with _ASKING:
        process.kill()
        process.join()
