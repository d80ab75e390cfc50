"""PyTorch: eager steps, DistributedDataParallel for several processes with one device each."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch
from keras import ops
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from cnnlib.backend import base


class TorchEngine(base.Engine):
    """See `cnnlib.backend.base.Engine`.

    Batch normalisation sees each device's share; the moving averages are those of process 0.
    """

    def __init__(self, distribute: str, batch_size: int | None):
        started = int(os.environ.get("WORLD_SIZE", 1))
        if started > 1 and distribute != "one":
            base.check_division(batch_size, started, "ddp")
            _join_other_processes()
            self.process, self.processes = distributed.get_rank(), distributed.get_world_size()
            self.devices = self.processes
        elif distribute == "ddp" or (distribute == "auto" and torch.cuda.device_count() > 1):
            count = max(2, torch.cuda.device_count())
            advice = (
                f"PyTorch uses one device for each process: start {count} of them with "
                f"`torchrun --nproc-per-node {count} -m cnnlib train ...`."
            )
            if distribute == "ddp":
                raise base.BackendError(advice)
            print(f"Using one GPU. {advice}", file=sys.stderr)

    def fuses(self, batch_size: int) -> bool:
        return False

    def place(self, images: np.ndarray) -> torch.Tensor:
        return ops.convert_to_tensor(images)

    def compile_steps(self, objective: base.Objective, resident: Any = None) -> base.Steps:
        model, optimizer, accumulate = objective.model, objective.optimizer, objective.accumulate
        weights = model.trainable_variables
        module = DistributedDataParallel(model) if self.processes > 1 else model

        def backward(batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
            outputs = module(objective.inputs(batch, resident), training=True)
            value, scores = objective.value(batch["labels"], outputs, model.losses)
            target = objective.target(value, [weight.value for weight in weights])
            (target / accumulate).backward()
            return value.detach() / accumulate, base.wrong(batch["labels"], scores)

        def step(batch: dict[str, torch.Tensor], rate: float, number: int) -> list[torch.Tensor]:
            torch.manual_seed(_seed(objective.seed, number, self.process))
            optimizer.learning_rate.assign(rate)
            for weight in weights:
                weight.value.grad = None
            found = []
            for part in range(accumulate):
                last = part == accumulate - 1
                with contextlib.nullcontext() if last or module is model else module.no_sync():
                    found.append(backward({name: array[part::accumulate] for name, array in batch.items()}))
            optimizer.apply([weight.value.grad for weight in weights], weights)
            return [sum(each) for each in zip(*found, strict=True)]

        def steps(batches: base.Batches, rates: np.ndarray, update: int) -> tuple:
            stacks = {name: ops.convert_to_tensor(array) for name, array in batches.items()}
            results = [
                step({name: stack[i] for name, stack in stacks.items()}, float(rate), update + i)
                for i, rate in enumerate(rates)
            ]
            losses, wrong = (torch.stack(each) for each in zip(*results, strict=True))
            return self._sum(losses) / self.processes, self._sum(wrong)

        return steps

    def compile_counts(
        self, model: keras.Model, inputs: base.Inputs, resident: Any = None, *, top: tuple[int, ...] = (1,)
    ) -> base.Counts:
        def counts(batches: base.Batches) -> torch.Tensor:
            stacks = {name: ops.convert_to_tensor(array) for name, array in batches.items()}
            total = ops.zeros(base.count_length(batches, top))
            with torch.no_grad():
                for i in range(len(batches["labels"])):
                    batch = {name: stack[i] for name, stack in stacks.items()}
                    scores = model(inputs(batch, resident), training=False)
                    total = total + base.misses(batch, scores, top)
            return self._sum(total)

        return counts

    def highest(self, value: int) -> Callable[[], int]:
        number = ops.convert_to_tensor(value, "int32")
        if self.processes > 1:
            distributed.all_reduce(number, distributed.ReduceOp.MAX)
        return lambda: int(number)

    def _sum(self, value: torch.Tensor) -> torch.Tensor:
        if self.processes > 1:
            distributed.all_reduce(value)
        return value


def _seed(seed: int, update: int, process: int) -> int:
    """A layer without a seed of its own draws from PyTorch's generator: fix it for each update."""
    return int(np.random.SeedSequence((seed, update, process)).generate_state(1)[0])


def _join_other_processes() -> None:
    """Connect to the processes started together with this one, as torchrun describes them."""
    if distributed.is_initialized():
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
