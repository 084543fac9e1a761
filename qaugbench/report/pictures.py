"""Strips of real and synthetic images, class by class, as PNG data that a page can hold."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from qaugbench.board.sample_images import read_sample_images
from qaugbench.record import Record
from qaugbench.report.pair_sheet import SMALLEST_SIDE, pair_sheet, png

PER_STRIP = 6


@dataclass(frozen=True)
class Strip:
    """Images of one class from one origin: ``real`` or a generator variant."""

    origin: str
    data_uri: str
    n_images: int
    width: int


@dataclass(frozen=True)
class ClassStrips:
    """All strips of one class, the real images first."""

    name: str
    title: str
    strips: list[Strip]


@dataclass(frozen=True)
class PairSheet:
    """The closest synthetic and training images of an arm as one picture."""

    data_uri: str
    n_pairs: int
    width: int


def strips_by_class(samples: Path, record: Record) -> list[ClassStrips]:
    """Return the strips in ``samples.npz`` in the order of classes and arms; empty without the file.

    Raises EntryError when the file is damaged.
    """
    images = read_sample_images(samples)
    titles = dict(zip(record.labels.names, record.labels.titles, strict=True))
    if record.labels.kind == "multilabel":
        titles["none"] = "No finding"
    origins = ["real", *(arm.id for arm in record.arms if arm.generator)]
    found = [
        ClassStrips(
            name,
            title,
            [strip(origin, images[f"{origin}/{name}"]) for origin in origins if f"{origin}/{name}" in images],
        )
        for name, title in titles.items()
    ]
    return [shown for shown in found if shown.strips]


def strip(origin: str, images: np.ndarray) -> Strip:
    """Return up to six images [n, H, W, C] uint8 side by side, small ones enlarged by a whole factor."""
    factor = max(1, -(-SMALLEST_SIDE // images.shape[1]))
    tiles = images[:PER_STRIP]
    enlarged = tiles.repeat(factor, axis=1).repeat(factor, axis=2)
    spaced = np.pad(enlarged, ((0, 0), (0, 0), (0, 3), (0, 0)), constant_values=255)
    row = np.concatenate(list(spaced), axis=1)[:, :-3]
    image = Image.fromarray(row[..., 0] if row.shape[-1] == 1 else row)
    return Strip(origin, data_uri(png(image), "image/png"), len(tiles), image.width)


def pair_sheets(pairs: Path | None) -> dict[str, PairSheet]:
    """Return by arm the closest pairs in ``pairs.npz``; empty without the file. Raises EntryError when it is damaged."""
    images = {} if pairs is None else read_sample_images(pairs)
    arms = dict.fromkeys(name.rpartition("/")[0] for name in images)
    return {arm: _pair_sheet(images[f"{arm}/synthetic"], images[f"{arm}/training"]) for arm in arms if arm}


def _pair_sheet(synthetic: np.ndarray, training: np.ndarray) -> PairSheet:
    image = pair_sheet(synthetic, training)
    return PairSheet(data_uri(png(image), "image/png"), len(synthetic), image.width)


def data_uri(content: bytes, kind: str) -> str:
    """Return content as a data URI.

    >>> data_uri(b"hi", "text/plain")
    'data:text/plain;base64,aGk='
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
