"""The synthetic pictures: shapes, and phantoms of chests."""

from __future__ import annotations

from math import cos, pi, sqrt, tan

import numpy as np
import pytest

from cnnbook import drawn
from cnnlib import data
from cnnlib.data import sets


def pooled(images: np.ndarray, size: int) -> np.ndarray:
    """Means over equal squares, (n, size, size, 3)."""
    side = images.shape[1] // size
    return images.reshape(len(images), size, side, size, side, 3).mean(axis=(2, 4))


def test_the_set_has_the_known_bytes_in_every_profile_and_calls_itself_synthetic() -> None:
    quick, paper = data.load("shapes"), data.load("shapes", "paper", validation=0)
    assert [len(quick.train), len(quick.validation), len(quick.test)] == [3_500, 500, 1_000]
    assert (quick.train.x.shape[1:], quick.train.x.dtype) == ((32, 32, 3), np.uint8)
    assert np.bincount(quick.test.y).tolist() == [100] * 10
    assert quick.class_names == tuple(drawn.FIELDS)
    assert quick.source == "synthetic pictures, drawn by cnnlib"
    assert quick.sha256 == paper.sha256 == sets.SETS["shapes"].full.sha256
    np.testing.assert_array_equal(quick.test.x, paper.test.x)


def test_other_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = drawn.shapes_set()
    arrays["x_test"][7, 0, 0, 0] ^= 1
    monkeypatch.setattr(drawn, "shapes_set", lambda: arrays)
    monkeypatch.setitem(data.sources.EMBEDDED, "shapes", (None, drawn.shapes_set))
    with pytest.raises(data.DataError, match=r"drawn pictures: expected content(.|\n)*must be the same"):
        data.load("shapes")


def test_a_shorter_set_is_the_beginning_of_a_longer_one_and_the_seed_decides() -> None:
    long, labels = drawn.shapes(150)
    short, _ = drawn.shapes(7)
    np.testing.assert_array_equal(short, long[:7])
    assert labels.tolist() == [i % 10 for i in range(150)]
    assert (drawn.shapes(7, seed=1)[0] != short).mean() > 0.9


def test_pictures_of_every_size_show_the_same_scenes() -> None:
    small, large = drawn.shapes(20, size=32)[0], drawn.shapes(20, size=224)[0]
    assert large.shape == (20, 224, 224, 3)
    apart = np.abs(pooled(large, 32) - small).mean(axis=(1, 2, 3))
    assert apart.max() < 12  # the noise alone is 6
    strangers = np.abs(pooled(large, 32) - np.roll(small, 10, axis=0)).mean(axis=(1, 2, 3))
    assert strangers.min() > 24


STAR_POINT = 330 / cos(0.4 * pi)
AREAS = {
    "disc": pi * 850**2,
    "ring": pi * ((720 + 190) ** 2 - (720 - 190) ** 2),
    "square": (2 * 740) ** 2,
    "triangle": 3 * sqrt(3) * 490**2,
    "star": 5 * 330**2 * tan(pi / 5) + 5 * 330 * tan(pi / 5) * (STAR_POINT - 330),
    "cross": 2 * 4 * 940 * 250 - (2 * 250) ** 2,
    "bar": 4 * 280 * 950,
    "tee": 2 * 850 * 2 * 230 + 2 * 230 * (50 + 850 + 620 - 230),
    "chevron": 2 * 230 * 1024 / 724 * 2 * 850,
}


@pytest.mark.parametrize("name", AREAS)
def test_a_shape_has_its_area(name: str) -> None:
    places = np.arange(-1400, 1400, 10, dtype=np.int32) + 5
    inside = drawn.FIELDS[name](places[None, None, :], places[None, :, None])
    assert inside.shape == (1, 280, 280)
    assert (inside > 0).sum() * 100 == pytest.approx(AREAS[name], rel=0.02)


def test_a_crescent_is_a_disc_with_a_bite() -> None:
    points = np.array([[0, -800], [0, 0], [0, 900], [600, -500], [-600, -500], [0, -1000]], np.int32)
    inside = drawn.FIELDS["crescent"](points[:, 0], points[:, 1])
    assert (inside > 0).tolist() == [True, False, False, True, True, False]


def test_colours_alone_tell_a_linear_model_nothing() -> None:
    shapes = data.load("shapes", validation=0)

    def inputs(images: np.ndarray) -> np.ndarray:
        values = pooled(images, 16).reshape(len(images), -1) / 127.5 - 1
        return np.concatenate([values, np.ones((len(values), 1))], axis=1)

    x, targets = inputs(shapes.train.x), np.eye(10)[shapes.train.y]
    weights = np.linalg.solve(x.T @ x + 100 * np.eye(x.shape[1]), x.T @ targets)
    assert ((inputs(shapes.test.x) @ weights).argmax(axis=1) == shapes.test.y).mean() < 0.2


@pytest.mark.parametrize(("count", "size"), [(0, 32), (10, 31), (10, 225)])
def test_what_cannot_be_drawn_is_refused(count: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"1 picture of 32 to 224 pixels; got {count} of {size} pixels"):
        drawn.shapes(count, size)


# Lungs


def area_under_curve(scores: np.ndarray, labels: np.ndarray) -> float:
    """Share of pairs of one of each class in which the second class scores higher."""
    return float((scores[labels == 1][:, None] > scores[labels == 0]).mean())


def test_the_phantoms_have_the_known_bytes_in_every_profile_and_call_themselves_drawn() -> None:
    quick, paper = data.load("lungs"), data.load("lungs", "paper", validation=0)
    assert [len(quick.train), len(quick.validation), len(quick.test)] == [800, 200, 400]
    assert (quick.train.x.shape[1:], quick.train.x.dtype) == ((28, 28, 1), np.uint8)
    assert np.bincount(quick.test.y).tolist() == [200, 200]
    assert quick.class_names == ("clear", "cloudy")
    assert quick.source == "synthetic pictures, drawn by cnnlib"
    assert quick.sha256 == paper.sha256 == sets.SETS["lungs"].full.sha256
    assert "no x-rays" in drawn.lungs.__doc__


def test_a_shorter_set_of_phantoms_is_the_beginning_of_a_longer_one_and_the_seed_decides() -> None:
    long, labels = drawn.lungs(150)
    np.testing.assert_array_equal(drawn.lungs(7)[0], long[:7])
    assert labels.tolist() == [i % 2 for i in range(150)]
    assert (drawn.lungs(7, seed=1)[0] != long[:7]).mean() > 0.9
    with pytest.raises(ValueError, match="at least 1 phantom; got 0"):
        drawn.lungs(0)


def test_cloudy_phantoms_are_clear_ones_with_patches_in_the_lungs() -> None:
    clear, cloudy = (
        drawn._chest(np.random.RandomState(0), np.full(60, label)).astype(int) for label in (0, 1)
    )
    patches = cloudy - clear
    assert patches.min() == 0
    assert (patches.max(axis=(1, 2)) >= 8).all()  # none so faint that the noise must hide it
    # Outside the lungs nothing differs: above them, below them and, but for their edges, between them.
    assert not patches[:, [0, 27]].any()
    spine = patches[:, :, 12:16].sum() / patches.sum()
    assert spine < 0.05
    # Lungs are dark in bright chests.
    assert (clear[:, 8:16, 5:10].mean(axis=(1, 2)) + 20 < clear[:, :2].mean(axis=(1, 2))).all()


def test_brightness_alone_does_not_tell_cloudy_phantoms_and_no_level_is_cut_off() -> None:
    x, y = drawn.lungs(1_000)
    for figure in (x.mean(axis=(1, 2, 3)), x.max(axis=(1, 2, 3)), x.std(axis=(1, 2, 3))):
        assert 0.35 < area_under_curve(figure, y) < 0.65
    assert np.isin(x, (0, 255)).mean() < 1e-4
