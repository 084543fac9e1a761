"""What controls and gate counts need from a photonic circuit; registered when ``photonic`` is imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qaugbench.circuits.controls.no_entanglement import without_entanglement
from qaugbench.circuits.controls.relabelling import Coupling, coupling, entangling_layers, relabelled
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.meshes import drop_dead
from qaugbench.circuits.spectrum import UsedAngle, used_angles


@without_entanglement.register
def _distinguishable(circuit: PhotonicCircuit) -> PhotonicCircuit:
    """Return ``circuit`` with photons that do not interfere: each takes its own path, as a classical particle would."""
    return replace(circuit, distinguishable=True)


@coupling.register
def _of_splitters(circuit: PhotonicCircuit) -> Coupling:
    """Return the pairs of modes that beam splitters couple; dead components, as ``drop_dead`` finds them, do not reach."""
    parts = [component.modes for component in circuit.components]
    reaching = drop_dead(circuit.components, circuit.input_state)
    return Coupling(circuit.n_modes, entangling_layers(parts), len(reaching))


@relabelled.register
def _with_other_modes(circuit: PhotonicCircuit, wires: Sequence[int]) -> PhotonicCircuit:
    """Return ``circuit`` with its beam splitters on other modes; photons come in, and phases act, where they did."""
    return replace(circuit, components=tuple(_moved(component, wires) for component in circuit.components))


def _moved(component: Component, wires: Sequence[int]) -> Component:
    modes = component.modes
    return component if len(modes) == 1 else replace(component, modes=tuple(wires[mode] for mode in modes))


@used_angles.register
def _of_components(circuit: PhotonicCircuit) -> tuple[UsedAngle, ...]:
    """Return the angles; a phase shifter turns 0 to n photons, and a beam splitter acts on up to n as on a spin n/2."""
    return tuple(
        UsedAngle(_eigenvalues(component.name, circuit.n_photons), component.angle.weights, component.angle.inputs)
        for component in circuit.components
        if component.angle.weights or component.angle.inputs
    )


def _eigenvalues(name: str, n_photons: int) -> tuple[float, ...]:
    if name == "PS":
        return tuple(map(float, range(n_photons + 1)))
    return tuple(half / 2 for half in range(-n_photons, n_photons + 1))
