"""Figures of a training as TensorBoard shows them; needs the package `tensorboard` and nothing else."""

from __future__ import annotations

import os
import time
from typing import Any


class EventLog:
    """Writes figures into a folder that `tensorboard --logdir` reads.

    A file is opened with the first figures. They replace what an earlier log of the same folder holds
    from their step on, so that a training resumed from an older checkpoint shows each epoch once.

    Args:
        folder: one for each training; it is made where it is missing.

    Raises:
        RuntimeError: the package is not installed.
    """

    def __init__(self, folder: str | os.PathLike):
        try:
            import tensorboard.summary.writer.event_file_writer  # noqa: F401
        except ImportError as problem:
            raise RuntimeError(
                "Logs for TensorBoard need a package that is not here: pip install tensorboard"
            ) from problem
        self.folder = os.fspath(folder)
        self._writer: Any = None

    def add(self, step: int, figures: dict[str, float]) -> None:
        """Write the figures of one step, an epoch for instance, to disk.

        Raises:
            OSError: the folder or the file cannot be written.
        """
        from tensorboard.compat.proto import event_pb2, summary_pb2

        if self._writer is None:
            self._open(step)
        values = [summary_pb2.Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        self._writer.add_event(
            event_pb2.Event(wall_time=time.time(), step=step, summary=summary_pb2.Summary(value=values))
        )
        self._writer.flush()

    def _open(self, step: int) -> None:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer = EventFileWriter(self.folder)
        # TensorBoard drops what it read before this mark of the same step and of later ones.
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._writer.add_event(event_pb2.Event(wall_time=time.time(), step=step, session_log=start))

    def close(self) -> None:
        """Close the file; a second time does nothing, and figures added later open a new one."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
