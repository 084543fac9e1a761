"""What of other people's text reaches a message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qaugbench.errors import first_offenders, near_names, shown

HOSTILE = "scan\x1b[2J\x1b]0;owned\x07\r\n\u202egnp.exe\udc80"


@pytest.mark.parametrize("text", [HOSTILE, "\x00", "\x9b31m", "a\u2028b", "\u200b"])
def test_nothing_unprintable_is_shown(text: str) -> None:
    assert shown(text).isprintable()


def test_plain_text_of_any_language_is_shown_as_it_is() -> None:
    assert shown("Röntgen 胸部 naïve – №7.png") == "Röntgen 胸部 naïve – №7.png"


def test_long_text_is_cut_in_the_middle() -> None:
    text = shown("a" * 500 + "b" * 500, limit=81)
    assert len(text) == 81
    assert text.strip("a").strip("b") == "..."


def test_nothing_is_cut_without_a_limit() -> None:
    assert shown("a" * 1000, limit=None) == "a" * 1000


def test_a_list_of_offenders_is_escaped_and_bounded() -> None:
    line = first_offenders([HOSTILE, "x" * 140_000] * 100)
    assert line.isprintable()
    assert len(line) < 1000
    assert line.endswith(" and 195 more")


def test_near_names_of_a_huge_name_among_many_are_short_and_quick() -> None:
    hint = near_names("n" * 1_000_000, [HOSTILE, *(f"column{i}" for i in range(5000))])
    assert hint.isprintable()
    assert len(hint) < 4000


def test_an_error_that_reaches_the_command_line_raw_is_escaped(tmp_path: Path) -> None:
    code = (
        "from qaugbench.cli import root\nfrom qaugbench.errors import DataError\n"
        "@root.cli.command()\ndef fails():\n    raise DataError('one\\x1b[31m two\\nthree')\n"
        "import sys\nsys.argv = ['qaugbench', 'fails']\nroot.main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "error: one\\x1b[31m two\nthree\n"
