"""A terminal is not told to do what somebody wrote into a record."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.cli import main
from tests.board.factory import write_run
from tests.board.tampering import change_record


@pytest.mark.parametrize("command", [["show"], ["rescore"]])
def test_what_a_record_says_is_escaped(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    write_run(run)
    change_record(run, lambda record: record["data"]["notes"].append("\x1b]0;owned\x07\u202eback"))
    monkeypatch.setattr("sys.argv", ["qaugbench", *command, str(run)])
    with pytest.raises(SystemExit) as stop:
        main()
    said = capsys.readouterr().out
    assert not stop.value.code
    assert r"\x1b]0;owned\x07\u202eback" in said
    assert all(line.isprintable() for line in said.splitlines())


def test_a_pipe_in_place_of_a_record_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "record.json").mkdir()
    monkeypatch.setattr("sys.argv", ["qaugbench", "show", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert "record.json is a folder, not a file" in capsys.readouterr().err
