"""Your own pictures, by one call and by a script as keras.io's guides write it: errors and work, in pairs.

python benchmarks/own_pictures.py FOLDER     FOLDER/train, valid and test, each with a folder for each class

Both begin with the same network and its ImageNet weights, and see the same pictures; with each seed they take
turns, each in a process of its own. What they took goes into benchmarks/results/own_pictures/.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "own_pictures"
SEEDS = range(5)
# The script's, at most: early stopping may end either sooner.
EPOCHS = {"head": 20, "whole": 10}
SIZE = 227


def by_the_call(folder: Path, seed: int) -> float:
    """Learn the folder by `cnnlib.learn`: the share of wrong answers to the test pictures."""
    import cnnlib as cnn

    error = cnn.learn(folder, "squeezenet", seed=seed, verbose=False).error
    assert error is not None
    return error


def by_the_script(folder: Path, seed: int) -> float:
    """As the guide "Transfer learning & fine-tuning" has it, with the best of its epochs kept."""
    import keras
    from keras import layers

    from cnnlib import weights

    keras.utils.set_random_seed(seed)
    settings = {"image_size": (SIZE, SIZE), "batch_size": 32, "crop_to_aspect_ratio": True}
    train, valid, test = (
        keras.utils.image_dataset_from_directory(
            folder / part, shuffle=part == "train", seed=seed, **settings
        )
        for part in ("train", "valid", "test")
    )
    classes = len(train.class_names)
    whole = weights.load("squeezenet_imagenet").model
    base = keras.Model(whole.input, whole.get_layer("fire9_concat").output)
    base.trainable = False
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.RandomRotation(0.1)(layers.RandomFlip("horizontal")(inputs))
    x = keras.applications.imagenet_utils.preprocess_input(x, mode="caffe")
    x = layers.GlobalAveragePooling2D()(base(x, training=False))
    outputs = layers.Dense(classes)(layers.Dropout(0.2)(x))
    model = keras.Model(inputs, outputs)
    for epochs, rate in ((EPOCHS["head"], 1e-3), (EPOCHS["whole"], 1e-5)):
        model.compile(
            keras.optimizers.Adam(rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
        model.fit(train, epochs=epochs, validation_data=valid, callbacks=[stop], verbose=0)
        base.trainable = True
    return 1 - model.evaluate(test, return_dict=True, verbose=0)["accuracy"]


WAYS: dict[str, Callable[[Path, int], float]] = {"call": by_the_call, "script": by_the_script}


def measure(folder: Path, seeds: range = SEEDS) -> dict[str, list[dict]]:
    """Errors and seconds of every way with every seed, start of the process and loading of pictures included.

    The seconds are by the clock and of the processor's cores together, which does not count other work.

    Raises:
        RuntimeError: a way could not be gone; the message holds its last words.
    """
    found: dict[str, list[dict]] = {way: [] for way in WAYS}
    for seed in seeds:
        for way in WAYS if seed % 2 else reversed(WAYS):
            began, worked = time.monotonic(), _work()
            command = [sys.executable, __file__, str(folder), "--way", way, "--seed", str(seed)]
            ended = subprocess.run(command, capture_output=True, text=True)
            if ended.returncode:
                raise RuntimeError(f"{way}, seed {seed}: {ended.stderr[-1000:]}")
            row = {
                "seed": seed,
                "error": float(ended.stdout.split()[-1]),
                "seconds": time.monotonic() - began,
                "core_seconds": _work() - worked,
            }
            found[way].append(row)
            print(way, row, flush=True)
    return found


def _work() -> float:
    """Seconds that cores have worked for the processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure a folder, or go one way alone, as `measure` asks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(WAYS[options.way](options.folder, options.seed))
        return
    from cnnlib.records import circumstances

    parts = {part: sorted(options.folder.glob(f"{part}/*/*")) for part in ("train", "valid", "test")}
    record = {
        "name": options.folder.name,
        "images": {part: len(files) for part, files in parts.items()},
        "classes": len({file.parent.name for file in parts["train"]}),
        "epochs": EPOCHS,
        "ways": measure(options.folder),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{options.folder.name}.json"
    path.write_text(json.dumps(record | circumstances(), indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
