"""How far an entry can be believed: claimed < rescored < rerun < independent; ``docs/trust.md`` says what that means."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from qaugbench.board.bundle import LARGEST, MANIFEST_FILE
from qaugbench.board.peers import machine_tolerance
from qaugbench.board.pinned import pinned_contents
from qaugbench.board.protocol import own_prefix
from qaugbench.board.safe_text import unsafe
from qaugbench.errors import EntryError, shown
from qaugbench.files import json_text
from qaugbench.predictions import Facts
from qaugbench.record import Count, Record, Sha256, parse_facts
from qaugbench.untrusted import MIB, exists, parse_json, read_bytes

Level = Literal["claimed", "rescored", "rerun", "independent"]
LEVELS: tuple[Level, ...] = ("claimed", "rescored", "rerun", "independent")
MEANINGS: dict[Level, str] = {
    "claimed": "the numbers follow from the predictions; where these come from is only said",
    "rescored": "and the protocol, the test labels and the code are those of this release",
    "rerun": "and a maintainer computed a replicate again, within what another machine changes",
    "independent": "and so did somebody else",
}
RERUNS = "reruns"
COMMIT = re.compile(r"[0-9a-f]{40}")
STATED = (
    "hardware",
    "time",
    "pretraining data",
    "appraisal of images",
    "influence of circuits",
    "losses of fits",
    "noise of devices",
)
"""What an entry states that nobody can recompute from it."""


class Rerun(Facts):
    """One replicate of an entry computed again: by whom, on what, and by how much its scores differ at most."""

    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    by: str = Field(min_length=1, max_length=100)
    independent: bool
    replicate: Count
    n_scores: int = Field(ge=1)
    largest_difference: float = Field(ge=0)
    processor: str = Field(max_length=200)
    commit: str | None


class Reruns(Facts):
    """The content of ``reruns/<entry>.json`` on a board: what was found of exactly the entry whose manifest has this hash."""

    schema_version: Literal[1] = 1
    manifest_sha256: Sha256
    reruns: list[Rerun] = Field(max_length=1_000)


@dataclass(frozen=True)
class Trust:
    """The level of an entry, and why it is not the next higher one."""

    level: Level
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        """The level with the reasons in brackets."""
        return f"{self.level} ({'; '.join(self.reasons)})" if self.reasons else self.level


CLAIM = Trust("claimed", ("it was not verified",))
"""What an entry is that was only read."""


def reruns_file(entry: Path) -> Path:
    """Return where the reruns of an entry are kept: beside the folder of a board's entries, never inside an entry."""
    return entry.parent.parent / RERUNS / f"{entry.name}.json"


def entry_hash(entry: Path) -> str:
    """Return the SHA-256 of an entry's manifest, which holds those of its other files."""
    return hashlib.sha256(read_bytes(entry / MANIFEST_FILE, LARGEST[MANIFEST_FILE])).hexdigest()


def read_reruns(entry: Path) -> list[Rerun]:
    """Return the reruns of an entry; none where it has changed since. A file that cannot be used raises EntryError."""
    file = reruns_file(entry)
    if not exists(file):
        return []
    content = read_bytes(file, MIB)
    found = parse_facts(content, file, Reruns)
    fault = next(unsafe(parse_json(content, file), file.name), None)
    if fault is not None:
        raise EntryError(f"{shown(file, None)}: {fault}.")
    return list(found.reruns) if found.manifest_sha256 == entry_hash(entry) else []


def reruns_text(entry: Path, added: Rerun) -> str:
    """Return the content of the file of an entry's reruns with one more."""
    found = Reruns(manifest_sha256=entry_hash(entry), reruns=[*read_reruns(entry), added])
    return json_text(found.model_dump(mode="json"))


def trust_of(record: Record, warnings: Sequence[str], reruns: Sequence[Rerun] = ()) -> Trust:
    """Return the level of an entry that holds what it claims."""
    against = tuple(_against_rescored(record, warnings))
    if against:
        return Trust("claimed", against)
    tolerance = machine_tolerance(record.board.track)
    agreeing = [one for one in reruns if one.largest_difference <= tolerance]
    if len(agreeing) < len(reruns):
        return Trust("rescored", ("a rerun differs by more than another machine explains",))
    if any(one.independent for one in agreeing):
        return Trust("independent", ())
    if agreeing:
        return Trust("rerun", ("nobody else has computed it again",))
    return Trust("rescored", ("nobody has computed it again",))


def _against_rescored(record: Record, warnings: Sequence[str]) -> Iterator[str]:
    commit = record.environment.commit
    if commit is None:
        yield "it does not say which commit made it"
    elif not COMMIT.fullmatch(commit):
        yield f"it was made with local changes, or by no commit: {shown(commit)}"
    if own_prefix(record.board.source) is not None:
        yield "its images are the submitter's own, so nobody can compare their labels"
    elif not record.data.phantom and not pinned_contents(record.board.task, record.board.source):
        yield "this release does not pin the test labels of its source yet"
    for generator in record.generators:
        if generator.package is not None and generator.control == "none":
            yield f"the kind and tier of {shown(generator.id)} are those that its package {shown(generator.package)} says"
    yield from (warning.rstrip(".") for warning in warnings)
