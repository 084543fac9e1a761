"""What in a record cannot be true together, whatever its predictions are: counts, arms and generators, plateau, influence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from statistics import fmean

from qaugbench.errors import first_offenders, shown
from qaugbench.image_facts import LatentGeometry
from qaugbench.kinds import is_classical, is_quantum, may_run_circuits
from qaugbench.predictions import REFERENCE_ROLES, ArmInfo, Role, fraction_key
from qaugbench.record import BlockInfluence, Plateau, Record
from qaugbench.task import PARTS

ONCE: tuple[Role, ...] = (
    "augmented",
    "compute-matched",
    "oversampling",
    "oracle",
    "duplicate",
    "copycat",
    "oracle-true",
)
"""Roles of which a run has one arm at most."""


def inconsistencies(record: Record) -> Iterator[str]:
    """Yield what of a record contradicts the rest of it, as sentences without a full stop."""
    yield from _texts(record)
    yield from _data(record)
    yield from _fractions(record)
    yield from _endpoints(record)
    yield from _arms(record)
    yield from _choices(record)
    yield from _generators(record)
    yield from _plateaus(record)
    yield from _influences(record)
    yield from _judged(record)
    yield from _geometries(record)
    yield from _noisy(record)
    yield from _failures(record)
    yield from _environment(record)


def _texts(record: Record) -> Iterator[str]:
    """Yield the texts that boards print on one line and that are empty or have more than one."""
    texts = {
        "title": [record.title],
        "question": [record.question],
        "board": [record.board.task, record.board.source, record.board.track],
        "labels": [*record.labels.names, *record.labels.titles],
        "endpoints": [text for endpoint in record.endpoints for text in (endpoint.id, endpoint.title)],
        "arms": [arm.id for arm in record.arms],
        "data.split_how": [record.data.split_how],
        "fractions": [fraction.reason for fraction in record.fractions if fraction.reason is not None],
        "departures": record.departures,
        "plateau_skipped": [] if record.plateau_skipped is None else [record.plateau_skipped],
    }
    for where, found in texts.items():
        wrong = [text for text in found if not text or not text.isprintable()]
        if wrong:
            yield f"{where} holds an empty text, or one with line breaks or control characters: {first_offenders(map(repr, wrong))}"


def _data(record: Record) -> Iterator[str]:
    data = record.data
    for what, counts in (("n_images", data.n_images), ("n_groups", data.n_groups)):
        if set(counts) != set(PARTS):
            yield f"data.{what} has the parts {first_offenders(sorted(counts))}, not {', '.join(PARTS)}"
            return
    for part in PARTS:
        if data.n_groups[part] > data.n_images[part]:
            yield f"data.n_groups.{part} is {data.n_groups[part]:,}, more than its {data.n_images[part]:,} images"
    if data.leaky != (data.crossing_groups > 0):
        yield f"data.leaky is {data.leaky} although {data.crossing_groups:,} groups are in more than one part"
    yield from _class_counts(record)


def _class_counts(record: Record) -> Iterator[str]:
    counts, n_images = record.data.class_counts, record.data.n_images
    if set(counts) != set(record.labels.names):
        yield f"data.class_counts has the classes {first_offenders(sorted(counts))}, which are not those of the labels"
        return
    for name, parts in counts.items():
        if set(parts) != set(PARTS) or any(parts[part] > n_images[part] for part in PARTS):
            yield f"data.class_counts.{shown(name)} lacks a part, or has more images than there are"
            return
    if record.labels.kind != "multilabel":
        for part in PARTS:
            total = sum(parts[part] for parts in counts.values())
            if total != n_images[part]:
                yield f"data.class_counts has {total:,} {part} images in all, data.n_images {n_images[part]:,}"


def _fractions(record: Record) -> Iterator[str]:
    for fraction in record.fractions:
        where = f"fractions {shown(fraction.key)}"
        if not (0 < fraction.requested <= 1 and 0 < fraction.used <= 1) or fraction_key(fraction.used) != fraction.key:
            yield f"{where}: requested {fraction.requested:g} and used {fraction.used:g} do not fit its key"
        if fraction.n_real > record.data.n_images.get("train", 0):
            yield f"{where}: n_real is {fraction.n_real:,}, more than the training images"
        if fraction.n_oracle is not None and not int(fraction.oracle) <= fraction.n_oracle <= fraction.n_fill:
            yield f"{where}: n_oracle is {fraction.n_oracle:,}, which does not fit oracle and n_fill"
        if fraction.oracle and fraction.used == 1:
            yield f"{where}: an oracle arm needs further training images, and all of them are used"


def _endpoints(record: Record) -> Iterator[str]:
    for endpoint in record.endpoints:
        if endpoint.margin is not None and not 0 < endpoint.margin < 1:
            yield f"the endpoint {shown(endpoint.id)!r} has a margin of {endpoint.margin:g}, not one between 0 and 1"
        if len(set(endpoint.classes)) != len(endpoint.classes):
            yield f"the endpoint {shown(endpoint.id)!r} has a class twice"


def _arms(record: Record) -> Iterator[str]:
    roles = Counter(arm.role for arm in record.arms)
    for role in ONCE:
        if roles[role] > 1:
            yield f"{roles[role]} arms have the role {role!r}; a run has one"
    for arm in record.arms:
        if not _named_well(arm):
            yield (
                f"the arm {shown(arm.id)!r} does not fit its role {arm.role!r}, generator {shown(arm.generator)} and control "
                f"{shown(arm.control)}"
            )

    spaces = {arm.id for arm in record.arms if arm.role == "reconstruction"}
    for arm in record.arms:
        if arm.space_arm is not None and (arm.generator is None or arm.space_arm not in spaces):
            yield f"the arm {shown(arm.id)!r} names {shown(arm.space_arm)!r} as the arm of its space, which it is not"
        if arm.space_twin_of is not None and not (arm.generator or "").startswith(f"{arm.space_twin_of}:"):
            yield f"the arm {shown(arm.id)!r} is no variant of {shown(arm.space_twin_of)!r}, whose space's twin it is said to have"


def _choices(record: Record) -> Iterator[str]:
    """Yield what was chosen on validation and could not have been."""
    keys = [fraction.key for fraction in record.fractions]
    if record.choices and set(record.choices) != set(keys):
        yield f"choices has the fractions {first_offenders(sorted(record.choices))}, not {first_offenders(keys)}"
    real = {arm.id for arm in record.arms if arm.role in REFERENCE_ROLES}
    classical = {arm.id for arm in record.arms if arm.role == "synthetic" and is_classical(arm.kind)}
    for key, choice in record.choices.items():
        reference = choice.reference.arm
        for what, chosen, eligible in (
            ("reference", choice.reference, real),
            ("best classical arm", choice.best_classical, classical | ({reference} & real)),
        ):
            candidates = {*chosen.validation_means, *({chosen.arm} - {None})}
            if chosen.endpoint != record.endpoints[0].id or not candidates <= eligible:
                yield f"choices {shown(key)}: the {what} was chosen among arms, or by an endpoint, that do not decide it"


def _named_well(arm: ArmInfo) -> bool:
    if arm.generator is None:
        return arm.control is None and arm.kind is None
    if arm.role == "synthetic":
        return arm.control == "none" and arm.id == arm.generator
    if arm.role == "noisy":
        return arm.control == "none" and arm.id == f"{arm.generator}@{arm.execution}"
    return arm.control not in (None, "none") and arm.id == f"{arm.generator}:{arm.control}"


def _generators(record: Record) -> Iterator[str]:
    stated = [(facts.id, facts.control, facts.kind) for facts in record.generators]
    fitted = [arm for arm in record.arms if arm.generator is not None and arm.execution is None]
    arms = [(str(arm.generator), str(arm.control), str(arm.kind)) for arm in fitted]
    different = sorted(set(stated) ^ set(arms)) or [one for one, times in Counter(stated).items() if times > 1]
    if different:
        yield f"generators and arms differ in {first_offenders(' '.join(one) for one in different)} (generator, control, kind)"
    for facts in record.generators:
        if any(number < 0 for number in facts.parameters.values()):
            yield f"the generator {shown(facts.id)!r} has a negative number of parameters"


def _plateaus(record: Record) -> Iterator[str]:
    keys = {fraction.key for fraction in record.fractions}
    arms = {arm.id for arm in record.arms}
    for found in record.plateau:
        where = f"plateau at {shown(found.fraction)}"
        if found.fraction not in keys or not 0 <= found.replicate < record.replicates or not set(found.gains) <= arms:
            yield f"{where}: the run has no such fraction, replicate or arm"
        elif not _adds_up(found):
            yield f"{where}: gain, limit and climbs do not follow from its gains"


def _adds_up(found: Plateau) -> bool:
    if found.steps < 1 or not found.gains or found.limit <= 0:
        return False
    gains = list(found.gains.values())
    climbs = min(gains) > 0 and found.gain > found.limit
    return math.isclose(fmean(gains), found.gain, rel_tol=1e-9, abs_tol=1e-12) and found.climbs == climbs


def _influences(record: Record) -> Iterator[str]:
    keys = {fraction.key for fraction in record.fractions}
    controls: dict[str, set[str]] = {
        arm.id: set() for arm in record.arms if arm.role == "synthetic" and may_run_circuits(arm.kind)
    }
    for arm in record.arms:
        if arm.role == "control" and arm.generator in controls:
            controls[arm.generator].add(str(arm.control))
    for key, generators in record.influence.items():
        for name, found in generators.items():
            where = f"influence.{shown(key)}.{shown(name)}"
            if key not in keys or name not in controls:
                yield f"{where}: the run has no such fraction, or no such generator with circuits"
            elif not set(found.controls) <= controls[name]:
                yield f"{where}: the run has not all of its controls: {first_offenders(sorted(found.controls))}"
            elif not _possible(found, record.replicates):
                yield f"{where} holds a number that no measurement gives"


def _possible(found: BlockInfluence, replicates: int) -> bool:
    changes = [found.seed_difference, *found.controls.values(), found.mean_replaced, found.noise_replaced]
    changes += [found.space_mean_replaced, found.space_noise_replaced]
    return (
        all(change is None or change >= 0 for change in changes)
        and found.seed_difference <= 255
        and 0 <= found.parameter_share <= 1
        and found.n_images >= 1
        and 1 <= found.n_replicates <= replicates
    )


def _judged(record: Record) -> Iterator[str]:
    known = {fraction.key for fraction in record.fractions}, {endpoint.id for endpoint in record.endpoints}
    arms = {arm.id for arm in record.arms if arm.generator is not None}
    for key, groups in record.judged.items():
        for group, counted in groups.items():
            where = f"judged.{shown(key)}.{shown(group)}"
            if key not in known[0] or f"auroc_{group}" not in known[1] or not set(counted) <= arms:
                yield f"{where}: the run has no such fraction, group of classes, or generator: {first_offenders(sorted(counted))}"
            for arm, counts in counted.items():
                replicates = [one.replicate for one in counts]
                if len(set(replicates)) != len(replicates) or max(replicates, default=0) >= record.replicates:
                    yield f"{where}: {shown(arm)} has counts of replicates that the run did not have, or some twice"


def _geometries(record: Record) -> Iterator[str]:
    keys = {fraction.key for fraction in record.fractions}
    variants = {arm.id for arm in record.arms if arm.generator is not None and arm.execution is None}
    for key, found in record.geometry.items():
        for name, one in found.items():
            where = f"geometry.{shown(key)}.{shown(name)}"
            if key not in keys or name not in variants:
                yield f"{where}: the run has no such fraction, or no such generator or control"
            elif not _countable(one):
                yield f"{where} holds a number that no Jacobian gives"


def _noisy(record: Record) -> Iterator[str]:
    """Yield what is said of noisy drawing and of no arm of the run, and arms whose exact drawing is not there."""
    keys = {fraction.key for fraction in record.fractions}
    noisy = {arm.id: arm for arm in record.arms if arm.role == "noisy"}
    exact = {arm.generator: arm for arm in record.arms if arm.role == "synthetic"}
    unused = sorted(set(record.executions) - {str(arm.execution) for arm in noisy.values()})
    if unused:
        yield f"executions has {first_offenders(unused)}, on which no arm was drawn"
    for arm in noisy.values():
        own = exact.get(arm.generator)
        same = own is not None and all(
            getattr(own, name) == getattr(arm, name) for name in ("kind", "fidelity", "space_arm")
        )
        if not same:
            yield f"the arm {shown(arm.id)!r} is not the generator {shown(arm.generator)!r}, or that is not there"
        if not is_quantum(arm.kind):
            yield f"the arm {shown(arm.id)!r} was drawn with noisy circuits, and is {arm.kind}"
    for key, found in record.noisy.items():
        for name, one in found.items():
            if key not in keys or name not in noisy or one.n_replicates > record.replicates:
                yield f"noisy.{shown(key)}.{shown(name)}: the run has no such fraction, arm or number of replicates"


def _countable(found: LatentGeometry) -> bool:
    if found.effective_rank is None or found.participation_ratio is None or found.first_share is None:
        return found.effective_rank is None and found.reason is not None
    most = found.directions or 0
    tolerance = 1e-6
    return (
        1 <= most <= (found.dimension or 0)
        and all(1 - tolerance <= rank <= most + tolerance for rank in (found.effective_rank, found.participation_ratio))
        and 1 / most - tolerance <= found.first_share <= 1 + tolerance
    )


def _failures(record: Record) -> Iterator[str]:
    known: Mapping[str, set[str | None]] = {
        "arm": {None, *(arm.id for arm in record.arms)},
        "fraction": {None, *(fraction.key for fraction in record.fractions)},
    }
    for failure in record.failures:
        replicate = failure.replicate
        if failure.outcome == "ok":
            yield f"the failed cell {shown(failure.name)!r} has the outcome 'ok'"
        elif (
            failure.arm not in known["arm"]
            or failure.fraction not in known["fraction"]
            or (replicate is not None and not 0 <= replicate < record.replicates)
        ):
            yield f"a cell failed that the run did not have: {shown(failure.stage)} {shown(failure.name)}"


def _environment(record: Record) -> Iterator[str]:
    try:
        datetime.fromisoformat(record.environment.created)
    except ValueError:
        yield f"environment.created is {shown(record.environment.created)!r}, not a time such as 2026-01-31T12:00:00+00:00"
    for stage, cost in record.cost.items():
        if not 0 <= cost.computed_now <= cost.cells or min(cost.wall_s, cost.cpu_s, cost.peak_memory_mb) < 0:
            yield f"cost.{shown(stage)} holds a number that no run has"
