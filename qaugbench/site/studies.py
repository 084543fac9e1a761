"""The studies of noise beside the entries, as the site shows them: sentences, tables, and pictures in files of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qaugbench.board.noise_places import study_paths
from qaugbench.board.protocol import own_prefix
from qaugbench.record import Record
from qaugbench.report.drawing import svg
from qaugbench.site.file_names import safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qaugbench.ablation.levels import Sweep
    from qaugbench.ablation.published import PublishedStudy

SMOKE_NOTE = (
    "Fits of the track smoke are short, and its generator learned little: this shows how its circuits take noise, and is no "
    "evidence on how good its images are."
)


@dataclass(frozen=True)
class ShownStudy:
    """A study of noise with everything that pages say of it; ``pictures`` are files beside its page, by name."""

    slug: str
    generator: str
    board: str
    track: str
    source_sha256: str
    replicates: int
    kinds: tuple[str, ...]
    notes: tuple[str, ...]
    place: str
    sha256: str
    facts: Mapping[str, Any]
    pictures: Mapping[str, str]


def shown_studies(root: Path) -> list[ShownStudy]:
    """Return the studies of noise below ``root``, the folder of all boards; EntryError for one that cannot be what it says."""
    paths = study_paths(root) if root.is_dir() else []
    if paths:
        from qaugbench.ablation.study_checks import check_study
    return [shown_study(check_study(path), path.relative_to(root).as_posix()) for path in paths]


def shown_study(study: PublishedStudy, place: str) -> ShownStudy:
    """Return a study as it is shown; ``place`` is its folder below that of all boards."""
    from qaugbench.ablation.findings import findings
    from qaugbench.ablation.page import study_facts

    found, slug = study.found, f"{safe(str(study.board))}-{safe(study.path.name)}"
    pictures: dict[str, str] = {}

    def kept(sweep: Sweep, wide: Figure, narrow: Figure) -> tuple[str, str]:
        number = found.study.sweeps.index(sweep) + 1
        drawn = {f"{slug}-{number}.svg": svg(wide), f"{slug}-{number}-narrow.svg": svg(narrow)}
        pictures.update(drawn)
        first, second = drawn
        return first, second

    facts = study_facts(found, findings(found), kept)
    return ShownStudy(
        slug=slug,
        generator=found.study.generator,
        board=str(study.board),
        track=found.study.track,
        source_sha256=found.study.source_sha256,
        replicates=found.study.replicates,
        kinds=tuple(sweep.title for sweep in found.study.sweeps),
        notes=tuple(_notes(study)),
        place=place,
        sha256=study.sha256,
        facts=facts,
        pictures=pictures,
    )


def of_board(studies: Sequence[ShownStudy], record: Record) -> list[ShownStudy]:
    """Return the studies on the images and the track of a record, whose first entry it is."""
    return [
        one for one in studies if (one.board, one.source_sha256) == (str(record.board), record.data.manifest_sha256)
    ]


def of_entry(studies: Sequence[ShownStudy], record: Record) -> list[ShownStudy]:
    """Return those studies of a board that are of a generator of the record."""
    generators = {arm.generator for arm in record.arms}
    return [one for one in of_board(studies, record) if one.generator in generators]


def _notes(study: PublishedStudy) -> list[str]:
    from qaugbench.ablation.study_checks import devices_of_this_release

    said = [SMOKE_NOTE] if study.found.study.track == "smoke" else []
    owner = own_prefix(study.found.study.source)
    if owner is not None:
        said.append(f"Images of a submitter's own ({owner}): nobody else can compare them or their labels.")
    said += [
        f"The errors of `{name}` are as the study states them; this release has others, or none, of this name."
        for name, known in devices_of_this_release(study.found).items()
        if not known
    ]
    return said
