"""The rates of a judge as they are shown: with intervals, real images beside them, and generators minus their twins."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from qaugbench.formatting import interval, signed
from qaugbench.image_facts import Appraisal, Measure
from qaugbench.record import JudgedCount, Record, read_record, record_text
from qaugbench.report.card import card_rows
from qaugbench.report.curves import CurveFile
from qaugbench.report.html import render
from qaugbench.report.judged_rows import judged_tables
from qaugbench.report.score_rows import score_frame
from qaugbench.report.tables import markdown_summary, summary_table
from qaugbench.stats.rates import rate_difference
from qaugbench.task import Endpoint
from tests.board.factory import endpoints_for, predictions_for, record_for
from tests.report.page_text import PageText

KEY = "10%"
COUNTS = {"qldm": [86, 80, 90], "qldm:twin": [69, 75, 60], "ddpm": [50, 55, 60]}
TITLE = "Seen by the judge as gradable (good or usable)"


def _appraisal() -> Appraisal:
    judged = Measure(value=0.86, ci_low=0.78, ci_high=0.91, real=0.8, n=100, extractor="judge")
    measures = {"labels/judged/gradable": judged}
    return Appraisal(n_synthetic=100, n_reference=50, n_training=40, extractors={}, states={}, measures=measures)


@pytest.fixture(scope="module")
def record() -> Record:
    predicted = predictions_for("multiclass", ("R+", "R+cm", "qldm", "qldm:twin", "ddpm"), (KEY,))
    gradable = Endpoint(
        id="auroc_gradable",
        title="AUROC of gradable (good or usable)",
        kind="auroc",
        classes=("glioma", "meningioma"),
        margin=0.01,
    )
    counts = {
        arm: [JudgedCount(replicate=r, count=one, n=100, real=0.8) for r, one in enumerate(of_arm)]
        for arm, of_arm in COUNTS.items()
    }
    made = record_for(predicted, "multiclass", endpoints=[*endpoints_for("multiclass"), gradable])
    appraised = {KEY: {"qldm": _appraisal()}}
    return made.model_copy(update={"judged": {KEY: {"gradable": counts}}, "appraisals": appraised})


def test_a_twins_row_has_its_generator_minus_it(record: Record) -> None:
    (table,) = judged_tables(record, KEY)
    rows = {row[0]: row for row in table.rows}
    assert table.title == TITLE
    assert list(rows) == ["qldm", "qldm:twin", "ddpm"]
    expected = rate_difference(*([(one, 100) for one in COUNTS[arm]] for arm in ("qldm", "qldm:twin")))
    assert rows["qldm"][1] == ".853"
    assert rows["qldm"][3:6] == (".800", "-", "-")
    assert rows["qldm:twin"][4:] == (
        signed(expected.value),
        interval(expected.ci_low, expected.ci_high),
        *("300", "3"),
    )
    assert "over replicates, each with a fit of its own" in table.legend


def test_replicates_that_one_of_the_two_lacks_are_left_out_of_the_difference(record: Record) -> None:
    counts = record.judged[KEY]["gradable"]
    fewer = {**counts, "qldm:twin": counts["qldm:twin"][1:]}
    (table,) = judged_tables(record.model_copy(update={"judged": {KEY: {"gradable": fewer}}}), KEY)
    expected = rate_difference([(80, 100), (90, 100)], [(75, 100), (60, 100)])
    assert table.rows[1][4] == signed(expected.value)
    assert "conditional on these fits" in table.legend


@pytest.mark.usefixtures("undrawn")
def test_table_markdown_page_card_and_frame_show_it(record: Record) -> None:
    page = " ".join(PageText(render(record, CurveFile(), Path("none"))).sentences())
    for text in (summary_table(record), markdown_summary(record), page):
        assert TITLE in text
    found = {name: said for name, _, said in card_rows(record.appraisals[KEY]["qldm"], {})}
    assert "rate by the judge, gradable 0.860 (real 0.800)" in found["constraint"]
    frame = score_frame(record)
    rows = frame[frame.metric == "judged_gradable"].set_index("arm")
    assert rows.loc["qldm", "mean"] == pytest.approx(256 / 300)
    assert rows.loc["qldm:twin", "generator_minus_control"] == pytest.approx((256 - 204) / 300)
    assert rows.loc["qldm:twin", "generator_minus_control_low"] < rows.loc["qldm:twin", "generator_minus_control"]
    assert not rows.decides.any()


def test_a_record_keeps_the_counts_and_refuses_impossible_ones(record: Record, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(record_text(record), encoding="utf-8")
    assert read_record(tmp_path).judged == record.judged
    with pytest.raises(ValidationError, match="101 of 100 images"):
        JudgedCount(replicate=0, count=101, n=100, real=None)
