"""The sheet of synthetic images in an entry has the size that its record implies, and holds pixels and nothing else."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from qaugbench.board.sample_sheet import sample_sheet
from qaugbench.board.sheet_layout import WIDTH, height, most_rows, sheet_fault
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.record import read_record
from tests.board.tampering import repair_manifest


def png(size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG", **options)
    return buffer.getvalue()


def test_the_sheet_of_a_run_is_one(made_run: Path) -> None:
    record = read_record(made_run)
    sheet = sample_sheet(made_run / "samples.npz", record)
    assert sheet is not None
    assert sheet_fault(sheet, record) is None
    assert Image.open(io.BytesIO(sheet)).size == (WIDTH, height(most_rows(record)))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((512, 512), "it has 512 x 512 pixels, and a sheet of 6 images a row and at most 9 rows"),
        ((WIDTH, height(10)), "pixels, and a sheet"),
        ((WIDTH, height(0)), "pixels, and a sheet"),
        ((WIDTH, height(2) + 1), "pixels, and a sheet"),
    ],
)
def test_a_picture_of_another_size_is_none(size: tuple[int, int], words: str, made_run: Path) -> None:
    assert words in str(sheet_fault(png(size), read_record(made_run)))


def test_a_picture_with_more_than_pixels_is_none(made_run: Path) -> None:
    record, size = read_record(made_run), (WIDTH, height(2))
    assert sheet_fault(png(size), record) is None
    noted = PngImagePlugin.PngInfo()
    noted.add_text("Comment", "a patient's name")
    assert "something else than pixels" in str(sheet_fault(png(size, pnginfo=noted), record))
    assert "something else than pixels" in str(sheet_fault(png(size, "L"), record))


def test_pixels_are_those_of_the_size(made_run: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    whole = png((WIDTH, height(2)))
    for body in (zlib.compress(bytes(100)), zlib.compress(bytes(10**7)), b"none"):
        broken = whole[:33] + chunk(b"IDAT", body) + chunk(b"IEND", b"")
        assert "its pixels are not those of its size" in str(sheet_fault(broken, read_record(made_run)))


def test_an_entry_with_any_other_picture_is_refused(entry: Path) -> None:
    (entry / "samples.png").write_bytes(png((512, 512)))
    repair_manifest(entry)
    with pytest.raises(EntryError, match=r"samples\.png: it has 512 x 512 pixels.*Submit the run again\."):
        verify(entry)
