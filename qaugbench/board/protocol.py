"""What the board of an entry fixes, recomputed from task, track, generators and source; an entry that says otherwise is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from qaugbench import definitions
from qaugbench.board.arms_required import arm_faults
from qaugbench.board.entry_id import entry_id
from qaugbench.board.pinned import is_classifier, registered_sources, unlike_pin
from qaugbench.errors import DefinitionError, EntryError, shown
from qaugbench.formatting import share
from qaugbench.limits import MIN_FOR_INTERVAL, MIN_TRAINING_IMAGES, MIN_TRAINING_POSITIVES
from qaugbench.predictions import PredictionSet, fraction_key
from qaugbench.record import Board, FractionFacts, Record
from qaugbench.task import FRACTION_LADDER, Task, Track, canonical_hash, learnable_endpoints, tail_endpoints

PHANTOM = "phantom"


def departures(record: Record, predicted: PredictionSet) -> Iterator[str]:
    """Yield what an entry says otherwise than its board fixes, as sentences without a full stop."""
    try:
        task = definitions.task(record.board.task)
        track = definitions.track(task, record.board.track)
    except DefinitionError as error:
        yield f"nothing fixes the board {shown(record.board)}: {str(error).rstrip('.')}"
        return
    if record.board.task != task.name:
        yield f"the board {shown(record.board)} does not say the version of its task, {task.name}"
        return
    yield from source_name_faults(record.board)
    yield from _task_facts(record, task, track)
    yield from _recipe(record)
    yield from _fractions(record, task, track)
    yield from arm_faults(record)
    unlike = unlike_pin(record, predicted)
    if unlike is not None:
        yield unlike
    if record.id != entry_id(record):
        yield (
            f"the id is {shown(record.id)!r}, and an entry of this board, these generators and this configuration is called "
            f"{entry_id(record)!r}; submit the run again"
        )


def source_name_faults(board: Board) -> Iterator[str]:
    """Yield why a source cannot be called what it is: its name is neither registered for the task nor below a submitter's own.

    A name of one's own is PREFIX.NAME, the prefix being the submitter's name where the entry is submitted.
    """
    task, source = board.task_id, board.source
    known = registered_sources()
    if source in known:
        if task not in known[source]["tasks"]:
            yield f"the source {source!r} is one of {' and '.join(known[source]['tasks'])}, not of {shown(task)}"
        return
    prefix, dot, name = source.partition(".")
    if not (dot and prefix and name) or prefix in known:
        yield (
            f"there is no registered source {shown(source)!r}; images of your own are called YOU.NAME, with the name that you "
            "submit under: run again with --source YOU.NAME, nothing is computed twice"
        )


def own_prefix(source: str) -> str | None:
    """Return under whose name a source is; None for a registered one.

    >>> own_prefix("jroe.clinic-2024"), own_prefix("nickparvar")
    ('jroe', None)
    """
    return None if source in registered_sources() else source.partition(".")[0]


def check_author(source: str, author: str | None, what: str) -> None:
    """Raise EntryError where a source is called after another than ``author``, who submits ``what`` ("entry", "study")."""
    prefix = own_prefix(source)
    if prefix is None or (author or "").lower() == prefix:
        return
    called = f"The source {shown(source)!r} is called after {shown(prefix)!r}"
    if not author:
        raise EntryError(f"{called}, and nothing says who submits: add --author with the name of who does.")
    raise EntryError(f"{called}, and the {what} is submitted by {shown(author)!r}.")


def _task_facts(record: Record, task: Task, track: Track) -> Iterator[str]:
    counts = {name: parts["train"] for name, parts in record.data.class_counts.items()}
    labels = {"kind": task.labels.kind, "names": list(task.labels.names), "titles": list(task.labels.titles)}
    fixed: dict[str, tuple[Any, Any]] = {
        "title": (record.title, task.title),
        "question": (record.question, task.question),
        "labels": (record.labels.model_dump(), labels),
        "replicates": (record.replicates, track.replicates),
        "image_size": (record.image_size, track.image_size),
        "recipe_name": (record.recipe_name, "A"),
        "recipe": (record.recipe, asdict(track.recipe)),
        "task_sha256": (record.task_sha256, canonical_hash(task.track_identity(track.name))),
        "departures": (record.departures, []),
        "test_withheld": (record.test_withheld, False),
    }
    if set(counts) == set(task.labels.names):
        expected = learnable_endpoints((*task.endpoints, *tail_endpoints(task, counts)), counts)
        fixed["endpoints"] = ([asdict(one) for one in record.endpoints], [asdict(one) for one in expected])
    for what, (stated, found) in fixed.items():
        if stated != found:
            yield f"{what} is {_first_difference(stated, found)} on the board {record.board}"


def _first_difference(stated: Any, fixed: Any) -> str:
    """Return what is stated and what is fixed, at the first key or place where they differ."""
    if isinstance(stated, dict) and isinstance(fixed, dict):
        for key in sorted({*stated, *fixed}):
            if stated.get(key) != fixed.get(key):
                return f"other at {shown(key)}: {_first_difference(stated.get(key), fixed.get(key))}"
    if isinstance(stated, list) and isinstance(fixed, list) and len(stated) == len(fixed):
        for one, other in zip(stated, fixed, strict=True):
            if one != other:
                return _first_difference(one, other)
    return f"{shown(repr(stated), 120)}, fixed is {shown(repr(fixed), 120)}"


def _recipe(record: Record) -> Iterator[str]:
    timm = record.environment.packages.get("timm")
    if not is_classifier(record.recipe_sha256, timm):
        yield (
            f"recipe_sha256 is {shown(record.recipe_sha256)}, not the classifier of this release with timm {shown(timm)}; "
            "entries of another release are verified by that one"
        )


def _fractions(record: Record, task: Task, track: Track) -> Iterator[str]:
    stated = [(fraction.requested, fraction.used) for fraction in record.fractions]
    expected: dict[float, float] = {}
    for requested in track.fractions:
        used = runnable(record, requested)
        if used not in expected.values():
            expected[requested] = used
    if stated != list(expected.items()):
        yield (
            f"the fractions (asked for, used) are {shown(stated)}, and the track {track.name} with so many training images has "
            f"{shown(list(expected.items()))}"
        )
    for fraction in record.fractions:
        yield from (f"fractions {fraction.key}: {words}" for words in _amounts(record, task, fraction))


def runnable(record: Record, requested: float) -> float:
    """Return the fraction of the training patients that is used where ``requested`` is asked for, by the counts of a record."""
    rungs = sorted(rung for rung in {*FRACTION_LADDER, requested} if rung >= requested)
    return next((rung for rung in rungs if _is_enough(record, rung)), 1.0)


def _is_enough(record: Record, fraction: float) -> bool:
    """Return whether a fraction has the training images and positives that a run needs (``datasets.subsets.too_small``)."""
    n_test, n_train = record.data.n_images["test"], record.data.n_images["train"]
    counts = record.data.class_counts.values()
    deciding = [one for one in counts if min(one["test"], n_test - one["test"]) >= MIN_FOR_INTERVAL] or list(counts)
    positives = [one["train"] for one in deciding if one["train"] > 0]
    return fraction * n_train >= MIN_TRAINING_IMAGES and all(
        fraction * count >= MIN_TRAINING_POSITIVES for count in positives
    )


def _amounts(record: Record, task: Task, fraction: FractionFacts) -> Iterator[str]:
    n_train, n_groups = record.data.n_images["train"], record.data.n_groups["train"]
    largest_group = n_train - n_groups + 1
    if abs(fraction.n_real - fraction.used * n_train) > (largest_group + 1) / 2:
        yield f"n_real is {fraction.n_real:,}, which is no {fraction_key(fraction.used)} of {n_train:,} training images"
    if fraction.n_fill != round(task.ratio * fraction.n_real):
        yield f"n_fill is {fraction.n_fill:,}, not {task.ratio:g} per real image"
    if fraction.oracle != (fraction.used < 1):
        yield f"oracle is {fraction.oracle}, although {share(fraction.used)} of the training images are used"
    yield from _reason(fraction)


def _reason(fraction: FractionFacts) -> Iterator[str]:
    """Yield what of the reason for another fraction than the track's is not so."""
    moved = f"{share(fraction.used)} of the training images instead of {share(fraction.requested)}: "
    if fraction.used == fraction.requested:
        begun: Sequence[str] = () if fraction.used < 1 else ("All training images are used, ",)
        if fraction.reason is not None and not fraction.reason.startswith(tuple(begun)):
            yield f"it has a reason, and is the fraction that was asked for: {shown(fraction.reason)}"
    elif fraction.reason is None or not fraction.reason.startswith((moved, "All training images are used, ")):
        yield f"its reason does not begin with {moved!r}: {shown(fraction.reason)}"
