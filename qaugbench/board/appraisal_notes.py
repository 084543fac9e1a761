"""What the appraisal of synthetic images says that a reader must know before using the numbers of a run."""

from __future__ import annotations

from qaugbench.record import Record

WARNINGS = {
    ("copies", "memorising"): "more copies of training images than chance explains: do not release them",
    ("collapse", "collapsed"): "images of a class that are far more alike than real ones",
    ("labels", "lost"): "labels that a judge sees about as often as by chance",
}
"""What images are said to have where a state is so."""


def appraisal_notes(record: Record) -> list[str]:
    """Return one sentence per fault and fraction, with the generators and controls whose images have it."""
    notes = []
    generated = {arm.id for arm in record.arms if arm.generator}
    for fraction, found in record.appraisals.items():
        for (section, state), words in WARNINGS.items():
            names = [arm for arm, one in found.items() if arm in generated and one.states.get(section) == state]
            if names:
                at = f" at {fraction}" if len(record.appraisals) > 1 else ""
                notes.append(f"Among the images of {', '.join(names)}{at} are {words}.")
    return notes
