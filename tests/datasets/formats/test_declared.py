"""What unpacks beyond measure is refused by its headers, in all and before anything is decoded."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qaugbench.datasets.audit.scan import scan
from qaugbench.datasets.formats import archive, declared, pictures
from qaugbench.datasets.formats.archive import open_archive
from qaugbench.datasets.formats.declared import declared_values, refuse_swelling
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.pixel_store import write_pixels
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.definitions import task
from qaugbench.errors import DataError

KNEES = task("kneeoa")


def black(side: int, rows: int | None = None) -> bytes:
    """Return a black PNG of side x side pixels, written by hand: a thousand pixels per byte; with fewer ``rows`` it is cut off."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packed = zlib.compress(bytes((side if rows is None else rows) * (side + 1)), 9)
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def noise(seed: int, side: int = 64) -> bytes:
    content = io.BytesIO()
    values = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
    Image.fromarray(values).save(content, "PNG")
    return content.getvalue()


def source(folder: Path, contents: list[bytes]) -> Path:
    (folder / "images").mkdir(parents=True)
    rows = ["filename,label", *(f"{i}.png,{i % 5}" for i in range(len(contents)))]
    (folder / "labels.csv").write_text("\n".join(rows))
    for i, content in enumerate(contents):
        (folder / "images" / f"{i}.png").write_bytes(content)
    return folder


@pytest.fixture
def few_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow less than two black pictures of 1,000 x 1,000 pixels beyond what their bytes are good for."""
    monkeypatch.setattr(declared, "MAX_EXCESS", 1_500_000)


@pytest.fixture
def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object) -> None:
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(pictures, "_true_tones", decoded)


@pytest.mark.parametrize("read", [load_images, write_pixels, scan])
def test_a_source_of_bombs_is_refused_before_it_is_decoded(tmp_path, few_allowed, undecoded, read) -> None:
    prepared = open_prepared(source(tmp_path / "bombs", [black(1000), black(999), noise(1)]), KNEES.labels)
    how = {load_images: (32, 1), write_pixels: (32, 1, tmp_path / "store"), scan: ()}[read]
    with pytest.raises(DataError, match=r"would unpack to 2,002,097 values .*1,500,000 are allowed.*images/0\.png"):
        read(prepared, *how)


def test_own_pictures_are_refused_before_they_are_converted(tmp_path, few_allowed, undecoded, monkeypatch) -> None:
    monkeypatch.setenv("QAUGBENCH_DATA", str(tmp_path / "home"))
    for i in range(3):
        (tmp_path / "own" / str(i)).mkdir(parents=True)
        (tmp_path / "own" / str(i) / "a.png").write_bytes(black(1000 + i))
    with pytest.raises(DataError, match="would unpack"):
        own_prepared(tmp_path / "own", KNEES.labels)
    assert not list((tmp_path / "home").rglob("*.zip"))


def test_one_flat_picture_and_many_true_ones_are_read(tmp_path, few_allowed) -> None:
    contents = [black(1000), *(noise(i, 128) for i in range(30))]
    assert len(load_images(open_prepared(source(tmp_path / "s", contents), KNEES.labels), 32, 1)) == 31


def test_padding_a_source_with_true_bytes_does_not_hide_bombs(few_allowed) -> None:
    contents = {"a": black(1000), "b": black(1001), **{f"n{i}": noise(i, 500) for i in range(10)}}
    files = ((name, len(content), partial(io.BytesIO, content)) for name, content in contents.items())
    with pytest.raises(DataError, match="would unpack"):
        refuse_swelling("here", files)


def test_the_limit_as_shipped_stops_fifteen_gigabytes_in_fifteen_megabytes() -> None:
    head = black(9000, rows=1)  # the header is all that is looked at
    files = ((f"{i}.png", 81_000, partial(io.BytesIO, head)) for i in range(185))
    with pytest.raises(DataError, match="would unpack to 14,985,000,000 values from 14,985,000 bytes"):
        refuse_swelling("here", files)


def test_a_nifti_and_a_dicom_file_declare_their_values_too() -> None:
    header = struct.pack("<i", 348) + bytes(36) + struct.pack("<8h", 3, 40, 50, 60, 1, 1, 1, 1) + bytes(300)
    assert declared_values("a.nii", partial(io.BytesIO, header)) == 40 * 50 * 60
    assert declared_values("a.nii.gz", partial(io.BytesIO, gzip.compress(header))) == 40 * 50 * 60
    meta = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00"
    group = b"\x02\x00\x00\x00UL\x04\x00" + struct.pack("<I", len(meta))
    body = (
        b"\x28\x00\x10\x00US\x02\x00" + struct.pack("<H", 700) + b"\x28\x00\x11\x00US\x02\x00" + struct.pack("<H", 800)
    )
    assert declared_values("a", partial(io.BytesIO, bytes(128) + b"DICM" + group + meta + body)) == 700 * 800
    assert declared_values("a.txt", partial(io.BytesIO, b"text")) == 0


def test_a_zip_that_would_unpack_to_far_more_than_its_length_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "s.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("labels.csv", "filename,label\na.png,0\n")
        for i in range(4):
            packed.writestr(f"images/{i}.png", bytes(500_000))
    with pytest.raises(DataError, match=r"would unpack to 2,000,0\d\d, more than 100 times"):
        open_archive(tmp_path / "s.zip")
