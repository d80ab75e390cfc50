"""Every figure of the book, as an inline SVG that takes its ink from the page around it.

Each function takes its data as arguments and returns a `Drawing`. Text, axes and grid are drawn in the
page's own text colour, so one figure serves light and dark pages; data colours are mid-tones that stand out
from white and from near-black alike, in hues that colour-blind readers tell apart.
"""

from cnnlib.plots.blocks import inception_module, residual_blocks, stacks
from cnnlib.plots.branching import kinds_of_network, modules
from cnnlib.plots.classes import class_summary
from cnnlib.plots.costs import against, over_the_years, sweep
from cnnlib.plots.curves import (
    activations,
    comparison,
    confusion,
    curves,
    errors,
    learning_curves,
    progress,
    responses,
    schedule,
    vanishing,
)
from cnnlib.plots.drawing import BLUE, GREEN, GREY, OCHRE, PALETTE, PAPER, PURPLE, VERMILLION, Drawing
from cnnlib.plots.networks import (
    configurations,
    connection_table,
    dense_widths,
    dropout,
    extractor_and_classifier,
    layer_counts,
    network,
    network_to_scale,
    parameter_bridge,
    receptive_fields,
    shape_through_depth,
    two_towers,
)
from cnnlib.plots.pictures import PRINT, SIGNED, answer, augmented, bitmaps, feature_maps, filters, images
from cnnlib.plots.transfer import (
    by_layer,
    decision_chart,
    levels,
    levels_of_freezing,
    over_images,
    roc,
    samples,
    transfer,
)

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
    "activations",
    "against",
    "answer",
    "augmented",
    "bitmaps",
    "by_layer",
    "class_summary",
    "comparison",
    "configurations",
    "confusion",
    "connection_table",
    "curves",
    "decision_chart",
    "dense_widths",
    "dropout",
    "errors",
    "extractor_and_classifier",
    "feature_maps",
    "filters",
    "images",
    "inception_module",
    "kinds_of_network",
    "layer_counts",
    "learning_curves",
    "levels",
    "levels_of_freezing",
    "modules",
    "network",
    "network_to_scale",
    "over_images",
    "over_the_years",
    "parameter_bridge",
    "progress",
    "receptive_fields",
    "residual_blocks",
    "responses",
    "roc",
    "samples",
    "schedule",
    "shape_through_depth",
    "stacks",
    "sweep",
    "transfer",
    "two_towers",
    "vanishing",
]
