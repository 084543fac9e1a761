"""What is proposed to a leaderboard: a branch with one commit, the text of its pull request, and on request the request."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qaugbench.board.board_table import difference_cell, rows_of, verdict_cell
from qaugbench.board.comparable import Submitted
from qaugbench.board.repository import Repository
from qaugbench.board.trust import Trust
from qaugbench.errors import EntryError, shown
from qaugbench.formatting import fraction_words, markdown_table
from qaugbench.places import RESULTS

REMOTE = "origin"
HEADER = ("fraction", "method", "kind", "fidelity", "Δ vs R* [95 % CI]", "verdict")


@dataclass(frozen=True)
class Proposal:
    """A change of the files of a leaderboard, by their paths in the repository; ``text`` is that of the pull request."""

    branch: str
    title: str
    text: str
    added: Mapping[str, bytes]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposed:
    """What was done with a proposal: on top of what, its commit (None where none was made), and where it is.

    ``pushed`` is the address of the repository that the branch was pushed to, ``opened`` that of the pull request.
    """

    branch: str
    title: str
    text: str
    base: str
    commit: str | None
    pushed: str | None = None
    opened: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def said(self) -> str:
        """Return what was done, as text for a terminal."""
        where = f", commit {self.commit[:12]}" if self.commit else ""
        lines = [f"Branch: {self.branch}, on top of {self.base}{where}; what is checked out stays as it is"]
        lines += [] if self.pushed is None else [f"Pushed: {self.pushed}, branch {self.branch}"]
        if self.opened is not None:
            lines.append(f"Opened: {self.opened}")
        elif self.pushed is not None:
            lines.append("No pull request was opened, since gh is not installed: open it there, with the text below.")
        return "\n".join([*lines, "", f"Pull request: {self.title}", "", self.text])


def check_place(repository: Repository, root: Path, remedy: str) -> None:
    """Raise EntryError, with the ``remedy``, unless ``root`` is the folder of all entries at the root of the repository.

    ``{root}`` in the remedy stands for that folder, as seen from here.
    """
    place = repository.root.resolve() / RESULTS
    if root.absolute().resolve() != place:
        here = shown(os.path.relpath(place), None)
        raise EntryError(
            f"{shown(root, None)} is not {shown(place, None)}, where this repository has its entries. "
            f"{remedy.format(root=here)}"
        )


def propose(repository: Repository, proposal: Proposal, *, dry_run: bool = False, push: bool = False) -> Proposed:
    """Commit a proposal on a branch of its own and, with ``push``, open the pull request; what is checked out stays as it is.

    A branch that holds exactly this proposal is not made again. If a step fails, those before it are undone in reverse order,
    and its error is raised. Raises EntryError for a branch of this name that holds something else.
    """
    base = repository.base()
    is_there = repository.has_branch(proposal.branch)
    if is_there and not _holds_only(repository, proposal.branch, base, proposal):
        raise EntryError(
            f"The branch {proposal.branch} exists already and holds something else: "
            f"'git branch -D {proposal.branch}' removes it, if it is yours."
        )
    made = Proposed(proposal.branch, proposal.title, proposal.text, base, None)
    if dry_run:
        return made
    with ExitStack() as undo:
        if not is_there:
            commit = repository.commit_on_branch(
                proposal.branch, proposal.title, base, proposal.added, proposal.removed
            )
            undo.callback(repository.remove_branch, proposal.branch)
            made = replace(made, commit=commit)
        if push:
            made = _open(repository, proposal, made, undo)
        undo.pop_all()
    return made


def is_merged(repository: Repository, proposal: Proposal) -> bool:
    """Return whether what is proposed is part of the base already; EntryError where the base has other files in its place."""
    base = repository.base()
    if _holds(repository, base, proposal):
        return True
    there = set(proposal.added) & set(_files(repository, base, proposal))
    if there:
        raise EntryError(
            f"{base} has another {shown(min(there), None)}: entries are never changed. Withdraw it first if it is yours."
        )
    return False


def _holds_only(repository: Repository, branch: str, base: str, proposal: Proposal) -> bool:
    """Return whether a branch changes what is proposed, and nothing else."""
    changed = repository.changed(base, branch)
    return _holds(repository, branch, proposal) and changed == {*proposal.added, *proposal.removed}


def _holds(repository: Repository, commit: str, proposal: Proposal) -> bool:
    """Return whether a commit has every file that is added, with its content, and none that is removed."""
    found = _files(repository, commit, proposal)
    added = all(found.get(path) == repository.object_of(content) for path, content in proposal.added.items())
    return added and not any(path in found for path in proposal.removed)


def _files(repository: Repository, commit: str, proposal: Proposal) -> dict[str, str]:
    """Return the objects of the files that a commit has in the folders of a proposal, by path."""
    folders = {path.rpartition("/")[0] for path in (*proposal.added, *proposal.removed)}
    return {path: blob for folder in folders for path, blob in repository.files(commit, folder).items()}


def _open(repository: Repository, proposal: Proposal, made: Proposed, undo: ExitStack) -> Proposed:
    """Push the branch and open the pull request with gh where it is installed."""
    was_there = bool(repository.git("ls-remote", "--heads", REMOTE, f"refs/heads/{proposal.branch}").strip())
    repository.git("push", REMOTE, f"refs/heads/{proposal.branch}:refs/heads/{proposal.branch}")
    if not was_there:
        undo.callback(repository.git, "push", REMOTE, "--delete", proposal.branch)
    pushed = replace(made, pushed=repository.git("remote", "get-url", REMOTE).strip())
    if shutil.which("gh") is None:
        return pushed
    words = ["gh", "pr", "create", "--head", proposal.branch, "--title", proposal.title, "--body-file", "-"]
    done = subprocess.run(words, cwd=repository.root, input=proposal.text, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise EntryError(f"gh could not open the pull request: {shown(said, 300)}. What was done before it is undone.")
    return replace(pushed, opened=done.stdout.strip())


def entry_text(entry: Submitted, trust: Trust, asked: Sequence[tuple[bool, str]]) -> str:
    """Return the text of the pull request of an entry; ``asked`` are what a reviewer asks, and whether the entry answers it."""
    record = entry.record
    rows = [
        (
            fraction_words(fraction.key),
            row.arm.id,
            str(row.arm.kind),
            str(row.arm.fidelity),
            difference_cell(row.difference),
            verdict_cell(row),
        )
        for fraction in record.fractions
        for row in rows_of(entry, fraction.key)
    ]
    boxes = [f"- [{'x' if well else ' '}] {words}" for well, words in asked]
    blocks = [
        f"Entry `{record.id}` for `{record.board}`. Trust by itself: {trust.words}.",
        markdown_table(HEADER, rows),
        "What a reviewer will ask; an empty box needs a word here:",
        "\n".join(boxes),
        "- [ ] What the generators were pretrained on, beside the training images of this board:\n"
        "- [ ] How many other runs were made, and why this one was submitted:",
    ]
    return "\n\n".join(blocks) + "\n"
