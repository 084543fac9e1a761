"""The split that a run uses can be written to a table, and given back as that table or as a column of one's own."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from qaugbench import definitions
from qaugbench.datasets.own.images import open_own
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.split_table import split_text
from qaugbench.datasets.splits import choose_split
from qaugbench.experiment.check_source import check_source
from qaugbench.experiment.source import open_source
from tests.datasets.own.make import png, table, write
from tests.datasets.own.test_images import nifti
from tests.experiment.test_cli import call

TASK = definitions.task("brainmri")
CLASSES = TASK.labels.names
N = 80


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def split_of_run(data: Path) -> tuple[PreparedData, str, str]:
    """Return the data as a run opens them, and the name and hash of the split that it uses."""
    source = open_source(
        TASK, TASK.tracks["smoke"], data=data, source=None, split=None, allow_leaky=False, phantom_folder=data.parent
    )  # fmt: skip
    return source.prepared, source.split.name, source.split.sha256


def test_the_table_of_a_folder_of_classes_is_the_split_of_a_run_and_can_be_given_back(tmp_path, data_home) -> None:
    mine = write(tmp_path / "mine", {f"{CLASSES[i % 4]}/k{i:02d}.png": png(i) for i in range(N)})
    said = check_source(mine, TASK.id, table=mine / "split.csv")
    assert said.endswith(f"Part of each image: {mine / 'split.csv'}")
    written = rows_of(mine / "split.csv")
    assert list(written[0]) == ["filename", "label", "group", "split"]
    assert {row["filename"] for row in written} == {f"{CLASSES[i % 4]}/k{i:02d}.png" for i in range(N)}
    assert all(row["filename"].startswith(f"{row['label']}/") for row in written)
    (mine / "split.csv").rename(tmp_path / "split.csv")
    prepared, name, used = split_of_run(mine)
    chosen = choose_split(prepared)
    parts = {prepared.called[i]: part for part in ("train", "val", "test") for i in getattr(chosen, part)}
    assert (name, {row["filename"]: row["split"] for row in written}) == ("own", parts)
    (tmp_path / "split.csv").rename(mine / "split.csv")
    assert split_of_run(mine)[1:] == ("split", used)


def test_the_column_can_be_put_into_ones_own_table(tmp_path, data_home) -> None:
    rows = [(f"k{i:02d}.png", CLASSES[i % 4], f"p{i // 2}") for i in range(N)]
    labels = {"labels.csv": table("filename,label,patient_id", *map(",".join, rows))}
    mine = write(tmp_path / "mine", {**{f"images/{name}": png(i) for i, (name, *_) in enumerate(rows)}, **labels})
    check_source(mine, TASK.id, table=tmp_path / "new" / "split.csv")
    written = rows_of(tmp_path / "new" / "split.csv")
    assert [(row["filename"], row["label"], row["patient_id"]) for row in written] == rows
    used = split_of_run(mine)[2]
    joined = [f"{row['filename']},{row['label']},{row['patient_id']},{row['split']}" for row in written]
    write(mine, {"labels.csv": table("filename,label,patient_id,split", *joined)})
    assert split_of_run(mine)[1:] == ("split", used)


def test_slices_are_named_by_file_and_number_and_findings_by_column(tmp_path, data_home) -> None:
    chest = definitions.task("chestxray").labels
    volume = nifti(np.arange(72, dtype=np.int16).reshape(3, 3, 8))
    given = table("filename,slice,findings", "v.nii,2,No Finding", "v.nii,5,Effusion")
    mine = write(tmp_path / "mine", {"v.nii": volume, "t.csv": given})
    prepared = open_own(mine, chest)
    split = type("Parts", (), {"train": np.array([0]), "val": np.array([1]), "test": np.array([], int)})()
    found = list(csv.DictReader(split_text(prepared, split, chest).splitlines()))
    assert {(row["filename"], row["slice"], row["Effusion"]) for row in found} == {
        ("v.nii", "2", "0"),
        ("v.nii", "5", "1"),
    }
    assert [row["split"] for row in found] == ["train", "val"]


def test_a_file_that_is_there_is_never_written_over(tmp_path, data_home, monkeypatch, capsys) -> None:
    files = {f"{CLASSES[i % 4]}/k{i:02d}.png": png(i) for i in range(N)}
    mine, notes = write(tmp_path / "mine", files), tmp_path / "notes.csv"
    notes.write_text("my own")
    arguments = ("data", "check", mine, "--task", TASK.id, "--write-split")
    assert call(*arguments, notes, monkeypatch=monkeypatch) == 2
    assert f"error: {notes} is there already and is left as it is. Give another name" in capsys.readouterr().err
    assert notes.read_text() == "my own"
    assert [call(*arguments, tmp_path / "split.csv", monkeypatch=monkeypatch) for _ in range(2)] == [0, 0]
    assert f"Part of each image: {tmp_path}" in " ".join(capsys.readouterr().out.split())
