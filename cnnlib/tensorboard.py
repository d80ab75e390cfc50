"""Figures of a training as TensorBoard shows them; needs the package `tensorboard` and nothing else."""

import os
import platform
import time
from importlib.util import find_spec
from pathlib import Path


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
            raise RuntimeError(
                "Logs for TensorBoard need a package that is not here: pip install tensorboard"
            )
        self.folder, self.file = Path(folder), Path()

    def add(self, step: int, figures: dict[str, float]) -> None:
        """Write the figures of one step, an epoch for instance, to disk.

        Raises:
            OSError: the folder or the file cannot be written.
        """
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        now, events = time.time(), []
        if not self.file.name:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.file = self.folder / f"events.out.tfevents.{now:.6f}.{platform.node()}.{os.getpid()}"
            # TensorBoard drops what it read before the second mark of the same step and of later ones.
            events = [{"file_version": "brain.Event:2"}, {"session_log": SessionLog(status=SessionLog.START)}]
        values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        with self.file.open("ab") as file:
            writer = RecordWriter(file)
            for event in [*events, {"summary": Summary(value=values)}]:
                writer.write(Event(wall_time=now, step=step, **event).SerializeToString())
