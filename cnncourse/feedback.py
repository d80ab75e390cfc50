"""A page of feedback for each student, and all of them as one zip that the platform takes back.

A page is HTML without scripts and shows a student their own answers, points and remarks, and nothing of the
checks: their hidden tests are the next class's too.
"""

from __future__ import annotations

import html
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import nbformat

from cnncourse import catalogue, intake
from cnncourse.sheet import Line

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ max-width: 45rem; margin: 2rem auto; padding: 0 1rem; font-family: system-ui, sans-serif; }}
pre {{ padding: .5rem; overflow-x: auto; border: 1px solid #8888; white-space: pre-wrap; }}
</style>
<h1>{title}</h1>
<p>{name}: {points}</p>
{body}
</html>
"""


def write(
    out: Path,
    assignment: str,
    questions: Mapping[str, float],
    found: Iterable[Line],
    titles: Mapping[str, str],
) -> Path:
    """Write a page for each submission into `feedback`, and `feedback.zip`; return the zip.

    Args:
        out: the folder of results.
        assignment: its name.
        questions: the most that each can bring.
        found: the lines of the sheet.
        titles: of the questions.
    """
    folder = out / "feedback"
    folder.mkdir(exist_ok=True)
    packed = out / "feedback.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for line in found:
            if line.submission:
                text = page(line, assignment, questions, titles, _answers(out, assignment, line))
                path = folder / f"{line.submission.student}.html"
                path.write_text(text, "utf-8", "replace")
                archive.write(path, platform_name(line, assignment))
    return packed


def titles(out: Path, assignment: str) -> dict[str, str]:
    """The headings of an assignment's questions, by question."""
    asked = catalogue.questions(out / "source" / assignment / f"{assignment}.ipynb")
    return {question.name: question.title for question in asked if question.title}


def platform_name(line: Line, assignment: str) -> str:
    """Where a platform looks for a person's feedback: in Moodle's folder, or under the name that Canvas gave.

    Canvas reads the numbers of the person and of the file from the name; Moodle the person's from the folder.
    """
    assert line.submission
    label = line.submission.label
    if (match := intake.MOODLE.fullmatch(label)) and not match["rest"]:
        return f"{label}/feedback.html"
    if match or intake.CANVAS.fullmatch(label):
        return str(PurePosixPath(label).with_suffix(".html"))
    return f"{line.submission.student}.html"


def _answers(out: Path, assignment: str, line: Line) -> dict[str, str]:
    """The texts of a student's own cells, by question."""
    assert line.submission
    if line.fault or not line.submission.notebook or not line.submission.notebook.is_file():
        return {}
    notebook = nbformat.read(line.submission.notebook, as_version=4)
    kinds = [(cell.metadata.get("nbgrader", {}), cell.source) for cell in notebook.cells]
    return {kind["grade_id"]: source for kind, source in kinds if kind.get("solution")}


def page(
    line: Line,
    assignment: str,
    questions: Mapping[str, float],
    titles: Mapping[str, str],
    answers: Mapping[str, str],
) -> str:
    """One student's page."""
    most = sum(questions.values())
    points = f"{line.total:g} of {most:g} points" if line.total is not None else "not complete yet"
    body = [f"<p>{html.escape(remark)}</p>" for remark in line.remarks]
    for name, largest in questions.items():
        given = line.points[name]
        got = "no points yet" if given is None else f"{given:g} of {largest:g} points"
        body.append(f"<h2>{html.escape(titles.get(name, name))}</h2>\n<p>{got}</p>")
        if name in line.comments:
            body.append(f"<p>{html.escape(line.comments[name])}</p>")
        elif given:
            body.append("<p>Right.</p>" if given == largest else "")
        if name in answers:
            body.append(f"<pre>{html.escape(answers[name])}</pre>")
    escaped = html.escape(line.name)
    return PAGE.format(title=html.escape(assignment), name=escaped, points=points, body="\n".join(body))
