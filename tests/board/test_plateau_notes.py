"""The notes on whether the classifier had reached its plateau."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.plateau_notes import plateau_notes
from qaugbench.record import Plateau
from tests.board.factory import write_run


@pytest.mark.parametrize("skipped", ["The images are a phantom", "The images are a phantom."])
def test_a_check_that_was_skipped_is_one_sentence(skipped: str, tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=2).model_copy(update={"plateau_skipped": skipped, "plateau": []})
    assert plateau_notes(record) == [
        "Whether the classifier is undertrained was not checked: The images are a phantom."
    ]


@pytest.mark.parametrize("climbs", [True, False])
def test_only_a_classifier_that_still_climbs_is_called_undertrained(climbs: bool, tmp_path: Path) -> None:
    found = Plateau(fraction="10%", replicate=0, steps=9, gains={"R+cm": 0.02}, gain=0.02, limit=0.005, climbs=climbs)
    record = write_run(tmp_path, replicates=2).model_copy(update={"plateau_skipped": None, "plateau": [found]})
    assert ["undertrained" in note for note in plateau_notes(record)] == ([True] if climbs else [])
