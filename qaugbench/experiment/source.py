"""Which data a run uses, opened, checked and split; and what of it the record states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.datasets.audit.quick import finding_lines, finding_notes, quick_findings, screen, with_copies_counted
from qaugbench.datasets.manifest import source_manifest
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.part_words import check_parts, with_parts
from qaugbench.datasets.phantom.images import phantom_tasks
from qaugbench.datasets.phantom.source import phantom_archive
from qaugbench.datasets.prepared import PreparedData, open_prepared
from qaugbench.datasets.sources import find_prepared, sources
from qaugbench.datasets.spelling import spelling_lines
from qaugbench.datasets.splits import Split, usable_split
from qaugbench.datasets.subgroups import subgroups
from qaugbench.errors import printable
from qaugbench.experiment.source_names import PHANTOM, own_name, source_not_here
from qaugbench.formatting import PHANTOM_BANNER
from qaugbench.record import DataFacts
from qaugbench.task import PARTS, Task, Track

LEAKY = "LEAKY SPLIT: the record is marked and its scores are too high."


@dataclass(frozen=True)
class OpenedSource:
    """A source ready to be planned with.

    ``image_ids`` name the images in predictions by content alone, since a file name may tell who a patient is.
    ``banner`` is what a person is told before anything runs; ``warnings`` is what of it is said even where a run is quiet.
    """

    prepared: PreparedData
    split: Split
    facts: DataFacts
    image_ids: tuple[str, ...]
    banner: str
    warnings: tuple[str, ...] = ()

    def told(self, notes: Sequence[str], lines: Sequence[str], warnings: Sequence[str]) -> OpenedSource:
        """Return the source with ``notes`` in what the record states of it and ``lines`` in the banner."""
        facts = self.facts.model_copy(update={"notes": [*self.facts.notes, *notes]})
        banner = printable("\n".join([self.banner, *lines]), "\n")
        return replace(self, facts=facts, banner=banner, warnings=(*self.warnings, *map(printable, warnings)))


def open_source(
    task: Task,
    track: Track,
    *,
    data: Path | None,
    source: str | None,
    split: str | None,
    allow_leaky: bool,
    phantom_folder: Path,
) -> OpenedSource:
    """Return the data of a run.

    ``data`` is a folder, .zip or .csv of images, in the prepared form or any that ``own_prepared`` converts, named by
    ``source`` (its own name by default). Without it, the prepared form of ``source`` (the task's default source) is used, or
    the phantom, if that is named; the banner says which. Raises DataError for a source that is not prepared here.
    """
    path, name, banner = _locate(task, track, data, source, phantom_folder)
    prepared = with_parts(open_prepared(path, task.labels, name=name, given=data), split)
    check_parts(prepared, split)
    manifest = source_manifest(prepared, task.id)
    if manifest["phantom"] and name != PHANTOM:
        name, banner = PHANTOM, f"{PHANTOM_BANNER} {path} is a phantom."
    chosen = usable_split(prepared, column=split, allow_leaky=allow_leaky)
    screened = screen(prepared, compare=not manifest["phantom"])
    chosen = with_copies_counted(prepared, chosen, screened, allow_leaky=allow_leaky)
    facts = _facts(task, prepared, chosen, manifest, name)
    opened = OpenedSource(prepared, chosen, facts, prepared.identity.image_ids, _with_split(banner, chosen))
    findings = quick_findings(prepared, chosen, screened)
    grave = [finding for finding in findings if finding.severity != "note"]
    leaky = [LEAKY] if chosen.leaky else []
    return opened.told(
        finding_notes(findings),
        [*spelling_lines(prepared, task.labels), *finding_lines(findings)],
        [*leaky, *finding_lines(grave)],
    )


def _locate(task: Task, track: Track, data: Path | None, source: str | None, folder: Path) -> tuple[Path, str, str]:
    if data is not None:
        name = own_name(data, source)
        path = own_prepared(data, task.labels)
        made = "" if path == data else f", converted to {path}"
        return path, name, f"Data: {data} (source {name!r}){made}."
    wanted = source or task.default_source
    if wanted == PHANTOM:
        return phantom_archive(task, track, folder), PHANTOM, PHANTOM_BANNER
    found = find_prepared(task.id, wanted)
    if found is None:
        raise source_not_here(task, wanted)
    return found, wanted, f"Data: {found} (source {wanted!r})."


def phantom_side(source: OpenedSource, task_id: str) -> int | None:
    """Return the pixels per side at which a phantom of ours was drawn, or None for any other source."""
    drawn_here = source.facts.phantom and task_id in phantom_tasks()
    return source.prepared.read(0).width if drawn_here else None


def _with_split(banner: str, split: Split) -> str:
    return "\n".join([banner, f"Split: {split.how}", *([LEAKY] if split.leaky else [])])


def _facts(task: Task, prepared: PreparedData, split: Split, manifest: dict[str, Any], name: str) -> DataFacts:
    parts = {part: getattr(split, part) for part in PARTS}
    known = sources().get(name)
    return DataFacts(
        source=name,
        phantom=manifest["phantom"],
        description=known.title if known and manifest["description"] == name else manifest["description"],
        manifest_sha256=manifest["content_sha256"],
        split_sha256=split.sha256,
        split_how=split.how,
        leaky=split.leaky,
        crossing_groups=split.crossing_groups,
        patients_known=prepared.patients_known,
        n_images={part: len(rows) for part, rows in parts.items()},
        n_groups={part: len(np.unique(prepared.groups[rows])) for part, rows in parts.items()},
        class_counts=_class_counts(task.labels.names, prepared.labels, parts),
        licence=manifest["licence"] or (known.licence if known else None),
        citation=manifest["citation"] or (known.citation if known else None),
        notes=manifest["notes"],
        subgroups=list(subgroups(prepared)),
    )


def _class_counts(names: Sequence[str], labels: np.ndarray, parts: dict[str, np.ndarray]) -> dict[str, dict[str, int]]:
    return {name: {part: int(labels[rows, k].sum()) for part, rows in parts.items()} for k, name in enumerate(names)}
