"""Whether the classifier of a run had reached its plateau, as sentences."""

from __future__ import annotations

from qaugbench.formatting import fraction_words, signed
from qaugbench.record import Record


def plateau_notes(record: Record) -> list[str]:
    """Return where the classifier was trained too briefly, and why that is not known, as sentences."""
    notes = [
        f"At {fraction_words(found.fraction)} the classifier is undertrained here: doubling its steps still gains "
        f"{signed(found.gain)} on validation, and more than {signed(found.limit)} matters."
        for found in record.plateau
        if found.climbs
    ]
    skipped = record.plateau_skipped
    if skipped:
        notes.append(f"Whether the classifier is undertrained was not checked: {skipped.rstrip('.')}.")
    return notes
