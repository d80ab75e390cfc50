"""nbgrader's execution of a notebook, in a sandbox and with a seal on the checks.

nbgrader gives a test cell its points when it ends without an error. Here it must also have been run, in a
kernel whose checker is the one it began with: before each check, what the checks are made of is compared with
what it was before the submission's first line. A kernel that dies or hangs costs the question that did it: a
new one is started, the cells that ended well are run again, and those after it have their turn.

This is a seal, not a proof. Whoever rewrites the interpreter under its own code can still fool it; the
sandbox keeps that to their own marks.
"""

from __future__ import annotations

import ast
import copy
import inspect
import json
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Integer

from cnncourse import fingerprint, sandbox

KEPT_OUTPUTS = 100
MOST_KERNELS = 9  # of one submission: one for every question that ends one, and some more
DIED = (CellTimeoutError, DeadKernelError)

# Run before the submission's first line: `exit()` should end a cell as it does a script, and not the kernel.
BEGINNING = """\
def exit(*_):
    raise SystemExit("exit() was called")
quit = exit
"""


class ExecuteSealed(Execute):
    """Runs a submission in a sandbox; see the module.

    Set `c.ExecuteSealed.timeout` (seconds for a cell) and `c.ExecuteSealed.total` (for a notebook) in
    nbgrader_config.py.
    """

    timeout = Integer(120, help="seconds that a cell may take", allow_none=True).tag(config=True)
    total = Integer(900, help="seconds that a notebook may take").tag(config=True)
    iopub_timeout = Integer(60, help="seconds that what a cell prints may take to come").tag(config=True)
    startup_timeout = Integer(120, help="seconds that a kernel may take to start").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> tuple:
        """Run every code cell; a test cell that was not run in order ends with an error."""
        self._deadline = time.monotonic() + self.total
        self._ran: set[str] = set()
        self._kernels = 0
        self.shutdown_kernel = "immediate"  # it has nothing to save
        self._imports = "\n".join(_imports(cell.source) for cell in nb.cells if _is_given(cell))
        for cell in nb.cells:
            cell.metadata.pop("tags", None)  # some of them keep a cell from being run
        self._forget()
        with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
            self._folder = Path(folder)
            student = resources["nbgrader"]["student"]
            self._student = nb.metadata.get("cnnlib", {}).get("student") or student
            try:
                super().preprocess(nb, resources, km)
            except DIED:
                self._fail(filter(_is_check, nb.cells), "Stopped", "The program ended before this check.")
        return nb, resources

    def _forget(self) -> None:
        """Know nothing of a kernel, as before its first cell."""
        self._before: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def create_kernel_manager(self) -> AsyncKernelManager:
        """Make a manager whose kernel runs in the sandbox and is reached through sockets in a folder."""
        self._kernels += 1
        folder = self._folder / str(self._kernels)
        folder.mkdir()
        specs = KernelSpecManager(kernel_dirs=[str(sandbox.write_kernel(folder, self._student))])
        self.km = AsyncKernelManager(kernel_name="sandbox", kernel_spec_manager=specs, config=self.config)
        self.km.transport = "ipc"
        self.km.ip = str(folder / "socket")
        self.km.connection_file = str(folder / "kernel.json")
        return self.km

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> tuple:
        """Run one cell, if it is what it should be and there is time for it."""
        if cell.cell_type == "code" and time.monotonic() > self._deadline:
            self._fail([cell], "OutOfTime", f"The notebook took more than {self.total} seconds.")
            return cell, resources
        try:
            self._run(cell, resources, index)
        except DIED:
            said = "ended the program, or hung and could not be stopped"
            self._fail([cell], "Stopped", f"The check {said}." if _is_check(cell) else said)
            self._restart(resources, index)
        return cell, resources

    def _run(self, cell: NotebookNode, resources: Any, index: int) -> None:
        """Run one cell in the kernel that there is."""
        if not self._before:
            self._begin()
        if _is_check(cell) or _is_given(cell):
            self._restore_name()
        if _is_check(cell) and (changed := self._changed(cell.source)):
            self._fail([cell], "Changed", f"Not run: {changed} had been replaced before this check.")
        else:
            super().preprocess_cell(cell, resources, index)
            del cell.get("outputs", [])[KEPT_OUTPUTS:]
            if _is_check(cell):
                self._ran.add(cell.metadata.nbgrader.grade_id)
        if _is_given(cell):
            self._names |= self._ask("", f"names(shell, {sorted(_bound(cell.source))!r})")

    def _begin(self) -> None:
        """Prepare a new kernel and note what its checker is made of."""
        self.wait_for_reply(self.kc.execute(BEGINNING, silent=True))
        self._before = self._ask(self._imports, "modules(shell)")

    def _restore_name(self) -> None:
        """Give the name the value that numbers are drawn from: cells may be missing, or say another since."""
        self.wait_for_reply(self.kc.execute(f"student = {self._student!r}", silent=True))
        if "student" in self._names:
            self._names |= self._ask("", "names(shell, ['student'])")

    def _restart(self, resources: Any, index: int) -> None:
        """Start another kernel and bring it to where the last one ended.

        Cells that ended well are run again; if one of them is what ends kernels, the given ones alone.

        Raises:
            DeadKernelError: there have been too many.
        """
        for wanted in (_ended_well, _is_given):
            if self._kernels >= MOST_KERNELS:
                raise DeadKernelError("too many kernels ended")
            self._cleanup_kernel()
            self.create_kernel_manager()
            self.start_new_kernel()
            self.start_new_kernel_client()
            self._forget()
            try:
                for place, cell in enumerate(self.nb.cells[:index]):
                    if wanted(cell):
                        self._run(copy.deepcopy(cell), resources, place)
                        self.nb.cells[place] = cell
            except DIED:
                continue
            return

    def _changed(self, source: str) -> str | None:
        """The first thing that a check stands on and that is not what it was; None where all is as it was."""
        used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        wanted = {name: known for name, known in self._names.items() if name in used}
        found = self._ask("", f"modules(shell) | names(shell, {sorted(wanted)!r})")
        if not self._before or not found:
            return "the checker"
        changed = [name for name, known in (self._before | wanted).items() if found.get(name) != known]
        return changed[0] if changed else None

    def _ask(self, code: str, expression: str) -> dict[str, int]:
        """Run the functions of `fingerprint` in the kernel, under no name.

        Returns:
            What `expression` says; nothing where the kernel can't or won't tell.
        """
        text = f"{inspect.getsource(fingerprint)}\n{code}"
        wrapped = f"(lambda space: (exec({text!r}, space), eval({'dumps(' + expression + ')'!r}, space))[1])"
        wrapped += "({'shell': get_ipython()})"
        message = self.kc.execute("", silent=True, user_expressions={"answer": wrapped})
        reply = self.wait_for_reply(message)
        answer = (reply or {}).get("content", {}).get("user_expressions", {}).get("answer", {})
        if answer.get("status") != "ok":
            return {}
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def _fail(self, cells: Iterable[NotebookNode], name: str, reason: str) -> None:
        """End cells that were not run to their end with an error."""
        for cell in cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") not in self._ran:
                error = {"output_type": "error", "ename": name, "evalue": reason, "traceback": [reason]}
                cell.outputs = [NotebookNode(error)]


def _ended_well(cell: NotebookNode) -> bool:
    """Whether a cell was run to its end, and is no check."""
    ended = not any(output.output_type == "error" for output in cell.get("outputs", []))
    return cell.cell_type == "code" and ended and not _is_check(cell)


def _is_check(cell: NotebookNode) -> bool:
    kind = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(kind.get("grade")) and not kind.get("solution")


def _is_given(cell: NotebookNode) -> bool:
    kind = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(kind.get("locked")) and not kind.get("grade")


def _imports(source: str) -> str:
    """The import lines of a cell."""
    body = ast.parse(source).body
    return "\n".join(ast.unparse(line) for line in body if isinstance(line, ast.Import | ast.ImportFrom))


def _bound(source: str) -> set[str]:
    """The names that a cell gives a value to, at its top level."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names
