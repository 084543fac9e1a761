"""Whether the words of an appraisal follow from its own measures: its states, its remarks, and which measures there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from qaugbench.errors import first_offenders, shown
from qaugbench.image_facts import MEASURES, SECTIONS, Appraisal, Measure
from qaugbench.metrics.copies import state_of_excess
from qaugbench.metrics.image_states import TESTS, collapse_state, copies_state, labels_state, training_states
from qaugbench.record import Record

NEEDED = r"Copies on (?P<test>.+) are not decided with \d+ images; about [\d,]+ would decide\."
"""The one remark that says more than the measures beside it do."""


def false_words(record: Record) -> Iterator[str]:
    """Yield which appraisals of a record say what their measures do not, as sentences without a full stop.

    The measures themselves are statements: they were taken from images that nobody else has.
    """
    keys = {fraction.key for fraction in record.fractions}
    arms = {arm.id for arm in record.arms}
    for key, appraisals in record.appraisals.items():
        for arm, found in appraisals.items():
            where = f"appraisals.{shown(key)}.{shown(arm)}"
            if key not in keys or arm not in arms:
                yield f"{where}: the run has no such fraction or arm"
            else:
                yield from (f"{where}: {words}" for words in false_words_of(found))


def false_words_of(found: Appraisal) -> Iterator[str]:
    """Yield what one appraisal says that its measures do not."""
    unknown = [name for name in found.measures if "/".join(name.partition("@")[0].split("/")[:2]) not in MEASURES]
    if unknown:
        yield f"there is no measure {first_offenders(unknown)}"
        return
    if not set(found.states) <= set(SECTIONS):
        yield f"there is no state of {first_offenders(sorted(set(found.states) - set(SECTIONS)))}"
    reversed_limits = [name for name, one in found.measures.items() if not _ordered(one)]
    if reversed_limits:
        yield f"the limits of {first_offenders(reversed_limits)} are not in order"
    measures = found.measures
    judged = {"copies": copies_state(measures), "collapse": collapse_state(measures), "labels": labels_state(measures)}
    allowed = {section: (state,) for section, (state, _) in judged.items()}
    for section, states in {**allowed, "training": training_states(measures)}.items():
        stated = found.states.get(section, "not measured")
        if stated not in states:
            yield f"{section} is {shown(stated)!r}, and its measures say {' or '.join(map(repr, states))}"
    known = {remark for _, remarks in judged.values() for remark in remarks}
    false = [remark for remark in found.remarks if remark not in known and not _needs_more(remark, measures)]
    if false:
        yield f"its measures do not say {first_offenders(map(repr, false))}"


def _ordered(one: Measure) -> bool:
    return one.ci_low is None or one.ci_high is None or one.ci_low <= one.ci_high


def _needs_more(remark: str, measures: Mapping[str, Measure]) -> bool:
    """Return whether a remark says how many images would decide, of a test that decides nothing."""
    said = re.fullmatch(NEEDED, remark)
    tests = [one for ending in TESTS if (one := measures.get(f"copies/excess{ending}")) and one.extractor]
    return said is not None and any(
        said["test"] == one.extractor
        and one.ci_low is not None
        and one.ci_high is not None
        and state_of_excess(one.ci_low, one.ci_high) == "not decided"
        for one in tests
    )
