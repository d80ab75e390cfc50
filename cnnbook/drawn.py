"""Synthetic pictures for first runs: textured shapes in colour, and drawn lungs in grey.

They are no photographs and no x-rays, and what a network scores on them says nothing about photographs or
x-rays. Ten shapes are drawn in many places and sizes, tilted, in any colours, so that single pixels tell
little and only a network that finds edges and how they meet does well. Mirrored pictures look like others of
their class. The lungs are phantoms of two kinds: see `lungs`.

The same bytes on every machine: the draws are whole numbers of `RandomState`, whose stream NumPy has frozen,
and all that follows is arithmetic of whole numbers, besides square roots, which IEEE 754 rounds exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from cnnlib.data.sets import SETS, Content, DataSpec
from cnnlib.data.sources import EMBEDDED

SIDE = 4096
"""Of a picture, in the units that it is drawn in, whatever its pixels."""
RADIUS = 1024
"""Of a shape, in the units of its own coordinates."""
FAR = 16 * RADIUS
"""Farther than any shape reaches, and near enough for squares of 32 bits."""
FULL = 256
"""Coverage of a pixel that lies wholly within a shape."""
SIZES = (32, 224)
CHEST = 28
"""Pixels along each side of a phantom, as of the x-rays that it stands in for."""

TURNS = 64
TILT = 5  # of a shape, to either side, in parts of a turn: 28 degrees
# No product lies near a half, so that rounding does not depend on the last digit of a cosine.
COSINES = np.rint(RADIUS * np.cos(2 * np.pi * np.arange(TURNS) / TURNS)).astype(np.int32)
SINES = np.roll(COSINES, TURNS // 4)

PIXELS_PER_CHUNK = 2**16
SPOTS, LINES = 4, 2

Field = np.ndarray
"""How far inside a shape each point lies: int32 (n, size, size), in units of its coordinates."""


def shapes(count: int, size: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw pictures of shapes, as many of each class to within one.

    The first pictures of a longer set are those of a shorter one. Pictures of another size show the same
    scenes, with other noise.

    Args:
        count: number of pictures, from 1.
        size: height and width in pixels, 32 to 224.
        seed: of everything that is drawn by chance.

    Returns:
        Pictures, uint8 (count, size, size, 3), and labels, int64 (count,), into the names of the classes of
        `SETS["shapes"]`.

    Raises:
        ValueError: `count` or `size` is out of range.
    """
    if count < 1 or not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(
            f"Expected at least 1 picture of {SIZES[0]} to {SIZES[1]} pixels; got {count} of {size} pixels."
        )
    labels = np.arange(count) % len(FIELDS)
    scenes, noise = np.random.RandomState(seed), np.random.RandomState([seed, 1])
    pictures = np.empty((count, size, size, 3), np.uint8)
    for part in _chunks(count, size):
        drawn = _draw(scenes, labels[part], size)
        drawn += noise.randint(-8, 9, drawn.shape, np.int64).astype(np.int32)
        pictures[part] = drawn.clip(0, 255)
    return pictures, labels


def shapes_set() -> dict[str, np.ndarray]:
    """Draw the set "shapes": x_train, y_train, x_test and y_test, as `SETS` counts them."""
    return _split("shapes", *shapes(sum(SETS["shapes"].full.splits.values())))


def lungs(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw phantoms of chests, "clear" and "cloudy", as many of each to within one.

    They are drawings and no x-rays: nobody's lungs, and no radiologist has looked at them. A network that
    tells them apart knows nothing of medicine. They stand in for x-rays where a first run must need no file.

    A phantom has two dark fields with bright ribs across them, a spine between them and a heart below. Where
    it is cloudy, one to three diffuse bright patches lie in the fields. Everything has its chance in place,
    size and strength, and so has the exposure of the whole, so that a bright phantom need not be a cloudy
    one. The first phantoms of a longer set are those of a shorter one.

    Args:
        count: number of phantoms, from 1.
        seed: of everything that is drawn by chance.

    Returns:
        Pictures, uint8 (count, 28, 28, 1), and labels, int64 (count,): 0 for clear, 1 for cloudy.

    Raises:
        ValueError: `count` is out of range.
    """
    if count < 1:
        raise ValueError(f"Expected at least 1 phantom; got {count}.")
    labels = np.arange(count) % 2
    scenes, noise = np.random.RandomState([seed, 2]), np.random.RandomState([seed, 3])
    pictures = np.empty((count, CHEST, CHEST, 1), np.uint8)
    for part in _chunks(count, CHEST):
        drawn = _chest(scenes, labels[part])
        drawn += noise.randint(-8, 9, drawn.shape, np.int64).astype(np.int32)
        pictures[part] = drawn.clip(0, 255)[..., None]
    return pictures, labels


def lungs_set() -> dict[str, np.ndarray]:
    """Draw the set "lungs": x_train, y_train, x_test and y_test, as `SETS` counts them."""
    return _split("lungs", *lungs(sum(SETS["lungs"].full.splits.values())))


def _split(name: str, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Take the first pictures for training and the others for testing, as `SETS` counts them."""
    train, test = slice(SETS[name].full.train), slice(SETS[name].full.train, None)
    return {"x_train": x[train], "y_train": y[train], "x_test": x[test], "y_test": y[test]}


def _chunks(count: int, size: int) -> Iterator[slice]:
    """Some pictures at a time, so that what is computed stays in the processor's cache."""
    step = max(1, PIXELS_PER_CHUNK // size**2)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


class _Draws:
    """Random whole numbers for n pictures, shaped (n, 1, 1) to go with pixels.

    All are drawn at once, a row for each picture, so that a picture does not depend on what comes with it.
    """

    def __init__(self, random: np.random.RandomState, n: int):
        self.left = random.randint(0, 2**16, (n, 128), np.int64).astype(np.int32)

    def __call__(self, low: int, high: int) -> np.ndarray:
        """Return the next number of each picture, from low to high - 1."""
        drawn, self.left = self.left[:, 0], self.left[:, 1:]
        return (low + (drawn * (high - low) >> 16))[:, None, None]

    def colour(self, low: int, high: int) -> np.ndarray:
        """Return the next colour of each picture, (n, 1, 1, 3), its levels from low to high - 1."""
        return np.stack([self(low, high) for _ in range(3)], axis=-1)


def _draw(random: np.random.RandomState, labels: np.ndarray, size: int) -> np.ndarray:
    """Draw scenes without noise, int32 (n, size, size, 3), perhaps a little beyond 0 to 255."""
    draws = _Draws(random, len(labels))
    places = ((2 * np.arange(size, dtype=np.int32) + 1) * SIDE) // (2 * size)
    x, y = places[None, None, :], places[None, :, None]
    ground = draws.colour(16, 240)
    # At least 80 levels away from the ground in each channel: lighter or darker.
    paint = (ground + draws.colour(80, 177)) % 256
    scene = ground + _waves(draws, x, y, period=(3000, 9000), height=(20, 60))
    scene = scene + _waves(draws, x, y, period=(500, 1200), height=(0, 40))
    for _ in range(SPOTS):
        radius = draws(120, 400)
        u, v = _turned(draws(0, SIDE), draws(0, SIDE), radius, draws(0, TURNS), x, y)
        scene = _blend(scene, draws.colour(0, 256), _cover(900 - _root(u * u + v * v), radius, size))
    for _ in range(LINES):
        scene = _line(draws, scene, x, y)
    radius = draws(1100, 1500)
    place = draws(1500, SIDE - 1500), draws(1500, SIDE - 1500)
    u, v = _turned(*place, radius, draws(-TILT, TILT + 1) % TURNS, x, y)
    inside = np.empty(scene.shape[:3], np.int32)
    for label, field in enumerate(FIELDS.values()):
        these = labels == label
        inside[these] = field(u[these], v[these])
    paint = paint + _waves(draws, x, y, period=(500, 1200), height=(0, 60))
    return _blend(scene, paint, _cover(inside, radius, size))


def _chest(random: np.random.RandomState, labels: np.ndarray) -> np.ndarray:
    """Draw phantoms without noise, int32 (n, 28, 28), perhaps beyond 0 to 255."""
    draws = _Draws(random, len(labels))
    places = ((2 * np.arange(CHEST, dtype=np.int32) + 1) * SIDE) // (2 * CHEST)
    # From the middle of the spine.
    x = places[None, None, :] - (SIDE // 2 + draws(-200, 201))
    y = places[None, :, None] - (SIDE // 2 + draws(-200, 201))
    apart, across, down = draws(830, 950), draws(560, 720), draws(1300, 1600)
    # The tops lean towards the spine.
    both = [_oval(x - side * (apart + y // 6), y, across, down) for side in (-1, 1)]
    heart = _oval(x - draws(150, 400), y - draws(700, 1000), draws(500, 800), draws(500, 700))
    fields = np.maximum(*both) * (FULL - heart) // FULL
    air, clouds = draws(70, 111), _clouds(draws, x, y, apart) * labels[:, None, None]
    inside = _ribs(draws, x, y) + clouds.astype(np.int32) - air
    scene = 170 - abs(x) * draws(20, 60) // SIDE + inside * fields // FULL
    exposure = draws(150, 281)
    return scene * exposure // FULL + draws(-20, 31)


def _oval(x: np.ndarray, y: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """How much of each pixel of a phantom an oval about (0, 0) covers, 0 to `FULL`; (n, 28, 28)."""
    u, v = (x * RADIUS // across).clip(-FAR, FAR), (y * RADIUS // down).clip(-FAR, FAR)
    return _cover(RADIUS - _root(u * u + v * v), across, CHEST)


def _ribs(draws: _Draws, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bright arcs across a chest, lower at its sides, 0 to 44 levels; (n, 28, 28)."""
    period, curve = draws(560, 720), draws(2000, 4000)
    along = (y - x * x // curve + draws(0, SIDE)) % period
    return (FULL - abs(2 * along - period) * FULL // period) * draws(22, 45) // FULL


def _clouds(draws: _Draws, x: np.ndarray, y: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """One to three diffuse bright patches in the fields of the lungs, in levels; (n, 28, 28)."""
    total = np.zeros((1, 1, 1), np.int32)
    for number in range(3):
        side = 2 * draws(0, 2) - 1
        across, up = x - side * (apart + draws(-300, 301)), y - draws(-800, 1001)
        radius = draws(450, 900)
        fade = (FULL - (across * across + up * up) // (radius * radius // FULL)).clip(0, FULL)
        present = 1 if number == 0 else draws(0, 2)
        total = total + fade * draws(25, 75) * present // FULL
    return total


def _turned(
    left: np.ndarray, top: np.ndarray, radius: np.ndarray, turn: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A shape's own coordinates (n, size, size) of each pixel: from its middle, turned, by its radius."""
    across, down = x - left, y - top
    cosine, sine = COSINES[turn], SINES[turn]
    u, v = (across * cosine + down * sine) // radius, (down * cosine - across * sine) // radius
    return u.clip(-FAR, FAR), v.clip(-FAR, FAR)


def _cover(inside: Field, radius: np.ndarray, size: int) -> np.ndarray:
    """How much of each pixel a shape covers, 0 to `FULL`: edges are one pixel wide."""
    share = inside.clip(-RADIUS, RADIUS) * radius * size // (SIDE * RADIUS // FULL)
    return (share + FULL // 2).clip(0, FULL)


def _blend(scene: np.ndarray, paint: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Lay paint (n, ?, ?, 3) over a scene where `cover` says."""
    return scene + ((paint - scene) * cover[..., None] >> 8)


def _waves(
    draws: _Draws, x: np.ndarray, y: np.ndarray, period: tuple[int, int], height: tuple[int, int]
) -> np.ndarray:
    """Stripes of light and shade (n, size, size, 3) about 0, at any angle, in a colour of their own."""
    turn, length = draws(0, TURNS), draws(*period)
    along = ((x * COSINES[turn] + y * SINES[turn]) // RADIUS + draws(0, SIDE)) % length
    triangle = abs(2 * along - length) * FULL // length - FULL // 2
    tint = draws.colour(*height) * draws(*height).clip(1)[..., None] // max(height)
    return triangle[..., None] * tint // FULL


def _line(draws: _Draws, scene: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Draw a straight line across a scene."""
    turn, width = draws(0, TURNS), draws(50, 120)
    away = ((x - draws(0, SIDE)) * COSINES[turn] + (y - draws(0, SIDE)) * SINES[turn]) // RADIUS
    unit = np.full_like(width, RADIUS)
    return _blend(scene, draws.colour(0, 256), _cover(width - abs(away), unit, scene.shape[1]))


def _root(square: np.ndarray) -> np.ndarray:
    return np.sqrt(square.astype(np.float64)).astype(np.int32)


def _box(u: np.ndarray, v: np.ndarray, width: int, height: int) -> Field:
    return np.minimum(width - abs(u), height - abs(v))


def _edges(u: np.ndarray, v: np.ndarray, turns: tuple[int, ...], distance: int) -> np.ndarray:
    """How far inside each of several straight edges points lie, the least far first; (edges, n, ...)."""
    away = [(u * int(cosine) + v * int(sine)) // RADIUS for cosine, sine in (_direction(t) for t in turns)]
    return np.sort(distance - np.stack(away), axis=0)


def _direction(degrees: int) -> tuple[int, int]:
    """Cosine and sine of an angle, by `RADIUS`."""
    angle = np.deg2rad(degrees)
    return int(np.rint(RADIUS * np.cos(angle))), int(np.rint(RADIUS * np.sin(angle)))


def _disc(u: np.ndarray, v: np.ndarray) -> Field:
    return 850 - _root(u * u + v * v)


def _ring(u: np.ndarray, v: np.ndarray) -> Field:
    return 190 - abs(_root(u * u + v * v) - 720)


def _square(u: np.ndarray, v: np.ndarray) -> Field:
    return _box(u, v, 740, 740)


def _triangle(u: np.ndarray, v: np.ndarray) -> Field:
    return _edges(u, v, (90, 210, 330), 490)[0]


def _star(u: np.ndarray, v: np.ndarray) -> Field:
    """Points within four at least of five edges: the corners lie beyond the fifth."""
    return _edges(u, v, (18, 90, 162, 234, 306), 330)[1]


def _cross(u: np.ndarray, v: np.ndarray) -> Field:
    return np.maximum(_box(u, v, 940, 250), _box(u, v, 250, 940))


def _bar(u: np.ndarray, v: np.ndarray) -> Field:
    return _box(u, v, 280, 950)


def _crescent(u: np.ndarray, v: np.ndarray) -> Field:
    bite = _root(u * u + (v - 450) * (v - 450)) - 700
    return np.minimum(920 - _root(u * u + v * v), bite)


def _tee(u: np.ndarray, v: np.ndarray) -> Field:
    return np.maximum(_box(u, v + 620, 850, 230), _box(u, v - 50, 230, 850))


def _chevron(u: np.ndarray, v: np.ndarray) -> Field:
    return np.minimum(230 - abs(v - abs(u) + 420) * 724 // RADIUS, 850 - abs(u))


FIELDS: dict[str, Callable[[np.ndarray, np.ndarray], Field]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "bar": _bar,
    "crescent": _crescent,
    "tee": _tee,
    "chevron": _chevron,
}

_SHAPES = Content(
    train=4_000,
    test=1_000,
    validation=500,
    sha256="560652a131d7921bd066d7cf6a696a8510f771846c7051ae9780f21a856bcfe0",
)

_LUNGS = Content(
    train=1_000,
    test=400,
    validation=200,
    sha256="1d93358147cdfadb2dbd32277e904ed412f4c2ce3ff91dc807c6cb47563cd4db",
)

SETS |= {
    "shapes": DataSpec(
        name="shapes",
        class_names=(
            "disc",
            "ring",
            "square",
            "triangle",
            "star",
            "cross",
            "bar",
            "crescent",
            "tee",
            "chevron",
        ),
        image_shape=(32, 32, 3),
        licence="MIT, as the rest of cnnlib",
        full=_SHAPES,
        quick=_SHAPES,
    ),
    "lungs": DataSpec(
        name="lungs",
        class_names=("clear", "cloudy"),
        image_shape=(28, 28, 1),
        licence="MIT, as the rest of cnnlib",
        full=_LUNGS,
        quick=_LUNGS,
    ),
}
EMBEDDED |= {"shapes": (None, shapes_set), "lungs": (None, lungs_set)}
