"""One image of any size and mode as a square uint8 array. Every step is fixed, so equal files give equal pixels.

1. Opening: supported formats only, upright by EXIF, values over the full range of their bit depth (``formats.pictures``).
2. Depth: 16-bit grey values v become round(v * 255 / 65535), over the full 16-bit range, not the range of the image. (Of
   a 16-bit RGB file Pillow keeps the high bytes.) Floating-point images are refused.
3. Transparency: composited over black. Colour: grey by ITU-R 601 luma if the task has one channel, RGB if it has three.
4. Shape: padded with black to a square, the image in the middle.
5. Size: Pillow's bilinear filter, whose support grows with the shrinking factor (antialiased). A square image that has
   the size already keeps its pixels.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from qaugbench.datasets.formats.pictures import MAX_PIXELS, SIXTEEN_BIT, read_picture
from qaugbench.errors import DataError


def read_square(content: bytes, size: int, channels: int) -> np.ndarray:
    """Return uint8 [size, size, channels] of the picture that ``content`` encodes; errors as ``read_picture``."""
    return square_pixels(read_picture(content), size, channels)


def square_pixels(image: Image.Image, size: int, channels: int) -> np.ndarray:
    """Return uint8 [size, size, channels] of a decoded ``image``; raise DataError for too many pixels or an unusable mode."""
    if image.width * image.height > MAX_PIXELS:
        raise DataError(f"{image.width} x {image.height} pixels are more than the {MAX_PIXELS:,} that are decoded")
    converted = _in_mode(image, "L" if channels == 1 else "RGB")
    square = _padded_to_square(converted)
    if square.width != size:
        square = square.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(square, dtype=np.uint8).reshape(size, size, channels)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == mode:
        return image
    if image.mode in SIXTEEN_BIT:
        return _eight_bit(image).convert(mode)
    if image.mode == "F":
        raise DataError("holds floating-point values; save it with 8 or 16 bits")
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, image.convert("RGBA")).convert("RGB").convert(mode)
    return image.convert("RGB").convert(mode) if image.mode == "P" else image.convert(mode)


def _eight_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise DataError(f"holds values from {values.min()} to {values.max()}; save it with 8 or 16 bits")
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))


def _padded_to_square(image: Image.Image) -> Image.Image:
    side = max(image.size)
    if image.size == (side, side):
        return image
    square = Image.new(image.mode, (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square
