"""A proposal is one commit on top of the main branch, whatever is checked out, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.board.pull_request import Proposal, check_place, is_merged, propose
from qaugbench.board.repository import Repository
from qaugbench.errors import EntryError
from tests.board.clone import git

FILE = "results/task@1/source-lite/entries/one/entry.json"
PROPOSAL = Proposal("entry/one", "entry: one", "A text.", {FILE: b"{}"})


@pytest.fixture
def repository(clone: Path) -> Repository:
    return Repository(clone)


def _commit(repository: Repository, path: str, content: str) -> None:
    (repository.root / path).parent.mkdir(parents=True, exist_ok=True)
    (repository.root / path).write_text(content, encoding="utf-8")
    git("add", path)
    git("commit", "-q", "-m", path)


def test_what_is_checked_out_stays_as_it_was_and_the_branch_can_be_merged(repository: Repository) -> None:
    made = propose(repository, PROPOSAL)
    assert (made.base, made.commit) == ("origin/main", git("rev-parse", "entry/one"))
    assert git("status", "--porcelain") == ""
    git("merge", "-q", "entry/one")
    assert (repository.root / FILE).read_bytes() == b"{}"


def test_the_branch_is_made_on_the_main_one_whatever_is_checked_out(repository: Repository) -> None:
    git("checkout", "-q", "-b", "mine")
    _commit(repository, "notes.md", "Mine.")
    propose(repository, PROPOSAL)
    assert git("rev-parse", "entry/one~1") == git("rev-parse", "origin/main") != git("rev-parse", "HEAD")
    assert git("diff", "--name-only", "origin/main...entry/one") == FILE


@pytest.mark.parametrize(
    ("commands", "base"),
    [
        ([], "origin/main"),
        ([("remote", "add", "upstream", "."), ("fetch", "-q", "upstream")], "upstream/main"),
        ([("branch", "-q", "trunk"), ("fetch", "-q", ".", "trunk:refs/remotes/origin/trunk"),
          ("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")], "origin/trunk"),
        ([("remote", "remove", "origin")], "main"),
        ([("remote", "remove", "origin"), ("branch", "-q", "-m", "main", "other")], "HEAD"),
    ],
)  # fmt: skip
def test_the_base_is_the_main_branch_as_last_fetched(
    commands: list[tuple[str, ...]], base: str, repository: Repository
) -> None:
    for words in commands:
        git(*words)
    assert repository.base() == base


def test_a_proposal_is_made_once_and_pushed_when_that_is_asked_for(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qaugbench.board.pull_request.shutil.which", lambda name: None)
    first = propose(repository, PROPOSAL)
    again = propose(repository, PROPOSAL, push=True)
    assert first.commit is not None
    assert again.commit is None
    remote = git("remote", "get-url", "origin")
    assert (again.pushed, again.opened) == (remote, None)
    assert f"Pushed: {remote}, branch entry/one\nNo pull request was opened, since gh is not installed" in again.said()
    assert "Opened" not in again.said()
    git("branch", "-D", "entry/one")
    assert propose(repository, PROPOSAL).commit is not None


@pytest.mark.parametrize("path", [FILE, "README.md"])
def test_a_branch_that_holds_something_else_is_refused(path: str, repository: Repository) -> None:
    propose(repository, PROPOSAL)
    git("checkout", "-q", "entry/one")
    _commit(repository, path, "Other.")
    git("checkout", "-q", "main")
    for dry_run in (True, False):
        with pytest.raises(EntryError, match="exists already and holds something else"):
            propose(repository, PROPOSAL, dry_run=dry_run)


def test_what_is_merged_is_known_and_other_files_in_its_place_are_told(repository: Repository) -> None:
    assert not is_merged(repository, PROPOSAL)
    _commit(repository, FILE, "{}")
    assert not is_merged(repository, PROPOSAL)
    git("push", "-q", "origin", "main")
    assert is_merged(repository, PROPOSAL)
    with pytest.raises(EntryError, match=f"origin/main has another {FILE}"):
        is_merged(repository, replace(PROPOSAL, added={FILE: b"[]"}))


def test_entries_are_at_the_root_of_the_repository(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    check_place(repository, Path("results"), "Use {root}.")
    (repository.root / "sub").mkdir()
    monkeypatch.chdir(repository.root / "sub")
    check_place(repository, Path("../results"), "Use {root}.")
    for wrong in ("results", "../leaderboards", ".."):
        with pytest.raises(EntryError, match=r"has its entries\. Use \.\./results\."):
            check_place(repository, Path(wrong), "Use {root}.")
