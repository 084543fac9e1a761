"""Photonic circuits computed plainly, with nothing of the package but the description: dictionaries, loops, all permutations.

Loss is a beam splitter into a mode of its own; partly distinguishable photons are a mixture over which of them are alike.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations, product

import numpy as np
from scipy.linalg import expm

from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.readout import PhotonicReadout

Pattern = tuple[int, ...]
Distribution = dict[Pattern, float]
X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])


def outputs(
    circuit: PhotonicCircuit,
    inputs: np.ndarray,
    weights: np.ndarray,
    noise: PhotonicNoise | None = None,
    *,
    explicit: bool = False,
) -> np.ndarray:
    """Return the outputs for one sample; ``explicit`` gives each loss a mode of its own instead of as few as suffice."""
    noise = noise or PhotonicNoise()
    through = transfer(circuit, inputs, weights, noise, explicit=explicit)
    photons = [through[:, mode] for mode, count in enumerate(circuit.input_state) for _ in range(count)]
    alike = 0.0 if circuit.distinguishable else math.sqrt(noise.indistinguishability)
    found = mixture(photons, [mode for mode, count in enumerate(circuit.input_state) for _ in range(count)], alike)
    for photon in photons if noise.g2 else []:
        found = with_extra(found, photon, extra_photon_probability(noise.g2))
    return read(found, circuit)


def transfer(
    circuit: PhotonicCircuit, inputs: np.ndarray, weights: np.ndarray, noise: PhotonicNoise, *, explicit: bool = False
) -> np.ndarray:
    """Return the matrix from modes coming in to modes going out, first the circuit's and then lossy ones."""
    n_modes = circuit.n_modes
    steps: list[tuple[np.ndarray, tuple[int, ...], float]] = []
    for component in circuit.components:
        angle = component.angle
        value = (
            angle.offset + sum(s * weights[i] for i, s in angle.weights) + sum(s * inputs[j] for j, s in angle.inputs)
        )
        steps.append((matrix(component.name, value), component.modes, noise.component_transmission))
    each = noise.mode_transmissions or (1.0,) * n_modes
    steps += [(np.eye(1), (mode,), noise.transmission * value) for mode, value in enumerate(each)]
    if explicit:
        return _with_loss_modes(n_modes, steps)
    found = np.eye(n_modes, dtype=complex)
    for block, modes, survival in steps:
        found[list(modes)] = math.sqrt(survival) * block @ found[list(modes)]
    eigenvalues, vectors = np.linalg.eigh(np.eye(n_modes) - found.conj().T @ found)
    return np.concatenate([found, np.sqrt(eigenvalues.clip(0))[:, None] * vectors.conj().T])


def matrix(name: str, angle: float) -> np.ndarray:
    """Return a component's matrix from what it generates."""
    splitters = {"BS.Rx": expm(0.5j * angle * X), "BS.Ry": expm(-0.5j * angle * Y), "BS.H": expm(-0.5j * angle * Y) @ Z}
    return np.array([[np.exp(1j * angle)]]) if name == "PS" else splitters[name]


def _with_loss_modes(n_modes: int, steps: list[tuple[np.ndarray, tuple[int, ...], float]]) -> np.ndarray:
    lossy = sum(len(modes) for _, modes, survival in steps if survival < 1)
    found = np.eye(n_modes + lossy, dtype=complex)
    fresh = n_modes
    for block, modes, survival in steps:
        found[list(modes)] = block @ found[list(modes)]
        for mode in modes if survival < 1 else ():
            kept, lost = math.sqrt(survival), math.sqrt(1 - survival)
            found[[mode, fresh]] = np.array([[kept, -lost], [lost, kept]]) @ found[[mode, fresh]]
            fresh += 1
    return found[:, :n_modes]


def permanents(matrices: np.ndarray) -> np.ndarray:
    """Return the permanent of each matrix [..., n, n] by its definition."""
    n = matrices.shape[-1]
    return sum(np.prod([matrices[..., row, p[row]] for row in range(n)], axis=0) for p in permutations(range(n)))


def identical(photons: list[np.ndarray], sources: list[int]) -> Distribution:
    """Return the distribution of identical photons whose amplitudes are given."""
    n_modes = len(photons[0])
    norm = math.prod(math.factorial(sources.count(mode)) for mode in set(sources))
    places = np.array(list(combinations_with_replacement(range(n_modes), len(photons))))
    amplitudes = permanents(np.array(photons).T[places])  # row: a place, column: a photon
    patterns = [tuple(row) for row in (places[:, :, None] == np.arange(n_modes)).sum(1).tolist()]
    norms = [norm * math.prod(map(math.factorial, pattern)) for pattern in patterns]
    return dict(zip(patterns, np.abs(amplitudes) ** 2 / norms, strict=True))


def mixture(photons: list[np.ndarray], sources: list[int], alike: float) -> Distribution:
    """Return the distribution where each photon is, with probability ``alike``, like the others, and else like none."""
    everyone, found = range(len(photons)), defaultdict(float)
    for size in range(len(photons) + 1):
        for group in combinations(everyone, size):
            chance = alike**size * (1 - alike) ** (len(photons) - size)
            if not chance:
                continue
            nobody = {(0,) * len(photons[0]): 1.0}
            part = identical([photons[k] for k in group], [sources[k] for k in group]) if group else nobody
            for k in set(everyone) - set(group):
                part = with_extra(part, photons[k], 1.0)
            for pattern, probability in part.items():
                found[pattern] += chance * probability
    return found


def with_extra(distribution: Distribution, photon: np.ndarray, chance: float) -> Distribution:
    """Return the distribution with one more photon, which interferes with none, there with probability ``chance``."""
    found: Distribution = defaultdict(float)
    for pattern, probability in distribution.items():
        found[pattern] += (1 - chance) * probability
        for mode, amplitude in enumerate(photon):
            more = (*pattern[:mode], pattern[mode] + 1, *pattern[mode + 1 :])
            found[more] += chance * probability * abs(amplitude) ** 2
    return found


def extra_photon_probability(g2: float) -> float:
    """Return the p in [0, 1] with g2 = <n (n - 1)> / <n>^2 for one photon and, with probability p, a second."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 * middle / (1 + middle) ** 2 < g2 else (low, middle)
    return (low + high) / 2


def read(distribution: Distribution, circuit: PhotonicCircuit) -> np.ndarray:
    """Return what the readout makes of a distribution over the circuit's modes and lossy ones."""
    readout, n_photons = circuit.readout, circuit.n_photons
    patterns = listed(circuit)
    total, found = 0.0, dict.fromkeys(patterns, 0.0)
    for pattern, probability in distribution.items():
        seen = see(pattern[: circuit.n_modes], readout)
        part = tuple(seen[mode] for mode in circuit.read_modes)
        if accepts(seen, readout, n_photons) and part in found:
            found[part] += probability
            total += probability
    probabilities = np.array([found[pattern] for pattern in patterns]) / total
    return probabilities if readout.kind == "probabilities" else probabilities @ np.array(patterns)


@cache
def listed(circuit: PhotonicCircuit) -> list[Pattern]:
    """Return the detections that the readout accepts of up to as many photons as come in, sorted."""
    possible = product(range(circuit.n_photons + 1), repeat=circuit.n_modes)
    seen = [see(pattern, circuit.readout) for pattern in possible if sum(pattern) <= circuit.n_photons]
    kept = [each for each in seen if accepts(each, circuit.readout, circuit.n_photons)]
    return sorted({tuple(each[mode] for mode in circuit.read_modes) for each in kept})


def see(pattern: Pattern, readout: PhotonicReadout) -> Pattern:
    """Return what the detectors tell of photons."""
    return pattern if readout.detection == "number" else tuple(min(count, 1) for count in pattern)


def accepts(seen: Pattern, readout: PhotonicReadout, n_photons: int) -> bool:
    """Return whether a detection fulfils the conditions of a readout."""
    default = {"counts": 0}.get(readout.kind, n_photons if readout.detection == "number" else 1)
    if sum(seen) < (default if readout.at_least is None else readout.at_least):
        return False
    for condition in readout.accept:
        together = sum(seen[mode] for mode in condition.modes or range(len(seen)))
        if together < condition.at_least or together > (math.inf if condition.at_most is None else condition.at_most):
            return False
    return True
