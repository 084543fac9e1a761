"""What of other people's text reaches a message."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from qaugbench.datasets.audit import Finding
from qaugbench.datasets.prepared import open_prepared
from qaugbench.definitions import task
from qaugbench.errors import DataError, QaugbenchError, first_offenders, near_names, shown

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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_under_what_is_printed_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "qaugbench", "list", "tasks"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (ended.returncode, ended.stderr) == (2, "error: There is no space left for what is printed.\n")


def test_no_error_carries_a_control_character_or_fills_the_screen() -> None:
    text = str(DataError(f"one {HOSTILE.replace(chr(10), '')} two\nthree"))
    assert text.replace("\n", "").isprintable()
    assert text.endswith("two\nthree")
    assert len(str(DataError("x" * 140_000))) <= 4000


def test_an_error_survives_the_way_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(DataError("a\x1bb")))
    assert str(error) == "a\\x1bb"
    assert isinstance(error, QaugbenchError)


def test_a_long_hostile_file_name_is_named_in_a_few_hundred_characters(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    name = f"\x1b[31m{'n' * 200}\x07.png"
    (tmp_path / "labels.csv").write_text(f'filename,label\n"{name}",0\n')
    with pytest.raises(DataError) as refused:
        open_prepared(tmp_path, task("kneeoa").labels)
    said = str(refused.value).replace(str(tmp_path), "")
    assert said.isprintable()
    assert len(said) < 600


def test_an_audit_line_is_escaped() -> None:
    line = Finding("blank", "warning", "1 image is blank", "Remove.", 1, 2, offenders=(HOSTILE,)).line()
    assert line.isprintable()
