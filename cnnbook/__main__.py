"""The book's own work on the command line: `python -m cnnbook ledger | records | compare | ...`.

`train` is the library's, and knows the recipes of the book as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cnnlib.__main__ import add_images, find_images
from cnnlib.__main__ import main as train


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the return value is the exit status."""
    if (sys.argv[1:] if arguments is None else arguments)[:1] == ["train"]:
        return train(arguments)  # which knows the book's recipes from here
    parser = argparse.ArgumentParser(prog="python -m cnnbook", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ledger = commands.add_parser("ledger", help="hold the code against the papers")
    ledger.add_argument(
        "--check", action="store_true", help="fail on a mismatch that no written deviation explains"
    )
    listing = commands.add_parser("records", help="list what has been measured")
    listing.add_argument("--in", dest="folder", help="list the trainings in this folder instead")
    answers = commands.add_parser(
        "answers", help="add the answers to each test image to the records of finished trainings"
    )
    answers.add_argument("trainings", nargs="+", help="folders that train wrote, with their weights")
    answers.add_argument("--data", metavar="FOLDER or NAME=FOLDER", help="as for train")
    answers.add_argument("--classes", metavar="NAME,NAME,...", help="as for train")
    answers.add_argument("--validation", type=int, help="as for train")
    choose = commands.add_parser("choose", help="compare a recipe's candidate settings on validation images")
    choose.add_argument("recipe", help="name of the recipe, for instance lenet5_modern")
    add_images(choose)
    choose.add_argument(
        "--epochs", type=int, required=True, help="run each schedule through in so many epochs"
    )
    choose.add_argument("--out", required=True, help="JSON file to write the comparison to")
    responses = commands.add_parser("responses", help="measure how strongly trained layers respond")
    responses.add_argument("trainings", nargs="+", help="folders that train wrote")
    responses.add_argument("--out", required=True, help="JSON file to write the measurement to")
    experiment = commands.add_parser("experiment", help="compare trainings and write a record")
    experiment.add_argument("name", help="such as cats_and_dogs; any other word lists them")
    experiment.add_argument("--out", required=True, help="JSON file to write the record to")
    experiment.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of its trials")
    compare = commands.add_parser("compare", help="put two measurements side by side")
    for which in ("first", "second"):
        compare.add_argument(which, help="a recipe that has records, or a record.json")
    again = commands.add_parser("reproduce", help="train again what was recorded, and compare")
    again.add_argument("--list", action="store_true", help="say what was recorded, and train nothing")
    again.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="these trainings, with all seeds"
    )
    again.add_argument("--minutes", type=float, help="what is most worth it and fits into so many")
    again.add_argument(
        "--length",
        choices=("auto", "recorded", "paper"),
        default="auto",
        help="as recorded, or as long as the papers trained; auto: that on a GPU",
    )
    again.add_argument(
        "--out",
        type=Path,
        default=Path("reproduced"),
        help="folder that keeps what was trained, to go on with",
    )
    versions = commands.add_parser("versions", help="say which installed packages cnnlib can't work with")
    versions.add_argument(
        "freeze", nargs="?", metavar="FREEZE_FILE", help="hold this list of pip freeze against it instead"
    )
    options = parser.parse_args(arguments)
    commands_by_name = {
        "ledger": _ledger,
        "records": _records,
        "answers": _answers,
        "choose": _choose,
        "responses": _responses,
        "experiment": _experiment,
        "compare": _compare,
        "reproduce": _reproduce,
        "versions": _versions,
    }
    try:
        return commands_by_name[options.command](options)
    except (RuntimeError, ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyError as problem:  # whose text Python shows in quotes
        print(problem.args[0], file=sys.stderr)
        return 1


def _answers(options: argparse.Namespace) -> int:
    from cnnbook import trainings
    from cnnbook.older import with_kind
    from cnnlib.recipe import Recipe
    from cnnlib.records import read

    for folder in options.trainings:
        record = with_kind(read(Path(folder) / "record.json"))
        kind = record["data"]["kind"]
        if kind == "folder" and not options.data:
            raise ValueError(f"{folder} was trained on a folder of pictures: name it by --data NAME=FOLDER.")
        options.images = kind
        trainings.add_answers(folder, find_images(options, Recipe.from_settings(record["recipe"])))
        print(f"{folder}: the answers are in its record")
    return 0


def _choose(options: argparse.Namespace) -> int:
    from cnnbook import trainings
    from cnnbook.recipes import CANDIDATES
    from cnnlib import data
    from cnnlib.recipe import find

    recipe = find(options.recipe)
    images = data.load(recipe.data, options.images)
    comparison = trainings.choose(recipe, CANDIDATES.get(recipe.name, ()), images, epochs=options.epochs)
    Path(options.out).write_text(json.dumps(comparison, indent=1) + "\n")
    return 0


def _ledger(options: argparse.Namespace) -> int:
    from cnnbook import ledger

    rows = ledger.rows()
    print(ledger.as_text(rows))
    wrong = [row for row in rows if row.verdict == "differs"]
    return 1 if options.check and wrong else 0


def _records(options: argparse.Namespace) -> int:
    from cnnbook import records

    print(records.list_as_text(options.folder) if options.folder else records.as_text())
    return 0


def _responses(options: argparse.Namespace) -> int:
    from cnnbook.responses import of_trainings

    Path(options.out).write_text(json.dumps(of_trainings(options.trainings), indent=1) + "\n")
    return 0


def _experiment(options: argparse.Namespace) -> int:
    from cnnbook import experiments

    experiments.run(options.name, options.out, options.seeds)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from cnnbook import records
    from cnnlib.records import lines

    table = records.compare(options.first, options.second)
    print(lines(table.head, table.rows))
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    from cnnbook import reproduce
    from cnnlib.records import lines

    if options.list:
        table = reproduce.overview()
    else:
        full = {"auto": None, "recorded": False, "paper": True}[options.length]
        table = reproduce.reproduce(options.out, options.only, minutes=options.minutes, full=full)
    print(lines(table.head, table.rows))
    return 0


def _versions(options: argparse.Namespace) -> int:
    from cnnbook import versions

    found = versions.report(options.freeze)
    for remark in found:
        print(remark.text)
    broken = any(remark.breaks for remark in found)
    print("cnnlib would not work here." if broken else "cnnlib has what it needs.")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
