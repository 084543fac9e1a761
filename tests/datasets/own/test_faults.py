"""All that is wrong with a user's own images is said at once, and nothing of them is left behind by what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.datasets.own import images
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.prepared import open_prepared
from qaugbench.errors import DataError
from tests.datasets.own.make import png, table, write

TASK = definitions.task("brainmri")
CLASSES = TASK.labels.names
ROWS = [f"{i}.png,{CLASSES[i % 4]},p{i}" for i in range(8)]
CUT = {"images/3.png": png(3)[:40], "images/4.png": b"text"}
IMAGES = {f"images/{i}.png": png(i) for i in range(8)}


def message(path: Path) -> str:
    with pytest.raises(DataError) as raised:
        own_prepared(path, TASK.labels, jobs=1)
    return str(raised.value)


@pytest.mark.parametrize("place", ["images", "pics"])
def test_missing_files_labels_patients_repeats_and_broken_files_are_told_together(tmp_path, data_home, place) -> None:
    rows = [*ROWS[:1], "1.png,gliom,p1", "2.png,notumor,NA", *ROWS[3:], "nine.png,glioma,p9", "0.png,glioma,p0"]
    files = {name.replace("images", place): content for name, content in {**IMAGES, **CUT}.items()}
    mine = write(tmp_path / "mine", {**files, "labels.csv": table("filename,label,patient_id", *rows)})
    missing, label, patient, twice, broken = message(mine).splitlines()
    assert "1 of 10 files are missing: line 10: 'nine.png'" in missing
    assert "line 3: 'gliom'. Did you mean 'glioma'" in label
    assert "may mean 'not known': line 4: 'NA'" in patient
    assert "2 rows are empty in, or share, their column 'filename': line 2" in twice
    assert broken.startswith(f"2 files cannot be converted: {place}/3.png (")
    assert broken.endswith("Replace or leave out these files and run the same command again.")


def test_folders_that_name_no_class_and_broken_files_are_told_together(tmp_path, data_home) -> None:
    files = {f"{('gliom', *CLASSES[1:])[i % 4]}/{i}.png": png(i) for i in range(8)}
    classes, broken = message(write(tmp_path / "mine", {**files, "notumor/2.png": png(2)[:40]})).splitlines()
    assert "holds no labels.csv, so the names of its folders have to say the classes" in classes
    assert "gliom" in classes
    assert broken.startswith("1 file cannot be converted: notumor/2.png (")


def test_a_source_of_ours_with_several_faults_is_told_of_all(tmp_path) -> None:
    labels = table("filename,label,patient_id", *ROWS[:-1], "nine.png,gliom,")
    mine = write(tmp_path / "mine", {**IMAGES, "labels.csv": labels, "manifest.json": "{}"})
    with pytest.raises(DataError) as raised:
        open_prepared(own_prepared(mine, TASK.labels), TASK.labels)
    missing, label, patient = str(raised.value).splitlines()
    assert "(missing): line 9 (nine.png): 'nine.png'" in missing
    assert "carry no known class: line 9 (nine.png): 'gliom'" in label
    assert "an empty patient_id: line 9" in patient


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "DATEI,KLASSE,id",
            "says neither which files it describes nor their labels: it needs a column filename, path, file, image, "
            "SOPInstanceUID or PatientID, and a column label. Its columns are: DATEI, KLASSE, id. The classes are: glioma,",
        ),
        (
            "DATEI,KLASSE,patient_id",
            "has no labels: a column label is needed, and a column filename, unless 'patient_id' names DICOM files",
        ),
    ],
)
def test_all_columns_that_are_missing_are_named(tmp_path, header, said) -> None:
    mine = write(tmp_path / "mine", {**IMAGES, "labels.csv": table(header, *ROWS)})
    assert f"labels.csv in {mine} {said}" in message(mine)


def test_all_columns_that_a_source_of_ours_lacks_are_named(tmp_path) -> None:
    mine = write(tmp_path / "mine", {**IMAGES, "labels.csv": table("DATEI,KLASSE,id", *ROWS), "manifest.json": "{}"})
    with pytest.raises(DataError, match=r"has no column 'filename', 'label'\. Its columns are: DATEI, KLASSE, id"):
        open_prepared(own_prepared(mine, TASK.labels), TASK.labels)


def test_patients_that_no_picture_names_are_answered_with_the_column_that_is_needed(tmp_path, data_home) -> None:
    mine = write(tmp_path / "mine", {**IMAGES, "labels.csv": table("name,label,patient_id", *ROWS)})
    assert "no file has a PatientID of the table. Only DICOM files have one; others are named in a column" in message(
        mine
    )
    assert left(data_home) == []


@pytest.mark.parametrize("top", ["", "mine/"])
def test_a_table_without_pictures_is_read_as_any_other_and_told_that_they_are_missing(tmp_path, top) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr(f"{top}labels.csv", table("FILENAME;LABEL", *(row[:-3].replace(",", ";") for row in ROWS)))
    where = tmp_path / "mine.zip" / top
    assert "8 of 8 files are missing: line 2: '0.png'" in message(tmp_path / "mine.zip")
    assert f"{where} holds no pictures: put them there" in message(tmp_path / "mine.zip")


def test_an_empty_folder_is_told_of_both_forms(tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    assert "with labels.csv and a folder images/" in message(tmp_path / "mine")
    assert "or with one sub-folder per class" in message(tmp_path / "mine")


def left(data_home: Path) -> list[str]:
    """Return what a conversion has left, apart from its result."""
    return sorted(path.name for path in (data_home / "own").iterdir() if path.suffix not in (".zip", ".csv", ".made"))


def by_table(tmp_path: Path, rows: list[str], **files: bytes) -> Path:
    pictures = {**{f"pics/{i}.png": png(i) for i in range(8)}, **files}
    return write(tmp_path / "mine", {**pictures, "labels.csv": table("filename,label,patient_id", *rows)})


@pytest.mark.parametrize("unfit", [{"rows": ROWS, "pics/3.png": b"text"}, {"rows": [*ROWS[:-1], "7.png,glioma,"]}])
def test_a_refused_conversion_leaves_nothing(tmp_path, data_home, unfit) -> None:
    mine = by_table(tmp_path, **unfit)
    assert "file cannot be converted" in message(mine) or "have no patient_id" in message(mine)
    assert left(data_home) == []
    own_prepared(by_table(tmp_path, ROWS[:3]), TASK.labels, jobs=1)
    assert left(data_home) == []


def test_what_an_interrupted_conversion_leaves_is_used_again_or_removed(tmp_path, data_home, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    mine, stamps = by_table(tmp_path, ROWS), []
    with monkeypatch.context() as patched:
        patched.setattr(images, "own_rows", interrupted)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                own_prepared(mine, TASK.labels, jobs=1)
            (shard,) = (data_home / "own").glob(".*.shards/*.shard")
            stamps.append(shard.stat().st_mtime_ns)
    assert stamps[0] == stamps[1]
    own_prepared(by_table(tmp_path, ROWS[:3]) / "labels.csv", TASK.labels, jobs=1)
    assert left(data_home) == []
