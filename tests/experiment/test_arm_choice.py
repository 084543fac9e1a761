"""Which optional arms a run has, from the names given with ``--arm``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaugbench.board.check_arms import EXPECTED
from qaugbench.catalogue import catalogue
from qaugbench.errors import DefinitionError
from qaugbench.experiment.arm_choice import choose_arms, left_out, optional_arms
from qaugbench.experiment.arms import REAL_ARMS, Arm
from qaugbench.experiment.control_arms import CONTROL_ARMS, ArmContext
from qaugbench.experiment.optional_arms import OPTIONAL_ARMS
from qaugbench.predictions import CHECK_ROLES, REFERENCE_ROLES
from tests.experiment.small import small_choice

CONTEXT = ArmContext("kneeoa", 32, (small_choice("qldm"), small_choice("ldm")), phantom_side=64)
REAL = replace(CONTEXT, phantom_side=None)


def ids(*names: str, context: ArmContext = CONTEXT) -> list[str]:
    return [arm.info.id for arm in choose_arms(names, context)]


def test_none_is_there_unasked() -> None:
    assert ids() == []


def test_arms_come_once_each_in_the_order_of_the_list() -> None:
    assert ids("copycat", "R+dup", "P-noise", "copycat") == ["P-noise", "R+dup", "copycat"]


def test_labels_are_permuted_of_every_generator_or_of_the_one_that_is_named() -> None:
    assert ids("P-shuf") == ["P-shuf:qldm", "P-shuf:ldm"]
    assert ids("P-shuf:ldm") == ["P-shuf:ldm"]


def test_a_side_is_a_quarter_unless_it_is_given_and_several_may_be() -> None:
    assert ids("R+lowres", "R+lowres:16") == ["R+lowres:8", "R+lowres:16"]
    (arm,) = choose_arms(["R+lowres:16"], CONTEXT)
    assert arm.fill_settings == {"side": 16}


def test_all_is_everything_that_the_run_can_have() -> None:
    own = ["P-noise", "P-shuf:qldm", "P-shuf:ldm", "R+dup", "R+lowres:8", "copycat", "O-true"]
    assert ids("all") == [*(arm.info.id for arm in OPTIONAL_ARMS), *own]
    assert ids("all", context=REAL) == ids("all")[:-1]
    assert list(left_out(["all"], REAL)) == ["O-true"]
    assert left_out(["all"], CONTEXT) == left_out(["copycat"], REAL) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("copykat", "Did you mean 'copycat'"),
        ("P-nois", "Did you mean 'P-noise'"),
        ("P-shuf:qldn", "these are qldm, ldm"),
        ("R+lowres:32", "1 to 31 pixels"),
        ("R+lowres:0", "1 to 31 pixels"),
        ("R+lowres:half", "given 'half'"),
        ("copycat:3", "takes nothing after a colon"),
        ("all:3", "takes nothing after a colon"),
    ],
)
def test_wrong_names_and_arguments_are_answered(name: str, words: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        choose_arms([name], CONTEXT)
    assert words in str(refused.value)


def test_the_true_distribution_is_had_of_phantoms_only_and_the_reason_is_given() -> None:
    with pytest.raises(DefinitionError, match="only a phantom can be asked"):
        choose_arms(["O-true"], REAL)


def test_every_control_arm_is_a_check_that_can_be_no_comparator_and_has_an_expectation() -> None:
    made: list[Arm] = [arm for optional in CONTROL_ARMS for arm in optional.make("", CONTEXT)]
    assert {arm.info.role for arm in made} <= set(CHECK_ROLES)
    assert not set(CHECK_ROLES) & {*REFERENCE_ROLES, "synthetic", "oracle", "control"}
    assert set(EXPECTED) == set(CHECK_ROLES)


def test_every_name_has_one_line() -> None:
    assert all(0 < len(arm.words) <= 60 for arm in optional_arms())
    assert len({arm.name for arm in optional_arms()}) == len(optional_arms())


def test_every_arm_that_a_run_trains_or_may_train_on_real_images_is_listed() -> None:
    listed = catalogue("arms")["arms"]
    always = [row["arm"] for row in listed if row["what it is"].startswith("in every run: ")]
    assert always == [arm.info.id for arm in REAL_ARMS]
    assert len(listed) == len(REAL_ARMS) + len(optional_arms())
