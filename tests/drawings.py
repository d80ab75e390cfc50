"""What the tests of figures share: the rules that every figure keeps, and readers of what was drawn."""

import base64
import io
import re
from collections.abc import Callable
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib
import numpy as np
from matplotlib.textpath import TextPath
from PIL import Image

from cnnlib import plots

# Left, top, right, bottom.
Box = tuple[float, float, float, float]
# Every figure of a module, with what its description must tell.
Figures = dict[str, tuple[Callable[[], plots.Drawing], list[str]]]
_SVG = "{http://www.w3.org/2000/svg}"


class Drawn(dict[str, plots.Drawing]):
    """The figures by name, each drawn when a test first asks for it."""

    def __init__(self, figures: Figures) -> None:
        super().__init__()
        self.figures = figures

    def __missing__(self, name: str) -> plots.Drawing:
        self[name] = self.figures[name][0]()
        return self[name]


def row(name: str, kind: str, shape: tuple[int, ...], params: int = 0, macs: int = 0) -> SimpleNamespace:
    """Stand in for `audit.Row`, which would bring Keras along."""
    return SimpleNamespace(name=name, kind=kind, output_shape=shape, params=params, macs=macs)


LENET = [
    row("C1", "Conv2D", (28, 28, 6), 156, 117_600),
    row("S2", "AveragePooling2D", (14, 14, 6)),
    row("C3", "Conv2D", (10, 10, 16), 2_416, 240_000),
    row("S4", "AveragePooling2D", (5, 5, 16)),
    row("C5", "Conv2D", (1, 1, 120), 48_120, 48_000),
    row("flatten", "Flatten", (120,)),
    row("F6", "Dense", (84,), 10_164, 10_080),
    row("output", "Dense", (10,), 850, 840),
]
DEEP = [
    row(f"conv{i}_1", "Conv2D", (224 // 2 ** (i // 3),) * 2 + (8 * 2 ** (i // 2),), 9) for i in range(16)
] + [
    row("global_pool", "GlobalAveragePooling2D", (1024,)),
    row("fc6", "Dense", (4096,), 9),
    row("fc7", "Dense", (4096,), 9),
    row("predictions", "Dense", (1000,), 9),
]


def check_rules(drawn: Drawn, name: str) -> None:
    """Hold one figure against the rules of all."""
    drawing, (draw, told) = drawn[name], drawn.figures[name]
    check_description(drawing, told)
    check_page(drawing)
    check_ink(drawing)
    check_ids(drawing)
    check_labels(drawing)
    with matplotlib.style.context(
        ["dark_background", {"font.size": 30, "axes.xmargin": 0.3, "image.origin": "lower"}]
    ):
        before = dict(matplotlib.rcParams)
        again = draw()
        assert dict(matplotlib.rcParams) == before
    assert again == drawing, "the same figure has the same bytes, whatever the user's style"


def check_description(drawing: plots.Drawing, told: list[str]) -> None:
    """The description tells the data."""
    for words in told:
        assert words in drawing.alt.replace("\N{MULTIPLICATION SIGN}", "x").replace("\N{MINUS SIGN}", "-")
    assert drawing.alt.endswith(".")
    svg = ElementTree.fromstring(drawing.svg)
    assert (svg.get("role"), svg.get("aria-label")) == ("img", drawing.alt)
    assert repr(drawing) == f"<Drawing: {drawing.alt}>"


def check_page(drawing: plots.Drawing) -> None:
    """The figure leaves the page alone and fits it."""
    assert len(drawing.svg.encode()) < 150_000
    assert not re.search(r"<style|<metadata|<script|xlink|http(?!://www\.w3\.org/2000/svg)", drawing.svg)
    svg = ElementTree.fromstring(drawing.svg)
    width = float(svg.get("viewBox", "").split()[2])
    assert width <= 346
    assert f"width:100%;max-width:{width * 1.6:.0f}px;height:auto" in svg.get("style", "")
    assert drawing._repr_html_() == f'<figure class="cnn" style="margin:1em 0">{drawing.svg}</figure>'


def check_ink(drawing: plots.Drawing) -> None:
    """Text and lines have the page's own colour."""
    svg = re.sub(r"base64,[^\"]+", "", drawing.svg)
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", svg)) <= set(plots.PALETTE)
    assert not re.search(r"(fill|stroke|color): ?(black|white|rgb)", svg)
    for label, _, _, style in texts(drawing):
        assert re.search(rf"fill: (currentColor|{'|'.join(plots.PALETTE)})", style), label


def ids(drawing: plots.Drawing) -> list[str]:
    """Give the ids in a figure."""
    return re.findall(r' id="([^"]+)"', drawing.svg)


def check_ids(drawing: plots.Drawing) -> None:
    """Every id comes once, and all that is referred to is there."""
    own = ids(drawing)
    assert len(own) == len(set(own))
    assert set(own) == set(re.findall(r'(?:url\(#|href="#)([^)"]+)', drawing.svg))


def check_labels(drawing: plots.Drawing) -> None:
    """Labels are large, inside the figure, and apart from each other."""
    *_, width, height = map(float, ElementTree.fromstring(drawing.svg).get("viewBox", "").split())
    labels = texts(drawing)
    for i, (label, size, (left, top, right, bottom), _) in enumerate(labels):
        assert size >= 9
        assert left > -1.5, label
        assert right < width + 1.5, label
        assert top > -1, label
        assert bottom < height, label
        for other, _, box, _ in labels[:i]:
            apart = right <= box[0] or box[2] <= left or bottom <= box[1] or box[3] <= top
            assert apart, (label, other)


def texts(drawing: plots.Drawing) -> list[tuple[str, float, Box, str]]:
    """Give each upright label, its font size, its box and its style."""
    found = []
    for element in ElementTree.fromstring(drawing.svg).iter(f"{_SVG}text"):
        style, label = element.get("style", ""), element.text or ""
        size = float(re.search(r"([\d.]+)px", style)[1])
        if "rotate(-90" in element.get("transform", ""):
            continue
        x, y = float(element.get("x", "nan")), float(element.get("y", "nan"))
        bold = "bold" if re.search(r"\b(bold|700)\b", style) else "normal"
        wide = TextPath((0, 0), label, size=size, prop={"weight": bold}).get_extents().width
        anchor = re.search(r"text-anchor: (\w+)", style)
        left = x - {"middle": 0.5, "end": 1.0}.get(anchor[1] if anchor else "start", 0.0) * wide
        found.append((label, size, (left, y - 0.73 * size, left + wide, y), style))
    return found


def words(drawing: plots.Drawing) -> dict[str, Box]:
    """Give the box of every label; of labels that come twice, the last."""
    return {label: box for label, _, box, _ in texts(drawing)}


def pixels(drawing: plots.Drawing) -> list[np.ndarray]:
    """Decode the images inside a drawing, as (H, W, 3)."""
    codes = re.findall(r"base64,([^\"]+)", drawing.svg)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB")) for code in codes]


def shapes(drawing: plots.Drawing, look: str) -> list[Box]:
    """Give the boxes of the shapes whose style holds `look`."""
    found = []
    for path in ElementTree.fromstring(drawing.svg).iter(f"{_SVG}path"):
        if look in path.get("style", ""):
            x, y = _points(path.get("d", "")).T
            found.append((min(x), min(y), max(x), max(y)))
    return found


def marks(drawing: plots.Drawing, look: str) -> list[tuple[float, float, float]]:
    """Give the place and the width of every mark whose style holds `look`, from left to right."""
    root = ElementTree.fromstring(drawing.svg)
    paths = {node.get("id"): node.get("d", "") for node in root.iter()}
    found = []
    for use in root.iter(f"{_SVG}use"):
        if look in use.get("style", "") and use.get("x"):
            width = np.ptp(_points(paths[use.get("href", "#")[1:]])[:, 0])
            found.append((float(use.get("x", "nan")), float(use.get("y", "nan")), float(width)))
    return sorted(found)


def _points(path: str) -> np.ndarray:
    return np.float64(re.findall(r"-?[\d.]+", path)).reshape(-1, 2)
