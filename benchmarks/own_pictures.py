"""Your own pictures, by one call and by a script as keras.io's guides write it: errors and work, in pairs.

python benchmarks/own_pictures.py FOLDER            FOLDER/train, valid and test, with a folder for each class
python benchmarks/own_pictures.py FOLDER --choose   settings of the call, by validation pictures alone

Both begin with the same network and its ImageNet weights, and see the same pictures; with each seed they take
turns, each in a process of its own. What they took goes into benchmarks/results/own_pictures/, and how the
settings compare into benchmarks/results/settings/.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
SEEDS = {"own_pictures": range(5), "settings": range(3)}
# The script's, at most: early stopping may end either sooner.
EPOCHS = {"head": 20, "whole": 10}
SIZE = 227
# What is compared for the call: the new classifier's penalty, then the rate of fine-tuning. So few pictures
# of each class are what people have, and take minutes.
GRID = {
    "penalty": (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1),
    "rate": (1e-7, 1e-6, 1e-5, 1e-4),
}
OF_EACH = 12


def by_the_call(folder: Path, seed: int) -> dict:
    """Learn the folder by `cnnlib.learn`: the share of wrong answers to the test pictures."""
    import cnnlib as cnn

    return {"error": cnn.learn(folder, "squeezenet", seed=seed, verbose=False).error}


def by_the_script(folder: Path, seed: int) -> dict:
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
    return {"error": 1 - model.evaluate(test, return_dict=True, verbose=0)["accuracy"]}


def by_validation(folder: Path, seed: int) -> dict:
    """Losses and errors of the call's steps with each setting of the grid; no test picture is opened."""
    import keras
    import numpy as np

    from cnnlib import data, learning, transfer

    body = transfer.body("squeezenet")
    images = data.open_folder(folder, validation=learning.SHARE, seed=seed)
    order = np.random.RandomState(seed).permutation(len(images.train))
    labels = images.train.labels[order]
    few = np.concatenate([order[labels == label][:OF_EACH] for label in np.unique(labels)])
    parts = images.train.subset(few), images.validation
    train, validation = (part.read_all(body.view)[0] for part in parts)
    seen = [data.Split(transfer.features(body.model, part), part.y) for part in (train, validation)]
    balance = learning._class_weights(train.y, len(images.class_names))
    found: dict = {"images": [len(train), len(validation)], "penalty": [], "rate": []}
    heads = []
    for penalty in GRID["penalty"]:
        heads.append(learning._with_head(body.model, seen[0], seen[1], balance, penalties=(penalty,)))
        given = keras.ops.convert_to_numpy(heads[-1].layers[-1](heads[-1].layers[-2](seen[1].x)))
        wrong = float((given.argmax(axis=1) != validation.y).mean())
        found["penalty"].append([[learning.mean_loss(given, validation.y), wrong]])
    model = heads[int(np.argmin(found["penalty"], axis=0)[0, 0])]
    start = model.get_weights()
    for rate in GRID["rate"]:
        model.set_weights(start)
        best = learning._Best(model, validation, print)
        best.measure("new classifier")
        learning._fine_tuned(best, rate, train, balance, learning.EPOCHS, seed)
        found["rate"].append(_told(best.rows))
    return found


def _told(rows: list) -> list[list[float]]:
    """Loss and error of each row of a report, without one that says that a training was given up."""
    return [[float(loss), float(error.rstrip("%")) / 100] for _, loss, error in rows if loss != "given up"]


WAYS: dict[str, Callable[[Path, int], dict]] = {"call": by_the_call, "script": by_the_script}
ALL = WAYS | {"choose": by_validation}


def measure(folder: Path, seeds: range, ways: Sequence[str] = tuple(WAYS)) -> dict[str, list[dict]]:
    """What every way finds with every seed, and its seconds, start and loading of pictures included.

    The seconds are by the clock and of the processor's cores together, which does not count other work.

    Raises:
        RuntimeError: a way could not be gone; the message holds its last words.
    """
    found: dict[str, list[dict]] = {way: [] for way in ways}
    for seed in seeds:
        for way in ways if seed % 2 else reversed(ways):
            began, worked = time.monotonic(), _work()
            command = [sys.executable, __file__, str(folder), "--way", way, "--seed", str(seed)]
            ended = subprocess.run(command, capture_output=True, text=True)
            if ended.returncode:
                raise RuntimeError(f"{way}, seed {seed}: {ended.stderr[-1000:]}")
            row = {
                "seed": seed,
                **json.loads(ended.stdout.splitlines()[-1]),
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
    parser.add_argument("--choose", action="store_true", help="compare settings by validation pictures")
    parser.add_argument("--way", choices=ALL, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(ALL[options.way](options.folder, options.seed)))
        return
    from cnnlib.records import circumstances

    kind, folder = "settings" if options.choose else "own_pictures", options.folder
    parts = {part: sorted(folder.glob(f"{part}/*/*")) for part in ("train", "valid", "test")}
    record = {"name": folder.name, "classes": len({file.parent.name for file in parts["train"]})}
    if options.choose:
        found = measure(folder, SEEDS[kind], ["choose"])["choose"]
        record |= {"grid": GRID, "seeds": found}
    else:
        record["images"] = {part: len(files) for part, files in parts.items()}
        record |= {"epochs": EPOCHS, "ways": measure(folder, SEEDS[kind])}
    path = RESULTS / kind / f"{folder.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record | circumstances(), indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
