"""How far a generator's circuits reach its images, and whether the classifier was at its plateau, in a reader's words."""

from __future__ import annotations

from qaugbench.formatting import NONE, fraction_words, share, signed
from qaugbench.record import SMALL_INFLUENCE, BlockInfluence, Record

FROZEN = "frozen"


def influence_of(record: Record, key: str, generator: str | None) -> BlockInfluence | None:
    """Return what was measured of a generator at a fraction, or None."""
    return record.influence.get(key, {}).get(str(generator))


def influence_cell(found: BlockInfluence | None) -> str:
    """Return the influence as a table's cell: the change of the images against the frozen circuit, else against its mean."""
    change, against = _change(found)
    return NONE if change is None else f"{share(change, 1)} ({against})"


def influence_sentence(generator: str, key: str, found: BlockInfluence) -> str:
    """Return the influence as a sentence, with what 100 % means."""
    change, against = _change(found)
    if change is None:
        return f"At {fraction_words(key)}, {generator}: the circuit's influence on the images could not be measured."
    small = ": it hardly reaches them" if found.hardly_reaches_images else ""
    return (
        f"At {fraction_words(key)}, {generator}: the circuit's influence on the images is {share(change, 1)} ({against}) of "
        f"the difference between two samples{small}; under {share(SMALL_INFLUENCE)} is small."
    )


def plateau_notes(record: Record) -> list[str]:
    """Return where the classifier was trained too briefly, and why that is not known, as sentences."""
    notes = [
        f"At {fraction_words(found.fraction)} the classifier is undertrained here: doubling its steps still gains "
        f"{signed(found.gain)} on validation, and more than {signed(found.limit)} matters."
        for found in record.plateau
        if found.climbs
    ]
    skipped = record.plateau_skipped
    return [
        *notes,
        *([f"Whether the classifier is undertrained was not checked: {skipped.rstrip('.')}."] if skipped else []),
    ]


def _change(found: BlockInfluence | None) -> tuple[float | None, str]:
    if found is None:
        return None, ""
    if FROZEN in found.controls:
        return found.controls[FROZEN], f"against {FROZEN}"
    return found.mean_replaced, "against its mean output"
