"""What a record says was chosen on validation is checked against its predictions, and scored with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qaugbench.board.reader import read_run_predictions
from qaugbench.board.rescore import rescore
from qaugbench.board.verify import scores_of, verify
from qaugbench.errors import EntryError
from qaugbench.predictions import read_predictions
from qaugbench.record import Record, read_record
from qaugbench.stats.choices import choose
from tests.board.factory import ARMS, predictions_for, write_run
from tests.board.tampering import change_predictions, change_record


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """Return the folder of a run whose record froze its choices."""
    record = write_run(tmp_path / "run")
    predicted = read_predictions(tmp_path / "run" / "predictions.npz")
    choices = choose(predicted, record.arms, record.endpoints[0], record.labels.kind, record.labels.names)
    write_run(tmp_path / "run", choices=choices)
    return tmp_path / "run"


def choice_of(record: dict[str, Any], which: str) -> dict[str, Any]:
    found: dict[str, Any] = record["choices"]["10%"][which]
    return found


def test_a_record_with_its_choices_is_verified_and_reads_back_as_it_was(frozen: Path) -> None:
    record = verify(frozen).record
    assert record.choices["10%"].reference == record.scores.fractions["10%"].reference
    assert Record.model_validate_json(record.model_dump_json(), strict=True) == record


def test_changed_test_predictions_are_scored_with_the_frozen_choice(frozen: Path) -> None:
    before = read_record(frozen)

    def favour_others(predicted):
        part = predicted.fractions["10%"]
        logits = np.random.default_rng(0).normal(size=part.test_logits.shape).astype(np.float32)
        logits[predicted.arms.index("R+")] = 9 * predicted.test_labels
        return replace(predicted, fractions={"10%": replace(part, test_logits=logits)})

    change_predictions(frozen, favour_others)
    after = rescore(frozen)
    assert after.choices == before.choices
    assert after.scores.fractions["10%"].reference == before.choices["10%"].reference
    assert after.scores.fractions["10%"].best_classical == before.choices["10%"].best_classical
    assert after.scores != before.scores


def test_rescoring_takes_the_frozen_arm_even_where_others_would_now_be_candidates(frozen: Path) -> None:
    """As if a later rule let more arms compete: what was frozen among fewer of them stays."""

    def among_fewer(record: dict[str, Any]) -> None:
        best = choice_of(record, "best_classical")
        best["validation_means"].pop(best["arm"])
        best["arm"] = max(best["validation_means"], key=best["validation_means"].__getitem__)

    change_record(frozen, among_fewer)
    record = rescore(frozen)
    assert record.scores.fractions["10%"].best_classical.arm == record.choices["10%"].best_classical.arm
    anew = scores_of(record.model_copy(update={"choices": {}}), read_run_predictions(frozen, record))
    assert anew.fractions["10%"].best_classical.arm != record.choices["10%"].best_classical.arm


def _another_reference(record: dict[str, Any]) -> None:
    reference, best = choice_of(record, "reference"), choice_of(record, "best_classical")
    best["validation_means"].pop(reference["arm"])
    best["arm"] = max(best["validation_means"], key=best["validation_means"].__getitem__)
    reference["arm"] = min(reference["validation_means"], key=reference["validation_means"].__getitem__)


def _another_best(record: dict[str, Any]) -> None:
    best = choice_of(record, "best_classical")
    best["arm"] = min(best["validation_means"], key=best["validation_means"].__getitem__)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_another_reference, "does not have the best mean validation score"),
        (_another_best, "does not have the best mean validation score"),
        (
            lambda r: choice_of(r, "reference")["validation_means"].update({"R+os": 0.99}),
            "other mean validation scores",
        ),
        (lambda r: choice_of(r, "reference").update(arm="O-real"), "do not decide it"),
        (lambda r: choice_of(r, "best_classical").update(arm="qldm"), "do not decide it"),
        (lambda r: choice_of(r, "reference").update(endpoint="qwk"), "do not decide it"),
        (lambda r: r["choices"].update({"5%": r["choices"].pop("10%")}), "choices has the fractions 5%"),
    ],
)
def test_a_choice_that_the_validation_predictions_do_not_give_is_refused(
    frozen: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    change_record(frozen, change)
    with pytest.raises(EntryError) as refused:
        verify(frozen)
    assert words in str(refused.value)


def test_a_record_without_choices_is_scored_as_before(tmp_path: Path) -> None:
    record = write_run(tmp_path / "run")
    assert record.choices == {}
    change_record(tmp_path / "run", lambda facts: facts.pop("choices"))
    assert rescore(tmp_path / "run").scores == record.scores


def test_predictions_know_their_validation_part() -> None:
    predicted = predictions_for("multiclass", ARMS, ("10%",))
    seen, left = predicted.on_validation(), predicted.without_test()
    assert (seen.test_ids == predicted.val_ids).all()
    assert (seen.fractions["10%"].test_logits == predicted.fractions["10%"].val_logits).all()
    assert left.test_ids.size == left.fractions["10%"].test_logits.size == 0
