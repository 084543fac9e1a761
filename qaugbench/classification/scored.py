"""From finished trainings to everything that a comparison states."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qaugbench.classification import compare
from qaugbench.classification.planned import PLAIN_ARM, RECIPE, At, Compared, PreparedComparison
from qaugbench.classification.results import ClassifierBoard, Comparison, Difference, Gain, Row
from qaugbench.experiment import assemble
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.store import Store
from qaugbench.kinds import FIDELITY_WORDS
from qaugbench.metrics.calibration import log_loss
from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.calibrated import calibration_score
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Images, Measurement, MetricOnImages, metric_of
from qaugbench.stats.results import ArmCalibration

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

    def comparison(self) -> Comparison:
        """Return everything that is stated."""
        plan, metric = self.plan, self.found.metric
        endpoint = assemble.endpoints(plan)[0]
        keys = [fraction.key for fraction in plan.fractions]
        choices = {one.choice.card.id: one.choice.card for one in self.found.compared}
        by_key = {key: self._measured(key) for key in keys}
        return Comparison(
            task=plan.task.name,
            source=plan.source.facts.source,
            source_sha256=plan.source.facts.manifest_sha256,
            phantom=plan.source.facts.phantom,
            track=plan.track.name,
            replicates=plan.replicates,
            endpoint=endpoint.id,
            endpoint_title=endpoint.title,
            n_test_images=int(metric.chosen.size),
            n_test_patients=0 if metric.patients is None else metric.patients.n_groups,
            command=self.found.request.command,
            recipe={key: self._recipe_row(key, by_key[key]) for key in keys},
            boards=tuple(self._board(name, key, by_key[key]) for name in choices for key in keys),
            against_each_other={
                key: compare.differences(
                    compare.of_each_other([name for name in choices if name in by_key[key]]), by_key[key], metric
                )
                for key in keys
            },
            gains={key: tuple(self._gains(key)) for key in keys} if self.found.crossed else {},
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
        )

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

    def _present(self, infos: Sequence[ArmInfo], places: Sequence[tuple[str, str]], key: str) -> Present:
        test, val = (self._logits(places, key, file) for file in ("test_logits", "val_logits"))
        return compare.present_of(infos, test, val)

    def _present_on_real(self, key: str) -> Present:
        infos = [ArmInfo(id=RECIPE, role="augmented"), *(one.info for one in self.found.compared)]
        return self._present(infos, [(info.id, PLAIN_ARM) for info in infos], key)

    def _measured(self, key: str) -> dict[str, Measurement]:
        present = self._present_on_real(key)
        return {arm: self.found.metric.evaluate(present.test_logits(arm)) for arm in present.arms}

    def _board(self, name: str, key: str, measured: Mapping[str, Measurement]) -> ClassifierBoard:
        compared = [one for one in self.found.compared if one.choice.card.id == name]
        present = self._present_on_real(key)
        asked = compare.of_controls(name, [one.id for one in compared if one.id in measured])
        calibrated = self._calibrated([one.id for one in compared if one.id in measured], present)
        return ClassifierBoard(
            task=self.plan.task.name,
            source=self.plan.source.facts.source,
            track=self.plan.track.name,
            classifier=name,
            fraction=key,
            rows=tuple(self._row(one, key, measured, present, calibrated) for one in compared),
            differences=compare.differences(asked, measured, self.found.metric),
        )

    def _recipe_row(self, key: str, measured: Mapping[str, Measurement]) -> Row:
        present = self._present_on_real(key)
        calibrated = self._calibrated([RECIPE] if RECIPE in measured else [], present)
        kind, numbers = "classical", self._numbers(RECIPE, measured, present, calibrated)
        return Row(
            RECIPE, RECIPE, "none", kind, {}, **numbers, **self._course([], key), reason=present.dropped.get(RECIPE, "")
        )

    def _calibrated(self, arms: list[str], present: Present) -> Mapping[str, ArmCalibration]:
        return calibration_score(present, arms, self.images, self.validation, scaled=True).arms if arms else {}

    def _row(
        self,
        one: Compared,
        key: str,
        measured: Mapping[str, Measurement],
        present: Present,
        calibrated: Mapping[str, ArmCalibration],
    ) -> Row:
        cells = [self.found.trainings[one.id, PLAIN_ARM, key, replicate] for replicate in range(self.plan.replicates)]
        cells = [cell for cell in cells if self._done(cell)]
        parameters = self.store.meta(cells[0].stage, cells[0].name)["facts"]["parameters"] if cells else {}
        numbers = self._numbers(one.id, measured, present, calibrated)
        return Row(
            id=one.id,
            classifier=one.choice.card.id,
            control=one.control,
            kind=str(one.info.kind),
            parameters=parameters,
            **numbers,
            **self._course(cells, key),
            reason=present.dropped.get(one.id, ""),
        )

    def _numbers(
        self,
        arm: str,
        measured: Mapping[str, Measurement],
        present: Present,
        calibrated: Mapping[str, ArmCalibration],
    ) -> dict[str, Any]:
        """Return what is measured of an arm's predictions; None throughout where it has none."""
        names = ("score", "log_loss", "calibration", "calibration_scaled", "uncertainty_gap")
        if arm not in measured:
            return {**dict.fromkeys(names), "scores": ()}
        logits, kind = present.test_logits(arm).astype(np.float64), self.images.label_kind
        gap = compare.uncertainty_gap(logits, self.images.labels, self.images.groups, kind)
        scaled = calibrated[arm].scaled if arm in calibrated else None
        return {
            "score": compare.estimated(measured[arm], self.found.metric),
            "scores": tuple(map(float, measured[arm][0])),
            "log_loss": float(np.mean([log_loss(one, self.images.labels, kind) for one in logits])),
            "calibration": calibrated[arm].as_trained.mean if arm in calibrated else None,
            "calibration_scaled": None if scaled is None else scaled.mean,
            "uncertainty_gap": None if gap is None else compare.estimated(gap, self._every_patient),
        }

    @property
    def _every_patient(self) -> MetricOnImages:
        """A metric over all test images, of which only patients and replicates count."""
        return MetricOnImages.of("log_loss", range(len(self.images.class_names)), self.images)

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

    def _gains(self, key: str) -> list[Gain]:
        endpoint = assemble.endpoints(self.plan)[0]
        on_validation = metric_of(endpoint, self.validation)
        infos = [arm.info for arm in self.found.crossed]
        generators = [info.id for info in infos if info.role == "synthetic"]
        found: list[Gain] = []
        for judge in self.found.judges:
            places = [(judge, info.id) for info in infos]
            present = self._present(infos, places, key)
            val = self._logits(places, key, "val_logits")
            validation = compare.present_of(infos, val, val)
            found += compare.gains(judge, present, validation, endpoint, self.found.metric, on_validation, generators)
        return found

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


def score(
    found: PreparedComparison, store: Store, reports: Reports
) -> tuple[Comparison, PredictionSet, list[dict[str, Any]]]:
    """Return what a comparison found, its predictions and the courses of its trainings."""
    scoring = Scoring(found, store, reports)
    return scoring.comparison(), scoring.predictions(), scoring.looks()


def at_name(at: At) -> str:
    """Return a training in words.

    >>> at_name(("qumi", "R+cm", "10%", 0))
    'qumi on R+cm, 10% r0'
    """
    name, arm, fraction, replicate = at
    return f"{name} on {arm}, {fraction} r{replicate}"


def every_difference(found: Comparison) -> list[Difference]:
    """Return the differences of all boards and between classifiers."""
    return [
        *(one for board in found.boards for one in board.differences),
        *(one for family in found.against_each_other.values() for one in family),
    ]
