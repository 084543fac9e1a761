"""Every number of a run from its predictions: values, intervals, contrasts and verdicts, the same on any machine.

Nothing here is random and nothing depends on the order of the arms, so whoever holds the predictions can check the
scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders, near_names
from qaugbench.stats.decide import MIN_FOR_VERDICT, sentence, verdict, verdict_words
from qaugbench.stats.mrmc import Comparison, interval
from qaugbench.stats.present import Present
from qaugbench.stats.question import Answer, Answers, Images, Question
from qaugbench.stats.results import (
    LOWEST,
    UNITS,
    ArmScore,
    BestClassical,
    ClassScore,
    Contrast,
    EndpointScore,
    FractionScore,
    Scores,
)

if TYPE_CHECKING:
    from qaugbench.record import ArmInfo, EndpointFacts, PredictionSet
    from qaugbench.task import Endpoint

CLASSICAL_ROLES = ("reference", "compute-matched", "oversampling")
PHRASES = {
    "real-only": "real images without augmentation ({})",
    "reference": "classical augmentation ({})",
    "compute-matched": "repeated real images ({})",
    "oversampling": "oversampled real images ({})",
    "best-classical": "the best classical arm ({})",
}


def score(
    predictions: PredictionSet,
    arms: Sequence[ArmInfo],
    endpoints: Sequence[Endpoint | EndpointFacts],
    label_kind: str,
    class_names: Sequence[str],
    *,
    task: str | None = None,
) -> Scores:
    """Return the Scores of ``predictions``; ``endpoints[0]`` is primary and ``task`` names the task in the sentences.

    At each fraction: a replicate of a synthetic arm or control without finite logits takes the compute-matched arm's
    predictions and is flagged; any other arm that lacks one is dropped, with a reason. The best classical arm is
    chosen on validation. Contrasts, by ``family``: every arm against the reference (``reference``), every synthetic
    arm against the best classical arm (``best-classical``) and against each of its controls (``control``). Raises
    StatisticsError when arms, endpoints, classes, labels and logits do not fit together.
    """
    by_id = _checked_arms(predictions.arms, arms)
    _check_endpoints(endpoints, class_names, label_kind)
    test = Images(predictions.test_labels, predictions.test_groups, tuple(class_names), label_kind)
    validation = Images(predictions.val_labels, predictions.val_groups, tuple(class_names), label_kind)
    fractions = {}
    for key in sorted(predictions.fractions, key=_percent):
        part = predictions.fractions[key]
        _check_logits("test", part.test_logits, predictions.arms, test)
        _check_logits("validation", part.val_logits, predictions.arms, validation)
        present = Present.of(predictions.arms, part, by_id)
        best = _best_classical(present, endpoints[0], validation)
        fractions[key] = _Fraction(key, task, present, best, test).score(endpoints)
    return Scores(fractions)


@dataclass(frozen=True)
class _Fraction:
    """What the numbers of one fraction have in common."""

    key: str
    task: str | None
    present: Present
    best: BestClassical
    images: Images

    def score(self, endpoints: Sequence[Endpoint | EndpointFacts]) -> FractionScore:
        questions = [_question(endpoint, self.images) for endpoint in endpoints]
        class_questions = [Question.of("auroc", [k], self.images) for k in range(len(self.images.class_names))]
        answers: list[dict[str, Answer]] = [{} for _ in questions]
        class_arms: list[dict[str, ArmScore]] = [{} for _ in class_questions]
        differences: list[dict[str, Comparison]] = [{} for _ in class_questions]
        of_reference: Answers = {}
        for arm in self._reference_first():
            logits = self.present.test_logits(arm)
            known: Answers = {}
            for found, question in zip(answers, questions, strict=True):
                if question.undecidable is None:
                    found[arm] = question.answer(logits, known)
            for k, question in enumerate(class_questions):
                if question.undecidable is not None:
                    continue
                answer = question.answer(logits, known)
                class_arms[k][arm] = self._arm_score(arm, answer, question)
                if arm == self.reference:
                    of_reference[(k,), None] = answer
                elif self.reference is not None and question.why_no_interval is None:
                    differences[k][arm] = _compare_pair(answer, of_reference[(k,), None], question)
        return FractionScore(
            n_replicates=self.present.n_replicates,
            best_classical=self.best,
            dropped=self.present.dropped,
            flagged=self.present.flagged,
            substitute=self.present.substitute,
            endpoints={
                endpoint.id: self._endpoint_score(endpoint, question, found)
                for endpoint, question, found in zip(endpoints, questions, answers, strict=True)
            },
            classes={
                name: self._class_score(k, class_questions[k], class_arms[k], differences[k])
                for k, name in enumerate(self.images.class_names)
            },
        )

    @property
    def reference(self) -> str | None:
        """The reference arm, or None when it was dropped."""
        return next(iter(self.present.with_role("reference")), None)

    def _reference_first(self) -> list[str]:
        return sorted(self.present.arms, key=lambda arm: (arm != self.reference, arm))

    def _arm_score(self, arm: str, answer: Answer, question: Question) -> ArmScore:
        values, influence = answer
        why_not = question.why_no_interval
        own = interval(values, influence, question.n_eff) if why_not is None else None
        lowest = LOWEST[question.kind]
        return ArmScore(
            arm=arm,
            role=self.present.arms[arm].role,
            values=values.tolist(),
            mean=float(values.mean()),
            sd=float(values.std(ddof=1)) if values.size > 1 else None,
            se=None if own is None else own.se,
            df=None if own is None else own.df,
            ci_low=None if own is None else max(own.ci_low, lowest),
            ci_high=None if own is None else min(own.ci_high, 1.0),
            method=f"no interval: {why_not}" if own is None else own.method,
            n_replicates=values.size,
            n_flagged=len(self.present.flagged.get(arm, ())),
            n_images=question.chosen.size,
            n_patients=influence.shape[1],
            unit=UNITS[question.kind],
        )

    def _endpoint_score(
        self, endpoint: Endpoint | EndpointFacts, question: Question, answers: dict[str, Answer]
    ) -> EndpointScore:
        names = self.images.class_names
        asked = question.classes if question.kind == "qwk" else [k for classes in question.positives for k in classes]
        return EndpointScore(
            id=endpoint.id,
            title=endpoint.title,
            kind=endpoint.kind,
            classes=[names[k] for k in asked],
            left_out=question.left_out,
            n_images=question.chosen.size,
            n_patients=0 if question.patients is None else question.patients.n_groups,
            n_rarer=question.n_rarer,
            n_eff=question.n_eff,
            margin=endpoint.margin,
            note=_note(question) or (None if self.reference is not None else "the reference arm was dropped"),
            arms={arm: self._arm_score(arm, answers[arm], question) for arm in sorted(answers)},
            contrasts=[] if question.why_no_interval else list(self._contrasts(endpoint, question, answers)),
            unit=UNITS[endpoint.kind],
        )

    def _contrasts(
        self, endpoint: Endpoint | EndpointFacts, question: Question, answers: dict[str, Answer]
    ) -> Iterator[Contrast]:
        for family, arm, against in self._pairs():
            if arm not in answers:
                continue
            comparison = _compare_pair(answers[arm], answers[against], question)
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
            phrase = PHRASES.get(family if family == "best-classical" else self.present.arms[against].role, "{}")
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
                sentence=sentence(
                    comparison,
                    decided,
                    arm=arm,
                    against=phrase.format(against),
                    metric=endpoint.title,
                    fraction=self.key,
                    task=self.task,
                    words=verdict_words(decided.code, None if helps else against),
                    margin=endpoint.margin,
                ),
                unit=UNITS[endpoint.kind],
            )

    def _pairs(self) -> Iterator[tuple[str, str, str]]:
        """Yield (family, arm, against) of every contrast, in the order in which they are read."""
        arms = self.present.arms
        synthetic = self.present.with_role("synthetic")
        if self.reference is not None:
            yield from (("reference", arm, self.reference) for arm in arms if arm != self.reference)
        if self.best.arm is not None:
            yield from (("best-classical", arm, self.best.arm) for arm in synthetic if arm != self.best.arm)
        for arm in synthetic:
            controls = [
                name for name in self.present.with_role("control") if arms[name].generator == arms[arm].generator
            ]
            yield from (("control", arm, control) for control in controls)

    def _class_score(
        self, k: int, question: Question, arms: dict[str, ArmScore], differences: dict[str, Comparison]
    ) -> ClassScore:
        positive = self.images.labels[:, k] > 0
        return ClassScore(
            name=self.images.class_names[k],
            n_positive=int(positive.sum()),
            n_negative=int((~positive).sum()),
            n_positive_patients=int(np.unique(self.images.groups[positive]).size),
            note=_note(question),
            arms={arm: arms[arm] for arm in sorted(arms)},
            differences={arm: differences[arm] for arm in sorted(differences)},
        )


def _best_classical(present: Present, primary: Endpoint | EndpointFacts, validation: Images) -> BestClassical:
    """Return the classical arm with the best validation mean of the primary endpoint; ties go by name."""
    question = _question(primary, validation)
    candidates = [
        arm
        for arm, info in present.arms.items()
        if info.role in CLASSICAL_ROLES or (info.role == "synthetic" and info.kind == "classical")
    ]
    means: dict[str, float] = {}
    if question.undecidable is None:
        means = {arm: float(question.answer(present.val_logits(arm), {})[0].mean()) for arm in candidates}
    best = min(means, key=lambda arm: (-means[arm], arm), default=None)
    reason = "best validation mean of the primary endpoint among the classical arms"
    if best is None:
        reason = (
            "no classical arm has predictions"
            if question.undecidable is None
            else f"validation: {question.undecidable}"
        )
    return BestClassical(best, primary.id, means, question.chosen.size, reason, UNITS[primary.kind])


def _compare_pair(answer: Answer, other: Answer, question: Question) -> Comparison:
    return interval(answer[0] - other[0], answer[1] - other[1], question.n_eff)


def _note(question: Question) -> str | None:
    if question.undecidable is not None:
        return question.undecidable
    if question.why_no_interval is not None:
        return question.why_no_interval
    if question.n_rarer is not None and question.n_rarer < MIN_FOR_VERDICT:
        return f"{question.n_rarer} test images on the rarer side; a verdict needs {MIN_FOR_VERDICT}"
    return None


def _question(endpoint: Endpoint | EndpointFacts, images: Images) -> Question:
    classes = [images.class_names.index(name) for name in endpoint.classes]
    return Question.of(endpoint.kind, classes, images, restrict=endpoint.restrict)


def _check_endpoints(
    endpoints: Sequence[Endpoint | EndpointFacts], class_names: Sequence[str], label_kind: str
) -> None:
    if not endpoints:
        raise StatisticsError("There is no endpoint to score; a task names at least one.")
    for endpoint in endpoints:
        if endpoint.kind not in UNITS:
            raise StatisticsError(
                f"Endpoint {endpoint.id} has unknown kind {endpoint.kind!r}.{near_names(endpoint.kind, UNITS)}"
            )
        unknown = [name for name in endpoint.classes if name not in class_names]
        if unknown or not endpoint.classes:
            hint = near_names(unknown[0], class_names) if unknown else " Name at least one."
            raise StatisticsError(f"Endpoint {endpoint.id} names unknown classes: {first_offenders(unknown)}.{hint}")
        missing = [name for name in class_names if name not in endpoint.classes]
        if endpoint.kind == "qwk" and (label_kind == "multilabel" or (missing and not endpoint.restrict)):
            raise StatisticsError(
                f"Endpoint {endpoint.id}: kappa needs one grade an image and every grade named in order; "
                f"labels are {label_kind} and missing are: {first_offenders(missing) or 'none'}."
            )


def _checked_arms(order: Sequence[str], arms: Sequence[ArmInfo]) -> Mapping[str, ArmInfo]:
    by_id = {arm.id: arm for arm in arms}
    if len(by_id) != len(arms) or len(set(order)) != len(order) or set(by_id) != set(order):
        differing = sorted(set(by_id) ^ set(order)) or sorted(order)
        raise StatisticsError(
            f"The arms and the predictions' arms must be the same, each once: {first_offenders(differing)}."
        )
    return by_id


def _check_logits(name: str, logits: np.ndarray, order: Sequence[str], images: Images) -> None:
    wanted = (len(order), *images.labels.shape)
    if logits.ndim != 4 or (logits.shape[0], *logits.shape[2:]) != wanted or logits.shape[1] == 0:
        raise StatisticsError(
            f"The {name} logits must be [{wanted[0]} arms, replicates, {wanted[1]} images, {wanted[2]} classes]; "
            f"given shape {logits.shape}."
        )


def _percent(key: str) -> float:
    try:
        return float(key.removesuffix("%"))
    except ValueError as error:
        raise StatisticsError(f"A fraction key is a percentage such as '10%'; given {key!r}.") from error
