"""The two questions of every run, answered generator by generator: does it help, and is it the quantum part?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from qaugbench.board.appraisal_notes import worst_notes
from qaugbench.board.circuit_influence import influence_note, influence_of
from qaugbench.kinds import is_quantum
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.claims import CIRCUIT
from qaugbench.report.notes import notes, without_controls
from qaugbench.stats.decide import VerdictCode
from qaugbench.stats.ladder import LadderVerdict
from qaugbench.stats.results import ArmVerdict, Contrast
from qaugbench.stats.wording import circuit_sentence, clause, joint_sentence, listed

Tone = Literal["good", "bad", "none"]
HELPS_QUESTION = "Does it help?"
CIRCUIT_QUESTION = "Is it the quantum part?"
NO_CIRCUIT = "No quantum generator was run, so there is no circuit to ask about."
MOST_APART = 3
"""Generators without a verdict, for one and the same reason, that get an answer each."""
TONES: dict[LadderVerdict, Tone] = {
    "SUPERIOR": "good",
    "NON-INFERIOR": "good",
    "HELPS": "good",
    "HURTS": "bad",
    "INFERIOR": "bad",
}
COMPARED: dict[VerdictCode, str] = {
    "HELPS": "is better than",
    "HURTS": "is worse than",
    "INCONCLUSIVE": "was not shown to differ from",
    "NO-VERDICT": "was compared, without a verdict, with",
}


@dataclass(frozen=True)
class Answer:
    """One generator's answer to one question: a few words, their tone, and the same in sentences."""

    arm: str
    words: str
    tone: Tone
    text: str


@dataclass(frozen=True)
class Answered:
    """One question at one fraction: generator by generator, what is said where nothing is, and what several have in common."""

    question: str
    fraction: str
    answers: list[Answer]
    otherwise: str
    shared: dict[str, str]

    @property
    def lines(self) -> list[str]:
        """Everything that is said, one text per generator or the reason why there is none; what several share comes last."""
        own = [answer.text for answer in self.answers] or [self.otherwise]
        return own + [f"Each of {arms}: {sentence}" for arms, sentence in self.shared.items()]


def both_answers(record: Record, key: str) -> list[Answered]:
    """Return the answers to both questions at one fraction: what the page, the terminal and Markdown say."""
    none = views.why_no_verdict(record)
    return [
        Answered(HELPS_QUESTION, key, help_answers(record, key), none, shared_sentences(record, key)),
        Answered(CIRCUIT_QUESTION, key, circuit_answers(record, key), no_circuit_words(record), {}),
    ]


def question_blocks(record: Record) -> dict[str, list[str]]:
    """Return what is said to each question, under the question; of several fractions each has its own."""
    several = len(record.fractions) > 1
    found = [one for fraction in record.fractions for one in both_answers(record, fraction.key)]
    return {one.question + f" ({views.share_words(record, one.fraction)})" * several: one.lines for one in found}


def image_faults(record: Record) -> list[str]:
    """Return what is said under the answers: which images are copies or have lost their labels."""
    return [note for fraction in record.fractions for note in worst_notes(record, fraction.key)]


def further_notes(record: Record, *, failures: bool = True) -> list[str]:
    """Return the notes of a record that no answer holds already; ``failures`` of the run are the last of them."""
    blocks = [*question_blocks(record).values(), image_faults(record)]
    said = " ".join(line for lines in blocks for line in lines)
    noted = notes(record if failures else record.model_copy(update={"failures": []}))
    return [note for note in noted if note not in said]


def help_answers(record: Record, key: str) -> list[Answer]:
    """Return whether each generator helps at one fraction, quantum ones first; empty where there is no verdict at all.

    Of more than three without a verdict, for one and the same reason, one answer tells.
    """
    found = [one for one in views.said(record) if one.fraction == key]
    shared = set(shared_sentences(record, key).values())
    alike: dict[str, list[views.Said]] = {}
    for one in found:
        alike.setdefault(_alike(one), []).append(one)
    answers = []
    for group in alike.values():
        if len(group) > MOST_APART and not group[0].verdict.ladder.rungs:
            answers.append(_joint(record, key, group, shared))
        else:
            answers += [_alone(one, shared) for one in group]
    return answers


def shared_sentences(record: Record, key: str) -> dict[str, str]:
    """Return what is true of several generators alike, one sentence by the list of these: what images were worth, the ceiling."""
    by_sentence: dict[str, list[str]] = {}
    for one in views.said(record):
        for sentence in (one.worth, one.ceiling):
            if one.fraction == key and sentence is not None:
                by_sentence.setdefault(sentence, []).append(one.arm)
    return {listed(arms): sentence for sentence, arms in by_sentence.items() if len(arms) > 1}


def _alike(said: views.Said) -> str:
    """Return what is the same of generators that one answer can tell of."""
    ladder = said.verdict.ladder
    return said.arm if ladder.rungs else clause(ladder)


def _alone(said: views.Said, shared: Collection[str]) -> Answer:
    tone = TONES.get(said.verdict.ladder.verdict, "none")
    return Answer(said.arm, said.verdict.words, tone, _without_circuit(said, shared))


def _joint(record: Record, key: str, group: Sequence[views.Said], shared: Collection[str]) -> Answer:
    """Return one answer on several generators, the nearest to R* or above it first."""
    scored = views.endpoint_score(record, key, record.endpoints[0].id)
    ladders = sorted((one.verdict.ladder for one in group), key=lambda ladder: -(ladder.gain or 0.0))
    text = joint_sentence(
        ladders,
        metric=record.endpoints[0].id if scored is None else scored.title,
        fraction=key,
        task=record.board.task.partition("@")[0],
    )
    own = [f"Of {one.arm}: {each}" for one in group for each in (one.worth, one.ceiling) if each and each not in shared]
    return Answer(listed([one.arm for one in group]), group[0].verdict.words, "none", " ".join([text, *own]))


def circuit_answers(record: Record, key: str) -> list[Answer]:
    """Return whether what each quantum generator gains is due to its circuit; empty where none was scored."""
    found = views.verdicts(record, key, record.endpoints[0].id)
    arms = [arm for arm in views.generators_first_quantum(record.arms) if is_quantum(arm.kind) and arm.id in found]
    return [_on_circuit(record, key, arm.id, found[arm.id]) for arm in arms]


def no_circuit_words(record: Record) -> str:
    """Return why there is no answer about a circuit."""
    quantum = any(is_quantum(arm.kind) for arm in views.generators_first_quantum(record.arms))
    return views.why_no_verdict(record) if quantum else NO_CIRCUIT


def _without_circuit(said: views.Said, shared: Collection[str]) -> str:
    """Return what is said of a generator alone, without the sentence that answers the other question."""
    own = said.verdict.sentence.removesuffix(f" {circuit_sentence(said.verdict.ladder)}")
    parts = (own, *(part for part in (said.worth, said.ceiling) if part not in shared))
    return " ".join(part for part in parts if part is not None)


def _on_circuit(record: Record, key: str, arm: str, found: ArmVerdict) -> Answer:
    ladder = found.ladder
    contrasts = [one for one in views.contrasts(record, key, record.endpoints[0].id, "control") if one.arm == arm]
    if not contrasts:
        return Answer(arm, "not tested", "none", without_controls(arm))
    words = CIRCUIT[ladder.attribution or "NOT-TESTED"]
    helped = bool(ladder.rungs and ladder.rungs[0].passed)
    opening = circuit_sentence(ladder) if helped and ladder.attribution else _no_gain(ladder.verdict, arm)
    influence = influence_of(record, key, next(one.generator for one in record.arms if one.id == arm))
    reach = influence_note(key, arm, influence) if influence is not None and influence.hardly_reaches_images else None
    text = " ".join(part for part in (opening, _compared(arm, contrasts), reach) if part)
    return Answer(arm, words, "good" if ladder.attribution == "QUANTUM-ATTRIBUTED" else "none", text)


def _no_gain(verdict: LadderVerdict, arm: str) -> str:
    if verdict == "NO-VERDICT":
        return f"There is no verdict on {arm}, and so none on its circuit."
    return f"There is no gain of {arm} that could be attributed to its circuit."


def _compared(arm: str, contrasts: Iterable[Contrast]) -> str:
    """Return which controls a generator is better than, worse than, and not shown to differ from."""
    by_verdict: dict[VerdictCode, list[str]] = {}
    for one in contrasts:
        by_verdict.setdefault(one.verdict, []).append(one.against)
    said = [f"{COMPARED[code]} {listed(by_verdict[code])}" for code in COMPARED if code in by_verdict]
    return f"Beside its controls, {arm} {listed(said)}."
