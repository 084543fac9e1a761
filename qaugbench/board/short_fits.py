"""What a run on the track smoke says of its generators: their fits are short by design, whatever their losses did."""

from __future__ import annotations

from qaugbench.board.comparable import SMOKE
from qaugbench.formatting import count
from qaugbench.record import FitSummary, Record

TOO_SHORT = "too short to tell"
"""What is said everywhere of a fit that took too few updates for its end to mean anything, as all do on the track smoke."""


def short_fits_notes(record: Record) -> list[str]:
    """Return one sentence with the generators that learned step by step on the track smoke, else nothing.

    A flat loss does not acquit so short a fit: its trend is that of a few updates. Controls follow their generator.
    """
    if record.board.track != SMOKE:
        return []
    generators = [arm.id for arm in record.arms if arm.role == "synthetic"]
    trained = {
        name: fit for fits in record.fits.values() for name, fit in fits.items() if name in generators and fit.losses
    }
    if not trained:
        return []
    listed = ", ".join(_budget(name, trained[name]) for name in generators if name in trained)
    return [
        f"The track {SMOKE} fits generators for a short time by design ({listed}), {TOO_SHORT} how good they can be: their images "
        "show that everything works."
    ]


def _budget(name: str, fit: FitSummary) -> str:
    return f"{name} {count(fit.updates, 'update')}, {fit.seen_per_image:.3g} looks at each image"
