"""The influence of a generator's circuits on its images: after a trial fit, or as recorded in a run."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from qaugbench import definitions
from qaugbench.errors import DefinitionError, near_names
from qaugbench.experiment.influences import ReplicateInfluence, mean_influence
from qaugbench.generators.shared.block_influence import influence_differences
from qaugbench.generators.shared.image_difference import mean_difference
from qaugbench.generators.shared.model import Model
from qaugbench.inspection.trial_fit import tried
from qaugbench.record import BlockInfluence, Record

STEPS = 6
IMAGES = 24
SEED = 0


def trial_influence(name: str, *, track: str = "lite", task: str = "brainmri") -> BlockInfluence:
    """Return the influence after ``STEPS`` steps on random images, for the generator called ``name`` and its controls.

    Hardly anything is learned in so few steps, so this shows how the generator is built rather than what a run will find.
    """

    def fitted(control: str) -> Model:
        return tried(name, control=control, track=track, task=task, steps=STEPS)

    own = fitted("none")
    labels = np.eye(own.n_labels, dtype=np.float32)[np.arange(IMAGES) % own.n_labels]
    images = own.sample(labels, seed=SEED)
    controls = {
        control: mean_difference(images, fitted(control).sample(labels, seed=SEED))
        for control in definitions.generator_card(name).controls
    }
    counts = own.parameter_counts()
    differences = asdict(influence_differences(own, labels, seed=SEED))
    share = counts["block"] / max(counts["total"], 1)
    return mean_influence([ReplicateInfluence(**differences, controls=controls, parameter_share=share)])


def recorded_influence(record: Record, name: str) -> dict[str, BlockInfluence]:
    """Return the influence of the generator called ``name`` in a run, by fraction key.

    Raises:
        DefinitionError: the run has no influence of this generator.
    """
    found = {fraction: generators[name] for fraction, generators in record.influence.items() if name in generators}
    if not found:
        known = sorted({generator for generators in record.influence.values() for generator in generators})
        raise DefinitionError(
            f"The run {record.id} has no influence of circuits for {name!r}; it has one for: {', '.join(known) or 'none'}."
            f"{near_names(name, known)}"
        )
    return found
