"""What is said of many generators at once: one answer where none has a verdict, for one and the same reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.record import read_record
from qaugbench.report.answers import both_answers, help_answers
from tests.board import factory

REAL = ("R", "R+", "R+cm", "R+os")
MANY = ("gmm", "kde", "smote", "vae")


@pytest.mark.parametrize("number", [3, 4])
def test_more_than_three_without_a_verdict_share_an_answer(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for quality, name in enumerate(MANY):
        monkeypatch.setitem(factory.QUALITY, name, 0.2 * quality - 0.2)
    factory.write_run(tmp_path, arms=(*REAL, *MANY[:number]), replicates=2)
    answers = help_answers(read_record(tmp_path), "10%")
    assert [answer.arm for answer in answers] == (list(MANY[:3]) if number == 3 else ["gmm, kde, smote and vae"])
    told = answers[-1].text
    assert told.count("no verdict (2 replicates: an interval over training runs needs 3; a verdict needs 5") == 1
    assert all(f"({name})" in told for name in MANY) == (number == 4)


def test_generators_with_intervals_have_an_answer_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MANY:
        monkeypatch.setitem(factory.QUALITY, name, 0.1)
    factory.write_run(tmp_path, arms=(*REAL, *MANY), replicates=5)
    helps, _ = both_answers(read_record(tmp_path), "10%")
    assert [answer.arm for answer in helps.answers] == list(MANY)
