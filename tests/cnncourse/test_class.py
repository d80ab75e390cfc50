"""A whole class, with every kind of damage in it, is graded in one run: nobody is lost, and no mark."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import nbformat
import pytest
import submissions
from small_course import NAME, master, write_master

from cnncourse import builds
from cnncourse.__main__ import main

# All kinds once; `CNNLIB_CLASS=120` in the environment has them three times, each in other wrappings.
COUNT = int(os.environ.get("CNNLIB_CLASS", len(submissions.ANSWERS) + len(submissions.UNGRADABLE)))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The builds of two assignments."""
    out = tmp_path_factory.mktemp("class")
    other = master()
    for number, cell in enumerate(other.cells):
        cell.id = f"other-{number}"
        cell.source = (
            cell.source.replace("double", "triple").replace("root", "square").replace("mine", "yours")
        )
        if name := cell.metadata.get("nbgrader", {}).get("grade_id"):
            new = name.replace("double", "triple").replace("root", "square").replace("mine", "yours")
            cell.metadata["nbgrader"]["grade_id"] = new.replace("why", "how")
    path = write_master(out / "masters")
    nbformat.write(other, path.with_name("large.ipynb"))
    builds.build([path, path.with_name("large.ipynb")], out)
    settings = out / "autograder" / "nbgrader_config.py"
    settings.write_text(settings.read_text("utf-8") + "c.ExecuteSealed.timeout = 10\n")
    return out


def test_nobody_of_a_class_is_lost(course, tmp_path, capsys):
    student = course / "student"
    cases = submissions.write(tmp_path / "in", student / f"{NAME}.ipynb", student / "large.ipynb", COUNT)
    listed = tmp_path / "roster.csv"
    listed.write_text(submissions.roster(cases, ["Gone Fishing"]), "utf-8")
    command = ["grade", str(tmp_path / "in"), "--assignment", NAME, "--out", str(tmp_path / "out")]
    command += ["--bundle", str(course / "autograder"), "--roster", str(listed), "--with-unread"]
    assert main(command) == 1
    said = capsys.readouterr().out
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8") as file:
        sheet = {line["student"]: line for line in csv.DictReader(file)}
    assert len(sheet) == COUNT + 1
    wrong = []
    for case in cases:
        line = sheet[case.person.name]
        got = tuple(float(line[name]) if line[name] else None for name in ("double", "root", "mine"))
        if got != (case.points or (None,) * 3) or case.said not in line["feedback"]:
            wrong.append((case.kind, case.person.name, got, case.points, case.said, line["feedback"]))
    assert wrong == []
    failed = [case for case in cases if case.points is None]
    assert f"{len(failed)} could not be graded" in said
    assert "1 of the roster handed in nothing:\n    Gone Fishing" in said
    assert "are not on the roster" not in said
    assert "left aside, since they are nobody's:\n" in said
    assert "grades of last week.xlsx" in said
    filled = list(csv.DictReader((tmp_path / "out" / "roster-filled.csv").open(encoding="utf-8")))
    assert {line["Name"]: line["grade"] for line in filled} == {
        name: line["so far"] for name, line in sheet.items()
    }
    assert not (tmp_path / "evil.ipynb").exists()
    assert Path(tmp_path / "out" / "feedback.zip").is_file()
