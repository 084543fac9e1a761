"""What is known of the synthetic images of a run, one row per arm, and how many words that takes on a page."""

from __future__ import annotations

from qaugbench.formatting import NONE, Row
from qaugbench.image_facts import Appraisal
from qaugbench.record import Record

SUMMARY_HEADER: Row = (
    *("images of", "copies", "one image", "training", "labels"),
    *("copy excess", "Vendi", "label skill", "KID", "told apart", "fine detail"),
)
SUMMARY_TITLE = "What the synthetic images are like"
SUMMARY_LEGEND = (
    "The first replicate's images; these numbers describe, and nothing is ranked by them. O-real: other real images in place of "
    "synthetic ones. Copy excess: on registered pixels, beyond that of real images; Vendi: least variety of a class, over that of "
    "real images; label skill: 1 as for real images, 0 by chance; KID on the judge's features; told apart: AUROC, .5 if not; fine "
    "detail in dB, below 0 if blurred."
)
STATES = ("copies", "collapse", "training", "labels")


def summary_rows(record: Record, fraction: str) -> list[Row]:
    """Return one row per appraised arm of a fraction, in the order of the arms."""
    found = record.appraisals.get(fraction, {})
    return [(arm.id, *_cells(found[arm.id])) for arm in record.arms if arm.id in found]


def _cells(one: Appraisal) -> tuple[str, ...]:
    vendi = [found.value for name, found in one.measures.items() if name.startswith("collapse/vendi/")]
    known = [value for value in vendi if value is not None]
    return (
        *(one.states.get(name, NONE) for name in STATES),
        _number(one, "copies/excess_pixels", 3),
        f"{min(known):.2f}" if known else NONE,
        _number(one, "labels/skill", 2),
        _number(one, "fidelity/kid", 3),
        _number(one, "fidelity/c2st", 2),
        _number(one, "fidelity/fine_detail", 1),
    )


def _number(one: Appraisal, name: str, digits: int) -> str:
    found = one.measures.get(name)
    return NONE if found is None or found.value is None else f"{found.value:.{digits}f}"
