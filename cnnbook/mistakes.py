"""Classic mistakes in preparing pictures for a trained network, and what each costs it.

None of them raises an error: the shapes are right, and the network answers as it always does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, TypeVar

import numpy as np
from keras import ops
from PIL import Image, ImageOps

from cnnbook import photos
from cnnlib import data, weights
from cnnlib.data.decoding import decode
from cnnlib.data.folders import PictureFolder
from cnnlib.data.pixels import Pixels
from cnnlib.data.sources import DataError, user_folder
from cnnlib.data.views import CentreView
from cnnlib.evaluation import top_k_error
from cnnlib.weights import Pretrained

Thing = TypeVar("Thing")

RIGHT = "no mistake"
# Ends of the ranges of confidence in which answers are counted.
CONFIDENCES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
_RECORDED_ANSWERS = 10
# Photographs of a camera take some 36 MB each.
_PICTURES_AT_A_TIME = 20
_SQUASHED_TO = 3 / 4


@dataclass(frozen=True)
class Mistake:
    """One thing done otherwise than when the network was trained.

    Attributes:
        says: how it comes about.
        picture: what becomes of a picture, given with the side of the network's images, before the view.
        pixels: from the right preparation and uint8 images (n, height, width, 3) to the network's input.
    """

    says: str
    picture: Callable[[Image.Image, int], Image.Image] = lambda picture, side: picture
    pixels: Callable[[Pixels, np.ndarray], Any] = lambda right, images: right(images)


def _without_mean(right: Pixels, images: np.ndarray) -> Any:
    zero = {"mean": np.zeros_like(right.measured["mean"])} if "mean" in right.measured else {}
    return Pixels(right.name, {**right.measured, **zero})(images)


def _squashed(picture: Image.Image, side: int) -> Image.Image:
    return picture.resize((round(picture.width * _SQUASHED_TO), picture.height), Image.Resampling.BILINEAR)


def _thumbnail(picture: Image.Image, side: int) -> Image.Image:
    share = side / 4 / min(picture.size)
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _middle(picture: Image.Image, side: int) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 4, height // 4, width - width // 4, height - height // 4))


MISTAKES: dict[str, Mistake] = {
    RIGHT: Mistake("as when the network was trained"),
    "red and blue exchanged": Mistake(
        "the file was read by a library that gives blue first",
        pixels=lambda right, x: right(np.ascontiguousarray(x[..., ::-1])),
    ),
    "no mean": Mistake("the subtraction was forgotten", pixels=_without_mean),
    "0 to 1 alone": Mistake(
        "levels divided by 255, as other networks want them",
        pixels=lambda right, x: ops.cast(x, "float32") / 255,
    ),
    "0 to 1 and prepared": Mistake(
        "levels divided by 255 when the file was read, and prepared as well",
        pixels=lambda right, x: right(x.astype("float32") / 255),
    ),
    "prepared twice": Mistake(
        "once by the program and once more within the network", pixels=lambda right, x: right(right(x))
    ),
    "mirrored": Mistake("left and right exchanged", lambda picture, side: ImageOps.mirror(picture)),
    "on its side": Mistake(
        "the camera's note on which way is up was ignored",
        lambda picture, side: picture.transpose(Image.Transpose.ROTATE_90),
    ),
    "squashed": Mistake("narrower by a quarter, as if 4 by 3 were made square without cutting", _squashed),
    "thumbnail": Mistake("a quarter of the network's size, enlarged", _thumbnail),
    "too near": Mistake("cut to the middle half, not made smaller", _middle),
}


def see(pretrained: Pretrained, picture: Image.Image | np.ndarray, mistake: str = RIGHT) -> np.ndarray:
    """The square that a network is shown of a picture, before its pixels are prepared.

    Args:
        pretrained: a network for colour images of one size. Where it says nothing of how a picture becomes
            an image, the largest central square is made as small as its images.
        picture: of any size, from PIL or uint8 (height, width, 3).
        mistake: a key of `MISTAKES`.

    Returns:
        uint8 (side, side, 3).

    Raises:
        KeyError: no such mistake.
        ValueError: the network takes other images.
    """
    height, width, channels = pretrained.model.input_shape[1:]
    if channels != 3 or height is None or height != width:
        raise ValueError(
            f"Expected a network for square colour images of one size; {pretrained.model.name} takes "
            f"{pretrained.model.input_shape[1:]}: build it with such an input_shape."
        )
    view = pretrained.view or CentreView(height, height)
    return view(_find(mistake).picture(decode(picture), height), np.zeros(0, "float32"))


def prepare(pretrained: Pretrained, seen: np.ndarray, mistake: str = RIGHT) -> np.ndarray:
    """The input of a network: its pixels rightly prepared, or with a mistake.

    Args:
        pretrained: the network.
        seen: uint8 (n, side, side, 3), from `see`.
        mistake: a key of `MISTAKES`; one of the picture changes nothing here.

    Returns:
        float32 (n, side, side, 3).

    Raises:
        KeyError: no such mistake.
    """
    return ops.convert_to_numpy(_find(mistake).pixels(pretrained.pixels, seen))


def shown(pretrained: Pretrained, prepared: np.ndarray) -> np.ndarray:
    """The images that an input would stand for, had it been prepared rightly: what the network takes it for.

    Args:
        pretrained: the network.
        prepared: float32 (n, side, side, 3), from `prepare`.

    Returns:
        uint8 (n, side, side, 3); what is darker than black or lighter than white is cut off.

    Raises:
        ValueError: of this network's preparation it isn't known how to take it back.
    """
    pixels = pretrained.pixels
    levels = pixels.ordered(prepared.astype("float64"))
    if pixels.name == "unit":
        levels = levels * 255
    elif pixels.name == "standard":
        levels = levels * pixels.measured["deviation"] + pixels.measured["mean"]
    elif pixels.name in ("mean_rgb", "mean_bgr", "mean_image"):
        levels = levels + pixels.measured["mean"]
    elif pixels.name != "as_is":
        raise ValueError(f"The preparation {pixels.name!r} is not one that can be taken back here.")
    return np.clip(np.rint(levels), 0, 255).astype("uint8")


def scores(
    pretrained: Pretrained, pictures: Sequence[Image.Image | np.ndarray], mistake: str = RIGHT
) -> np.ndarray:
    """A network's scores (n, classes) for pictures prepared rightly, or with a mistake.

    Raises:
        KeyError, ValueError: see `see`; or there are no pictures.
    """
    if not len(pictures):
        raise ValueError("There are no pictures: give one at least.")
    found = []
    for few in _in_groups(pictures):
        seen = np.stack([see(pretrained, picture, mistake) for picture in few])
        found.append(pretrained.model.predict_on_batch(prepare(pretrained, seen, mistake)))
    return np.concatenate(found)


def best(pretrained: Pretrained, outputs: np.ndarray, top: int = 5) -> list[tuple[str, float]]:
    """Names and scores of the highest of one picture's scores (classes,), the highest first."""
    places = np.argsort(-outputs, kind="stable")[:top]
    return [(pretrained.class_names[place], float(outputs[place])) for place in places]


def measure(
    pretrained: Pretrained,
    pictures: PictureFolder,
    class_names: Sequence[str],
    *,
    mistakes: Sequence[str] = tuple(MISTAKES),
) -> dict:
    """Measure how often a network is right on a folder of pictures, with each mistake.

    Args:
        pretrained: the network.
        pictures: of classes that the network knows. A damaged one stops the measurement or is left out, as
            the folder was opened.
        class_names: what the network calls the folder's classes, in the folder's order.
        mistakes: keys of `MISTAKES`, one at least; the others are judged by the first.

    Returns:
        "images": how many were read; "trials": for each mistake its name and words, "top1_error" and
        "top5_error" among all classes of the network, "among_these" the top-1 error if only the folder's
        classes compete, "lost" and "won" pictures (right with the first of the mistakes and wrong with this
        one, and the other way round), "confidence", the mean of the highest scores, and "bins" (`in_bins`).

    Raises:
        DataError: no picture can be read.
        KeyError: no such mistake.
        ValueError: a class is unknown to the network, or its name is that of two; or see `see`.
    """
    places = _places(pretrained, pictures, class_names)
    outputs, labels = _outputs(pretrained, pictures, mistakes)
    labels, known = places[labels], np.sort(places)
    right_first = outputs[0].argmax(axis=1) == labels
    trials = []
    for name, found in zip(mistakes, outputs, strict=True):
        right, sure = found.argmax(axis=1) == labels, found.max(axis=1)
        trials.append(
            {
                "mistake": name,
                "says": MISTAKES[name].says,
                "top1_error": top_k_error(found, labels),
                "top5_error": top_k_error(found, labels, min(5, found.shape[1])),
                "among_these": top_k_error(found[:, known], np.searchsorted(known, labels)),
                "lost": int((right_first & ~right).sum()),
                "won": int((~right_first & right).sum()),
                "confidence": float(sure.mean()),
                "bins": in_bins(sure, right),
            }
        )
    return {"images": len(labels), "trials": trials}


def in_bins(confidences: np.ndarray, right: np.ndarray | None = None) -> list[dict]:
    """Count answers by how sure the network is of them.

    Args:
        confidences: (n,) highest scores.
        right: (n,) whether the answer is right; None where no answer can be.

    Returns:
        For each range between two `CONFIDENCES` "from", "to", "images" and, with `right`, "right".
    """
    edges = list(pairwise(CONFIDENCES))
    places = np.clip(np.searchsorted(CONFIDENCES, confidences, side="right") - 1, 0, len(edges) - 1)
    found = []
    for place, (low, high) in enumerate(edges):
        within = places == place
        row: dict[str, Any] = {"from": low, "to": high, "images": int(within.sum())}
        found.append(row if right is None else row | {"right": int((within & right).sum())})
    return found


def cost(lost: int, won: int, images: int, z: float = 1.96) -> tuple[float, float, float]:
    """What a mistake adds to the error, and its normal interval: the same pictures with and without it.

    Args:
        lost: pictures answered rightly only without the mistake.
        won: pictures answered rightly only with it.
        images: how many there are.
        z: 1.96 covers 95 %.

    Returns:
        The difference of the two errors, the lower and the upper end of its interval, as shares.

    Raises:
        ValueError: there are no images, or fewer than those that changed.
    """
    if images < 1 or min(lost, won) < 0 or lost + won > images:
        raise ValueError(f"Of {images} images, {lost} and {won} cannot have changed.")
    difference = (lost - won) / images
    half = z * math.sqrt(max(0.0, lost + won - images * difference**2)) / images
    return difference, difference - half, difference + half


def of_unknown(pretrained: Pretrained, pictures: Sequence[Image.Image | np.ndarray]) -> dict:
    """What a network answers to pictures of no class that it knows, rightly prepared.

    Returns:
        "images": how many; "confidence": the mean of the highest scores; "bins": see `in_bins`; "answers":
        how often each class was named, the most frequent first.
    """
    outputs = scores(pretrained, pictures)
    sure = outputs.max(axis=1)
    names = Counter(pretrained.class_names[place] for place in outputs.argmax(axis=1))
    return {
        "images": len(outputs),
        "confidence": float(sure.mean()),
        "bins": in_bins(sure),
        "answers": dict(names.most_common()),
    }


def of_photograph(pretrained: Pretrained, picture: Image.Image | np.ndarray, top: int = 5) -> dict:
    """The first answers to one picture, with each mistake: by its name the pairs of class and score."""
    return {
        name: [list(pair) for pair in best(pretrained, scores(pretrained, [picture], name)[0], top)]
        for name in MISTAKES
    }


def experiment() -> dict:
    """Measure what each mistake costs SqueezeNet, and what it answers to what it does not know.

    Returns:
        The record "preprocessing" but for where and when it was made: what `measure` returns on the test
        pictures of Imagenette at hand; "unknown" with `of_unknown` for kinds of flowers that ImageNet lacks
        and for chest X-rays; "photograph" with `of_photograph` for `photos.photograph()`; "settings"; "data".

    Raises:
        DataError: Imagenette, PneumoniaMNIST or flowers12, 12 of the Oxford flowers, is not in the folder
            that CNNLIB_DATA names.
        WeightsError: SqueezeNet's weights cannot be had.
    """
    pretrained = weights.load("squeezenet_imagenet")
    known, xrays = data.load("imagenette", "colab"), data.load("pneumoniamnist", "colab")
    remedy = "Set CNNLIB_DATA to the folder that holds imagenette/, pneumoniamnist.npz and flowers12/."
    if (folder := user_folder(remedy)) is None:
        raise DataError(remedy)
    flowers = data.open_folder(folder / "flowers12")
    used: dict[str, data.DataSet] = {"known": known, "flowers": flowers, "chest X-rays": xrays}
    strange = [
        split.read(index)
        for split in (flowers.train, flowers.test)
        for index, label in enumerate(split.labels)
        if split.class_names[label] not in pretrained.class_names
    ]
    grey = np.repeat(xrays.test.x, 3, axis=-1)
    return measure(pretrained, known.test, known.class_names) | {
        "unknown": {
            "flowers": of_unknown(pretrained, strange),
            "chest X-rays": of_unknown(pretrained, list(grey)),
        },
        "photograph": of_photograph(pretrained, photos.photograph(), _RECORDED_ANSWERS),
        "settings": {
            "weights": "squeezenet_imagenet",
            "source": pretrained.source,
            "view": str(pretrained.view),
            "pixels": pretrained.pixels.described(),
        },
        "data": {
            use: {"name": found.name, "source": found.source, "sha256": found.sha256}
            for use, found in used.items()
        },
    }


def _find(mistake: str) -> Mistake:
    if mistake not in MISTAKES:
        raise KeyError(f"There is no mistake {mistake!r}: use one of {', '.join(MISTAKES)}.")
    return MISTAKES[mistake]


def _places(pretrained: Pretrained, pictures: PictureFolder, class_names: Sequence[str]) -> np.ndarray:
    """The outputs of the network that stand for the folder's classes."""
    if len(class_names) != len(pictures.class_names):
        raise ValueError(
            f"{pictures.root} has {len(pictures.class_names)} classes and {len(class_names)} names were "
            "given: name what the network calls each of them."
        )
    for name in class_names:
        if (times := pretrained.class_names.count(name)) != 1:
            raise ValueError(
                f"Expected one class called {name!r}; {pretrained.model.name} has {times}: `class_names` of "
                "the weights lists what it knows."
            )
    return np.array([pretrained.class_names.index(name) for name in class_names])


def _outputs(
    pretrained: Pretrained, pictures: PictureFolder, mistakes: Sequence[str]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Scores (n, classes) with each mistake, and labels (n,), of a folder's good pictures."""
    found: list[list[np.ndarray]] = [[] for _ in mistakes]
    labels: list[int] = []
    for few in _in_groups(_read(pictures)):
        labels += [label for _, label in few]
        for outputs, name in zip(found, mistakes, strict=True):
            outputs.append(scores(pretrained, [picture for picture, _ in few], name))
    if not labels:
        raise DataError(f"{pictures.root}: expected pictures; found none that can be decoded.")
    return [np.concatenate(each) for each in found], np.array(labels)


def _read(pictures: PictureFolder) -> Iterator[tuple[Image.Image, int]]:
    """Every good picture of a folder, with its label."""
    for index, label in enumerate(pictures.labels.tolist()):
        try:
            yield pictures.read(index), label
        except DataError:
            if pictures.on_bad == "stop":
                raise


def _in_groups(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    """A few at a time, the next ones read when the last are done with."""
    rest = iter(things)
    while few := list(islice(rest, _PICTURES_AT_A_TIME)):
        yield few
