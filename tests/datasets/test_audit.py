"""The whole audit: phantoms pass, its text fits a terminal, and it is the same however it is run."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from qaugbench.datasets.audit import AuditReport, Finding, Pairs, audit
from qaugbench.datasets.audit.report import ordered
from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.definitions import task
from qaugbench.stats.decide import MIN_FOR_VERDICT
from qaugbench.stats.metric_on_images import MIN_FOR_INTERVAL

TASKS = ("brainmri", "chestxray", "fundus", "kneeoa")
SIZE_CHECKS = {"no-interval", "no-verdict", "few-groups"}


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    opened = {}

    def of(task_id, patients=130):
        if (task_id, patients) not in opened:
            path = export_phantom(task_id, patients, 64, tmp_path_factory.mktemp("phantom") / f"{task_id}.zip")
            opened[task_id, patients] = open_prepared(path, task(task_id).labels)
        return opened[task_id, patients]

    return of


@pytest.mark.parametrize("task_id", TASKS)
def test_a_phantom_passes(phantom, task_id):
    report = audit(phantom(task_id), task(task_id))
    assert report.clean
    assert len(report.pairs) == 0
    assert {finding.check for finding in report.findings} <= SIZE_CHECKS | {"confound"}


@pytest.mark.slow
def test_the_report_does_not_depend_on_processes_and_repeats_bit_for_bit(phantom, monkeypatch):
    monkeypatch.setattr("qaugbench.datasets.audit.scan.FEW_CHUNKS", 0)
    monkeypatch.setattr("qaugbench.datasets.audit.confounds.FEW_IMAGES", 0)
    alone, together = (audit(phantom("fundus"), task("fundus"), jobs=jobs) for jobs in (1, 2))
    assert json.dumps(alone.to_dict(), sort_keys=True) == json.dumps(together.to_dict(), sort_keys=True)


def test_a_split_with_a_group_in_two_parts_is_an_error(phantom):
    prepared = phantom("kneeoa")
    parts = np.where(np.arange(len(prepared)) % 2 == 0, "train", "test")
    leaky = dataclasses.replace(prepared, table=prepared.table.assign(group_split=parts))
    report = audit(leaky, task("kneeoa"))
    assert (report.split_name, report.clean) == (None, False)
    assert report.findings[0].check == "no-split"
    assert report.of("patient-leak")[0].severity == "error"


def test_limits_of_small_classes_are_those_of_the_statistics():
    from qaugbench.datasets.audit import small_parts

    assert small_parts.FEWEST_FOR_INTERVAL == MIN_FOR_INTERVAL
    assert small_parts.FEWEST_FOR_VERDICT == MIN_FOR_VERDICT


def test_text_is_one_line_a_finding_within_110_columns_and_errors_first():
    def finding(severity, words, offenders=()):
        return Finding("check", severity, words, "Do it.", 40, 90, offenders=offenders)

    long_names = tuple("x" * 30 + str(i) for i in range(5))
    findings = [finding("note", "w" * 200), finding("warning", "some images", long_names), finding("error", "e" * 60)]
    nothing = np.empty(0, dtype=np.int64)
    pairs = Pairs(nothing, nothing, nothing, np.empty(0), np.empty(0, dtype="U16"))
    report = AuditReport("s" * 90, "task@1", 90, "split", "how", ordered(findings), pairs)
    lines = report.text().splitlines()
    assert len(lines) == 2 + 3
    assert max(map(len, lines)) <= 110
    assert [line.split()[0] for line in lines[2:]] == ["ERROR", "WARNING", "NOTE"]
    assert "and 38 more" in lines[3]
    assert "NOT CLEAN" in lines[1]
