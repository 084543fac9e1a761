from __future__ import annotations

import numpy as np
import pytest

from qaugbench.circuits.noise.backend import snapshot
from qaugbench.circuits.noise.presets import Preset, names, preset
from qaugbench.errors import CircuitError

SNAPSHOTS = [name for name in names() if preset(name).backend]


def medians(facts: Preset) -> dict[str, float]:
    """Return the figures of a preset computed from its snapshot."""
    assert facts.backend is not None
    backend = snapshot(facts.backend)
    target, properties = backend.target, backend.properties()

    def working(name: str) -> list[float]:
        found = [gate.error for gate in target[name].values() if gate is not None]
        return [error for error in found if error is not None and error < 1]

    def durations(name: str) -> float:
        return float(np.median([gate.duration for gate in target[name].values() if gate is not None and gate.duration]))

    def misread(name: str) -> float:
        return float(np.median([properties.qubit_property(qubit, name)[0] for qubit in range(backend.num_qubits)]))

    two_qubit = next(name for name in ("ecr", "cz") if name in facts.basis_gates)
    return {
        "one_qubit_error": float(np.median(working("sx"))),
        "two_qubit_error": float(np.median(working(two_qubit))),
        "readout_error": float(np.median([one.error for one in target["measure"].values()])),
        "readout_0_to_1": misread("prob_meas1_prep0"),
        "readout_1_to_0": misread("prob_meas0_prep1"),
        "t1_s": float(np.median([qubit.t1 for qubit in target.qubit_properties if qubit.t1])),
        "t2_s": float(np.median([qubit.t2 for qubit in target.qubit_properties if qubit.t2])),
        "one_qubit_duration_s": durations("sx"),
        "two_qubit_duration_s": durations(two_qubit),
        "readout_duration_s": durations("measure"),
        "rep_delay_s": backend.configuration().default_rep_delay,
    }


@pytest.mark.parametrize("name", SNAPSHOTS)
@pytest.mark.filterwarnings("ignore:Properties of fake_nighthawk")  # which its preset says too
def test_figures_are_the_medians_of_the_snapshot(name: str) -> None:
    facts = preset(name)
    assert facts.backend is not None
    backend = snapshot(facts.backend)
    for key, value in medians(facts).items():
        assert getattr(facts, key) == pytest.approx(value, rel=5e-3), key
    assert facts.n_qubits == backend.num_qubits
    assert facts.date == str(backend.properties().last_update_date.date())
    assert set(facts.basis_gates) <= set(backend.operation_names)
    assert all(gate.error == 0 and gate.duration == 0 for gate in backend.target["rz"].values())


def test_every_preset_has_a_source_and_makes_a_noise_model() -> None:
    assert {"ibm_heron_r3", "quantinuum_helios", "aqt_ibex", "neutral_rb"} <= set(names())
    for name in names():
        facts = preset(name)
        assert facts.source
        assert facts.date
        noise = facts.noise_model()
        assert (noise.one_qubit_error, noise.two_qubit_error) == (facts.one_qubit_error, facts.two_qubit_error)
        assert noise.relaxes == (facts.t1_s is not None)
        assert facts.caveat or facts.backend


def test_a_mean_readout_error_counts_for_both_bits() -> None:
    noise = preset("quantinuum_helios").noise_model()
    assert (noise.readout_0_to_1, noise.readout_1_to_0) == (3.3e-4, 3.3e-4)


def test_an_unknown_preset_is_refused_with_near_names() -> None:
    with pytest.raises(CircuitError, match=r"Unknown device preset 'ibm_heron_r4'\. Did you mean 'ibm_heron_r\d'"):
        preset("ibm_heron_r4")
