"""Calibration, recall by rarity and scores by group as they are shown: in tables, on the page, as rows and as a figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from qaugbench.formatting import unsigned
from qaugbench.record import Record
from qaugbench.report.curves import CurveFile
from qaugbench.report.html import render
from qaugbench.report.plots import reliability_figure
from qaugbench.report.profile_rows import group_tables, profile_header, profile_legend, profile_rows
from qaugbench.report.score_rows import score_frame
from qaugbench.report.tables import markdown_summary, summary_table
from qaugbench.stats.results import Profile
from tests.board.factory import predictions_for, record_for
from tests.report.page_text import PageText

ARMS = ("R", "R+", "R+cm", "R+os", "qldm", "qldm:twin", "ddpm", "copycat")
NAMES = np.array(["female", "male", "female", "male", "other"])


@pytest.fixture(scope="module")
def record() -> Record:
    predicted = predictions_for("multiclass", ARMS, ("10%",), patients=120)
    sexes = {part: {"sex": NAMES[getattr(predicted, f"{part}_groups") % 5]} for part in ("test", "val")}
    told = replace(predicted, test_subgroups=sexes["test"], val_subgroups=sexes["val"])
    return record_for(told, "multiclass")


@pytest.fixture(scope="module")
def profile(record: Record) -> Profile:
    found = record.scores.fractions["10%"].profile
    assert found is not None
    return found


def test_a_row_has_the_errors_and_the_recalls_of_its_arm(record: Record, profile: Profile) -> None:
    header = profile_header(profile)
    assert header == ("arm", "calibration error ↓", "after scaling ↓", "temperature", "recall, tail ↑")
    rows = {row[0]: row for row in profile_rows(record, profile)}
    assert list(rows) == [arm for arm in ARMS if arm != "copycat"]
    calibrated, recall = profile.calibration.arms["qldm"], profile.recalls["tail"].arms["qldm"]
    assert rows["qldm"][1].startswith(unsigned(calibrated.as_trained.mean))
    assert rows["qldm"][2].startswith(unsigned(calibrated.scaled.mean))
    assert rows["qldm"][4] == f"{unsigned(recall.mean)} [{unsigned(recall.ci_low)}, {unsigned(recall.ci_high)}]"
    assert "180 probabilities of the class called on each image" in profile_legend(profile)


def test_groups_have_their_patients_an_interval_each_and_small_ones_their_size(record: Record) -> None:
    (table,) = group_tables(record, "10%")
    assert table.title == "By sex: macro-AUROC over 3 of 3 classes (exploratory, no verdict)"
    reference = record.scores.fractions["10%"].reference.arm
    assert table.header == ("group", "patients", "images", reference, "qldm", "ddpm", "note")
    rows = {row[0]: row for row in table.rows}
    assert list(rows) == ["female", "male", "other", "largest difference"]
    assert rows["female"][1:3] == ("48", "72")
    assert rows["female"][4].endswith("]")
    assert rows["other"][3:] == ("-", "-", "-", "no score: 24 of the 30 that a score needs")


def test_a_column_of_which_no_group_is_large_enough_is_left_out(record: Record, profile: Profile) -> None:
    sexes = profile.subgroups["sex"]
    bare = replace(sexes, groups=[replace(group, arms={}) for group in sexes.groups], gaps={})
    fraction = replace(record.scores.fractions["10%"], profile=replace(profile, subgroups={"sex": bare}))
    small = record.model_copy(update={"scores": replace(record.scores, fractions={"10%": fraction})})
    for text in (summary_table(small), markdown_summary(small), render(small, CurveFile(), Path("none"))):
        assert "By sex" not in text
        assert "No group by sex is large enough for a score." in " ".join(text.split())
        assert "How well calibrated" in text


def test_table_markdown_and_page_say_it_and_that_it_is_exploratory(record: Record, profile: Profile) -> None:
    page = PageText(render(record, CurveFile(), Path("none")))
    words = " ".join(page.sentences())
    for text in (" ".join(summary_table(record).split()), markdown_summary(record), words):
        assert "How well calibrated, and how good on rare classes (exploratory, no verdict)" in text
        assert "By sex: macro-AUROC over 3 of 3 classes (exploratory, no verdict)" in text
        assert profile_legend(profile) in text
    assert "How often what the classifiers state about the class called on each image happens" in words


def test_an_older_records_page_and_table_lack_it(record: Record) -> None:
    fraction = replace(record.scores.fractions["10%"], profile=None)
    old = record.model_copy(update={"scores": replace(record.scores, fractions={"10%": fraction})})
    for text in (summary_table(old), markdown_summary(old), render(old, CurveFile(), Path("none"))):
        assert "exploratory, no verdict" not in text
    assert reliability_figure(old, "10%") is None


def test_the_figure_has_a_curve_of_the_reference_and_of_every_generator(record: Record, profile: Profile) -> None:
    figure = reliability_figure(record, "10%")
    assert isinstance(figure, Figure)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["As trained", "After temperature scaling"]
    diagonal, _, own, _ = figure.axes[0].lines
    curve = profile.calibration.arms["qldm"].as_trained.curve
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    assert list(own.get_xdata()) == [one.stated for one in curve]
    assert list(own.get_ydata()) == [one.happened for one in curve]
    assert len(reliability_figure(record, "10%", narrow=True).axes) == 2


def test_the_frame_has_a_row_per_value_and_none_twice(record: Record, profile: Profile) -> None:
    frame = score_frame(record)
    assert not frame.duplicated(["fraction", "metric", "subgroup", "arm"]).any()
    own = frame[frame.arm == "qldm"].set_index("metric")
    calibrated = profile.calibration.arms["qldm"]
    assert own.loc["calibration_error", "mean"] == calibrated.as_trained.mean
    assert own.loc["calibration_error_scaled", "mean"] == calibrated.scaled.mean
    assert own.loc["calibration_error", "direction"] == "lower is better"
    assert own.loc["recall_tail", "mean_ci_low"] == profile.recalls["tail"].arms["qldm"].ci_low
    by_sex = own.loc[["macro_auroc_by_sex"]].set_index("subgroup")
    assert by_sex["patients"].to_dict() == {"female": 48, "male": 48}
    assert not own.loc[["recall_tail", "calibration_error", "macro_auroc_by_sex"], "decides"].any()
    assert frame[frame.metric == "macro_auroc"].subgroup.isna().all()
