"""Run a notebook with papermill, in a process forked from one that has imported TensorFlow and Keras.

Their import takes longer than most pages need besides. Where a system's own libraries do not survive a fork
(macOS), each process starts anew.
"""

import atexit
import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NoReturn, cast
from unittest.mock import patch

# With this package jsonschema compiles a grammar for most of a second; nbformat and papermill do without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
_FORKS = sys.platform == "linux"
_CONTEXT: Any = multiprocessing.get_context("forkserver" if _FORKS else "spawn")
if _FORKS:
    _CONTEXT.set_forkserver_preload(["__main__", __name__, "papermill", "ipykernel.kernelapp", "keras"])
# Starting a process asks how the others ended, and what two threads ask at once one of them does not hear.
_ASKING = threading.Lock()
# getrusage counts kibibytes on Linux and bytes on macOS.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Job:
    """A notebook to run."""

    notebook: Path  # what it gives is written into the same file
    folder: Path  # where its kernel works
    parameters: dict[str, str]
    environment: dict[str, str]  # all that its kernel sees of one
    log: Path  # where what is said besides goes


def run(job: Job, tell: Callable[[], None]) -> tuple[float, float] | None:
    """Run a notebook, and write what it gives into its file.

    Args:
        job: the notebook and its surroundings.
        tell: called a few times a second until it ends.

    Returns:
        Seconds that processors worked for it and gigabytes that its largest process took at most, or None
        where it did not run to its end.
    """
    usage, sender = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_run, args=(job, sender))
    # By the first of these surroundings the process is started that the others are forked from.
    surroundings = job.environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with _ASKING, patch.dict(os.environ, surroundings), _quiet():
        process.start()
    sender.close()
    try:
        while not wait([process.sentinel], 0.2):
            tell()
        with _ASKING:
            process.join()
            ended = process.exitcode
        return usage.recv() if ended == 0 else None
    finally:
        with _ASKING:
            process.terminate()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send nowhere what is written on stderr, as TensorFlow's native libraries do where they are loaded."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _run(job: Job, sender: Connection) -> None:
    with job.log.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.environ.clear()
    os.environ.update(job.environment)
    os.chdir(job.folder)
    import papermill

    kernel = {"kernel_manager_class": _fork_kernel()} if _FORKS else {}
    path = str(job.notebook)
    papermill.execute_notebook(
        path, path, job.parameters, kernel_name="python3", progress_bar=False, **kernel
    )
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(each.ru_utime + each.ru_stime for each in used)
    sender.send((seconds, max(each.ru_maxrss for each in used) * _MAXRSS_UNIT / 1e9))


def _fork_kernel() -> type:
    """Fork a kernel, while this process has one thread and no connections; return what lets it begin."""
    import keras  # noqa: F401 - the kernel has it then
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    arguments, sender = _CONTEXT.Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        sender.close()
        _be_kernel(arguments)

    class Provisioner(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
            sender.send(cmd[cmd.index("-f") :])  # where its connections are
            self.process, self.pid = cast(Any, _Child(pid)), pid
            self.pgid = pid  # of the kernel and of what it starts
            return self.connection_info

    class Manager(AsyncKernelManager):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.provisioner = Provisioner(kernel_id=str(pid), kernel_spec=self.kernel_spec, parent=self)

    return Manager


def _be_kernel(arguments: Connection) -> NoReturn:
    """Work as a kernel until it is told to end."""
    import matplotlib
    from ipykernel.kernelapp import IPKernelApp

    parent = os.getppid()  # when that ends, the kernel does
    os.setsid()
    sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
    # A kernel sets it by the environment, and matplotlib has read that when it was imported.
    matplotlib.rcParams["backend"] = "module://matplotlib_inline.backend_inline"
    try:
        # Its variable for this is read where ipykernel is imported, which was before the fork.
        IPKernelApp.launch_instance([f"--IPKernelApp.parent_handle={parent}", *arguments.recv()])
    finally:
        atexit._run_exitfuncs()
        os._exit(0)


class _Child:
    """As much of `subprocess.Popen` as a provisioner asks of a process."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int):
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Exit status, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    wait = poll

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)
