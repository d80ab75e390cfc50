"""A kernel that can't do harm: how the code of a submission is run.

Where bubblewrap is installed (Debian's package `bubblewrap`) a kernel sees the interpreter, this package and
an empty folder in memory, and nothing else: no home, no network, no other process, no other submission. Where
it is not, there are limits of time, memory and file size only, and `isolation` says so.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import cnnbook
import cnncourse
import cnnlib
from cnncourse import search_path
from cnncourse.check.measured import VARIABLE as MEASURED
from cnncourse.check.student import VARIABLE as STUDENT

# Of one kernel, as `ulimit` counts: address space in KiB (one that trains a small network has 3 GiB and
# touches a quarter of it), processor time in seconds, a file's size in blocks (KiB or half of it), processes.
LIMITS = {"v": 6 * 1024 * 1024, "t": 1800, "f": 256 * 1024, "u": 512}
SCRATCH_BYTES = 256 * 1024 * 1024

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime")
PASSED_ON = ("KERAS_BACKEND", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "LANG", "LC_ALL")


def isolation() -> str:
    """Say what a submission is kept from on this machine: one sentence."""
    if _bubblewrap():
        return "Each submission runs in a sandbox of its own (bubblewrap): no network, no files but its own."
    return (
        "Warning: bubblewrap is not installed, so submissions are limited in time and memory only: they can "
        "read and write whatever you can, and open the network. Install it (apt-get install bubblewrap), or "
        "grade in a container that you can throw away."
    )


def write_kernel(folder: Path, student: str) -> Path:
    """Write a kernel specification named `sandbox` and return the folder of specifications.

    Args:
        folder: of this run alone; connection file and sockets go there, all that a kernel shares with us.
        student: under whose name the submission was handed in.
    """
    spec = folder / "kernels" / "sandbox"
    spec.mkdir(parents=True)
    scratch = folder / "work"
    scratch.mkdir()
    environment = _environment(student, Path("/tmp") if _bubblewrap() else scratch)
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    argv = _limited(kernel)
    if _bubblewrap():
        argv = [*_wall(folder, environment), *argv]
    elif os.name == "posix":
        # The shell stays: a submission may kill what started it, which else were what grades it.
        argv = ["sh", "-c", 'cd "$0" && "$@"; exit $?', str(scratch), *argv]
    description = {
        "argv": argv,
        "display_name": "sandbox",
        "language": "python",
        # A signal would reach bubblewrap and end it; a message reaches the kernel.
        "interrupt_mode": "message",
        "env": environment,
    }
    (spec / "kernel.json").write_text(json.dumps(description), "utf-8")
    return folder / "kernels"


def _bubblewrap() -> str | None:
    return shutil.which("bwrap")


def _environment(student: str, home: Path) -> dict[str, str]:
    """All that a kernel is told: of the instructor's own environment the backend and the locale alone."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {
        "PATH": search_path("/usr/bin:/bin"),
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home),
        "PYTHONPATH": str(Path(cnnlib.__file__).parents[1]),  # what grades is what was handed out
    }
    if MEASURED in os.environ:
        own[MEASURED] = "/measured" if _bubblewrap() else os.environ[MEASURED]
    return passed | own | {STUDENT: student, "CNNLIB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _wall(folder: Path, environment: dict[str, str]) -> list[str]:
    """The command that puts what follows it behind a wall."""
    ours = [str(Path(package.__path__[0])) for package in (cnnlib, cnnbook, cnncourse)]
    seen = [*SYSTEM, *_interpreter(), *ours]
    wall = [_bubblewrap() or "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in environment.items():
        wall += ["--setenv", name, value]
    wall += ["--proc", "/proc", "--dev", "/dev", "--size", str(SCRATCH_BYTES), "--tmpfs", "/tmp"]
    for path in seen:
        wall += ["--ro-bind-try", path, path]
    if MEASURED in environment:
        wall += ["--ro-bind-try", os.environ[MEASURED], environment[MEASURED]]
    return [*wall, "--bind", str(folder), str(folder), "--remount-ro", "/", "--chdir", "/tmp"]


def _interpreter() -> list[str]:
    """The folders that Python needs, under the names that lead to them."""
    folders = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).parent]
    return list(dict.fromkeys(str(each) for folder in folders for each in (folder, folder.resolve())))


def _limited(command: list[str]) -> list[str]:
    """Put the limits before a command where there is a POSIX shell."""
    if os.name != "posix":
        return command
    # A shell that does not know a limit goes on without it.
    words = "; ".join(f"ulimit -{name} {limit} 2>/dev/null" for name, limit in LIMITS.items())
    return ["sh", "-c", f'{words}; exec "$0" "$@"', *command]
