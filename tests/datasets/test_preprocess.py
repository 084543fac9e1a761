from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from qaugbench.datasets import preprocess
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.errors import DataError


def test_sixteen_bit_grey_is_scaled_over_its_full_range():
    values = np.array([[0, 128], [129, 65535]], np.uint16)
    content = io.BytesIO()
    Image.fromarray(values).save(content, format="PNG")
    pixels = square_pixels(Image.open(content), 2, 1)
    assert pixels[..., 0].tolist() == [[0, 0], [1, 255]]


def test_a_square_image_of_the_size_keeps_its_pixels():
    values = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(square_pixels(Image.fromarray(values), 8, 3), values)


def test_a_narrow_image_stands_in_the_middle_of_a_black_square():
    pixels = square_pixels(Image.fromarray(np.full((6, 2), 200, np.uint8)), 6, 1)[..., 0]
    assert (pixels[:, 2:4] == 200).all()
    assert pixels.sum() == 6 * 2 * 200


def test_shrinking_averages_instead_of_picking():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    inner = square_pixels(Image.fromarray(stripes), 16, 1)[4:12, 4:12, 0]
    assert abs(inner.astype(int) - 127.5).max() < 5


def test_grey_is_the_luma_of_the_colour_and_colour_of_grey_is_grey():
    colour = Image.new("RGB", (2, 2), (200, 100, 50))
    assert square_pixels(colour, 2, 1)[0, 0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    assert square_pixels(Image.new("L", (2, 2), 7), 2, 3)[0, 0].tolist() == [7, 7, 7]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_become_black(mode):
    clear = Image.new("RGBA", (2, 2), (255, 255, 255, 0)).convert(mode)
    if mode == "P":
        clear.info["transparency"] = clear.getpixel((0, 0))
    assert square_pixels(clear, 2, 3).max() == 0


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr", "L", "RGB"])
def test_every_eight_bit_mode_is_read(mode):
    pixels = square_pixels(Image.new("RGB", (2, 2), (255, 255, 255)).convert(mode), 2, 1)
    assert pixels.min() > 250


def test_floating_point_and_values_beyond_sixteen_bits_are_refused():
    with pytest.raises(DataError, match="floating-point"):
        square_pixels(Image.new("F", (2, 2)), 2, 1)
    with pytest.raises(DataError, match="70000"):
        square_pixels(Image.new("I", (2, 2), 70000), 2, 1)


def test_an_image_of_too_many_pixels_is_refused_undecoded(monkeypatch):
    monkeypatch.setattr(preprocess, "MAX_PIXELS", 15)
    with pytest.raises(DataError, match="4 x 4 pixels"):
        square_pixels(Image.new("L", (4, 4)), 2, 1)
