"""Whether a record is known, without computing its scores again, not to be the one that was written."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from statistics import fmean

from qaugbench.board.bundle import ENTRY_FILE, LARGEST, MANIFEST_FILE, Manifest
from qaugbench.board.result_folders import is_entry
from qaugbench.errors import shown
from qaugbench.places import RECORD_FILE
from qaugbench.record import RECORD_BYTES, Record, parse_facts
from qaugbench.stats.results import ArmScore, Contrast, FractionScore
from qaugbench.untrusted import exists, read_bytes

SEAL_FILE = "record.sha256"
"""The SHA-256 of a run's record, in the form that ``sha256sum --check`` reads; older runs have none."""
SEAL_BYTES = 1_000


def seal_text(record: str) -> str:
    """Return the content of ``record.sha256`` for the text of ``record.json``."""
    return f"{hashlib.sha256(record.encode()).hexdigest()}  {RECORD_FILE}\n"


def changed_words(path: Path, record: Record, name: str | None = None) -> str | None:
    """Return a warning where the record in ``path`` was changed after it was written as far as hashes and sums tell, else None.

    ``name`` is what the run or entry is called in it, by default the path. Compared are the record with its seal (an entry's
    with its manifest), and every mean and difference with the values that it is made of. That all scores follow from the
    predictions only ``verify`` shows.
    """
    if matches_seal(path) and not any(_wrong(record)):
        return None
    return f"this record was changed after it was written: `qaugbench verify {quote(shown(name or path, None))}` says where."


def matches_seal(path: Path) -> bool:
    """Return whether the record of a run, or ``entry.json``, has the hash stated beside it; True where none is stated."""
    if is_entry(path):
        stated = parse_facts(read_bytes(path / MANIFEST_FILE, LARGEST[MANIFEST_FILE]), path / MANIFEST_FILE, Manifest)
        found = hashlib.sha256(read_bytes(path / ENTRY_FILE, LARGEST[ENTRY_FILE])).hexdigest()
        return ENTRY_FILE in stated.files and stated.files[ENTRY_FILE].sha256 == found
    if not exists(path / SEAL_FILE):
        return True
    found = hashlib.sha256(read_bytes(path / RECORD_FILE, RECORD_BYTES)).hexdigest()
    return read_bytes(path / SEAL_FILE, SEAL_BYTES).split(b" ")[0] == found.encode()


def _wrong(record: Record) -> Iterator[bool]:
    """Yield of every mean and difference whether it is another than that of the values."""
    for fraction in record.scores.fractions.values():
        for score in _arm_scores(fraction):
            yield not _same(score.mean, fmean(score.values))
        for endpoint in fraction.endpoints.values():
            yield from (not _follows(one, endpoint.arms) for one in endpoint.contrasts)


def _arm_scores(fraction: FractionScore) -> Iterator[ArmScore]:
    """Yield every value of an arm that is made of values."""
    for scored in (fraction.endpoints, fraction.metrics, {"ensemble": fraction.ensemble}, fraction.classes):
        for one in scored.values():
            yield from (score for score in one.arms.values() if score.values)


def _follows(found: Contrast, arms: dict[str, ArmScore]) -> bool:
    one, other = arms.get(found.arm), arms.get(found.against)
    return one is None or other is None or _same(found.estimate, one.mean - other.mean)


def _same(stated: float, found: float) -> bool:
    return math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-9)
