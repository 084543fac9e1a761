"""Circuits of published generators, each as data of a few lines; the classical layers around them are not shown."""

from __future__ import annotations

from math import ceil, log2

from qaugbench.circuits.ansatz import (
    amplitude_embedding,
    angle_embedding,
    chain,
    driven_by_inputs,
    each_pair,
    each_wire,
    hardware_efficient_layers,
    hqconv_layers,
    ring,
    stacked,
    strongly_entangling_layers,
)
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout


def patch_gan(n_wires: int = 5, layers: int = 6) -> Circuit:
    """Huang et al., arXiv 2010.06201: RY(noise), layers of RY and a chain of CZ, probabilities given ancilla 0."""
    gates = angle_embedding(n_wires, "RY") + hardware_efficient_layers(n_wires, layers, ["RY"], chain(n_wires, "CZ"))
    return Circuit(n_wires, gates, Readout.probabilities(postselect={0: 0}))


def pqwgan(n_pixels: int = 28, layers: int = 10) -> Circuit:
    """Tsang et al., arXiv 2212.11614: a patch of pixels from Rot layers with a chain of CNOT and an ancilla."""
    n_wires = ceil(log2(n_pixels)) + 1
    gates = angle_embedding(n_wires, "RY") + hardware_efficient_layers(n_wires, layers, ["Rot"], chain(n_wires, "CNOT"))
    return Circuit(n_wires, gates, Readout.probabilities(postselect={0: 0}))


def mosaiq(n_wires: int = 5, layers: int = 6) -> Circuit:
    """Silver et al., ICCV 2023; with 16 wires and 8 layers that of MediQ-GAN, arXiv 2506.21015."""
    noise = stacked(angle_embedding(n_wires, "RY"), angle_embedding(n_wires, "RX"))
    gates = noise + hardware_efficient_layers(n_wires, layers, ["RY"], chain(n_wires, "CZ"))
    return Circuit(n_wires, gates, Readout.each_wire(n_wires, "X"))


def style_qgan(layers: int = 2) -> Circuit:
    """Bravo-Prieto et al., arXiv 2110.06933, the circuit of the LHC data: every angle is an affine function of noise."""
    couplings = [[], [(0, 1), (0, 2)], [], [(1, 2), (2, 0)]]
    turns = [Gate(name, (wire,), (Angle.weight(0),)) for wire in range(3) for name in ("RY", "RZ")]
    blocks = [stacked(*([gate] for gate in turns), each_pair(couplings[layer % 4], "CRY")) for layer in range(layers)]
    readout = Readout("expectation", ("Z2", "Z1", "Z0"))
    return Circuit(3, driven_by_inputs(stacked(*blocks, each_wire(3, "RY"))), readout)


def last_qgan(n_wires: int = 10, layers: int = 6) -> Circuit:
    """Chang et al., arXiv 2406.02668: style-based layers, X and Z of each wire read, so that 10 wires give 20 latents."""
    couplings = stacked(ring(n_wires, "CRY"), ring(n_wires, "CRZ"))
    gates = hardware_efficient_layers(n_wires, layers, ["RY", "RZ", "RY", "RZ"], couplings)
    return Circuit(n_wires, driven_by_inputs(gates), Readout.each_wire(n_wires, "XZ"))


def q_dense(n_pixels: int = 64, layers: int = 55) -> Circuit:
    """Kölle et al., arXiv 2401.07049: an image as amplitudes, strongly entangling layers, probabilities."""
    start = amplitude_embedding(n_pixels)
    n_wires = len(start.wires)
    return Circuit(n_wires, strongly_entangling_layers(n_wires, layers), Readout.probabilities(), start)


def q_dense_guided(n_pixels: int = 64, layers: int = 47, blocks: int = 1) -> Circuit:
    """The same with the label as RX on an ancilla, uploaded again before each of ``blocks``."""
    start = amplitude_embedding(n_pixels)
    ancilla = len(start.wires)
    block = [Gate("RX", [ancilla], [Angle.input(n_pixels)]), *strongly_entangling_layers(ancilla + 1, layers)]
    return Circuit(ancilla + 1, stacked(*[block] * blocks), Readout.probabilities(postselect={ancilla: 0}), start)


def hqconv(layers: int = 3) -> Circuit:
    """De Falco et al., arXiv 2402.16147: 12 values, three groups of four wires, then one coupling from group to group."""
    return Circuit(12, angle_embedding(12) + hqconv_layers(12, layers), Readout.each_wire(12))
