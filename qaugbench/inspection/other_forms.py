"""The circuits of a generator as PennyLane and Qiskit have them: their drawings, and OpenQASM 3 for any other tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qaugbench.circuits.circuit import Circuit
from qaugbench.errors import DefinitionError


def as_other_form(circuit: Any, form: str, generator: str) -> str:
    """Return a circuit as text in one of ``OTHER_FORMS``; its weights and inputs have names or, in drawings of PennyLane, none.

    Raises:
        DefinitionError: a circuit that the other library has no form for.
        CircuitError: the library is not installed, or an amplitude embedding, whose gates depend on the inputs.
    """
    if not isinstance(circuit, Circuit):
        raise DefinitionError(
            f"The circuits of {generator!r} are photonic, and {form} is for circuits of qubits; leave out --format."
        )
    return OTHER_FORMS[form](circuit)


def _pennylane(circuit: Circuit) -> str:
    from qaugbench.circuits.export.pennylane import import_pennylane, to_qnode

    qnode, values = to_qnode(circuit), _ones(circuit)
    drawn: str = import_pennylane().draw(qnode, decimals=None, max_length=100, show_matrices=False)(*values)
    return drawn


def _qiskit(circuit: Circuit) -> str:
    from qaugbench.circuits.export.qiskit import to_observables, to_qiskit

    drawn = str(to_qiskit(circuit).draw("text", fold=100))
    if circuit.readout.kind != "expectation":
        return drawn
    words = ", ".join(str(one.paulis[0]) for one in to_observables(circuit))
    return f"{drawn}\nObservables, the first qubit at the right: {words}"


def _qasm(circuit: Circuit) -> str:
    from qaugbench.circuits.export.qiskit import to_qiskit

    exported = to_qiskit(circuit, measure=circuit.readout.kind != "expectation")
    from qiskit import qasm3

    return str(qasm3.dumps(exported)).rstrip()


def _ones(circuit: Circuit) -> tuple[Any, Any]:
    """Return inputs and weights of 1: a drawing shows neither, and an embedding needs inputs that are not all 0."""
    import torch

    return torch.ones(circuit.n_inputs), torch.ones(circuit.n_weights)


OTHER_FORMS: Mapping[str, Callable[[Circuit], str]] = {"pennylane": _pennylane, "qiskit": _qiskit, "qasm": _qasm}
