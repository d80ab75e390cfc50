"""Two classes, one of which is looked for: how a threshold on scores trades false alarms for found cases."""

import math

import numpy as np
import scipy


def roc(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trade false alarms against found cases, at every threshold that changes an answer.

    Args:
        scores: (n,) how sure the model is of class 1, on any scale.
        labels: (n,) 1 where the case is there, 0 where it is not.

    Returns:
        Shares of class 0 called 1 (1 - specificity), shares of class 1 called 1 (sensitivity), and the
        thresholds, falling from infinity: what scores as much or more is called 1. All of one length.

    Raises:
        ValueError: labels other than 0 and 1 or of one class only, scores that are not finite, or another
            number of them.
    """
    negatives, positives = (np.sort(of_class) for of_class in _by_class(scores, labels))
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([negatives, positives]))[::-1]])
    false_alarms, found = (
        1 - np.searchsorted(ordered, thresholds, side="left") / len(ordered)
        for ordered in (negatives, positives)
    )
    return false_alarms, found, thresholds


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve.

    It is the share of pairs of one image of each class in which class 1 has the higher score; equal scores
    count half. So it needs no threshold, and it stays the same when one class has more images. Arguments and
    errors are those of `roc`.
    """
    return float(_outranked(scores, labels)[1].mean())


def auc_interval(scores: np.ndarray, labels: np.ndarray, z: float = 1.96) -> tuple[float, float]:
    """DeLong's interval for the area under the ROC curve; z = 1.96 covers 95 %.

    It tells how far the area would move with other images of the same kind, not with another training. It
    is symmetric, then cut at 0 and 1, and where the scores part the classes without a mistake it has no
    width at all: that is a limit of the formula and no certainty.

    Args:
        scores: see `roc`.
        labels: see `roc`; two images of each class at least.
        z: half of its width in standard errors.

    Raises:
        ValueError: see `roc`, or a class with one image only.

    Source: DeLong, DeLong and Clarke-Pearson 1988.
    """
    shares = _outranked(scores, labels)
    if min(map(len, shares)) < 2:
        raise ValueError(
            f"{len(shares[0])} images of class 0 and {len(shares[1])} of class 1 tell nothing of how an area "
            "varies: give two of each at least."
        )
    half = z * math.sqrt(sum(share.var(ddof=1) / len(share) for share in shares))
    area = float(shares[1].mean())
    return max(0.0, area - half), min(1.0, area + half)


def sensitivity_specificity(scores: np.ndarray, labels: np.ndarray, threshold: float) -> tuple[float, float]:
    """Share of class 1 that is found, and share of class 0 that is left alone.

    The interval of each is `cnnlib.evaluation.interval(share, images)` with the images of its own class.

    Args:
        scores: see `roc`.
        labels: see `roc`.
        threshold: what scores as much or more is called 1. Choose it on validation images.

    Raises:
        ValueError: see `roc`.
    """
    negatives, positives = _by_class(scores, labels)
    return float(np.mean(positives >= threshold)), float(np.mean(negatives < threshold))


def _by_class(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scores of class 0 and those of class 1."""
    scores, labels = np.asarray(scores, "float64"), np.asarray(labels)
    if scores.ndim != 1 or scores.shape != labels.shape:
        raise ValueError(
            f"One score and one label are wanted for each image, not shapes {scores.shape} and "
            f"{labels.shape}: of outputs for two classes, take the column of class 1."
        )
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError(
            f"Labels must be 0 and 1, with some of each, not {sorted(set(labels.tolist()))[:5]}: a curve "
            "holds two classes against each other."
        )
    if not np.isfinite(scores).all():
        raise ValueError("Some scores are not finite: the training diverged, or something was divided by 0.")
    return scores[labels == 0], scores[labels == 1]


def _outranked(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each image of class 0 and of class 1, the share of the other class that is on its right side."""
    rankdata = scipy.stats.rankdata
    negatives, positives = _by_class(scores, labels)
    among_all, count = rankdata(np.concatenate([negatives, positives])), len(negatives)
    below_negatives = (among_all[:count] - rankdata(negatives)) / len(positives)
    return 1 - below_negatives, (among_all[count:] - rankdata(positives)) / count
