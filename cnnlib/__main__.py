"""The package on the command line: `python -m cnnlib learn | train | check | compare`."""

from __future__ import annotations

import argparse
import gc
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlib.data import DataSet
    from cnnlib.recipe import Recipe

# One training image in so many is set aside where a recipe needs some: of ImageNet, 50,000.
VALIDATION_SHARE = 25


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the return value is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cnnlib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    learn = commands.add_parser("learn", help="teach a trained network the classes of a folder of pictures")
    learn.add_argument("folder", help="FOLDER/CLASS/FILE, or FOLDER/train/CLASS/FILE and so on")
    learn.add_argument("--network", default="squeezenet", help="a name of weights or of keras.applications")
    learn.add_argument("--out", required=True, help="folder for the network, the report and its figures")
    learn.add_argument("--groups", metavar="REGEX", help="what in a picture's path must not be divided")
    learn.add_argument("--epochs", type=int, help="for fine-tuning; 0 trains the new classifier alone")
    learn.add_argument("--seed", type=int, default=0, help="of what is set aside, order and mirroring")
    train = commands.add_parser("train", help="train a network by a recipe and write a record")
    add_images(train)
    option = train.add_argument
    option("recipe", help="name of the recipe, for instance lenet5_modern")
    option(
        "--data",
        metavar="FOLDER or NAME=FOLDER",
        help="folder of your data sets; otherwise CNNLIB_DATA names it. With the name of the recipe's data "
        "set: a folder of pictures (train/CLASS/, val/CLASS/ or test/CLASS/) to use in its place",
    )
    option("--classes", metavar="NAME,NAME,...", help="train on these classes of a data set in memory alone")
    option("--out", required=True, help="folder for checkpoint, weights and record")
    option("--resume", action="store_true", help="go on with the training that --out holds")
    option("--seed", type=int, default=0, help="of initial weights, order and distortions")
    option(
        "--epochs",
        type=int,
        help="run the schedule through in fewer epochs; more than a finished training in --out had extend it",
    )
    option("--on-bad", default="stop", choices=("stop", "skip"), help="at a picture that cannot be read")
    option("--batch-size", type=int, help="images per update, in place of the recipe's")
    option(
        "--validation",
        type=int,
        help="training images to set aside and measure after each epoch; by default none, or a share of them "
        "where the recipe lowers its rate by the validation error",
    )
    option(
        "--distribute", default="auto", help="auto: all devices; one; or mirrored, data_parallel, ddp by name"
    )
    option("--precision", default="auto", help="auto: what the hardware is fast at; or a Keras dtype policy")
    option("--accumulate", type=int, default=1, help="compute a batch in so many parts, to fit into memory")
    option("--tensorboard", action="store_true", help="write TensorBoard logs into --out")
    check = commands.add_parser("check", help="say what is wrong with a folder of pictures, or may be")
    check.add_argument("folder", help="folder of pictures, FOLDER/CLASS/FILE or FOLDER/train/CLASS/FILE")
    check.add_argument(
        "--groups",
        metavar="PATTERN",
        help="finds in CLASS/FILE whom a picture shows, if pictures of one must not be in two splits",
    )
    compare = commands.add_parser("compare", help="put two measurements side by side")
    for which in ("first", "second"):
        compare.add_argument(which, help="a record.json, or a folder with one for each seed")
    options = parser.parse_args(arguments)
    try:
        run = {"learn": _learn, "train": _train, "check": _check, "compare": _compare}
        return run[options.command](options)
    except (RuntimeError, ValueError, OSError, KeyError) as problem:
        # Python shows the text of a KeyError in quotes.
        said = problem.args[0] if isinstance(problem, KeyError) else problem
        print(said, file=sys.stderr)
        return 1


def add_images(command: argparse.ArgumentParser) -> None:
    """Give a command the option that says which images of a data set are meant."""
    command.add_argument(
        "--images",
        "--profile",
        dest="images",
        default="embedded",
        choices=("embedded", "full", "quick", "colab", "paper"),
        help="which images of the data set: those that come with the package, or all; or a profile",
    )


def _learn(options: argparse.Namespace) -> int:
    from cnnlib.learning import learn

    options.folder = os.path.expanduser(options.folder)
    learn(**{name: value for name, value in vars(options).items() if name != "command" and value is not None})
    print(f"{options.out} holds network.keras, report.md and its figures. To use it in Python:")
    print(f'cnnlib.Learned.load("{options.out}/network.keras").classify("picture.jpg")')
    return 0


def _train(options: argparse.Namespace) -> int:
    from cnnlib import backend, records, runs, training
    from cnnlib.recipe import find

    recipe, record = find(options.recipe), Path(options.out) / "record.json"
    held = (Path(options.out) / training.CHECKPOINT).exists()
    done = len(records.read(record)["history"]["rate"]) if held and record.exists() else math.inf
    if held and not options.resume and (options.epochs or 0) <= done:
        raise ValueError(f"{options.out} holds a training: give --resume to go on with it, or another --out.")
    if options.resume and not held:
        print(f"{options.out} holds no training to go on with: it begins there.", file=sys.stderr)
    images = find_images(options, recipe)
    if options.batch_size is not None:
        recipe = replace(recipe, batch_size=options.batch_size)
    passed = ("epochs", "seed", "out", "distribute", "precision", "accumulate", "tensorboard")
    try:
        run = runs.train(recipe, images, **{name: getattr(options, name) for name in passed})
    except training.Interrupted as stop:
        if backend.process() == 0:
            print(f"{stop} Go on with --resume.", file=sys.stderr)
        return 128 + stop.signal  # what a shell calls the end by that signal
    if backend.process() == 0:
        print(f"test error {run.error:.2%}")
    return 0


def find_images(options: argparse.Namespace, recipe: Recipe) -> DataSet:
    """What to train on, with the validation images that were asked for or that the recipe cannot do without.

    Raises:
        DataError, ValueError: as `cnnlib.data.load` and `cnnlib.data.open_folder`; ValueError for `--data`
            with another name than that of the recipe's data set, or a folder that would be ignored.
    """
    from cnnlib import data

    option, validation = options.data or "", options.validation
    if validation is None and not recipe.validated:
        validation = 0
    name, equals, folder = option.partition("=")
    if not equals or os.sep in name or Path(option).is_dir():  # a plain folder may hold an = as well
        if option and options.images in ("quick", "embedded"):
            raise ValueError(
                f"The embedded {recipe.data} comes with cnnlib, and --data would be ignored: give "
                f"--images full with it, or --data {recipe.data}=FOLDER for your pictures."
            )
        if option:
            os.environ["CNNLIB_DATA"] = option
        images = data.load(recipe.data, options.images, validation=validation)
        return data.only(images, options.classes.split(",")) if options.classes else images
    if name != recipe.data or not folder:
        raise ValueError(
            f"Expected --data {recipe.data}=FOLDER, since the recipe's data set is {recipe.data}; got "
            f"{option!r}."
        )
    on_bad = getattr(options, "on_bad", "stop")
    images = data.open_folder(folder, validation=validation or 0, on_bad=on_bad)
    if validation is None and not len(images.validation):
        share = -(-len(images.train) // VALIDATION_SHARE)
        images = data.open_folder(folder, validation=share, on_bad=on_bad)
    return images


def _check(options: argparse.Namespace) -> int:
    from cnnlib import data

    table = data.check(options.folder, groups=options.groups)
    for severity, what, count, example, remedy in table.rows:
        print(f"{severity:7} {count:9,}  {what}: {example}\n{'':19}{remedy}")
    return int(any(row[0] == "error" for row in table.rows))


def _compare(options: argparse.Namespace) -> int:
    from cnnlib import records

    first, second = records.read_all(options.first), records.read_all(options.second)
    table = records.compare(first, second, (options.first, options.second))
    print(records.lines(table.head, table.rows))
    return 0


if __name__ == "__main__":
    status = main()
    gc.collect()  # TensorFlow warns of a data set that outlives Python, as the last line of all
    sys.exit(status)
