"""What a circuit would need on hardware: qubits, gates before and after routing, shots, device time and price."""
