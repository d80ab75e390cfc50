"""What a feed hands to the compiled step, from memory and from a folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops
from PIL import Image

from cnnlib import backend
from cnnlib.backend import Engine
from cnnlib.data import Split, feed
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


def one_of(processes: int, number: int, devices: int | None = None) -> Engine:
    """Stands for the engine of one of several processes."""
    place = backend.engine("one").place
    return SimpleNamespace(process=number, processes=processes, devices=devices or processes, place=place)


ALONE = one_of(1, 0)


def taken(source: Feed, counts: list[int], seed: int = 3, first: int = 0) -> dict[str, np.ndarray]:
    """The batches of an epoch of five batches of four, in calls of these lengths."""
    epoch = source.epoch(np.random.default_rng(seed), 4, 5, first)
    calls = [epoch.take(count) for count in counts]
    return {name: np.concatenate([call[name] for call in calls]) for name in calls[0]}


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_an_epoch_shows_every_image_once_in_an_order_of_its_own(split: Split) -> None:
    source = Feed(split, ALONE, UNIT, [RandomCut(), RandomCut()])
    epoch = taken(source, [5])
    assert {name: (values.shape, str(values.dtype)) for name, values in epoch.items()} == {
        "index": ((5, 4), "int32"),
        "labels": ((5, 4), "int32"),
        "draws0": ((5, 4, 1), "float32"),
        "draws1": ((5, 4, 1), "float32"),
    }
    assert not np.array_equal(epoch["draws0"], epoch["draws1"])
    assert len(set(epoch["index"].ravel())) == 20  # three do not fill a batch
    np.testing.assert_array_equal(epoch["labels"], split.y[epoch["index"]])
    assert equal(epoch, taken(source, [5]))
    assert not np.array_equal(epoch["index"], taken(source, [5], seed=4)["index"])


def test_an_epoch_goes_on_anywhere_as_if_it_had_never_stopped(split: Split, folder: PictureFolder) -> None:
    view = RandomView(6, (6, 9))
    for source in (Feed(split, ALONE, UNIT, [RandomCut()]), Feed(folder, ALONE, UNIT, [RandomCut()], view)):
        whole = taken(source, [5])
        assert equal(taken(source, [1, 3, 1]), whole)
        assert equal(taken(source, [1, 1], first=3), {name: values[3:] for name, values in whole.items()})


def test_features_are_not_cut() -> None:
    features = Split(np.ones((5, 7), "float32"), np.zeros(5, "int64"))
    assert Feed(features, ALONE, Pixels("as_is"), view=RandomView(6, (6, 9))).augmentations == ()


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_processes_share_every_batch(kind: str, split: Split, folder: PictureFolder) -> None:
    images, view = (split, None) if kind == "memory" else (folder, RandomView(6, (6, 9)))
    whole = taken(Feed(images, ALONE, UNIT, [RandomCut()], view), [5])
    shares = [taken(Feed(images, one_of(2, number), UNIT, [RandomCut()], view), [5]) for number in (0, 1)]
    assert [len(share["labels"][0]) for share in shares] == [2, 2]
    assert equal({name: np.concatenate([share[name] for share in shares], axis=1) for name in whole}, whole)


def test_pictures_bring_their_own_labels_and_pixels(folder: PictureFolder) -> None:
    epoch = taken(Feed(folder, ALONE, UNIT, view=CentreView(6, 8)), [5])
    assert epoch["images"].shape == (5, 4, 6, 6, 3)
    assert epoch["images"].dtype == np.uint8
    number = epoch["images"][..., 0, 0, 0] // 10
    np.testing.assert_array_equal(epoch["labels"], number // 8)
    assert len(set(number.ravel())) == 20


@pytest.mark.backends
def test_what_the_model_sees_is_the_same_from_the_device_and_from_batches(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = Feed(split, backend.engine("one"), UNIT)
    monkeypatch.setattr(feed, "RESIDENT_BYTES", split.x.nbytes - 1)
    carried = Feed(split, backend.engine("one"), UNIT)
    assert resident.resident is not None
    assert carried.resident is None
    assert (resident.bytes_per_image, carried.bytes_per_image) == (4, 16)
    for source in (resident, carried):
        batch = {name: ops.convert_to_tensor(values[2]) for name, values in taken(source, [5]).items()}
        seen = ops.convert_to_numpy(source.inputs(batch, source.resident))
        order = np.random.default_rng(3).permutation(23)[8:12]
        np.testing.assert_allclose(seen, split.x[order] / 255, rtol=1e-6)


@pytest.mark.backends
def test_augmentations_follow_each_other_after_the_pixels(split: Split) -> None:
    class Twice(RandomCut):
        def __call__(self, images: object, draws: object) -> object:
            return images * 2 + draws[:, :, None, None]

    class PlusOne(RandomCut):
        def __call__(self, images: object, draws: object) -> object:
            return images + 1 + 10 * draws[:, :, None, None]

    source = Feed(split, backend.engine("one"), UNIT, [Twice(), PlusOne()])
    batch = {name: values[0] for name, values in taken(source, [1]).items()}
    tensors = {name: ops.convert_to_tensor(values) for name, values in batch.items()}
    seen = ops.convert_to_numpy(source.inputs(tensors, source.resident))[:, 0, 0, 0]
    first, second = batch["draws0"][:, 0], batch["draws1"][:, 0]
    np.testing.assert_allclose(seen, 2 * batch["index"] / 255 + first + 1 + 10 * second, rtol=1e-5)
    plain = ops.convert_to_numpy(source.plain_inputs(tensors, source.resident))[:, 0, 0, 0]
    np.testing.assert_allclose(plain, batch["index"] / 255, rtol=1e-6)


def in_order(source: Feed, batch_size: int) -> dict[str, np.ndarray]:
    batches = list(source.in_order(batch_size))
    return {name: np.concatenate([batch[name] for batch in batches], axis=1)[0] for name in batches[0]}


def test_testing_takes_every_image_once_and_fills_the_last_batch_with_weight_0(split: Split) -> None:
    found = in_order(Feed(split, ALONE, UNIT), 5)
    assert found["index"].tolist() == [*range(23), 22, 22]
    assert found["weights"].tolist() == [1.0] * 23 + [0.0] * 2
    # Of four devices each must have its share: a batch of six becomes one of eight.
    shares = [in_order(Feed(split, one_of(2, number, devices=4), UNIT), 6) for number in (0, 1)]
    counted = [share["index"][share["weights"] == 1].tolist() for share in shares]
    assert sorted(counted[0] + counted[1]) == list(range(23))
    assert [len(share["index"]) for share in shares] == [12, 12]
    # Each share has its places among all eight of a batch: the first process those of the first half.
    places = [share["places"].argmax(axis=1).tolist() for share in shares]
    assert places == [[0, 1, 2, 3] * 3, [4, 5, 6, 7] * 3]
    assert {share["places"].shape for share in shares} == {(12, 8)}


def test_a_picture_that_cannot_be_read_counts_for_nothing_when_testing(folder: PictureFolder) -> None:
    (folder.root / "b" / "09.png").write_text("no picture")
    found = in_order(Feed(folder, ALONE, UNIT, view=CentreView(6, 8)), 5)
    assert np.flatnonzero(found["weights"] == 0).tolist() == [9, 23, 24]
    assert found["images"][9].mean() == 100  # the next one stands in for it
    assert [path for path, _ in folder.skipped] == ["b/09.png"]


def test_several_views_of_a_picture_lie_in_a_row(folder: PictureFolder) -> None:
    source = Feed(folder, backend.engine("one"), UNIT, view=TenCrop(4, 8))
    assert source.values_per_image == 10 * 4 * 4 * 3
    batch = next(source.in_order(3))
    assert batch["images"].shape == (1, 3, 10, 4, 4, 3)
    seen = ops.convert_to_numpy(source.plain_inputs({"images": batch["images"][0]}, None))
    np.testing.assert_allclose(seen[:, 0, 0, 0], np.repeat([0, 10, 20], 10) / 255, rtol=1e-6)


def test_features_are_no_images_to_be_cut() -> None:
    source = Feed(Split(np.zeros((5, 7), "float32"), np.zeros(5, "int64")), ALONE, UNIT, view=RandomView(6))
    assert (source.augmentations, source.cut) == ((), None)
