"""Exact copies and near-duplicates among the images of a source, and pairs whose labels contradict each other."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from qaugbench.datasets.audit.near_duplicates import Pairs, copies, first_of_equal, joined, same_pictures
from qaugbench.datasets.audit.report import Finding, first_files
from qaugbench.datasets.prepared import PreparedData
from qaugbench.orientations import ORIENTATIONS, oriented


class Facts(Protocol):
    """The compared facts: hashes uint64 [N, 2], small grey copies uint8 [N, 32, 32] and [N, 48, 48], and which images
    are usable."""

    @property
    def file_hash(self) -> np.ndarray: ...

    @property
    def pixel_hash(self) -> np.ndarray: ...

    @property
    def turned_hash(self) -> np.ndarray: ...

    @property
    def thumbnails(self) -> np.ndarray: ...

    @property
    def details(self) -> np.ndarray: ...

    @property
    def usable(self) -> np.ndarray: ...


def find_pairs(scanned: Facts) -> Pairs:
    """Return all pairs that show one picture: copies by hash, then near-duplicates among one image per set of copies.

    Unreadable and blank images have no pairs: two white pages need not be of one patient.
    """
    usable = np.flatnonzero(scanned.usable)
    same_pixels = first_of_equal(scanned.pixel_hash[usable])
    same_file = first_of_equal(scanned.file_hash[usable])
    exact = copies(same_pixels, "identical pixels")
    exact.kind[same_file[exact.second] == same_file[exact.first]] = "identical file"
    one_each = usable[same_pixels == np.arange(len(usable))]
    found = same_pictures(scanned.thumbnails[one_each], scanned.details[one_each])
    turned = _turned(scanned.turned_hash[one_each], scanned.details[one_each], found)
    return joined([exact.among(usable), found.among(one_each), turned.among(one_each)])


def _turned(hashes: np.ndarray, details: np.ndarray, known: Pairs) -> Pairs:
    """Return the turned copies that have too little contrast for their windows to be compared, and so are not ``known`` yet."""
    pairs = copies(first_of_equal(hashes), "same picture")
    seen = set(zip(known.first.tolist(), known.second.tolist(), strict=True))
    new = [
        p for p, pair in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) if pair not in seen
    ]
    first, second = pairs.first[new], pairs.second[new]
    one, other = details[first].astype(np.int64), details[second].astype(np.int64)
    apart = [np.abs(one - oriented(other, turn)).sum(axis=(1, 2)) for turn in range(len(ORIENTATIONS))]
    orientation = np.argmin(apart, axis=0).astype(np.int64)
    return Pairs(first, second, orientation, pairs.correlation[new], pairs.kind[new])


def duplicate_findings(prepared: PreparedData, pairs: Pairs) -> list[Finding]:
    """Return the copies and near-duplicates, in whichever part they are."""
    n = len(prepared)
    findings = []
    exact = pairs.identical
    if exact.any():
        second = pairs.second[exact]
        same_file = int((pairs.kind[exact] == "identical file").sum())
        findings.append(
            Finding(
                "exact-duplicates",
                "warning",
                f"{len(second):,} of {n:,} images repeat the pixels of another ({same_file:,} the same file)",
                "Keep one of each, or give all copies the same value in a column `group`.",
                len(second),
                n,
                offenders=first_files(prepared.called, second),
                facts={"identical_files": same_file, "sets": len(np.unique(pairs.first[exact]))},
            )
        )
    if (~exact).any():
        findings.append(_near(prepared, pairs, np.flatnonzero(~exact)))
    return findings


def _near(prepared: PreparedData, pairs: Pairs, near: np.ndarray) -> Finding:
    images = np.unique(np.concatenate([pairs.first[near], pairs.second[near]]))
    turned = pairs.orientation[near] > 0
    altered = pairs.kind[near] == "changed contrast"
    inverted = pairs.correlation[near] < 0
    orientation = pairs.orientation[near]
    counts = {name: int((orientation == code).sum()) for code, name in enumerate(ORIENTATIONS)}
    kinds = [
        f"{which.sum():,} {word}"
        for which, word in ((turned, "turned"), (altered, "of other contrast"), (inverted, "inverted"))
        if which.any()
    ]
    return Finding(
        "near-duplicates",
        "warning",
        f"{len(images):,} of {len(prepared):,} images are near-duplicates, {', '.join([f'{len(near):,} pairs', *kinds])}",
        "Give near-duplicates the same value in a column `group`, and split by it in a column `group_split`.",
        len(images),
        len(prepared),
        offenders=first_files(prepared.called, images),
        facts={
            "pairs": len(near),
            "orientations": counts,
            "changed_contrast": int(altered.sum()),
            "inverted": int(inverted.sum()),
        },
    )


def contradiction_findings(prepared: PreparedData, pairs: Pairs) -> list[Finding]:
    """Return the pairs of one picture whose labels differ."""
    differs = (prepared.labels[pairs.first] != prepared.labels[pairs.second]).any(axis=1)
    if not differs.any():
        return []
    chosen = np.flatnonzero(differs)
    between: dict[str, int] = {}
    for p in chosen:
        a, b = (_named(prepared, int(row)) for row in (pairs.first[p], pairs.second[p]))
        key = " / ".join(sorted((a, b)))
        between[key] = between.get(key, 0) + 1
    how = _how(pairs, chosen)
    common = max(between, key=lambda key: between[key])
    what = f"{len(chosen):,} {how}pairs of one picture carry contradicting labels ({common})"
    return [
        Finding(
            "contradicting-labels",
            "warning",
            what if len(between) == 1 else f"{what[:-1]}, ...)",
            "Ask whoever labelled them; remove both images of each pair, or correct the wrong label.",
            len(chosen),
            len(pairs),
            unit="pairs",
            offenders=tuple(
                " = ".join(first_files(prepared.called, np.array([pairs.first[p], pairs.second[p]])))
                for p in chosen[:5]
            ),
            facts={"between": between},
        )
    ]


def _how(pairs: Pairs, chosen: np.ndarray) -> str:
    orientation = pairs.orientation[chosen]
    if (orientation == 0).all():
        return ""
    return (
        "mirrored " if np.isin(orientation, (4, 6)).all() else "turned or mirrored " if (orientation > 0).all() else ""
    )


def _named(prepared: PreparedData, row: int) -> str:
    names = [name for name, value in zip(prepared.label_names, prepared.labels[row], strict=True) if value]
    return "+".join(names) or "none"
