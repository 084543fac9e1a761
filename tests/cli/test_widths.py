"""Texts of commands keep to the width of the terminal."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from qaugbench.cli import cli
from qaugbench.text_table import COMMAND

INFO = ["data", "info", "figshare-cheng"]


@pytest.mark.parametrize(
    ("arguments", "width"), [(INFO, 60), (INFO, 80), (INFO, 120), (["show", "circuit", "qldm"], 60), (["doctor"], 80)]
)
def test_lines_are_no_wider_than_the_terminal(
    arguments: list[str], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = CliRunner().invoke(cli, arguments).stdout.splitlines()
    assert lines
    wide = [line for line in lines if len(line) > width and not COMMAND.match(line)]
    assert [line for line in wide if len(line.split()) > 1] == []  # an address or a path cannot be broken
