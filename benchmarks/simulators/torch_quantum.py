"""torchquantum: batched states in torch, gate by gate; all copies in one batch."""

from __future__ import annotations

import torch

from qaugbench.circuits.readout import parse_word
from simulators.angles import gate_angles
from simulators.measure import Call, NotAvailable, torch_call
from simulators.workloads import Workload

GATES = {"RX": "rx", "RY": "ry", "RZ": "rz", "CZ": "cz", "CNOT": "cnot"}


def torchquantum(workload: Workload) -> Call:
    """Return the workload's call on a QuantumDevice."""
    if workload.noisy or workload.shots:
        raise NotAvailable("")
    try:
        import torchquantum as tq
    except ImportError as error:
        raise NotAvailable("not installed") from error
    circuit, copies = workload.circuit, workload.copies

    def run(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        batch = len(inputs)
        parts = inputs.unflatten(1, (-1, circuit.n_inputs)).transpose(0, 1)
        columns = parts.expand(copies, -1, -1).flatten(0, 1).unbind(1)
        by_weight = weights.repeat_interleave(batch, dim=0).unbind(1)
        device = tq.QuantumDevice(n_wires=circuit.n_wires, bsz=copies * batch)
        for gate, angles in zip(circuit.gates, gate_angles(circuit, columns, by_weight), strict=True):
            wires = list(gate.wires)
            if gate.name == "Rot":
                for name, angle in zip(("rz", "ry", "rz"), angles, strict=True):
                    getattr(tq.functional, name)(device, wires, params=angle[:, None])
            elif angles:
                getattr(tq.functional, GATES[gate.name])(device, wires, params=angles[0][:, None])
            else:
                getattr(tq.functional, GATES[gate.name])(device, wires)
        return _read(device.get_states_1d(), workload).unflatten(0, (copies, batch)).transpose(0, 1).flatten(1)

    return torch_call(run, workload)


def _read(states: torch.Tensor, workload: Workload) -> torch.Tensor:
    """Return probabilities, or Z and X of single wires, from amplitudes [batch, 2^n_wires]."""
    probabilities = states.abs().square()
    if not workload.circuit.readout.words:
        return probabilities
    columns = []
    for ((wire, letter),) in map(parse_word, workload.circuit.readout.words):
        if letter == "Z":
            zeros, ones = probabilities.view(len(states), 2**wire, 2, -1).unbind(2)
            columns.append((zeros - ones).flatten(1).sum(dim=1))
        else:
            zeros, ones = states.view(len(states), 2**wire, 2, -1).unbind(2)
            columns.append(2 * (zeros.conj() * ones).real.flatten(1).sum(dim=1))
    return torch.stack(columns, dim=1)
