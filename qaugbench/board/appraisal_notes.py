"""What the appraisal of synthetic images says that a reader must know before using the numbers of a run."""

from __future__ import annotations

from collections.abc import Iterable

from qaugbench.board.label_words import label_words
from qaugbench.formatting import fraction_words
from qaugbench.image_facts import Appraisal
from qaugbench.record import Record

WARNINGS = {
    ("copies", "memorising"): "more copies of training images than chance explains: do not release them",
    ("labels", "lost"): "labels that a judge sees hardly more often than by chance",
    ("collapse", "collapsed"): "images of a class that are far more alike than real ones",
}
"""What images are said to have where a state is so, worst first."""
WORST = ("copies", "labels")
"""What makes every other number of a set of images mean little: said beside the answers."""


def appraisal_notes(record: Record) -> list[str]:
    """Return one sentence per fault and fraction, with the generators and controls whose images have it."""
    return [note for key in record.appraisals for note in _notes(record, key, WARNINGS)]


def worst_notes(record: Record, key: str) -> list[str]:
    """Return the sentences on copies and lost labels at one fraction."""
    return _notes(record, key, [fault for fault in WARNINGS if fault[0] in WORST])


def memorising(record: Record, key: str) -> list[str]:
    """Return the generators and controls whose images have copies of training images, at one fraction."""
    return [arm for arm, one in _generated(record).get(key, {}).items() if one.states.get("copies") == "memorising"]


def label_lines(record: Record) -> list[str]:
    """Return what is known of labels that are not lost, one sentence per generator or control and fraction, with the numbers."""
    return [
        f"Labels of {arm}{_at(record, key)}: {one.states['labels']}, {label_words(one)}."
        for key, found in _generated(record).items()
        for arm, one in found.items()
        if label_words(one) and one.states.get("labels", "lost") != "lost"
    ]


def _notes(record: Record, key: str, faults: Iterable[tuple[str, str]]) -> list[str]:
    notes, found = [], _generated(record).get(key, {})
    for section, state in faults:
        names = [arm for arm, one in found.items() if one.states.get(section) == state]
        if not names:
            continue
        numbers = {arm: label_words(found[arm]) if section == "labels" else "" for arm in names}
        said = "; ".join(f"{arm}: {words}" for arm, words in numbers.items() if words)
        words = WARNINGS[section, state] + (f" ({said})" if said else "")
        notes.append(f"Among the images of {', '.join(names)}{_at(record, key)} are {words}.")
    return notes


def _at(record: Record, key: str) -> str:
    """Return the fraction in words, where there are several."""
    return f" at {fraction_words(key)}" if len(record.appraisals) > 1 else ""


def _generated(record: Record) -> dict[str, dict[str, Appraisal]]:
    """Return the appraisals of generators and controls, by fraction and arm."""
    generated = {arm.id for arm in record.arms if arm.generator}
    return {
        fraction: {arm: one for arm, one in found.items() if arm in generated}
        for fraction, found in record.appraisals.items()
    }
