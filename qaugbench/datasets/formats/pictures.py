"""The only decoder of pictures: supported formats only, upright, with the full range of tones.

1. Format: those in ``FORMATS``, whatever the file's name. Pillow's other formats are never tried; some start programs
(EPS starts Ghostscript).
2. Size: more than ``MAX_PIXELS`` are refused before anything is decoded.
3. Orientation: turned and mirrored by the EXIF orientation, as viewers do. Damaged EXIF is ignored.
4. Depth: 16-bit grey values keep the full range of their depth, not the range of the image; 12-bit TIFF is scaled to 16
bits, and a TIFF in which 0 is white is inverted. Negative, floating-point and 32-bit integer values are refused: their
white level is unknown.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import IO

import numpy as np
from PIL import Image

from qaugbench.errors import DataError

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "PPM")
"""Formats that are read, by Pillow's names."""
MAX_PIXELS = 89_000_000
"""Images of more pixels are refused before they are decoded (Pillow itself warns a little above)."""
SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
PNG = b"\x89PNG"
TURN_SAID_IN = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")
UPRIGHT = 1
ORIENTATION, BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 274, 258, 262, 339
WHITE_IS_ZERO, UNSIGNED = 0, 1
UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow has been seen to raise for a file that is no image or a damaged one."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What shows a picture upright, by its EXIF orientation."""


def opened_picture(file: IO[bytes]) -> Image.Image:
    """Return the picture in ``file`` with only its header read; raise DataError for an unsupported format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own warnings about size and metadata; the limit below is lower
        try:
            image = Image.open(file, formats=FORMATS)
        except UNREADABLE as error:
            raise DataError(reason(error)) from error
    if image.width * image.height > MAX_PIXELS:
        raise DataError(f"{image.width} x {image.height} pixels are more than the {MAX_PIXELS:,} that are decoded")
    return image


def read_picture(content: bytes) -> Image.Image:
    """Return the picture that ``content`` encodes: decoded, upright, 16-bit grey as mode I;16 over the full range of 16 bits.

    Raises DataError (the reason, without the file's name) for another format, a damaged file, and values of unknown
    range.
    """
    with opened_picture(io.BytesIO(content)) as image:
        return upright(image)


def upright(image: Image.Image) -> Image.Image:
    """Return an opened picture decoded, upright by its EXIF orientation, and with its full range of tones; errors as above."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            shown = _true_tones(image)
    except UNREADABLE as error:
        raise DataError(reason(error)) from error
    turn = TURNS.get(orientation(image))  # decoding a TIFF turns it and drops the orientation
    if turn is None:
        return shown
    turned = shown.transpose(turn)
    turned.format = image.format
    for said in TURN_SAID_IN:
        turned.info.pop(said, None)  # a saved copy must not be turned again
    return turned


def carries_turn(content: bytes) -> bool:
    """Return whether a readable picture has to be turned or mirrored; decodes nothing."""
    if content.startswith(PNG) and b"eXIf" not in content:
        return False  # Pillow would decode it to read what follows the pixels
    try:
        with opened_picture(io.BytesIO(content)) as image:
            return orientation(image) != UPRIGHT
    except DataError:
        return False


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation of an opened picture, 1 to 8; 1 (upright) if none can be read."""
    try:
        said = image.getexif().get(ORIENTATION, UPRIGHT)
    except UNREADABLE:
        return UPRIGHT
    return int(said) if said in TURNS else UPRIGHT


def reason(error: BaseException) -> str:
    """Return in words why a picture cannot be read, without the name of the file."""
    text = str(error)
    return "not an image of a known format" if "cannot identify" in text else text or type(error).__name__


def _true_tones(image: Image.Image) -> Image.Image:
    """Return a decoded picture with 16-bit values over the full range of 16 bits; other modes as they are."""
    if image.mode == "F":
        raise DataError("holds floating-point values; save it with 8 or 16 bits")
    tags = getattr(image, "tag_v2", {})
    if {int(kind) for kind in tags.get(SAMPLE_FORMAT, (UNSIGNED,))} != {UNSIGNED}:
        raise DataError("holds values with a sign; save it with 8 or 16 bits, from 0")
    if image.mode not in SIXTEEN_BIT:
        return image
    if image.mode == "I" and image.format == "TIFF":
        raise DataError("holds 32-bit integers, of which nobody says what is white; save it with 8 or 16 bits")
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise DataError(f"holds values from {values.min()} to {values.max()}; save it with 8 or 16 bits")
    if tuple(tags.get(BITS_PER_SAMPLE, ())) == (12,):
        values = (values * 65535 + 2047) // 4095
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        values = 65535 - values
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        values[values == transparent] = 0
    shown = Image.fromarray(values.astype(np.uint16))
    shown.format = image.format
    return shown
