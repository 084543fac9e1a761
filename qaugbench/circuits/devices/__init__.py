"""Circuits on real devices and on stand-ins for them, through Qiskit's primitives, and the replay of what they answered."""
