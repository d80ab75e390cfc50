"""The look of every figure: its colours, sizes and signs."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from matplotlib import style

from cnnlib.plots.words import require

_Data = TypeVar("_Data")

# The Okabe-Ito hues, moved to lightnesses that keep a contrast above 3:1 on white and on #121212.
BLUE, VERMILLION, GREEN = "#2a86c8", "#d55e00", "#009268"
PURPLE, OCHRE, GREY = "#b9649a", "#a98000", "#7f868d"
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY)

# Images cannot follow the page's colour, so they look like print in both themes: dark ink on a light sheet.
PAPER = "#f4f2ec"

INK = "#010203"  # stands for the page's text colour until the SVG is written
WIDTH = 346.0  # points; narrow, so that on a phone, 360 pixels wide, small text has 11 of them
TEXT, SMALL = 11.0, 10.6
MUTED = 0.72
LABEL: dict[str, Any] = {"size": SMALL, "va": "center_baseline"}  # of a text beside or in what it names
DASHES, SIGNS = ("-", "--", "-.") * 2, "osD^vP"  # tell series apart beside their colours

_FLAT = ("axes.spines.top", "axes.spines.right", "axes.spines.left", "legend.frameon")
_INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color")
styled = style.context(
    [
        "default",
        {
            **dict.fromkeys(_INKED, INK),
            **dict.fromkeys(("figure.facecolor", "axes.facecolor"), "none"),
            **dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), TEXT),
            **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), SMALL),
            **dict.fromkeys(("axes.linewidth", "xtick.major.width", "grid.linewidth"), 0.7),
            **dict.fromkeys((*_FLAT, "text.parse_math", "image.composite_image"), False),
            **dict.fromkeys(("savefig.transparent", "axes.grid", "axes.axisbelow"), True),
            "svg.fonttype": "none",
            "svg.hashsalt": "cnnlib",
            "font.sans-serif": ["DejaVu Sans"],
            "axes.titlelocation": "left",
            "grid.alpha": 0.14,
            "xtick.major.size": 3,
            "ytick.major.size": 0,
            "lines.linewidth": 1.8,
            "lines.solid_capstyle": "round",
        },
    ]
)


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
