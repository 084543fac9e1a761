"""Submitting and withdrawing as a person does it: a branch with one commit, nothing else touched, and all or nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qaugbench.board.index import index_text
from qaugbench.cli import cli
from qaugbench.errors import EntryError
from qaugbench.record import read_record
from qaugbench.report.checklist import checks
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
    assert git("status", "--porcelain") == ""
    assert not (clone / "results").exists()


def test_a_folder_below_the_root_of_the_repository_is_no_place_for_entries(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / "studies").mkdir()
    monkeypatch.chdir(clone / "studies")
    said = str(call("submit", f"../runs/{ID}").exception)
    assert "where this repository has its entries. Submit with --out ../results, or with a folder outside" in said
    assert not list((clone / "studies").iterdir())
    assert git("branch", "--list", BRANCH) == ""


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
    assert "git push" not in said.stdout
    assert (clone.parent / "words").read_text().startswith(f"pr create --head {BRANCH} --title entry: {ID}")
    assert (clone.parent / "body.md").read_text().startswith(f"Entry `{ID}` for `brainmri@2/nickparvar/lite`.")
    assert git("ls-remote", "--heads", "origin", BRANCH) != ""


def test_what_was_submitted_is_pushed_when_that_is_asked_for(clone: Path) -> None:
    assert call("submit", ID).exception is None
    assert git("ls-remote", "--heads", "origin", BRANCH) == ""
    assert call("submit", ID, "--push").exception is None
    assert git("ls-remote", "--heads", "origin", BRANCH).startswith(git("rev-parse", BRANCH))


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
    assert git("status", "--porcelain") == ""
    if failing != "commit":
        assert git("branch", "--list", BRANCH) == ""
    if failing == "gh":
        assert git("ls-remote", "--heads", "origin", BRANCH) == ""


def test_an_interruption_is_undone_and_says_so(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qaugbench.board.pull_request._open", interrupt)
    said = call("submit", ID, "--push")
    assert said.exit_code == 130 or getattr(said.exception, "code", None) == 130
    assert said.stderr.endswith("Interrupted. What was begun is undone; the same command begins again.\n")
    assert git("branch", "--list", BRANCH) == ""


def test_a_licence_is_told_whole(clone: Path) -> None:
    licence = "CC BY-NC 4.0 for the images; grades under the terms of the Kaggle competition, which forbid any other use of them"
    change_record(clone / "runs" / ID, lambda record: record["data"].update(licence=licence))
    record = read_record(clone / "runs" / ID)
    assert any(f"The licence is stated as: {licence}." in one.answer for one in checks(record))


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
    git("push", "-q", "origin", "main")
    return clone / ENTRY


def test_withdrawing_leaves_a_note_and_the_entry_does_not_come_back(listed: Path, clone: Path) -> None:
    words = ("withdraw", ENTRY, "--reason", "The images were those of another hospital")
    assert call(*words, "--dry-run").exception is None
    assert git("branch", "--list", f"withdraw/{ID}") == ""
    said = call(*words)
    assert said.exception is None, said.exception
    assert git("status", "--porcelain") == ""
    assert listed.exists()
    assert git("show", "--name-status", "--format=%s", f"withdraw/{ID}").splitlines()[2:] == [
        *(f"D\t{ENTRY}/{name}" for name in ("entry.json", "manifest.json", "predictions.npz")),
        f"A\tresults/brainmri@2/nickparvar-lite/withdrawn/{ID}.json",
    ]
    git("merge", "-q", f"withdraw/{ID}")
    assert not listed.exists()
    assert f"- `{ID}`: The images were those of another hospital." in call("leaderboard", "build", "results").stdout
    again = call("submit", ID)
    assert "was withdrawn: The images were those of another hospital." in str(again.exception)


def test_a_withdrawal_says_that_it_was_pushed(listed: Path, clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == "gh" else f"/usr/bin/{name}")
    said = call("withdraw", ENTRY, "--reason", "Wrong", "--push")
    assert said.exception is None, said.exception
    assert said.stdout.startswith(f"Proposed: {ENTRY} is withdrawn\nNote: ")
    assert f"Pushed: {clone.parent / 'remote.git'}, branch withdraw/{ID}" in said.stdout
    assert git("ls-remote", "--heads", "origin", f"withdraw/{ID}") != ""


def test_a_branch_that_holds_something_else_is_not_a_withdrawal(listed: Path, clone: Path) -> None:
    git("branch", f"withdraw/{ID}")
    said = call("withdraw", ENTRY, "--reason", "Wrong")
    assert "exists already and holds something else" in str(said.exception)
    assert git("status", "--porcelain") == ""


def test_what_is_not_merged_cannot_be_withdrawn(clone: Path) -> None:
    shutil.copytree(committed_entry(), clone / ENTRY)
    said = call("withdraw", ENTRY, "--reason", "Wrong")
    assert "is not part of origin/main, so there is nothing to withdraw" in str(said.exception)


def test_outside_of_a_repository_an_entry_is_taken_off_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(committed_entry(), tmp_path / ENTRY)
    said = call("withdraw", ENTRY, "--reason", "Wrong")
    assert said.stdout.startswith(f"Withdrawn: {ENTRY}\n")
    assert not (tmp_path / ENTRY).exists()
    assert (tmp_path / "results" / "brainmri@2" / "nickparvar-lite" / "withdrawn" / f"{ID}.json").is_file()


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


def test_the_index_says_which_entries_are_on_no_board() -> None:
    row = {"entry": "drawn", "board": "b", "trust": "rescored", "generators": ["gmm"], "replicates": 5, "warnings": []}
    text = index_text([{**row, "not_listed": "its images are drawn"}, {**row, "not_listed": None}], 100)
    assert "- drawn: on no board: its images are drawn.\n2 entries, 1 of them on no board" in text
