"""The main job: fit generators and their controls, train the frozen classifier on every arm, score, and leave a record."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qaugbench.board.changed import SEAL_FILE, seal_text
from qaugbench.board.verify import scores_of
from qaugbench.errors import DefinitionError, StoreError, near_names
from qaugbench.experiment import assemble
from qaugbench.experiment.appraisals import closest_pairs
from qaugbench.experiment.command import command_of, resuming
from qaugbench.experiment.environment import environment, now
from qaugbench.experiment.opening import opening
from qaugbench.experiment.prepare import Definitions, PreparedRun, pace_of, prepare
from qaugbench.experiment.progress import announce, shown
from qaugbench.experiment.request import Accelerator, RunRequest
from qaugbench.files import json_text, npz_bytes, write_whole
from qaugbench.record import Record, record_text
from qaugbench.report.result import Result
from qaugbench.report.run_list import BEGUN_FILE, Begun
from qaugbench.task import RecipeName


@dataclass(frozen=True, repr=False)
class RunResult(Result):
    """The record of a finished run, its folder, and its HTML page."""

    report: Path

    @property
    def failed(self) -> bool:
        """Whether any cell failed."""
        return bool(self.record.failures)


def run(
    task: str,
    generators: str | Sequence[str] = ("qldm",),
    *,
    data: str | Path | None = None,
    source: str | None = None,
    track: str = "lite",
    fraction: float | Sequence[float] | None = None,
    replicates: int | None = None,
    split: str | None = None,
    allow_leaky_split: bool = False,
    jobs: int | None = None,
    backend: str = "loky",
    scheduler: str | None = None,
    slurm: Mapping[str, str] | None = None,
    plateau_check: bool = True,
    metrics: bool = True,
    extractors: str | Sequence[str] = (),
    arms: str | Sequence[str] = (),
    executions: str | Sequence[str] = (),
    ratio: float | None = None,
    withhold_test: bool = False,
    recipe: RecipeName = "A",
    accelerator: Accelerator = "auto",
    out: str | Path = "runs",
    quiet: bool = False,
    **unknown: Any,
) -> RunResult:
    """Run the benchmark and return its result; the options are those of the command line (``qaugbench run --help``).

    Raises ``QaugbenchError`` for bad input, an ``unknown`` option among it, before anything is computed. A cell that fails
    does not raise: it is in ``record.failures`` and the next call of the same run tries it again.
    """
    for name in unknown:
        raise DefinitionError(f"run() has no option {name!r}.{near_names(name, RunRequest.__dataclass_fields__)}")
    announce("Checking the request ...", quiet=quiet)
    return perform(
        RunRequest(
            task=task,
            generators=_several(generators),
            data=None if data is None else Path(data),
            source=source,
            track=track,
            fraction=_fractions(fraction),
            replicates=replicates,
            split=split,
            allow_leaky_split=allow_leaky_split,
            jobs=jobs,
            backend=backend,
            scheduler=scheduler,
            slurm=slurm or {},
            plateau_check=plateau_check,
            metrics=metrics,
            extractors=_several(extractors),
            arms=_several(arms),
            executions=_several(executions),
            ratio=ratio,
            withhold_test=withhold_test,
            recipe=recipe,
            accelerator=accelerator,
            out=Path(out),
            quiet=quiet,
        )
    )


def _fractions(given: float | Sequence[float] | None) -> tuple[float, ...] | None:
    """Return one fraction or several as a tuple; None stays None."""
    if given is None:
        return None
    return (float(given),) if isinstance(given, int | float) else tuple(given)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)


def perform(request: RunRequest, defined: Definitions | None = None) -> RunResult:
    """Carry out a run: compute the missing cells, choose on validation, then score and write record, predictions and report.

    What is chosen is written down before anything is scored, and scores are computed from record and predictions alone.
    """
    prepared = prepare(request, defined)
    plan, store, folder = prepared.plan, prepared.store, prepared.folder
    pace = pace_of(prepared)
    with store.in_use() as shared, shown(plan.cells, folder / "log.txt", quiet=request.quiet, pace=pace) as progress:
        _write(folder / BEGUN_FILE, json_text(_begun(prepared).model_dump(mode="json")))
        progress.message(opening(prepared))
        if request.quiet and plan.source.warnings:
            print("\n".join(plan.source.warnings), file=sys.stderr)
        if shared:
            progress.message(
                "Another run uses this store. Steps that it is computing are waited for, not computed twice."
            )
        reports = prepared.backend.compute(plan.cells, store, progress)
        progress.message("All steps are done. Scoring every arm and comparing them ...")
        predicted = assemble.predictions(plan, store, reports)
        stored = predicted.to_bytes()
        chosen = assemble.choices(plan, predicted)
        _write(folder / "choices.json", json_text({key: asdict(one) for key, one in chosen.items()}))
        unscored = assemble.record(
            plan,
            store,
            reports,
            environment(plan.device),
            run_id=folder.name,
            chosen=chosen,
            predictions_sha256=hashlib.sha256(stored).hexdigest(),
            plateau_skipped=prepared.plateau_skipped,
            command=reproducing(prepared),
        )
        record = unscored.scored(scores_of(unscored, predicted))
        _write(folder / "predictions.npz", stored)
        _write(folder / "curves.json", json_text(assemble.curves(plan, store, reports)))
        _write(folder / "samples.npz", npz_bytes(assemble.pictures(plan, store, reports)))
        if plan.appraisal_cells:
            _write(folder / "pairs.npz", npz_bytes(closest_pairs(plan, store, reports)))
        text = record_text(record)
        _write(folder / "record.json", text)
        _write(folder / SEAL_FILE, seal_text(text))
        progress.message("Writing the report ...")
        return RunResult(record=record, folder=folder, report=_report(folder, record))


def _report(folder: Path, record: Record) -> Path:
    from qaugbench.report.card import write_cards
    from qaugbench.report.html import write_report

    write_cards(folder, record)
    return write_report(folder)


def reproducing(prepared: PreparedRun) -> str:
    """Return the command that repeats a run; a source that was chosen by default is named."""
    request = prepared.request
    named = request.source if request.data is not None else prepared.plan.source.facts.source
    return command_of(replace(request, source=named))


def _begun(prepared: PreparedRun) -> Begun:
    plan = prepared.plan
    return Begun(
        task=plan.task.name,
        source=plan.source.facts.source,
        track=plan.track.name,
        generators=[choice.card.id for choice in plan.generators],
        executions=[one.name for one in plan.executions],
        replicates=plan.replicates,
        began=now(),
        command=resuming(prepared.request),
    )


def _write(path: Path, content: bytes | str) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        remedy = "Free some space or choose another folder with --out, and run the same command again: finished steps are kept."
        raise StoreError(f"{path} cannot be written: {error.strerror}. {remedy}") from error
