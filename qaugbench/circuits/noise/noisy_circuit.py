"""From a circuit and a noise model to a program.

Each gate is followed by depolarising, then the relaxation of its wires for the time that the gate takes, then the
relaxation of each wire for the time it idles before its next gate. A gate acts at the end of its time. ZZ crosstalk acts
in pieces, each at the start of an interval in which no gate begins or ends on the two wires.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.noise import channels
from qaugbench.circuits.noise.conversions import (
    coherence,
    decay,
    each_wire_pauli_error_probability,
    pauli_error_probability,
    relaxation_infidelity,
    remaining_infidelity,
)
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.schedule import Schedule, schedule

Wires = tuple[int, int]


def noisy_program(circuit: Circuit, noise: NoiseModel) -> Program:
    """Return the operations of ``circuit`` under ``noise``."""
    varies = noise.over_rotation_kind == "per run"
    misread = ((noise.readout_0_to_1, noise.readout_1_to_0),) * circuit.n_wires
    spread = noise.over_rotation if varies else 0.0
    program = Program(circuit.n_wires, circuit.start, tuple(range(circuit.n_wires)), misread, spread)
    plan = schedule(circuit, noise.duration_s)
    for _, _, append in sorted(_events(circuit, noise, plan), key=lambda event: event[:2]):
        append(program)
    return program


def error_of(circuit: Circuit, noise: NoiseModel, plan: Schedule, number: int) -> float:
    """Return the average infidelity of gate ``number``, higher where another two-qubit gate runs next to it."""
    gate = circuit.gates[number]
    alone = noise.infidelity(gate.name)
    if noise.simultaneous_factor == 1.0 or len(gate.wires) == 1:
        return alone
    near = {wire for pair in coupled(circuit) if set(pair) & set(gate.wires) for wire in pair}
    has_company = any(
        len(other.wires) == 2
        and not set(other.wires) & set(gate.wires)
        and near & set(other.wires)
        and plan.gates[number].overlap_s(plan.gates[k]) > 0.0
        for k, other in enumerate(circuit.gates)
    )
    return alone * noise.simultaneous_factor if has_company else alone


def coupled(circuit: Circuit) -> list[Wires]:
    """Return the pairs of wires that some two-qubit gate of the circuit joins: its neighbours."""
    pairs = {(min(gate.wires), max(gate.wires)) for gate in circuit.gates if len(gate.wires) == 2}
    return sorted(pairs)


Event = tuple[float, int, Callable[[Program], None]]


def _events(circuit: Circuit, noise: NoiseModel, plan: Schedule) -> Iterator[Event]:
    """Yield events with their time and, at equal times, their order: waits from the start, gates, crosstalk."""
    waits: dict[int | None, list[tuple[int, float]]] = {}
    for idle in plan.idles:
        waits.setdefault(idle.gate, []).append((idle.wire, idle.time.duration_s))
    yield 0.0, -1, lambda program: _wait(program, waits.get(None, []), noise)
    first_angle = 0
    for number, gate in enumerate(circuit.gates):
        infidelity = error_of(circuit, noise, plan, number)
        yield plan.gates[number].end_s, number, _gate_event(gate, first_angle, infidelity, noise, waits.get(number, []))
        first_angle += len(gate.angles)
    for pair in coupled(circuit) if noise.crosstalk_hz else ():
        for start, end in _coupled_pieces(circuit, plan, pair):
            angle = math.pi * noise.crosstalk_hz * (end - start)
            yield start, len(circuit.gates), _crosstalk_event(pair, angle)


def _gate_event(
    gate: Gate, first_angle: int, infidelity: float, noise: NoiseModel, waits: list[tuple[int, float]]
) -> Callable[[Program], None]:
    bias = noise.over_rotation if noise.over_rotation_kind == "fixed" else 0.0

    def append(program: Program) -> None:
        program.gate(gate, first_angle, 1.0 + bias)
        _depolarise(program, gate, infidelity, noise)
        _wait(program, [(wire, noise.duration_s(gate.name)) for wire in gate.wires], noise)
        _wait(program, waits, noise)

    return append


def _crosstalk_event(pair: Wires, angle: float) -> Callable[[Program], None]:
    return lambda program: program.fixed(pair, channels.zz_turn(angle))


def _depolarise(program: Program, gate: Gate, infidelity: float, noise: NoiseModel) -> None:
    duration = noise.duration_s(gate.name)
    lost, left = decay(duration, noise.t1_s), coherence(duration, noise.t1_s, noise.t2_s)
    n_wires = len(gate.wires)
    rest = remaining_infidelity(infidelity, relaxation_infidelity([(lost, left)] * n_wires))
    if rest == 0.0:
        return
    if n_wires == 2 and noise.two_qubit_channel == "each wire":
        for wire in gate.wires:
            program.fixed((wire,), channels.depolarising(each_wire_pauli_error_probability(rest), 1))
    else:
        program.fixed(gate.wires, channels.depolarising(pauli_error_probability(rest, n_wires), n_wires))


def _wait(program: Program, waits: list[tuple[int, float]], noise: NoiseModel) -> None:
    for wire, duration in waits:
        if noise.relaxes and duration > 0.0:
            program.fixed((wire,), channels.relaxation(duration, noise.t1_s, noise.t2_s))


def _coupled_pieces(circuit: Circuit, plan: Schedule, pair: Wires) -> Iterator[tuple[float, float]]:
    """Yield the intervals, from the first gate on either wire to the readout, in which one of the two idles."""
    busy = {
        wire: [time for gate, time in zip(circuit.gates, plan.gates, strict=True) if wire in gate.wires]
        for wire in pair
    }

    edges = sorted({edge for times in busy.values() for time in times for edge in (time.start_s, time.end_s)})
    ends = [*edges[1:], plan.end_s]
    for start, end in zip(edges, ends, strict=True):
        middle = (start + end) / 2
        active = [any(time.start_s <= middle <= time.end_s for time in busy[wire]) for wire in pair]
        if end > start and not all(active):
            yield start, end
