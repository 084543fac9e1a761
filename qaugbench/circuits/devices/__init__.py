"""Circuits on real and simulated devices, through Qiskit's primitives, and the replay of stored answers."""
