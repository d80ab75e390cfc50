"""JAX: `jax.jit` around a scan over updates, batches sharded over all devices of all processes."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import jax
import keras
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from cnnlib.backend import base


class JaxEngine(base.Engine):
    """See `cnnlib.backend.base.Engine`.

    Batch normalisation sees the whole batch, also where it is divided among devices.
    """

    def __init__(self, distribute: str, batch_size: int | None):
        if distribute != "one":
            _join_other_processes()
        found = jax.devices()
        self.on_cpu = found[0].platform == "cpu"
        self.process, self.processes = jax.process_index(), jax.process_count()
        self.mesh = None
        if base.check_division(batch_size, len(found), distribute):
            self.mesh = Mesh(np.array(found), ("batch",))
            self.devices = len(found)
        elif self.processes > 1:
            raise base.BackendError(
                f"{self.processes} processes with {len(found)} devices cannot share batches of {batch_size}: "
                f"choose a multiple of {len(found)}, or start one process."
            )

    def scope(self) -> contextlib.AbstractContextManager:
        if self.mesh is None:
            return contextlib.nullcontext()
        names = [f"{device.platform}:{device.id}" for device in self.mesh.devices]
        return keras.distribution.DataParallel(devices=names, auto_shard_dataset=False).scope()

    def fuses(self, batch_size: int) -> bool:
        return batch_size == 1 or not self.on_cpu

    def place(self, images: np.ndarray) -> jax.Array:
        if self.mesh is None:
            return jax.numpy.asarray(images)
        everywhere = NamedSharding(self.mesh, PartitionSpec())
        return jax.make_array_from_callback(images.shape, everywhere, lambda index: images[index])

    def compile_steps(self, objective: base.Objective, resident: Any = None) -> base.Steps:
        model, optimizer, accumulate = objective.model, objective.optimizer, objective.accumulate
        groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables)
        rate_slot = [v is optimizer.learning_rate for v in optimizer.variables].index(True)

        def target_of(trainable: list, other: list, slots: list, batch: dict, resident: jax.Array) -> tuple:
            outputs, other, penalties = model.stateless_call(
                trainable, other, objective.inputs(batch, resident), training=True, return_losses=True
            )
            value, scores = objective.value(batch["labels"], outputs, penalties)
            with keras.StatelessScope(state_mapping=list(zip(optimizer.variables, slots, strict=True))):
                target = objective.target(value, trainable)
            return target / accumulate, (value / accumulate, base.wrong(batch["labels"], scores), other)

        gradient = jax.value_and_grad(target_of, has_aux=True)

        def step(state: tuple, batch_and_rate: tuple, resident: jax.Array) -> tuple:
            (trainable, other, slots), (batch, rate) = state, batch_and_rate
            slots = [*slots[:rate_slot], rate, *slots[rate_slot + 1 :]]

            def part(sums: tuple, batch: dict) -> tuple:
                (_, (value, missed, after)), slopes = gradient(trainable, sums[0], slots, batch, resident)
                return (after, jax.tree.map(jax.numpy.add, sums[1], (value, missed, slopes))), None

            if accumulate == 1:
                (_, (value, missed, other)), slopes = gradient(trainable, other, slots, batch, resident)
            else:
                nothing = (0.0, 0.0, jax.tree.map(jax.numpy.zeros_like, trainable))
                sums, _ = jax.lax.scan(part, (other, nothing), _parts(batch, accumulate))
                other, (value, missed, slopes) = sums
            trainable, slots = optimizer.stateless_apply(slots, slopes, trainable)
            return (trainable, other, slots), (value, missed)

        def loop(state: tuple, stacks: tuple, resident: jax.Array) -> tuple:
            return jax.lax.scan(lambda state, each: step(state, each, resident), state, stacks)

        fused, single = jax.jit(loop), jax.jit(step)

        def one_by_one(state: tuple, stacks: tuple, resident: jax.Array) -> tuple:
            results = []
            for i in range(len(stacks[1])):
                state, result = single(state, _layer(stacks, i), resident)
                results.append(result)
            return state, tuple(map(jax.numpy.stack, zip(*results, strict=True)))

        def steps(batches: base.Batches, rates: np.ndarray, update: int) -> tuple:
            _, batch_size = batches["labels"].shape
            state = tuple([v.value for v in group] for group in groups)
            run = fused if self.fuses(batch_size) else one_by_one
            state, results = run(state, (self._sharded(batches), rates), resident)
            for group, values in zip(groups, state, strict=True):
                for variable, value in zip(group, values, strict=True):
                    variable.assign(value)
            return results

        return steps

    def compile_counts(
        self, model: keras.Model, inputs: base.Inputs, resident: Any = None, *, top: tuple[int, ...] = (1,)
    ) -> base.Counts:
        @jax.jit
        def count(state: tuple, batch: dict, resident: jax.Array) -> jax.Array:
            outputs, _ = model.stateless_call(*state, inputs(batch, resident), training=False)
            return base.misses(batch, outputs, top)

        def counts(batches: base.Batches) -> jax.Array:
            state = tuple(
                [v.value for v in group]
                for group in (model.trainable_variables, model.non_trainable_variables)
            )
            stacks = self._sharded(batches)
            parts = [count(state, _layer(stacks, i), resident) for i in range(len(batches["labels"]))]
            return sum(parts[1:], parts[0])

        return counts

    def highest(self, value: int) -> Callable[[], int]:
        if self.mesh is None:
            return lambda: value
        on_each = NamedSharding(self.mesh, PartitionSpec("batch"))
        here = np.full(len(self.mesh.local_devices), value, "int32")
        number = _maximum(jax.make_array_from_process_local_data(on_each, here))
        return lambda: int(number)

    def abandon(self) -> None:
        if self.processes > 1:  # what is registered last runs first, and JAX's farewell waits for minutes
            atexit.register(_end_at_once)

    def _sharded(self, batches: base.Batches) -> base.Batches:
        """Stacks of this process's shares as global arrays, divided along the batch."""
        if self.mesh is None:
            return batches
        along_batch = NamedSharding(self.mesh, PartitionSpec(None, "batch"))
        return {
            name: jax.make_array_from_process_local_data(along_batch, array)
            for name, array in batches.items()
        }


_maximum = jax.jit(jax.numpy.max)


def _end_at_once() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _layer(stacks: Any, number: int) -> Any:
    """One of each of the arrays that lie on top of each other."""
    return jax.tree.map(lambda stack: stack[number], stacks)


def _parts(batch: dict, parts: int) -> dict:
    """Every `parts`-th image in one part, so that each device keeps its own images."""
    return {name: array.reshape(-1, parts, *array.shape[1:]).swapaxes(0, 1) for name, array in batch.items()}


def _join_other_processes() -> None:
    """Connect to the processes started together with this one, as the environment describes them.

    JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID say so plainly; without them JAX finds out
    by itself under SLURM and Open MPI.
    """
    if jax.distributed.is_initialized():
        return
    coordinator = os.environ.get("JAX_COORDINATOR_ADDRESS")
    if coordinator:
        try:
            count, number = (int(os.environ[name]) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
        except (KeyError, ValueError) as problem:
            raise base.BackendError(
                "JAX_COORDINATOR_ADDRESS is set: set JAX_NUM_PROCESSES and JAX_PROCESS_ID to numbers, too."
            ) from problem
        jax.distributed.initialize(coordinator, count, number)
    elif _started_by_slurm() or int(os.environ.get("OMPI_COMM_WORLD_SIZE", 1)) > 1:
        jax.distributed.initialize()
    else:
        return
    if threading.current_thread() is threading.main_thread():  # JAX now swallows SIGTERM: take it back
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


def _started_by_slurm() -> bool:
    """Whether srun started several; a batch script alone sees their number, too, but is one process."""
    return "SLURM_STEP_NODELIST" in os.environ and int(os.environ.get("SLURM_NTASKS", 1)) > 1
