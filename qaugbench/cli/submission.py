"""A run submitted: verified, written as an entry, committed on a branch of its own and, on request, proposed; or none of it."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.board.comparable import Submitted, why_off_board
from qaugbench.board.entry import PreparedEntry, prepare_entry, write_entry
from qaugbench.board.pull_request import Proposal, Proposed, entry_text, propose, proposed_again
from qaugbench.board.repository import Repository
from qaugbench.report.checklist import Checklist, checklist_of


@dataclass(frozen=True)
class Submission:
    """What was done, or would be: the entry's checklist, how far it can be believed, warnings, and the proposal, if any."""

    checklist: Checklist
    trust: str
    warnings: tuple[str, ...]
    proposed: Proposed | None
    dry_run: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        proposed = None if self.proposed is None else self.proposed.to_dict()
        facts = {
            "trust": self.trust,
            "warnings": list(self.warnings),
            "pull_request": proposed,
            "dry_run": self.dry_run,
        }
        return {**self.checklist.to_dict(), **facts}

    def text(self, width: int) -> str:
        """Return it as text for a terminal."""
        parts = ["Nothing was written (--dry-run)."] if self.dry_run else []
        parts += [self.checklist.text(width), f"Trust: {self.trust}."]
        parts += [f"Warning: {warning}" for warning in self.warnings]
        if self.proposed is None and self.checklist.not_listed is not None:
            parts.append("No branch and no pull request were made of it, since no board lists it.")
        if self.proposed is not None:
            where = f", commit {self.proposed.commit[:12]}" if self.proposed.commit else ""
            opened = f"\nOpened: {self.proposed.opened}" if self.proposed.opened else ""
            parts += [
                f"Branch: {self.proposed.branch}{where}{opened}",
                f"Pull request: {self.proposed.title}\n\n{self.proposed.text}",
            ]
        return "\n\n".join(parts)


def submission(run: Path, root: Path, *, dry_run: bool = False, push: bool = False) -> Submission:
    """Make the entry of a run below ``root`` and propose it where a board would list it and ``root`` is in a repository.

    Raises EntryError for a run that cannot be an entry, and where a step fails, after undoing those before it.
    """
    prepared = prepare_entry(run, root)
    repository = Repository.around(root) if why_off_board(prepared.record) is None else None
    proposal = None if repository is None else _proposal(prepared, repository, root)
    proposed: Proposed | None = None
    if repository is None or proposal is None:
        if not dry_run:
            write_entry(prepared)
    elif dry_run:
        proposed = Proposed(proposal.branch, proposal.title, proposal.text, None, None)
    elif prepared.is_there and _is_proposed(repository, proposal):
        proposed = proposed_again(repository, proposal, push=push)
    else:
        proposed = propose(repository, proposal, lambda undo: _write(prepared, undo), push=push)
    sizes = {name: len(content) for name, content in prepared.files.items()}
    branch = None if proposed is None else proposed.branch
    listed = checklist_of(prepared.path, prepared.record, sizes, root, branch)
    return Submission(listed, prepared.trust.words, prepared.warnings, proposed, dry_run)


def _is_proposed(repository: Repository, proposal: Proposal) -> bool:
    """Return whether the entry is on its branch already, or in what is checked out."""
    tracked = repository.git("ls-files", "--", *proposal.added)
    return bool(tracked.strip() or repository.git("branch", "--list", proposal.branch).strip())


def _write(prepared: PreparedEntry, undo: ExitStack) -> None:
    if write_entry(prepared):
        undo.callback(shutil.rmtree, prepared.path)


def _proposal(prepared: PreparedEntry, repository: Repository, root: Path) -> Proposal:
    record = prepared.record
    sizes = {name: len(content) for name, content in prepared.files.items()}
    asked = [
        (one.well, f"{one.question} {one.answer}") for one in checklist_of(prepared.path, record, sizes, root).checks
    ]
    folder = repository.path_of(prepared.path)
    return Proposal(
        branch=f"entry/{record.id}",
        title=f"entry: {record.id}",
        text=entry_text(Submitted(prepared.path, record, prepared.trust), prepared.trust, asked),
        added={f"{folder}/{name}": content for name, content in prepared.files.items()},
    )
