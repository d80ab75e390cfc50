"""How well a trained model does: scores, errors, confusion, and how sure one can be of an error."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy  # whose parts are imported when they are first used: statistics take a second

if TYPE_CHECKING:  # Keras takes seconds
    import keras

# A difference that chance makes more rarely than this is taken for one.
SIGNIFICANCE = 0.05


def scores(model: "keras.Model", images: np.ndarray, batch_size: int = 500) -> np.ndarray:
    """Model outputs (n, classes) for images (n, height, width, channels), as the model expects them."""
    batches = [model.predict_on_batch(images[i : i + batch_size]) for i in range(0, len(images), batch_size)]
    return np.concatenate(batches)


def top_k_error(outputs: np.ndarray, labels: np.ndarray, k: int = 1) -> float:
    """Share of images whose label is not among the k highest scores.

    Args:
        outputs: (n, classes).
        labels: (n,) integers.
        k: how many guesses count.

    Raises:
        ValueError: no images, lengths that differ, or k outside 1..classes.
    """
    if len(outputs) == 0 or len(outputs) != len(labels):
        raise ValueError(
            f"{len(outputs)} outputs for {len(labels)} labels: there must be one for each, and one at least."
        )
    if not 1 <= k <= outputs.shape[1]:
        raise ValueError(f"k must be between 1 and the {outputs.shape[1]} classes, not {k}.")
    best = np.argsort(-outputs, axis=1, kind="stable")[:, :k]
    return float(np.mean(~(best == np.asarray(labels)[:, None]).any(axis=1)))


def confusion(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Count pairs (true class, predicted class): (classes, classes) integers that sum to n."""
    classes = outputs.shape[1]
    pairs = np.asarray(labels) * classes + outputs.argmax(axis=1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def interval(error: float, images: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of wrong answers: how far other images of the kind would move it.

    Whether two networks differ is another question, since both were tested on the same images: see `mcnemar`.

    Args:
        error: share of wrong answers; with `images` it is taken to the nearest whole number of them.
        images: how many were tested.

    Returns:
        Lower and upper end, as shares.

    Raises:
        ValueError: an error outside 0 to 1, or no images.

    Source: Wilson 1927.
    """
    if not 0 <= error <= 1 or images < 1:
        raise ValueError(f"An error is a share from 0 to 1 of at least one image; got {error} of {images}.")
    found = scipy.stats.binomtest(round(error * images), images).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval for the mean of measurements that scatter normally, such as those of seeds.

    Args:
        values: measurements, or differences within pairs. Of one value the interval is endless.

    Raises:
        ValueError: no values.

    Source: Student 1908.
    """
    if not len(values):
        raise ValueError("Expected at least one value to take the mean of, found none.")
    if len(values) == 1:
        return -math.inf, math.inf
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * scipy.stats.sem(values)
    return float(np.mean(values) - half), float(np.mean(values) + half)


@dataclass(frozen=True)
class Verdict:
    """What a comparison of two errors says.

    Attributes:
        points: the second error minus the first, in points (hundredths).
        interval: its 95 % interval, in points.
        lower: whose error is lower, "first" or "second"; "open" where chance may have made the difference.
        sentence: the verdict in words, with what it rests on.
        only_first_wrong: images that the first network alone classifies wrongly, where answers were compared.
        only_second_wrong: the same of the second network.
        images: how many were tested, likewise.
        p: of McNemar's exact test, two-sided, likewise.
        seeds: those that both have, where trainings with several were compared.
    """

    points: float
    interval: tuple[float, float]
    lower: str
    sentence: str
    only_first_wrong: int = 0
    only_second_wrong: int = 0
    images: int = 0
    p: float | None = None
    seeds: tuple[int, ...] = ()


def mcnemar(first_wrong: np.ndarray, second_wrong: np.ndarray) -> Verdict:
    """Compare two networks by their answers to the same images.

    Images that both get right, or both wrong, say nothing of which is better. Of the others, each network
    alone should be wrong in half if the two were equally good; the exact binomial test asks whether they
    are. The verdict is the test's, at 5 %; the interval is Tango's, whose ends may say otherwise at the
    very edge. Both are about other images of the same kind, not about other trainings: see `paired_seeds`.

    Args:
        first_wrong: (n,) whether the first network's answer is wrong.
        second_wrong: (n,) the same of the second, for the same images in the same order.

    Raises:
        ValueError: no images, or another number of them for each.

    Source: McNemar 1947; Tango 1998, Statistics in Medicine 17, 891-908, section 3.
    """
    first, second = (np.asarray(wrong, bool) for wrong in (first_wrong, second_wrong))
    if first.ndim != 1 or first.shape != second.shape or not len(first):
        raise ValueError(
            f"Expected one answer of each network for each image, at least one; found shapes {first.shape} "
            f"and {second.shape}."
        )
    return _mcnemar(int((first & ~second).sum()), int((second & ~first).sum()), len(first))


def mcnemar_at_worst(first: int, second: int, images: int) -> Verdict:
    """Compare two networks of which only the numbers of wrong answers to the same images are known.

    The more images one of them alone gets wrong, the less a difference means. So this takes as many as there
    can be: where the test finds a difference nevertheless, it finds one whatever the answers were. Where it
    does not, the answers themselves may still show one.

    Args:
        first: images that the first network classifies wrongly.
        second: those of the second.
        images: how many were tested.

    Returns:
        The comparison as `mcnemar` has it; p is the largest, and the interval the widest that there can be.

    Raises:
        ValueError: fewer than no wrong answers, more than images, or no images.
    """
    if images < 1 or not (0 <= first <= images and 0 <= second <= images):
        raise ValueError(f"Of {images} images, {first} and {second} cannot be wrong.")
    both = max(0, first + second - images)
    return _mcnemar(first - both, second - both, images, at_worst=True)


def _mcnemar(only_first: int, only_second: int, images: int, at_worst: bool = False) -> Verdict:
    p = 1.0
    if only_first + only_second:
        p = float(scipy.stats.binomtest(only_first, only_first + only_second).pvalue)
    points = 100 * (only_second - only_first) / images
    low, high = (100 * end for end in _tango(only_second, only_first, images))
    lower = "open" if p >= SIGNIFICANCE else "first" if points > 0 else "second"
    counted = (
        f"of {images:,} images {only_first:,} are wrong in the first network alone and {only_second:,} in "
        f"the second alone (McNemar's exact test, p = {p:.2g})"
    )
    if at_worst:
        counted = f"whichever images they got wrong, p is at most {p:.2g} (McNemar's exact test)"
    chance = "may be chance" + (", unless the answers to each image show more" if at_worst else "")
    meaning = chance if lower == "open" else "would hold on other images of the kind"
    sentence = f"{_said(points, low, high)}: {counted}; for these two trainings the difference {meaning}."
    return Verdict(points, (low, high), lower, sentence, only_first, only_second, images, p)


def _tango(plus: int, minus: int, images: int) -> tuple[float, float]:
    """Ends of Tango's 95 % score interval for (plus - minus) / images, both counts of discordant images."""
    z, difference = float(scipy.stats.norm.ppf(1 - SIGNIFICANCE / 2)), plus - minus

    def deviation(delta: float) -> float:
        """Standard deviation of `difference` if the true shares differ by delta (as Tango has it)."""
        b = (2 * images - difference) * delta - plus - minus
        c = -minus * delta * (1 - delta)
        share = (math.sqrt(max(0.0, b**2 - 8 * images * c)) - b) / (4 * images)
        return math.sqrt(max(0.0, images * (2 * share + delta * (1 - delta))))

    def end(sign: int) -> float:
        """Where the score is `sign` times z; at the difference itself it is 0, with no deviation 0 / 0."""
        if difference == -sign * images:
            return -sign
        near = difference / images - sign * 1e-9
        return scipy.optimize.brentq(
            lambda delta: difference - images * delta - sign * z * deviation(delta), -sign, near, xtol=1e-12
        )

    return float(end(1)), float(end(-1))


def paired_seeds(first: Mapping[int, float], second: Mapping[int, float]) -> Verdict:
    """Compare two ways to train by trainings with the same seeds.

    Seeds that both have are matched, since they share what is drawn: an order, a split, initial weights. The
    interval is Student's, for the mean of the differences over all seeds, on these test images. It is open
    where it holds zero, and with one seed, which says nothing of how others would scatter.

    Args:
        first: errors by seed, as shares.
        second: the same of the second way. Seeds that only one has don't count.

    Raises:
        ValueError: they have no seed in common.

    Source: Student 1908.
    """
    seeds = tuple(sorted(first.keys() & second.keys()))
    if not seeds:
        raise ValueError(f"Seeds {sorted(first)} and {sorted(second)} have none in common to compare.")
    ahead = [100 * (second[seed] - first[seed]) for seed in seeds]
    points, (low, high) = float(np.mean(ahead)), mean_interval(ahead)
    lower = "first" if low > 0 else "second" if high < 0 else "open"
    if len(seeds) == 1:
        said = f"{points:+.2f} points with one seed: open, until there are more."
    else:
        numbers = f"{len(seeds)} seeds that both have"
        meaning = "may be the seeds' chance: open" if lower == "open" else "is larger than the seeds' chance"
        said = f"{_said(points, low, high)}, of {numbers}: the difference {meaning}."
    return Verdict(points, (low, high), lower, said, seeds=seeds)


def _said(points: float, low: float, high: float) -> str:
    return f"{points:+.2f} points ({low:+.2f} to {high:+.2f})"
