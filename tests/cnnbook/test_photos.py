"""Crops of photographs: real pictures that come with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnbook import photos
from cnnlib import data
from cnnlib.data import sets


def test_the_set_has_the_known_bytes_in_every_profile_and_a_part_of_its_own_to_choose_by() -> None:
    quick, paper = data.load("photos"), data.load("photos", "paper")
    assert [len(quick.train), len(quick.validation), len(quick.test)] == [4_000, 500, 1_000]
    assert (quick.train.x.shape[1:], quick.train.x.dtype) == ((32, 32, 3), np.uint8)
    assert np.bincount(quick.test.y).tolist() == [100] * 10
    assert quick.source.startswith("cnnlib ")
    assert quick.source.endswith("carried by the package")
    assert quick.sha256 == paper.sha256 == sets.SETS["photos"].full.sha256
    np.testing.assert_array_equal(quick.test.x, paper.test.x)


@pytest.mark.parametrize("name", sets.SETS["photos"].class_names)
def test_parts_share_no_pixel_and_hold_the_largest_crop(name: str) -> None:
    marked = np.zeros_like(photos._photograph(name))
    for split in photos.SPLITS:
        part = photos._part(marked, split)
        assert min(part.shape[:2]) >= photos.LARGEST
        part += 1
    assert marked.max() == 1
    assert marked.mean() > 0.99


def test_a_crop_is_a_square_of_its_part_averaged_mirrored_and_lit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "BRIGHTNESS", (256, 257))
    monkeypatch.setattr(photos, "TINT", (256, 257))
    rows, columns = np.mgrid[:100, :97]
    part = np.stack([rows, columns, rows], axis=2).astype(np.uint8)  # every pixel says where it is from
    kinds = set()
    for seed in range(60):
        crop = photos._crop(part, 32, np.random.RandomState(seed)).astype(int)
        down, across = crop[:, 0, 0], crop[0, :, 1]
        times, step = down[1] - down[0], across[1] - across[0]
        assert (np.diff(down) == times).all()
        assert (np.diff(across) == step).all()
        assert (crop == np.stack([*np.broadcast_arrays(down[:, None], across), crop[..., 0]], axis=2)).all()
        assert down[0] == down[-1] - 31 * times >= (times - 1) // 2
        kinds.add((int(times), int(step)))
    assert kinds == {(1, 1), (1, -1), (2, 2), (2, -2), (3, 3), (3, -3)}


def test_light_varies_more_than_colour_and_every_scale_is_there() -> None:
    x, y = photos.crops(400)
    grey = x[y == sets.SETS["photos"].class_names.index("gravel")].mean((1, 2))
    assert grey.mean(1).max() > 1.5 * grey.mean(1).min()
    assert (grey.max(1) / grey.min(1)).max() > 1.15
    assert photos.crops(3, size=96)[0].shape == (3, 96, 96, 3)


def test_the_seed_decides_and_a_shorter_set_is_the_beginning_of_a_longer_one() -> None:
    long, labels = photos.crops(60)
    np.testing.assert_array_equal(photos.crops(7)[0], long[:7])
    assert labels.tolist() == [i % 10 for i in range(60)]
    assert (photos.crops(7, seed=1)[0] != long[:7]).mean() > 0.9


def test_mean_colours_tell_less_than_half_to_a_linear_model() -> None:
    crops = data.load("photos")

    def inputs(images: np.ndarray) -> np.ndarray:
        means = images.reshape(-1, 4, 8, 4, 8, 3).mean((2, 4)).reshape(len(images), -1) / 255
        return np.concatenate([means, np.ones((len(means), 1))], axis=1)

    x, targets = inputs(crops.train.x), np.eye(10)[crops.train.y]
    weights = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ targets)
    assert 0.2 < ((inputs(crops.test.x) @ weights).argmax(1) == crops.test.y).mean() < 0.5


def test_every_photograph_has_a_word_on_whose_it_is() -> None:
    notice = Path(photos.__file__).parents[1].joinpath("NOTICE").read_text(encoding="utf-8")
    files = {file.name for file in photos.FOLDER.iterdir()}
    assert files == {f"{name}.jpg" for name in sets.SETS["photos"].class_names}
    assert all(notice.count(f"\n{file} ") == 1 for file in files)


@pytest.mark.parametrize(
    ("count", "size", "split"), [(0, 32, "test"), (1, 31, "test"), (1, 97, "test"), (1, 32, "a")]
)
def test_what_cannot_be_cut_is_refused(count: int, size: int, split: str) -> None:
    with pytest.raises(ValueError, match=f"got {count} of {size} pixels of {split}"):
        photos.crops(count, size, split)


def test_a_real_photograph_comes_with_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = photos.photograph()
    assert (picture.shape, picture.dtype) == ((600, 512, 3), np.uint8)
    assert picture.std() > 50
    monkeypatch.setattr(photos, "get_data_path", lambda: "/nowhere")
    with pytest.raises(data.DataError, match=r"no /nowhere.*: reinstall matplotlib, with its sample data"):
        photos.photograph()
