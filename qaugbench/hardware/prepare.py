"""From a request to a session: the fit of a run is found, or computed as a run would, and written down with what is drawn of it."""

from __future__ import annotations

from pathlib import Path

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.backends import open_machine
from qaugbench.circuits.devices.device import Device
from qaugbench.errors import DefinitionError, StoreError
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.busy import busy
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.execution_choice import circuits_of
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.pace import Pace
from qaugbench.experiment.prepare import LOADING, Definitions, PreparedRun, jobs_of, look_up, prepare
from qaugbench.experiment.processes import execute
from qaugbench.experiment.progress import announce, shown
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import STATE, drawn_images
from qaugbench.hardware.request import HardwareRequest, check_backend, check_names
from qaugbench.hardware.session import Session, begin, check_free, no_circuits, sha256
from qaugbench.kinds import may_run_circuits


def prepare_session(request: HardwareRequest, defined: Definitions | None = None) -> tuple[Path, Session]:
    """Return the folder of a session and what it draws; ``defined`` replaces the shipped definitions.

    The same request finds the same folder again.

    Raises:
        DefinitionError: unknown names, or a generator that runs no circuit of qubits.
        CircuitError: an unknown or unusable device.
        StoreError: a folder that holds another session, or a fit that failed.
    """
    check_names(request)
    device = check_backend(request)
    if device.kind == "ibm":
        open_machine(device)  # an account that does not work is told before anything is fitted
    announce("Checking the request ...", quiet=request.quiet)
    with busy(LOADING, quiet=request.quiet):
        defined = defined or look_up(request.run)
    (choice,) = defined.generators
    if choice.space is None or not may_run_circuits(choice.card.kind):
        raise DefinitionError(f"{request.generator!r} is {choice.card.kind} and runs no circuit for a device to run.")
    prepared = prepare(request.run, defined)
    plan, fraction = prepared.plan, prepared.plan.fractions[0]
    _check_circuits(choice, prepared, device)
    if request.replicate == 0:
        _check_number(request.images, fraction.n_fill)  # of others it is known once their patients are drawn
    sample = ReplicateCells(plan.setting, fraction.key, fraction.used, request.replicate).sample(choice)
    fit, space = sample.needs["fit"], sample.needs["space"]
    parts = ("hardware", plan.task.id, plan.source.facts.source, plan.track.name, choice.card.id, device, fit.name[:8])
    folder = request.folder or request.out / "-".join(map(str, parts)).replace(":", "-")
    check_free(folder)
    _compute(fit, prepared, folder.parent / f"{folder.name}.log")
    state = _state(prepared.store.read("fit", fit.name, STATE), prepared.store.read("space", space.name, STATE))
    session = Session(
        task=plan.task.name,
        source=plan.source.facts.source,
        phantom=plan.source.facts.phantom,
        track=plan.track.name,
        fraction=fraction.key,
        replicate=request.replicate,
        generator=choice.card.id,
        class_of=fit.key["generator"],
        hyper=fit.key["hyper"],
        per_label=fit.key["per_label"],
        space={"name": space.key["space"], "hyper": space.key["hyper"], "training": space.key["training"]},
        image_shape=(plan.track.image_size, plan.track.image_size, plan.task.channels),
        label_names=tuple(plan.task.labels.names),
        labels=_labels(sample, prepared.store, request.images),
        seed=sample.key["seeds"]["gen_sample"],
        backend=str(device),
        shots=request.shots,
        fit=fit.name,
        state_sha256=sha256(state),
    )
    begin(folder, session, state)
    return folder, session


def _check_circuits(choice: GeneratorChoice, prepared: PreparedRun, device: Device) -> None:
    """Raise DefinitionError for a generator without circuits of qubits, before it is fitted."""
    circuits = circuits_of(choice, prepared.plan.task, prepared.plan.track)
    if not circuits or not all(isinstance(one, Circuit) for one in circuits):
        raise no_circuits(choice.card.id, str(device))


def _compute(fit: Cell, prepared: PreparedRun, log: Path) -> None:
    """Compute a fit and what it needs where the store lacks them, or raise StoreError with the reason why not."""
    cells, store, request = with_upstream([fit]), prepared.store, prepared.request
    failed: list[CellReport] = []
    with store.in_use(), shown(cells, log, quiet=request.quiet, pace=Pace(cells, store, 1)) as progress:

        def report(done: CellReport) -> None:
            progress.cell(done)
            failed.extend([done] if done.outcome != "ok" else [])

        execute(cells, store, jobs=jobs_of(request, prepared.plan), report=report, still=progress.still)
    if failed:
        raise StoreError(f"The fit could not be made: {failed[0].reason}")


def _labels(sample: Cell, store: Store, images: int) -> tuple[tuple[float, ...], ...]:
    """Return the label vectors of the first images that the run draws."""
    labels = drawn_images(sample, store, "drawn").labels
    _check_number(images, len(labels))
    return tuple(tuple(map(float, row)) for row in labels[:images])


def _check_number(images: int, drawn: int) -> None:
    if images > drawn:
        raise DefinitionError(f"This replicate draws {drawn} images in a run, given {images}; ask for as many at most.")


def _state(generator: bytes, space: bytes) -> bytes:
    """Return what a generator and its space have learned in one file; their names begin with "generator." and "space."."""
    from safetensors.torch import load, save

    parts = {"generator": load(generator), "space": load(space)}
    return save({f"{part}.{name}": value for part, state in parts.items() for name, value in state.items()})
