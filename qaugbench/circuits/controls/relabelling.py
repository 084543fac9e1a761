"""Other wires for a circuit's entangling gates: the same gates and counts, but other pairs of wires are coupled.

The topology control of attribution: if a relabelled circuit does as well, the structure of the entanglement does not
matter, only (at most) that there is some.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from itertools import permutations
from typing import Any

import numpy as np

from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.errors import CircuitError, NoControlError

Relabelling = tuple[int, ...]
"""The new wire of each wire."""

DRAWS = 2_000  # permutations tried; with up to six wires these are all there are


@dataclass(frozen=True)
class Coupling:
    """What a relabelling changes in a circuit, and what it must not change.

    ``layers`` holds the sets of wires that each entangling layer couples, sorted; a layer is a run of gates on several
    wires without a gate on a single wire in between. Within a layer, and within a set, order does not count.
    ``n_reaching`` is the number of gates on which the readout can depend.
    """

    n_wires: int
    layers: tuple[tuple[tuple[int, ...], ...], ...]
    n_reaching: int


@singledispatch
def coupling(circuit: Any) -> Coupling:
    """Return which wires a circuit couples; each kind of circuit registers its own way."""
    raise CircuitError(f"Which wires a {type(circuit).__name__} couples is not known.")


@singledispatch
def relabelled(circuit: Any, wires: Sequence[int]) -> Any:
    """Return ``circuit`` with each gate on several wires moved from wire w to ``wires[w]``; all else stays in place.

    Gates on a single wire, angles, the start and the readout stay, and so do all counts. Each kind of circuit registers
    its own way.
    """
    raise CircuitError(f"How to relabel the wires of a {type(circuit).__name__} is not known.")


def draw_relabelling(circuit: Any, random: np.random.Generator) -> Relabelling:
    """Return a random permutation of the wires that makes ``circuit`` couple other ones.

    It has no fixed point, so every entangling gate changes both of its wires; in at least one entangling layer it changes
    which wires are coupled (a ring that is only turned or mirrored would not count); and as many gates as before reach
    the readout, so that no weight is cut off. Uniform among the permutations with these properties.

    Raises:
        NoControlError: there is none, as with two wires or where each layer couples all wires alike; with more than six
            wires: none among 2,000 random permutations.
    """
    own = coupling(circuit)
    if not own.layers:
        raise NoControlError("The circuit has no gate on several wires, so there is nothing to relabel.")
    for wires in _candidates(own.n_wires, random):
        if all(wire != new for wire, new in enumerate(wires)):
            found = coupling(relabelled(circuit, wires))
            if found.layers != own.layers and found.n_reaching == own.n_reaching:
                return wires
    raise NoControlError(
        f"No relabelling of the {own.n_wires} wires couples other wires with no gate cut off from the readout (with two "
        "wires, or where each layer couples all wires alike, there is only one way). The control 'permuted' does not exist "
        "for this circuit; leave it out."
    )


def entangling_layers(parts: Sequence[tuple[int, ...]]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Return what each entangling layer couples, for the wires of each gate in order.

    >>> entangling_layers([(0,), (1, 0), (2, 1), (0,), (2, 0)])
    (((0, 1), (1, 2)), ((0, 2),))
    """
    layers: list[Counter[tuple[int, ...]]] = []
    is_open = False
    for wires in parts:
        if len(wires) > 1:
            if not is_open:
                layers.append(Counter())
            layers[-1][tuple(sorted(wires))] += 1
        is_open = len(wires) > 1
    return tuple(tuple(sorted(layer.elements())) for layer in layers)


@coupling.register
def _of_gates(circuit: Circuit) -> Coupling:
    """Return the pairs that gates couple; a gate reaches the readout through the wires that it shares with later ones."""
    parts = [gate.wires for gate in circuit.gates]
    ancillas = [wire for wire, _ in circuit.readout.postselect]
    read = set(circuit.readout.used_wires() if circuit.readout.words else [*circuit.read_wires, *ancillas])
    reaching = 0
    for wires in reversed(parts):
        if not read.isdisjoint(wires):
            reaching += 1
            read.update(wires)
    return Coupling(circuit.n_wires, entangling_layers(parts), reaching)


@relabelled.register
def _with_other_wires(circuit: Circuit, wires: Sequence[int]) -> Circuit:
    """Return the circuit with its two-qubit gates on other wires, control and target in the same roles."""
    return replace(circuit, gates=tuple(_moved(gate, wires) for gate in circuit.gates))


def _moved(gate: Gate, wires: Sequence[int]) -> Gate:
    return gate if len(gate.wires) == 1 else replace(gate, wires=tuple(wires[wire] for wire in gate.wires))


def _candidates(n_wires: int, random: np.random.Generator) -> Iterator[Relabelling]:
    """Yield permutations in random order: every one, or ``DRAWS`` of them where there are more."""
    if math.factorial(n_wires) <= DRAWS:
        every = list(permutations(range(n_wires)))
        yield from (every[place] for place in random.permutation(len(every)))
    else:
        yield from (tuple(random.permutation(n_wires).tolist()) for _ in range(DRAWS))
