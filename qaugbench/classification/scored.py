"""From finished trainings to everything that a comparison states."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qaugbench.classification import compare
from qaugbench.classification.judged import judged
from qaugbench.classification.planned import Compared, PreparedComparison
from qaugbench.classification.results import PLAIN_ARM, RECIPE, ClassifierBoard, Comparison, Gain, Row
from qaugbench.experiment import assemble
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.store import Store
from qaugbench.kinds import FIDELITY_WORDS
from qaugbench.predictions import FractionPredictions, PredictionSet
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.metric_on_images import Images

Reports = Mapping[str, CellReport]
EXPLORATORY = (
    "Exploratory: the locked recipe alone decides a board of generators; no verdict rests on this comparison, and numbers under "
    "different classifiers are never pooled."
)


class Scoring:
    """The finished trainings of a comparison, read from the store as they are asked for."""

    def __init__(self, found: PreparedComparison, store: Store, reports: Reports) -> None:
        self.found, self.store, self.reports = found, store, reports
        self.plan = found.plan
        split, data, labels = self.plan.source.split, self.plan.source.prepared, self.plan.task.labels
        self.images, self.validation = (
            Images(data.labels[rows].astype("uint8"), data.groups[rows], labels.names, labels.kind)
            for rows in (split.test, split.val)
        )

    def comparison(self, predictions: PredictionSet) -> Comparison:
        """Return everything that is stated, given the predictions of the trainings."""
        plan = self.plan
        endpoint = assemble.endpoints(plan)[0]
        keys = [fraction.key for fraction in plan.fractions]
        choices = {one.choice.card.id: one.choice.card for one in self.found.compared}
        asked = Comparison(
            task=plan.task.name,
            source=plan.source.facts.source,
            source_sha256=plan.source.facts.manifest_sha256,
            phantom=plan.source.facts.phantom,
            track=plan.track.name,
            replicates=plan.replicates,
            endpoint=endpoint.id,
            endpoint_title=endpoint.title,
            n_test_images=0,
            n_test_patients=0,
            command=self.found.request.command,
            recipe={key: _row(RECIPE, RECIPE, "none", "classical", {}, self._course([], key)) for key in keys},
            boards=tuple(self._board(name, key) for name in choices for key in keys),
            against_each_other={},
            gains={key: tuple(self._asked_gains()) for key in keys} if self.found.crossed else {},
            disclosed={
                name: (f"{card.title} is {FIDELITY_WORDS[card.fidelity]}.", *card.disclosed)
                for name, card in choices.items()
            },
            citations={name: card.citation.text for name, card in choices.items() if card.citation is not None},
            notes=tuple(self._notes()),
            failures=tuple(
                f"{done.cell.stage} {done.cell.label}: {done.outcome}: {done.reason}"
                for done in self.reports.values()
                if done.outcome != "ok"
            ),
            label_kind=plan.task.labels.kind,
            class_names=plan.task.labels.names,
            decided_by=(endpoint,),
        )
        return judged(asked, [predictions])

    def predictions(self) -> PredictionSet:
        """Return the logits of every training, by classifier, and by classifier and arm where there are several."""
        places = list(dict.fromkeys((at[0], at[1]) for at in self.found.trainings))
        split, ids = self.plan.source.split, np.array(self.plan.source.image_ids)
        logits = {
            fraction.key: FractionPredictions(
                *(self._logits(places, fraction.key, part) for part in ("test_logits", "val_logits"))
            )
            for fraction in self.plan.fractions
        }
        return PredictionSet(
            arms=tuple(name if arm == PLAIN_ARM else f"{name} on {arm}" for name, arm in places),
            test_ids=ids[split.test],
            test_labels=self.images.labels,
            test_groups=self.images.groups,
            val_ids=ids[split.val],
            val_labels=self.validation.labels,
            val_groups=self.validation.groups,
            fractions=logits,
        )

    def looks(self) -> list[dict[str, Any]]:
        """Return the course of every training on real images, as ``curves.json`` holds them."""
        return [
            {"classifier": name, "fraction": key, "replicate": replicate, "points": self._curve(cell)}
            for (name, arm, key, replicate), cell in self.found.trainings.items()
            if arm == PLAIN_ARM and self._done(cell)
        ]

    def _done(self, cell: Cell) -> bool:
        return self.reports[cell.name].outcome == "ok"

    def _curve(self, cell: Cell) -> list[dict[str, Any]]:
        points: list[dict[str, Any]] = json.loads(self.store.read(cell.stage, cell.name, "curve.json"))
        return points

    def _logits(self, places: Sequence[tuple[str, str]], key: str, file: str) -> np.ndarray:
        """Return logits [A, R, N, K] of (classifier, arm) pairs, NaN where a training failed."""
        images = self.images if file == "test_logits" else self.validation
        shape = (len(places), self.plan.replicates, *images.labels.shape)
        logits = np.full(shape, np.nan, dtype=np.float32)
        for place, (name, arm) in enumerate(places):
            for replicate in range(self.plan.replicates):
                cell = self.found.trainings[name, arm, key, replicate]
                if self._done(cell):
                    logits[place, replicate] = self.store.array(cell.stage, cell.name, file)
        return logits

    def _board(self, name: str, key: str) -> ClassifierBoard:
        compared = [one for one in self.found.compared if one.choice.card.id == name]
        return ClassifierBoard(
            task=self.plan.task.name,
            source=self.plan.source.facts.source,
            track=self.plan.track.name,
            classifier=name,
            fraction=key,
            rows=tuple(self._asked_row(one, key) for one in compared),
            differences=(),
        )

    def _asked_row(self, one: Compared, key: str) -> Row:
        cells = [self.found.trainings[one.id, PLAIN_ARM, key, replicate] for replicate in range(self.plan.replicates)]
        cells = [cell for cell in cells if self._done(cell)]
        parameters = self.store.meta(cells[0].stage, cells[0].name)["facts"]["parameters"] if cells else {}
        return _row(one.id, one.choice.card.id, one.control, str(one.info.kind), parameters, self._course(cells, key))

    def _asked_gains(self) -> list[Gain]:
        generators = [arm.info.id for arm in self.found.crossed if arm.info.role == "synthetic"]
        return [Gain(name, judge, None, None) for judge in self.found.judges for name in generators]

    def _course(self, cells: Sequence[Cell], key: str) -> dict[str, Any]:
        """Return how fast the trainings of a row learned and what a step took; None throughout where there are none."""
        names = ("steps", "best_step", "steps_to_95", "look_every", "step_wall_s", "step_cpu_s", "block_movement")
        if not cells:
            return dict.fromkeys(names)
        facts = [self.store.meta(cell.stage, cell.name)["facts"] for cell in cells]
        curves = [self._curve(cell) for cell in cells]
        steps = int(facts[0]["steps"])
        takes_steps = facts[0]["step_wall_s"] is not None

        def mean(name: str) -> float | None:
            values = [one[name] for one in facts if one[name] is not None]
            return float(np.mean(values)) if values else None

        return {
            "steps": steps if takes_steps else None,
            "best_step": mean("best_step") if takes_steps else None,
            "steps_to_95": float(np.mean([compare.steps_to(curve) for curve in curves])) if takes_steps else None,
            "look_every": float(np.diff([0, *(look["step"] for look in curves[0])]).max()) if takes_steps else None,
            **{name: mean(name) for name in ("step_wall_s", "step_cpu_s", "block_movement")},
        }

    def _notes(self) -> list[str]:
        plan = self.plan
        notes = [EXPLORATORY]
        split = plan.source.split
        if split.leaky:
            notes.append(
                f"Leaky split: {split.crossing_groups} patients or near-duplicate groups are on both sides of it, so every score "
                "is too high."
            )
        if departing := assemble.departures(plan):
            notes.append(f"Computed with {'; '.join(departing)}.")
        few = too_few_replicates(plan.replicates)
        if plan.replicates == 1:
            notes.append("With one replicate, intervals are conditional on the one model of each row.")
        elif few is not None:
            notes.append(f"No intervals: {few}.")
        notes += [f"Left out of the score: {name}, {why}." for name, why in self.found.metric.left_out.items()]
        notes += [f"{fraction.key}: {fraction.reason}" for fraction in plan.fractions if fraction.reason]
        return notes


def _row(
    name: str, classifier: str, control: str, kind: str, parameters: Mapping[str, int], course: Mapping[str, Any]
) -> Row:
    """Return a row of which nothing is measured yet."""
    numbers: dict[str, Any] = dict.fromkeys(
        ("score", "log_loss", "calibration", "calibration_scaled", "uncertainty_gap")
    )
    return Row(name, classifier, control, kind, parameters, scores=(), **numbers, **course)


def score(
    found: PreparedComparison, store: Store, reports: Reports
) -> tuple[Comparison, PredictionSet, list[dict[str, Any]]]:
    """Return what a comparison found, its predictions and the courses of its trainings."""
    scoring = Scoring(found, store, reports)
    predictions = scoring.predictions()
    return scoring.comparison(predictions), predictions, scoring.looks()
