"""Crops of ten free photographs: real pictures that need no download.

A class is one photograph, so a network that knows these ten knows fur of this one cat, and what it scores
says nothing about other cats. What it learns on are real edges, colours and textures, unlike drawings. Train,
validation and test are crops of different parts of each photograph, which share no pixel: the left three
fifths, and the upper and the lower half of the rest. Crops of one part overlap, so a thousand of them tell
less than a thousand photographs would, and an interval that takes them for independent is too narrow.

Each crop has its own light: a random brightness and tint, so that neither tells the classes apart.

The same bytes on every machine: baseline JPEG without subsampled colour, which libjpeg-turbo decodes alike
everywhere, whole numbers of `RandomState`, and arithmetic of whole numbers.

NOTICE says whose each of them is.
"""

from pathlib import Path

import numpy as np
from matplotlib import get_data_path

from cnnlib.data.decoding import DataError, decode
from cnnlib.data.sets import SETS, Content, DataSpec
from cnnlib.data.sources import EMBEDDED

FOLDER = Path(__file__).with_name("photographs")
LARGEST = 96
"""Side of the largest crop, in pixels of the photographs."""


def crops(count: int, size: int = 32, split: str = "train", seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Cut crops, as many of each class to within one.

    Args:
        count: number of crops, from 1.
        size: height and width in pixels, 32 to 96. A crop is one to three times as large in the photograph,
            as far as 96 pixels go.
        split: of which part of the photographs: "train", "validation" or "test".
        seed: of places, scales, mirroring and light.

    Returns:
        Crops, uint8 (count, size, size, 3), and labels, int64 (count,), into the names of the classes of
        `SETS["photos"]`.

    Raises:
        ValueError: `count`, `size` or `split` is not one of these.
    """
    if count < 1 or not 32 <= size <= LARGEST or split not in SPLITS:
        raise ValueError(
            f"Expected at least 1 crop of 32 to {LARGEST} pixels of {', '.join(SPLITS)}; got {count} of "
            f"{size} pixels of {split}."
        )
    random = np.random.RandomState([seed, list(SPLITS).index(split)])
    parts = [_part(_photograph(name), split) for name in SETS["photos"].class_names]
    labels = np.arange(count) % len(parts)
    return np.stack([_crop(parts[label], size, random) for label in labels]), labels


def photos_set() -> dict[str, np.ndarray]:
    """Cut the set "photos": x and y of train, validation and test, as `SETS` counts them."""
    arrays = {}
    for split, count in SETS["photos"].full.splits.items():
        arrays[f"x_{split}"], arrays[f"y_{split}"] = crops(count, split=split)
    return arrays


SPLITS = {"train": (0, 0.6, 0, 1), "validation": (0.6, 1, 0, 0.5), "test": (0.6, 1, 0.5, 1)}
"""Left, right, upper and lower edge of each part, as shares of the photograph."""


def _photograph(name: str) -> np.ndarray:
    """Read a photograph, uint8 (height, width, 3)."""
    return np.asarray(decode(FOLDER / f"{name}.jpg"))


def _part(pixels: np.ndarray, split: str) -> np.ndarray:
    """Cut a split's part of a photograph (height, width, 3)."""
    (height, width, _), (left, right, top, bottom) = pixels.shape, SPLITS[split]
    return pixels[int(height * top) : int(height * bottom), int(width * left) : int(width * right)]


def _crop(part: np.ndarray, size: int, random: np.random.RandomState) -> np.ndarray:
    """Cut a random square, average it down to (size, size, 3), mirror it or not, light it."""

    def draw(low: int, high: int, n: int | None = None) -> np.ndarray:
        return random.randint(low, high, n, np.int64)  # the size of NumPy's own default differs by system

    times = int(draw(1, LARGEST // size + 1))
    top, left = (int(draw(0, side - size * times + 1)) for side in part.shape[:2])
    square = part[top : top + size * times, left : left + size * times].astype(np.int64)
    rows = np.sum([square[row::times] for row in range(times)], axis=0)
    small = np.sum([rows[:, column::times] for column in range(times)], axis=0) // times**2
    mirrored = small[:, :: 1 - 2 * int(draw(0, 2))]
    return (mirrored * (draw(*BRIGHTNESS) * draw(*TINT, 3)) >> 16).clip(0, 255).astype(np.uint8)


BRIGHTNESS, TINT = (160, 353), (208, 305)
"""Least and one more than most, in parts of 256: of the whole crop, and of each of its colours besides."""


def photograph() -> np.ndarray:
    """A whole photograph: Rear Admiral Grace Hopper, public domain, which matplotlib carries.

    Returns:
        uint8 (600, 512, 3).

    Raises:
        DataError: matplotlib was installed without its sample data.
    """
    file = Path(get_data_path(), "sample_data", "grace_hopper.jpg")
    if not file.exists():
        raise DataError(f"There is no {file}: reinstall matplotlib, with its sample data.")
    return np.asarray(decode(file))


_CONTENT = Content(
    train=4_000,
    validation=500,
    test=1_000,
    published_validation=True,
    sha256="b2683a20e21d7440a49f7a2cd6a33c3f79a1b682f12b3ce932048d84f12309b4",
)
SETS["photos"] = DataSpec(
    name="photos",
    class_names=(
        "fur",
        "coffee",
        "petals",
        "pagoda",
        "rocket",
        "retina",
        "brick",
        "grass",
        "gravel",
        "coins",
    ),
    image_shape=(32, 32, 3),
    licence="CC0, public domain and CC BY 2.0, photograph by photograph: see NOTICE",
    full=_CONTENT,
    quick=_CONTENT,
)
EMBEDDED["photos"] = ("cnnlib", photos_set)
