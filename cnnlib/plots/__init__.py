"""Figures of one's own networks, trainings and pictures: inline SVGs in the ink of the page around them.

Each function takes its data as arguments and returns a `Drawing`. Text, axes and grid are drawn in the
page's own text colour, so one figure serves light and dark pages; data colours are mid-tones that stand out
from white and from near-black alike, in hues that colour-blind readers tell apart.
"""

from cnnlib.plots.curves import curves, learning_curves, schedule, vanishing
from cnnlib.plots.drawing import BLUE, GREEN, GREY, OCHRE, PALETTE, PAPER, PURPLE, VERMILLION, Drawing
from cnnlib.plots.networks import network
from cnnlib.plots.pictures import PRINT, SIGNED, augmented, feature_maps, filters, images, samples
from cnnlib.plots.results import comparison, confusion

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "OCHRE",
    "PALETTE",
    "PAPER",
    "PRINT",
    "PURPLE",
    "SIGNED",
    "VERMILLION",
    "Drawing",
    "augmented",
    "comparison",
    "confusion",
    "curves",
    "feature_maps",
    "filters",
    "images",
    "learning_curves",
    "network",
    "samples",
    "schedule",
    "vanishing",
]
