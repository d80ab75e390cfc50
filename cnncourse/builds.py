"""The four builds of the masters: for students, with answers, for the grader, and for readers of the book.

A master is an nbgrader notebook: answers stand between `### BEGIN SOLUTION` and `### END SOLUTION`, tests
that a student never sees between `### BEGIN HIDDEN TESTS` and `### END HIDDEN TESTS`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from cnncourse import (
    EXERCISES_BRANCH,
    PLACEHOLDER,
    STUB,
    ClassroomError,
    catalogue,
    exam,
    reason,
    tools_on_path,
)

# The marks of nbgrader, with the lines that name an answer before one is given.
MARK = re.compile(r"^(?:\w+ = None\b.*\n)* *### (?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS)\n?", re.M)
CALL = re.compile(r"(\w+\.\w+)\(")  # how a check begins that is a function of a module
FORM = re.compile(r"form\(\s*[\"']([^\"']+)")  # and one of an exam
SECTION = re.compile(r"\[([^]]+)\]\(\.\./(\w+\.ipynb)\)")
PAGE = re.compile(r'<a href="\.\./\.\./(book/\w+\.html[^"]*)">(.+?)</a>', re.S)

# What nbgrader needs to know wherever it works with the bundle.
CONFIGURATION = f'''\
"""nbgrader's settings for this course; commands are run in this folder."""

c = get_config()
c.ClearSolutions.code_stub = {{"python": {STUB!r}}}
c.Autograde.autograde_preprocessors = [
    "cnncourse.sealed.ExecuteSealed",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
'''


# What is added to the first cell of a student's notebook.
HAND_IN = """

**To hand it in**, write your name into the cell below, run all cells, read what the last one says, save, and
hand in this file, `{name}.ipynb`, where your course asks for it. Not every answer has to be right by then.
"""

READY = """\
# Ready to hand in? This says what is missing.
from cnncourse.check import ready

ready(
    globals(),
    {{
{checks}
    }},
    {to_read},
)"""


def build(
    masters: Iterable[Path],
    out: Path,
    repository: str | None = None,
    wheel: Path | None = None,
    secret: str = "",
    pages: str | None = None,
) -> None:
    """Make the four builds of all masters, in place of earlier ones.

    Args:
        masters: the notebooks with answers, executed.
        out: folder for `student`, `answers`, `autograder`, `reader`, and a zip file of each but the last.
        repository: address of the book's notebooks, for the links to them; None unlinks them.
        wheel: of the package, to lie beside the student's notebooks.
        secret: of the hidden cases, where the masters are those of an exam.
        pages: address of the rendered book, for the links to its pages; None unlinks them.

    Raises:
        ClassroomError: nbgrader can't read a master, or a student of an exam would get what is to stay
            hidden; the message says which and why.
    """
    masters = sorted(masters)
    for name in ("student", "answers", "autograder", "reader"):
        shutil.rmtree(out / name, ignore_errors=True)
        (out / name).mkdir(parents=True)
    course = out / "autograder"
    (course / "nbgrader_config.py").write_text(CONFIGURATION, "utf-8")
    for master in masters:
        source = course / "source" / master.stem / master.name
        source.parent.mkdir(parents=True)
        given = without_outputs(_read(master))
        _write(exam.sealed(given, master.stem, secret) if secret else given, source)
        _release(course, master.stem)
        released = _read(course / "release" / master.stem / master.name)
        asked = catalogue.questions_of(_read(master))
        handed_out = linked(for_class(released, master.stem, asked), repository, pages)
        _write(handed_out, out / "student" / master.name)
        _write(answers(_read(master)), out / "answers" / master.name)
        _write(for_readers(_read(master)), out / "reader" / master.name)
    if wheel:
        shutil.copy(wheel, out / "student")
    if found := exam.leaks(out / "student", map(_read, masters), secret) if secret else []:
        shutil.rmtree(out / "student")
        raise ClassroomError("a student would get what is to stay hidden:\n" + "\n".join(found))
    for name in ("student", "answers", "autograder"):
        _zip(out / name)


def package_wheel(root: Path, out: Path) -> Path:
    """Build the wheel of the package, from a copy of its sources: an earlier build would be packed with it.

    Raises:
        ClassroomError: pip can't build it; the message says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "source"
        unwanted = shutil.ignore_patterns(
            ".*", "_build", "build", "*.egg-info", "__pycache__", "graded", "notebooks"
        )
        shutil.copytree(root, copy, ignore=unwanted)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        done = subprocess.run([*command, "-w", folder, str(copy)], capture_output=True, text=True)
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            raise ClassroomError(f"pip can't build the package: {done.stderr.strip()[-300:]}")
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheels[0], out))


def _release(course: Path, assignment: str) -> None:
    """Have nbgrader make the release of an assignment and note its questions in the gradebook."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config, PyFileConfigLoader

    config = Config(PyFileConfigLoader("nbgrader_config.py", str(course)).load_config())
    config.CourseDirectory.root = str(course)
    with tools_on_path():
        done = NbGraderAPI(config=config).generate_assignment(assignment, force=True, create=True)
    if not done["success"]:
        raise ClassroomError(f"{assignment}: nbgrader can't release it: {reason(done['log'])}")


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """A notebook before it was run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def has_address(config: Mapping[str, Any]) -> bool:
    """Whether a book's `_config.yml` says where its repository lies, or still has the placeholder."""
    return PLACEHOLDER not in config["repository"]["url"]


def notebooks_address(config: Mapping[str, Any]) -> str | None:
    """Where a book's notebooks can be read, by its `_config.yml`; None while that has no address."""
    if not has_address(config):
        return None
    repository = config["repository"]
    return f"{repository['url']}/blob/{repository['branch']}/notebooks"


def pages_address() -> str | None:
    """Where the rendered book can be read, as $BOOK_ADDRESS says; None where it is not set."""
    return os.environ.get("BOOK_ADDRESS")


def colab_address(config: Mapping[str, Any], name: str) -> str | None:
    """Where Colab opens exercises without answers, by `_config.yml`; None while that has no address."""
    _, _, repository = config["repository"]["url"].partition("github.com/")
    if not repository or not has_address(config):
        return None
    colab = config["launch_buttons"]["colab_url"]
    return f"{colab}/github/{repository}/blob/{EXERCISES_BRANCH}/{name}"


def linked(notebook: NotebookNode, repository: str | None, pages: str | None = None) -> NotebookNode:
    """Point links to the book's sections and pages to where a notebook that lies alone can reach them.

    Args:
        notebook: exercises.
        repository: address of the book's notebooks; None leaves the words of links to sections.
        pages: address of the rendered book, whose pages do what a notebook can't; None leaves their words.
    """
    section = rf"[\1]({repository}/\2)" if repository else r"\1"
    page = rf'<a href="{pages.rstrip("/")}/\1">\2</a>' if pages else r"\2"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = PAGE.sub(page, SECTION.sub(section, cell.source))
    return notebook


def for_class(notebook: NotebookNode, name: str, asked: Sequence[catalogue.Question]) -> NotebookNode:
    """What a class gets of a release: points and minutes at each question, how to hand in, a last look.

    Args:
        notebook: as nbgrader released it.
        name: of the assignment.
        asked: its questions.
    """
    notebook.cells[0].source = notebook.cells[0].source.rstrip() + HAND_IN.format(name=name).rstrip()
    questions = {question.name: question for question in asked}
    heading, checks, to_read = None, {}, []
    for cell in notebook.cells:
        kind = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and not kind:
            heading = cell
        elif kind.get("grade"):
            question = questions[kind["grade_id"].removeprefix("check-")]
            if heading is not None:
                heading.source = _with_points(heading.source, question)
            if cell.cell_type == "markdown":
                to_read.append(question.title)
            elif form := FORM.match(cell.source):
                checks[question.title] = f"form {form[1]}"
            elif call := CALL.match(cell.source):
                checks[question.title] = call[1]
    lines = "\n".join(f"        {json.dumps(title)}: {json.dumps(check)}," for title, check in checks.items())
    notebook.cells.append(new_code_cell(READY.format(checks=lines, to_read=json.dumps(to_read)), id="ready"))
    return notebook


def _with_points(text: str, question: catalogue.Question) -> str:
    """A question with its points and minutes below its heading."""
    told = f"*{question.points:g} point{'s' * (question.points != 1)}, about {question.minutes} minutes.*"
    return re.sub(r"^(#+ .+)$", rf"\1\n\n{told}", text, count=1, flags=re.M)


def answers(notebook: NotebookNode) -> NotebookNode:
    """The answer key: a master with its outputs, without nbgrader's marks."""
    for cell in notebook.cells:
        cell.source = MARK.sub("", cell.source).rstrip("\n")
    return notebook


def without_answers(notebook: NotebookNode) -> NotebookNode:
    """What nbgrader releases of a master, for whoever works alone: no gradebook knows of it."""
    from nbgrader.preprocessors import ClearHiddenTests, ClearOutput, ClearSolutions, LockCells

    resources: dict = {}
    stub = {"python": STUB}
    for step in (LockCells(), ClearSolutions(code_stub=stub), ClearOutput(), ClearHiddenTests()):
        notebook, resources = step.preprocess(notebook, resources)
    return notebook


def for_readers(
    notebook: NotebookNode, download: str | None = None, colab: str | None = None
) -> NotebookNode:
    """A page of the book: hints first, answers folded, no hidden tests.

    Args:
        notebook: a master.
        download: where the page finds the notebook without answers.
        colab: where Colab opens that notebook.
    """
    if download:
        links = f'<a href="{download}" download>Download these exercises</a>'
        if colab:
            links += f', or <a href="{colab}">open them in Colab</a>,'
        notebook.cells[0].source += f"\n\n{links} as a notebook without the answers."
    for cell in notebook.cells:
        kind = cell.metadata.get("nbgrader", {})
        if kind.get("grade") and cell.cell_type == "code":
            cell.source = exam.HIDDEN.sub("", cell.source).rstrip("\n")
            cell.outputs = _each_once(cell.outputs)
        elif kind.get("solution") and cell.cell_type == "code":
            cell.metadata.setdefault("tags", []).append("hide-input")
            cell.metadata["mystnb"] = {
                "code_prompt_show": "Show an answer",
                "code_prompt_hide": "Hide the answer",
            }
        elif kind.get("solution"):
            cell.source = f"<details><summary>An answer</summary>\n\n{cell.source}\n\n</details>"
    return answers(notebook)


def _each_once(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Say once what the visible and the hidden tests both say."""
    for output in outputs:
        if output.output_type == "stream":
            output.text = "".join(dict.fromkeys(output.text.splitlines(keepends=True)))
    return outputs


def _read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def _write(notebook: NotebookNode, path: Path) -> None:
    path.write_text(nbformat.writes(notebook) + "\n", "utf-8")


def _zip(folder: Path) -> None:
    """Pack a folder into FOLDER.zip beside it."""
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder.parent))
