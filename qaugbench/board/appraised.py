"""Whether the words of an appraisal follow from its own measures: its states, its remarks, and which measures there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from qaugbench.errors import first_offenders, shown
from qaugbench.image_facts import MEASURES, SECTIONS, Appraisal, Measure
from qaugbench.metrics.copies import EXPLAINED, TOLERATED
from qaugbench.metrics.diversity import COLLAPSED_RATIO
from qaugbench.metrics.image_pairs import COLLAPSED_EXCESS
from qaugbench.record import Record

HELD, LOST, LEAST_FOUND = 0.8, 0.2, 0.5
"""Limits of ``appraisal.labels`` and ``appraisal.copies``, which are not imported here: a test compares them."""
TRAINING = ("converged", "undertrained", "unstable", "not measured")
TESTS = {"": None, "_pixels": "registered pixels"}
"""The two tests for copies by the ending of their measures, and what remarks call them; None: by the extractor's name."""


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
                yield from (f"{where}: {words}" for words in _false(found))


def _false(found: Appraisal) -> Iterator[str]:
    unknown = [name for name in found.measures if "/".join(name.partition("@")[0].split("/")[:2]) not in MEASURES]
    if unknown:
        yield f"there is no measure {first_offenders(unknown)}"
        return
    if not set(found.states) <= set(SECTIONS):
        yield f"there is no state of {first_offenders(sorted(set(found.states) - set(SECTIONS)))}"
    reversed_limits = [name for name, one in found.measures.items() if not _ordered(one)]
    if reversed_limits:
        yield f"the limits of {first_offenders(reversed_limits)} are not in order"
    for section, states in possible_states(found.measures).items():
        stated = found.states.get(section, "not measured")
        if stated not in states:
            yield f"{section} is {shown(stated)!r}, and its measures say {' or '.join(map(repr, states))}"
    false = [remark for remark in found.remarks if not _may_be_said(remark, found.measures)]
    if false:
        yield f"its measures do not say {first_offenders(map(repr, false))}"


def possible_states(measures: Mapping[str, Measure]) -> dict[str, tuple[str, ...]]:
    """Return by section the words that the measures allow: one, but where losses that are not among them decide too."""
    return {
        "copies": (_copies(measures),),
        "collapse": (_collapse(measures),),
        "training": _training(measures.get("training/gain")),
        "labels": (_labels(measures.get("labels/skill")),),
    }


def _ordered(one: Measure) -> bool:
    return one.ci_low is None or one.ci_high is None or one.ci_low <= one.ci_high


def _copies(measures: Mapping[str, Measure]) -> str:
    tested = {ending: measures[f"copies/excess{ending}"] for ending in TESTS if f"copies/excess{ending}" in measures}
    states, any_told = [], False
    for ending, excess in tested.items():
        if excess.value is None or excess.ci_low is None or excess.ci_high is None:
            continue
        any_told = True
        state = _of_excess(excess.ci_low, excess.ci_high)
        if state == "memorising" or not _finds_too_few(measures, ending):
            states.append(state)
    if not states:
        return "not decided" if any_told else "not measured"
    return next((word for word in ("memorising", "not decided") if word in states), "releasable")


def _of_excess(low: float, high: float) -> str:
    if high <= TOLERATED:
        return "releasable"
    return "memorising" if low > EXPLAINED else "not decided"


def _finds_too_few(measures: Mapping[str, Measure], ending: str) -> bool:
    return _planted_found(measures, ending) < LEAST_FOUND


def _planted_found(measures: Mapping[str, Measure], ending: str) -> float:
    planted = measures.get(f"copies/found{ending}/all")
    return 0.0 if planted is None else planted.value or 0.0


def _hardly_varied(measures: Mapping[str, Measure]) -> list[str]:
    flags = []
    for name in _classes(measures):
        vendi, ssim = measures.get(f"collapse/vendi/{name}"), measures.get(f"collapse/ssim/{name}")
        few = vendi is not None and vendi.value is not None and vendi.value < COLLAPSED_RATIO
        alike = ssim is not None and ssim.ci_low is not None and ssim.ci_low > COLLAPSED_EXCESS
        flags += [name] if few or alike else []
    return flags


def _classes(measures: Mapping[str, Measure]) -> list[str]:
    return [name.removeprefix("collapse/vendi/") for name in measures if name.startswith("collapse/vendi/")]


def _collapse(measures: Mapping[str, Measure]) -> str:
    told = [
        name
        for name in _classes(measures)
        if any(
            (one := measures.get(f"collapse/{what}/{name}")) is not None and one.value is not None
            for what in ("vendi", "ssim")
        )
    ]
    if not told:
        return "not measured"
    return "collapsed" if _hardly_varied(measures) else "varied"


def _training(gain: Measure | None) -> tuple[str, ...]:
    if gain is None or gain.ci_low is None or gain.ci_high is None:
        return TRAINING
    clear = "undertrained" if gain.ci_low > 0 else "unstable" if gain.ci_high < 0 else "converged"
    return tuple(dict.fromkeys((clear, "unstable")))


def _labels(skill: Measure | None) -> str:
    if skill is None or skill.value is None:
        return "not measured"
    return "held" if skill.value >= HELD else "lost" if skill.value < LOST else "weak"


def _may_be_said(remark: str, measures: Mapping[str, Measure]) -> bool:
    """Return whether a remark is one that ``appraisal.appraise`` makes of such measures."""
    if remark == f"Hardly varied: {', '.join(_hardly_varied(measures))}.":
        return True
    for ending, called in TESTS.items():
        excess = measures.get(f"copies/excess{ending}")
        if excess is None:
            continue
        label = re.escape(called or str(excess.extractor))
        found = re.escape(f"{_planted_found(measures, ending):.0%}")
        if excess.value is None:
            known = [rf"Copies on {label}: {re.escape(str(excess.reason))}"]
        else:
            known = [
                rf"On {label} the test finds {found} of planted copies, too few to clear these images\.",
                rf"Copies on {label} are not decided with {excess.n} images; about \d+ would decide\.",
            ]
        if any(re.fullmatch(one, remark) for one in known):
            return True
    return False
