"""What a device would have to run for a mitigated result: programs and shots, as prices and device time count them."""

from __future__ import annotations

from dataclasses import dataclass

from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.measurement import settings
from qaugbench.circuits.mitigation.folding import folded
from qaugbench.circuits.mitigation.mitigated import Mitigation, why_not_applicable
from qaugbench.circuits.mitigation.readout_inversion import ReadoutInversion
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError


@dataclass(frozen=True)
class Submitted:
    """``programs`` of one circuit with ``shots`` each; ``what`` says what they are for."""

    what: str
    circuit: Circuit
    programs: int
    shots: int


def submitted(circuit: Circuit, mitigation: Mitigation, shots: int, runs: int) -> tuple[Submitted, ...]:
    """Return what ``runs`` evaluations of ``circuit`` take with ``shots`` shots for each setting: calibration, then circuits.

    Evaluations are samples times copies; of samples without inputs, copies. All shots together are what the ``Tally`` of a run
    of as many evaluations charges.

    Raises:
        CircuitError: a mitigation that does not apply to the circuit, or fewer than one shot or run.

    >>> from qaugbench.circuits.ansatz import qldm_circuit
    >>> from qaugbench.circuits.mitigation.zero_noise import ZeroNoise
    >>> for one in submitted(qldm_circuit(4, 2), ZeroNoise(), 1024, runs=100):
    ...     print(one.what, len(one.circuit.gates), one.programs, one.shots)
    scale 1 24 100 1024
    scale 3 72 100 1024
    scale 5 120 100 1024
    """
    reason = why_not_applicable(circuit, mitigation)
    if reason is not None:
        raise CircuitError(f"The mitigation is not applicable: {reason}.")
    if shots < 1 or runs < 1:
        raise CircuitError(f"A mitigated run takes at least one shot and one evaluation, given {shots} and {runs}.")
    programs = runs * len(settings(circuit))
    if isinstance(mitigation, ReadoutInversion):
        return (*_calibrations(circuit, mitigation), Submitted("circuits", circuit, programs, shots))
    found: list[Submitted] = []
    for scale in mitigation.scales:
        longer = folded(circuit, scale, mitigation.folding)
        if mitigation.readout is not None:
            found += _calibrations(longer, mitigation.readout)
        found.append(Submitted(f"scale {scale}", longer, programs, shots))
    return tuple(found)


def _calibrations(circuit: Circuit, inversion: ReadoutInversion) -> list[Submitted]:
    if inversion.calibration_shots is None:
        return []
    wires = tuple(sorted({wire for setting in settings(circuit) for wire in setting.wires}))
    readout = Readout.probabilities(wires)
    turned = tuple(Gate("X", (wire,)) for wire in wires)
    return [
        Submitted(f"calibration of {bit}", Circuit(circuit.n_wires, gates, readout), 1, inversion.calibration_shots)
        for bit, gates in (("0", ()), ("1", turned))
    ]
