"""Photonic circuits: phase shifters and beam splitters on modes, photons in, detected photons out."""

from qaugbench.circuits.photonic import controls as _controls  # noqa: F401  (registers what controls ask of a circuit)
