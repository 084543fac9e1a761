"""Which synthetic images may be shown beside their numbers: drawings of phantoms, and images that are no copies of patients."""

from __future__ import annotations

from qaugbench.record import Record

RELEASABLE = "releasable"
WITHHELD = (
    "Synthetic images fitted to real patients are not shown: whether the generators memorised training images was not "
    "tested for this entry."
)
COPIES = (
    "Synthetic images fitted to real patients are not shown: of no generator were they found to be free of copies of training "
    "images."
)
NO_SAMPLES = "The run kept no pictures."


def releasable_arms(record: Record) -> list[str]:
    """Return the arms of generators and controls whose synthetic images may be shown.

    On a phantom these are all. On real images they are those whose images at the first fraction, from which pictures are taken,
    were appraised and found to be no copies of training images.
    """
    generated = [arm.id for arm in record.arms if arm.generator]
    if record.data.phantom:
        return generated
    found = record.appraisals.get(record.fractions[0].key, {})
    return [arm for arm in generated if arm in found and found[arm].states.get("copies") == RELEASABLE]


def why_withheld(record: Record) -> str:
    """Return why an entry of this record has no pictures."""
    if releasable_arms(record):
        return NO_SAMPLES
    return COPIES if record.appraisals else WITHHELD
