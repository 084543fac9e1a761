"""What the arms of a generator are said to be, where its space runs circuits and where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from qaugbench.board.arms_required import arm_faults
from qaugbench.board.consistent import inconsistencies
from qaugbench.record import Record
from tests.board.factory import predictions_for, unscored

SPACE = "R+rec:quantum-latent-4x16x16"


def record(**twin: Any) -> Record:
    found = unscored(
        predictions_for("multiclass", ("R", "R+", "R+cm", "R+os", "qldm", "qldm:twin"), ("10%",)), "multiclass"
    )
    return found.model_copy(
        update={"arms": [arm.model_copy(update=twin if arm.id == "qldm:twin" else {}) for arm in found.arms]}
    )


@pytest.mark.parametrize(
    ("space", "kind", "right"),
    [(SPACE, "hybrid", True), (SPACE, "classical", False), (None, "classical", True), (None, "hybrid", False)],
)
def test_a_twin_in_a_space_with_circuits_is_not_classical(space: str | None, kind: str, right: bool) -> None:
    faults = [fault for fault in arm_faults(record(space_arm=space, kind=kind)) if "'qldm:twin' is said to be" in fault]
    assert (faults == []) == right


def test_only_a_variant_has_the_space_s_twin_of_its_generator() -> None:
    said = record(space_twin_of="ddpm")
    assert any("no twin of 'ddpm' in its space" in fault for fault in arm_faults(said))
    assert any("'qldm:twin' is no variant of 'ddpm'" in fault for fault in inconsistencies(said))
