"""The cells of classifiers: each trained on the rows, seeds and fill images of an arm of a run.

They depend on cells of a run, and no cell of a run depends on them: images that a run drew are found, not drawn again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from qaugbench.classifier_cards import LINEAR
from qaugbench.experiment.arms import Arm, GeneratorChoice
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.classifier_choice import ClassifierChoice
from qaugbench.experiment.fingerprint import code_hash, libraries, module_hash
from qaugbench.experiment.replicate_cells import STAGES_CODE, ReplicateCells

STAGE = "classify"
TRAINING_CODE = "qaugbench.classifiers.training"
CONTROLS_CODE = "qaugbench.classifiers.controls"
STAGE_CODE = "qaugbench.experiment.classifier_stages"
BELOW = "below"


@dataclass(frozen=True)
class ClassifierCells:
    """Makes the cells of one replicate, whose run has ``builder``."""

    builder: ReplicateCells
    generators: Sequence[GeneratorChoice] = ()

    def train(self, choice: ClassifierChoice, control: str, arm: Arm) -> Cell:
        """Return the training of a classifier under a control on the images of ``arm``, in place of the recipe's."""
        recipes = self.builder.train(arm, self.generators)
        setting = self.builder.setting
        training, hyper = choice.card.split_settings(setting.track.name)
        needs = dict(recipes.needs)
        if choice.below and control != LINEAR:
            needs[BELOW] = self.train(choice, LINEAR, arm)
        kept = {name: recipes.key[name] for name in ("label_kind", "ratio", "fill", "seeds", "device")}
        weights = {name: recipes.key[name] for name in ("weights",) if name in recipes.key}
        key: dict[str, Any] = {
            **kept,
            **weights,
            "classifier": None
            if control == LINEAR
            else choice.card.id,  # of a plain last layer, only the training counts
            "control": control,
            "hyper": {} if control == LINEAR else hyper,
            "recipe": asdict(training.of(setting.track.recipe)),
            "loss": training.loss,
            "augment": training.augment,
            "code": [*map(module_hash, (*STAGES_CODE, STAGE_CODE)), code_hash(*_modules(choice, control))],
            "libraries": libraries(*_modules(choice, control)),
        }
        name = f"{choice.card.id}{'' if control == 'none' else f':{control}'}"
        place = replace(recipes.place, arm=name if arm.info.id == "R+" else f"{name} on {arm.info.id}")
        return Cell(STAGE, key, needs, place)


def _modules(choice: ClassifierChoice, control: str) -> tuple[str, ...]:
    """Return what a training's numbers depend on: those of a plain last layer not on the classifier's file."""
    return (TRAINING_CODE, CONTROLS_CODE) if control == LINEAR else (TRAINING_CODE, CONTROLS_CODE, choice.module)
