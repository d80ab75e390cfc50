"""A class of students, without a name in it."""

from collections.abc import Mapping, Sequence

from cnnlib.plots.drawing import Drawing, blank, finish
from cnnlib.plots.look import BLUE, LABEL, styled
from cnnlib.plots.words import percent, require


@styled
def class_summary(totals: Sequence[float], most: float, shares: Mapping[str, float | None]) -> Drawing:
    """Draw how many submissions reached how many points, and the share of the points by question.

    Args:
        totals: points of each submission.
        most: points that a submission can reach.
        shares: by question, the share of its points that the class got; None where nobody has read them.

    Raises:
        ValueError: there is no question, or the most points are not above 0.
    """
    require(shares, "class_summary: nothing to draw, there are no questions")
    require(most > 0, f"class_summary: the most points must be above 0, not {most}")
    figure = blank(150 + 20 * len(shares))
    above, below = figure.subplots(2, gridspec_kw={"height_ratios": [110, 20 * len(shares)]})
    above.hist(totals, bins=min(12, max(3, round(most))), range=(0, most), color=BLUE, rwidth=0.92)
    above.set(xlabel="points", title=f"{len(totals)} submissions")
    above.grid(axis="x", visible=False)
    names = list(shares)[::-1]
    below.barh(names, [shares[name] or 0 for name in names], color=BLUE, alpha=0.5, height=0.7)
    for place, name in enumerate(names):
        below.text(0.015, place, _told(shares[name]), **LABEL)
    below.set(xlim=(0, 1), title="share of the points, by question", xticks=[])
    below.grid(visible=False)
    told = ", ".join(f"{name} {_told(share)}" for name, share in shares.items())
    alt = f"{len(totals)} submissions of at most {most:g} points. Share of the points: {told}."
    return finish(figure, alt)


def _told(share: float | None) -> str:
    return "to be read" if share is None else percent(round(share, 2))
