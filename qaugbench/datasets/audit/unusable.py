"""Images that cannot be used as they are: damaged, blank, truncated, with text, coloured, inverted, or of odd size."""

from __future__ import annotations

import numpy as np

from qaugbench.datasets.audit.invariants import unit_pictures
from qaugbench.datasets.audit.report import Finding, Severity, first_files
from qaugbench.datasets.audit.scan import Scan
from qaugbench.datasets.prepared import PreparedData

MIN_FLAT_ROWS = 0.05
SMALL_SIDE = 32
LONG_SHAPE = 2.0
OTHER_SIZE = 4.0
TEXT_CHANCE = 0.01
"""False positive rate of the check for letters: up to this share on real images."""
INVERTED_BELOW = -0.25
TYPICAL_ABOVE = 0.4
PORTION = 10_000


def unusable_findings(prepared: PreparedData, scanned: Scan, channels: int) -> list[Finding]:
    """Return the images of the source that cannot be used as they are; ``channels`` is 1 for a grey task, 3 for colour."""
    n = len(prepared)

    def finding(check: str, severity: Severity, rows: np.ndarray, what: str, remedy: str) -> list[Finding]:
        names = first_files(prepared.called, rows)
        text = f"{len(rows):,} of {n:,} images {what}"
        return [Finding(check, severity, text, remedy, len(rows), n, offenders=names)] if len(rows) else []

    readable = scanned.readable
    blank = np.flatnonzero(readable & ~scanned.usable)
    cut = np.flatnonzero(scanned.usable & (scanned.flat_rows >= MIN_FLAT_ROWS))
    written = np.flatnonzero(scanned.usable & (scanned.letters > 0))
    may_be_chance = len(written) <= TEXT_CHANCE * n + 3 * np.sqrt(TEXT_CHANCE * n)
    coloured = np.flatnonzero(readable & scanned.coloured) if channels == 1 else np.empty(0, dtype=np.int64)
    return [
        *finding(
            "unreadable",
            "error",
            np.flatnonzero(~readable),
            "cannot be decoded, so that no run uses this source",
            "Fetch them again, or remove them.",
        ),
        *finding("blank", "warning", blank, "are blank", "Remove them: they have a label and show nothing."),
        *finding("cut-off", "warning", cut, "end in flat grey, as if cut off while decoding", "Fetch them again."),
        *finding(
            "inverted",
            "warning",
            inverted_images(scanned),
            "look inverted against the typical image",
            "Look at them; invert MONOCHROME1 images before use.",
        ),
        *finding(
            "text",
            "note" if may_be_chance else "warning",
            written,
            "may carry letters at the border",
            "Look at them; black out the text. Up to 1 % of images without letters are flagged too.",
        ),
        *finding("colour", "note", coloured, "are coloured, and the task is grey", "Check that they belong here."),
        *_sizes(prepared, scanned),
    ]


def inverted_images(scanned: Scan) -> np.ndarray:
    """Return the rows whose thumbnail correlates below -0.25 with the common component of the source's images.

    That is the leading principal axis of all usable thumbnails, each centred and scaled to length 1: inverting some of
    them does not change it, and its sign is that of the majority. If the typical correlation with it is below 0.4, the
    images have too little in common, and none is returned.
    """
    usable = np.flatnonzero(scanned.usable)
    if len(usable) < 10:
        return np.empty(0, dtype=np.int64)
    size = scanned.thumbnails.shape[1] ** 2
    moments = np.zeros((size, size))
    for start in range(0, len(usable), PORTION):
        part = unit_pictures(scanned.thumbnails[usable[start : start + PORTION]]).reshape(-1, size)
        moments += part.T @ part
    common = _leading_axis(moments)
    agreement = np.concatenate(
        [
            unit_pictures(scanned.thumbnails[usable[start : start + PORTION]]).reshape(-1, size) @ common
            for start in range(0, len(usable), PORTION)
        ]
    )
    agreement *= 1 if np.median(agreement) >= 0 else -1
    if np.median(agreement) < TYPICAL_ABOVE:
        return np.empty(0, dtype=np.int64)
    return usable[agreement < INVERTED_BELOW]


def _leading_axis(moments: np.ndarray) -> np.ndarray:
    """Return the leading eigenvector [D] of ``moments`` [D, D], by the power method from its longest row."""
    axis = moments[moments.diagonal().argmax()]
    for _ in range(100):
        axis = moments @ axis
        axis /= np.linalg.norm(axis)
    return axis


def _sizes(prepared: PreparedData, scanned: Scan) -> list[Finding]:
    readable = np.flatnonzero(scanned.readable)
    if not len(readable):
        return []
    width, height = scanned.width[readable], scanned.height[readable]
    shorter, longer = np.minimum(width, height), np.maximum(width, height)
    typical = float(np.median(longer))
    small = shorter < SMALL_SIDE
    odd = (longer > LONG_SHAPE * shorter) | (longer > OTHER_SIZE * typical) | (longer < typical / OTHER_SIZE)
    checks: tuple[tuple[str, Severity, np.ndarray, str, str], ...] = (
        (
            "small",
            "warning",
            small,
            f"are under {SMALL_SIDE} pixels per side",
            "Get them at their native size, or remove them.",
        ),
        (
            "odd-size",
            "note",
            odd & ~small,
            f"are of odd size or shape (longer side over 2x the shorter, or 4x off {typical:g})",
            "Look at them: strips, thumbnails and collages do not belong in a data set.",
        ),
        (
            "enlarged",
            "note",
            _native_sides(prepared, readable) < np.maximum(longer, 1),
            "are enlarged: their native size is below that of the file",
            "State the native size beside results; do not claim a resolution that the images do not have.",
        ),
    )
    n = len(prepared)
    return [
        Finding(
            check,
            severity,
            f"{where.sum():,} of {n:,} images {what}",
            remedy,
            int(where.sum()),
            n,
            offenders=first_files(prepared.called, readable[where]),
        )
        for check, severity, where, what, remedy in checks
        if where.any()
    ]


def _native_sides(prepared: PreparedData, rows: np.ndarray) -> np.ndarray:
    """Return float [R], the longer native side as the columns native_w and native_h say; infinite if they do not."""
    if not {"native_w", "native_h"} <= set(prepared.table.columns):
        return np.full(len(rows), np.inf)
    sides = prepared.table[["native_w", "native_h"]].iloc[rows].apply(lambda column: column.str.strip())
    numbers = sides.where(sides.apply(lambda column: column.str.fullmatch(r"\d+"))).astype(float).max(axis=1)
    return numbers.fillna(np.inf).to_numpy()
