"""One replicate of an entry or a run computed again here, and how far its scores are from those that are stated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.board.peers import machine_tolerance
from qaugbench.board.reader import record_of
from qaugbench.cards import GeneratorCard
from qaugbench.errors import EntryError, near_names, shown
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.environment import commit, now, processor
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.execution_choice import written_devices
from qaugbench.experiment.fingerprint import code_hash, recipe_hash
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.pace import Pace
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.prepare import Definitions, PreparedRun, prepare, processes_of
from qaugbench.experiment.progress import shown as progress_shown
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.store import Store
from qaugbench.formatting import markdown_table, signed, unsigned
from qaugbench.record import Record
from qaugbench.stats.metric_on_images import Images, metric_of

REPRODUCED = Path("runs") / "reproduced"
"""Where steps are computed: never the store of other runs, whose steps would only be read again."""


@dataclass(frozen=True)
class Reproduced:
    """The primary score of one classifier: stated, found here, and found minus stated."""

    arm: str
    fraction: str
    stated: float
    found: float

    @property
    def difference(self) -> float:
        """Found minus stated."""
        return self.found - self.stated


@dataclass(frozen=True)
class Reproduction:
    """One replicate computed again: its scores, how far another machine may be away, and what is not as it was then.

    ``cached`` steps of ``steps`` were found in the store, so they were computed in an earlier reproduction.
    """

    id: str
    replicate: int
    rows: tuple[Reproduced, ...]
    tolerance: float
    notes: tuple[str, ...]
    steps: int
    cached: int

    @property
    def largest(self) -> float:
        """The largest difference, whatever its sign."""
        return max(abs(row.difference) for row in self.rows)

    @property
    def agrees(self) -> bool:
        """Whether no score is further away than another machine explains."""
        return self.largest <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        rows = [{**asdict(row), "difference": row.difference} for row in self.rows]
        return {**asdict(self), "rows": rows, "largest_difference": self.largest, "agrees": self.agrees}

    def text(self) -> str:
        """Return it as a table and a sentence."""
        cells = [
            (row.fraction, row.arm, unsigned(row.stated), unsigned(row.found), signed(row.difference))
            for row in self.rows
        ]
        verdict = "agrees with" if self.agrees else "does not agree with"
        limit = f"largest difference {self.largest:.4f}, another machine is allowed {unsigned(self.tolerance)}"
        return "\n\n".join(
            [
                markdown_table(("fraction", "arm", "stated", "here", "difference"), cells),
                *self.notes,
                f"Replicate {self.replicate} computed here {verdict} {self.id}: {limit}.",
            ]
        )


def reproduce(
    path: Path,
    replicate: int = 0,
    *,
    arms: Sequence[str] = (),
    data: Path | None = None,
    out: Path = REPRODUCED,
    jobs: int | None = None,
    quiet: bool = False,
    defined: Definitions | None = None,
) -> Reproduction:
    """Compute one replicate of the entry or run in ``path`` again and compare its primary scores.

    ``arms`` are those to compute, by default all; ``data`` are the images where their source is not prepared here. Raises
    EntryError where these are other images, or the task or the classifier is another; what of a generator has changed since is
    said in the notes. A step that fails raises EntryError with its reason.
    """
    record = record_of(path)
    if not 0 <= replicate < record.replicates:
        raise EntryError(f"{shown(path, None)} has the replicates 0 to {record.replicates - 1}; given {replicate}.")
    _check_arms(record, arms)
    asked = request_of(record, data=data, out=out, jobs=jobs, quiet=quiet)
    prepared = prepare(replace(asked, executions=written_devices(record, out)), defined)
    _check_same(path, record, prepared.plan)
    cells = _cells(prepared.plan, replicate, arms)
    wanted = with_upstream(tuple(cells.values()))
    store = prepared.store
    cached = sum(store.holds(cell.stage, cell.name) for cell in wanted)
    reports = _compute(prepared, wanted)
    failed = next((report for report in reports.values() if report.outcome != "ok"), None)
    if failed is not None:
        raise EntryError(f"{failed.cell.stage} {failed.cell.label} failed here: {shown(failed.reason, 300)}")
    rows = tuple(_rows(record, prepared.plan, store, cells, replicate))
    if not rows:
        raise EntryError(f"{shown(path, None)} has no score of replicate {replicate} for these arms.")
    notes = tuple(_notes(record, prepared.plan, {row.arm for row in rows}))
    tolerance = machine_tolerance(record.board.track)
    return Reproduction(record.id, replicate, rows, tolerance, notes, len(wanted), cached)


def request_of(record: Record, *, data: Path | None, out: Path, jobs: int | None, quiet: bool) -> RunRequest:
    """Return what has to be asked for to run what a record states; EntryError for generators that need files of their user."""
    needing = [one.id for one in record.generators if _card(one.id).pretrained or one.kind == "external"]
    if needing:
        raise EntryError(
            f"{needing[0]} needs files that only its submitter has (images or weights), so it cannot be computed again."
        )
    names = dict.fromkeys(one.id for one in record.generators)
    further = [
        f"{one.id}:{one.control}" for one in record.generators if one.control not in ("none", *_card(one.id).controls)
    ]
    optional = [arm.id for arm in record.arms if arm.generator is None and arm.role not in ALWAYS]
    return RunRequest(
        task=record.board.task_id,
        generators=(*names, *further),
        data=data,
        source=record.board.source,
        track=record.board.track,
        arms=tuple(optional),
        jobs=jobs,
        metrics=False,
        plateau_check=False,
        accelerator="cpu" if record.environment.accelerator == "cpu" else "auto",
        out=out,
        quiet=quiet,
    )


ALWAYS = ("real-only", "augmented", "compute-matched", "oversampling", "oracle", "reconstruction")
"""Roles of the arms that a run has without being asked for them."""


def _card(generator: str) -> GeneratorCard:
    return definitions.generator_card(definitions.split_name(generator)[0])


def _check_arms(record: Record, arms: Sequence[str]) -> None:
    known = [arm.id for arm in record.arms]
    for name in arms:
        if name not in known:
            raise EntryError(f"There is no arm {shown(name)!r} in {record.id}.{near_names(name, known)}")


def _check_same(path: Path, record: Record, plan: Plan) -> None:
    """Raise EntryError where what would be computed is not what the record is about."""
    facts = plan.source.facts
    if facts.manifest_sha256 != record.data.manifest_sha256:
        raise EntryError(
            f"{shown(path, None)} is on images of the content {record.data.manifest_sha256[:12]}, and those here have "
            f"{facts.manifest_sha256[:12]}. Give the same images with --data."
        )
    if facts.split_sha256 != record.data.split_sha256:
        raise EntryError(f"{shown(path, None)} divides the images otherwise: {shown(record.data.split_how, 200)}")


def _cells(plan: Plan, replicate: int, arms: Sequence[str]) -> dict[tuple[str, str], Cell]:
    return {
        (arm, key): cell
        for (arm, key, number), cell in plan.train_cells.items()
        if number == replicate and (not arms or arm in arms)
    }


def _compute(prepared: PreparedRun, cells: Sequence[Cell]) -> Mapping[str, CellReport]:
    pace = Pace(cells, prepared.store, processes_of(prepared))
    log = prepared.request.out / "log.txt"
    with prepared.store.in_use(), progress_shown(cells, log, quiet=prepared.request.quiet, pace=pace) as progress:
        return prepared.backend.compute(cells, prepared.store, progress)


def _rows(
    record: Record, plan: Plan, store: Store, cells: Mapping[tuple[str, str], Cell], replicate: int
) -> Iterator[Reproduced]:
    data, test = plan.source.prepared, plan.source.split.test
    primary = record.endpoints[0]
    images = Images(data.labels[test], data.groups[test], tuple(record.labels.names), record.labels.kind)
    metric = metric_of(primary, images)
    for (arm, key), cell in cells.items():
        scored = record.scores.fractions.get(key)
        stated = scored.endpoints[primary.id].arms.get(arm) if scored is not None else None
        if scored is None or stated is None or replicate in scored.flagged.get(arm, []):
            continue
        logits = store.array("train", cell.name, "test_logits")[None]
        yield Reproduced(arm, key, stated.values[replicate], float(metric.evaluate(logits)[0][0]))


def _notes(record: Record, plan: Plan, arms: set[str]) -> Iterator[str]:
    """Yield what of the computed ``arms`` is not as it was when the record was made."""
    if record.recipe_sha256 != recipe_hash():
        yield "The classifier's code has another hash than then; the board says whether it gives the same numbers."
    computed = {arm.generator for arm in record.arms if arm.id in arms}
    for choice in plan.generators:
        if choice.card.id in computed:
            yield from _generator_notes(record, choice, plan.track.name)


def _generator_notes(record: Record, choice: GeneratorChoice, track: str) -> Iterator[str]:
    name = choice.card.id
    facts = next((one for one in record.generators if (one.id, one.control) == (name, "none")), None)
    if facts is None:
        return
    settings = choice.card.settings(track)
    changed = sorted(
        key for key in {*settings, *facts.settings} if _plain(settings.get(key)) != _plain(facts.settings.get(key))
    )
    if changed:
        yield f"{name} has other settings than then ({', '.join(changed)}), so its rows may differ for that."
    elif facts.code_sha256 != code_hash(choice.module):
        yield f"The code of {name} is not that of then, so its rows may differ for that."


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def rerun_facts(found: Reproduction, *, by: str, independent: bool) -> dict[str, Any]:
    """Return what ``reruns/<entry>.json`` says of a reproduction."""
    return {
        "date": now()[:10],
        "by": by,
        "independent": independent,
        "replicate": found.replicate,
        "n_scores": len(found.rows),
        "largest_difference": found.largest,
        "processor": processor(),
        "commit": commit(),
    }
