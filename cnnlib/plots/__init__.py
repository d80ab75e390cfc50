"""Figures of one's own networks, trainings and pictures: inline SVGs in the ink of the page around them.

Each function takes its data as arguments and returns a `Drawing`. Text, axes and grid are drawn in the
page's own text colour, so one figure serves light and dark pages; data colours are mid-tones that stand out
from white and from near-black alike, in hues that colour-blind readers tell apart.
"""

from cnnlib.plots.curves import curves
from cnnlib.plots.drawing import Drawing
from cnnlib.plots.look import BLUE, GREEN, GREY, OCHRE, PALETTE, PAPER, PURPLE, VERMILLION
from cnnlib.plots.pictures import PRINT, SIGNED, feature_maps, filters, images, samples
from cnnlib.plots.results import confusion
