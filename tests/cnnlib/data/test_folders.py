"""Folders of pictures, with little pictures of every kind that decoders meet."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib.data.folders import PictureFolder, stream
from cnnlib.data.sources import DataError
from cnnlib.data.views import CentreView, RandomView, TenCrop

SIZE = (40, 30)


def plain(colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", SIZE, colour)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve JPEG pictures, each of one grey level: 0, 20, ..., 220; four of each class."""
    for i in range(12):
        path = tmp_path / "train" / "abc"[i // 4] / f"{i:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        plain((20 * i,) * 3).save(path)
    (tmp_path / "train" / ".DS_Store").write_text("hidden")
    (tmp_path / "train" / "a" / ".hidden").write_text("hidden")
    (tmp_path / "train" / "README.txt").write_text("about the set")
    return tmp_path / "train"


def all_of(folder: PictureFolder) -> list:
    return list(stream(folder, CentreView(8, 10), np.arange(len(folder)), np.zeros((len(folder), 0))))


def levels(examples: list) -> list[int]:
    return [round(image.mean() / 20) for image, _, _ in examples]


def cut_off(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-200])


# What a folder holds


def test_pictures_are_found_in_the_order_of_their_names(root: Path) -> None:
    folder = PictureFolder(root)
    assert folder.class_names == ("a", "b", "c")
    assert folder.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert folder.labels.dtype == np.int64
    assert (folder.paths[0], folder.paths[-1], len(folder)) == ("a/00.jpg", "c/11.jpg", 12)
    assert str(folder) == f"PictureFolder(12 pictures of 3 classes in {root})"
    part = folder.subset([7, 0])
    assert (part.paths, part.labels.tolist()) == (("b/07.jpg", "a/00.jpg"), [1, 0])
    assert part.class_names == folder.class_names
    assert levels(all_of(part)) == [7, 0]


def test_the_listings_hash_follows_names_and_sizes(root: Path) -> None:
    first = PictureFolder(root).listing_sha256()
    assert first == PictureFolder(root).listing_sha256()
    assert PictureFolder(root).subset(range(11)).listing_sha256() != first
    (root / "a" / "00.jpg").rename(root / "b" / "00.jpg")
    moved = PictureFolder(root).listing_sha256()
    assert moved != first
    with (root / "b" / "00.jpg").open("ab") as file:
        file.write(b"!")
    assert PictureFolder(root).listing_sha256() != moved


def test_folders_that_hold_no_classes_or_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{Path.cwd()}/nowhere: .*one folder for each class; found nothing"):
        PictureFolder("nowhere")
    (tmp_path / "notes.zip").write_text("")
    with pytest.raises(DataError, match="found something that is not a folder: unpack an archive"):
        PictureFolder(tmp_path / "notes.zip")
    (tmp_path / "notes.zip").rename(tmp_path / "notes.txt")
    with pytest.raises(DataError, match="found 1 files and no folders"):
        PictureFolder(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match=rf"{tmp_path}/a: expected pictures \(.bmp, .*found none"):
        PictureFolder(tmp_path, on_bad="skip")
    with pytest.raises(ValueError, match="got 'ignore' and 3"):
        PictureFolder(tmp_path, on_bad="ignore")


def test_files_that_are_named_like_no_picture_stop_the_scan_or_are_listed(root: Path) -> None:
    (root / "b" / "notes.txt").write_text("no picture")
    (root / "c" / "more").mkdir()
    plain((0, 0, 0)).save(root / "lost.png")
    for path, what in (("lost.png", "outside"), ("b/notes.txt", "name"), ("c/more", "a folder within")):
        with pytest.raises(DataError, match=f"{root}/{path}: expected pictures .*(\n|.)*found .*{what}"):
            PictureFolder(root)
        folder = PictureFolder(root, on_bad="skip")
        assert path in dict(folder.skipped)
        assert len(folder) == 12
        if path != "c/more":
            (root / path).unlink()


# What is read


def test_every_kind_of_picture_becomes_rgb_or_grey(tmp_path: Path) -> None:
    kinds = tmp_path / "kinds"
    kinds.mkdir()
    red = plain((200, 40, 40))
    half_clear = red.convert("RGBA")
    half_clear.putalpha(Image.linear_gradient("L").resize(SIZE).point(lambda level: 255 * (level > 127)))
    clear_palette = Image.new("P", SIZE, 1)
    clear_palette.putpalette([200, 40, 40, 9, 9, 9])
    deep = Image.fromarray(np.full(SIZE[::-1], 200 * 256 + 77, np.uint16))
    red.save(kinds / "0_rgb.png")
    Image.new("L", SIZE, 60).save(kinds / "1_grey.jpg")
    red.convert("CMYK").save(kinds / "2_cmyk.jpg")
    red.convert("P").save(kinds / "3_palette.png")
    half_clear.save(kinds / "4_alpha.png")
    clear_palette.save(kinds / "5_clear.png", transparency=1)
    deep.save(kinds / "6_deep.png")
    Image.new("1", SIZE, 1).save(kinds / "7_bits.bmp")
    red.save(kinds / "8_sideways.jpg", exif=b"Exif\0\0MM\0*\0\0\0\b\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")
    expected = [(200, 40, 40), (60,) * 3, (200, 40, 40), (200, 40, 40), None, (255,) * 3, (200,) * 3]
    expected += [(255,) * 3, (200, 40, 40)]  # whose sides are exchanged
    folder, grey = PictureFolder(tmp_path), PictureFolder(tmp_path, channels=1)
    for i, colour in enumerate(expected):
        picture, size = folder.read(i), SIZE[::-1] if "sideways" in folder.paths[i] else SIZE
        assert (picture.mode, picture.size) == ("RGB", size), folder.paths[i]
        assert (grey.read(i).mode, grey.read(i).size) == ("L", size)
        if colour:
            assert np.abs(np.asarray(picture).mean(axis=(0, 1)) - colour).max() < 4, folder.paths[i]
    clear = np.asarray(folder.read(4))
    assert clear[0, 0].tolist() == [255] * 3
    assert clear[-1, 0].tolist() == [200, 40, 40]
    assert np.asarray(grey.read(0))[0, 0] == round(0.299 * 200 + 0.587 * 40 + 0.114 * 40)


def test_a_jpeg_is_decoded_smaller_but_never_below_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.linear_gradient("L").resize((800, 600)).convert("RGB").save(tmp_path / "a" / "0.jpg", quality=95)
    folder = PictureFolder(tmp_path)
    assert [folder.read(0, wanted).size[1] for wanted in (None, 301, 300, 150, 10)] == [
        600,
        600,
        300,
        150,
        75,
    ]
    view, draws = RandomView(64, (80, 80)), np.array([80, 0.5, 0.5, 0], "float32")
    whole = view(folder.read(0), draws).astype(int)
    assert np.abs(whole - view(folder.read(0, view.shorter_side(draws)), draws)).max() <= 3


# The stream


def test_the_order_is_kept_whatever_the_number_of_threads(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, view = PictureFolder(root), RandomView(8, (10, 30))
    order = np.random.default_rng(3).permutation(np.repeat(np.arange(12), 8))
    draws = view.draw(np.random.default_rng(0), len(order))
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr("os.cpu_count", lambda threads=threads: threads)
        found.append(list(stream(folder, view, order, draws)))
    assert levels(found[0]) == order.tolist()
    assert [label for _, label, _ in found[0]] == folder.labels[order].tolist()
    for other in found[1:]:
        for (image, *rest), (image0, *rest0) in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(image, image0)
            assert rest == rest0


def test_batches_hold_the_streams_pictures(root: Path) -> None:
    folder, order = PictureFolder(root), np.arange(12)[::-1]
    batches = list(stream(folder, TenCrop(8, 10), order, np.zeros((12, 0)), batch_size=5))
    images, labels, weights = zip(*batches, strict=True)
    assert [part.shape for part in images] == [(5, 10, 8, 8, 3), (5, 10, 8, 8, 3), (2, 10, 8, 8, 3)]
    assert (images[0].dtype, labels[0].dtype, weights[0].dtype) == (np.uint8, np.int64, np.float32)
    assert np.concatenate(labels).tolist() == folder.labels[order].tolist()
    assert np.concatenate(weights).tolist() == [1.0] * 12
    level = np.concatenate(images).mean(axis=(1, 2, 3, 4)) / 20
    assert level.round().tolist() == order.tolist()


def test_a_bad_file_stops_the_stream_by_its_name(root: Path) -> None:
    cut_off(root / "b" / "05.jpg")
    folder = PictureFolder(root)
    seen = stream(folder, CentreView(8, 10), np.arange(12), np.zeros((12, 0)))
    assert levels([next(seen) for _ in range(5)]) == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match=rf"{root}/b/05.jpg: .*truncated(.|\n)*skip such files"):
        next(seen)
    with pytest.raises(DataError, match=r"b/05.jpg"):
        next(stream(folder, CentreView(8, 10), np.arange(12), np.zeros((12, 0)), batch_size=12))


def test_a_bad_file_that_has_a_place_to_keep_is_not_skipped(root: Path) -> None:
    cut_off(root / "b" / "05.jpg")
    with pytest.raises(
        DataError, match=r"b/05.jpg(.|\n)*leave it out by reading the folder with data.in_memory"
    ):
        PictureFolder(root, on_bad="skip").read(5)


def test_skipped_pictures_are_stood_in_for_by_the_next_good_one_with_weight_0(root: Path) -> None:
    cut_off(root / "a" / "03.jpg")
    (root / "b" / "04.jpg").write_text("no picture")
    (root / "c" / "11.jpg").write_bytes(b"")
    folder = PictureFolder(root, on_bad="skip")
    for _ in range(2):
        examples = all_of(folder)
        assert levels(examples) == [0, 1, 2, 5, 5, 5, 6, 7, 8, 9, 10, 0]
        assert [label for _, label, _ in examples] == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 0]
        assert [place for place, (_, _, weight) in enumerate(examples) if weight == 0] == [3, 4, 11]
    assert [path for path, _ in folder.skipped] == ["a/03.jpg", "b/04.jpg", "c/11.jpg"]
    assert "truncated" in folder.skipped[0][1]
    with pytest.raises(DataError, match="found none among 2 that can be decoded"):
        all_of(folder.subset([3, 4]))


def test_every_picture_needs_its_draws(root: Path) -> None:
    with pytest.raises(ValueError, match="got 2 pictures and 3 draws"):
        stream(PictureFolder(root), CentreView(8, 10), np.arange(2), np.zeros((3, 0)))


def test_an_abandoned_stream_leaves_no_thread_behind(root: Path) -> None:
    folder, order = PictureFolder(root), np.tile(np.arange(12), 50)
    for leave in ("close", "drop"):
        before = set(threading.enumerate())  # of which some may end meanwhile
        seen = stream(folder, CentreView(8, 10), order, np.zeros((600, 0)))
        next(seen)
        assert set(threading.enumerate()) - before
        if leave == "close":
            seen.close()
        del seen
        limit = time.monotonic() + 5
        while set(threading.enumerate()) - before and time.monotonic() < limit:
            time.sleep(0.01)
        assert not set(threading.enumerate()) - before


def test_a_program_ends_in_the_middle_of_a_stream_and_says_nothing(root: Path) -> None:
    program = f"""
import numpy as np
from cnnlib.data.folders import PictureFolder, stream
from cnnlib.data.views import CentreView
folder, order = PictureFolder({str(root)!r}), np.tile(np.arange(12), 50)
seen = stream(folder, CentreView(8, 10), order, np.zeros((600, 0)), batch_size=6)
next(seen)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
