"""What a student gets holds no answer and no hidden test; the other builds hold what they are for."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from masters import MASTERS, ROOT
from nbformat.v4 import new_markdown_cell, new_notebook
from small_course import NAME, master, write_master

from cnncourse import STUB, ClassroomError, builds, catalogue, exam
from cnncourse.__main__ import main
from cnncourse.check import Wrong, answers, question, ready, value

HIDDEN = (
    'question(value)(double(21), 42, "double(21)")',
    'question(value)(root(9), 3, "root(9)")',
    *exam.BEGINS,
    *exam.ENDS,
)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """The builds of all masters."""
    out = tmp_path_factory.mktemp("classroom")
    builds.build(MASTERS, out, "https://example.org/notebooks", pages="https://example.org/pages/")
    return out


def secrets(path: Path) -> set[str]:
    """The lines of a master that a student must not see."""
    return exam.hidden_lines(nbformat.read(path, as_version=4))


def leaks(path: Path, handed_out: Path) -> list[str]:
    """Those of them that a notebook shows all the same."""
    found = exam.leaks(handed_out, [nbformat.read(path, as_version=4)])
    return [line.removeprefix(f"{handed_out.name}: ") for line in found]


@pytest.mark.parametrize("section", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_section_and_its_exercises_link_to_each_other(section):
    master = section.parent / "exercises" / section.name
    assert f"](../{section.name})" in nbformat.read(master, as_version=4).cells[0].source
    texts = [
        cell.source for cell in nbformat.read(section, as_version=4).cells if cell.cell_type == "markdown"
    ]
    assert any(f"](exercises/{section.name})" in text for text in texts)


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_what_students_get_links_to_what_lies_beside_no_student(classroom, path):
    text = (classroom / "student" / path.name).read_text("utf-8")
    assert f"](https://example.org/notebooks/{path.name})" in text
    assert not re.search(r'\]\(\.\./|href=\\?"\.\./', text)


def test_without_an_address_links_leave_their_words():
    link = '<a href="../../book/page.html#batch=4&amp;seed=1">a batch\nof `4`</a>'
    text = f"[A section](../02_lenet5.ipynb) and {link}, {link}"

    def linked(*addresses):
        return builds.linked(new_notebook(cells=[new_markdown_cell(text)]), *addresses).cells[0].source

    assert linked(None) == "A section and a batch\nof `4`, a batch\nof `4`"
    there = link.replace("../../", "https://example.org/pages/")
    assert linked(None, "https://example.org/pages/") == f"A section and {there}, {there}"


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_what_students_get_sets_itself_up_on_colab(classroom, path):
    cells = nbformat.read(classroom / "student" / path.name, as_version=4).cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert first.metadata["tags"] == ["setup", "remove-cell"]
    assert "%pip install" in first.source


def test_secrets_are_found_at_all():
    assert all(len(secrets(path)) >= 10 for path in MASTERS)


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_nothing_secret_is_in_what_students_get(classroom, path):
    assert leaks(path, classroom / "student" / path.name) == []
    with zipfile.ZipFile(classroom / "student.zip") as packed:
        assert sorted(packed.namelist()) == [f"student/{each.name}" for each in MASTERS]
        assert packed.read(f"student/{path.name}") == (classroom / "student" / path.name).read_bytes()


def test_a_secret_that_leaked_is_seen(tmp_path):
    path = write_master(tmp_path)
    own = 'mine = draw(student, "mine", range(1000))'
    assert secrets(path) == {"return x + x", "return x**0.5", own, "Because.", *HIDDEN}
    assert set(leaks(path, path)) == secrets(path)
    clean = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(clean, tmp_path / "clean.ipynb")
    assert leaks(path, tmp_path / "clean.ipynb") == []
    clean.cells[0].metadata["left"] = "a remark: return x + x"
    nbformat.write(clean, tmp_path / "clean.ipynb")
    assert leaks(path, tmp_path / "clean.ipynb") == ["return x + x"]


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_students_get_every_question_and_no_output(classroom, path):
    given, handed_out = (
        nbformat.read(each, as_version=4) for each in (path, classroom / "student" / path.name)
    )
    assert len(given.cells) + 1 == len(handed_out.cells)
    answers = [cell for cell in handed_out.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    assert all(STUB in cell.source for cell in answers if cell.cell_type == "code")
    assert not any(cell.get("outputs") for cell in handed_out.cells)


@pytest.mark.parametrize("build", ["answers", "reader"])
@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_answers_and_pages_show_answers_without_marks(classroom, path, build):
    text = (classroom / build / path.name).read_text("utf-8")
    assert not any(mark in text for mark in (*exam.BEGINS, *exam.ENDS, STUB))


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_who_works_alone_gets_the_same_questions(classroom, path):
    alone = builds.without_answers(nbformat.read(path, as_version=4))
    handed_out = nbformat.read(classroom / "autograder" / "release" / path.stem / path.name, as_version=4)
    assert [cell.source for cell in alone.cells] == [cell.source for cell in handed_out.cells]


def test_the_four_builds_of_a_question(tmp_path):
    builds.build([write_master(tmp_path / "masters")], tmp_path)
    cells = {
        name: nbformat.read(tmp_path / name / f"{NAME}.ipynb", as_version=4).cells
        for name in ("student", "answers", "reader")
    }
    assert cells["student"][4].source == f"def double(x):\n    {STUB}"
    assert cells["student"][5].source == 'question(value)(double(3), 6, "double(3)")'
    assert cells["student"][0].source.startswith("# Small\n\nOn a section.\n\n**To hand it in**")
    assert "`small.ipynb`" in cells["student"][0].source
    assert cells["student"][3].source == "## Twice\n\n*2 points, about 5 minutes.*"
    assert cells["student"][9].source == "## Your own\n\n*1 point, about 5 minutes.*"
    assert cells["answers"][3].source == "## Twice"
    assert cells["answers"][4].source == "def double(x):\n    return x + x"
    assert "double(21)" in cells["answers"][5].source
    assert cells["reader"][4].metadata["tags"] == ["hide-input"]
    assert "double(21)" not in cells["reader"][5].source
    assert cells["reader"][13].source.startswith("<details>")
    bundle = tmp_path / "autograder"
    assert "double(21)" in (bundle / "source" / NAME / f"{NAME}.ipynb").read_text("utf-8")
    assert (bundle / "gradebook.db").is_file()


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_the_last_cell_asks_for_every_check_and_every_open_answer(classroom, path, capsys, monkeypatch):
    monkeypatch.setattr(answers, "_outcomes", {})  # other tests run checks in this process
    given = nbformat.read(path, as_version=4)
    last = nbformat.read(classroom / "student" / path.name, as_version=4).cells[-1]
    asked = catalogue.questions_of(given)
    module = next(
        line for cell in given.cells for line in cell.source.splitlines() if line.endswith(" as check")
    )
    names = {"student": "grace"}
    exec(f"{module}\n{last.source}", names)
    said = capsys.readouterr().out
    for each in asked:
        what = "a person reads your answer" if each.kind == "open" else "its check has not been run"
        assert f"{each.title}: {what}" in said
    checks = [call for cell in given.cells if (call := builds.CALL.match(cell.source)) and is_check(cell)]
    assert len(checks) == sum(each.kind != "open" for each in asked)
    assert all(callable(eval(call[1], names)) for call in checks)


def is_check(cell: nbformat.NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("grade", False)


def test_a_notebook_says_what_is_missing_before_it_is_handed_in(capsys):
    @question
    def size(given):
        value(given, 3, "size")

    names = {"student": "ada", "check": SimpleNamespace(size=size)}
    ready(names, {"How large?": "check.size", "How deep?": "check.depth"}, ["Why?"])
    said = capsys.readouterr().out
    assert "The name is still 'ada'" in said
    assert "How large?: its check has not been run." in said
    assert "How deep?: its check has not been run." in said
    assert "Why?: a person reads your answer" in said
    with pytest.raises(Wrong):
        size(4)
    ready(names, {"How large?": "check.size"})
    assert "How large?: not right yet." in capsys.readouterr().out
    size(3)
    ready({**names, "student": "grace"}, {"How large?": "check.size"})
    assert "Every check says that you are right." in capsys.readouterr().out


def test_the_package_is_packed_to_lie_beside_the_notebooks(tmp_path, capsys):
    assert main(["wheel", "--out", str(tmp_path)]) == 0
    wheel = Path(capsys.readouterr().out.splitlines()[0])
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert wheel.match("cnnlib-*.whl")
    packages = [path for name in ("cnnlib", "cnnbook", "cnncourse") for path in (ROOT / name).rglob("*.*")]
    ours = {path.relative_to(ROOT).as_posix() for path in packages if "__pycache__" not in path.parts}
    assert ours - set(names) == set()
    assert not any("exercises" in name or name.startswith("tests/") for name in names)
    builds.build([write_master(tmp_path / "masters")], tmp_path / "out", wheel=wheel)
    with zipfile.ZipFile(tmp_path / "out" / "student.zip") as packed:
        assert sorted(packed.namelist()) == [f"student/{wheel.name}", f"student/{NAME}.ipynb"]
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ClassroomError, match="can't build the package"):
        builds.package_wheel(tmp_path / "nothing", tmp_path)


def test_a_master_that_nbgrader_refuses_is_named(tmp_path):
    wrong = master()
    wrong.cells[7].metadata["nbgrader"]["grade_id"] = "double"
    path = tmp_path / "masters" / f"{NAME}.ipynb"
    path.parent.mkdir()
    nbformat.write(wrong, path)
    with pytest.raises(ClassroomError, match=f"{NAME}: nbgrader can't release it: .*[Dd]uplicate"):
        builds.build([path], tmp_path)
