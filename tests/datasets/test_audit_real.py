"""The traps of the real sources are found from pixels, patients and the published split alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from qaugbench.datasets.audit import audit
from qaugbench.datasets.prepared import open_prepared
from qaugbench.definitions import task

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

FILES = {
    "brainmri": "brainmri-nickparvar.zip",
    "chestxray": "chestxray-nih14-1000.zip",
    "kneeoa": "kneeoa-chen2018.zip",
    "fundus": "fundus-eyeq-365.zip",
}
TELLING = ["dup_of", "near_dup_cluster", "group", "group_split"]


@pytest.fixture(scope="module")
def report(real_data):
    """Return a function that audits a source once, without the columns that tell of duplicates."""
    done = {}

    def of(task_id):
        if task_id not in done:
            prepared = open_prepared(real_data / FILES[task_id], task(task_id).labels)
            column = "patient_id" if prepared.patients_known else None
            names = list(prepared.table[column] if column else prepared.files)
            codes = np.unique(names, return_inverse=True)
            blind = dataclasses.replace(
                prepared,
                table=prepared.table.drop(columns=TELLING),
                groups=codes[1].astype(np.int64),
                group_names=tuple(codes[0]),
                group_column=column,
            )
            done[task_id] = audit(blind, task(task_id), jobs=1)
        return done[task_id]

    return of


def test_brain_leaks_are_found_and_are_errors_of_the_published_split(report):
    found = report("brainmri")
    assert (found.split_name, found.clean) == ("split", False)
    (twins,) = found.of("test-twins")
    assert (twins.count, twins.of, twins.severity) == (992, 1311, "error")
    assert twins.facts["exact_copies"] == 216
    assert found.of("copies-apart")[0].count == 263
    assert found.of("exact-duplicates")[0].count == 426


def test_brain_labels_contradict_each_other_in_four_mirrored_pairs(report):
    (finding,) = report("brainmri").of("contradicting-labels")
    assert finding.count == 4
    assert "mirrored" in finding.what
    assert finding.facts["between"] == {"meningioma / pituitary": 4}


def test_brain_classes_are_told_from_the_frame_alone(report):
    (finding,) = report("brainmri").of("confound")
    assert finding.facts["classes"]["notumor"]["auroc"] > 0.9
    assert report("brainmri").of("no-patients")


def test_chest_patients_cross_the_published_split(report):
    found = report("chestxray")
    (leak,) = found.of("patient-leak")
    assert (leak.count, leak.facts["images"]) == (30, 309)
    assert len(found.pairs) == 0
    assert "Hernia" in found.of("no-interval")[0].facts["test_images"]
    assert found.of("enlarged")[0].count == 1000


def test_knees_have_no_leak_and_some_are_inverted(report):
    found = report("kneeoa")
    assert (found.split_name, found.clean, len(found.pairs)) == ("split", True, 0)
    assert not found.of("patient-leak")
    assert found.of("inverted")[0].count == 110


def test_fundus_is_clean_and_too_small(report):
    found = report("fundus")
    assert found.clean
    assert len(found.pairs) == 0
    assert any("Usable" in finding.facts["test_images"] for finding in found.of("no-interval") + found.of("no-verdict"))
