"""Photonic circuits: phase shifters and beam splitters on modes, photons in, detected photons out."""

# Both register what is asked of a photonic circuit: its controls, and what runs it.
from qaugbench.circuits.photonic import controls as _controls  # noqa: F401
from qaugbench.circuits.photonic import executor as _executor  # noqa: F401
