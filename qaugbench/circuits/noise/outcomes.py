"""From the probabilities of outcomes to the outputs of a circuit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.measurement import Setting, accepted, combine
from qaugbench.circuits.readout import parse_word
from qaugbench.circuits.sampling import draw_states, state_bits
from qaugbench.circuits.shots import measure

Letters = tuple[tuple[int, str], ...]
ReadOut = Callable[[Circuit, tuple[Setting, ...], list[torch.Tensor], int | None, torch.Generator | None], torch.Tensor]
"""From the probabilities [copies, batch, states] of each setting to outputs, as ``read_out``."""


def letters(circuit: Circuit, setting: Setting, placement: Sequence[int]) -> Letters:
    """Return in which Pauli letter each wire of a setting is read, wires being those of the program."""
    if circuit.readout.kind != "expectation":
        return tuple((placement[wire], "Z") for wire in setting.wires)
    found = {wire: letter for number in setting.outputs for wire, letter in parse_word(circuit.readout.words[number])}
    return tuple((placement[wire], found[wire]) for wire in setting.wires)


def words(circuit: Circuit, placement: Sequence[int]) -> tuple[Letters, ...]:
    """Return the Pauli words of a readout on the wires of the program."""
    read = (parse_word(word) for word in circuit.readout.words)
    return tuple(tuple((placement[wire], letter) for wire, letter in word) for word in read)


def read_out(
    circuit: Circuit,
    read: tuple[Setting, ...],
    probabilities: list[torch.Tensor],
    shots: int | None,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Return the outputs [..., n_outputs], exact where ``shots`` is None, given each setting's probabilities."""
    if shots is not None:
        return measure(circuit, read, probabilities, shots, generator)
    if circuit.readout.kind != "samples":
        return combine(read, probabilities, circuit)
    states = draw_states(accepted(circuit, probabilities[0]), 1, generator).squeeze(-1)
    return state_bits(states, len(circuit.read_wires), probabilities[0].dtype)
