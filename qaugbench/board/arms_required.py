"""Which arms an entry must have, and that every arm is what its name says: roles, controls, kinds and tiers of generators."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qaugbench import definitions
from qaugbench.augmentations import FURTHER
from qaugbench.cards import GeneratorCard
from qaugbench.errors import DefinitionError, first_offenders, shown
from qaugbench.kinds import CIRCUIT_SPACES, CONTROL_NAMES, Kind, is_quantum, still_runs_circuits
from qaugbench.predictions import ArmInfo, Role
from qaugbench.record import Record

REAL: dict[str, Role] = {
    "R": "real-only",
    "R+": "augmented",
    "R+cm": "compute-matched",
    "R+os": "oversampling",
    "O-real": "oracle",
}
"""What every run trains on real images, by the name of the arm."""
OPTIONAL: dict[str, Role] = {
    **{f"C-{name}": "augmentation" for name in FURTHER},
    "R+focal": "loss",
    "P-noise": "placebo",
    "R+dup": "duplicate",
    "copycat": "copycat",
    "O-true": "oracle-true",
}
NAMED: dict[str, Role] = {
    r"P-shuf:(?P<generator>.+)": "placebo",
    r"R\+lowres:\d{1,5}": "resolution",
    r"R\+rec:.+": "reconstruction",
}
"""Optional arms whose name says more, by pattern."""


def arm_faults(record: Record) -> Iterator[str]:
    """Yield which arms are missing, or are not what their name says, as sentences without a full stop."""
    by_id = {arm.id: arm for arm in record.arms}
    any_oracle = any(fraction.oracle for fraction in record.fractions)
    missing = [name for name in REAL if name not in by_id and (name != "O-real" or any_oracle)]
    if missing:
        yield f"the arms {first_offenders(missing)}, which every run has, are missing"
    for arm in record.arms:
        role = _role(arm, record) if arm.generator is None else None
        if arm.generator is None and arm.role != role:
            yield f"the arm {shown(arm.id)!r} has the role {arm.role!r}, and there is {_or_none(role)} of this name"
    for generator in dict.fromkeys(arm.generator for arm in record.arms if arm.generator is not None):
        yield from _generator(record, generator)
    yield from _influence(record)


def _or_none(role: Role | None) -> str:
    return "none" if role is None else f"the role {role!r}"


def _role(arm: ArmInfo, record: Record) -> Role | None:
    """Return the role that the name of an arm without a generator stands for."""
    if arm.id in REAL or arm.id in OPTIONAL:
        return REAL.get(arm.id) or OPTIONAL[arm.id]
    for pattern, role in NAMED.items():
        found = re.fullmatch(pattern, arm.id)
        if found is not None:
            shuffled = found.groupdict().get("generator")
            return role if shuffled is None or shuffled in {one.generator for one in record.arms} else None
    return None


def card_of(generator: str) -> GeneratorCard | None:
    """Return the facts of a listed generator by its name in a run; None for one of another package.

    >>> card_of("qldm").kind, card_of("folder:mine").kind, card_of("nobodys")
    ('hybrid', 'external', None)
    """
    name, _ = definitions.split_name(generator)
    try:
        family = name.partition(":")[0]
        if family not in definitions.names("baselines"):
            return None
        card = definitions.generator_card(name)
    except DefinitionError:
        return None
    takes_more = card.pretrained or card.kind == "external"
    return card if generator == name or takes_more else None


def _generator(record: Record, generator: str) -> Iterator[str]:
    own = [arm for arm in record.arms if arm.generator == generator and arm.execution is None]
    arms = {str(arm.control): arm for arm in own}
    if "none" not in arms:
        yield f"the controls of {shown(generator)!r} are there without it"
        return
    card = card_of(generator)
    if card is None:
        yield from _of_another_package(record, generator, arms)
        return
    missing = [name for name in card.controls if name not in arms]
    if missing:
        yield f"the controls {first_offenders(missing)} of {generator!r} are missing"
    unknown = sorted(set(arms) - {"none", *card.controls, *CONTROL_NAMES})
    if unknown:
        yield f"{generator!r} has no control {first_offenders(unknown)}"
    for arm in arms.values():
        kind = _kind(card, arm)
        if (arm.kind, arm.fidelity) != (kind, card.fidelity):
            yield f"the arm {arm.id!r} is said to be {arm.kind}, {shown(arm.fidelity)}; it is {kind}, {card.fidelity}"
        if arm.space_twin_of is not None and arm.space_twin_of != card.space_twin_of:
            yield f"the arm {arm.id!r} is no twin of {shown(arm.space_twin_of)!r} in its space"
    for facts in record.generators:
        if facts.id == generator and facts.fidelity != card.fidelity:
            yield f"the generator {generator!r} is said to be {shown(facts.fidelity)!r}; it is {card.fidelity!r}"
        if facts.id == generator and facts.package is not None:
            yield f"the generator {generator!r} is of this package, not of {shown(facts.package)}"


def _kind(card: GeneratorCard, arm: ArmInfo) -> Kind:
    """Return the kind of a generator's arm; one that was made before its space had circuits has that of its own circuits."""
    in_circuits = any((arm.space_arm or "").startswith(f"R+rec:{space}-") for space in CIRCUIT_SPACES)
    own: Kind = card.kind if still_runs_circuits(str(arm.control)) else "classical"
    return card.kind_under(str(arm.control)) if in_circuits else own


def _of_another_package(record: Record, generator: str, arms: dict[str, ArmInfo]) -> Iterator[str]:
    """Yield what cannot be so of a generator that this package does not have; its kind and tier are what its authors say."""
    packages = {facts.package for facts in record.generators if facts.id == generator}
    if None in packages:
        yield f"there is no generator {shown(generator)!r} in this release, and it names no package that brings it"
    like = [name for name in definitions.generator_names() if name.lower() == generator.lower()]
    if like:
        yield f"the generator {shown(generator)!r} can be taken for {like[0]!r}"
    unknown = sorted(set(arms) - {"none", *CONTROL_NAMES})
    if unknown:
        yield f"there is no control {first_offenders(unknown)}"
    if is_quantum(arms["none"].kind) and len(arms) == 1:
        yield f"{shown(generator)!r} is said to be {arms['none'].kind} and has no control beside it"
    if generator in REAL or generator in OPTIONAL:
        yield f"the generator {shown(generator)!r} has the name of another arm"


def _influence(record: Record) -> Iterator[str]:
    """Yield where it is not said how far the circuits of a generator reach its images, which decides what may be attributed."""
    failed = any(failure.stage in ("fit", "sample", "space", "influence") for failure in record.failures)
    for arm in record.arms:
        if arm.role == "synthetic" and is_quantum(arm.kind) and not failed:
            lacking = [one.key for one in record.fractions if arm.id not in record.influence.get(one.key, {})]
            if lacking:
                yield f"influence does not say how far the circuits of {arm.id!r} reach its images at {first_offenders(lacking)}"
