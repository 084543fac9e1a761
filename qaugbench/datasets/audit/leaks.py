"""Patients, groups and pictures in more than one part of a split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qaugbench.datasets.audit.near_duplicates import Pairs
from qaugbench.datasets.audit.report import Finding, Severity, first_files
from qaugbench.datasets.merged_groups import close_groups
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.splits import Split, crossing_groups
from qaugbench.task import PARTS

CLOSE = "Split by groups that merge patients and near-duplicates (a column `group_split`)."


def split_columns(prepared: PreparedData) -> dict[str, np.ndarray]:
    """Return the parts [N] ("train", "val", "test" or "") of every column that names parts, by column.

    A column counts if its name ends in ``split``, its values are train, val, test or empty, and at least two parts
    occur.
    """
    found = {}
    for column in prepared.table.columns:
        if not str(column).casefold().endswith("split"):
            continue
        parts = prepared.table[column].str.strip().str.lower().to_numpy(dtype="U")
        if np.isin(parts, (*PARTS, "")).all() and len(set(parts.tolist()) - {""}) > 1:
            found[str(column)] = parts
    return found


def parts_of(split: Split, n: int) -> np.ndarray:
    """Return the part [N] of each image in ``split``."""
    parts = np.full(n, "", dtype="U5")
    for part in PARTS:
        parts[getattr(split, part)] = part
    return parts


def closed_groups(prepared: PreparedData, pairs: Pairs) -> np.ndarray:
    """Return int64 [N]: one code for images that share a patient or a picture, directly or through others."""
    patients = list(prepared.table["patient_id"].str.strip()) if prepared.patients_known else None
    return close_groups(patients, pairs.first, pairs.second, len(prepared))


def leak_findings(
    prepared: PreparedData, pairs: Pairs, parts: np.ndarray, name: str, severity: Severity
) -> list[Finding]:
    """Return what crosses the ``parts`` [N] of the split called ``name``: patients, pictures, and the given groups."""
    findings = []
    if prepared.patients_known:
        patients = _patients(prepared)
        codes = crossing_groups(patients, np.where(patients >= 0, parts, ""))
        if len(codes):
            rows = np.flatnonzero(np.isin(patients, codes))
            findings.append(
                Finding(
                    "patient-leak",
                    severity,
                    f"{name}: {len(codes):,} patients ({len(rows):,} images) are in more than one part",
                    CLOSE,
                    len(codes),
                    len(np.unique(patients[patients >= 0])),
                    unit="patients",
                    offenders=tuple(prepared.table["patient_id"].iloc[rows].str.strip().unique()[:5]),
                    facts={"images": len(rows), "split": name},
                )
            )
    for part in ("test", "val"):
        findings += _twins(prepared, pairs, parts, name, part, severity)
    findings += _copies_apart(prepared, pairs, parts, name, severity)
    if prepared.group_column == "group":
        groups = crossing_groups(prepared.groups, parts)
        if len(groups):
            findings.append(
                Finding(
                    "group-leak",
                    severity,
                    f"{name}: {len(groups):,} groups of the column `group` are in more than one part",
                    "Use the column `group_split`, or let a split by group be made.",
                    len(groups),
                    len(prepared.group_names),
                    unit="groups",
                    offenders=tuple(prepared.group_names[code] for code in groups[:5]),
                    facts={"split": name},
                )
            )
    return findings


def _twins(
    prepared: PreparedData, pairs: Pairs, parts: np.ndarray, name: str, part: str, severity: Severity
) -> list[Finding]:
    inside = parts == part
    earlier = ("train", "val") if part == "test" and (parts == "val").any() else ("train",)
    outside = np.isin(parts, earlier)
    with_twin = np.flatnonzero(inside & twins_in(pairs, outside))
    if not len(with_twin):
        return []
    exact = int((inside & twins_in(_only(pairs, pairs.identical), outside)).sum())
    clusters = close_groups(None, pairs.first, pairs.second, len(parts))
    whole = f"{len(with_twin):,} of {inside.sum():,} {part} images ({100 * len(with_twin) / inside.sum():.0f} %)"
    return [
        Finding(
            f"{part}-twins",
            severity,
            f"{name}: {whole} have a twin in {' or '.join(earlier)}, {exact:,} an exact copy",
            CLOSE,
            len(with_twin),
            int(inside.sum()),
            offenders=first_files(prepared.called, with_twin),
            facts={
                "split": name,
                "exact_copies": exact,
                "clusters_in_several_parts": len(crossing_groups(clusters, parts)),
            },
        )
    ]


def _copies_apart(
    prepared: PreparedData, pairs: Pairs, parts: np.ndarray, name: str, severity: Severity
) -> list[Finding]:
    identical = _only(pairs, pairs.identical)
    one, other = parts[identical.first], parts[identical.second]
    apart = ((one == "test") != (other == "test")) & (one != "") & (other != "")
    if not apart.any():
        return []
    return [
        Finding(
            "copies-apart",
            severity,
            f"{name}: {apart.sum():,} of {len(identical):,} exact copies are split between the test part and the others",
            CLOSE,
            int(apart.sum()),
            len(identical),
            offenders=first_files(prepared.called, identical.second[apart]),
            facts={"split": name},
        )
    ]


def twins_in(pairs: Pairs, wanted: np.ndarray) -> np.ndarray:
    """Return bool [N]: whether the image has a copy or a near-duplicate among the images ``wanted`` [N].

    All copies of an image share the result of the first.
    """
    first_copy = np.arange(len(wanted))
    identical = pairs.identical
    first_copy[pairs.second[identical]] = pairs.first[identical]
    number = np.bincount(first_copy, weights=wanted, minlength=len(wanted))
    beside = np.zeros(len(wanted), dtype=bool)
    near = ~identical
    for a, b in ((pairs.first[near], pairs.second[near]), (pairs.second[near], pairs.first[near])):
        beside[first_copy[a[number[first_copy[b]] > 0]]] = True
    own_set = number[first_copy] - wanted > 0
    return own_set | beside[first_copy]


def group_findings(prepared: PreparedData, pairs: Pairs) -> list[Finding]:
    """Return whether the given ``group`` column separates near-duplicates, and whether patients are named at all."""
    findings = []
    if prepared.group_column == "group":
        apart = prepared.groups[pairs.first] != prepared.groups[pairs.second]
        if apart.any():
            findings.append(
                Finding(
                    "open-groups",
                    "warning",
                    f"{apart.sum():,} pairs of one picture have different values of `group`",
                    "Merge the groups of near-duplicates before splitting by them.",
                    int(apart.sum()),
                    len(pairs),
                    unit="pairs",
                    offenders=first_files(prepared.called, pairs.first[apart]),
                )
            )
    if not prepared.patients_known:
        findings.append(
            Finding(
                "no-patients",
                "warning",
                "no patient ids: images of one patient may be in several parts undetected",
                "Add a column `patient_id` if the publisher gives one; otherwise intervals are too narrow.",
                len(prepared),
                len(prepared),
            )
        )
    return findings


def _only(pairs: Pairs, chosen: np.ndarray) -> Pairs:
    return Pairs(*(getattr(pairs, name)[chosen] for name in ("first", "second", "orientation", "correlation", "kind")))


def _patients(prepared: PreparedData) -> np.ndarray:
    """Return int64 [N], the code of each image's patient, -1 if the cell is empty."""
    names = prepared.table["patient_id"].str.strip()
    return pd.factorize(names.where(names != ""))[0].astype(np.int64)
