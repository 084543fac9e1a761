"""From the names given with ``--arm`` to the optional arms of a run."""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench.errors import DefinitionError, near_names
from qaugbench.experiment.arms import Arm
from qaugbench.experiment.control_arms import CONTROL_ARMS, ArmContext, OptionalArm
from qaugbench.experiment.optional_arms import OPTIONAL_ARMS
from qaugbench.predictions import Role

ALL = "all"
WORDS: dict[Role, str] = {
    "augmentation": "R+cm with {0} on top of the locked augmentation",
    "loss": "R+ with the class-balanced {0} loss",
}


def optional_arms() -> tuple[OptionalArm, ...]:
    """Return everything that ``--arm`` may name, in the order in which it is listed and run."""
    return (*map(_as_it_is, OPTIONAL_ARMS), *CONTROL_ARMS)


def check_arms(names: Sequence[str]) -> None:
    """Raise DefinitionError, with near names, for a name that ``--arm`` does not know, and for an argument to one without."""
    known = {arm.name: arm for arm in optional_arms()}
    for name in names:
        kind, colon, _ = name.partition(":")
        if kind not in (ALL, *known):
            raise DefinitionError(f"There is no arm {name!r} to add.{near_names(kind, (ALL, *known))}")
        if colon and (kind == ALL or known[kind].argument is None):
            raise DefinitionError(f"The arm {kind} takes nothing after a colon; given {name!r}.")


def choose_arms(names: Sequence[str], context: ArmContext) -> tuple[Arm, ...]:
    """Return the arms named, each once, in the order of the list; ``all`` stands for every arm that the run can have.

    Raises DefinitionError for an unknown name, a wrong argument, and an arm that this run cannot have, with the reason.
    """
    check_arms(names)
    chosen: dict[str, Arm] = {}
    for optional in optional_arms():
        given = [name.partition(":")[2] for name in names if name.partition(":")[0] == optional.name]
        reason = optional.impossible(context)
        if given and reason is not None:
            raise DefinitionError(f"This run cannot have the arm {optional.name}: {reason}.")
        if not given and ALL in names and reason is None:
            given = [""]
        for argument in given:
            for arm in optional.make(argument, context):
                chosen.setdefault(arm.info.id, arm)
    return tuple(chosen.values())


def left_out(names: Sequence[str], context: ArmContext) -> dict[str, str]:
    """Return which arms ``all`` leaves out of this run, and why."""
    reasons = {arm.name: arm.impossible(context) for arm in optional_arms()} if ALL in names else {}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _as_it_is(arm: Arm) -> OptionalArm:
    """Return the row of an arm that depends on nothing else in the run."""
    setting = arm.augment if arm.info.role == "augmentation" else arm.loss
    return OptionalArm(arm.info.id, WORDS[arm.info.role].format(setting), lambda argument, context: [arm])
