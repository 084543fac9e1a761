"""Submitting and withdrawing as a person does it: a branch with one commit, nothing else touched, and all or nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qaugbench.cli import cli
from qaugbench.errors import EntryError
from tests.board.clone import git
from tests.board.tampering import change_record
from tests.cli.committed import committed_entry

ID = committed_entry().name
BRANCH = f"entry/{ID}"
ENTRY = f"results/brainmri@2/nickparvar-lite/entries/{ID}"


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), standalone_mode=False)


def tool(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program of this name before all others."""
    place = folder / "bin"
    place.mkdir()
    (place / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")


def test_a_dry_run_says_everything_and_does_nothing(clone: Path) -> None:
    said = call("submit", ID, "--dry-run")
    assert said.exception is None, said.exception
    text = said.stdout
    assert text.startswith("Nothing was written (--dry-run).")
    for words in (
        f"Entry: {ENTRY}",
        f"Branch: {BRANCH}",
        "| 10 % | qldm | hybrid |",
        "What the generators were pretrained on",
    ):
        assert words in text
    assert not (clone / "results").exists()
    assert git("branch", "--list", BRANCH) == ""
    assert git("status", "--porcelain") == ""


def test_an_entry_is_one_commit_on_a_branch_of_its_own(clone: Path) -> None:
    before = git("rev-parse", "HEAD")
    said = call("submit", ID)
    assert said.exception is None, said.exception
    assert f"git push origin {BRANCH}" in said.stdout
    assert git("rev-parse", f"{BRANCH}~1") == before == git("rev-parse", "HEAD")
    assert git("show", "--name-status", "--format=%s", BRANCH).splitlines() == [
        f"entry: {ID}",
        "",
        *(f"A\t{ENTRY}/{name}" for name in ("entry.json", "manifest.json", "predictions.npz")),
    ]
    assert git("branch", "--show-current") == "main"
    assert git("diff", "--cached", "--name-only") == ""
    assert call("verify", ENTRY).return_value == 0
    assert call("submit", ID).exception is None  # again: nothing to do


def test_an_entry_that_was_written_before_is_still_committed(clone: Path) -> None:
    assert call("submit", ID).exception is None
    git("branch", "-D", BRANCH)
    assert call("submit", ID).exception is None
    assert git("rev-list", "--count", f"main..{BRANCH}") == "1"


def test_pushing_opens_the_pull_request_where_gh_is_installed(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(
        clone.parent,
        "gh",
        f'cat > {clone.parent}/body.md; echo "$@" > {clone.parent}/words; echo https://host.example/pull/1',
        monkeypatch,
    )
    said = call("submit", ID, "--push")
    assert said.exception is None, said.exception
    assert "Opened: https://host.example/pull/1" in said.stdout
    assert (clone.parent / "words").read_text().startswith(f"pr create --head {BRANCH} --title entry: {ID}")
    assert (clone.parent / "body.md").read_text().startswith(f"Entry `{ID}` for `brainmri@2/nickparvar/lite`.")
    assert git("ls-remote", "--heads", "origin", BRANCH) != ""


def test_what_was_submitted_is_pushed_when_that_is_asked_for(clone: Path) -> None:
    assert call("submit", ID).exception is None
    assert git("ls-remote", "--heads", "origin", BRANCH) == ""
    assert call("submit", ID, "--push").exception is None
    assert git("ls-remote", "--heads", "origin", BRANCH).startswith(git("rev-parse", BRANCH))


def test_an_entry_that_is_on_its_board_has_no_branch_to_push(clone: Path) -> None:
    assert call("submit", ID).exception is None
    git("add", "results")
    git("commit", "-q", "-m", "an entry")
    git("branch", "-D", BRANCH)
    assert f"There is no branch {BRANCH} to be pushed" in str(call("submit", ID, "--push").exception)


@pytest.mark.parametrize("failing", ["gh", "push", "commit"])
def test_what_was_done_before_a_failure_is_undone(failing: str, clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if failing == "gh":
        tool(clone.parent, "gh", "echo no token >&2; exit 1", monkeypatch)
    elif failing == "push":
        git("remote", "set-url", "origin", str(clone / "nowhere.git"))
    else:
        git("branch", BRANCH)
    said = call("submit", ID, "--push")
    assert isinstance(said.exception, EntryError)
    assert {"gh": "no token", "push": "does not appear to be a git repository", "commit": "exists already"}[
        failing
    ] in str(said.exception)
    assert not (clone / ENTRY).exists()
    if failing != "commit":
        assert git("branch", "--list", BRANCH) == ""
    if failing == "gh":
        assert git("ls-remote", "--heads", "origin", BRANCH) == ""


def test_a_run_that_says_otherwise_than_its_board_is_not_submitted(clone: Path) -> None:
    change_record(clone / "runs" / ID, lambda record: record["recipe"].update(steps=4500))
    said = call("submit", ID)
    assert f"runs/{ID} cannot be an entry:" in str(said.exception)
    assert "recipe is other at steps: 4500, fixed is 450" in str(said.exception)
    assert not (clone / "results").exists()


@pytest.fixture
def listed(clone: Path) -> Path:
    """Return the folder of an entry that is on the board of the clone."""
    shutil.copytree(committed_entry(), clone / ENTRY)
    git("add", "results")
    git("commit", "-q", "-m", "an entry")
    return clone / ENTRY


def test_withdrawing_leaves_a_note_and_the_entry_does_not_come_back(listed: Path, clone: Path) -> None:
    words = ("withdraw", ENTRY, "--reason", "The images were those of another hospital")
    assert call(*words, "--dry-run").exception is None
    assert listed.exists()
    said = call(*words)
    assert said.exception is None, said.exception
    assert not listed.exists()
    assert git("show", "--name-status", "--format=%s", f"withdraw/{ID}").splitlines()[2:] == [
        *(f"D\t{ENTRY}/{name}" for name in ("entry.json", "manifest.json", "predictions.npz")),
        f"A\tresults/brainmri@2/nickparvar-lite/withdrawn/{ID}.json",
    ]
    assert f"- `{ID}`: The images were those of another hospital." in call("leaderboard", "build", "results").stdout
    again = call("submit", ID)
    assert "was withdrawn: The images were those of another hospital." in str(again.exception)


def test_a_withdrawal_that_fails_brings_everything_back(listed: Path, clone: Path) -> None:
    git("branch", f"withdraw/{ID}")
    before = {path.name: path.read_bytes() for path in listed.iterdir()}
    said = call("withdraw", ENTRY, "--reason", "Wrong")
    assert "exists already" in str(said.exception)
    assert {path.name: path.read_bytes() for path in listed.iterdir()} == before
    assert not (clone / "results" / "brainmri@2" / "nickparvar-lite" / "withdrawn" / f"{ID}.json").exists()


@pytest.mark.parametrize("reason", ["", "  ", "<b>Wrong", "x" * 501, "see [this](http://a.example)"])
def test_a_reason_that_cannot_be_shown_is_refused(reason: str, listed: Path) -> None:
    assert "The reason" in str(call("withdraw", ENTRY, "--reason", reason).exception)
    assert listed.exists()


def test_the_index_says_how_far_each_entry_can_be_believed(listed: Path) -> None:
    (row,) = json.loads(call("leaderboard", "index", "results", "--json").stdout)["results"]
    facts: dict[str, Any] = {"entry": ID, "trust": "rescored", "generators": ["qldm", "ddpm"], "warnings": []}
    assert {name: row[name] for name in facts} == facts
    assert row["reasons"] == ["nobody has computed it again"]
    assert "1 entry" in call("leaderboard", "index", "results").stdout
