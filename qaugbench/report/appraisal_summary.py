"""What is known of the synthetic images of a run, one row per arm, and how many words that takes on a page."""

from __future__ import annotations

from qaugbench.formatting import NONE, Row
from qaugbench.image_facts import Appraisal
from qaugbench.record import Record

SUMMARY_HEADER: Row = (
    *("images of", "copies", "one image", "training", "labels"),
    *("excess", "Vendi", "alike", "skill", "judge", "KID", "detail"),
)
SUMMARY_TITLE = "What the synthetic images are like"
SUMMARY_LEGEND = (
    "The first replicate's images; these numbers describe, and nothing is ranked by them. O-real: other real images in place of "
    "synthetic ones; R+rec: real images sent through a space. excess: of copies on registered pixels, beyond real images; Vendi: "
    "least variety of a class, over that of real images; alike: how much more alike than real ones the images of a class are, at "
    "most (MS-SSIM); skill: 1 if labels hold as in real images, 0 by chance, with its 95 % interval; judge: how often it is right "
    "on real images, and by chance; KID on the judge's features; detail: power of fine detail in dB, below 0 if blurred."
)
STATES = ("copies", "collapse", "training", "labels")


def summary_rows(record: Record, fraction: str) -> list[Row]:
    """Return one row per appraised arm of a fraction, in the order of the arms."""
    found = record.appraisals.get(fraction, {})
    return [(arm.id, *_cells(found[arm.id])) for arm in record.arms if arm.id in found]


def _cells(one: Appraisal) -> tuple[str, ...]:
    vendi, alike = _parts(one, "collapse/vendi/"), _parts(one, "collapse/ssim/")
    return (
        *(one.states.get(name, NONE) for name in STATES),
        _number(one, "copies/excess_pixels", 3),
        f"{min(vendi):.2f}" if vendi else NONE,
        f"{max(alike):.2f}" if alike else NONE,
        _with_limits(one, "labels/skill"),
        _beside_chance(one, "labels/judge"),
        _number(one, "fidelity/kid", 3),
        _number(one, "fidelity/fine_detail", 1),
    )


def _parts(one: Appraisal, start: str) -> list[float]:
    return [found.value for name, found in one.measures.items() if name.startswith(start) and found.value is not None]


def _number(one: Appraisal, name: str, digits: int) -> str:
    found = one.measures.get(name)
    return NONE if found is None or found.value is None else f"{found.value:.{digits}f}"


def _with_limits(one: Appraisal, name: str) -> str:
    found = one.measures.get(name)
    if found is None or found.ci_low is None or found.ci_high is None:
        return _number(one, name, 2)
    return f"{found.value:.2f} [{found.ci_low:.2f}, {found.ci_high:.2f}]"


def _beside_chance(one: Appraisal, name: str) -> str:
    found = one.measures.get(name)
    return NONE if found is None or found.value is None else f"{found.value:.2f}, {found.noise:.2f}"
