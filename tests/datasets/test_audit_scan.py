"""One pass over the files: damaged ones are told apart, every mode and depth is read, and processes change nothing."""

from __future__ import annotations

import io
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import grey_opening

from qaugbench.datasets.audit.burnt_in_text import letters_at_border, opened
from qaugbench.datasets.audit.image_facts import FRAME, image_facts
from qaugbench.datasets.audit.scan import Scan, scan
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.definitions import task
from qaugbench.errors import DataError


def encoded(pixels, form="PNG", **options):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, form, **options)
    return content.getvalue()


@pytest.fixture(scope="module")
def ramp():
    return (np.add.outer(np.arange(64), np.arange(48)) * 2).astype(np.uint8)


def test_facts_of_an_image_counted_by_hand(ramp):
    facts = image_facts(encoded(ramp))
    assert (facts.problem, facts.format, facts.bits, facts.width, facts.height) == ("", "PNG", 8, 48, 64)
    frame = dict(zip(FRAME, facts.frame, strict=True))
    assert frame["brightness at the top"] == pytest.approx(ramp[:2].mean())
    assert frame["bottom right corner"] == pytest.approx(ramp[-2:, -2:].mean())
    assert (facts.quantisation, facts.coloured, facts.letters) == (0, False, 0)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.9])
def test_damaged_files_are_told_and_never_raised(ramp, form, kept):
    content = encoded(np.kron(ramp, np.ones((4, 4), np.uint8)), form)
    assert image_facts(content[: int(kept * len(content)) if kept < 1 else kept]).problem


def test_an_image_of_too_many_pixels_is_not_decoded(ramp, monkeypatch):
    monkeypatch.setattr("qaugbench.datasets.formats.pictures.MAX_PIXELS", 3000)
    assert "48 x 64" in image_facts(encoded(ramp)).problem


def test_pixels_are_the_same_in_any_container_and_mode(ramp):
    grey = image_facts(encoded(ramp))
    others = [encoded(ramp, "BMP"), encoded(np.repeat(ramp[..., None], 3, axis=2)), encoded(ramp, compress_level=0)]
    for other in map(image_facts, others):
        assert other.pixel_hash == grey.pixel_hash
        assert other.file_hash != grey.file_hash
    assert image_facts(encoded(ramp.T)).pixel_hash != grey.pixel_hash


def test_sixteen_bits_are_stretched_so_that_twelve_used_ones_show(ramp):
    deep = image_facts(encoded(ramp.astype(np.uint16) * 16))
    assert deep.bits == 16
    np.testing.assert_allclose(deep.thumbnail.astype(int), image_facts(encoded(ramp)).thumbnail * (255 / 220), atol=2)


def test_colour_is_seen_and_jpeg_tables_are_read(ramp):
    colour = np.stack([ramp, ramp // 2, 255 - ramp], axis=2)
    assert image_facts(encoded(colour)).coloured
    assert not image_facts(encoded(np.repeat(ramp[..., None], 3, axis=2), "JPEG")).coloured
    low, high = (image_facts(encoded(ramp, "JPEG", quality=quality)).quantisation for quality in (30, 90))
    assert low > 4 * high > 0


def test_black_margins_and_flat_rows_are_measured(ramp):
    padded = np.zeros((100, 100), np.uint8)
    padded[20:, 10:90] = 200
    padded[70:, :] = 128
    facts = image_facts(encoded(padded))
    frame = dict(zip(FRAME, facts.frame, strict=True))
    assert frame["black margin at the top"] == pytest.approx(0.2)
    assert frame["black margin at the left"] == 0  # the flat rows reach the edge
    assert facts.flat_rows == pytest.approx(0.3)


@pytest.mark.slow
def test_processes_do_not_change_what_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("qaugbench.datasets.audit.scan.FEW_CHUNKS", 0)
    path = export_phantom("kneeoa", 150, 32, tmp_path / "knees.zip")
    prepared = open_prepared(path, task("kneeoa").labels)
    alone, together = scan(prepared), scan(prepared, jobs=2)
    for column in fields(Scan):
        np.testing.assert_array_equal(getattr(alone, column.name), getattr(together, column.name))


def test_no_process_at_all_is_refused():
    with pytest.raises(DataError, match="jobs=0"):
        scan(SimpleNamespace(files=()), jobs=0)


@pytest.mark.parametrize(
    ("words", "tones", "letters"),
    [("ABCD", "white", 4), ("ABCD", "black", 4), ("AB", "white", 0), ("A   B   C   D", "white", 0)],
)
def test_letters_count_where_they_stand_side_by_side(words, tones, letters):
    picture = Image.new("L", (128, 128), "black" if tones == "white" else "white")
    ImageDraw.Draw(picture).text((4, 2), words, fill=tones, font=ImageFont.load_default(14))
    assert letters_at_border(np.asarray(picture)) == letters


def test_letters_in_the_middle_are_not_looked_for():
    picture = Image.new("L", (128, 128))
    ImageDraw.Draw(picture).text((40, 56), "ABCD", fill=255, font=ImageFont.load_default(14))
    assert letters_at_border(np.asarray(picture)) == 0


def test_opening_is_that_of_scipy():
    noise = np.random.default_rng(0).integers(0, 256, (40, 31), dtype=np.uint8)
    expected = grey_opening(noise, size=(7, 7))
    np.testing.assert_array_equal(opened(noise)[6:-6, 6:-6], expected[6:-6, 6:-6])


@pytest.mark.parametrize("task_id", ["brainmri", "chestxray", "fundus", "kneeoa"])
def test_planted_text_is_found_and_none_is_seen_where_none_is(task_id):
    clean = render_phantom(task_id, 60, 3, 128).images
    hits = 0
    for number, image in enumerate(clean[:60]):
        picture = Image.fromarray(image.squeeze()).convert("L")
        assert letters_at_border(np.asarray(picture)) == 0  # no false alarm on phantoms
        words, size = ["PORTABLE", "SUPINE AP", "A0123", "12-03-1999"][number % 4], (11, 14, 18)[number % 3]
        at = [(2, 1), (50, 2), (2, 105), (45, 104)][number // 4 % 4]
        tone = 255 if np.asarray(picture).mean() < 128 else 0
        ImageDraw.Draw(picture).text(at, words, fill=tone, font=ImageFont.load_default(size))
        hits += letters_at_border(np.asarray(picture)) >= 3
    assert hits >= 0.6 * 60
