"""The interferometer of the photonic QGAN (arXiv 2405.06023), and how the probabilities of its patterns fill pixels."""

from __future__ import annotations

import torch
from torch.nn import functional

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.meshes import count_weights, drop_dead, phase_encoding, phase_weights
from qaugbench.circuits.photonic.readout import PhotonicReadout

ENCODING_MODE, LAYERS = 2, 4


def photonic_circuit(input_state: tuple[int, ...], *, lossy: bool = False, keep_dead: bool = False) -> PhotonicCircuit:
    """Return the interferometer: two layers, a phase by the noise on one mode, two layers; detectors click.

    Where photons can be lost, detections with fewer clicks than photons are not counted: some may come from a loss.
    """
    modes, parts = len(input_state), []
    for layer in range(LAYERS):
        if layer == LAYERS // 2:
            parts += phase_encoding([min(ENCODING_MODE, modes - 1)])
        parts += variational_layer(modes, count_weights(parts))
    kept = parts if keep_dead else drop_dead(parts, input_state)
    readout = PhotonicReadout("probabilities", "threshold", at_least=sum(input_state) if lossy else None)
    return PhotonicCircuit(modes, tuple(kept), input_state, readout)


def variational_layer(modes: int, first_weight: int) -> list[Component]:
    """Return a phase on each mode, then a splitter with a phase on its first mode for each pair, even pairs first."""
    parts = phase_weights(range(modes), first_weight=first_weight)
    pairs = [(mode, mode + 1) for start in (0, 1) for mode in range(start, modes - 1, 2)]
    for place, (upper, lower) in enumerate(pairs):
        turned, split = (Angle.weight(first_weight + modes + 2 * place + k) for k in range(2))
        parts += [Component("PS", (upper,), turned), Component("BS.Rx", (upper, lower), split)]
    return parts


def fitted(parts: torch.Tensor, pixels: int) -> torch.Tensor:
    """Return the middle of parts [..., values], or parts in the middle of black, [..., pixels]; after the odd one if it is odd."""
    missing = pixels - parts.shape[-1]
    before = abs(-missing // 2)
    if missing < 0:
        return parts[..., before : before + pixels]
    return functional.pad(parts, (before, missing - before))
