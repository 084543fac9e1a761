"""A variant that keeps a defect of published code fails the audit of circuits in just the way that its file says."""

from __future__ import annotations

import pytest

from qaugbench import definitions
from qaugbench.inspection.circuit_doctor import examine_circuits

DEFECTIVE = [name for name in definitions.generator_names() if definitions.generator_card(name).defect]


@pytest.mark.parametrize("name", DEFECTIVE)
def test_it_fails_the_questions_that_its_file_names(name: str) -> None:
    card = definitions.generator_card(name)
    (finding,) = examine_circuits([name], with_meters=False)
    assert finding.liveness is not None
    assert {check.question for check in finding.liveness.failures} == set(card.fails), finding.text()
    assert finding.fails is bool(card.fails)
