"""Figures that pages of this book draw: networks and blocks, what was measured, how trainings went.

`cnnlib.plots` has the others, and says how all of them are made.
"""

from cnnbook.plots.alexnet import dropout, two_towers
from cnnbook.plots.blocks import stacks
from cnnbook.plots.classroom import class_summary
from cnnbook.plots.costs import against, over_the_years, sweep
from cnnbook.plots.freezing import decision_chart, levels_of_freezing, transfer
from cnnbook.plots.inception import inception_module, modules
from cnnbook.plots.lenet5 import activations, answer, bitmaps, connection_table, moved, reading
from cnnbook.plots.measured import errors, responses, vanishing
from cnnbook.plots.networks import network
from cnnbook.plots.patterns import clouds
from cnnbook.plots.resnet import kinds_of_network, residual_blocks
from cnnbook.plots.sizes import (
    dense_widths,
    extractor_and_classifier,
    layer_counts,
    network_to_scale,
    parameter_bridge,
    shape_through_depth,
)
from cnnbook.plots.trainings import learning_curves, schedule
from cnnbook.plots.transfer_errors import by_layer, levels, over_images
from cnnbook.plots.vgg import configurations, receptive_fields
from cnnlib.plots.curves import roc

__all__ = [
    "activations",
    "against",
    "answer",
    "bitmaps",
    "by_layer",
    "class_summary",
    "clouds",
    "configurations",
    "connection_table",
    "decision_chart",
    "dense_widths",
    "dropout",
    "errors",
    "extractor_and_classifier",
    "inception_module",
    "kinds_of_network",
    "layer_counts",
    "learning_curves",
    "levels",
    "levels_of_freezing",
    "modules",
    "moved",
    "network",
    "network_to_scale",
    "over_images",
    "over_the_years",
    "parameter_bridge",
    "reading",
    "receptive_fields",
    "residual_blocks",
    "responses",
    "roc",
    "schedule",
    "shape_through_depth",
    "stacks",
    "sweep",
    "transfer",
    "two_towers",
    "vanishing",
]
