"""A study read back from its ``tuning.json``, of any version of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from qaugbench.errors import DefinitionError, EntryError, shown
from qaugbench.places import STUDY_FILE
from qaugbench.record import Outcome
from qaugbench.report.study_list import read_study
from qaugbench.search_space import Choices, Range, SearchSpace
from qaugbench.tuning.study import Study, StudyResult
from qaugbench.tuning.trial_result import TrialResult
from qaugbench.typed import from_dict


class _Objective(BaseModel):
    endpoint: str
    title: str
    n_images: int


class _Space(BaseModel):
    settings: dict[str, dict[str, Any]]
    default: dict[str, Any]


class _Design(BaseModel):
    seed: int
    space: _Space


class _Budget(BaseModel):
    trials: int
    replicates: int
    steps: int | None = None


class _Trial(BaseModel):
    trial: int
    settings: dict[str, Any]
    outcome: Outcome
    reason: str
    scores: list[float | None]
    seconds: float


class _Stored(BaseModel):
    variant: str
    task: str
    source: str
    source_sha256: str
    phantom: bool
    track: str
    fraction: str
    objective: _Objective
    design: _Design
    budget: _Budget
    trials: list[_Trial]


def stored_study(folder: Path) -> StudyResult:
    """Return the study in a folder; EntryError where its file does not hold one.

    What it recommends follows from its trials by the present rule, whatever an earlier version chose.
    """
    try:
        found = _Stored.model_validate(read_study(folder))
        return StudyResult(_study(found), tuple(map(_result, found.trials)))
    except (ValidationError, DefinitionError) as error:
        file = shown(folder / STUDY_FILE, None)
        raise EntryError(f"{file} holds no study that can be read: {shown(error, 200)}") from error


def _study(found: _Stored) -> Study:
    dimensions = {name: _dimension(facts, name) for name, facts in found.design.space.settings.items()}
    return Study(
        variant=found.variant,
        task=found.task,
        source=found.source,
        source_sha256=found.source_sha256,
        track=found.track,
        fraction=found.fraction,
        replicates=found.budget.replicates,
        trials=found.budget.trials,
        steps=found.budget.steps,
        endpoint=found.objective.endpoint,
        endpoint_title=found.objective.title,
        n_images=found.objective.n_images,
        phantom=found.phantom,
        design_seed=found.design.seed,
        space=SearchSpace(dimensions, found.design.space.default),
    )


def _dimension(facts: dict[str, Any], name: str) -> Range | Choices:
    return from_dict(Choices, facts, name) if "choices" in facts else from_dict(Range, facts, name)


def _result(trial: _Trial) -> TrialResult:
    return TrialResult(trial.trial, trial.settings, trial.outcome, trial.reason, tuple(trial.scores), trial.seconds)
