"""A git repository as a submitter has it: a clone of a leaderboard on a bare remote, with one finished run beside it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.committed import write_committed_run


def git(*words: str, cwd: Path | None = None) -> str:
    """Return what a git command prints; one that fails raises."""
    done = subprocess.run(["git", *words], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_clone(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clone below ``root``, which becomes the present folder."""
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "A Person")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "person@host.example")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("COLUMNS", "100")
    git("init", "-q", "--bare", "-b", "main", str(root / "remote.git"))
    git("clone", "-q", str(root / "remote.git"), str(root / "clone"))
    folder = root / "clone"
    monkeypatch.chdir(folder)
    git("checkout", "-q", "-b", "main")
    (folder / "README.md").write_text("A leaderboard.\n", encoding="utf-8")
    (folder / ".gitignore").write_text("runs/\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-q", "-m", "begin")
    git("push", "-q", "-u", "origin", "main")
    write_committed_run(folder / "runs")
    return folder
