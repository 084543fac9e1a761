"""Classes and parts too small for what a run would say about them."""

from __future__ import annotations

import numpy as np

from qaugbench.datasets.audit.report import Finding
from qaugbench.datasets.prepared import PreparedData

FEWEST_FOR_INTERVAL = 10
FEWEST_FOR_VERDICT = 30
"""Test images on the rarer side of a class: what qaugbench.stats asks for an interval and for a verdict
(MIN_FOR_INTERVAL, MIN_FOR_VERDICT), stated here again because data sets know nothing of statistics."""
FEWEST_TEST_GROUPS = 30


def small_part_findings(prepared: PreparedData, parts: np.ndarray, name: str) -> list[Finding]:
    """Return the classes with too few test images in the split in use, and a test part of too few groups."""
    test = parts == "test"
    positives = prepared.labels[test].sum(axis=0).astype(int)
    rarer = np.minimum(positives, test.sum() - positives)
    findings = []
    no_interval = np.flatnonzero(rarer < FEWEST_FOR_INTERVAL)
    no_verdict = np.flatnonzero((rarer >= FEWEST_FOR_INTERVAL) & (rarer < FEWEST_FOR_VERDICT))
    for chosen, check, limit, consequence in (
        (no_interval, "no-interval", FEWEST_FOR_INTERVAL, "no interval"),
        (no_verdict, "no-verdict", FEWEST_FOR_VERDICT, "no verdict"),
    ):
        if not len(chosen):
            continue
        chosen = chosen[np.argsort(rarer[chosen], kind="stable")]
        count = "1 class has" if len(chosen) == 1 else f"{len(chosen)} classes have"
        findings.append(
            Finding(
                check,
                "warning",
                f"{name}: {count} under {limit} test images, {consequence}",
                "Cross-fit over all images by group, pool the classes, or get more images.",
                len(chosen),
                len(rarer),
                unit="classes",
                offenders=tuple(f"{prepared.label_names[k]} {rarer[k]}" for k in chosen),
                facts={"test_images": {prepared.label_names[k]: int(rarer[k]) for k in chosen}, "split": name},
            )
        )
    groups = len(np.unique(prepared.groups[test]))
    if groups < FEWEST_TEST_GROUPS:
        findings.append(
            Finding(
                "few-groups",
                "warning",
                f"{name}: the test part has {groups} patients or groups; intervals need {FEWEST_TEST_GROUPS}",
                "Cross-fit over all images by group, or get more patients.",
                groups,
                FEWEST_TEST_GROUPS,
                unit="groups",
            )
        )
    return findings
