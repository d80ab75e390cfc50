"""Views against the same thing done slowly: resize the whole picture, then cut."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnnlib.data.views import (
    CentreView,
    GridCrops,
    MultiCrop,
    RandomAreaView,
    RandomView,
    TenCrop,
    View,
    centre_crop,
    ten_crop,
)

NOTHING = np.zeros(0, "float32")


def picture(width: int = 90, height: int = 60) -> Image.Image:
    """Red grows to the right by 2 levels a pixel, green downwards by 3; blue is noise, smoothed."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 5, width // 5), np.uint8)
    blue = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    column, row = np.meshgrid(np.arange(width) * 2 % 256, np.arange(height) * 3 % 256)
    return Image.fromarray(np.dstack([column, row, np.asarray(blue)]).astype(np.uint8))


def resized(image: Image.Image, shorter: int) -> np.ndarray:
    size = tuple(round(side * shorter / min(image.size)) for side in image.size)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR)).astype(int)


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == np.uint8
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("image", [picture(90, 60), picture(60, 90)], ids=["landscape", "portrait"])
def test_a_random_view_is_a_square_of_the_resized_picture(image: Image.Image) -> None:
    view = RandomView(size=24, shorter=(32, 40))
    draws = view.draw(np.random.default_rng(0), 400)
    assert (draws.shape, draws.dtype) == ((400, 4), np.float32)
    assert set(draws[:, 0]) == set(range(32, 41))
    places = set()
    for row in draws:
        whole = resized(image, int(row[0]))
        height, width = whole.shape[:2]
        top, left = int(row[1] * (height - 23)), int(row[2] * (width - 23))
        places.add((top / (height - 24), left / (width - 24)))
        expected = whole[top : top + 24, left : left + 24]
        assert_same(view(image, row), expected[:, ::-1] if row[3] else expected)
    assert {min(top for top, _ in places), max(left for _, left in places)} == {0, 1}
    assert 150 < draws[:, 3].sum() < 250
    assert not RandomView(flip=False).draw(np.random.default_rng(0), 400)[:, 3].any()


def test_alexnets_random_views_come_from_the_central_square() -> None:
    image, view = picture(), RandomView(size=24, shorter=(32, 32), square=True)
    square = resized(image, 32)[:, 8:40]
    assert_same(view(image, np.array([32, 0, 0, 0], "float32")), square[:24, :24])
    assert_same(view(image, np.array([32, 1, 1, 1], "float32")), square[-24:, -24:][:, ::-1])


def test_patches_have_the_area_and_the_ratios_asked_for() -> None:
    view = RandomAreaView(size=16)
    draws = view.draw(np.random.default_rng(0), 4000)
    for size in ((90, 60), (60, 60), (50, 60)):
        patches = np.array([view._patch(size, *row[:2]) for row in draws.astype(float)])
        width, height = patches.T
        assert (patches > 0).all()
        assert (patches <= size).all()
        ratios = width / height
        assert ratios.min() == pytest.approx(3 / 4, abs=0.02)
        assert ratios.max() == pytest.approx(4 / 3, abs=0.02)
        fits = draws[:, 0] < 0.88
        np.testing.assert_allclose((width * height / np.prod(size))[fits], draws[fits, 0], rtol=1e-5)
    areas = np.histogram(draws[:, 0], bins=4, range=(0.08, 1))[0]
    assert areas.min() > 900
    # No patch of the whole area of a long picture has an allowed ratio: the largest that has is as high.
    assert view._patch((90, 60), 1.0, 0.5) == (80, 60)


def test_a_patch_is_resized_from_its_place_in_the_picture() -> None:
    image, view = picture(120, 80), RandomAreaView(size=16)
    # A quarter of the area at the ratio 1 in the middle of the logarithms: 49 x 49, at the bottom right.
    found = view(image, np.array([0.25, 0.5, 1.0, 1.0, 0.0], "float32"))
    side = (0.25 * 120 * 80) ** 0.5
    middles = (np.arange(16) + 0.5) * side / 16 - 0.5
    assert found.shape == (16, 16, 3)
    np.testing.assert_allclose(found[2, :, 0], 2 * (120 - side + middles), atol=2)
    np.testing.assert_allclose(found[:, 2, 1], 3 * (80 - side + middles), atol=2)
    mirrored = view(image, np.array([0.25, 0.5, 1.0, 1.0, 1.0], "float32"))
    np.testing.assert_array_equal(mirrored, found[:, ::-1])


def test_ten_views_are_corners_and_centre_of_the_central_square_with_mirrors() -> None:
    image = picture()
    square = resized(image, 32)[:, 8:40]
    corners = [square[:24, :24], square[:24, 8:], square[8:, :24], square[8:, 8:], square[4:28, 4:28]]
    views = TenCrop(size=24, shorter=32)(image, NOTHING)
    assert_same(views, np.stack(corners + [corner[:, ::-1] for corner in corners]))
    np.testing.assert_array_equal(ten_crop(square[None].astype(np.uint8), 24)[0], views)
    assert_same(CentreView(size=24, shorter=32)(image, NOTHING), square[4:28, 4:28])
    np.testing.assert_array_equal(centre_crop(square[None], 24)[0], square[4:28, 4:28])


def test_144_views_are_those_of_googlenet() -> None:
    view = MultiCrop(size=24, shorter=(32, 36, 40, 44))
    for image, axis in ((picture(90, 60), 1), (picture(60, 90), 0)):
        views = view(image, NOTHING)
        assert views.shape == (144, 24, 24, 3)
        np.testing.assert_array_equal(views[72:], views[:72, :, ::-1])
        # The third scale's last square: 40 x 40 at the right or the bottom.
        square = resized(image, 40)[-40:, -40:]
        last = 2 * 18 + 2 * 6
        assert_same(views[last : last + 5], ten_crop(square[None], 24)[0, :5])
        whole = Image.fromarray(square.astype(np.uint8)).resize((24, 24), Image.Resampling.BILINEAR)
        assert np.abs(views[last + 5].astype(int) - np.asarray(whole)).mean() < 3
        middle = resized(image, 32).swapaxes(0, axis)[8:40].swapaxes(0, axis)
        assert_same(views[6 + 4], middle[4:28, 4:28])


def test_150_views_are_a_regular_grid_over_each_scale() -> None:
    view = GridCrops(size=24, shorter=(32, 40, 44))
    views = view(picture(), NOTHING)
    assert views.shape == (150, 24, 24, 3)
    np.testing.assert_array_equal(views[75:], views[:75, :, ::-1])
    whole = resized(picture(), 40)  # 60 x 40: from top 0 to 16, from left 0 to 36
    second = views[25:50]
    assert_same(second[0], whole[:24, :24])
    assert_same(second[7], whole[4:28, 18:42])
    assert_same(second[24], whole[16:, 36:])


@pytest.mark.parametrize(
    "view",
    [
        RandomView(16, (20, 30)),
        RandomAreaView(16),
        CentreView(16, 20),
        TenCrop(16, 20),
        MultiCrop(16, (20, 22)),
        GridCrops(16, (20, 22), 2),
    ],
    ids=lambda view: type(view).__name__,
)
def test_no_view_enlarges_a_picture_of_the_shorter_side_it_names(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    resize, shares = Image.Image.resize, []

    def watched(
        self: Image.Image, size: tuple[int, int], resample: int, box: tuple | None = None
    ) -> Image.Image:
        left, top, right, bottom = box or (0, 0, *self.size)
        shares.append(min((right - left) / size[0], (bottom - top) / size[1]))
        return resize(self, size, resample, box)

    monkeypatch.setattr(Image.Image, "resize", watched)
    draws = view.draw(np.random.default_rng(0), 50)
    for row in draws:
        shorter = view.shorter_side(row)
        grey = Image.new("L", (shorter, shorter))
        assert view(grey, row).shape[-3:] == (16, 16, 1)
    assert min(shares) == pytest.approx(1, abs=0.05)


def test_views_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="24 pixels does not fit into 20 pixels"):
        TenCrop(24, 20)
    with pytest.raises(ValueError, match="24 pixels does not fit into 22 pixels"):
        ten_crop(np.zeros((1, 30, 22, 3), np.uint8), 24)
    with pytest.raises(ValueError, match="size <= smallest <= largest"):
        RandomView(224, (200, 256))
    with pytest.raises(ValueError, match="0 < areas <= 1"):
        RandomAreaView(area=(0.0, 1.0))
