"""For instructors: `python -m cnncourse build`, and `grade FOLDER --assignment NAME`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from pathlib import Path

from cnncourse import ClassroomError

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the return value is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cnncourse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make what students, graders and readers get from the masters")
    build.add_argument("--masters", type=Path, default=ROOT / "notebooks" / "exercises", help="their folder")
    build.add_argument("--out", type=Path, default=ROOT / "_build" / "classroom", help="folder of the builds")
    grade = commands.add_parser("grade", help="grade a folder of submissions of one assignment")
    grade.add_argument("submissions", type=Path, help="folder with a notebook or a folder for each student")
    grade.add_argument("--assignment", required=True, help="name of the notebook, such as 02_lenet5")
    grade.add_argument(
        "--bundle",
        type=Path,
        default=ROOT / "_build" / "classroom" / "autograder",
        help="the autograder bundle",
    )
    grade.add_argument("--out", type=Path, help="folder of results; by default beside the bundle")
    grade.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="submissions at a time")
    grade.add_argument(
        "--names",
        default="(?P<student>.+)",
        help="regular expression of the submissions' names, with a group (?P<student>...)",
    )
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("nbgrader") is None:
        print("error: nbgrader is not installed: pip install nbgrader", file=sys.stderr)
        return 1
    try:
        return _build(options) if options.command == "build" else _grade(options)
    except ClassroomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _build(options: argparse.Namespace) -> int:
    import yaml

    from cnncourse import builds

    masters = sorted(options.masters.glob("*.ipynb"))
    if not masters:
        raise ClassroomError(f"there is no notebook in {options.masters}.")
    settings = ROOT / "_config.yml"
    config = yaml.safe_load(settings.read_text("utf-8")) if settings.is_file() else None
    builds.build(masters, options.out, builds.notebooks_address(config) if config else None)
    print(f"{len(masters)} assignments")
    for name in ("student", "answers", "autograder"):
        print(options.out / f"{name}.zip")
    return 0


def _grade(options: argparse.Namespace) -> int:
    from cnncourse import grading, sandbox, sheet

    if options.jobs < 1:
        raise ClassroomError(f"--jobs must be at least 1, not {options.jobs}.")
    out = options.out or options.bundle.parent / "graded" / options.assignment
    given = grading.submissions(options.submissions, options.names)
    grading.prepare(options.bundle.resolve(), options.assignment, out.resolve())
    out = out.resolve()
    print(sandbox.isolation(), flush=True)
    started, done = time.monotonic(), []
    for each in grading.grade(given, options.assignment, out, options.jobs):
        done.append(each)
        what = each.fault or f"{len(each.comments)} questions not right"
        print(f"[{len(done)}/{len(given)}] {each.student}  {what}  {each.seconds:.0f} s", flush=True)
    questions = sheet.largest(out, options.assignment)
    found = sheet.lines(out, options.assignment, done)
    sheet.write_grades(out / "grades.csv", questions, found)
    sheet.write_canvas(out / "canvas.csv", options.assignment, questions, found)
    sheet.summary(questions, found).save(out / "summary.svg")
    print(f"{len(done)} submissions, {time.monotonic() - started:.0f} s: {out / 'grades.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
