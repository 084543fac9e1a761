"""From finished cells to what a run leaves: predictions, record, curves and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from qaugbench.datasets.subgroups import subgroups
from qaugbench.experiment.appraisals import appraisals, geometries
from qaugbench.experiment.arms import Arm, variant_name
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.fingerprint import code_hash, recipe_hash
from qaugbench.experiment.fits import fit_summaries
from qaugbench.experiment.influences import influences
from qaugbench.experiment.judged import judged, with_rates
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.plateau import plateaus
from qaugbench.experiment.store import Store
from qaugbench.formatting import count
from qaugbench.plugins import package_of
from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.record import (
    UNSCORED,
    Board,
    CellOutcome,
    Environment,
    GeneratorFacts,
    LabelFacts,
    Plateau,
    Record,
    StageCost,
)
from qaugbench.stats.choices import choose
from qaugbench.stats.results import Choice
from qaugbench.task import Endpoint, canonical_hash, learnable_endpoints, tail_endpoints

PICTURES_PER_CLASS = 6
Reports = Mapping[str, CellReport]


def run_arms(plan: Plan) -> tuple[Arm, ...]:
    """Return the arms that have a cell at any fraction (the oracle has none at 100 %)."""
    planned = {arm for arm, _, _ in plan.train_cells}
    return tuple(arm for arm in plan.arms if arm.info.id in planned)


def predictions(plan: Plan, store: Store, reports: Reports) -> PredictionSet:
    """Return every logit of a run; NaN where an arm has no cell or its cell failed. No test image where these are withheld."""
    split, data, ids = plan.source.split, plan.source.prepared, np.array(plan.source.image_ids)
    arms = tuple(arm.info.id for arm in run_arms(plan))
    told = subgroups(data)
    found = PredictionSet(
        arms=arms,
        test_ids=ids[split.test],
        test_labels=data.labels[split.test].astype(np.uint8),
        test_groups=data.groups[split.test],
        val_ids=ids[split.val],
        val_labels=data.labels[split.val].astype(np.uint8),
        val_groups=data.groups[split.val],
        fractions={
            fraction.key: _fraction_logits(plan, store, reports, arms, fraction.key) for fraction in plan.fractions
        },
        test_subgroups={column: names[split.test] for column, names in told.items()},
        val_subgroups={column: names[split.val] for column, names in told.items()},
    )
    return found.without_test() if plan.setting.withhold_test else found


def _fraction_logits(plan: Plan, store: Store, reports: Reports, arms: Sequence[str], key: str) -> FractionPredictions:
    logits = {}
    for part in ("test", "val"):
        computed = part == "val" or not plan.setting.withhold_test
        shape = (len(arms), plan.replicates, len(getattr(plan.source.split, part)), len(plan.task.labels))
        logits[part] = np.full(shape, np.nan, dtype=np.float32)
        for (arm, fraction, replicate), cell in plan.train_cells.items():
            if computed and fraction == key and reports[cell.name].outcome == "ok":
                logits[part][arms.index(arm), replicate] = store.array("train", cell.name, f"{part}_logits")
    return FractionPredictions(test_logits=logits["test"], val_logits=logits["val"])


def endpoints(plan: Plan) -> tuple[Endpoint, ...]:
    """Return the task's endpoints with head, medium and tail as the training counts of this source make them.

    A class without one training image is in no mean over classes: no classifier can have learnt it.
    """
    counts = plan.source.prepared.labels[plan.source.split.train].sum(axis=0)
    training_counts = {name: int(count) for name, count in zip(plan.task.labels.names, counts, strict=True)}
    return learnable_endpoints((*plan.task.endpoints, *tail_endpoints(plan.task, training_counts)), training_counts)


def choices(plan: Plan, predicted: PredictionSet) -> dict[str, Choice]:
    """Return R* and the best classical arm of a run by fraction, chosen on its validation predictions."""
    arms, labels = [arm.info for arm in run_arms(plan)], plan.task.labels
    return choose(predicted, arms, endpoints(plan)[0], labels.kind, labels.names)


def record(
    plan: Plan,
    store: Store,
    reports: Reports,
    environment: Environment,
    *,
    run_id: str,
    chosen: Mapping[str, Choice],
    predictions_sha256: str,
    plateau_skipped: str | None,
    command: str,
) -> Record:
    """Return the record of a run with what was chosen on validation, and without scores."""
    arms: list[ArmInfo] = [arm.info for arm in run_arms(plan)]
    scored = endpoints(plan)
    labels = plan.task.labels
    influence, counted = influences(plan, store, reports), judged(plan, store, reports)
    return Record(
        id=run_id,
        board=Board(task=plan.task.name, source=plan.source.facts.source, track=plan.track.name),
        title=plan.task.title,
        question=plan.task.question,
        labels=LabelFacts(kind=labels.kind, names=list(labels.names), titles=list(labels.titles)),
        endpoints=list(scored),
        arms=arms,
        fractions=list(plan.fractions),
        replicates=plan.replicates,
        image_size=plan.track.image_size,
        recipe_name=plan.setting.recipe,
        recipe=asdict(plan.track.recipe),
        generators=_generator_facts(plan, store, reports),
        data=plan.source.facts,
        task_sha256=canonical_hash(plan.task.track_identity(plan.track.name)),
        recipe_sha256=recipe_hash(),
        config_sha256=plan.config_sha256,
        predictions_sha256=predictions_sha256,
        environment=environment,
        cost=_costs(plan, store, reports),
        failures=_failures(reports),
        departures=departures(plan),
        plateau=_plateaus(plan, store, reports),
        plateau_skipped=plateau_skipped,
        influence=influence,
        fits=fit_summaries(plan, store, reports),
        appraisals=with_rates(appraisals(plan, store, reports), counted),
        judged=counted,
        geometry=geometries(plan, store, reports),
        **_noise(plan, store, reports),
        choices=dict(chosen),
        test_withheld=plan.setting.withhold_test,
        command=command,
        scores=UNSCORED,
    )


def _noise(plan: Plan, store: Store, reports: Reports) -> dict[str, Any]:
    """Return what a record says of noisy drawing; nothing where nothing was drawn so, and then nothing is imported for it."""
    if not plan.executions:
        return {}
    from qaugbench.experiment.noisy_drawings import execution_facts, noisy_drawings

    return {"executions": execution_facts(plan), "noisy": noisy_drawings(plan, store, reports)}


def departures(plan: Plan) -> list[str]:
    """Return in words everything that is not the track's own."""
    found = []
    if plan.replicates != plan.track.replicates:
        found.append(f"{count(plan.replicates, 'replicate')} instead of the {plan.track.replicates} of the track")
    if set(plan.requested) != set(plan.track.fractions):
        found.append("fractions other than those of the track")
    if plan.setting.recipe != "A":
        found.append(f"recipe {plan.setting.recipe} instead of the recipe of the track")
    if plan.source.split.name.startswith("fold:"):
        found.append(f"{plan.source.split.name} as its split, one of several that belong together")
    if plan.setting.fill_ratio != plan.task.ratio:
        ratio, own = plan.setting.fill_ratio, plan.task.ratio
        found.append(f"{ratio:g} images in the further slots per real one instead of the {own:g} of the task")
    if plan.setting.withhold_test:
        found.append("its test scores withheld (--no-test)")
    return found


def _plateaus(plan: Plan, store: Store, reports: Reports) -> list[Plateau]:
    margin = plan.task.endpoints[0].margin
    if margin is None:
        return []
    return plateaus(
        plan.train_cells, plan.plateau_cells, store, lambda cell: reports[cell.name].outcome == "ok", margin
    )


def _generator_facts(plan: Plan, store: Store, reports: Reports) -> list[GeneratorFacts]:
    facts = []
    for choice in plan.generators:
        card = choice.card
        for control in ("none", *card.controls):
            arm = next(arm for arm in plan.arms if arm.info.id == variant_name(card.id, control))
            parameters: dict[str, int] = next(
                (
                    store.meta("fit", cell.name)["facts"]["parameters"]
                    for cell in _cells_of(plan, arm.info.id, "fit")
                    if reports[cell.name].outcome == "ok"
                ),
                {},
            )
            facts.append(
                GeneratorFacts(
                    id=card.id,
                    control=control,
                    kind=str(arm.info.kind),
                    fidelity=card.fidelity,
                    settings=card.settings(plan.track.name),
                    parameters=parameters,
                    citation=card.citation.text if card.citation else "",
                    deviations=list(card.disclosed),
                    code_sha256=code_hash(choice.module),
                    package=package_of(choice.module),
                )
            )
    return facts


def _cells_of(plan: Plan, arm: str, stage: str) -> list[Cell]:
    """Return the cells of one stage that an arm's training cells need, replicate by replicate."""
    found: dict[str, Cell] = {}
    for (name, _, _), cell in plan.train_cells.items():
        if name == arm:
            _collect(cell, stage, found)
    return list(found.values())


def _collect(cell: Cell, stage: str, found: dict[str, Cell]) -> None:
    if cell.stage == stage:
        found.setdefault(cell.name, cell)
    for needed in cell.needs.values():
        _collect(needed, stage, found)


def _costs(plan: Plan, store: Store, reports: Reports) -> dict[str, StageCost]:
    costs: dict[str, list[tuple[dict[str, Any], bool]]] = {}
    for cell in plan.cells:
        if reports[cell.name].outcome == "ok":
            costs.setdefault(cell.stage, []).append((store.meta(cell.stage, cell.name), reports[cell.name].computed))
    return {
        stage: StageCost(
            cells=len(metas),
            computed_now=sum(computed for _, computed in metas),
            wall_s=round(sum(meta["wall_s"] for meta, _ in metas), 3),
            cpu_s=round(sum(meta["cpu_s"] for meta, _ in metas), 3),
            peak_memory_mb=max(meta["peak_memory_mb"] for meta, _ in metas),
        )
        for stage, metas in costs.items()
    }


def _failures(reports: Reports) -> list[CellOutcome]:
    return [
        CellOutcome(
            stage=done.cell.stage,
            name=done.cell.label,
            arm=done.cell.place.arm,
            fraction=done.cell.place.fraction,
            replicate=done.cell.place.replicate,
            outcome=done.outcome,
            reason=done.reason,
        )
        for done in reports.values()
        if done.outcome != "ok"
    ]


def curves(plan: Plan, store: Store, reports: Reports) -> dict[str, Any]:
    """Return the training curves of every classifier and generator, as ``curves.json`` holds them."""
    classifier, generator = [], []
    made = {arm.info.id for arm in plan.arms if arm.info.generator is not None and arm.execution is None}
    for (arm, fraction, replicate), cell in plan.train_cells.items():
        where = {"fraction": fraction, "replicate": replicate}
        if reports[cell.name].outcome == "ok":
            classifier.append({"arm": arm, **where, "points": json.loads(store.read("train", cell.name, "curve.json"))})
        fits: dict[str, Cell] = {}
        if arm in made:
            _collect(cell, "fit", fits)
        for fit in fits.values():
            if reports[fit.name].outcome == "ok":
                generator.append(
                    {"variant": arm, **where, "points": json.loads(store.read("fit", fit.name, "curve.json"))}
                )
    return {"classifier": classifier, "generator": generator}


def pictures(plan: Plan, store: Store, reports: Reports) -> dict[str, np.ndarray]:
    """Return a few real and synthetic images per class of the first fraction and replicate, as ``samples.npz`` holds them."""
    fraction = plan.fractions[0]
    first = {
        arm: cell for (arm, key, replicate), cell in plan.train_cells.items() if key == fraction.key and replicate == 0
    }
    cell = first["R+"]
    found: dict[str, np.ndarray] = {}
    if reports[cell.needs["draw"].name].outcome != "ok":
        return found
    real = store.array("draw", cell.needs["draw"].name, "real")
    images = store.array("prepare", cell.needs["prepare"].name, "images", mapped=True)
    _by_class(found, plan, "real", np.asarray(images[real]), plan.source.prepared.labels[real])
    for arm, train in first.items():
        sample = train.needs.get("sample")
        if sample is not None and reports[sample.name].outcome == "ok":
            images, labels = store.array("sample", sample.name, "images"), store.array("sample", sample.name, "labels")
            _by_class(found, plan, arm, images, labels)
    return found


def _by_class(found: dict[str, np.ndarray], plan: Plan, row: str, images: np.ndarray, labels: np.ndarray) -> None:
    classes: list[tuple[str, np.ndarray]] = [(name, labels[:, k] > 0) for k, name in enumerate(plan.task.labels.names)]
    if plan.task.labels.kind == "multilabel":
        classes.append(("none", np.asarray(~labels.any(axis=1))))
    for name, member in classes:
        chosen = np.flatnonzero(member)[:PICTURES_PER_CLASS]
        if len(chosen):
            found[f"{row}/{name}"] = images[chosen]
