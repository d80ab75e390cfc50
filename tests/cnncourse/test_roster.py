"""A platform's list of a class is matched with what was handed in, and comes back as the platform imports it.

`canvas_import` and `moodle_import` read a file as the platforms' documentation and source say that they do.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from cnncourse import ClassroomError, roster
from cnncourse.names import alike
from cnncourse.roster import CANVAS, MOODLE, PLAIN, Result

FROM_CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,LeNet-5 (991),AlexNet (992),Current Score,Final Score
,,,,,Manual Posting,,,
    Points Possible,,,,,20.00,18.00,(read only),(read only)
"Lee, Anna",12345,00017,alee1,"Group A, Group B",,4.00,50,20
"Müller, Zoë",12346,00018,zmue2,Group A,7.00,,50,20
"O'Brien, Niamh",12347,00019,nobr3,Group B,,,50,20
"Student, Test",99999,,a1b2c3,Group B,,,,
"""
FROM_MOODLE = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 12345","Anna Lee",anna.lee@example.org,"Submitted for grading - ",,20.00,Yes,\
"Sunday, 29 November 2026, 6:58 PM",-,
"Participant 12346","Zoë Müller",zoe@example.org,"Submitted for grading - ",7.00,20.00,No,-,-,"So so"
"Participant 12347","Niamh O'Brien",niamh@example.org,"No submission",,20.00,Yes,-,-,
"""
PLAIN_TABLE = """\
First name;last name;matriculation number;room
Anna;Lee;00017;4
Zoë;Müller;00018;4
Jo;Lee;00020;5
"""


def canvas_import(text: str) -> dict[tuple[str, str], str]:
    """What Canvas would read: grades by user id and title, by its source's rules."""
    rows = [row for row in csv.reader(io.StringIO(text)) if any(row)]
    header, grades = rows[0], {}
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert header[2:5] == ["SIS User ID", "SIS Login ID", "Section"]
    for row in rows[1:]:
        if "Points Possible" in row[0] or all(not cell or cell.startswith("Manual Posting") for cell in row):
            continue
        for title, cell in zip(header[5:], row[5:], strict=True):
            if not any(word in title for word in ("Current Score", "Final Score")):
                grades[row[1], title] = cell.strip()
    return grades


def moodle_import(text: str) -> dict[int, tuple[float | None, str]]:
    """What Moodle would read: grade and feedback by participant; it asks for these three columns by name."""
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        assert {"Identifier", "Grade", "Last modified (grade)"} <= set(row)
        number = int(row["Identifier"][len("Participant ") :])
        grade = float(row["Grade"]) if row["Grade"] else None
        if grade is None or 0 <= grade <= float(row["Maximum grade"]):
            found[number] = (grade, row["Feedback comments"])
    return found


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> roster.Roster:
    path = tmp_path / "class.csv"
    path.write_bytes(text.encode(encoding))
    return roster.read(path)


def filled(listed: roster.Roster, results: list[Result], most: float = 20, column: str | None = None) -> str:
    path = listed.path.with_name("filled.csv")
    roster.fill(listed, results, "02_lenet5", most, column, path)
    return path.read_text("utf-8")


def row(listed: roster.Roster, name: str, number: str = "") -> int | None:
    person = listed.find(name, number)
    return person.row if person else None


def test_canvas_gets_its_own_file_back_with_the_points(tmp_path):
    listed = read(tmp_path, FROM_CANVAS, "utf-8-sig")
    assert (listed.kind, [person.shown for person in listed.people]) == (
        CANVAS,
        ["Lee, Anna", "Müller, Zoë", "O'Brien, Niamh"],
    )
    anna, zoe = row(listed, "leeanna", "12345"), row(listed, "zmue2")
    text = filled(listed, [Result(anna, 16.5, "fine"), Result(zoe, None, "still to be read")])
    before, after = canvas_import(FROM_CANVAS), canvas_import(text)
    assert after == before | {("12345", "LeNet-5 (991)"): "16.5"}
    assert after["12346", "LeNet-5 (991)"] == "7.00"  # no total yet: what stands there stays
    assert listed.warnings == []


def test_canvas_is_told_of_a_column_that_it_lacks_and_of_other_points(tmp_path):
    listed = read(tmp_path, FROM_CANVAS.replace("LeNet-5", "Homework"))
    text = filled(listed, [Result(row(listed, "Anna Lee"), 3, "")])
    assert canvas_import(text)["12345", "02_lenet5"] == "3"
    assert "make a new one" in listed.warnings[0]
    other = read(tmp_path, FROM_CANVAS)
    filled(other, [], most=18)
    assert "has 20.00 points in Canvas and 18 here" in other.warnings[0]
    named = read(tmp_path, FROM_CANVAS)
    assert (
        canvas_import(filled(named, [Result(4, 1, "")], column="AlexNet (992)"))["12346", "AlexNet (992)"]
        == "1"
    )
    with pytest.raises(ClassroomError, match="is not in"):
        filled(named, [], column="VGG")


def test_moodle_gets_its_own_worksheet_back(tmp_path):
    listed = read(tmp_path, FROM_MOODLE)
    assert listed.kind == MOODLE
    anna, zoe = row(listed, "whatever", "12345"), row(listed, "ZOE MULLER")
    text = filled(listed, [Result(anna, 16.5, "root: root(9) < 3 | =x"), Result(zoe, None, "to be read")])
    imported = moodle_import(text)
    assert imported[12345] == (16.5, "root: root(9) &lt; 3 | =x")
    assert imported[12346] == (7.0, "to be read")
    assert imported[12347] == (None, "")
    assert text.count("Sunday, 29 November 2026, 6:58 PM") == 1
    assert "locked in Moodle" in listed.warnings[0]


def test_moodle_leaves_out_what_is_more_than_its_maximum_and_we_say_so(tmp_path):
    listed = read(tmp_path, FROM_MOODLE.replace("20.00", "10.00").replace('"Feedback comments"', "Nothing"))
    filled(listed, [Result(1, 16, "x")])
    assert any("maximum of 10.00 in Moodle and of 20 here" in text for text in listed.warnings)
    assert any("takes no remarks" in text for text in listed.warnings)


def test_a_plain_table_gets_two_more_columns(tmp_path):
    listed = read(tmp_path, PLAIN_TABLE, "utf-16")
    assert listed.kind == PLAIN
    text = filled(listed, [Result(row(listed, "lee_anna"), 2, "=1+1"), Result(row(listed, "00020"), 3, "")])
    assert text.splitlines() == [
        "First name;last name;matriculation number;room;grade;feedback",
        "Anna;Lee;00017;4;2;'=1+1",
        "Zoë;Müller;00018;4;;",
        "Jo;Lee;00020;5;3;",
    ]


def test_nobody_is_guessed(tmp_path):
    listed = read(tmp_path, "Name,Login\nAnna Lee,a1\nÁnna Lee,a2\nBob,b\n")
    assert row(listed, "anna lee") is None
    assert row(listed, "A2") == 2
    assert row(listed, "Bo") is None
    assert row(listed, "") is None
    assert row(listed, "---") is None


@pytest.mark.parametrize(("text", "message"), [("", "no line below"), ("Name\n", "no line below")])
def test_a_file_that_is_no_list_is_refused(tmp_path, text, message):
    with pytest.raises(ClassroomError, match=message):
        read(tmp_path, text)
    with pytest.raises(ClassroomError, match="can't be read"):
        roster.read(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Anna Lee", "leeanna", True),
        ("Lee, Anna", "ANNA  lee", True),
        ("Zoë Müller", "Zoe\u0308 Mu\u0308ller", True),
        ("Zoë Müller", "zoe muller", True),
        ("Niamh O'Brien", "niamh obrien", True),
        ("李 娜", "李娜", True),
        ("Anna Lee", "Anna", False),
        ("ada", "bob", False),
        ("", "", False),
    ],
)
def test_names_that_are_the_same_written_otherwise(one, other, same):
    assert alike(one, other) == same
