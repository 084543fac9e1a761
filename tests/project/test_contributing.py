"""The walk through an entry in CONTRIBUTING: every command is executed, in a clone of a leaderboard with a bare remote."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from qaugbench.cli import cli
from tests.board.clone import git, make_clone
from tests.cli.committed import committed_entry
from tests.project.documents import all_blocks

DOCUMENT = Path("CONTRIBUTING.md")
ID = committed_entry().name
COMMANDS = [
    line.replace("RUN", ID)
    for block in all_blocks(DOCUMENT)
    if block.language == "sh"
    for line in block.code.splitlines()
]


def test_every_command_of_the_walk_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = make_clone(tmp_path, monkeypatch)
    run: Any = cli.commands["run"]
    monkeypatch.setattr(run, "callback", lambda **_: 0)  # the run is there already; other tests compute one
    for line in COMMANDS:
        program, *words = shlex.split(line)
        if words[0] == "withdraw":
            git("merge", "-q", f"entry/{ID}")  # what a maintainer does between the two parts of the walk
            git("push", "-q", "origin", "main")
        if program == "git":
            subprocess.run([program, *words], check=True, capture_output=True)
            continue
        done = CliRunner().invoke(cli, words, standalone_mode=False)
        assert done.exception is None, f"{line}: {done.exception!r}"
        assert not done.return_value, line
    assert git("ls-remote", "--heads", "origin", f"entry/{ID}")
    git("merge", "-q", f"withdraw/{ID}")
    assert list((clone / "results").glob("*/*/withdrawn/*.json"))
    assert not list((clone / "results").glob("*/*/entries/*"))


def test_the_walk_has_its_commands() -> None:
    words = [shlex.split(line)[:2] for line in COMMANDS]
    assert words == [
        *(["qaugbench", name] for name in ("run", "submit", "submit", "leaderboard")),
        ["git", "push"],
        ["qaugbench", "withdraw"],
    ]
    assert isinstance(cli.commands["run"], click.Command)
