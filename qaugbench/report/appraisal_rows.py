"""What is known of synthetic images as rows of text, for the terminal, Markdown and pages: one table per question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qaugbench.board.short_fits import TOO_SHORT
from qaugbench.formatting import NONE, Row
from qaugbench.image_facts import SECTIONS, Appraisal, Measure, Section, measure_info

HEADER: Row = ("measure", "value", "95 % CI", "real", "noise", "n", "by")
READING = (
    "real: the same number for real images in their place; noise: for noise, or by chance; n: synthetic images. These numbers "
    "describe; nothing is ranked by them."
)
WORDS = {
    "releasable": "No more copies than among real images of other patients.",
    "memorising": "More copies of training images than chance explains: do not release these images.",
    "collapsed": "Images of a class are far more alike than real ones.",
    "varied": "Images of each class vary as real ones do, within the limits of these measures.",
    "converged": "Images drawn at 75 % and at 100 % of the steps are equally near to real ones.",
    "undertrained": "Images still came nearer to real ones at the end of the fit: it was too short.",
    "unstable": "Images went away from real ones at the end of the fit, or its loss had been clearly lower before.",
    TOO_SHORT: "The track smoke fits for a short time by design, whatever the numbers below say.",
    "held": "A judge sees the classes asked for nearly as often as in real images.",
    "weak": "A judge sees the classes asked for less often than in real images.",
    "lost": "A judge sees the classes asked for hardly more often than by chance.",
}
NOT_DECIDED: Mapping[Section, str] = {
    "copies": "Whether there are more copies than chance explains cannot be said; the remarks say why.",
    "labels": "Too few images, or too weak a judge, to say whether labels hold; the remarks have the numbers.",
}


def section_words(appraisal: Appraisal, section: Section) -> str:
    """Return the answer to a section's question, its state and what that means; empty where there are numbers and no state."""
    state = appraisal.states.get(section)
    if state is None or (state == "not measured" and section_rows(appraisal, section)):
        return ""
    if state == "not measured":
        return " ".join(["Not measured.", *_reasons(appraisal, section)])
    words = NOT_DECIDED.get(section, "") if state == "not decided" else WORDS.get(state, "")
    return f"{state[0].upper()}{state[1:]}. {words}".removesuffix(" ")


def section_rows(appraisal: Appraisal, section: Section) -> list[Row]:
    """Return the rows of one section under ``HEADER``, measures without a value left out."""
    return [_row(name, one) for name, one in appraisal.section(section).items() if one.value is not None]


def unmeasured(appraisal: Appraisal) -> list[str]:
    """Return why measures have no value, each reason once with the measures that it concerns.

    Left out are those of sections of which nothing was measured: there the reasons are the answer (``section_words``).
    """
    reasons: dict[str, list[str]] = {}
    answered = [section for section in SECTIONS if section_words(appraisal, section).startswith("Not measured.")]
    for name, one in appraisal.measures.items():
        if one.value is None and one.reason is not None and name.partition("/")[0] not in answered:
            reasons.setdefault(one.reason, []).append(_title(name))
    return [f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in reasons.items()]


def sections() -> Sequence[Section]:
    """Return the sections in the order in which they are asked."""
    return tuple(SECTIONS)


def _reasons(appraisal: Appraisal, section: Section) -> list[str]:
    """Return why the measures of a section have no value, each reason once."""
    return list(dict.fromkeys(one.reason for one in appraisal.section(section).values() if one.reason is not None))


def _row(name: str, one: Measure) -> Row:
    digits = measure_info(name).digits
    limits = (
        NONE if one.ci_low is None or one.ci_high is None else f"[{one.ci_low:.{digits}f}, {one.ci_high:.{digits}f}]"
    )
    numbers = (NONE if value is None else f"{value:.{digits}f}" for value in (one.real, one.noise))
    count = NONE if one.n is None else f"{one.n:,}"
    return (_title(name), f"{one.value:.{digits}f}", limits, *numbers, count, one.extractor or "")


def _title(name: str) -> str:
    bare, _, extractor = name.partition("@")
    part = "/".join(bare.split("/")[2:])
    return measure_info(name).title + (f", {part}" if part else "") + (f" on {extractor}" if extractor else "")
