"""Circuits of commuting gates (instantaneous quantum polynomial time), which need neither a state nor gates one by one."""

# Registers what runs such a circuit.
from qaugbench.circuits.iqp import executor as _executor  # noqa: F401
