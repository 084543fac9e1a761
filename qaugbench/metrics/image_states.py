"""The words that measures of synthetic images allow, and why nothing is decided: one rule for those who measure and who verify.

Measures are named as in ``image_facts.MEASURES``. Each function returns a state and remarks, one sentence each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qaugbench.formatting import unsigned
from qaugbench.image_facts import Measure
from qaugbench.metrics.copies import state_of_excess
from qaugbench.metrics.diversity import COLLAPSED_RATIO
from qaugbench.metrics.image_pairs import COLLAPSED_EXCESS

Measures = Mapping[str, Measure]
TESTS = {"": None, "_pixels": "registered pixels"}
"""The two tests for copies by the ending of their measures, and what remarks call them; None: by the extractor's name."""
LEAST_FOUND = 0.5
"""Share of planted copies that a test must find before its finding none clears a set of images."""
HELD, MORE_THAN_HALF, LOST = 0.8, 0.5, 0.2
"""Skill from which labels hold, where its interval is above the second; they are lost where its interval is below the third."""


def copies_state(measures: Measures) -> tuple[str, list[str]]:
    """Return ``memorising``, ``releasable``, ``not decided`` or "not measured".

    It is ``memorising`` if either test says so, ``releasable`` if a test says so that finds half of the planted copies and no such
    test says otherwise; one that finds fewer clears nothing. Where one test accuses and another that finds more of the planted
    copies clears, nothing is decided: images that are alike without being copies can share one near image.
    """
    said: dict[str, tuple[str, float]] = {}
    remarks, tested = [], False
    for ending, called in TESTS.items():
        excess = measures.get(f"copies/excess{ending}")
        if excess is None:
            continue
        label = called or str(excess.extractor)
        if excess.value is None or excess.ci_low is None or excess.ci_high is None:
            remarks += [f"Copies on {label}: {excess.reason}"] if excess.extractor else []
            continue
        tested, state, found = True, state_of_excess(excess.ci_low, excess.ci_high), _planted_found(measures, ending)
        if state != "memorising" and found < LEAST_FOUND:
            remarks.append(f"On {label} the test finds {found:.0%} of planted copies, too few to clear these images.")
        else:
            said[state] = (label, found)
    if "memorising" in said and "releasable" in said:
        (accuser, few), (clears, more) = said["memorising"], said["releasable"]
        if more > few:
            return "not decided", [
                *remarks,
                f"On {accuser} some images look like copies; on {clears}, where more of the planted copies are found "
                f"({more:.0%} for {few:.0%}), none do: look at the closest pairs.",
            ]
    undecided = "not decided" if tested else "not measured"
    return next((word for word in ("memorising", "not decided", "releasable") if word in said), undecided), remarks


def collapse_state(measures: Measures) -> tuple[str, list[str]]:
    """Return ``collapsed``, ``varied`` or "not measured".

    It is ``collapsed`` where the Vendi ratio of any class is below .5, or pairs of its images are more alike than real ones by over
    .1 in MS-SSIM, with 95 % confidence.
    """
    flags, told = [], False
    for name in (one.removeprefix("collapse/vendi/") for one in measures if one.startswith("collapse/vendi/")):
        vendi, ssim = measures[f"collapse/vendi/{name}"], measures.get(f"collapse/ssim/{name}")
        told = told or vendi.value is not None or (ssim is not None and ssim.value is not None)
        few = vendi.value is not None and vendi.value < COLLAPSED_RATIO
        alike = ssim is not None and ssim.ci_low is not None and ssim.ci_low > COLLAPSED_EXCESS
        flags += [name] if few or alike else []
    if not told:
        return "not measured", []
    return ("collapsed", [f"Hardly varied: {', '.join(flags)}."]) if flags else ("varied", [])


def labels_state(measures: Measures) -> tuple[str, list[str]]:
    """Return ``held``, ``weak``, ``lost``, ``not decided`` or "not measured".

    ``lost``: a skill below .2 with confidence; ``weak``: below .8 with confidence; ``held``: .8 or more, above .5 with confidence;
    each only by a judge that is right on real images more often than by chance, with confidence.

    >>> judge = Measure(value=0.9, ci_low=0.85, ci_high=0.95, noise=0.5, n_real=80)
    >>> skill = Measure(value=0.05, ci_low=-0.05, ci_high=0.15, n=60)
    >>> labels_state({"labels/skill": skill, "labels/judge": judge})
    ('lost', [])
    """
    skill, judge = measures.get("labels/skill"), measures.get("labels/judge")
    if judge is None or judge.value is None or judge.noise is None:
        return "not measured", []
    reads = judge.ci_low is not None and judge.ci_low > judge.noise
    if skill is None or (skill.value is None and reads):
        return "not measured", []
    if not reads or skill.value is None or skill.ci_low is None or skill.ci_high is None:
        return "not decided", [
            f"Whether the labels hold is not decided, as the judge is too weak: on {judge.n_real} real images it is right at "
            f"{unsigned(judge.value)} (95 % interval {_limits(judge)}), and {unsigned(judge.noise)} is chance."
        ]
    if skill.ci_high < LOST:
        return "lost", []
    if skill.ci_high < HELD:
        return "weak", []
    if skill.value >= HELD and skill.ci_low > MORE_THAN_HALF:
        return "held", []
    return "not decided", [
        f"Whether the labels hold is not decided, as {skill.n} synthetic and {skill.n_real} real images are too few: the label "
        f"skill is {unsigned(skill.value)} (95 % interval {_limits(skill)})."
    ]


def training_states(measures: Measures) -> Sequence[str]:
    """Return the words that the gain of the last steps allows: with losses that grew again, a fit is ``unstable`` all the same."""
    gain = measures.get("training/gain")
    if gain is None or gain.ci_low is None or gain.ci_high is None:
        return ("converged", "undertrained", "unstable", "not measured")
    clear = "undertrained" if gain.ci_low > 0 else "unstable" if gain.ci_high < 0 else "converged"
    return tuple(dict.fromkeys((clear, "unstable")))


def _planted_found(measures: Measures, ending: str) -> float:
    planted = measures.get(f"copies/found{ending}/all")
    return 0.0 if planted is None else planted.value or 0.0


def _limits(of: Measure) -> str:
    return f"{unsigned(of.ci_low)} to {unsigned(of.ci_high)}"
