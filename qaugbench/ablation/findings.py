"""All that is concluded from a study, computed once, and the study as plain data with it: what ``noise.json`` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.ablation.needed import Need, collapses, needs
from qaugbench.ablation.study import StudyResult
from qaugbench.ablation.tolerance import Answer, answers
from qaugbench.stats.noise_curves import Collapse


@dataclass(frozen=True)
class Findings:
    """How much noise is stood, what devices would need, and by measure whether expected errors are one axis for all noise."""

    answers: Sequence[Answer]
    needs: Sequence[Need]
    collapses: Mapping[str, Collapse]


def findings(found: StudyResult) -> Findings:
    """Return what is concluded from a study; nothing before all its levels are done or with few replicates."""
    return Findings(answers(found), needs(found), collapses(found))


def study_data(found: StudyResult, concluded: Findings | None = None) -> dict[str, Any]:
    """Return the JSON form of a study, with what is ``concluded`` from it."""
    said = findings(found) if concluded is None else concluded
    return {
        **found.to_dict(),
        "tolerance": [one.to_dict() for one in said.answers],
        "needed": [one.to_dict() for one in said.needs],
        "collapse": {measure: {**asdict(one), "words": one.words} for measure, one in said.collapses.items()},
    }
