"""Presets of devices beside the snapshots that are installed: what is different, and ``presets.toml`` with the new figures.

Every figure of a snapshot is a median: of a gate over the couplers or qubits where it works (its error is below 1), of all else
over all qubits. It is written with the snapshot's date and the version of the package that it came with.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.circuits.noise.backend import snapshot
from qaugbench.circuits.noise.presets import Preset, names, preset
from qaugbench.errors import CircuitError
from qaugbench.text_table import listed

FILE = Path(__file__).parent / "presets.toml"
ONE_QUBIT_GATE = "sx"
TWO_QUBIT_GATES = ("cz", "ecr", "cx")
PACKAGE = "qiskit-ibm-runtime"


@dataclass(frozen=True)
class Change:
    """A fact of a preset that its snapshot gives otherwise; ``after`` as it is written in TOML, ``before`` None where missing."""

    preset: str
    fact: str
    before: str | None
    after: str


def figures(backend: Any) -> dict[str, str]:
    """Return the facts of a snapshot as they are written in TOML: its date, qubits and medians; what it lacks is left out.

    Raises:
        CircuitError: it has none of the gates whose figures presets state.
    """
    target, properties = backend.target, backend.properties()
    two_qubit = next((name for name in TWO_QUBIT_GATES if name in target.operation_names), None)
    if two_qubit is None or ONE_QUBIT_GATE not in target.operation_names:
        raise CircuitError(
            f"{backend.name} has no {ONE_QUBIT_GATE} or none of {', '.join(TWO_QUBIT_GATES)}, whose medians presets state."
        )
    qubits = [each for each in target.qubit_properties or () if each is not None]
    read = [each for each in target["measure"].values() if each is not None]
    found: dict[str, str | None] = {
        "date": f'"{properties.last_update_date.date()}"',
        "n_qubits": str(backend.num_qubits),
        "one_qubit_error": _error(_working(target, ONE_QUBIT_GATE, "error")),
        "two_qubit_error": _error(_working(target, two_qubit, "error")),
        "readout_error": _error([each.error for each in read]),
        "readout_0_to_1": _error(_misread(backend, properties, "prob_meas1_prep0")),
        "readout_1_to_0": _error(_misread(backend, properties, "prob_meas0_prep1")),
        "t1_s": _microseconds([each.t1 for each in qubits], 1),
        "t2_s": _microseconds([each.t2 for each in qubits], 1),
        "one_qubit_duration_s": _nanoseconds(_working(target, ONE_QUBIT_GATE, "duration")),
        "two_qubit_duration_s": _nanoseconds(_working(target, two_qubit, "duration")),
        "readout_duration_s": _nanoseconds([each.duration for each in read]),
        "rep_delay_s": _microseconds([getattr(backend.configuration(), "default_rep_delay", None)], 0),
    }
    return {fact: value for fact, value in found.items() if value is not None}


def changes(of: Sequence[str] = ()) -> tuple[Change, ...]:
    """Return what the installed snapshots give otherwise than the presets called ``of``, by default all that have a snapshot.

    Raises:
        CircuitError: Qiskit is not installed, or a preset that is unknown or has no snapshot.
    """
    return tuple(change for name in of or _with_snapshot() for change in changes_of(preset(name)))


def changes_of(known: Preset, backend: Any = None) -> Iterator[Change]:
    """Yield what ``backend``, by default the installed snapshot, gives otherwise than a preset."""
    if known.backend is None:
        raise CircuitError(f"{known.name} is not from a snapshot: its figures are from {known.source}.")
    backend = snapshot(known.backend) if backend is None else backend
    new = {**figures(backend), "source": f'"{type(backend).__name__} of {PACKAGE} {version(PACKAGE)}"'}
    for fact, after in new.items():
        before = getattr(known, fact)
        if before != tomllib.loads(f"value = {after}")["value"]:
            yield Change(known.name, fact, None if before is None else _written(before), after)


def with_changes(text: str, found: Sequence[Change]) -> str:
    """Return ``presets.toml`` with the changed facts in the place of the old ones, new facts at the end of their preset.

    Raises:
        CircuitError: the text has no such preset, or does not say afterwards what it should.
    """
    for change in found:
        head = re.search(rf"^\[{re.escape(change.preset)}\]\n(?:(?!\[).*\n?)*", text, re.MULTILINE)
        if head is None:
            raise CircuitError(f"There is no [{change.preset}] in the text of presets.")
        table, line = head.group(), f"{change.fact} = {change.after}"
        changed = re.sub(rf"^{change.fact} = .*$", line.replace("\\", r"\\"), table, flags=re.MULTILINE)
        if f"\n{line}\n" not in changed:
            changed = table.rstrip("\n") + f"\n{line}\n" + "\n" * (len(table) - len(table.rstrip("\n")) - 1)
        text = text[: head.start()] + changed + text[head.end() :]
    said = tomllib.loads(text)
    for change in found:
        if said[change.preset][change.fact] != tomllib.loads(f"value = {change.after}")["value"]:
            raise CircuitError(f"{change.fact} of {change.preset} could not be set to {change.after}.")
    return text


def write(found: Sequence[Change], path: Path = FILE) -> None:
    """Write the changes into a file of presets."""
    from qaugbench.files import write_whole

    write_whole(path, with_changes(path.read_text(encoding="utf-8"), found))


def changes_text(found: Sequence[Change], width: int) -> str:
    """Return the changes as a table, or that there are none."""
    if not found:
        return f"Every preset is as {PACKAGE} {version(PACKAGE)} has it."
    rows = [(change.preset, change.fact, change.before or "-", change.after) for change in found]
    return "\n".join(listed(("preset", "fact", "now", f"{PACKAGE} {version(PACKAGE)}"), rows, width))


def _with_snapshot() -> tuple[str, ...]:
    return tuple(name for name in names() if preset(name).backend is not None)


def _working(target: Any, gate: str, what: str) -> list[float | None]:
    """Return a figure of a gate wherever it works."""
    reported = [each for each in target[gate].values() if each is not None]
    return [getattr(each, what) for each in reported if each.error is None or each.error < 1]


def _misread(backend: Any, properties: Any, name: str) -> list[float | None]:
    found = [properties.qubit_property(qubit).get(name) for qubit in range(backend.num_qubits)]
    return [None if each is None else each[0] for each in found]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _error(values: Sequence[float | None]) -> str | None:
    middle = _median(values)
    return None if middle is None else f"{middle:.2e}".replace("e-0", "e-")


def _microseconds(values: Sequence[float | None], digits: int) -> str | None:
    middle = _median(values)
    return None if middle is None else f"{middle * 1e6:.{digits}f}e-6"


def _nanoseconds(values: Sequence[float | None]) -> str | None:
    middle = _median([value for value in values if value])
    return None if middle is None else f"{middle * 1e9:.0f}e-9"


def _written(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"
