"""What a run would use of a folder or .zip: counts, split, and fractions, after every check that a run makes."""

from __future__ import annotations

from pathlib import Path

from qaugbench import definitions
from qaugbench.datasets.audit.quick import finding_lines, quick_findings, screen, with_copies_counted
from qaugbench.datasets.manifest import source_manifest
from qaugbench.datasets.own.images import open_own
from qaugbench.datasets.part_words import check_parts, with_parts
from qaugbench.datasets.prepared import load_images
from qaugbench.datasets.spelling import spelling_lines
from qaugbench.datasets.split_table import write_split
from qaugbench.datasets.splits import usable_split
from qaugbench.datasets.subsets import deciding_classes, runnable_fraction
from qaugbench.experiment.source_names import own_name
from qaugbench.task import PARTS


def check_source(
    path: Path, task_name: str, *, split: str | None = None, allow_leaky: bool = False, table: Path | None = None
) -> str:
    """Return a text of what was found, and write the part of each image to ``table``.

    Raises ``DataError`` naming the first offenders of whatever is wrong.
    """
    task = definitions.task(task_name)
    prepared = with_parts(open_own(path, task.labels, name=own_name(path)), split)
    check_parts(prepared, split)
    manifest = source_manifest(prepared, task.id)
    chosen = usable_split(prepared, column=split, allow_leaky=allow_leaky)
    screened = screen(prepared, compare=not manifest["phantom"])
    chosen = with_copies_counted(prepared, chosen, screened, allow_leaky=allow_leaky)
    load_images(prepared, 32, task.channels)
    parts = {part: getattr(chosen, part) for part in PARTS}
    patients = "patients known" if prepared.patients_known else "no patient ids: each group stands for a patient"
    lines = [
        f"{path}: {len(prepared)} images, {len(prepared.group_names)} groups ({patients}), all readable.",
        f"Content: {manifest['content_sha256']}",
        f"Split: {chosen.how}",
        f"{'class':<24}" + "".join(f"{part:>8}" for part in PARTS),
    ]
    for k, label in enumerate(prepared.label_names):
        lines.append(f"{label:<24}" + "".join(f"{int(prepared.labels[rows, k].sum()):>8}" for rows in parts.values()))
    lines.append(f"{'images':<24}" + "".join(f"{len(rows):>8}" for rows in parts.values()))
    deciding = deciding_classes(prepared.labels[chosen.test])
    said: dict[str, list[str]] = {}
    for fraction in sorted({f for track in task.tracks.values() for f in track.fractions}):
        used, reason = runnable_fraction(prepared.labels[chosen.train][:, deciding], fraction)
        what = f"would run at {100 * used:g} %. {reason}" if reason else "can run."
        said.setdefault(what, []).append(f"{100 * fraction:g} %")
    lines += [f"A track that takes {' or '.join(each)} of the training patients {what}" for what, each in said.items()]
    lines += spelling_lines(prepared, task.labels)
    lines += finding_lines(quick_findings(prepared, chosen, screened))
    if table is not None:
        write_split(table, prepared, chosen, task.labels)
        lines.append(f"Part of each image: {table}")
    return "\n".join(lines)
