"""Taking an entry off its board: its files go, a note with the reason stays, and the same entry does not come back."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from qaugbench.board.bundle import ENTRY_FILE, LARGEST
from qaugbench.board.pull_request import Proposal, Proposed, check_place, propose
from qaugbench.board.reader import check_folder, record_of
from qaugbench.board.repository import Repository
from qaugbench.board.result_folders import is_entry
from qaugbench.board.safe_text import fault_of
from qaugbench.board.trust import entry_hash
from qaugbench.errors import EntryError, first_offenders, shown
from qaugbench.files import json_text, write_whole
from qaugbench.predictions import Facts
from qaugbench.record import Record, Sha256, parse_facts
from qaugbench.untrusted import MIB, read_bytes

WITHDRAWN = "withdrawn"
LONGEST_REASON = 500


class Withdrawal(Facts):
    """The content of ``withdrawn/<entry>.json`` on a board."""

    schema_version: Literal[1] = 1
    id: str
    manifest_sha256: Sha256
    predictions_sha256: Sha256
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


@dataclass(frozen=True)
class Withdrawn:
    """An entry that was taken off its board, or would be: its folder, the note, and what was proposed in a repository."""

    path: Path
    note: Path
    proposed: Proposed | None


def withdrawal_file(entry: Path) -> Path:
    """Return where the note on a withdrawn entry is kept: beside the folder of the board's entries."""
    return entry.parent.parent / WITHDRAWN / f"{entry.name}.json"


def check_not_withdrawn(entry: Path, predictions_sha256: str | None = None) -> None:
    """Raise EntryError for an entry that was withdrawn from its board, by its name or by its predictions under any name."""
    for path in sorted(withdrawal_file(entry).parent.glob("*.json")):
        found = _read(path)
        if path == withdrawal_file(entry) or found.predictions_sha256 == predictions_sha256:
            raise EntryError(f"{shown(entry, None)} was withdrawn: {shown(found.reason, 300)} Submit another run.")


def check_withdrawal(entry: Path, gone: Collection[str]) -> Record:
    """Return the record of the ``entry`` that a proposal withdraws, of which the files ``gone`` are removed.

    Raises EntryError unless every file of it goes and the note beside the entries names this very entry.
    """
    left = sorted({path.name for path in entry.iterdir()} - set(gone))
    if left:
        raise EntryError(f"{shown(entry, None)}: an entry goes whole, and {first_offenders(left)} would stay.")
    note, record = _read(withdrawal_file(entry)), record_of(entry)
    if (note.id, note.manifest_sha256, note.predictions_sha256) != (
        record.id,
        entry_hash(entry),
        record.predictions_sha256,
    ):
        raise EntryError(
            f"{shown(withdrawal_file(entry), None)} names another entry than the one that is removed. Use 'qaugbench withdraw'."
        )
    return record


def withdrawals(root: Path) -> Iterator[Withdrawal]:
    """Yield the notes on withdrawn entries of all boards below ``root``, in the order of their paths."""
    for path in sorted(root.glob(f"*/*/{WITHDRAWN}/*.json")):
        yield _read(path)


def _read(path: Path) -> Withdrawal:
    found = parse_facts(read_bytes(path, MIB), path, Withdrawal)
    fault = fault_of(found.reason) or fault_of(found.id, is_name=True)
    if fault is not None:
        raise EntryError(f"{shown(path, None)}: a text {fault}.")
    return found


def withdraw(entry: Path, reason: str, *, dry_run: bool = False, push: bool = False) -> Withdrawn:
    """Take the entry in the folder ``entry`` off its board; where it is in a repository, propose that on a branch.

    A proposed withdrawal is in git alone: what is checked out stays as it is. Raises EntryError for what is no entry on a board,
    for a reason that cannot be shown, and where a step fails, after undoing those before it.
    """
    check_folder(entry)
    if not is_entry(entry) or entry.absolute().parent.name != "entries":
        raise EntryError(f"{shown(entry, None)} is no entry on a board. Give <task>/<source>-<track>/entries/<id>.")
    fault = fault_of(reason) if reason.strip() and len(reason) <= LONGEST_REASON else "is empty, or too long"
    if fault is not None:
        raise EntryError(f"The reason {fault}; give one or two plain sentences of at most {LONGEST_REASON} characters.")
    record, note = record_of(entry), withdrawal_file(entry.absolute())
    sentence = f"{reason.strip().rstrip('.')}."
    facts = Withdrawal(
        id=record.id,
        manifest_sha256=entry_hash(entry),
        predictions_sha256=record.predictions_sha256,
        reason=sentence,
    )
    text = json_text(facts.model_dump(mode="json"))
    repository = Repository.around(entry)
    if repository is None:
        if not dry_run:
            with ExitStack() as undo:
                _move_away(entry, undo)
                undo.callback(note.unlink, missing_ok=True)
                write_whole(note, text)
                undo.pop_all()
        return Withdrawn(entry, note, None)
    check_place(repository, entry.absolute().parent.parent.parent.parent, "Give the folder of an entry in {root}.")
    base, folder = repository.base(), repository.path_of(entry)
    listed = repository.files(base, folder)
    if not listed:
        raise EntryError(
            f"{shown(entry, None)} is not part of {base}, so there is nothing to withdraw: close its pull request, and remove "
            "its branch or its folder."
        )
    proposal = Proposal(
        branch=f"withdraw/{record.id}",
        title=f"entry: {record.id} is withdrawn",
        text=f"Entry `{record.id}` of `{record.board}` is withdrawn: {sentence}\n",
        added={repository.path_of(note): text.encode()},
        removed=tuple(listed),
    )
    return Withdrawn(entry, note, propose(repository, proposal, dry_run=dry_run, push=push))


def _move_away(entry: Path, undo: ExitStack) -> None:
    """Remove the folder of an entry; undone, its files are back."""
    files = {path.name: read_bytes(path, LARGEST.get(path.name, LARGEST[ENTRY_FILE])) for path in entry.iterdir()}

    def bring_back() -> None:
        for name, content in files.items():
            write_whole(entry / name, content)

    undo.callback(bring_back)
    shutil.rmtree(entry)
