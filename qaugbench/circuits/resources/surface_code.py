"""What a circuit takes on an error-corrected computer, by published formulas: surface code, T factories, Pauli measurements.

Beverland et al., arXiv 2211.07629, appendix D: Clifford gates cost nothing, every T state and every measurement takes one step
of the code, and rotations that can be made side by side are synthesised side by side. Rotations need the T states of mixed
fallback synthesis (Kliuchnikov et al., arXiv 2203.10064, table 1). Figures of codes, qubits and factories are in
``fault_tolerance.toml`` with their sources.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qaugbench.circuits.resources.pauli_rotations import LogicalCounts
from qaugbench.errors import CircuitError, near_names

TARGET_ERROR = 1e-3
"""The probability that anything goes wrong in one run of a circuit."""
STATES_PER_ROTATION = range(5, 21)


@dataclass(frozen=True)
class AssumedQubits:
    """Physical qubits: ``error`` of every operation, times in ns."""

    name: str
    title: str
    error: float
    gate_ns: int
    two_qubit_gate_ns: int
    readout_ns: int

    @property
    def round_ns(self) -> int:
        """How long one round of the code takes: a one-qubit gate, four two-qubit gates, a readout."""
        return self.gate_ns + 4 * self.two_qubit_gate_ns + self.readout_ns


@dataclass(frozen=True)
class Factory:
    """``qubits`` of errors up to ``at`` that make ``states`` T states, of ``error`` each, in ``cycles`` rounds."""

    title: str
    at: float
    error: float
    qubits: int
    cycles: float
    states: int

    @property
    def qubits_per_state(self) -> int:
        """Qubits for one state at a time."""
        return math.ceil(self.qubits / self.states)


@dataclass(frozen=True)
class Corrected:
    """One run of a circuit, error-corrected: the fastest way within ``target_error``, of several that with fewest qubits.

    ``logical_qubits`` include those for routing; ``factories`` of one T state at a time work beside them. ``distance`` of the
    code, ``steps`` of it one after the other, ``shot_s`` their time. ``route``: "formula", or the package that found it.
    """

    route: str
    qubits: str
    target_error: float
    error: float
    distance: int | None
    logical_qubits: int
    steps: int
    t_per_rotation: int | None
    t_states: int
    factories: int
    factory: str
    physical_qubits: int
    shot_s: float


@cache
def assumed_qubits() -> dict[str, AssumedQubits]:
    """Return the kinds of physical qubits of ``fault_tolerance.toml`` by name."""
    return {name: AssumedQubits(name, **facts) for name, facts in _facts()["qubits"].items()}


def qubits_called(name: str) -> AssumedQubits:
    """Return one kind of physical qubits, or raise CircuitError with near names."""
    known = assumed_qubits()
    if name not in known:
        raise CircuitError(f"Unknown kind of error-corrected qubits {name!r}.{near_names(name, known)}")
    return known[name]


@cache
def factories() -> tuple[Factory, ...]:
    """Return every factory of ``fault_tolerance.toml``."""
    return tuple(Factory(**facts) for facts in _facts()["factory"])


def corrected(counts: LogicalCounts, qubits: AssumedQubits, target_error: float = TARGET_ERROR) -> Corrected:
    """Return what one run takes on ``qubits``.

    Raises:
        CircuitError: a target outside of 0 to 1, or one that no distance and factory reaches.
    """
    check_target(target_error)
    found = min(_ways(counts, qubits, target_error), key=lambda way: (way.shot_s, way.physical_qubits), default=None)
    if found is None:
        raise CircuitError(
            f"No distance up to {max(_facts()['code']['distances'])} and no factory reaches an error of {target_error:g} in one "
            f"run on qubits that are {qubits.title}; allow a larger target."
        )
    return found


def check_target(target_error: float) -> None:
    """Raise CircuitError unless a target is a probability that can be reached."""
    if not 0 < target_error < 1:
        raise CircuitError(f"A target error of one run lies between 0 and 1, given {target_error:g}.")


def logical_error(qubits: AssumedQubits, distance: int) -> float:
    """Return the error of one patch in one step, arXiv 1208.0928 equation 11."""
    code = _facts()["code"]
    return float(code["prefactor"] * (qubits.error / code["threshold"]) ** ((distance + 1) // 2))


def synthesis_error(states: int) -> float:
    """Return the error of a rotation made of ``states`` T states on average, arXiv 2203.10064 table 1."""
    return float(2.0 ** ((4.86 - states) / 0.53))


def patches(qubits: int) -> int:
    """Return the logical qubits of the layout for ``qubits``, arXiv 2211.07629 equation D1."""
    return 2 * qubits + math.ceil(math.sqrt(8 * qubits)) + 1


def _ways(counts: LogicalCounts, qubits: AssumedQubits, target_error: float) -> Iterator[Corrected]:
    """Yield, for every number of T states a rotation and every factory, the smallest distance that reaches the target."""
    needs_states = bool(counts.rotations or counts.t_gates)
    made = [factory for factory in factories() if _usable(factory, qubits)] if needs_states else [None]
    for states in STATES_PER_ROTATION if counts.rotations else (None,):
        t_states = counts.t_gates + counts.rotations * (states or 0)
        steps = counts.measurements + counts.t_gates + counts.rotations + counts.rotation_depth * (states or 0)
        synthesis = counts.rotations * synthesis_error(states) if states else 0.0
        for factory in made:
            fixed = synthesis + (t_states * factory.error if factory else 0.0)
            for distance in _facts()["code"]["distances"]:
                error = fixed + steps * patches(counts.qubits) * logical_error(qubits, distance)
                if error <= target_error:
                    yield _way(counts, qubits, target_error, error, distance, steps, states, t_states, factory)
                    break


def _way(
    counts: LogicalCounts,
    qubits: AssumedQubits,
    target_error: float,
    error: float,
    distance: int,
    steps: int,
    states: int | None,
    t_states: int,
    factory: Factory | None,
) -> Corrected:
    runtime_ns = steps * distance * qubits.round_ns
    copies = 0
    if factory:
        batches = max(1, runtime_ns // math.ceil(qubits.round_ns * factory.cycles))
        copies = math.ceil(t_states / batches)
        runtime_ns = max(runtime_ns, math.ceil(qubits.round_ns * factory.cycles))
    logical = patches(counts.qubits)
    return Corrected(
        route="formula",
        qubits=qubits.name,
        target_error=target_error,
        error=error,
        distance=distance,
        logical_qubits=logical,
        steps=steps,
        t_per_rotation=states,
        t_states=t_states,
        factories=copies,
        factory=factory.title if factory else "",
        physical_qubits=logical * (2 * distance**2 - 1) + copies * (factory.qubits_per_state if factory else 0),
        shot_s=runtime_ns * 1e-9,
    )


def _usable(factory: Factory, qubits: AssumedQubits) -> bool:
    """Return whether a factory is that of the table for the errors of ``qubits``: the smallest error that they do not exceed."""
    columns = sorted({each.at for each in factories() if qubits.error <= each.at})
    return bool(columns) and factory.at == columns[0]


@cache
def _facts() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "fault_tolerance.toml").read_text(encoding="utf-8"))
