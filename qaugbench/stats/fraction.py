"""Every number at one fraction of the training data, from the predictions of its arms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.stats.bayes import posterior_of_one
from qaugbench.stats.comparators import best_other, competitors, controls_of
from qaugbench.stats.decide import MIN_FOR_VERDICT, verdict, verdict_words, why_no_verdict
from qaugbench.stats.delong import ENSEMBLE
from qaugbench.stats.families import benjamini_hochberg
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.ladder import climb
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.metric_on_images import Answer, Answers, Images, Question
from qaugbench.stats.mrmc import Comparison, interval
from qaugbench.stats.ranks import rank_sets
from qaugbench.stats.results import (
    ArmScore,
    ArmVerdict,
    BestClassical,
    ClassScore,
    Contrast,
    EndpointScore,
    Exploratory,
    FractionScore,
    MetricScore,
    Rank,
    Reference,
)
from qaugbench.stats.secondary import Secondary
from qaugbench.stats.wording import verdict_sentence, verdict_text

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

RANKED_ROLES = ("augmented", "compute-matched", "oversampling", "synthetic")
ByArm = dict[str, Answer]


@dataclass
class Asked:
    """A question, and what the arms answered so far."""

    question: Question
    answers: ByArm = field(default_factory=dict)


@dataclass(frozen=True)
class Fraction:
    """What the numbers of one fraction have in common: its key, the arms present, the test images."""

    key: str
    task: str | None
    present: Present
    chosen: Reference
    best: BestClassical
    images: Images
    unattributable: Mapping[str, str]

    @property
    def reference(self) -> str | None:
        """R*, or None where there is none."""
        return self.chosen.arm

    def score(self, endpoints: Sequence[Endpoint], secondary: Sequence[Secondary]) -> tuple[FractionScore, Asked]:
        """Return the scores, and the primary endpoint's answers by arm for what is asked of all fractions together."""
        names = self.images.class_names
        asked = [Asked(ask(endpoint, self.images)) for endpoint in endpoints]
        metrics = [Asked(metric.question(self.images)) for metric in secondary]
        ensemble = Asked(asked[0].question)
        classes = [Asked(Question.of("auroc", [k], self.images)) for k in range(len(names))]
        for arm in self.present.arms:
            logits = self.present.test_logits(arm)
            known: Answers = {}
            for one in (*asked, *classes):
                _ask(one, arm, logits, known)
            for metric, one in zip(secondary, metrics, strict=True):
                _ask(one, arm, logits, known, metric.thresholds(self.present.val_logits(arm)))
            _ask(ensemble, arm, logits.mean(axis=0, keepdims=True, dtype=np.float64), {})
        scored = FractionScore(
            n_replicates=self.present.n_replicates,
            reference=self.chosen,
            best_classical=self.best,
            dropped=self.present.dropped,
            flagged=self.present.flagged,
            substitute=self.present.substitute,
            endpoints={
                endpoint.id: self._endpoint_score(endpoint, one) for endpoint, one in zip(endpoints, asked, strict=True)
            },
            ranks=self._ranks(asked[0]),
            metrics=self._metric_scores(secondary, metrics),
            ensemble=self._ensemble_score(endpoints[0], ensemble),
            classes=self._class_scores(classes),
        )
        return scored, asked[0]

    def _endpoint_score(self, endpoint: Endpoint, asked: Asked) -> EndpointScore:
        names, question = self.images.class_names, asked.question
        has_interval = question.why_no_interval is None
        return EndpointScore(
            id=endpoint.id,
            title=endpoint.title,
            kind=endpoint.kind,
            classes=[names[k] for k in question.decided_classes],
            left_out=question.left_out,
            n_images=question.chosen.size,
            n_patients=0 if question.patients is None else question.patients.n_groups,
            n_rarer=question.n_rarer,
            n_eff=question.n_eff,
            margin=endpoint.margin,
            note=note(question) or (None if self.reference is not None else "the reference arm was dropped"),
            arms=self._arm_scores(asked),
            contrasts=list(self._contrasts(asked)) if has_interval else [],
            verdicts=self._verdicts(endpoint, asked) if has_interval else {},
            unit=KINDS[endpoint.kind].unit,
        )

    def _arm_scores(self, asked: Asked, method: str | None = None) -> dict[str, ArmScore]:
        return {arm: self._arm_score(arm, asked, method) for arm in sorted(asked.answers)}

    def _arm_score(self, arm: str, asked: Asked, method: str | None) -> ArmScore:
        values, influence = asked.answers[arm]
        question, kind = asked.question, KINDS[asked.question.kind]
        why_not = question.why_no_interval
        own = interval(values, influence, question.n_eff) if why_not is None else None
        return ArmScore(
            arm=arm,
            role=self.present.arms[arm].role,
            values=values.tolist(),
            mean=float(values.mean()),
            sd=float(values.std(ddof=1)) if values.size > 1 else None,
            se=None if own is None else own.se,
            df=None if own is None else own.df,
            ci_low=None if own is None else max(own.ci_low, kind.lowest),
            ci_high=None if own is None else min(own.ci_high, kind.highest),
            method=f"no interval: {why_not}" if own is None else method or own.method,
            n_replicates=values.size,
            n_flagged=len(self.present.flagged.get(arm, ())),
            n_images=question.chosen.size,
            n_patients=influence.shape[1],
            unit=kind.unit,
            direction=kind.direction,
        )

    def _contrasts(self, asked: Asked) -> Iterator[Contrast]:
        question = asked.question
        for family, arm, against in self._pairs():
            if arm not in asked.answers or against not in asked.answers:
                continue
            comparison = difference(asked, arm, against)
            flagged = self.present.flagged_fraction(arm, against)
            decided = verdict(
                comparison,
                self.present.n_replicates,
                flagged,
                n_rarer=question.n_rarer,
                pooled_rarer=question.pooled_rarer,
            )
            # "Helps" is said of augmentation against the reference; two arms are better or worse than one another.
            helps = family == "reference" and self.present.arms[arm].role in ("synthetic", "control")
            yield Contrast(
                arm=arm,
                against=against,
                family=family,
                **asdict(comparison),
                n_images=question.chosen.size,
                flagged_fraction=flagged,
                verdict=decided.code,
                words=verdict_words(decided.code, None if helps else against),
                reason=decided.reason,
                unit=KINDS[question.kind].unit,
            )

    def _pairs(self) -> Iterator[tuple[str, str, str]]:
        """Yield (family, arm, against) of every contrast, in the order in which they are read."""
        synthetic = self.present.with_role("synthetic")
        if self.reference is not None:
            yield from (("reference", arm, self.reference) for arm in self.present.arms if arm != self.reference)
        for augmented in self.present.with_role("augmented"):
            yield from (("augmented", arm, augmented) for arm in self.present.arms if arm != augmented)
        for arm in synthetic:
            best = best_other(self.best, arm)
            if best is not None:
                yield "best-classical", arm, best
        for arm in synthetic:
            yield from (("control", arm, control) for control in controls_of(self.present, arm).values())

    def _verdicts(self, endpoint: Endpoint, asked: Asked) -> dict[str, ArmVerdict]:
        if self.reference is None:
            return {}
        return {
            arm: self._verdict(endpoint, asked, arm, self.reference)
            for arm in self.present.with_role("synthetic")
            if arm in asked.answers
        }

    def _verdict(self, endpoint: Endpoint, asked: Asked, arm: str, reference: str) -> ArmVerdict:
        question, present = asked.question, self.present
        helps = difference(asked, arm, reference)
        ladder = climb(
            arm,
            competitors(present, self.best, arm, reference),
            asked.answers,
            n_eff=int(question.n_eff or 0),
            margin=endpoint.margin,
            why_none=why_no_verdict(
                helps,
                present.n_replicates,
                present.flagged_fraction(arm, reference),
                question.n_rarer,
                question.pooled_rarer,
            ),
            flagged={name: present.flagged_fraction(name) for name in present.arms},
        )
        return ArmVerdict(
            ladder=ladder,
            words=verdict_text(ladder),
            sentence=verdict_sentence(ladder, metric=endpoint.title, fraction=self.key, task=self.task),
            posterior=posterior_of_one(helps.estimate, helps.se, margin=endpoint.margin)
            if endpoint.margin is not None and helps.se > 0
            else None,
        )

    def _ranks(self, asked: Asked) -> dict[str, Rank]:
        """Return the ranks of the competing arms on the primary endpoint; none where there is nothing to compare."""
        competing = [arm for arm in self.present.with_role(*RANKED_ROLES) if arm in asked.answers]
        if len(competing) < 2 or asked.question.why_no_interval is not None:
            return {}
        theta = np.stack([asked.answers[arm][0] for arm in competing])
        influence = np.stack([asked.answers[arm][1] for arm in competing])
        found = rank_sets(theta, influence, int(asked.question.n_eff or 0))
        return {arm: Rank(int(found.low[a]), int(found.high[a])) for a, arm in enumerate(competing)}

    def _metric_scores(self, secondary: Sequence[Secondary], metrics: Sequence[Asked]) -> dict[str, MetricScore]:
        differences = self._exploratory(metrics)
        return {
            metric.id: MetricScore(
                id=metric.id,
                title=metric.title,
                kind=metric.kind,
                classes=list(metric.classes),
                note=note(asked.question),
                arms=self._arm_scores(asked),
                differences=found,
                unit=KINDS[metric.kind].unit,
                direction=KINDS[metric.kind].direction,
            )
            for metric, asked, found in zip(secondary, metrics, differences, strict=True)
        }

    def _ensemble_score(self, endpoint: Endpoint, asked: Asked) -> MetricScore:
        kind = KINDS[endpoint.kind]
        return MetricScore(
            id="ensemble",
            title=f"{endpoint.title}, ensemble of the replicates",
            kind=endpoint.kind,
            classes=list(endpoint.classes),
            note=note(asked.question),
            arms=self._arm_scores(asked, ENSEMBLE),
            differences=self._exploratory([asked])[0],
            unit=kind.unit,
            direction=kind.direction,
        )

    def _class_scores(self, classes: Sequence[Asked]) -> dict[str, ClassScore]:
        differences = self._exploratory(classes)
        return {
            name: self._class_score(k, classes[k], differences[k]) for k, name in enumerate(self.images.class_names)
        }

    def _class_score(self, k: int, asked: Asked, differences: dict[str, Exploratory]) -> ClassScore:
        positive = self.images.labels[:, k] > 0
        return ClassScore(
            name=self.images.class_names[k],
            n_positive=int(positive.sum()),
            n_negative=int((~positive).sum()),
            n_positive_patients=int(np.unique(self.images.groups[positive]).size),
            note=note(asked.question),
            arms=self._arm_scores(asked),
            differences=differences,
        )

    def _exploratory(self, asked: Sequence[Asked]) -> list[dict[str, Exploratory]]:
        """Return every arm's difference from the reference, question by question, q-values over all of them."""
        found = [
            {arm: difference(one, arm, self.reference) for arm in sorted(one.answers) if arm != self.reference}
            if self.reference in one.answers and one.question.why_no_interval is None
            else {}
            for one in asked
        ]
        p_values = np.array([comparison.p_value for one in found for comparison in one.values()])
        q_values = iter(benjamini_hochberg(p_values).tolist())
        return [{arm: Exploratory(comparison, next(q_values)) for arm, comparison in one.items()} for one in found]


def ask(endpoint: Endpoint, images: Images) -> Question:
    """Return the question that an endpoint asks of images."""
    classes = [images.class_names.index(name) for name in endpoint.classes]
    return Question.of(endpoint.kind, classes, images, restrict=endpoint.restrict)


def difference(asked: Asked, arm: str, against: str) -> Comparison:
    """Return ``arm`` minus ``against`` with its interval."""
    one, other = asked.answers[arm], asked.answers[against]
    return interval(one[0] - other[0], one[1] - other[1], asked.question.n_eff)


def note(question: Question) -> str | None:
    """Return what a question's answer lacks, or None."""
    if question.undecidable is not None:
        return question.undecidable
    if question.why_no_interval is not None:
        return question.why_no_interval
    if question.n_rarer is not None and question.n_rarer < MIN_FOR_VERDICT:
        return f"{question.n_rarer} test images on the rarer side; a verdict needs {MIN_FOR_VERDICT}"
    return None


def _ask(asked: Asked, arm: str, logits: np.ndarray, known: Answers, thresholds: np.ndarray | None = None) -> None:
    if asked.question.undecidable is None:
        asked.answers[arm] = asked.question.answer(logits, known, thresholds)
