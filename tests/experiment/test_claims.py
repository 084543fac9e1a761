"""One living process holds a claim, on whichever machine; what a dead one left can be taken."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import psutil
import pytest

from qaugbench.experiment import claims
from qaugbench.experiment.claims import SILENT_S, holder_of, host, is_abandoned, remove_abandoned, take


def left_by(path: Path, machine: str, process: int, *, silent_s: float = 0.0) -> Path:
    """Leave a claim of another process, which was touched for the last time ``silent_s`` ago."""
    path.write_text(json.dumps({"host": machine, "process": process, "token": "theirs"}), encoding="utf-8")
    os.utime(path, (time.time() - silent_s,) * 2)
    return path


def dead_process() -> int:
    """Return the number of a process that has ended and, as its parent, is not collected: a zombie."""
    process = os.fork()
    if process == 0:
        os._exit(0)
    while psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    return process


def test_a_claim_is_held_once_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    first = take(path)
    assert first is not None
    assert take(path) is None
    assert str(holder_of(path)) == f"process {os.getpid()} on {host()}"
    first.release()
    second = take(path)
    assert second is not None
    second.release()
    assert not list(tmp_path.iterdir())


def test_the_claim_of_a_process_that_died_here_is_taken_at_once(tmp_path: Path) -> None:
    claim = take(left_by(tmp_path / "x.lock", host(), dead_process()))
    assert claim is not None
    claim.release()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("silent_s", "taken"), [(SILENT_S / 2, False), (SILENT_S + 60, True)])
def test_a_claim_from_another_machine_is_judged_by_its_silence(tmp_path: Path, silent_s: float, taken: bool) -> None:
    claim = take(left_by(tmp_path / "x.lock", "elsewhere", os.getpid(), silent_s=silent_s))
    assert (claim is not None) == taken
    if claim is not None:
        claim.release()


def test_a_claim_that_is_being_written_is_held(tmp_path: Path) -> None:
    (tmp_path / "x.lock").touch()
    assert take(tmp_path / "x.lock") is None


def test_a_holder_touches_its_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BEAT_S", 0.01)
    path = tmp_path / "x.lock"
    claim = take(path)
    assert claim is not None
    os.utime(path, (0, 0))
    while is_abandoned(path):
        time.sleep(0.01)
    claim.release()


def test_a_claim_that_another_took_meanwhile_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    claim = take(path)
    assert claim is not None
    left_by(path, "elsewhere", 1)
    claim.release()
    assert holder_of(path) is not None


def test_who_judges_too_late_puts_back_what_it_took(tmp_path: Path) -> None:
    path = left_by(tmp_path / "x.lock", "elsewhere", 1)
    judged = claims.Holder("elsewhere", 1, "of before")
    assert not claims._remove(path, judged)
    assert [file.name for file in tmp_path.iterdir()] == ["x.lock"]
    assert claims._remove(path, holder_of(path))
    assert not claims._remove(path, None)


def test_only_abandoned_claims_are_removed(tmp_path: Path) -> None:
    left_by(tmp_path / "a.lock", "elsewhere", 1, silent_s=SILENT_S + 60)
    left_by(tmp_path / "b.lock", "elsewhere", 1)
    left_by(tmp_path / "c.lock", host(), dead_process())
    left_by(tmp_path / "d.lock", host(), os.getpid())
    remove_abandoned(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.lock", "d.lock"]
