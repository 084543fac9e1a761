"""What lies in more than one part: counted by hand on a few rows, and planted in phantoms."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from qaugbench.datasets.audit import Pairs, audit
from qaugbench.datasets.audit.leaks import closed_groups, leak_findings, split_columns, twins_in
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.definitions import task

TWO = SimpleNamespace(kind="multiclass", names=("a", "b"))


def pairs_of(*listed):
    """Return pairs from (first, second, kind)."""
    first, second, kind = zip(*listed, strict=True)
    n = len(listed)
    return Pairs(np.array(first), np.array(second), np.zeros(n, int), np.ones(n), np.array(kind))


def prepared_of(path, rows):
    """Return a source of different noise images with the given rows of labels.csv."""
    images = np.random.default_rng(0).integers(0, 256, (len(rows), 16, 16), dtype=np.uint8)
    named = [{"filename": f"{i}.png", "label": "ab"[i % 2], **row} for i, row in enumerate(rows)]
    write_prepared(path, images, named, {"name": "planted"})
    return open_prepared(path, TWO)


def test_twins_reach_over_copies_but_not_over_chains():
    same, near = "identical pixels", "same picture"
    pairs = pairs_of((0, 1, same), (0, 2, near), (2, 3, near), (4, 5, same))
    wanted = np.array([False, True, False, False, True, False])
    # 0 is a copy of 1, 2 is near 0 and so near its copy 1, 3 is only near 2; 1 and 4 themselves have no other wanted twin.
    assert twins_in(pairs, wanted).tolist() == [True, False, True, False, False, True]


def test_leaks_are_counted_as_by_hand(tmp_path):
    patients, parts = "ppqqrstu", ["train", "test", "test", "test", "", "train", "val", "test"]
    rows = [{"patient_id": p, "split": part} for p, part in zip(patients, parts, strict=True)]
    prepared = prepared_of(tmp_path / "a.zip", rows)
    file, near = "identical file", "same picture"
    pairs = pairs_of((0, 1, file), (2, 5, near), (4, 7, near), (5, 6, file))
    found = leak_findings(prepared, pairs, split_columns(prepared)["split"], "split", "warning")
    assert [(one.check, one.count, one.of) for one in found] == [
        ("patient-leak", 1, 6),  # p
        ("test-twins", 2, 4),  # 1 has 0 in train, 2 has 5; 7 is near 4, which is in no part
        ("val-twins", 1, 1),
        ("copies-apart", 1, 2),  # 0 and 1; 5 and 6 are both outside test
    ]
    assert found[0].facts["images"] == 2
    assert [one.facts["exact_copies"] for one in found[1:3]] == [1, 1]


def test_closed_groups_join_patients_and_pictures(tmp_path):
    prepared = prepared_of(tmp_path / "a.zip", [{"patient_id": p} for p in "ppqrs"])
    groups = closed_groups(prepared, pairs_of((1, 2, "same picture")))
    assert len(np.unique(groups)) == 3
    assert groups[0] == groups[2] != groups[3]


def test_only_columns_that_name_parts_are_splits(tmp_path):
    rows = [
        {"split": s, "group_split": g, "other_split": o} for s, g, o in (("train", "test", "x"), ("Test", "test", "y"))
    ]
    prepared = prepared_of(tmp_path / "a.zip", rows)
    assert {name: parts.tolist() for name, parts in split_columns(prepared).items()} == {"split": ["train", "test"]}


@pytest.fixture(scope="module")
def knees():
    return render_phantom("kneeoa", 120, 11, 64)


def planted_knees(path, knees, *, columns):
    """Return phantom knees with ten test images mirrored into train, two of them under another grade."""
    images = list(knees.images)
    rows = [dict(row) for row in knees.rows]
    patients = {patient: ("test", "val", "train", "train")[int(patient[1:]) % 4] for patient in knees.patient_ids}
    for row in rows:
        row["split"] = patients[str(row["patient_id"])]
    tested = [i for i, row in enumerate(rows) if row["split"] == "test"][:10]
    for number, i in enumerate(tested):
        images.append(np.ascontiguousarray(knees.images[i][:, ::-1]))
        wrong = "4" if rows[i]["label"] != "4" else "0"
        rows.append({**rows[i], "filename": f"twin-{number}.png", "patient_id": f"X{number}", "split": "train"})
        if number < 2:
            rows[-1]["label"] = wrong
    kept = [{name: row[name] for name in ("filename", "label", "split", *columns)} for row in rows]
    write_prepared(path, images, kept, {"name": "planted"})
    return open_prepared(path, task("kneeoa").labels)


def test_planted_twins_are_an_error_of_the_split_in_use(tmp_path, knees):
    report = audit(planted_knees(tmp_path / "a.zip", knees, columns=("patient_id",)), task("kneeoa"))
    (twins,) = report.of("test-twins")
    assert (twins.severity, twins.count, report.split_name, report.clean) == ("error", 10, "split", False)
    assert report.findings[0].severity == "error"
    (contradiction,) = report.of("contradicting-labels")
    assert contradiction.count == 2
    assert "mirrored" in contradiction.what
    assert len(report.pairs) == 10  # nothing but what was planted
    assert (report.pairs.orientation == 4).all()


def test_a_planted_patient_leak_is_found_and_the_split_is_not_used(tmp_path, knees):
    prepared = planted_knees(tmp_path / "a.zip", knees, columns=("patient_id",))
    rows = prepared.table.to_dict("records")
    rows[0]["split"], rows[1]["split"] = "train", "test"
    assert rows[0]["patient_id"] == rows[1]["patient_id"]
    write_prepared(tmp_path / "b.zip", [np.asarray(prepared.read(i)) for i in range(len(rows))], rows, {})
    report = audit(open_prepared(tmp_path / "b.zip", task("kneeoa").labels), task("kneeoa"))
    (leak,) = report.of("patient-leak")
    assert (leak.severity, leak.count, report.split_name) == ("warning", 1, "own")


def test_a_source_without_patients_says_so(tmp_path, knees):
    report = audit(planted_knees(tmp_path / "a.zip", knees, columns=()), task("kneeoa"))
    assert report.of("no-patients")
    assert not report.of("patient-leak")
