"""A noise model as plain data: what acts beside the gates of a circuit, on its own wires."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from qaugbench.circuits.checks import as_tuple, finite, is_index
from qaugbench.circuits.gates import GATES
from qaugbench.errors import CircuitError, near_names

WORST_INFIDELITY = {"one_qubit_error": 2 / 3, "two_qubit_error": 4 / 5}  # a Pauli error for certain
_PROBABILITIES = ("one_qubit_error", "two_qubit_error", "readout_0_to_1", "readout_1_to_0")
_TIMES = ("one_qubit_duration_s", "two_qubit_duration_s")
_RATES = ("over_rotation", "crosstalk_hz")
_SCALED = (*_PROBABILITIES, *_RATES)


@dataclass(frozen=True)
class NoiseModel:
    """What acts beside the gates. Every figure is zero or infinite unless given; ``noise.noisy_circuit`` has the order.

    - ``one_qubit_error``, ``two_qubit_error``: average gate infidelity r; depolarising after each gate, "joint" on both
      wires of a two-qubit gate or, independently, on "each wire" of it.
    - ``t1_s``, ``t2_s``: thermal relaxation to 0 during gates and while a wire idles; None is infinite, and T2 None
      beside a T1 is 2 T1. ``one_qubit_duration_s``, ``two_qubit_duration_s``: how long gates take; each starts as late
      as it can. Where relaxation acts, depolarising makes up only for the rest of r.
    - ``readout_0_to_1``, ``readout_1_to_0``: probabilities that a measured bit is wrong.
    - ``over_rotation``: every gate angle is multiplied by 1 + this ("fixed"), or by 1 + a normal draw of this standard
      deviation, one a gate angle and call of the executor ("per run").
    - ``crosstalk_hz``: ZZ coupling of wires that some two-qubit gate joins, while at least one of them idles.
    - ``simultaneous_factor``: multiplies ``two_qubit_error`` of gates that run beside another one on a neighbour.
    - ``free_gates``: names of gates without duration and error, as RZ is where it only shifts a phase in software.
    - ``trajectories``: None runs density matrices up to 12 wires and 200 trajectories beyond; a number, that many
      trajectories always.

    Raises:
        CircuitError: a figure out of its range, T2 above 2 T1, or relaxation or crosstalk without durations.
    """

    one_qubit_error: float = 0.0
    two_qubit_error: float = 0.0
    two_qubit_channel: Literal["joint", "each wire"] = "joint"
    t1_s: float | None = None
    t2_s: float | None = None
    one_qubit_duration_s: float = 0.0
    two_qubit_duration_s: float = 0.0
    readout_0_to_1: float = 0.0
    readout_1_to_0: float = 0.0
    over_rotation: float = 0.0
    over_rotation_kind: Literal["fixed", "per run"] = "fixed"
    crosstalk_hz: float = 0.0
    simultaneous_factor: float = 1.0
    free_gates: tuple[str, ...] = ()
    trajectories: int | None = None

    def __post_init__(self) -> None:
        for name in _PROBABILITIES:
            self._check_range(name, WORST_INFIDELITY.get(name, 1.0))
        for name in (*_TIMES, *_RATES):
            self._check_range(name, math.inf)
        self._check_relaxation()
        if finite(self.simultaneous_factor, "simultaneous_factor") < 1.0:
            raise CircuitError(f"simultaneous_factor={self.simultaneous_factor} would lower an error; give 1 or more.")
        for name, known in (
            ("two_qubit_channel", ("joint", "each wire")),
            ("over_rotation_kind", ("fixed", "per run")),
        ):
            if getattr(self, name) not in known:
                raise CircuitError(
                    f"Unknown {name}={getattr(self, name)!r}.{near_names(str(getattr(self, name)), known)}"
                )
        worst = self.two_qubit_error * self.simultaneous_factor
        if worst > WORST_INFIDELITY["two_qubit_error"]:
            raise CircuitError(
                f"two_qubit_error times simultaneous_factor is {worst:.4g}, above 0.8, the most that an average "
                "infidelity of two qubits can be; lower one of them."
            )
        self._check_durations()
        object.__setattr__(self, "free_gates", as_tuple(self.free_gates, "the free gates of a noise model"))
        for gate in self.free_gates:
            if gate not in GATES:
                raise CircuitError(f"Unknown gate {gate!r} in free_gates.{near_names(str(gate), GATES)}")
        check_trajectories(self.trajectories)

    def _check_range(self, name: str, highest: float) -> None:
        value = finite(getattr(self, name), name)
        if value < 0.0:
            raise CircuitError(f"{name}={value} is negative; give 0 for none.")
        if value > highest:
            kind = "an average infidelity" if name in WORST_INFIDELITY else "a probability"
            raise CircuitError(
                f"{name}={value} is {kind} and at most {highest:.4g}; give a number in [0, {highest:.4g}]."
            )

    def _check_relaxation(self) -> None:
        for name in ("t1_s", "t2_s"):
            value = getattr(self, name)
            if value is not None and finite(value, name) <= 0.0:
                raise CircuitError(f"{name}={value} is no time in seconds above 0; give None for no relaxation.")
        if self.t1_s is not None and self.t2_s is not None and self.t2_s > 2 * self.t1_s:
            raise CircuitError(
                f"t2_s={self.t2_s} is above twice t1_s={self.t1_s}, which no qubit can have; "
                "give at most 2 T1, or None for that."
            )

    def _check_durations(self) -> None:
        wants = {
            "t1_s or t2_s": self.relaxes,
            "crosstalk_hz": self.crosstalk_hz > 0,
            "simultaneous_factor above 1": self.simultaneous_factor > 1,
        }
        named = [name for name, is_wanted in wants.items() if is_wanted]
        if named and not (self.one_qubit_duration_s or self.two_qubit_duration_s):
            raise CircuitError(
                f"{named[0]} acts over time; give one_qubit_duration_s and two_qubit_duration_s in seconds."
            )

    @property
    def relaxes(self) -> bool:
        """Whether qubits decay or lose coherence with time."""
        return self.t1_s is not None or self.t2_s is not None

    @property
    def has_durations_of_use(self) -> bool:
        """Whether anything depends on when gates run."""
        return self.relaxes or self.crosstalk_hz > 0 or self.simultaneous_factor > 1

    def duration_s(self, gate_name: str) -> float:
        """Return how long a gate takes."""
        if gate_name in self.free_gates:
            return 0.0
        return self.one_qubit_duration_s if GATES[gate_name].n_wires == 1 else self.two_qubit_duration_s

    def infidelity(self, gate_name: str) -> float:
        """Return the average infidelity of a gate that runs alone."""
        if gate_name in self.free_gates:
            return 0.0
        return self.one_qubit_error if GATES[gate_name].n_wires == 1 else self.two_qubit_error

    def scaled(self, factor: float) -> NoiseModel:
        """Return the model with every error ``factor`` times as strong: probabilities, rates 1 / T1 and 1 / T2, angles.

        Durations, ``simultaneous_factor`` and the choices stay. Raises CircuitError where a probability leaves its range.

        >>> NoiseModel(two_qubit_error=1e-3).scaled(3).two_qubit_error
        0.003
        """
        if finite(factor, "the factor of a noise model") < 0.0:
            raise CircuitError(f"A noise model is scaled by 0 or more, given {factor}.")
        changes: dict[str, Any] = {name: getattr(self, name) * factor for name in _SCALED}
        for name in ("t1_s", "t2_s"):
            value = getattr(self, name)
            changes[name] = value / factor if value is not None and factor > 0.0 else None
        return replace(self, **changes)


def check_trajectories(count: Any) -> None:
    """Raise CircuitError unless ``count`` is None or a number of trajectories of which a standard error can be taken."""
    if count is not None and (not is_index(count) or count < 2):
        raise CircuitError(f"trajectories={count!r} is no number of at least 2; a standard error needs two.")
