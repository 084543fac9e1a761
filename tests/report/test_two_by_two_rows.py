"""The table of circuits or twins in a generator and in its space: shown where all four arms ran, with their ceilings."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.verify import scores_of
from qaugbench.formatting import interval, unsigned
from qaugbench.record import Record, parse_facts, record_text
from qaugbench.report.curves import CurveFile
from qaugbench.report.html import render
from qaugbench.report.tables import markdown_summary, summary_table
from qaugbench.report.two_by_two_rows import two_by_two_tables
from tests.board import factory

GENERATOR = "qldm"
VARIANT = "qldm:twin-autoencoder"
FOUR = (GENERATOR, f"{GENERATOR}:twin", VARIANT, f"{VARIANT}:twin")
CEILINGS = {GENERATOR: "R+rec:quantum-latent-4x8x8", VARIANT: "R+rec:quantum-latent-4x8x8-twin"}


@pytest.fixture(scope="module")
def record() -> Record:
    with pytest.MonkeyPatch.context() as patched:
        for name in (*FOUR, *CEILINGS.values()):
            patched.setitem(factory.QUALITY, name, 0.1)
        for name in CEILINGS.values():
            patched.setitem(factory.ROLES, name, "reconstruction")
        arms = ("R", "R+", "R+cm", "R+os", *FOUR, *CEILINGS.values())
        predicted = factory.predictions_for("multiclass", arms, ("10%",), replicates=5)
        found = factory.unscored(predicted, "multiclass")
    told = {name: {"space_arm": CEILINGS[VARIANT if name.startswith(VARIANT) else GENERATOR]} for name in FOUR}
    for name in FOUR[2:]:
        told[name]["space_twin_of"] = GENERATOR
    found = found.model_copy(update={"arms": [arm.model_copy(update=told.get(arm.id, {})) for arm in found.arms]})
    return found.scored(scores_of(found, predicted))


def test_the_tables_hold_the_means_of_the_four_arms_and_of_both_ceilings(record: Record) -> None:
    (found,) = two_by_two_tables(record, "10%")
    values = record.scores.fractions["10%"].endpoints["macro_auroc"].arms
    cells = [f"{unsigned(values[name].mean)} ({name})" for name in FOUR]
    ceilings = [unsigned(values[name].mean) for name in CEILINGS.values()]
    assert found.means == [("circuits", *cells[:2], ceilings[0]), ("twins", *cells[2:], ceilings[1])]


@pytest.mark.usefixtures("undrawn")
def test_the_effects_stand_with_their_intervals_in_text_markdown_and_page(record: Record) -> None:
    (found,) = record.scores.fractions["10%"].two_by_two
    page = render(record, CurveFile(), Path("none"))
    for made in (summary_table(record), markdown_summary(record), page):
        assert "Circuits in qldm and circuits in its space, apart" in made
        for one in found.effects:
            assert interval(one.ci_low, one.ci_high) in made
    assert all(len(line) <= 100 for line in summary_table(record, 100).splitlines())


def test_a_record_keeps_them(record: Record) -> None:
    again = parse_facts(record_text(record).encode(), Path("record.json"), Record)
    assert again.scores.fractions["10%"].two_by_two == record.scores.fractions["10%"].two_by_two


def test_a_run_without_the_four_arms_has_no_such_table() -> None:
    predicted = factory.predictions_for("multiclass", factory.ARMS, ("10%",))
    found = factory.record_for(predicted, "multiclass")
    assert two_by_two_tables(found, "10%") == []
    assert "in its space, apart" not in summary_table(found)
