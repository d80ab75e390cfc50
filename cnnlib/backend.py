"""The one door to TensorFlow, JAX and PyTorch: the devices that Keras's `fit` divides a batch among.

Everything else in the package is Keras alone.
"""

import contextlib
import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

STRATEGIES = {"tensorflow": "mirrored", "jax": "data_parallel", "torch": "ddp"}
"""By Keras backend, the name of its way to divide a batch among devices."""


class BackendError(RuntimeError):
    """The backend cannot do what was asked; the message says what to do instead."""


@dataclass(frozen=True)
class Engine:
    """One device, or several that share every batch."""

    devices: int = 1  # among so many each batch is divided, over all processes
    process: int = 0  # number of this process among those started together, from 0
    processes: int = 1  # how many there are
    # Makes the context in which a model is built, trained and tested.
    scope: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext

    def batches(self, make: Callable[[], Iterator[tuple]]) -> Any:
        """What `fit` and `predict` take: batches that `make` yields, from the first on whenever it is called.

        TensorFlow's strategies read a generator twice, and a pipeline that tunes itself, as Keras's own for a
        generator does, may end only when its tuning wakes up: up to twice as late as its last batch.
        """
        if keras.backend.backend() != "tensorflow":
            return make()
        import tensorflow as tf

        like = tf.nest.map_structure(lambda array: tf.TensorSpec(array.shape, array.dtype), next(make()))
        options = tf.data.Options()
        options.autotune.enabled = False
        return tf.data.Dataset.from_generator(make, output_signature=like).prefetch(2).with_options(options)

    def gathered(self, values: np.ndarray) -> np.ndarray:
        """The same array (...) of every process, one upon the other: (processes, ...)."""
        if self.processes == 1:
            return values[None]
        if keras.backend.backend() == "jax":
            from jax.experimental import multihost_utils

            return np.asarray(multihost_utils.process_allgather(values))
        import torch

        own = keras.ops.convert_to_tensor(values)
        parts = [torch.empty_like(own) for _ in range(self.processes)]
        torch.distributed.all_gather(parts, own)
        return np.stack([keras.ops.convert_to_numpy(part) for part in parts])

    @contextlib.contextmanager
    def shared_gradients(self, model: keras.Model) -> Iterator[None]:
        """Let processes of PyTorch average their gradients, which `fit` does on the other backends."""
        with contextlib.ExitStack() as hooks:
            if self.processes > 1 and keras.backend.backend() == "torch":
                from torch import distributed

                def average(weight: Any) -> None:
                    distributed.all_reduce(weight.grad.div_(self.processes))

                for each in model.trainable_variables:
                    hooks.callback(each.value.register_post_accumulate_grad_hook(average).remove)
            yield


def engine(distribute: str = "auto", batch_size: int | None = None, accumulate: int = 1) -> Engine:
    """Return the devices to train on, of this process's backend.

    Args:
        distribute: "auto" divides every batch among all devices of this process, and among all processes
            that were started together, where the batch size allows; "one" uses one device. The name of
            a strategy (see `STRATEGIES`) asks for it, and is refused where the backend has another one.
        batch_size: images per update; None where it does not matter.
        accumulate: parts that a batch is computed in. On TensorFlow Keras does that on one device alone,
            which "auto" then takes.

    Raises:
        BackendError: a backend, strategy or combination that cannot work, or would silently do nothing;
            the message names what to use instead.
    """
    backend = keras.backend.backend()
    if backend not in STRATEGIES:
        raise BackendError(f"No training on the Keras backend {backend}: use one of {', '.join(STRATEGIES)}.")
    if distribute not in ("auto", "one", STRATEGIES[backend]):
        others = " or ".join(f"{name} ({way})" for name, way in STRATEGIES.items() if name != backend)
        raise BackendError(
            f"Unknown way to distribute {distribute!r} on Keras's backend {backend}: use "
            f'distribute="{STRATEGIES[backend]}", "auto" or "one", or set KERAS_BACKEND to {others}.'
        )
    if backend != "jax" and keras.distribution.distribution() is not None:
        raise BackendError(
            f"A keras.distribution is set, which Keras ignores on {backend}: remove set_distribution and "
            f'pass distribute="auto", which uses {STRATEGIES[backend]}.'
        )
    if backend == "tensorflow" and accumulate > 1:
        if distribute == "mirrored":
            raise BackendError(
                'On TensorFlow a batch is computed in parts on one device alone: pass distribute="one", or '
                "set KERAS_BACKEND=jax."
            )
        distribute = "one"
    return {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[backend](distribute, batch_size)


def _divides(batch_size: int | None, devices: int, distribute: str, processes: int = 1) -> bool:
    """Whether to divide batches among the devices; BackendError where that must be and cannot be."""
    if devices > 1 and distribute != "one" and (batch_size is None or batch_size % devices == 0):
        return True
    if processes == 1 and (devices == 1 or distribute in ("auto", "one")):
        return False
    raise BackendError(
        f"A batch of {batch_size} cannot be divided among {devices} devices: choose a batch size that is "
        f'a multiple of {devices}, or one process and distribute="one".'
    )


def _tensorflow(distribute: str, batch_size: int | None) -> Engine:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # a notebook trains several models, and each would warn of "retracing"
    if os.environ.get("TF_CONFIG"):
        raise BackendError(
            "TF_CONFIG asks for several machines, which Keras 3 cannot train on with TensorFlow: unset "
            "it, or set KERAS_BACKEND=jax or torch, which can."
        )
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if _divides(batch_size, len(found), distribute):
        return Engine(devices=len(found), scope=_mirrored(*(device.name for device in found)).scope)
    return Engine()


@functools.cache
def _mirrored(*devices: str) -> Any:
    """The one strategy for these devices.

    Each strategy numbers its reductions anew, and TensorFlow refuses a number that it knows with another
    shape: the second network of a process would fail.
    """
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)


def _jax(distribute: str, batch_size: int | None) -> Engine:
    import jax

    if distribute != "one":
        _join_processes_of_jax()
    found, processes = keras.distribution.list_devices(), jax.process_count()
    if _divides(batch_size, len(found), distribute, processes):
        shared = keras.distribution.DataParallel(devices=found, auto_shard_dataset=False)
        return Engine(len(found), jax.process_index(), processes, shared.scope)
    return Engine()


def _join_processes_of_jax() -> None:
    """Connect to the processes started together with this one, as the environment describes them.

    JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID say so plainly; without them JAX finds out
    by itself under SLURM and Open MPI.
    """
    import jax

    if jax.distributed.is_initialized():
        return
    coordinator = os.environ.get("JAX_COORDINATOR_ADDRESS")
    # srun started several; a batch script alone sees their number, too, but is one process.
    by_slurm = "SLURM_STEP_NODELIST" in os.environ and int(os.environ.get("SLURM_NTASKS", 1)) > 1
    if coordinator:
        try:
            count, number = (int(os.environ[name]) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
        except (KeyError, ValueError) as problem:
            raise BackendError(
                "JAX_COORDINATOR_ADDRESS is set: set JAX_NUM_PROCESSES and JAX_PROCESS_ID to numbers, too."
            ) from problem
        jax.distributed.initialize(coordinator, count, number)
    elif by_slurm or int(os.environ.get("OMPI_COMM_WORLD_SIZE", 1)) > 1:
        jax.distributed.initialize()
    else:
        return
    if threading.current_thread() is threading.main_thread():  # JAX now swallows SIGTERM: take it back
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


def _torch(distribute: str, batch_size: int | None) -> Engine:
    import torch
    from torch import distributed

    started = int(os.environ.get("WORLD_SIZE", 1))
    if started > 1 and distribute != "one":
        _divides(batch_size, started, distribute, started)
        if not distributed.is_initialized():  # torchrun's variables say where the others are
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
            distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return Engine(started, distributed.get_rank(), started)
    several = max(2, torch.cuda.device_count())
    advice = (
        f"PyTorch uses one device for each process: start {several} of them with "
        f"`torchrun --nproc-per-node {several} -m cnnlib train ...`."
    )
    if distribute == "ddp":
        raise BackendError(advice)
    if distribute == "auto" and torch.cuda.device_count() > 1:
        print(f"Using one GPU. {advice}", file=sys.stderr)
    return Engine()


def compiled(function: Callable) -> Callable:
    """The function, compiled by XLA where it would not be: distortions are many small operations."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=True)


def devices() -> list[str]:
    """Name what the steps run on, for instance ["cpu:0"]."""
    if keras.backend.backend() == "torch":  # Keras lists none here
        import torch

        return [f"cuda:{number}" for number in range(torch.cuda.device_count())] or ["cpu:0"]
    return keras.distribution.list_devices()


def process() -> int:
    """Number of this process among those that train together, from 0: only that one prints and writes."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.process_index()
    if keras.backend.backend() == "torch":
        from torch import distributed

        return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0
    return 0


def best_precision() -> str:
    """The fastest Keras dtype policy that this machine's hardware computes natively.

    "mixed_bfloat16" on GPUs of compute capability 8 and up (A100, H100) and on TPUs, "mixed_float16", which
    needs loss scaling, on capability 7 (T4, V100), "float32" on everything else.
    """
    kinds = {name.lower().split(":")[0] for name in devices()}
    if "tpu" in kinds:
        return "mixed_bfloat16"
    if not kinds & {"gpu", "cuda"}:
        return "float32"
    capability = _compute_capability()
    return "mixed_bfloat16" if capability >= 8 else "mixed_float16" if capability >= 7 else "float32"


def _compute_capability() -> float:
    """The lowest compute capability of this machine's GPUs."""
    if keras.backend.backend() == "jax":
        import jax

        return min(float(getattr(device, "compute_capability", 0)) for device in jax.local_devices())
    if keras.backend.backend() == "torch":
        import torch

        found = [torch.cuda.get_device_capability(gpu) for gpu in range(torch.cuda.device_count())]
    else:
        import tensorflow as tf

        details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
        found = [each["compute_capability"] for each in details if each.get("compute_capability")]
    return min((major + minor / 10 for major, minor in found), default=0.0)
