"""The arms that check the benchmark are shown by themselves, wherever results are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.check_arms import TITLE, check_rows, space_ceiling
from qaugbench.board.comparable import Submitted
from qaugbench.board.consistent import inconsistencies
from qaugbench.board.leaderboard import page
from qaugbench.board.verify import verify
from qaugbench.formatting import interval, signed, unsigned
from qaugbench.predictions import ArmInfo
from qaugbench.record import Record
from qaugbench.report.html import write_report
from qaugbench.report.tables import main_rows, markdown_summary, summary_table
from tests.board.factory import ARMS, CHECKS, write_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checks") / "run"
    write_run(folder, arms=(*ARMS, *CHECKS), replicates=5)
    return folder


@pytest.fixture(scope="module")
def record(folder: Path) -> Record:
    return verify(folder).record


def with_space(record: Record, space: str) -> Record:
    arms = [arm.model_copy(update={"space_arm": space}) if arm.id == "qldm" else arm for arm in record.arms]
    return record.model_copy(update={"arms": arms})


def test_each_has_its_values_its_differences_and_what_is_expected(record: Record) -> None:
    rows = {row[0]: row for row in check_rows(record, "10%")}
    assert list(rows) == list(CHECKS)
    endpoint = record.scores.fractions["10%"].endpoints["macro_auroc"]
    against = {one.family: one for one in endpoint.contrasts if one.arm == "copycat"}
    assert rows["copycat"] == (
        "copycat",
        unsigned(endpoint.arms["copycat"].mean),
        signed(against["reference"].estimate),
        interval(against["reference"].ci_low, against["reference"].ci_high),
        signed(against["augmented"].estimate),
        interval(against["augmented"].ci_low, against["augmented"].ci_high),
        "5",
        "like R+os",
    )


def test_they_are_not_among_the_arms_that_compete(record: Record) -> None:
    assert not {row[0] for row in main_rows(record, "10%", "macro_auroc")} & set(CHECKS)
    assert not set(record.scores.fractions["10%"].ranks) & set(CHECKS)
    assert set(record.scores.fractions["10%"].endpoints["macro_auroc"].verdicts) == {"ddpm", "qldm"}


@pytest.mark.usefixtures("undrawn")
def test_tables_page_and_board_show_them_in_a_block_of_their_own(folder: Path, record: Record) -> None:
    html = write_report(folder).read_text(encoding="utf-8")
    real = record.model_copy(
        update={"data": record.data.model_copy(update={"phantom": False})}
    )  # no board lists a phantom
    for text in (summary_table(record), markdown_summary(record), html, page([Submitted(folder, real)])):
        assert text.count(f"<h4>{TITLE}</h4>" if text is html else TITLE) == 1
        block = text[text.index(TITLE) :]
        assert all(arm in block for arm in CHECKS)
    assert max(map(len, summary_table(record).splitlines())) <= 110


def test_a_run_without_them_has_no_such_block(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=3)
    assert TITLE not in summary_table(record) + page([Submitted(tmp_path, record)])


def test_the_ceiling_of_its_space_is_beside_the_verdict_of_a_generator(record: Record) -> None:
    said = space_ceiling(with_space(record, "R+rec:latent"), "10%", "qldm")
    mean = record.scores.fractions["10%"].endpoints["macro_auroc"].arms["R+rec:latent"].mean
    assert said is not None
    assert f"(R+rec:latent), is {unsigned(mean)} (" in said
    assert said in " ".join(summary_table(with_space(record, "R+rec:latent")).split())
    assert space_ceiling(record, "10%", "qldm") is None
    assert "has no result" in str(space_ceiling(with_space(record, "R+rec:pca"), "10%", "qldm"))


def test_only_an_arm_of_reconstructions_is_the_arm_of_a_space(record: Record) -> None:
    assert list(inconsistencies(with_space(record, "R+rec:latent"))) == []
    assert "names 'copycat' as the arm of its space" in next(inconsistencies(with_space(record, "copycat")))


def test_a_run_has_one_duplicate_at_most(record: Record) -> None:
    twice = record.model_copy(update={"arms": [*record.arms, ArmInfo(id="R+dup2", role="duplicate")]})
    assert any("2 arms have the role 'duplicate'" in wrong for wrong in inconsistencies(twice))
