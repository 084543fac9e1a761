"""Circuits as PennyLane and Qiskit circuits, and drawn."""
