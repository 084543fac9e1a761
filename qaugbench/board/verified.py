"""Entries that hold what they claim, each verified once: what was found of the same bytes by the same code is remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from qaugbench import definitions
from qaugbench.board.bundle import LARGEST, MANIFEST_FILE
from qaugbench.board.checked import check_beside
from qaugbench.board.comparable import Submitted
from qaugbench.board.peers import Peers, Traces, traces
from qaugbench.board.reader import entry_contents, record_of
from qaugbench.board.telltales import Place
from qaugbench.board.trust import read_reruns, trust_of
from qaugbench.board.verify import verify
from qaugbench.files import json_text, write_whole
from qaugbench.places import data_home
from qaugbench.predictions import Facts
from qaugbench.untrusted import exists, read_bytes

FOLDER = "verified"
CODE = ("*.py", "*.toml", "pinned.json")
LIBRARIES = ("numpy", "pydantic", "scikit-learn", "scipy")
"""What computes the numbers beside this package's own code."""


class Found(Facts):
    """What is remembered of an entry that was verified: warnings, hashes of its held-out images, digests of its predictions."""

    warnings: list[str]
    held_out: dict[str, str]
    digests: dict[str, tuple[str, str, int]]


def verified(paths: Iterable[Path], memory: Path | None = None) -> list[Submitted]:
    """Return the entries in the folders ``paths``; one that does not hold what it claims raises EntryError.

    An entry whose files have the hashes of its manifest is not computed again where the same manifest, in a folder of the same
    name, was verified by this code and these libraries before. ``memory`` is the folder below which that is noted, by default
    the data folder. Every entry is compared with the others, whatever was remembered.
    """
    folder = (data_home() if memory is None else memory) / FOLDER
    found = [_verified(path, folder) for path in paths]
    others = Peers(one for one, _ in found)
    entries = []
    for one, warnings in found:
        check_beside(one, others)
        trust = trust_of(one.record, warnings, read_reruns(one.path))
        entries.append(Submitted(one.path, one.record, trust, warnings))
    return entries


def _verified(path: Path, folder: Path) -> tuple[Traces, tuple[str, ...]]:
    name = folder / _name(path)
    if exists(name):
        entry_contents(path)
        known = Found.model_validate_json(name.read_bytes())
        digests = {bytes.fromhex(digest): Place(*place) for digest, place in known.digests.items()}
        return Traces(path, record_of(path), known.held_out, digests), tuple(known.warnings)
    checked = verify(path)
    one = traces(path, checked.record, checked.predictions)
    places = {digest.hex(): (place.arm, place.fraction, place.replicate) for digest, place in one.digests.items()}
    found = Found(warnings=list(checked.warnings), held_out=dict(one.held_out), digests=places)
    write_whole(name, json_text(found.model_dump(mode="json")))
    return one, checked.warnings


def _name(path: Path) -> str:
    place = "/".join(path.resolve().parts[-4:])
    manifest = hashlib.sha256(read_bytes(path / MANIFEST_FILE, LARGEST[MANIFEST_FILE])).hexdigest()
    return hashlib.sha256("\n".join((place, manifest, _code())).encode()).hexdigest()


@cache
def _code() -> str:
    """Return the hash of everything that verification depends on: this package, its definitions, and libraries."""
    digest = hashlib.sha256("\n".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    package = Path(__file__).parents[1]
    for folder in dict.fromkeys((package, definitions.folder("tasks"), definitions.folder("baselines"))):
        for file in sorted(file for pattern in CODE for file in folder.rglob(pattern)):
            digest.update(f"{file.relative_to(folder).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()
