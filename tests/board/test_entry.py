"""Entries: what they hold, what they leave out, and that they are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qaugbench import files
from qaugbench.board.bundle import read_entry
from qaugbench.board.entry import entry_schema, shortened, submit
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.files import npz_bytes
from qaugbench.record import CellOutcome, read_record, record_text
from tests.board.factory import appraisal, write_run
from tests.board.tampering import change_record


def test_entry_is_on_its_board_and_holds_four_files(entry: Path) -> None:
    place = ("brainmri@1", "phantom-lite", "entries", "brainmri-phantom-lite-ddpm+qldm-22222222")
    assert entry.parts[-4:] == place
    assert sorted(file.name for file in entry.iterdir()) == [
        "entry.json",
        "manifest.json",
        "predictions.npz",
        "samples.png",
    ]


def test_a_run_that_departs_from_its_track_is_no_entry(tmp_path: Path) -> None:
    write_run(tmp_path / "short", replicates=2)
    change_record(tmp_path / "short", lambda record: record.update(departures=["2 replicates instead of the 5"]))
    with pytest.raises(EntryError, match="2 replicates instead of the 5"):
        submit(tmp_path / "short", tmp_path / "boards")
    assert not (tmp_path / "boards").exists()


def test_entry_is_deterministic(entry: Path, made_run: Path, tmp_path: Path) -> None:
    again = submit(made_run, tmp_path / "elsewhere")
    for file in entry.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes()


def test_submitting_twice_changes_nothing(entry: Path, made_run: Path) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in entry.iterdir()}
    assert submit(made_run, entry.parents[3]) == entry
    assert {file.name: file.stat().st_mtime_ns for file in entry.iterdir()} == before


def test_another_run_under_the_same_id_is_refused(entry: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "other", replicates=2, seed=9)
    with pytest.raises(EntryError, match=r"another entry of this id: entry\.json differs"):
        submit(tmp_path / "other", entry.parents[3])


def test_entry_keeps_every_number_of_the_record(entry: Path, made_run: Path) -> None:
    record, kept = read_record(made_run), read_entry(entry).record
    assert kept.scores == record.scores
    assert kept.environment == record.environment


def test_real_data_leave_pictures_out_and_say_why(tmp_path: Path) -> None:
    write_run(tmp_path / "run", replicates=2, phantom=False)
    entry = submit(tmp_path / "run", tmp_path / "leaderboards")
    assert not (entry / "samples.png").exists()
    assert "memorised training images was not tested" in str(read_entry(entry).samples_withheld)


def test_sheet_shows_synthetic_images_only(tmp_path: Path) -> None:
    record = write_run(tmp_path / "run", replicates=2)
    rows = [f"{arm.id}/{name}" for arm in record.arms if arm.generator for name in record.labels.names]
    images = {name: np.full((1, 16, 16, 3), (200, 0, 0), np.uint8) for name in rows}
    real = {f"real/{name}": np.full((1, 16, 16, 3), (0, 200, 0), np.uint8) for name in record.labels.names}
    (tmp_path / "run" / "samples.npz").write_bytes(npz_bytes({**images, **real}))
    sheet = np.asarray(Image.open(submit(tmp_path / "run", tmp_path / "out") / "samples.png"))
    assert (sheet == (200, 0, 0)).all(axis=2).sum() == len(rows) * 64 * 64
    assert not (sheet == (0, 200, 0)).all(axis=2).any()


def test_paths_of_the_machine_stay_behind(tmp_path: Path) -> None:
    failure = CellOutcome(stage="fit", name="x 10% r0", outcome="error", reason="no file /home/someone/scans/a.png")
    write_run(tmp_path / "run", replicates=2, failures=[failure])
    text = (submit(tmp_path / "run", tmp_path / "out") / "entry.json").read_text(encoding="utf-8")
    assert "someone" not in text
    assert json.loads(text)["record"]["failures"][0]["reason"] == "no file a.png"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("at /home/someone", "at "),
        ("C:\\Users\\someone\\a\\b.png bad", "b.png bad"),
        ("file:///srv/x/y.png", "y.png"),
        ("board brainmri@1/phantom/lite", "board brainmri@1/phantom/lite"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("doi 10.1000/abc/def and/or", "doi 10.1000/abc/def and/or"),
    ],
)
def test_only_absolute_paths_are_shortened(text: str, kept: str) -> None:
    assert shortened(text) == kept


def test_nothing_is_left_when_writing_fails(made_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        if path.name == "manifest.json":
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(files, "write_whole", full)
    with pytest.raises(EntryError, match="No space left"):
        submit(made_run, tmp_path / "out")
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_a_run_that_does_not_hold_what_it_claims_is_not_submitted(run_folder: Path, tmp_path: Path) -> None:
    change_record(run_folder, lambda record: record["board"].update(source="nickparvar"))
    with pytest.raises(EntryError, match="source"):
        submit(run_folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../../elsewhere", "best-of-all"])
def test_what_a_run_is_called_does_not_name_its_entry(name: str, run_folder: Path, tmp_path: Path) -> None:
    change_record(run_folder, lambda record: record.update(id=name))
    assert submit(run_folder, tmp_path / "out").name == "brainmri-phantom-lite-ddpm+qldm-22222222"


def test_a_name_that_is_no_folder_is_refused(run_folder: Path, tmp_path: Path) -> None:
    change_record(run_folder, lambda record: [record[one].update(source="../up") for one in ("board", "data")])
    change_record(run_folder, lambda record: record["data"].update(phantom=False))
    with pytest.raises(EntryError, match="cannot name a folder"):
        submit(run_folder, tmp_path / "out")


def test_schema_describes_the_entry(entry: Path) -> None:
    schema = entry_schema()
    stated = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
    assert set(schema["required"]) <= set(stated) <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert verify(entry).record.id == stated["record"]["id"]


def test_schema_covers_the_scores() -> None:
    parts = entry_schema()["$defs"]
    assert parts["Record"]["properties"]["scores"] == {"$ref": "#/$defs/Scores"}
    for name in ("Scores", "FractionScore", "EndpointScore", "Contrast", "ArmVerdict", "Ladder", "Reference"):
        assert parts[name]["additionalProperties"] is False
    assert {"type": "null"} in parts["Comparison"]["properties"]["df"]["anyOf"]  # infinite degrees of freedom


def test_numbers_that_are_not_finite_are_null_and_come_back(tmp_path: Path) -> None:
    record = write_run(tmp_path / "run", replicates=1)
    assert "Infinity" not in (tmp_path / "run" / "record.json").read_text(encoding="utf-8")
    assert read_record(tmp_path / "run") == record


@pytest.mark.parametrize(("state", "shown"), [("releasable", True), ("memorising", False), ("not decided", False)])
def test_pictures_fitted_to_patients_are_shown_where_they_are_no_copies(
    tmp_path: Path, state: str, shown: bool
) -> None:
    run = tmp_path / "run"
    record = write_run(run, replicates=2, phantom=False)
    arms = [arm.id for arm in record.arms if arm.generator]
    appraisals = {record.fractions[0].key: {arms[0]: appraisal(state)}}
    (run / "record.json").write_text(
        record_text(record.model_copy(update={"appraisals": appraisals})), encoding="utf-8"
    )
    entry = submit(run, tmp_path / "out")
    assert (entry / "samples.png").exists() == shown
    verify(entry)
    if not shown:
        assert "of no generator were they found" in str(read_entry(entry).samples_withheld)


def test_a_run_of_which_every_generator_failed_is_no_entry(tmp_path: Path) -> None:
    arms = [arm.id for arm in write_run(tmp_path / "whole", replicates=2).arms if arm.generator]
    write_run(tmp_path / "run", replicates=2, failed=tuple((arm, r) for arm in arms for r in range(2)))
    with pytest.raises(EntryError, match="no generator of it has a score"):
        submit(tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "out").exists()
