from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
import torch

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.interferometer import Interferometer
from qaugbench.circuits.photonic.meshes import phase_encoding, rectangular
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.seeds import torch_generator
from tests.circuits.photonic import cases, exact
from tests.circuits.photonic.running import ask, run


def splitter(state: tuple[int, int] = (1, 1), readout: PhotonicReadout | None = None) -> PhotonicCircuit:
    """Return a beam splitter whose angle is the input."""
    component = Component("BS.Rx", [0, 1], Angle.input(0))
    return PhotonicCircuit(2, [component], state, readout or PhotonicReadout("probabilities"))


@pytest.mark.parametrize("alike", [0.0, 0.25, 0.9, 1.0])
@pytest.mark.parametrize("name", ["BS.Rx", "BS.Ry", "BS.H"])
def test_hong_ou_mandel_dip(name: str, alike: float) -> None:
    balanced = [Component(name, [0, 1], Angle.constant(np.pi / 2))]
    circuit = PhotonicCircuit(2, balanced, [1, 1], PhotonicReadout("probabilities"))
    found = run(circuit, np.zeros((1, 1, 0)), np.zeros((1, 0)), PhotonicNoise(indistinguishability=alike))[0, 0]
    both = (1 - alike) / 2
    np.testing.assert_allclose(found, [(1 - both) / 2, both, (1 - both) / 2], atol=1e-15)


def test_dip_varies_with_reflectivity_as_the_formula_says() -> None:
    angles = np.linspace(-3, 3, 9)
    found = run(splitter(), angles.reshape(1, 9, 1), np.zeros((1, 0)), PhotonicNoise(indistinguishability=0.6))[0, :, 1]
    r, t = np.cos(angles / 2) ** 2, np.sin(angles / 2) ** 2
    np.testing.assert_allclose(found, r**2 + t**2 - 2 * 0.6 * r * t, atol=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_pure_states_that_overlap_give_the_same_as_a_mixture(seed: int) -> None:
    # Tichy 2015: sum over two permutations, with the overlaps of the photons' internal states; a photon a mode
    rng, n, alike = np.random.default_rng(seed), 3, 0.8
    components = rectangular(4, output_phases=True)
    circuit = PhotonicCircuit(4, components, [1, 1, 0, 1], PhotonicReadout("probabilities"))
    weights = rng.normal(size=(1, 16))
    unitary = exact.transfer(circuit, np.zeros(0), weights[0], PhotonicNoise())[:4][:, [0, 1, 3]]
    overlaps = np.where(np.eye(n), 1.0, alike)
    expected = []
    for outcome in circuit.outcomes:
        square = unitary[[mode for mode, count in enumerate(outcome) for _ in range(count)]]
        pairs = product(permutations(range(n)), repeat=2)
        terms = (
            np.prod([square[j, p[j]] * square[j, q[j]].conj() * overlaps[p[j], q[j]] for j in range(n)])
            for p, q in pairs
        )
        expected.append(sum(terms).real / math.prod(map(math.factorial, outcome)))
    found = run(circuit, np.zeros((1, 1, 0)), weights, PhotonicNoise(indistinguishability=alike**2))
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-12)


def test_distinguishable_photons_are_classical_particles() -> None:
    components, rng = rectangular(5) + phase_encoding(range(5)), np.random.default_rng(0)
    circuit = PhotonicCircuit(5, components, [1, 0, 1, 1, 0], PhotonicReadout("probabilities"), distinguishable=True)
    inputs, weights = rng.normal(size=(1, 1, 5)), rng.normal(size=(1, 20))
    chances = np.abs(exact.transfer(circuit, inputs[0, 0], weights[0], PhotonicNoise())[:5, [0, 2, 3]]) ** 2
    expected = [
        exact.permanents(chances[[mode for mode, count in enumerate(outcome) for _ in range(count)]])
        / math.prod(map(math.factorial, outcome))
        for outcome in circuit.outcomes
    ]
    np.testing.assert_allclose(run(circuit, inputs, weights)[0, 0], expected, atol=1e-14)
    identical = replace(circuit, distinguishable=False)
    np.testing.assert_allclose(
        run(identical, inputs, weights, PhotonicNoise(indistinguishability=0))[0, 0], expected, atol=1e-14
    )


@pytest.mark.parametrize("where", ["sources", "detectors"])
def test_uniform_loss_is_thinning(where: str) -> None:
    circuit = PhotonicCircuit(4, rectangular(4), [1, 0, 2, 0], PhotonicReadout("probabilities", at_least=0))
    weights, eta = np.random.default_rng(1).normal(size=(1, 12)), 0.7
    noise = PhotonicNoise(eta) if where == "sources" else PhotonicNoise(mode_transmissions=(eta,) * 4)
    ideal = dict(zip(circuit.outcomes, run(circuit, np.zeros((1, 1, 0)), weights)[0, 0], strict=True))
    thinned = dict.fromkeys(circuit.outcomes, 0.0)
    for outcome, chance in ideal.items():
        for left in product(*(range(count + 1) for count in outcome)):
            kept = [math.comb(n, k) * eta**k * (1 - eta) ** (n - k) for n, k in zip(outcome, left, strict=True)]
            thinned[left] += chance * math.prod(kept)
    found = run(circuit, np.zeros((1, 1, 0)), weights, noise)[0, 0]
    np.testing.assert_allclose(found, list(thinned.values()), atol=1e-14)


@pytest.mark.parametrize("seed", range(6))
def test_probabilities_of_everything_sum_to_one(seed: int) -> None:
    circuit = cases.random_circuit(seed, readout=PhotonicReadout("probabilities", at_least=0))
    inputs, weights, _ = ask(circuit, seed)
    for noise in (None, cases.random_noise(np.random.default_rng(seed), circuit.n_modes)):
        found = run(circuit, inputs, weights, noise)
        assert found.min() >= 0
        np.testing.assert_allclose(found.sum(-1), 1, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_inverse_interferometer_brings_the_photons_back(seed: int) -> None:
    circuit = cases.random_circuit(seed, readout=PhotonicReadout("probabilities"))
    back = [
        replace(each, angle=each.angle if each.name == "BS.H" else negated(each.angle))
        for each in circuit.components[::-1]
    ]
    there_and_back = replace(circuit, components=(*circuit.components, *back), distinguishable=False)
    found = run(there_and_back, *ask(circuit, seed)[:2])
    np.testing.assert_allclose(found[..., circuit.outcomes.index(circuit.input_state)], 1, atol=1e-12)


def negated(angle: Angle) -> Angle:
    return Angle(-angle.offset, [(i, -scale) for i, scale in angle.weights], [(j, -scale) for j, scale in angle.inputs])


@pytest.mark.parametrize("seed", range(6))
def test_interferometers_one_after_the_other_multiply(seed: int) -> None:
    first, second = (cases.random_circuit(seed + s, max_modes=2) for s in (0, 50))
    joined = (*first.components, *(replace(each, angle=shifted(each.angle, first)) for each in second.components))
    whole = PhotonicCircuit(2, joined, [1, 1], PhotonicReadout("counts"))
    asked = [ask(each, seed + s)[:2] for s, each in ((0, first), (1, second))]
    inputs, weights = (np.concatenate(parts, axis=-1) for parts in zip(*asked, strict=True))
    found, one, two = (
        unitary(each, x, w) for each, (x, w) in ((whole, (inputs, weights)), (first, asked[0]), (second, asked[1]))
    )
    np.testing.assert_allclose(found, np.einsum("cijb,cjkb->cikb", two, one), atol=1e-12)


def shifted(angle: Angle, by: PhotonicCircuit) -> Angle:
    weights = [(index + by.n_weights, scale) for index, scale in angle.weights]
    return Angle(angle.offset, weights, [(index + by.n_inputs, scale) for index, scale in angle.inputs])


def unitary(circuit: PhotonicCircuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    made = Interferometer(circuit, range(circuit.n_modes), PhotonicNoise()).double()
    found = made(torch.tensor(inputs), torch.tensor(weights))
    return np.broadcast_to(found.numpy(), (*found.shape[:3], inputs.shape[1]))


@pytest.mark.parametrize("seed", range(6))
def test_renaming_modes_renames_outcomes(seed: int) -> None:
    circuit = cases.random_circuit(seed, readout=PhotonicReadout("probabilities", at_least=0))
    rng = np.random.default_rng(seed)
    name = rng.permutation(circuit.n_modes).tolist()
    noise = cases.random_noise(rng, circuit.n_modes)
    components = [replace(each, modes=[name[mode] for mode in each.modes]) for each in circuit.components]
    state = [circuit.input_state[name.index(mode)] for mode in range(circuit.n_modes)]
    renamed = replace(circuit, components=components, input_state=state)
    each = (
        [noise.mode_transmissions[name.index(mode)] for mode in range(circuit.n_modes)]
        if noise.mode_transmissions
        else ()
    )
    inputs, weights, _ = ask(circuit, seed)
    number = {outcome: position for position, outcome in enumerate(renamed.outcomes)}
    order = [
        number[tuple(outcome[name.index(mode)] for mode in range(circuit.n_modes))] for outcome in circuit.outcomes
    ]
    found = run(renamed, inputs, weights, replace(noise, mode_transmissions=each))
    np.testing.assert_allclose(run(circuit, inputs, weights, noise), found[..., order], atol=1e-12)


def test_mean_photon_numbers_do_not_depend_on_interference() -> None:
    circuit = PhotonicCircuit(4, rectangular(4), [1, 1, 1, 0], PhotonicReadout("counts"))
    weights = np.random.default_rng(0).normal(size=(1, 12))
    asked = np.zeros((1, 1, 0)), weights
    np.testing.assert_allclose(run(circuit, *asked), run(replace(circuit, distinguishable=True), *asked), atol=1e-14)
    clicks = replace(circuit, readout=PhotonicReadout("counts", "threshold"))
    assert np.abs(run(clicks, *asked) - run(replace(clicks, distinguishable=True), *asked)).max() > 0.01


@pytest.mark.parametrize("noise", [PhotonicNoise(0.6), PhotonicNoise(0.6, indistinguishability=0.5)])
def test_yield_of_all_photons_is_the_power_of_the_transmission(noise: PhotonicNoise) -> None:
    circuit = PhotonicCircuit(4, rectangular(4), [1, 1, 1, 0], PhotonicReadout("probabilities"))
    executor = build_executor(circuit, Execution(noise=noise)).double()
    found = executor.yields(torch.zeros(1, 2, 0).double(), torch.randn(2, 12, generator=torch_generator(0)).double())
    np.testing.assert_allclose(found, np.full((2, 2), 0.6**3), atol=1e-14)
