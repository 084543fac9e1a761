"""Building blocks of circuits: each function returns gates, whose weights are numbered from ``first_weight``.

``stacked`` puts blocks one after another and renumbers their weights; ``driven_by_inputs`` turns weights into inputs. A patch
generator's circuit (arXiv 2010.06201), 5 wires with an ancilla, 6 layers deep, 30 weights:

>>> gates = angle_embedding(5, "RY") + hardware_efficient_layers(5, 6, ["RY"], chain(5, "CZ"))
>>> circuit = Circuit(5, gates, Readout.probabilities(postselect={0: 0}))
>>> circuit.n_inputs, circuit.n_weights, circuit.n_outputs
(5, 30, 16)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from qaugbench.circuits.checks import is_index
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError, near_names


def amplitude_embedding(n_features: int, *, first_input: int = 0) -> AmplitudeEmbedding:
    """Return an embedding of ``n_features`` inputs as amplitudes, on the fewest wires (from 0 up) that hold them."""
    if not is_index(n_features) or n_features < 1:
        raise CircuitError(f"An amplitude embedding takes at least one feature, given {n_features!r}.")
    return AmplitudeEmbedding(tuple(range(max(1, (n_features - 1).bit_length()))), n_features, first_input)


def angle_embedding(n_wires: int, gate: str = "RX", *, scale: float = 1.0, first_input: int = 0) -> list[Gate]:
    """Return one rotation per wire by ``scale * input``; ``gate`` is RX, RY or RZ."""
    return [Gate(gate, (wire,), (Angle.input(first_input + wire, scale),)) for wire in range(n_wires)]


def each_wire(n_wires: int, gate: str, *, first_weight: int = 0) -> list[Gate]:
    """Return ``gate`` on each wire, such as RY or Rot with weights as angles, or H."""
    return _weighted(gate, [(wire,) for wire in range(n_wires)], first_weight)


def each_pair(pairs: Iterable[tuple[int, int]], gate: str, *, first_weight: int = 0) -> list[Gate]:
    """Return ``gate`` on each pair of wires, the control first, with weights as angles where it has any."""
    return _weighted(gate, pairs, first_weight)


def ring(n_wires: int, gate: str = "CNOT", *, reach: int = 1, first_weight: int = 0) -> list[Gate]:
    """Return ``gate`` from each wire to the one ``reach`` wires further around the ring; no gates on a single wire."""
    pairs = [(wire, (wire + reach) % n_wires) for wire in range(n_wires)] if n_wires > 1 else []
    return each_pair(pairs, gate, first_weight=first_weight)


def chain(n_wires: int, gate: str = "CZ", *, first_weight: int = 0) -> list[Gate]:
    """Return ``gate`` from each wire to the next, without closing the ring."""
    return each_pair([(wire, wire + 1) for wire in range(n_wires - 1)], gate, first_weight=first_weight)


def brick_wall(n_wires: int, gate: str = "CZ", *, first_weight: int = 0) -> list[Gate]:
    """Return ``gate`` on the pairs 0 1, 2 3, and so on, then on 1 2, 3 4, and so on: a chain of depth 2."""
    pairs = [(wire, wire + 1) for start in (0, 1) for wire in range(start, n_wires - 1, 2)]
    return each_pair(pairs, gate, first_weight=first_weight)


def all_to_all(n_wires: int, gate: str = "CZ", *, first_weight: int = 0) -> list[Gate]:
    """Return ``gate`` from each wire to every later one."""
    pairs = [(first, second) for first in range(n_wires) for second in range(first + 1, n_wires)]
    return each_pair(pairs, gate, first_weight=first_weight)


def stacked(*parts: Sequence[Gate], first_weight: int = 0) -> list[Gate]:
    """Return the gates of all parts in order; each part has its own weights, numbered after those of the part before.

    Inputs keep their numbers, so that a repeated embedding uploads the same data again:

    >>> layer = stacked(angle_embedding(2), each_wire(2, "RY"), ring(2))
    >>> count_weights(stacked(*[layer] * 3))
    6
    """
    gates: list[Gate] = []
    for part in parts:
        shift = first_weight
        gates += [_with_angles(gate, [_shifted(angle, shift) for angle in gate.angles]) for gate in part]
        first_weight += count_weights(part)
    return gates


def driven_by_inputs(gates: Iterable[Gate], *, first_input: int = 0) -> list[Gate]:
    """Return ``gates`` with input ``first_input + i`` in place of weight i: the layers of a style-based generator.

    In such a generator a classical linear layer, trained in place of the weights, turns noise into all angles of the circuit (arXiv
    2110.06933, 2406.02668).

    Raises:
        CircuitError: the gates already use one of these inputs.
    """
    gates = list(gates)
    used = {index for gate in gates for angle in gate.angles for index, _ in angle.inputs}
    taken = used & set(range(first_input, first_input + count_weights(gates)))
    if taken:
        raise CircuitError(f"The gates already use input {min(taken)}; give first_input={max(used) + 1}.")
    return [_with_angles(gate, [_driven(angle, first_input) for angle in gate.angles]) for gate in gates]


def hardware_efficient_layers(
    n_wires: int,
    layers: int,
    rotations: Sequence[str] = ("RY", "RZ"),
    entangler: Sequence[Gate] | None = None,
    *,
    first_weight: int = 0,
) -> list[Gate]:
    """Return ``layers`` layers, each of ``rotations`` on every wire followed by ``entangler``, by default a chain of CZ.

    The entangler's gates have new weights in every layer, as rotations do. Where an RZ comes last and Z is
    read, the last RZ of each wire has no effect.
    """
    if isinstance(rotations, str):
        raise CircuitError(f"Expected a list of gate names for rotations, given {rotations!r}; write [{rotations!r}].")
    _require_layers(n_wires, layers)
    layer = stacked(
        *(each_wire(n_wires, gate) for gate in rotations), chain(n_wires) if entangler is None else entangler
    )
    return stacked(*[layer] * layers, first_weight=first_weight)


def strongly_entangling_layers(
    n_wires: int, layers: int, *, first_weight: int = 0, drop_dead: bool = False
) -> list[Gate]:
    """Return Rot on each wire and a ring of CNOTs, ``layers`` times; layer l reaches over l mod (n - 1) + 1 wires.

    Weight order and ranges are those of PennyLane's StronglyEntanglingLayers (arXiv 1804.00633). Under a readout of Z
    the last RZ of each wire has no effect; ``drop_dead`` leaves those out (n_wires fewer weights).
    """
    reaches = [layer % max(n_wires - 1, 1) + 1 for layer in range(layers)]
    return _rotation_layers(n_wires, reaches, first_weight, drop_dead=drop_dead)


def nearest_neighbour_layers(
    n_wires: int, layers: int, *, first_weight: int = 0, drop_dead: bool = False
) -> list[Gate]:
    """Return strongly entangling layers whose CNOT ring joins neighbours only (reach 1 in every layer)."""
    return _rotation_layers(n_wires, [1] * layers, first_weight, drop_dead=drop_dead)


def hqconv_layers(n_wires: int, layers: int, *, first_weight: int = 0) -> list[Gate]:
    """Return the layers HQConv of quantum hybrid diffusion (arXiv 2402.16147) as intended, for channels of 2x2 sites.

    Wire 4 c + s holds site s of channel c. A layer couples the sites of each channel, the last channel first, in a ring
    (CRZ and CRX from wire (s + 1) mod 4 to s, for s = 3, 2, 1, 0), then the first sites of neighbouring channels, the
    last pair first: 8 weights per channel and 2 per pair of neighbours, 28 on 12 wires. The released code leaves the
    rings out.
    """
    channels = _channels_of_four(n_wires, layers, least=1, name="HQConv")
    within = [(first + (site + 1) % 4, first + site) for first in channels for site in (3, 2, 1, 0)]
    between = [(first - 4, first) for first in channels[:-1]]
    layer = stacked(*(each_pair([pair], gate) for pair in [*within, *between] for gate in ("CRZ", "CRX")))
    return stacked(*[layer] * layers, first_weight=first_weight)


def fqconv_layers(n_wires: int, layers: int, *, first_weight: int = 0) -> list[Gate]:
    """Return the layers FQConv of quantum hybrid diffusion (arXiv 2402.16147), for channels of 2x2 sites.

    Wire 4 c + s holds site s of channel c. A layer couples each channel, the last one first, with the one after it around
    the ring of channels: CRZ from each site of that one to the same site of this one, for s = 3, 2, 1, 0, then CRX: 8
    weights per channel, 24 on 12 wires.
    """
    channels = _channels_of_four(n_wires, layers, least=2, name="FQConv")
    sites = [[((first + 4) % n_wires + site, first + site) for site in (3, 2, 1, 0)] for first in channels]
    layer = stacked(*(each_pair(pairs, gate) for pairs in sites for gate in ("CRZ", "CRX")))
    return stacked(*[layer] * layers, first_weight=first_weight)


def count_weights(gates: Iterable[Gate]) -> int:
    """Return the first weight index that ``gates`` do not use."""
    return max((index for gate in gates for angle in gate.angles for index, _ in angle.weights), default=-1) + 1


def qldm_circuit(n_wires: int, layers: int) -> Circuit:
    """Return the circuit of the hybrid latent diffusion generator: ``n_wires`` inputs and outputs, no dead weight.

    RX embedding of the inputs, then ``layers`` of Rot on each wire and a ring of nearest-neighbour CNOTs, then <Z> of
    each wire. The CNOT ring maps products of Z to products of Z, so the last RZ of the last layer's Rot could never
    change an output: that layer has RZ and RY only, and the circuit has ``n_wires * (3 * layers - 1)`` weights, all
    trainable.
    """
    _require_layers(n_wires, layers)
    gates = angle_embedding(n_wires) + nearest_neighbour_layers(n_wires, layers, drop_dead=True)
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires))


def _channels_of_four(n_wires: int, layers: int, *, least: int, name: str) -> list[int]:
    """Return the first wire of each channel of four sites, the last channel first."""
    _require_layers(n_wires, layers)
    if n_wires % 4 or n_wires < 4 * least:
        raise CircuitError(f"{name} acts on channels of four wires, at least {least} of them; given {n_wires} wires.")
    return list(range(n_wires - 4, -1, -4))


def _rotation_layers(n_wires: int, reaches: list[int], first_weight: int, *, drop_dead: bool) -> list[Gate]:
    gates: list[Gate] = []
    weight = first_weight
    for layer, reach in enumerate(reaches):
        last = drop_dead and layer == len(reaches) - 1
        for wire in range(n_wires):
            angles = tuple(Angle.weight(weight + k) for k in range(2 if last else 3))
            weight += len(angles)
            if last:
                gates += [Gate("RZ", (wire,), angles[:1]), Gate("RY", (wire,), angles[1:])]
            else:
                gates.append(Gate("Rot", (wire,), angles))
        gates += ring(n_wires, reach=reach)
    return gates


def _weighted(name: str, places: Iterable[tuple[int, ...]], first_weight: int) -> list[Gate]:
    """Return the gate ``name`` on each of ``places``, its angles being the next weights."""
    if name not in GATES:
        raise CircuitError(f"Unknown gate {name!r}.{near_names(str(name), GATES)}")
    n_angles = GATES[name].n_angles
    return [
        Gate(name, wires, tuple(Angle.weight(first_weight + n_angles * place + k) for k in range(n_angles)))
        for place, wires in enumerate(places)
    ]


def _with_angles(gate: Gate, angles: Sequence[Angle]) -> Gate:
    return Gate(gate.name, gate.wires, tuple(angles))


def _shifted(angle: Angle, shift: int) -> Angle:
    return replace(angle, weights=tuple((index + shift, scale) for index, scale in angle.weights))


def _driven(angle: Angle, first_input: int) -> Angle:
    return Angle(angle.offset, (), angle.inputs + tuple((first_input + i, scale) for i, scale in angle.weights))


def _require_layers(n_wires: int, layers: int) -> None:
    if n_wires < 1 or layers < 1:
        raise CircuitError(f"Layers of gates need at least one wire and one layer, given {n_wires} and {layers}.")
