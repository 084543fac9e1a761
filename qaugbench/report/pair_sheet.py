"""The synthetic images closest to a training image, each above that image, as one picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from qaugbench.errors import DataError
from qaugbench.report.asked_file import check_asked_file, write_asked_file

OPTION = "--pairs"
PAIRS_PER_ROW = 10
BETWEEN = 2
"""Pixels between the two images of a pair."""
SMALLEST_SIDE = 64
"""Side in pixels up to which small images are enlarged, by a whole factor."""


def pair_sheet(synthetic: np.ndarray, training: np.ndarray) -> Image.Image:
    """Return pairs of images [n, H, W, C] uint8, each synthetic one above its training image, ten pairs to a row."""
    factor = max(1, -(-SMALLEST_SIDE // synthetic.shape[1]))
    drawn, nearest = (images.repeat(factor, axis=1).repeat(factor, axis=2) for images in (synthetic, training))
    between = np.full((len(drawn), BETWEEN, *drawn.shape[2:]), 255, np.uint8)
    pairs = np.concatenate([drawn, between, nearest], axis=1)
    per_row = min(PAIRS_PER_ROW, len(pairs))
    blank = np.full((-len(pairs) % per_row, *pairs.shape[1:]), 255, np.uint8)
    spaced = np.pad(np.concatenate([pairs, blank]), ((0, 0), (0, 8), (0, 3), (0, 0)), constant_values=255)
    rows = [np.concatenate(list(spaced[start : start + per_row]), axis=1) for start in range(0, len(spaced), per_row)]
    sheet = np.concatenate(rows)
    return Image.fromarray(sheet[..., 0] if sheet.shape[-1] == 1 else sheet)


def png(image: Image.Image) -> bytes:
    """Return a picture as the content of a .png file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def check_sheet_path(path: Path, *, training: bool) -> None:
    """Raise DataError for a sheet that could not be written, or of which there would be none without ``training`` images."""
    check_asked_file(path, OPTION, (".png",))
    if not training:
        raise DataError(f"{OPTION} shows images beside training images: give those with --train TRAINING.")


def write_pair_sheet(path: Path, synthetic: np.ndarray, training: np.ndarray) -> Path:
    """Write the sheet of pairs as a .png and return its path; DataError where there is no pair, or it cannot be written."""
    if not len(synthetic):
        raise DataError(f"No sheet was written to {path}: too few images for a search for copies. The numbers say why.")
    return write_asked_file(path, png(pair_sheet(synthetic, training)), OPTION)
