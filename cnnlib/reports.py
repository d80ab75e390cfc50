"""What a network does with test pictures, as a report that can be read and figures that can be looked at."""

from collections.abc import Sequence

import numpy as np

from cnnlib import evaluation, plots, two_classes
from cnnlib.data import Split
from cnnlib.plots.curves import roc
from cnnlib.tables import Table


def tested(
    outputs: np.ndarray,
    test: Split,
    names: tuple[str, ...],
    paths: Sequence[str],
    trained_on: np.ndarray,
) -> tuple[str, float, dict[str, plots.Drawing]]:
    """Say what a network does with test pictures: by class, with intervals, beside guessing, how sure.

    Args:
        outputs: probabilities (n, classes).
        test: the pictures, as the network saw them, with their labels.
        names: of the classes.
        paths: of the pictures.
        trained_on: labels of the training pictures, of which the most frequent is what a guess would be.

    Returns:
        The report in Markdown; the error as a share; figures "confusion", "mistakes" and of two classes
        "roc".
    """
    given, counts = outputs.argmax(axis=1), np.bincount(test.y, minlength=len(names))
    matrix, sure = evaluation.confusion(outputs, test.y), outputs.max(axis=1)
    wrong = given != test.y
    error, common = float(wrong.mean()), int(np.bincount(trained_on).argmax())
    low, high = evaluation.interval(error, len(test))
    by_class: list[list[object]] = []
    for label, (name, count) in enumerate(zip(names, counts.tolist(), strict=True)):
        share = 1 - matrix[label, label] / count
        between = "{:.1%} to {:.1%}".format(*evaluation.interval(share, count))
        by_class.append([name, count, count - int(matrix[label, label]), f"{share:.1%}", between])
    certain, sentence = sure >= 0.9, "It is never 90 % sure."
    if certain.any():
        right = 1 - wrong[certain].mean()
        sentence = f"Where it is 90 % sure or more ({certain.sum()} of {len(test)}), {right:.0%} are."
    lines = [
        f"**Test error {error:.1%}** ({low:.1%} to {high:.1%}, 95 % interval; {wrong.sum()} of {len(test)} "
        f"pictures). Always to answer {names[common]}, the most frequent class in training, would be wrong "
        f"in {(test.y != common).mean():.1%}.",
        str(Table(["class", "test pictures", "wrong", "error", "95 % interval"], by_class)),
        f"It is {sure.mean():.0%} sure of its answers on average, and {1 - error:.0%} of them are right. "
        + sentence,
    ]
    figures = {"confusion": plots.confusion(matrix, names)}
    if len(names) == 2:
        false, true, _ = two_classes.roc(outputs[:, 1], test.y)
        area, ends = two_classes.auc(outputs[:, 1], test.y), two_classes.auc_interval(outputs[:, 1], test.y)
        lines.append(f"Area under the ROC curve for {names[1]}: {area:.3f} ({ends[0]:.3f} to {ends[1]:.3f}).")
        figures["roc"] = roc({names[1]: (false.tolist(), true.tolist())})
    worst = np.flatnonzero(wrong)[np.argsort(-sure[wrong], kind="stable")][:8]
    if len(worst):
        figures["mistakes"] = plots.images(test.x[worst], [names[given[place]] for place in worst], 4)
        said = [f"`{paths[place]}` as {names[given[place]]} ({sure[place]:.0%} sure)" for place in worst]
        lines.append(f"The worst mistakes: {'; '.join(said)}.")
    return "\n\n".join(lines), error, figures
