"""The circuits' influence on the page and in the notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.circuit_influence import fraction_rows, influence_cell
from qaugbench.formatting import fraction_words
from qaugbench.record import BlockInfluence, Record, read_record, record_text
from qaugbench.report.html import write_report
from qaugbench.report.notes import notes
from tests.board.factory import ARMS, write_run

TITLE = "How far the circuits reach the images"


def influence(mean: float | None, noise: float | None) -> BlockInfluence:
    return BlockInfluence(
        seed_difference=17.3,
        controls={"twin": 0.08, "frozen": 0.00001},
        mean_replaced=mean,
        noise_replaced=noise,
        parameter_share=0.0016,
        n_images=128,
        n_replicates=2,
    )


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, arms=(*ARMS, "qldm:frozen"), replicates=2)
    return read_record(folder)


def having(record: Record, found: BlockInfluence) -> Record:
    return record.model_copy(update={"influence": {record.fractions[0].key: {"qldm": found}}})


def test_rows_are_shares_of_what_another_seed_changes(record: Record) -> None:
    key = record.fractions[0].key
    rows = fraction_rows(having(record, influence(0.0004, None)), key)
    assert [row[-1] for row in rows] == ["0.04 %", "-", "8.0 %", "0.001 %"]
    assert [row[1] for row in rows[2:]] == ["qldm:twin", "qldm:frozen"]
    assert fraction_rows(record, key) == []


def test_circuits_of_a_space_have_rows_of_their_own(record: Record) -> None:
    update = {"space_mean_replaced": 0.2, "space_noise_replaced": 0.3}
    rows = fraction_rows(having(record, influence(0.4, 0.5).model_copy(update=update)), record.fractions[0].key)
    assert [row[1:] for row in rows[2:4]] == [
        ("outputs of the circuits of its space replaced by their means", "20 %"),
        ("outputs of the circuits of its space replaced by noise", "30 %"),
    ]


@pytest.mark.parametrize(("mean", "noise", "noted"), [(0.001, 0.049, True), (0.001, 0.051, False), (None, None, False)])
def test_a_small_influence_is_noted(record: Record, mean: float | None, noise: float | None, noted: bool) -> None:
    (found,) = [note for note in notes(having(record, influence(mean, noise))) if "qldm: " in note]
    assert found.startswith(f"At {fraction_words(record.fractions[0].key)}, qldm: ")
    assert ("hardly reaches" in found) == noted
    assert ("below 5 %" in found) == noted


@pytest.mark.usefixtures("undrawn")
def test_the_page_shows_it_where_it_was_measured(record: Record, tmp_path: Path) -> None:
    pages = []
    for one in (record, having(record, influence(0.3, 0.4))):
        (tmp_path / "record.json").write_text(record_text(one), encoding="utf-8")
        pages.append(write_report(tmp_path).read_text(encoding="utf-8"))
    assert TITLE not in pages[0]
    assert TITLE in pages[1]
    assert "17.3 grey levels of 255" in pages[1]


@pytest.mark.parametrize(("mean", "noise", "cell"), [(0.002, 0.003, "0.30 %"), (0.3, 0.04, "30 %"), (None, None, "-")])
def test_a_board_shows_the_change_that_decides_and_not_that_of_a_control(
    mean: float | None, noise: float | None, cell: str
) -> None:
    assert influence_cell(influence(mean, noise)) == cell
    assert influence_cell(None) == "-"
