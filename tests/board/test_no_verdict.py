"""Every reason why there is no verdict, where the scores state the first of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.no_verdict import contrast_with_reasons, verdict_with_reasons
from qaugbench.report.tables import summary_table
from tests.board.factory import write_run

FEW_IMAGES = "3 of the 3 classes have fewer than 30 test images on their rarer side: the source is too small"


@pytest.mark.parametrize(
    ("replicates", "reasons"),
    [
        (2, f"2 replicates: an interval over training runs needs 3; a verdict needs 5; {FEW_IMAGES}"),
        (4, f"4 replicates, and a verdict needs 5; {FEW_IMAGES}"),
    ],
)
def test_all_reasons_are_said_where_the_scores_hold_the_first(replicates: int, reasons: str, tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=replicates, arms=("R", "R+", "R+cm", "qldm", "qldm:twin"))
    scored = record.scores.fractions["10%"].endpoints["macro_auroc"]
    verdict = verdict_with_reasons(record, "10%", "macro_auroc", scored.verdicts["qldm"])
    assert reasons.startswith(str(scored.verdicts["qldm"].ladder.reason))
    assert verdict.ladder.reason == reasons
    assert verdict.sentence.endswith(f"no verdict ({reasons}).")
    (control,) = [one for one in scored.contrasts if one.family == "control"]
    assert contrast_with_reasons(record, "10%", "macro_auroc", control).reason == reasons
    assert " ".join(summary_table(record).split()).count(reasons) >= 2


def test_what_has_a_verdict_or_can_have_none_is_as_it_was(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=10, arms=("R", "R+", "R+cm", "qldm"))
    scored = record.scores.fractions["10%"].endpoints["macro_auroc"]
    for one in scored.contrasts:
        if one.family == "augmented" or one.reason is None:
            assert contrast_with_reasons(record, "10%", "macro_auroc", one) == one
