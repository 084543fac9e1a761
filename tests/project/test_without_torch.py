"""What the base install does without the extra ``run``, and what it answers to a command that needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qaugbench.errors import TRAINING

ROOT = Path(__file__).parents[2]
ENTRY = next((ROOT / "results").glob("*/*/entries/*")).relative_to(ROOT)
STUDY = next((ROOT / "results").glob("*/*/noise/*")).relative_to(ROOT)
REMEDY = "pip install 'qaugbench[run]'"

WITHOUT = """
import contextlib, importlib.util, io, json, sys
absent = set(json.loads(sys.argv[1]))
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in absent:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Absent())
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in absent else find(name, package)
from qaugbench.cli import main
answers = []
for command in json.loads(sys.argv[2]):
    sys.argv[1:] = command
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            answers.append([stop.code, out.getvalue(), err.getvalue()])
print(json.dumps([answers, sorted(absent & set(sys.modules))]))
"""

SCORING = [
    ["list", "generators"],
    ["show", "qldm"],
    ["list", "classifiers"],
    ["show", "qumi"],
    ["verify", str(ENTRY)],
    ["verify", str(STUDY)],
    ["submit", str(STUDY), "--out", "kept"],
    ["leaderboard", "site", "kept", "--out", "site"],
    ["table", str(ENTRY)],
    ["leaderboard", "index"],
    ["cite"],
    ["doctor"],
]
COMPUTING = [
    ["run", "--task", "chestxray", "--generator", "qldm", "--source", "phantom", "--track", "smoke"],
    ["estimate", "--task", "chestxray", "--generator", "gmm", "--source", "phantom", "--track", "smoke"],
    ["run", "--task", "chestxray", "--classifier", "qumi", "--source", "phantom", "--track", "smoke"],
    ["show", "resources", "qldm"],
    ["execute", "qldm", "--device", "fake:torino"],
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The exit code, output and errors of each command, all in one process that has none of the extra's packages."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "results").symlink_to(ROOT / "results")
    commands = [*SCORING, *COMPUTING]
    arguments = [json.dumps(TRAINING), json.dumps(commands)]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments], cwd=folder, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    found, imported = json.loads(done.stdout)
    assert imported == []
    assert not (folder / "runs" / "phantom").exists()  # no run was begun
    assert (folder / "kept" / STUDY.relative_to("results")).is_dir()
    assert list((folder / "site" / "noise").glob("*.html"))
    return {" ".join(command): answer for command, answer in zip(commands, found, strict=True)}


@pytest.mark.parametrize("command", [" ".join(command) for command in SCORING])
def test_what_reads_and_scores_needs_no_training_package(command: str, answers: dict[str, Any]) -> None:
    code, out, err = answers[command]
    assert (code or 0, err) == (0, ""), err
    assert out


def test_the_doctor_says_what_a_run_would_need(answers: dict[str, Any]) -> None:
    said = " ".join(answers["doctor"][1].split())  # lines break where this machine's paths let them
    assert REMEDY in said


@pytest.mark.parametrize("command", [" ".join(command) for command in COMPUTING])
def test_what_computes_names_the_extra(command: str, answers: dict[str, Any]) -> None:
    code, out, err = answers[command]
    last = err.splitlines()[-1]
    assert (code, out) == (2, ""), out
    assert last.startswith("error: ")
    assert last.endswith(REMEDY)
