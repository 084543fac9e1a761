"""Every command of docs/comparing.md can be given as it is printed."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from qaugbench.cli import cli
from tests.project.documents import all_blocks

LINES = [line for block in all_blocks(Path("docs/comparing.md")) for line in block.code.splitlines()]


@pytest.mark.parametrize("line", LINES)
def test_a_command_takes_what_it_is_given(line: str) -> None:
    program, *words = shlex.split(line)
    context = click.Context(cli, info_name=program)
    while isinstance(context.command, click.Group):
        name, command, words = context.command.resolve_command(context, words)
        assert command is not None
        context = click.Context(command, info_name=name, parent=context)
    assert program == "qaugbench"
    assert context.command.make_context(str(context.info_name), words).params
