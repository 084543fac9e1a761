from __future__ import annotations

import hashlib
import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from qaugbench.datasets import manifest
from qaugbench.datasets.manifest import source_manifest, write_prepared
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.errors import DataError

from .conftest import png

CLASSES = SimpleNamespace(kind="multiclass", names=("a", "b"))
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
ROWS = [
    {"filename": f"{i}.png", "label": "ab"[i % 2], "patient_id": f"p{i}", "split": part}
    for i, part in enumerate(("train", "train", "val", "test"))
]
FACTS = {"title": "Four squares", "licence": "CC0", "citation": "nobody", "notes": ["drawn"]}


@pytest.mark.parametrize("name", ["source.zip", "source"])
def test_what_is_written_is_read_back(tmp_path, name):
    written = write_prepared(tmp_path / name, IMAGES, ROWS, FACTS)
    prepared = open_prepared(tmp_path / name, CLASSES)
    np.testing.assert_array_equal(load_images(prepared, 8, 1), IMAGES)
    assert prepared.table["patient_id"].tolist() == ["p0", "p1", "p2", "p3"]
    assert written["files"]["images/2.png"] == hashlib.sha256(prepared.read_bytes(2)).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_equal_input_gives_equal_bytes(tmp_path):
    for name in ("one.zip", "two.zip"):
        write_prepared(tmp_path / name, list(IMAGES), ROWS, FACTS)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_encoded_files_are_kept_as_they_are(tmp_path):
    content = png(IMAGES[0, ..., 0])
    write_prepared(tmp_path / "s.zip", [content], ROWS[:1], {})
    assert zipfile.ZipFile(tmp_path / "s.zip").read("images/0.png") == content


@pytest.mark.parametrize("name", ["source.zip", "source"])
@pytest.mark.parametrize(
    ("images", "rows", "said"),
    [
        (IMAGES[:3], ROWS, "4 rows but only 3"),
        (IMAGES, ROWS[:3], "more images than the 3 rows"),
        (IMAGES.astype(float), ROWS, "float64"),
        (IMAGES, [], "at least one"),
        (IMAGES, [*ROWS[:3], {"filename": "3.png"}], "rows 3 differ"),
        (IMAGES, [*ROWS[:3], {**ROWS[3], "filename": "images/0.png"}], "images/0.png"),
        (IMAGES, [*ROWS[:3], {**ROWS[3], "filename": "../x.png"}], r"\.\./x.png"),
    ],
)
def test_a_refused_source_leaves_nothing_behind(tmp_path, name, images, rows, said):
    with pytest.raises(DataError, match=said):
        write_prepared(tmp_path / name, images, rows, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["source.zip", "source"])
def test_an_interrupted_or_failed_write_leaves_nothing_behind(tmp_path, name, monkeypatch):
    def interrupted():
        yield IMAGES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_prepared(tmp_path / name, interrupted(), ROWS, {})

    def full_disk(pixels):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(manifest, "_png", full_disk)
    with pytest.raises(DataError, match="No space left"):
        write_prepared(tmp_path / name, IMAGES, ROWS, {})
    assert list(tmp_path.iterdir()) == []


def test_an_existing_source_is_never_overwritten(tmp_path):
    (tmp_path / "s.zip").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        write_prepared(tmp_path / "s.zip", IMAGES, ROWS, {})
    assert (tmp_path / "s.zip").read_text() == "mine"


def test_the_facts_of_a_source(tmp_path):
    path = tmp_path / "four.zip"
    write_prepared(path, IMAGES, ROWS, FACTS)
    prepared = open_prepared(path, CLASSES)
    facts = source_manifest(prepared, "squares", choose_split(prepared))
    assert facts["archive_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts["images"] == {"all": 4, "train": 2, "val": 1, "test": 1}
    assert facts["counts"]["train"] == {"a": 1, "b": 1}
    assert facts["counts"]["test"] == {"a": 0, "b": 1}
    assert (facts["licence"], facts["citation"], facts["description"]) == ("CC0", "nobody", "Four squares")
    assert (facts["patients_known"], facts["phantom"], facts["notes"]) == (True, False, ["drawn"])
    json.dumps(facts)


def test_without_patients_the_facts_say_so_and_the_licence_column_counts(make_source):
    text = "filename,label,licence\na.png,a,CC BY\nb.png,b,CC0\nc.png,b,CC BY\n"
    facts = source_manifest(open_prepared(make_source(text), CLASSES), "squares")
    assert facts["licence"] == "CC BY; CC0"
    assert facts["citation"] is None
    assert not facts["patients_known"]
    assert "no patients" in facts["notes"][0]


def test_the_content_hash_ignores_packing_and_order_and_sees_every_change(tmp_path):
    def content(name, images, rows):
        write_prepared(tmp_path / name, images, rows, {})
        return source_manifest(open_prepared(tmp_path / name, CLASSES), "squares")["content_sha256"]

    first = content("one.zip", IMAGES, ROWS)
    assert content("folder", IMAGES[::-1], ROWS[::-1]) == first
    changed = [
        content("pixel.zip", [IMAGES[1], *IMAGES[1:]], ROWS),
        content("label.zip", IMAGES, [{**ROWS[0], "label": "b"}, *ROWS[1:]]),
        content("group.zip", IMAGES, [{**ROWS[0], "patient_id": ROWS[-1]["patient_id"]}, *ROWS[1:]]),
    ]
    assert len({first, *changed}) == 4
    assert content("name.zip", IMAGES, [{**ROWS[0], "filename": "9.png"}, *ROWS[1:]]) == first


def test_an_image_changed_after_writing_is_found(tmp_path):
    write_prepared(tmp_path / "s", IMAGES, ROWS, {})
    (tmp_path / "s" / "images" / "1.png").write_bytes(png(IMAGES[0, ..., 0]))
    with pytest.raises(DataError, match=r"1 images.*images/1.png"):
        source_manifest(open_prepared(tmp_path / "s", CLASSES), "squares")


def test_a_damaged_manifest_is_refused(make_source):
    path = make_source("filename,label\na.png,a\n", name="folder")
    (path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match=r"manifest.json.*not JSON"):
        source_manifest(open_prepared(path, CLASSES), "squares")


def test_turned_photographs_are_used_upright_and_counted(tmp_path):
    upright = np.kron(np.arange(8, dtype=np.uint8).reshape(2, 4) * 30, np.ones((8, 8), np.uint8))
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6  # stored lying down: viewers turn it by a quarter
    Image.fromarray(np.rot90(upright)).save(turned, "PNG", exif=exif)
    rows = [{**ROWS[0], "filename": "a.png"}, {**ROWS[1], "filename": "b.png"}]
    write_prepared(tmp_path / "s.zip", [png(upright), turned.getvalue()], rows, {})
    prepared = open_prepared(tmp_path / "s.zip", CLASSES)
    first, second = load_images(prepared, 16, 1)
    np.testing.assert_array_equal(first, second)
    assert any(note.startswith("1 of 2 image files") for note in source_manifest(prepared, "brainmri@1")["notes"])
