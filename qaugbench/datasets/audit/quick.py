"""The part of the audit that every run makes: copies and twins across parts, contradicting labels, classes missing from a part.

Identical files are found without decoding (``prepared`` has merged their groups). Up to ``MOST_IMAGES`` images, and as
long as their pixels can be decoded in seconds, every picture is also compared with every other, as in the full audit;
beyond that only files are, and the run says so.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qaugbench.datasets.audit.duplicates import contradiction_findings, duplicate_findings, find_pairs
from qaugbench.datasets.audit.image_facts import DETAIL, THUMBNAIL, grey_and_stored, small_copy
from qaugbench.datasets.audit.leaks import leak_findings, parts_of, split_columns
from qaugbench.datasets.audit.near_duplicates import Pairs, copies
from qaugbench.datasets.audit.report import Finding
from qaugbench.datasets.audit.turned_copies import turned_hash
from qaugbench.datasets.formats.pictures import opened_picture, upright
from qaugbench.datasets.identical_files import BLANK_TONES, same_file
from qaugbench.datasets.merged_groups import close_groups
from qaugbench.datasets.prepared import UNREADABLE, PreparedData
from qaugbench.datasets.splits import Split, crossing_groups
from qaugbench.datasets.subsets import deciding_classes
from qaugbench.errors import DataError, shown
from qaugbench.task import PARTS

MOST_IMAGES = 2000
MOST_PIXELS = 600_000_000
"""Most pixels decoded; those of a JPEG, which is decoded at a fraction of its size, count a sixteenth."""
JPEG_SHARE = 16
LINE = 300
"""Characters of one finding that are shown before a run."""
SMALLEST_DRAFT = 192
"""Least pixels per side of a decoded JPEG: enough for the compared copies of 48."""


@dataclass(frozen=True)
class Screen:
    """Pairs of one picture; whether pictures were ``compared`` or only files, and if not, whether that was ``needless``."""

    pairs: Pairs
    compared: bool
    needless: bool = False


@dataclass(frozen=True)
class QuickFacts:
    """Columns over the N images of a source; see ``duplicates.Facts``."""

    file_hash: np.ndarray
    pixel_hash: np.ndarray
    turned_hash: np.ndarray
    thumbnails: np.ndarray
    details: np.ndarray
    usable: np.ndarray


def screen(prepared: PreparedData, *, compare: bool = True) -> Screen:
    """Return the pairs of ``prepared`` that show one picture: of all pictures if they are few enough, else of files.

    Only files are compared with ``compare=False``, as for a phantom, whose pictures are known to differ, and for a
    source whose near-duplicates were grouped when it was prepared.
    """
    needless = not compare or _grouped_before(prepared)
    if not needless and _affordable(prepared):
        return Screen(find_pairs(_facts(prepared)), compared=True)
    return Screen(copies(same_file(prepared.archive, prepared.files), "identical file"), False, needless)


def quick_findings(prepared: PreparedData, split: Split, screened: Screen) -> list[Finding]:
    """Return the findings on ``split`` that every run reports: leaks, contradicting labels, and classes missing from a part."""
    parts = parts_of(split, len(prepared))
    found = [
        *leak_findings(prepared, screened.pairs, parts, split.name, "error"),
        *_leaks_of_published_split(prepared, split, screened),
        *contradiction_findings(prepared, screened.pairs),
        *duplicate_findings(prepared, screened.pairs),
        *class_gap_findings(prepared.labels, prepared.label_names, split),
        *_undeciding(prepared, split),
    ]
    return found if screened.compared or screened.needless else [*found, _files_only(len(prepared))]


def _leaks_of_published_split(prepared: PreparedData, split: Split, screened: Screen) -> list[Finding]:
    """Return why the split that the data come with is not the one in use: numbers on it were too high wherever it was used."""
    published = split_columns(prepared).get("split")
    if published is None or split.name != "own":
        return []
    return leak_findings(prepared, screened.pairs, published, "the published split", "warning")


def class_gap_findings(labels: np.ndarray, names: Sequence[str], split: Split) -> list[Finding]:
    """Return one finding for each part that has no image of a class that another part has."""
    counts = {part: labels[getattr(split, part)].sum(axis=0).astype(int) for part in PARTS}
    some = np.sum(list(counts.values()), axis=0) > 0
    meaning = {
        "train": "no classifier can learn them, so every score that averages classes leaves them out",
        "val": "nothing is chosen by them",
        "test": "nothing is scored on them",
    }
    found = []
    for part in PARTS:
        lacking = np.flatnonzero(some & (counts[part] == 0)).tolist()
        if not lacking:
            continue
        count = "1 class has" if len(lacking) == 1 else f"{len(lacking)} classes have"
        others = [
            f"{shown(names[k])} ({', '.join(f'{counts[p][k]} {p}' for p in PARTS if p != part)})" for k in lacking
        ]
        found.append(
            Finding(
                f"no-{part}-image",
                "warning",
                f"{split.name}: {count} no {part} image: {', '.join(others[:5])}{' ...' if len(others) > 5 else ''}; "
                f"{meaning[part]}",
                "Give images of each class to each part, or leave the class out.",
                len(lacking),
                len(names),
                unit="classes",
            )
        )
    return found


def _undeciding(prepared: PreparedData, split: Split) -> list[Finding]:
    """Return the classes with too few test images for their training images to decide which fractions run."""
    train, test = prepared.labels[split.train].sum(axis=0), prepared.labels[split.test].sum(axis=0)
    deciding = set(deciding_classes(prepared.labels[split.test]).tolist())
    others = [k for k in range(len(prepared.label_names)) if k not in deciding and train[k] and test[k]]
    if not others:
        return []
    named = [f"{shown(prepared.label_names[k])} ({int(train[k])} train, {int(test[k])} test)" for k in others]
    return [
        Finding(
            "undeciding",
            "note",
            f"{split.name}: too few test images for an interval, so these do not decide which fractions run, and a small "
            f"fraction may have none of them: {', '.join(named)}",
            "Get more images, or cross-fit over all images by group.",
            len(others),
            len(prepared.label_names),
            unit="classes",
        )
    ]


def with_copies_counted(prepared: PreparedData, split: Split, screened: Screen, *, allow_leaky: bool) -> Split:
    """Return ``split``, marked as leaky if pictures with the same pixels are in two of its parts.

    Raises DataError there unless ``allow_leaky``: a score on such a split is too high. (Identical files are already in
    one group, which ``choose_split`` never splits; these are different files with the same pixels.)
    """
    exact = screened.pairs.identical
    parts = parts_of(split, len(prepared))
    first, second = screened.pairs.first[exact], screened.pairs.second[exact]
    apart = (parts[first] != parts[second]) & (parts[first] != "") & (parts[second] != "")
    beyond = apart & (prepared.groups[first] != prepared.groups[second])
    if not beyond.any():
        return split
    number = int(beyond.sum())
    if not allow_leaky:
        names = ", ".join(
            f"{shown(prepared.called[one])} = {shown(prepared.called[other])}"
            for one, other in zip(first[beyond][:3], second[beyond][:3], strict=True)
        )
        raise DataError(
            f"{prepared.where}: {number} image files have the same pixels as another in another part of the split {split.name!r} "
            f"({names}{' ...' if number > 3 else ''}). A score on such a split is too high. Keep one of each, give copies the same "
            "value in a column `group`, or accept it with --allow-leaky-split."
        )
    crossing = max(split.crossing_groups, len(crossing_groups(_joined(prepared, first, second), parts)))
    how = f"{split.how} LEAKY: {number} images have the same pixels as an image in another part."
    return replace(split, leaky=True, crossing_groups=crossing, how=how)


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Return ``findings`` as printed before anything is computed, one line each."""
    return [finding.line(LINE) for finding in findings]


def finding_notes(findings: Sequence[Finding]) -> list[str]:
    """Return ``findings`` as kept in a record: without names of files and patients."""
    return [f"{finding.what[:1].upper()}{finding.what[1:]}." for finding in findings]


def _joined(prepared: PreparedData, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return close_groups([str(code) for code in prepared.groups], first, second, len(prepared))


def _files_only(n: int) -> Finding:
    return Finding(
        "files-only",
        "note",
        f"{n:,} images are too many or too large to compare as pictures before a run: only equal files were looked for",
        "Run 'qaugbench data audit'.",
        n,
        n,
    )


def _grouped_before(prepared: PreparedData) -> bool:
    if prepared.archive.problem("manifest.json"):
        return False
    try:
        return "grouping" in json.loads(prepared.archive.read("manifest.json"))
    except (OSError, ValueError, TypeError):
        return False  # reported by ``source_manifest``


def _affordable(prepared: PreparedData) -> bool:
    if len(prepared) > MOST_IMAGES:
        return False
    total = 0
    for i in range(len(prepared)):
        total += _cost(prepared, i)
        if total > MOST_PIXELS:
            return False
    return True


def _cost(prepared: PreparedData, i: int) -> int:
    try:
        with opened_picture(io.BytesIO(prepared.read_bytes(i))) as image:
            return image.width * image.height // (JPEG_SHARE if image.format == "JPEG" else 1)
    except DataError:
        return 0


def _facts(prepared: PreparedData) -> QuickFacts:
    n = len(prepared)
    facts = QuickFacts(
        file_hash=np.zeros((n, 2), "<u8"),
        pixel_hash=np.zeros((n, 2), "<u8"),
        turned_hash=np.zeros((n, 2), "<u8"),
        thumbnails=np.zeros((n, THUMBNAIL, THUMBNAIL), np.uint8),
        details=np.zeros((n, DETAIL, DETAIL), np.uint8),
        usable=np.zeros(n, bool),
    )
    for i in range(n):
        try:
            _fill(facts, i, prepared.archive.read(prepared.files[i]))
        except UNREADABLE:
            continue  # reported by whatever decodes it
    return facts


def _fill(facts: QuickFacts, i: int, content: bytes) -> None:
    with opened_picture(io.BytesIO(content)) as opened:
        if opened.format == "JPEG":
            opened.draft(None, (SMALLEST_DRAFT, SMALLEST_DRAFT))
        image = upright(opened)
    grey, stored, _ = grey_and_stored(image)
    low, high = np.percentile(grey, (0.5, 99.5))
    facts.usable[i] = high - low > BLANK_TONES
    facts.file_hash[i] = _numbers(hashlib.blake2b(content, digest_size=16).digest())
    facts.pixel_hash[i] = _numbers(
        hashlib.blake2b(f"{stored.shape}".encode() + stored.tobytes(), digest_size=16).digest()
    )
    facts.turned_hash[i] = _numbers(turned_hash(stored))
    facts.thumbnails[i], facts.details[i] = small_copy(image, THUMBNAIL), small_copy(image, DETAIL)


def _numbers(digest: bytes) -> np.ndarray:
    return np.frombuffer(digest, "<u8")
