"""The one decoder, by pictures of every kind."""

from __future__ import annotations

import errno
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnlib.data import DataError, PictureFolder, check, decode, decoding


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    stored = io.BytesIO()
    image.save(stored, form, **options)
    return stored.getvalue()


def quarters() -> Image.Image:
    """A picture whose quarters are red, green, blue and white."""
    image = Image.new("RGB", (64, 48))
    for box, colour in (((0, 0), "red"), ((32, 0), "green"), ((0, 24), "blue"), ((32, 24), "white")):
        image.paste(Image.new("RGB", (32, 24), colour), box)
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_the_way_up_that_its_exif_data_say(orientation: int, form: str, tmp_path: Path) -> None:
    upright, exif = quarters(), Image.Exif()
    exif[0x0112] = orientation
    undone = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)
    lying = upright if undone is None else upright.transpose(Image.Transpose(undone))
    content = saved(lying, form, exif=exif)
    (tmp_path / "a").write_bytes(content)
    for picture in (content, tmp_path / "a", str(tmp_path / "a"), Image.open(io.BytesIO(content))):
        for found in (decode(picture), decode(decode(picture))):
            assert found.size == (64, 48)
            assert np.abs(np.asarray(found, int) - np.asarray(upright, int)).mean() < 10
    if form == "JPEG":
        assert decode(content, shorter_side=24).size == (32, 24)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\x08\0\0\0", b"rubbish"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_data_are_no_damage_to_the_picture(exif: bytes) -> None:
    assert decode(saved(quarters(), "WEBP", exif=exif)).size == (64, 48)


@pytest.mark.parametrize(("highest", "bits"), [(255, 8), (1023, 10), (4095, 12), (16383, 14), (65535, 16)])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_levels_of_16_bits_are_scaled_by_those_that_are_used(highest: int, bits: int, form: str) -> None:
    levels = np.linspace(0, highest, 48).round().astype(np.uint16)[None].repeat(2, axis=0)
    for picture in (saved(Image.fromarray(levels), form), levels):
        if bits < 16:
            with pytest.warns(UserWarning, match=f"levels in 16 bits and uses {bits}: it is scaled by these"):
                found = np.asarray(decode(picture, channels=1), int)
        else:
            found = np.asarray(decode(picture, channels=1), int)
        assert np.abs(found[0] - np.linspace(0, 255, 48)).max() <= 1


def deep_colours(highest: int) -> bytes:
    """A PNG of 4 by 1 pixels with colours of 16 bits, which Pillow cannot write."""
    row = b"\0" + np.linspace(0, highest, 12).astype(">u2").tobytes()
    head = struct.pack(">IIBBBBB", 4, 1, 16, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(row)), (b"IEND", b"")
    chunks = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_dark_colours_of_16_bits_are_refused_rather_than_dark() -> None:
    assert np.asarray(decode(deep_colours(65535))).max() == 255
    with pytest.raises(DataError, match="colours of 16 bits that use the lower 14 or fewer alone"):
        decode(deep_colours(4095))


@pytest.mark.parametrize(("level", "kind"), [(1e6, np.float32), (-5, np.int32), (70000, np.int32)])
def test_levels_that_nobody_could_scale_are_refused(level: float, kind: type) -> None:
    with pytest.raises(DataError, match=r"grey levels of 32 bits from .* of unknown range"):
        decode(saved(Image.fromarray(np.full((4, 4), level, kind)), "TIFF"))
    with pytest.raises(DataError, match="levels are uint8, 0 to 255, or grey uint16, not float64"):
        decode(np.zeros((4, 4, 3)))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparent_parts_are_white(mode: str) -> None:
    image = Image.new("RGBA", (8, 8), (200, 40, 40, 255))
    image.paste((9, 9, 9, 0), (0, 0, 4, 8))
    kinds = {"P": saved(image, "GIF"), "PA": image.convert("PA")}
    found = np.asarray(decode(kinds.get(mode) or saved(image.convert(mode))))
    assert (found[:, 0] == 255).all()
    assert (found[:, 7] < 255).any()


def test_arrays_and_other_colours() -> None:
    rgb = np.asarray(quarters())
    assert np.array_equal(decode(rgb), rgb)
    assert np.array_equal(decode(rgb[..., :1]), rgb[..., :1].repeat(3, axis=-1))
    assert np.asarray(decode(rgb, channels=1)).shape == (48, 64)
    assert decode(np.dstack([rgb, rgb[..., 0]])).getpixel((63, 0)) == (255, 255, 255)
    assert np.abs(np.asarray(decode(saved(quarters().convert("CMYK"), "JPEG")), int) - rgb).mean() < 4
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    first = decode(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert first.getpixel((0, 0)) == (10,) * 3


@pytest.mark.parametrize(
    ("mode", "options", "refused"),
    [
        ("RGB", {"compression": "tiff_lzw"}, False),
        ("RGB", {"compression": "tiff_lzw", "tiffinfo": {278: 200}}, True),
        ("L", {"compression": "tiff_lzw", "tiffinfo": {278: 200}}, False),
        ("RGB", {"tiffinfo": {278: 200}}, False),
        ("RGB", {"tiffinfo": {274: 6}}, True),
    ],
    ids=["strips", "one strip", "one grey strip", "not compressed", "turned"],
)
def test_a_large_tiff_that_would_lie_in_memory_twice_is_refused(
    mode: str, options: dict, refused: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(decoding, "MOST_TWICE", 0.7 * 4 * 200 * 200)
    (tmp_path / "a").mkdir()
    for number in range(6):
        Image.new(mode, (200, 200), number).save(tmp_path / "a" / f"{number}.tif", **options)
    found = {what: row for _, what, row, *_ in check(tmp_path).rows}
    assert found.get("too large to be opened") == (6 if refused else None)
    if refused:
        with pytest.raises(DataError, match=r"too large: make it smaller .*200 x 200 pixels, turned or"):
            decode(tmp_path / "a" / "0.tif")
    else:
        assert decode(tmp_path / "a" / "0.tif").size == (200, 200)


def test_what_is_no_picture_is_said_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"notes.jpg: expected a picture; found a file that is no picture"):
        decode(tmp_path / "notes.jpg")
    with pytest.raises(DataError, match=r"bytes: expected a picture; found .*damaged"):
        decode(saved(quarters())[:-60])
    with pytest.raises(FileNotFoundError, match=r"none.jpg"):
        decode(tmp_path / "none.jpg")
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(DataError, match=r"a\.heic: .* such as HEIC: save that as JPEG or PNG"):
        decode(tmp_path / "a.heic")
    with pytest.raises(DataError, match=r"expected a picture; found a folder: give a file in it"):
        decode(tmp_path)
    with pytest.raises(DataError, match=r"https://example\.org/cat\.jpg: .*an address: download the picture"):
        decode("https://example.org/cat.jpg")


def test_a_drive_that_does_not_answer_is_asked_again_and_says_nothing_of_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        quarters().save(tmp_path / name / "0.png")
    folder, opens, asked = PictureFolder(tmp_path, on_bad="skip"), Image.open, []
    silent = iter([True, True, False, True, True, True, True, False])

    def often_silent(file: Path) -> Image.Image:
        asked.append(file)
        if next(silent):
            raise OSError(errno.EIO, "Input/output error", str(file))
        return opens(file)

    monkeypatch.setattr(decoding, "WAITS", (0, 0, 0))
    monkeypatch.setattr(Image, "open", often_silent)
    assert folder.read_good(0)[1] == 0  # at the third time
    with pytest.raises(OSError, match="Input/output error"):
        folder.read_good(1)  # asked four times
    assert (len(asked), folder.skipped) == (7, [])
    assert folder.read_good(1)[1] == 1
