"""Grade a folder of submissions of one assignment: each by nbgrader, in a process and a sandbox of its own.

What nbgrader finds goes into the gradebook of a copy of the autograder bundle. A submission that was graded
is not graded again until it changes, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cnncourse import ClassroomError, reason, sandbox, search_path

LARGEST = 20 * 1024 * 1024  # bytes of a notebook
SECONDS = 1200  # of one submission, all in all: more than the notebook's own limit
GRADER_KIB = 4 * 1024 * 1024  # addresses of nbgrader's own process, which keeps what a submission prints

# A student's name becomes the name of a folder.
NAME = re.compile(r"[\w.@+-]+")


@dataclass(frozen=True)
class Submission:
    """What a student handed in: their name and their notebook, or why there is none."""

    student: str
    notebook: Path | None
    fault: str = ""


@dataclass(frozen=True)
class Graded:
    """How a submission was graded: the hash of its notebook, a comment for each question, seconds taken."""

    student: str
    digest: str
    fault: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def submissions(folder: Path, pattern: str = "(?P<student>.+)") -> list[Submission]:
    """List what students handed in: a notebook or a folder for each, named after the student.

    Args:
        folder: as a learning platform gives it, unpacked.
        pattern: regular expression of the names of notebooks (without .ipynb) and folders, with a group
            `student`; Moodle's, for instance, is "(?P<student>.+?)_[0-9]+_assignsubmission_file".

    Raises:
        ClassroomError: there is no such folder, there is nothing in it, the pattern can't be read, a name
            does not fit it, or two submissions are of one student.
    """
    if not folder.is_dir():
        raise ClassroomError(f"{folder} is no folder: name the one that holds the submissions.")
    form = _compiled(pattern)
    found: dict[str, Submission] = {}
    for path in sorted(each for each in folder.iterdir() if not each.name.startswith(".")):
        match = form.fullmatch(path.stem if path.is_file() else path.name)
        if match is None or not NAME.fullmatch(match["student"]):
            raise ClassroomError(
                f"{path.name} does not say whose it is: rename it after the student (letters, digits and "
                ".@+-_), or describe such names with --names."
            )
        student = match["student"]
        if student in found:
            raise ClassroomError(f"two submissions are of {student}: keep one of them.")
        found[student] = _submission(student, path)
    if not found:
        raise ClassroomError(f"{folder} is empty: there is nothing to grade.")
    return list(found.values())


def _compiled(pattern: str) -> re.Pattern:
    try:
        form = re.compile(pattern)
    except re.error as error:
        raise ClassroomError(f"--names {pattern!r} is no regular expression: {error}.") from error
    if "student" not in form.groupindex:
        raise ClassroomError(f"--names {pattern!r} must have a group (?P<student>...).")
    return form


def _submission(student: str, path: Path) -> Submission:
    """The notebook that a student handed in; links are not followed."""
    notebooks = [path] if path.is_file() else sorted(path.rglob("*.ipynb"))
    notebooks = [each for each in notebooks if each.suffix == ".ipynb" and not each.is_symlink()]
    notebooks = [each for each in notebooks if each.is_file() and ".ipynb_checkpoints" not in each.parts]
    if len(notebooks) != 1:
        many = f"{len(notebooks)} notebooks were" if notebooks else "No notebook was"
        return Submission(student, None, f"{many} handed in, and it should be one.")
    if notebooks[0].stat().st_size > LARGEST:
        return Submission(student, None, f"The notebook is larger than {LARGEST // 1024**2} MB.")
    if not _is_notebook(notebooks[0]):
        return Submission(student, None, "What was handed in is no Jupyter notebook.")
    return Submission(student, notebooks[0])


def _is_notebook(path: Path) -> bool:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and isinstance(content.get("cells"), list)


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
    if not out.exists():
        shutil.copytree(bundle, out)
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
    with ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(_grade_one, each, assignment, out) for each in waiting]
        try:
            for run in as_completed(runs):
                yield run.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _digest(submission: Submission) -> str:
    content = submission.notebook.read_bytes() if submission.notebook else submission.fault.encode()
    return hashlib.sha256(content).hexdigest()


def _kept(out: Path, submission: Submission) -> Graded | None:
    """What was found when just this submission was graded before."""
    path = out / "graded" / f"{submission.student}.json"
    if not path.is_file():
        return None
    kept = Graded(**json.loads(path.read_text("utf-8")))
    return kept if kept.digest == _digest(submission) else None


def _grade_one(submission: Submission, assignment: str, out: Path) -> Graded:
    """Grade one submission and keep what was found."""
    started = time.monotonic()
    folder = out / "submitted" / submission.student / assignment
    for leftover in (folder, out / "autograded" / submission.student / assignment):
        _remove(leftover)
    fault, comments = submission.fault, {}
    if submission.notebook:
        folder.mkdir(parents=True)
        shutil.copyfile(submission.notebook, folder / f"{assignment}.ipynb")
        fault = _autograde(submission.student, assignment, out)
    if not fault:
        comments = _comments(out / "autograded" / submission.student / assignment / f"{assignment}.ipynb")
    graded = Graded(submission.student, _digest(submission), fault, comments, time.monotonic() - started)
    path = out / "graded" / f"{submission.student}.json"
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(graded), indent=1), "utf-8")
    draft.replace(path)
    return graded


def _remove(folder: Path) -> None:
    """Remove a folder of nbgrader's, which leaves its files read-only."""
    if folder.exists():
        for path in folder.rglob("*"):
            path.chmod(0o755)
        shutil.rmtree(folder)


def _autograde(student: str, assignment: str, out: Path) -> str:
    """Have nbgrader grade a submission; return why it could not, or nothing."""
    command = [sys.executable, "-m", "nbgrader", "autograde", assignment, f"--student={student}", "--force"]
    process = subprocess.Popen(
        sandbox.limited(command, {"v": GRADER_KIB}),
        cwd=out,
        env=os.environ | {"PATH": search_path(os.environ.get("PATH", ""))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"It was stopped after {SECONDS} seconds."
    finally:
        _end(process)
    (out / "logs").mkdir(exist_ok=True)
    (out / "logs" / f"{student}.log").write_text(said, "utf-8")
    return f"It could not be graded: {reason(said)}" if process.returncode else ""


def _end(process: subprocess.Popen) -> None:
    """End a process and whatever it left behind."""
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
    else:
        process.kill()
    process.wait()


def _comments(path: Path) -> dict[str, str]:
    """What the checks of a graded notebook said where they found something, by question."""
    found = {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        kind = cell["metadata"].get("nbgrader", {})
        if not kind.get("grade") or kind.get("solution"):
            continue
        errors = [output for output in cell["outputs"] if output["output_type"] == "error"]
        if errors:
            text = errors[0]["evalue"] or errors[0]["ename"]
            found[kind["grade_id"].removeprefix("check-")] = " ".join(text.split())[:300]
    return found
