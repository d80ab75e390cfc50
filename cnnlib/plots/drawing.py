"""What every figure is made of: its colours, its sheet, and the SVG it becomes."""

import base64
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from PIL import Image

# The Okabe-Ito hues, moved to lightnesses that keep a contrast above 3:1 on white and on #121212.
BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY = (
    "#2a86c8",
    "#d55e00",
    "#009268",
    "#b9649a",
    "#a98000",
    "#7f868d",
)
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY)

# Images cannot follow the page's colour, so they look like print in both themes: dark ink on a light sheet.
PAPER = "#f4f2ec"

INK = "#010203"  # stands for the page's text colour until the SVG is written
WIDTH = 346.0  # points; narrow, so that on a phone, 360 pixels wide, small text has 11 of them
TEXT, SMALL = 11.0, 10.6
MUTED = 0.72
LABEL: dict[str, Any] = {"size": SMALL, "va": "center_baseline"}  # of a text beside or in what it names
DASHES, SIGNS = ("-", "--", "-.") * 2, "osD^vP"  # tell series apart beside their colours
_FONT = "system-ui,sans-serif"
_Data = TypeVar("_Data")
_GROWTH = 1.6  # CSS pixels per point at full size: text is then about as large as the page's

styled = style.context(
    [
        "default",
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "cnnlib",
            "font.sans-serif": ["DejaVu Sans"],
            "text.parse_math": False,
            "image.composite_image": False,
            "savefig.transparent": True,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "font.size": TEXT,
            "axes.titlesize": TEXT,
            "axes.titlelocation": "left",
            "axes.labelsize": TEXT,
            "xtick.labelsize": SMALL,
            "ytick.labelsize": SMALL,
            "legend.fontsize": SMALL,
            "legend.frameon": False,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "grid.color": INK,
            "grid.alpha": 0.14,
            "grid.linewidth": 0.7,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.linewidth": 0.7,
            "xtick.major.size": 3,
            "xtick.major.width": 0.7,
            "ytick.major.size": 0,
            "lines.linewidth": 1.8,
            "lines.solid_capstyle": "round",
        },
    ]
)


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


def require(condition: object, message: str) -> None:
    """Refuse a figure with this message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def check_series(series: Mapping[str, object], where: str) -> None:
    """Refuse a figure without series, or with more than can be told apart."""
    require(series, f"{where}: nothing to draw")
    require(
        len(series) <= len(PALETTE), f"{where}: at most {len(PALETTE)} can be told apart, got {len(series)}"
    )


def looks(series: Mapping[str, _Data]) -> Iterator[tuple[str, _Data, str, str, str]]:
    """Give every series with a colour, a dash and a sign of its own."""
    for (name, data), colour, dash, sign in zip(series.items(), PALETTE, DASHES, SIGNS, strict=False):
        yield name, data, colour, dash, sign


def check_interval(where: str, value: float, low: float | None, high: float | None) -> None:
    """Refuse half an interval, and one without its value."""
    require((low is None) == (high is None), f"{where}: an interval needs both ends, got {low} and {high}")
    within = low is None or high is None or low <= value <= high
    require(within, f"{where}: {value} lies outside its interval {low} to {high}")


def check_label(label: str, value: str) -> None:
    """Refuse a label that does not fit on one line with its value."""
    space = WIDTH - 20 - text_width(value, TEXT)
    require(text_width(label, TEXT) < space, f"this label is longer than a line: {label!r}")


def text_width(text: str, size: float = SMALL) -> float:
    """Width of a line of text in points, in a font wider than those that pages use."""
    return float(TextPath((0, 0), text, size=size).get_extents().width) if text.strip() else 0.0


def capitalised(text: str) -> str:
    """Begin a text with a capital and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def times(shape: Sequence[int]) -> str:
    """Write a shape with the sign of multiplication: 28x28x6."""
    return "\N{MULTIPLICATION SIGN}".join(f"{n:,}" for n in shape)


def listed(items: Iterable[object]) -> str:
    """Write items one after the other, with commas."""
    return ", ".join(map(str, items))


def briefly(items: Sequence[object], most: int) -> str:
    """List items, of more than `most` the first, how many come between, and the last."""
    if len(items) <= most:
        return listed(items)
    return f"{items[0]}, {len(items) - 2} more, {items[-1]}"


def short(value: float) -> str:
    """Write a number to three digits, with a true minus sign."""
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def percent(value: float) -> str:
    """Write a fraction in per cent, to three digits."""
    return f"{100 * value:.3g}%"


def with_interval(value: float, low: float | None, high: float | None) -> str:
    """Write a fraction in per cent, with its interval where that has a width."""
    if low is None or high is None or low == high:
        return percent(value)
    return f"{percent(value)}, interval {percent(low)} to {percent(high)}"
