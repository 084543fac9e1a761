"""The workflows: actions pinned by commit, least rights, no expression in a script, and commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from qaugbench.cli import cli

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FOUND: dict[str, dict[Any, Any]] = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES}
STEPS = [(name, step) for name, found in FOUND.items() for job in found["jobs"].values() for step in job["steps"]]


def test_the_workflows_are_there() -> None:
    assert set(FOUND) == {"check", "ci", "nightly", "publish", "site"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_actions_are_pinned_by_commit_with_their_version(file: Path) -> None:
    used = re.findall(r"uses: *(\S+)(.*)", file.read_text(encoding="utf-8"))
    assert used
    for action, comment in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


@pytest.mark.parametrize("name", FOUND)
def test_rights_are_stated_and_secrets_are_not_used(name: str) -> None:
    rights = FOUND[name]["permissions"]
    assert rights["contents"] == ("write" if name == "nightly" else "read")
    assert set(rights) <= {"contents", "pull-requests"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")


def test_the_check_reads_only_and_runs_the_code_of_the_base() -> None:
    check = FOUND["check"]
    assert check["permissions"] == {"contents": "read"}
    checkout = check["jobs"]["entry"]["steps"][0]["with"]
    assert checkout["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert checkout["persist-credentials"] is False
    assert set(check[True]) == {"pull_request"}  # YAML reads the key 'on' as true
    assert set(FOUND["publish"][True]) == {"workflow_run"}


@pytest.mark.parametrize(("name", "step"), [(name, step) for name, step in STEPS if "run" in step])
def test_scripts_take_what_others_wrote_from_the_environment_alone(name: str, step: dict[str, Any]) -> None:
    if name != "ci":
        assert "${{" not in step["run"]


def test_every_night_runs_what_make_test_leaves_out_for_its_duration_and_may_write_nothing() -> None:
    job = FOUND["nightly"]["jobs"]["slow-tests"]
    assert job["permissions"] == {"contents": "read"}
    assert job["steps"][0]["with"] == {"persist-credentials": False}
    commands = [shlex.split(step["run"]) for step in job["steps"] if "run" in step]
    markers = [command[command.index("-m", 2) + 1] for command in commands if "pytest" in command]
    assert markers == ["slow and not gpu"]
    assert '-m "not gpu and not slow"' in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_commands_of_the_workflows_are_parsed() -> None:
    commands = [line for _, step in STEPS for line in step.get("run", "").splitlines() if ".venv/bin/qaugbench" in line]
    assert len(commands) >= 6
    for line in commands:
        words = shlex.split(re.split(r" (?:\||>) |\|\|", line)[0])
        _parsed(cli, words[words.index(".venv/bin/qaugbench") + 1 :])


def _parsed(command: click.Command, words: list[str]) -> None:
    """Parse the words of a command as it would be called, and call nothing."""
    context = click.Context(command)
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    command.parse_args(context, ["1" if word == "$REPLICATE" else word for word in words])
