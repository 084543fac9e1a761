"""The commands of docs/commands.md run as they are printed, one after the other, in a folder that holds one run."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from qaugbench.cli import cli
from tests.cli.committed import write_committed_run
from tests.project.documents import all_blocks

DOCUMENT = Path("docs/commands.md")


def _commands() -> list[str]:
    blocks = [block for block in all_blocks(DOCUMENT) if block.language == "sh"]
    return [line for block in blocks for line in block.code.splitlines()]


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    run = write_committed_run(Path("runs"))
    said = {}
    for line in _commands():
        program, *arguments = shlex.split(line)
        done = CliRunner().invoke(cli, arguments, standalone_mode=False)
        assert program == "qaugbench"
        assert done.exception is None, f"{line}: {done.exception!r}"
        assert not done.return_value, f"{line}: exit code {done.return_value}"
        assert done.stdout, line
        said[line] = done.stdout
    entry = f"results/brainmri@2/nickparvar-lite/entries/{run.name}"
    assert f"runs/{run.name}" in said["qaugbench list runs"]
    assert f"Entry: {entry}" in said[f"qaugbench submit {run.name}"]
    assert f"{entry}: holds." in said["qaugbench verify results"]
    assert Path("pages", f"{run.name}.html").is_file()
    verified = json.loads(said[f"qaugbench verify runs/{run.name} --json"])
    (printed,) = (json.loads(block.code) for block in all_blocks(DOCUMENT) if block.language == "json")
    assert set(printed) == set(verified)
    assert {name: verified["results"][0][name] for name in ("holds", "numbers", "logits")} == {
        name: printed["results"][0][name] for name in ("holds", "numbers", "logits")
    }


def test_every_command_with_json_is_on_the_page() -> None:
    text = (Path(__file__).parents[2] / DOCUMENT).read_text(encoding="utf-8")
    table = text[text.index("| command | one result is |") : text.index("```sh\nqaugbench list runs --json")]
    missing = [name for name, command in cli.commands.items() if _has_json(command) and f"`{name}" not in table]
    assert not missing


def _has_json(command: object) -> bool:
    return any(parameter.name == "as_json" for parameter in getattr(command, "params", ()))
