"""The sheet that a figure is drawn on, and the SVG it becomes."""

import base64
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from PIL import Image

from cnnlib.plots.look import INK, SMALL, TEXT, WIDTH
from cnnlib.plots.words import require

_FONT = "system-ui,sans-serif"
_GROWTH = 1.6  # CSS pixels per point at full size: text is then about as large as the page's


@dataclass(frozen=True, repr=False)
class Drawing:
    """A finished figure: notebooks and the book show it, `save` writes it.

    Attributes:
        svg: the `<svg>` element, complete in itself.
        alt: what the figure shows, in words, for readers who cannot see it.
    """

    svg: str
    alt: str

    def _repr_html_(self) -> str:
        return f'<figure class="cnn" style="margin:1em 0">{self.svg}</figure>'

    def __repr__(self) -> str:
        return f"<Drawing: {self.alt}>"

    def save(self, path: str | Path) -> None:
        """Write the figure to `path` as an SVG file."""
        Path(path).write_text(self.svg + "\n", encoding="utf-8")


def finish(figure: Figure, alt: str) -> Drawing:
    """Write the figure as an SVG that may stand in any page beside any other.

    Matplotlib's own SVG is a document: it styles every element of the page it is put into (`*{...}`), its ids
    repeat from figure to figure, and its colours are fixed. The same figure always gives the same bytes.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    href = "{http://www.w3.org/1999/xlink}href"
    for element in list(root.iter()):
        for child in list(element):
            if child.tag.endswith(("metadata", "style")):
                element.remove(child)
        element.tag = element.tag.rpartition("}")[2]
        if href in element.attrib:
            link = element.attrib.pop(href)
            element.set("href", _compact(link) if element.tag == "image" else link)
    width, height = figure.get_size_inches() * 72
    root.attrib.clear()
    root.attrib |= {
        "xmlns": "http://www.w3.org/2000/svg",
        "role": "img",
        "aria-label": alt,
        "viewBox": f"0 0 {width:g} {height:g}",
        "width": f"{width * _GROWTH:.0f}",
        "height": f"{height * _GROWTH:.0f}",
        "style": f"width:100%;max-width:{width * _GROWTH:.0f}px;height:auto;stroke-linejoin:round",
    }
    text = re.sub(r"\s+", " ", ElementTree.tostring(root, encoding="unicode"))
    text = text.replace("> <", "><").replace("'DejaVu Sans', sans-serif", _FONT)
    return Drawing(_unique_ids(text).replace(INK, "currentColor"), alt)


def _compact(link: str) -> str:
    """Rewrite an embedded PNG with a palette where its colours allow, a photograph as JPEG: fewer bytes."""
    image = Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2]))).convert("RGB")
    colours, indices = np.unique(np.asarray(image).reshape(-1, 3), axis=0, return_inverse=True)
    buffer = io.BytesIO()
    if len(colours) > 256 and min(image.size) > 48:
        image.save(buffer, "jpeg", quality=88, subsampling=0, optimize=True)
        return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    if len(colours) <= 256:
        image = Image.frombytes("P", image.size, indices.astype(np.uint8).tobytes())
        image.putpalette(colours.tobytes())
    image.save(buffer, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _unique_ids(svg: str) -> str:
    """Keep the ids that something refers to, and make them differ from those of any other drawing."""
    digest = hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    names = {old: f"cnn-{digest}-{i}" for i, old in enumerate(used)}
    svg = re.sub(r' id="([^"]*)"', lambda match: f' id="{names[match[1]]}"' if match[1] in names else "", svg)
    return re.sub(r'(url\(#|href="#)([^")]+)', lambda match: match[1] + names[match[2]], svg)


def blank(height: float) -> Figure:
    """Return an empty figure, of the common width and `height` points, that lays out its axes itself."""
    return Figure((WIDTH / 72, height / 72), layout="constrained")


def chart(height: float) -> tuple[Figure, Axes]:
    """Return a figure of the common width and `height` points, and its axes."""
    figure = blank(height)
    return figure, figure.subplots()


def sheet(width: float, height: float, title: str = "") -> tuple[Figure, Axes]:
    """Return a sheet to draw on in points, x to the right and y downwards, blank but for its title."""
    figure = Figure((width / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    axes.text(0, 11, title, weight="bold", va="baseline")
    return figure, axes


def legend(figure: Figure, axes: Axes) -> None:
    """Put the legend above the axes, in as few lines as its labels allow."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, int(WIDTH // (max(map(text_width, labels)) + 38)))
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, borderaxespad=0, borderpad=0.2)


def check_label(label: str, value: str) -> None:
    """Refuse a label that does not fit on one line with its value."""
    space = WIDTH - 20 - text_width(value, TEXT)
    require(text_width(label, TEXT) < space, f"this label is longer than a line: {label!r}")


def text_width(text: str, size: float = SMALL) -> float:
    """Width of a line of text in points, in a font wider than those that pages use."""
    return float(TextPath((0, 0), text, size=size).get_extents().width) if text.strip() else 0.0
