"""Why there is no verdict: every reason that holds at once, where the scores of a record state the first."""

from __future__ import annotations

from dataclasses import replace

from qaugbench.record import Record
from qaugbench.stats.decide import reasons_for_none
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.results import ArmVerdict, Contrast, EndpointScore
from qaugbench.stats.wording import no_verdict_words


def contrast_with_reasons(record: Record, key: str, endpoint: str, found: Contrast) -> Contrast:
    """Return a difference with every reason why it has no verdict; one that has a verdict, or can have none, as it is."""
    if found.verdict != "NO-VERDICT" or found.family == "augmented" or found.reason is None or record.test_withheld:
        return found
    return replace(found, reason=_joined(record, key, endpoint, found, found.reason))


def verdict_with_reasons(record: Record, key: str, endpoint: str, verdict: ArmVerdict) -> ArmVerdict:
    """Return what is said of a generator with every reason why there is no verdict, in its sentence and its ladder."""
    ladder, scored = verdict.ladder, record.scores.fractions[key].endpoints[endpoint]
    against = [one for one in scored.contrasts if (one.family, one.arm) == ("reference", ladder.arm)]
    if ladder.reason is None or not against:
        return verdict
    reason = _joined(record, key, endpoint, against[0], ladder.reason)
    rungs = [replace(rung, reason=reason) if rung.reason == ladder.reason else rung for rung in ladder.rungs]
    said = replace(ladder, reason=reason, rungs=rungs)
    sentence = verdict.sentence.replace(no_verdict_words(ladder), no_verdict_words(said))
    return replace(verdict, ladder=said, sentence=sentence)


def _joined(record: Record, key: str, endpoint: str, found: Contrast, stated: str) -> str:
    scored = record.scores.fractions[key].endpoints[endpoint]
    reasons = reasons_for_none(
        found.method, record.replicates, found.flagged_fraction, scored.n_rarer, _pooled_rarer(record, key, scored)
    )
    return "; ".join(dict.fromkeys([stated, *reasons]))


def _pooled_rarer(record: Record, key: str, scored: EndpointScore) -> list[int]:
    """Return the test images on the rarer side of each class that a metric pools; empty where a record does not say."""
    restricted = any(one.restrict for one in record.endpoints if one.id == scored.id)
    if restricted or KINDS[scored.kind].made_of not in ("each", "grades") or len(scored.classes) < 2:
        return []
    classes = record.scores.fractions[key].classes
    return [
        min(classes[name].n_positive, classes[name].n_negative) if name in classes else 0 for name in scored.classes
    ]
