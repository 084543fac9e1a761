"""How a sheet of synthetic images is laid out, and whether a PNG can be one: that is all that is checked of it (docs/trust.md)."""

from __future__ import annotations

import struct
import zlib

from qaugbench.board.releasable import releasable_arms
from qaugbench.record import Record

TILE, GAP, LABEL_HEIGHT = 64, 4, 14
PER_ROW = 6
WIDTH = GAP + PER_ROW * (TILE + GAP)
ROW_HEIGHT = LABEL_HEIGHT + TILE + GAP
CHANNELS = 3
SIGNATURE = b"\x89PNG\r\n\x1a\n"
FORMAT = (8, 2, 0, 0, 0)
"""Of the header: eight bits a channel, red, green and blue, the one compression and filter there are, not interlaced."""
CHUNKS = {b"IHDR", b"IDAT", b"IEND"}


def height(rows: int) -> int:
    """Return the pixels of a sheet's height."""
    return rows * ROW_HEIGHT + GAP


def most_rows(record: Record) -> int:
    """Return how many rows the sheet of an entry has at most: one per releasable arm and class, and one for images without any."""
    return len(releasable_arms(record)) * (len(record.labels.names) + (record.labels.kind == "multilabel"))


def sheet_fault(content: bytes, record: Record) -> str | None:
    """Return what a whole PNG has that no sheet of this record has, without a full stop; None where it can be one."""
    parts: list[tuple[bytes, bytes]] = []
    place = len(SIGNATURE)
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        parts.append((kind, content[place + 8 : place + 8 + length]))
        place += 12 + length
    width, tall, *form = struct.unpack(">IIBBBBB", parts[0][1])
    rows, rest = divmod(tall - GAP, ROW_HEIGHT)
    if width != WIDTH or rest or not 1 <= rows <= most_rows(record):
        return (
            f"it has {width} x {tall} pixels, and a sheet of {PER_ROW} images a row and at most {most_rows(record)} rows (one per "
            f"generator variant that may be shown and class) has {WIDTH} x {ROW_HEIGHT} a row and {GAP} more"
        )
    if tuple(form) != FORMAT or {kind for kind, _ in parts} != CHUNKS:
        return "it holds something else than pixels of 24 bits"
    if not _holds(b"".join(body for kind, body in parts if kind == b"IDAT"), tall * (1 + CHANNELS * width)):
        return "its pixels are not those of its size"
    return None


def _holds(compressed: bytes, size: int) -> bool:
    """Return whether exactly so many bytes were compressed, and nothing is behind them."""
    reader = zlib.decompressobj()
    try:
        found = len(reader.decompress(compressed, size + 1))
    except zlib.error:
        return False
    return found == size and reader.eof and not reader.unused_data
