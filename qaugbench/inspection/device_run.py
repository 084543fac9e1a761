"""The circuits of a generator on a device, beside their exact values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.devices.run import Report, run_on_device
from qaugbench.circuits.shots import FiniteShots
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.inspection.build import distinct_blocks, quantum_model
from qaugbench.seeds import child_seed, torch_generator


@dataclass(frozen=True)
class Executed:
    """One circuit on a device: its outputs and the exact ones, [samples][n_outputs], and how far apart they are.

    ``deviation`` is the root mean square difference between device and exact values, ``shot_noise`` that of the same
    number of shots on a perfect device, drawn once.
    """

    circuit: str
    outputs: list[list[float]]
    exact: list[list[float]]
    deviation: float
    shot_noise: float
    report: Report

    def text(self) -> str:
        """Return the results in lines."""
        noise = f"root mean square difference to the exact values {self.deviation:.4f}, of which shots explain"
        return f"{self.circuit}\n{self.report}\n{noise} {self.shot_noise:.4f}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def execute_circuits(
    name: str,
    device: str,
    *,
    shots: int,
    samples: int,
    folder: Path | None = None,
    seed: int = 0,
    track: str = "lite",
    progress: Callable[[str], None] | None = None,
) -> list[Executed]:
    """Return each different circuit of the generator called ``name``, run on ``device`` at random weights and inputs.

    Weights are uniform in [0, 2 pi), inputs in [-pi, pi), both drawn from ``seed``. ``folder`` keeps the device's
    answers, in one sub-folder per circuit, to resume and to replay.

    Raises:
        DefinitionError: an unknown generator, or one without circuits.
        CircuitError: an unknown or unusable device; see ``Device`` and ``run_on_device``.
    """
    parsed = Device.parse(device, store=folder)
    found = distinct_blocks(quantum_model(name, track=track))
    return [
        _executed(block.circuit, f"{name}, circuit {number}", parsed, shots, samples, folder, seed, progress)
        for number, (_, block) in enumerate(found, start=1)
    ]


def _executed(
    circuit: Any,
    title: str,
    device: Device,
    shots: int,
    samples: int,
    folder: Path | None,
    seed: int,
    progress: Callable[[str], None] | None,
) -> Executed:
    if circuit.output_kind == "samples":
        raise CircuitError(f"{title} draws single samples, which have no exact values to compare a device with.")
    drawn = torch_generator(child_seed(seed, "execute", title))
    weights = 2 * math.pi * torch.rand(circuit.n_weights, generator=drawn, dtype=torch.float64)
    inputs = math.pi * (2 * torch.rand(samples, circuit.n_inputs, generator=drawn, dtype=torch.float64) - 1)
    outputs, report = run_on_device(
        circuit, inputs, weights, device, shots, folder=folder, seed=child_seed(seed, "shots", title), progress=progress
    )
    with torch.no_grad():
        exact = StateVector(circuit).double()(inputs[None], weights[None])[0]
        perfect = FiniteShots(circuit, shots).double()(inputs[None], weights[None], drawn)[0]
    return Executed(
        circuit=title,
        outputs=outputs.tolist(),
        exact=exact.tolist(),
        deviation=_root_mean_square(outputs.to(exact) - exact),
        shot_noise=_root_mean_square(perfect - exact),
        report=report,
    )


def _root_mean_square(values: torch.Tensor) -> float:
    return float(values.square().mean().sqrt())
