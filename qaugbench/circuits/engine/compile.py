"""From a circuit to its plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qaugbench.circuits.circuit import Angle, Circuit, Gate, Terms
from qaugbench.circuits.engine.basis_states import sources, units
from qaugbench.circuits.engine.plan import DIAGONAL, REAL, Local, Operation, Permutation, Phase, Plan, PlanStep
from qaugbench.circuits.readout import parse_word

INVERSE = {"H": "H", "X": "X", "Y": "Y", "Z": "Z", "RX+90": "RX-90", "RX-90": "RX+90"}

# The other gates, in order of application: a name, positions among the gate's wires, and which angle with what scale.
Part = tuple[str, tuple[int, ...], tuple[int, float] | None]
PARTS: dict[str, tuple[Part, ...]] = {
    "PhaseShift": (("RZ", (0,), (0, 1.0)),),
    "Rot": (("RZ", (0,), (0, 1.0)), ("RY", (0,), (1, 1.0)), ("RZ", (0,), (2, 1.0))),
    "CRX": (("H", (1,), None), ("CRZ", (0, 1), (0, 1.0)), ("H", (1,), None)),
    "CRY": (("RX+90", (1,), None), ("CRZ", (0, 1), (0, 1.0)), ("RX-90", (1,), None)),
    "RXX": (
        *(("H", (0,), None), ("H", (1,), None)),
        ("RZZ", (0, 1), (0, 1.0)),
        *(("H", (0,), None), ("H", (1,), None)),
    ),
    "RYY": (
        *(("RX+90", (0,), None), ("RX+90", (1,), None)),
        ("RZZ", (0, 1), (0, 1.0)),
        *(("RX-90", (0,), None), ("RX-90", (1,), None)),
    ),
}
# One step more than through CRZ, but real: used where that keeps the whole circuit real.
REAL_PARTS: dict[str, tuple[Part, ...]] = {
    "CRY": (("RY", (1,), (0, 0.5)), ("CZ", (0, 1), None), ("RY", (1,), (0, -0.5)), ("CZ", (0, 1), None)),
}


def compile_circuit(circuit: Circuit) -> Plan:
    """Return the plan of ``circuit``; running its steps on the start gives the circuit's state up to a phase."""
    names = {gate.name for gate in circuit.gates}
    parts = PARTS | (REAL_PARTS if names <= REAL | set(REAL_PARTS) else {})
    schedule = _Schedule(circuit)
    for gate in circuit.gates:
        for operation in _parts(gate, parts.get(gate.name)):
            schedule.place(operation)
    schedule.flush(range(circuit.n_wires))
    steps = [step for step in schedule.steps if not is_identity(step, circuit.n_wires)]
    plan = Plan(circuit, steps)
    _leave_to_readout(plan)
    return plan


def is_identity(step: PlanStep, n_wires: int) -> bool:
    """Return whether a permutation moves nothing."""
    return isinstance(step, Permutation) and sources(step.operations, n_wires) == units(n_wires)


def _parts(gate: Gate, parts: Sequence[Part] | None) -> Iterable[Operation]:
    if parts is None:
        yield Operation(gate.name, gate.wires, gate.angles[0] if gate.angles else None)
        return
    for name, positions, which in parts:
        angle = scaled(gate.angles[which[0]], which[1]) if which else None
        yield Operation(name, tuple(gate.wires[position] for position in positions), angle)


class _Schedule:
    """Places operations: one-wire gates wait on their wire until a gate that does not commute with them needs it."""

    def __init__(self, circuit: Circuit) -> None:
        self.steps: list[PlanStep] = []
        self.waiting: list[list[Operation]] = [[] for _ in range(circuit.n_wires)]
        self.last_step = [-1] * circuit.n_wires  # the last step that acts on each wire
        self.in_zero = set(range(circuit.n_wires)) - set(circuit.start.wires if circuit.start else ())

    def place(self, operation: Operation) -> None:
        wires, is_diagonal = operation.wires, operation.name in DIAGONAL
        is_unseen = is_diagonal and len(wires) == 1 and wires[0] in self.in_zero  # a phase of |0>
        self.in_zero -= set() if is_unseen else set(wires)
        if is_unseen:
            return
        before = [other for wire in wires for other in self.waiting[wire]]
        if len(wires) == 1:
            if is_diagonal and not before and self.steps and isinstance(self.steps[-1], Phase):
                self._act(Phase([operation]))
            else:
                _wait(operation, self.waiting[wires[0]])
            return
        if not is_diagonal or any(other.name not in DIAGONAL for other in before):
            self.flush(wires, phase_follows=is_diagonal)
        self._act(Phase([operation]) if is_diagonal else Permutation([operation]))

    def flush(self, wires: Iterable[int], *, phase_follows: bool = False) -> None:
        """Turn what waits on ``wires`` into local steps, joining an earlier one wherever no other step comes between.

        Where a phase follows, diagonal gates at the end of a run join it if the rest is real.
        """
        runs = {wire: self.waiting[wire] for wire in wires if self.waiting[wire]}
        phase_follows |= all(operation.name in DIAGONAL for run in runs.values() for operation in run)
        phases: list[Operation] = []
        for wire, run in runs.items():
            head, tail = _split_diagonal_end(run) if phase_follows else (run, [])
            if any(operation.name not in REAL for operation in head):
                head, tail = run, []
            if head:
                self._local_step(wire).setdefault(wire, []).extend(head)
            phases += tail
            self.waiting[wire] = []
        if phases:
            self._act(Phase(phases))

    def _local_step(self, wire: int) -> dict[int, list[Operation]]:
        """Return the runs of the first local step at or after the last step on ``wire``, making one if there is none."""
        for number in range(max(self.last_step[wire], 0), len(self.steps)):
            step = self.steps[number]
            if isinstance(step, Local):
                self.last_step[wire] = number
                return step.runs
        self.steps.append(Local({}))
        return self._local_step(wire)

    def _act(self, step: Phase | Permutation) -> None:
        """Append a step, or join it to the last one of the same kind."""
        last = self.steps[-1] if self.steps else None
        if not isinstance(last, Local) and type(step) is type(last):
            last.operations += step.operations
        else:
            self.steps.append(step)
        for operation in step.operations:
            for wire in operation.wires:
                self.last_step[wire] = len(self.steps) - 1


def _wait(operation: Operation, run: list[Operation]) -> None:
    last = run[-1] if run else None
    if last and INVERSE.get(last.name) == operation.name:
        run.pop()
    elif last and last.name == operation.name and last.angle and operation.angle:
        run[-1] = Operation(last.name, last.wires, _summed(last.angle, operation.angle))
    else:
        run.append(operation)


def _split_diagonal_end(run: list[Operation]) -> tuple[list[Operation], list[Operation]]:
    kept = max((i + 1 for i, operation in enumerate(run) if operation.name not in DIAGONAL), default=0)
    return run[:kept], run[kept:]


def _leave_to_readout(plan: Plan) -> None:
    """Drop final phases, and leave final permutations to the readout, if it reads probabilities only."""
    if any(letter != "Z" for word in plan.circuit.readout.words for _, letter in parse_word(word)):
        return
    while plan.steps:
        last = plan.steps[-1]
        if isinstance(last, Local):
            heads = {wire: _split_diagonal_end(run)[0] for wire, run in last.runs.items()}
            last.runs = {wire: head for wire, head in heads.items() if head}
            if last.runs:
                return
        elif isinstance(last, Permutation):
            plan.relabelling = last.operations + plan.relabelling
        plan.steps.pop()


def scaled(angle: Angle, factor: float) -> Angle:
    return Angle(factor * angle.offset, _times(angle.weights, factor), _times(angle.inputs, factor))


def _summed(first: Angle, second: Angle) -> Angle:
    return Angle(first.offset + second.offset, _plus(first.weights, second.weights), _plus(first.inputs, second.inputs))


def _times(terms: Terms, factor: float) -> Terms:
    return tuple((index, factor * scale) for index, scale in terms)


def _plus(first: Terms, second: Terms) -> Terms:
    total = dict(first)
    for index, scale in second:
        total[index] = total.get(index, 0.0) + scale
    return tuple(total.items())
