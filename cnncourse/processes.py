"""Where submissions run: nbgrader in a process for each, and the reference answers before them all."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from cnncourse import reason, search_path
from cnncourse.check.measured import VARIABLE

SECONDS = 1200  # of one submission, all in all: more than the notebook's own limit
GRADER_BYTES = 4 * 2**30  # addresses of nbgrader's own process, which keeps what a submission prints

# A process is forked from one that has imported nbgrader, which takes longer than most of what it then does.
_CONTEXT: Any = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":
    _CONTEXT.set_forkserver_preload(["nbgrader.apps"])


def measure(assignment: str, out: Path) -> None:
    """Run the reference answers, unless that was done: what their checks measure is kept in `out`.

    A check that trains a network to hold a prediction against takes longer than all others together.
    """
    folder = _measured(assignment, out)
    if folder.exists():
        return
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    notebook = nbformat.read(out / "source" / assignment / f"{assignment}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=SECONDS, allow_errors=True, kernel_name="python3")
    client.execute(env=os.environ | {VARIABLE: str(draft)}, stderr=subprocess.DEVNULL)
    draft.replace(folder)


def _measured(assignment: str, out: Path) -> Path:
    return out / "measured" / assignment


def autograde(student: str, assignment: str, out: Path) -> str:
    """Have nbgrader grade a submission; return why it could not, or nothing."""
    log = out / "logs" / f"{student}.log"
    log.parent.mkdir(exist_ok=True)
    log.touch()
    own = {"PATH": search_path(os.environ.get("PATH", "")), VARIABLE: str(_measured(assignment, out))}
    arguments = ["autograde", assignment, f"--student={student}", "--force"]
    process = _CONTEXT.Process(
        target=_nbgrader, args=(arguments, out, dict(os.environ) | own, log), daemon=True
    )
    process.start()
    try:
        process.join(SECONDS)
        ended = process.exitcode
    finally:
        _end(process)
    if ended is None:
        return f"It was stopped after {SECONDS} seconds."
    return f"It could not be graded: {reason(log.read_text('utf-8', 'replace'))}" if ended else ""


def _nbgrader(arguments: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
    """Run a command of nbgrader: all that a process of its own does."""
    if os.name == "posix":
        import resource

        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (GRADER_BYTES, GRADER_BYTES))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    with log.open("wb") as file, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    from nbgrader.apps import NbGraderApp

    sys.exit(NbGraderApp.launch_instance(arguments))


def _end(process: BaseProcess) -> None:
    """End a process and whatever it left behind."""
    if os.name == "posix" and process.pid:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
