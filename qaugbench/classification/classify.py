"""Compares classifiers: trains what is missing, scores every row, and leaves the comparison with its predictions and a page."""

from __future__ import annotations

from pathlib import Path

from qaugbench.classification.page import comparison_page
from qaugbench.classification.planned import PreparedComparison, prepare_comparison
from qaugbench.classification.request import ClassifierRequest
from qaugbench.classification.results import Comparison
from qaugbench.classification.scored import score
from qaugbench.classification.stored import CURVES, PAGE, PREDICTIONS
from qaugbench.classification.text import opening
from qaugbench.errors import StoreError
from qaugbench.experiment.estimate import Estimate, Working, estimate_cells
from qaugbench.experiment.pace import Pace
from qaugbench.experiment.prepare import Definitions, jobs_of, processes_of
from qaugbench.experiment.progress import announce, shown
from qaugbench.files import json_text, write_whole
from qaugbench.places import CLASSIFIERS_FILE


def classify(request: ClassifierRequest, defined: Definitions | None = None) -> tuple[Comparison, Path]:
    """Return what a comparison of classifiers found and its folder, with ``classifiers.json``, predictions, courses and a page.

    Trainings are cells of the store of runs: a second call computes what is missing, and trainings of the recipe and images that a
    run has are found. A training that fails does not raise: it is named in ``failures``. ``defined`` replaces the shipped task.
    """
    quiet = request.run.quiet
    announce("Checking the request ...", quiet=quiet)
    found = prepare_comparison(request, defined)
    prepared = found.prepared
    pace = Pace(found.cells, prepared.store, processes_of(prepared))
    with (
        prepared.store.in_use(),
        shown(found.cells, found.folder / "log.txt", quiet=quiet, pace=pace) as progress,
    ):
        progress.message(f"{prepared.plan.source.banner}\n{opening(found)}")
        reports = prepared.backend.compute(found.cells, prepared.store, progress)
        progress.message("All trainings are done. Comparing the classifiers ...")
        comparison, predictions, looks = score(found, prepared.store, reports)
        _write(found.folder / PREDICTIONS, predictions.to_bytes())
        _write(found.folder / CURVES, json_text(looks))
        _write(found.folder / CLASSIFIERS_FILE, json_text(comparison.to_dict()))
        _write(found.folder / PAGE, comparison_page(comparison, looks))
    return comparison, found.folder


def estimate_comparison(
    request: ClassifierRequest, defined: Definitions | None = None, *, working: Working
) -> Estimate:
    """Return how long a comparison would take here; nothing is added to the store."""
    found: PreparedComparison = prepare_comparison(request, defined)
    jobs = jobs_of(request.run, found.plan)
    return estimate_cells(found.cells, found.prepared.store, jobs, opening(found), working)


def _write(path: Path, content: bytes | str) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        remedy = "Free some space or choose another folder with --out, and run the same command again: finished trainings are kept."
        raise StoreError(f"{path} cannot be written: {error.strerror}. {remedy}") from error
