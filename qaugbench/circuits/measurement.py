"""How a circuit is measured: the settings that are read in turn, and how outputs follow from them.

A device, and a simulation of one, reads bits. So <X0> is read after a Hadamard on wire 0, and words that agree on every
wire they share are read together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout, parse_word
from qaugbench.circuits.sampling import NO_STATE, state_bits
from qaugbench.errors import CircuitError

Letters = dict[int, str]


@dataclass(frozen=True)
class Setting:
    """One way of reading a circuit: ``circuit`` ends in a change of basis and reads the probabilities of its wires.

    ``outputs``: numbers of the outputs that follow from it. ``parities``: for each of them, the positions among the read wires
    whose bits, added modulo 2, give its sign; empty where probabilities or samples are wanted.
    """

    circuit: Circuit
    outputs: tuple[int, ...]
    parities: tuple[tuple[int, ...], ...] = ()

    @property
    def wires(self) -> tuple[int, ...]:
        """Wires that are read, the most significant first."""
        return self.circuit.read_wires

    def linear_map(self) -> np.ndarray:
        """Return the matrix, -1 or 1 [outputs, states], from the probabilities read to the expectations that follow."""
        return _signs(len(self.wires), self.parities)


def settings(circuit: Circuit) -> tuple[Setting, ...]:
    """Return the settings in which ``circuit`` is read, always the same ones in the same order.

    A word joins the first setting with which it agrees. Probabilities and samples are read in one setting, ancillas
    last.

    >>> [setting.outputs for setting in settings(Circuit(2, (), Readout("expectation", ["Z0", "X0", "X1", "Y1"])))]
    [(0, 2), (1, 3)]
    """
    if circuit.readout.kind != "expectation":
        ancillas = tuple(wire for wire, _ in circuit.readout.postselect)
        outputs = tuple(range(circuit.n_outputs))
        return (Setting(_reading(circuit, (), (*circuit.read_wires, *ancillas)), outputs),)
    groups: list[tuple[Letters, list[int]]] = []
    words = [dict(parse_word(word)) for word in circuit.readout.words]
    for number, word in enumerate(words):
        letters, members = _first_agreeing(word, groups)
        letters.update(word)
        members.append(number)
    return tuple(_word_setting(circuit, letters, [words[m] for m in members], members) for letters, members in groups)


def combine(read: tuple[Setting, ...], values: list[torch.Tensor], circuit: Circuit) -> torch.Tensor:
    """Return the outputs [..., n_outputs] from the probabilities or relative counts [..., states] of each setting.

    Post-selected probabilities are nan where the ancillas never had the wanted bits. For samples, the values must be
    those of a single shot, 1 at its state.
    """
    if len(read) != len(values):
        raise CircuitError(f"The circuit is read in {len(read)} setting(s), given values of {len(values)}.")
    if circuit.readout.kind == "expectation":
        parts = [value @ _tensor(setting.linear_map(), value).T for setting, value in zip(read, values, strict=True)]
        return _in_order(read, torch.cat(parts, dim=-1))
    kept = accepted(circuit, values[0])
    shares = kept / kept.sum(-1, keepdim=True) if circuit.readout.postselect else kept
    if circuit.readout.kind == "probabilities":
        return shares
    return shares @ _tensor(_bits(len(circuit.read_wires)), shares)


def accepted(circuit: Circuit, values: torch.Tensor) -> torch.Tensor:
    """Return the entries [..., 2^read wires] of ``values`` [..., states] in which the ancillas have the wanted bits."""
    return values.unflatten(-1, (-1, 2 ** len(circuit.readout.postselect)))[..., _wanted(circuit)]


def combine_states(read: tuple[Setting, ...], states: list[torch.Tensor], circuit: Circuit) -> torch.Tensor:
    """Return the outputs [..., n_outputs], float64, from the basis states [..., shots] measured in each setting.

    The same as ``combine`` of relative counts, but expectations need no vector of 2^wires entries. For samples, the
    first shot that post-selection keeps; nan if there is none.
    """
    if circuit.readout.kind == "expectation":
        parts = [_mean_signs(setting, shown) for setting, shown in zip(read, states, strict=True)]
        return _in_order(read, torch.cat(parts, dim=-1))
    if circuit.readout.kind == "samples":
        return state_bits(first_accepted(circuit, states[0]), len(circuit.read_wires), torch.float64)
    d = 2 ** len(read[0].wires)
    shown = states[0].flatten(0, -2)
    counts = torch.zeros(len(shown), d, dtype=torch.float64, device=shown.device)
    counts.scatter_add_(1, shown, torch.ones_like(shown, dtype=torch.float64))
    return combine(read, [counts.unflatten(0, states[0].shape[:-1]) / shown.shape[-1]], circuit)


def yields(circuit: Circuit, values: torch.Tensor) -> torch.Tensor:
    """Return the share [...] of shots that post-selection keeps, from the setting's probabilities or relative counts."""
    return accepted(circuit, values).sum(-1)


def first_accepted(circuit: Circuit, states: torch.Tensor) -> torch.Tensor:
    """Return the basis state of the read wires in the first shot that post-selection keeps, int64 [...]; -1 if none.

    ``states`` [..., shots] are those of the setting's wires, -1 where there was none.
    """
    kept = is_kept(circuit, states)
    first = kept.to(torch.uint8).argmax(-1, keepdim=True)
    bits = states.gather(-1, first) >> len(circuit.readout.postselect)
    return bits.where(kept.any(-1, keepdim=True), NO_STATE).squeeze(-1)


def is_kept(circuit: Circuit, states: torch.Tensor) -> torch.Tensor:
    """Return whether post-selection keeps each shot, bool [...], from the basis states [...] of the setting's wires."""
    return (states >= 0) & ((states & (2 ** len(circuit.readout.postselect) - 1)) == _wanted(circuit))


def _wanted(circuit: Circuit) -> int:
    """Return the basis state of the ancillas that is kept."""
    return sum(bit << place for place, (_, bit) in enumerate(reversed(circuit.readout.postselect)))


def _mean_signs(setting: Setting, states: torch.Tensor) -> torch.Tensor:
    """Return the mean over shots of the sign of each parity, float64 [..., outputs]."""
    last = len(setting.wires) - 1
    bits = [(states >> (last - position)) & 1 for position in range(last + 1)]
    odd = [torch.stack([bits[position] for position in parity]).sum(0) & 1 for parity in setting.parities]
    return torch.stack([1 - 2 * parity.double().mean(-1) for parity in odd], dim=-1)


def _in_order(read: tuple[Setting, ...], values: torch.Tensor) -> torch.Tensor:
    """Return values, which are ordered by setting, in the order of the outputs."""
    numbers = [number for setting in read for number in setting.outputs]
    return values if numbers == sorted(numbers) else values[..., np.argsort(numbers).tolist()]


def _first_agreeing(word: Letters, groups: list[tuple[Letters, list[int]]]) -> tuple[Letters, list[int]]:
    for group in groups:
        if all(group[0].get(wire, letter) == letter for wire, letter in word.items()):
            return group
    groups.append(({}, []))
    return groups[-1]


def _word_setting(circuit: Circuit, letters: Letters, words: list[Letters], numbers: list[int]) -> Setting:
    wires = tuple(sorted(letters))
    change = [gate for wire in wires for gate in _to_z_basis(letters[wire], wire)]
    parities = tuple(tuple(sorted(wires.index(wire) for wire in word)) for word in words)
    return Setting(_reading(circuit, change, wires), tuple(numbers), parities)


def _to_z_basis(letter: str, wire: int) -> list[Gate]:
    """Return the gates after which reading Z gives what reading ``letter`` would have given."""
    undo_s = [Gate("PhaseShift", (wire,), (Angle.constant(-math.pi / 2),))] if letter == "Y" else []
    return [] if letter == "Z" else [*undo_s, Gate("H", (wire,))]


def _reading(circuit: Circuit, change: list[Gate] | tuple[()], wires: tuple[int, ...]) -> Circuit:
    named = () if wires == tuple(range(circuit.n_wires)) else wires
    return replace(circuit, gates=(*circuit.gates, *change), readout=Readout.probabilities(named))


@lru_cache(maxsize=32)
def _bits(n_wires: int) -> np.ndarray:
    """Return the bits of each basis state, int8 [states, n_wires]."""
    states = np.arange(2**n_wires)[:, None]
    return ((states >> np.arange(n_wires - 1, -1, -1)) & 1).astype(np.int8)


@lru_cache(maxsize=128)
def _signs(n_wires: int, parities: tuple[tuple[int, ...], ...]) -> np.ndarray:
    bits = _bits(n_wires)
    return np.stack([1 - 2 * np.bitwise_xor.reduce(bits[:, list(parity)], axis=1) for parity in parities])


def _tensor(matrix: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(matrix).to(like)
