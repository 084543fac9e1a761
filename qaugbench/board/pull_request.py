"""What is proposed to a leaderboard: a branch with one commit, the text of its pull request, and on request the request."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.board.board_table import difference_cell, rows_of, verdict_cell
from qaugbench.board.comparable import Submitted
from qaugbench.board.repository import Repository
from qaugbench.board.trust import Trust
from qaugbench.errors import EntryError, shown
from qaugbench.formatting import fraction_words, markdown_table

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
    """What was done with a proposal: its commit (None where nothing was to be done), and where it is open."""

    branch: str
    title: str
    text: str
    commit: str | None
    opened: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def propose(
    repository: Repository, proposal: Proposal, write: Callable[[ExitStack], None], *, push: bool = False
) -> Proposed:
    """Change the files with ``write``, commit them on a branch of their own and, with ``push``, open the pull request.

    ``write`` registers how it is undone. If a step fails, those before it are undone in reverse order, and its error is raised.
    """
    with ExitStack() as undo:
        write(undo)
        commit = repository.commit_on_branch(proposal.branch, proposal.title, proposal.added, proposal.removed)
        undo.callback(repository.remove_branch, proposal.branch)
        opened = _open(repository, proposal, undo) if push else None
        undo.pop_all()
    return Proposed(proposal.branch, proposal.title, proposal.text, commit, opened)


def proposed_again(repository: Repository, proposal: Proposal, *, push: bool = False) -> Proposed:
    """Return a proposal whose entry is committed already; with ``push``, its branch is pushed and the pull request opened.

    Raises EntryError where there is no such branch to be pushed.
    """
    if not push:
        return Proposed(proposal.branch, proposal.title, proposal.text, None, None)
    if not repository.git("branch", "--list", proposal.branch).strip():
        raise EntryError(
            f"There is no branch {proposal.branch} to be pushed: the entry is part of what is checked out."
        )
    with ExitStack() as undo:
        opened = _open(repository, proposal, undo)
        undo.pop_all()
    return Proposed(proposal.branch, proposal.title, proposal.text, None, opened)


def _open(repository: Repository, proposal: Proposal, undo: ExitStack) -> str:
    """Push the branch and open the pull request with gh where it is installed; return where it is."""
    repository.git("push", REMOTE, f"refs/heads/{proposal.branch}:refs/heads/{proposal.branch}")
    undo.callback(repository.git, "push", REMOTE, "--delete", proposal.branch)
    if shutil.which("gh") is None:
        return f"{repository.git('remote', 'get-url', REMOTE).strip()}, branch {proposal.branch}"
    words = ["gh", "pr", "create", "--head", proposal.branch, "--title", proposal.title, "--body-file", "-"]
    done = subprocess.run(words, cwd=repository.root, input=proposal.text, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise EntryError(f"gh could not open the pull request: {shown(said, 300)}. Nothing was left behind.")
    return done.stdout.strip()


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
