"""What a person reads after a run with failures: how to try it again, and in which folder that will be."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.record import CellOutcome
from qaugbench.report.failures import failure_text
from tests.board.factory import write_run


@pytest.mark.parametrize(
    ("outcome", "reason", "elsewhere"),
    [("error", "AttributeError: no x (mine/model.py, line 3, in step)", True), ("diverged", "the loss is nan", False)],
)
def test_after_a_bug_the_mended_code_is_said_to_be_another_run(
    outcome: str, reason: str, elsewhere: bool, tmp_path: Path
) -> None:
    failure = CellOutcome(stage="fit", name="qldm 10% r0", arm="qldm", outcome=outcome, reason=reason)  # type: ignore[arg-type]
    said = failure_text(write_run(tmp_path, replicates=2, failures=[failure]), "log.txt")
    assert "The same command tries them again." in said
    assert ("With the code of a generator mended it is another run: it has a folder of its own" in said) is elsewhere
