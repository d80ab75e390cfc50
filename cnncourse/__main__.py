"""For instructors: `python -m cnncourse build`, `grade SUBMISSIONS --assignment NAME`, and `wheel`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cnncourse import ClassroomError

if TYPE_CHECKING:
    from cnncourse import grading, roster, sheet

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the return value is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cnncourse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make what students, graders and readers get from the masters")
    build.add_argument("--masters", type=Path, default=ROOT / "notebooks" / "exercises", help="their folder")
    build.add_argument(
        "--exam", type=Path, help="folder of the masters of an exam, outside of the repository"
    )
    build.add_argument(
        "--out", type=Path, help="folder of the builds; by default _build/classroom or EXAM/classroom"
    )
    grade = commands.add_parser("grade", help="grade the submissions of one assignment")
    grade.add_argument("submissions", type=Path, help="the platform's zip, or a folder of submissions")
    grade.add_argument("--assignment", required=True, help="name of the notebook, such as 02_lenet5")
    grade.add_argument("--roster", type=Path, help="the class, as the platform exports it: it is filled in")
    grade.add_argument("--column", help="the roster's column for the points, where it can't be guessed")
    grade.add_argument(
        "--with-unread", action="store_true", help="give totals though open answers are still to be read"
    )
    grade.add_argument(
        "--bundle",
        type=Path,
        default=ROOT / "_build" / "classroom" / "autograder",
        help="the autograder bundle",
    )
    grade.add_argument("--out", type=Path, help="folder of results; by default graded/ASSIGNMENT")
    grade.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="submissions at a time")
    grade.add_argument(
        "--names",
        help="regular expression of the submissions' names, with a group (?P<student>...), where they are "
        "neither a platform's nor the student's",
    )
    wheel = commands.add_parser("wheel", help="pack the package into one file, for a machine that lacks it")
    wheel.add_argument("--out", type=Path, default=ROOT / "_build", help="folder of the file")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("nbgrader") is None:
        print("error: nbgrader is not installed: pip install nbgrader", file=sys.stderr)
        return 1
    try:
        return {"build": _build, "grade": _grade, "wheel": _wheel}[options.command](options)
    except ClassroomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _build(options: argparse.Namespace) -> int:
    import yaml

    from cnncourse import builds, exam

    folder = options.exam or options.masters
    out = options.out or (options.exam or ROOT / "_build") / "classroom"
    if options.exam and any(path.resolve().is_relative_to(ROOT) for path in (folder, out)):
        raise ClassroomError(f"an exam and its builds lie outside of the repository, and not in {ROOT}.")
    masters = sorted(folder.glob("*.ipynb"))
    if not masters:
        raise ClassroomError(f"there is no notebook in {folder}.")
    settings = ROOT / "_config.yml"
    config = yaml.safe_load(settings.read_text("utf-8")) if settings.is_file() else None
    address = builds.notebooks_address(config) if config else None
    wheel = builds.package_wheel(ROOT, out) if (ROOT / "pyproject.toml").is_file() else None
    secret = exam.secret_of(folder) if options.exam else ""
    builds.build(masters, out, address, wheel, secret, builds.pages_address())
    print(f"{len(masters)} assignments")
    for name in ("student", "answers", "autograder"):
        print(out / f"{name}.zip")
    return 0


def _wheel(options: argparse.Namespace) -> int:
    from cnncourse import builds

    print(builds.package_wheel(ROOT, options.out))
    print("Put it beside a notebook, or on Colab into the folder cnnlib of your Google Drive.")
    return 0


def _grade(options: argparse.Namespace) -> int:
    from cnncourse import feedback, grading, roster, sandbox, sheet
    from cnncourse.names import folded

    if options.jobs < 1:
        raise ClassroomError(f"--jobs must be at least 1, not {options.jobs}.")
    assignment = options.assignment
    out = (options.out or ROOT / "graded" / assignment).resolve()
    people = roster.read(options.roster) if options.roster else None
    if people:
        roster.points_column(people, assignment, options.column)  # better said now than after the grading
    grading.prepare(options.bundle.resolve(), assignment, out)
    given, skipped = grading.submissions(options.submissions, assignment, out, options.names, people)
    _list("left aside, since they are nobody's", skipped)
    print(sandbox.isolation(), flush=True)
    questions = sheet.largest(out, assignment)
    by_student = {each.student: each for each in given}
    started, found = time.monotonic(), []
    for done in grading.grade(given, assignment, out, options.jobs):
        line = sheet.line(out, assignment, questions, by_student[done.student], done)
        found.append(line)
        print(f"[{len(found)}/{len(given)}] {_progress(line, questions)}  {done.seconds:.0f} s", flush=True)
    before = grading.earlier(out, given, people)
    found += [sheet.line(out, assignment, questions, *each) for each in before]
    _list("were graded earlier and are in the sheet, but not in this download", [e.name for e, _ in before])
    found.sort(key=lambda line: folded(line.name))
    absent = _absent(people, [line.submission for line in found if line.submission])
    missing = [sheet.missing(name, questions) for name in absent]
    sheet.write_grades(out / "grades.csv", questions, [*found, *missing], options.with_unread)
    sheet.summary(questions, found).save(out / "summary.svg")
    titles = feedback.titles(out, assignment)
    print(f"{len(given)} submissions, {time.monotonic() - started:.0f} s")
    print(out / "grades.csv")
    print(feedback.write(out, assignment, questions, found, titles))
    if people:
        _fill(people, found, questions, out, options)
    unread = [line.name for line in found if line.counts and line.total is None]
    _list("have answers that are still to be read, and no total until then", unread)
    _list("of the roster handed in nothing", absent)
    strangers = [each.name for each in given if people and each.row is None]
    _list("are not on the roster, or more than one person of it could be meant", strangers)
    failed = [f"{line.name}: {line.fault}" for line in found if line.fault and not line.counts]
    _list("could not be graded and have no points until you give them", failed)
    return 1 if failed else 0


def _progress(line: sheet.Line, questions: dict[str, float]) -> str:
    """How one submission fared, in a line."""
    if line.fault:
        return f"{line.name}  not graded: {line.fault}"
    waiting = sum(points is None for points in line.points.values())
    more = f", {waiting} answers to be read" if waiting else ""
    return f"{line.name}  {line.so_far:g} of {sum(questions.values()):g} points{more}"


def _list(what: str, names: list[str]) -> None:
    """Print what is so of some, and who they are."""
    if names:
        print(f"\n{len(names)} {what}:")
        for name in names:
            print(f"    {name}")


def _absent(people: roster.Roster | None, given: list[grading.Submission]) -> list[str]:
    """Who of the roster handed in nothing."""
    seen = {each.row for each in given}
    return [person.shown for person in people.people if person.row not in seen] if people else []


def _fill(
    people: roster.Roster,
    found: list[sheet.Line],
    questions: dict[str, float],
    out: Path,
    options: argparse.Namespace,
) -> None:
    """Write the roster with points and remarks, and say what its platform will make of it."""
    from cnncourse import roster, sheet

    results = [
        roster.Result(line.submission.row, sheet.total(line, options.with_unread), line.said)
        for line in found
        if line.submission and line.submission.row is not None
    ]
    path = out / f"{options.roster.stem}-filled.csv"
    roster.fill(people, results, options.assignment, sum(questions.values()), options.column, path)
    print(path)
    for warning in people.warnings:
        print(f"Warning: {warning}")


if __name__ == "__main__":
    sys.exit(main())
