"""A circuit under noise as an executor: what ``build_executor`` returns for an execution with a noise model."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution, Noise
from qaugbench.circuits.measurement import settings
from qaugbench.circuits.noise.density import PauliEvolution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.noisy_circuit import noisy_program
from qaugbench.circuits.noise.outcomes import ReadOut, letters, read_out, words
from qaugbench.circuits.noise.pauli_readout import Outcomes, Words
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.trajectories import Trajectories
from qaugbench.circuits.shots import refuse_gradient
from qaugbench.errors import CircuitError

WIDEST_DENSITY_MATRIX = 12
TRAJECTORIES = 200


def make_executor(circuit: Circuit, execution: Execution) -> nn.Module:
    """Return what runs ``circuit`` under ``execution.noise``; raises CircuitError for noise that does not act on qubits."""
    if not isinstance(execution.noise, Noise):
        raise CircuitError(
            "The noise of a circuit of qubits is a NoiseModel or a BackendNoise (photonic noise acts on photons), given "
            f"{execution.noise!r}."
        )
    return executor_under(execution.noise, circuit, execution.shots)


@singledispatch
def executor_under(noise: Any, circuit: Circuit, shots: int | None) -> nn.Module:
    """Return what runs ``circuit`` under ``noise``; a kind of noise that is more than a program registers its own way."""
    return noisy_executor(circuit, noise, shots)


@singledispatch
def program_of(noise: Any, circuit: Circuit) -> Program:
    """Return the operations of ``circuit`` under ``noise``, in the order in which they act.

    The noise of a backend compiles the circuit and so makes the program itself; a ``NoiseModel`` is data.
    """
    program: Program = noise.program(circuit)
    return program


@program_of.register
def _of_model(noise: NoiseModel, circuit: Circuit) -> Program:
    return noisy_program(circuit, noise)


def noisy_executor(circuit: Circuit, noise: Noise, shots: int | None = None) -> nn.Module:
    """Return a module ``(inputs, weights, generator=None) -> outputs`` that runs ``circuit`` under ``noise``.

    Density matrices up to 12 wires, trajectories beyond (or where ``noise.trajectories`` is given).
    """
    return program_executor(circuit, program_of(noise, circuit), noise.trajectories, shots)


def program_executor(
    circuit: Circuit,
    program: Program,
    trajectories: int | None,
    shots: int | None = None,
    reading: ReadOut | None = None,
) -> nn.Module:
    """Return a module as ``noisy_executor`` does, from the ``program`` itself.

    ``reading`` turns the probabilities of all outcomes into outputs where something else than counting them is wanted.
    """
    if trajectories is None and program.n_wires <= WIDEST_DENSITY_MATRIX:
        return DensityMatrix(circuit, program, shots, reading)
    return Trajectories(circuit, program, trajectories or TRAJECTORIES, shots, reading)


class DensityMatrix(nn.Module):
    """Maps inputs and weights to outputs [copies, batch, n_outputs] of a program, exactly or from ``shots`` shots.

    A change of basis before a readout of X or Y is free of errors; the bits read after it are misread like any others.
    """

    def __init__(
        self, circuit: Circuit, program: Program, shots: int | None = None, reading: ReadOut | None = None
    ) -> None:
        super().__init__()
        self.circuit, self.shots = circuit, shots
        self.reading = reading or read_out
        self.evolution = PauliEvolution(program, circuit.n_inputs, circuit.n_weights)
        self.read = settings(circuit)
        plan, misread = self.evolution.plan, program.misread
        self.words: Words | None = None
        self.outcomes = nn.ModuleList()
        if circuit.readout.kind == "expectation" and shots is None and reading is None:
            self.words = Words(words(circuit, program.placement), plan, misread)
        else:
            self.outcomes.extend(
                Outcomes(letters(circuit, setting, program.placement), plan, misread) for setting in self.read
            )

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        if self.shots is not None:
            refuse_gradient(inputs, weights)
        if not inputs.shape[1]:
            return weights.new_zeros(len(weights), 0, self.circuit.n_outputs)
        readers = [self.words] if self.words is not None else list(self.outcomes)
        values = [
            value.expand(-1, inputs.shape[1], -1) for value in self.evolution(inputs, weights, generator, readers)
        ]
        if self.words is not None:
            return values[0]
        return self.reading(self.circuit, self.read, values, self.shots, generator)
