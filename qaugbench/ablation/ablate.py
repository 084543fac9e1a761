"""Studies what noise costs a fitted generator: its images are drawn again at every level, from the fit that a run stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qaugbench.ablation.findings import findings, study_data
from qaugbench.ablation.planned import PreparedNoise, prepare_noise
from qaugbench.ablation.request import NoiseRequest
from qaugbench.ablation.results import level_result, side_of
from qaugbench.ablation.study import StudyResult
from qaugbench.ablation.text import level_line, opening
from qaugbench.errors import StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.estimate import Estimate, Working, estimate_cells
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.pace import Pace
from qaugbench.experiment.prepare import Definitions, jobs_of
from qaugbench.experiment.processes import execute
from qaugbench.experiment.progress import Progress, announce, shown
from qaugbench.experiment.store import Store
from qaugbench.files import json_text, write_whole
from qaugbench.places import NOISE_FILE

PLOT, PAGE = "noise.png", "noise.html"


def ablate(request: NoiseRequest, defined: Definitions | None = None) -> tuple[StudyResult, Path]:
    """Return what noise does to a generator, and the folder with ``noise.json``, ``noise.html`` and ``noise.png``.

    These files are written whole after each level. Levels are cells of the store of runs: a second call computes what is missing,
    and fits and ideal samples that a run has are found. ``defined`` replaces the shipped definitions.
    """
    announce("Checking the request ...", quiet=request.quiet)
    found = prepare_noise(request, defined)
    store, jobs = found.prepared.store, jobs_of(request.run, found.prepared.plan)
    cells = found.cells
    pace = Pace(cells, store, jobs)
    with store.in_use(), shown(cells, found.folder / "log.txt", quiet=request.quiet, pace=pace) as progress:
        progress.message(f"{found.prepared.plan.source.banner}\n{opening(found.study)}")
        result = StudyResult(found.study)
        for result in _studied(found, store, jobs, progress):
            _write(found.folder, result)
            if result.levels:
                progress.message(level_line(result))
    return result, found.folder


def estimate_noise(request: NoiseRequest, defined: Definitions | None = None, *, working: Working) -> Estimate:
    """Return how long a study would take here; nothing is added to the store."""
    found = prepare_noise(request, defined)
    jobs = jobs_of(request.run, found.prepared.plan)
    return estimate_cells(found.cells, found.prepared.store, jobs, opening(found.study), working)


def _studied(found: PreparedNoise, store: Store, jobs: int, progress: Progress) -> Iterator[StudyResult]:
    """Yield the result once the comparators are done and after each level; several are computed at once with enough processes."""
    result = StudyResult(found.study)
    yield result  # so that the folder tells what is under way
    reports: dict[str, CellReport] = {}
    paid: set[str] = set()
    reports |= _computed(found.comparators, store, jobs, progress, reports)
    paid |= {cell.name for cell in found.comparators}
    width = max(1, jobs // found.study.replicates)
    result = replace(
        result,
        twin=side_of(found.twin, found.twin_trained, store, reports, found.metric) if found.twin else None,
        real_only=side_of((), found.real_only, store, reports, found.metric) if found.real_only else None,
    )
    for start in range(0, len(found.levels), width):
        batch = found.levels[start : start + width]
        cells = with_upstream(cell for level in batch for cell in level.cells)
        reports |= _computed(cells, store, jobs, progress, reports)
        for level in batch:
            done = level_result(level, found, store, reports, paid)
            result = replace(result, levels=(*result.levels, done))
            yield result


def _computed(
    cells: Sequence[Cell], store: Store, jobs: int, progress: Progress, told: Mapping[str, CellReport]
) -> dict[str, CellReport]:
    """Return the reports of some cells; progress is not told again of what it was ``told`` before."""

    def report(done: CellReport) -> None:
        if done.cell.name not in told:
            progress.cell(done)

    return execute(cells, store, jobs=jobs, report=report, still=progress.still)


def _write(folder: Path, result: StudyResult) -> None:
    from qaugbench.ablation.page import noise_page
    from qaugbench.ablation.plot import noise_png

    concluded = findings(result)
    try:
        write_whole(folder / NOISE_FILE, json_text(study_data(result, concluded)))
        if result.levels:
            write_whole(folder / PLOT, noise_png(result))
            write_whole(folder / PAGE, noise_page(result, concluded))
    except OSError as error:
        remedy = "Free some space or choose another folder with --out, and run the same command again: finished levels are kept."
        raise StoreError(f"{folder} cannot be written: {error.strerror}. {remedy}") from error
