"""Committed outputs show what a reader came for, and nothing of the machine that made them."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted([*ROOT.glob("notebooks/**/*.ipynb"), *ROOT.glob("book/*.ipynb")])
CHATTER = re.compile(
    r"\bat 0x[0-9a-f]{6,}|/home/|/tmp/|/root/|/usr/|site-packages|\w+Warning\b|Traceback|it/s\]|ms/step|\r"
    r"|\d/\d+\S* \S*━|[█▏]|cuda_\w+\.cc|XLA service|cuDNN|oneDNN|AVX\d|\bEpoch \d+/\d+|^[IWE]\d{4} ",
    re.MULTILINE,
)


def outputs(path: Path) -> list[tuple[str, str]]:
    """Stream or type, and text of every output of a notebook."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                found.append((output["name"], output["text"]))
            found += [(kind, str(text)) for kind, text in output.get("data", {}).items()]
            if output["output_type"] == "error":
                found.append(("error", "\n".join(output["traceback"])))
    return found


def without_pictures(text: str) -> str:
    return re.sub(r"base64,[^\"]+", "", text)


@pytest.mark.parametrize(
    "text",
    [
        "<keras.src.Layer object at 0x7f2a10b2c4d0>",
        "/home/me/book/a.py:3: UserWarning: old",
        "\r 50%",
        "12/12 ━━━━━━ 0s 2ms/step",
        "\x1b[1m12/12\x1b[0m \x1b[32m━━━━━━\x1b[0m",
        "Epoch 1/3",
        "I0000 00:00:17 gpu_device.cc",
    ],
)
def test_chatter_is_recognised(text):
    assert CHATTER.search(text)


def test_the_summary_of_a_network_is_none():
    assert not CHATTER.search(
        "┏━━━━━━━━━━━━━━┳━━━━━━━━━━┓\n┃ Layer (type) ┃ Output Shape ┃\n┡━━━━━━━━━━━━━━╇━━━━━━━━━━┩"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_tidy(path):
    found = outputs(path)
    assert [text for kind, text in found if kind in ("stderr", "error")] == []
    assert [hit[0] for _, text in found for hit in CHATTER.finditer(without_pictures(text))] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_imports_are_folded_away(path):
    """The first cell of imports is a set-up; a reader may open it."""
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    code = [cell for cell in code if not {"setup", "parameters"} & set(cell.metadata.get("tags", []))]
    imports = [cell for cell in code if re.match(r"import |from ", cell.source)]
    assert not imports or "hide-input" in imports[0].metadata.get("tags", [])


def not_shown(code: str) -> list[str]:
    """The tables and drawings that a cell makes and drops, since something else stands behind them."""
    dropped = [ast.unparse(line) for line in ast.parse(code).body[:-1] if isinstance(line, ast.Expr)]
    return [line for line in dropped if re.match(r"(cnn|cnnbook|cnnlib)\.(plots|tables)\.", line)]


def test_a_drawing_that_is_dropped_is_found():
    assert not_shown("cnn.tables.Table(a, b)\nassert a") == ["cnn.tables.Table(a, b)"]
    assert not_shown("assert a\ncnnbook.plots.answer(a)") == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_table_or_drawing_is_what_its_cell_shows(path):
    """A notebook shows the value of a cell's last line only."""
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    code = [
        re.sub("(?m)^%.*", "", cell.source) for cell in code if "setup" not in cell.metadata.get("tags", [])
    ]
    assert [line for source in code for line in not_shown(source)] == []
