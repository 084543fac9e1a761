"""PennyLane: default.qubit and default.mixed with broadcasting and backpropagation, lightning.qubit with adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from qaugbench.circuits.readout import parse_word
from simulators.angles import gate_angles
from simulators.measure import Call, NotAvailable, torch_call
from simulators.workloads import DEPOLARIZING, READOUT_ERROR, Workload


def default_qubit(workload: Workload, dtype: torch.dtype = torch.float32) -> Call:
    """Return the workload's call on default.qubit; all copies in one broadcast call."""
    if workload.noisy:
        raise NotAvailable("no channels")
    return torch_call(_Broadcast(workload, "default.qubit"), workload, dtype)


def default_mixed(workload: Workload, dtype: torch.dtype = torch.float32) -> Call:
    """Return the workload's call on default.mixed."""
    if not workload.noisy:
        raise NotAvailable("")
    return torch_call(_Broadcast(workload, "default.mixed"), workload, dtype)


def lightning(workload: Workload) -> Call:
    """Return the workload's call on lightning.qubit, sample by sample."""
    if workload.noisy:
        raise NotAvailable("no channels")
    return torch_call(_SampleBySample(workload), workload)


class _Broadcast:
    def __init__(self, workload: Workload, device: str) -> None:
        self.workload = workload
        self.qnode = qnode(workload, device, "backprop" if workload.backward else None)

    def __call__(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        copies, batch = self.workload.copies, len(inputs)
        parts = inputs.unflatten(1, (-1, self.workload.circuit.n_inputs)).transpose(0, 1)
        columns = parts.expand(copies, -1, -1).flatten(0, 1).unbind(1)
        by_weight = weights[0] if copies == 1 else weights.repeat_interleave(batch, dim=0)
        outputs = self.qnode(columns, by_weight.unbind(-1))
        stacked = outputs if isinstance(outputs, torch.Tensor) else torch.stack(tuple(outputs), dim=-1)
        return stacked.unflatten(0, (copies, batch)).transpose(0, 1).flatten(1)


class _SampleBySample:
    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        method = "adjoint" if workload.circuit.readout.words else "parameter-shift"
        self.qnode = qnode(workload, "lightning.qubit", method if workload.backward else None)

    def __call__(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        parts = inputs.unflatten(1, (-1, self.workload.circuit.n_inputs)).expand(-1, self.workload.copies, -1)
        rows = [torch.cat([self._one(x, w) for x, w in zip(row, weights, strict=True)]) for row in parts]
        return torch.stack(rows)

    def _one(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        outputs = self.qnode(inputs.unbind(0), weights.unbind(0))
        return outputs if isinstance(outputs, torch.Tensor) else torch.stack(tuple(outputs))


def qnode(workload: Workload, device_name: str, diff_method: str | None) -> Any:
    """Return a QNode of (inputs, weights), each a sequence of columns."""
    import pennylane

    circuit = workload.circuit
    precision = {"c_dtype": np.complex64} if device_name == "lightning.qubit" else {}  # the others offer no choice
    device = pennylane.device(device_name, wires=circuit.n_wires, **precision)

    def run(inputs: Any, weights: Any) -> Any:
        for gate, angles in zip(circuit.gates, gate_angles(circuit, inputs, weights), strict=True):
            getattr(pennylane, gate.name)(*angles, wires=list(gate.wires))
            for wire in gate.wires if workload.noisy else ():
                pennylane.DepolarizingChannel(DEPOLARIZING, wires=wire)
        for wire in range(circuit.n_wires) if workload.noisy else ():
            pennylane.BitFlip(READOUT_ERROR, wires=wire)
        if not circuit.readout.words:
            return pennylane.probs(wires=range(circuit.n_wires))
        words = [parse_word(word) for word in circuit.readout.words]
        return [pennylane.expval(getattr(pennylane, f"Pauli{letter}")(wire)) for ((wire, letter),) in words]

    made = pennylane.QNode(run, device, interface="torch", diff_method=diff_method)
    return pennylane.set_shots(made, shots=workload.shots) if workload.shots else made
