"""One picture of synthetic images: one row per generator variant and class."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from qaugbench.board.releasable import releasable_arms
from qaugbench.board.sample_images import read_sample_images
from qaugbench.board.sheet_layout import GAP, LABEL_HEIGHT, PER_ROW, ROW_HEIGHT, TILE, WIDTH, height
from qaugbench.record import Record


def sample_sheet(samples: Path, record: Record) -> bytes | None:
    """Return a PNG of up to six synthetic images per variant and class, never real ones; None without such images.

    Of real data only variants whose images are releasable are shown. Each image is enlarged or reduced to 64 pixels; the file
    depends on the images alone.
    """
    rows = _rows(samples, record)
    if not rows:
        return None
    sheet = Image.new("RGB", (WIDTH, height(len(rows))), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (title, images) in enumerate(rows):
        draw.text((GAP, number * ROW_HEIGHT + 2), title, fill="black")
        for column, image in enumerate(images[:PER_ROW]):
            tile = Image.fromarray(image).convert("RGB").resize((TILE, TILE), Image.Resampling.NEAREST)
            sheet.paste(tile, (GAP + column * (TILE + GAP), number * ROW_HEIGHT + LABEL_HEIGHT))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _rows(samples: Path, record: Record) -> list[tuple[str, list[np.ndarray]]]:
    names = [*record.labels.names, "none"]
    found = read_sample_images(samples)
    return [
        (f"{arm}: {name}", [image[..., 0] if image.shape[-1] == 1 else image for image in found[f"{arm}/{name}"]])
        for arm in releasable_arms(record)
        for name in names
        if f"{arm}/{name}" in found
    ]
