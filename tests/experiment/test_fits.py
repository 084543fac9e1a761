"""How the fits of a run went: from cells to the record, and from there to notes and rows."""

from __future__ import annotations

from typing import Any

import pytest

from qaugbench.board.fit_notes import fit_notes, fit_rows
from qaugbench.board.short_fits import short_fits_notes
from qaugbench.experiment.fits import summary
from qaugbench.experiment.run import RunResult
from qaugbench.record import FitSummary, LossSummary
from qaugbench.report.notes import notes


def noted(words: str, *, updates: int = 100, loss: float = 1.0, cpu_s: float = 10.0) -> dict[str, Any]:
    trend = {"mean": loss, "change": 0.0, "error": 0.1, "words": words}
    diagnostics = {
        "updates": updates,
        "seen_per_image": 4.0,
        "trends": {"denoising": trend},
        "movement": {"denoiser": loss},
    }
    return {"cpu_s": cpu_s, "facts": {"diagnostics": diagnostics}}


def test_a_summary_is_the_mean_over_replicates_and_counts_words() -> None:
    found = summary([noted("flat"), noted("falling", loss=3.0, cpu_s=20.0), noted("falling", loss=2.0, cpu_s=30.0)])
    assert found == FitSummary(
        fits=3,
        updates=100,
        seen_per_image=4.0,
        cpu_s=20.0,
        losses={"denoising": LossSummary(mean=2.0, words={"falling": 2, "flat": 1})},
        movement={"denoiser": 2.0},
    )


def with_fits(finished: RunResult, variant: str, track: str = "lite", **losses: LossSummary) -> Any:
    fit = FitSummary(
        fits=5, updates=1150, seen_per_image=74.6, cpu_s=46.6, losses=losses, movement={"denoiser": 0.8, "head": 1.25}
    )
    board = finished.record.board.model_copy(update={"track": track})
    return finished.record.model_copy(update={"fits": {"50%": {variant: fit}}, "board": board})


@pytest.mark.parametrize(("falling", "said"), [(2, False), (3, True)])
def test_a_generator_that_still_learned_is_named(finished: RunResult, falling: int, said: bool) -> None:
    record = with_fits(
        finished, "qldm", denoising=LossSummary(mean=0.3, words={"falling": falling, "flat": 5 - falling})
    )
    expected = ["At 50 %, qldm may be undertrained: its denoising loss was still falling at the end of 3 of 5 fits."]
    assert fit_notes(record) == (expected if said else [])


def test_a_generator_that_lost_a_fit_is_named(finished: RunResult) -> None:
    record = with_fits(finished, "qldm", denoising=LossSummary(mean=0.7, words={"lost": 2, "flat": 3}))
    assert fit_notes(record) == [
        "At 50 %, qldm lost 2 of 5 fits: its denoising loss had been clearly lower before the end. A smaller learning rate may "
        "help."
    ]
    assert "lost (clearly lower before) in 2 fits" in fit_rows(record, "50%")[0][4]


def test_losses_of_adversarial_models_and_controls_name_nobody(finished: RunResult) -> None:
    still = LossSummary(mean=0.3, words={"falling": 5})
    assert not fit_notes(with_fits(finished, "qldm:twin", denoising=still))
    assert not fit_notes(with_fits(finished, "qldm", generator=still, gap=still))


@pytest.mark.parametrize("word", ["falling", "flat", "rising", "lost", "too short"])
def test_a_smoke_run_says_in_one_wording_that_its_fits_are_too_short_to_tell(finished: RunResult, word: str) -> None:
    """Whatever the losses did, and whatever was measured of its images."""
    ended = {"denoising": LossSummary(mean=0.3, words={word: 5})}
    smoke = with_fits(finished, "qldm", "smoke", **ended)
    (said,) = short_fits_notes(smoke)
    assert said == (
        "The track smoke fits generators for a short time by design (qldm 1,150 updates, 74.6 looks at each image), too short to "
        "tell how good they can be: their images show that everything works."
    )
    assert said in notes(smoke)
    assert fit_notes(smoke) == []
    assert [row[4] for row in fit_rows(smoke, "50%")] == ["denoising loss 0.3, too short to tell"]
    assert (
        short_fits_notes(with_fits(finished, "qldm", "smoke"))
        == short_fits_notes(with_fits(finished, "qldm", **ended))
        == []
    )


def test_rows_tell_time_updates_losses_and_movement(finished: RunResult) -> None:
    record = with_fits(finished, "qldm", denoising=LossSummary(mean=0.25, words={"falling": 2, "flat": 3}))
    assert fit_rows(record, "50%") == [
        (
            "qldm",
            "47 s",
            "1,150",
            "74.6",
            "denoising loss 0.25, still falling in 2 fits, no longer falling in 3 fits",
            "head: 1.2",
        )
    ]
    solved = record.fits["50%"]["qldm"].model_copy(update={"losses": {}, "movement": {}})
    record = record.model_copy(update={"fits": {"50%": {"gmm": solved}}})
    assert fit_rows(record, "50%") == [("gmm", "47 s", "solved at once", "1", "-", "-")]


def test_a_run_tells_of_every_variant(finished: RunResult) -> None:
    (variants,) = finished.record.fits.values()
    assert set(variants) == {"qldm", "qldm:twin", "qldm:no-entanglement", "qldm:frozen"}
    assert {fit.updates for fit in variants.values()} == {3}
    assert "; 3 updates, " in (finished.folder / "log.txt").read_text()
    assert "How the generators were trained" in finished.report.read_text()
