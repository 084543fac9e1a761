"""Building blocks of photonic circuits: each function returns components; weights are numbered from ``first_weight``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.photonic.components import Component

Pair = tuple[int, int]


def phase_encoding(
    modes: Sequence[int], *, scale: float = 1.0, first_input: int = 0, offset: float = 0.0
) -> list[Component]:
    """Return one phase shifter per mode by ``scale * input + offset``."""
    return [Component("PS", (mode,), Angle.input(first_input + k, scale, offset)) for k, mode in enumerate(modes)]


def phase_weights(modes: Sequence[int], *, first_weight: int = 0) -> list[Component]:
    """Return one trainable phase shifter per mode."""
    return [Component("PS", (mode,), Angle.weight(first_weight + k)) for k, mode in enumerate(modes)]


def rectangular(n_modes: int, *, first_weight: int = 0, output_phases: bool = False) -> list[Component]:
    """Return the rectangular interferometer of Clements et al. (arXiv 1603.08788), of depth ``n_modes``.

    Each of n (n - 1) / 2 cells has a phase shifter on its first mode, then a BS.Ry: two weights per cell, in that order.
    With ``output_phases``, n more weights, it is any unitary; phases at the end change no detection.
    """
    pairs = [(mode, mode + 1) for layer in range(n_modes) for mode in range(layer % 2, n_modes - 1, 2)]
    return _mesh(pairs, n_modes, first_weight, output_phases=output_phases)


def triangular(n_modes: int, *, first_weight: int = 0, output_phases: bool = False) -> list[Component]:
    """Return the triangular interferometer of Reck et al. (PRL 73, 58), of the same cells as ``rectangular``."""
    pairs = [(mode, mode + 1) for last in range(n_modes - 1) for mode in range(last, -1, -1)]
    return _mesh(pairs, n_modes, first_weight, output_phases=output_phases)


def count_weights(components: Iterable[Component]) -> int:
    """Return the first weight index that ``components`` do not use."""
    return max((index for component in components for index, _ in component.angle.weights), default=-1) + 1


def drop_dead(components: Iterable[Component], input_state: Sequence[int]) -> list[Component]:
    """Return ``components`` without those on which no detection depends, the remaining weights numbered from 0.

    A phase is dead where the number of photons in its mode is certain (before any interference, photons of
    ``input_state`` and empty modes), and where nothing interferes after it; a beam splitter is dead on two empty modes.
    """
    kept = _without_certain(components, input_state)
    kept = _without_last_phases(kept)
    numbers = sorted({index for component in kept for index, _ in component.angle.weights})
    number = {index: position for position, index in enumerate(numbers)}

    def renumbered(angle: Angle) -> Angle:
        return replace(angle, weights=tuple((number[index], scale) for index, scale in angle.weights))

    return [replace(component, angle=renumbered(component.angle)) for component in kept]


def _without_certain(components: Iterable[Component], input_state: Sequence[int]) -> list[Component]:
    is_empty, is_certain = [count == 0 for count in input_state], [True] * len(input_state)
    kept = []
    for component in components:
        is_phase = len(component.modes) == 1
        if (is_phase and is_certain[component.modes[0]]) or all(is_empty[mode] for mode in component.modes):
            continue
        kept.append(component)
        for mode in component.modes if not is_phase else ():
            is_empty[mode] = is_certain[mode] = False
    return kept


def _without_last_phases(components: Sequence[Component]) -> list[Component]:
    interferes: set[int] = set()
    kept = []
    for component in reversed(components):
        if len(component.modes) == 2:
            interferes.update(component.modes)
        if component.modes[0] in interferes:
            kept.append(component)
    return kept[::-1]


def _mesh(pairs: Sequence[Pair], n_modes: int, first_weight: int, *, output_phases: bool) -> list[Component]:
    components = []
    for cell, (upper, lower) in enumerate(pairs):
        phase, splitting = (Angle.weight(first_weight + 2 * cell + k) for k in range(2))
        components += [Component("PS", (upper,), phase), Component("BS.Ry", (upper, lower), splitting)]
    if output_phases:
        components += phase_weights(range(n_modes), first_weight=first_weight + 2 * len(pairs))
    return components
