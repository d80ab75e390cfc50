"""The package on the command line: `python -m cnnlib train | ledger | records`."""

from __future__ import annotations

import argparse
import sys


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
    train.add_argument(
        "--select", action="store_true", help="hold out the validation images and leave the test images alone"
    )
    ledger = commands.add_parser("ledger", help="hold the code against the papers")
    ledger.add_argument(
        "--check", action="store_true", help="fail on a mismatch that no written deviation explains"
    )
    commands.add_parser("records", help="list what has been measured")
    options = parser.parse_args(arguments)
    return {"train": _train, "ledger": _ledger, "records": _records}[options.command](options)


def _train(options: argparse.Namespace) -> int:
    from cnnlib import data, training
    from cnnlib.recipe import RECIPES

    if options.recipe not in RECIPES:
        print(f"Unknown recipe {options.recipe!r}: use one of {', '.join(RECIPES)}.", file=sys.stderr)
        return 2
    recipe = RECIPES[options.recipe]
    if options.epochs:
        recipe = recipe.shortened(options.epochs)
    try:
        images = data.load(recipe.data, options.profile, validation=None if options.select else 0)
        _, record = training.run(
            recipe, images, seed=options.seed, out=options.out, use_test=not options.select
        )
    except (data.DataError, training.TrainingError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 1
    if record["result"]["test_error"] is not None:
        print(f"test error {record['result']['test_error']:.2%}")
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
