"""Classes and parts that are too small for an interval or a verdict."""

from __future__ import annotations

import numpy as np

from qaugbench.datasets.audit.report import Finding
from qaugbench.datasets.prepared import PreparedData
from qaugbench.errors import shown
from qaugbench.limits import MIN_FOR_INTERVAL, MIN_FOR_VERDICT

FEWEST_TEST_GROUPS = 30
"""Number of test patients below which the audit calls intervals rough; a run still gives them."""


def small_part_findings(prepared: PreparedData, parts: np.ndarray, name: str) -> list[Finding]:
    """Return the classes with too few test images in the split in use, and a test part of too few groups."""
    test = parts == "test"
    positives = prepared.labels[test].sum(axis=0).astype(int)
    negatives = int(test.sum()) - positives
    rarer = np.minimum(positives, negatives)
    findings = []
    no_interval = np.flatnonzero(rarer < MIN_FOR_INTERVAL)
    no_verdict = np.flatnonzero((rarer >= MIN_FOR_INTERVAL) & (rarer < MIN_FOR_VERDICT))
    for chosen, check, limit, consequence in (
        (no_interval, "no-interval", MIN_FOR_INTERVAL, "no interval"),
        (no_verdict, "no-verdict", MIN_FOR_VERDICT, "no verdict"),
    ):
        if not len(chosen):
            continue
        chosen = chosen[np.argsort(rarer[chosen], kind="stable")]
        count = "1 class has" if len(chosen) == 1 else f"{len(chosen)} classes have"
        findings.append(
            Finding(
                check,
                "warning",
                f"{name}: {count} under {limit} test images on the rarer side, {consequence}",
                "Cross-fit over all images by group, pool the classes, or get more images.",
                len(chosen),
                len(rarer),
                unit="classes",
                offenders=tuple(_rarer_side(prepared.label_names[k], positives[k], negatives[k]) for k in chosen),
                facts={"test_images": {prepared.label_names[k]: int(positives[k]) for k in chosen}, "split": name},
            )
        )
    groups = len(np.unique(prepared.groups[test]))
    if groups < FEWEST_TEST_GROUPS:
        findings.append(
            Finding(
                "few-groups",
                "warning",
                f"{name}: the test part has {groups} patients or groups; under {FEWEST_TEST_GROUPS}, intervals are rough",
                "Cross-fit over all images by group, or get more patients.",
                groups,
                FEWEST_TEST_GROUPS,
                unit="groups",
            )
        )
    return findings


def _rarer_side(name: str, positives: int, negatives: int) -> str:
    """Return the count that is too small: images of the class, or images without it."""
    return f"{shown(name)}: {positives}" if positives <= negatives else f"{negatives} without {shown(name)}"
