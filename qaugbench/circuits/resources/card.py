"""The resource card of one circuit: what drawing images with it, and training it, would take on hardware."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise.presets import Preset
from qaugbench.circuits.noise.presets import preset as device_preset
from qaugbench.circuits.resources.counts import GateCounts, count_gates
from qaugbench.circuits.resources.pauli_rotations import logical_counts
from qaugbench.circuits.resources.prices import Price, prices
from qaugbench.circuits.resources.routing import RoutedCounts, routed_counts
from qaugbench.circuits.resources.surface_code import TARGET_ERROR, Corrected, assumed_qubits, check_target, corrected
from qaugbench.circuits.resources.training import Training, TrainingCost, training_cost
from qaugbench.errors import CircuitError

SIMULABLE_QUBITS = 30
SIMULABLE = "classically simulable; model-quality claim only, not computational advantage"
READOUT_MODES = {
    "expectation": "expectations: {shots} shots per value",
    "probabilities": "probabilities: {shots} shots per distribution",
    "counts": "mean counts: {shots} shots per value",
    "samples": "samples: 1 shot per latent",
}


@dataclass(frozen=True)
class ResourceCard:
    """What ``images`` images take, drawn with ``circuits_per_image`` runs of one circuit; times in seconds.

    ``qubits``, or ``modes`` with ``photons``; ``parameters`` of all ``copies``; ``settings``: the ways in which a run is
    measured in turn. A device receives ``programs``, each with ``shots``. ``corrected`` is what one run takes on
    error-corrected computers. What is not known is None, or empty, and has a reason.
    """

    name: str
    qubits: int | None
    modes: int | None
    photons: int | None
    preparation: str
    gates: GateCounts
    preset: str | None
    routed: RoutedCounts | None
    routed_reason: str
    copies: int
    parameters: int
    readout_mode: str
    settings: int
    images: int
    circuits_per_image: float
    programs: int
    shots: int
    shot_s: float | None
    device_s: float | None
    device_reason: str
    prices: tuple[Price, ...]
    corrected: tuple[Corrected, ...]
    corrected_reason: str
    training: TrainingCost | None
    simulability: str

    @property
    def runs(self) -> int:
        """How often the circuit is run for all images, in all settings."""
        return self.programs * self.shots

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def resource_card(
    circuit: Any,
    *,
    name: str = "",
    copies: int = 1,
    circuits_per_image: float | None = None,
    images: int = 1000,
    shots: int = 1024,
    training: Training | None = None,
    preset: str | None = None,
    target_error: float = TARGET_ERROR,
    with_qdk: bool = False,
) -> ResourceCard:
    """Return the card of ``circuit``, of which ``copies`` run side by side, each once per image by default.

    ``shots``: of each measurement setting; a readout of samples always takes one. Without inputs,
    samples of all images are the shots of a single program. Device time is shots x (pause between shots + gates +
    readout) on ``preset``. Error correction keeps ``target_error`` in each run; ``with_qdk`` adds the estimates of that package.

    Raises:
        CircuitError: an unknown preset, a target error that is no probability, or a number of shots, copies or images below one.
        MissingPackageError: qdk is asked for and not installed.
    """
    check_target(target_error)
    for what, number in (("shots", shots), ("copies", copies), ("images", images)):
        if number < 1:
            raise CircuitError(f"A resource card needs at least one of {what}, given {number}.")
    target = device_preset(preset) if preset else None
    routed, routed_reason = _routed(circuit, target)
    shot_s, device_reason = _shot_s(target, routed, routed_reason)
    settings = _settings(circuit)
    per_image = float(copies if circuits_per_image is None else circuits_per_image)
    programs, shots_each = _programs(circuit, copies, per_image, images, shots, settings)
    gates, n_wires = count_gates(circuit), getattr(circuit, "n_wires", None)
    ways, corrected_reason = _corrected(circuit, target_error, with_qdk=with_qdk)
    cost = None
    if training:
        cost = training_cost(
            circuit, training, settings=settings, shots=shots, shot_s=shot_s, unknown_time=device_reason
        )
    return ResourceCard(
        name=name,
        qubits=n_wires,
        modes=getattr(circuit, "n_modes", None),
        photons=getattr(circuit, "n_photons", None),
        preparation=str(getattr(circuit, "start", None) or ""),
        gates=gates,
        preset=preset,
        routed=routed,
        routed_reason=routed_reason,
        copies=copies,
        parameters=copies * circuit.n_weights,
        readout_mode=READOUT_MODES[circuit.output_kind].format(shots=f"{shots:,}"),
        settings=settings,
        images=images,
        circuits_per_image=per_image,
        programs=programs,
        shots=shots_each,
        shot_s=shot_s,
        device_s=None if shot_s is None else programs * shots_each * shot_s,
        device_reason=device_reason,
        prices=prices(programs, shots_each, n_wires, gates) if n_wires else (),
        corrected=ways,
        corrected_reason=corrected_reason,
        training=cost,
        simulability=simulability(circuit),
    )


def simulability(circuit: Any) -> str:
    """Return what may be claimed: up to 30 qubits, or as many patterns of photons, a classical computer runs the circuit."""
    if isinstance(circuit, Circuit):
        size, what, limit = circuit.n_wires, "qubits", SIMULABLE_QUBITS
    else:
        size = math.comb(circuit.n_modes + circuit.n_photons - 1, circuit.n_photons)
        what, limit = "patterns of photons", 2**SIMULABLE_QUBITS
    if size > limit:
        return f"{size:,} {what}, more than {limit:,}: not easily simulated classically"
    return f"{size:,} {what}, at most {limit:,}: {SIMULABLE}"


def _routed(circuit: Any, target: Preset | None) -> tuple[RoutedCounts | None, str]:
    if target is None:
        return None, "no preset was asked for"
    if not isinstance(circuit, Circuit):
        return None, "photons are not routed along couplings of qubits"
    if target.backend is None:
        return None, f"{target.name} has no backend with couplings and native gates"
    try:
        return routed_counts(circuit, target.backend), ""
    except CircuitError as error:
        return None, str(error)


def _shot_s(target: Preset | None, routed: RoutedCounts | None, routed_reason: str) -> tuple[float | None, str]:
    if target is None:
        return None, "no preset was asked for"
    if target.shots_per_s is not None:
        return 1 / target.shots_per_s, ""
    if target.rep_delay_s is None:
        return None, f"how fast {target.name} repeats shots is not known"
    if routed is None:
        return None, f"how long one shot takes is not known: {routed_reason}"
    return target.rep_delay_s + routed.duration_s, ""


def _corrected(circuit: Any, target_error: float, *, with_qdk: bool) -> tuple[tuple[Corrected, ...], str]:
    """Return what one run takes on each kind of qubits, by our formulas and after each of them by qdk where it is asked for."""
    if not isinstance(circuit, Circuit):
        return (), "photons are not the qubits of a surface code"
    counts, found = logical_counts(circuit), []
    try:
        for qubits in assumed_qubits().values():
            found.append(corrected(counts, qubits, target_error))
            if with_qdk:
                from qaugbench.circuits.resources.qdk_estimate import estimated

                found.append(estimated(circuit, qubits, target_error))
    except CircuitError as error:
        return (), str(error)
    return tuple(found), ""


def _settings(circuit: Any) -> int:
    if not isinstance(circuit, Circuit):
        return 1
    from qaugbench.circuits.measurement import settings

    return len(settings(circuit))


def _programs(circuit: Any, copies: int, per_image: float, images: int, shots: int, settings: int) -> tuple[int, int]:
    """Return how many programs run and with how many shots each."""
    runs = round(images * per_image)
    if circuit.output_kind != "samples":
        return runs * settings, shots
    return (runs, 1) if circuit.n_inputs else (copies, math.ceil(runs / copies))
