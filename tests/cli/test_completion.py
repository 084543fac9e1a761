"""Completion by the shell: what the tab key offers, through click's own protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from qaugbench.cli import cli
from tests.board.factory import write_run


def offered(*words: str) -> list[str]:
    """Return what completes the last of ``words``."""
    *before, incomplete = words
    found = ShellComplete(cli, {}, "qaugbench", "_QAUGBENCH_COMPLETE").get_completions(list(before), incomplete)
    return [item.value for item in found if item.type == "plain"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("run", "--task", "bra"), ["brainmri"]),
        (("run", "--generator", "last"), ["last-qgan"]),
        (("run", "--track", "s"), ["smoke", "standard"]),
        (("run", "--task", "fundus", "--source", "d"), ["deepdrid", "drimdb"]),
        (("tune", "--generator", "r3"), ["r3gan"]),
        (("data", "info", "chestm"), ["chestmnist"]),
        (("list", "r"), ["runs"]),
        (("show", "circuit", "last"), ["last-qgan"]),
        (("show", "kne"), ["kneeoa"]),
        (("show", "c"), ["circuit", "controls", "chestxray", "cwgan-gp", "cwgan-gp-pixels"]),
        (("doctor", "generator", "sm"), ["smote"]),
        (("help", "ver"), ["verify"]),
        (("ver",), ["verify"]),
    ],
)
def test_names_are_offered(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.parametrize("command", ["show", "verify", "report", "rescore", "submit", "power", "folds"])
def test_runs_are_offered_by_name_and_by_path(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path / "runs" / "xylem", replicates=1)
    monkeypatch.chdir(tmp_path)
    assert offered(command, "xy") == ["xylem"]
    assert offered(command, "runs/x") == ["runs/xylem"]
    assert offered(command, "nowhere/x") == []


def test_the_program_answers_a_shell(tmp_path: Path) -> None:
    asked = {"_QAUGBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "qaugbench run --task kn", "COMP_CWORD": "3"}
    code = "import sys; sys.argv = ['qaugbench']; from qaugbench.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout == "plain,kneeoa\n"
