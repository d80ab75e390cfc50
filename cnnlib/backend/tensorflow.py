"""TensorFlow: `tf.function` around the whole loop, `tf.distribute.MirroredStrategy` for several devices."""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnlib.backend import base

# A notebook trains several models; TensorFlow would warn of "retracing" at each.
tf.get_logger().setLevel("ERROR")


class TensorFlowEngine(base.Engine):
    """See `cnnlib.backend.base.Engine`."""

    def __init__(self, distribute: str, batch_size: int | None):
        if os.environ.get("TF_CONFIG"):
            raise base.BackendError(
                "TF_CONFIG asks for several machines, which Keras 3 cannot train on with TensorFlow: unset "
                "it, or set KERAS_BACKEND=jax or torch, which can."
            )
        found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        self.on_cpu = found[0].device_type == "CPU"
        self.strategy = None
        if base.check_division(batch_size, len(found), distribute):
            self.strategy = _mirrored(*(device.name for device in found))
            self.devices = len(found)

    def scope(self) -> contextlib.AbstractContextManager:
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()

    def fuses(self, batch_size: int) -> bool:
        return self.strategy is None and (batch_size == 1 or not self.on_cpu)

    def place(self, images: np.ndarray) -> tf.Tensor | tf.Variable:
        if self.strategy is None:
            return tf.constant(images)
        with self.strategy.scope():  # a variable is mirrored: each device has its copy
            return tf.Variable(images, trainable=False)

    def compile_steps(self, objective: base.Objective, resident: Any = None) -> base.Steps:
        model, optimizer, loss = objective.model, objective.optimizer, objective.loss
        accumulate = objective.accumulate
        weights = model.trainable_variables
        # Keras divides a loss by the number of replicas, but not the penalties beside it: undo that, and
        # divide all of it.
        objective = replace(objective, loss=lambda *pair: loss(*pair) * self.devices)
        # Distortions are many small operations, which XLA makes one of: four times as fast on a CPU.
        inputs = tf.function(lambda batch: objective.inputs(batch, resident), jit_compile=True)

        def gradients(batch: dict[str, tf.Tensor]) -> tuple:
            with tf.GradientTape() as tape:
                outputs = model(inputs(batch), training=True)
                value, scores = objective.value(batch["labels"], outputs, model.losses)
                target = objective.target(value, weights) / (self.devices * accumulate)
            return value / accumulate, base.wrong(batch["labels"], scores), tape.gradient(target, weights)

        def update(batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
            value, missed, slopes = gradients(_part(batch, 0, accumulate))
            if accumulate > 1:
                sums = tf.while_loop(
                    lambda i, *_: i < accumulate,
                    lambda i, *sums: (i + 1, *_added(sums, gradients(_part(batch, i, accumulate)))),
                    (tf.constant(1), *_set_apart((value, missed, slopes))),
                    parallel_iterations=1,  # one part at a time is the point
                )[1:]
                value, missed, slopes = tf.nest.map_structure(lambda total: total[0], tuple(sums))
            optimizer.apply(slopes, weights)
            return value, missed

        def run(batches: dict[str, tf.Tensor], rates: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            count = tf.shape(rates)[0]
            losses, wrong = tf.TensorArray(tf.float32, count), tf.TensorArray(tf.float32, count)
            for i in tf.range(count):
                optimizer.learning_rate.assign(rates[i])
                value, missed = self._divided(update, {name: stack[i] for name, stack in batches.items()})
                losses, wrong = (
                    losses.write(i, self._sum(value) / self.devices),
                    wrong.write(i, self._sum(missed)),
                )
            return losses.stack(), wrong.stack()

        compiled = _Compiled(run)

        def steps(batches: base.Batches, rates: np.ndarray, update: int) -> tuple:
            _, batch_size = batches["labels"].shape
            return compiled(self.fuses(batch_size), batches, tf.constant(rates))

        return steps

    def compile_counts(
        self, model: keras.Model, inputs: base.Inputs, resident: Any = None, *, top: tuple[int, ...] = (1,)
    ) -> base.Counts:
        def count(batch: dict[str, tf.Tensor]) -> tf.Tensor:
            return base.misses(batch, model(inputs(batch, resident), training=False), top)

        def run(batches: dict[str, tf.Tensor]) -> tf.Tensor:
            total = tf.zeros(base.count_length(batches, top))
            for i in tf.range(tf.shape(batches["labels"])[0]):
                batch = {name: stack[i] for name, stack in batches.items()}
                total += self._sum(self._divided(count, batch))
            return total

        compiled = _Compiled(run)
        return lambda batches: compiled(False, batches)

    def _divided(self, function: Any, batch: dict[str, tf.Tensor]) -> Any:
        """Call a function of a batch, or on every device with its share of it."""
        if self.strategy is None:
            return function(batch)

        def replica(batch: dict[str, tf.Tensor]) -> Any:
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            return function(_part(batch, number, self.devices))

        return self.strategy.run(replica, (batch,))

    def _sum(self, value: Any) -> tf.Tensor:
        """Add up what the devices returned."""
        return value if self.strategy is None else self.strategy.reduce("SUM", value, axis=None)


def normalise(layer: keras.layers.BatchNormalization, images: tf.Tensor) -> tf.Tensor:
    """Normalise images (b, h, w, c) by their own moments and move the layer's averages, in one kernel."""
    channels = images.shape[-1:]
    # The kernel wants both in float32, whatever the layer computes in.
    scale = tf.cast(layer.gamma, tf.float32) if layer.scale else tf.ones(channels)
    offset = tf.cast(layer.beta, tf.float32) if layer.center else tf.zeros(channels)
    normalised, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=scale, offset=offset, mean=[], variance=[], epsilon=layer.epsilon, is_training=True
    )
    count = tf.cast(tf.reduce_prod(tf.shape(images)[:3]), tf.float32)
    variance *= (count - 1) / count  # the kernel corrects for bias where Keras does not
    for average, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        average.assign(average * layer.momentum + value * (1 - layer.momentum))
    return normalised


@functools.cache
def _mirrored(*devices: str) -> tf.distribute.MirroredStrategy:
    """The one strategy for these devices.

    Each strategy numbers its reductions anew, and TensorFlow refuses a number that it knows with another
    shape: the second network of a process would fail.
    """
    return tf.distribute.MirroredStrategy(devices)


class _Compiled:
    """A function of stacks of batches, traced once whatever the height of the stack."""

    def __init__(self, function: Any):
        self.function = function
        self.traced: dict[bool, Any] = {}

    def __call__(self, fuse: bool, batches: base.Batches, *others: tf.Tensor) -> Any:
        batches = {name: tf.convert_to_tensor(array) for name, array in batches.items()}
        if fuse not in self.traced:
            signature = tf.nest.map_structure(_any_height, (batches, *others))
            self.traced[fuse] = tf.function(self.function, input_signature=signature, jit_compile=fuse)
        return self.traced[fuse](batches, *others)


def _any_height(array: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec([None, *array.shape[1:]], array.dtype)


def _part(batch: dict[str, tf.Tensor], number: tf.Tensor | int, parts: int) -> dict[str, tf.Tensor]:
    """One of several equal parts of a batch, with a size that is known when it is traced."""
    return batch if parts == 1 else {name: _slice(array, number, parts) for name, array in batch.items()}


def _slice(array: tf.Tensor, number: tf.Tensor | int, parts: int) -> tf.Tensor:
    size = array.shape[0] // parts
    return tf.ensure_shape(array[number * size : (number + 1) * size], (size, *array.shape[1:]))


def _set_apart(terms: tuple) -> tuple:
    """Give tensors an axis of length 1 in front, so that TensorFlow keeps `_added` as it is written.

    Grappler makes one AddN of additions of the same shape that follow each other: of the sum that a loop
    carries, a slope and its weight decay. Where it expects a shortage of memory (on a CPU from 200 MB) it
    makes a temporary variable of an AddN. That of a sum in a loop is made once more when the loop ends,
    never destroyed, and the next call finds it: "AlreadyExistsError: ... AddOpsRewrite_Add/tmp_var".
    Between an addition and one of another shape nothing is rewritten. The axis costs no copy.
    """
    return tf.nest.map_structure(lambda term: tf.expand_dims(term, 0), terms)


def _added(sums: tuple, more: tuple) -> tuple:
    return tf.nest.map_structure(tf.add, tuple(sums), _set_apart(more))
