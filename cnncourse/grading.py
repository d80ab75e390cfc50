"""Grade submissions of one assignment: each by nbgrader, in a process and a sandbox of its own.

What nbgrader finds goes into the gradebook of a copy of the autograder bundle. A submission that was graded
is not graded again until it changes, so a run that was stopped goes on where it was. Whatever is wrong with a
submission is a remark on it: none of them stops the others, and none is left out.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnncourse import (
    ClassroomError,
    intake,
    marks,
    processes,
    reading,
    remarks,
    repair,
)
from cnncourse.names import alike, folded, folder_name
from cnncourse.roster import Person, Roster

MANY = 5  # submissions for which it pays to run the reference answers first


@dataclass(frozen=True)
class Submission:
    """What a student handed in, ready to be graded, or why it can't be.

    Attributes:
        student: name of the student's folders; the gradebook knows them by it.
        name: as the platform, the file, or the notebook has it.
        notebook: the repaired notebook, or None.
        fault: why there is none.
        remarks: what was repaired, chosen or noticed.
        row: the student's line of the roster, if there is a roster and they are on it.
        label: name under which the platform takes feedback back.
    """

    student: str
    name: str
    notebook: Path | None = None
    fault: str = ""
    remarks: tuple[str, ...] = ()
    row: int | None = None
    label: str = ""


@dataclass(frozen=True)
class Graded:
    """How a submission was graded.

    Attributes:
        student: name of the student's folders.
        digest: hash of the notebook.
        fault: why it could not be graded.
        comments: by question.
        seconds: taken.
        answers: the hash of each answer, by its grade's name.
        name: of the student.
        label: name under which the platform takes feedback back.
    """

    student: str
    digest: str
    fault: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    answers: dict[str, str] = field(default_factory=dict)
    name: str = ""
    label: str = ""


def releases(out: Path) -> dict[str, NotebookNode]:
    """The notebooks that a bundle released, by assignment."""
    found = sorted((out / "release").glob("*/*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in found}


def submissions(
    source: Path, assignment: str, out: Path, pattern: str | None = None, roster: Roster | None = None
) -> tuple[list[Submission], list[str]]:
    """Find what each student handed in and make it ready to be graded.

    Args:
        source: the platform's zip, or a folder with a notebook, a zip or a folder for each student.
        assignment: name of the assignment.
        out: the folder that `prepare` made.
        pattern: regular expression of names that no platform gives, with a group `student`.
        roster: who is in the class.

    Returns:
        A submission for each student that there is a trace of, and the files that are nobody's.

    Raises:
        ClassroomError: there is nothing to grade, or the pattern can't be read.
    """
    known = releases(out)
    form = _compiled(pattern) if pattern else None
    (out / "prepared").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="submissions-") as work:
        people, skipped = intake.collect(source, Path(work), assignment, form)
        taken: set[str] = set()
        found = []
        for same in _by_person(people, roster):
            student = _free_name(same[0], taken)
            try:
                found.append(_prepared(student, same, known, assignment, out, roster))
            except Exception as error:  # nobody can foresee all that is handed in
                with contextlib.suppress(OSError):
                    _log(out, student, traceback.format_exc())
                name = same[0].name or same[0].label
                fault = f"It could not be read: {type(error).__name__}: {error}"
                found.append(Submission(student, name, fault=fault, label=same[0].label))
    return sorted(_told_apart(found), key=lambda each: folded(each.name)), skipped


def _told_apart(found: list[Submission]) -> list[Submission]:
    """Name people of one name by their folders too, and give nobody a line of the roster that two claim."""
    names, rows = Counter(each.name for each in found), Counter(each.row for each in found)
    apart = []
    for each in found:
        if names[each.name] > 1:
            each = replace(each, name=f"{each.name} ({each.student})")
        if each.row is not None and rows[each.row] > 1:
            said = "Another submission is of the same person of the roster."
            each = replace(each, row=None, remarks=(*each.remarks, said))
        apart.append(each)
    return apart


def _compiled(pattern: str) -> re.Pattern:
    try:
        form = re.compile(pattern)
    except re.error as error:
        raise ClassroomError(f"--names {pattern!r} is no regular expression: {error}.") from error
    if "student" not in form.groupindex:
        raise ClassroomError(f"--names {pattern!r} must have a group (?P<student>...).")
    return form


def _by_person(people: Iterable[intake.HandedIn], roster: Roster | None) -> list[list[intake.HandedIn]]:
    """What was handed in, by person: two names may be of one line of the roster."""
    found: dict[object, list[intake.HandedIn]] = {}
    for each in people:
        person = roster.find(each.name, each.number) if roster else None
        found.setdefault(person.row if person else (each.number, each.name or each.label), []).append(each)
    return list(found.values())


def _free_name(person: intake.HandedIn, taken: set[str]) -> str:
    """A name for the folders of a person that nobody else has, on any file system."""
    student = folder_name(person.name or person.label, person.number)
    if student.casefold() in taken:
        student = folder_name(f"{student} {person.name} {person.label}")
    taken.add(student.casefold())
    return student


def _prepared(
    student: str,
    same: list[intake.HandedIn],
    known: Mapping[str, NotebookNode],
    assignment: str,
    out: Path,
    roster: Roster | None,
) -> Submission:
    """Choose a person's notebook, repair it, and settle whose it is."""
    files = [file for each in same for file in each.files]
    noticed = [f"Not opened: {text}." for each in same for text in each.refused]
    chosen, said = _chosen(files, known, assignment)
    if chosen is None:
        others = [name for each in same for name in each.others]
        fault = " ".join([_nothing(said, others), *noticed])
        name = same[0].name or same[0].label
        person = roster.find(name, same[0].number) if roster else None
        return Submission(student, name, None, fault, (), person.row if person else None, same[0].label)
    file, notebook = chosen
    whole, repairs = repair.repaired(notebook, known[assignment])
    label = next(each.label for each in same if file in each.files)
    typed = repair.typed_name(notebook)
    name = same[0].name or typed or same[0].label
    person = roster.find(name, same[0].number) if roster else None
    drawn, identity = _identity(name, same[0].name, typed, person, roster)
    if "student" in identity:
        identity += _affected(known[assignment])
    whole.metadata["cnnlib"] = {"student": drawn}
    path = out / "prepared" / f"{student}.ipynb"
    path.write_text(nbformat.writes(whole) + "\n", "utf-8")
    told = [*noticed, *said, *([identity] if identity else []), *repairs]
    return Submission(student, name, path, "", tuple(told), person.row if person else None, label)


def _chosen(
    files: Iterable[intake.File], known: Mapping[str, NotebookNode], assignment: str
) -> tuple[tuple[intake.File, NotebookNode] | None, list[str]]:
    """The newest notebook of an assignment, and what is to be said of the others."""
    good, said = [], []
    for file in files:
        try:
            notebook = reading.read(file.path)
        except reading.Unreadable as error:
            said.append(f"{file.name} is no notebook: {error}.")
            continue
        what = repair.assignment_of(notebook, known, assignment)
        if what == assignment:
            good.append((file, notebook))
        elif what:
            said.append(f"{file.name} is the notebook of {what}.")
        else:
            said.append(f"{file.name} has no cell of these exercises ({len(notebook.cells)} cells).")
    if not good:
        return None, said
    good.sort(key=lambda each: _newness(each[0], each[1], known[assignment]))
    if len(good) > 1:
        older = ", ".join(file.name for file, _ in good[:-1])
        said.append(f"{len(good)} notebooks were handed in; graded is {good[-1][0].name}, not {older}.")
    return good[-1], said


def _newness(file: intake.File, notebook: NotebookNode, release: NotebookNode) -> tuple:
    """What tells the newer of two notebooks: the time, as coarse as in a zip, or the platform's number."""
    return int(file.modified) // 2, file.number, repair.answered(notebook, release), len(file.name), file.name


def _nothing(said: list[str], others: list[str]) -> str:
    """Why there is no notebook, in words."""
    if said:
        return " ".join(said)
    if others:
        more = f" and {len(others) - 3} more files" if len(others) > 3 else ""
        return f"No notebook was handed in, but {', '.join(others[:3])}{more}."
    return "No notebook was handed in."


def _identity(
    name: str, handed_in: str, typed: str, person: Person | None, roster: Roster | None
) -> tuple[str, str]:
    """The name to draw a student's numbers from, and a remark where that is not the one in the notebook.

    The name in the notebook is taken where it is the person's: the numbers that they saw follow from it.
    Another person's is not, since their answers could then be copied with it.
    """
    if not handed_in:
        return name, f"The file does not say whose it is; the name in it is {typed!r}." if typed else ""
    if not typed:
        return name, f"The notebook has no name; numbers were drawn from {name!r}."
    if alike(typed, name):
        return typed, ""
    owner = roster.find(typed) if roster else None
    if owner and person and owner.row == person.row:
        return typed, ""
    whose = f", who is {owner.shown} of the roster" if owner else ""
    return name, f"The notebook says student = {typed!r}{whose}; numbers were drawn from {name!r}."


def _affected(release: NotebookNode) -> str:
    """Which questions depend on the student's name."""
    names: list[str] = []
    ours: list[str] = []
    for cell in release.cells:
        kind = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and kind.get("grade"):
            own = any(re.search(r"\bstudent\b", source) for source in [*ours, cell.source])
            names += [kind["grade_id"].removeprefix("check-")] * own
            ours = []
        elif kind.get("locked") and "student_named(" not in cell.source:
            ours.append(cell.source)
    return f" It matters for: {', '.join(names)}." if names else ""


def prepare(bundle: Path, assignment: str, out: Path) -> None:
    """Copy the autograder bundle to where an assignment is graded, unless it is there.

    Raises:
        ClassroomError: there is no bundle or no such assignment in it, or grading began with another bundle.
    """
    source = bundle / "source" / assignment / f"{assignment}.ipynb"
    if not source.is_file():
        known = sorted(path.name for path in (bundle / "source").glob("*"))
        remedy = f"it has {', '.join(known)}" if known else "run `make classroom` first"
        raise ClassroomError(f"{bundle} has no assignment {assignment!r}: {remedy}.")
    copy = out / "source" / assignment / f"{assignment}.ipynb"
    if not out.exists() or not any(out.iterdir()):
        draft = out.with_name(f"{out.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(bundle, draft)
        draft.replace(out)
    elif not copy.is_file() or copy.read_bytes() != source.read_bytes():
        raise ClassroomError(
            f"{out} was begun with other exercises than those of {bundle}: name another folder with --out."
        )


def grade(given: list[Submission], assignment: str, out: Path, jobs: int) -> Iterator[Graded]:
    """Grade submissions and yield each as it is done; those that were graded before come first.

    Args:
        given: whatever `submissions` found.
        assignment: name of the assignment.
        out: the folder that `prepare` made.
        jobs: submissions to grade at a time.
    """
    waiting = []
    for each in given:
        done = _kept(out, each)
        if done is None:
            waiting.append(each)
        else:
            yield done
    if len(waiting) >= MANY:
        processes.measure(assignment, out)
    with ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(_grade_one, each, assignment, out) for each in waiting]
        try:
            for run in as_completed(runs):
                yield run.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def earlier(
    out: Path, given: Iterable[Submission], roster: Roster | None = None
) -> list[tuple[Submission, Graded]]:
    """Who was graded in this folder before and is not among these submissions, as with a second download.

    Args:
        out: the folder that `prepare` made.
        given: the submissions of now.
        roster: who is in the class.
    """
    students, rows = {each.student for each in given}, {each.row for each in given}
    found = []
    for path in sorted((out / "graded").glob("*.json")):
        kept = _before(out, path.stem)
        if kept is None or kept.student in students:
            continue
        person = roster.find(kept.name) if roster else None
        row = person.row if person and person.row not in rows else None
        notebook = out / "prepared" / f"{kept.student}.ipynb"
        said = ("Graded earlier, and not among the submissions of now.",)
        found.append((Submission(kept.student, kept.name, notebook, kept.fault, said, row, kept.label), kept))
    return found


def _digest(submission: Submission) -> str:
    content = submission.notebook.read_bytes() if submission.notebook else submission.fault.encode()
    return hashlib.sha256(content).hexdigest()


def _kept(out: Path, submission: Submission) -> Graded | None:
    """What was found when just this submission was graded before."""
    kept = _before(out, submission.student)
    return kept if kept and kept.digest == _digest(submission) else None


def _before(out: Path, student: str) -> Graded | None:
    """What was found when a student's submission was graded last."""
    try:
        return Graded(**json.loads((out / "graded" / f"{student}.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _grade_one(submission: Submission, assignment: str, out: Path) -> Graded:
    """Grade one submission and keep what was found; whatever goes wrong costs that submission alone."""
    started = time.monotonic()
    try:
        found = _grade_and_settle(submission, assignment, out)
        took = time.monotonic() - started
        graded = replace(found, seconds=took, name=submission.name, label=submission.label)
        path = out / "graded" / f"{submission.student}.json"
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(graded), indent=1), "utf-8")
        draft.replace(path)
        return graded
    except Exception as error:  # a full disk, say
        with contextlib.suppress(OSError):
            _log(out, submission.student, traceback.format_exc())
        return Graded(submission.student, "", f"It could not be graded: {type(error).__name__}: {error}")


def _grade_and_settle(submission: Submission, assignment: str, out: Path) -> Graded:
    """Grade one submission; marks by hand go on counting for answers that did not change."""
    student, digest = submission.student, _digest(submission)
    before = _before(out, student)
    settled = marks.settled(out, assignment, student) if before else []
    fault = _try(submission, assignment, out)
    if fault:
        marks.make_readable(out, assignment, student, fault)
        return Graded(student, digest, fault)
    notebook = nbformat.read(_autograded(out, student, assignment), as_version=4)
    answers = marks.answers(notebook)
    if before and settled:
        same = [name for name in settled if before.answers.get(name) == answers.get(name)]
        marks.settle(out, assignment, student, same)
    return Graded(student, digest, "", remarks.of(notebook), 0.0, answers)


def _try(submission: Submission, assignment: str, out: Path) -> str:
    """Have a submission graded; return why it could not be, or nothing."""
    folder = out / "submitted" / submission.student / assignment
    for leftover in (folder, _autograded(out, submission.student, assignment).parent):
        _remove(leftover)
    if not submission.notebook:
        return submission.fault
    folder.mkdir(parents=True)
    shutil.copyfile(submission.notebook, folder / f"{assignment}.ipynb")
    fault = processes.autograde(submission.student, assignment, out)
    if not fault and not _autograded(out, submission.student, assignment).is_file():
        return "It could not be graded: nbgrader wrote nothing."
    return fault


def _autograded(out: Path, student: str, assignment: str) -> Path:
    return out / "autograded" / student / assignment / f"{assignment}.ipynb"


def _log(out: Path, student: str, text: str) -> None:
    processes.log_file(out, student).write_text(text, "utf-8", "replace")


def _remove(folder: Path) -> None:
    """Remove a folder of nbgrader's, which leaves its files read-only."""
    if folder.exists():
        for path in folder.rglob("*"):
            path.chmod(0o755)
        shutil.rmtree(folder)
