"""The one door to TensorFlow, JAX and PyTorch: compiled training steps on one device or many.

Everything else in the package is Keras alone. `engine()` gives the engine of the backend that Keras runs
on; each engine stands in a file of its own and offers what `cnnlib.backend.base.Engine` promises.
"""

from __future__ import annotations

import keras

from cnnlib.backend.base import BackendError, Engine, Objective

__all__ = [
    "STRATEGIES",
    "BackendError",
    "Engine",
    "Objective",
    "best_precision",
    "devices",
    "engine",
    "process",
]

STRATEGIES = {"tensorflow": "mirrored", "jax": "data_parallel", "torch": "ddp"}
"""By Keras backend, the name of its way to divide a batch among devices."""


def engine(distribute: str = "auto", batch_size: int | None = None) -> Engine:
    """Return the engine that trains on this process's backend.

    Args:
        distribute: "auto" divides every batch among all devices of this process, and among all processes
            that were started together, where the batch size allows; "one" uses one device. The name of
            a strategy (see `STRATEGIES`) asks for it, and is refused where the backend has another one.
        batch_size: images per update; None where it does not matter.

    Raises:
        BackendError: a backend, strategy or combination that cannot work, or would silently do nothing;
            the message names what to use instead.
    """
    backend = keras.backend.backend()
    if backend not in STRATEGIES:
        raise BackendError(
            f"No training engine for the Keras backend {backend}: use one of {', '.join(STRATEGIES)}."
        )
    _refuse_what_would_do_nothing(backend, distribute)
    if backend == "tensorflow":
        from cnnlib.backend.tensorflow import TensorFlowEngine

        return TensorFlowEngine(distribute, batch_size)
    if backend == "jax":
        from cnnlib.backend.jax import JaxEngine

        return JaxEngine(distribute, batch_size)
    from cnnlib.backend.torch import TorchEngine

    return TorchEngine(distribute, batch_size)


def _refuse_what_would_do_nothing(backend: str, distribute: str) -> None:
    known = ("auto", "one", *STRATEGIES.values())
    if distribute not in known:
        raise BackendError(f"Unknown way to distribute {distribute!r}: use one of {', '.join(known)}.")
    if distribute not in ("auto", "one", STRATEGIES[backend]):
        owner = next(name for name, strategy in STRATEGIES.items() if strategy == distribute)
        raise BackendError(
            f"{distribute!r} works on Keras's backend {owner} only, and this is {backend}: use "
            f'distribute="{STRATEGIES[backend]}" or "auto", or set KERAS_BACKEND={owner}.'
        )
    if backend != "jax" and keras.distribution.distribution() is not None:
        raise BackendError(
            f"A keras.distribution is set, which Keras ignores on {backend}: remove set_distribution and "
            f'pass distribute="auto", which uses {STRATEGIES[backend]}.'
        )


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
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        found = [tf.config.experimental.get_device_details(gpu).get("compute_capability") for gpu in gpus]
        return min((major + minor / 10 for major, minor in filter(None, found)), default=0.0)
    if backend == "jax":
        import jax

        return min(float(getattr(device, "compute_capability", 0)) for device in jax.local_devices())
    import torch

    capabilities = map(torch.cuda.get_device_capability, range(torch.cuda.device_count()))
    return min(major + minor / 10 for major, minor in capabilities)
