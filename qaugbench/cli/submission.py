"""A run submitted: verified, made an entry, committed on a branch of its own and, on request, proposed; or none of it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.board.changes import changes, extract, proposed_study
from qaugbench.board.comparable import Submitted, why_off_board
from qaugbench.board.entry import PreparedEntry, prepare_entry, write_entry
from qaugbench.board.pull_request import Proposal, Proposed, check_place, entry_text, is_merged, propose
from qaugbench.board.reader import record_of
from qaugbench.board.repository import Repository
from qaugbench.board.review import Review
from qaugbench.errors import EntryError
from qaugbench.report.checklist import Checklist, checklist_of

REMEDY = "Submit with --out {root}, or with a folder outside of any repository."


@dataclass(frozen=True)
class Submission:
    """What was done, or would be: the entry's checklist, how far it can be believed, warnings, and the proposal, if any.

    ``merged_into`` is the branch that has the entry already, if one has.
    """

    checklist: Checklist
    trust: str
    warnings: tuple[str, ...]
    proposed: Proposed | None
    merged_into: str | None
    dry_run: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        proposed = None if self.proposed is None else self.proposed.to_dict()
        facts = {
            "trust": self.trust,
            "warnings": list(self.warnings),
            "pull_request": proposed,
            "merged_into": self.merged_into,
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
        if self.merged_into is not None:
            parts.append(f"It is part of {self.merged_into} already: there is nothing to propose.")
        if self.proposed is not None:
            parts.append(self.proposed.said())
        return "\n\n".join(parts)


def submission(run: Path, root: Path, *, dry_run: bool = False, push: bool = False) -> Submission:
    """Make the entry of a run below ``root``, or propose it where a board would list it and ``root`` is in a repository.

    A proposed entry is in git alone: what is checked out stays as it is. Raises EntryError for a run that cannot be an entry,
    for a ``root`` that is not where its repository has its entries, and where a step fails, after undoing those before it.
    """
    repository = Repository.around(root) if why_off_board(record_of(run)) is None else None
    if repository is not None:
        check_place(repository, root, REMEDY)
    prepared = prepare_entry(run, root)
    proposed: Proposed | None = None
    merged_into: str | None = None
    if repository is None:
        if not dry_run:
            write_entry(prepared)
    else:
        prepared.check_room()
        proposal = _proposal(prepared, repository, root)
        if is_merged(repository, proposal):
            merged_into = repository.base()
        else:
            proposed = propose(repository, proposal, dry_run=dry_run, push=push)
    sizes = {name: len(content) for name, content in prepared.files.items()}
    merged = merged_into is not None
    listed = checklist_of(prepared.path, prepared.record, sizes, root, proposed, merged=merged)
    return Submission(listed, prepared.trust.words, prepared.warnings, proposed, merged_into, dry_run)


def study_review(repository: Repository, base: str, head: str, author: str | None) -> Review | None:
    """Return the review of a study of noise that ``head`` adds since it left ``base``; None where it adds none."""
    found = changes(repository, base, head)
    try:
        place = proposed_study(found)
        if place is None:
            return None
        from qaugbench.ablation.submit_study import review_text

        with tempfile.TemporaryDirectory(prefix="qaugbench-review-") as folder:
            try:
                text = review_text(extract(repository, found, base, place, Path(folder)), place, author)
            except EntryError as error:
                raise EntryError(str(error).replace(f"{folder}/", "")) from error
        return Review(holds=True, text=text)
    except EntryError as error:
        return Review(holds=False, text=f"## The study cannot be taken\n\n{error}\n")


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
