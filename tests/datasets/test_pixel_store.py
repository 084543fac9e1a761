from __future__ import annotations

import json

import numpy as np
import pytest
from joblib import parallel_config

from qaugbench.datasets import pixel_store
from qaugbench.datasets.pixel_store import write_pixels
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.errors import DataError

from .conftest import png


@pytest.fixture
def prepared(make_source, three_classes, monkeypatch):
    monkeypatch.setattr(pixel_store, "STRETCH_BYTES", 4 * 8 * 8)  # four grey images
    draw = np.random.default_rng(0)
    text = "filename,label\n" + "".join(f"{i}.png,good\n" for i in range(11))
    files = {f"images/{i}.png": png(draw.integers(0, 255, (9 + i, 12), dtype=np.uint8)) for i in range(11)}
    return open_prepared(make_source(text, files, top="top/"), three_classes)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_file_holds_the_bytes_of_the_array_in_memory(prepared, tmp_path, channels):
    path = write_pixels(prepared, 8, channels, tmp_path / "p")
    np.save(tmp_path / "expected.npy", load_images(prepared, 8, channels))
    assert path.read_bytes() == (tmp_path / "expected.npy").read_bytes()


def test_several_at_work_write_the_same_bytes(prepared, tmp_path):
    one = write_pixels(prepared, 8, 1, tmp_path / "one").read_bytes()
    with parallel_config(backend="threading", n_jobs=3):
        assert write_pixels(prepared, 8, 1, tmp_path / "three").read_bytes() == one


def test_a_source_in_a_folder_is_read_too(make_source, three_classes, tmp_path):
    folder = open_prepared(make_source("filename,label\na.png,good\n", name="folder", top="top/"), three_classes)
    assert np.load(write_pixels(folder, 4, 1, tmp_path / "p")).tolist() == load_images(folder, 4, 1).tolist()


def test_only_stretches_that_are_missing_or_damaged_are_decoded_again(prepared, tmp_path, monkeypatch):
    whole = write_pixels(prepared, 8, 1, tmp_path / "p").read_bytes()
    path, journal = tmp_path / "p" / "images.npy", tmp_path / "p" / "journal.jsonl"
    lines = journal.read_text().splitlines()
    assert [json.loads(line)["n"] for line in lines] == [4, 4, 3]
    journal.write_text(f"{lines[0]}\n{lines[1]}\n{lines[2][:20]}")  # killed while the last line was written
    path.write_bytes(whole[:-400] + bytes(400))  # the end of the second stretch and the third are lost
    decoded, started = pixel_store._decode, []
    monkeypatch.setattr(pixel_store, "_decode", lambda stretch: (started.append(stretch.start), decoded(stretch))[1])
    write_pixels(prepared, 8, 1, tmp_path / "p")
    assert started == [4, 8]
    assert path.read_bytes() == whole


def test_a_file_of_another_shape_is_written_anew(prepared, tmp_path):
    write_pixels(prepared, 4, 1, tmp_path / "p")
    path = write_pixels(prepared, 8, 1, tmp_path / "p")
    np.testing.assert_array_equal(np.load(path), load_images(prepared, 8, 1))
    path.write_bytes(b"no array")
    np.testing.assert_array_equal(np.load(write_pixels(prepared, 8, 1, tmp_path / "p")), load_images(prepared, 8, 1))


def test_unreadable_files_are_refused_in_the_words_of_load_images(make_source, three_classes, tmp_path):
    files = {f"images/{i}.png": png(np.zeros((5, 5), np.uint8)) for i in range(3)} | {"images/1.png": b"text"}
    text = "filename,label\n0.png,good\n1.png,good\n2.png,good\n"
    prepared = open_prepared(make_source(text, files, top="top/"), three_classes)
    with pytest.raises(DataError) as expected:
        load_images(prepared, 4, 1)
    with pytest.raises(DataError) as found:
        write_pixels(prepared, 4, 1, tmp_path / "p")
    assert str(found.value) == str(expected.value)
