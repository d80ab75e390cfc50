"""The same training in plain Keras: `model.fit` as the examples on keras.io do it, and as fast as it goes.

Arrays go through from_tensor_slices, shuffle, batch, map and prefetch, pictures of a folder through
image_dataset_from_directory, map and prefetch. Every image of a batch is augmented by its own draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import networks
import tensorflow as tf
from harness import Job, Turns

# A shuffling buffer this long holds all the small images, and photographs for some hundred megabytes.
SHUFFLED = {True: 100_000, False: 1_000}
PICTURE_SIDE = 256  # pictures of a folder are cropped and resized to this, then cropped at random


def train(job: Job, turns: Turns) -> None:
    """Train; a turn is an epoch."""
    model = _compiled(job)
    data = _from_memory(job) if job.folder is None else _from_folder(job)
    waiting = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: turns(jit_compile=bool(model.jit_compile))
    )
    turns.begin()
    # The pipeline shuffles.
    model.fit(data, epochs=job.epochs, shuffle=False, verbose=0, callbacks=[waiting])


def train_fast(job: Job, turns: Turns) -> None:
    """Train as fast as `fit` alone can; a turn is an epoch.

    The images lie in memory as one tensor, a batch is gathered and prepared by one compiled function, and
    an epoch is one call (`steps_per_execution`). `job.jit` says whether XLA compiles the training step.
    """
    model = _compiled(job, jit_compile=job.jit, steps_per_execution=job.images // job.batch_size)
    x, y = map(tf.constant, networks.random_images(job.network, job.images))
    augment = AUGMENTATIONS[job.augmentation]

    # XLA has no kernel for a projective transformation.
    @tf.function(jit_compile=job.augmentation != "affine")
    def prepare(places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return augment(tf.cast(tf.gather(x, places), tf.float32) / 255), tf.gather(y, places)

    data = tf.data.Dataset.range(job.images).shuffle(job.images).batch(job.batch_size, drop_remainder=True)
    data = data.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    waiting = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: turns())
    turns.begin()
    model.fit(data, epochs=job.epochs, shuffle=False, verbose=0, callbacks=[waiting])


def _compiled(job: Job, **settings: Any) -> keras.Model:
    """The network, compiled by the same optimiser, loss and metric whatever else is set."""
    keras.config.set_dtype_policy(job.precision)
    model = networks.for_keras(job.network)
    model.compile(
        keras.optimizers.SGD(1e-4, momentum=networks.MOMENTUM),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        **settings,
    )
    return model


def _from_memory(job: Job) -> tf.data.Dataset:
    x, y = networks.random_images(job.network, job.images)
    small = x.shape[1] < 64
    # Small images become floats once, as in keras.io's example on MNIST; photographs would not fit so.
    data = tf.data.Dataset.from_tensor_slices((x.astype("float32") / 255 if small else x, y))
    augment = AUGMENTATIONS[job.augmentation]

    def prepare(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return augment(images if small else tf.cast(images, tf.float32) / 255), labels

    data = data.shuffle(SHUFFLED[small]).batch(job.batch_size, drop_remainder=True)
    return data.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _from_folder(job: Job) -> tf.data.Dataset:
    (height, width, _), _ = networks.SHAPES[job.network]
    data = keras.utils.image_dataset_from_directory(
        job.folder,
        image_size=(PICTURE_SIDE, PICTURE_SIDE),
        crop_to_aspect_ratio=True,
        batch_size=job.batch_size,
        verbose=False,
    )

    def prepare(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _flip(_crop(images, height, width)) / 255, labels

    data = data.take(job.images // job.batch_size)
    return data.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _affine(images: tf.Tensor) -> tf.Tensor:
    """Shift, scale, squeeze and shear as `cnnlib.data.augmentation.RandomAffine` does by default."""
    count, (height, width) = tf.shape(images)[0], images.shape[1:3]

    def draw(limit: float) -> tf.Tensor:
        return tf.random.uniform((count,), -limit, limit)

    size, ratio, slant = 1 + draw(0.1), 1 + draw(0.1), draw(0.15)
    to_x, to_y, centre_x, centre_y = size * ratio, size / ratio, (width - 1) / 2, (height - 1) / 2
    offset_x = centre_x - to_x * centre_x - slant * centre_y + draw(2.0)
    offset_y = centre_y - to_y * centre_y + draw(2.0)
    zero = tf.zeros((count,))
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([to_x, slant, offset_x, zero, to_y, offset_y, zero, zero], axis=1),
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _crop(images: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Cut a part of this size out of each image, at a place drawn for each."""
    for axis, length in ((1, height), (2, width)):
        places = tf.random.uniform((tf.shape(images)[0], 1), 0, images.shape[axis] - length + 1, tf.int32)
        images = tf.gather(images, places + tf.range(length), axis=axis, batch_dims=1)
    return images


def _flip(images: tf.Tensor) -> tf.Tensor:
    """Mirror each image with probability one half."""
    mirrored = tf.random.uniform((tf.shape(images)[0], 1, 1, 1)) < 0.5
    return tf.where(mirrored, tf.reverse(images, [2]), images)


def _pad_crop_flip(images: tf.Tensor) -> tf.Tensor:
    """Pad four pixels of zeros on every side, crop back to the size, mirror (He et al. 2016, section 4.2)."""
    padded = tf.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)))
    return _flip(_crop(padded, *images.shape[1:3]))


AUGMENTATIONS: dict[str | None, Callable[[tf.Tensor], tf.Tensor]] = {
    None: lambda images: images,
    "affine": _affine,
    "pad_crop_flip": _pad_crop_flip,
}
