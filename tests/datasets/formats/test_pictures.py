"""An encoded picture comes in upright, with its true tones, and only in a promised format."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import qaugbench
from qaugbench.datasets.formats import pictures
from qaugbench.datasets.formats.pictures import carries_turn, opened_picture, read_picture
from qaugbench.datasets.preprocess import read_square, square_pixels
from qaugbench.errors import DataError

EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n"
    b"newpath 0 0 moveto 8 8 lineto stroke\nshowpage\n%%EOF\n"
)
DEEP = np.array([[0, 1000], [30000, 65535]], np.uint16)
DEEP_AS_EIGHT = [[0, 4], [117, 255]]  # round(v * 255 / 65535)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def marked() -> Image.Image:
    """Return a picture of 6 x 4 blocks whose eight orientations all differ."""
    values = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
    return Image.fromarray(np.kron(values, np.ones((8, 8), np.uint8)))


def with_orientation(code: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = code
    return exif


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("code", range(1, 9))
def test_a_picture_is_read_as_viewers_show_it(form: str, code: int) -> None:
    stored = marked() if form != "WEBP" else marked().convert("RGB")
    quality = {"quality": 100} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    content = encoded(stored, form, exif=with_orientation(code), **quality)
    tagged = stored.copy()
    tagged.getexif()[274] = code
    expected = np.asarray(ImageOps.exif_transpose(tagged).convert("L")).astype(int)
    found = np.asarray(read_picture(content).convert("L")).astype(int)
    assert found.shape == expected.shape
    assert abs(found - expected).max() <= (2 if form == "JPEG" else 0)
    assert carries_turn(content) == (code != 1)


def test_a_turned_picture_is_turned_once_however_often_it_is_saved() -> None:
    once = read_picture(encoded(marked(), exif=with_orientation(6)))
    np.testing.assert_array_equal(np.asarray(read_picture(encoded(once))), np.asarray(once))
    np.testing.assert_array_equal(np.asarray(once), np.rot90(np.asarray(marked()), -1))


@pytest.mark.parametrize("said", [0, 9, 4000])
def test_an_orientation_that_there_is_not_turns_nothing(said: int) -> None:
    content = encoded(marked(), exif=with_orientation(said))
    np.testing.assert_array_equal(np.asarray(read_picture(content)), np.asarray(marked()))


def test_damaged_exif_turns_nothing() -> None:
    content = encoded(marked(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff nonsense")
    assert read_picture(content).size == marked().size
    assert not carries_turn(content)


@pytest.mark.parametrize(
    ("form", "order"), [("PNG", "<u2"), ("PNG", ">u2"), ("TIFF", "<u2"), ("TIFF", ">u2"), ("PPM", "<u2")]
)
def test_sixteen_bits_of_either_byte_order_keep_the_range_of_their_depth(form: str, order: str) -> None:
    content = encoded(Image.fromarray(DEEP.astype(order)), form)
    assert read_square(content, 2, 1)[..., 0].tolist() == DEEP_AS_EIGHT


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_turned_too(form: str) -> None:
    content = encoded(Image.fromarray(DEEP), form, exif=with_orientation(3))
    assert read_square(content, 2, 1)[..., 0].tolist() == [[255, 117], [4, 0]]


def test_a_sixteen_bit_tiff_in_which_zero_is_white_is_inverted() -> None:
    content = encoded(Image.fromarray(DEEP), "TIFF", tiffinfo={262: 0})
    assert read_square(content, 2, 1)[..., 0].tolist() == [[255, 251], [138, 0]]


def test_twelve_bits_fill_the_range() -> None:
    # two pixels of 12 bits, 0xFFF and 0x800, packed into three bytes; written by hand, as Pillow writes no such file
    entries = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    entries += [(277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 3)]
    directory = b"".join(
        tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + n.to_bytes(4, "little") + v.to_bytes(4, "little")
        for tag, kind, n, v in entries
    )
    head = b"II*\x00" + (12).to_bytes(4, "little") + b"\xff\xf8\x00\x00"
    content = head + len(entries).to_bytes(2, "little") + directory + bytes(4)
    assert np.asarray(read_picture(content)).tolist() == [[65535, round(0x800 * 65535 / 4095)]]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.zeros((2, 2), np.float32), "floating-point"),
        (np.full((2, 2), 200, np.int32), "sign"),
    ],
)
def test_tones_that_nobody_can_tell_are_refused(values: np.ndarray, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read_picture(encoded(Image.fromarray(values), "TIFF"))


@pytest.mark.parametrize("bits", [8, 16])
def test_signed_values_are_refused(bits: int) -> None:
    values = np.array([[1, 2]], np.uint8 if bits == 8 else np.uint16)
    with pytest.raises(DataError, match="sign"):
        read_picture(encoded(Image.fromarray(values), "TIFF", tiffinfo={339: 2}))


def test_one_bit_is_black_and_white() -> None:
    image = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)).convert("1")
    for form in ("PNG", "TIFF", "BMP"):
        assert read_square(encoded(image, form), 2, 1)[..., 0].tolist() == [[0, 255], [255, 0]]


def test_a_palette_gives_its_colours_and_its_transparent_entry_is_black() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    pixels = np.asarray(read_picture(encoded(image)).convert("RGB"))
    assert pixels[0].tolist() == [[10, 20, 30], [200, 100, 50]]
    clear = square_pixels(read_picture(encoded(image, transparency=1)), 2, 3)
    assert [200, 100, 50] not in clear.reshape(-1, 3).tolist()
    assert [10, 20, 30] in clear.reshape(-1, 3).tolist()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_half_transparent_white_over_black_is_grey(mode: str) -> None:
    image = Image.new("RGBA", (2, 2), (255, 255, 255, 128)).convert(mode)
    assert set(read_square(encoded(image), 2, 1).ravel().tolist()) == {128}


def test_the_transparent_tone_of_sixteen_bits_is_black() -> None:
    content = encoded(Image.fromarray(DEEP), transparency=30000)
    assert read_square(content, 2, 1)[..., 0].tolist() == [[0, 4], [0, 255]]


def test_a_cmyk_jpeg_has_the_colours_it_was_made_of() -> None:
    colours = Image.new("RGB", (16, 16), (200, 60, 30))
    found = read_square(encoded(colours.convert("CMYK"), "JPEG", quality=100), 16, 3)
    assert abs(found.astype(int) - (200, 60, 30)).max() <= 4


def test_an_eps_named_png_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = tmp_path / "called"
    for name in ("gs", "gswin64c", "gswin32c", "convert"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\ntouch {called}\nexit 0\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    with pytest.raises((OSError, SyntaxError, ValueError)):  # Pillow by itself does start it: the trap works
        Image.open(io.BytesIO(EPS)).load()
    assert called.exists()
    called.unlink()
    with pytest.raises(DataError, match="not an image of a known format"):
        read_picture(EPS)
    assert not called.exists()


@pytest.mark.parametrize("form", ["PCX", "TGA", "ICO", "SGI", "PDF"])
def test_other_formats_of_pillow_are_refused(form: str) -> None:
    with pytest.raises(DataError, match="not an image of a known format"):
        read_picture(encoded(Image.new("RGB", (16, 16)), form))


@pytest.mark.parametrize("form", pictures.FORMATS)
def test_every_promised_format_is_read(form: str) -> None:
    assert read_picture(encoded(Image.new("RGB", (16, 16), (90, 90, 90)), form)).size == (16, 16)


def test_too_many_pixels_are_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 15)
    with pytest.raises(DataError, match="4 x 4 pixels"):
        opened_picture(io.BytesIO(encoded(Image.new("L", (4, 4)))))


def test_nothing_else_opens_an_image() -> None:
    package = Path(qaugbench.__file__).parent
    opening = {
        str(file.relative_to(package)): re.findall(r"Image\.open\(([^)]*)\)", file.read_text(encoding="utf-8"))
        for file in package.rglob("*.py")
    }
    assert {name: calls for name, calls in opening.items() if any("formats=" not in call for call in calls)} == {}
