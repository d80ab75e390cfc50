"""Where images lie, by their pixels and by features."""

from collections.abc import Mapping

import numpy as np

from cnnlib.plots.drawing import Drawing, blank, finish
from cnnlib.plots.look import PALETTE, TEXT, styled
from cnnlib.plots.words import listed, require

_SIGNS = ("o", "^")  # of the classes that have the first use of a colour, and of those that have its second


@styled
def clouds(points: Mapping[str, np.ndarray], labels: np.ndarray) -> Drawing:
    """Draw images as points in two directions, panel by panel, each class in a colour and with its number.

    Args:
        points: for each title the places (n, 2) of the images.
        labels: (n,) of at most ten classes.

    Raises:
        ValueError: there are no points, more than ten classes, or not one label for each point.
    """
    labels = np.asarray(labels)
    require(len(points) and labels.size, "clouds: nothing to draw, there are no points")
    classes = np.unique(labels)
    require(len(classes) <= 10, f"clouds: at most ten classes, got {len(classes)}")
    figure = blank(200)
    panels = figure.subplots(1, len(points), squeeze=False)[0]
    for axes, (title, places) in zip(panels, points.items(), strict=True):
        require(np.shape(places) == (len(labels), 2), f"clouds: {title} needs a place (x, y) for each label")
        for place, label in enumerate(classes):
            sign, colour = divmod(place, len(PALETTE))
            own = places[labels == label]
            axes.scatter(*own.T, s=8, color=PALETTE[colour], marker=_SIGNS[sign], alpha=0.55, lw=0)
            axes.text(
                *np.median(own, axis=0), str(label), size=TEXT + 2, weight="bold", ha="center", va="center"
            )
        axes.set_title(title)
        axes.set(xticks=[], yticks=[])
    count = f"{len(labels)} images of {len(classes)} classes"
    return finish(figure, f"{count} as points in two directions, by {listed(points)}.")
