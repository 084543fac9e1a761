"""What a pull request changes, read from git objects alone: it adds the files of one new entry, or withdraws one, and nothing else.

The code that runs is the base's; of the proposed commit nothing is checked out or executed. Its files are read as bytes, under
limits of size, into a folder of their own, beside the entries that the base has on the same board.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qaugbench.board.bundle import LARGEST
from qaugbench.board.noise_places import FOLDER as NOISE
from qaugbench.board.repository import Repository
from qaugbench.board.withdraw import WITHDRAWN
from qaugbench.errors import EntryError, first_offenders, shown
from qaugbench.files import write_whole
from qaugbench.places import NOISE_FILE, RESULTS

REGULAR = "100644"
PART = r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}"
ENTRY_PATH = re.compile(rf"(?P<entry>(?P<board>{PART}/{PART})/entries/{PART})/(?P<file>[a-z.]+)")
STUDY_PATH = re.compile(rf"(?P<study>{PART}/{PART}/{NOISE}/{PART})/{re.escape(NOISE_FILE)}")
NOTE_PATH = re.compile(rf"(?P<board>{PART}/{PART})/{WITHDRAWN}/(?P<id>{PART})\.json")
MOST_CHANGES = 50
MOST_BYTES = {"smoke": 10_000_000, "lite": 10_000_000}
MOST_BYTES_ELSE = 64_000_000


@dataclass(frozen=True)
class Change:
    """One changed file: A added, M modified, D deleted, T of another type; its new mode and object, and its path."""

    status: str
    mode: str
    blob: str
    path: str


def changes(repository: Repository, base: str, head: str) -> list[Change]:
    """Return what ``head`` changes since it left ``base``; renames count as a deletion and an addition."""
    ends = [repository.commit(name) for name in (base, head)]
    text = repository.git("diff", "--raw", "-z", "--no-renames", "--no-abbrev", "...".join(ends), "--")
    fields = text.split("\0")[:-1]
    found = []
    for facts, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, blob, status = facts.lstrip(":").split(" ")
        found.append(Change(status[:1], mode, blob, path))
    return found


def proposed_folder(found: Iterable[Change], root: str = RESULTS.name) -> tuple[str, bool]:
    """Return the entry that changes are about, below ``root``, and whether they withdraw it.

    Raises EntryError naming the first file that may not be changed, and for changes of more than one entry.
    """
    listed = list(found)
    if not listed:
        raise EntryError("Nothing is changed. Submit an entry with 'qaugbench submit RUN'.")
    if len(listed) > MOST_CHANGES:
        raise EntryError(f"{len(listed):,} files are changed; an entry has {len(LARGEST)} at most.")
    if any(change.status == "D" for change in listed):
        return _withdrawn(listed, root), True
    entries = set()
    for change in listed:
        match = _below(change.path, root, ENTRY_PATH)
        if match is None or match["file"] not in LARGEST:
            raise EntryError(
                f"{shown(change.path, 200)} may not be changed: a pull request of an entry adds the files of "
                f"{root}/<task>/<source>-<track>/entries/<id> and no other."
            )
        if change.status != "A":
            raise EntryError(
                f"{shown(change.path, 200)} exists already: entries are never changed. Submit another run."
            )
        if change.mode != REGULAR:
            raise EntryError(f"{shown(change.path, 200)} is no plain file (mode {shown(change.mode)}).")
        entries.add(match["entry"])
    if len(entries) > 1:
        raise EntryError(f"One entry a pull request; these are {first_offenders(sorted(entries))}.")
    return entries.pop(), False


def proposed_study(found: Iterable[Change], root: str = RESULTS.name) -> str | None:
    """Return the study of noise that changes add, below ``root``; None for changes of something else.

    Raises EntryError where a study is changed or removed, and where anything else is changed with it.
    """
    listed = list(found)
    about = [one for one in listed if _below(one.path, root, STUDY_PATH)]
    if not about:
        return None
    if len(listed) > 1:
        other = next((one.path for one in listed if one not in about), about[-1].path)
        raise EntryError(
            f"A pull request of a study of noise adds its one file; {shown(other, 200)} is changed as well."
        )
    (one,) = about
    if one.status == "D":
        raise EntryError(
            f"{shown(one.path, 200)} is removed. No check can tell whether it should be: a maintainer decides."
        )
    if one.status != "A":
        raise EntryError(f"{shown(one.path, 200)} exists already: studies are never changed. Submit another one.")
    if one.mode != REGULAR:
        raise EntryError(f"{shown(one.path, 200)} is no plain file (mode {shown(one.mode)}).")
    match = _below(one.path, root, STUDY_PATH)
    return None if match is None else match["study"]


def _withdrawn(listed: list[Change], root: str) -> str:
    gone = [_below(change.path, root, ENTRY_PATH) for change in listed if change.status == "D"]
    notes = [_below(change.path, root, NOTE_PATH) for change in listed if change.status != "D"]
    entries = {None if match is None else match["entry"] for match in gone}
    note = notes[0] if len(notes) == 1 else None
    entry = next(iter(entries))
    if len(entries) > 1 or entry is None or note is None or entry != f"{note['board']}/entries/{note['id']}":
        offender = next(change.path for change in listed if change.status == "D")
        raise EntryError(
            f"{shown(offender, 200)} is removed: an entry goes whole, with a note in {WITHDRAWN}/ and nothing else changed "
            "('qaugbench withdraw')."
        )
    if any((change.status, change.mode) != ("A", REGULAR) for change in listed if change.status != "D"):
        raise EntryError(f"The note in {WITHDRAWN}/ has to be a new, plain file.")
    return entry


def _below(path: str, root: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
    return pattern.fullmatch(path.removeprefix(f"{root}/")) if path.startswith(f"{root}/") else None


def extract(repository: Repository, found: Iterable[Change], base: str, entry: str, target: Path) -> Path:
    """Write the added files of an ``entry``, and what the base has on its board, below ``target``; return the entry's folder.

    Raises EntryError for files larger than an entry of its track may be, before they are read.
    """
    root, added = RESULTS.name, list(found)
    track = PurePosixPath(entry).parent.parent.name.rpartition("-")[2]
    most = MOST_BYTES.get(track, MOST_BYTES_ELSE)
    sizes = {change.path: int(repository.git("cat-file", "-s", change.blob)) for change in added}
    if sum(sizes.values()) > most:
        largest = max(sizes, key=lambda path: sizes[path])
        raise EntryError(
            f"The entry has {sum(sizes.values()):,} bytes, over the {most:,} of the track {shown(track)}; the largest file is "
            f"{shown(largest, 200)}."
        )
    board = PurePosixPath(entry).parent.parent
    before = repository.git("ls-tree", "-r", "-z", repository.commit(base), "--", f"{root}/{board}/")
    for line in before.split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        mode, _, blob = facts.split(" ")
        if mode == REGULAR:
            write_whole(target / path.removeprefix(f"{root}/"), repository.blob(blob))
    for change in added:
        write_whole(target / change.path.removeprefix(f"{root}/"), repository.blob(change.blob))
    return target / entry
