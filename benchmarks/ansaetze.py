"""The five circuits of the quantum residual block, compared as QLDM's paper compares its own (arXiv 2508.09903).

At random weights and inputs, on the numbers of wires and layers given: the variance of the derivative of <Z0>, by the one
weight that moves it most and as a mean over all weights (trainability); the standard deviation of an output over inputs, at
fixed weights (how much of its inputs an output tells); the mean Meyer-Wallach measure (entanglement); and, under depolarising
noise after every gate, the fidelity of the state and the mean absolute change of an output (noise resilience; a dash beyond
``WIDEST_NOISY`` wires). One-qubit gates err a tenth as often as two-qubit gates. The paper's own five circuits, its qubits
and its noise are not public. The same arguments print the same table.

    python benchmarks/ansaetze.py --wires 4 8 12 --layers 1 3 6
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from qaugbench.circuits.audit.entanglement import entanglement, haar_entanglement
from qaugbench.circuits.audit.monte_carlo import Estimate, affordable
from qaugbench.circuits.audit.noise_resilience import output_shift, state_fidelity
from qaugbench.circuits.audit.trainability import gradient_squares
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.controls.output_scale import output_spread
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.generators.quantum_residual import ANSAETZE, residual_circuit

WIDEST_NOISY = 8
NOISY_DRAWS = 32


def main() -> None:
    """Print one row per circuit."""
    chosen = _arguments()
    errors = [f"{error:g}" for error in chosen.errors]
    print(f"Two-qubit errors {', '.join(errors)}; seed {chosen.seed}; value ± Monte-Carlo standard error")
    print(f"Haar-random states: Meyer-Wallach {', '.join(f'{haar_entanglement(n):.3f} ({n})' for n in chosen.wires)}")
    names = ("one weight", "all weights", "spread", "Meyer-Wallach")
    noisy = [f"{name} {error}" for error in errors for name in ("fidelity", "shift")]
    print("| ansatz | wires | layers | weights | two-qubit gates | " + " | ".join((*names, *noisy)) + " |")
    print("|---" * (5 + len(names) + len(noisy)) + "|")
    for n_wires in chosen.wires:
        for layers in chosen.layers:
            for ansatz in chosen.ansatz:
                print(row(ansatz, n_wires, layers, chosen.errors, chosen.seed), flush=True)


def row(ansatz: str, n_wires: int, layers: int, errors: list[float], seed: int) -> str:
    """Return the row of one circuit; a dash where the ansatz has no place on so few wires."""
    try:
        circuit = residual_circuit(ansatz, n_wires, layers)
    except CircuitError:
        return f"| {ansatz} | {n_wires} | {layers} |" + " - |" * (6 + 2 * len(errors))
    pairs = sum(len(gate.wires) == 2 for gate in circuit.gates)
    one, every = gradient_variances(circuit, seed)
    draws = affordable(n_wires, most=1000, amplitudes=2**20)
    cells = [str(one), str(every), f"{output_spread(circuit):.3g}", str(entanglement(circuit, draws=draws, seed=seed))]
    for error in errors:
        noise = NoiseModel(one_qubit_error=error / 10, two_qubit_error=error)
        for measured in (state_fidelity, output_shift):
            narrow = n_wires <= WIDEST_NOISY
            cells.append(str(measured(circuit, noise, draws=NOISY_DRAWS, seed=seed)) if narrow else "-")
    return f"| {ansatz} | {n_wires} | {layers} | {circuit.n_weights} | {pairs} | " + " | ".join(cells) + " |"


def gradient_variances(circuit: Circuit, seed: int) -> tuple[Estimate, Estimate]:
    """Return the variance of the derivative of <Z0> by the weight where it is largest, and its mean over all weights."""
    squares = gradient_squares(replace(circuit, readout=Readout("expectation", ("Z0",))), seed=seed)
    return Estimate.mean(squares[:, squares.mean(axis=0).argmax()], seed), Estimate.mean(squares.mean(axis=1), seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ansatz", nargs="+", default=list(ANSAETZE), choices=list(ANSAETZE))
    parser.add_argument("--wires", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--layers", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--errors", type=float, nargs="+", default=[0.001, 0.01])
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
