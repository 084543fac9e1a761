"""A user's own images are the same data whatever they are called, wherever they are and in whichever form they are given."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from qaugbench import definitions
from qaugbench.datasets.inspect import audit_source
from qaugbench.datasets.own.images import data_name, own_prepared
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.errors import DataError
from qaugbench.experiment.check_source import check_source
from qaugbench.experiment.source import open_source
from tests.datasets.own.make import png, table, write

TASK = definitions.task("brainmri")
CLASSES = TASK.labels.names
N = 80


def pictures() -> list[bytes]:
    return [png(i) for i in range(N)]


def identity(path) -> tuple[str, str, tuple[str, ...], bytes]:
    """Return (content hash, split hash, image names, bytes of the converted source)."""
    made = own_prepared(path, TASK.labels, jobs=1)
    prepared = open_prepared(made, TASK.labels)
    converted = made.read_bytes() if made.is_file() else b""
    return prepared.identity.sha256, choose_split(prepared).sha256, prepared.files, converted


def test_class_folders_are_the_same_data_with_other_names_other_times_and_a_note_beside_them(tmp_path, data_home):
    plain = {f"{CLASSES[i % 4]}/k{i:03d}.png": picture for i, picture in enumerate(pictures())}
    first = identity(write(tmp_path / "a" / "scans", plain))
    noted = write(tmp_path / "b" / "scans", {**plain, "notes.txt": "scanned in May"})
    renamed = {f"{CLASSES[i % 4].upper()}/x{N - i}.png": picture for i, picture in enumerate(pictures())}
    other = write(tmp_path / "c" / "scans", renamed)
    for file in other.rglob("*.png"):
        os.utime(file, ns=(10**9, 10**9))
    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as archive:
        for name, picture in reversed(plain.items()):
            archive.writestr(f"top/{name}", picture)
    assert identity(noted) == identity(tmp_path / "scans.zip") == first
    assert identity(other)[:3] == first[:3]  # its source says how the classes were spelled


@pytest.mark.parametrize(
    "named",
    ["pics/k{:02d}.png", "pics\\k{:02d}.png", "pics/k{:02d}", "k{:02d}.png", "./pics/k{:02d}.png", "k{:02d}"],
)
@pytest.mark.parametrize("folder", ["pics", "images"])
def test_one_table_is_the_same_data_beside_its_images_and_alone(tmp_path, data_home, folder, named):
    rows = [f"{named.format(i).replace('pics', folder)},{CLASSES[i % 4]},p{i // 2}" for i in range(N)]
    files = {f"{folder}/k{i:02d}.png": picture for i, picture in enumerate(pictures())}
    path = write(tmp_path / "x", {**files, "labels.csv": table("filename,label,patient_id", *rows)})
    assert identity(path) == identity(path / "labels.csv")
    assert data_name(path) == data_name(path / "labels.csv") == "x"


def test_rows_in_another_order_and_patients_of_other_names_are_the_same_data(tmp_path, data_home):
    rows = [(f"pics/{i}.png", CLASSES[i % 4], i // 2) for i in range(N)]
    files = {f"pics/{i}.png": picture for i, picture in enumerate(pictures())}
    one = table("filename,label,patient_id", *(f"{name},{label},p{who}" for name, label, who in rows))
    two = table("filename;patient_id;label", *(f"{name};zz{99 - who};{label}" for name, label, who in rows[::-1]))
    first, second = (
        identity(write(tmp_path / name / "x", {**files, "t.csv": text})) for name, text in (("a", one), ("b", two))
    )
    assert first == second


def test_a_file_changed_in_place_is_seen_although_its_length_and_time_stay(tmp_path, data_home):
    files = {f"{name}/{i}.bmp": bitmap(i) for i, name in enumerate(CLASSES)}
    path = write(tmp_path / "x", files)
    changed = path / "glioma" / "0.bmp"
    before, stamp = own_prepared(path, TASK.labels, jobs=1), changed.stat()
    changed.write_bytes(bitmap(99))
    os.utime(changed, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert changed.stat().st_size == stamp.st_size
    after = own_prepared(path, TASK.labels, jobs=1)
    assert after != before
    prepared = open_prepared(after, TASK.labels)
    assert bitmap(99) in [prepared.read_bytes(i) for i in range(len(prepared))]


def bitmap(value: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((6, 6), value, np.uint8)).save(content, format="BMP")
    return content.getvalue()


def test_copies_of_one_file_are_kept_apart_by_their_labels(tmp_path, data_home):
    rows = ["a.png,glioma", "b.png,notumor", "c.png,glioma"]
    files = {f"pics/{name}.png": png(7) for name in "abc"}
    path = write(tmp_path / "x", {**files, "t.csv": table("filename,label", *rows)})
    prepared = open_prepared(own_prepared(path, TASK.labels, jobs=1), TASK.labels)
    assert sorted(prepared.table["label"]) == ["glioma", "glioma", "notumor"]
    assert len(set(prepared.files)) == len(set(prepared.identity.image_ids)) == 3


def opened(path, source=None):
    return open_source(
        TASK, TASK.tracks["smoke"], data=path, source=source, split=None, allow_leaky=False, phantom_folder=path.parent
    )


def test_run_check_and_audit_speak_of_one_split_whatever_the_source_is_called(tmp_path, data_home):
    rows = [f"k{i:02d}.png,{CLASSES[i % 4]},p{i // 2}" for i in range(N)]
    files = {f"images/k{i:02d}.png": picture for i, picture in enumerate(pictures())}
    path = write(tmp_path / "scans", {**files, "labels.csv": table("filename,label,patient_id", *rows)})
    runs = [opened(path, name) for name in (None, "hospital-a", "hospital-b")]
    assert len({run.facts.split_sha256 for run in runs}) == len({run.image_ids for run in runs}) == 1
    checked = check_source(path, "brainmri")
    assert runs[0].facts.manifest_sha256 in checked
    assert f"Split: {runs[0].facts.split_how}" in checked
    sizes = [len(getattr(runs[0].split, part)) for part in ("train", "val", "test")]
    assert checked.split("images  ")[1].split("\n")[0].split() == [str(size) for size in sizes]
    assert audit_source(str(path), "brainmri").split_how == runs[0].facts.split_how


def test_stored_pixels_are_shared_by_renamed_files_and_not_by_rows_in_another_order(tmp_path, data_home):
    """The array of pixels is in the order of the rows: reused for another order, every image would have another's label."""
    rows = [(f"images/k{i:02d}.png", f"images/x{i:02d}.png", CLASSES[i % 4], f"p{i // 2}") for i in range(N)]
    made = pictures()
    sources = []
    for folder, order, column in (("a", rows, 0), ("b", rows, 1), ("c", rows[::-1], 0)):
        text = table("filename,label,patient_id", *(f"{row[column]},{row[2]},{row[3]}" for row in order))
        files = {row[column]: picture for row, picture in zip(rows, made, strict=True)}
        sources.append(opened(write(tmp_path / folder, {**files, "labels.csv": text})))
    first, renamed, reordered = (source.prepared.identity.rows_sha256 for source in sources)
    assert first == renamed != reordered
    assert len({source.facts.manifest_sha256 for source in sources}) == 1
    assert len({source.facts.split_sha256 for source in sources}) == 1


def test_run_check_and_audit_refuse_the_same_data(tmp_path, data_home):
    """Every image of the test part has one class: a run cannot score it."""
    rows = [
        f"{i}.png,{CLASSES[i % 4] if i < 60 else 'glioma'},{'train' if i < 40 else 'val' if i < 60 else 'test'}"
        for i in range(N)
    ]
    files = {f"images/{i}.png": picture for i, picture in enumerate(pictures())}
    path = write(tmp_path / "scans", {**files, "labels.csv": table("filename,label,split", *rows)})
    said = r"the test part has 20 images and no class with both positives and negatives \(glioma: 20"
    with pytest.raises(DataError, match=said):
        opened(path)
    with pytest.raises(DataError, match=said):
        check_source(path, "brainmri")
    report = audit_source(str(path), "brainmri")
    assert not report.clean
    assert "the test part has 20 images" in report.of("unusable-part")[0].what


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b.png", "\x1b[2J", "../../nowhere.png", "/etc/hostname/x", "pics"])
def test_a_name_that_is_no_file_is_missing(tmp_path, data_home, name):
    path = write(tmp_path / "x", {"pics/a.png": png(), "t.csv": table("filename,label", f'"{name}",glioma')})
    for given in (path, path / "t.csv"):
        with pytest.raises(DataError, match="1 of 1 files are missing: line 2") as raised:
            own_prepared(given, TASK.labels)
        assert "\x1b" not in str(raised.value)
