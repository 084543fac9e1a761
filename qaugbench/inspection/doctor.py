"""The installation and the machine examined, with a remedy for everything that does not fit."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psutil

from qaugbench import __version__, definitions, plugins
from qaugbench.datasets.sources import find_prepared
from qaugbench.errors import TRAINING, QaugbenchError, missing_package
from qaugbench.experiment.environment import processor, usable_cores
from qaugbench.experiment.store import Store
from qaugbench.inspection.plug_ins import baseline_faults, plug_in_faults
from qaugbench.places import data_home

State = Literal["fine", "note", "fails"]
NEEDED = ("numpy", "scipy", "scikit-learn", "pandas")
LEAST_MEMORY_GB = 4
LEAST_DISK_GB = 2


@dataclass(frozen=True)
class Finding:
    """One thing examined."""

    state: State
    what: str
    detail: str

    def text(self) -> str:
        """Return the finding as one line."""
        return f"{self.state:<6} {self.what:<22} {self.detail}"


def examine(out: Path) -> list[Finding]:
    """Return a finding for each requirement of a run; ``out`` is the folder that would contain its store."""
    examinations: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _machine,
        _torch,
        _definitions,
        _plugins,
        _data,
    )
    return (
        [finding for examination in examinations for finding in examination()] + list(_store(out)) + list(_circuits())
    )


def _python() -> Iterator[Finding]:
    yield Finding("fine", "qaugbench", f"{__version__} on Python {sys.version.split()[0]}")


def _packages() -> Iterator[Finding]:
    for name in NEEDED:
        try:
            yield Finding("fine", name, version(name))
        except PackageNotFoundError:
            yield Finding("fails", name, "not installed; install the versions of requirements.lock")
    for name in TRAINING:
        if find_spec(name) is None:
            yield Finding("note", name, missing_package("A run", name, extra="run"))
        else:
            yield Finding("fine", name, version(name))
    try:
        yield Finding("fine", "pennylane", version("pennylane"))
    except PackageNotFoundError:
        yield Finding("note", "pennylane", missing_package("The export to PennyLane", "pennylane", extra="pennylane"))


def _machine() -> Iterator[Finding]:
    yield Finding("fine", "processor", f"{processor()}, {usable_cores()} usable cores")
    free = psutil.virtual_memory().available / 2**30
    state: State = "fine" if free >= LEAST_MEMORY_GB else "note"
    remedy = (
        ""
        if state == "fine"
        else f"; a run on two cores may need {LEAST_MEMORY_GB} GiB: close something or use --jobs 1"
    )
    yield Finding(state, "memory", f"{free:.1f} GiB free{remedy}")


def _torch() -> Iterator[Finding]:
    if find_spec("torch") is None:
        return
    try:
        import torch
    except ImportError as error:
        yield Finding("fails", "torch", f"cannot be imported: {error}")
        return
    if torch.cuda.is_available():
        yield Finding("fine", "accelerator", torch.cuda.get_device_name())
    else:
        yield Finding("note", "accelerator", "no CUDA device; the smoke and lite tracks are made for CPUs")


def _definitions() -> Iterator[Finding]:
    names = definitions.names("tasks")
    try:
        for name in names:
            definitions.task(name)
    except QaugbenchError as error:
        yield Finding("fails", "tasks", str(error))
    else:
        yield Finding("fine", "tasks", ", ".join(names))
    faults = {name: baseline_faults(name) for name in definitions.names("baselines")}
    for name, found in faults.items():
        yield from _faulty(f"baseline {name}", name, found)
    yield Finding("fine", "baselines", ", ".join(name for name, found in faults.items() if not found))


def _plugins() -> Iterator[Finding]:
    """Check every generator that another package registers: its facts, its class, whether they agree, and that it can be built."""
    if not plugins.registered():
        yield Finding("fine", "plug-ins", "no other package registers a generator")
    for name, points in plugins.registered().items():
        where = " and ".join(map(_registration, points))
        if name in definitions.names("baselines"):
            detail = f"{where} is ignored: {name!r} is the name of one of qaugbench's own generators; choose another"
            yield Finding("fails", f"plug-in {name}", detail)
            continue
        faults = plug_in_faults(name)
        yield from _faulty(f"plug-in {name}", name, faults)
        if not faults:
            yield Finding("fine", f"plug-in {name}", f"{where}; {_command(name)} checks it")


def _faulty(what: str, name: str, faults: Sequence[str]) -> Iterator[Finding]:
    """Yield each fault of a generator, and the command that looks at it alone."""
    for fault in faults:
        yield Finding("fails", what, f"{' '.join(fault.split())} Once mended, {_command(name)} checks it.")


def _command(name: str) -> str:
    return f"'qaugbench doctor generator {name}'"


def _registration(point: EntryPoint) -> str:
    """Return where a plug-in's class is, and the package that registers it, if it is known."""
    return point.value if point.dist is None else f"{point.value} of {point.dist.name} {point.dist.version}"


def _data() -> Iterator[Finding]:
    tasks = [definitions.task(name) for name in definitions.names("tasks")]
    ready = [f"{task.id}/{task.default_source}" for task in tasks if find_prepared(task.id, task.default_source)]
    lacking = [task.id for task in tasks if not find_prepared(task.id, task.default_source)]
    yield Finding("fine" if ready else "note", "prepared data", f"{', '.join(ready) or 'none'} in {data_home()}")
    if lacking:
        yield Finding("note", "phantom instead", f"{', '.join(lacking)}: see 'qaugbench data list', or give --data")


def _store(out: Path) -> Iterator[Finding]:
    try:
        Store(out / "store")
    except QaugbenchError as error:
        yield Finding("fails", "store", str(error))
        return
    free = shutil.disk_usage(out).free / 2**30
    state: State = "fine" if free >= LEAST_DISK_GB else "note"
    yield Finding(state, "store", f"{out / 'store'} can be written; {free:.1f} GiB free")


def _circuits() -> Iterator[Finding]:
    """Audit the circuit of the reconstructed QLDM: finite, bounded, and with a gradient to every weight and input."""
    if find_spec("torch") is None:
        return
    import torch

    from qaugbench.circuits.ansatz import qldm_circuit
    from qaugbench.circuits.audit.block import audit_block
    from qaugbench.circuits.block import QuantumBlock
    from qaugbench.seeds import torch_seeded

    with torch_seeded(0):
        block = QuantumBlock(qldm_circuit(4, 2))
    lively = audit_block(block)
    bounded = bool((block(torch.zeros(2, 4)).abs() <= 1 + 1e-5).all())
    state: State = "fine" if bounded and lively.is_live else "fails"
    detail = (
        "a circuit runs and every parameter is live"
        if state == "fine"
        else "; ".join(lively.reasons) or "outputs leave [-1, 1]"
    )
    yield Finding(state, "circuits", detail)
