"""The one door to TensorFlow, JAX and PyTorch: many training steps in one compiled call.

Everything else in the package is Keras alone.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

# (steps, batch, ...) images and (steps, batch) labels -> (steps,) losses and (steps,) wrong answers.
Steps = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def compile_steps(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss
) -> Steps:
    """Return a function that takes one optimiser step per batch of a stack of batches.

    The variables of `model` and `optimizer` hold the result when the function returns. It is
    compiled once for each number of steps and batch size; PyTorch runs it step by step. Where one step
    is too little work to be worth starting on its own (a single image, or an accelerator waiting), XLA
    compiles the whole loop; larger batches on a CPU run faster without, by what we measured.

    Args:
        model: a built model whose outputs are scores (batch, classes).
        optimizer: built for `model.trainable_variables`.
        loss: from labels (batch,) and scores.

    Raises:
        NotImplementedError: Keras runs on a backend other than the three.
    """
    builders = {"tensorflow": _tensorflow_steps, "jax": _jax_steps, "torch": _torch_steps}
    backend = keras.backend.backend()
    if backend not in builders:
        raise NotImplementedError(
            f"No training loop for the Keras backend {backend}: use one of {', '.join(builders)}."
        )
    return builders[backend](model, optimizer, loss)


def seed_draws(seed: int) -> None:
    """Fix what the next steps draw at random, a dropout mask say.

    TensorFlow and JAX draw from states that are variables of the model; on PyTorch a layer without a
    seed of its own draws from PyTorch's generator.
    """
    if keras.backend.backend() == "torch":
        import torch

        torch.manual_seed(seed)


def devices() -> list[str]:
    """Name what the steps run on, for instance ["cpu:0"]."""
    if keras.backend.backend() == "torch":  # Keras lists none here
        import torch

        return [f"cuda:{number}" for number in range(torch.cuda.device_count())] or ["cpu:0"]
    return keras.distribution.list_devices()


def _fuse(batch_size: int) -> bool:
    """Whether to let XLA compile the loop over steps as a whole."""
    return batch_size == 1 or not all("cpu" in device.lower() for device in devices())


def _wrong(labels: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    return ops.sum(ops.cast(ops.argmax(scores, axis=-1) != labels, "float32"))


def _tensorflow_steps(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss
) -> Steps:
    import tensorflow as tf

    # A notebook trains several models; TensorFlow would warn of "retracing" at each.
    tf.get_logger().setLevel("ERROR")
    weights = model.trainable_variables

    def run(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        losses = tf.TensorArray(tf.float32, images.shape[0])
        wrong = tf.TensorArray(tf.float32, images.shape[0])
        for i in tf.range(images.shape[0]):
            with tf.GradientTape() as tape:
                scores = model(images[i], training=True)
                value = loss(labels[i], scores) + sum(model.losses)
            optimizer.apply(tape.gradient(value, weights), weights)
            losses, wrong = losses.write(i, value), wrong.write(i, _wrong(labels[i], scores))
        return losses.stack(), wrong.stack()

    compiled = {fuse: tf.function(run, jit_compile=fuse) for fuse in (True, False)}

    def call(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        losses, wrong = compiled[_fuse(images.shape[1])](tf.constant(images), tf.constant(labels))
        return losses.numpy(), wrong.numpy()

    return call


def _jax_steps(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss) -> Steps:
    import jax

    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables)

    def objective(trainable: list, other: list, images: jax.Array, labels: jax.Array) -> tuple:
        scores, other, penalties = model.stateless_call(
            trainable, other, images, training=True, return_losses=True
        )
        return loss(labels, scores) + sum(penalties), (scores, other)

    def step(state: tuple, batch: tuple) -> tuple:
        trainable, other, slots = state
        gradient = jax.value_and_grad(objective, has_aux=True)
        (value, (scores, other)), gradients = gradient(trainable, other, *batch)
        trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
        return (trainable, other, slots), (value, _wrong(batch[1], scores))

    fused, single = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)), jax.jit(step)

    def one_by_one(state: tuple, batches: tuple) -> tuple:
        results = []
        for batch in zip(*batches, strict=True):
            state, result = single(state, batch)
            results.append(result)
        return state, zip(*results, strict=True)

    def run(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        state = tuple([v.value for v in group] for group in groups)
        loop = fused if _fuse(images.shape[1]) else one_by_one
        state, (losses, wrong) = loop(state, (images, labels))
        for group, values in zip(groups, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return np.asarray(losses), np.asarray(wrong)

    return run


def _torch_steps(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss) -> Steps:
    weights = model.trainable_variables

    def step(images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        labels = ops.convert_to_tensor(labels)
        scores = model(ops.convert_to_tensor(images), training=True)
        value = loss(labels, scores) + sum(model.losses)
        for weight in weights:
            weight.value.grad = None
        value.backward()
        optimizer.apply([weight.value.grad for weight in weights], weights)
        return value.item(), _wrong(labels, scores).item()

    def run(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        losses, wrong = zip(*(step(*batch) for batch in zip(images, labels, strict=True)), strict=True)
        return np.array(losses), np.array(wrong)

    return run
