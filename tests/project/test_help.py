"""The first screen of the command line: every command, by subject, each in one line that is not cut."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from qaugbench.cli import cli
from qaugbench.cli.root import SECTIONS


def _help(*command: str) -> str:
    return CliRunner().invoke(cli, [*command, "--help"], terminal_width=80).output


def test_every_command_is_in_one_section() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(cli.commands)


def test_sections_come_in_the_order_of_use() -> None:
    text = _help()
    places = [text.index(f"\n{title}:\n") for title in SECTIONS]
    assert places == sorted(places)


@pytest.mark.parametrize("command", [(), ("data",), ("show",), ("doctor",), ("leaderboard",)])
def test_no_help_is_cut(command: tuple[str, ...]) -> None:
    assert "..." not in _help(*command).replace("[ARGS]...", "").replace("[OPTIONS]...", "")


def test_a_generator_is_shown_with_one_line_per_deviation() -> None:
    text = CliRunner().invoke(cli, ["show", "qldm"]).output
    assert "Deviations from the paper\n- " in text
    assert ".," not in text
    assert max(map(len, text.splitlines())) <= 110


def test_a_task_is_shown_in_words() -> None:
    text = CliRunner().invoke(cli, ["show", "brainmri"]).output
    assert text.startswith("brainmri@2: Brain tumour MRI\n")
    assert "a difference of .010 matters" in text
    assert "Settings of optional arms\n- mixup: alpha 0.4, probability 1\n" in text
    assert "recipe B mobilevit_xxs" in text
