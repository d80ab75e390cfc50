"""What a feed hands to `fit`, from memory and from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from keras import ops
from PIL import Image

from cnnlib.backend import Engine
from cnnlib.data import Split
from cnnlib.data.augmentation import RandomCut
from cnnlib.data.feed import Feed
from cnnlib.data.folders import PictureFolder
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView, RandomView, TenCrop

UNIT = Pixels("unit")


@pytest.fixture
def split() -> Split:
    """Twenty-three images, each of one level: its number."""
    levels = np.arange(23, dtype="uint8")
    return Split(
        np.broadcast_to(levels[:, None, None, None], (23, 4, 4, 1)).copy(), levels.astype("int64") % 10
    )


@pytest.fixture
def folder(tmp_path: Path) -> PictureFolder:
    """Twenty-three pictures, each of one level: ten times its number."""
    for i in range(23):
        path = tmp_path / "abc"[i // 8] / f"{i:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (12, 10), (10 * i,) * 3).save(path)
    return PictureFolder(tmp_path, on_bad="skip")


def one_of(processes: int, number: int) -> Engine:
    """Stands for the engine of one of several processes."""
    return Engine(devices=processes, process=number, processes=processes)


ALONE = Engine()


def taken(source: Feed, seed: int = 3, first: int = 0, parts: int = 1) -> dict[str, np.ndarray]:
    """The batches of an epoch of five batches of four, one upon the other."""
    batches = list(source.epoch(np.random.default_rng(seed), 4, 5, first, parts))
    columns = {"labels": np.stack([labels for _, labels in batches])}
    return columns | {name: np.stack([batch[name] for batch, _ in batches]) for name in batches[0][0]}


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def numbers(images: np.ndarray) -> np.ndarray:
    """Which of the twenty-three each image (..., 4, 4, 1) is."""
    return images[..., 0, 0, 0]


def test_an_epoch_shows_every_image_once_in_an_order_of_its_own(split: Split) -> None:
    source = Feed(split, ALONE, UNIT, [RandomCut(), RandomCut()])
    epoch = taken(source)
    assert {name: (values.shape, str(values.dtype)) for name, values in epoch.items()} == {
        "images": ((5, 4, 4, 4, 1), "uint8"),
        "labels": ((5, 4), "int32"),
        "draws0": ((5, 4, 1), "float32"),
        "draws1": ((5, 4, 1), "float32"),
    }
    assert not np.array_equal(epoch["draws0"], epoch["draws1"])
    assert len(set(numbers(epoch["images"]).ravel())) == 20  # three do not fill a batch
    np.testing.assert_array_equal(epoch["labels"], split.y[numbers(epoch["images"])])
    assert equal(epoch, taken(source))
    assert not np.array_equal(epoch["images"], taken(source, seed=4)["images"])


def test_an_epoch_goes_on_anywhere_as_if_it_had_never_stopped(split: Split, folder: PictureFolder) -> None:
    view = RandomView(6, (6, 9))
    for source in (Feed(split, ALONE, UNIT, [RandomCut()]), Feed(folder, ALONE, UNIT, [RandomCut()], view)):
        whole = taken(source)
        assert equal(taken(source, first=3), {name: values[3:] for name, values in whole.items()})


def test_the_draws_of_an_epoch_are_made_before_its_first_batch(split: Split) -> None:
    rng = np.random.default_rng(3)
    batches = Feed(split, ALONE, UNIT).epoch(rng, 4, 5)
    rng.random(100)
    images = np.stack([batch["images"] for batch, _ in batches])
    np.testing.assert_array_equal(images, taken(Feed(split, ALONE, UNIT))["images"])


def test_the_parts_of_a_batch_follow_each_other(split: Split) -> None:
    source = Feed(split, ALONE, UNIT, [RandomCut()])
    for name, whole in taken(source).items():
        np.testing.assert_array_equal(taken(source, parts=2)[name].reshape(whole.shape), whole)


def test_features_are_not_cut() -> None:
    features = Split(np.ones((5, 7), "float32"), np.zeros(5, "int64"))
    assert Feed(features, ALONE, Pixels("as_is"), view=RandomView(6, (6, 9))).augmentations == ()


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_processes_share_every_batch(kind: str, split: Split, folder: PictureFolder) -> None:
    images, view = (split, None) if kind == "memory" else (folder, RandomView(6, (6, 9)))
    whole = taken(Feed(images, ALONE, UNIT, [RandomCut()], view))
    shares = [taken(Feed(images, one_of(2, number), UNIT, [RandomCut()], view)) for number in (0, 1)]
    assert [len(share["labels"][0]) for share in shares] == [2, 2]
    assert equal({name: np.concatenate([share[name] for share in shares], axis=1) for name in whole}, whole)


def test_pictures_bring_their_own_labels_and_pixels(folder: PictureFolder) -> None:
    epoch = taken(Feed(folder, ALONE, UNIT, view=CentreView(6, 8)))
    assert epoch["images"].shape == (5, 4, 6, 6, 3)
    assert epoch["images"].dtype == np.uint8
    number = epoch["images"][..., 0, 0, 0] // 10
    np.testing.assert_array_equal(epoch["labels"], number // 8)
    assert len(set(number.ravel())) == 20


@pytest.mark.backends
def test_augmentations_follow_each_other_after_the_pixels(split: Split) -> None:
    class Twice(RandomCut):
        def __call__(self, images: object, draws: object) -> object:
            return images * 2 + draws[:, :, None, None]

    class PlusOne(RandomCut):
        def __call__(self, images: object, draws: object) -> object:
            return images + 1 + 10 * draws[:, :, None, None]

    source = Feed(split, ALONE, UNIT, [Twice(), PlusOne()])
    batch = {name: values[0] for name, values in taken(source).items()}
    seen = ops.convert_to_numpy(source.prepared(batch))[:, 0, 0, 0]
    first, second = batch["draws0"][:, 0], batch["draws1"][:, 0]
    levels = numbers(batch["images"]) / 255
    np.testing.assert_allclose(seen, 2 * levels + first + 1 + 10 * second, rtol=1e-5)


def in_order(source: Feed, batch_size: int) -> dict[str, np.ndarray]:
    batches = [batch for (batch,) in source.in_order(batch_size)]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def test_testing_takes_every_image_once_and_fills_the_last_batch_with_weight_0(split: Split) -> None:
    found = in_order(Feed(split, ALONE, UNIT), 5)
    assert numbers(found["images"]).tolist() == [*range(23), 22, 22]
    assert found["weights"].tolist() == [1.0] * 23 + [0.0] * 2
    shares = [in_order(Feed(split, one_of(2, number), UNIT), 8) for number in (0, 1)]
    counted = [numbers(share["images"][share["weights"] == 1]).tolist() for share in shares]
    assert counted == [[0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19], [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22]]
    assert [len(share["images"]) for share in shares] == [12, 12]


def test_a_picture_that_cannot_be_read_counts_for_nothing_when_testing(folder: PictureFolder) -> None:
    (folder.root / "b" / "09.png").write_text("no picture")
    found = in_order(Feed(folder, ALONE, UNIT, view=CentreView(6, 8)), 5)
    assert np.flatnonzero(found["weights"] == 0).tolist() == [9, 23, 24]
    assert found["images"][9].mean() == 100  # the next one stands in for it
    assert [path for path, _ in folder.skipped] == ["b/09.png"]


def test_several_views_of_a_picture_lie_in_a_row(folder: PictureFolder) -> None:
    source = Feed(folder, ALONE, UNIT, view=TenCrop(4, 8))
    assert source.values_per_image == 10 * 4 * 4 * 3
    (batch,) = next(source.in_order(3))
    assert batch["images"].shape == (3, 10, 4, 4, 3)
    seen = ops.convert_to_numpy(source.prepared(batch))
    np.testing.assert_allclose(seen[:, 0, 0, 0], np.repeat([0, 10, 20], 10) / 255, rtol=1e-6)


def test_features_are_no_images_to_be_cut() -> None:
    source = Feed(Split(np.zeros((5, 7), "float32"), np.zeros(5, "int64")), ALONE, UNIT, view=RandomView(6))
    assert (source.augmentations, source.cut) == ((), None)
