"""Quantum circuits as plain data, their batched execution in torch, their export and their controls."""
