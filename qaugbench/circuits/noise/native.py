"""A circuit compiled for a device by Qiskit, read back as a program: native gates, each followed by its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from qaugbench.circuits.checks import finite
from qaugbench.circuits.circuit import Angle, Gate
from qaugbench.circuits.noise.channels import swapped
from qaugbench.circuits.noise.program import Misread, Program
from qaugbench.errors import CircuitError

if TYPE_CHECKING:
    import qiskit

_ROTATIONS = {"rx": "RX", "ry": "RY", "rz": "RZ", "p": "PhaseShift", "crx": "CRX", "cry": "CRY", "crz": "CRZ"}
_ROTATIONS |= {"rxx": "RXX", "ryy": "RYY", "rzz": "RZZ"}
_NOT_RUN = ("barrier", "measure")


class Errors(Protocol):
    """The errors of a device, by the names of its gates and the numbers of its qubits."""

    def after(self, name: str, qubits: tuple[int, ...]) -> list[tuple[tuple[int, ...], np.ndarray]]:
        """Return the channels that follow a gate: qubits, Kraus operators, the first qubit being the most significant."""

    def idle(self, qubit: int, duration_s: float) -> np.ndarray | None:
        """Return the Kraus operators of a wait, None for none."""

    def misread(self, qubit: int) -> Misread:
        """Return the probabilities of reading 1 for 0 and 0 for 1."""


def native_program(compiled: qiskit.QuantumCircuit, errors: Errors, dt_s: float | None) -> Program:
    """Return the program of a compiled circuit on the qubits that it uses; the others are left out.

    Angles must be affine in the parameters ``x[i]``, the inputs, and ``w[i]``, the weights.

    Raises:
        CircuitError: an angle that is not affine, or an operation that is not a gate.
    """
    number_of = {qubit: number for number, qubit in enumerate(compiled.qubits)}
    read = compiled.layout.final_index_layout() if compiled.layout else range(compiled.num_qubits)
    operations = [(step.operation, tuple(number_of[q] for q in step.qubits)) for step in compiled.data]
    used = {q for operation, qubits in operations if operation.name not in ("delay", *_NOT_RUN) for q in qubits}
    wires = {qubit: wire for wire, qubit in enumerate(sorted(used | set(read)))}
    program = Program(
        len(wires), None, tuple(wires[qubit] for qubit in read), tuple(errors.misread(qubit) for qubit in wires)
    )
    for operation, qubits in operations:
        if operation.name in _NOT_RUN or not set(qubits) <= set(wires):
            continue
        on = tuple(wires[qubit] for qubit in qubits)
        if operation.name == "delay":
            kraus = errors.idle(qubits[0], _seconds(operation, dt_s))
            if kraus is not None:
                program.fixed(on, kraus)
            continue
        _append_gate(program, operation, on)
        for where, kraus in errors.after(operation.name, qubits):
            program.fixed(tuple(wires[qubit] for qubit in where), kraus)
    return program


def affine(expression: Any) -> Angle:
    """Return a Qiskit parameter expression as an angle of inputs ``x`` and weights ``w``.

    Raises:
        CircuitError: it is not affine.
    """
    if not getattr(expression, "parameters", None):
        return Angle.constant(float(expression))
    terms: dict[str, list[tuple[int, float]]] = {"x": [], "w": []}
    foreign = [parameter.name for parameter in expression.parameters if _vector(parameter) not in terms]
    if foreign:
        raise CircuitError(
            f"The compiled angle {expression} uses {', '.join(sorted(foreign))}, which is not an input or weight."
        )
    for parameter in sorted(expression.parameters, key=lambda parameter: parameter.index):
        slope = expression.gradient(parameter)
        if getattr(slope, "parameters", None):
            raise CircuitError(f"The compiled angle {expression} is not affine in the inputs and weights.")
        terms[parameter.vector.name].append((parameter.index, float(slope.real)))
    offset = expression.bind(dict.fromkeys(expression.parameters, 0.0))
    return Angle(float(offset), tuple(terms["w"]), tuple(terms["x"]))


def _vector(parameter: Any) -> str | None:
    return parameter.vector.name if hasattr(parameter, "vector") else None


def _append_gate(program: Program, operation: Any, wires: tuple[int, ...]) -> None:
    if operation.name in _ROTATIONS:
        gate = Gate(_ROTATIONS[operation.name], wires, (affine(operation.params[0]),))
        program.gate(gate, first_angle=len(program.angles))
        return
    if (
        len(wires) > 2
        or not hasattr(operation, "to_matrix")
        or any(getattr(value, "parameters", None) for value in operation.params)
    ):
        raise CircuitError(
            f"The compiled circuit holds {operation.name!r} on {len(wires)} qubit(s) with {len(operation.params)} "
            "angle(s), which is not supported; compile to one- and two-qubit gates."
        )
    matrix = np.asarray(operation.to_matrix(), dtype=complex)  # the first qubit is the least significant
    program.fixed(wires, matrix if len(wires) == 1 else swapped(matrix))


def _seconds(delay: Any, dt_s: float | None) -> float:
    from qiskit.utils.units import apply_prefix

    if delay.unit != "dt":
        return float(apply_prefix(delay.duration, delay.unit))
    if dt_s is None:
        raise CircuitError("The compiled circuit waits in units of dt, but the backend does not say how long that is.")
    return finite(delay.duration * dt_s, "a delay")
