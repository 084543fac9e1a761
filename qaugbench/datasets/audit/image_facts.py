"""The facts about one decoded image that the audit uses: hashes, depth and size, thumbnails, frame, signs of damage."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.burnt_in_text import letters_at_border
from qaugbench.datasets.audit.turned_copies import turned_hash
from qaugbench.datasets.formats.pictures import SIXTEEN_BIT, opened_picture, upright
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.errors import DataError

THUMBNAIL = 32
DETAIL = 48
"""Pixels per side of the two grey copies that are kept: one to find pairs, one to confirm them."""
SAMPLED_SIDE = 256
"""Tones are counted on every k-th row and column, so that about this many rows and columns are left."""
FRAME = (
    "frame brightness",
    "frame contrast",
    "black part of the frame",
    "brightness at the top",
    "brightness at the bottom",
    "brightness at the left",
    "brightness at the right",
    "top left corner",
    "top right corner",
    "bottom left corner",
    "bottom right corner",
    "black margin at the top",
    "black margin at the bottom",
    "black margin at the left",
    "black margin at the right",
)
FRAME_SHARE = 0.04
BLACK = 8


@dataclass(frozen=True)
class ImageFacts:
    """One image. If ``problem`` is not empty, it could not be decoded, and the other fields are empty or 0.

    ``file_hash``, ``pixel_hash`` and ``turned_hash`` (the same in all eight orientations) are 16 bytes; ``bits`` are per channel;
    ``quantisation`` is the mean of the JPEG luminance table (0 for other formats); ``tones`` is the distance in grey levels
    of the 0.5th and 99.5th percentile; ``flat_rows`` the share of rows, counted from the bottom, that are a uniform mid
    grey, as left by a decoder that ran out of data; ``frame`` float32 has the entries ``FRAME``.
    """

    problem: str
    file_hash: bytes
    pixel_hash: bytes = bytes(16)
    turned_hash: bytes = bytes(16)
    format: str = ""
    bits: int = 0
    width: int = 0
    height: int = 0
    quantisation: float = 0.0
    coloured: bool = False
    tones: int = 0
    flat_rows: float = 0.0
    letters: int = 0
    thumbnail: np.ndarray | None = None
    detail: np.ndarray | None = None
    frame: np.ndarray | None = None


def image_facts(content: bytes) -> ImageFacts:
    """Return the facts of one image file; never raises for damaged files or files that are not images.

    >>> image_facts(b"GIF").problem
    'not an image of a known format'
    """
    file_hash = hashlib.blake2b(content, digest_size=16).digest()
    try:
        with opened_picture(io.BytesIO(content)) as image:
            tables = getattr(image, "quantization", None)
            return _facts(upright(image), image.format or "", tables, file_hash)
    except DataError as error:
        return ImageFacts(str(error), file_hash)


def _facts(image: Image.Image, kind: str, tables: Mapping[int, list[int]] | None, file_hash: bytes) -> ImageFacts:
    grey, raw, coloured = grey_and_stored(image)
    step = max(1, min(grey.shape) // SAMPLED_SIDE)
    sample = grey[::step, ::step]
    low, high = np.percentile(sample, (0.5, 99.5))
    return ImageFacts(
        problem="",
        file_hash=file_hash,
        pixel_hash=hashlib.blake2b(f"{raw.shape}".encode() + raw.tobytes(), digest_size=16).digest(),
        turned_hash=turned_hash(raw),
        format=kind,
        bits=8 * raw.itemsize,
        width=image.width,
        height=image.height,
        quantisation=float(np.mean(tables[min(tables)])) if tables else 0.0,
        coloured=coloured,
        tones=int(high - low),
        flat_rows=_flat_rows(sample),
        letters=letters_at_border(grey),
        thumbnail=small_copy(Image.fromarray(grey), THUMBNAIL),
        detail=small_copy(Image.fromarray(grey), DETAIL),
        frame=frame_features(grey, sample),
    )


def small_copy(image: Image.Image, size: int) -> np.ndarray:
    """Return uint8 [size, size]: the image in grey, padded to a square as for training."""
    return square_pixels(image, size, 1)[..., 0]


def grey_and_stored(image: Image.Image) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return (grey uint8 [H, W], the pixels as stored, whether there is colour).

    16-bit values are stretched over their own range: the audit compares shapes, not tones.
    """
    if image.mode in SIXTEEN_BIT:
        values = np.asarray(image).astype(np.int64)
        low, span = values.min(), max(int(values.max() - values.min()), 1)
        return ((values - low) * 255 // span).astype(np.uint8), values.astype(np.uint16), False
    if image.mode in ("L", "1"):
        grey = np.asarray(image.convert("L"))
        return grey, grey, False
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image.convert("RGBA"))
    colour = image.convert("RGB")
    raw = np.asarray(colour)
    apart = np.maximum(_distance(raw[..., 0], raw[..., 1]), _distance(raw[..., 1], raw[..., 2]))
    if not apart.any():
        return raw[..., 0], raw[..., 0], False
    return np.asarray(colour.convert("L")), raw, bool((apart > 16).mean() > 0.005)


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.maximum(a, b) - np.minimum(a, b)


def frame_features(grey: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Return float32 [15], the entries ``FRAME`` of ``grey`` uint8 [H, W]; margins are taken from its ``sample``.

    The frame is the outermost 4 % of each side. A margin is the share of rows (or columns) from the edge inwards in
    which at least 99 % of the pixels are black (<= 8).
    """
    wide = max(1, round(FRAME_SHARE * min(grey.shape)))
    edges = grey[:wide], grey[-wide:], grey[:, :wide], grey[:, -wide:]
    frame = np.concatenate([edge.ravel() for edge in edges])
    corners = grey[:wide, :wide], grey[:wide, -wide:], grey[-wide:, :wide], grey[-wide:, -wide:]
    black = sample <= BLACK
    rows, columns = black.mean(axis=1) >= 0.99, black.mean(axis=0) >= 0.99
    margins = [_leading_share(line) for line in (rows, rows[::-1], columns, columns[::-1])]
    values = [frame.mean(), frame.std(), (frame <= BLACK).mean(), *(edge.mean() for edge in edges)]
    return np.array([*values, *(corner.mean() for corner in corners), *margins], dtype=np.float32)


def _leading_share(black: np.ndarray) -> float:
    return 1.0 if black.all() else float(black.argmin() / len(black))


def _flat_rows(sample: np.ndarray) -> float:
    flat = (np.ptp(sample, axis=1) <= 2) & (np.abs(sample.mean(axis=1) - 128) <= 4)
    return _leading_share(flat[::-1])
