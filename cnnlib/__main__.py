"""The package on the command line: `python -m cnnlib train | choose | ledger | records`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the return value is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cnnlib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser(
        "train", help="train a network by one of the book's recipes and write a record"
    )
    train.add_argument("recipe", help="name of the recipe, for instance lenet5_modern")
    train.add_argument(
        "--profile", default="quick", choices=("quick", "colab", "paper"), help="which data to use"
    )
    train.add_argument("--seed", type=int, default=0, help="of initial weights, order and distortions")
    train.add_argument(
        "--out", required=True, help="folder for checkpoint, weights and record; resumed if it holds one"
    )
    train.add_argument("--epochs", type=int, help="run the schedule through in fewer epochs")
    choose = commands.add_parser("choose", help="compare a recipe's candidate settings on validation images")
    choose.add_argument("recipe", help="name of the recipe, for instance lenet5_modern")
    choose.add_argument(
        "--profile", default="quick", choices=("quick", "colab", "paper"), help="which data to use"
    )
    choose.add_argument(
        "--epochs", type=int, required=True, help="run each schedule through in so many epochs"
    )
    choose.add_argument("--out", required=True, help="JSON file to write the comparison to")
    ledger = commands.add_parser("ledger", help="hold the code against the papers")
    ledger.add_argument(
        "--check", action="store_true", help="fail on a mismatch that no written deviation explains"
    )
    commands.add_parser("records", help="list what has been measured")
    options = parser.parse_args(arguments)
    run = {"train": _train, "choose": _choose, "ledger": _ledger, "records": _records}[options.command]
    try:
        return run(options)
    except (RuntimeError, ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1


def _train(options: argparse.Namespace) -> int:
    from cnnlib import data, training
    from cnnlib.recipe import find

    recipe = find(options.recipe)
    if options.epochs is not None:
        recipe = recipe.shortened(options.epochs)
    images = data.load(recipe.data, options.profile, validation=0)
    _, record = training.run(recipe, images, seed=options.seed, out=options.out)
    print(f"test error {record['result']['test_error']:.2%}")
    return 0


def _choose(options: argparse.Namespace) -> int:
    from cnnlib import data, training
    from cnnlib.recipe import CANDIDATES, find

    recipe = find(options.recipe)
    images = data.load(recipe.data, options.profile)
    comparison = training.choose(recipe, CANDIDATES.get(recipe.name, ()), images, epochs=options.epochs)
    Path(options.out).write_text(json.dumps(comparison, indent=1) + "\n")
    return 0


def _ledger(options: argparse.Namespace) -> int:
    from cnnlib import ledger

    rows = ledger.rows()
    print(ledger.as_text(rows))
    wrong = [row for row in rows if row.verdict == "differs"]
    return 1 if options.check and wrong else 0


def _records(options: argparse.Namespace) -> int:
    from cnnlib import records

    print(records.as_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
