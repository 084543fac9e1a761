"""Whether a folder of images has what a run will draw from it, found out before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from qaugbench.datasets.labels_csv import LabelNames
from qaugbench.datasets.prepared import PreparedData
from qaugbench.errors import DataError, first_offenders
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.replicate import replicate_rows


def asked_label_vectors(plan: Plan) -> np.ndarray:
    """Return the different label vectors [n, n_labels] of which the replicates of a run draw images, in sorted order."""
    return np.unique(np.concatenate(list(_drawn(plan))), axis=0)


def _drawn(plan: Plan) -> Iterator[np.ndarray]:
    setting, source = plan.setting, plan.source
    for fraction in plan.fractions:
        for replicate in range(plan.replicates):
            streams = setting.streams(fraction.used, replicate)
            rows = replicate_rows(
                source.prepared.labels,
                source.prepared.identity.groups,
                source.split.train,
                setting.draw(fraction.used),
                subset=streams.subset,
                synthetic_labels=streams.synthetic_labels,
            )
            yield np.unique(source.prepared.labels[rows.drawn], axis=0)


def refuse_unusable(
    path: Path, external: PreparedData, unreadable: Sequence[str], asked: np.ndarray, labels: LabelNames
) -> None:
    """Raise DataError with everything that keeps a run from drawing images of the folder at ``path``; else return.

    ``unreadable`` are its files that cannot be read, with the reason, and ``asked`` the label vectors that are drawn.
    """
    present = {tuple(vector) for vector in external.labels.tolist()}
    lacking = [_named(vector, labels) for vector in asked.tolist() if tuple(vector) not in present]
    problems = []
    if unreadable:
        problems.append(
            f"{len(unreadable)} of {len(external)} images cannot be read: {first_offenders(unreadable)}. Replace these files, or "
            "remove their rows from labels.csv."
        )
    if lacking:
        what = "combinations of labels" if labels.kind == "multilabel" else "classes"
        problems.append(
            f"There is no image for {len(lacking)} of the {len(asked)} {what} that this run draws: {first_offenders(lacking)}. Add "
            "images that have exactly these labels."
        )
    if problems:
        raise DataError(f"{path} cannot be scored. {' '.join(problems)}")


def _named(vector: Sequence[float], labels: LabelNames) -> str:
    names = [name for name, present in zip(labels.names, vector, strict=True) if present]
    return " + ".join(names) if names else "no finding"
