from __future__ import annotations

import importlib.metadata
import platform
import re
from pathlib import Path

import pytest

from cnnbook import versions
from cnnbook.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
COLAB = sorted((ROOT / "tests" / "colab").glob("*.txt"))
REQUIRES = ["numpy>=1.26", "Pillow>=10", 'jax>=0.5; extra == "jax"', 'torch>=2.6; extra == "torch"']
FINE = {"numpy": "2.1.3", "pillow": "11.0", "jax": "0.7"}


def said(installed: dict[str, str], tested: dict[str, str] | None = None) -> list[tuple[str, bool]]:
    return [(each.text, each.breaks) for each in versions.remarks(installed, REQUIRES, tested)]


def test_nothing_to_say_of_what_fits():
    assert said(FINE) == []
    assert said(FINE, {"numpy": "2.1.3", "pillow": "12.0"}) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"numpy": "1.25.2"}, "numpy 1.25.2 does not fit: >=1.26 is needed"),
        ({"numpy": "1.9"}, "numpy 1.9 does not fit: >=1.26 is needed"),  # as text it is the larger one
        ({"pillow": None}, "pillow is missing: >=10 is needed"),
        ({"jax": "0.4.30"}, "jax 0.4.30 does not fit: >=0.5 is needed"),
        ({"jax": None}, "missing: one of tensorflow, jax, torch, for Keras to compute with"),
    ],
)
def test_a_planted_fault_is_named(change, text):
    installed = {name: version for name, version in (FINE | change).items() if version}
    assert said(installed) == [(text, True)]


def test_newer_than_tested_is_worth_a_line_and_breaks_nothing():
    text = "numpy 2.10.0 is newer than 2.9.1, which was tested"
    assert said(FINE | {"numpy": "2.10.0"}, {"numpy": "2.9.1"}) == [(text, False)]


def test_python(monkeypatch):
    assert [each for each in versions.report() if "python " in each.text] == []
    monkeypatch.setattr(platform, "python_version", lambda: "3.10.13")
    assert versions.Remark("python 3.10.13 does not fit: >=3.11 is needed", True) in versions.report()


def test_lists_of_pip_freeze_and_locked_ones_are_read():
    text = """# a remark
numpy==2.0.1 ; python_full_version < '3.12' \\
    --hash=sha256:00
numpy==2.10.0 ; python_full_version >= '3.12' \\
Typing_Extensions==4.1
torch==2.11.0+cpu
local @ file:///tmp/local
-e git+https://example.org/x#egg=x
"""
    assert versions.read_freeze(text) == {
        "numpy": "2.10.0",
        "typing-extensions": "4.1",
        "torch": "2.11.0+cpu",
    }


@pytest.mark.parametrize("path", COLAB, ids=lambda path: path.name)
def test_colab_has_what_is_needed(path, capsys):
    assert main(["versions", str(path)]) == 0
    assert capsys.readouterr().out.endswith("cnnlib has what it needs.\n")
    without_keras = re.sub(r"^keras==.*\n", "", path.read_text(), flags=re.M)
    installed = versions.read_freeze(without_keras)
    faults = versions.remarks(installed, importlib.metadata.requires("cnnlib"))
    assert [each.text for each in faults] == ["keras is missing: >=3.10 is needed"]


def test_this_environment_fits(capsys):
    assert main(["versions"]) == 0
    assert "does not fit" not in capsys.readouterr().out


def test_a_fault_is_an_exit_status(tmp_path, capsys):
    path = tmp_path / "freeze.txt"
    path.write_text(COLAB[0].read_text().replace("keras==3", "keras==2"))
    assert main(["versions", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("keras 2") and "does not fit" in line for line in lines)
    assert lines[-1] == "cnnlib would not work here."


def test_a_file_that_is_no_list(tmp_path, capsys):
    path = tmp_path / "notes.txt"
    path.write_text("no versions in here\n")
    assert main(["versions", str(path)]) == 1
    assert "has no line such as numpy==2.1.3" in capsys.readouterr().err
    assert main(["versions", str(tmp_path / "nowhere.txt")]) == 1
    assert "nowhere.txt" in capsys.readouterr().err
