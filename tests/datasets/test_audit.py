"""The whole audit: phantoms pass, its text fits a terminal, and it is the same however it is run."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from qaugbench.datasets.audit import AuditReport, Finding, Pairs, audit
from qaugbench.datasets.audit.report import ordered
from qaugbench.datasets.audit.small_parts import small_part_findings
from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.subsets import deciding_classes
from qaugbench.definitions import task
from qaugbench.limits import MIN_FOR_INTERVAL
from qaugbench.stats.metric_on_images import Images, MetricOnImages

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


def test_what_is_too_few_is_told_of_the_side_that_is(phantom):
    prepared = phantom("fundus")
    rows = np.arange(40)
    labels = np.zeros((40, 3), np.float32)
    labels[:33, 0] = labels[33:38, 1] = labels[38:, 2] = 1  # 33 Good, 5 Usable, 2 Reject: 7 are not Good
    small = dataclasses.replace(
        prepared, table=prepared.table.iloc[:40], labels=labels, groups=rows, files=prepared.files[:40]
    )
    found = small_part_findings(small, np.full(40, "test"), "split")
    (no_interval,) = [finding for finding in found if finding.check == "no-interval"]
    assert no_interval.offenders == ("Reject: 2", "Usable: 5", "7 without Good")
    assert no_interval.facts["test_images"] == {"Reject": 2, "Usable": 5, "Good": 33}


@pytest.mark.parametrize("n", [9, 10])
def test_audit_plan_and_statistics_agree_on_what_is_too_few(phantom, n):
    labels = np.zeros((60, 2), np.float32)
    labels[:n, 0] = labels[20:40, 1] = 1
    question = MetricOnImages.of("auroc", (0,), Images(labels, np.arange(60), ("a", "b"), "multilabel"))
    source = dataclasses.replace(
        phantom("fundus"),
        table=phantom("fundus").table.iloc[:60],
        labels=labels,
        label_names=("a", "b"),
        groups=np.arange(60),
        files=phantom("fundus").files[:60],
    )
    checks = {finding.check for finding in small_part_findings(source, np.full(60, "test"), "split")}
    enough = n >= MIN_FOR_INTERVAL
    assert (question.why_no_interval is None) == enough
    assert ("no-interval" not in checks) == enough
    assert (0 in deciding_classes(labels)) == enough


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
