"""Figures of a training as TensorBoard shows them; needs the package `tensorboard` and nothing else."""

import os
import time
from importlib.util import find_spec
from typing import Any


class EventLog:
    """Writes figures into a folder that `tensorboard --logdir` reads.

    They replace what an earlier log of the same folder holds from their step on, so that a training resumed
    from an older checkpoint shows each epoch once.

    Args:
        folder: one for each training; it is made with the first figures where it is missing.

    Raises:
        RuntimeError: the package is not installed.
    """

    def __init__(self, folder: str | os.PathLike):
        if find_spec("tensorboard") is None:
            raise RuntimeError("Logs for TensorBoard need a package that is missing: pip install tensorboard")
        self.folder = os.fspath(folder)
        self.writer: Any = None

    def add(self, step: int, figures: dict[str, float]) -> None:
        """Write the figures of one step, an epoch for instance, to disk."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        events: list[dict[str, Any]] = [{"summary": Summary(value=values)}]
        if self.writer is None:
            self.writer = EventFileWriter(self.folder)
            # TensorBoard drops what it read before the second mark of the same step and of later ones.
            events.insert(0, {"session_log": SessionLog(status=SessionLog.START)})
        for event in events:
            self.writer.add_event(Event(wall_time=time.time(), step=step, **event))
        self.writer.flush()
