"""Names of run folders: runs of one kind can be told apart, and runs under the names of earlier versions are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qaugbench.experiment.plan import Plan
from qaugbench.experiment.run_name import earlier_name, run_folder, run_name
from tests.experiment.small import small_choice, small_plan


def _plan(**options: Any) -> Plan:
    return small_plan(None, small_choice("qldm"), **options)


def test_a_run_as_its_track_wants_it_is_named_by_board_and_generators_as_ever() -> None:
    plan = _plan()
    assert run_name(plan) == f"small-made-smoke-qldm-{plan.config_sha256[:8]}" == earlier_name(plan)


@pytest.mark.parametrize(
    ("options", "given", "words"),
    [
        ({"replicates": 3}, {}, "-3r-"),
        ({"fractions": (0.5,)}, {}, "-50pct-"),
        ({"fractions": (0.1, 0.25)}, {}, "-10+25pct-"),
        ({}, {"arms": ("mixup", "P-shuf:qldm")}, "-arms-mixup+p-shuf-qldm-"),
        ({}, {"split": "fold:1/5"}, "-split-fold-1-5-"),
    ],
)
def test_what_departs_from_the_track_is_in_the_name(options: dict[str, Any], given: dict[str, Any], words: str) -> None:
    assert words in run_name(_plan(**options), **given)


def test_many_generators_are_counted_and_the_name_stays_short() -> None:
    names = ("qldm", "ldm", "flow", "vae", "gmm-latent", "kde")
    plan = small_plan(None, *(small_choice(name, controls=()) for name in names))
    assert "-qldm+ldm+flow+vae+2-more-" in run_name(plan)
    assert len(run_name(plan, arms=tuple("abcdefgh"), split="x" * 300)) < 200


def test_a_run_begun_by_an_earlier_version_goes_on_in_its_folder(tmp_path: Path) -> None:
    plan = _plan(replicates=3)
    assert run_folder(tmp_path, plan).name == run_name(plan) != earlier_name(plan)
    (tmp_path / earlier_name(plan)).mkdir()
    assert run_folder(tmp_path, plan).name == earlier_name(plan)
    (tmp_path / run_name(plan)).mkdir()
    assert run_folder(tmp_path, plan).name == run_name(plan)
