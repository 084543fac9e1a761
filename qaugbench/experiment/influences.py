"""How far each generator's circuits reach its images, from the finished cells of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.store import Store
from qaugbench.generators.shared.image_difference import mean_difference
from qaugbench.record import BlockInfluence


@dataclass(frozen=True)
class ReplicateInfluence:
    """What was measured in one replicate: mean differences of images in grey levels of 255; None where there is none."""

    other_seed: float
    mean_replaced: float | None
    noise_replaced: float | None
    controls: Mapping[str, float]
    parameter_share: float
    n_images: int
    space_mean_replaced: float | None = None
    space_noise_replaced: float | None = None


def influences(plan: Plan, store: Store, reports: Mapping[str, CellReport]) -> dict[str, dict[str, BlockInfluence]]:
    """Return the influence of each quantum or hybrid generator's circuits, by fraction key and generator.

    Means over the replicates whose cell succeeded; a generator without any is left out.
    """
    measured: dict[str, dict[str, list[ReplicateInfluence]]] = {}
    for (generator, fraction, replicate), cell in plan.influence_cells.items():
        if reports[cell.name].outcome == "ok":
            samples = _samples_of_controls(plan, reports, generator, fraction, replicate)
            measured.setdefault(fraction, {}).setdefault(generator, []).append(_measured(cell, samples, store))
    return {
        fraction: {generator: mean_influence(found) for generator, found in generators.items()}
        for fraction, generators in measured.items()
    }


def mean_influence(replicates: Sequence[ReplicateInfluence]) -> BlockInfluence:
    """Return the means over ``replicates``; each is relative to the mean over those in which it was measured itself."""
    other_seed = [found.other_seed for found in replicates]
    names = dict.fromkeys(name for found in replicates for name in found.controls)
    controls = {name: _relative([found.controls.get(name) for found in replicates], other_seed) for name in names}
    return BlockInfluence(
        seed_difference=fmean(other_seed),
        controls={name: change for name, change in controls.items() if change is not None},
        mean_replaced=_relative([found.mean_replaced for found in replicates], other_seed),
        noise_replaced=_relative([found.noise_replaced for found in replicates], other_seed),
        space_mean_replaced=_relative([found.space_mean_replaced for found in replicates], other_seed),
        space_noise_replaced=_relative([found.space_noise_replaced for found in replicates], other_seed),
        parameter_share=fmean(found.parameter_share for found in replicates),
        n_images=min(found.n_images for found in replicates),
        n_replicates=len(replicates),
    )


def _relative(differences: Sequence[float | None], other_seed: Sequence[float]) -> float | None:
    known = [(found, whole) for found, whole in zip(differences, other_seed, strict=True) if found is not None]
    whole = sum(whole for _, whole in known)
    return None if whole == 0 else sum(found for found, _ in known) / whole


def _samples_of_controls(
    plan: Plan, reports: Mapping[str, CellReport], generator: str, fraction: str, replicate: int
) -> dict[str, str]:
    """Return the names of the cells that hold the controls' samples of a replicate, by control; failed ones are left out."""
    arms = [arm.info for arm in plan.arms if arm.info.role == "control" and arm.info.generator == generator]
    cells = {str(arm.control): plan.train_cells[arm.id, fraction, replicate].needs["sample"] for arm in arms}
    return {control: cell.name for control, cell in cells.items() if reports[cell.name].outcome == "ok"}


def _measured(cell: Cell, samples_of_controls: Mapping[str, str], store: Store) -> ReplicateInfluence:
    facts = store.meta("influence", cell.name)["facts"]
    parameters = store.meta("fit", cell.needs["fit"].name)["facts"]["parameters"]

    def sampled(name: str) -> np.ndarray:
        return store.array("sample", name, "images", mapped=True)[: facts["n_images"]]

    own = sampled(cell.needs["sample"].name)
    return ReplicateInfluence(
        **facts,
        controls={control: mean_difference(own, sampled(name)) for control, name in samples_of_controls.items()},
        parameter_share=parameters["block"] / max(parameters["total"], 1),
    )
