"""The one decoder of pictures: for training, for testing and for a single picture that is classified."""

from __future__ import annotations

import errno
import io
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

_SUFFIXES = ".apng .avif .bmp .gif .jfif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif .tiff .webp"
IMAGE_SUFFIXES = frozenset(_SUFFIXES.split())
DEPTHS = 8, 10, 12, 14, 16
"""Bits that levels stored in sixteen may use."""
MOST_TWICE = 240e6
"""Bytes of pixels that may lie in memory a second time while a picture is decoded."""
WAITS = 0.2, 1.0, 5.0
"""Seconds before a picture is asked for again, where a disk or a network did not answer."""
# What the system says of this one file; whatever else it says is of the disk or the network.
_OF_THE_FILE = {errno.EACCES, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EPERM}

Picture = str | os.PathLike | bytes | Image.Image | np.ndarray


class DataError(RuntimeError):
    """A data set cannot be had: it is unknown, missing, damaged or not what it should be."""


def decode(picture: Picture, channels: int = 3, shorter_side: int | None = None) -> Image.Image:
    """Decode a picture of any kind.

    It is turned the way up that its EXIF data say. Transparent parts are set on white, as a page would show
    them: the colour stored below them is arbitrary. Of levels of 16 bits the upper 8 are taken of those that
    the picture uses: 8, 10, 12, 14 or 16. Of an animation the first picture is taken.

    Args:
        picture: path of a file (~ is the home folder), its content, a picture from PIL, or an array of
            levels (height, width), (height, width, 1), 3 or, with transparency, 4; uint8 or, grey, uint16.
        channels: 3 for colour, 1 for grey.
        shorter_side: a JPEG may be decoded at a half, quarter or eighth of its size, which is faster, if its
            shorter side keeps at least so many pixels; None for the full size.

    Returns:
        The picture in the mode RGB, or L for one channel.

    Raises:
        DataError: it is no picture, is damaged, or its levels cannot be understood.
        OSError: there is no such file; or disk or network did not answer, asked four times.
    """
    for wait in WAITS:
        try:
            return _decoded(picture, channels, shorter_side)
        except FileNotFoundError:
            raise
        except OSError:
            time.sleep(wait)
    return _decoded(picture, channels, shorter_side)


def _decoded(picture: Picture, channels: int, shorter_side: int | None) -> Image.Image:
    with opened(picture) as image:
        if shorter_side is not None and image is not picture:
            image.draft(None, (shorter_side, shorter_side))
        deep = has_deep_colour(image)
        image.load()
        upright = ImageOps.exif_transpose(image) if turn(image) > 1 else image
        return _converted(_of_eight_bits(upright, deep), "RGB" if channels == 3 else "L")


@contextmanager
def opened(picture: Picture) -> Iterator[Image.Image]:
    """Open a picture without decoding it; what goes wrong within the block with the file is a DataError.

    Raises:
        DataError, OSError: as `decode`.
    """
    try:
        if isinstance(picture, Image.Image):
            yield picture
        elif isinstance(picture, np.ndarray):
            yield _of_array(picture)
        else:
            source = io.BytesIO(picture) if isinstance(picture, bytes) else Path(picture).expanduser()
            with Image.open(source) as image:
                _check_memory(image)
                yield image
    # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, ... on damaged files.
    except Exception as error:
        address = isinstance(picture, str) and "://" in picture
        of_the_file = address or getattr(error, "errno", None) in {None, *_OF_THE_FILE}
        if isinstance(error, MemoryError) or not of_the_file:
            raise
        name = printable(picture) if isinstance(picture, str | os.PathLike) else type(picture).__name__
        found = "a file that is no picture or is damaged"
        if isinstance(error, Image.DecompressionBombError):
            found = "one that is too large: make it smaller"
        elif isinstance(error, UnidentifiedImageError):
            found += ", or is of a kind such as HEIC: save that as JPEG or PNG"
        elif isinstance(error, IsADirectoryError):
            found = "a folder: give a file in it"
        elif address:
            found = "an address: download the picture, and give its file"
        found += f" ({type(error).__name__}: {printable(str(error))})"
        raise DataError(f"{name}: expected a picture; found {found}.") from error


def _check_memory(image: Image.Image) -> None:
    """Raise DecompressionBombError for a large TIFF that would lie in memory twice while it is decoded."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    tags, height = image.tag_v2, image.height
    turned = tags.get(ExifTags.Base.Orientation, 1) > 1
    compressed = tags.get(TiffImagePlugin.COMPRESSION, 1) > 1
    rows = tags.get(TiffImagePlugin.TILELENGTH) or tags.get(TiffImagePlugin.ROWSPERSTRIP, height)
    strip = compressed * min(rows, height) / height
    size = image.width * height * {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode[:4], 4)
    if size * max(turned, strip) > MOST_TWICE:
        kind = "turned or compressed in one strip, so that they lie in memory twice"
        raise Image.DecompressionBombError(f"{image.width} x {height} pixels, {kind}")


def _of_array(levels: np.ndarray) -> Image.Image:
    if levels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"levels are uint8, 0 to 255, or grey uint16, not {levels.dtype}")
    return Image.fromarray(levels[..., 0] if levels.ndim == 3 and levels.shape[-1] == 1 else levels)


def printable(name: str | os.PathLike) -> str:
    """A name as text that can be printed, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def turn(image: Image.Image) -> int:
    """The EXIF orientation of a loaded picture: 1 where it is upright, or says nothing that can be read."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF data are no damage to the picture
        return 1
    return found if found in range(2, 9) else 1


def has_deep_colour(image: Image.Image) -> bool:
    """Say of a picture that is not loaded yet whether its colours are stored in 16 bits."""
    tiles = getattr(image, "tile", [])
    return bool(tiles) and image.mode in ("RGB", "RGBA", "LA") and ";16" in str(tiles[0][3])


def depth(image: Image.Image, deep: bool = False) -> int | None:
    """How many bits the levels of a loaded picture use of 16; None where they are stored in fewer.

    `deep` is what `has_deep_colour` said before it was loaded.

    Raises:
        ValueError: levels of unknown range, or colours so dark that their upper eight bits, all that Pillow
            keeps, do not hold them.
    """
    if deep:
        colours = image.getextrema()[: 1 if image.mode == "LA" else 3]
        if np.max(colours) < 2**6:
            raise ValueError("colours of 16 bits that use the lower 14 or fewer alone; save them in 8 bits")
        return 16
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return None
    # Of 16 bits with the upper byte first, Pillow does not know the extrema.
    found = np.asarray(image) if image.mode == "I;16B" else np.array(image.getextrema())
    low, high = found.min(), found.max()
    if image.mode == "F" or low < 0 or high >= 2**16:
        raise ValueError(f"grey levels of 32 bits from {low} to {high}, of unknown range")
    return next(bits for bits in DEPTHS if high < 2**bits)


def _of_eight_bits(image: Image.Image, deep: bool) -> Image.Image:
    bits = depth(image, deep)
    if bits is None or deep:
        return image
    if bits < 16:
        warnings.warn(
            f"A picture stores its levels in 16 bits and uses {bits}: it is scaled by these {bits}. "
            "cnnlib.data.check(folder) says of which pictures of a folder that is so.",
            stacklevel=2,
        )
    return Image.fromarray((np.asarray(image).astype(np.uint16) >> (bits - 8)).astype(np.uint8))


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == mode else image.convert(mode)
