"""What noise costs, as a record and its tables and pages say it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qaugbench.board.arms_required import arm_faults
from qaugbench.board.board_table import rows_of
from qaugbench.board.comparable import Submitted
from qaugbench.board.consistent import inconsistencies
from qaugbench.board.telltales import exact
from qaugbench.board.verify import scores_of, verify
from qaugbench.formatting import change
from qaugbench.predictions import ArmInfo, PredictionSet
from qaugbench.record import ExecutionFacts, NoisyDrawing, Record, parse_facts, record_text
from qaugbench.report.curves import CurveFile
from qaugbench.report.html import render
from qaugbench.report.identity import looks
from qaugbench.report.latex import latex_tables
from qaugbench.report.noise_rows import noise_rows, noise_sentences
from qaugbench.report.record_views import indented_names
from qaugbench.report.score_rows import score_frame
from qaugbench.report.tables import markdown_summary, summary_table
from tests.board import factory

KEY, NOISY = "10%", "qldm@fake:torino"
ARMS = ("R", "R+", "R+cm", "R+os", "O-real", "qldm", NOISY, "qldm:twin", "ddpm")
EXECUTION = ExecutionFacts(
    title="fake:torino, circuits compiled", written={"noise": "backend", "backend": "fake:torino"}
)


def made(**changes: Any) -> tuple[Record, PredictionSet]:
    """Return a record with an arm drawn under noise, and its predictions."""
    noisy = ArmInfo(
        id=NOISY,
        role="noisy",
        generator="qldm",
        control="none",
        kind="hybrid",
        fidelity="reconstruction",
        execution="fake:torino",
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(factory.QUALITY, NOISY, 0.0)
        patched.setitem(factory.ROLES, NOISY, "placebo")  # it is no fit of its own; its role follows
        predicted = factory.predictions_for("multiclass", ARMS, (KEY,), replicates=5)
        found = factory.unscored(predicted, "multiclass")
    facts = {
        "arms": [noisy if arm.id == NOISY else arm for arm in found.arms],
        "executions": {"fake:torino": EXECUTION},
        "noisy": {KEY: {NOISY: NoisyDrawing(expected_errors=[0.31, 0.31, 0.5], deviation=0.042, n_replicates=5)}},
    }
    found = Record.model_validate({**found.model_dump(), **facts, **changes})
    return found.scored(scores_of(found, predicted)), predicted


@pytest.fixture(scope="module")
def record() -> Record:
    return made()[0]


def test_the_sentence_says_what_noise_costs_with_its_interval(record: Record) -> None:
    (found,) = [
        one
        for one in record.scores.fractions[KEY].endpoints["macro_auroc"].contrasts
        if (one.family, one.against) == ("execution", "qldm")
    ]
    (sentence,) = noise_sentences(record, KEY)
    assert sentence.startswith("Drawn on fake:torino instead of exactly, from the same fits, qldm changes macro-AUROC")
    assert change(found.estimate, found.ci_low, found.ci_high) in sentence
    assert noise_rows(record, KEY) == [(NOISY, "0.31 and 0.5", "0.042")]


@pytest.mark.usefixtures("undrawn")
def test_it_stands_in_every_table_below_its_generator(record: Record) -> None:
    (sentence,) = noise_sentences(record, KEY)
    page = render(record, CurveFile(), Path("none"))
    for text in (summary_table(record), markdown_summary(record), page):
        assert "Hardware noise" in text
        assert "Drawn under noise: against the same fits drawn exactly, and against the twin" in text
    assert sentence in markdown_summary(record)
    assert sentence in " ".join(summary_table(record).split())
    assert '<a href="#noise">' in page
    assert page.count("fake:torino, circuits compiled") == 1
    assert NOISY in latex_tables(record).replace("\\_", "_")
    assert indented_names(record, ["qldm", NOISY, "qldm:twin"]) == ["qldm", "  @fake:torino", "  twin"]
    assert all(len(line) <= 100 for line in summary_table(record, 100).splitlines())


def test_the_data_frame_has_its_differences_in_its_own_row(record: Record) -> None:
    frame = score_frame(record)
    own = frame[(frame.arm == NOISY) & (frame.metric == "macro_auroc")].iloc[0]
    assert own.execution == "fake:torino"
    assert own.noisy_minus_exact_low < own.noisy_minus_exact < own.noisy_minus_exact_high
    assert own.noisy_minus_twin == own.noisy_minus_twin
    others = frame[(frame.arm != NOISY)]
    assert others[["noisy_minus_exact", "execution"]].isna().all().all()


def test_it_looks_like_its_generator_and_is_told_from_it(record: Record) -> None:
    drawn = looks(record.arms)
    assert drawn[NOISY].title == f"{drawn['qldm'].title}, on fake:torino"
    assert (drawn[NOISY].marker, drawn[NOISY].fill) != (drawn["qldm"].marker, drawn["qldm"].fill)
    without = looks([arm for arm in record.arms if arm.id != NOISY])
    assert {arm: drawn[arm] for arm in without} == without


def test_a_record_keeps_it_and_boards_leave_it_out(record: Record) -> None:
    again = parse_facts(record_text(record).encode(), Path("record.json"), Record)
    assert (again.executions, again.noisy, again.arms) == (record.executions, record.noisy, record.arms)
    rows = rows_of(Submitted(Path("entry"), record), KEY)
    assert [row.arm.id for row in rows] == ["qldm", "ddpm"]
    assert [control.arm.id for row in rows for control in row.controls] == ["qldm:twin"]


def test_verify_recomputes_its_numbers(tmp_path: Path) -> None:
    found, predicted = made()
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "predictions.npz").write_bytes(predicted.to_bytes())
    (folder / "record.json").write_text(record_text(found), encoding="utf-8")
    assert verify(folder).n_numbers > 0
    stated = json.loads(record_text(found))
    stated["scores"]["fractions"][KEY]["endpoints"]["macro_auroc"]["arms"][NOISY]["mean"] += 0.01
    (folder / "record.json").write_text(json.dumps(stated), encoding="utf-8")
    with pytest.raises(Exception, match="qldm@fake:torino"):
        verify(folder)


def test_an_honest_one_contradicts_nothing(record: Record) -> None:
    assert [
        fault for fault in (*inconsistencies(record), *arm_faults(record)) if "torino" in fault or "noisy" in fault
    ] == []
    before = [arm for arm in record.arms if arm.id != NOISY]
    bare = record.model_copy(update={"arms": before, "executions": {}, "noisy": {}})
    assert list(inconsistencies(record)) == list(inconsistencies(bare))
    assert list(arm_faults(record)) == list(arm_faults(bare))


@pytest.mark.parametrize(
    ("change_arm", "words"),
    [
        ({"id": "qldm@other"}, "does not fit its role 'noisy'"),
        ({"kind": "quantum"}, "is not the generator 'qldm'"),
        (
            {"generator": "ddpm", "id": "ddpm@fake:torino", "kind": "classical"},
            "was drawn with noisy circuits, and is classical",
        ),
    ],
)
def test_what_cannot_be_is_refused(record: Record, change_arm: dict[str, Any], words: str) -> None:
    arms = [arm.model_copy(update=change_arm) if arm.id == NOISY else arm for arm in record.arms]
    assert any(words in fault for fault in inconsistencies(record.model_copy(update={"arms": arms})))


def test_an_execution_that_nothing_was_drawn_on_is_named(record: Record) -> None:
    more = record.model_copy(update={"executions": {**record.executions, "aqt_ibex": EXECUTION}})
    assert any("executions has aqt_ibex, on which no arm was drawn" in fault for fault in inconsistencies(more))
    with pytest.raises(ValidationError, match="of which nothing is said"):
        made(executions={})


def test_noise_too_weak_to_change_a_grey_level_leaves_equal_predictions() -> None:
    found, predicted = made()
    part = predicted.fractions[KEY]
    place, own = predicted.arms.index(NOISY), predicted.arms.index("qldm")
    part.test_logits[place], part.val_logits[place] = part.test_logits[own], part.val_logits[own]
    assert not [fault for fault in exact(found, predicted) if "same predictions" in fault]
